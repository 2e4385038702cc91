//! Compiling the page and binding it to the browser.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_bindgen_cli_support::Bindgen;

use crate::{error::BundleError, options::Options, slim::slim};

/// Views without their own types: leptos then makes one copy of much code instead of one for every view.
const ERASE: &str = r#"target.wasm32-unknown-unknown.rustflags=["--cfg=erase_components"]"#;

/// A module after wasm-bindgen.
pub(crate) struct Bound {
    /// The JavaScript module that loads it.
    pub(crate) glue: String,
    /// The WebAssembly module.
    pub(crate) wasm: Vec<u8>,
}

/// The parts of the page that are loaded one by one, so that nobody waits for what they do not look at.
pub(crate) const MODULES: [&str; 7] =
    ["start", "wizard", "request", "status", "console", "administration", "styleguide"];

/// The name of a module's program.
pub(crate) fn program(module: &str) -> String {
    format!("mailferry-{module}")
}

/// Compiles the page; gives the folder with a `.wasm` file per module.
pub(crate) fn compile(options: &Options) -> Result<PathBuf, BundleError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(&cargo)
        .current_dir(&options.workspace)
        .args(["build", "--locked", "--profile", "page", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "mailferry-frontend"])
        .args(MODULES.iter().flat_map(|module| ["--bin".to_owned(), program(module)]))
        .args(["--config", ERASE])
        .status()
        .map_err(|source| BundleError::Start { program: "cargo".to_owned(), source })?;
    if !status.success() {
        return Err(BundleError::Failed("compiling the page".to_owned()));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(options.workspace.join(target).join("wasm32-unknown-unknown/page"))
}

/// Runs wasm-bindgen over a compiled module.
pub(crate) fn bind(folder: &Path, module: &str) -> Result<Bound, BundleError> {
    let compiled = folder.join(program(module)).with_extension("wasm");
    let bytes = fs::read(&compiled).map_err(BundleError::file(&compiled))?;
    let mut output = Bindgen::new()
        .input_bytes(module, bytes)
        .web(true)
        .map_err(refused)?
        .typescript(false)
        // The optimiser orders by them, and leaves them out.
        .remove_name_section(false)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .map_err(refused)?;
    let glue = output.js().to_owned();
    let module = output.wasm_mut();
    Ok(Bound { glue: slim(module, &glue), wasm: module.emit_wasm() })
}

fn refused(error: impl Display) -> BundleError {
    BundleError::Bind(format!("{error:#}"))
}
