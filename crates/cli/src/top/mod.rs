//! `mailward top`: a live view of this node for a terminal: health sets, queues, rates, what was done
//! last. It asks what `status`, `health report`, `queue list`, `health ledger` and `event list` ask,
//! over the same socket.
//!
//! Never here: anything that changes something. Keys change the view alone.

mod draw;
mod keys;
mod rate;
mod shot;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use mailward_api::fault::Fault;
use ratatui::{DefaultTerminal, buffer::Buffer, layout::Rect};
use tokio::sync::mpsc;

use self::{
    draw::View,
    keys::{Key, Outcome},
    shot::Shot,
};
use crate::{Connection, run::now_unix_ms};

/// How often is asked where nothing else is said, in seconds.
const INTERVAL_SECS: &str = "2";
/// How far apart the two looks of `--once` are: rates need two.
const ONCE_APART: Duration = Duration::from_secs(1);
/// Columns and lines of `--once` where no terminal says other ones.
const ONCE_COLUMNS: u16 = 100;
const ONCE_LINES: u16 = 30;
/// Keys that may wait.
const KEYS: usize = 64;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("top")
        .about("Watch this node live")
        .long_about(
            "Watch this node live\n\nShows health sets, queues, rates, the last repairs and events, \
             anew every few seconds. Keys: q ends, s sorts the queues, p pauses, + and - change the \
             interval, h explains. Where standard output is no terminal, one picture is printed, as \
             with --once.",
        )
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .help("Print one picture as plain text"),
        )
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("SECONDS")
                .value_parser(clap::value_parser!(u64).range(1..=60))
                .default_value(INTERVAL_SECS)
                .help("Ask again after so many seconds, 1 to 60"),
        )
}

/// True where this is the command that was given.
pub fn is_top(matches: &ArgMatches) -> bool {
    matches.subcommand_name() == Some("top")
}

/// Runs `mailward top` until it is ended.
pub fn top(matches: &ArgMatches, connection: &Connection) -> ExitCode {
    let Some(("top", own)) = matches.subcommand() else {
        return ExitCode::from(2);
    };
    let interval = Duration::from_secs(own.get_one("interval").copied().unwrap_or(2));
    let color = crate::run::wants_color(matches, io::stdout().is_terminal());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let once = own.get_flag("once") || !io::stdout().is_terminal();
            let done = runtime.block_on(async {
                match once {
                    true => print_once(connection, interval).await,
                    false => live(connection, interval, color).await,
                }
            });
            // The thread that waits for keys may wait for another moment.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(Fault::failed(format!("no runtime: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let code = fault.kind.exit_code();
            // Nobody is left to tell where that fails.
            let _ = writeln!(io::stderr(), "error: {}\n  {}", fault.error, fault.mend);
            ExitCode::from(code)
        }
    }
}

/// Prints one picture.
async fn print_once(connection: &Connection, interval: Duration) -> Result<(), Fault> {
    let mut view = View::new(interval, false);
    let first = Shot::take(connection).await;
    if let (None, Some(fault)) = (&first.status, &first.fault) {
        return Err(fault.clone());
    }
    view.show(first);
    tokio::time::sleep(ONCE_APART).await;
    view.show(Shot::take(connection).await);
    let text = picture(&view, ONCE_COLUMNS, ONCE_LINES, now_unix_ms());
    // A reader that has gone away (`| head`) is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// The view as plain text: lines without blanks at their ends, and without empty ones at its end.
fn picture(view: &View, columns: u16, lines: u16, now_unix_ms: u64) -> String {
    let area = Rect::new(0, 0, columns, lines);
    let mut buffer = Buffer::empty(area);
    view.draw(area, &mut buffer, now_unix_ms);
    let mut text = String::new();
    for y in 0..lines {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..columns {
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            // The cell behind a wide character is a blank that is not there.
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Shows the view on the terminal until a key ends it.
async fn live(connection: &Connection, interval: Duration, color: bool) -> Result<(), Fault> {
    let failed = |error: io::Error| Fault::failed(format!("the terminal: {error}"));
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let shown = follow(&mut terminal, connection, View::new(interval, color)).await;
    // Where it cannot be put back, whoever looks at it sees that.
    let _ = ratatui::try_restore();
    shown.map_err(failed)
}

async fn follow(
    terminal: &mut DefaultTerminal,
    connection: &Connection,
    mut view: View,
) -> io::Result<()> {
    let (sender, mut pressed) = mpsc::channel(KEYS);
    tokio::task::spawn_blocking(move || keys::read(&sender));
    let mut shot = Box::pin(Shot::take(connection));
    let mut asking = true;
    loop {
        terminal.draw(|frame| {
            let area = frame.area();
            view.draw(area, frame.buffer_mut(), now_unix_ms());
        })?;
        tokio::select! {
            taken = &mut shot, if asking => {
                view.show(taken);
                asking = false;
            }
            () = tokio::time::sleep(view.interval), if !asking => {
                if !view.paused {
                    shot = Box::pin(Shot::take(connection));
                    asking = true;
                }
            }
            key = pressed.recv() => match key {
                Some(Ok(Key::Redraw)) => {}
                Some(Ok(key)) => {
                    if view.press(key) == Outcome::End {
                        return Ok(());
                    }
                }
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests;
