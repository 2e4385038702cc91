//! Places in a recorded conversation.

use mailferry_lab::Talk;

/// Start and end of every literal that the client sent.
pub(crate) fn literals(said: &[u8]) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(length) = said[at..].iter().position(|byte| *byte == b'\n') {
        let line = &said[at..=at + length];
        at += length + 1;
        if let Some(size) = announced(line) {
            all.push((at as u64, (at + size) as u64));
            at = (at + size).min(said.len());
        }
    }
    all
}

/// The size of the literal that a line announces at its end.
fn announced(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let inner = text.strip_suffix('}')?;
    inner[inner.rfind('{')? + 1..].trim_end_matches('+').parse().ok()
}

/// Where each line of the server's begins that holds `words`.
pub(crate) fn lines_with(said: &[u8], words: &str) -> Vec<u64> {
    let mut at = 0;
    let mut all = Vec::new();
    for line in said.split_inclusive(|byte| *byte == b'\n') {
        if line.windows(words.len()).any(|window| window == words.as_bytes()) {
            all.push(at);
        }
        at += line.len() as u64;
    }
    all
}

/// Bytes of a conversation: to the client, to the server.
pub(crate) fn length(talk: &Talk) -> (u64, u64) {
    (talk.to_client.len() as u64, talk.to_server.len() as u64)
}
