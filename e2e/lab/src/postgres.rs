//! A `PostgreSQL` of the test's own, on a free loopback port.

use std::{
    env, fs, io,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::{
    folder::{Folder, is_root},
    patience,
    port::{await_free, free_port},
    service::{Service, Start},
};

/// A running database server; it ends with this value.
#[derive(Debug)]
pub struct Postgres {
    service: Option<Service>,
    folder: Folder,
    programs: PathBuf,
    port: u16,
    count: AtomicU32,
    /// Whether a commit that was answered for outlives the server's processes.
    keeps_commits: bool,
}

impl Postgres {
    /// Makes a cluster and starts its server. Nothing is synced to disk: it must be fast, not durable.
    pub fn start() -> io::Result<Self> {
        Self::start_with(false)
    }

    /// One whose commits outlive it when it is [killed](Self::kill), though not a crash of the machine.
    pub fn start_keeping_commits() -> io::Result<Self> {
        Self::start_with(true)
    }

    fn start_with(keeps_commits: bool) -> io::Result<Self> {
        let programs = programs()?;
        let folder = Folder::new(None, "mailferry-postgres-")?;
        if let Some((user, group)) = unprivileged()? {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let mut server = Self { service: None, folder, programs, port: 0, count: AtomicU32::new(0), keeps_commits };
        server.initialise()?;
        let mut last = None;
        for _ in 0..5 {
            server.port = free_port()?;
            match server.start_at_its_port() {
                Ok(()) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| crate::failed("no port")))
    }

    /// The server that the tests of this process share: it is started for the first that asks, and ends with the last
    /// that holds it. Each test takes a [fresh database](Self::fresh_database).
    pub fn shared() -> io::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&server);
        Ok(server)
    }

    /// Ends the server (open connections are cut); its data stays for [`Self::start_again`].
    pub fn stop(&mut self) {
        self.service = None;
    }

    /// Kills it as the system does that has no memory left: none of its processes (SIGKILL) gets to say or to tidy up
    /// anything. Its data stays for [`Self::start_again`].
    pub fn kill(&mut self) -> io::Result<()> {
        let file = fs::read_to_string(self.data().join("postmaster.pid"))?;
        let first = file.lines().next().and_then(|line| line.trim().parse().ok());
        let postmaster: u32 = first.ok_or_else(|| crate::failed("postmaster.pid names no process"))?;
        let all: Vec<String> =
            [postmaster].into_iter().chain(children(postmaster)?).map(|pid| pid.to_string()).collect();
        // One that has ended by itself meanwhile need not be killed.
        Command::new("kill").args(["-s", "KILL"]).args(&all).output()?;
        self.stop();
        Ok(())
    }

    /// Starts it again with the same data on the same port.
    pub fn start_again(&mut self) -> io::Result<()> {
        await_free(self.port)?;
        // What is left of one that was killed may hold its memory for a moment longer.
        let mut last = None;
        let started = patience::until(Duration::from_secs(60), "PostgreSQL does not start again", || {
            last = self.start_at_its_port().err();
            Ok(last.is_none().then_some(()))
        });
        started.map_err(|error| last.unwrap_or(error))
    }

    fn start_at_its_port(&mut self) -> io::Result<()> {
        let mut arguments = vec!["-D".to_owned(), self.data().display().to_string()];
        let port = format!("port={}", self.port);
        let settings = [
            port.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            if self.keeps_commits { "synchronous_commit=on" } else { "synchronous_commit=off" },
            "full_page_writes=off",
            "max_connections=200",
            "shared_buffers=32MB",
        ];
        for setting in settings {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let log = self.folder.path().join("output.log");
        let program = self.programs.join("postgres");
        // INT: do not wait for clients.
        let start = Start {
            program: &program,
            arguments: &arguments,
            end_signal: "INT",
            grace: 100,
            log: &log,
            run_as: unprivileged()?,
        };
        let mut service = Service::start(&start)?;
        service.await_port(self.port)?;
        self.service = Some(service);
        self.await_ready()
    }

    /// URL of a new, empty database.
    pub fn fresh_database(&self) -> io::Result<String> {
        let name = format!("test_{}", self.count.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-U", "mailferry", "--template=template0", &name];
        succeeded(&Command::new(self.programs.join("createdb")).args(arguments).output()?)?;
        Ok(format!("postgres://mailferry@127.0.0.1:{port}/{name}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self) -> io::Result<()> {
        let mut command = Command::new(self.programs.join("initdb"));
        command.arg("-D").arg(self.data()).args(["-A", "trust", "-U", "mailferry", "-E", "UTF8", "--locale=C"]);
        command.args(["--no-sync", "--no-instructions"]).current_dir(self.folder.path());
        if let Some((user, group)) = unprivileged()? {
            command.uid(user).gid(group);
        }
        succeeded(&command.output()?)
    }

    /// The port is open before the server takes commands.
    fn await_ready(&self) -> io::Result<()> {
        let port = self.port.to_string();
        let arguments = ["-q", "-h", "127.0.0.1", "-p", &port];
        patience::until(Duration::from_secs(120), "PostgreSQL listens but does not become ready", || {
            let ready = Command::new(self.programs.join("pg_isready")).args(arguments).status()?.success();
            Ok(ready.then_some(()))
        })
    }
}

/// The processes that another one has begun.
fn children(parent: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended meanwhile. Its name stands in brackets and may hold anything; state and parent follow.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let of = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        if of == Some(parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

fn succeeded(output: &Output) -> io::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    Err(crate::failed(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// `PostgreSQL` refuses to work as root; its user must have a name, so one that Debian has anyway is taken.
fn unprivileged() -> io::Result<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let text = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse::<u32>);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.map(Some).ok_or_else(|| crate::failed("there is neither a user postgres nor nobody"))
}

/// Folder with `initdb` and the rest: Debian keeps them out of PATH, a folder for each version.
fn programs() -> io::Result<PathBuf> {
    let has = |dir: &Path| dir.join("initdb").exists() && dir.join("postgres").exists();
    let mut candidates: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        candidates.extend(versions.flatten().map(|entry| entry.path().join("bin")));
        candidates.sort();
        candidates.reverse();
    }
    if let Some(path) = env::var_os("PATH") {
        candidates.extend(env::split_paths(&path));
    }
    let found = candidates.into_iter().find(|dir| has(dir));
    found.ok_or_else(|| crate::failed("PostgreSQL is not installed; `make setup` installs it (Debian: postgresql)"))
}
