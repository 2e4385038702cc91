//! A real Dovecot 2.3 on loopback.
//!
//! Any user name is valid with the password [`PASSWORD`], unless [`DovecotOptions::accounts`] names them. The master
//! user [`MASTER_USER`] with [`MASTER_PASSWORD`] may act for everybody, as `user*master` or as SASL PLAIN with an
//! authorization identity (RFC 4616).

mod certificate;
mod sessions;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    authority::Authority,
    folder::{Folder, give_to, is_root, name_of, owner},
    imap::Login,
    port::{await_free, free_port},
    service::{Service, Start},
};

/// Everybody's password.
pub const PASSWORD: &str = "secret";
/// The admin that may act for every user.
pub const MASTER_USER: &str = "master";
/// The admin's password.
pub const MASTER_PASSWORD: &str = "mastersecret";
/// A host that reaches the same server, but that its certificate does not name.
pub const MISMATCH_HOST: &str = "127.0.0.2";

/// Owner of the mail when the server is started by root: any id but root's; nobody needs to have it.
const MAIL_OWNER: (u32, u32) = (5000, 5000);

/// At its end all sessions are gone at once; only the master would take another second for nothing.
const GRACE: u32 = 6;

/// What a server is like.
#[derive(Debug, Clone)]
pub struct DovecotOptions {
    /// Folder for everything of the server; a temporary one if absent.
    pub dir: Option<PathBuf>,
    /// Between the levels of a folder name.
    pub separator: char,
    /// Namespace prefix, such as `INBOX.`, with the separator at its end.
    pub prefix: String,
    /// Replaces what the server says it can do (`imap_capability`); with a leading `+`, adds to it.
    pub capabilities: Option<String>,
    /// Room for each user, bytes; absent: no QUOTA extension at all.
    pub quota_bytes: Option<u64>,
    /// What an owner may do in a folder is read from [`Dovecot::rights_file`]; without a line there, everything.
    pub folder_rights: bool,
    /// User names and passwords; empty: any user name with [`PASSWORD`].
    pub accounts: Vec<(String, String)>,
    /// Special-use attribute (RFC 6154) without backslash, and the folder that has it.
    pub special_use: Vec<(String, String)>,
    /// Whether those folders exist from the start; otherwise only once somebody makes them.
    pub create_special_use: bool,
    /// STARTTLS and implicit TLS; without, the server speaks plaintext only.
    pub tls: bool,
    /// What its certificate names besides `localhost` and `127.0.0.1`.
    pub host_names: Vec<String>,
    /// Takes access tokens too (XOAUTH2, OAUTHBEARER), and asks this address whose they are (RFC 7662): `username` must
    /// be the login's.
    pub introspection: Option<String>,
    /// More configuration, appended as it is.
    pub extra: String,
}

impl Default for DovecotOptions {
    fn default() -> Self {
        let named = |name: &str| (name.to_owned(), name.to_owned());
        Self {
            dir: None,
            separator: '/',
            prefix: String::new(),
            capabilities: None,
            quota_bytes: None,
            folder_rights: false,
            accounts: Vec::new(),
            special_use: ["Sent", "Drafts", "Trash", "Junk", "Archive"].map(named).to_vec(),
            create_special_use: false,
            tls: true,
            host_names: Vec::new(),
            introspection: None,
            extra: String::new(),
        }
    }
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Dovecot {
    service: Mutex<Option<Service>>,
    folder: Folder,
    options: Mutex<DovecotOptions>,
    imap_port: u16,
    imaps_port: u16,
}

impl Dovecot {
    /// Starts a server and waits until it answers.
    pub fn start(options: DovecotOptions) -> io::Result<Self> {
        let folder = Folder::new(options.dir.as_deref(), "mailferry-dovecot-")?;
        let mut server =
            Self { service: Mutex::default(), folder, options: Mutex::new(options), imap_port: 0, imaps_port: 0 };
        server.write_secrets()?;
        // Between choosing a port and using it another process may take it.
        let mut last = None;
        for _ in 0..5 {
            (server.imap_port, server.imaps_port) = (free_port()?, free_port()?);
            match server.start_at_its_ports() {
                Ok(()) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| crate::failed("no port")))
    }

    /// Ends the server; its mail and its ports stay for [`Self::start_again`].
    pub fn stop(&self) {
        drop(locked(&self.service).take());
    }

    /// Starts it again on the same ports with the same mail.
    pub fn start_again(&self) -> io::Result<()> {
        await_free(self.imap_port)?;
        await_free(self.imaps_port)?;
        self.start_at_its_ports()
    }

    fn start_at_its_ports(&self) -> io::Result<()> {
        let configuration = self.path("dovecot.conf");
        fs::write(&configuration, self.configuration()?)?;
        let arguments = ["-F".to_owned(), "-c".to_owned(), configuration.display().to_string()];
        let log = self.path("output.log");
        let start = Start {
            program: &program()?,
            arguments: &arguments,
            end_signal: "TERM",
            grace: GRACE,
            log: &log,
            run_as: None,
        };
        let mut service = Service::start(&start)?;
        service.await_port(self.imap_port)?;
        *locked(&self.service) = Some(service);
        Ok(())
    }

    /// Stops it, changes what it is like, and starts it again.
    pub fn restart_with(&self, change: impl FnOnce(&mut DovecotOptions)) -> io::Result<()> {
        self.stop();
        change(&mut locked(&self.options));
        self.write_users()?;
        self.start_again()
    }

    /// Gives `user` (one of [`DovecotOptions::accounts`]) another password, while the server runs.
    pub fn change_password(&self, user: &str, password: &str) -> io::Result<()> {
        for (name, known) in &mut locked(&self.options).accounts {
            if name == user {
                password.clone_into(known);
            }
        }
        self.write_users()
    }

    /// Runs `doveadm` with these arguments against this server; what it printed.
    pub fn doveadm(&self, arguments: &[&str]) -> io::Result<String> {
        let output = Command::new("doveadm").arg("-c").arg(self.path("dovecot.conf")).args(arguments).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(crate::failed(format!("doveadm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr))))
    }

    /// Port for plaintext and STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.imap_port
    }

    /// Port for implicit TLS.
    pub fn imaps_port(&self) -> u16 {
        self.imaps_port
    }

    /// The certificate (PEM) that a client must trust; it is the same for all servers of this process. The server's
    /// own certificate names `localhost` and `127.0.0.1`, not [`MISMATCH_HOST`].
    pub fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// How the lab itself logs in as `user`.
    pub fn login(&self, user: &str) -> Login {
        let options = locked(&self.options);
        let known = options.accounts.iter().find(|(name, _)| name == user);
        let password = known.map_or(PASSWORD, |(_, password)| password);
        Login { port: self.imap_port, user: user.to_owned(), password: password.to_owned() }
    }

    /// Where `user`'s mail lies (Maildir++).
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user).join("Maildir")
    }

    /// Rights (RFC 4314) of all owners by folder, `Safe owner lr` a line; read anew by every session.
    pub fn rights_file(&self) -> PathBuf {
        self.path("rights")
    }

    /// For `doveadm -c`.
    pub fn configuration_file(&self) -> PathBuf {
        self.path("dovecot.conf")
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("dovecot.log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_secrets(&self) -> io::Result<()> {
        for name in ["run", "state", "mail"] {
            fs::create_dir_all(self.path(name))?;
        }
        hand_over(&self.path("mail"))?;
        let authority = Authority::of_process()?;
        fs::write(self.path("ca.pem"), &authority.pem)?;
        self.write_identity(authority)?;
        fs::write(self.rights_file(), "")?;
        fs::write(self.path("masters"), format!("{MASTER_USER}:{{PLAIN}}{MASTER_PASSWORD}\n"))?;
        self.write_users()
    }

    fn write_identity(&self, authority: &Authority) -> io::Result<()> {
        let mut names = vec!["localhost", "127.0.0.1"];
        let more = locked(&self.options).host_names.clone();
        names.extend(more.iter().map(String::as_str));
        let identity = authority.identity(&names)?;
        fs::write(self.path("cert.pem"), identity.certificate)?;
        fs::write(self.path("key.pem"), identity.key)
    }

    fn write_users(&self) -> io::Result<()> {
        let mut users = String::new();
        for (user, password) in &locked(&self.options).accounts {
            // Encoded, because a colon would end the field.
            let _ = writeln!(users, "{user}:{{PLAIN.B64}}{}", STANDARD.encode(password));
        }
        // Never half a file for whoever reads it just now.
        fs::write(self.path("users.new"), users)?;
        fs::rename(self.path("users.new"), self.path("users"))
    }

    fn tokens(&self, options: &DovecotOptions) -> io::Result<String> {
        let Some(url) = &options.introspection else { return Ok(String::new()) };
        let file = self.path("oauth2.conf");
        fs::write(&file, OAUTH2.replace("@URL@", url))?;
        Ok(format!(
            "auth_mechanisms = plain login xoauth2 oauthbearer\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2 \
             oauthbearer\n  args = {}\n}}\n",
            file.display()
        ))
    }

    fn configuration(&self) -> io::Result<String> {
        let options = locked(&self.options).clone();
        let dir = self.folder.path().display().to_string();
        let (user, group) = if is_root() { MAIL_OWNER } else { owner()? };
        let users = if options.accounts.is_empty() {
            format!("driver = static\n  args = password={PASSWORD}")
        } else {
            format!("driver = passwd-file\n  args = username_format=%u {dir}/users")
        };
        let tls = if options.tls { "yes" } else { "no" };
        let imaps_port = if options.tls { self.imaps_port } else { 0 };
        let text = include_str!("dovecot.conf")
            .replace("@DIR@", &dir)
            .replace("@UID@", &user.to_string())
            .replace("@GID@", &group.to_string())
            .replace("@PASSDB@", &users)
            .replace("@TLS@", tls)
            .replace("@IMAP_PORT@", &self.imap_port.to_string())
            .replace("@IMAPS_PORT@", &imaps_port.to_string())
            .replace("@SEPARATOR@", &options.separator.to_string())
            .replace("@PREFIX@", &options.prefix)
            .replace("@MAILBOXES@", &mailboxes(&options));
        Ok(text + &rootless()? + &self.tokens(&options)? + &self.optional(&options))
    }

    fn optional(&self, options: &DovecotOptions) -> String {
        let mut text = String::new();
        if let Some(capabilities) = &options.capabilities {
            let _ = writeln!(text, "protocol imap {{\n  imap_capability = {capabilities}\n}}");
            let _ = writeln!(text, "imap_capability = {capabilities}");
        }
        let mut plugins = Vec::new();
        if let Some(bytes) = options.quota_bytes {
            plugins.extend(["quota", "imap_quota"]);
            let _ = writeln!(
                text,
                "mail_plugins = quota\nplugin {{\n  quota = count:User quota\n  quota_vsizes = yes\n  quota_grace = 0\n  \
                     quota_rule = *:bytes={bytes}\n}}"
            );
        }
        if options.folder_rights {
            plugins.push("acl");
            let file = self.rights_file().display().to_string();
            let _ = writeln!(text, "plugin {{\n  acl = vfile:{file}:cache_secs=0\n  acl_globals_only = yes\n}}");
        }
        if !plugins.is_empty() {
            let _ = writeln!(text, "protocol imap {{\n  mail_plugins = {}\n}}", plugins.join(" "));
        }
        text + &options.extra
    }
}

/// How access tokens are looked up; @URL@ is asked by POST.
const OAUTH2: &str = "introspection_mode = post
introspection_url = @URL@
username_attribute = username
active_attribute = active
active_value = true
";

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn mailboxes(options: &DovecotOptions) -> String {
    let auto = if options.create_special_use { "create" } else { "no" };
    let mut text = String::new();
    for (attribute, name) in &options.special_use {
        let _ = writeln!(text, "  mailbox \"{name}\" {{\n    special_use = \\{attribute}\n    auto = {auto}\n  }}");
    }
    text
}

/// Gives `path` and all below it to the user that Dovecot works as.
pub(crate) fn hand_over(path: &Path) -> io::Result<()> {
    give_to(path, MAIL_OWNER)
}

/// What an ordinary user must add; empty for root.
fn rootless() -> io::Result<String> {
    if is_root() {
        return Ok(String::new());
    }
    let (user, group) = owner()?;
    let text = include_str!("dovecot-rootless.conf");
    Ok(text.replace("@USER@", &name_of("/etc/passwd", user)?).replace("@GROUP@", &name_of("/etc/group", group)?))
}

fn program() -> io::Result<PathBuf> {
    let places = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.ok_or_else(|| crate::failed("dovecot is not installed; `make setup` installs it (Debian: dovecot-imapd)"))
}
