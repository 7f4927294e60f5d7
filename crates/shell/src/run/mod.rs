//! A script carried out, statement by statement, through a [`Host`].
//!
//! Where one of many objects fails the others go on, as in PowerShell, unless `-ErrorAction Stop` is
//! given; what failed is told, and the exit code tells it too.

mod api;
mod arguments;
mod bulk;
mod choose;
mod count;
mod csv;
mod evaluate;
mod files;
mod fill;
mod format;
mod help;
mod numbers;
mod own;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::Op,
};
use serde_json::{Map, Value as Json};

use self::arguments::Arguments;
use crate::{
    bind::{bind, check},
    error::{ScriptError, place},
    parse::parse,
    pattern::Patterns,
    signature::What,
    syntax::{Action, Command, Pipeline, Script, Span, Stage},
    value::Value,
};

/// Objects that one stage may give the next.
pub(crate) const ITEMS_MAX: usize = 2_000_000;
/// Octets of one text.
pub(crate) const TEXT_MAX: usize = 64 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It must not exist yet.
    New,
    /// What it held is replaced.
    Replace,
    /// What it holds stays.
    Append,
}

/// What a shell stands on: the API, a terminal or none, files.
pub trait Host {
    /// Asks the API.
    ///
    /// # Errors
    /// Why it was not done.
    fn ask(&mut self, op: Op, fields: Map<String, Json>) -> Result<Vec<u8>, Fault>;

    /// Writes the answer of an operation that gives a message to a new file; its octets.
    ///
    /// # Errors
    /// Why it was not done.
    fn export(&mut self, op: Op, fields: Map<String, Json>, path: &str) -> Result<u64, Fault>;

    /// Prints a result. It may hold anything that peers wrote: the host makes it safe.
    fn print(&mut self, text: &str);

    /// Prints what is to be known beside the result.
    fn complain(&mut self, text: &str);

    /// Asks whoever sits there; `None` where nobody does, or where they went away.
    fn prompt(&mut self, question: &str) -> Option<String>;

    /// Whether somebody sits there.
    fn asks(&self) -> bool;

    /// Columns of the terminal; 0 where there is none.
    fn width(&self) -> usize;

    /// A file's text.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&mut self, path: &str) -> Result<String, String>;

    /// Writes a file.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn write(&mut self, path: &str, text: &str, put: Put) -> Result<(), String>;

    /// What was typed so far.
    fn history(&self) -> Vec<String>;

    /// Empties the screen.
    fn clear(&mut self);
}

/// How a script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// The exit code: 0 done, 1 something failed, 2 wrong input, 3 not reachable, 4 refused.
    pub code: u8,
    /// Whether the shell shall end.
    pub exits: bool,
}

/// What is done where something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// It is told, and the rest goes on.
    Continue,
    /// It is told, and the script ends.
    Stop,
    /// Nothing is said.
    Silent,
}

/// What ends a script before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The script asks for what cannot be.
    Script(ScriptError),
    /// An operation failed, and nothing shall follow.
    Failed(u8),
    /// It was told to.
    Exit(u8),
    /// A loop is ended, or goes on with the next one; what was given until then.
    Loop(bool, Vec<Value>),
}

impl From<ScriptError> for Stop {
    fn from(error: ScriptError) -> Self {
        Stop::Script(error)
    }
}

/// A shell: variables that live from one line to the next.
#[derive(Debug)]
pub struct Shell<H> {
    /// What it stands on.
    pub host: H,
    variables: BTreeMap<String, Value>,
    patterns: Patterns,
}

impl<H: Host> Shell<H> {
    /// A shell without variables.
    pub fn new(host: H) -> Self {
        Shell {
            host,
            variables: BTreeMap::new(),
            patterns: Patterns::default(),
        }
    }

    /// The names of the variables there are.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Reads a script, checks all of it, and runs it. `name` is that of its file.
    pub fn run(&mut self, source: &str, name: Option<&str>) -> Ran {
        let asks = self.host.asks();
        let script = parse(source).and_then(|script| {
            check(source, &script, asks)?;
            Ok(script)
        });
        let script = match script {
            Ok(script) => script,
            Err(error) => {
                let shown = error.shown(source, name);
                self.host.complain(&format!("error: {shown}"));
                return Ran {
                    code: 2,
                    exits: false,
                };
            }
        };
        let mut run = Run {
            shell: self,
            source,
            name,
            code: 0,
            printed: false,
        };
        let stopped = run.statements(&script);
        let code = run.code;
        match stopped {
            Ok(()) => Ran { code, exits: false },
            Err(Stop::Exit(code)) => Ran { code, exits: true },
            Err(Stop::Failed(code)) => Ran { code, exits: false },
            // The check before lets none stand outside of a loop.
            Err(Stop::Loop(..)) => Ran { code, exits: false },
            Err(Stop::Script(error)) => {
                let shown = error.shown(source, name);
                self.host.complain(&format!("error: {shown}"));
                Ran {
                    code: 2,
                    exits: false,
                }
            }
        }
    }
}

/// A script under way.
pub(crate) struct Run<'a, H> {
    pub(crate) shell: &'a mut Shell<H>,
    pub(crate) source: &'a str,
    name: Option<&'a str>,
    code: u8,
    /// Whether something was printed already.
    printed: bool,
}

impl<H: Host> Run<'_, H> {
    /// The statements of the outermost level: what they give is printed.
    fn statements(&mut self, script: &Script) -> Result<(), Stop> {
        for statement in &script.statements {
            let values = self.action(&statement.action, statement.span)?;
            match &statement.variable {
                Some(name) => self.assign(name, statement.adds, values, statement.span)?,
                None => self.show(&values),
            }
        }
        Ok(())
    }

    fn show(&mut self, values: &[Value]) {
        let mut text = format::default(values, self.shell.host.width());
        if text.is_empty() {
            return;
        }
        // Two tables are told apart by a blank line.
        if self.printed && format::is_laid_out(values) {
            text.insert(0, '\n');
        }
        self.printed = true;
        self.shell.host.print(&text);
    }

    /// What the statements of a script give.
    pub(crate) fn script(&mut self, script: &Script) -> Result<Vec<Value>, Stop> {
        let mut all = Vec::new();
        for statement in &script.statements {
            let values = match self.action(&statement.action, statement.span) {
                Ok(values) => values,
                // What was given until then stays given.
                Err(Stop::Loop(ends, mut given)) => {
                    all.append(&mut given);
                    return Err(Stop::Loop(ends, all));
                }
                Err(stop) => return Err(stop),
            };
            match &statement.variable {
                Some(name) => self.assign(name, statement.adds, values, statement.span)?,
                None => all.extend(values),
            }
            few_enough(all.len(), statement.span)?;
        }
        Ok(all)
    }

    /// What a statement gives.
    fn action(&mut self, action: &Action, span: Span) -> Result<Vec<Value>, Stop> {
        match action {
            Action::Pipeline(pipeline) => self.pipeline(pipeline),
            Action::If {
                branches,
                otherwise,
            } => {
                for (condition, body) in branches {
                    if Value::of_items(self.pipeline(condition)?).is_true() {
                        return self.script(body);
                    }
                }
                match otherwise {
                    Some(body) => self.script(body),
                    None => Ok(Vec::new()),
                }
            }
            Action::ForEach {
                variable,
                over,
                body,
            } => {
                let mut all = Vec::new();
                for item in self.pipeline(over)? {
                    self.shell.variables.insert(variable.to_lowercase(), item);
                    match self.script(body) {
                        Ok(values) => all.extend(values),
                        Err(Stop::Loop(ends, values)) => {
                            all.extend(values);
                            if ends {
                                break;
                            }
                        }
                        Err(stop) => return Err(stop),
                    }
                    few_enough(all.len(), span)?;
                }
                Ok(all)
            }
            Action::Break => Err(Stop::Loop(true, Vec::new())),
            Action::Continue => Err(Stop::Loop(false, Vec::new())),
        }
    }

    fn assign(
        &mut self,
        name: &str,
        adds: bool,
        values: Vec<Value>,
        span: Span,
    ) -> Result<(), Stop> {
        let value = Value::of_items(values);
        let value = match adds {
            true => {
                let before = self.variable(name, span)?;
                evaluate::plus(before, value, span)?
            }
            false => value,
        };
        self.shell.variables.insert(name.to_lowercase(), value);
        Ok(())
    }

    /// What a variable holds.
    pub(crate) fn variable(&self, name: &str, span: Span) -> Result<Value, ScriptError> {
        let lower = match name.to_lowercase() {
            item if item == "psitem" => "_".to_owned(),
            lower => lower,
        };
        if let Some(value) = self.shell.variables.get(&lower) {
            return Ok(value.clone());
        }
        let known: Vec<&str> = self.shell.variables().collect();
        let mend = match mailward_api::assignment::nearest(&lower, &known) {
            Some(near) => format!("did you mean ${near}?"),
            None if lower == "_" => {
                "$_ is the object within Where-Object { … } and ForEach-Object { … }".to_owned()
            }
            None => format!("give it a value first: ${name} = …"),
        };
        Err(ScriptError::new(
            span,
            format!("there is no variable ${name}"),
            mend,
        ))
    }

    /// Runs something with `$_` being an object.
    pub(crate) fn with_item<T>(
        &mut self,
        item: Value,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let before = self.shell.variables.insert("_".to_owned(), item);
        let done = run(self);
        match before {
            Some(before) => self.shell.variables.insert("_".to_owned(), before),
            None => self.shell.variables.remove("_"),
        };
        done
    }

    pub(crate) fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Vec<Value>, Stop> {
        let mut values: Option<Vec<Value>> = None;
        for stage in &pipeline.stages {
            let given = match stage {
                Stage::Expression(expression) => self.value(expression)?.into_items(),
                Stage::Command(command) => self.command(command, values.take())?,
            };
            values = Some(given);
        }
        Ok(values.unwrap_or_default())
    }

    fn command(
        &mut self,
        command: &Command,
        input: Option<Vec<Value>>,
    ) -> Result<Vec<Value>, Stop> {
        let call = bind(self.source, command)?;
        if call.help {
            return Ok(vec![Value::Page(help::page(call.signature))]);
        }
        let arguments = self.arguments(&call)?;
        let out = arguments.text("OutVariable");
        let values = match call.signature.what {
            What::Api(cmdlet) => self.api(cmdlet, &call, arguments, input)?,
            What::Own(own) => self.own(own, &call, &arguments, input)?,
        };
        few_enough(values.len(), call.span)?;
        if let Some(name) = out {
            let kept = Value::of_items(values.clone());
            self.shell.variables.insert(name.to_lowercase(), kept);
        }
        Ok(values)
    }

    /// What a command is to do where something fails; `None` where nobody said.
    pub(crate) fn on_error(&self, arguments: &Arguments<'_>) -> Option<OnError> {
        let preferred = || self.shell.variables.get("erroractionpreference");
        let action = arguments
            .text("ErrorAction")
            .or_else(|| preferred().map(Value::text))?;
        match action.to_ascii_lowercase().as_str() {
            "stop" => Some(OnError::Stop),
            "silentlycontinue" | "ignore" => Some(OnError::Silent),
            "continue" => Some(OnError::Continue),
            _ => None,
        }
    }

    /// Tells what failed, and remembers it for the exit code.
    pub(crate) fn failed(&mut self, what: &str, span: Span, fault: &Fault) {
        let lines = fault_lines(fault);
        let text = match self.name {
            // In a file it is good to know where.
            Some(_) => place(self.source, span, self.name, &format!("{what}: {lines}")),
            None => format!("{what}: {lines}\n"),
        };
        self.shell.host.complain(&format!("error: {text}"));
        let code = fault.kind.exit_code();
        self.code = match self.code {
            0 => code,
            before if before == code => code,
            _ => 1,
        };
    }

    /// Several objects were meant and not all of them were done.
    pub(crate) fn failed_in_part(&mut self) {
        self.code = 1;
    }

    /// The exit code so far.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

/// A fault's sentences: the problem, the broken rules, the mend.
fn fault_lines(fault: &Fault) -> String {
    let mut text = match fault.field.as_str() {
        "" => fault.error.clone(),
        field if fault.details.len() <= 1 => format!("{field}: {}", fault.error),
        _ => fault.error.clone(),
    };
    if fault.details.len() > 1 {
        for detail in &fault.details {
            text.push_str(&format!("\n  - {detail}"));
        }
    } else if !fault.mend.is_empty() {
        text.push_str(&format!("\n  {}", fault.mend));
    }
    text
}

/// Refuses more objects than a stage may hold.
pub(crate) fn few_enough(count: usize, span: Span) -> Result<(), ScriptError> {
    if count <= ITEMS_MAX {
        return Ok(());
    }
    Err(ScriptError::new(
        span,
        format!("{count} objects, and the limit is {ITEMS_MAX}"),
        "narrow them with a filter",
    ))
}

/// A fault about a script's own act, such as writing a file.
pub(crate) fn own_fault(problem: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Failed, problem, "")
}
