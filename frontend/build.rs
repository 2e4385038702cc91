//! Makes constants of the translation files' keys, so that a text that is missing is a compile error.

#[path = "bundle/src/locales.rs"]
mod locales;

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use locales::Locales;

/// Keys that are looked up by codes of the API at run time begin with these.
const CODES: [&str; 5] = ["advice.", "field.", "finding.", "problem.", "row_error."];

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=bundle/src/locales.rs");
    let locales = Locales::read(Path::new("locales"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("texts.rs");
    fs::write(&out, constants(&locales)).map_err(|error| format!("{}: {error}", out.display()))
}

fn constants(locales: &Locales) -> String {
    let keys = locales.keys();
    let codes: Vec<(&str, usize)> = keys
        .iter()
        .enumerate()
        .filter(|(_, key)| CODES.iter().any(|prefix| key.starts_with(prefix)))
        .map(|(at, key)| (*key, at))
        .collect();
    let languages: Vec<(&str, &str)> = locales
        .languages()
        .map(|language| (language, locales.text(language, "app.language").unwrap_or(language)))
        .collect();
    let mut code = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(code, "const KEYS: [&str; {}] = {keys:#?};", keys.len());
    let _ = writeln!(code, "static CODES: [(&str, usize); {}] = {codes:#?};", codes.len());
    let _ = writeln!(code, "pub const LANGUAGES: [(&str, &str); {}] = {languages:#?};", languages.len());
    let english = locales.row("en");
    let _ = writeln!(code, "#[cfg(not(target_arch = \"wasm32\"))]");
    let _ = writeln!(code, "static ENGLISH: [&str; {}] = {english:#?};", english.len());
    code
}
