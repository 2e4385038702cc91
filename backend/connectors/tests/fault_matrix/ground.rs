//! Two servers, a mailbox at the first, and what an undisturbed copy makes of it.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mailferry_engine::{port::Step, run::RunReport};
use mailferry_lab::{
    Client, CompareOptions, Differences, Dovecot, DovecotOptions, Login, ProxyOptions, Sample, Talk, compare,
};
use mailferry_shared::run::Counts;

use crate::{interrupt::Steps, point::Point, server::Server};

pub(crate) const SOURCE: &str = "anna";
const CLEAN: &str = "clean";
const TEMPLATE: &str = "template";

/// Where the points of a row are tried. Every destination begins as a copy of one that holds a message of its own
/// and one that the source has as well.
pub(crate) struct Ground {
    pub(crate) source: Server,
    pub(crate) destination: Server,
    pub(crate) at_destination: ProxyOptions,
    points: AtomicUsize,
    /// Of the copy that nothing disturbed.
    pub(crate) clean: Clean,
    fingerprint: String,
}

/// What the undisturbed copy was like.
#[derive(Default)]
pub(crate) struct Clean {
    pub(crate) counts: Counts,
    pub(crate) steps: Vec<Step>,
    pub(crate) with_source: Talk,
    pub(crate) with_destination: Talk,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        Self::with(DovecotOptions::default(), DovecotOptions::default(), ProxyOptions::default()).await
    }

    pub(crate) async fn with_destination(destination: DovecotOptions) -> Self {
        Self::with(DovecotOptions::default(), destination, ProxyOptions::default()).await
    }

    pub(crate) async fn with(
        source: DovecotOptions,
        destination: DovecotOptions,
        at_destination: ProxyOptions,
    ) -> Self {
        let source = Dovecot::start(source).expect("Dovecot starts");
        Sample::Tiny.write(&source, SOURCE).expect("a mailbox");
        let destination = Dovecot::start(destination).expect("Dovecot starts");
        Self::on(source, destination, at_destination).await
    }

    /// On servers that are set up already, with the mailbox at the source.
    pub(crate) async fn on(
        source: impl Into<Server>,
        destination: impl Into<Server>,
        at_destination: ProxyOptions,
    ) -> Self {
        let (source, destination) = (source.into(), destination.into());
        prepare(&source, &destination);
        let fingerprint = fingerprint(&source.login(SOURCE));
        let mut ground = Self {
            source,
            destination,
            at_destination,
            points: AtomicUsize::new(0),
            clean: Clean::default(),
            fingerprint,
        };
        ground.clean = ground.undisturbed().await;
        ground
    }

    /// A fresh destination, a fresh ledger, and proxies of its own.
    pub(crate) fn point(&self) -> Point<'_> {
        let user = format!("point{}", self.points.fetch_add(1, Ordering::Relaxed));
        self.point_of(SOURCE, &user, ProxyOptions::default())
    }

    /// The same with a source of its own, that may be changed.
    pub(crate) fn point_with_source(&self) -> Point<'_> {
        let user = format!("point{}", self.points.fetch_add(1, Ordering::Relaxed));
        let source = format!("of-{user}");
        self.source.give_mailbox(SOURCE, &source);
        self.point_of(&source, &user, ProxyOptions::default())
    }

    fn point_of(&self, from: &str, user: &str, source: ProxyOptions) -> Point<'_> {
        self.destination.give_mailbox(TEMPLATE, user);
        let record = source.record || self.at_destination.record;
        Point::new(self, from, user, source, ProxyOptions { record, ..self.at_destination })
    }

    async fn undisturbed(&self) -> Clean {
        let recording = ProxyOptions { record: true, ..ProxyOptions::default() };
        let point = self.point_of(SOURCE, CLEAN, recording);
        let steps = Steps::count();
        let report: RunReport = point.run_with(1, steps.clone()).await;
        assert!(report.counts.stored > 0 && report.counts.done() == report.counts.listed, "{report:?}");
        let first = |talk: Vec<Talk>| talk.into_iter().next().expect("a connection");
        Clean {
            counts: report.counts,
            steps: steps.reached(),
            with_source: first(point.source.talk()),
            with_destination: first(point.destination.talk()),
        }
    }

    /// Compares the undisturbed copy with what `user` has got.
    pub(crate) fn differences(&self, user: &str) -> Differences {
        let options = CompareOptions { details: 5, ..CompareOptions::default() };
        compare(&self.destination.login(CLEAN), &self.destination.login(user), &options).expect("both can be read")
    }

    /// UIDs, flags, dates and bytes are what they were.
    pub(crate) fn source_is_untouched(&self) -> bool {
        fingerprint(&self.source.login(SOURCE)) == self.fingerprint
    }
}

fn prepare(source: &Server, destination: &Server) {
    let mut template = Client::login(&destination.login(TEMPLATE)).expect("logs in");
    let day = Some(" 7-Feb-2024 10:00:00 +0000");
    template.append("INBOX", "\\Seen", day, b"Subject: the owner's own\r\n\r\nhere before\r\n").expect("appends");
    let mut anna = Client::login(&source.login(SOURCE)).expect("logs in");
    let mut shared = None;
    anna.command(b"EXAMINE INBOX").expect("opens");
    for response in anna.command(b"UID FETCH 3 (BODY.PEEK[])").expect("fetches") {
        shared = response.literals.into_iter().next();
    }
    template.append("INBOX", "", day, &shared.expect("a message")).expect("appends");
}

/// Everything that a copy may not change at its source.
fn fingerprint(login: &Login) -> String {
    let mut client = Client::login(login).expect("logs in");
    let mut text = String::new();
    for listed in client.list().expect("lists").iter().filter(|listed| listed.selectable()) {
        let name = String::from_utf8_lossy(&listed.name).replace('\\', "\\\\").replace('"', "\\\"");
        for command in
            [format!("STATUS \"{name}\" (UIDVALIDITY UIDNEXT MESSAGES UNSEEN)"), format!("EXAMINE \"{name}\"")]
        {
            let responses = client.command(command.as_bytes()).expect("answers");
            let status = responses.iter().map(|response| String::from_utf8_lossy(&response.text()).into_owned());
            text.extend(status.filter(|line| line.contains("STATUS") || line.contains("EXISTS")));
        }
        for response in client.command(b"UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])").unwrap_or_default() {
            let _ = write!(text, "{response:?}");
        }
    }
    text
}

pub(crate) fn quickly() -> Duration {
    Duration::from_millis(300)
}

pub(crate) type Hook = Arc<dyn mailferry_engine::port::Fault>;
