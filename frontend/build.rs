//! Turns the translation files `locales/*.json` into tables, and fails the build where they do not fit together.
//!
//! `en.json` is the reference: every other file has the same keys, and in each text the same `{{ names }}`. A plural
//! is an object with the CLDR categories the language uses (`one`, `few`, `many`, `other`); only `other` must exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

const REFERENCE: &str = "en";
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

type Texts = BTreeMap<String, String>;

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
    let locales = read_all(Path::new("locales"))?;
    let reference = locales.get(REFERENCE).ok_or("locales/en.json is missing")?;
    for (locale, texts) in &locales {
        compare(locale, texts, reference)?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("texts.rs");
    fs::write(&out, tables(&locales, reference)).map_err(|error| format!("{}: {error}", out.display()))
}

fn read_all(folder: &Path) -> Result<BTreeMap<String, Texts>, String> {
    let mut locales = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let content = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let value = serde_json::from_str(&content).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut texts = Texts::new();
        flatten("", &value, &mut texts).map_err(|error| format!("{}: {error}", path.display()))?;
        locales.insert(name, texts);
    }
    Ok(locales)
}

fn flatten(prefix: &str, value: &Value, texts: &mut Texts) -> Result<(), String> {
    match value {
        Value::String(text) => {
            texts.insert(prefix.to_owned(), text.clone());
            Ok(())
        }
        Value::Object(entries) => entries.iter().try_for_each(|(name, value)| {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            flatten(&key, value, texts)
        }),
        _ => Err(format!("{prefix} is neither a text nor an object")),
    }
}

/// A key without its plural category, if the category belongs to a plural.
fn base(key: &str, texts: &Texts) -> String {
    match key.rsplit_once('.') {
        Some((base, category)) if CATEGORIES.contains(&category) && texts.contains_key(&format!("{base}.other")) => {
            base.to_owned()
        }
        _ => key.to_owned(),
    }
}

fn compare(locale: &str, texts: &Texts, reference: &Texts) -> Result<(), String> {
    let bases = |texts: &Texts| texts.keys().map(|key| base(key, texts)).collect::<BTreeSet<_>>();
    let (own, wanted) = (bases(texts), bases(reference));
    if let Some(key) = wanted.difference(&own).next() {
        return Err(format!("locales/{locale}.json lacks {key}"));
    }
    if let Some(key) = own.difference(&wanted).next() {
        return Err(format!("locales/{locale}.json has {key}, which {REFERENCE}.json has not"));
    }
    for (key, text) in texts {
        let plural = format!("{}.other", base(key, texts));
        let other = reference.get(key).or_else(|| reference.get(&plural)).map_or("", String::as_str);
        let extra = names(text).difference(&names(other)).next().cloned();
        if let Some(name) = extra {
            return Err(format!("locales/{locale}.json: {key} names {{{{ {name} }}}}, which is unknown"));
        }
    }
    Ok(())
}

fn names(text: &str) -> BTreeSet<String> {
    text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
}

/// The keys of all languages, sorted, and beside each its text in every language (empty: not used there).
fn tables(locales: &BTreeMap<String, Texts>, reference: &Texts) -> String {
    let mut keys = reference.keys().collect::<BTreeSet<_>>();
    keys.extend(locales.values().flat_map(BTreeMap::keys));
    let mut code = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(code, "pub(super) const KEYS: [&str; {}] = {:#?};", keys.len(), keys.iter().collect::<Vec<_>>());
    let _ = writeln!(code, "pub(super) static LOCALES: [Locale; {}] = [", locales.len());
    for (name, texts) in locales {
        let row = keys.iter().map(|key| texts.get(*key).map_or("", String::as_str)).collect::<Vec<_>>();
        let _ = writeln!(code, "Locale {{ code: {name:?}, texts: &{row:#?} }},");
    }
    code.push_str("];\n");
    code
}
