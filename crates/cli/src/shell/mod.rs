//! `mailward shell`: the management shell on a terminal, from a file, or from one line.
//!
//! The language is `mailward-shell`'s, and every command is one of the API's; here is what it stands
//! on: the admin socket, the terminal, files, the history.

mod host;
mod line;

use std::{
    io::{self, IsTerminal, Read, Write},
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command};
use mailward_shell::{Shell, parse::TEXT_OCTETS_MAX};

use self::host::{Terminal, Typed, Way};
use crate::Connection;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("shell")
        .about("Manage this node with Exchange's commands")
        .long_about(
            "Manage this node with Exchange's commands\n\nPipelines of commands such as \
             `Get-Mailbox | Where-Object Name -like 'A*' | Set-Mailbox -CustomAttribute1 x`, with \
             PowerShell's habits. On a terminal it is interactive: Tab completes commands, \
             parameters and values, the history is kept, what is missing is asked for. Get-Help \
             tells more, exit leaves. Bad input is refused whole, before anything runs.",
        )
        .arg(
            Arg::new("command")
                .long("command")
                .short('c')
                .value_name("TEXT")
                .conflicts_with("file")
                .help("Run this and end"),
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .help("Run a script; - for standard input"),
        )
}

/// True for `mailward shell`.
pub fn is_shell(matches: &ArgMatches) -> bool {
    matches.subcommand_name() == Some("shell")
}

/// Runs the shell. See [`crate::EXIT_CODES`] for the exit code of a script.
pub fn shell(matches: &ArgMatches, connection: &Connection) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    ExitCode::from(shell_to(matches, connection, &mut out, &mut err))
}

/// As [`shell`], printing to the given streams; the exit code as a number.
pub fn shell_to(
    matches: &ArgMatches,
    connection: &Connection,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let Some((_, matches)) = matches.subcommand() else {
        return 2;
    };
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let file = matches.get_one::<String>("file").map(String::as_str);
    let command = matches.get_one::<String>("command");
    let typed = if on_terminal && file != Some("-") {
        Typed::terminal()
    } else {
        Typed::nobody()
    };
    if on_terminal && file.is_none() && command.is_none() {
        return line::interactive(connection, out, err);
    }
    let (text, name) = match (command, file) {
        (Some(text), _) => (Ok(text.clone()), None),
        (None, Some("-") | None) => (read(&mut io::stdin()), None),
        (None, Some(path)) => {
            let text = std::fs::File::open(path)
                .map_err(|error| format!("cannot open it: {error}"))
                .and_then(|mut file| read(&mut file));
            (
                text.map_err(|problem| format!("{path}: {problem}")),
                Some(path),
            )
        }
    };
    let text = match text {
        // One that stands for itself, as other commands print it with --json.
        Ok(text) if matches.get_flag("json") => format!("{text} | ConvertTo-Json"),
        Ok(text) => text,
        Err(problem) => {
            let _ = writeln!(err, "error: {problem}");
            return 2;
        }
    };
    match Way::new(connection.clone(), false) {
        Ok(way) => {
            let terminal = Terminal::on(way, typed, out, err);
            Shell::new(terminal).run(&text, name).code
        }
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            1
        }
    }
}

/// A script, as far as one may go.
fn read(from: &mut dyn Read) -> Result<String, String> {
    let mut octets = Vec::new();
    let limit = TEXT_OCTETS_MAX as u64 + 1;
    from.take(limit)
        .read_to_end(&mut octets)
        .map_err(|error| format!("cannot read it: {error}"))?;
    String::from_utf8(octets).map_err(|error| {
        let line = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to());
        let line = line.filter(|octet| **octet == b'\n').count() + 1;
        format!("line {line} is not UTF-8; save it as UTF-8")
    })
}
