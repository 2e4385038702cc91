//! Connections to the world: openings in the address guard, the resolver, and whom to trust.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, builder::BoolishValueParser};
use mailferry_domain::discovery::Ports;

use super::{network::Network, parse};

/// Openings in the address guard of outgoing connections, and what belongs to it.
#[derive(Debug, Clone, Args)]
pub struct OutgoingArgs {
    /// Private networks that may be connected to, as 10.1.0.0/16,fd00::/8: an opening in the address guard.
    #[arg(
        long,
        env = "MAILFERRY_ALLOW_NETWORKS",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = parse::allow_network
    )]
    pub allow_networks: Vec<Network>,
    /// Ports besides 143 and 993 that may be connected to, as 1143,1993: an opening in the address guard.
    #[arg(
        long,
        env = "MAILFERRY_ALLOW_PORTS",
        value_name = "PORTS",
        value_delimiter = ',',
        value_parser = parse::allow_port
    )]
    pub allow_ports: Vec<u16>,
    /// Permit IMAP without TLS.
    #[arg(
        long,
        env = "MAILFERRY_ALLOW_PLAINTEXT",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = BoolishValueParser::new()
    )]
    pub allow_plaintext: bool,
    /// The DNS resolver, as 192.0.2.53 or 192.0.2.53:5353 [default: the system's].
    #[arg(long, env = "MAILFERRY_DNS", value_name = "ADDRESS", value_parser = parse::dns)]
    pub dns: Option<SocketAddr>,
    /// Certificate authorities to trust besides the public ones, PEM.
    #[arg(long, env = "MAILFERRY_CA_FILE", value_name = "FILE", value_parser = parse::ca_file)]
    pub ca_file: Option<PathBuf>,
}

/// Openings in the address guard of outgoing connections, and what belongs to it.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Private networks that may be connected to.
    pub networks: Vec<Network>,
    /// Ports besides 143 and 993.
    pub ports: Vec<u16>,
    /// IMAP without TLS is permitted.
    pub plaintext: bool,
    /// The resolver; `None`: the system's.
    pub dns: Option<SocketAddr>,
    /// More certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// Where a search for a mail service's settings knocks: other ports than the world's in tests only.
    pub discovery_ports: Ports,
}

impl From<&OutgoingArgs> for Outgoing {
    fn from(args: &OutgoingArgs) -> Self {
        Self {
            networks: args.allow_networks.clone(),
            ports: args.allow_ports.clone(),
            plaintext: args.allow_plaintext,
            dns: args.dns,
            ca_file: args.ca_file.clone(),
            discovery_ports: Ports::default(),
        }
    }
}

impl Outgoing {
    /// Says in the log which guards are open.
    pub(super) fn log_openings(&self) {
        let Outgoing { networks, ports, plaintext, dns, ca_file, .. } = self;
        if !networks.is_empty() {
            let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
            tracing::warn!(networks = networks.join(","), "MAILFERRY_ALLOW_NETWORKS opens the address guard");
        }
        if !ports.is_empty() {
            tracing::warn!(?ports, "MAILFERRY_ALLOW_PORTS opens the address guard");
        }
        if *plaintext {
            tracing::warn!("MAILFERRY_ALLOW_PLAINTEXT permits IMAP without TLS");
        }
        if let Some(file) = ca_file {
            tracing::warn!(file = %file.display(), "MAILFERRY_CA_FILE adds trusted certificate authorities");
        }
        if let Some(resolver) = dns {
            tracing::info!(%resolver, "MAILFERRY_DNS names the resolver");
        }
    }
}
