//! Reading a manifest: first an index of its folders, then the entries of one folder at a time, so that it may be
//! larger than memory.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileExt,
    sync::Arc,
};

use mailferry_domain::{
    folder::FolderPath,
    manifest::{FORMAT, ManifestEntry, ManifestHead, VERSION},
    verify::is_expected,
};

/// A line longer than this is none of ours.
const LINE_BYTES: u64 = 256 << 10;

/// A manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("the manifest cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A line is not as it should be.
    #[error("line {line} of the manifest {what}")]
    Line {
        /// Which one, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// Lines are missing.
    #[error("the manifest was cut short: it holds {found} of {announced} messages")]
    Short {
        /// Lines that are there.
        found: u64,
        /// Lines that its head announces.
        announced: u64,
    },
}

/// A manifest with an index of its destination folders.
#[derive(Debug)]
pub struct Manifest {
    file: Arc<File>,
    /// Its first line.
    pub head: ManifestHead,
    /// Its destination folders, in their order.
    pub folders: Vec<ManifestFolder>,
}

/// A destination folder.
#[derive(Debug)]
pub struct ManifestFolder {
    /// Its place.
    pub path: FolderPath,
    /// Messages that should be there.
    pub expected: u64,
    /// Messages that were left out.
    pub left_out: u64,
    /// Where its lines are.
    spans: Vec<(u64, u64)>,
}

impl Manifest {
    /// Reads all of `file` once.
    ///
    /// # Errors
    /// [`ManifestError`] with the line that cannot be used.
    pub fn open(file: File) -> Result<Self, ManifestError> {
        let end = file.metadata()?.len();
        let file = Arc::new(file);
        let mut lines = Lines::new(&file, (0, end));
        let head: ManifestHead = lines.next()?.ok_or_else(|| line_error(1, "is missing"))?;
        if head.format != FORMAT || head.version != VERSION {
            return Err(line_error(1, "is of a format or version that this program does not know"));
        }
        let mut folders: Vec<ManifestFolder> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut found = 0;
        loop {
            let start = lines.at;
            let Some(entry) = lines.next::<ManifestEntry>()? else { break };
            found += 1;
            let at = match places.get(&entry.destination.folder) {
                Some(at) => *at,
                None => {
                    folders.push(folder(&entry, lines.line)?);
                    places.insert(entry.destination.folder.clone(), folders.len() - 1);
                    folders.len() - 1
                }
            };
            folders[at].take(&entry, (start, lines.at));
        }
        if found != head.messages {
            return Err(ManifestError::Short { found, announced: head.messages });
        }
        Ok(Self { file, head, folders })
    }

    /// The entries of a folder that should be at the destination.
    pub fn entries(&self, folder: usize) -> Entries {
        let spans = self.folders[folder].spans.clone();
        Entries { file: self.file.clone(), spans: spans.into_iter(), lines: None }
    }
}

fn folder(entry: &ManifestEntry, line: u64) -> Result<ManifestFolder, ManifestError> {
    let path = FolderPath::parse(&entry.destination.folder)
        .map_err(|error| line_error(line, &format!("names no folder: {error}")))?;
    Ok(ManifestFolder { path, expected: 0, left_out: 0, spans: Vec::new() })
}

impl ManifestFolder {
    fn take(&mut self, entry: &ManifestEntry, span: (u64, u64)) {
        if is_expected(entry) {
            self.expected += 1;
        } else {
            self.left_out += 1;
        }
        match self.spans.last_mut().filter(|(_, end)| *end == span.0) {
            Some(last) => last.1 = span.1,
            None => self.spans.push(span),
        }
    }
}

/// Entries of one folder, as they are read.
pub struct Entries {
    file: Arc<File>,
    spans: std::vec::IntoIter<(u64, u64)>,
    lines: Option<Lines>,
}

impl Entries {
    /// The next entries, at most `limit`; none at the end.
    ///
    /// # Errors
    /// [`ManifestError`] if the file was changed meanwhile.
    pub fn next(&mut self, limit: usize) -> Result<Vec<ManifestEntry>, ManifestError> {
        let mut entries = Vec::new();
        while entries.len() < limit {
            match &mut self.lines {
                Some(lines) => match lines.next()? {
                    Some(entry) => entries.extend(Some(entry).filter(is_expected)),
                    None => self.lines = None,
                },
                None => match self.spans.next() {
                    Some(span) => self.lines = Some(Lines::new(&self.file, span)),
                    None => break,
                },
            }
        }
        Ok(entries)
    }
}

/// Lines of a part of the file.
struct Lines {
    reader: BufReader<Part>,
    /// Where the next line begins.
    at: u64,
    line: u64,
    buffer: Vec<u8>,
}

impl Lines {
    fn new(file: &Arc<File>, (start, end): (u64, u64)) -> Self {
        let part = Part { file: file.clone(), at: start, end };
        Self { reader: BufReader::with_capacity(64 << 10, part), at: start, line: 0, buffer: Vec::new() }
    }

    fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, ManifestError> {
        self.buffer.clear();
        let read = self.reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.at += read as u64;
        self.line += 1;
        if read as u64 == LINE_BYTES {
            return Err(line_error(self.line, "is too long"));
        }
        serde_json::from_slice(&self.buffer).map(Some).map_err(|error| line_error(self.line, &error.to_string()))
    }
}

fn line_error(line: u64, what: &str) -> ManifestError {
    ManifestError::Line { line, what: what.to_owned() }
}

/// A part of a file that others read too.
struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
