//! What broken and hostile servers were seen to send, or could.

use std::{sync::Arc, time::Duration};

use mailferry_connectors::net::Patience;
use mailferry_engine::port::ConnectorError;
use mailferry_shared::finding::FindingCode;
use tokio::time::timeout;

use crate::{
    client::{Seen, impatient, log_in_within, open_inbox, read_all, write_all},
    server::{Talk, start, start_talking},
};

/// Nothing takes longer than a few times the patience with a silent server, even on a loaded machine.
const LONG: Duration = Duration::from_secs(120);

static LONG_LINE: &[u8] = &[b'x'; 70_000];
static DEEP_LIST: &[u8] = &[b'('; 70_000];

/// Reads from a server that answers `verb` with `words`; `{tag}` stands for the command's tag, `{good}` for what a
/// decent server says. Perhaps it falls silent.
async fn saying(verb: &'static str, words: &'static [u8]) -> Seen {
    saying_to(impatient(), verb, words).await
}

async fn saying_to(patience: Patience, verb: &'static str, words: &'static [u8]) -> Seen {
    let server = start(Arc::new(move |asked, good| if asked == verb { spelt(words, &good) } else { good })).await;
    timeout(LONG, read_all(server.port, patience)).await.expect("it ends")
}

fn spelt(words: &[u8], good: &[u8]) -> Vec<u8> {
    let last = good.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let tag = last.split(|byte| *byte == b' ').next().unwrap_or_default();
    let mut out = Vec::new();
    let mut rest = words;
    while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix(b"{tag}") {
            out.extend_from_slice(tag);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(b"{good}") {
            out.extend_from_slice(good);
            rest = after;
        } else {
            out.push(b'{');
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
    out
}

fn failed(seen: &Seen) -> FindingCode {
    seen.error.as_ref().unwrap_or_else(|| panic!("it must fail: {seen:?}")).code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decent_server_is_read_and_written() {
    let seen = saying_to(Patience::default(), "nothing", b"").await;
    assert!(seen.error.is_none(), "{:?}", seen.error);
    assert_eq!(seen.folders, ["INBOX", "Süd"]);
    assert_eq!(seen.fetched.len(), 36, "three messages, two folders, listed both ways, fetched all three ways");
    assert!(seen.fetched.iter().all(|(_, bytes)| bytes.starts_with(b"Subject: x")));
    let server = start(Arc::new(|_, good| good)).await;
    assert_eq!(write_all(server.port, Patience::default()).await.expect("writes"), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_talks_is_not_listened_to_for_ever() {
    let again = "* 2 FETCH (UID 2 FLAGS () INTERNALDATE \" 5-Mar-2019 10:00:00 +0100\" BODY[] {1}\r\nx)\r\n";
    let busy = ["AUTHENTICATE", "LIST", "EXAMINE", "UID FETCH"].map(|asked| (asked, "* 3 EXISTS\r\n"));
    // What was asked for, but always the same.
    let reading = busy
        .into_iter()
        .chain([("BODY.PEEK[])", again)])
        .map(|(asked, words)| talked_out(asked, words, async |port| read_all(port, TALKED_TO).await.error));
    let writing = ["SELECT", "APPEND"]
        .map(|asked| talked_out(asked, "* OK Still here\r\n", async |port| write_all(port, TALKED_TO).await.err()));
    futures::join!(futures::future::join_all(reading), futures::future::join_all(writing));
}

/// Ten times as long a server may talk.
const TALKED_TO: Patience =
    Patience { idle: Duration::from_secs(1), append: Duration::from_secs(1), login: Duration::from_mins(2) };

/// A server that answers `asked` with `words` again and again is left for that, and not because it was silent: should the
/// machine stand still for so long, it is tried once more.
async fn talked_out(asked: &'static str, words: &'static str, session: impl AsyncFn(u16) -> Option<ConnectorError>) {
    for _ in 0..5 {
        let server = start_talking(Talk { asked, words, every: Duration::from_millis(40) }).await;
        let ended = timeout(LONG, session(server.port)).await.unwrap_or_else(|_| panic!("{asked} does not end"));
        match ended.expect("it must fail").code {
            FindingCode::ConnectionTimeout => {}
            code => return assert_eq!(code, FindingCode::ServerError, "{asked}"),
        }
    }
    panic!("{asked}: never left for what it says");
}

/// Each word alone would buy it another minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_in_its_time_however_much_is_said() {
    for asked in ["AUTHENTICATE", "NAMESPACE"] {
        let server =
            start_talking(Talk { asked, words: "* OK Still here\r\n", every: Duration::from_millis(40) }).await;
        let entered = timeout(LONG, log_in_within(server.port, Duration::from_secs(1))).await;
        let error = entered.expect("it ends").expect_err("nobody is let in");
        assert_eq!(error.code, FindingCode::ConnectionTimeout, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_claims_billions_of_messages_is_refused_and_the_others_are_read() {
    let claims = |verb: &str, good: Vec<u8>| match verb {
        "EXAMINE" | "SELECT" => {
            String::from_utf8_lossy(&good).replace("* 3 EXISTS", "* 4294967295 EXISTS").into_bytes()
        }
        _ => good,
    };
    let server = start(Arc::new(claims)).await;
    let seen = timeout(LONG, read_all(server.port, Patience::default())).await.expect("it ends");
    assert!(seen.error.is_none() && seen.fetched.is_empty(), "{seen:?}");
    let stored = timeout(LONG, write_all(server.port, Patience::default())).await.expect("it ends");
    let stored = stored.expect("no line is lost");
    assert_eq!(stored, 0, "nor is anything written there");
    let error = timeout(LONG, open_inbox(server.port)).await.expect("it ends").expect_err("it cannot be opened");
    assert_eq!(error.code, FindingCode::FolderUnreadable);
    assert!(error.context.contains("4294967295 messages"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_flags_without_end_some_are_kept_and_the_message_is_read() {
    let flags = (0..9_000).map(|number| format!("k{number}")).collect::<Vec<_>>().join(" ");
    let endless = move |good: Vec<u8>| String::from_utf8_lossy(&good).replace("(\\Seen)", &format!("(\\Seen {flags})"));
    let change = move |verb: &str, good| if verb == "UID FETCH" { endless(good).into_bytes() } else { good };
    let server = start(Arc::new(change)).await;
    let seen = timeout(LONG, read_all(server.port, Patience::default())).await.expect("it ends");
    assert!(seen.error.is_none(), "{:?}", seen.error);
    assert_eq!((seen.fetched.len(), seen.flags), (36, (200, true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_endless_ends_the_session_without_taking_the_memory() {
    for (verb, words) in [
        ("LIST", b"* LIST () \"/\" {99999999999999999999}\r\n".as_slice()),
        ("LIST", b"* LIST () \"/\" {99999999999}\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {67108865}\r\n"),
        ("EXAMINE", LONG_LINE),
        ("NAMESPACE", DEEP_LIST),
    ] {
        let seen = saying(verb, words).await;
        let code = failed(&seen);
        assert!(
            matches!(code, FindingCode::ServerError | FindingCode::ConnectionTimeout),
            "{verb}: {code:?} for {:?}",
            String::from_utf8_lossy(&words[..words.len().min(80)])
        );
    }
}

/// A size that was stated too small is one thing, a message without an end another.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_ends_is_given_up() {
    let server = start(Arc::new(|verb, good| {
        let text = String::from_utf8_lossy(&good).into_owned();
        match text.split("BODY[]<").nth(1).and_then(|rest| rest.split('>').next()) {
            Some(offset) if verb == "UID FETCH" => endless(&text, offset),
            _ => good,
        }
    }))
    .await;
    let seen = timeout(4 * LONG, read_all(server.port, Patience::default())).await.expect("it ends");
    assert_eq!(failed(&seen), FindingCode::ServerError, "{:?}", seen.error);
}

/// Another slice, whatever was asked for.
fn endless(good: &str, offset: &str) -> Vec<u8> {
    let tag = good.trim_end().rsplit('\n').next().and_then(|line| line.split(' ').next()).unwrap_or_default();
    let slice = "x".repeat(1 << 20);
    let slices = (1..=3)
        .map(|uid| format!("* {uid} FETCH (UID {uid} FLAGS () BODY[]<{offset}> {{{}}}\r\n{slice})\r\n", slice.len()));
    (slices.collect::<String>() + tag + " OK done\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_said_is_in_no_error() {
    for words in
        [b"* 1 FETCH (UID 1 BODY[] anna@example.org secret\r\n{good}".as_slice(), b"anna@example.org secret\r\n{good}"]
    {
        let seen = saying("UID FETCH", words).await;
        let error = seen.error.expect("it cannot be read");
        let told = format!("{error} {error:?} {:?}", error.source);
        assert!(!told.contains("anna") && !told.contains("secret") && !told.contains("97, 110, 110, 97"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_fetch_is_an_error_and_never_an_empty_folder() {
    for words in [b"{tag} NO later\r\n".as_slice(), b"{tag} BAD what\r\n", b"{tag} NO [UNAVAILABLE] x\r\n"] {
        let seen = saying("UID FETCH", words).await;
        assert!(seen.fetched.is_empty());
        // A folder whose listing is refused is left out by name; whatever the answer, none counts as read.
        assert!(seen.error.is_some() || seen.folders.len() == 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_or_silence_at_any_point_ends_the_session() {
    for verb in ["", "CAPABILITY", "AUTHENTICATE", "NAMESPACE", "LIST", "STATUS", "EXAMINE", "UID FETCH"] {
        let seen = saying(verb, b"* BYE [UNAVAILABLE] going down\r\n").await;
        assert!(seen.error.is_some() || verb == "CAPABILITY", "{verb}: {seen:?}");
        let seen = saying(verb, b"").await;
        assert!(seen.error.is_some() || verb == "CAPABILITY", "{verb}: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asked_for_is_not_taken() {
    let unasked = b"* 9 FETCH (UID 9 FLAGS () BODY[] {3}\r\nabc)\r\n* 8 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 0 BODY[] {1}\r\nx)\r\n\
        * SEARCH 1 2 3\r\n* 5 EXPUNGE\r\n* VANISHED 1:9\r\n* OK [ALERT] look\r\n* ESEARCH (TAG \"x\") ALL 1\r\n{good}";
    let seen = saying_to(Patience::default(), "UID FETCH", unasked).await;
    assert!(seen.error.is_none(), "{:?}", seen.error);
    assert!(seen.fetched.iter().all(|(uid, bytes)| *uid <= 3 && bytes.starts_with(b"Subject")), "{:?}", seen.fetched);
}

/// More of it in all than anybody would keep: some tell every client what others do.
#[tokio::test(flavor = "multi_thread")]
async fn however_much_is_said_that_nobody_asked_for_what_was_asked_for_is_heard() {
    let line = format!("* VANISHED {}\r\n", "1:2,".repeat(15_000));
    let chatty = move |verb: &str, good: Vec<u8>| match verb {
        "UID FETCH" => [line.repeat(45).as_bytes(), &good].concat(),
        "APPEND" => [line.repeat(90).as_bytes(), &good].concat(),
        _ => good,
    };
    let server = start(Arc::new(chatty)).await;
    let seen = timeout(LONG, read_all(server.port, Patience::default())).await.expect("it ends");
    assert!(seen.error.is_none(), "{:?}", seen.error);
    assert_eq!(seen.fetched.len(), 36);
    let stored = timeout(LONG, write_all(server.port, Patience::default())).await.expect("it ends");
    assert_eq!(stored.expect("no line is lost"), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_words_do_no_harm() {
    for (verb, words) in [
        ("UID FETCH", b"* 1 FETCH (UID 1 FLAGS () INTERNALDATE NIL RFC822.SIZE 5 BODY[] NIL)\r\n{good}".as_slice()),
        ("UID FETCH", b"* 1 FETCH (UID 4294967295 RFC822.SIZE 4294967295)\r\n{good}"),
        ("EXAMINE", b"* OK [UIDVALIDITY 7]\xe4\xf6 text\r\n{good}"),
        ("EXAMINE", b"* OK []\r\n* OK [X\r\n* NO [ALERT] x\r\n{good}"),
        (
            "LIST",
            b"* LIST (\\Noselect) NIL \"\"\r\n* LIST () \"/\" \"a\0b\"\r\n* LIST () \"/\" \"&&&\"\r\n* LIST\r\n{good}",
        ),
        ("LIST", b"* LIST () \"/\" NIL\r\n* STATUS x (MESSAGES)\r\n* STATUS (MESSAGES 1) x\r\n{good}"),
        ("NAMESPACE", b"* NAMESPACE NIL NIL NIL\r\n{good}"),
        ("NAMESPACE", b"* NAMESPACE (((((((((((((((((((((((((((((((\r\n{good}"),
        ("GETQUOTAROOT", b"* QUOTA \"\" (STORAGE 99999999999999999999 x)\r\n* QUOTA\r\n{good}"),
        ("CAPABILITY", b"* CAPABILITY\r\n{good}"),
    ] {
        let seen = saying(verb, words).await;
        assert!(seen.folders.is_empty() || seen.folders.contains(&"INBOX".to_owned()));
        assert!(seen.fetched.iter().all(|(uid, _)| *uid <= 3), "{verb}: {:?}", seen.fetched);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_is_answered_with_nonsense_is_not_believed() {
    for (words, most) in [
        (b"{tag} OK [APPENDUID 7 4294967295:1] x\r\n".as_slice(), 6),
        (b"{tag} OK [APPENDUID 99 5] x\r\n", 6),
        (b"{tag} NO\r\n", 0),
        (b"X1 OK for somebody else\r\n", 0),
        (b"+ more\r\n", 0),
        (b"* BYE\r\n", 0),
    ] {
        let server = start(Arc::new(move |verb, good| if verb == "APPEND" { spelt(words, &good) } else { good })).await;
        let stored = timeout(LONG, write_all(server.port, impatient())).await.expect("it ends").unwrap_or(0);
        assert!(stored <= most, "{stored} for {:?}", String::from_utf8_lossy(words));
    }
}
