//! Whoever stops in the middle of a message says nothing more on that line: it would become part of the message.

use std::time::Duration;

use mailferry_connectors::{imap::ImapDestination, net::Patience};
use mailferry_domain::{folder::FolderPath, item::Flags, uid::Uid};
use mailferry_engine::port::{Account, Body, Destination, NewItem, Numbered, Wanted};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    client::{login, network},
    server::answer,
};

const LONG: Duration = Duration::from_secs(120);

/// A decent server that stops reading within the first message that is sent to it, says so, and reads on when the other
/// end is closed or when it is told to: what came from the APPEND on.
async fn stops_reading() -> (u16, oneshot::Receiver<()>, oneshot::Sender<()>, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (stopped, has_stopped) = oneshot::channel();
    let (go_on, goes_on) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(b"* OK hello\r\n").await.expect("written");
        loop {
            let mut line = String::new();
            read.read_line(&mut line).await.expect("a command");
            let mut words = line.split(' ');
            let (tag, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let verb = verb.trim_end();
            if verb == "APPEND" {
                let mut heard = line.clone().into_bytes();
                heard.resize(heard.len() + 1000, 0);
                let at = heard.len() - 1000;
                read.read_exact(&mut heard[at..]).await.expect("its beginning");
                let _ = stopped.send(());
                let _ = goes_on.await;
                // The client has gone in the midst of a message: that it ends so is as good as any other end.
                let _ = read.read_to_end(&mut heard).await;
                return heard;
            }
            write.write_all(answer(tag, verb, &line).as_bytes()).await.expect("written");
        }
    });
    (port, has_stopped, go_on, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_on_a_line_on_which_a_message_was_begun_and_not_ended() {
    let (port, has_stopped, go_on, serving) = stops_reading().await;
    let mut destination = ImapDestination::open(&network(Patience::default()), &login(port)).await.expect("logs in");
    let wanted =
        Wanted { path: FolderPath::parse("INBOX").expect("a path"), wire_name: None, create: false, subscribe: false };
    let prepared = destination.prepare(&[wanted]).await.expect("prepared").remove(0).expect("it is there");
    // More than the system takes from the client before it has passed.
    let text = b"Subject: large\r\n\r\n".iter().copied().chain(std::iter::repeat_n(b'x', 32 << 20));
    let large = NewItem {
        source_uid: Uid(1),
        flags: Flags::default(),
        internal_date: None,
        body: Body::from_bytes(text.collect::<Vec<u8>>().into()),
    };
    tokio::select! {
        sent = destination.submit(&prepared.wire_name, vec![large]) => panic!("it cannot be through: {sent:?}"),
        stopped = timeout(LONG, has_stopped) => stopped.expect("it is under way").expect("the server lives"),
    }
    destination.open("INBOX").await.expect_err("the line is in the midst of a message");
    let folder = Numbered { wire_name: &prepared.wire_name, uid_validity: prepared.status.uid_validity };
    destination.flags(folder, &[Uid(1)].into_iter().collect()).await.expect_err("it stays so");
    destination.close().await;
    let _ = go_on.send(());
    let heard = timeout(LONG, serving).await.expect("it ends").expect("no panic");
    let (_, message) = heard.split_at(heard.iter().position(|byte| *byte == b'\n').expect("a line") + 1);
    let (head, body) = message.split_at(b"Subject: large\r\n\r\n".len());
    assert_eq!(head, b"Subject: large\r\n\r\n");
    assert!(body.iter().all(|byte| *byte == b'x'), "not one byte of anything else");
    assert!(body.len() < 32 << 20, "it was not sent to its end");
}
