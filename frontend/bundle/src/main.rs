//! Builds the page into `frontend/dist`: compile for wasm32, bind, optimise, name by content, compress.
//!
//! ```text
//! mailferry-bundle [--no-optimise] [--wasm DIR] [--out DIR]
//! ```
//!
//! The page is modules, each with a shell of its own: the start page (`index.html`), the wizard (`wizard.html`), the
//! request to the operator (`request.html`), the status page (`status.html`), the console in two parts (`console.html`,
//! `administration.html`), and for those who build the page the style guide (`styleguide.html`). A shell, its module,
//! the style and the texts of one language are all that a browser loads.
//!
//! Every file but the shells lies in `assets/` under a name with a hash of its content, so that it may be cached
//! for ever; each has a `.br` and a `.gz` beside it. `index.html` are written last: whoever serves the folder while it
//! is rebuilt never serves a shell whose assets are missing.

mod assets;
mod compile;
mod error;
mod locales;
mod optimise;
mod options;
mod shell;
mod slim;

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
    let mut assets = Assets::create(&options.out)?;
    let mut urls = shell::common(options, &mut assets)?;
    for module in compile::MODULES {
        let bound = compile::bind(&compiled, module)?;
        let wasm = if options.optimise { optimise::optimise(options, &bound.wasm)? } else { bound.wasm };
        urls.insert(format!("{module}.wasm"), assets.add(&format!("{module}.wasm"), &wasm)?);
        urls.insert(format!("{module}.js"), assets.add(&format!("{module}.js"), bound.glue.as_bytes())?);
    }
    shell::write(options, &mut assets, &urls)?;
    assets.remove_stale()?;
    eprint!("{}", assets.report());
    Ok(())
}
