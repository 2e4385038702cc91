//! A server that says what it is told to: a decent one, whose words can be changed on their way.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    task::JoinHandle,
};

/// Makes other bytes of an answer, given the command's verb; the greeting's is empty.
pub(crate) type Change = Arc<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// Commands that one connection may give: nobody who is being made a fool of may ask for ever.
const COMMANDS: usize = 2_000;
const CAPABILITIES: &str = "IMAP4rev1 SASL-IR AUTH=PLAIN LITERAL+ MULTIAPPEND UIDPLUS NAMESPACE LIST-EXTENDED LIST-STATUS \
     SPECIAL-USE STATUS=SIZE QUOTA";
const BODY: &str = "Subject: x\r\n\r\nHello\r\n";

/// A running server; it takes no more connections once this value is gone.
pub(crate) struct Server {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    listening: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What a server says again and again, and nothing else, once it is asked for something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    /// A part of the command that sets it off.
    pub(crate) asked: &'static str,
    pub(crate) words: &'static str,
    pub(crate) every: Duration,
}

pub(crate) async fn start(change: Change) -> Server {
    start_with(change, None).await
}

pub(crate) async fn start_talking(talk: Talk) -> Server {
    start_with(Arc::new(|_, good| good), Some(talk)).await
}

async fn start_with(change: Change, talk: Option<Talk>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let listening = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that goes away is no failure of the server's.
            tokio::spawn(serve(stream, change.clone(), talk));
        }
    });
    Server { port, listening }
}

async fn serve(stream: TcpStream, change: Change, talk: Option<Talk>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    write.write_all(&change("", b"* OK hello\r\n".to_vec())).await?;
    for _ in 0..COMMANDS {
        let Some(line) = command(&mut read, &mut write).await? else { return Ok(()) };
        let mut words = line.split(' ');
        let (tag, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_ascii_uppercase());
        let verb = match first.as_str() {
            "UID" => format!("UID {}", words.next().unwrap_or_default().to_ascii_uppercase()),
            _ => first,
        };
        if let Some(talk) = talk.filter(|talk| line.contains(talk.asked)) {
            loop {
                write.write_all(talk.words.as_bytes()).await?;
                tokio::time::sleep(talk.every).await;
            }
        }
        write.write_all(&change(&verb, answer(tag, &verb, &line).into_bytes())).await?;
    }
    Ok(())
}

/// The next command, without its literals.
async fn command(
    read: &mut BufReader<tokio::net::tcp::OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
) -> std::io::Result<Option<String>> {
    let mut whole = String::new();
    loop {
        let mut line = Vec::new();
        if read.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let literal = line.strip_suffix('}').and_then(|line| line.rsplit('{').next()).map(str::to_owned);
        whole.push_str(&line);
        let Some(size) = literal else { return Ok(Some(whole)) };
        if !size.ends_with('+') {
            write.write_all(b"+ go on\r\n").await?;
        }
        let mut bytes = vec![0; size.trim_end_matches('+').parse().unwrap_or(0)];
        read.read_exact(&mut bytes).await?;
    }
}

pub(crate) fn answer(tag: &str, verb: &str, line: &str) -> String {
    let untagged = match verb {
        "CAPABILITY" => format!("* CAPABILITY {CAPABILITIES}\r\n"),
        "NAMESPACE" => "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_owned(),
        "LIST" => "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n\
             * LIST (\\Sent \\Subscribed) \"/\" \"S&APw-d\"\r\n* STATUS \"S&APw-d\" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 8)\r\n"
            .to_owned(),
        "LSUB" => "* LSUB () \"/\" INBOX\r\n".to_owned(),
        "STATUS" => "* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 SIZE 66)\r\n".to_owned(),
        "EXAMINE" | "SELECT" => "* FLAGS (\\Seen \\Draft)\r\n* 3 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\n\
             * OK [UIDNEXT 4] x\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n"
            .to_owned(),
        "GETQUOTAROOT" => "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 10 1000)\r\n".to_owned(),
        "FETCH" => "* 1 FETCH (RFC822.SIZE 22)\r\n".to_owned(),
        "UID FETCH" => (1..=3).map(|uid| fetched(uid, line)).collect(),
        _ => String::new(),
    };
    let code = match verb {
        "AUTHENTICATE" | "LOGIN" => format!("[CAPABILITY {CAPABILITIES}] "),
        "APPEND" => "[APPENDUID 7 4] ".to_owned(),
        _ => String::new(),
    };
    format!("{untagged}{tag} OK {code}done\r\n")
}

fn fetched(uid: u32, line: &str) -> String {
    let date = "INTERNALDATE \" 5-Mar-2019 10:00:00 +0100\"";
    if line.contains("BODY.PEEK[]<") {
        let offset = line.rsplit('<').next().and_then(|rest| rest.split('.').next()?.parse().ok()).unwrap_or(0);
        let rest = BODY.get(offset..).unwrap_or_default();
        format!("* {uid} FETCH (UID {uid} FLAGS (\\Seen) {date} BODY[]<{offset}> {{{}}}\r\n{rest})\r\n", rest.len())
    } else if line.contains("BODY.PEEK[]") {
        format!("* {uid} FETCH (UID {uid} FLAGS (\\Seen) {date} BODY[] {{{}}}\r\n{BODY})\r\n", BODY.len())
    } else {
        format!("* {uid} FETCH (UID {uid} RFC822.SIZE {} {date})\r\n", BODY.len())
    }
}
