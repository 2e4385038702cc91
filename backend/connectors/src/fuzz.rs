//! What is fed to the fuzzer (`make fuzz`), and to the tests for what it found: everything that reads bytes of a server
//! or of a user's file. Each function panics if it finds a fault.

use mailferry_domain::{
    account_file, header,
    print::{self, Fingerprint},
    repair::{Repair, Repairer, repaired},
    utf7,
};

use crate::imap;

/// A function that takes any bytes, by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Everything that is fuzzed.
pub const TARGETS: [Target; 7] = [
    ("guard", imap::fuzz::guard),
    ("lines", imap::fuzz::lines),
    ("reading", imap::fuzz::reading),
    ("writing", imap::fuzz::writing),
    ("message", message),
    ("names", names),
    ("account_file", accounts),
];

/// Header, fingerprint and repairs.
fn message(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let _ = (header::message_id(bytes), header::date(bytes));
    let head = &bytes[..print::body_offset(bytes)];
    let fields = print::fields(head);
    assert_eq!(print::field_hashes(head), fields.iter().map(|field| field.hash).collect::<Vec<_>>());
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

/// A file of accounts.
fn accounts(data: &[u8]) {
    drop(account_file::parse(data, None, 100));
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
