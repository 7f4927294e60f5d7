//! The command tree: the operator's commands, and those that start or prepare a node.

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use mailward_api::control::Role;
use mailward_cli::Connection;

use crate::{
    authority,
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
    Serve,
    /// Show the main job in a temporary folder, accidents and repairs included
    Demo(DemoArguments),
    /// Look at this machine, write a configuration, a certificate and the first objects
    Setup(Box<setup::Arguments>),
    /// The configuration file
    Config(ConfigArguments),
    /// The authority of this organisation's nodes: certificates by which they know each other
    Authority(authority::Arguments),
    /// Run one role; the manager does this
    #[command(hide = true)]
    Role(RoleArguments),
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
    Check,
}

#[derive(Debug, Clone, Args)]
struct RoleArguments {
    /// Which
    role: Role,
    /// The manager's process
    #[arg(long)]
    parent: Option<u32>,
    /// Do the least that is needed: for a role that has ended again and again
    #[arg(long)]
    minimum: bool,
}

/// The whole command tree of the program.
pub fn command() -> clap::Command {
    NodeCommand::augment_subcommands(mailward_cli::command())
}

/// The program.
pub fn main() -> ExitCode {
    let line = mailward_cli::respell(std::env::args_os().collect());
    let matches = command().get_matches_from(line);
    if mailward_cli::is_test(&matches) {
        // A node is of use to it, and not needed.
        return mailward_cli::test(&matches, connection(&matches).ok().as_ref());
    }
    let is_top = mailward_cli::is_top(&matches);
    let is_shell = mailward_cli::is_shell(&matches);
    if is_top || is_shell || mailward_cli::is_operation(&matches) {
        return match connection(&matches) {
            Ok(connection) if is_top => mailward_cli::top(&matches, &connection),
            Ok(connection) if is_shell => mailward_cli::shell(&matches, &connection),
            Ok(connection) => mailward_cli::run(&matches, &connection),
            Err(problem) => {
                complain(&problem);
                // The exit code of wrong usage.
                ExitCode::from(2)
            }
        };
    }
    match run(&matches) {
        Ok(code) => code,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

/// The configuration that `--config` names, else `$MAILWARD_CONFIG`.
fn named_config(matches: &ArgMatches) -> Option<PathBuf> {
    matches
        .get_one::<PathBuf>("config")
        .cloned()
        .or_else(|| std::env::var_os("MAILWARD_CONFIG").map(PathBuf::from))
        .filter(|path| !path.as_os_str().is_empty())
}

fn config_path(matches: &ArgMatches) -> PathBuf {
    named_config(matches).unwrap_or_else(|| config::DEFAULT_PATH.into())
}

/// Where an operator's command finds the admin API. What stands on the command line goes before
/// the environment, and a socket before a configuration. A configuration that was named must be
/// readable; the usual one need not be: the usual socket may be there all the same.
fn connection(matches: &ArgMatches) -> Result<Connection, String> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let by_flag = matches.contains_id("config");
    if matches.contains_id("socket") || (!by_flag && is_set("MAILWARD_SOCKET")) {
        return Ok(Connection::find(matches, None).addressed(matches));
    }
    let run_dir = match (Config::read(&config_path(matches)), named_config(matches)) {
        (Ok(config), _) => config.run_dir,
        (Err(error), Some(_)) => return Err(role::chain(&error)),
        (Err(_), None) => mailward_cli::DEFAULT_RUN_DIR.into(),
    };
    Ok(Connection::new(run_dir.join("admin.sock")).addressed(matches))
}

fn run(matches: &ArgMatches) -> Result<ExitCode, String> {
    let path = config_path(matches);
    let command = NodeCommand::from_arg_matches(matches).map_err(|error| error.to_string())?;
    let text = |error: &dyn std::error::Error| role::chain(error);
    match command {
        NodeCommand::Serve => {
            // It is told in events, and may be asked for from another folder.
            let path = std::path::absolute(&path).map_err(|error| text(&error))?;
            let found = role::manager::find_config(&path).map_err(|error| text(&error))?;
            let runtime = role::small_runtime().map_err(|error| text(&error))?;
            runtime
                .block_on(role::manager::run(found, path))
                .map_err(|error| text(&error))?;
        }
        NodeCommand::Role(arguments) => {
            role::run(arguments.role, &path, arguments.parent, arguments.minimum)?
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
        NodeCommand::Setup(mut arguments) => {
            arguments.config = path;
            say(&setup::run(&arguments)?);
        }
        NodeCommand::Authority(arguments) => say(&authority::run(&arguments)?),
        NodeCommand::Config(ConfigArguments {
            command: ConfigCommand::Check,
        }) => {
            let config = Config::read(&path).map_err(|error| text(&error))?;
            if let Some(otlp) = config.otlp() {
                otlp.check().map_err(|error| text(&error))?;
            }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn config_of(line: &str) -> PathBuf {
        let matches = command().try_get_matches_from(line.split(' ')).unwrap();
        config_path(&matches)
    }

    #[test]
    fn every_command_takes_one_and_the_same_configuration() {
        command().debug_assert();
        for line in [
            "mailward --config x.toml queue list",
            "mailward queue list --config x.toml",
            "mailward queue --config x.toml list",
            "mailward serve --config x.toml",
            "mailward config check --config x.toml",
            "mailward setup --domain example.org --config x.toml",
            "mailward role transport --config x.toml --parent 1",
            "mailward --node mx2.example.org --config x.toml status",
            "mailward queue list --config x.toml --node mx2.example.org --as anna",
            "mailward authority issue mx1.example.org --config x.toml",
        ] {
            assert_eq!(config_of(line), Path::new("x.toml"), "{line}");
        }
    }

    #[test]
    fn a_named_configuration_must_be_readable_unless_the_socket_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.toml");
        let line = |more: &str| format!("mailward --config {} {more}queue list", file.display());
        let ask = |more: &str| {
            let matches = command()
                .try_get_matches_from(line(more).split(' '))
                .unwrap();
            connection(&matches)
        };
        assert!(ask("").unwrap_err().contains("cannot be read"));
        assert_eq!(ask("--socket /s ").unwrap().socket(), Path::new("/s"));
        std::fs::write(&file, "hostname = \"a.example\"\nrun_dir = \"/r\"\n").unwrap();
        assert_eq!(ask("").unwrap().socket(), Path::new("/r/admin.sock"));
    }
}
