//! What a shell stands on: the admin API, the terminal, files.

use std::{
    fs::File,
    io::{self, Write},
    rc::Rc,
};

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::Op,
};
use mailward_shell::{Host, Put};
use rustyline::{Config, Editor, history::MemHistory};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::{Connection, run, terminal::clean};

/// Octets of a file of objects that is read.
const FILE_OCTETS_MAX: u64 = 256 << 20;

/// Who can be asked, and what was typed.
pub(super) struct Typed {
    /// Answers to questions are edited like lines, and not kept.
    answers: Option<Editor<(), MemHistory>>,
    /// Lines so far.
    pub(super) lines: Vec<String>,
}

impl Typed {
    /// Somebody sits at the terminal.
    pub(super) fn terminal() -> Typed {
        let config = Config::builder().auto_add_history(false).build();
        Typed {
            // Without an editor nobody can be asked.
            answers: Editor::with_history(config, MemHistory::new()).ok(),
            lines: Vec::new(),
        }
    }

    /// Nobody does.
    pub(super) fn nobody() -> Typed {
        Typed {
            answers: None,
            lines: Vec::new(),
        }
    }
}

/// The way to the API, one question at a time.
#[derive(Clone)]
pub(super) struct Way {
    runtime: Rc<Runtime>,
    connection: Connection,
    /// Whether Ctrl-C ends a question and not this program.
    interruptible: bool,
}

impl Way {
    pub(super) fn new(connection: Connection, interruptible: bool) -> io::Result<Way> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Way {
            runtime: Rc::new(runtime),
            connection,
            interruptible,
        })
    }

    /// Asks.
    pub(super) fn ask(&self, op: Op, fields: Map<String, Value>) -> Result<Vec<u8>, Fault> {
        self.runtime.block_on(async {
            let asked = self.answer(op, fields);
            if !self.interruptible {
                return asked.await.map(Into::into);
            }
            tokio::select! {
                answer = asked => answer.map(Into::into),
                _ = tokio::signal::ctrl_c() => Err(Fault::new(
                    FaultKind::Unreachable,
                    "interrupted",
                    "what was under way may have been done",
                )),
            }
        })
    }

    async fn answer(&self, op: Op, fields: Map<String, Value>) -> Result<bytes::Bytes, Fault> {
        let response = self.connection.send(op.to_wire(fields)).await?;
        if let Some(said) = run::as_machine(&response, &self.connection) {
            // Beside the objects, which a pipeline may take apart. Nobody is left to tell where that
            // fails.
            let _ = writeln!(io::stderr(), "{said}");
        }
        self.connection.collect(response).await
    }

    fn export(&self, op: Op, fields: Map<String, Value>, path: &str) -> Result<u64, Fault> {
        self.runtime.block_on(async {
            let response = self.connection.send(op.to_wire(fields)).await?;
            // Mail is for its owner's eyes; and nothing is overwritten.
            let mut file =
                run::create(path).map_err(|error| Fault::failed(format!("{path}: {error}")))?;
            run::pieces(response, |piece| file.write_all(piece)).await
        })
    }
}

/// The terminal, or the streams that stand for it.
pub(super) struct Terminal<'a> {
    pub(super) way: Way,
    pub(super) typed: Typed,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Terminal<'a> {
    pub(super) fn on(
        way: Way,
        typed: Typed,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Terminal<'a> {
        Terminal {
            way,
            typed,
            out,
            err,
        }
    }
}

impl Host for Terminal<'_> {
    fn ask(&mut self, op: Op, fields: Map<String, Value>) -> Result<Vec<u8>, Fault> {
        self.way.ask(op, fields)
    }

    fn export(&mut self, op: Op, fields: Map<String, Value>, path: &str) -> Result<u64, Fault> {
        self.way.export(op, fields, path)
    }

    fn print(&mut self, text: &str) {
        // A reader that has gone away (`| head`) is no error.
        let _ = self.out.write_all(clean(text, true).as_bytes());
        let _ = self.out.flush();
    }

    fn complain(&mut self, text: &str) {
        // Nobody is left to tell where that fails.
        let _ = self.err.write_all(clean(text, true).as_bytes());
    }

    fn prompt(&mut self, question: &str) -> Option<String> {
        let (before, last) = match question.rsplit_once('\n') {
            Some((before, last)) => (Some(before), last),
            None => (None, question),
        };
        if let Some(before) = before {
            self.print(&format!("{before}\n"));
        }
        let last = clean(last, false).into_owned();
        self.typed.answers.as_mut()?.readline(&last).ok()
    }

    fn asks(&self) -> bool {
        self.typed.answers.is_some()
    }

    fn width(&self) -> usize {
        if self.typed.answers.is_none() {
            return 0;
        }
        terminal_size::terminal_size().map_or(0, |(width, _)| usize::from(width.0))
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        use std::io::Read;
        let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
        let mut text = String::new();
        let read = file.take(FILE_OCTETS_MAX + 1).read_to_string(&mut text);
        match read.map_err(|error| format!("cannot read it: {error}"))? {
            read if read as u64 > FILE_OCTETS_MAX => {
                Err(format!("it has more than {FILE_OCTETS_MAX} octets"))
            }
            _ => Ok(text),
        }
    }

    fn write(&mut self, path: &str, text: &str, put: Put) -> Result<(), String> {
        let mut options = File::options();
        match put {
            Put::New => options.write(true).create_new(true),
            Put::Replace => options.write(true).create(true).truncate(true),
            Put::Append => options.append(true).create(true),
        };
        let written = options
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| format!("cannot write it: {error}"))
    }

    fn history(&self) -> Vec<String> {
        self.typed.lines.clone()
    }

    fn clear(&mut self) {
        // Only a terminal knows what it means.
        if self.typed.answers.is_some() {
            let _ = self.out.write_all(b"\x1b[2J\x1b[H");
            let _ = self.out.flush();
        }
    }
}
