//! What is logged, and how.

use clap::Args;

use super::parse;

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged, as tracing's filters: info, or mailferry_server=debug,info.
    #[arg(long, env = "MAILFERRY_LOG", value_name = "FILTER", default_value = "info", value_parser = parse::log_filter)]
    pub log: String,
    /// Log lines as text or as JSON.
    #[arg(long, env = "MAILFERRY_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
