//! The MX switch: which domains an order's addresses belong to, and whether their mail goes elsewhere by now.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use mailferry_shared::schedule::{MxRecord, MxState};

/// What is known of a domain's MX records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mx {
    /// The records of the old provider: those at the order's start; empty until DNS has answered.
    pub before: Vec<MxRecord>,
    /// The records now.
    pub now: Vec<MxRecord>,
    /// The longest TTL seen of the old records: so long others may remember them.
    pub ttl_seconds: Option<u32>,
    /// When DNS last answered.
    pub looked_up_at: Option<DateTime<Utc>>,
    /// When the change was seen.
    pub changed_at: Option<DateTime<Utc>>,
}

/// What DNS answers for a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MxAnswer {
    /// The records, in any order; empty if there are none.
    pub records: Vec<MxRecord>,
    /// How long they may be remembered, seconds.
    pub ttl_seconds: u32,
}

impl Mx {
    /// Takes in what DNS answers at `now`. `new_host` is the new provider's server: a domain whose mail goes there from
    /// the start has been switched already.
    pub fn learn(&mut self, answer: MxAnswer, new_host: Option<&str>, now: DateTime<Utc>) {
        self.learn_of(answer, |server| is_at(server, new_host), now);
    }

    /// The same, where `is_new` knows the mail servers of the new provider.
    pub fn learn_of(&mut self, answer: MxAnswer, is_new: impl Fn(&str) -> bool, now: DateTime<Utc>) {
        let mut records = answer.records;
        records.sort();
        if self.looked_up_at.is_none() && !records.iter().any(|record| is_new(&record.host)) {
            self.before.clone_from(&records);
        }
        let old = self.points_to_old(&records);
        if old {
            self.ttl_seconds = self.ttl_seconds.max(Some(answer.ttl_seconds));
        }
        self.changed_at = match self.changed_at {
            _ if old => None,
            // A clock that has gone back since must not hold the delta up.
            Some(before) => Some(before.min(now)),
            None => Some(now),
        };
        self.now = records;
        self.looked_up_at = Some(now);
    }

    /// True while mail may go to the old provider: one of its servers is still named, or none is.
    fn points_to_old(&self, records: &[MxRecord]) -> bool {
        let old: BTreeSet<&str> = self.before.iter().map(|record| record.host.as_str()).collect();
        records.is_empty() || records.iter().any(|record| old.contains(record.host.as_str()))
    }

    /// When nobody remembers the old records any more.
    pub fn settled_at(&self) -> Option<DateTime<Utc>> {
        Some(self.changed_at? + Duration::seconds(i64::from(self.ttl_seconds.unwrap_or(0))))
    }

    /// Where new mail goes.
    pub fn state(&self, now: DateTime<Utc>) -> MxState {
        match (self.looked_up_at, self.settled_at()) {
            (None, _) => MxState::Unknown,
            (Some(_), None) => MxState::Old,
            (Some(_), Some(at)) if at <= now => MxState::Changed,
            (Some(_), Some(_)) => MxState::Changing,
        }
    }
}

/// The domain of the account that is moved: of the address that an admin acts for, or else of the login name; in lower
/// case. `None` if neither is an address.
pub fn domain_of(user: &str, act_for: Option<&str>) -> Option<String> {
    let part = |text: &str| {
        let (local, domain) = text.trim().rsplit_once('@')?;
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let labels = domain.split('.').count() > 1 && domain.split('.').all(is_label);
        (!local.is_empty() && domain.len() <= 253 && labels).then_some(domain)
    };
    act_for.and_then(part).or_else(|| part(user))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// True if a mail server belongs to the provider of `host`: both lie in the domain that is left without the first
/// label of `host` (`imap.new.example` and `mx1.new.example`).
pub fn is_at(mail_server: &str, host: Option<&str>) -> bool {
    let Some(host) = host.map(|host| host.trim_end_matches('.').to_ascii_lowercase()) else { return false };
    let domain = match host.split_once('.') {
        Some((_, rest)) if rest.contains('.') => rest,
        _ => &host,
    };
    mail_server == domain || mail_server.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// True if a mail server is what a provider wants in the MX record: a name, or `*.` and the domain that its servers lie in.
pub fn fits(mail_server: &str, wanted: &str) -> bool {
    let (server, wanted) = (mail_server.trim_end_matches('.').to_ascii_lowercase(), wanted.to_ascii_lowercase());
    match wanted.strip_prefix('*') {
        Some(domain) => server.len() > domain.len() && server.ends_with(domain),
        None => server == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::minutes(minutes)
    }

    fn answer(hosts: &[&str], ttl_seconds: u32) -> MxAnswer {
        let record = |host: &&str| MxRecord { preference: 10, host: (*host).to_owned() };
        MxAnswer { records: hosts.iter().map(record).collect(), ttl_seconds }
    }

    #[test]
    fn a_switch_settles_when_the_old_records_ttl_has_passed() {
        let mut mx = Mx::default();
        assert_eq!(mx.state(at(0)), MxState::Unknown);
        mx.learn(answer(&["mx.old.example"], 1800), Some("imap.new.example"), at(0));
        // A resolver in between counts down; the longest counts.
        mx.learn(answer(&["mx.old.example"], 60), Some("imap.new.example"), at(29));
        assert_eq!((mx.state(at(29)), mx.ttl_seconds), (MxState::Old, Some(1800)));
        mx.learn(answer(&["mx.new.example"], 60), Some("imap.new.example"), at(30));
        assert_eq!((mx.state(at(30)), mx.settled_at()), (MxState::Changing, Some(at(60))));
        mx.learn(answer(&["mx.new.example"], 60), Some("imap.new.example"), at(45));
        assert_eq!((mx.state(at(59)), mx.state(at(60))), (MxState::Changing, MxState::Changed));
    }

    #[test]
    fn what_a_provider_wants_in_the_record_is_told_from_others() {
        let microsoft = "*.mail.protection.outlook.com";
        assert!(
            fits("own-example.mail.protection.outlook.com.", microsoft) && fits("SMTP.google.com", "smtp.google.com")
        );
        assert!(
            !fits("mail.protection.outlook.com.evil.example", microsoft) && !fits("mx.google.com", "smtp.google.com")
        );
        let mut mx = Mx::default();
        let first = answer(&["own-example.mail.protection.outlook.com"], 60);
        mx.learn_of(first, |server| fits(server, microsoft), at(0));
        assert_eq!(mx.state(at(1)), MxState::Changed, "switched before the start");
    }

    #[test]
    fn half_a_switch_and_a_domain_without_records_still_count_as_the_old_provider() {
        let mut mx = Mx::default();
        mx.learn(answer(&["mx1.old.example", "mx2.old.example"], 60), None, at(0));
        mx.learn(answer(&["mx1.old.example", "mx.new.example"], 60), None, at(1));
        assert_eq!(mx.state(at(9)), MxState::Old);
        mx.learn(answer(&[], 60), None, at(2));
        assert_eq!(mx.state(at(9)), MxState::Old);
    }

    #[test]
    fn a_switch_that_is_taken_back_is_none() {
        let mut mx = Mx::default();
        mx.learn(answer(&["mx.old.example"], 60), None, at(0));
        mx.learn(answer(&["mx.new.example"], 60), None, at(1));
        mx.learn(answer(&["mx.old.example"], 60), None, at(2));
        assert_eq!((mx.state(at(99)), mx.changed_at), (MxState::Old, None));
    }

    #[test]
    fn a_domain_that_was_switched_before_the_start_is_switched() {
        let mut mx = Mx::default();
        mx.learn(answer(&["mx1.new.example"], 60), Some("imap.new.example"), at(0));
        assert_eq!((mx.state(at(0)), mx.before.len()), (MxState::Changed, 0));
        let mut other = Mx::default();
        other.learn(answer(&["mx.brandnew.example"], 60), Some("imap.new.example"), at(0));
        assert_eq!(other.state(at(0)), MxState::Old, "another provider whose name ends alike");
    }

    #[test]
    fn a_clock_that_went_back_does_not_hold_the_change_up() {
        let mut mx = Mx::default();
        mx.learn(answer(&["mx.old.example"], 60), None, at(0));
        mx.learn(answer(&["mx.new.example"], 60), None, at(50_000));
        mx.learn(answer(&["mx.new.example"], 60), None, at(10));
        assert_eq!(mx.settled_at(), Some(at(11)));
    }

    #[test]
    fn a_pair_follows_the_domain_of_the_mailbox_that_is_moved() {
        assert_eq!(domain_of("Anna@Old.Example.", None).as_deref(), Some("old.example"));
        assert_eq!(domain_of("admin@host.example", Some("anna@old.example")).as_deref(), Some("old.example"));
        assert_eq!(domain_of("admin@host.example", Some("anna")).as_deref(), Some("host.example"));
        for user in ["anna", "anna@localhost", "@old.example", "anna@old..example", "a@b c.d", "a@[1.2.3.4]"] {
            assert_eq!(domain_of(user, None), None, "{user}");
        }
    }
}
