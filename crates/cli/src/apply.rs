//! `apply`: shown first, confirmed, then done, and only if nothing has changed in between.

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
    fields: Map<String, Value>,
    matches: &ArgMatches,
    connection: &Connection,
    output: &Output<'_>,
) -> Result<u8, Fault> {
    let dry_run = fields.get("dry_run") == Some(&Value::Bool(true));
    if matches.get_flag("yes") || dry_run {
        let answer = ask(Op::Apply, fields, connection).await?;
        return output.answer(Op::Apply, &answer);
    }
    let mut trial = fields.clone();
    trial.insert("dry_run".to_owned(), true.into());
    let answer = ask(Op::Apply, trial, connection).await?;
    let plan: PlanView = serde_json::from_slice(&answer)
        .map_err(|error| Fault::failed(format!("the answer is not understood: {error}")))?;
    if plan.effects.is_empty() {
        return output.answer(Op::Apply, &answer);
    }
    if output.json || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Fault::invalid(
            format!(
                "{} objects would change, and nobody can be asked",
                plan.effects.len()
            ),
            "look at `mailward plan FILE`, then apply with --yes",
        ));
    }
    output.answer(Op::Apply, &answer)?;
    output.print("Apply this? [y/N] ");
    let mut reply = String::new();
    // Whoever cannot answer has not agreed.
    let _ = io::stdin().read_line(&mut reply);
    if !matches!(reply.trim(), "y" | "Y" | "yes") {
        return Err(Fault::new(
            FaultKind::Refused,
            "not confirmed, nothing was changed",
            "",
        ));
    }
    // What was confirmed is what was shown: a change in between is a conflict.
    let mut fields = fields;
    fields.insert("revision".to_owned(), plan.revision.0.into());
    let answer = ask(Op::Apply, fields, connection).await?;
    let done: PlanView = serde_json::from_slice(&answer)
        .map_err(|error| Fault::failed(format!("the answer is not understood: {error}")))?;
    output.page(&Page::new().text(format!("Done; revision {}.", done.revision)));
    Ok(0)
}
