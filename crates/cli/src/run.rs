//! A command carried out: asked, answered, printed.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::ArgMatches;
use http_body_util::BodyExt;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Media, Op, remote},
    page::{Cell, Page, Tone},
    view::{ActedAs, ForecastReport, PolicyFile},
};
use serde_json::{Map, Value};

use crate::{
    apply,
    command::{Given, given},
    connection::Connection,
    drill,
    json::pretty,
    layout::{Style, lay_out},
};

/// Where answers are printed, and how.
pub(crate) struct Output<'a> {
    pub(crate) json: bool,
    style: Style,
    errors: Style,
    to: RefCell<Streams<'a>>,
}

struct Streams<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    pub(crate) fn new(
        matches: &ArgMatches,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Self {
        let style = |terminal: bool| Style {
            color: wants_color(matches, terminal),
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
            to: RefCell::new(Streams { out, err }),
        }
    }

    /// Writes an answer. A reader that has gone away (`| head`) is no error.
    pub(crate) fn print(&self, text: &str) {
        let mut to = self.to.borrow_mut();
        let _ = to
            .out
            .write_all(text.as_bytes())
            .and_then(|()| to.out.flush());
    }

    /// Writes a complaint; nobody is left to tell where that fails.
    fn complain(&self, text: &str) {
        let _ = self.to.borrow_mut().err.write_all(text.as_bytes());
    }

    /// Prints a page on standard output.
    pub(crate) fn page(&self, page: &Page) {
        self.print(&lay_out(page, self.style));
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
            self.print(&format!("{text}\n"));
        } else {
            self.page(&page);
        }
        Ok(code)
    }

    /// Says above an answer what must not be overlooked: on the page, or beside the JSON, which says it
    /// itself.
    fn remark(&self, text: &str) {
        match self.json {
            true => self.complain(&format!("{text}\n")),
            false => self.page(&Page::new().text(Cell::toned(text, Tone::Warn))),
        }
    }

    pub(crate) fn fault(&self, fault: &Fault) {
        if self.json {
            if let Ok(text) = serde_json::to_string(fault) {
                self.complain(&format!("{text}\n"));
            }
            return;
        }
        self.complain(&lay_out(&fault_page(fault), self.errors));
    }
}

/// Whether colours are wanted on a stream that is a terminal or is none.
pub(crate) fn wants_color(matches: &ArgMatches, terminal: bool) -> bool {
    match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => true,
        Some("never") => false,
        // https://no-color.org: any value but the empty one says no.
        _ => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

fn fault_page(fault: &Fault) -> Page {
    let what = if fault.field.is_empty() || fault.details.len() > 1 {
        fault.error.clone()
    } else {
        format!("{}: {}", fault.field, fault.error)
    };
    let page = Page::new().text(Cell::toned(format!("error: {what}"), Tone::Bad));
    if fault.details.len() > 1 {
        return page.list(fault.details.iter().map(ToString::to_string));
    }
    match fault.mend.as_str() {
        "" => page,
        mend => page.text(format!("  {mend}")),
    }
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
    ExitCode::from(run_to(
        matches,
        connection,
        &mut io::stdout(),
        &mut io::stderr(),
    ))
}

/// As [`run`], printing to the given streams; the exit code as a number.
pub fn run_to(
    matches: &ArgMatches,
    connection: &Connection,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let output = Output::new(matches, out, err);
    let given = match given(matches) {
        Some(Ok(given)) => given,
        Some(Err(error)) => {
            output.complain(&error.to_string());
            return 2;
        }
        None => {
            output.complain(
                "error: this command is not one of the operations; see `mailward --help`\n",
            );
            return 2;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(given, connection, &output)),
        Err(error) => Err(Fault::failed(format!("no runtime: {error}"))),
    };
    done.unwrap_or_else(|fault| {
        output.fault(&fault);
        fault.kind.exit_code()
    })
}

async fn carry_out(
    given: Given<'_>,
    connection: &Connection,
    output: &Output<'_>,
) -> Result<u8, Fault> {
    let Given {
        op,
        fields,
        matches,
    } = given;
    if matches!(op, Op::Apply | Op::RecipientImport) {
        return apply::run(op, fields, matches, connection, output).await;
    }
    if op == Op::DrillRun {
        return drill::run(fields, connection, output).await;
    }
    if op.definition().media == Media::Message {
        let file = matches.get_one::<String>("output");
        return export(op, fields, file.map(String::as_str), connection, output).await;
    }
    let response = connection.send(op.to_wire(fields)).await?;
    let machine = as_machine(&response, connection);
    let answer = connection.collect(response).await?;
    if let Some(said) = machine {
        output.remark(&said);
    }
    if op == Op::HealthForecast
        && !output.json
        && let Ok(ForecastReport {
            calendar: Some(calendar),
            ..
        }) = serde_json::from_slice(&answer)
    {
        // For a program: its lines end with CR LF (RFC 5545 §3.1), and it holds no other control.
        output.print(&calendar);
        return Ok(0);
    }
    if op == Op::PolicyExport
        && !output.json
        && let Ok(file) = serde_json::from_slice::<PolicyFile>(&answer)
    {
        // For Windows: octets as they are, in the encoding that was asked for.
        return write_out(&file.octets()).map(|()| 0);
    }
    output.answer(op, &answer)
}

/// What is said above an answer that another node made by a machine's rights and not by the asker's.
pub(crate) fn as_machine(
    response: &hyper::Response<hyper::body::Incoming>,
    connection: &Connection,
) -> Option<String> {
    let field = |name| response.headers().get(name)?.to_str().ok();
    let machine = ActedAs::Machine.as_str();
    field(remote::ACTED_AS).filter(|as_whom| *as_whom == machine)?;
    let node = connection.node().unwrap_or("the node");
    let because = field(remote::ACTED_BECAUSE).unwrap_or("it does not say why");
    Some(format!(
        "acted_as: machine ({node} acted as the machine, not as you: {because})"
    ))
}

/// Writes octets to standard output as they are.
fn write_out(octets: &[u8]) -> Result<(), Fault> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(octets)
        .and_then(|()| out.flush())
        .map_err(|error| Fault::failed(format!("standard output cannot be written: {error}")))
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
    output: &Output<'_>,
) -> Result<u8, Fault> {
    if file.is_none() && io::stdout().is_terminal() {
        return Err(Fault::invalid(
            "a message holds whatever its sender wrote, and standard output is a terminal",
            "write it to a file with --output FILE, or into a pipe",
        ));
    }
    let fail =
        |error: io::Error| Fault::failed(format!("{}: {error}", file.unwrap_or("standard output")));
    let response = connection.send(op.to_wire(fields)).await?;
    // Mail is for its owner's eyes; and nothing is overwritten.
    let mut file = file.map(create).transpose().map_err(fail)?;
    let write = |piece: &[u8]| match &mut file {
        Some(file) => file.write_all(piece),
        None => output.to.borrow_mut().out.write_all(piece),
    };
    pieces(response, write).await?;
    output.to.borrow_mut().out.flush().map_err(fail)?;
    Ok(0)
}

/// Gives a message on, piece by piece; its octets.
pub(crate) async fn pieces(
    response: hyper::Response<hyper::body::Incoming>,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, Fault> {
    let expected: Option<u64> = response
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse().ok());
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
            write(piece)
                .map_err(|error| Fault::failed(format!("it cannot be written: {error}")))?;
            written += piece.len() as u64;
        }
    }
    if expected.is_some_and(|expected| expected != written) {
        return Err(Fault::failed(format!(
            "the message broke off after {written} octets"
        )));
    }
    Ok(written)
}

pub(crate) fn create(name: &str) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(name)
}
