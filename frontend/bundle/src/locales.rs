//! The translation files `locales/*.json` as tables, and what must hold among them. Used by the page's build script,
//! which makes constants of the keys, and by the bundle, which writes the tables.
//!
//! `en.json` is the reference: every other file has the same keys, and in each text the same `{{ names }}`. A plural
//! is an object with exactly the CLDR categories of its language. A text that a language lacks is English there, so that
//! a new text can be tried before it is translated; [`Locales::missing`] tells, and a test of the bundle fails then.

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
pub(crate) struct Locales {
    texts: BTreeMap<String, Texts>,
    missing: Vec<String>,
}

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
        let reference = locales.get(REFERENCE).cloned().ok_or("locales/en.json is missing")?;
        let mut missing = Vec::new();
        for (locale, texts) in &mut locales {
            missing
                .extend(fill_in(texts, &reference).into_iter().map(|key| format!("locales/{locale}.json lacks {key}")));
            compare(locale, texts, &reference)?;
        }
        Ok(Self { texts: locales, missing })
    }

    /// What is not translated, in words.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test asks"))]
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The languages' tags, sorted.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The keys of all languages, sorted by bytes.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let keys = self.texts.values().flat_map(Texts::keys).map(String::as_str).collect::<BTreeSet<_>>();
        keys.into_iter().collect()
    }

    /// The texts of a language in the order of [`Self::keys`]; empty where it has none.
    pub(crate) fn row(&self, language: &str) -> Vec<&str> {
        let texts = self.texts.get(language);
        let text = |key| texts.and_then(|texts| texts.get(key)).map_or("", String::as_str);
        self.keys().into_iter().map(text).collect()
    }

    /// One text.
    pub(crate) fn text(&self, language: &str, key: &str) -> Option<&str> {
        self.texts.get(language)?.get(key).map(String::as_str)
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

/// Takes the English text where there is none; gives the keys.
fn fill_in(texts: &mut Texts, reference: &Texts) -> Vec<String> {
    let known: BTreeSet<String> = texts.keys().map(|key| base(key, texts).0.to_owned()).collect();
    let lacking: Vec<_> = reference
        .iter()
        .filter(|(key, _)| !known.contains(base(key, reference).0))
        .map(|(k, t)| (k.clone(), t.clone()))
        .collect();
    let keys = lacking.iter().map(|(key, _)| key.clone()).collect();
    texts.extend(lacking);
    keys
}

fn compare(locale: &str, texts: &Texts, reference: &Texts) -> Result<(), String> {
    fn bases(texts: &Texts) -> BTreeSet<&str> {
        texts.keys().map(|key| base(key, texts).0).collect()
    }
    let (own, wanted) = (bases(texts), bases(reference));
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
    let english = categories(REFERENCE);
    match found.iter().find(|(_, found)| found.as_slice() != wanted && found.as_slice() != english) {
        Some((base, categories)) => {
            Err(format!("locales/{locale}.json: {base} has the plurals {categories:?}, it needs {wanted:?}"))
        }
        None => Ok(()),
    }
}

fn names(text: &str) -> BTreeSet<String> {
    text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text() {
        let locales = Locales::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../locales")).expect("readable");
        assert_eq!(locales.missing(), &[] as &[String]);
        for language in locales.languages() {
            let texts = &locales.texts[language];
            for base in texts.keys().filter_map(|key| key.strip_suffix(".other")) {
                for category in categories(language) {
                    assert!(texts.contains_key(&format!("{base}.{category}")), "{language}: {base}.{category}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_translated_is_english() {
        let reference =
            Texts::from([("a.b".into(), "B".into()), ("n.one".into(), "1".into()), ("n.other".into(), "2".into())]);
        let mut texts = Texts::from([("n.other".into(), "zwei".into()), ("n.one".into(), "eins".into())]);
        assert_eq!(fill_in(&mut texts, &reference), ["a.b"]);
        assert_eq!(texts["a.b"], "B");
        assert!(compare("de", &texts, &reference).is_ok());
        texts.insert("c".into(), "C".into());
        assert!(compare("de", &texts, &reference).is_err());
    }
}
