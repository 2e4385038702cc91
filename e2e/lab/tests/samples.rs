//! A sample holds every kind of message that a copy could stumble over.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use mailferry_lab::{Dovecot, DovecotOptions, Sample};

/// Every message below `folder`, as it lies on the disk, with the folder it is in.
fn messages(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            messages(&path, all)?;
        } else if folder.ends_with("cur") {
            all.push((folder.display().to_string(), fs::read(&path)?));
        }
    }
    Ok(())
}

fn head(message: &[u8]) -> &[u8] {
    let end = message.windows(2).position(|pair| pair == b"\n\n").unwrap_or(message.len());
    if message.starts_with(b"\n") { &[] } else { &message[..end] }
}

fn has(message: &[u8], text: &[u8]) -> bool {
    message.windows(text.len()).any(|window| window == text)
}

#[test]
fn the_small_sample_has_every_odd_message() -> io::Result<()> {
    let server = Dovecot::start(DovecotOptions::default())?;
    Sample::Small.write(&server, "anna")?;
    let mut all = Vec::new();
    messages(&server.maildir("anna"), &mut all)?;
    assert_eq!(all.len(), 80);
    let count = |what: &str, fits: &dyn Fn(&[u8]) -> bool| {
        let found = all.iter().filter(|(_, message)| fits(message)).count();
        assert!(found > 0, "no message with {what}");
        found
    };
    count("no header at all", &|message| message.starts_with(b"\n"));
    count("an empty body", &|message| message.ends_with(b"\n\n") && head(message).len() + 2 == message.len());
    count("bytes above 127 in the header", &|message| head(message).iter().any(|byte| *byte > 127));
    count("a header that is not UTF-8", &|message| std::str::from_utf8(head(message)).is_err());
    count("no Message-ID", &|message| !head(message).is_empty() && !has(head(message), b"\nMessage-ID:"));
    count("no Date", &|message| !head(message).is_empty() && !has(head(message), b"\nDate:"));
    count("no final newline", &|message| !message.ends_with(b"\n"));
    count("a long line", &|message| message.split(|byte| *byte == b'\n').any(|line| line.len() > 20_000));
    count("lone dots", &|message| has(message, b"\n\n.\n..\n"));
    count("an attachment", &|message| has(message, b"Content-Disposition: attachment"));
    assert!(all.iter().all(|(_, message)| !message.contains(&0)), "NUL bytes are a case of their own");

    let mut copies: BTreeMap<&(String, Vec<u8>), usize> = BTreeMap::new();
    let mut by_id: BTreeMap<&[u8], BTreeSet<&[u8]>> = BTreeMap::new();
    for message in &all {
        *copies.entry(message).or_default() += 1;
        let id = head(&message.1).split(|byte| *byte == b'\n').find(|line| line.starts_with(b"Message-ID:"));
        by_id.entry(id.unwrap_or_default()).or_default().insert(&message.1);
    }
    assert!(copies.values().any(|count| *count > 1), "no exact duplicate in one folder");
    let changed = by_id.iter().any(|(id, bodies)| !id.is_empty() && bodies.len() > 1);
    assert!(changed, "no two messages with one Message-ID and other bytes");
    Ok(())
}

#[test]
fn a_sample_is_the_same_each_time() -> io::Result<()> {
    let server = Dovecot::start(DovecotOptions::default())?;
    let first = Sample::Sized(150).write(&server, "anna")?;
    let mut before = Vec::new();
    messages(&server.maildir("anna"), &mut before)?;
    assert_eq!(Sample::Sized(150).write(&server, "anna")?, first);
    let mut after = Vec::new();
    messages(&server.maildir("anna"), &mut after)?;
    before.sort();
    after.sort();
    assert!(before == after, "the same sample and user gave other messages");
    Ok(())
}
