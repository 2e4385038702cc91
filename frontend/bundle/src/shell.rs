//! Writing the bundle: style, scripts, static files, and the shell that names them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{assets::Assets, compile::MODULES, error::BundleError, locales::Locales, options::Options};

/// URLs by the names of assets.
pub(crate) type Urls = BTreeMap<String, String>;

/// Writes what all modules share: style, static files, texts, scripts.
pub(crate) fn common(options: &Options, assets: &mut Assets) -> Result<Urls, BundleError> {
    let frontend = &options.frontend;
    let mut urls = Urls::new();
    let css = frontend.join("css");
    urls.insert("app.css".to_owned(), assets.add("app.css", style(&css, |name| !is_console(name))?.as_bytes())?);
    urls.insert("console.css".to_owned(), assets.add("console.css", style(&css, is_console)?.as_bytes())?);
    for file in files(&frontend.join("static"))? {
        let name = file_name(&file);
        let content = fs::read(&file).map_err(BundleError::file(&file))?;
        urls.insert(name.clone(), assets.add(&name, &content)?);
    }
    let locales = Locales::read(&frontend.join("locales")).map_err(BundleError::Locales)?;
    for language in locales.languages() {
        let name = format!("texts-{language}.txt");
        urls.insert(name.clone(), assets.add(&name, locales.row(language).join("\n").as_bytes())?);
    }
    for file in files(&frontend.join("scripts"))? {
        let name = file_name(&file);
        let text = fs::read_to_string(&file).map_err(BundleError::file(&file))?;
        let text = without_line_comments(&with_shell_texts(&text, &locales));
        urls.insert(name.clone(), assets.add(&name, text.as_bytes())?);
    }
    Ok(urls)
}

/// Writes a shell for each module.
pub(crate) fn write(options: &Options, assets: &mut Assets, urls: &Urls) -> Result<(), BundleError> {
    let index = options.frontend.join("index.html");
    let text = fs::read_to_string(&index).map_err(BundleError::file(&index))?;
    for module in MODULES {
        let name = if module == "start" { "index.html".to_owned() } else { format!("{module}.html") };
        let text = text.replace("{{module}}", module);
        let text = if CONSOLE_MODULES.contains(&module) { with_console_style(&text) } else { text };
        let text = fill("index.html", &text, urls)?;
        assets.write(&name, text.as_bytes())?;
    }
    Ok(())
}

/// Puts what the shell says before any table is there where a script says `"{{shell:NAME}}"`.
fn with_shell_texts(script: &str, locales: &Locales) -> String {
    let names = ["failed_title", "failed", "reload"];
    names.into_iter().fold(script.to_owned(), |script, name| {
        script.replace(&format!("\"{{{{shell:{name}}}}}\""), &shell_texts(locales, &format!("shell.{name}")))
    })
}

/// What the shell says in each language, as a JSON object by language.
fn shell_texts(locales: &Locales, key: &str) -> String {
    let texts = locales.languages().map(|language| (language, locales.text(language, key)));
    serde_json::json!(texts.collect::<BTreeMap<_, _>>()).to_string()
}

/// The modules that need the console's and the status page's style besides that of all.
const CONSOLE_MODULES: [&str; 4] = ["console", "administration", "status", "styleguide"];
const APP_STYLE: &str = "<link rel=\"stylesheet\" href=\"{{asset:app.css}}\">";
const CONSOLE_STYLE: &str = "<link rel=\"stylesheet\" href=\"{{asset:console.css}}\">";

/// True for a style sheet that only the console, the status page and the style guide need.
fn is_console(name: &str) -> bool {
    name.starts_with('7') || name.starts_with('8')
}

fn with_console_style(shell: &str) -> String {
    shell.replace(APP_STYLE, &format!("{APP_STYLE}\n{CONSOLE_STYLE}"))
}

/// The style sheets that are `wanted` by their names, as one, in the order of their names.
fn style(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<String, BundleError> {
    files(folder)?
        .iter()
        .filter(|file| wanted(&file_name(file)))
        .map(|file| fs::read_to_string(file).map_err(BundleError::file(file)))
        .collect::<Result<Vec<_>, _>>()
        .map(|sheets| without_comments(&sheets.join("\n")))
}

/// The style without its comments and without indentation: they are for us, not for the line.
fn without_comments(style: &str) -> String {
    let mut rest = style;
    let mut kept = String::with_capacity(style.len());
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A script without the lines that are comments alone.
fn without_line_comments(script: &str) -> String {
    script.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Puts URLs where the text says `{{asset:NAME}}`.
fn fill(file: &'static str, text: &str, urls: &Urls) -> Result<String, BundleError> {
    let mut parts = text.split("{{asset:");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        let url = urls.get(name).ok_or_else(|| BundleError::UnknownAsset { file, name: name.to_owned() })?;
        filled.push_str(url);
        filled.push_str(rest);
    }
    Ok(filled)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let entries = fs::read_dir(folder).map_err(BundleError::file(folder))?;
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(BundleError::file(folder))?;
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_named_and_unknown_ones_refused() {
        let urls = BTreeMap::from([("a.js".to_owned(), "/assets/a-1.js".to_owned())]);
        assert_eq!(
            fill("x", "<{{asset:a.js}}> {{asset:a.js}}", &urls).expect("known"),
            "</assets/a-1.js> /assets/a-1.js"
        );
        assert!(matches!(fill("x", "{{asset:b.js}}", &urls), Err(BundleError::UnknownAsset { .. })));
    }

    #[test]
    fn the_consoles_style_comes_after_that_of_all() {
        assert_eq!(with_console_style(&format!("<head>{APP_STYLE}")), format!("<head>{APP_STYLE}\n{CONSOLE_STYLE}"));
        assert!(is_console("70-console.css") && is_console("80-styleguide.css") && !is_console("90-print.css"));
        assert!(include_str!("../../index.html").contains(APP_STYLE));
    }

    #[test]
    fn comments_do_not_travel() {
        assert_eq!(without_comments("/* why */\na {\n  b: c; /* d */\n}\n"), "a {\nb: c;\n}");
    }
}
