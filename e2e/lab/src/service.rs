//! A server process that never outlives the test.
//!
//! Between test and server stands a shell that reads from a pipe: when the pipe closes, because the value was
//! dropped or because the test process died in whatever way, the shell ends the server.

use std::{
    fs::{self, File},
    io,
    net::TcpStream,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use crate::patience;

const SUPERVISOR: &str = r#"
signal=$1; turns=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- & server=$!
(
  cat <&3 >/dev/null
  kill -s "$signal" $server
  while kill -0 $server && [ $turns -gt 0 ]; do sleep 0.05; turns=$((turns - 1)); done
  kill -s KILL $server
) 2>/dev/null & watcher=$!
exec 3<&-
wait $server; status=$?
kill $watcher 2>/dev/null
exit $status
"#;

#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    lifeline: Option<ChildStdin>,
    log: PathBuf,
}

/// How to start a server.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [String],
    /// Signal for an orderly and quick end: `TERM`, `INT`.
    pub(crate) end_signal: &'a str,
    /// How long it may take for that, in twentieths of a second; then it is killed.
    pub(crate) grace: u32,
    /// Its output goes here.
    pub(crate) log: &'a Path,
    /// User and group to run as; only root may choose.
    pub(crate) run_as: Option<(u32, u32)>,
}

impl Service {
    pub(crate) fn start(start: &Start<'_>) -> io::Result<Self> {
        let log = File::create(start.log)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SUPERVISOR, "supervisor", start.end_signal, &start.grace.to_string()]);
        command.arg(start.program).args(start.arguments);
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        // A group of its own: Ctrl-C in a terminal is for the program in front, which ends its servers itself.
        command.process_group(0);
        if let Some((user, group)) = start.run_as {
            command.uid(user).gid(group);
        }
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        Ok(Self { child, lifeline, log: start.log.to_owned() })
    }

    /// Waits until `port` on 127.0.0.1 takes connections; fails at once if the server ends before.
    pub(crate) fn await_port(&mut self, port: u16) -> io::Result<()> {
        let waited = patience::until(Duration::from_secs(120), &format!("nothing listens on port {port}"), || {
            if let Some(status) = self.child.try_wait()? {
                return Err(crate::failed(format!("server ended with {status}")));
            }
            Ok(TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()))
        });
        waited.map_err(|error| crate::failed(format!("{error}: {}", self.log_tail())))
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nobody could act on an error here, and the shell ends in any case.
        let _ = self.child.wait();
    }
}
