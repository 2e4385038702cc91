//! Compiling the page and binding it to the browser.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_bindgen_cli_support::Bindgen;

use crate::{error::BundleError, options::Options};

/// Views without their own types: leptos then makes one copy of much code instead of one for every view.
const ERASE: &str = r#"target.wasm32-unknown-unknown.rustflags=["--cfg=erase_components"]"#;

/// The page after wasm-bindgen.
pub(crate) struct Bound {
    /// The JavaScript module that loads it.
    pub(crate) glue: String,
    /// The WebAssembly module.
    pub(crate) wasm: Vec<u8>,
}

/// Compiles the page; gives the path of the `.wasm` file.
pub(crate) fn compile(options: &Options) -> Result<PathBuf, BundleError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(&cargo)
        .current_dir(&options.workspace)
        .args(["build", "--locked", "--profile", "page", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "mailferry-frontend", "--bin", "mailferry-frontend"])
        .args(["--config", ERASE])
        .status()
        .map_err(|source| BundleError::Start { program: "cargo".to_owned(), source })?;
    if !status.success() {
        return Err(BundleError::Failed("compiling the page".to_owned()));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(options.workspace.join(target).join("wasm32-unknown-unknown/page/mailferry-frontend.wasm"))
}

/// Runs wasm-bindgen over the compiled page.
pub(crate) fn bind(compiled: &Path) -> Result<Bound, BundleError> {
    let bytes = fs::read(compiled).map_err(BundleError::file(compiled))?;
    let mut output = Bindgen::new()
        .input_bytes("mailferry", bytes)
        .web(true)
        .map_err(refused)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .map_err(refused)?;
    Ok(Bound { glue: output.js().to_owned(), wasm: output.wasm_mut().emit_wasm() })
}

fn refused(error: impl Display) -> BundleError {
    BundleError::Bind(format!("{error:#}"))
}
