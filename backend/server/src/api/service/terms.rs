//! What an order must accept, and since when it reads as it does.

/// Version of terms and privacy statement that an order must accept: the day of their last change, which the page shows
/// above both. An order keeps the version that it accepted, and the time; a page that was loaded before a change is
/// refused until it is loaded again.
pub const TERMS_VERSION: &str = "2026-11-26";

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`TERMS_VERSION`] stands for, as [`fingerprint`] sees it.
    const READS: u64 = 0x46b0_c816_3d79_a95b;

    /// The texts, and where each language says them in short, beside the ticks.
    const TEXTS: [(&str, &str); 5] = [
        (
            include_str!("../../../../../frontend/static/legal-de.txt"),
            include_str!("../../../../../frontend/locales/de.json"),
        ),
        (
            include_str!("../../../../../frontend/static/legal-en.txt"),
            include_str!("../../../../../frontend/locales/en.json"),
        ),
        (
            include_str!("../../../../../frontend/static/legal-it.txt"),
            include_str!("../../../../../frontend/locales/it.json"),
        ),
        (
            include_str!("../../../../../frontend/static/legal-nb.txt"),
            include_str!("../../../../../frontend/locales/nb.json"),
        ),
        (
            include_str!("../../../../../frontend/static/legal-pt.txt"),
            include_str!("../../../../../frontend/locales/pt.json"),
        ),
    ];

    /// All that is accepted, in one number: FNV-1a, since nobody forges it here.
    fn fingerprint() -> u64 {
        let mut all = String::new();
        for (whole, locale) in TEXTS {
            all.push_str(whole);
            let locale: serde_json::Value = serde_json::from_str(locale).expect("a table of texts");
            let short = |key: &str| locale["intro"][key].as_str().map(str::to_owned);
            for number in 1..=4 {
                all.push_str(&short(&format!("terms_{number}")).expect("terms"));
                // One of them tells days, and has a plural.
                all.push_str(&short(&format!("privacy_{number}")).unwrap_or_else(|| {
                    locale["intro"][format!("privacy_{number}")]["other"].as_str().expect("a plural").to_owned()
                }));
            }
        }
        all.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    #[test]
    fn the_version_changes_with_what_is_accepted() {
        assert_eq!(
            fingerprint(),
            READS,
            "terms or privacy statement are not those of {TERMS_VERSION}: write down the day of the change, and what they read now"
        );
    }
}
