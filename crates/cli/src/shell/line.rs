//! The interactive shell: lines are edited, completed, hinted at and kept.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::Write,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use mailward_api::{operation::Op, view::ObjectList};
use mailward_model::Kind;
use mailward_shell::{Shell, complete, parse::parse};
use rustyline::{
    CompletionType, Config, Context, Editor, Helper,
    completion::{Completer, Pair},
    error::ReadlineError,
    highlight::Highlighter,
    hint::{Hinter, HistoryHinter},
    history::FileHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};
use serde_json::Map;

use super::host::{Terminal, Typed, Way};
use crate::Connection;

/// Lines that are kept.
const LINES_MAX: usize = 2_000;
/// Names of objects that are looked at to complete one.
const NAMES_MAX: u32 = 5_000;
/// How long names of objects are remembered.
const NAMES_FOR: Duration = Duration::from_secs(10);
/// What a line begins with.
const PROMPT: &str = "mailward> ";

/// Names of objects by kind, and when they were asked for.
type Names = BTreeMap<Kind, (Instant, Vec<String>)>;

/// What helps at the line.
struct Hand {
    way: Way,
    names: RefCell<Names>,
    variables: Rc<RefCell<Vec<String>>>,
    hints: HistoryHinter,
}

impl Hand {
    /// The names of the objects of a kind; none where they cannot be found.
    fn names(&self, kind: Kind) -> Vec<String> {
        let mut names = self.names.borrow_mut();
        if let Some((asked, known)) = names.get(&kind)
            && asked.elapsed() < NAMES_FOR
        {
            return known.clone();
        }
        let fields = Map::from_iter([
            ("kind".to_owned(), kind.table().into()),
            ("limit".to_owned(), NAMES_MAX.into()),
        ]);
        let answer = self.way.ask(Op::ObjectList, fields).ok();
        let list = answer.and_then(|answer| serde_json::from_slice::<ObjectList>(&answer).ok());
        let found: Vec<String> = list
            .into_iter()
            .flat_map(|list| list.objects)
            .map(|object| object.name)
            .collect();
        names.insert(kind, (Instant::now(), found.clone()));
        found
    }
}

impl Completer for Hand {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let variables = self.variables.borrow();
        let found = complete(line, pos, &variables, &mut |kind| self.names(kind));
        let pair = |word: String| Pair {
            display: crate::terminal::clean(&word, false).into_owned(),
            replacement: word,
        };
        Ok((found.start, found.words.into_iter().map(pair).collect()))
    }
}

impl Validator for Hand {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // A line that merely ends too early goes on; an empty one after it ends it all the same.
        let text = context.input();
        let goes_on = parse(text).is_err_and(|error| error.incomplete);
        Ok(match goes_on && !text.ends_with("\n\n") {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Hinter for Hand {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<String> {
        if line.is_empty() {
            return None;
        }
        self.hints.hint(line, pos, context)
    }
}

impl Highlighter for Hand {
    fn highlight_hint<'h>(&self, hint: &'h str) -> std::borrow::Cow<'h, str> {
        std::borrow::Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }
}

impl Helper for Hand {}

/// Where lines are kept from one session to the next.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    let folder = state.filter(|path| path.is_absolute()).or_else(home)?;
    let folder = folder.join("mailward");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("shell_history"))
}

/// Reads lines and runs them until the end is wanted; the exit code.
pub(super) fn interactive(connection: &Connection, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let way = match Way::new(connection.clone(), true) {
        Ok(way) => way,
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            return 1;
        }
    };
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .auto_add_history(false)
        .bracketed_paste(true)
        .max_history_size(LINES_MAX)
        .and_then(|config| config.history_ignore_dups(true));
    let editor = config
        .map(|config| config.build())
        .and_then(Editor::<Hand, FileHistory>::with_config);
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => {
            let _ = writeln!(err, "error: the terminal cannot be used: {error}");
            return 1;
        }
    };
    let variables = Rc::new(RefCell::new(Vec::new()));
    editor.set_helper(Some(Hand {
        way: way.clone(),
        names: RefCell::default(),
        variables: Rc::clone(&variables),
        hints: HistoryHinter::new(),
    }));
    let history = history();
    if let Some(path) = &history {
        // There is none the first time.
        let _ = editor.load_history(path);
    }
    let _ = writeln!(
        out,
        "Mailward {}: Get-Help tells how, Tab completes, exit leaves.",
        env!("CARGO_PKG_VERSION")
    );
    let mut typed = Typed::terminal();
    typed.lines = editor.history().iter().cloned().collect();
    let mut shell = Shell::new(Terminal::on(way, typed, out, err));
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line,
            // What was begun is dropped.
            Err(ReadlineError::Interrupted) => continue,
            Err(_) => return 0,
        };
        if line.trim().is_empty() {
            continue;
        }
        if editor.add_history_entry(line.as_str()).unwrap_or(false) {
            shell.host.typed.lines.push(line.clone());
            if let Some(path) = &history {
                // Each line at once: what was typed outlives a terminal that is closed.
                let _ = editor.append_history(path);
            }
        }
        let ran = shell.run(&line, None);
        *variables.borrow_mut() = shell.variables().map(str::to_owned).collect();
        if let Some(hand) = editor.helper() {
            // It may have changed what objects there are.
            hand.names.borrow_mut().clear();
        }
        if ran.exits {
            return ran.code;
        }
    }
}
