//! Settings from a file: TOML, a line a setting, named like its flag with `_` for `-`. A flag goes before the
//! environment, the environment before the file, the file before the default.
//!
//! ```toml
//! listen = "127.0.0.1:9090"
//! allow_ports = [1143, 1993]
//! ```

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::Command;
use toml::{Table, Value};

use super::SettingError;

/// The environment variable that names the file.
const VARIABLE: &str = "MAILFERRY_CONFIG";
/// The flag that does.
const FLAG: &str = "config";

/// The arguments with what the file adds, if one is named and the command takes settings.
///
/// # Errors
/// [`SettingError`] if the file cannot be read, or holds what is no setting.
pub fn add(
    root: &Command,
    arguments: Vec<OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<OsString>, SettingError> {
    let command = command_of(root, &arguments);
    if !names(command).contains(FLAG) {
        return Ok(arguments);
    }
    let Some(path) = flag(&arguments, FLAG).or_else(|| variable(VARIABLE)).map(PathBuf::from) else {
        return Ok(arguments);
    };
    let mut known = BTreeSet::new();
    every_setting(root, &mut known);
    let mut all = arguments.clone();
    for (key, value) in read(&path)? {
        let name = key.replace('_', "-");
        if !known.contains(&name) || name == FLAG {
            return Err(wrong(&path, &format!("there is no setting “{key}”")));
        }
        let text = text(&value).ok_or_else(|| wrong(&path, &format!("{key} must be a text, a number or a list")))?;
        let of_this_command = command.get_arguments().find(|argument| argument.get_long() == Some(&name));
        let Some(argument) = of_this_command else { continue };
        let is_given = argument.get_env().and_then(OsStr::to_str).is_some_and(|name| variable(name).is_some());
        if !is_given && flag(&arguments, &name).is_none() {
            all.push(format!("--{name}={text}").into());
        }
    }
    Ok(all)
}

/// The command that the arguments name, like `admin create-operator`.
fn command_of<'a>(root: &'a Command, arguments: &[OsString]) -> &'a Command {
    let mut command = root;
    for argument in arguments.iter().skip(1) {
        match command.find_subcommand(argument) {
            Some(next) => command = next,
            None => break,
        }
    }
    command
}

/// Settings of a command: what can be told by environment too.
fn names(command: &Command) -> BTreeSet<String> {
    let settings = command.get_arguments().filter(|argument| argument.get_env().is_some());
    settings.filter_map(|argument| argument.get_long().map(ToOwned::to_owned)).collect()
}

fn every_setting(command: &Command, found: &mut BTreeSet<String>) {
    let names = names(command);
    if names.contains(FLAG) {
        found.extend(names);
    }
    command.get_subcommands().for_each(|command| every_setting(command, found));
}

/// The value of a flag; empty for one without a value.
fn flag(arguments: &[OsString], name: &str) -> Option<OsString> {
    let flag = format!("--{name}");
    arguments.iter().enumerate().find_map(|(n, argument)| {
        let argument = argument.to_str()?;
        if argument == flag {
            return Some(arguments.get(n + 1).cloned().unwrap_or_default());
        }
        argument.strip_prefix(&flag)?.strip_prefix('=').map(OsString::from)
    })
}

fn read(path: &Path) -> Result<Table, SettingError> {
    let text = std::fs::read_to_string(path).map_err(|error| wrong(path, &error.to_string()))?;
    // What the parser says quotes the line, which may hold a password: only where it is is told.
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        wrong(path, &format!("line {} is not valid TOML: {}", before.matches('\n').count() + 1, error.message()))
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(is) => Some(is.to_string()),
        Value::Array(items) => Some(items.iter().map(text).collect::<Option<Vec<_>>>()?.join(",")),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn wrong(path: &Path, reason: &str) -> SettingError {
    SettingError { setting: VARIABLE, reason: format!("{}: {reason}", path.display()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn with_file(text: &str, arguments: &[&str], set: &[&str]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("mailferry.toml");
        std::fs::write(&path, text).expect("written");
        let variable = |name: &str| match name {
            VARIABLE => Some(path.clone().into_os_string()),
            other => set.contains(&other).then(OsString::new),
        };
        let arguments: Vec<OsString> = ["mailferry"].iter().chain(arguments).map(OsString::from).collect();
        let skip = arguments.len();
        let all = add(&Cli::command(), arguments, variable).map_err(|error| error.to_string())?;
        Ok(all[skip..].iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_the_file() {
        let file = "listen = \"127.0.0.1:1\"\nallow_ports = [1143, 1993]\nworkers = 2\nallow_plaintext = true\n";
        let all = with_file(file, &["serve"], &[]).expect("read");
        assert_eq!(all, ["--allow-plaintext=true", "--allow-ports=1143,1993", "--listen=127.0.0.1:1", "--workers=2"]);
        let fewer = with_file(file, &["serve", "--workers", "3"], &["MAILFERRY_LISTEN"]).expect("read");
        assert_eq!(fewer, ["--allow-plaintext=true", "--allow-ports=1143,1993"]);
        let of_worker = with_file(file, &["worker"], &[]).expect("read");
        assert!(!of_worker.iter().any(|argument| argument.starts_with("--listen")), "{of_worker:?}");
        assert!(with_file(file, &["openapi"], &[]).expect("read").is_empty(), "takes no settings");
    }

    #[test]
    fn what_is_wrong_is_named_without_the_line_itself() {
        for (file, words) in [
            ("colour = 1", "there is no setting “colour”"),
            ("workers = 1.5", "workers must be"),
            ("config = \"x\"", "there is no setting “config”"),
            ("workers = 1\ndatabase_url = canary", "line 2"),
        ] {
            let message = with_file(file, &["serve"], &[]).expect_err(file);
            assert!(message.contains(words) && message.contains("MAILFERRY_CONFIG"), "{message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }
}
