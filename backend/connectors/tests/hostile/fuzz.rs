//! Random changes to a decent server's words: a few hundred rounds with the other tests, as long as one likes with
//! `make fuzz`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mailferry_lab::Random;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    client::{impatient, read_all, write_all},
    server::start,
};

/// One session of either kind; far more than the patience with every command.
const LONG: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 16;

/// What breaks parsers.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"{5}\r\n",
    b"{0}\r\n",
    b"{4294967296}\r\n",
    b"{-1}\r\n",
    b"\"",
    b"(",
    b")",
    b"NIL",
    b"* ",
    b"+ ",
    b"* BYE x\r\n",
    b"[",
    b"]",
    b"99999999999999999999",
    b"4294967295",
    b"0",
    b"\\",
    b"<0>",
    b":",
    b"M2 OK x\r\n",
];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_words_of_a_server_make_a_session_panic_or_wait_for_ever() {
    let seed = setting("FUZZ_SEED").unwrap_or(1);
    let end = setting("FUZZ_MINUTES").map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut rounds = 0;
    let mut sessions = JoinSet::new();
    while end.map_or(rounds < 240, |end| Instant::now() < end) {
        if sessions.len() >= AT_ONCE {
            sessions.join_next().await.expect("a session").expect("no panic");
        }
        sessions.spawn(round(format!("{seed} {rounds}"), rounds % 4 == 3));
        rounds += 1;
    }
    while let Some(ended) = sessions.join_next().await {
        ended.expect("no panic");
    }
    println!("{rounds} rounds from seed {seed}, no panic, every session ended");
}

async fn round(seed: String, writes: bool) {
    let random = Mutex::new(Random::new(&seed));
    // Some servers are broken all the time, most of them now and then.
    let percent = random.lock().unwrap_or_else(PoisonError::into_inner).between(1, 30);
    let server = start(Arc::new(move |_, good| {
        let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.chance(percent) { changed(good, &mut random) } else { good }
    }))
    .await;
    let session = async {
        if writes {
            drop(write_all(server.port, impatient()).await);
        } else {
            drop(read_all(server.port, impatient()).await);
        }
    };
    timeout(LONG, session).await.unwrap_or_else(|_| panic!("the session with server {seed} does not end"));
}

fn changed(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.between(0, 3) {
        let at = place(&bytes, random);
        match random.between(0, 5) {
            0 => {
                let piece = PIECES[place(&PIECES, random).min(PIECES.len() - 1)];
                bytes.splice(at..at, piece.iter().copied());
            }
            1 => bytes.truncate(at),
            2 => {
                let to = (at + place(&bytes, random)).min(bytes.len());
                bytes.drain(at..to);
            }
            3 => {
                let copy = bytes[at..].to_vec();
                bytes.extend(copy);
            }
            4 => bytes.splice(at..at, std::iter::repeat_n(b'(', 300)).for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(random.between(0, 255)).unwrap_or(0);
                }
            }
        }
    }
    bytes
}

fn place<T>(all: &[T], random: &mut Random) -> usize {
    usize::try_from(random.between(0, all.len() as u64)).unwrap_or(0)
}
