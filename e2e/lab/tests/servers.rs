//! The lab proves itself: its servers really start, its samples hold what they promise, its judge sees every
//! difference.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailferry_lab::{
    Client, CompareOptions, Cyrus, CyrusOptions, Dovecot, DovecotOptions, Login, Postgres, Sample, SmtpSink, compare,
    dovecot::PASSWORD, sample,
};

type Result = std::io::Result<()>;

#[test]
fn a_sample_equals_its_own_copy_and_has_what_it_promises() -> Result {
    let server = Dovecot::start(DovecotOptions::default())?;
    let written = Sample::Small.write(&server, "anna@old.example")?;
    server.clone_mailbox("anna@old.example", "anna@new.example")?;
    let (old, new) = (server.login("anna@old.example"), server.login("anna@new.example"));
    let result = compare(&old, &new, &CompareOptions { details: 9, ..CompareOptions::default() })?;
    assert!(result.is_perfect(), "{result:?}");
    assert_eq!((result.source_messages, result.source_folders), (80, 12));
    assert_eq!((written.messages, written.size_bytes), (80, result.source_bytes));
    Ok(())
}

#[test]
fn the_judge_counts_every_kind_of_difference() -> Result {
    let server = Dovecot::start(DovecotOptions::default())?;
    Sample::Small.write(&server, "old")?;
    server.clone_mailbox("old", "new")?;
    let mut new = Client::login(&server.login("new"))?;
    new.expunge("Sent", "1")?;
    new.append("INBOX", "", None, b"Subject: one more\r\n\r\nhello\r\n")?;
    new.store("Archive", "1", "-FLAGS (\\Seen \\Flagged)")?;
    new.store("Archive", "1", "+FLAGS (\\Draft onlyhere)")?;
    new.command(b"CREATE Extra")?;
    new.command(b"SUBSCRIBE Extra")?;
    new.command(b"DELETE \"Gesendete Objekte\"")?;
    let result = compare(&server.login("old"), &server.login("new"), &CompareOptions::default())?;
    assert_eq!((result.missing, result.extra, result.body_changed), (1, 1, 0), "{result:?}");
    assert_eq!((result.flags_differ, result.keywords_differ, result.date_differs), (1, 1, 0), "{result:?}");
    assert_eq!((result.folders_missing, result.folders_extra, result.subscriptions_extra), (1, 1, 1), "{result:?}");
    Ok(())
}

#[test]
fn other_separators_and_prefixes_do_not_hide_or_invent_differences() -> Result {
    let slash = Dovecot::start(DovecotOptions::default())?;
    let dot =
        Dovecot::start(DovecotOptions { separator: '.', prefix: "INBOX.".to_owned(), ..DovecotOptions::default() })?;
    Sample::Small.write(&slash, "anna")?;
    Sample::Small.write(&dot, "anna")?;
    let result = compare(&slash.login("anna"), &dot.login("anna"), &CompareOptions::default())?;
    assert!(result.is_perfect(), "{result:?}");
    let left_out = vec!["Trash".to_owned(), "Archive".to_owned()];
    let options = CompareOptions { leave_out: left_out, ..CompareOptions::default() };
    let result = compare(&slash.login("anna"), &dot.login("anna"), &options)?;
    assert_eq!(result.folders_extra, 4, "Trash, Archive and its two children: {result:?}");
    Ok(())
}

#[test]
fn new_mail_arrives_in_a_running_server() -> Result {
    let server = Dovecot::start(DovecotOptions::default())?;
    Sample::Small.write(&server, "anna")?;
    let before = Client::login(&server.login("anna"))?.count("INBOX")?;
    sample::append_new(&server.login("anna"), "INBOX", 3)?;
    assert_eq!(Client::login(&server.login("anna"))?.count("INBOX")?, before + 3);
    assert_eq!(Client::login(&server.login("anna"))?.count("Projekte/Größe & Maß")?, 7);
    Ok(())
}

#[test]
fn wrong_passwords_are_refused_and_masters_may_act_for_others() -> Result {
    let odd = ("anna", "p:ä\"ss\\w{5}%");
    let server = Dovecot::start(DovecotOptions {
        accounts: vec![(odd.0.to_owned(), odd.1.to_owned())],
        ..DovecotOptions::default()
    })?;
    Client::login(&server.login("anna"))?;
    let with = |user: &str, password: &str| {
        Client::login(&Login { port: server.imap_port(), user: user.to_owned(), password: password.to_owned() })
    };
    assert!(with("anna", PASSWORD).is_err());
    assert!(with("nobody", PASSWORD).is_err());
    with("anna*master", "mastersecret")?;
    Ok(())
}

#[test]
fn a_full_mailbox_takes_no_more() -> Result {
    let server = Dovecot::start(DovecotOptions { quota_bytes: Some(20_000), ..DovecotOptions::default() })?;
    let mut client = Client::login(&server.login("anna"))?;
    client.append("INBOX", "\\Seen", None, &b"x".repeat(15_000))?;
    let refused = client.append("INBOX", "", None, &b"x".repeat(15_000)).expect_err("no room");
    assert!(refused.to_string().contains("OVERQUOTA"), "{refused}");
    Ok(())
}

#[test]
fn a_server_can_be_stopped_and_started_with_its_mail() -> Result {
    let server = Dovecot::start(DovecotOptions::default())?;
    Client::login(&server.login("anna"))?.append("INBOX", "", None, b"Subject: x\r\n\r\nx\r\n")?;
    server.stop();
    assert!(Client::login(&server.login("anna")).is_err());
    server.start_again()?;
    assert_eq!(Client::login(&server.login("anna"))?.count("INBOX")?, 1);
    Ok(())
}

#[test]
fn whoever_has_just_left_a_mailbox_is_waited_for_before_it_is_cloned() -> Result {
    let server = Dovecot::start(DovecotOptions::default())?;
    let mut client = Client::login(&server.login("anna"))?;
    client.append("INBOX", "", None, b"Subject: x\r\n\r\nx\r\n")?;
    let left = Arc::new(AtomicBool::new(false));
    let leaves = Arc::clone(&left);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        leaves.store(true, Ordering::SeqCst);
        drop(client);
    });
    server.clone_mailbox("anna", "ben")?;
    assert!(left.load(Ordering::SeqCst), "it did not wait");
    assert_eq!(Client::login(&server.login("ben"))?.count("INBOX")?, 1);
    Ok(())
}

#[test]
fn capabilities_can_be_overridden() -> Result {
    let server = Dovecot::start(DovecotOptions {
        capabilities: Some("IMAP4rev1 LITERAL+".to_owned()),
        ..DovecotOptions::default()
    })?;
    let mut client = Client::login(&server.login("anna"))?;
    let text = client.command(b"CAPABILITY")?.first().expect("an answer").text();
    assert_eq!(text, b"* CAPABILITY IMAP4rev1 LITERAL+");
    Ok(())
}

#[test]
fn the_sink_keeps_mails_and_undoes_dots() -> Result {
    let sink = SmtpSink::start(None)?;
    let stream = TcpStream::connect(("127.0.0.1", sink.port()))?;
    let mut lines = BufReader::new(&stream);
    let mut talk = |text: &str, code: &str| -> Result {
        (&stream).write_all(text.as_bytes())?;
        let mut line = String::new();
        while !line.starts_with(&format!("{code} ")) {
            line.clear();
            assert_ne!(lines.read_line(&mut line)?, 0, "no {code}");
        }
        Ok(())
    };
    talk("", "220")?;
    talk("EHLO me\r\n", "250")?;
    talk("MAIL FROM:<a@x.example> SIZE=9\r\n", "250")?;
    talk("RCPT TO:<b@y.example>\r\n", "250")?;
    talk("DATA\r\n", "354")?;
    talk("Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\r\n..dot\r\n.\r\n", "250")?;
    talk("QUIT\r\n", "221")?;
    let mails = sink.await_mails(1, Duration::from_secs(60))?;
    assert_eq!((mails[0].subject.as_str(), mails[0].text.as_str()), ("Grüße", ".dot\n"));
    assert_eq!(mails[0].envelope_to, ["b@y.example"]);
    Ok(())
}

#[test]
fn postgres_gives_fresh_databases_and_comes_back_after_a_stop() -> Result {
    let mut server = Postgres::start()?;
    let (first, second) = (server.fresh_database()?, server.fresh_database()?);
    assert_ne!(first, second);
    server.stop();
    assert!(server.fresh_database().is_err());
    server.start_again()?;
    assert_ne!(server.fresh_database()?, first);
    Ok(())
}

#[test]
fn cyrus_starts_with_either_separator_and_namespace_and_refuses_wrong_passwords() -> Result {
    for (slashes, beside_inbox, prefix) in
        [(false, false, "INBOX."), (true, false, "INBOX/"), (false, true, ""), (true, true, "")]
    {
        let server = Cyrus::start(CyrusOptions { slashes, beside_inbox, ..CyrusOptions::default() })?;
        let mut client = Client::login(&server.login("anna"))?;
        client.append("INBOX", "\\Seen", None, b"Subject: x\r\n\r\nx\r\n")?;
        assert_eq!((client.count("INBOX")?, client.prefix()?.as_str()), (1, prefix));
        let wrong = Login { password: "wrong".to_owned(), ..server.login("anna") };
        assert!(Client::login(&wrong).is_err());
    }
    Ok(())
}
