//! Which places are asked for a mail service's settings, and what is made of the answers. No IO.

use mailferry_shared::{
    discovery::{DiscoveryStep, Proof, Proposal},
    endpoint::{Endpoint, HostName, TlsMode},
    finding::FindingCode,
};

/// Proposals that are kept of one search.
const MAX_PROPOSALS: usize = 8;

/// Ports where others listen than in the world: tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// HTTPS, where autoconfig files lie.
    pub https: u16,
    /// IMAP with TLS from the first byte.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { https: 443, imaps: 993, imap: 143 }
    }
}

/// The domain of a mail address, or the text itself if it is a domain; `None` if it is neither. Lower case.
pub fn domain_of(text: &str) -> Option<String> {
    let domain = text.trim().rsplit_once('@').map_or(text.trim(), |(_, domain)| domain);
    let domain = domain.trim_end_matches('.').to_lowercase();
    let is_name = domain.contains('.') && domain.parse::<HostName>().is_ok_and(|host| host.ip().is_none());
    is_name.then_some(domain)
}

/// The two addresses of the autoconfig file, in their order.
pub fn autoconfig_urls(domain: &str, ports: Ports) -> [String; 2] {
    let port = if ports.https == 443 { String::new() } else { format!(":{}", ports.https) };
    [
        format!("https://autoconfig.{domain}{port}/mail/config-v1.1.xml"),
        format!("https://{domain}{port}/.well-known/autoconfig/mail/config-v1.1.xml"),
    ]
}

/// The domains that a host belongs to, longest first: `mx00.kundenserver.de`, `kundenserver.de`.
pub fn parents(host: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(host.trim_end_matches('.'));
    std::iter::from_fn(move || {
        let domain = next.filter(|domain| domain.contains('.'))?;
        next = domain.split_once('.').map(|(_, parent)| parent);
        Some(domain)
    })
}

/// Servers that many domains have, the likeliest first.
pub fn guesses(domain: &str, ports: Ports) -> Vec<Endpoint> {
    let hosts: Vec<HostName> =
        ["imap", "mail"].iter().filter_map(|name| format!("{name}.{domain}").parse().ok()).collect();
    let implicit = hosts.iter().map(|host| endpoint(host, ports.imaps, TlsMode::Implicit));
    let starttls = hosts.iter().map(|host| endpoint(host, ports.imap, TlsMode::Starttls));
    implicit.chain(starttls).collect()
}

/// What to try at a host that was named, the safest first. A port or TLS mode that was named too is kept to.
pub fn trials(host: &HostName, port: Option<u16>, tls: Option<TlsMode>, ports: Ports) -> Vec<Endpoint> {
    match (port, tls) {
        (Some(port), Some(tls)) => vec![endpoint(host, port, tls)],
        (Some(port), None) if port == ports.imap => {
            vec![endpoint(host, port, TlsMode::Starttls), endpoint(host, port, TlsMode::Implicit)]
        }
        (Some(port), None) => vec![endpoint(host, port, TlsMode::Implicit), endpoint(host, port, TlsMode::Starttls)],
        (None, Some(TlsMode::Implicit)) => vec![endpoint(host, ports.imaps, TlsMode::Implicit)],
        (None, Some(tls)) => vec![endpoint(host, ports.imap, tls)],
        (None, None) => {
            vec![endpoint(host, ports.imaps, TlsMode::Implicit), endpoint(host, ports.imap, TlsMode::Starttls)]
        }
    }
}

fn endpoint(host: &HostName, port: u16, tls: TlsMode) -> Endpoint {
    Endpoint::new(host.clone(), port, tls)
}

/// Adds what another place told. Of two that name the same server the one from the place asked first stays.
pub fn add(proposals: &mut Vec<Proposal>, more: Vec<Proposal>) {
    proposals.extend(more);
    proposals.sort_by_key(|one| one.origin);
    let mut seen: Vec<Endpoint> = Vec::new();
    proposals.retain(|one| {
        let is_new = !seen.contains(&one.endpoint);
        seen.push(one.endpoint.clone());
        is_new
    });
    proposals.truncate(MAX_PROPOSALS);
}

/// Adds a step; they are shown in the order in which places are asked, whichever answers first.
pub fn add_step(steps: &mut Vec<DiscoveryStep>, step: DiscoveryStep) {
    steps.push(step);
    steps.sort_by_key(|one| one.origin);
}

/// Notes whether a server was met at a proposed place.
pub fn prove(proposals: &mut [Proposal], endpoint: &Endpoint, result: Result<(), FindingCode>) {
    for one in proposals.iter_mut().filter(|one| one.endpoint == *endpoint) {
        one.proof = if result.is_ok() { Proof::Passed } else { Proof::Failed };
        one.finding = result.err().map(mailferry_shared::finding::Finding::new);
    }
}

/// As they are shown: proved ones first, each part in the order in which places are asked.
pub fn ranked(proposals: &[Proposal]) -> Vec<Proposal> {
    let mut ranked = proposals.to_vec();
    ranked.sort_by_key(|one| one.proof != Proof::Passed);
    ranked
}

#[cfg(test)]
mod tests {
    use mailferry_shared::{discovery::Origin, provider::LoginForm};
    use proptest::prelude::*;

    use super::*;

    fn proposal(origin: Origin, host: &str) -> Proposal {
        Proposal {
            origin,
            endpoint: Endpoint::imaps(host.parse().expect("a host")),
            login: LoginForm::Address,
            provider: None,
            name: None,
            advice: Vec::new(),
            proof: Proof::Open,
            finding: None,
        }
    }

    #[test]
    fn of_an_address_only_the_domain_is_kept() {
        assert_eq!(domain_of(" Anna.Secret@Old.Example. ").as_deref(), Some("old.example"));
        assert_eq!(domain_of("old.example").as_deref(), Some("old.example"));
        assert_eq!(domain_of("\"a@b\"@old.example").as_deref(), Some("old.example"));
        for text in ["", "anna", "anna@", "anna@localhost", "anna@127.0.0.1", "http://old.example", "a b.example"] {
            assert_eq!(domain_of(text), None, "{text}");
        }
    }

    #[test]
    fn no_place_that_is_asked_sees_more_than_the_domain() {
        let domain = domain_of("anna.secret@old.example").expect("a domain");
        let ports = Ports::default();
        let mut asked: Vec<String> = autoconfig_urls(&domain, ports).to_vec();
        asked.extend(guesses(&domain, ports).iter().map(ToString::to_string));
        assert!(asked.iter().all(|place| !place.contains("anna") && !place.contains("secret")), "{asked:?}");
        assert_eq!(asked[0], "https://autoconfig.old.example/mail/config-v1.1.xml");
        assert_eq!(asked[1], "https://old.example/.well-known/autoconfig/mail/config-v1.1.xml");
        assert_eq!(asked[2..4], ["imap.old.example:993", "mail.old.example:993"]);
    }

    #[test]
    fn a_mail_exchangers_domains_are_looked_up_from_the_longest() {
        assert_eq!(parents("mx00.kundenserver.de.").collect::<Vec<_>>(), ["mx00.kundenserver.de", "kundenserver.de"]);
        assert_eq!(parents("localhost").count(), 0);
    }

    #[test]
    fn a_named_port_or_mode_is_kept_to() {
        let host: HostName = "imap.example.org".parse().expect("a host");
        let tried = |port, tls| {
            let all = trials(&host, port, tls, Ports::default());
            all.into_iter().map(|one| (one.port, one.tls)).collect::<Vec<_>>()
        };
        assert_eq!(tried(None, None), [(993, TlsMode::Implicit), (143, TlsMode::Starttls)]);
        assert_eq!(tried(Some(143), None), [(143, TlsMode::Starttls), (143, TlsMode::Implicit)]);
        assert_eq!(tried(Some(1993), None), [(1993, TlsMode::Implicit), (1993, TlsMode::Starttls)]);
        assert_eq!(tried(None, Some(TlsMode::Starttls)), [(143, TlsMode::Starttls)]);
        assert_eq!(tried(Some(143), Some(TlsMode::Plaintext)), [(143, TlsMode::Plaintext)]);
    }

    #[test]
    fn proved_servers_come_first_and_each_server_once() {
        let mut all = Vec::new();
        add(&mut all, vec![proposal(Origin::ServiceRecord, "b.example"), proposal(Origin::ServiceRecord, "a.example")]);
        add(&mut all, vec![proposal(Origin::Autoconfig, "a.example")]);
        let places =
            |all: &[Proposal]| all.iter().map(|one| (one.origin, one.endpoint.host.to_string())).collect::<Vec<_>>();
        let (a, b) = ("a.example".to_owned(), "b.example".to_owned());
        assert_eq!(places(&all), [(Origin::Autoconfig, a.clone()), (Origin::ServiceRecord, b.clone())]);
        prove(&mut all, &Endpoint::imaps("a.example".parse().expect("a host")), Err(FindingCode::UnknownHost));
        prove(&mut all, &Endpoint::imaps("b.example".parse().expect("a host")), Ok(()));
        let all = ranked(&all);
        assert_eq!(places(&all), [(Origin::ServiceRecord, b), (Origin::Autoconfig, a)]);
        assert_eq!(all[1].finding.as_ref().map(|finding| finding.code), Some(FindingCode::UnknownHost));
    }

    proptest! {
        #[test]
        fn whatever_places_tell_each_server_stands_once(hosts in prop::collection::vec((0usize..7, 0u8..5), 0..30)) {
            let mut all = Vec::new();
            for (origin, host) in hosts {
                add(&mut all, vec![proposal(Origin::ALL[origin], &format!("h{host}.example"))]);
            }
            let mut places: Vec<String> = all.iter().map(|one| one.endpoint.to_string()).collect();
            places.sort();
            places.dedup();
            prop_assert_eq!(places.len(), all.len());
            prop_assert!(all.windows(2).all(|two| two[0].origin <= two[1].origin));
        }
    }
}
