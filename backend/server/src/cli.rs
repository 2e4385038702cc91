//! The command line.

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use mailferry_store::StoreError;

use crate::{
    admin::{self, Admin},
    api,
    app::{self, StartError},
    copy::{self, CopyArguments},
    crash,
    settings::{CommonArgs, ServeArgs, SettingError, Settings, file, table},
    telemetry,
    verify::{self, VerifyArguments},
};

/// Moves mailboxes from one mail provider to another.
#[derive(Debug, Parser)]
#[command(name = "mailferry", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve page and API, with workers inside.
    Serve(ServeArgs),
    /// Work on what a service has queued; any number of them, on any machine.
    Worker(CommonArgs),
    /// Bring the database up to date and end.
    Migrate(CommonArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Print every setting as a table, in Markdown.
    Settings,
    /// Copy one mailbox to another, without the service.
    Copy(Box<CopyArguments>),
    /// Fetch a mailbox again and compare every message with the manifest of a copy.
    Verify(Box<VerifyArguments>),
    /// Administer the service.
    #[command(subcommand)]
    Admin(Admin),
}

/// Why a command did not succeed; tells the exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("MAILFERRY_SEALING_KEY_FILE cannot be used")]
    KeyFile(#[source] Box<dyn Error + Send + Sync>),
    #[error("the password could not be hashed")]
    Password(#[source] Box<dyn Error + Send + Sync>),
    #[error("the store refused")]
    Store(#[from] StoreError),
    #[error("the document cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("the system refused")]
    Io(#[from] io::Error),
}

/// Runs the program: exit code 0, 1 for a failure, 2 for wrong use.
pub fn main() -> ExitCode {
    crash::keep_secrets();
    let cli = match arguments() {
        Ok(arguments) => Cli::parse_from(arguments),
        Err(error) => return failed(&error.into()),
    };
    // The one provider of TLS in this process; a second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

/// The command line, with what the settings file adds.
fn arguments() -> Result<Vec<OsString>, SettingError> {
    file::add(&Cli::command(), std::env::args_os().collect(), |name| std::env::var_os(name))
}

fn failed(error: &CliError) -> ExitCode {
    report(error);
    ExitCode::from(if matches!(error, CliError::Setting(_)) { 2 } else { 1 })
}

fn report(error: &CliError) {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "mailferry: {}", causes.join(": "));
}

fn run(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Copy(arguments) => return Ok(runtime()?.block_on(copy::main(*arguments))),
        Command::Verify(arguments) => return Ok(runtime()?.block_on(verify::main(*arguments))),
        Command::Serve(args) => {
            telemetry::start(&args.common.logs.log, args.common.logs.log_format)?;
            let settings = Settings::from_serve(&args)?;
            runtime()?.block_on(app::serve(settings))?;
        }
        Command::Worker(args) => {
            telemetry::start(&args.logs.log, args.logs.log_format)?;
            let settings = Settings::from_worker(&args)?;
            runtime()?.block_on(app::worker(settings))?;
        }
        Command::Migrate(args) => {
            let settings = Settings::from_worker(&args)?;
            runtime()?.block_on(app::open_store(&settings))?;
        }
        Command::Settings => io::stdout().write_all(table::markdown(&Cli::command()).as_bytes())?,
        Command::Openapi => io::stdout().write_all(api::docs::text()?.as_bytes())?,
        Command::Admin(command) => runtime()?.block_on(admin::run(command))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
