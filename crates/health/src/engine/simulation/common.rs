//! The promise about a trouble that many nodes have at one time: none of them takes anything away for
//! it, neither a process nor the machine nor the traffic.

use std::collections::HashMap;

use mailward_api::view::health::{Evidence, HealthState};

use super::{World, world::Done};

/// How long a fault that can be known of is there before its node says so to the others: three
/// failures in a row, or two of what is looked at every five minutes; and what it says is heard.
fn known_ms(component: &str) -> u64 {
    match component {
        "transport" | "disk" | "queue" => 75_000,
        fast if fast.starts_with("receive/") => 75_000,
        _ => 11 * 60_000,
    }
}

/// How old the newest result of a component that is probed may be: not all are, while what they need
/// is bad itself.
fn fresh_ms(component: &str) -> u64 {
    known_ms(component) / 2
}

/// The word by which nodes know a trouble: its class, or the kind of component where it has none.
fn cause<'a>(component: &'a str, class: Option<&'a str>) -> &'a str {
    let kind = component
        .split_once('/')
        .map_or(component, |(kind, _)| kind);
    class.unwrap_or(kind)
}

/// Since when each node really has which trouble, and could know of it.
pub(super) struct Troubles(Vec<HashMap<(String, Option<&'static str>), u64>>);

impl Troubles {
    pub(super) fn of(nodes: usize) -> Troubles {
        Troubles(vec![HashMap::new(); nodes])
    }

    /// Takes in how a node really is.
    pub(super) fn look(&mut self, n: usize, node: &World, at_ms: u64) {
        let since = &mut self.0[n];
        since.retain(|(component, class), _| {
            let fault = node.faults.get(component);
            fault.is_some_and(|fault| fault.class == *class)
        });
        for (component, fault) in &node.faults {
            let since = since.entry((component.clone(), fault.class));
            let since = since.or_insert(at_ms);
            if !can_know(node, component) {
                *since = at_ms;
            }
        }
    }

    /// True where a node has known for long that it has a trouble that goes by this word, and knows it
    /// still: its worker may have been started anew since it was looked at.
    fn has_long_had(&self, n: usize, node: &World, word: &str, at_ms: u64) -> bool {
        self.0[n].iter().any(|((component, class), since)| {
            let is_long = at_ms - since > known_ms(component);
            is_long && cause(component, *class) == word && can_know(node, component)
        })
    }

    /// What was broken by an act of node `n`, where so many of the nodes that it hears have the same
    /// trouble that it is no fault of one.
    pub(super) fn broken_by(
        &self,
        done: &Done,
        n: usize,
        nodes: &[World],
        hears: impl Fn(usize) -> bool,
        at_ms: u64,
    ) -> Option<String> {
        if !(2..=4).contains(&done.act.stage()) {
            return None;
        }
        let word = cause(&done.component, done.class.as_deref());
        let all = self.0.len();
        let others = (0..all)
            .filter(|other| *other != n && hears(*other))
            .filter(|other| self.has_long_had(*other, &nodes[*other], word, at_ms));
        let bad = others.count() + 1;
        (bad >= 2 && bad * 3 > all).then(|| {
            format!(
                "n{n} at {} s: {} for {}, and {bad} of {all} nodes have long had the same trouble ({word})",
                at_ms / 1000,
                done.act,
                done.component
            )
        })
    }
}

/// Whether a node that has a fault can see it and be believed: its monitors judge, nobody has asked
/// that they be left alone, and the worker is not late itself.
fn can_know(node: &World, component: &str) -> bool {
    let mut watches = node
        .engine
        .watches
        .values()
        .filter(|watch| watch.definition.component == component);
    let blind = node.blind.contains(component) || node.engine.strain() > 0;
    let mut seen = node.seen.get(component).into_iter().flatten();
    let fails = seen.any(|(_, (at_ms, evidence))| {
        *evidence == Evidence::Bad && node.at_ms - at_ms <= fresh_ms(component)
    });
    fails
        && !blind
        && watches.all(|watch| {
            let says_nothing = matches!(
                watch.state.phase,
                HealthState::Unknown | HealthState::Unavailable | HealthState::Disabled
            );
            watch.overlay.is_none() && !says_nothing
        })
}
