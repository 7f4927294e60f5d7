//! Which commands were had already: none is carried out twice. Time is an input.
//!
//! TLS lets no recorded octets in again; this is for whoever repeats a command within it, and for a
//! program between that asks again because no answer came.

use std::collections::{HashMap, HashSet, VecDeque};

use mailward_api::signed::SKEW_MS_MAX;

/// Commands remembered of one machine.
const COMMANDS_MAX: usize = 20_000;
/// Machines remembered: only those that are objects come here.
const MACHINES_MAX: usize = 1_000;

/// Why a command is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stale {
    #[error("it was given more than {} minutes ago or ahead, by this node's clock", SKEW_MS_MAX / 60_000)]
    NotPresent,
    #[error("it came before: a command is carried out once")]
    Again,
    #[error("so many commands came within {} minutes that no more can be told apart", SKEW_MS_MAX / 60_000)]
    TooMany,
}

#[derive(Debug, Default)]
struct OfMachine {
    known: HashSet<String>,
    /// The same, in the order in which they came, with the time until which they are remembered.
    until: VecDeque<(u64, String)>,
}

/// What came lately.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<String, OfMachine>);

impl Seen {
    /// Takes a command of a machine once, and only one of the present.
    pub(super) fn take(
        &mut self,
        machine: &str,
        request: &str,
        given_unix_ms: u64,
        now_unix_ms: u64,
    ) -> Result<(), Stale> {
        if given_unix_ms.abs_diff(now_unix_ms) > SKEW_MS_MAX {
            return Err(Stale::NotPresent);
        }
        for of in self.0.values_mut() {
            while let Some((until, _)) = of.until.front()
                && *until < now_unix_ms
            {
                if let Some((_, request)) = of.until.pop_front() {
                    of.known.remove(&request);
                }
            }
        }
        self.0.retain(|_, of| !of.until.is_empty());
        if self.0.len() >= MACHINES_MAX && !self.0.contains_key(machine) {
            return Err(Stale::TooMany);
        }
        let of = self.0.entry(machine.to_owned()).or_default();
        if of.known.contains(request) {
            return Err(Stale::Again);
        }
        if of.known.len() >= COMMANDS_MAX {
            return Err(Stale::TooMany);
        }
        of.known.insert(request.to_owned());
        // One that was dated ahead stays of the present for as long again.
        let until = now_unix_ms.saturating_add(2 * SKEW_MS_MAX);
        of.until.push_back((until, request.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_taken_once_and_only_of_the_present() {
        let mut seen = Seen::default();
        let now = 10_000_000;
        assert_eq!(seen.take("a", "1", now, now), Ok(()));
        assert_eq!(seen.take("a", "1", now, now), Err(Stale::Again));
        assert_eq!(seen.take("b", "1", now, now), Ok(()), "another machine");
        let old = now - SKEW_MS_MAX - 1;
        assert_eq!(seen.take("a", "2", old, now), Err(Stale::NotPresent));
        for n in 0..COMMANDS_MAX - 1 {
            assert_eq!(seen.take("a", &format!("x{n}"), now, now), Ok(()));
        }
        assert_eq!(seen.take("a", "3", now, now), Err(Stale::TooMany));
        let later = now + 2 * SKEW_MS_MAX + 1;
        assert_eq!(seen.take("a", "3", later, later), Ok(()));
        assert_eq!(seen.0.len(), 1, "what is over is forgotten");
    }

    proptest! {
        #[test]
        fn nothing_is_taken_twice_whenever_it_is_repeated(
            given in 0u64..2_000_000, first in 0u64..2_000_000, again in 0u64..3_000_000
        ) {
            let mut seen = Seen::default();
            let again = first.max(again);
            if seen.take("a", "1", given, first).is_ok() {
                prop_assert!(seen.take("a", "1", given, again).is_err());
            }
        }
    }
}
