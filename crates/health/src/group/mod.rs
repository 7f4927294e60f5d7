//! A group of nodes that must not all be away at once.
//!
//! ```text
//! worker ─ GET /v1/group, every 5 s ─────► every other member's access role ─► its worker
//! worker ─ POST /v1/group/lease ─────────► every other member's access role ─► its manager: votes
//! worker ─ proposal with what they said ─► this node's manager: guard
//! ```
//!
//! Before a node takes something away (a process, the server), it must hold the lease of a majority
//! of the configured members. [`votes`] is a member's side of it and pure; [`peers`] asks.
//!
//! Invariant: at no moment do two members hold the lease, whatever messages are lost or late and
//! whichever members are started anew, as long as their clocks run at the same speed within a tenth.

pub mod peers;
pub mod votes;

use mailward_api::view::{GroupFacts, GroupMember, Lease};

pub use peers::{Group, GroupConfig};
pub use votes::Votes;

/// A member that was not heard for so long has no vote that could be counted on, in milliseconds:
/// three times its questions were not answered.
const SILENT_MS: u64 = 15_000;

/// What the group would say to an act of `stage`, were it asked now: every member that is heard and
/// takes nothing away itself gives its vote. Nobody is asked. Pure.
pub fn expected(members: &[GroupMember], stage: u8) -> GroupFacts {
    let refusal = |member: &GroupMember| match (&member.acting, member.heard_age_ms) {
        (_, None) => Some(format!("{} was never heard", member.name)),
        (_, Some(age_ms)) if age_ms > SILENT_MS => Some(format!(
            "{} was not heard for {} s",
            member.name,
            age_ms / 1000
        )),
        (Some(case), _) => Some(format!("{} acts for {case}", member.name)),
        (None, _) => None,
    };
    let refusals: Vec<String> = members.iter().filter_map(refusal).collect();
    let count = |members: usize| u32::try_from(members).unwrap_or(u32::MAX);
    let lease = Lease {
        granted: count(members.len() - refusals.len() + 1),
        members: count(members.len() + 1),
        refusals,
    };
    GroupFacts {
        members: members.to_vec(),
        lease: (2..=4).contains(&stage).then_some(lease),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_is_expected_of_whoever_is_heard_and_takes_nothing_away() {
        let member = |name: &str, heard_age_ms, acting: Option<&str>| GroupMember {
            name: name.to_owned(),
            heard_age_ms,
            healthy: true,
            acting: acting.map(str::to_owned),
            bad_causes: Vec::new(),
            sets: Vec::new(),
        };
        let members = [
            member("mx2", Some(2_000), None),
            member("mx3", Some(16_000), None),
            member("mx4", None, None),
            member("mx5", Some(1), Some("case-7")),
        ];
        let lease = expected(&members, 2).lease.unwrap();
        assert_eq!((lease.granted, lease.members), (2, 5));
        assert!(!lease.is_held());
        assert_eq!(
            lease.refusals,
            [
                "mx3 was not heard for 16 s",
                "mx4 was never heard",
                "mx5 acts for case-7"
            ]
        );
        assert!(expected(&members[..1], 4).lease.unwrap().is_held());
        assert_eq!(expected(&members, 1).lease, None, "it takes nothing away");
    }
}
