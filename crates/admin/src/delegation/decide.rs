//! Whether a command from another node is carried out, and by whose rights. Pure.
//!
//! Invariant: where it is carried out for a person, that person has the right to it; what the machine
//! may is of no account. Invariant: what speaks against the person (unknown, disabled, revoked, without
//! the right) is never got round by going on as the machine: only that the machine is not believed may
//! be ignored.

use mailward_model::{
    Decision, PassedOver,
    kind::{Administrator, Node, Right, gives},
};

/// A command, and what is known of those it names.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    /// The name in the certificate of the machine that asks.
    pub(super) machine: &'a str,
    /// The machine's object, where there is one.
    pub(super) node: Option<&'a Node>,
    /// On whose behalf, as the machine says.
    pub(super) user: &'a str,
    /// That person's object, where there is one.
    pub(super) administrator: Option<&'a Administrator>,
    /// What the operation needs.
    pub(super) needs: Right,
    /// Whether the operation is one that may ever go on as the machine.
    pub(super) may_go_on: bool,
    /// Whether `ignore_delegation_failure` lists it on this node.
    pub(super) is_listed: bool,
    /// Whether the asking node would have it go on as the machine.
    pub(super) is_wanted: bool,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownMachine,
    MachineDisabled,
    UnknownUser,
    Revoked,
    Disabled,
    WithoutRight,
    NotTrusted,
}

/// What is done with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is carried out by the rights of the person.
    AsUser,
    /// It is carried out by the rights of the machine.
    AsMachine,
    /// It is not carried out.
    Refused(Refusal),
}

impl Refusal {
    /// What it says, as a sentence without a full stop.
    fn says(self, asked: &Asked<'_>) -> String {
        let Asked {
            machine,
            user,
            needs,
            ..
        } = asked;
        match self {
            Refusal::UnknownMachine => format!("no node {machine} is known here"),
            Refusal::MachineDisabled => format!("the node {machine} is disabled"),
            Refusal::UnknownUser => {
                format!("no administrator {user} is known here, or is any more")
            }
            Refusal::Revoked => format!("the access of {user} was revoked"),
            Refusal::Disabled => format!("the administrator {user} is disabled"),
            Refusal::WithoutRight => {
                format!("{user} has not the right {needs} in any role group")
            }
            Refusal::NotTrusted => format!("{machine} is not trusted for delegation"),
        }
    }

    /// How it is mended, on the node that refused.
    pub(super) fn mend(self, asked: &Asked<'_>) -> String {
        let Asked { machine, user, .. } = asked;
        match self {
            Refusal::UnknownMachine | Refusal::NotTrusted => {
                format!(
                    "where it should be: `mailward node set {machine} trusted_for_delegation=yes`"
                )
            }
            Refusal::MachineDisabled => {
                format!("where it should be: `mailward node set {machine} enabled=yes`")
            }
            Refusal::UnknownUser | Refusal::WithoutRight => {
                format!(
                    "where they should have it: `mailward administrator set {user} role_groups+=GROUP`"
                )
            }
            Refusal::Revoked => "it stays so until somebody sets revoked=no".to_owned(),
            Refusal::Disabled => {
                format!("where it should be: `mailward administrator set {user} enabled=yes`")
            }
        }
    }
}

/// What speaks against carrying it out for the person, whoever says that they asked.
fn against_user(asked: &Asked<'_>) -> Option<Refusal> {
    match asked.administrator {
        // One that was removed looks like one that never was.
        None => Some(Refusal::UnknownUser),
        Some(one) if one.revoked => Some(Refusal::Revoked),
        Some(one) if !one.enabled => Some(Refusal::Disabled),
        Some(one) if !gives(&one.role_groups, asked.needs) => Some(Refusal::WithoutRight),
        Some(_) => None,
    }
}

/// What keeps it from going on as the machine.
fn against_machine(asked: &Asked<'_>, node: &Node) -> Option<String> {
    let machine = asked.machine;
    if !asked.may_go_on {
        Some("the operation is none of those that may".to_owned())
    } else if !asked.is_listed {
        Some("ignore_delegation_failure does not list the operation here".to_owned())
    } else if !asked.is_wanted {
        Some(format!(
            "ignore_delegation_failure does not list the operation on {machine}"
        ))
    } else if !gives(&node.role_groups, asked.needs) {
        let right = asked.needs;
        Some(format!(
            "the machine has not the right {right} in any role group"
        ))
    } else {
        None
    }
}

/// The candidates of a decision.
const AS_USER: &str = "as the user";
pub(super) const AS_MACHINE: &str = "as the machine";

/// Decides.
pub(super) fn decide(asked: &Asked<'_>) -> Decision<Verdict> {
    let passed = |candidate: &str, reason: String| PassedOver {
        candidate: candidate.to_owned(),
        reason,
    };
    let refused = |refusal: Refusal, of_machine: String| Decision {
        chosen: Verdict::Refused(refusal),
        because: refusal.says(asked),
        passed_over: vec![
            passed(AS_USER, refusal.says(asked)),
            passed(AS_MACHINE, of_machine),
        ],
    };
    let node = match asked.node {
        None => {
            let says = Refusal::UnknownMachine.says(asked);
            return refused(Refusal::UnknownMachine, says);
        }
        Some(node) if !node.enabled => {
            let says = Refusal::MachineDisabled.says(asked);
            return refused(Refusal::MachineDisabled, says);
        }
        Some(node) => node,
    };
    if let Some(refusal) = against_user(asked) {
        let reason = "a machine does for nobody what they may not do themselves";
        return refused(refusal, reason.to_owned());
    }
    if node.trusted_for_delegation {
        let says = format!(
            "{} is trusted for delegation, and {} has the right {}",
            asked.machine, asked.user, asked.needs
        );
        return Decision::plain(Verdict::AsUser, says);
    }
    match against_machine(asked, node) {
        Some(reason) => refused(Refusal::NotTrusted, reason),
        None => {
            let says = Refusal::NotTrusted.says(asked);
            Decision {
                chosen: Verdict::AsMachine,
                because: format!("{says}, and ignore_delegation_failure lists the operation"),
                passed_over: vec![passed(AS_USER, says)],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::RoleGroup;
    use proptest::prelude::*;

    use super::*;

    fn groups() -> impl Strategy<Value = Vec<RoleGroup>> {
        proptest::sample::subsequence(RoleGroup::ALL.to_vec(), 0..=RoleGroup::ALL.len())
    }

    fn administrators() -> impl Strategy<Value = Option<Administrator>> {
        let one =
            (any::<bool>(), any::<bool>(), groups()).prop_map(|(enabled, revoked, groups)| {
                Administrator {
                    enabled,
                    revoked,
                    role_groups: groups,
                    comment: String::new(),
                }
            });
        proptest::option::weighted(0.9, one)
    }

    fn nodes() -> impl Strategy<Value = Option<Node>> {
        let one =
            (any::<bool>(), any::<bool>(), groups()).prop_map(|(enabled, trusted, groups)| Node {
                enabled,
                trusted_for_delegation: trusted,
                role_groups: groups,
                endpoint: None,
            });
        proptest::option::weighted(0.9, one)
    }

    prop_compose! {
        fn flags()(bits: [bool; 3], needs in proptest::sample::select(Right::ALL.to_vec()))
            -> ([bool; 3], Right) { (bits, needs) }
    }

    fn asked<'a>(
        node: &'a Option<Node>,
        administrator: &'a Option<Administrator>,
        ([may_go_on, is_listed, is_wanted], needs): ([bool; 3], Right),
    ) -> Asked<'a> {
        Asked {
            machine: "mx1.example.org",
            node: node.as_ref(),
            user: "anna",
            administrator: administrator.as_ref(),
            needs,
            may_go_on,
            is_listed,
            is_wanted,
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_they_have(
            node in nodes(), administrator in administrators(), flags in flags()
        ) {
            let asked = asked(&node, &administrator, flags);
            let decision = decide(&asked);
            prop_assert!(!decision.because.is_empty());
            if let Verdict::Refused(_) = decision.chosen {
                prop_assert_eq!(decision.passed_over.len(), 2);
                return Ok(());
            }
            // Carried out, as whomever: both are known, in force, and the person has the right.
            let (node, person) = (node.as_ref().unwrap(), administrator.as_ref().unwrap());
            prop_assert!(node.enabled && person.enabled && !person.revoked);
            prop_assert!(gives(&person.role_groups, asked.needs));
            match decision.chosen {
                Verdict::AsUser => prop_assert!(node.trusted_for_delegation),
                Verdict::AsMachine => {
                    prop_assert!(!node.trusted_for_delegation);
                    prop_assert!(asked.may_go_on && asked.is_listed && asked.is_wanted);
                    prop_assert!(gives(&node.role_groups, asked.needs));
                }
                Verdict::Refused(_) => {}
            }
        }

        #[test]
        fn an_account_that_ended_ends_everything(
            node in nodes(), administrator in administrators(), flags in flags(),
            revoked: bool
        ) {
            let ended = administrator.map(|one| Administrator {
                enabled: revoked && one.enabled,
                revoked,
                ..one
            });
            let decision = decide(&asked(&node, &ended, flags));
            prop_assert!(matches!(decision.chosen, Verdict::Refused(_)), "{:?}", decision);
        }

        #[test]
        fn the_setting_opens_nothing_by_itself(
            node in nodes(), administrator in administrators(), flags in flags()
        ) {
            // What is carried out for the person is so without the setting too; and without it
            // nothing is carried out as the machine.
            let with = decide(&asked(&node, &administrator, flags));
            for missing in 0..3 {
                let (mut bits, needs) = flags;
                bits[missing] = false;
                let without = decide(&asked(&node, &administrator, (bits, needs)));
                prop_assert_ne!(without.chosen, Verdict::AsMachine);
                let is_user = with.chosen == Verdict::AsUser;
                prop_assert_eq!(is_user, without.chosen == Verdict::AsUser);
            }
        }
    }

    #[test]
    fn every_refusal_says_which_rule_and_how_it_is_mended() {
        let node = |trusted| Node {
            trusted_for_delegation: trusted,
            role_groups: vec![RoleGroup::ViewOnlyOrganizationManagement],
            ..Node::default()
        };
        let anna = Administrator {
            role_groups: vec![RoleGroup::RecipientManagement],
            ..Administrator::default()
        };
        let disabled = Administrator {
            enabled: false,
            ..anna.clone()
        };
        let listed = [true, true, true];
        for (node, person, bits, needs, expect) in [
            (None, Some(&anna), listed, Right::Read, "no node mx1"),
            (
                Some(node(true)),
                None,
                listed,
                Right::Read,
                "no administrator anna",
            ),
            (
                Some(node(true)),
                Some(&disabled),
                listed,
                Right::Read,
                "is disabled",
            ),
            (
                Some(node(false)),
                Some(&disabled),
                listed,
                Right::Read,
                "is disabled",
            ),
            (
                Some(node(true)),
                Some(&anna),
                listed,
                Right::Transport,
                "has not the right transport",
            ),
            (
                Some(node(false)),
                Some(&anna),
                [true, false, true],
                Right::Read,
                "not trusted for delegation",
            ),
            (
                Some(node(false)),
                Some(&anna),
                listed,
                Right::Recipients,
                "not trusted for delegation",
            ),
        ] {
            let person = person.cloned();
            let asked = asked(&node, &person, (bits, needs));
            let decision = decide(&asked);
            let Verdict::Refused(refusal) = decision.chosen else {
                panic!("{decision:?}");
            };
            assert!(decision.because.contains(expect), "{decision:?}");
            assert!(!refusal.mend(&asked).is_empty());
        }
        let (node, anna) = (Some(node(false)), Some(anna));
        let decision = decide(&asked(&node, &anna, (listed, Right::Read)));
        assert_eq!(decision.chosen, Verdict::AsMachine);
    }
}
