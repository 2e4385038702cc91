//! Settings: flags, environment and a file ([`file`]), one list for `serve` and `worker`. `mailferry serve --help` shows
//! all of them, `mailferry settings` the table ([`table`]) that stands in the README.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use lettre::message::Mailbox;
use mailferry_domain::order::Terms;
use mailferry_shared::{secret::Secret, service::Operator};
use url::Url;

pub mod file;
pub mod limits;
pub mod logs;
pub mod mail;
pub mod network;
pub mod oauth;
pub mod operator;
pub mod outgoing;
pub mod parse;
pub mod paypal;
pub mod table;
pub mod terms;

use limits::LimitArgs;
pub use limits::{Limits, Pace};
use logs::LogArgs;
pub use logs::LogFormat;
use mail::MailArgs;
use network::Network;
use oauth::{OauthArgs, OauthSettings};
use operator::{Desk, OperatorArgs};
pub use outgoing::Outgoing;
use outgoing::OutgoingArgs;
use paypal::{PayPalArgs, PayPalSettings};
use terms::TermArgs;

/// What every process of the service needs.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// A file with settings: TOML, a line a setting, named like its flag with `_` for `-`, as workers = 8. Flags and
    /// environment go before it.
    #[arg(long, env = "MAILFERRY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The page's address as people open it; links in mails begin with it [default: http:// and the address listened
    /// to].
    #[arg(long, env = "MAILFERRY_PUBLIC_URL", value_name = "URL", value_parser = parse::public_url)]
    pub public_url: Option<Url>,
    /// Where everything is kept: sqlite:///path/to/file or postgres://user:password@host/name [default: a SQLite file
    /// in the user's data directory].
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = parse::database_url)]
    pub database_url: Option<Secret>,
    /// The file with the key that seals passwords; made at the first start, readable by its owner only [default:
    /// sealing.key in the user's data directory].
    #[arg(long, env = "MAILFERRY_SEALING_KEY_FILE", value_name = "FILE")]
    pub sealing_key_file: Option<PathBuf>,
    /// Mails.
    #[command(flatten)]
    pub mail: MailArgs,
    /// The address guard's openings.
    #[command(flatten)]
    pub outgoing: OutgoingArgs,
    /// Runs, checks and surveys at work at once in this process.
    #[arg(long, env = "MAILFERRY_WORKERS", value_name = "NUMBER", default_value = "4", value_parser = parse::workers)]
    pub workers: usize,
    /// Minutes that a run works at a stretch while others wait who have fewer runs at work: then it hands over by itself and
    /// goes on when its turn comes again.
    #[arg(
        long,
        env = "MAILFERRY_SLICE_MINUTES",
        value_name = "NUMBER",
        default_value = "15",
        value_parser = clap::value_parser!(u16).range(1..=1440)
    )]
    pub slice_minutes: u16,
    /// Address and port of a listener for Prometheus, as 127.0.0.1:9464; it tells numbers only, but keep it private.
    #[arg(long, env = "MAILFERRY_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = parse::metrics_listen)]
    pub metrics_listen: Option<SocketAddr>,
    /// Connections to one mail server at once, of all runs and all processes together.
    #[arg(
        long,
        env = "MAILFERRY_CONNECTIONS_PER_HOST",
        value_name = "NUMBER",
        default_value = "40",
        value_parser = parse::connections_per_host
    )]
    pub connections_per_host: u32,
    /// How long a worker that says nothing keeps a run, 3 to 300 seconds; everything that waits for workers follows from it
    #[arg(
        long,
        env = "MAILFERRY_LEASE_SECONDS",
        value_name = "NUMBER",
        default_value = "30",
        value_parser = clap::value_parser!(u16).range(3..=300)
    )]
    pub lease_seconds: u16,
    /// Logs.
    #[command(flatten)]
    pub logs: LogArgs,
    /// How much there may be.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How long things last.
    #[command(flatten)]
    pub terms: TermArgs,
    /// Access tokens.
    #[command(flatten)]
    pub oauth: OauthArgs,
    /// Payments.
    #[command(flatten)]
    pub paypal: PayPalArgs,
    /// Who runs the service.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

/// What the service's HTTP side needs besides.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "MAILFERRY_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080",
        value_parser = parse::listen
    )]
    pub listen: SocketAddr,
    /// Networks of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
    #[arg(
        long,
        env = "MAILFERRY_TRUST_PROXY",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = parse::trust_proxy
    )]
    pub trust_proxy: Vec<Network>,
    /// Multiplies every limit of how fast one may ask.
    #[arg(long, env = "MAILFERRY_RATE_FACTOR", value_name = "NUMBER", default_value = "1", value_parser = parse::rate_factor)]
    pub rate_factor: u32,
    /// The settings of every process.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// A setting whose value cannot be used: the process ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingError {
    /// The environment variable.
    pub setting: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Everything that can be set, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; a worker does not.
    pub listen: SocketAddr,
    /// Whose X-Forwarded headers are believed.
    pub trust_proxy: Vec<Network>,
    /// The page's address, without a final slash.
    pub public_url: String,
    /// The database.
    pub database_url: Secret,
    /// The key file.
    pub sealing_key_file: PathBuf,
    /// The way out for mails.
    pub smtp_url: Option<Secret>,
    /// Their sender.
    pub mail_from: Mailbox,
    /// The address guard's openings.
    pub outgoing: Outgoing,
    /// Where numbers are told, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Jobs at once.
    pub workers: usize,
    /// How long a run works at a stretch while others wait.
    pub slice: Duration,
    /// Connections to one mail server at once.
    pub connections_per_host: u32,
    /// How long a worker that says nothing keeps a run.
    pub lease: Duration,
    /// How long things last.
    pub terms: Terms,
    /// Where access tokens are fetched.
    pub oauth: OauthSettings,
    /// PayPal, if payments are offered.
    pub paypal: Option<PayPalSettings>,
    /// Who runs the service.
    pub operator: Operator,
    /// Where the operator is told of requests.
    pub desk: Desk,
    /// How fast and how much.
    pub limits: Limits,
}

impl Settings {
    /// The settings of a service.
    ///
    /// # Errors
    /// [`SettingError`] if there is no place to keep data in.
    pub fn from_serve(args: &ServeArgs) -> Result<Self, SettingError> {
        let mut settings = Self::from_common(&args.common, args.listen)?;
        settings.limits.factor = args.rate_factor;
        settings.trust_proxy.clone_from(&args.trust_proxy);
        Ok(settings)
    }

    /// The settings of a process that answers no requests.
    ///
    /// # Errors
    /// [`SettingError`] if there is no place to keep data in.
    pub fn from_worker(args: &CommonArgs) -> Result<Self, SettingError> {
        Self::from_common(args, SocketAddr::from(([127, 0, 0, 1], 8080)))
    }

    fn from_common(args: &CommonArgs, listen: SocketAddr) -> Result<Self, SettingError> {
        let database_url = match &args.database_url {
            Some(url) => url.clone(),
            None => Secret::new(format!("sqlite://{}", data_file("DATABASE_URL", "mailferry.sqlite")?.display())),
        };
        let sealing_key_file = match &args.sealing_key_file {
            Some(file) => file.clone(),
            None => data_file("MAILFERRY_SEALING_KEY_FILE", "sealing.key")?,
        };
        let public_url = args.public_url.as_ref().map_or_else(|| own_url(listen), ToString::to_string);
        Ok(Self {
            listen,
            trust_proxy: Vec::new(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            database_url,
            sealing_key_file,
            smtp_url: args.mail.smtp_url.clone(),
            mail_from: args.mail.mail_from.clone(),
            outgoing: Outgoing::from(&args.outgoing),
            metrics_listen: args.metrics_listen,
            workers: args.workers,
            slice: Duration::from_secs(60 * u64::from(args.slice_minutes)),
            connections_per_host: args.connections_per_host,
            lease: Duration::from_secs(args.lease_seconds.into()),
            terms: args.terms.terms()?,
            oauth: OauthSettings::from(&args.oauth),
            paypal: args.paypal.settings()?,
            operator: args.operator.operator(),
            desk: args.operator.desk(),
            limits: Limits::from(&args.limits),
        })
    }

    /// Says in the log which guards are open.
    pub fn log_openings(&self) {
        self.outgoing.log_openings();
        for (setting, url, usual) in self.oauth.named() {
            if url.as_str() != usual {
                tracing::warn!(%url, "{setting} names another token service");
            }
        }
        if let Some(paypal) = &self.paypal {
            if paypal.webhook_id.is_none() {
                tracing::warn!("MAILFERRY_PAYPAL_WEBHOOK_ID is not set: PayPal's notifications are not believed");
            }
            tracing::info!(api = %paypal.url, "payments by PayPal are offered");
        }
        if self.operator.name.is_none() || self.operator.contact.is_none() {
            tracing::warn!("MAILFERRY_OPERATOR or MAILFERRY_OPERATOR_CONTACT is not set: the terms name nobody");
        }
        if self.smtp_url.is_none() {
            tracing::warn!("MAILFERRY_SMTP_URL is not set: status mails are kept and not sent");
        }
    }
}

fn own_url(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        format!("http://localhost:{}", listen.port())
    } else {
        format!("http://{listen}")
    }
}

/// A file in the user's data directory (XDG base directory specification).
fn data_file(setting: &'static str, name: &str) -> Result<PathBuf, SettingError> {
    let absolute = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("mailferry").join(name))
        .ok_or_else(|| SettingError {
            setting,
            reason: "not set, and HOME names no directory to keep it in".to_owned(),
        })
}

#[cfg(test)]
mod tests;
