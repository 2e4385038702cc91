//! Pages of lists: `limit` says how many, `cursor` where to go on, and the answer's `next_cursor` is the next page's.
//!
//! A list takes [`Paging`], names [`PageParams`] among its parameters, asks the store for [`Paging::part`] and answers
//! [`Paging::cut`] of what it got. Whatever comes or goes meanwhile, no item that stays is told twice or left out.
//!
//! A cursor holds the last item's position and is authenticated together with the list and filter it belongs to: it
//! opens nothing, and one that was made up, or comes from another list, is refused.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::future::{Ready, ready};
use mailferry_store::{Part, Position};
use serde::Deserialize;
use url::form_urlencoded;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{problem::ApiError, query};
use crate::app::App;

/// Items in a page unless the request says otherwise.
pub const DEFAULT_LIMIT: u32 = 100;
/// Items in a page at most: an order's account pairs all fit.
pub const MAX_LIMIT: u32 = 500;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PageParams {
    /// Items in the page at most.
    #[param(minimum = 1, maximum = 500, default = 100, example = 50, required = false)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before; without it the list begins anew.
    #[param(required = false)]
    cursor: Option<String>,
}

/// The page that a request asks for.
pub struct Paging {
    limit: u32,
    after: Option<Position>,
    list: List,
}

impl FromRequest for Paging {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<Paging, ApiError> {
    let app =
        request.app_data::<Data<App>>().ok_or_else(|| ApiError::internal("the application's state is not set"))?;
    let list = List { key: app.keys.cursor.clone(), name: name_of(request) };
    paging(list, &query::read(request.query_string())?)
}

/// The list and its filter: everything that decides what is in it.
fn name_of(request: &HttpRequest) -> String {
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let mut filter: Vec<_> = query.filter(|(name, _)| name != "limit" && name != "cursor").collect();
    filter.sort();
    let filter = form_urlencoded::Serializer::new(String::new()).extend_pairs(filter).finish();
    format!("{}?{filter}", request.path())
}

fn paging(list: List, params: &PageParams) -> Result<Paging, ApiError> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::field("/limit", "A page has 1 to 500 items."));
    }
    let after = params.cursor.as_deref().map(|cursor| {
        let words = "This is no cursor of this list; take next_cursor of the page before, or leave it out.";
        list.open(cursor).ok_or_else(|| ApiError::field("/cursor", words))
    });
    Ok(Paging { limit, after: after.transpose()?, list })
}

impl Paging {
    /// What to ask the store for: one more than the page holds, which tells whether there is another page.
    pub fn part(&self) -> Part {
        Part { after: self.after, limit: self.limit + 1 }
    }

    /// The page's items, and the cursor of the next page if there is one.
    pub fn cut<T>(&self, mut items: Vec<T>, position: impl Fn(&T) -> Position) -> (Vec<T>, Option<String>) {
        let limit = self.limit as usize;
        if items.len() <= limit {
            return (items, None);
        }
        items.truncate(limit);
        let cursor = items.last().map(|last| self.list.seal(position(last)));
        (items, cursor)
    }
}

/// A list, as its cursors know it.
struct List {
    key: hmac::Key,
    name: String,
}

/// Bytes of the tag that a cursor ends with.
const TAG_BYTES: usize = 8;

impl List {
    fn tag(&self, position: &[u8]) -> hmac::Tag {
        hmac::sign(&self.key, &[position, self.name.as_bytes()].concat())
    }

    fn seal(&self, position: Position) -> String {
        let bytes = [position.at.to_be_bytes().as_slice(), position.id.as_bytes()].concat();
        let tag = self.tag(&bytes);
        BASE64_URL_SAFE_NO_PAD.encode([&bytes, &tag.as_ref()[..TAG_BYTES]].concat())
    }

    fn open(&self, cursor: &str) -> Option<Position> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (id, tag) = rest.split_first_chunk::<16>()?;
        let position = Position { at: i64::from_be_bytes(*at), id: Uuid::from_bytes(*id) };
        (self.tag(&bytes[..24]).as_ref()[..TAG_BYTES] == *tag).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(path: &str) -> List {
        List { key: hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), name: path.to_owned() }
    }

    fn page(limit: Option<u32>, cursor: Option<String>) -> Result<Paging, ApiError> {
        paging(list("/a"), &PageParams { limit, cursor })
    }

    /// What a store answers of items 1 to 7, some of which are gone.
    fn read(part: Part, gone: &[i64]) -> Vec<Position> {
        let after = part.after.map_or(0, |after| after.at);
        let items = (after + 1..=7).filter(|item| !gone.contains(item)).take(part.limit as usize);
        items.map(|at| Position { at, id: Uuid::nil() }).collect()
    }

    fn numbers(items: Vec<Position>) -> Vec<i64> {
        items.into_iter().map(|item| item.at).collect()
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_overlap() {
        for limit in 1..=8 {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let paging = page(Some(limit), cursor).expect("a page");
                let (items, next) = paging.cut(read(paging.part(), &[]), |item| *item);
                seen.extend(numbers(items));
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7], "{limit}");
        }
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended_even_if_that_item_is_gone() {
        let first = page(Some(3), None).expect("a page");
        let (_, cursor) = first.cut(read(first.part(), &[]), |item| *item);
        let next = page(Some(3), cursor).expect("a page");
        assert_eq!(numbers(next.cut(read(next.part(), &[3]), |item| *item).0), [4, 5, 6]);
    }

    #[test]
    fn cursors_of_other_lists_and_made_up_ones_are_refused() {
        let position = Position { at: -1, id: Uuid::nil() };
        let cursor = list("/a").seal(position);
        assert_eq!(list("/a").open(&cursor), Some(position));
        assert_eq!(list("/b").open(&cursor), None);
        for wrong in ["", "x", &cursor[1..], &cursor.replace('_', "-").to_uppercase()] {
            assert!(matches!(page(None, Some(wrong.to_owned())), Err(ApiError::Fields(_))), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_named_with_its_filter() {
        let name = |query: &str| {
            let uri = format!("/api/v1/orders?{query}");
            name_of(&actix_web::test::TestRequest::with_uri(&uri).to_http_request())
        };
        assert_eq!(name("limit=1&q=a%20b&cursor=x&state=draft"), name("state=draft&q=a+b"));
        assert_ne!(name("q=a"), name("q=b"));
        assert_ne!(name("q=a"), name("state=a"));
    }

    #[test]
    fn a_page_has_at_least_one_item_and_at_most_500() {
        for limit in [0, 501] {
            assert!(matches!(page(Some(limit), None), Err(ApiError::Fields(_))), "{limit}");
        }
        assert_eq!(page(None, None).expect("a page").part().limit, 101);
    }
}
