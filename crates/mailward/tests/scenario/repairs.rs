//! What scenarios about repair share: a trouble that no repair ends, and what the ledger says.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use mailward_api::control::{ControlRequest, Role};
use serde_json::Value;

use crate::support::{Node, text};

/// Stages of repair in seconds; further settings may follow.
pub(crate) const QUICK: &str = "\n[health_settings]\nconnector_probe_interval = \"1s\"\n\
    mailflow_probe_interval = \"2s\"\nrestart_component_after = \"1s\"\n";

/// Lets the connector `Internet` fall silent again after each repair, as it would for a cause that
/// lies outside, while `test` runs. Where that fails, what was noticed and done is printed.
pub(crate) fn while_wedged<T>(node: &Node, test: impl FnOnce() -> T) -> T {
    let broken = AtomicBool::new(true);
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    let tested = thread::scope(|scope| {
        scope.spawn(|| {
            while broken.load(Ordering::Relaxed) {
                // While transport is being restarted there is nobody to ask.
                let _ = node.control(Role::Transport, &wedge);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let tested = catch_unwind(AssertUnwindSafe(test));
        broken.store(false, Ordering::Relaxed);
        tested
    });
    tested.unwrap_or_else(|failed| {
        tell(node);
        resume_unwind(failed)
    })
}

/// Ends the fault that is in force in transport.
#[track_caller]
pub(crate) fn mend(node: &Node) {
    node.control(Role::Transport, &ControlRequest::EndFault)
        .unwrap();
}

/// Prints what was noticed and done.
pub(crate) fn tell(node: &Node) {
    for words in [
        &["health", "history"][..],
        &["health", "ledger", "--limit", "1000"],
    ] {
        eprintln!("{}", text(&node.command(words)));
    }
}

/// The ledger's entries of a kind (`intent`, `denied`) about an act, the oldest first.
pub(crate) fn entries(node: &Node, record: &str, act: &str) -> Vec<Value> {
    let output = node.command(&["health", "ledger", "--limit", "1000", "--json"]);
    let ledger: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let all = ledger["entries"].as_array().cloned().unwrap_or_default();
    let is_meant = |entry: &Value| entry["record"] == record && entry["act"]["act"] == act;
    all.into_iter().rev().filter(is_meant).collect()
}

/// The case of an entry.
pub(crate) fn case_of(entry: &Value) -> String {
    entry["case"].as_str().unwrap().to_owned()
}
