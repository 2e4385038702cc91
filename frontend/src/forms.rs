//! What was typed → the API's types, or an error to show beside the field.

use mailferry_shared::{
    address::{AddressError, MailAddress},
    endpoint::{Endpoint, HostName, TlsMode},
    problem::Problem,
};

use crate::{i18n, t};

/// The largest file of accounts, bytes.
pub const MAX_FILE_BYTES: usize = 10_000_000;

/// Errors of a server's fields, as texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerErrors {
    /// Beside the host.
    pub host: Option<&'static str>,
    /// Beside the port.
    pub port: Option<&'static str>,
}

/// Reads a server's fields.
pub fn server(host: &str, port: &str, tls: TlsMode) -> Result<Endpoint, ServerErrors> {
    let host_error = if host.trim().is_empty() { t!("server.host_missing") } else { t!("server.host_invalid") };
    let host = host.parse::<HostName>().map_err(|_| host_error);
    let port = port.trim().parse::<u16>().ok().filter(|port| *port > 0).ok_or(t!("server.port_invalid"));
    match (host, port) {
        (Ok(host), Ok(port)) => Ok(Endpoint::new(host, port, tls)),
        (host, port) => Err(ServerErrors { host: host.err(), port: port.err() }),
    }
}

/// The usual port of a TLS mode.
pub fn usual_port(tls: TlsMode) -> u16 {
    match tls {
        TlsMode::Implicit => 993,
        TlsMode::Starttls | TlsMode::Plaintext => 143,
    }
}

/// The name of a TLS mode in JSON and in forms.
pub fn tls_name(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Implicit => "implicit",
        TlsMode::Starttls => "starttls",
        TlsMode::Plaintext => "plaintext",
    }
}

/// The TLS mode of a name; an unknown one means TLS from the start.
pub fn tls_of_name(name: &str) -> TlsMode {
    match name {
        "starttls" => TlsMode::Starttls,
        "plaintext" => TlsMode::Plaintext,
        _ => TlsMode::Implicit,
    }
}

/// Reads a mail address.
pub fn address(text: &str) -> Result<MailAddress, &'static str> {
    text.parse::<MailAddress>().map_err(|error| match error {
        AddressError::Empty => t!("address.empty"),
        AddressError::Shape => t!("address.shape"),
        AddressError::Local => t!("address.local"),
        AddressError::Domain => t!("address.domain"),
    })
}

/// No limit of ours: how large a message may be, the service says.
const MAX_MEGABYTES: u64 = 1_000_000_000;

/// Reads a size in whole megabytes; gives bytes.
pub fn megabytes(text: &str) -> Result<u64, &'static str> {
    text.trim()
        .parse::<u64>()
        .ok()
        .filter(|megabytes| (1..=MAX_MEGABYTES).contains(megabytes))
        .map(|megabytes| megabytes * 1_000_000)
        .ok_or(t!("options.max_size_invalid"))
}

/// The lines of a text, without blank ones and blanks around them.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The bytes of a file of accounts in Base64, for the service to read, whatever their encoding is; what the user should do
/// if it cannot be one.
pub fn account_file(bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(t!("import.file_too_large"));
    }
    // A spreadsheet, or another archive.
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(t!("import.file_not_text"));
    }
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bare.trim_ascii().is_empty() {
        return Err(t!("import.file_empty"));
    }
    Ok(base64(bytes))
}

/// `bytes` in Base64 (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let word = part(0) << 16 | part(1) << 8 | part(2);
        for digit in 0..4 {
            let is_there = digit <= chunk.len();
            let at = (word >> (18 - 6 * digit) & 63) as usize;
            text.push(if is_there { char::from(DIGITS[at]) } else { '=' });
        }
    }
    text
}

/// What a problem says about the field at `pointer` (JSON pointer) or below it.
pub fn field_message(problem: &Problem, pointer: &str) -> Option<String> {
    problem
        .errors
        .iter()
        .find(|error| error.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        .map(|error| i18n::field_text(&error.pointer, &error.message))
}

#[cfg(test)]
mod tests {
    use mailferry_shared::problem::ProblemCode;

    use super::*;

    #[test]
    fn a_server_needs_a_host_and_a_port() {
        let endpoint = server(" Imap.Example.org ", "993", TlsMode::Implicit).expect("valid");
        assert_eq!(endpoint.to_string(), "imap.example.org:993");
        let errors = server("", "0", TlsMode::Implicit).expect_err("both wrong");
        assert!(errors.host.is_some() && errors.port.is_some());
        assert_eq!(server("imap.example.org", "x", TlsMode::Starttls).expect_err("port").host, None);
        assert_eq!(
            server("imap example", "70000", TlsMode::Starttls).expect_err("host").host,
            Some(t!("server.host_invalid"))
        );
    }

    #[test]
    fn tls_modes_have_names_that_lead_back() {
        for tls in [TlsMode::Implicit, TlsMode::Starttls, TlsMode::Plaintext] {
            assert_eq!(tls_of_name(tls_name(tls)), tls);
            assert_eq!(serde_json::to_value(tls).expect("json"), tls_name(tls));
        }
    }

    #[test]
    fn a_file_of_any_encoding_is_taken_and_what_cannot_be_one_is_named() {
        assert_eq!(account_file(b"foobar"), Ok("Zm9vYmFy".to_owned()));
        assert_eq!(account_file(&[b'M', 0xfc, b'l']).as_deref(), Ok("Tfxs"));
        assert_eq!(account_file(&[0xff, 0xfe, b'a', 0]).as_deref(), Ok("//5hAA=="));
        assert_eq!(account_file(&[]), Err(t!("import.file_empty")));
        assert_eq!(account_file("\u{feff} \r\n".as_bytes()), Err(t!("import.file_empty")));
        assert_eq!(account_file(b"PK\x03\x04\0\0"), Err(t!("import.file_not_text")));
        assert_eq!(account_file(&vec![b'a'; MAX_FILE_BYTES + 1]), Err(t!("import.file_too_large")));
    }

    #[test]
    fn bytes_become_base64() {
        // The examples of RFC 4648 section 10.
        let examples = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, expected) in examples.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), expected);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }

    #[test]
    fn sizes_and_lines_are_read_as_typed() {
        assert_eq!(megabytes(" 50 "), Ok(50_000_000));
        assert!(megabytes("0").is_err() && megabytes("a lot").is_err() && megabytes("-1").is_err());
        assert_eq!(lines(" Old \n\n Spam/2019\r\n"), ["Old", "Spam/2019"]);
    }

    #[test]
    fn a_field_error_is_found_by_its_pointer_or_from_its_parent() {
        let problem = Problem::new(ProblemCode::InvalidField, "").with_field("/source/endpoint/host", "no such host");
        assert_eq!(field_message(&problem, "/source/endpoint").as_deref(), Some("no such host"));
        assert_eq!(field_message(&problem, "/source/end"), None);
        assert_eq!(field_message(&problem, "/destination"), None);
    }
}
