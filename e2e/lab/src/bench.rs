//! `lab bench`: how long a copy takes, beside what the same two servers can do at most and beside other tools, in one
//! interleaved run. Medians.

mod cyrus;
mod delay;
mod limit;
mod parts;
mod table;
mod tools;

use std::{io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Sample, compare, sample::append_new};

use self::{
    delay::Delay,
    table::{Row, Table},
    tools::{Ends, Took, Tool},
};
use crate::{Failure, arguments::Arguments};

/// Between client and servers, each way.
const DELAY: Duration = Duration::from_millis(20);
/// Mail that arrives before a re-run.
const NEW: usize = 100;

/// A mailbox to be copied.
#[derive(Debug, Clone, Copy)]
struct Corpus {
    name: &'static str,
    sample: Sample,
}

const CORPORA: [Corpus; 4] = [
    Corpus { name: "small", sample: Sample::Sized(20_000) },
    Corpus { name: "mixed", sample: Sample::Mixed(5_000) },
    Corpus { name: "many", sample: Sample::Folders(300) },
    Corpus { name: "small500", sample: Sample::Sized(500) },
];

/// Everything that the rows share.
struct Bench {
    source: Dovecot,
    destination: Dovecot,
    /// The same servers 40 ms away.
    far: [Delay; 2],
    tools: Vec<Tool>,
    work: tempfile::TempDir,
    repetitions: usize,
    /// Destinations made so far.
    made: usize,
}

pub(crate) fn run(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    let program = arguments.option("--mailferry").ok_or("--mailferry PROGRAM")?;
    let repetitions = arguments.number("--repetitions")?.unwrap_or(5).max(1);
    let names = arguments.options("--only");
    let out = arguments.option("--out").map(PathBuf::from);
    arguments.finish()?;
    let mut bench = Bench::start(PathBuf::from(program), repetitions)?;
    let mut table = Table::default();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|other| other == name);
    for corpus in CORPORA.iter().filter(|corpus| wanted(corpus.name)) {
        let written = corpus.sample.write(&bench.source, corpus.name)?;
        let size = format!("{}, {} messages, {} MB", corpus.name, written.messages, written.size_bytes / 1_000_000);
        if corpus.name != "small500" {
            table.push(bench.copies(corpus, &size, false)?);
        }
        table.push(bench.copies(corpus, &format!("{size}, 40 ms"), true)?);
        if corpus.name == "small" {
            bench.reruns(corpus, &mut table)?;
        }
    }
    let mut text = table.markdown(repetitions);
    if wanted("memory") {
        text += &parts::memory(&mut bench)?;
    }
    if wanted("costs") {
        text += &parts::costs(&mut bench, &CORPORA[..2])?;
    }
    if wanted("disk") {
        text += &parts::disk(&mut bench)?;
    }
    if wanted("cyrus") {
        text += &cyrus::there_and_back(&mut bench)?;
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    if let Some(out) = out {
        std::fs::write(out, text)?;
    }
    Ok(if table.is_exact() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Bench {
    fn start(program: PathBuf, repetitions: usize) -> Result<Self, Failure> {
        let source = Dovecot::start(DovecotOptions::default())?;
        // In memory, so that protocol and processor decide, not the disk.
        let memory = PathBuf::from(format!("/dev/shm/mailferry-bench-{}", std::process::id()));
        let destination = Dovecot::start(DovecotOptions { dir: Some(memory), ..DovecotOptions::default() })?;
        let far = [Delay::start(source.imap_port(), DELAY)?, Delay::start(destination.imap_port(), DELAY)?];
        let tools = Tool::installed(program, destination.configuration_file());
        let work = tempfile::tempdir()?;
        Ok(Self { source, destination, far, tools, work, repetitions, made: 0 })
    }

    fn ends(&self, corpus: &Corpus, destination: &str, far: bool) -> Ends {
        let near = [self.source.imap_port(), self.destination.imap_port()];
        let [source_port, destination_port] = if far { [self.far[0].port(), self.far[1].port()] } else { near };
        Ends {
            source_port,
            source_user: corpus.name.to_owned(),
            destination_port,
            destination_user: destination.to_owned(),
            state: self.work.path().join(destination),
        }
    }

    /// A destination that nobody has used.
    fn fresh(&mut self, corpus: &Corpus, far: bool) -> Result<Ends, Failure> {
        self.made += 1;
        let ends = self.ends(corpus, &format!("bench{}", self.made), far);
        std::fs::create_dir_all(&ends.state)?;
        Ok(ends)
    }

    /// Everything is copied anew, by each in turn.
    fn copies(&mut self, corpus: &Corpus, name: &str, far: bool) -> Result<Row, Failure> {
        let mut row = Row::new(name);
        // The first visit makes the source's indexes.
        limit::read(&self.ends(corpus, "", false), 1)?;
        for repetition in 0..self.repetitions {
            row.limit.push(self.limit(corpus, far)?);
            for tool in self.tools.clone() {
                // Others take minutes over a long line: once is enough to tell.
                let once = tool.is_slow() || (far && !tool.is_ours());
                if (far && !tool.works_far()) || (once && repetition > 0) {
                    continue;
                }
                let ends = self.fresh(corpus, far)?;
                row.add(&tool, tool.run(&ends)?);
                if tool.is_ours() && repetition == 0 {
                    row.exact = Some(self.is_exact(&ends)?);
                }
                self.forget(&ends);
            }
        }
        Ok(row)
    }

    /// The best of a few numbers of connections.
    fn limit(&mut self, corpus: &Corpus, far: bool) -> Result<Took, Failure> {
        let mut best: Option<Took> = None;
        for connections in [1, 2, 4] {
            let ends = self.fresh(corpus, far)?;
            let near = self.ends(corpus, &ends.destination_user, false);
            let took = limit::both(&near, &ends, &self.source.maildir(corpus.name), connections)?;
            self.forget(&ends);
            best = best.filter(|best| best.seconds <= took.seconds).or(Some(took));
        }
        best.ok_or_else(|| "no limit".into())
    }

    /// Nothing new, then a few new messages: with the state that each tool keeps for that.
    fn reruns(&mut self, corpus: &Corpus, table: &mut Table) -> Result<(), Failure> {
        for far in [false, true] {
            let link = if far { ", 40 ms" } else { "" };
            let mut nothing = Row::new(&format!("re-run of {}, nothing new{link}", corpus.name));
            let mut some = Row::new(&format!("re-run of {}, {NEW} new{link}", corpus.name));
            for tool in self.tools.clone().iter().filter(|tool| tool.keeps_state() && (!far || tool.works_far())) {
                let ends = self.fresh(corpus, far)?;
                tool.run(&ends)?;
                for _ in 0..self.repetitions {
                    nothing.add(tool, tool.run(&ends)?);
                }
                for _ in 0..self.repetitions {
                    append_new(&self.source.login(corpus.name), "INBOX", NEW)?;
                    some.add(tool, tool.run(&ends)?);
                }
                if tool.is_ours() {
                    some.exact = Some(self.is_exact(&ends)?);
                }
                self.forget(&ends);
            }
            table.push(nothing);
            table.push(some);
        }
        Ok(())
    }

    fn is_exact(&self, ends: &Ends) -> Result<bool, Failure> {
        let logins = [self.source.login(&ends.source_user), self.destination.login(&ends.destination_user)];
        let differences = compare(&logins[0], &logins[1], &CompareOptions { details: 5, ..CompareOptions::default() })?;
        if !differences.is_perfect() {
            eprintln!("{differences:?}");
        }
        Ok(differences.is_perfect())
    }

    /// Makes room.
    fn forget(&self, ends: &Ends) {
        let maildir = self.destination.maildir(&ends.destination_user);
        let home = maildir.parent().unwrap_or(&maildir);
        // What is not there needs no room.
        let _ = std::fs::remove_dir_all(home);
        let _ = std::fs::remove_dir_all(&ends.state);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.destination.stop();
        let dir = self.destination.configuration_file();
        if let Some(dir) = dir.parent().filter(|dir| dir.starts_with("/dev/shm")) {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}
