//! Pages of lists: `limit` and `cursor`, answered with `next_cursor`.
//!
//! A cursor names the last item of a page, and is signed together with the list and its filter: one that was altered,
//! or made for another list, filter or tenant, is refused.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use mailferry_shared::ids::TenantId;
use uuid::Uuid;

use super::problem::ApiError;
use crate::keys::Keys;

/// Items on a page unless asked otherwise.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most items on a page.
pub const MAX_LIMIT: u32 = 200;
const TAG_BYTES: usize = 16;

/// The last item of a page: its time and id.
pub type Position = (DateTime<Utc>, Uuid);

/// Which list a cursor belongs to.
pub struct Listing<'a> {
    /// The list's name.
    pub name: &'a str,
    /// Whose.
    pub tenant_id: TenantId,
    /// Everything that decides what is in it.
    pub filter: String,
}

impl Listing<'_> {
    /// How many items, by what was asked for.
    ///
    /// # Errors
    /// 422 if it is not 1 to [`MAX_LIMIT`].
    pub fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
        match asked.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(ApiError::field("/limit", "A page has 1 to 200 items.")),
        }
    }

    /// The cursor for what comes after `position`.
    pub fn cursor(&self, keys: &Keys, position: Position) -> String {
        let mut bytes = [position.0.timestamp_micros().to_be_bytes().as_slice(), position.1.as_bytes()].concat();
        let tag = hmac::sign(&keys.cursor, &self.signed(&bytes));
        bytes.extend_from_slice(&tag.as_ref()[..TAG_BYTES]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where a page begins, by the cursor that was sent.
    ///
    /// # Errors
    /// 422 unless it was made by [`Listing::cursor`] for this list.
    pub fn position(&self, keys: &Keys, cursor: Option<&str>) -> Result<Option<Position>, ApiError> {
        cursor.map(|cursor| self.read(keys, cursor).ok_or_else(bad_cursor)).transpose()
    }

    fn read(&self, keys: &Keys, cursor: &str) -> Option<Position> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (position, tag) = bytes.split_at_checked(24)?;
        let right = hmac::sign(&keys.cursor, &self.signed(position));
        aws_lc_rs::constant_time::verify_slices_are_equal(&right.as_ref()[..TAG_BYTES], tag).ok()?;
        let (time, id) = position.split_at_checked(8)?;
        let time = DateTime::from_timestamp_micros(i64::from_be_bytes(time.try_into().ok()?))?;
        Some((time, Uuid::from_slice(id).ok()?))
    }

    fn signed(&self, position: &[u8]) -> Vec<u8> {
        // The position has a fixed length, the name no NUL: nothing can be shifted from one to the next.
        let tenant = self.tenant_id.0.as_bytes();
        [position, tenant.as_slice(), self.name.as_bytes(), b"\0", self.filter.as_bytes()].concat()
    }

    /// Cuts `items` (asked for with one more than the page takes) to the page, with the cursor for the next one.
    pub fn cut<T>(
        &self,
        keys: &Keys,
        limit: u32,
        items: &mut Vec<T>,
        position: impl Fn(&T) -> Position,
    ) -> Option<String> {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        items.last().filter(|_| more).map(|last| self.cursor(keys, position(last)))
    }
}

fn bad_cursor() -> ApiError {
    ApiError::field("/cursor", "Send the next_cursor of a page with the same filter, or none for the first page.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(filter: &str) -> Listing<'static> {
        Listing { name: "orders", tenant_id: TenantId(Uuid::from_u128(1)), filter: filter.to_owned() }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let position = (DateTime::from_timestamp_micros(1_795_300_000_123_456).expect("a time"), Uuid::from_u128(9));
        let cursor = listing("a").cursor(&keys, position);
        assert_eq!(listing("a").position(&keys, Some(&cursor)).expect("read"), Some(position));
        assert!(listing("b").position(&keys, Some(&cursor)).is_err(), "another filter");
        let other = Listing { tenant_id: TenantId(Uuid::from_u128(2)), ..listing("a") };
        assert!(other.position(&keys, Some(&cursor)).is_err(), "another tenant");
        let altered = format!("{}A", &cursor[..cursor.len() - 1]);
        for wrong in ["", "x", &cursor[1..], &altered, "AAAA"] {
            assert!(wrong == cursor || listing("a").position(&keys, Some(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(listing("a").position(&keys, None).expect("read"), None);
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let at = |n: &i64| (DateTime::from_timestamp(*n, 0).expect("a time"), Uuid::nil());
        let mut items = vec![3, 2, 1];
        assert!(listing("").cut(&keys, 2, &mut items, at).is_some());
        assert_eq!(items, [3, 2]);
        assert!(listing("").cut(&keys, 2, &mut items, at).is_none());
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(Listing::limit(None).expect("taken"), 50);
        assert!(Listing::limit(Some(0)).is_err() && Listing::limit(Some(201)).is_err());
    }
}
