//! The command tree: the operator's commands, and those that start or prepare a node.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use mailward_api::control::Role;
use mailward_cli::Connection;

use crate::{
    config::{self, Config},
    demo, role, setup,
};

// Commands that start or prepare a node. Not a doc comment: clap would make it the summary of the
// whole program.
#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// Run this node: the manager, which starts all roles
    ///
    /// Runs in the foreground; under systemd it notifies readiness and serves the watchdog. SIGTERM
    /// ends it: running transactions are finished, the queue is synced.
    Serve(Configured),
    /// Show the main job in a temporary folder, accidents and repairs included
    Demo(DemoArguments),
    /// Look at this machine, write a configuration, a certificate and the first objects
    Setup(setup::Arguments),
    /// The configuration file
    Config(ConfigArguments),
    /// Run one role; the manager does this
    #[command(hide = true)]
    Role(RoleArguments),
}

#[derive(Debug, Clone, Args)]
struct Configured {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    config: PathBuf,
}

#[derive(Debug, Clone, Args)]
struct DemoArguments {
    /// End when everything was shown; the exit code is 0 only if all that was claimed was true
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Clone, Args)]
struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ConfigCommand {
    /// Read the configuration and say what is wrong, with line, column and the nearest known key
    Check(Configured),
}

#[derive(Debug, Clone, Args)]
struct RoleArguments {
    /// Which
    role: Role,
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// The manager's process
    #[arg(long)]
    parent: Option<u32>,
}

/// The whole command tree of the program.
pub fn command() -> clap::Command {
    NodeCommand::augment_subcommands(mailward_cli::command())
}

/// The program.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    if mailward_cli::is_operation(&matches) {
        let run_dir = Config::read(Path::new(config::DEFAULT_PATH))
            .ok()
            .map(|config| config.run_dir);
        return mailward_cli::run(&matches, &Connection::find(&matches, run_dir.as_deref()));
    }
    match run(&matches) {
        Ok(code) => code,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> Result<ExitCode, String> {
    let command = NodeCommand::from_arg_matches(matches).map_err(|error| error.to_string())?;
    let text = |error: &dyn std::error::Error| role::chain(error);
    match command {
        NodeCommand::Serve(Configured { config: path }) => {
            let config = Config::read(&path).map_err(|error| text(&error))?;
            // The roles are started with this path, whatever folder they find themselves in.
            let path = std::path::absolute(&path).map_err(|error| text(&error))?;
            let runtime = role::small_runtime().map_err(|error| text(&error))?;
            runtime
                .block_on(role::manager::run(config, path))
                .map_err(|error| text(&error))?;
        }
        NodeCommand::Role(arguments) => {
            role::run(arguments.role, &arguments.config, arguments.parent)?
        }
        NodeCommand::Demo(DemoArguments { once }) => {
            let runtime = role::small_runtime().map_err(|error| text(&error))?;
            let all_true = runtime
                .block_on(demo::run(once))
                .map_err(|error| text(&error))?;
            return Ok(if all_true {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        NodeCommand::Setup(arguments) => say(&setup::run(&arguments)?),
        NodeCommand::Config(ConfigArguments {
            command: ConfigCommand::Check(Configured { config: path }),
        }) => {
            let config = Config::read(&path).map_err(|error| text(&error))?;
            say(&format!(
                "{}: in order; this is {}",
                path.display(),
                config.hostname
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::print_stdout,
    reason = "what a command was asked for goes to standard output"
)]
fn say(text: &str) {
    println!("{text}");
}

#[expect(
    clippy::print_stderr,
    reason = "what went wrong goes to standard error"
)]
fn complain(text: &str) {
    eprintln!("mailward: {text}");
}
