//! Every setting as a table: what the README shows, made of the code.

use clap::{Arg, Command};

/// The settings of `serve`, which are those of every process.
pub fn markdown(root: &Command) -> String {
    let mut text = "| variable | meaning | default |\n| --- | --- | --- |\n".to_owned();
    let serve = root.find_subcommand("serve");
    let settings = serve
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter(|argument| argument.get_env().is_some() && !argument.is_hide_set());
    for argument in settings {
        let variable = argument.get_env().unwrap_or_default().to_string_lossy();
        let (meaning, default) = words(argument);
        text.extend(["| `", &variable, "` | ", &meaning, " | ", &default, " |\n"]);
    }
    text
}

fn words(argument: &Arg) -> (String, String) {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ").replace('|', "\\|");
    let values: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.display())).collect();
    match help.split_once(" [default: ") {
        Some((meaning, default)) => (meaning.to_owned(), default.trim_end_matches(['.', ']']).to_owned()),
        None if values.is_empty() => (help, "none".to_owned()),
        None => (help, values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_readme_shows_every_setting() {
        let readme = include_str!("../../../../README.md");
        let shown = readme.split_once("<!-- settings -->\n\n").and_then(|(_, rest)| rest.split_once("\n<!-- end -->"));
        let table = markdown(&Cli::command());
        assert!(
            shown.is_some_and(|(shown, _)| shown == table),
            "README.md is out of date; run: make settings\n{table}"
        );
    }
}
