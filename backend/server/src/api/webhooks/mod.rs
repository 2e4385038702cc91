//! Webhook endpoints of the tenant, and what was delivered to them.

pub mod change;
pub mod create;
pub mod delete;
pub mod deliveries;
pub mod list;
pub mod replay;
pub mod rotate;
pub mod test;

use url::Url;

use super::validate::Check;

/// The longest address and description, characters.
const MAX_URL: usize = 2000;
const MAX_DESCRIPTION: usize = 200;

/// Notes what is wrong with an endpoint's address. Whether it may be connected to is decided at each call, by what its
/// name then resolves to.
fn check_url(check: &mut Check, text: &str) {
    let good = text.len() <= MAX_URL
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        });
    check.that(good, "/url", "An endpoint looks like https://panel.example.org/hooks; without user name and password.");
}

fn check_description(check: &mut Check, text: &str) {
    let good = text.chars().count() <= MAX_DESCRIPTION && !text.chars().any(char::is_control);
    check.that(good, "/description", "A description has at most 200 characters on one line.");
}
