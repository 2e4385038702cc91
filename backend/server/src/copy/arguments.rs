//! What `mailferry copy` is told.

use std::{fmt, path::PathBuf};

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use mailferry_connectors::{
    imap::ImapLogin,
    net::{AddressGuard, CertificateTrust, Network, Resolver, Squeeze},
};
use mailferry_domain::folder::FolderPath;
use mailferry_shared::{
    certificate::CertificateFingerprint,
    delegation::{CredentialKind, Delegation},
    endpoint::{Endpoint, HostName, TlsMode},
    run::RunKind,
};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

/// Copies one mailbox to another over IMAP.
///
/// Passwords come from MAILFERRY_SOURCE_PASSWORD and MAILFERRY_DESTINATION_PASSWORD, or from files. Where a server wants an
/// access token (OAuth) instead, it comes from MAILFERRY_SOURCE_TOKEN or MAILFERRY_DESTINATION_TOKEN; it must be good for
/// as long as the copy takes, or the copy is run again with a fresh one.
#[derive(Debug, Args)]
pub struct CopyArguments {
    /// Mailbox to read: imaps://USER@HOST[:PORT] (TLS) or imap://USER@HOST[:PORT] (STARTTLS); USER percent-encoded.
    #[arg(long, value_name = "URL")]
    pub source: String,
    /// Mailbox to write, in the same form.
    #[arg(long, value_name = "URL")]
    pub destination: String,
    /// What to copy: everything (main), what is new since and what failed before (delta), the last 10 days (trial).
    #[arg(long, value_enum, default_value_t = Kind::Main)]
    kind: Kind,
    /// The ledger; by default a file under the user's state directory, named after both ends.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Writes what became of every message, with its SHA-256, as JSON Lines: what `mailferry verify` compares with.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub manifest: Option<PathBuf>,
    /// Only tell what would be copied.
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object at the end.
    #[arg(long)]
    pub json: bool,
    /// No live progress line.
    #[arg(long)]
    pub quiet: bool,
    /// File whose first line is the source's password.
    #[arg(long, value_name = "FILE")]
    source_password_file: Option<PathBuf>,
    /// File whose first line is the destination's password.
    #[arg(long, value_name = "FILE")]
    destination_password_file: Option<PathBuf>,
    /// The source's mailbox that USER, an admin, acts for.
    #[arg(long, value_name = "MAILBOX")]
    source_authzid: Option<String>,
    /// The destination's mailbox that USER, an admin, acts for.
    #[arg(long, value_name = "MAILBOX")]
    destination_authzid: Option<String>,
    /// Makes imap:// mean no TLS at all, even if offered.
    #[arg(long)]
    allow_plaintext: bool,
    /// Takes any certificate: for test servers only.
    #[arg(long)]
    pub allow_untrusted_certificate: bool,
    /// Accepts this certificate of the source's server although it does not verify: SHA-256, 64 hexadecimal digits.
    #[arg(long, value_name = "SHA-256", conflicts_with = "allow_untrusted_certificate")]
    source_certificate: Option<CertificateFingerprint>,
    /// The same for the destination's server.
    #[arg(long, value_name = "SHA-256", conflicts_with = "allow_untrusted_certificate")]
    destination_certificate: Option<CertificateFingerprint>,
    /// Trusts the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", env = "MAILFERRY_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// Leaves a folder and its children out; `/` between the levels. Can be repeated.
    #[arg(long, value_name = "FOLDER")]
    exclude: Vec<String>,
    /// Skips larger messages: bytes, or with k, M or G.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// Skips messages from before this day (UTC): YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub since: Option<NaiveDate>,
    /// Puts a folder and its children elsewhere: SOURCE=DESTINATION. Can be repeated.
    #[arg(long, value_name = "FROM=TO")]
    map: Vec<String>,
    /// The newest messages of each folder first; their order at the destination is then reversed.
    #[arg(long)]
    pub newest_first: bool,
    /// Carries over changes of flags of what was copied before, where the destination's are still as they were copied.
    #[arg(long)]
    pub flags: bool,
    /// Connections a side at most.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub connections: u8,
    /// Compresses what goes over the lines, where the servers can: where a line has shown to be slow (auto), or always.
    #[arg(long, value_enum, default_value_t = Compress::Auto)]
    compress: Compress,
    /// Attempts at a server that cannot be reached, with growing waits between them.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub attempts: u32,
    /// How long the destination may still work on what an interrupted copy sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub append_timeout_seconds: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Compress {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Main,
    Delta,
    Trial,
}

/// The command cannot be carried out as given.
#[derive(Debug)]
pub(crate) struct WrongUse {
    what: String,
    advice: String,
}

impl WrongUse {
    pub(crate) fn new(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), advice: advice.into() }
    }

    pub(crate) fn caused(error: &dyn std::error::Error, advice: impl Into<String>) -> Self {
        Self::new(error.to_string(), advice)
    }
}

impl fmt::Display for WrongUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.advice)
    }
}

impl CopyArguments {
    /// When sessions are compressed.
    pub(crate) fn squeeze(&self) -> Squeeze {
        match self.compress {
            Compress::Auto => Squeeze::SlowLines,
            Compress::Always => Squeeze::Always,
            Compress::Never => Squeeze::Never,
        }
    }

    pub(super) fn kind(&self) -> RunKind {
        match self.kind {
            Kind::Main => RunKind::Main,
            Kind::Delta => RunKind::Delta,
            Kind::Trial => RunKind::Trial,
        }
    }

    /// How to log in to the source, or to the destination.
    pub(super) fn login(&self, is_source: bool) -> Result<ImapLogin, WrongUse> {
        let (option, url, file, act_for) = if is_source {
            ("source", &self.source, &self.source_password_file, &self.source_authzid)
        } else {
            ("destination", &self.destination, &self.destination_password_file, &self.destination_authzid)
        };
        let pinned_certificate = if is_source { self.source_certificate } else { self.destination_certificate };
        let login = login((option, url), file.as_ref(), act_for.clone(), self.allow_plaintext)?;
        Ok(ImapLogin { pinned_certificate, ..login })
    }

    pub(super) fn excluded(&self) -> Result<Vec<FolderPath>, WrongUse> {
        self.exclude.iter().map(|name| folder("exclude", name)).collect()
    }

    pub(super) fn rules(&self) -> Result<Vec<(FolderPath, FolderPath)>, WrongUse> {
        let rule = |text: &String| {
            let (from, to) = text
                .split_once('=')
                .ok_or_else(|| WrongUse::new(format!("--map {text} has no “=”"), "write --map FROM=TO"))?;
            Ok((folder("map", from)?, folder("map", to)?))
        };
        self.map.iter().map(rule).collect()
    }
}

/// How to log in to what the option names by its URL.
pub(crate) fn login(
    (option, url): (&str, &str),
    password_file: Option<&PathBuf>,
    act_for: Option<String>,
    allow_plaintext: bool,
) -> Result<ImapLogin, WrongUse> {
    let (user, endpoint) = parse_url(url, allow_plaintext).map_err(|what| {
        WrongUse::new(
            format!("--{option} {what}"),
            "write imaps://USER@HOST:PORT with USER percent-encoded, such as anna%40example.org",
        )
    })?;
    let (password, kind) = secret(option, password_file, &|name| std::env::var(name).ok())?;
    Ok(ImapLogin {
        name: format!("the {option} {endpoint}"),
        allow_plaintext: endpoint.tls == TlsMode::Plaintext,
        endpoint,
        user,
        password,
        kind,
        act_for,
        delegation: Delegation::default(),
        pinned_certificate: None,
    })
}

/// The way out: to any address, with the certificates that the user trusts.
pub(crate) fn network(ca_file: Option<&PathBuf>, any_certificate: bool) -> Result<Network, WrongUse> {
    let trust = CertificateTrust {
        any: any_certificate,
        ..match ca_file {
            Some(path) => CertificateTrust::with_roots_from(path)
                .map_err(|error| WrongUse::caused(&error, "give a file of PEM certificates"))?,
            None => CertificateTrust::default(),
        }
    };
    Network::new(AddressGuard::open(), Resolver::System, &trust)
        .map_err(|error| WrongUse::caused(&error, "check the certificates"))
}

fn folder(option: &str, name: &str) -> Result<FolderPath, WrongUse> {
    FolderPath::parse(name).map_err(|error| {
        WrongUse::new(format!("--{option} {name}: {error}"), "write folder names with / between the levels")
    })
}

fn parse_url(text: &str, allow_plaintext: bool) -> Result<(String, Endpoint), String> {
    // The text itself is not repeated: somebody may have put a password into it.
    let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
    let (tls, port) = match url.scheme() {
        "imaps" => (TlsMode::Implicit, 993),
        "imap" if allow_plaintext => (TlsMode::Plaintext, 143),
        "imap" => (TlsMode::Starttls, 143),
        other => return Err(format!("has the scheme {other}:")),
    };
    if url.password().is_some() {
        return Err("must not hold the password".to_owned());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("names more than a mailbox".to_owned());
    }
    let user =
        percent_decode_str(url.username()).decode_utf8().map_err(|_| "has a user name that is not UTF-8".to_owned())?;
    if user.is_empty() {
        return Err("names no user".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    let host = percent_decode_str(host).decode_utf8_lossy().parse::<HostName>().map_err(|error| error.to_string())?;
    Ok((user.into_owned(), Endpoint::new(host, url.port().unwrap_or(port), tls)))
}

/// The password or access token for one end, from a file or from the environment: what stands on a command line is seen by
/// everybody on the machine.
fn secret(
    option: &str,
    file: Option<&PathBuf>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(SecretString, CredentialKind), WrongUse> {
    let named = |kind: &str| format!("MAILFERRY_{}_{kind}", option.to_uppercase());
    let advice =
        format!("set {}, name a file with --{option}-password-file, or set {}", named("PASSWORD"), named("TOKEN"));
    // Compose files and scripts leave variables empty that they do not mean.
    let given = |kind| environment(&named(kind)).filter(|text| !text.is_empty());
    let (password, token) = (given("PASSWORD"), given("TOKEN"));
    let (text, kind) = match (file, password, token) {
        (None, None, None) => return Err(WrongUse::new(format!("there is no password for the {option}"), advice)),
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            let what = format!("there are a password and an access token for the {option}");
            return Err(WrongUse::new(what, "give one of them"));
        }
        (None, None, Some(token)) => (token.trim().to_owned(), CredentialKind::OauthToken),
        (None, Some(password), None) => (password, CredentialKind::Password),
        (Some(path), _, None) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                WrongUse::new(format!("the password file {} cannot be read: {error}", path.display()), advice.clone())
            })?;
            (text.lines().next().unwrap_or_default().to_owned(), CredentialKind::Password)
        }
    };
    if text.is_empty() {
        return Err(WrongUse::new(format!("the password or token for the {option} is empty"), advice));
    }
    Ok((text.into(), kind))
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.trim_end_matches(['b', 'B']) {
        text if text.ends_with(['k', 'K']) => (&text[..text.len() - 1], 1_000),
        text if text.ends_with(['m', 'M']) => (&text[..text.len() - 1], 1_000_000),
        text if text.ends_with(['g', 'G']) => (&text[..text.len() - 1], 1_000_000_000),
        text => (text, 1),
    };
    let number: u64 = digits.trim().parse().map_err(|_| "write a number of bytes, or one with k, M or G".to_owned())?;
    number.checked_mul(factor).filter(|size| *size > 0).ok_or_else(|| "the size is out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_user_server_and_tls() {
        let (user, endpoint) = parse_url("imaps://anna%40old.example@imap.old.example", false).expect("valid");
        assert_eq!(
            (user.as_str(), endpoint.to_string().as_str(), endpoint.tls),
            ("anna@old.example", "imap.old.example:993", TlsMode::Implicit)
        );
        let (_, endpoint) = parse_url("imap://a@[::1]:1143", false).expect("valid");
        assert_eq!((endpoint.to_string().as_str(), endpoint.tls), ("[::1]:1143", TlsMode::Starttls));
        assert_eq!(parse_url("imap://a@127.0.0.1:1143", true).expect("valid").1.tls, TlsMode::Plaintext);
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named_without_repeating_it() {
        for (url, what) in [
            ("anna@old.example", "is not a URL (relative URL without a base)"),
            ("http://a@b.example", "has the scheme http:"),
            ("imaps://a:hunter2@b.example", "must not hold the password"),
            ("imaps://b.example", "names no user"),
            ("imaps://a@b.example/INBOX", "names more than a mailbox"),
        ] {
            assert_eq!(parse_url(url, false).expect_err(url), what);
        }
    }

    fn secret_from(file: Option<&PathBuf>, variables: &[(&str, &str)]) -> Result<(String, CredentialKind), String> {
        let variables: std::collections::HashMap<&str, &str> = variables.iter().copied().collect();
        let read = secret("source", file, &|name| variables.get(name).map(|text| (*text).to_owned()));
        let plain =
            |(secret, kind): (SecretString, _)| (secrecy::ExposeSecret::expose_secret(&secret).to_owned(), kind);
        read.map(plain).map_err(|error| error.to_string())
    }

    #[test]
    fn a_password_or_a_token_is_taken_and_never_both() {
        let (password, token) = (("MAILFERRY_SOURCE_PASSWORD", "pass word "), ("MAILFERRY_SOURCE_TOKEN", "ya29.x\n"));
        assert_eq!(secret_from(None, &[password]), Ok(("pass word ".to_owned(), CredentialKind::Password)));
        assert_eq!(secret_from(None, &[token]), Ok(("ya29.x".to_owned(), CredentialKind::OauthToken)));
        let empty = ("MAILFERRY_SOURCE_TOKEN", "");
        assert_eq!(secret_from(None, &[password, empty]), secret_from(None, &[password]), "as if it were not set");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "from a file\nmore").expect("written");
        let path = file.path().to_path_buf();
        let from_file = Ok(("from a file".to_owned(), CredentialKind::Password));
        assert_eq!(secret_from(Some(&path), &[]), from_file);
        assert_eq!(secret_from(Some(&path), &[password]), from_file, "the file goes before the environment");
        for (file, variables) in [(None, vec![password, token]), (Some(&path), vec![token])] {
            let error = secret_from(file, &variables).expect_err("which?");
            assert!(error.contains("give one of them") && !error.contains("ya29"), "{error}");
        }
        for variables in [vec![], vec![("MAILFERRY_SOURCE_TOKEN", " ")], vec![("MAILFERRY_SOURCE_PASSWORD", "")]] {
            let error = secret_from(None, &variables).expect_err("nothing there");
            assert!(error.contains("set MAILFERRY_SOURCE_PASSWORD") && error.contains("_TOKEN"), "{error}");
        }
    }

    #[test]
    fn sizes_are_read_with_units() {
        assert_eq!(size("50M"), Ok(50_000_000));
        assert_eq!(size("10kB"), Ok(10_000));
        assert_eq!(size("123"), Ok(123));
        assert!(size("ten").is_err() && size("0").is_err() && size("99999999999G").is_err());
    }
}
