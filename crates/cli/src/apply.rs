//! `apply` and `recipient import`: shown first, confirmed, then done, and only if nothing has changed in between.

use std::io::{self, IsTerminal};

use clap::ArgMatches;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::Op,
    page::Page,
    view::PlanView,
};
use serde_json::{Map, Value};

use crate::{
    connection::Connection,
    run::{Output, ask},
};

pub(crate) async fn run(
    op: Op,
    fields: Map<String, Value>,
    matches: &ArgMatches,
    connection: &Connection,
    output: &Output<'_>,
) -> Result<u8, Fault> {
    let dry_run = fields.get("dry_run") == Some(&Value::Bool(true));
    if matches.get_flag("yes") || dry_run {
        let answer = ask(op, fields, connection).await?;
        return output.answer(op, &answer);
    }
    let mut trial = fields.clone();
    trial.insert("dry_run".to_owned(), true.into());
    let answer = ask(op, trial, connection).await?;
    let plan: PlanView = serde_json::from_slice(&answer)
        .map_err(|error| Fault::failed(format!("the answer is not understood: {error}")))?;
    if plan.effects.is_empty() {
        return output.answer(op, &answer);
    }
    if output.json || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Fault::invalid(
            format!(
                "{} objects would change, and nobody can be asked",
                plan.effects.len()
            ),
            match op {
                Op::Apply => "look at `mailward plan FILE`, then apply with --yes",
                _ => "look at it with --dry-run, then import with --yes",
            },
        ));
    }
    output.answer(op, &answer)?;
    // What removes much is not agreed to by a habit of the hand.
    let (question, agreed) = match &plan.held {
        None => (
            "Apply this? [y/N] ".to_owned(),
            vec!["y".to_owned(), "Y".to_owned(), "yes".to_owned()],
        ),
        Some(held) => (
            format!("To remove {0} recipients, type {0}: ", held.removals),
            vec![held.removals.to_string()],
        ),
    };
    output.print(&question);
    let mut reply = String::new();
    // Whoever cannot answer has not agreed.
    let _ = io::stdin().read_line(&mut reply);
    if !agreed.iter().any(|one| one == reply.trim()) {
        return Err(Fault::new(
            FaultKind::Refused,
            "not confirmed, nothing was changed",
            "",
        ));
    }
    // What was confirmed is what was shown: a change in between is a conflict.
    let mut fields = fields;
    fields.insert("revision".to_owned(), plan.revision.0.into());
    if let Some(held) = &plan.held {
        fields.insert("allow_removals".to_owned(), held.removals.into());
    }
    let answer = ask(op, fields, connection).await?;
    let done: PlanView = serde_json::from_slice(&answer)
        .map_err(|error| Fault::failed(format!("the answer is not understood: {error}")))?;
    output.page(&Page::new().text(format!("Done; revision {}.", done.revision)));
    Ok(0)
}
