//! The proxy breaks connections exactly where it is told to.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use mailferry_lab::{Client, Dovecot, DovecotOptions, Fault, Login, Plan, Proxy};

fn through(proxy: &Proxy, login: &Login) -> Login {
    Login { port: proxy.port(), ..login.clone() }
}

#[test]
fn a_connection_without_a_fault_is_left_alone_and_counted() -> io::Result<()> {
    let server = Dovecot::start(DovecotOptions::default())?;
    let proxy = Proxy::start(server.imap_port())?;
    let mut client = Client::login(&through(&proxy, &server.login("anna")))?;
    client.append("INBOX", "", None, &b"x".repeat(100_000))?;
    assert_eq!(client.count("INBOX")?, 1);
    assert!(proxy.passed()[0].to_server > 100_000);
    Ok(())
}

#[test]
fn a_cut_upload_stores_nothing() -> io::Result<()> {
    let server = Dovecot::start(DovecotOptions::default())?;
    let proxy = Proxy::start(server.imap_port())?;
    proxy.plan(Plan { to_server: Some((50_000, Fault::Cut)), ..Plan::default() });
    let mut client = Client::login(&through(&proxy, &server.login("anna")))?;
    assert!(client.append("INBOX", "", None, &b"x".repeat(100_000)).is_err());
    assert_eq!(proxy.passed()[0].to_server, 50_000);
    let mut next = Client::login(&through(&proxy, &server.login("anna")))?;
    assert_eq!(next.count("INBOX")?, 0);
    Ok(())
}

#[test]
fn stalled_and_slow_servers_stay_connected() -> io::Result<()> {
    let server = Dovecot::start(DovecotOptions::default())?;
    let proxy = Proxy::start(server.imap_port())?;
    for (fault, expected) in [(Fault::Stall, 4), (Fault::Trickle(Duration::from_millis(20)), 5)] {
        proxy.plan(Plan { to_client: Some((4, fault)), ..Plan::default() });
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut greeting = vec![0; expected];
        stream.read_exact(&mut greeting)?;
        // What follows depends on how far the server has come with its start.
        assert!(b"* OK ".starts_with(greeting.as_slice()), "{greeting:?}");
        if fault == Fault::Stall {
            stream.write_all(b"a NOOP\r\n")?;
            stream.set_read_timeout(Some(Duration::from_millis(300)))?;
            let nothing = stream.read(&mut [0; 1]).expect_err("nothing comes");
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        }
    }
    Ok(())
}
