//! A connection from its greeting to its end.

use std::io;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};

use crate::{
    command::{self, Command},
    login::{Login, login},
    mailbox::Mailbox,
    place::Place,
    session::{Answer, CAPABILITIES, Session},
};

/// How often a change is tried that others were quicker with.
const TRIES: usize = 20;

/// A mailbox as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What lies in it.
    pub mailbox: Mailbox,
    /// Grows with every change; 0 for one that nobody has changed yet.
    pub version: i64,
}

/// Where mailboxes are kept between commands.
pub trait Keep: Send + Sync {
    /// The mailbox of this name as it is now; a new one if there is none.
    ///
    /// # Errors
    /// If it cannot be had; the connection is then closed.
    fn load(&self, mailbox: &str) -> impl Future<Output = io::Result<Kept>> + Send;

    /// Keeps what has become of `kept`; false if somebody else has changed it meanwhile.
    ///
    /// # Errors
    /// If it cannot be kept; the connection is then closed.
    fn save(&self, mailbox: &str, kept: &Kept) -> impl Future<Output = io::Result<bool>> + Send;

    /// What time it is.
    fn now(&self) -> DateTime<Utc>;
}

/// Speaks with whoever is at the other end, until they are gone.
///
/// # Errors
/// What went wrong with the line or the mailboxes.
pub async fn serve<S, K>(stream: S, place: Place, keep: K) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    K: Keep,
{
    let mut line = Line { stream: BufStream::new(stream), place, keep };
    line.say(format!("* OK [CAPABILITY {CAPABILITIES}] Mailferry's test host {}\r\n", place.host.name()).as_bytes())
        .await?;
    let Some(mailbox) = line.log_in().await? else { return Ok(()) };
    line.work(&mailbox).await
}

struct Line<S, K> {
    stream: BufStream<S>,
    place: Place,
    keep: K,
}

impl<S, K> Line<S, K>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    K: Keep,
{
    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next command; what is none is answered right here.
    async fn hear(&mut self) -> io::Result<Option<Command>> {
        while let Some(bytes) = command::read(&mut self.stream).await? {
            match command::parse(&bytes) {
                Some(command) => return Ok(Some(command)),
                None => self.say(b"* BAD this is no command\r\n").await?,
            }
        }
        Ok(None)
    }

    async fn answer(&mut self, tag: &str, answer: &Answer) -> io::Result<()> {
        self.stream.write_all(&answer.untagged).await?;
        self.say(format!("{tag} {}\r\n", answer.status).as_bytes()).await
    }

    /// Up to a login that is taken: its mailbox; `None` at the end of the line.
    async fn log_in(&mut self) -> io::Result<Option<String>> {
        while let Some(mut command) = self.hear().await? {
            let answer = match command.verb.as_str() {
                "LOGIN" | "AUTHENTICATE" => {
                    if login(&command) == Login::Asks {
                        self.say(b"+ \r\n").await?;
                        let message = command::read_line(&mut self.stream).await?;
                        command.arguments.push(command::Argument::Word(message));
                    }
                    match login(&command) {
                        Login::For(mailbox) if self.place.takes_logins() => {
                            let welcome = Answer::ok(&format!("[CAPABILITY {CAPABILITIES}] welcome"));
                            self.answer(&command.tag, &welcome).await?;
                            return Ok(Some(mailbox));
                        }
                        Login::For(_) => Answer::no("[AUTHENTICATIONFAILED] user name or password are wrong"),
                        Login::Asks | Login::Unclear => Answer::bad("who logs in?"),
                    }
                }
                "CAPABILITY" => Answer::ok("done").with(format!("* CAPABILITY {CAPABILITIES}\r\n")),
                "NOOP" => Answer::ok("done"),
                "LOGOUT" => Answer { is_last: true, ..Answer::ok("goodbye").with("* BYE until next time\r\n") },
                _ => Answer::bad("log in first"),
            };
            self.answer(&command.tag, &answer).await?;
            if answer.is_last {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn work(&mut self, mailbox: &str) -> io::Result<()> {
        let mut session = Session { place: self.place, open: None };
        while let Some(command) = self.hear().await? {
            let answer = self.take_effect(&mut session, &command, mailbox).await?;
            if let Some(pause) = self.place.pause().filter(|_| answer.is_portion) {
                tokio::time::sleep(pause).await;
            }
            self.answer(&command.tag, &answer).await?;
            if answer.is_last {
                break;
            }
        }
        Ok(())
    }

    /// Answers over the mailbox as it is now, and keeps what has changed.
    async fn take_effect(&mut self, session: &mut Session, command: &Command, mailbox: &str) -> io::Result<Answer> {
        for _ in 0..TRIES {
            let mut kept = self.keep.load(mailbox).await?;
            let answer = session.answer(command, &mut kept.mailbox, self.keep.now());
            if !answer.changed || self.keep.save(mailbox, &kept).await? {
                return Ok(answer);
            }
        }
        Err(io::Error::other("others change the mailbox all the time"))
    }
}
