//! A mail server that repeats whatever it does not understand, as broken ones and proxies do.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// A running one. It lives as long as the process.
pub(crate) struct Echo {
    pub(crate) port: u16,
    heard: Arc<Mutex<String>>,
}

impl Echo {
    /// Offers these capabilities, and refuses every login with this word: `NO` or `BAD`.
    pub(crate) fn start(offers: &'static str, refusal: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::<Mutex<String>>::default();
        let shared = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&shared);
                // A client that breaks off is its own affair.
                thread::spawn(move || drop(serve(stream, offers, refusal, &heard)));
            }
        });
        Self { port, heard }
    }

    /// Everything that clients have said.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().expect("no panic").clone()
    }
}

fn serve(mut stream: TcpStream, offers: &str, refusal: &str, heard: &Mutex<String>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let lines = BufReader::new(stream.try_clone()?).lines();
    let mut say = |words: &str| stream.write_all(format!("{words}\r\n").as_bytes());
    say(&format!("* OK [CAPABILITY IMAP4rev1 {offers}] ready"))?;
    let mut command = String::new();
    for line in lines {
        let line = line?;
        heard.lock().expect("no panic").extend([line.as_str(), "\n"]);
        command.push_str(&line);
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let verb = words.get(1).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        // A literal, or what a SASL exchange is to begin with, comes as a line of its own.
        let waits = line.ends_with('}') || verb == "AUTHENTICATE" && words.len() == 3;
        if waits {
            if !line.ends_with("+}") {
                say("+ go on")?;
            }
            command.push(' ');
            continue;
        }
        match verb.as_str() {
            "CAPABILITY" => say(&format!("* CAPABILITY IMAP4rev1 {offers}\r\n{} OK done", words[0]))?,
            "LOGOUT" => return say(&format!("* BYE\r\n{} OK done", words[0])),
            _ => say(&format!("{} {refusal} I do not understand {command}", words[0]))?,
        }
        command.clear();
    }
    Ok(())
}
