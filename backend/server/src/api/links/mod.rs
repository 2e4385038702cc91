//! Pre-configured links: what a hoster hands out to end users.

use base64::{Engine, prelude::BASE64_STANDARD};
use mailferry_shared::{
    ids::VoucherId,
    link::{Brand, Link},
};
use mailferry_store::LinkRecord;

use super::{auth::offer, members::check_name, validate::Check};
use crate::app::App;

pub mod change;
pub mod create;
pub mod list;
pub mod revoke;

/// The largest picture, bytes.
const MAX_LOGO: usize = 64_000;
/// Kinds of pictures, and how their bytes begin. No SVG: it can hold scripts.
const PICTURES: [(&str, &[u8]); 3] =
    [("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff"), ("image/webp", b"RIFF")];

/// A link as its owner sees it.
fn view(app: &App, link: LinkRecord) -> Link {
    let token = offer::token(&app.keys, link.id);
    Link {
        url: format!("{}/#link={}", app.settings.public_url, token.expose()),
        token,
        id: link.id,
        name: link.name,
        source: link.source,
        destination: link.destination,
        language: link.language,
        brand: link.brand,
        voucher: link.voucher,
        once: link.once,
        uses: link.uses,
        sandbox: link.sandbox,
        created_at: link.created_at,
        revoked: link.revoked,
    }
}

/// Notes what is wrong with a brand.
fn check_brand(check: &mut Check, brand: &Brand) {
    if let Some(name) = &brand.name {
        check_name(check, name, "/brand/name");
    }
    if let Some(logo) = &brand.logo {
        let words = "A logo is a PNG, JPEG or WebP picture of at most 64 kB as a data URL: data:image/png;base64,…";
        check.that(is_picture(logo), "/brand/logo", words);
    }
}

/// Notes what is wrong with what a link pays with.
fn check_payer(check: &mut Check, voucher_id: Option<VoucherId>, prepaid_pairs: Option<u32>) {
    let good = prepaid_pairs.is_none_or(|pairs| (1..=10_000).contains(&pairs));
    check.that(good, "/prepaid_pairs", "A link pays for 1 to 10000 account pairs.");
    let one = voucher_id.is_none() || prepaid_pairs.is_none();
    check.that(one, "/prepaid_pairs", "Name a voucher or prepaid pairs, not both.");
}

fn is_picture(url: &str) -> bool {
    let Some((kind, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) else {
        return false;
    };
    let Some((_, head)) = PICTURES.iter().find(|(name, _)| *name == kind) else { return false };
    data.len() <= MAX_LOGO / 3 * 4 + 4
        && BASE64_STANDARD.decode(data).is_ok_and(|bytes| bytes.starts_with(head) && bytes.len() <= MAX_LOGO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_a_small_picture_and_no_script() {
        let url = |kind: &str, bytes: &[u8]| format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes));
        let png = b"\x89PNG\r\n\x1a\nand so on";
        assert!(is_picture(&url("image/png", png)));
        let large = [png.as_slice(), &vec![0; MAX_LOGO]].concat();
        for wrong in [
            url("image/svg+xml", b"<svg onload='alert(1)'/>"),
            url("image/png", b"<svg onload='alert(1)'/>"),
            url("image/png", &large),
            "https://hosting.example/logo.png".to_owned(),
            "data:image/png;base64,%%%".to_owned(),
            "javascript:alert(1)".to_owned(),
        ] {
            assert!(!is_picture(&wrong), "{}", &wrong[..wrong.len().min(40)]);
        }
    }
}
