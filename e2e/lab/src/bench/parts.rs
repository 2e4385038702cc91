//! What the table does not show: memory, what ledger and hashing cost, and a disk that really syncs.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use mailferry_lab::{Dovecot, DovecotOptions, Sample};

use super::{
    Bench, Corpus,
    limit::{self, Batches},
    tools::{Ends, Tool},
};
use crate::Failure;

/// How often the threads of a running copy are looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Clock ticks a second in `/proc` (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Peak memory does not grow with the number of messages, nor with their size.
pub(super) fn memory(bench: &mut Bench) -> Result<String, Failure> {
    let mut text = "\n| one account with | seconds | our peak | exact |\n| --- | --- | --- | --- |\n".to_owned();
    for (what, name, sample) in [
        ("200,000 messages in one folder", "large", Sample::OneFolder(200_000)),
        ("one message of 62 MB", "huge", Sample::Huge),
    ] {
        let corpus = Corpus { name, sample };
        sample.write(&bench.source, name)?;
        let ends = bench.fresh(&corpus, false)?;
        let took = ours(bench).run(&ends)?;
        let exact = if bench.is_exact(&ends)? { "yes" } else { "NO" };
        let peak = took.peak_kilobytes.map(|kilobytes| format!("{} MB", kilobytes / 1024)).unwrap_or_default();
        writeln!(text, "| {what} | {:.1} | {peak} | {exact} |", took.seconds)?;
        bench.forget(&ends);
    }
    Ok(text)
}

/// What the ledger's thread and SHA-256 take of our processor time.
pub(super) fn costs(bench: &mut Bench, corpora: &[Corpus]) -> Result<String, Failure> {
    let mut text = "\n| of our processor time, seconds | all | the ledger's thread | SHA-256 of the same bytes |\n\
                    | --- | --- | --- | --- |\n"
        .to_owned();
    for corpus in corpora {
        corpus.sample.write(&bench.source, corpus.name)?;
        limit::read(&bench.ends(corpus, "", false), 1)?;
        let mut all = Vec::new();
        for _ in 0..bench.repetitions {
            let ends = bench.fresh(corpus, false)?;
            all.push(threads(&ours(bench), &ends)?);
            bench.forget(&ends);
        }
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (total, ledger) = all[all.len() / 2];
        let hashing = hashing(&limit::load(&bench.source.maildir(corpus.name))?);
        writeln!(text, "| {} | {total:.2} | {ledger:.2} | {hashing:.2} |", corpus.name)?;
    }
    Ok(text)
}

fn hashing(folders: &[limit::Part<limit::Held>]) -> f64 {
    let began = Instant::now();
    for (_, bytes) in folders.iter().flat_map(|(_, messages)| messages) {
        std::hint::black_box(digest(&SHA256, bytes));
    }
    began.elapsed().as_secs_f64()
}

/// Processor time of a copy in seconds: all of it, and that of the thread that SQLite works in.
fn threads(tool: &Tool, ends: &Ends) -> Result<(f64, f64), Failure> {
    let mut child = tool.command(ends)?.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let tasks = format!("/proc/{}/task", child.id());
    let mut ticks: HashMap<String, (String, u64)> = HashMap::new();
    loop {
        for task in fs::read_dir(&tasks).into_iter().flatten().flatten() {
            let of = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            if let Some(spent) = spent(&of("stat")) {
                ticks.insert(task.file_name().to_string_lossy().into_owned(), (of("comm"), spent));
            }
        }
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                return Err("the copy failed".into());
            }
            break;
        }
        thread::sleep(LOOK);
    }
    let seconds = |of: &dyn Fn(&str) -> bool| {
        let ticks = ticks.values().filter(|(name, _)| of(name)).map(|(_, ticks)| u32::try_from(*ticks).unwrap_or(0));
        f64::from(ticks.sum::<u32>()) / TICKS
    };
    Ok((seconds(&|_| true), seconds(&|name| name.starts_with("sqlx-sqlite"))))
}

/// User and system time in a line of `/proc/PID/task/TID/stat` (proc(5)), in ticks.
fn spent(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A destination that syncs to its disk what it is given: what batches gain.
pub(super) fn disk(bench: &mut Bench) -> Result<String, Failure> {
    let corpus = Corpus { name: "small500", sample: Sample::Sized(500) };
    corpus.sample.write(&bench.source, corpus.name)?;
    let extra = "mail_fsync = always\n".to_owned();
    let dir = Some(bench.work.path().join("synced"));
    let synced = Dovecot::start(DovecotOptions { extra, dir, ..DovecotOptions::default() })?;
    let mut text = "\n| 500 messages to a disk that syncs | seconds |\n| --- | --- |\n".to_owned();
    let ends = |bench: &mut Bench| {
        let ends = bench.fresh(&corpus, false)?;
        Ok::<Ends, Failure>(Ends { destination_port: synced.imap_port(), ..ends })
    };
    for (what, batches) in [
        ("a bare client, one by one", Batches { messages: 1, ahead: 1 }),
        ("a bare client, pipelined", Batches { messages: 1, ahead: 1_000 }),
        ("a bare client, MULTIAPPEND of 100", Batches { messages: 100, ahead: 1_000 }),
    ] {
        let took = limit::write(&ends(bench)?, &bench.source.maildir(corpus.name), batches)?;
        writeln!(text, "| {what} | {:.2} |", took.seconds)?;
    }
    let took = ours(bench).run(&ends(bench)?)?;
    writeln!(text, "| `mailferry copy` | {:.2} |", took.seconds)?;
    Ok(text)
}

fn ours(bench: &Bench) -> Tool {
    bench.tools[0].clone()
}
