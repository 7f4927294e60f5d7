//! Exchange's names for operations: which command stands for which operation, and how its
//! parameters are spelt.
//!
//! The names stand in the table of operations; here is how a line in Exchange's spelling becomes
//! one in ours: names in any case, parameters by any beginning that fits one alone, `-Switch` and
//! `-Switch:$true`. Never here: an operation of its own.

use std::collections::BTreeMap;

use super::{Definition, Op};
use crate::{assignment::nearest, page::Page};

/// Makes a page of an answer in JSON, at this time.
type ReadPage = fn(&[u8], u64) -> Result<Page, serde_json::Error>;

/// An operation under an Exchange name.
#[derive(Debug)]
pub struct Exchange {
    /// Verb and noun: `Get-ServerHealth`.
    pub name: &'static str,
    /// Exchange's name of a parameter, and the argument it stands for. The first may be given
    /// without its name, where it is one that takes a value.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The noun that stands for `{kind}` in the operation's words.
    pub kind: Option<&'static str>,
    /// Arguments that the command's name stands for.
    pub(super) fixed: &'static [&'static str],
    /// Its own page, with Exchange's columns; the operation's where there is none.
    pub(super) page: Option<ReadPage>,
}

/// What is wrong with a line in Exchange's spelling, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The name has the form of a command and is none.
    #[error("{0} is not a command of Mailward{near}", near = near(.1))]
    Unknown(String, Option<&'static str>),
    /// No parameter begins so.
    #[error("{command} has no parameter -{given}; it has {known}")]
    Parameter {
        /// The command.
        command: &'static str,
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// Several parameters begin so.
    #[error("-{given} of {command} may be {known}; write more of it")]
    Ambiguous {
        /// The command.
        command: &'static str,
        /// What was given.
        given: String,
        /// What it may be.
        known: String,
    },
    /// A switch has a value that is no truth value.
    #[error("-{0} is a switch: write it alone, or with :$true or :$false")]
    Switch(String),
    /// A word that belongs to no parameter.
    #[error("{0:?} belongs to no parameter")]
    Stray(String),
}

fn near(near: &Option<&'static str>) -> String {
    near.map_or_else(
        || "; `mailward --help` lists what there is".to_owned(),
        |near| format!("; did you mean {near}?"),
    )
}

/// Verbs that a command of Exchange may begin with. Only these make a word an Exchange name that is
/// not known: our own nouns have hyphens too.
const VERBS: [&str; 17] = [
    "add", "clear", "disable", "enable", "export", "get", "import", "invoke", "new", "redirect",
    "remove", "restart", "resume", "retry", "set", "suspend", "test",
];

/// A line in our spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The name as the table has it.
    pub name: &'static str,
    /// Words and arguments of our own command.
    pub line: Vec<String>,
}

/// Every Exchange name with its operation.
fn all() -> impl Iterator<Item = (Op, &'static Exchange)> {
    let named = |op: &Op| {
        let names = op.definition().exchange;
        names.iter().map(|one| (*op, one)).collect::<Vec<_>>()
    };
    Op::ALL.iter().flat_map(named)
}

/// The operation that goes by this name.
pub(super) fn find(name: &str) -> Option<(Op, &'static Exchange)> {
    all().find(|(_, one)| one.name.eq_ignore_ascii_case(name))
}

/// Translates a command and what follows it. `with_value` are the options of every command that are
/// followed by a value; they stay as they are. `None` where the word is no name of Exchange's kind.
///
/// # Errors
/// It has that form, and it or a parameter is not known.
pub fn translate(
    command: &str,
    rest: &[String],
    with_value: &[&str],
) -> Option<Result<Translated, ExchangeError>> {
    if let Some((op, exchange)) = find(command) {
        return Some(parameters(op, exchange, rest, with_value));
    }
    let (verb, noun) = command.split_once('-')?;
    let is_name = VERBS.contains(&verb.to_ascii_lowercase().as_str())
        && !noun.is_empty()
        && noun.bytes().all(|octet| octet.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    let lower: BTreeMap<String, &'static str> = all()
        .map(|(_, one)| (one.name.to_ascii_lowercase(), one.name))
        .collect();
    let known: Vec<&str> = lower.keys().map(String::as_str).collect();
    let near = nearest(&command.to_ascii_lowercase(), &known);
    let near = near.and_then(|near| lower.get(near).copied());
    Some(Err(ExchangeError::Unknown(command.to_owned(), near)))
}

fn parameters(
    op: Op,
    exchange: &'static Exchange,
    rest: &[String],
    with_value: &[&str],
) -> Result<Translated, ExchangeError> {
    let of_op = op.augment(clap::Command::new(exchange.name));
    let mut line: Vec<String> = words(op.definition(), exchange)
        .chain(exchange.fixed.iter().copied())
        .map(str::to_owned)
        .collect();
    let mut rest = rest.iter();
    let mut may_stand_alone = true;
    while let Some(word) = rest.next() {
        if matches!(word.as_str(), "-?" | "-h") {
            line.push("--help".to_owned());
            continue;
        }
        // The options of every command are spelt our way.
        if word.starts_with("--") {
            line.push(word.clone());
            if with_value.contains(&word.as_str()) {
                line.extend(rest.next().cloned());
            }
            continue;
        }
        let Some(given) = word.strip_prefix('-') else {
            let first = exchange.parameters.first().filter(|_| may_stand_alone);
            let Some((_, argument)) = first.filter(|(_, one)| !is_switch(&of_op, one)) else {
                return Err(ExchangeError::Stray(word.clone()));
            };
            may_stand_alone = false;
            push(&of_op, argument, Some(word), &mut line);
            continue;
        };
        let (given, value) = match given.split_once(':') {
            Some((given, value)) => (given, Some(value)),
            None => (given, None),
        };
        let (name, argument) = parameter(exchange, given)?;
        if is_switch(&of_op, argument) {
            match value.map(str::to_ascii_lowercase).as_deref() {
                None | Some("$true" | "true" | "1") => push(&of_op, argument, None, &mut line),
                Some("$false" | "false" | "0") => {}
                Some(_) => return Err(ExchangeError::Switch(name.to_owned())),
            }
            continue;
        }
        // Where the value is missing, our own command says so.
        let value = value.or_else(|| rest.next().map(String::as_str));
        push(&of_op, argument, value, &mut line);
    }
    Ok(Translated {
        name: exchange.name,
        line,
    })
}

/// The words of our own command.
pub(super) fn words(
    definition: &'static Definition,
    exchange: &Exchange,
) -> impl Iterator<Item = &'static str> {
    let kind = exchange.kind;
    definition.words.iter().map(move |word| match *word {
        "{kind}" => kind.unwrap_or(word),
        word => word,
    })
}

fn parameter(
    exchange: &'static Exchange,
    given: &str,
) -> Result<(&'static str, &'static str), ExchangeError> {
    let begins = |name: &str| {
        let beginning = name.get(..given.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(given))
    };
    let known = |all: &[&(&str, &str)]| {
        let names = all.iter().map(|(name, _)| format!("-{name}"));
        match names.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            names => names,
        }
    };
    let fit = exchange.parameters.iter();
    let fit: Vec<_> = fit.filter(|(name, _)| begins(name)).collect();
    let whole = fit.iter().find(|(name, _)| name.len() == given.len());
    match (whole, fit.as_slice()) {
        (Some(one), _) => Ok(**one),
        (None, [one]) => Ok(**one),
        (None, []) => Err(ExchangeError::Parameter {
            command: exchange.name,
            given: given.to_owned(),
            known: known(&exchange.parameters.iter().collect::<Vec<_>>()),
        }),
        (None, several) => Err(ExchangeError::Ambiguous {
            command: exchange.name,
            given: given.to_owned(),
            known: known(several),
        }),
    }
}

fn argument<'a>(command: &'a clap::Command, id: &str) -> Option<&'a clap::Arg> {
    command.get_arguments().find(|one| one.get_id() == id)
}

pub(super) fn is_switch(command: &clap::Command, id: &str) -> bool {
    let action = argument(command, id).map(clap::Arg::get_action);
    matches!(action, Some(clap::ArgAction::SetTrue))
}

fn push(command: &clap::Command, id: &str, value: Option<&str>, line: &mut Vec<String>) {
    let long = argument(command, id).and_then(clap::Arg::get_long);
    match (long, value) {
        // One word, so that a value that begins with a hyphen stays a value.
        (Some(long), Some(value)) => line.push(format!("--{long}={value}")),
        (Some(long), None) => line.push(format!("--{long}")),
        (None, value) => line.extend(value.map(str::to_owned)),
    }
}

impl Op {
    /// The answer for people as the Exchange command of this name shows it; `None` where that is
    /// the operation's own page.
    ///
    /// # Errors
    /// An answer that is not this operation's view.
    pub fn exchange_page(
        self,
        name: &str,
        answer: &[u8],
        now_unix_ms: u64,
    ) -> Option<Result<Page, serde_json::Error>> {
        let mut names = self.definition().exchange.iter();
        let exchange = names.find(|one| one.name.eq_ignore_ascii_case(name))?;
        exchange.page.map(|page| page(answer, now_unix_ms))
    }

    /// How the operation is called in Exchange's spelling, for help: `Get-ServerHealth
    /// [-HealthSet NAME]`, for the words of this kind of object where it is about one.
    pub fn exchange_usage(self, kind: Option<&str>) -> Vec<String> {
        let of_op = self.augment(clap::Command::new("x"));
        let usage = |one: &Exchange| {
            let mut text = one.name.to_owned();
            for (name, id) in one.parameters {
                let value = if is_switch(&of_op, id) { "" } else { " VALUE" };
                text.push_str(&format!(" [-{name}{value}]"));
            }
            text
        };
        let names = self.definition().exchange.iter();
        let names = names.filter(|one| one.kind == kind);
        names.map(usage).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<String, ExchangeError> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let translated = translate(&words[0], &words[1..], &[]).unwrap()?;
        Ok(translated.line.join(" "))
    }

    #[test]
    fn lines_in_exchanges_spelling_become_ours() {
        for (given, expect) in [
            ("Get-ServerHealth", "health report"),
            (
                "get-serverhealth -healthset Receive",
                "health report --set=Receive",
            ),
            (
                "GET-SERVERHEALTH -H Receive --json",
                "health report --set=Receive --json",
            ),
            (
                "Get-ServerHealth mx1 -HealthSet:Queue",
                "health report --server=mx1 --set=Queue",
            ),
            ("Get-HealthReport -Id mx1", "health --server=mx1"),
            ("Get-Mailbox -Monitor", "mailbox list --monitoring"),
            ("Get-Mailbox -Monitoring:$true", "mailbox list --monitoring"),
            ("Get-Mailbox -Monitoring:$false", "mailbox list"),
            ("Get-ServerHealth -?", "health report --help"),
            (
                "Add-GlobalMonitoringOverride Receive\\connector -PropertyName bad -PropertyValue 5 -Duration 7d -Reason x",
                "health override add --scope=global Receive\\connector --property=bad --value=5 --for=7d --reason=x",
            ),
            (
                "Get-ServerMonitoringOverride",
                "health override list --scope=node",
            ),
            (
                "Remove-GlobalMonitoringOverride -Identity disk.bad",
                "health override remove disk.bad",
            ),
            ("Get-ServerHealth -HealthSet -x", "health report --set=-x"),
        ] {
            assert_eq!(line(given).as_deref(), Ok(expect), "{given}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (given, expect) in [
            (
                "Get-ServerHelth",
                "Get-ServerHelth is not a command of Mailward; did you mean Get-ServerHealth?",
            ),
            (
                "get-healthreprot",
                "get-healthreprot is not a command of Mailward; did you mean Get-HealthReport?",
            ),
            (
                "New-MailboxDatabase",
                "New-MailboxDatabase is not a command of Mailward; `mailward --help` lists what there is",
            ),
            (
                "Get-ServerHealth -Colour red",
                "Get-ServerHealth has no parameter -Colour; it has -Identity, -HealthSet",
            ),
            (
                "Get-Mailbox -Monitoring:maybe",
                "-Monitoring is a switch: write it alone, or with :$true or :$false",
            ),
            ("Get-Mailbox anna", "\"anna\" belongs to no parameter"),
            ("Get-ServerHealth a b", "\"b\" belongs to no parameter"),
        ] {
            assert_eq!(line(given).unwrap_err().to_string(), expect);
        }
    }

    #[test]
    fn an_unclear_beginning_is_refused_and_a_whole_name_is_not() {
        static TWO: Exchange = Exchange {
            name: "Get-X",
            parameters: &[("Health", "a"), ("HealthSet", "b")],
            kind: None,
            fixed: &[],
            page: None,
        };
        assert_eq!(parameter(&TWO, "health"), Ok(("Health", "a")));
        assert_eq!(parameter(&TWO, "healths"), Ok(("HealthSet", "b")));
        assert!(matches!(
            parameter(&TWO, "He"),
            Err(ExchangeError::Ambiguous { .. })
        ));
    }

    #[test]
    fn our_own_words_are_none_of_exchanges() {
        for word in [
            "receive-connector",
            "health-settings",
            "queue",
            "--json",
            "get-",
            "set-a b",
        ] {
            assert_eq!(translate(word, &[], &[]), None, "{word}");
        }
    }

    #[test]
    fn each_name_is_given_once_and_its_parameters_are_arguments() {
        let mut names = std::collections::BTreeSet::new();
        for (op, one) in all() {
            assert!(names.insert(one.name.to_ascii_lowercase()), "{}", one.name);
            let command = op.augment(clap::Command::new("x"));
            for (name, id) in one.parameters {
                assert!(argument(&command, id).is_some(), "{} -{name}", one.name);
            }
            let has_kind = op.definition().words.contains(&"{kind}");
            assert_eq!(has_kind, one.kind.is_some(), "{}", one.name);
        }
    }
}
