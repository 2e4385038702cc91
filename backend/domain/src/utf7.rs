//! Modified UTF-7, the spelling of folder names in IMAP (RFC 3501 section 5.1.3).

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The text is not modified UTF-7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name is not modified UTF-7")]
pub struct NotUtf7;

/// Spells `text` in modified UTF-7.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut foreign: Vec<u8> = Vec::new();
    for c in text.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut out, &mut foreign);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                foreign.extend(unit.to_be_bytes());
            }
        }
    }
    flush(&mut out, &mut foreign);
    out
}

fn flush(out: &mut String, foreign: &mut Vec<u8>) {
    if !foreign.is_empty() {
        out.push('&');
        BASE64.encode_string(&foreign, out);
        out.push('-');
        foreign.clear();
    }
}

/// Reads modified UTF-7. Characters outside ASCII, which some servers send as they are, are taken as they are.
///
/// # Errors
/// [`NotUtf7`] if a shifted part does not end, or is not UTF-16 in base 64.
pub fn decode(name: &str) -> Result<String, NotUtf7> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let shifted = &rest[start + 1..];
        let end = shifted.find('-').ok_or(NotUtf7)?;
        if end == 0 {
            out.push('&');
        } else {
            out.push_str(&decode_shifted(&shifted[..end])?);
        }
        rest = &shifted[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn decode_shifted(text: &str) -> Result<String, NotUtf7> {
    let bytes = BASE64.decode(text).map_err(|_| NotUtf7)?;
    if bytes.len() % 2 != 0 {
        return Err(NotUtf7);
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| NotUtf7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc_and_of_real_servers_hold() {
        for (text, name) in [
            ("INBOX", "INBOX"),
            ("Größe & Maß", "Gr&APYA3w-e &- Ma&AN8-"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
        ] {
            assert_eq!(encode(text), name);
            assert_eq!(decode(name).expect("valid"), text);
        }
    }

    #[test]
    fn what_is_not_modified_utf7_is_refused() {
        for name in ["&", "&AP", "&AP*-", "&2D0-"] {
            assert_eq!(decode(name), Err(NotUtf7), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_its_spelling_is_printable_ascii(text in any::<String>()) {
            let name = encode(&text);
            prop_assert!(name.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(decode(&name).expect("valid"), text);
        }

        #[test]
        fn no_input_makes_decode_panic(name in any::<String>()) {
            let _ = decode(&name);
        }
    }
}
