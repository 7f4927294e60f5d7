//! What the other nodes of the group say against an act that takes something away.

use mailward_api::view::{GroupMember, RepairProposal};

use super::{AGAIN_MS, Check};

/// A member that was not heard for this long is not known: it does not count as healthy, and not as
/// bad either.
const UNKNOWN_AFTER_MS: u64 = 15_000;
/// The stages that take something away from the group: the process, the server, the traffic.
const TAKES_AWAY: std::ops::RangeInclusive<u8> = 2..=4;

fn is_known(member: &GroupMember) -> bool {
    member
        .heard_age_ms
        .is_some_and(|age| age <= UNKNOWN_AFTER_MS)
}

/// The act's stage and the members, where the group has a say.
fn in_group(proposal: &RepairProposal) -> Option<&[GroupMember]> {
    let group = proposal.group.as_ref()?;
    (TAKES_AWAY.contains(&proposal.act.stage()) && !group.members.is_empty())
        .then_some(&group.members)
}

/// One member at a time, and only with the majority behind it. A process whose node serves nobody
/// any more may be restarted without: nothing is left to lose.
pub(super) fn lease(proposal: &RepairProposal) -> Check {
    const NAME: &str = "lease";
    if in_group(proposal).is_none() {
        return Check::yes(NAME, "no other node has a say in it");
    }
    let lease = proposal
        .group
        .as_ref()
        .and_then(|group| group.lease.as_ref());
    match lease {
        Some(lease) if lease.is_held() => Check::yes(
            NAME,
            format!("{} of {} members granted it", lease.granted, lease.members),
        ),
        _ if proposal.act.stage() == 2 && serves_nobody(proposal) => {
            Check::yes(NAME, "without a majority, but nothing here serves any more")
        }
        Some(lease) => Check::later(
            NAME,
            AGAIN_MS,
            format!(
                "{} of {} members granted it: {}",
                lease.granted,
                lease.members,
                lease.refusals.join("; ")
            ),
        ),
        None => Check::later(NAME, AGAIN_MS, "the members were not asked"),
    }
}

/// True where the component itself fails at the front door, and not only something behind it.
fn serves_nobody(proposal: &RepairProposal) -> bool {
    proposal.component == "transport" || proposal.component.starts_with("receive/")
}

/// Enough others must serve while this node is away: two thirds of all, rounded down, at least one.
pub(super) fn healthy_enough(proposal: &RepairProposal) -> Check {
    const NAME: &str = "healthy nodes";
    let Some(members) = in_group(proposal) else {
        return Check::yes(NAME, "no other node has a say in it");
    };
    if proposal.act.stage() == 2 && serves_nobody(proposal) {
        return Check::yes(NAME, "this node does not serve, so none is lost");
    }
    let needed = (2 * (members.len() + 1) / 3).max(1);
    let healthy = members
        .iter()
        .filter(|member| is_known(member) && member.healthy)
        .count();
    let says = format!("{healthy} others are healthy, {needed} are needed");
    if healthy >= needed {
        Check::yes(NAME, says)
    } else {
        Check::later(NAME, AGAIN_MS, says)
    }
}

/// The same trouble on more than a third of the members (at least two) is not cured by restarting
/// one after the other.
pub(super) fn common_cause(proposal: &RepairProposal) -> Check {
    const NAME: &str = "common cause";
    let Some(members) = in_group(proposal) else {
        return Check::yes(NAME, "no other node has a say in it");
    };
    let component = &proposal.component;
    let kind = component
        .split_once('/')
        .map_or(component.as_str(), |(kind, _)| kind);
    let cause = proposal.cause.as_deref().unwrap_or(kind);
    let others = members
        .iter()
        .filter(|member| is_known(member) && member.bad_causes.iter().any(|bad| bad == cause))
        .count();
    let (bad, all) = (others + 1, members.len() + 1);
    if bad >= 2 && bad * 3 > all {
        return Check::later(
            NAME,
            AGAIN_MS,
            format!("{bad} of {all} nodes have the same trouble ({cause}): it is no fault of one"),
        );
    }
    Check::yes(NAME, format!("{others} others have the same trouble"))
}
