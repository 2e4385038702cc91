//! The translation files `locales/*.json` as tables, and what must hold among them. Used by the page's build script,
//! which makes constants of the keys, and by the bundle, which writes the tables.
//!
//! `en.json` is the reference: every other file has the same keys, and in each text the same `{{ names }}`. A plural
//! is an object with exactly the CLDR categories of its language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

const REFERENCE: &str = "en";
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

type Texts = BTreeMap<String, String>;

/// All languages, each with its texts by key.
pub(crate) struct Locales(BTreeMap<String, Texts>);

/// The categories of whole numbers that a language tells apart (CLDR, plural rules).
fn categories(language: &str) -> &'static [&'static str] {
    match language {
        // "Many" is for whole millions: 1 000 000 de mensagens.
        "it" | "pt" => &["many", "one", "other"],
        _ => &["one", "other"],
    }
}

impl Locales {
    /// Reads and compares the files in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
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
        let reference = locales.get(REFERENCE).ok_or("locales/en.json is missing")?;
        for (locale, texts) in &locales {
            compare(locale, texts, reference)?;
        }
        Ok(Self(locales))
    }

    /// The languages' tags, sorted.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The keys of all languages, sorted by bytes.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let keys = self.0.values().flat_map(Texts::keys).map(String::as_str).collect::<BTreeSet<_>>();
        keys.into_iter().collect()
    }

    /// The texts of a language in the order of [`Self::keys`]; empty where it has none.
    pub(crate) fn row(&self, language: &str) -> Vec<&str> {
        let texts = self.0.get(language);
        let text = |key| texts.and_then(|texts| texts.get(key)).map_or("", String::as_str);
        self.keys().into_iter().map(text).collect()
    }

    /// One text.
    pub(crate) fn text(&self, language: &str, key: &str) -> Option<&str> {
        self.0.get(language)?.get(key).map(String::as_str)
    }
}

fn flatten(prefix: &str, value: &Value, texts: &mut Texts) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains('\n') => Err(format!("{prefix} has more than one line")),
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

/// A key without its plural category, if the category belongs to a plural; and the category.
fn base<'a>(key: &'a str, texts: &Texts) -> (&'a str, Option<&'a str>) {
    match key.rsplit_once('.') {
        Some((base, category)) if CATEGORIES.contains(&category) && texts.contains_key(&format!("{base}.other")) => {
            (base, Some(category))
        }
        _ => (key, None),
    }
}

fn compare(locale: &str, texts: &Texts, reference: &Texts) -> Result<(), String> {
    fn bases(texts: &Texts) -> BTreeSet<&str> {
        texts.keys().map(|key| base(key, texts).0).collect()
    }
    let (own, wanted) = (bases(texts), bases(reference));
    if let Some(key) = wanted.difference(&own).next() {
        return Err(format!("locales/{locale}.json lacks {key}"));
    }
    if let Some(key) = own.difference(&wanted).next() {
        return Err(format!("locales/{locale}.json has {key}, which {REFERENCE}.json has not"));
    }
    plurals(locale, texts)?;
    for (key, text) in texts {
        let plural = format!("{}.other", base(key, texts).0);
        let other = reference.get(key).or_else(|| reference.get(&plural)).map_or("", String::as_str);
        let (own, wanted) = (names(text), names(other));
        if let Some(name) = own.difference(&wanted).next() {
            return Err(format!("locales/{locale}.json: {key} names {{{{ {name} }}}}, which is unknown"));
        }
        // "One message" may leave the number out; nothing else may be left out.
        if let Some(name) = wanted.difference(&own).find(|name| **name != "count") {
            return Err(format!("locales/{locale}.json: {key} leaves out {{{{ {name} }}}}"));
        }
    }
    Ok(())
}

/// Every plural has its language's categories, and no other.
fn plurals(locale: &str, texts: &Texts) -> Result<(), String> {
    let mut found = BTreeMap::<&str, Vec<&str>>::new();
    for (base, category) in texts.keys().map(|key| base(key, texts)) {
        if let Some(category) = category {
            found.entry(base).or_default().push(category);
        }
    }
    let wanted = categories(locale);
    match found.iter().find(|(_, categories)| categories.as_slice() != wanted) {
        Some((base, categories)) => {
            Err(format!("locales/{locale}.json: {base} has the plurals {categories:?}, it needs {wanted:?}"))
        }
        None => Ok(()),
    }
}

fn names(text: &str) -> BTreeSet<String> {
    text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
}
