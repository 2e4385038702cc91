//! Making the WebAssembly module smaller with wasm-opt (npm's package `binaryen`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{error::BundleError, options::Options};

/// What Rust's wasm32 target emits and every browser of the last years runs.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What was made of the same generic function has names that begin alike, and is much alike: side by side it takes fewer
/// bytes to say so, which makes the compressed module a hundredth smaller.
const ORDER: &str = "--reorder-functions-by-name";

/// The stack lies lowest in Rust's memory, and ends where it is full: nothing stands in the first kilobyte, which lets an
/// address be put together in one instruction.
const MEMORY: &str = "--low-memory-unused";

/// Gives the module after `wasm-opt -Oz`.
pub(crate) fn optimise(options: &Options, wasm: &[u8]) -> Result<Vec<u8>, BundleError> {
    let program = find(&options.workspace)?;
    let folder = options.out.with_extension("tmp");
    fs::create_dir_all(&folder).map_err(BundleError::file(&folder))?;
    let result = run(&program, &folder, wasm);
    fs::remove_dir_all(&folder).map_err(BundleError::file(&folder))?;
    result
}

fn run(program: &Path, folder: &Path, wasm: &[u8]) -> Result<Vec<u8>, BundleError> {
    let (input, output) = (folder.join("in.wasm"), folder.join("out.wasm"));
    fs::write(&input, wasm).map_err(BundleError::file(&input))?;
    let status = Command::new(program)
        .args([ORDER, "-Oz", MEMORY])
        .args(FEATURES)
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .status()
        .map_err(|source| BundleError::Start { program: program.display().to_string(), source })?;
    if !status.success() {
        return Err(BundleError::Failed("wasm-opt".to_owned()));
    }
    fs::read(&output).map_err(BundleError::file(&output))
}

fn find(workspace: &Path) -> Result<PathBuf, BundleError> {
    let own = workspace.join("e2e/node_modules/.bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(own)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("wasm-opt"))
        .find(|program| program.is_file())
        .ok_or(BundleError::NoOptimiser)
}
