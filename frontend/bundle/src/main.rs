//! Builds the page into `frontend/dist`: compile for wasm32, bind, optimise, name by content, compress.
//!
//! ```text
//! mailferry-bundle [--no-optimise] [--wasm FILE] [--out DIR]
//! ```
//!
//! Every file but `index.html` lies in `assets/` under a name with a hash of its content, so that it may be cached
//! for ever; each has a `.br` and a `.gz` beside it. `index.html` is written last: whoever serves the folder while it
//! is rebuilt never serves a shell whose assets are missing.

mod assets;
mod compile;
mod error;
mod locales;
mod optimise;
mod options;
mod shell;

use std::process::ExitCode;

use crate::{assets::Assets, error::BundleError, options::Options};

fn main() -> ExitCode {
    match Options::from_args(std::env::args().skip(1)).and_then(|options| bundle(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailferry-bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The whole way from sources to `dist`.
fn bundle(options: &Options) -> Result<(), BundleError> {
    let compiled = match &options.wasm {
        Some(wasm) => wasm.clone(),
        None => compile::compile(options)?,
    };
    let bound = compile::bind(&compiled)?;
    let wasm = if options.optimise { optimise::optimise(options, &bound.wasm)? } else { bound.wasm };
    let mut assets = Assets::create(&options.out)?;
    shell::write(options, &mut assets, &bound.glue, &wasm)?;
    assets.remove_stale()?;
    eprint!("{}", assets.report());
    Ok(())
}
