//! What is fed to the fuzzer (`make fuzz`), and to the tests for what it found: everything that reads bytes of a server
//! or of a user's file. Each function panics if it finds a fault.

use mailferry_domain::{
    account_file, attachment, autoconfig, header, mx,
    oauth::{Grant, RefreshGrant, read_answer},
    print::{self, Fingerprint},
    repair::{Repair, Repairer, repaired},
    said, sending, subject, utf7,
};
use mailferry_shared::{oauth::OauthProvider, secret::Secret};

use crate::{imap, net};

/// A function that takes any bytes, by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Everything that is fuzzed.
pub const TARGETS: [Target; 14] = [
    ("guard", imap::fuzz::guard),
    ("lines", imap::fuzz::lines),
    ("login", imap::fuzz::login),
    ("reading", imap::fuzz::reading),
    ("asking", imap::fuzz::asking),
    ("writing", imap::fuzz::writing),
    ("deflate", net::fuzz_deflate),
    ("certificate", net::fuzz_certificate),
    ("message", message),
    ("names", names),
    ("autoconfig", autoconfig_file),
    ("records", records),
    ("token", token),
    ("account_file", accounts),
];

/// Header, subject, fingerprint, what it says and repairs.
fn message(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let _ = (header::message_id(bytes), header::date(bytes));
    assert!(subject::subject(bytes).is_none_or(|subject| !subject.contains(char::is_control)));
    let head = &bytes[..print::body_offset(bytes)];
    let fields = print::fields(head);
    assert_eq!(print::field_hashes(head), fields.iter().map(|field| field.hash).collect::<Vec<_>>());
    let _ = (said::fields(head), said::subject(head), said::parts(bytes));
    let print = Fingerprint { body: [*piece; print::BODY_HASH_BYTES], fields: print::field_hashes(head) };
    assert_eq!(Fingerprint::from_bytes(&print.to_bytes()), Some(print.clone()));
    assert_eq!(print::changes(&print, &print.body, &fields), [print::Change::LineEnds]);
    let _ = Fingerprint::from_bytes(bytes);
    for last in Repair::OF_BYTES {
        let whole = repaired(bytes, last);
        let (mut repairer, mut out) = (Repairer::new(last), Vec::new());
        bytes.chunks(usize::from(*piece).max(1)).for_each(|piece| repairer.push(piece, &mut out));
        repairer.finish(&mut out);
        assert_eq!(whole, out, "pieces do not matter");
        assert_eq!(repaired(&whole, last), whole, "what is repaired needs no repair: {last:?}");
    }
}

/// Modified UTF-7.
fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert_eq!(utf7::decode(&utf7::encode(text)).ok().as_deref(), Some(text));
    if let Ok(decoded) = utf7::decode(text) {
        assert_eq!(utf7::decode(&utf7::encode(&decoded)).ok(), Some(decoded));
    }
}

/// The file in which a mail service tells its settings.
fn autoconfig_file(data: &[u8]) {
    drop(autoconfig::parse(data, "example.org"));
}

/// What the DNS says of a domain, a text a line.
fn records(data: &[u8]) {
    let texts: Vec<String> = String::from_utf8_lossy(data).lines().map(str::to_owned).collect();
    let _ = (sending::has_dkim_key(&texts), sending::spf_state(&texts, Some("include:example.org")));
    let _ = sending::spf_state(&sending::spf_records(texts.clone()), Some("mx"));
    for pair in texts.windows(2) {
        let _ = (mx::is_at(&pair[0], Some(&pair[1])), mx::fits(&pair[0], &pair[1]));
        drop(mx::domain_of(&pair[0], Some(&pair[1])));
    }
}

/// The answer of a token service. The first byte says of which one, and whether it is a refusal.
fn token(data: &[u8]) {
    let Some((way, body)) = data.split_first() else { return };
    let grant = Grant::Refresh(RefreshGrant {
        provider: if way & 1 == 0 { OauthProvider::Google } else { OauthProvider::Microsoft },
        tenant: "common".to_owned(),
        client_id: "client".to_owned(),
        client_secret: None,
        refresh_token: Secret::new("token"),
    });
    drop(read_answer(&grant, if way & 2 == 0 { 200 } else { 400 }, body));
}

/// Files that users send: of accounts, contacts, a calendar.
fn accounts(data: &[u8]) {
    drop(account_file::parse(data, None, 100));
    let _ = (attachment::inspect("contacts.vcf", data), attachment::inspect("calendar.ics", data));
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::TARGETS;

    #[test]
    fn what_the_fuzzer_found_stays_mended() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS {
            let mut inputs = 0;
            for file in fs::read_dir(corpus.join(name)).expect(name) {
                target(&fs::read(file.expect("an entry").path()).expect("a file"));
                inputs += 1;
            }
            assert!(inputs > 0, "{name} has something to begin with");
        }
    }
}
