//! Who may send mail in a domain's name: what its SPF record (RFC 7208) and its DKIM keys (RFC 6376) say.

use mailferry_shared::schedule::SpfState;

/// Under which names DKIM keys usually stand, where the new provider's are not known.
pub const USUAL_SELECTORS: [&str; 8] = ["default", "dkim", "mail", "s1", "s2", "selector1", "selector2", "k1"];

/// The SPF records among a domain's texts (RFC 7208 section 4.5).
pub fn spf_records(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().filter(|text| is_spf(text)).collect()
}

fn is_spf(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case("v=spf1")
}

/// What a domain's SPF records say of a provider that wants the term `wanted` in it, such as `include:_spf.new.example`.
/// What an included record itself includes is not looked at.
pub fn spf_state(records: &[String], wanted: Option<&str>) -> SpfState {
    let record = match records {
        [] => return SpfState::Absent,
        [record] => record,
        _ => return SpfState::Several,
    };
    let Some(wanted) = wanted else { return SpfState::Present };
    // A plus sign says what is meant without it.
    let named = |term: &str| term.strip_prefix('+').unwrap_or(term).eq_ignore_ascii_case(wanted);
    if record.split_ascii_whitespace().any(named) { SpfState::Complete } else { SpfState::Lacking }
}

/// Where the DKIM key of this name stands.
pub fn dkim_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// True if one of a name's texts is a DKIM key that has not been revoked (RFC 6376 section 3.6.1).
pub fn has_dkim_key(texts: &[String]) -> bool {
    texts.iter().any(|text| {
        let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
        tags.any(|(name, value)| name.trim() == "p" && !value.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn only_what_begins_with_its_version_is_an_spf_record() {
        let all = texts(&["v=spf1 -all", "V=SPF1", "v=spf10 -all", "site-verification=v=spf1", "spf2.0/pra"]);
        assert_eq!(spf_records(all), ["v=spf1 -all", "V=SPF1"]);
    }

    #[test]
    fn an_spf_record_is_judged_by_what_the_new_provider_wants_in_it() {
        let state = |records: &[&str], wanted| spf_state(&texts(records), wanted);
        let wanted = Some("include:_spf.new.example");
        assert_eq!(state(&[], wanted), SpfState::Absent);
        assert_eq!(state(&["v=spf1 -all", "v=spf1 mx -all"], wanted), SpfState::Several);
        assert_eq!(state(&["v=spf1 mx -all"], None), SpfState::Present);
        assert_eq!(state(&["v=spf1 include:_spf.old.example -all"], wanted), SpfState::Lacking);
        assert_eq!(state(&["v=spf1 include:_spf.new.example.org -all"], wanted), SpfState::Lacking);
        assert_eq!(state(&["v=spf1 mx +Include:_spf.NEW.example ~all"], wanted), SpfState::Complete);
        // It is named in order to be refused.
        assert_eq!(state(&["v=spf1 -include:_spf.new.example ~all"], wanted), SpfState::Lacking);
    }

    #[test]
    fn a_key_without_content_is_revoked() {
        assert_eq!(dkim_name("s1", "new.example"), "s1._domainkey.new.example");
        assert!(has_dkim_key(&texts(&["v=DKIM1; k=rsa; p=MIGf"])));
        assert!(has_dkim_key(&texts(&["p = MIGf"])));
        assert!(!has_dkim_key(&texts(&["v=DKIM1; k=rsa; p="])));
        assert!(!has_dkim_key(&texts(&["v=DKIM1; t=sp=1"])));
        assert!(!has_dkim_key(&[]));
    }
}
