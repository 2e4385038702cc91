//! The command line.

use std::path::{Path, PathBuf};

use crate::error::BundleError;

/// What to build and where.
pub(crate) struct Options {
    /// Run wasm-opt.
    pub(crate) optimise: bool,
    /// Folder of modules compiled already, instead of compiling them.
    pub(crate) wasm: Option<PathBuf>,
    /// Where the bundle goes.
    pub(crate) out: PathBuf,
    /// The workspace's folder.
    pub(crate) workspace: PathBuf,
    /// The page's crate.
    pub(crate) frontend: PathBuf,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, BundleError> {
        let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let frontend = frontend.canonicalize().map_err(BundleError::file(&frontend))?;
        let workspace = frontend.join("..");
        let workspace = workspace.canonicalize().map_err(BundleError::file(&workspace))?;
        let mut options = Self { optimise: true, wasm: None, out: frontend.join("dist"), workspace, frontend };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--no-optimise" => options.optimise = false,
                "--wasm" => options.wasm = Some(value(&arg, args.next())?.into()),
                "--out" => options.out = value(&arg, args.next())?.into(),
                _ => return Err(BundleError::Usage(format!("unknown argument {arg}"))),
            }
        }
        Ok(options)
    }
}

fn value(name: &str, value: Option<String>) -> Result<String, BundleError> {
    value.ok_or_else(|| BundleError::Usage(format!("{name} needs a value")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, BundleError> {
        Options::from_args(args.iter().map(ToString::to_string))
    }

    #[test]
    fn without_arguments_the_page_is_optimised_into_dist() {
        let options = parse(&[]).expect("valid");
        assert!(options.optimise && options.wasm.is_none());
        assert!(options.out.ends_with("frontend/dist"));
    }

    #[test]
    fn unknown_arguments_and_missing_values_are_refused() {
        assert!(matches!(parse(&["--fast"]), Err(BundleError::Usage(_))));
        assert!(matches!(parse(&["--out"]), Err(BundleError::Usage(_))));
    }
}
