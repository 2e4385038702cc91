//! What meters say, and how an answer tells it (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// What is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What there is in all.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What a meter says after a request.
pub(super) struct Reading {
    pub(super) name: &'static str,
    pub(super) by: &'static str,
    pub(super) quota: u32,
    pub(super) window: u64,
    pub(super) left: u32,
    pub(super) reset: u64,
    pub(super) wait: Option<u64>,
}

/// What all meters say that a request was counted by.
#[derive(Default)]
pub struct Tally(pub(super) Vec<Reading>);

impl Tally {
    /// Seconds to wait, if it came too soon.
    pub fn refusal(&self) -> Option<u64> {
        self.0.iter().filter_map(|reading| reading.wait).max()
    }

    /// Tells it in an answer's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let list = |item: &dyn Fn(&Reading) -> String| self.0.iter().map(item).collect::<Vec<_>>().join(", ");
        let policies = list(&|Reading { name, by, quota, window, .. }| format!("\"{name}-{by}\";q={quota};w={window}"));
        let left = list(&|Reading { name, by, left, reset, .. }| format!("\"{name}-{by}\";r={left};t={reset}"));
        for (name, value) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_stands_in_the_headers() {
        let reading = |by, left, wait| Reading { name: "orders", by, quota: 3, window: 180, left, reset: 60, wait };
        let tally = Tally(vec![reading("address", 2, None), reading("order", 0, Some(7))]);
        assert_eq!(tally.refusal(), Some(7));
        let mut headers = HeaderMap::new();
        tally.write(&mut headers);
        assert_eq!(
            headers.get(RATE_LIMIT_POLICY).expect("there"),
            "\"orders-address\";q=3;w=180, \"orders-order\";q=3;w=180"
        );
        assert_eq!(headers.get(RATE_LIMIT).expect("there"), "\"orders-address\";r=2;t=60, \"orders-order\";r=0;t=60");
    }
}
