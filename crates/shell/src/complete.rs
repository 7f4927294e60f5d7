//! Completion: what may stand where the cursor is.
//!
//! Pure, but for the names of objects, which the caller finds.

use mailward_api::operation::cmdlet::{Act, Cmdlet, Takes, Target};
use mailward_model::Kind;

use crate::{
    bind::{Which, parameter},
    convert::spelt,
    parse::{is_dash, is_double, is_single},
    signature::{self, Own, Signature, What},
    syntax::Span,
};

/// What may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where what is replaced begins, in octets.
    pub start: usize,
    /// What may stand there.
    pub words: Vec<String>,
}

/// A word of the line: where it begins, its text without quotes.
struct Word {
    start: usize,
    text: String,
}

/// The commands before the cursor, each with its words; the last word is under the cursor and may
/// be empty.
fn commands(text: &str) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let end = |word: &mut Option<Word>, commands: &mut Vec<Vec<Word>>| {
        if let (Some(word), Some(last)) = (word.take(), commands.last_mut()) {
            last.push(word);
        }
    };
    for (at, c) in text.char_indices() {
        let closes = quote.is_some_and(|open| {
            (is_single(open) && is_single(c)) || (is_double(open) && is_double(c))
        });
        let here = || Word {
            start: at,
            text: String::new(),
        };
        if closes {
            quote = None;
        } else if quote.is_some() {
            if let Some(word) = &mut word {
                word.text.push(c);
            }
        } else if is_single(c) || is_double(c) {
            quote = Some(c);
            word.get_or_insert_with(here);
        } else if c.is_whitespace() && c != '\n' || c == ',' {
            end(&mut word, &mut commands);
        } else if matches!(c, '|' | ';' | '(' | ')' | '{' | '}' | '\n') {
            end(&mut word, &mut commands);
            if matches!(c, ';' | '\n' | '(' | '{') {
                // Another pipeline begins.
                commands.clear();
            }
            commands.push(Vec::new());
        } else {
            let c = if is_dash(c) { '-' } else { c };
            word.get_or_insert_with(here).text.push(c);
        }
    }
    let last = word.unwrap_or(Word {
        start: text.len(),
        text: String::new(),
    });
    if let Some(command) = commands.last_mut() {
        command.push(last);
    }
    commands
}

/// What may stand at the cursor of a line. `names` finds the names of objects, `variables` are those
/// there are.
pub fn complete(
    line: &str,
    cursor: usize,
    variables: &[String],
    names: &mut dyn FnMut(Kind) -> Vec<String>,
) -> Completion {
    let text = line.get(..cursor).unwrap_or(line);
    let commands = commands(text);
    let Some((word, before)) = commands.last().and_then(|words| words.split_last()) else {
        return Completion::default();
    };
    let begins = |all: Vec<String>| {
        let wanted = word.text.to_lowercase();
        let fits = |one: &String| {
            let bare = one.trim_matches('\'').to_lowercase();
            bare.starts_with(&wanted) || one.to_lowercase().starts_with(&wanted)
        };
        Completion {
            start: word.start,
            words: all.into_iter().filter(fits).collect(),
        }
    };
    if word.text.starts_with('$') {
        let own = ["$true", "$false", "$null", "$_"].map(str::to_owned);
        let all = variables.iter().map(|name| format!("${name}"));
        return begins(
            own.into_iter()
                .chain(all.filter(|one| one != "$_"))
                .collect(),
        );
    }
    let Some((command, arguments)) = before.split_first() else {
        return begins(
            signature::all()
                .iter()
                .map(|one| one.name.clone())
                .collect(),
        );
    };
    let Some(signature) = signature::find(&command.text) else {
        return Completion::default();
    };
    if word.text.starts_with('-') {
        let own = signature.slots.iter().map(|slot| slot.name.as_str());
        let all = own.chain(signature.common().map(|(_, name, _)| name));
        return begins(all.map(|name| format!("-{name}")).collect());
    }
    let named = arguments.iter().rev().find(|one| one.text.starts_with('-'));
    let is_last = arguments
        .last()
        .is_some_and(|last| last.text.starts_with('-'));
    let which = named.filter(|_| is_last).and_then(|one| {
        let name = one.text.trim_start_matches('-');
        parameter(signature, name, Span::default()).ok()
    });
    let at = match which {
        Some(Which::Own(at)) => Some(at),
        Some(Which::Common(_)) => return begins(actions()),
        None => signature
            .slots
            .iter()
            .position(|slot| slot.position == Some(0)),
    };
    let Some(slot) = at.and_then(|at| signature.slots.get(at)) else {
        return Completion::default();
    };
    let parameters = match signature.what {
        What::Api(cmdlet) => at.and_then(|at| cmdlet.parameters.get(at)),
        What::Own(own) => {
            if takes_properties(own) {
                return begins(properties(&commands));
            }
            if matches!(own, Own::GetHelp | Own::GetCommand) {
                return begins(
                    signature::all()
                        .iter()
                        .map(|one| one.name.clone())
                        .collect(),
                );
            }
            None
        }
    };
    let values = match &slot.takes {
        // A switch takes nothing; what follows it is the object.
        Takes::Switch => return identity(signature, names, &begins),
        Takes::Boolean => vec!["$true".to_owned(), "$false".to_owned()],
        Takes::Count => vec!["Unlimited".to_owned()],
        Takes::Word(words) => words.iter().map(|one| spelt(one)).collect(),
        _ => match (parameters.map(|one| &one.target), signature.what) {
            (Some(Target::Identity), What::Api(cmdlet)) => of_kind(cmdlet, names),
            _ => Vec::new(),
        },
    };
    begins(values)
}

fn identity(
    signature: &Signature,
    names: &mut dyn FnMut(Kind) -> Vec<String>,
    begins: &dyn Fn(Vec<String>) -> Completion,
) -> Completion {
    match signature.what {
        What::Api(cmdlet) => begins(of_kind(cmdlet, names)),
        What::Own(_) => Completion::default(),
    }
}

fn actions() -> Vec<String> {
    ["Continue", "Stop", "SilentlyContinue"]
        .map(str::to_owned)
        .to_vec()
}

/// The names of the objects that a command may be about, in quotes where they need them.
fn of_kind(cmdlet: &Cmdlet, names: &mut dyn FnMut(Kind) -> Vec<String>) -> Vec<String> {
    let (Act::List(kind) | Act::Change(kind) | Act::Remove(kind)) = cmdlet.act else {
        return Vec::new();
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    names(kind)
        .into_iter()
        .map(|name| match name.chars().all(plain) {
            true => name,
            false => format!("'{}'", name.replace('\'', "''")),
        })
        .collect()
}

fn takes_properties(own: Own) -> bool {
    matches!(
        own,
        Own::Where
            | Own::ForEach
            | Own::Select
            | Own::Sort
            | Own::Measure
            | Own::Group
            | Own::FormatTable
            | Own::FormatList
    )
}

/// The properties of what the pipeline's first command gives.
fn properties(commands: &[Vec<Word>]) -> Vec<String> {
    let first = commands.first().and_then(|words| words.first());
    let signature = first.and_then(|word| signature::find(&word.text));
    let Some(What::Api(cmdlet)) = signature.map(|one| one.what) else {
        return Vec::new();
    };
    let mut all: Vec<String> = cmdlet
        .columns
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    if let Act::List(kind) = cmdlet.act {
        let sets = mailward_api::operation::cmdlet::all().iter();
        let sets = sets.filter(|one| one.act == Act::Change(kind) && one.fixed.is_empty());
        for parameter in sets.flat_map(|one| &one.parameters) {
            let is_field = matches!(parameter.target, Target::Spec(_) | Target::Identity);
            if is_field && !all.contains(&parameter.name) {
                all.push(parameter.name.clone());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let mut names = |kind: Kind| match kind {
            Kind::Mailbox => vec!["anna".to_owned(), "Anna Berg".to_owned()],
            _ => Vec::new(),
        };
        complete(line, line.len(), &["boxes".to_owned()], &mut names).words
    }

    #[test]
    fn commands_parameters_and_values_are_completed() {
        assert_eq!(words("Get-Mailb"), ["Get-Mailbox"]);
        assert_eq!(words("get-mailbox -mon"), ["-Monitoring"]);
        assert_eq!(words("Get-Mailbox an"), ["anna", "'Anna Berg'"]);
        assert_eq!(words("Get-Mailbox 'Anna B"), ["'Anna Berg'"]);
        assert_eq!(words("Set-Mailbox -Identity ann"), ["anna", "'Anna Berg'"]);
        assert_eq!(words("Set-JournalRule x -Scope Gl"), ["Global"]);
        assert_eq!(words("Set-JournalRule x -Enabled "), ["$true", "$false"]);
        assert_eq!(words("Get-Mailbox | sel"), ["Select-Object"]);
        assert_eq!(
            words("Get-Mailbox | select Hid"),
            ["HiddenFromAddressListsEnabled"]
        );
        assert_eq!(words("$x = Get-Queue; Get-Mailbox -Mon"), ["-Monitoring"]);
        assert_eq!(words("Get-Mailbox $b"), ["$boxes"]);
        assert_eq!(words("Get-Help Get-HealthR"), ["Get-HealthReport"]);
        assert_eq!(words("Remove-Mailbox -What"), ["-WhatIf"]);
        assert!(words("Nonsense -").is_empty());
        assert!(words("").len() > 50);
    }

    #[test]
    fn what_is_replaced_begins_at_the_word() {
        let line = "Get-Mailbox ‘Anna B";
        let mut names = |_: Kind| vec!["Anna Berg".to_owned()];
        let found = complete(line, line.len(), &[], &mut names);
        assert_eq!((found.start, found.words.len()), (12, 1));
    }
}
