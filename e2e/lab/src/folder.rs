//! A server's own folder: temporary unless one is given.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Removed with the value; `None` for a folder that was given.
    temporary: Option<TempDir>,
}

impl Folder {
    /// A folder that other users may pass through: servers started by root work as another user.
    pub(crate) fn new(given: Option<&Path>, prefix: &str) -> io::Result<Self> {
        let folder = if let Some(path) = given {
            fs::create_dir_all(path)?;
            Self { path: path.canonicalize()?, temporary: None }
        } else {
            let temporary = tempfile::Builder::new().prefix(prefix).tempdir()?;
            Self { path: temporary.path().to_owned(), temporary: Some(temporary) }
        };
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o755))?;
        if is_root() {
            folder.passable()?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn passable(&self) -> io::Result<()> {
        for above in self.path.ancestors() {
            if fs::metadata(above)?.permissions().mode() & 0o001 == 0 {
                let text = format!("{} is closed to other users; choose a folder like /tmp/…", above.display());
                return Err(crate::failed(text));
            }
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let Some(temporary) = self.temporary.take() else { return };
        // A server's last process may still write for a moment after its master has ended.
        for _ in 0..40 {
            if fs::remove_dir_all(temporary.path()).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// True if this process is root. Read from the owner of the process's own entry, so that no unsafe call is needed.
pub(crate) fn is_root() -> bool {
    owner().is_ok_and(|(user, _)| user == 0)
}

/// User and group id of this process.
pub(crate) fn owner() -> io::Result<(u32, u32)> {
    let own = fs::metadata("/proc/self")?;
    Ok((own.uid(), own.gid()))
}

/// Gives `path` and all below it to user and group `to`. Only root can and need do that.
pub(crate) fn give_to(path: &Path, to: (u32, u32)) -> io::Result<()> {
    if !is_root() {
        return Ok(());
    }
    chown(path, Some(to.0), Some(to.1))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give_to(&entry?.path(), to)?;
        }
    }
    Ok(())
}

/// The name that belongs to `id` in `/etc/passwd` or `/etc/group`.
pub(crate) fn name_of(file: &str, id: u32) -> io::Result<String> {
    let text = fs::read_to_string(file)?;
    let id = id.to_string();
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(&id));
    let name = line.and_then(|line| line.split(':').next());
    name.map(str::to_owned).ok_or_else(|| crate::failed(format!("{file} has no name for {id}")))
}

/// User and group id of the user `name`.
pub(crate) fn ids_of(name: &str) -> io::Result<(u32, u32)> {
    let text = fs::read_to_string("/etc/passwd")?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name));
    let number = |at| line.and_then(|line| line.split(':').nth(at)?.parse().ok());
    number(2).zip(number(3)).ok_or_else(|| crate::failed(format!("there is no user {name}")))
}
