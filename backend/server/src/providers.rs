//! Known providers, from the data file `data/providers.json`: presets change, code does not. Each row names where it
//! was read.

use mailferry_shared::{
    endpoint::{Endpoint, HostName},
    order::ProviderChoice,
    provider::Provider,
    schedule::WantedRecords,
};
use mailferry_store::SideAccess;
use serde::Deserialize;

mod limits;
pub(crate) mod share;

use limits::Facts;
pub use limits::Limits;

const DATA: &str = include_str!("../data/providers.json");

/// A row of the data file.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(flatten)]
    provider: Provider,
    /// Where the preset was read.
    source: String,
    /// Where its server for sending was read.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the data file, and for its test"))]
    submission_source: Option<String>,
    /// What it allows.
    #[serde(default)]
    limits: Facts,
    /// What it wants in the DNS of a domain whose mail it takes.
    #[serde(default)]
    dns: Option<WantedRecords>,
}

/// The providers, and what each allows and wants.
#[derive(Debug)]
pub struct Providers {
    list: Vec<Provider>,
    /// Of the provider at the same place in the list.
    limits: Vec<Limits>,
    /// Of the provider at the same place in the list.
    dns: Vec<Option<WantedRecords>>,
}

/// The row whose limits hold where a server's provider is not known: what most servers run.
const ANY_SERVER: &str = "dovecot";

impl Providers {
    /// Those of the data file.
    ///
    /// # Errors
    /// If the file is broken, which a test rules out.
    pub fn load() -> Result<Self, serde_json::Error> {
        Self::parse(DATA)
    }

    /// Those of a text like the data file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let rows: Vec<Row> = serde_json::from_str(text)?;
        let mut providers = Self { list: Vec::new(), limits: Vec::new(), dns: Vec::new() };
        for row in rows.into_iter().filter(|row| !row.source.is_empty()) {
            let instructions = (!row.provider.advice.is_empty()).then_some(row.source);
            providers.list.push(Provider { limits: row.limits.told(), instructions, ..row.provider });
            providers.limits.push(Limits::from(&row.limits));
            providers.dns.push(row.dns);
        }
        Ok(providers)
    }

    /// What the provider of this server allows; where it is not known, what most servers do.
    pub fn limits_at(&self, host: &HostName) -> Limits {
        let usual = || self.limits_of(self.by_id(ANY_SERVER)?);
        self.known_limits_at(host).or_else(usual).unwrap_or_default()
    }

    /// What the provider of this server allows, if it is in the list.
    pub fn known_limits_at(&self, host: &HostName) -> Option<Limits> {
        self.limits_of(self.by_host(host)?)
    }

    fn limits_of(&self, known: &Provider) -> Option<Limits> {
        Some(self.limits[self.row(&known.id)?].clone())
    }

    fn row(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|provider| provider.id == id)
    }

    /// What the provider of a choice wants in DNS, if that is known.
    pub fn dns_wanted(&self, choice: &ProviderChoice) -> Option<&WantedRecords> {
        let chosen = choice.provider.as_deref().and_then(|id| self.by_id(id));
        let known = chosen.or_else(|| self.by_host(&choice.endpoint.host))?;
        self.dns[self.row(&known.id)?].as_ref()
    }

    /// The provider of this id.
    pub fn by_id(&self, id: &str) -> Option<&Provider> {
        self.list.iter().find(|provider| provider.id == id)
    }

    /// The provider whose addresses have this domain, or whose hosts lie directly in it.
    pub fn by_domain(&self, domain: &str) -> Option<&Provider> {
        self.list
            .iter()
            .find(|provider| provider.endpoint.is_some() && provider.domains.iter().any(|one| one == domain))
    }

    /// True for a domain that belongs to a provider: its MX and other records are not its users' to change.
    pub fn owns(&self, domain: &str) -> bool {
        self.by_domain(domain).is_some()
    }

    /// The provider whose server this is.
    pub fn by_host(&self, host: &HostName) -> Option<&Provider> {
        let is_its = |endpoint: &Endpoint| endpoint.host == *host;
        self.list.iter().find(|one| one.endpoint.iter().chain(&one.alternatives).any(is_its))
    }

    /// The provider of an account: the one that was chosen, or the one whose server it is.
    pub fn of(&self, access: &SideAccess) -> Option<&Provider> {
        let chosen = access.provider.as_deref().and_then(|id| self.by_id(id));
        chosen.or_else(|| self.by_host(&access.endpoint.as_ref()?.host))
    }

    /// Those whose name, domain or host matches, best match first; all of them for an empty search. A mail address is
    /// searched for by its domain, and its local part is not looked at.
    pub fn search(&self, text: &str) -> Vec<Provider> {
        let text = text.trim().to_lowercase();
        let wanted = text.rsplit_once('@').map_or(text.as_str(), |(_, domain)| domain);
        let mut found: Vec<(u8, &Provider)> =
            self.list.iter().filter_map(|provider| Some((rank(provider, wanted)?, provider))).collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, provider)| provider.clone()).collect()
    }
}

/// How well a provider matches, 0 best; `None` if it does not.
fn rank(provider: &Provider, wanted: &str) -> Option<u8> {
    let name = provider.name.to_lowercase();
    let host = provider.endpoint.as_ref().map_or("", |endpoint| endpoint.host.as_str());
    let domains = &provider.domains;
    let ranks = [
        domains.iter().any(|domain| domain == wanted) || host == wanted,
        name.starts_with(wanted),
        domains.iter().any(|domain| domain.starts_with(wanted)),
        name.contains(wanted) || provider.id.contains(wanted),
        host.contains(wanted) || domains.iter().any(|domain| domain.contains(wanted)),
    ];
    (0..).zip(ranks).find_map(|(rank, fits)| fits.then_some(rank))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mailferry_shared::{
        delegation::{CredentialKind, DelegationForm},
        endpoint::TlsMode,
        finding::FindingCode,
        provider::LoginForm,
    };

    use super::*;

    fn first(text: &str) -> String {
        let found = Providers::load().expect("reads").search(text);
        found.first().map(|provider| provider.id.clone()).unwrap_or_default()
    }

    #[test]
    fn every_row_is_read_and_every_id_is_there_once() {
        let rows: Vec<Row> = serde_json::from_str(DATA).expect("reads");
        let ids: HashSet<&str> = rows.iter().map(|row| row.provider.id.as_str()).collect();
        assert_eq!(ids.len(), rows.len());
        assert!(rows.len() > 30);
        assert!(rows.iter().all(|row| row.source.starts_with("https://")));
        assert_eq!(Providers::load().expect("reads").search("").len(), rows.len());
    }

    /// Port 993 with TLS; `†` also 143 with STARTTLS; `‡` the login is the part before the @.
    const HOSTS: &str = "imap.gmail.com outlook.office365.com imap.mail.yahoo.com imap.aol.com imap.mail.me.com‡
        imap.fastmail.com imap.yandex.com imap.mail.ru† imap.gmx.net† imap.web.de†‡ imap.1und1.de† imap.ionos.com
        imap.ionos.co.uk imap.ionos.fr imap.strato.de secureimap.t-online.de posteo.de† ssl0.ovh.net mail.gandi.net†
        imap.one.com secure.emailsrvr.com imap.orange.fr imap.free.fr‡ imap.laposte.net‡ imap.seznam.cz imap.wp.pl‡
        imap.secureserver.net imap.zoho.com imap.zoho.eu imap.zoho.in imap.zoho.jp imap.zoho.com.au imappro.zoho.com
        imap.mail.us-east-1.awsapps.com imap.mail.us-west-2.awsapps.com imap.mail.eu-west-1.awsapps.com";

    #[test]
    fn every_provider_of_the_field_is_in_the_list_with_its_ports_and_its_login() {
        let rows: Vec<Row> = serde_json::from_str(DATA).expect("reads");
        for marked in HOSTS.split_whitespace() {
            let host = marked.trim_end_matches(['†', '‡']);
            let is_at = |row: &&Row| row.provider.endpoint.as_ref().is_some_and(|one| one.host.as_str() == host);
            let provider = &rows.iter().find(is_at).unwrap_or_else(|| panic!("{host} is missing")).provider;
            let usual = Endpoint::imaps(host.parse().expect("a host"));
            assert_eq!(provider.endpoint.as_ref(), Some(&usual));
            let starttls = Endpoint { port: 143, tls: TlsMode::Starttls, ..usual };
            assert_eq!(provider.alternatives.contains(&starttls), marked.contains('†'), "{host}");
            assert_eq!(provider.login == LoginForm::LocalPart, marked.contains('‡'), "{host}");
        }
        let products = ["Dovecot", "Cyrus", "Courier", "Zimbra", "Microsoft Exchange", "Kerio Connect", "Open-Xchange"];
        for name in products {
            let is_it = |row: &Row| row.provider.name == name && row.provider.endpoint.is_none();
            assert!(rows.iter().any(is_it), "{name}");
        }
    }

    #[test]
    fn every_limit_names_where_it_was_read() {
        let rows: Vec<Row> = serde_json::from_str(DATA).expect("reads");
        let sources: Vec<&str> = rows.iter().flat_map(|row| row.limits.sources()).collect();
        assert!(sources.len() >= 10, "{sources:?}");
        assert!(sources.iter().all(|source| source.starts_with("https://")), "{sources:?}");
    }

    #[test]
    fn what_a_provider_wants_in_dns_names_where_it_was_read() {
        let providers = Providers::load().expect("reads");
        assert!(providers.dns.iter().flatten().all(|dns| dns.source.starts_with("https://")));
        let endpoint = |host: &str| Endpoint::new(host.parse().expect("a host"), 993, TlsMode::Implicit);
        let wanted = |provider: Option<&str>, host| {
            let choice = ProviderChoice { provider: provider.map(str::to_owned), endpoint: endpoint(host) };
            providers.dns_wanted(&choice).and_then(|dns| dns.spf.as_deref())
        };
        assert_eq!(wanted(Some("gmail"), "imap.gmail.com"), Some("include:_spf.google.com"));
        assert_eq!(wanted(None, "outlook.office365.com"), Some("include:spf.protection.outlook.com"));
        assert_eq!(wanted(None, "imap.new.example"), None);
    }

    #[test]
    fn a_server_for_sending_is_one_and_names_where_it_was_read() {
        let rows: Vec<Row> = serde_json::from_str(DATA).expect("reads");
        let sending = rows.iter().filter_map(|row| Some((row, row.provider.submission.as_ref()?)));
        for (row, server) in sending.clone() {
            // RFC 8314: TLS from the start on port 465, STARTTLS on 587.
            assert!(matches!((server.port, server.tls), (465, TlsMode::Implicit) | (587, TlsMode::Starttls)));
            assert!(row.submission_source.as_ref().is_some_and(|source| source.starts_with("https://")));
        }
        assert!(sending.count() > 15);
    }

    #[test]
    fn limits_are_found_by_the_server_and_a_daily_amount_is_not_used_up() {
        let providers = Providers::load().expect("reads");
        let at = |host: &str| providers.limits_at(&host.parse().expect("a host"));
        let gmail = at("imap.gmail.com");
        assert_eq!((gmail.connections, gmail.message_bytes), (Some(15), Some(35_651_584)));
        assert_eq!((gmail.daily_bytes_down, gmail.daily_bytes_up), (Some(2_375_000_000), Some(475_000_000)));
        assert_eq!(gmail.names.spell("a^b  c"), "a_b c");
        let microsoft = at("outlook.office365.com");
        assert!(microsoft.names.reserves("Files") && microsoft.messages_per_second == Some(4));
        assert_eq!(
            (at("imap.gmx.net").free_folders, at("imap.mail.yahoo.com").shown_messages),
            (Some(20), Some(10_000))
        );
        let unknown = at("imap.example.org");
        assert_eq!((unknown.connections, unknown.daily_bytes_down), (Some(10), None));
    }

    #[test]
    fn what_users_should_know_of_a_provider_is_told_with_it() {
        let providers = Providers::load().expect("reads");
        let told = |id: &str| providers.by_id(id).and_then(|provider| provider.limits).expect("limits");
        assert_eq!(told("exchange").usual_message_bytes, Some(10_485_760));
        assert_eq!(told("microsoft-365").usual_message_bytes, Some(45_000_000));
        assert_eq!(told("microsoft-365").message_bytes, Some(157_286_400));
        for region in ["us-east-1", "us-west-2", "eu-west-1"] {
            let workmail = providers.by_id(&format!("amazon-workmail-{region}")).expect("known");
            assert_eq!(workmail.ends_on.map(|day| day.to_string()).as_deref(), Some("2027-03-31"));
            let limits = workmail.limits.expect("limits");
            assert_eq!((limits.attachment_bytes, limits.mailbox_bytes), (Some(23_000_000), Some(50_000_000_000)));
            let host = workmail.endpoint.as_ref().map(|endpoint| &endpoint.host).expect("a host");
            assert_eq!(providers.limits_at(host).message_bytes, Some(31_473_686), "as it stands in a message");
        }
        let one_and_one = providers.by_id("1und1").expect("known");
        let other: Vec<(u16, TlsMode)> = one_and_one.alternatives.iter().map(|way| (way.port, way.tls)).collect();
        assert_eq!(other, [(143, TlsMode::Starttls)]);
    }

    #[test]
    fn whoever_must_do_something_first_is_told_where_the_provider_says_how() {
        let providers = Providers::load().expect("reads");
        for provider in &providers.list {
            let is_told = provider.instructions.as_ref().is_some_and(|source| source.starts_with("https://"));
            assert_eq!(is_told, !provider.advice.is_empty(), "{}", provider.id);
        }
    }

    #[test]
    fn name_domain_host_and_address_all_find() {
        assert_eq!(first("gm"), "gmail");
        assert_eq!(first("googlemail.com"), "gmail");
        assert_eq!(first("anna@web.de"), "web-de");
        assert_eq!(first("IMAP.GMX.NET"), "gmx");
        assert_eq!(first("microsoft"), "microsoft-365");
        assert_eq!(first("no such provider"), "");
    }

    #[test]
    fn what_the_field_knows_of_logins_is_in_the_list() {
        let providers = Providers::load().expect("reads");
        let form = |id: &str| providers.by_id(id).and_then(|provider| provider.delegation);
        assert_eq!(form("kerio"), Some(DelegationForm::KerioMaster));
        assert_eq!(form("exchange"), Some(DelegationForm::Exchange));
        assert_eq!(form("gmail"), None);
        let gmx = providers.by_domain("gmx.de").expect("known");
        assert_eq!((gmx.advice.as_slice(), gmx.alternatives.len()), (&[FindingCode::ImapSwitchedOff][..], 1));
        let of_exchanger = providers.by_domain("google.com").map(|provider| provider.id.as_str());
        assert_eq!(of_exchanger, Some("gmail"));
        assert!(providers.by_domain("dovecot").is_none(), "a product has no server");
        assert!(providers.by_host(&"imap.gmx.net".parse().expect("a host")).is_some());
    }

    #[test]
    fn what_must_be_set_up_for_access_tokens_is_told_with_its_source() {
        let providers = Providers::load().expect("reads");
        let kinds = |id: &str| {
            let known = providers.by_id(id).expect("known");
            assert!(known.oauth.iter().all(|way| way.source.starts_with("https://") && !way.setup.is_empty()));
            known.oauth.iter().map(|way| way.credential).collect::<Vec<_>>()
        };
        assert_eq!(kinds("gmail"), [CredentialKind::OauthRefresh, CredentialKind::GoogleServiceAccount]);
        assert_eq!(kinds("microsoft-365"), [CredentialKind::OauthRefresh, CredentialKind::MicrosoftApp]);
        let app = &providers.by_id("microsoft-365").expect("known").oauth[1];
        assert!(app.setup.contains("IMAP.AccessAsApp"));
    }

    #[test]
    fn the_local_part_of_an_address_finds_nothing() {
        assert_eq!(first("gmail@example.org"), "");
    }
}
