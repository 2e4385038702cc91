//! Logs. The IMAP library's own are capped: at trace it would print passwords. Whatever looks like a mail address is
//! covered on the way out, since servers like to repeat one in what they answer.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::{
    EnvFilter, Layer, filter,
    fmt::MakeWriter,
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
    // A second start in one process, as in tests, keeps the first.
    start_into(log, format, io::stderr().is_terminal(), io::stderr).map(drop)
}

/// Starts logging into `writer`, with colours if `ansi`; false if this process logs already, and goes on as it did.
///
/// # Errors
/// [`SettingError`] if the filter cannot be read.
pub fn start_into<W>(log: &str, format: LogFormat, ansi: bool, writer: W) -> Result<bool, SettingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = EnvFilter::builder()
        .parse(log)
        .map_err(|error| SettingError { setting: "MAILFERRY_LOG", reason: error.to_string() })?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(ansi).with_writer(Covering(writer));
    let lines: Box<dyn Layer<Layered<EnvFilter, Registry>> + Send + Sync> = match format {
        LogFormat::Text => lines.with_filter(filter::filter_fn(is_harmless)).boxed(),
        LogFormat::Json => lines.json().with_filter(filter::filter_fn(is_harmless)).boxed(),
    };
    Ok(tracing_subscriber::registry().with(wanted).with(lines).try_init().is_ok())
}

/// Covers mail addresses in what is written through it: a line at a time, as the log comes.
struct Covering<W>(W);

impl<W: Write> Write for Covering<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match covered(line) {
            Some(covered) => self.0.write_all(&covered)?,
            None => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The line with `…@…` for every mail address; `None` if it has none.
fn covered(line: &[u8]) -> Option<Vec<u8>> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b".!#$%&'*+-/=?^_`|~".contains(byte);
    let mut covered = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.iter().position(|byte| *byte == b'@') {
        let before = rest[..at].iter().rev().take_while(|byte| is_part(byte)).count();
        let after = rest[at + 1..].iter().take_while(|byte| is_part(byte)).count();
        covered.extend_from_slice(&rest[..at - before]);
        covered.extend_from_slice(if before > 0 && after > 0 {
            "…@…".as_bytes()
        } else {
            &rest[at - before..=at + after]
        });
        rest = &rest[at + 1 + after..];
    }
    covered.extend_from_slice(rest);
    (rest.len() < line.len()).then_some(covered)
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Covering<W> {
    type Writer = Covering<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Covering(self.0.make_writer())
    }
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
    fn mail_addresses_are_covered_wherever_they_stand() {
        let text = |line: &str| covered(line.as_bytes()).map(|line| String::from_utf8(line).expect("UTF-8"));
        assert_eq!(text("no address at all"), None);
        let line = r#"{"error":"550 <anna+x@old.example>: no such user, ask jörg@größe.example"}"#;
        assert_eq!(text(line).expect("some"), r#"{"error":"550 <…@…>: no such user, ask …@…"}"#);
        assert_eq!(text("a @ b, x@, @y and c@d").expect("some"), "a @ b, x@, @y and …@…");
    }

    #[test]
    fn the_imap_library_is_silent_below_warn() {
        assert!(!is_harmless_target("async_imap::imap_stream", Level::TRACE));
        assert!(!is_harmless_target("imap_proto", Level::INFO));
        assert!(is_harmless_target("async_imap", Level::WARN));
        assert!(is_harmless_target("async_imap_like", Level::TRACE));
    }
}
