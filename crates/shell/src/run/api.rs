//! Commands of the API: for what stands there, or for each object that comes.

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{
        Op,
        cmdlet::{Act, Cmdlet, Row, object_rows},
    },
    view::{Changed, ObjectView, PlanView},
};
use mailward_model::Kind;
use serde_json::{Map, Value as Json};

use super::{
    Host, OnError, Run, Stop,
    arguments::Arguments,
    bulk,
    fill::{Filled, LIMIT, is_unlimited, meant, piped},
};
use crate::{
    bind::{Call, Which, fit},
    error::ScriptError,
    value::{Record, Value, like},
};

/// Names that a summary lists; the rest is counted.
const NAMES_MAX: usize = 20;
/// As many as the API lists at most where it has a limit.
const LIMIT_MAX: u32 = 10_000;
/// The name of the only object of kinds that have one.
const SINGLETON: &str = "default";

/// How a command is to go about it.
pub(super) struct Manner {
    pub(super) what_if: bool,
    pub(super) confirm: bool,
    /// Everybody has been said yes or no to.
    all: Option<bool>,
    pub(super) verbose: bool,
    pub(super) warns: bool,
    pub(super) on_error: OnError,
}

/// What has become of one object.
pub(super) enum Done {
    /// It was looked at.
    Seen(Vec<Value>),
    /// It was done.
    Changed(Vec<Value>),
    /// It was so already.
    Unchanged,
    /// It would be done, or was not confirmed.
    Left,
}

impl<H: Host> Run<'_, H> {
    pub(crate) fn api(
        &mut self,
        cmdlet: &'static Cmdlet,
        call: &Call<'_>,
        arguments: Arguments<'_>,
        input: Option<Vec<Value>>,
    ) -> Result<Vec<Value>, Stop> {
        let mut manner = self.manner(cmdlet, &arguments, call)?;
        let mut given: Vec<(usize, Json)> = Vec::new();
        for one in &arguments.all {
            if let Which::Own(at) = one.which {
                given.push((at, fit(call.signature, one.which, &one.value, one.span)?));
            }
        }
        self.ask_missing(call, &mut given, input.is_some())?;
        let items: Vec<Option<Value>> = match input {
            Some(items) => items.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let count = items.len();
        let (mut out, mut done, mut failed) = (Vec::new(), Vec::new(), 0_usize);
        let mut unchanged = 0_usize;
        for item in items {
            let (name, result) = match piped(cmdlet, &given, item.as_ref()) {
                Ok(filled) => {
                    let name = meant(cmdlet, &filled);
                    (name, self.perform(cmdlet, filled, &mut manner))
                }
                Err(fault) => (
                    item.map_or_else(String::new, |item| item.text()),
                    Err(fault),
                ),
            };
            match result {
                Ok(Done::Seen(values)) => out.extend(values),
                Ok(Done::Changed(values)) => {
                    out.extend(values);
                    done.push(name);
                }
                Ok(Done::Unchanged) => {
                    unchanged += 1;
                    if manner.warns && count == 1 {
                        self.shell.host.complain(&format!(
                            "warning: {} {name}: it is so already, and nothing was changed\n",
                            cmdlet.name
                        ));
                    }
                }
                Ok(Done::Left) => {}
                Err(fault) => {
                    failed += 1;
                    let unreachable = fault.kind == FaultKind::Unreachable;
                    if manner.on_error != OnError::Silent || unreachable {
                        let what = match name.as_str() {
                            "" => cmdlet.name.clone(),
                            name => format!("{} {name}", cmdlet.name),
                        };
                        self.failed(&what, call.span, &fault);
                    }
                    if unreachable || manner.on_error == OnError::Stop {
                        self.summary(cmdlet, count, &done, unchanged, failed);
                        let code = match self.code() {
                            0 => fault.kind.exit_code(),
                            code => code,
                        };
                        return Err(Stop::Failed(code));
                    }
                }
            }
        }
        if cmdlet.act.changes() {
            self.summary(cmdlet, count, &done, unchanged, failed);
        }
        if failed > 0 && failed < count && manner.on_error != OnError::Silent {
            self.failed_in_part();
        }
        Ok(out)
    }

    fn manner(
        &self,
        cmdlet: &Cmdlet,
        arguments: &Arguments<'_>,
        call: &Call<'_>,
    ) -> Result<Manner, ScriptError> {
        let what_if = arguments.is_on("WhatIf");
        let confirm = arguments.switch("Confirm").unwrap_or(cmdlet.asks) && !what_if;
        if confirm && !self.shell.host.asks() {
            return Err(ScriptError::nobody_to_ask(call.span, &cmdlet.name));
        }
        Ok(Manner {
            what_if,
            confirm,
            all: None,
            verbose: arguments.is_on("Verbose"),
            warns: !arguments
                .text("WarningAction")
                .is_some_and(|text| text.to_ascii_lowercase().starts_with("silent")),
            on_error: self.on_error(arguments).unwrap_or(OnError::Continue),
        })
    }

    /// Asks for what is missing, where somebody can be asked.
    fn ask_missing(
        &mut self,
        call: &Call<'_>,
        given: &mut Vec<(usize, Json)>,
        piped: bool,
    ) -> Result<(), Stop> {
        for at in call.missing(piped) {
            // It may have been splatted.
            if given.iter().any(|(one, _)| *one == at) {
                continue;
            }
            let Some(slot) = call.signature.slots.get(at) else {
                continue;
            };
            let problem = format!("{} needs -{}", call.signature.name, slot.name);
            let mend = match slot.help.as_str() {
                "" => String::new(),
                help => format!("it is: {help}"),
            };
            let missing = || ScriptError::new(call.span, problem.clone(), mend.clone());
            if !self.shell.host.asks() {
                return Err(missing().into());
            }
            let answer = self.shell.host.prompt(&format!("{}: ", slot.name));
            let answer = answer.map(|text| text.trim().to_owned());
            let answer = answer.filter(|text| !text.is_empty()).ok_or_else(missing)?;
            let value = fit(call.signature, Which::Own(at), &answer.into(), call.span)?;
            given.push((at, value));
        }
        Ok(())
    }

    /// Says which of several objects were done.
    fn summary(
        &mut self,
        cmdlet: &Cmdlet,
        count: usize,
        done: &[String],
        unchanged: usize,
        failed: usize,
    ) {
        if count < 2 || (done.is_empty() && failed == 0 && unchanged == 0) {
            return;
        }
        let mut text = format!("{}: {} of {count} done", cmdlet.name, done.len());
        if !done.is_empty() {
            let names: Vec<&str> = done.iter().take(NAMES_MAX).map(String::as_str).collect();
            text.push_str(&format!(": {}", names.join(", ")));
            if done.len() > NAMES_MAX {
                text.push_str(&format!(" and {} more", done.len() - NAMES_MAX));
            }
        }
        if unchanged > 0 {
            text.push_str(&format!("; {unchanged} so already"));
        }
        if failed > 0 {
            text.push_str(&format!("; {failed} failed"));
        }
        self.shell.host.complain(&format!("{text}\n"));
    }

    /// Whether one object may be acted on; asks where that is wanted.
    pub(super) fn confirmed(&mut self, cmdlet: &Cmdlet, name: &str, manner: &mut Manner) -> bool {
        if !manner.confirm {
            return true;
        }
        if let Some(all) = manner.all {
            return all;
        }
        let question = format!(
            "{} {name}: are you sure?\n[Y] Yes  [A] Yes to all  [N] No  [L] No to all (default is N): ",
            cmdlet.name
        );
        let answer = self.shell.host.prompt(&question).unwrap_or_default();
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => true,
            "a" => {
                manner.all = Some(true);
                true
            }
            "l" => {
                manner.all = Some(false);
                false
            }
            _ => false,
        }
    }

    fn perform(
        &mut self,
        cmdlet: &'static Cmdlet,
        filled: Filled,
        manner: &mut Manner,
    ) -> Result<Done, Fault> {
        match cmdlet.act {
            Act::List(kind) => self.list(cmdlet, kind, filled).map(Done::Seen),
            Act::Create(kind) | Act::Change(kind) | Act::Remove(kind) => {
                self.change(cmdlet, kind, filled, manner)
            }
            Act::Look(op) => self.look(cmdlet, op, filled).map(Done::Seen),
            Act::Do(op) => {
                let op = filled.op.unwrap_or(op);
                if let Some(meant) = bulk::meant(op, &filled.fields) {
                    return self.bulk(cmdlet, op, &meant, filled.fields, manner);
                }
                let name = meant(cmdlet, &filled);
                if manner.what_if {
                    let line = format!("What if: {} {name}\n", cmdlet.name);
                    self.shell.host.print(&line);
                    return Ok(Done::Left);
                }
                if !self.confirmed(cmdlet, &name, manner) {
                    return Ok(Done::Left);
                }
                let answer = self.shell.host.ask(op, filled.fields)?;
                if manner.verbose
                    && let Ok(changed) = serde_json::from_slice::<Changed>(&answer)
                {
                    self.shell.host.complain(&format!("{}\n", changed.text));
                }
                Ok(Done::Changed(Vec::new()))
            }
        }
    }

    fn look(
        &mut self,
        cmdlet: &'static Cmdlet,
        op: Op,
        mut filled: Filled,
    ) -> Result<Vec<Value>, Fault> {
        let op = filled.op.unwrap_or(op);
        if is_unlimited(&filled.fields) {
            filled.fields.insert(LIMIT.to_owned(), LIMIT_MAX.into());
        }
        if let Some(path) = &filled.file {
            let octets = self.shell.host.export(op, filled.fields, path)?;
            let line = format!("{octets} octets written to {path}\n");
            self.shell.host.complain(&line);
            return Ok(Vec::new());
        }
        let answer = self.shell.host.ask(op, filled.fields)?;
        self.warn(&answer);
        let rows = match cmdlet.rows {
            Some(rows) => rows(&answer),
            None => object_rows(&answer),
        };
        Ok(records(cmdlet, rows.map_err(not_understood)?))
    }

    /// Says what an answer wants to be thought of.
    fn warn(&mut self, answer: &[u8]) {
        let answer = serde_json::from_slice::<Json>(answer).ok();
        let warnings = answer.as_ref().and_then(|answer| answer.get("warnings"));
        let warnings = warnings.and_then(Json::as_array);
        for warning in warnings.into_iter().flatten().filter_map(Json::as_str) {
            self.shell.host.complain(&format!("warning: {warning}\n"));
        }
    }

    fn list(
        &mut self,
        cmdlet: &'static Cmdlet,
        kind: Kind,
        filled: Filled,
    ) -> Result<Vec<Value>, Fault> {
        let mut fields = filled.fields;
        fields.insert("kind".to_owned(), kind.table().into());
        // Objects are listed without a limit.
        if is_unlimited(&fields) {
            fields.remove(LIMIT);
        }
        let identity = match kind.is_singleton() {
            true => Some(SINGLETON.to_owned()),
            false => filled.identity,
        };
        let (op, pattern) = match identity {
            Some(identity) if !identity.contains('*') => {
                fields.retain(|name, _| name == "kind");
                fields.insert("name".to_owned(), identity.into());
                (Op::ObjectShow, None)
            }
            pattern => (Op::ObjectList, pattern),
        };
        let answer = self.shell.host.ask(op, fields)?;
        let mut values = records(cmdlet, object_rows(&answer).map_err(not_understood)?);
        if let Some(pattern) = pattern {
            values.retain(|value| like(&value.member("Name").text(), &pattern));
        }
        Ok(values)
    }

    fn change(
        &mut self,
        cmdlet: &'static Cmdlet,
        kind: Kind,
        filled: Filled,
        manner: &mut Manner,
    ) -> Result<Done, Fault> {
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), kind.table().into());
        let identity = filled.identity.unwrap_or_else(|| SINGLETON.to_owned());
        let creates = matches!(cmdlet.act, Act::Create(_));
        if creates {
            fields.insert("name".to_owned(), identity.as_str().into());
            fields.insert("revision".to_owned(), 0.into());
        } else {
            // What is changed is what was found now: another's change in between is a conflict.
            let mut wanted = fields.clone();
            wanted.insert("name".to_owned(), identity.as_str().into());
            let answer = self.shell.host.ask(Op::ObjectShow, wanted)?;
            let found: ObjectView = serde_json::from_slice(&answer).map_err(not_understood)?;
            fields.insert("name".to_owned(), found.name.into());
            fields.insert("revision".to_owned(), found.revision.0.into());
        }
        let name = fields.get("name").and_then(Json::as_str);
        let name = name.unwrap_or_default().to_owned();
        let op = match cmdlet.act {
            Act::Remove(_) => Op::ObjectRemove,
            _ => {
                fields.insert("spec".to_owned(), filled.spec.into());
                if let Some(name) = filled.rename {
                    fields.insert("rename".to_owned(), name.into());
                }
                fields.insert("set".to_owned(), filled.set.into());
                Op::ObjectSet
            }
        };
        fields.insert("dry_run".to_owned(), manner.what_if.into());
        if !self.confirmed(cmdlet, &name, manner) {
            return Ok(Done::Left);
        }
        let answer = self.shell.host.ask(op, fields)?;
        let plan: PlanView = serde_json::from_slice(&answer).map_err(not_understood)?;
        for effect in &plan.effects {
            let mut line = format!("{} {:?} {}", effect.kind, effect.name, effect.action);
            if !effect.changes.is_empty() {
                line.push_str(&format!(": {}", effect.changes.join(", ")));
            }
            line.push_str(&format!("; {}\n", effect.takes_effect));
            if manner.what_if {
                self.shell.host.print(&format!("What if: {line}"));
            } else if manner.verbose {
                self.shell.host.complain(&line);
            }
        }
        if plan.effects.is_empty() {
            return Ok(Done::Unchanged);
        }
        if manner.what_if {
            return Ok(Done::Left);
        }
        if !creates {
            return Ok(Done::Changed(Vec::new()));
        }
        let mut wanted = Map::new();
        wanted.insert("kind".to_owned(), kind.table().into());
        wanted.insert("name".to_owned(), name.into());
        let answer = self.shell.host.ask(Op::ObjectShow, wanted)?;
        let rows = object_rows(&answer).map_err(not_understood)?;
        Ok(Done::Changed(records(cmdlet, rows)))
    }
}

pub(super) fn not_understood(error: serde_json::Error) -> Fault {
    Fault::new(
        FaultKind::Failed,
        format!("the answer is not understood: {error}"),
        "the program that answers is of another version; use the same one here",
    )
}

fn records(cmdlet: &'static Cmdlet, rows: Vec<Row>) -> Vec<Value> {
    let record = |row: Row| {
        let fields = row
            .into_iter()
            .map(|(name, value)| (name, Value::of_json(&value)))
            .collect();
        Value::from(Record {
            columns: cmdlet.columns,
            fields,
        })
    };
    rows.into_iter().map(record).collect()
}
