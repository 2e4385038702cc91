//! What a certificate says of itself (X.509, RFC 5280), for people who compare. Whoever made it could write anything: it
//! is shortened, and what would be invisible or would turn the text around becomes a question mark.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use mailferry_shared::certificate::{CertificateFingerprint, ServerCertificate};

use super::der::{Elements, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, text, time};

/// More names than a mail server needs.
const MOST_NAMES: usize = 10;
/// Characters of a name.
const LONGEST_NAME: usize = 100;

/// The SHA-256 of a certificate.
pub(super) fn fingerprint(der: &[u8]) -> CertificateFingerprint {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, der).as_ref());
    CertificateFingerprint::new(sha256)
}

/// What a certificate says of itself; of one that cannot be read, its fingerprint alone.
pub(super) fn describe(der: &[u8]) -> ServerCertificate {
    let unread = ServerCertificate::of(fingerprint(der));
    let Some(told) = Told::read(der) else { return unread };
    let issuer = told.issuer.people();
    ServerCertificate {
        names: told.names(),
        issuer: (!issuer.is_empty()).then_some(issuer),
        not_before: told.validity[0],
        not_after: told.validity[1],
        ..unread
    }
}

/// The parts of a certificate that people compare (RFC 5280 section 4.1).
struct Told<'a> {
    issuer: Name<'a>,
    validity: [Option<DateTime<Utc>>; 2],
    subject: Name<'a>,
    /// The alternative names of the subject; none without the extension.
    alternatives: Elements<'a>,
}

const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = b"\x55\x1d\x11";
/// 2.5.4.3
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// 2.5.4.10
const ORGANISATION: &[u8] = b"\x55\x04\x0a";

impl<'a> Told<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut parts = Elements(der).within(SEQUENCE)?.within(SEQUENCE)?;
        // The serial number, behind the version where there is one, and the algorithm of the signature.
        if parts.next()?.0 == VERSION {
            parts.next()?;
        }
        parts.expect(SEQUENCE)?;
        let issuer = Name(parts.within(SEQUENCE)?);
        let mut times = parts.within(SEQUENCE)?;
        let validity = [times.next()?, times.next()?].map(time);
        let subject = Name(parts.within(SEQUENCE)?);
        let alternatives = parts.find(|(tag, _)| *tag == EXTENSIONS).and_then(|(_, content)| alternatives(content));
        Some(Self { issuer, validity, subject, alternatives: alternatives.unwrap_or(Elements(&[])) })
    }

    /// The hosts that it is for, or else the subject's common name.
    fn names(&self) -> Vec<String> {
        let hosts = self.alternatives.clone().filter_map(|(tag, content)| match tag {
            DNS_NAME => Some(readable(&text((tag, content)))),
            IP_ADDRESS => address(content).map(|address| address.to_string()),
            _ => None,
        });
        let hosts: Vec<String> = hosts.take(MOST_NAMES).collect();
        if hosts.is_empty() { self.subject.attribute(COMMON_NAME).into_iter().collect() } else { hosts }
    }
}

/// The names in the extension for that, if it is there.
fn alternatives(extensions: &[u8]) -> Option<Elements<'_>> {
    let named = |content| {
        let mut extension = Elements(content);
        let is_it = extension.expect(OBJECT_IDENTIFIER)? == ALTERNATIVE_NAMES;
        // A critical one says so in between.
        let (_, value) = extension.find(|(tag, _)| *tag == OCTET_STRING).filter(|_| is_it)?;
        Elements(value).within(SEQUENCE)
    };
    Elements(extensions).within(SEQUENCE)?.find_map(|(_, content)| named(content))
}

/// Who somebody is: sets of attributes (RFC 5280 section 4.1.2.4).
struct Name<'a>(Elements<'a>);

impl Name<'_> {
    /// Common name and organisation.
    fn people(&self) -> String {
        let parts = [COMMON_NAME, ORGANISATION].map(|kind| self.attribute(kind));
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The first attribute of this kind that says anything.
    fn attribute(&self, kind: &[u8]) -> Option<String> {
        let sets = self.0.clone().filter(|(tag, _)| *tag == SET);
        sets.flat_map(|(_, set)| Elements(set)).find_map(|(_, content)| {
            let mut attribute = Elements(content);
            let is_it = attribute.expect(OBJECT_IDENTIFIER)? == kind;
            attribute.next().filter(|_| is_it).map(|value| readable(&text(value))).filter(|text| !text.is_empty())
        })
    }
}

/// So much of a text as can be shown anywhere.
fn readable(text: &str) -> String {
    let visible = |c: char| if c.is_control() || is_invisible(c) { '?' } else { c };
    text.chars().take(LONGEST_NAME).map(visible).collect()
}

/// Characters that take no room, or change the direction of what stands around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Any bytes, for [`crate::fuzz`].
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(data: &[u8]) {
    let told = describe(data);
    assert_eq!(told.fingerprint, fingerprint(data));
    assert!(told.names.len() <= MOST_NAMES);
    for text in told.names.iter().chain(&told.issuer) {
        assert!(text.chars().count() <= 2 * LONGEST_NAME + 2 && !text.contains(char::is_control));
    }
    assert!(told.to_string().len() < 10_000, "{told}");
}

#[cfg(test)]
mod tests {
    use mailferry_lab::SelfSigned;

    use super::*;

    #[test]
    fn names_issuer_and_validity_are_told() {
        // Made by `openssl req -x509`.
        let told = describe(include_bytes!("../../fuzz/corpus/certificate/plain"));
        assert_eq!(told.names, ["imap.old.example", "10.0.0.1", "fe80::1"], "and no mail address");
        assert_eq!(told.issuer.as_deref(), Some("imap.old.example, Old, Inc"));
        let years = told.not_after.zip(told.not_before).map(|(end, begin)| (end - begin).num_days() / 365);
        assert_eq!(years, Some(10), "{told}");
    }

    #[test]
    fn without_alternative_names_the_common_name_is_told() {
        let made = SelfSigned::new(&[], "mail.cellar.example").expect("a certificate");
        assert_eq!(describe(&made.certificate).names, ["mail.cellar.example"]);
    }

    #[test]
    fn of_what_is_no_certificate_the_fingerprint_alone_is_told() {
        let made = SelfSigned::new(&["a.example"], "a").expect("a certificate").certificate;
        for end in 0..made.len() {
            let told = describe(&made[..end]);
            assert_eq!(told, ServerCertificate::of(fingerprint(&made[..end])), "{end} bytes");
        }
        assert_eq!(describe(b"").fingerprint.to_string()[..8], *"e3b0c442");
    }
}
