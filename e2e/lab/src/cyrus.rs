//! A real Cyrus 3.6 on loopback.
//!
//! Any user name of letters and digits is valid with the password [`PASSWORD`]; its INBOX is made at the first login.
//! [`ADMIN`] with [`ADMIN_PASSWORD`] may act for everybody by SASL PLAIN with an authorization identity (RFC 4616).

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    authority::Authority,
    dovecot::PASSWORD,
    folder::{Folder, give_to, ids_of, is_root, name_of, owner},
    imap::Login,
    passwords,
    port::free_port,
    service::{Service, Start},
};

/// The admin that may act for every user.
pub const ADMIN: &str = "admin";
/// The admin's password.
pub const ADMIN_PASSWORD: &str = "adminsecret";

/// Debian's package brings this user.
const USER: &str = "cyrus";
/// Its sessions end at once; only the master would take longer for nothing.
const GRACE: u32 = 10;
const PROGRAMS: &str = "/usr/lib/cyrus/bin";
/// Where `make setup` puts the one program that Debian does not install beside Dovecot.
const IMAPD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.cyrus/usr/lib/cyrus/bin/imapd");

/// What a server is like.
#[derive(Debug, Clone, Default)]
pub struct CyrusOptions {
    /// `/` between the levels of a folder name (unixhierarchysep); else `.`.
    pub slashes: bool,
    /// Folders beside INBOX (altnamespace); else all folders lie below it, with the prefix `INBOX` and the separator.
    pub beside_inbox: bool,
    /// More lines of `imapd.conf`.
    pub extra: String,
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Cyrus {
    // Ends before its folder goes.
    service: Option<Service>,
    folder: Folder,
    options: CyrusOptions,
    imap_port: u16,
    imaps_port: u16,
}

impl Cyrus {
    /// Starts a server and waits until it answers.
    pub fn start(options: CyrusOptions) -> io::Result<Self> {
        let folder = Folder::new(None, "mailferry-cyrus-")?;
        let mut server = Self { service: None, folder, options, imap_port: 0, imaps_port: 0 };
        server.make_folders()?;
        let right = |user: &str, password: &str| {
            if user == ADMIN { password == ADMIN_PASSWORD } else { password == PASSWORD }
        };
        passwords::answer(&server.path("mux"), right)?;
        fs::set_permissions(server.path("mux"), fs::Permissions::from_mode(0o777))?;
        // Between choosing a port and using it another process may take it.
        let mut last = None;
        for _ in 0..5 {
            (server.imap_port, server.imaps_port) = (free_port()?, free_port()?);
            match server.start_service() {
                Ok(service) => {
                    server.service = Some(service);
                    return Ok(server);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| crate::failed("no port")))
    }

    fn start_service(&self) -> io::Result<Service> {
        self.write_configuration()?;
        let path = |name: &str| self.path(name).display().to_string();
        let arguments =
            ["-C", &path("imapd.conf"), "-M", &path("cyrus.conf"), "-p", &path("master.pid"), "-D"].map(str::to_owned);
        let start = Start {
            program: &Path::new(PROGRAMS).join("master"),
            arguments: &arguments,
            end_signal: "QUIT",
            grace: GRACE,
            log: &self.path("output.log"),
            run_as: if is_root() { Some(ids_of(USER)?) } else { None },
        };
        let mut service = Service::start(&start)?;
        service.await_port(self.imap_port)?;
        Ok(service)
    }

    /// Port for plaintext and STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.imap_port
    }

    /// Port for implicit TLS.
    pub fn imaps_port(&self) -> u16 {
        self.imaps_port
    }

    /// The certificate (PEM) that a client must trust; it is the same for all servers of this process.
    pub fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// How the lab itself logs in as `user`.
    pub fn login(&self, user: &str) -> Login {
        Login { port: self.imap_port, user: user.to_owned(), password: PASSWORD.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make_folders(&self) -> io::Result<()> {
        for below in ["db", "proc", "lock", "log", "msg", "ptclient", "socket", "quota", "sieve", "user"] {
            fs::create_dir_all(self.path("config").join(below))?;
        }
        fs::create_dir_all(self.path("mail"))?;
        // A copy of its own, because the repository may be closed to the user that the server works as.
        fs::create_dir_all(self.path("bin"))?;
        fs::copy(imapd()?, self.path("bin/imapd"))?;
        let authority = Authority::of_process()?;
        let identity = authority.identity(&["localhost", "127.0.0.1"])?;
        fs::write(self.path("ca.pem"), &authority.pem)?;
        fs::write(self.path("cert.pem"), identity.certificate)?;
        fs::write(self.path("key.pem"), identity.key)?;
        if is_root() { give_to(self.folder.path(), ids_of(USER)?) } else { Ok(()) }
    }

    fn write_configuration(&self) -> io::Result<()> {
        let dir = self.folder.path().display().to_string();
        let user = if is_root() { USER.to_owned() } else { name_of("/etc/passwd", owner()?.0)? };
        let yes = |on: bool| if on { "yes" } else { "no" };
        let imapd = include_str!("cyrus-imapd.conf")
            .replace("@DIR@", &dir)
            .replace("@USER@", &user)
            .replace("@ADMIN@", ADMIN)
            .replace("@ALTNAMESPACE@", yes(self.options.beside_inbox))
            .replace("@UNIXHIERARCHYSEP@", yes(self.options.slashes))
            .replace("@EXTRA@", &self.options.extra);
        fs::write(self.path("imapd.conf"), imapd)?;
        let master = include_str!("cyrus.conf")
            .replace("@DIR@", &dir)
            .replace("@BIN@", PROGRAMS)
            .replace("@IMAP_PORT@", &self.imap_port.to_string())
            .replace("@IMAPS_PORT@", &self.imaps_port.to_string());
        fs::write(self.path("cyrus.conf"), master)
    }
}

fn imapd() -> io::Result<PathBuf> {
    let installed = Path::new(PROGRAMS).join("imapd");
    let mut places = [installed, PathBuf::from(IMAPD)].into_iter();
    let found = places.find(|path| path.exists()).filter(|_| Path::new(PROGRAMS).join("master").exists());
    found.ok_or_else(|| {
        crate::failed("Cyrus is not installed; `make setup` does it (Debian: cyrus-common, cyrus-imapd)")
    })
}
