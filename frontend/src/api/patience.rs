//! How long the service wants to be left alone.

use std::cell::Cell;

thread_local! {
    /// Before this time, milliseconds since 1970, the service does not want to be asked again.
    static NOT_BEFORE: Cell<f64> = const { Cell::new(0.0) };
}

/// The longest that a `Retry-After` is believed, seconds.
const LONGEST_WAIT_SECONDS: u32 = 120;

/// Notes the `Retry-After` of an answer, if it has one.
pub(super) fn note_retry_after(header: Option<String>) {
    let seconds = header.and_then(|header| header.trim().parse::<u32>().ok());
    if let Some(seconds) = seconds {
        let wait = f64::from(seconds.min(LONGEST_WAIT_SECONDS)) * 1000.0;
        NOT_BEFORE.set(js_sys::Date::now() + wait);
    }
}

/// The pause before the service may be asked again after a failure that may be over soon: what its `Retry-After` said,
/// and `least` at least. Milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most two minutes, and not below nothing"
)]
pub(crate) fn patience_ms(least: u32) -> u32 {
    let left = (NOT_BEFORE.get() - js_sys::Date::now()).clamp(0.0, f64::from(LONGEST_WAIT_SECONDS) * 1000.0);
    least.max(left as u32)
}
