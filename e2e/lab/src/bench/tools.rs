//! Who is measured: our own program, and whichever others are installed.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use mailferry_lab::dovecot::PASSWORD;

use crate::Failure;

/// From where to where.
pub(super) struct Ends {
    pub(super) source_port: u16,
    pub(super) source_user: String,
    pub(super) destination_port: u16,
    pub(super) destination_user: String,
    /// A folder for what a tool keeps between its runs.
    pub(super) state: PathBuf,
}

/// What a run cost. Processor and memory are those of the tool, where GNU time is installed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Took {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) peak_kilobytes: Option<u64>,
}

/// A program that copies mailboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tool {
    /// `mailferry copy`.
    Ours(PathBuf),
    Mbsync,
    /// `doveadm backup`, which writes the destination's files itself. With its configuration.
    Doveadm(PathBuf),
    Imapsync,
}

impl Tool {
    pub(super) fn installed(ours: PathBuf, configuration: PathBuf) -> Vec<Self> {
        let mut tools = vec![Self::Ours(ours)];
        let others =
            [(Self::Mbsync, "mbsync"), (Self::Doveadm(configuration), "doveadm"), (Self::Imapsync, "imapsync")];
        tools.extend(others.into_iter().filter(|(_, program)| is_installed(program)).map(|(tool, _)| tool));
        tools
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "mailferry",
            Self::Mbsync => "mbsync",
            Self::Doveadm(_) => "doveadm",
            Self::Imapsync => "imapsync",
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }

    /// True if one repetition must do.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::Imapsync)
    }

    /// False for a tool that would take minutes over a long line.
    pub(super) fn works_far(&self) -> bool {
        matches!(self, Self::Ours(_) | Self::Mbsync)
    }

    /// True if a second run is worth a row.
    pub(super) fn keeps_state(&self) -> bool {
        matches!(self, Self::Ours(_) | Self::Mbsync)
    }

    pub(super) fn run(&self, ends: &Ends) -> Result<Took, Failure> {
        let time = ends.state.join("time");
        let command = self.command(ends)?;
        let mut timed = if is_installed("/usr/bin/time") {
            let mut timed = Command::new("/usr/bin/time");
            timed.args(["-q", "-f", "%U %S %M", "-o"]).arg(&time).arg(command.get_program());
            timed
        } else {
            Command::new(command.get_program())
        };
        timed.args(command.get_args()).stdin(Stdio::null()).stdout(Stdio::null());
        timed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let began = Instant::now();
        let output = timed.stderr(Stdio::piped()).output()?;
        let seconds = began.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(format!("{}: {}", self.name(), String::from_utf8_lossy(&output.stderr)).into());
        }
        let told = fs::read_to_string(time).unwrap_or_default();
        let mut took = Took { seconds, ..Took::default() };
        if let [user, system, kilobytes] = told.split_whitespace().collect::<Vec<_>>()[..] {
            took.cpu_seconds =
                user.parse::<f64>().ok().zip(system.parse::<f64>().ok()).map(|(user, system)| user + system);
            took.peak_kilobytes = kilobytes.parse().ok();
        }
        Ok(took)
    }

    pub(super) fn command(&self, ends: &Ends) -> Result<Command, Failure> {
        let end = |port: u16, user: &str| format!("imap://{user}@127.0.0.1:{port}");
        let mut command;
        match self {
            Self::Ours(program) => {
                command = Command::new(program);
                command.arg("copy").arg("--source").arg(end(ends.source_port, &ends.source_user));
                command.arg("--destination").arg(end(ends.destination_port, &ends.destination_user));
                command.args(["--allow-plaintext", "--quiet", "--state"]).arg(ends.state.join("ledger"));
                command.env("MAILFERRY_SOURCE_PASSWORD", PASSWORD).env("MAILFERRY_DESTINATION_PASSWORD", PASSWORD);
            }
            Self::Mbsync => {
                let configuration = ends.state.join("mbsyncrc");
                write_private(&configuration, &mbsync_configuration(ends))?;
                command = Command::new("mbsync");
                command.args(["-q", "-a", "-c"]).arg(configuration);
            }
            Self::Doveadm(configuration) => {
                command = Command::new("doveadm");
                command.arg("-c").arg(configuration);
                for option in [
                    "imapc_host=127.0.0.1".to_owned(),
                    format!("imapc_port={}", ends.source_port),
                    format!("imapc_user={}", ends.source_user),
                    format!("imapc_password={PASSWORD}"),
                    "imapc_features=rfc822.size fetch-headers".to_owned(),
                    "mail_prefetch_count=20".to_owned(),
                ] {
                    command.args(["-o", &option]);
                }
                command.args(["backup", "-R", "-u", &ends.destination_user, "imapc:"]);
            }
            Self::Imapsync => {
                command = Command::new("imapsync");
                command.args(["--host1", "127.0.0.1", "--port1", &ends.source_port.to_string()]);
                command.args(["--user1", &ends.source_user, "--password1", PASSWORD]);
                command.args(["--host2", "127.0.0.1", "--port2", &ends.destination_port.to_string()]);
                command.args(["--user2", &ends.destination_user, "--password2", PASSWORD]);
                command.args(["--nossl1", "--notls1", "--nossl2", "--notls2", "--nolog", "--noreleasecheck"]);
                command.arg("--tmpdir").arg(&ends.state);
            }
        }
        Ok(command)
    }
}

fn mbsync_configuration(ends: &Ends) -> String {
    let store = |name: &str, port: u16, user: &str| {
        format!(
            "IMAPStore {name}\nHost 127.0.0.1\nPort {port}\nUser {user}\nPass {PASSWORD}\nSSLType None\n\
             AuthMechs LOGIN\nTimeout 300\n\n"
        )
    };
    format!(
        "{}{}Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nExpunge None\n\
         CopyArrivalDate yes\nSyncState {}/\n",
        store("far", ends.source_port, &ends.source_user),
        store("near", ends.destination_port, &ends.destination_user),
        ends.state.display()
    )
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).map(|dir| dir.join(program));
    places.chain([PathBuf::from(program)]).any(|place| place.is_absolute() && place.is_file())
}
