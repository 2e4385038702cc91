//! Folder names: modified UTF-7 (RFC 3501 section 5.1.3), encoding only.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// `name` as it stands on the wire and on the disk.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut pending: Vec<u8> = Vec::new();
    for letter in name.chars() {
        if (' '..='~').contains(&letter) {
            flush(&mut pending, &mut out);
            out.push(letter);
            if letter == '&' {
                out.push('-');
            }
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                pending.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut pending, &mut out);
    out
}

fn flush(pending: &mut Vec<u8>, out: &mut String) {
    if !pending.is_empty() {
        out.push('&');
        out.push_str(&STANDARD_NO_PAD.encode(&*pending).replace('/', ","));
        out.push('-');
        pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_are_encoded_as_the_rfc_shows() {
        assert_eq!(encode("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(encode("Größe & Maß"), "Gr&APYA3w-e &- Ma&AN8-");
    }
}
