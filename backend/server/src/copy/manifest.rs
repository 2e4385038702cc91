//! The file of `--manifest`: whole or not at all, and for its owner's eyes alone.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::Utc;
use mailferry_domain::manifest::{FORMAT, LeftOutFolder, ManifestHead, VERSION};
use mailferry_engine::run::{RunEnd, RunReport};
use mailferry_store::{RunLedger, StoreError};

use super::{
    arguments::WrongUse,
    report::{WrittenManifest, left_out_reason, warn},
};

/// A manifest that is being written beside its place.
pub(super) struct ManifestFile {
    place: PathBuf,
    draft: PathBuf,
    file: File,
}

impl ManifestFile {
    /// Makes the draft, before anything is copied: a folder that does not exist is known in time.
    pub(super) fn create(place: &Path) -> Result<Self, WrongUse> {
        let draft = beside(place);
        let made = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft);
        // A draft that a killed copy left behind may have been anybody's.
        let private = made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)).map(|()| file));
        let file = private.map_err(|error| {
            WrongUse::new(format!("{} cannot be written: {error}", place.display()), "name another --manifest")
        })?;
        Ok(Self { place: place.to_owned(), draft, file })
    }

    /// Writes the manifest and puts it in its place, unless the copy did not come to its end.
    pub(super) async fn write(
        self,
        ledger: &RunLedger,
        [source, destination]: [String; 2],
        report: &RunReport,
    ) -> Result<Option<WrittenManifest>, StoreError> {
        if !matches!(report.end, RunEnd::Done(_)) {
            warn("copy", "no manifest was written, since the copy did not come to its end");
            return Ok(None);
        }
        let left_out = report.left_out.iter().filter_map(|(path, reason)| {
            Some(LeftOutFolder { folder: path.to_string(), reason: left_out_reason(*reason)?.to_owned() })
        });
        let head = ManifestHead {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_at: Utc::now(),
            source,
            destination,
            messages: 0,
            left_out: left_out.collect(),
            not_proven: Vec::new(),
        };
        let mut out = BufWriter::with_capacity(256 << 10, &self.file);
        let messages = ledger.write_manifest(head, &mut out).await?;
        out.flush()?;
        drop(out);
        self.put_in_place()?;
        Ok(Some(WrittenManifest { file: self.place.display().to_string(), messages }))
    }

    fn put_in_place(&self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.draft, &self.place)?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for ManifestFile {
    fn drop(&mut self) {
        // Gone already, if it was put in its place.
        let _ = fs::remove_file(&self.draft);
    }
}

fn beside(place: &Path) -> PathBuf {
    let mut name = OsString::from(place);
    name.push(".draft");
    PathBuf::from(name)
}
