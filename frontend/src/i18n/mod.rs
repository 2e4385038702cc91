//! Texts of the page, by key and language.
//!
//! The bundle makes one table of each `locales/*.json`, a text a line, sorted by keys. The browser loads that of the
//! language in use alone; the module itself holds no text. A key that is written out becomes a line number when the
//! page is compiled, so a missing text is a compile error:
//!
//! ```
//! use mailferry_frontend::{t, tn};
//! assert_eq!(t!("steps.confirm"), "Confirm migration");
//! assert_eq!(tn!("count.messages", 1), "1 message");
//! assert_eq!(tn!("count.messages", 2), "2 messages");
//! ```

mod codes;

use std::{
    cell::{Cell, RefCell},
    fmt::{Display, Write as _},
};

pub use codes::{
    Limits, advice_text, code_cause, code_next_step, field_text, finding_cause, finding_next_step, know_limits,
    problem_text, row_error_text,
};

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// A language with its texts, one per key.
#[derive(Debug, Clone, Copy)]
pub struct Locale {
    /// Its tag, one of [`LANGUAGES`].
    pub code: &'static str,
    /// BCP 47 tag for numbers and dates: the user's own region where it speaks this language.
    pub tag: &'static str,
    texts: &'static [&'static str],
}

thread_local! {
    static CURRENT: Cell<Locale> = const { Cell::new(FIRST) };
    static LOADED: RefCell<Vec<Locale>> = const { RefCell::new(Vec::new()) };
}

/// Before a table is there; outside the browser the English one, which is compiled in for tests.
#[cfg(target_arch = "wasm32")]
const FIRST: Locale = Locale { code: "en", tag: "en", texts: &[] };
#[cfg(not(target_arch = "wasm32"))]
const FIRST: Locale = Locale { code: "en", tag: "en", texts: &ENGLISH };

/// The language in use.
pub fn current() -> Locale {
    CURRENT.get()
}

/// Uses a language whose table has been here before; false if it has not.
pub fn reuse(code: &str) -> bool {
    let found = LOADED.with_borrow(|loaded| loaded.iter().find(|locale| locale.code == code).copied());
    found.map(|locale| CURRENT.set(locale)).is_some()
}

/// Uses the language `code` with its table; `preferred` are the user's languages, best first. The table stays for
/// the life of the page. An unknown language changes nothing.
pub fn install<'a>(code: &str, table: String, preferred: impl IntoIterator<Item = &'a str>) {
    let Some((code, _)) = LANGUAGES.into_iter().find(|(known, _)| *known == code) else { return };
    let texts: Vec<&'static str> = String::leak(table).split('\n').collect();
    let locale = Locale { code, tag: regional(code, preferred), texts: Vec::leak(texts) };
    LOADED.with_borrow_mut(|loaded| loaded.push(locale));
    CURRENT.set(locale);
}

/// The user's own tag for a language, "en-GB"; without one, the region whose habits the texts follow.
fn regional<'a>(code: &'static str, preferred: impl IntoIterator<Item = &'a str>) -> &'static str {
    let own = preferred.into_iter().find(|tag| tag.split('-').next() == Some(code) && tag.len() > code.len());
    match own {
        Some(tag) => String::leak(tag.to_owned()),
        None if code == "pt" => "pt-PT",
        None => code,
    }
}

/// A text's place in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(usize);

impl Key {
    /// The key `path`; in a `const`, a path without a text does not compile.
    pub const fn of(path: &str) -> Self {
        match position(path.as_bytes(), b"") {
            Some(at) => Self(at),
            None => panic!("there is no text for this key"),
        }
    }

    /// The key `path` of a code of the API, if there is one.
    pub fn of_code(path: &str) -> Option<Self> {
        CODES.binary_search_by(|(key, _)| (*key).cmp(path)).ok().map(|at| Self(CODES[at].1))
    }

    /// The text in the language in use.
    pub fn text(self) -> &'static str {
        current().texts.get(self.0).copied().unwrap_or_default()
    }
}

/// The texts for the plural categories of one key.
#[derive(Debug, Clone, Copy)]
pub struct PluralKey {
    one: Option<usize>,
    few: Option<usize>,
    many: Option<usize>,
    other: Key,
}

impl PluralKey {
    /// The plural `path`; in a `const`, a path without a text does not compile.
    pub const fn of(path: &str) -> Self {
        let path = path.as_bytes();
        let other = match position(path, b".other") {
            Some(at) => Key(at),
            None => panic!("there is no plural for this key"),
        };
        Self { one: position(path, b".one"), few: position(path, b".few"), many: position(path, b".many"), other }
    }

    /// The text for `count` in the language in use.
    pub fn text(self, count: u64) -> &'static str {
        let at = match category(count).as_str() {
            "one" => self.one,
            "few" => self.few,
            "many" => self.many,
            _ => None,
        };
        at.map(|at| Key(at).text()).filter(|text| !text.is_empty()).unwrap_or_else(|| self.other.text())
    }
}

#[cfg(target_arch = "wasm32")]
fn category(count: u64) -> String {
    crate::browser::intl::plural_category(count)
}

#[cfg(not(target_arch = "wasm32"))]
fn category(count: u64) -> String {
    if count == 1 { "one".to_owned() } else { "other".to_owned() }
}

/// `count` as the language in use writes it.
#[cfg(target_arch = "wasm32")]
pub fn number(count: u64) -> String {
    crate::browser::intl::number(count)
}

/// `count` as the language in use writes it.
#[cfg(not(target_arch = "wasm32"))]
pub fn number(count: u64) -> String {
    count.to_string()
}

/// Puts values where the text says `{{ name }}`; an unknown name stays as it is.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    fill_shown(text, &values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect::<Vec<_>>())
}

/// The same with whatever can be shown. They are shown here, and not by each of those who ask: that is much less code.
pub fn fill_shown(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut parts = text.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("}}") {
            Some((name, rest)) => {
                let value = values.iter().find(|(known, _)| *known == name.trim()).map(|(_, value)| *value);
                match value {
                    // Writing into a string cannot fail.
                    Some(value) => drop(write!(filled, "{value}")),
                    None => filled.extend(["{{", name, "}}"]),
                }
                filled.push_str(rest);
            }
            None => filled.push_str(part),
        }
    }
    filled
}

/// Where `path` followed by `suffix` stands among the keys, which are sorted by bytes.
const fn position(path: &[u8], suffix: &[u8]) -> Option<usize> {
    let (mut low, mut high) = (0, KEYS.len());
    while low < high {
        let middle = low.midpoint(high);
        match compare(KEYS[middle].as_bytes(), path, suffix) {
            0 => return Some(middle),
            1 => high = middle,
            _ => low = middle + 1,
        }
    }
    None
}

/// -1, 0 or 1: `key` before, equal to or after `path` + `suffix`.
const fn compare(key: &[u8], path: &[u8], suffix: &[u8]) -> i8 {
    let length = path.len() + suffix.len();
    let mut at = 0;
    while at < key.len() && at < length {
        let wanted = if at < path.len() { path[at] } else { suffix[at - path.len()] };
        if key[at] != wanted {
            return if key[at] < wanted { -1 } else { 1 };
        }
        at += 1;
    }
    if key.len() == length {
        0
    } else if key.len() < length {
        -1
    } else {
        1
    }
}

/// The text of a key, as `&'static str`; with `name = value` arguments filled in, as `String`.
#[macro_export]
macro_rules! t {
    ($path:literal) => {{
        const KEY: $crate::i18n::Key = $crate::i18n::Key::of($path);
        KEY.text()
    }};
    ($path:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        const KEY: $crate::i18n::Key = $crate::i18n::Key::of($path);
        $crate::i18n::fill_shown(KEY.text(), &[$((stringify!($name), &$value as &dyn ::core::fmt::Display)),+])
    }};
}

/// The text of a plural for a count, which fills `{{ count }}`; more `name = value` arguments may follow.
#[macro_export]
macro_rules! tn {
    ($path:literal, $count:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        const KEY: $crate::i18n::PluralKey = $crate::i18n::PluralKey::of($path);
        let count: u64 = $count;
        $crate::i18n::fill_shown(
            KEY.text(count),
            &[
                ("count", &$crate::i18n::number(count) as &dyn ::core::fmt::Display),
                $((stringify!($name), &$value as &dyn ::core::fmt::Display)),*
            ],
        )
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_where_its_text_stands() {
        for (key, at) in CODES {
            assert_eq!(Key::of_code(key), Some(Key(at)));
            assert_eq!(KEYS[at], key);
        }
        assert_eq!(Key::of_code("no.such.text"), None);
    }

    #[test]
    fn values_are_filled_in_and_never_read_as_a_template() {
        assert_eq!(fill("{{ a }} to {{b}}", &[("a", "{{b}}"), ("b", "2")]), "{{b}} to 2");
        assert_eq!(fill("open {{ a", &[("a", "1")]), "open  a");
    }

    #[test]
    fn a_table_is_used_for_its_language_and_kept() {
        install("de", KEYS.join("\n"), ["en-US", "de-AT"]);
        assert_eq!((current().code, current().tag, t!("steps.confirm")), ("de", "de-AT", "steps.confirm"));
        install("xx", String::new(), []);
        assert_eq!(current().code, "de");
        install("en", ENGLISH.join("\n"), []);
        assert_eq!((current().tag, t!("steps.confirm")), ("en", "Confirm migration"));
        assert!(reuse("de") && !reuse("nb"));
        assert_eq!(current().code, "de");
    }

    #[test]
    fn numbers_follow_the_users_region_of_the_language() {
        assert_eq!(regional("pt", ["de-DE", "pt-BR"]), "pt-BR");
        assert_eq!(regional("pt", ["pt", "de-DE"]), "pt-PT");
        assert_eq!(regional("en", ["de-DE"]), "en");
    }
}
