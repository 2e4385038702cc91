//! Answers Cyrus's question whether a password is right, in place of Cyrus SASL's saslauthd.
//!
//! A question is user, password, service and realm, each with its length in two bytes before it; the answer is `OK` or
//! `NO` in the same form.

use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
};

/// Answers on the socket `path`, as long as this process lives.
pub(crate) fn answer(path: &Path, right: impl Fn(&str, &str) -> bool + Send + 'static) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    thread::Builder::new().name("passwords".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that breaks off has its answer: none.
            let _ = answer_one(stream, &right);
        }
    })?;
    Ok(())
}

fn answer_one(mut stream: UnixStream, right: impl Fn(&str, &str) -> bool) -> io::Result<()> {
    let mut question = Vec::new();
    for _ in 0..4 {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut text = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut text)?;
        question.push(String::from_utf8_lossy(&text).into_owned());
    }
    let answer: &[u8] = if right(&question[0], &question[1]) { b"\0\x02OK" } else { b"\0\x02NO" };
    stream.write_all(answer)
}
