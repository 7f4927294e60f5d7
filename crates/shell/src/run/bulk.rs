//! Commands for all that a filter fits: one request, which says how many were done and which failed.
//!
//! Never here: a list that was made before and acted on later. What fits is found where it is done;
//! `-WhatIf` and `-Confirm` look first, and say what fitted then.

use mailward_api::{
    fault::Fault,
    operation::{Op, cmdlet::Cmdlet},
    view::QueueActed,
};
use serde_json::{Map, Value as Json};

use super::{
    Host, OnError, Run,
    api::{Done, Manner, not_understood},
};

/// Failures that are told one by one; the rest is counted.
const FAILURES_MAX: usize = 20;

/// What is meant, in words, where that may be several: all that a filter fits, or, of what is sent
/// another way, a whole queue or everything.
pub(super) fn meant(op: Op, fields: &Map<String, Json>) -> Option<String> {
    let mut filters = ["filter", "queue_filter"].iter();
    if let Some(filter) = filters.find_map(|name| fields.get(*name)) {
        return filter.as_str().map(|filter| format!("{{{filter}}}"));
    }
    let target = fields.get("target").and_then(Json::as_str);
    (op == Op::QueueRedirect).then(|| target.unwrap_or("everything").to_owned())
}

impl<H: Host> Run<'_, H> {
    pub(super) fn bulk(
        &mut self,
        cmdlet: &'static Cmdlet,
        op: Op,
        meant: &str,
        fields: Map<String, Json>,
        manner: &mut Manner,
    ) -> Result<Done, Fault> {
        if manner.what_if || manner.confirm {
            let mut trial = fields.clone();
            trial.insert("dry_run".to_owned(), true.into());
            let would = self.acted(op, trial)?;
            if manner.what_if {
                for name in &would.done {
                    let line = format!("What if: {} {name}\n", cmdlet.name);
                    self.shell.host.print(&line);
                }
                self.shell.host.print(&format!("What if: {}\n", would.text));
                return Ok(Done::Left);
            }
            let question = format!("{meant} fits {}", would.matching);
            if would.matching > 0 && !self.confirmed(cmdlet, &question, manner) {
                return Ok(Done::Left);
            }
        }
        let acted = self.acted(op, fields)?;
        if acted.matching == 0 {
            if manner.warns {
                let name = &cmdlet.name;
                let line = format!("warning: {name}: nothing fits {meant}, and nothing was done\n");
                self.shell.host.complain(&line);
            }
            return Ok(Done::Left);
        }
        self.shell
            .host
            .complain(&format!("{}: {}\n", cmdlet.name, acted.text));
        if manner.verbose {
            for name in &acted.done {
                self.shell.host.complain(&format!("  {name}\n"));
            }
        }
        if acted.failed.is_empty() || manner.on_error == OnError::Silent {
            return Ok(Done::Changed(Vec::new()));
        }
        for one in acted.failed.iter().take(FAILURES_MAX) {
            let line = format!("error: {} {}: {}\n", cmdlet.name, one.target, one.error);
            self.shell.host.complain(&line);
        }
        let failed = acted.failed.len();
        if manner.on_error == OnError::Stop {
            return Err(Fault::failed(format!(
                "{failed} of {} failed",
                acted.matching
            )));
        }
        self.failed_in_part();
        Ok(Done::Changed(Vec::new()))
    }

    fn acted(&mut self, op: Op, fields: Map<String, Json>) -> Result<QueueActed, Fault> {
        let answer = self.shell.host.ask(op, fields)?;
        serde_json::from_slice(&answer).map_err(not_understood)
    }
}
