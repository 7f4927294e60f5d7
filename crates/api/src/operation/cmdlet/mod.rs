//! The operations under Exchange's names: `Get-Mailbox`, `New-JournalRule` and so on.
//!
//! A [`Cmdlet`] says which operation a name stands for, which parameter fills which field, and how an
//! answer becomes objects. What concerns objects follows from the kinds: a noun for each
//! ([`noun`]), its parameters from the fields of the kind's own schema, spelt Exchange's way
//! ([`name`]); so a new field has its parameter without a line here. What concerns other operations
//! stands in one table ([`table`]).
//!
//! Never here: an operation of its own, or anything that asks.

mod absent;
mod name;
mod noun;
mod parameter;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use mailward_model::Kind;
use serde_json::Value;

use super::Op;
pub use absent::{ABSENT, instead};
pub use parameter::{Filtered, Parameter, Takes, Target};
pub use rows::{Row, object_rows};

/// Makes objects of an answer in JSON.
pub type ReadRows = fn(&[u8]) -> Result<Vec<Row>, serde_json::Error>;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Lists the objects of a kind, or shows one.
    List(Kind),
    /// Creates an object.
    Create(Kind),
    /// Changes an object that is there.
    Change(Kind),
    /// Removes an object.
    Remove(Kind),
    /// Asks an operation that looks at something.
    Look(Op),
    /// Asks an operation that does something.
    Do(Op),
}

impl Act {
    /// Whether something is different afterwards.
    pub fn changes(self) -> bool {
        !matches!(self, Act::List(_) | Act::Look(_))
    }
}

/// An operation under an Exchange name.
#[derive(Debug)]
pub struct Cmdlet {
    /// Verb and noun: `Get-Mailbox`.
    pub name: String,
    /// Another name of the same.
    pub alias: Option<String>,
    /// What it does, in one sentence without a full stop.
    pub summary: String,
    /// What it stands for.
    pub act: Act,
    /// Its parameters; what may stand without a name comes first.
    pub parameters: Vec<Parameter>,
    /// Fields that always have the same value.
    pub fixed: Vec<(Target, Value)>,
    /// The properties a table of its objects shows.
    pub columns: &'static [&'static str],
    /// Makes objects of the answer; of objects' own answers [`object_rows`] does.
    pub rows: Option<ReadRows>,
    /// Whether it asks before it acts.
    pub asks: bool,
    /// How it differs from Exchange's; `None` for what Exchange does not have.
    pub differs: Option<&'static str>,
}

impl Cmdlet {
    /// The noun: `Mailbox`.
    pub fn noun(&self) -> &str {
        self.name.split_once('-').map_or("", |(_, noun)| noun)
    }

    /// The verb: `Get`.
    pub fn verb(&self) -> &str {
        self.name.split_once('-').map_or("", |(verb, _)| verb)
    }

    /// True where it goes by this name, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        let alias = self.alias.as_deref();
        self.name.eq_ignore_ascii_case(name)
            || alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// How it is written, for help: `Get-Mailbox [[-Identity] <Text>] [-Monitoring]`.
    pub fn usage(&self) -> String {
        let mut text = self.name.clone();
        for parameter in &self.parameters {
            let name = match parameter.positional {
                true => format!("[-{}]", parameter.name),
                false => format!("-{}", parameter.name),
            };
            let with_value = match parameter.takes.word() {
                "" => name,
                word => format!("{name} <{word}>"),
            };
            text.push(' ');
            match parameter.needed && parameter.unless.is_none() {
                true => text.push_str(&with_value),
                false => text.push_str(&format!("[{with_value}]")),
            }
        }
        text
    }
}

/// Every name, nouns in the order of the table, verbs Get, New, Set, Remove and the rest.
pub fn all() -> &'static [Cmdlet] {
    static ALL: OnceLock<Vec<Cmdlet>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Cmdlet> = noun::all();
        all.extend(table::all());
        all
    })
}

/// The one that goes by this name, in any case.
pub fn find(name: &str) -> Option<&'static Cmdlet> {
    all().iter().find(|one| one.is_named(name))
}

/// How an operation is written in Exchange's spelling, for help; `kind` where it is about objects of
/// one kind.
pub fn usages(op: Op, kind: Option<Kind>) -> Vec<String> {
    let stands = |act: Act| match (act, kind) {
        (Act::Look(one) | Act::Do(one), _) => one == op,
        (Act::List(of), Some(kind)) => of == kind && op == Op::ObjectList,
        (Act::Create(of) | Act::Change(of), Some(kind)) => of == kind && op == Op::ObjectSet,
        (Act::Remove(of), Some(kind)) => of == kind && op == Op::ObjectRemove,
        (_, None) => false,
    };
    let named = all().iter().filter(|one| stands(one.act));
    named.map(short_usage).collect()
}

/// Objects have many parameters: help of our own commands lists those of others alone.
fn short_usage(cmdlet: &Cmdlet) -> String {
    match cmdlet.act {
        Act::Create(_) | Act::Change(_) => cmdlet.name.clone(),
        _ => cmdlet.usage(),
    }
}
