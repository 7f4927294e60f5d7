//! What there is, and how it is used: Get-Command, Get-Help, `-?`.

use mailward_api::{assignment::nearest, operation::cmdlet::Takes};

use super::{arguments::Arguments, own::record};
use crate::{
    error::ScriptError,
    signature::{self, COMMON, Signature, What},
    syntax::Span,
    value::{Value, like},
};

/// What help says where nothing is asked.
const OVERVIEW: &str = "\
Commands are a verb and a noun: Get-Mailbox, New-JournalRule, Set-ReceiveConnector.

  Get-Command                     every command
  Get-Command -Noun Mailbox       the commands for one noun
  Get-Help Set-Mailbox            what a command does and takes; also Set-Mailbox -?
  Get-Mailbox | Get-Member        the properties that objects have
  Get-Mailbox anna | Format-List  all of them with their values

A parameter's name may be cut short as long as it fits one alone. -WhatIf shows what would change.
Tab completes commands, parameters and values. exit leaves.
";

/// A command's page.
pub(crate) fn page(signature: &Signature) -> String {
    let mut text = format!("{}\n  {}\n", signature.name, signature.summary);
    if !signature.aliases.is_empty() {
        text.push_str(&format!("  Also {}\n", signature.aliases.join(", ")));
    }
    text.push_str(&format!("\nHow it is written\n  {}\n", usage(signature)));
    if !signature.slots.is_empty() {
        text.push_str("\nParameters\n");
    }
    for slot in &signature.slots {
        let value = match slot.takes.word() {
            "" => String::new(),
            word => format!(" <{word}>"),
        };
        text.push_str(&format!("  -{}{value}\n", slot.name));
        let mut notes = Vec::new();
        if slot.needed {
            notes.push("needed".to_owned());
        }
        if slot.position.is_some() {
            notes.push("its name may be left out".to_owned());
        }
        if slot.piped {
            notes.push("from the pipe too".to_owned());
        }
        if let Takes::Word(words) = &slot.takes {
            let words: Vec<String> = words.iter().map(|one| crate::convert::spelt(one)).collect();
            notes.push(words.join(", "));
        }
        if matches!(slot.takes, Takes::List(_)) && matches!(signature.what, What::Api(_)) {
            notes.push("a,b for all; @{Add=…; Remove=…} for single ones".to_owned());
        }
        let notes = notes.join("; ");
        for line in [slot.help.as_str(), notes.as_str()] {
            if !line.is_empty() {
                text.push_str(&format!("      {line}\n"));
            }
        }
    }
    text.push_str("\nParameters that others have too\n");
    for (at, name, _) in signature.common() {
        let help = COMMON.get(at).map_or("", |one| one.3);
        text.push_str(&format!("  -{name}\n      {help}\n"));
    }
    if let What::Api(cmdlet) = signature.what {
        match cmdlet.differs {
            Some(differs) => text.push_str(&format!("\nUnlike in Exchange\n  {differs}\n")),
            None => text.push_str("\nExchange has no such command.\n"),
        }
    }
    text
}

fn usage(signature: &Signature) -> String {
    if let What::Api(cmdlet) = signature.what {
        return cmdlet.usage();
    }
    let mut text = signature.name.clone();
    for slot in &signature.slots {
        let name = match slot.position {
            Some(_) => format!("[-{}]", slot.name),
            None => format!("-{}", slot.name),
        };
        match slot.takes.word() {
            "" => text.push_str(&format!(" [{name}]")),
            word => text.push_str(&format!(" [{name} <{word}>]")),
        }
    }
    text
}

/// Get-Help.
pub(crate) fn help(arguments: &Arguments<'_>, span: Span) -> Result<String, ScriptError> {
    let Some(name) = arguments.text("Name") else {
        return Ok(OVERVIEW.to_owned());
    };
    if name.contains('*') {
        let found = signature::all().iter().filter(|one| like(&one.name, &name));
        let lines = found.map(|one| format!("{}\n  {}\n", one.name, one.summary));
        return Ok(lines.collect());
    }
    if let Some(signature) = signature::find(&name) {
        return Ok(page(signature));
    }
    let names: Vec<String> = signature::all()
        .iter()
        .map(|one| one.name.to_lowercase())
        .collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = nearest(&name.to_lowercase(), &known).and_then(signature::find);
    let mend = match near {
        Some(near) => format!("did you mean {}?", near.name),
        None => "Get-Command lists what there is".to_owned(),
    };
    Err(ScriptError::new(
        span,
        format!("there is no help on {name}"),
        mend,
    ))
}

/// Get-Command.
pub(crate) fn commands(arguments: &Arguments<'_>) -> Vec<Value> {
    let fits = |parameter: &str, text: &str| {
        let pattern = arguments.text(parameter);
        pattern.is_none_or(|pattern| like(text, &pattern))
    };
    let found = signature::all().iter().filter(|one| {
        let (verb, noun) = one.name.split_once('-').unwrap_or((&one.name, ""));
        fits("Name", &one.name) && fits("Verb", verb) && fits("Noun", noun)
    });
    found
        .map(|one| {
            record(vec![
                ("Name", one.name.as_str().into()),
                ("Summary", one.summary.as_str().into()),
            ])
        })
        .collect()
}
