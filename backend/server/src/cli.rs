//! The command line.

use std::{
    collections::BTreeSet,
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use mailferry_shared::{address::MailAddress, key::Scope};
use mailferry_store::{NewApiKey, OPERATOR_TENANT, StoreError};
use serde_json::json;

use crate::{
    api,
    app::{self, StartError},
    copy::{self, CopyArguments},
    settings::{CommonArgs, ServeArgs, SettingError, Settings},
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
    /// Copy one mailbox to another, without the service.
    Copy(Box<CopyArguments>),
    /// Fetch a mailbox again and compare every message with the manifest of a copy.
    Verify(Box<VerifyArguments>),
    /// Administer the service.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Create an operator with an API key, which is shown this once only.
    CreateOperator(CreateOperator),
}

#[derive(Debug, Args)]
struct CreateOperator {
    /// The operator's name.
    #[arg(long, default_value = "Operator")]
    name: String,
    /// The operator's mail address.
    #[arg(long)]
    mail: Option<MailAddress>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonArgs,
}

/// Why a command did not succeed; tells the exit code.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the database could not be written")]
    Store(#[from] StoreError),
    #[error("the document cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("the system refused")]
    Io(#[from] io::Error),
}

/// Runs the program: exit code 0, 1 for a failure, 2 for wrong use.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The one provider of TLS in this process; a second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::from(if matches!(error, CliError::Setting(_)) { 2 } else { 1 })
        }
    }
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
            telemetry::start(&args.common.log, args.common.log_format)?;
            let settings = Settings::from_serve(&args)?;
            runtime()?.block_on(app::serve(settings))?;
        }
        Command::Worker(args) => {
            telemetry::start(&args.log, args.log_format)?;
            let settings = Settings::from_worker(&args)?;
            runtime()?.block_on(app::worker(settings))?;
        }
        Command::Migrate(args) => {
            let settings = Settings::from_worker(&args)?;
            runtime()?.block_on(app::open_store(&settings))?;
        }
        Command::Openapi => io::stdout().write_all(api::docs::text()?.as_bytes())?,
        Command::Admin(Admin::CreateOperator(args)) => runtime()?.block_on(create_operator(&args))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn create_operator(args: &CreateOperator) -> Result<(), CliError> {
    let store = app::open_store(&Settings::from_worker(&args.common)?).await?;
    let member = store.create_operator(&args.name, args.mail.as_ref()).await?;
    let scopes: BTreeSet<Scope> = Scope::ALL.iter().copied().collect();
    let new = NewApiKey {
        tenant_id: OPERATOR_TENANT,
        member_id: Some(member.member.id),
        name: args.name.clone(),
        scopes: scopes.clone(),
        sandbox: false,
        expires_at: None,
    };
    let key = store.create_api_key(new).await?;
    store.close().await;
    let secret = key.secret.expose();
    let text = if args.json {
        json!({"member_id": member.member.id, "name": args.name, "api_key": secret, "scopes": scopes}).to_string()
    } else {
        format!("API key of {} (shown this once only): {secret}", args.name)
    };
    Ok(writeln!(io::stdout(), "{text}")?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_lists_every_setting() {
        let mut command = Cli::command();
        let serve = command.find_subcommand_mut("serve").expect("there is one");
        let help = serve.render_long_help().to_string();
        for setting in [
            "MAILFERRY_LISTEN",
            "MAILFERRY_PUBLIC_URL",
            "DATABASE_URL",
            "MAILFERRY_SEALING_KEY_FILE",
            "MAILFERRY_SMTP_URL",
            "MAILFERRY_MAIL_FROM",
            "MAILFERRY_ALLOW_NETWORKS",
            "MAILFERRY_ALLOW_PORTS",
            "MAILFERRY_ALLOW_PLAINTEXT",
            "MAILFERRY_DNS",
            "MAILFERRY_CA_FILE",
            "MAILFERRY_TRUST_PROXY",
            "MAILFERRY_WORKERS",
            "MAILFERRY_LOG",
        ] {
            assert!(help.contains(setting), "{setting} is missing in\n{help}");
        }
    }
}
