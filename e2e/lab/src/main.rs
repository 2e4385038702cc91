//! The command `lab`: the same servers and the same judge for the demo and the browser tests.

mod arguments;
mod bench;
mod names;
mod up;

use std::process::ExitCode;

use mailferry_lab::{Client, CompareOptions, Login, compare, dovecot::PASSWORD, sample};
use serde_json::{Value, json};

use crate::arguments::Arguments;

const USAGE: &str = "\
lab up [--dir DIR] [--sample small|demo|N] [--accounts N]
    Two Dovecot servers with sample mailboxes at the first, a mail sink and a name server. Prints one line of JSON and
    stays up until its standard input ends, or SIGTERM or SIGINT comes. A line there sets a name, as
    {\"name\": \"old.example\", \"mx\": [\"mx.old.example\"], \"ttl\": 60}; also addresses, and srv: [[port, host]].
lab compare SOURCE_PORT SOURCE_USER DESTINATION_PORT DESTINATION_USER [--leave-out FOLDER]... [--rename OLD=NEW]...
            [--allow-extra-empty-folders] [--details N]
    Compares two mailboxes message by message. Prints counters as JSON; exit code 1 if anything differs.
lab append PORT USER [--count N] [--folder NAME]
    Lets new messages of today arrive.
lab count PORT USER
    Messages per folder.
lab bench --mailferry PROGRAM [--only small|mixed|many|small500|memory|costs|disk]... [--repetitions N] [--out FILE]
    How long copies take, beside what a bare client reaches with the same servers and beside the other tools that are
    installed; peak memory, what ledger and hashing cost, and a disk that syncs. Prints tables.

All logins use the lab's password unless --password is given. Ports are the plaintext ones on 127.0.0.1.";

/// What went wrong, in words for the terminal.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lab: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    match arguments.next().as_deref() {
        Some("up") => up::run(arguments),
        Some("bench") => bench::run(arguments),
        Some("compare") => compare_two(arguments),
        Some("append") => append(arguments),
        Some("count") => count(arguments),
        _ => Err(USAGE.into()),
    }
}

fn compare_two(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    let renames = arguments.options("--rename").into_iter().map(|pair| {
        let (old, new) = pair.split_once('=').ok_or("--rename OLD=NEW")?;
        Ok((old.to_owned(), new.to_owned()))
    });
    let options = CompareOptions {
        renames: renames.collect::<Result<_, Failure>>()?,
        leave_out: arguments.options("--leave-out"),
        allow_extra_empty_folders: arguments.switch("--allow-extra-empty-folders"),
        details: arguments.number("--details")?.unwrap_or(0),
    };
    let password = password(&mut arguments);
    let (source, destination) = (login(&mut arguments, &password)?, login(&mut arguments, &password)?);
    arguments.finish()?;
    let result = compare(&source, &destination, &options)?;
    print(&serde_json::to_value(&result)?);
    Ok(ExitCode::from(u8::from(!result.is_perfect())))
}

fn append(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    let count = arguments.number("--count")?.unwrap_or(1);
    let folder = arguments.option("--folder").unwrap_or_else(|| "INBOX".to_owned());
    let password = password(&mut arguments);
    let login = login(&mut arguments, &password)?;
    arguments.finish()?;
    let size_bytes = sample::append_new(&login, &folder, count)?;
    print(&json!({ "messages": count, "size_bytes": size_bytes }));
    Ok(ExitCode::SUCCESS)
}

fn count(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    let password = password(&mut arguments);
    let login = login(&mut arguments, &password)?;
    arguments.finish()?;
    let mut client = Client::login(&login)?;
    let mut folders = serde_json::Map::new();
    for listed in client.list()?.iter().filter(|listed| listed.selectable()) {
        let messages = client.count_raw(&listed.name)?;
        folders.insert(String::from_utf8_lossy(&listed.name).into_owned(), messages.into());
    }
    print(&Value::Object(folders));
    Ok(ExitCode::SUCCESS)
}

fn password(arguments: &mut Arguments) -> String {
    arguments.option("--password").unwrap_or_else(|| PASSWORD.to_owned())
}

fn login(arguments: &mut Arguments, password: &str) -> Result<Login, Failure> {
    let port = arguments.next().ok_or(USAGE)?.parse()?;
    let user = arguments.next().ok_or(USAGE)?;
    Ok(Login { port, user, password: password.to_owned() })
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn print(value: &Value) {
    println!("{value}");
}
