//! Who may send the mail of a domain: what its SPF record (RFC 7208) and its DKIM keys (RFC 6376) mean for the new
//! provider. Records come in as texts; nothing is looked up here.

use chrono::{DateTime, Utc};
use mailferry_shared::sending::{DkimState, DnsSetup, Sending, SpfState};
use serde::{Deserialize, Serialize};

use crate::mx::is_at;

/// What DNS was found to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingRecords {
    /// The SPF records; more than one is a mistake.
    pub spf: Vec<String>,
    /// The selectors under which there is a DKIM key.
    pub dkim_selectors: Vec<String>,
    /// When DNS answered.
    pub looked_up_at: DateTime<Utc>,
}

/// The new provider, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewProvider<'a> {
    /// Its mail server.
    pub host: Option<&'a str>,
    /// What it wants DNS to say.
    pub wants: Option<&'a DnsSetup>,
}

/// Those of a domain's texts that are SPF records (RFC 7208 section 4.5).
pub fn spf_records(texts: Vec<String>) -> Vec<String> {
    let is_spf = |text: &String| {
        let version = text.split(' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case("v=spf1")
    };
    texts.into_iter().filter(is_spf).collect()
}

/// True if a text is a DKIM key that is not withdrawn: it has a tag `p` that is not empty, and no other version than
/// `DKIM1` (RFC 6376 section 3.6.1).
pub fn is_dkim_key(text: &str) -> bool {
    let tags = text.split(';').filter_map(|tag| tag.split_once('=')).map(|(name, value)| (name.trim(), value.trim()));
    let other = |(name, value): (&str, &str)| name == "v" && value != "DKIM1";
    !tags.clone().any(other) && tags.clone().any(|(name, value)| name == "p" && !value.is_empty())
}

/// The names under which a domain's DKIM keys are looked for: those of the new provider, then those that many use.
pub fn selectors_to_try(wants: Option<&DnsSetup>, usual: &[String]) -> Vec<String> {
    let mut selectors: Vec<String> = wants.map(|wants| wants.dkim_selectors.clone()).unwrap_or_default();
    for selector in usual {
        if !selectors.contains(selector) {
            selectors.push(selector.clone());
        }
    }
    selectors
}

/// What the records mean for the new provider.
pub fn judge(records: SendingRecords, new: NewProvider<'_>) -> Sending {
    let dkim_wanted = new.wants.map(|wants| wants.dkim_selectors.clone()).unwrap_or_default();
    Sending {
        spf: spf_state(&records.spf, new),
        spf_wanted: new.wants.map(|wants| wants.spf.clone()),
        dkim: dkim_state(&records.dkim_selectors, &dkim_wanted),
        dkim_wanted,
        spf_records: records.spf,
        dkim_selectors: records.dkim_selectors,
        looked_up_at: records.looked_up_at,
    }
}

fn spf_state(records: &[String], new: NewProvider<'_>) -> SpfState {
    let record = match records {
        [] => return SpfState::Missing,
        [one] => one,
        [_, _, ..] => return SpfState::TooMany,
    };
    let named = |wanted: &str| domains_in(record).any(|domain| domain.eq_ignore_ascii_case(wanted));
    match new.wants.and_then(|wants| domains_in(&wants.spf).next()) {
        Some(wanted) if named(wanted) => SpfState::NamesNewProvider,
        Some(_) => SpfState::LacksNewProvider,
        None if domains_in(record).any(|domain| is_at(&domain.to_ascii_lowercase(), new.host)) => {
            SpfState::NamesNewProvider
        }
        None => SpfState::Present,
    }
}

/// The domains that let others send: those of `include`, `a`, `mx` and `exists`, and of `redirect`. What is refused by a
/// `-` in front lets nobody send.
fn domains_in(record: &str) -> impl Iterator<Item = &str> {
    record.split_ascii_whitespace().filter(|term| !term.starts_with(['-', '~'])).filter_map(|term| {
        let term = term.trim_start_matches(['+', '?']);
        let (name, domain) = term.split_once([':', '='])?;
        let known = ["include", "a", "mx", "exists", "redirect"].iter().any(|known| name.eq_ignore_ascii_case(known));
        // A length may follow: `a:mail.example/24`.
        known.then(|| domain.split('/').next().unwrap_or_default().trim_end_matches('.'))
    })
}

fn dkim_state(found: &[String], wanted: &[String]) -> DkimState {
    if wanted.iter().any(|selector| found.contains(selector)) {
        DkimState::HasNewProvidersKey
    } else if !wanted.is_empty() {
        DkimState::LacksNewProvidersKey
    } else if found.is_empty() {
        DkimState::NotFound
    } else {
        DkimState::Present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(spf: &str, selectors: &[&str]) -> DnsSetup {
        let dkim_selectors = selectors.iter().map(|one| (*one).to_owned()).collect();
        DnsSetup { mx: Vec::new(), spf: spf.to_owned(), dkim_selectors, source: "https://help.example".to_owned() }
    }

    fn spf(records: &[&str], new: NewProvider<'_>) -> SpfState {
        spf_state(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>(), new)
    }

    #[test]
    fn an_spf_record_names_the_new_provider_or_lacks_it() {
        use SpfState::{LacksNewProvider, Missing, NamesNewProvider, TooMany};
        let wants = setup("include:_spf.new.example", &[]);
        let new = NewProvider { host: Some("imap.new.example"), wants: Some(&wants) };
        for (record, state) in [
            ("v=spf1 include:_spf.new.example -all", NamesNewProvider),
            ("v=spf1 ip4:192.0.2.0/24 ?include:_SPF.New.Example ~all", NamesNewProvider),
            ("v=spf1 redirect=_spf.new.example", NamesNewProvider),
            ("v=spf1 include:_spf.old.example -all", LacksNewProvider),
            ("v=spf1 -include:_spf.new.example -all", LacksNewProvider),
            ("v=spf1 include:x_spf.new.example", LacksNewProvider),
            ("v=spf1", LacksNewProvider),
        ] {
            assert_eq!(spf(&[record], new), state, "{record}");
        }
        assert_eq!(spf(&[], new), Missing);
        assert_eq!(spf(&["v=spf1 include:_spf.new.example", "v=spf1 -all"], new), TooMany);
    }

    #[test]
    fn what_an_unknown_provider_wants_is_guessed_from_its_domain_or_left_open() {
        let new = NewProvider { host: Some("imap.new.example"), wants: None };
        assert_eq!(spf(&["v=spf1 include:spf.new.example -all"], new), SpfState::NamesNewProvider);
        assert_eq!(spf(&["v=spf1 a:out.New.example/28 -all"], new), SpfState::NamesNewProvider);
        assert_eq!(spf(&["v=spf1 include:spf.old.example -all"], new), SpfState::Present);
        assert_eq!(spf(&["v=spf1 mx -all"], NewProvider::default()), SpfState::Present);
    }

    #[test]
    fn only_texts_of_the_right_version_are_spf_records() {
        let texts = ["v=spf1 -all", "V=SPF1", "v=spf10 -all", "google-site-verification=x", " v=spf1", ""];
        let found = spf_records(texts.map(ToOwned::to_owned).to_vec());
        assert_eq!(found, ["v=spf1 -all", "V=SPF1"]);
    }

    #[test]
    fn a_key_that_is_withdrawn_is_none() {
        for key in ["v=DKIM1; k=rsa; p=MIGf", "p=MIGf", "k=ed25519; p=11qY ; v=DKIM1"] {
            assert!(is_dkim_key(key), "{key}");
        }
        for other in ["v=DKIM1; p=", "v=DKIM2; p=MIGf", "v=spf1 -all", "", "p"] {
            assert!(!is_dkim_key(other), "{other}");
        }
    }

    #[test]
    fn keys_are_the_new_providers_or_somebody_elses() {
        let owned = |selectors: &[&str]| selectors.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (found, wanted, state) in [
            (&["fm2", "old"][..], &["fm1", "fm2"][..], DkimState::HasNewProvidersKey),
            (&["old"], &["fm1"], DkimState::LacksNewProvidersKey),
            (&["old"], &[], DkimState::Present),
            (&[], &[], DkimState::NotFound),
        ] {
            assert_eq!(dkim_state(&owned(found), &owned(wanted)), state, "{found:?} {wanted:?}");
        }
        let wants = setup("include:x.example", &["fm1"]);
        assert_eq!(selectors_to_try(Some(&wants), &owned(&["default", "fm1"])), ["fm1", "default"]);
    }
}
