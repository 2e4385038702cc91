//! One parser a setting. Messages name the environment variable, since clap names the flag alone.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use lettre::message::Mailbox;
use mailferry_shared::secret::Secret;
use url::Url;

use super::network::{self, Network};

type Parsed<T> = Result<T, String>;

pub(super) fn listen(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| "MAILFERRY_LISTEN must be ADDRESS:PORT, like 127.0.0.1:8080 or [::]:8080".to_owned())
}

pub(super) fn metrics_listen(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| "MAILFERRY_METRICS_LISTEN must be ADDRESS:PORT, like 127.0.0.1:9464".to_owned())
}

pub(super) fn rate_factor(text: &str) -> Parsed<u32> {
    let number = text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| "MAILFERRY_RATE_FACTOR must be a number from 1 to 1000000".to_owned())
}

pub(super) fn public_url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url = url.filter(|url| url.query().is_none() && url.fragment().is_none() && url.path() == "/");
    url.ok_or_else(|| "MAILFERRY_PUBLIC_URL must be http:// or https:// and a host, without a path".to_owned())
}

pub(super) fn database_url(text: &str) -> Parsed<Secret> {
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    // The value may hold a password and is not repeated.
    if known { Ok(Secret::new(text)) } else { Err("DATABASE_URL must begin with sqlite:// or postgres://".to_owned()) }
}

pub(super) fn smtp_url(text: &str) -> Parsed<Secret> {
    let words = "MAILFERRY_SMTP_URL must be smtps://HOST, smtp://HOST?tls=required or smtp://HOST, with USER:PASSWORD@ \
                 before the host if it wants a login";
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host());
    url.ok_or_else(|| words.to_owned())?;
    lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(text).map_err(|_| words.to_owned())?;
    Ok(Secret::new(text))
}

pub(super) fn mail_from(text: &str) -> Parsed<Mailbox> {
    text.parse().map_err(|_| "MAILFERRY_MAIL_FROM must be a mail address, like Mailferry <mail@example.org>".to_owned())
}

pub(super) fn allow_network(text: &str) -> Parsed<Network> {
    network::parse(text).map_err(|error| format!("MAILFERRY_ALLOW_NETWORKS: {error}"))
}

pub(super) fn trust_proxy(text: &str) -> Parsed<Network> {
    network::parse(text).map_err(|error| format!("MAILFERRY_TRUST_PROXY: {error}"))
}

pub(super) fn allow_port(text: &str) -> Parsed<u16> {
    let port = text.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "MAILFERRY_ALLOW_PORTS must be numbers from 1 to 65535 with commas between".to_owned())
}

pub(super) fn connections_per_host(text: &str) -> Parsed<u32> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "MAILFERRY_CONNECTIONS_PER_HOST must be a number from 1 on".to_owned())
}

pub(super) fn dns(text: &str) -> Parsed<SocketAddr> {
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
    address.map_err(|_| "MAILFERRY_DNS must be an address, like 192.0.2.53 or 192.0.2.53:5353".to_owned())
}

pub(super) fn ca_file(text: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(text);
    if path.is_file() { Ok(path) } else { Err("MAILFERRY_CA_FILE: there is no such file".to_owned()) }
}

pub(super) fn workers(text: &str) -> Parsed<usize> {
    let number = text.parse().ok().filter(|number| *number <= 256);
    number.ok_or_else(|| "MAILFERRY_WORKERS must be a number from 0 to 256".to_owned())
}

pub(super) fn log_filter(text: &str) -> Parsed<String> {
    let filter = tracing_subscriber::EnvFilter::builder().parse(text);
    filter.map(|_| text.to_owned()).map_err(|error| format!("MAILFERRY_LOG: {error}"))
}

/// The address of a provider's own service, as `setting` names it.
pub(super) fn service_url(setting: &str, text: &str) -> Parsed<Url> {
    let loopback = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" || url.scheme() == "http" && loopback(url))
        .filter(|url| url.has_host() && url.path() == "/" && url.query().is_none() && url.username().is_empty())
        .ok_or_else(|| format!("{setting} must be https:// and a host, without a path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_tokens_travel_by_https_only() {
        for good in ["https://api-m.paypal.com", "https://oauth2.googleapis.com/", "http://127.0.0.1:8099"] {
            assert!(service_url("X", good).is_ok(), "{good}");
        }
        for wrong in ["", "http://api-m.paypal.com", "https://a:b@x.de", "https://x.de/v2", "ftp://x.de"] {
            assert_eq!(service_url("X", wrong).err().as_deref(), Some("X must be https:// and a host, without a path"));
        }
    }
}
