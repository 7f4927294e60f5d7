//! A member's vote on who may take something away: given to one member at a time, for a time. Pure.
//!
//! A vote that was given is forgotten with the process that gave it. So a member gives none in the
//! first half minute of its life: by then whatever an earlier life gave has run out.

use std::collections::BTreeMap;

use mailward_api::view::{LeaseAsk, LeaseReply};

use crate::Now;

/// How long a vote binds whoever gave it, in milliseconds.
pub const VOTE_MS: u64 = 30_000;
/// How long whoever got it may count on it, from before it asked: a tenth less, for clocks that run
/// at different speeds.
pub const COUNTED_MS: u64 = VOTE_MS / 10 * 9;
/// Members of a group, at most.
pub const MEMBERS_MAX: usize = 16;
/// Octets of a member's name and of a case's id.
const NAME_OCTETS_MAX: usize = 300;

/// Between an act of one member and an act of another, in milliseconds, by the stage of the later.
fn gap_ms(stage: u8) -> u64 {
    match stage {
        3 => 1_800_000,
        _ => 120_000,
    }
}

/// The vote of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Votes {
    /// No vote is given before this moment (monotonic).
    quiet_until_ms: u64,
    given: Option<Given>,
    /// The wall clock of the newest question of each member.
    newest_unix_ms: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    holder: String,
    until_ms: u64,
    /// When it was last given or renewed: gaps count from there.
    at_ms: u64,
}

fn refused(because: impl Into<String>) -> LeaseReply {
    LeaseReply {
        granted: false,
        because: because.into(),
    }
}

impl Votes {
    /// The vote of a member that began its life at `now`.
    pub fn new(now: Now) -> Votes {
        Votes {
            quiet_until_ms: now.mono_ms.saturating_add(VOTE_MS),
            given: None,
            newest_unix_ms: BTreeMap::new(),
        }
    }

    /// Hears a member's question and answers it.
    pub fn hear(&mut self, ask: &LeaseAsk, now: Now) -> LeaseReply {
        if ask.holder.is_empty()
            || ask.holder.len() > NAME_OCTETS_MAX
            || ask.case.len() > NAME_OCTETS_MAX
        {
            return refused("the question names no member or case");
        }
        let newest = self.newest_unix_ms.get(&ask.holder).copied();
        if newest.is_some_and(|newest| ask.unix_ms <= newest) {
            return refused("a later question of this member was heard already");
        }
        if newest.is_none() && self.newest_unix_ms.len() >= MEMBERS_MAX {
            return refused(format!("a group has at most {MEMBERS_MAX} members"));
        }
        self.newest_unix_ms.insert(ask.holder.clone(), ask.unix_ms);
        let (reply, given) = self.decide(ask, now);
        self.given = given;
        reply
    }

    fn decide(&self, ask: &LeaseAsk, now: Now) -> (LeaseReply, Option<Given>) {
        let before = self.given.clone();
        let own = before
            .as_ref()
            .is_some_and(|given| given.holder == ask.holder);
        if ask.release {
            // Whoever gives it back still counts for the gap.
            let after = before.map(|given| Given {
                until_ms: if own { now.mono_ms } else { given.until_ms },
                ..given
            });
            return (refused("it was given back"), after);
        }
        if now.mono_ms < self.quiet_until_ms {
            let left = (self.quiet_until_ms - now.mono_ms).div_ceil(1000);
            let because = format!("this member was started anew and votes in {left} s");
            return (refused(because), before);
        }
        if let Some(given) = before.as_ref().filter(|_| !own) {
            if now.mono_ms < given.until_ms {
                let because = format!("{} holds the vote of this member", given.holder);
                return (refused(because), before);
            }
            let since = now.mono_ms.saturating_sub(given.at_ms);
            if since < gap_ms(ask.stage) {
                let because = format!(
                    "{} acted {} s ago, members act {} s apart",
                    given.holder,
                    since / 1000,
                    gap_ms(ask.stage) / 1000
                );
                return (refused(because), before);
            }
        }
        let given = Given {
            holder: ask.holder.clone(),
            until_ms: now.mono_ms.saturating_add(VOTE_MS),
            at_ms: now.mono_ms,
        };
        let reply = LeaseReply {
            granted: true,
            because: "no other member holds the vote of this one".to_owned(),
        };
        (reply, Some(given))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Now {
        Now {
            mono_ms: ms,
            unix_ms: 1_800_000_000_000 + ms,
        }
    }

    fn ask(holder: &str, stage: u8, now: Now) -> LeaseAsk {
        LeaseAsk {
            holder: holder.into(),
            case: "case-1".into(),
            stage,
            release: false,
            unix_ms: now.unix_ms,
        }
    }

    /// Members `a`, `b`, … ask (lower case: stage 2; upper case: stage 3), `-a` gives back, numbers
    /// are seconds that pass. One sign for each question: `y` or `n`.
    fn play(script: &str) -> String {
        let mut now = at(0);
        let mut votes = Votes::new(now);
        let mut answers = String::new();
        for word in script.split_whitespace() {
            if let Ok(seconds) = word.parse::<u64>() {
                now = at(now.mono_ms + seconds * 1000);
                continue;
            }
            now = at(now.mono_ms + 1);
            let (release, name) = match word.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, word),
            };
            let stage = if name.starts_with(char::is_uppercase) {
                3
            } else {
                2
            };
            let mut question = ask(&name.to_lowercase(), stage, now);
            question.release = release;
            let reply = votes.hear(&question, now);
            answers.push(if reply.granted { 'y' } else { 'n' });
        }
        answers
    }

    #[test]
    fn one_member_at_a_time_and_not_before_it_may_know() {
        for (script, expect) in [
            ("a", "n"),
            ("61 a b", "yn"),
            ("61 a 20 a 40 b", "yyn"),
            ("61 a 29 b 92 b", "yny"),
            ("61 a -a b 121 b", "ynny"),
            ("61 a -b b", "ynn"),
            ("61 a 121 B", "yn"),
            ("61 a 1801 B", "yy"),
            ("61 a -a a", "yny"),
        ] {
            assert_eq!(play(script), expect, "{script}");
        }
    }

    #[test]
    fn a_question_cannot_be_put_again() {
        let mut votes = Votes::new(at(0));
        let now = at(100_000);
        let question = ask("a", 2, now);
        assert!(votes.hear(&question, now).granted);
        let again = votes.hear(&question, at(101_000));
        assert!(!again.granted && again.because.contains("later question"));
    }

    /// One thing that happens in a group.
    #[derive(Debug, Clone)]
    enum Step {
        /// A member asks all; the mask says which questions arrive, the other which answers do.
        Ask(usize, u8, u8),
        /// A member gives its lease back; the mask says where that arrives.
        Release(usize, u8),
        /// A member is started anew.
        Restart(usize),
        /// Milliseconds pass.
        Pass(u64),
    }

    fn step(members: usize) -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..members, any::<u8>(), any::<u8>()).prop_map(|(m, q, a)| Step::Ask(m, q, a)),
            1 => (0..members, any::<u8>()).prop_map(|(m, q)| Step::Release(m, q)),
            1 => (0..members).prop_map(Step::Restart),
            4 => (1u64..90_000).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever is lost, and whoever is started anew: never two holders.
        #[test]
        fn never_two_hold_the_lease(
            members in 2usize..=7,
            steps in proptest::collection::vec(step(7), 1..120),
        ) {
            let mut now = at(0);
            let mut votes: Vec<Votes> = (0..members).map(|_| Votes::new(now)).collect();
            // Until when each member counts on its lease.
            let mut held_until = vec![0u64; members];
            for step in steps {
                now = at(now.mono_ms + 1);
                match step {
                    Step::Pass(ms) => now = at(now.mono_ms + ms),
                    // The process that held it is gone, and the act with it.
                    Step::Restart(m) if m < members => {
                        votes[m] = Votes::new(now);
                        held_until[m] = 0;
                    }
                    Step::Release(m, mask) if m < members => {
                        held_until[m] = 0;
                        let mut question = ask(&m.to_string(), 2, now);
                        question.release = true;
                        for (v, voter) in votes.iter_mut().enumerate() {
                            if mask >> v & 1 == 1 {
                                voter.hear(&question, now);
                            }
                        }
                    }
                    Step::Ask(m, asked, answered) if m < members => {
                        let question = ask(&m.to_string(), 2, now);
                        let granted = votes
                            .iter_mut()
                            .enumerate()
                            .filter(|(v, _)| *v == m || asked >> v & 1 == 1)
                            .map(|(v, voter)| (v, voter.hear(&question, now).granted))
                            .filter(|(v, yes)| *yes && (*v == m || answered >> v & 1 == 1))
                            .count();
                        if granted > members / 2 {
                            held_until[m] = now.mono_ms + COUNTED_MS;
                        }
                    }
                    _ => {}
                }
                let holders = held_until.iter().filter(|until| **until > now.mono_ms).count();
                prop_assert!(holders <= 1, "{holders} hold the lease at once");
            }
        }
    }
}
