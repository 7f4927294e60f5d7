//! A command carried out: asked, answered, printed.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::ArgMatches;
use http_body_util::BodyExt;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Media, Op},
    page::{Page, Tone},
};
use serde_json::{Map, Value};

use crate::{
    apply,
    command::{Given, given},
    connection::Connection,
    json::pretty,
    layout::{Style, lay_out},
};

/// How answers are printed.
pub(crate) struct Output {
    pub(crate) json: bool,
    style: Style,
    errors: Style,
}

impl Output {
    fn new(matches: &ArgMatches) -> Self {
        let wanted = matches.get_one::<String>("color").map(String::as_str);
        let style = |terminal: bool| Style {
            color: match wanted {
                Some("always") => true,
                Some("never") => false,
                _ => {
                    // https://no-color.org: any value but the empty one says no.
                    terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                }
            },
            width: if terminal {
                terminal_size::terminal_size().map_or(0, |(width, _)| usize::from(width.0))
            } else {
                0
            },
        };
        Output {
            json: matches.get_flag("json"),
            style: style(io::stdout().is_terminal()),
            errors: style(io::stderr().is_terminal()),
        }
    }

    /// Prints a page on standard output.
    pub(crate) fn page(&self, page: &Page) {
        print(&lay_out(page, self.style));
    }

    /// Prints an answer; the exit code that goes with it.
    pub(crate) fn answer(&self, op: Op, answer: &[u8]) -> Result<u8, Fault> {
        let (page, code) = op.page(answer, now_unix_ms()).map_err(|error| {
            Fault::new(
                FaultKind::Failed,
                format!("the answer is not understood: {error}"),
                "the program that answers is of another version; use the same one here",
            )
        })?;
        if self.json {
            let text = String::from_utf8_lossy(answer);
            let text = if io::stdout().is_terminal() {
                pretty(&text)
            } else {
                text.into_owned()
            };
            print(&format!("{text}\n"));
        } else {
            self.page(&page);
        }
        Ok(code)
    }

    fn fault(&self, fault: &Fault) {
        if self.json {
            if let Ok(text) = serde_json::to_string(fault) {
                complain(&format!("{text}\n"));
            }
            return;
        }
        complain(&lay_out(&fault_page(fault), self.errors));
    }
}

fn fault_page(fault: &Fault) -> Page {
    let what = if fault.field.is_empty() || fault.details.len() > 1 {
        fault.error.clone()
    } else {
        format!("{}: {}", fault.field, fault.error)
    };
    let page = Page::new().text(mailward_api::page::Cell::toned(
        format!("error: {what}"),
        Tone::Bad,
    ));
    if fault.details.len() > 1 {
        return page.list(fault.details.iter().map(ToString::to_string));
    }
    match fault.mend.as_str() {
        "" => page,
        mend => page.text(format!("  {mend}")),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error; nobody is left to tell where that fails.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

pub(crate) fn now_unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// Carries out the operation that was asked for and prints the answer. See [`crate::EXIT_CODES`]
/// for the exit code. A command that is not one of the operations ends with 2.
pub fn run(matches: &ArgMatches, connection: &Connection) -> ExitCode {
    let output = Output::new(matches);
    let given = match given(matches) {
        Some(Ok(given)) => given,
        Some(Err(error)) => {
            complain(&error.to_string());
            return ExitCode::from(2);
        }
        None => {
            complain("error: this command is not one of the operations; see `mailward --help`\n");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(given, connection, &output)),
        Err(error) => Err(Fault::failed(format!("no runtime: {error}"))),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            output.fault(&fault);
            ExitCode::from(fault.kind.exit_code())
        }
    }
}

async fn carry_out(
    given: Given<'_>,
    connection: &Connection,
    output: &Output,
) -> Result<u8, Fault> {
    let Given {
        op,
        fields,
        matches,
    } = given;
    if op == Op::Apply {
        return apply::run(fields, matches, connection, output).await;
    }
    if op.definition().media == Media::Message {
        let file = matches.get_one::<String>("output");
        return export(op, fields, file.map(String::as_str), connection).await;
    }
    let answer = ask(op, fields, connection).await?;
    output.answer(op, &answer)
}

/// Asks and collects the answer.
pub(crate) async fn ask(
    op: Op,
    fields: Map<String, Value>,
    connection: &Connection,
) -> Result<bytes::Bytes, Fault> {
    let response = connection.send(op.to_wire(fields)).await?;
    connection.collect(response).await
}

/// Writes a message to a file or to standard output, piece by piece.
async fn export(
    op: Op,
    fields: Map<String, Value>,
    file: Option<&str>,
    connection: &Connection,
) -> Result<u8, Fault> {
    if file.is_none() && io::stdout().is_terminal() {
        return Err(Fault::invalid(
            "a message holds whatever its sender wrote, and standard output is a terminal",
            "write it to a file with --output FILE, or into a pipe",
        ));
    }
    let response = connection.send(op.to_wire(fields)).await?;
    let expected: Option<u64> = response
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let fail =
        |error: io::Error| Fault::failed(format!("{}: {error}", file.unwrap_or("standard output")));
    let mut to: Box<dyn Write> = match file {
        // Mail is for its owner's eyes; and nothing is overwritten.
        Some(name) => Box::new(create(name).map_err(fail)?),
        None => Box::new(io::stdout().lock()),
    };
    let mut body = response.into_body();
    let mut written: u64 = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Fault::new(
                FaultKind::Unreachable,
                format!("the message broke off after {written} octets: {error}"),
                "remove what was written and ask again",
            )
        })?;
        if let Some(piece) = frame.data_ref() {
            to.write_all(piece).map_err(fail)?;
            written += piece.len() as u64;
        }
    }
    to.flush().map_err(fail)?;
    if expected.is_some_and(|expected| expected != written) {
        return Err(Fault::failed(format!(
            "the message broke off after {written} octets"
        )));
    }
    Ok(0)
}

fn create(name: &str) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(name)
}
