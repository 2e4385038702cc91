//! The `assets` folder: files named by their content, each with its compressed twins.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;

use crate::error::BundleError;

/// The bundle's folder and what has been written into it.
pub(crate) struct Assets {
    out: PathBuf,
    /// File name in the folder → size and size after brotli, bytes.
    written: BTreeMap<String, (usize, usize)>,
}

impl Assets {
    /// Opens the folder `out`, which is made if need be.
    pub(crate) fn create(out: &Path) -> Result<Self, BundleError> {
        let folder = out.join("assets");
        fs::create_dir_all(&folder).map_err(BundleError::file(folder))?;
        Ok(Self { out: out.to_owned(), written: BTreeMap::new() })
    }

    /// Writes `content` as `assets/STEM-HASH.EXTENSION`; gives the path of its URL.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> Result<String, BundleError> {
        let path = format!("assets/{}", fingerprinted(name, content));
        self.write(&path, content)?;
        Ok(format!("/{path}"))
    }

    /// Writes `content` under its own name.
    pub(crate) fn write(&mut self, path: &str, content: &[u8]) -> Result<(), BundleError> {
        let br = brotli(content);
        self.write_file(path, content)?;
        self.write_file(&format!("{path}.br"), &br)?;
        self.write_file(&format!("{path}.gz"), &gzip(content))?;
        self.written.insert(path.to_owned(), (content.len(), br.len()));
        Ok(())
    }

    fn write_file(&self, path: &str, content: &[u8]) -> Result<(), BundleError> {
        let file = self.out.join(path);
        fs::write(&file, content).map_err(BundleError::file(file))
    }

    /// Removes what earlier builds left in `assets`.
    pub(crate) fn remove_stale(&self) -> Result<(), BundleError> {
        let folder = self.out.join("assets");
        for entry in fs::read_dir(&folder).map_err(BundleError::file(&folder))? {
            let path = entry.map_err(BundleError::file(&folder))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let plain = name.trim_end_matches(".br").trim_end_matches(".gz");
            if !self.written.contains_key(&format!("assets/{plain}")) {
                fs::remove_file(&path).map_err(BundleError::file(&path))?;
            }
        }
        Ok(())
    }

    /// A table of names and sizes.
    pub(crate) fn report(&self) -> String {
        let mut text = String::new();
        for (path, (size, compressed)) in &self.written {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{size:>9} B {compressed:>9} B br  {path}");
        }
        text
    }
}

/// `app.css` → `app-0123456789abcdef.css`.
fn fingerprinted(name: &str, content: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, content);
    let hash = digest.as_ref().iter().take(8).fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    });
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    // As small as it gets: the whole file is one block, and its size is told beforehand.
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        lgblock: 22,
        size_hint: content.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut writer = brotli::CompressorWriter::with_params(&mut compressed, 1 << 16, &params);
    // Writing into memory cannot fail.
    let _ = writer.write_all(content);
    drop(writer);
    compressed
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let _ = writer.write_all(content);
    writer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_name_follows_its_content() {
        assert_eq!(fingerprinted("app.css", b""), "app-e3b0c44298fc1c14.css");
        assert_ne!(fingerprinted("app.css", b"a"), fingerprinted("app.css", b"b"));
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let text = b"ferry ferry ferry".repeat(40);
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(gzip(&text).as_slice()).read_to_end(&mut back).expect("gzip");
        assert_eq!(back, text);
        back.clear();
        brotli::Decompressor::new(brotli(&text).as_slice(), 4096).read_to_end(&mut back).expect("brotli");
        assert_eq!(back, text);
    }
}
