//! The file in which a mail service tells its settings (Mozilla's config-v1.1.xml): bytes in, IMAP servers out.
//!
//! The file comes from a stranger: its size is bounded, document type definitions (and with them entities) are refused,
//! and servers without TLS are left out.

use mailferry_shared::{
    endpoint::{Endpoint, HostName, TlsMode},
    provider::LoginForm,
};
use roxmltree::{Document, Node, ParsingOptions};

/// The largest file, bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Nodes that are read at most.
const MAX_NODES: u32 = 4_000;
/// Deeper elements than any such file has.
const MAX_DEPTH: usize = 32;
/// Servers that are taken from one file.
const MAX_SERVERS: usize = 4;
/// Characters of the provider's name that are kept.
const MAX_NAME_CHARS: usize = 80;

/// An IMAP server that the file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The provider's name.
    pub name: Option<String>,
    /// The server.
    pub endpoint: Endpoint,
    /// What it wants as the login name.
    pub login: LoginForm,
    /// True if it takes OAuth 2 and no password.
    pub oauth_only: bool,
}

/// Why a file tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AutoconfigError {
    /// Larger than [`MAX_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// No XML, or XML of a kind that is not read.
    #[error("the file is not XML that can be read")]
    NotXml,
    /// It names no IMAP server with TLS.
    #[error("the file names no IMAP server with TLS")]
    NoServer,
}

/// Reads a file for mail addresses of `domain`.
///
/// # Errors
/// [`AutoconfigError`].
pub fn parse(bytes: &[u8], domain: &str) -> Result<Vec<Told>, AutoconfigError> {
    if bytes.len() > MAX_BYTES {
        return Err(AutoconfigError::TooLarge);
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if is_too_deep(text) {
        return Err(AutoconfigError::NotXml);
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| AutoconfigError::NotXml)?;
    let mut told: Vec<Told> = Vec::new();
    for server in document.descendants().filter(|node| node.has_tag_name("incomingServer")) {
        let is_new = |one: &Told| told.iter().all(|other| other.endpoint != one.endpoint);
        if let Some(one) = server_of(server, domain).filter(is_new) {
            told.push(one);
        }
    }
    told.truncate(MAX_SERVERS);
    if told.is_empty() { Err(AutoconfigError::NoServer) } else { Ok(told) }
}

/// Counts tags without reading them, before a parser is given them.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0usize;
    for (at, _) in text.match_indices('<') {
        match text.as_bytes().get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') => {}
            _ if text[at..].split('>').next().is_some_and(|tag| tag.ends_with('/')) => {}
            _ => depth += 1,
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

fn server_of(server: Node<'_, '_>, domain: &str) -> Option<Told> {
    if !server.attribute("type")?.eq_ignore_ascii_case("imap") {
        return None;
    }
    let text = |name| child(server, name).and_then(|node| node.text()).map(str::trim);
    let host: HostName = text("hostname")?.replace("%EMAILDOMAIN%", domain).parse().ok()?;
    let tls = match text("socketType")?.to_ascii_uppercase().as_str() {
        "SSL" => TlsMode::Implicit,
        "STARTTLS" => TlsMode::Starttls,
        // Never silent plaintext.
        _ => return None,
    };
    let port: u16 = text("port")?.parse().ok().filter(|port| *port > 0)?;
    let login = match text("username") {
        Some("%EMAILLOCALPART%") => LoginForm::LocalPart,
        _ => LoginForm::Address,
    };
    let ways: Vec<&str> = children(server, "authentication").filter_map(|node| node.text()).map(str::trim).collect();
    let oauth_only = !ways.is_empty() && ways.iter().all(|way| way.eq_ignore_ascii_case("OAuth2"));
    let provider = server.ancestors().find(|node| node.has_tag_name("emailProvider"))?;
    let name = child(provider, "displayName").and_then(|node| node.text()).map(name_of);
    Some(Told {
        name: name.filter(|name| !name.is_empty()),
        endpoint: Endpoint::new(host, port, tls),
        login,
        oauth_only,
    })
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// A name for people, in one short line.
fn name_of(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="old.example">
    <domain>old.example</domain>
    <displayName>Old
      Mail</displayName>
    <incomingServer type="pop3"><hostname>pop.old.example</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
    <incomingServer type="imap">
      <hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
      <username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>imap.old.example</hostname><port>143</port><socketType>STARTTLS</socketType>
      <username>%EMAILADDRESS%</username><authentication>OAuth2</authentication>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>imap.old.example</hostname><port>143</port><socketType>plain</socketType><username>x</username>
    </incomingServer>
    <outgoingServer type="smtp"><hostname>smtp.old.example</hostname></outgoingServer>
  </emailProvider>
</clientConfig>"#;

    #[test]
    fn imap_servers_with_tls_are_told_in_the_files_order() {
        let told = parse(USUAL.as_bytes(), "old.example").expect("servers");
        let places: Vec<String> = told.iter().map(|one| format!("{} {:?}", one.endpoint, one.endpoint.tls)).collect();
        assert_eq!(places, ["imap.old.example:993 Implicit", "imap.old.example:143 Starttls"]);
        assert_eq!(told[0].name.as_deref(), Some("Old Mail"));
        assert_eq!((told[0].login, told[1].login), (LoginForm::LocalPart, LoginForm::Address));
        assert_eq!((told[0].oauth_only, told[1].oauth_only), (false, true));
    }

    #[test]
    fn entities_and_external_files_are_not_looked_at() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><clientConfig>&b;</clientConfig>"#;
        let file = r#"<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><clientConfig>&f;</clientConfig>"#;
        for text in [bomb, file, "<clientConfig>&undeclared;</clientConfig>"] {
            assert_eq!(parse(text.as_bytes(), "x.example"), Err(AutoconfigError::NotXml), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_too_deep_or_no_such_file_is_refused() {
        assert_eq!(parse(&vec![b' '; MAX_BYTES + 1], "x.example"), Err(AutoconfigError::TooLarge));
        assert_eq!(parse("<a>".repeat(20_000).as_bytes(), "x.example"), Err(AutoconfigError::NotXml));
        assert_eq!(parse(b"<html><body>Not found</body></html>", "x.example"), Err(AutoconfigError::NoServer));
        assert_eq!(parse(b"<html><br>Not found", "x.example"), Err(AutoconfigError::NotXml));
        assert_eq!(parse(b"", "x.example"), Err(AutoconfigError::NotXml));
    }

    #[test]
    fn a_host_that_is_none_and_a_port_of_zero_are_left_out() {
        for (from, to) in
            [("imap.%EMAILDOMAIN%", "http://x/"), ("<port>993<", "<port>0<"), ("<port>993<", "<port>99999<")]
        {
            let told = parse(USUAL.replace(from, to).as_bytes(), "old.example").expect("the other server");
            assert_eq!(told.len(), 1, "{to}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes, "x.example");
        }

        #[test]
        fn no_broken_file_makes_it_panic(cut in 0usize..1_400, put in "[<>&;\"/a !?\\[\\]-]{0,6}") {
            let mut text = USUAL.to_owned();
            let at = cut.min(text.len());
            text.insert_str(at, &put);
            let _ = parse(text.as_bytes(), "x.example");
            let _ = parse(&text.as_bytes()[..at], "x.example");
        }
    }
}
