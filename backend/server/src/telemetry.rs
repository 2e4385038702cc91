//! Logs. The IMAP library's own are capped: at trace it would print passwords.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    EnvFilter, Layer, filter,
    layer::{Layered, SubscriberExt},
    registry::Registry,
    util::SubscriberInitExt,
};

use crate::settings::{LogFormat, SettingError};

/// Targets that are never logged below warn, whatever the setting says.
const CAPPED: [&str; 2] = ["async_imap", "imap_proto"];

/// Starts logging to standard error.
///
/// # Errors
/// [`SettingError`] if the filter cannot be read.
pub fn start(log: &str, format: LogFormat) -> Result<(), SettingError> {
    let wanted = EnvFilter::builder()
        .parse(log)
        .map_err(|error| SettingError { setting: "MAILFERRY_LOG", reason: error.to_string() })?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    let lines: Box<dyn Layer<Layered<EnvFilter, Registry>> + Send + Sync> = match format {
        LogFormat::Text => lines.with_filter(filter::filter_fn(is_harmless)).boxed(),
        LogFormat::Json => lines.json().with_filter(filter::filter_fn(is_harmless)).boxed(),
    };
    // A second start in one process, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(wanted).with(lines).try_init();
    Ok(())
}

fn is_harmless(metadata: &tracing::Metadata<'_>) -> bool {
    is_harmless_target(metadata.target(), *metadata.level())
}

fn is_harmless_target(target: &str, level: tracing::Level) -> bool {
    let capped = CAPPED.iter().any(|name| target == *name || target.starts_with(&format!("{name}::")));
    !capped || level <= tracing::Level::WARN
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_imap_library_is_silent_below_warn() {
        assert!(!is_harmless_target("async_imap::imap_stream", Level::TRACE));
        assert!(!is_harmless_target("imap_proto", Level::INFO));
        assert!(is_harmless_target("async_imap", Level::WARN));
        assert!(is_harmless_target("async_imap_like", Level::TRACE));
    }
}
