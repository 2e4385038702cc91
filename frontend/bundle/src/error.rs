//! What can go wrong while bundling.

use std::{io, path::PathBuf};

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The command line is not understood.
    #[error("{0}\nusage: mailferry-bundle [--no-optimise] [--wasm DIR] [--out DIR]")]
    Usage(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// A program failed; it has said why itself.
    #[error("{0} failed")]
    Failed(String),
    /// wasm-bindgen refused the compiled page.
    #[error("wasm-bindgen: {0}")]
    Bind(String),
    /// The translation files do not fit together.
    #[error("{0}")]
    Locales(String),
    /// There is no wasm-opt.
    #[error(
        "wasm-opt was found neither in e2e/node_modules/.bin nor on PATH; \
         `npm ci --prefix e2e` installs it (package binaryen), `--no-optimise` does without"
    )]
    NoOptimiser,
    /// The shell names an asset that does not exist.
    #[error("{file} names the asset “{name}”, which does not exist")]
    UnknownAsset {
        /// The file with the name in it.
        file: &'static str,
        /// The unknown name.
        name: String,
    },
}

impl BundleError {
    /// Adds the file's name to what the system says.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
