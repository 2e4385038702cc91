//! `e2e/PRODUCT.md` names the tests that show each promise of the product, `e2e/README.md` those that show what becomes of
//! whatever goes wrong: all of them exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const PRODUCT: &str = include_str!("../../PRODUCT.md");
const README: &str = include_str!("../../README.md");
/// Where tests are.
const PLACES: [&str; 6] = ["backend", "shared", "frontend/src", "frontend/bundle", "e2e/lab", "e2e/tests"];
/// What begins a test, or a part of one, in TypeScript.
const TITLES: [&str; 4] = ["test(\"", "test.step(\"", "test(`", "test.step(`"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn is_rust(file: &str) -> bool {
    matches!(file.rsplit_once('.'), Some((_, "rs")))
}

fn is_browsers(file: &str) -> bool {
    file.ends_with(".spec.ts")
}

/// Every file below that may hold tests: its path, with a slash before it, and what stands in it.
fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
        if entry.is_dir() && !["target", "node_modules"].contains(&name.as_str()) {
            sources(&entry, found);
        } else if is_rust(&name) || is_browsers(&name) {
            let place = entry.strip_prefix(root()).expect("below the root").display().to_string();
            found.insert(format!("/{place}"), fs::read_to_string(&entry).expect("text"));
        }
    }
}

/// Names of functions with a test's attribute, and those that a macro makes tests of.
fn rust_tests(text: &str) -> BTreeSet<&str> {
    let (mut found, mut is_test, mut in_macro) = (BTreeSet::new(), false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test") || line.starts_with("#[tokio::test");
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            found.extend(rest.split('(').next());
            is_test = false;
        } else if in_macro {
            found.extend(line.strip_suffix(';'));
        }
        in_macro = (in_macro || line == "on_both! {") && line != "}";
    }
    found
}

/// Titles of tests and of their steps.
fn browser_tests(text: &str) -> BTreeSet<&str> {
    let titles = TITLES.iter().flat_map(|begin| text.split(begin).skip(1).map(move |rest| (begin, rest)));
    titles.filter_map(|(begin, rest)| rest.split(begin.chars().last()?).next()).collect()
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the tables: what is promised or goes wrong, and by what it is shown.
fn rows(tables: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = tables.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = lines.filter_map(|line| Some((line.split(" | ").next()?, line.rsplit_once(" | ")?.1)));
    cells.filter(|(what, _)| !["what", "---"].contains(what))
}

/// Fails unless every row names tests, all of them exist, and there are at least so many rows and tests.
fn all_exist(tables: &str, least: (usize, usize)) {
    let mut files = BTreeMap::new();
    for place in PLACES {
        sources(&root().join(place), &mut files);
    }
    let makefile = fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    let (mut shown, mut wrong) = (0, Vec::new());
    for (what, by) in rows(tables) {
        let mut tests = None;
        for name in quoted(by) {
            if let Some(target) = name.strip_prefix("make ") {
                shown += 1;
                if !makefile.lines().any(|line| line.starts_with(&format!("{target}:"))) {
                    wrong.push(format!("{what}: there is no make {target}"));
                }
            } else if is_rust(name) || is_browsers(name) {
                let end = format!("/{name}");
                let of = if is_rust(name) { rust_tests } else { browser_tests };
                let named = files.iter().filter(|(place, _)| place.ends_with(&end)).map(|(_, text)| of(text));
                let mut named: Vec<_> = named.filter(|tests| !tests.is_empty()).collect();
                if named.len() != 1 {
                    wrong.push(format!("{what}: {name} is the end of {} files with tests", named.len()));
                }
                tests = named.pop();
            } else if tests.as_ref().is_some_and(|tests| tests.contains(name)) {
                shown += 1;
            } else {
                wrong.push(format!("{what}: there is no test {name}"));
            }
        }
        if quoted(by).all(|name| is_rust(name) || is_browsers(name)) {
            wrong.push(format!("{what}: nothing shows it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let found = (rows(tables).count(), shown);
    assert!(found.0 >= least.0 && found.1 >= least.1, "{found:?} rows and tests");
}

#[test]
fn every_promise_of_the_product_names_tests_that_exist() {
    all_exist(PRODUCT, (130, 200));
}

#[test]
fn whatever_goes_wrong_names_tests_that_exist() {
    let (_, section) = README.split_once("\n## What goes wrong").expect("a section");
    all_exist(section.split("\n## ").next().expect("its tables"), (30, 45));
}
