//! What an administrator is told about a filter before it is stored: conditions that can never be
//! true, attributes that groups do not have, attributes it does not read though it seems to mean
//! them.
//!
//! A pure look at the filter. It proves a contradiction or says nothing: a filter without a warning
//! may still fit nobody.

use super::{
    Attributes, Filter, Property, PropertyType,
    attributes::Value,
    comparison::{Comparison, Operator, Wanted},
    node::Node,
    property::set_kind,
};
use crate::kind::PersonalAttribute;

/// Alternatives and conditions looked at: more are told nothing about, rather than slowly.
const STEPS_MAX: usize = 20_000;

/// The kinds of recipients there are here, each in the words of RecipientType and
/// RecipientTypeDetails, and whether it is a group.
const KINDS: &[(&str, &str, bool)] = &[
    ("UserMailbox", "UserMailbox", false),
    ("UserMailbox", "SharedMailbox", false),
    ("UserMailbox", "RoomMailbox", false),
    ("UserMailbox", "EquipmentMailbox", false),
    ("UserMailbox", "MonitoringMailbox", false),
    ("UserMailbox", "ArbitrationMailbox", false),
    ("UserMailbox", "DiscoveryMailbox", false),
    ("UserMailbox", "PublicFolderMailbox", false),
    ("MailContact", "MailContact", false),
    ("MailUser", "MailUser", false),
    (
        "MailUniversalDistributionGroup",
        "MailUniversalDistributionGroup",
        true,
    ),
    (
        "MailUniversalSecurityGroup",
        "MailUniversalSecurityGroup",
        true,
    ),
    ("DynamicDistributionGroup", "DynamicDistributionGroup", true),
];

/// A comparison, or the opposite of one.
#[derive(Clone, Copy)]
struct Literal<'a> {
    test: &'a Comparison,
    holds: bool,
}

impl Literal<'_> {
    fn fits(&self, of: &Attributes) -> bool {
        self.test.holds(of) == self.holds
    }

    /// The operator, turned where the comparison must not hold. An ordering has no opposite: what
    /// is not set is neither greater nor less.
    fn operator(&self) -> Option<Operator> {
        if self.holds {
            return Some(self.test.operator);
        }
        match self.test.operator {
            Operator::Eq => Some(Operator::Ne),
            Operator::Ne => Some(Operator::Eq),
            Operator::Like => Some(Operator::NotLike),
            Operator::NotLike => Some(Operator::Like),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        if self.holds {
            self.test.to_string()
        } else {
            format!("(-not{})", self.test)
        }
    }
}

fn is_personal(property: Property) -> bool {
    let mut all = PersonalAttribute::ALL.iter();
    all.any(|attribute| attribute.exchange_name() == property.name())
}

/// Attributes of which one property alone is set, to the value that a comparison names.
fn only(property: Property, wanted: &Wanted) -> Option<Attributes> {
    let mut of = Attributes::default();
    match wanted {
        Wanted::Text(text) => of.set(property, text),
        Wanted::Number(number) => of.put(property, Value::Number(*number)),
        Wanted::Nothing | Wanted::Pattern(_) => return None,
    }
    Some(of)
}

/// Why two comparisons never hold together; `None` where they may.
fn clash(a: Literal<'_>, b: Literal<'_>) -> Option<String> {
    let property = a.test.property;
    let has_several = matches!(property.kind(), PropertyType::Texts | PropertyType::Links);
    if property != b.test.property || has_several {
        return None;
    }
    let told = || {
        Some(format!(
            "{} and {} are never true of one recipient",
            a.shown(),
            b.shown()
        ))
    };
    let unset = Attributes::default();
    for (one, other) in [(a, b), (b, a)] {
        if one.operator() != Some(Operator::Eq) {
            continue;
        }
        // One of them names the very value; then the other can be asked about it.
        let of = match one.test.wanted {
            Wanted::Nothing => Some(unset.clone()),
            ref wanted => only(property, wanted),
        };
        if of.is_some_and(|of| !other.fits(&of)) {
            return told();
        }
    }
    let (Wanted::Number(x), Wanted::Number(y)) = (&a.test.wanted, &b.test.wanted) else {
        return None;
    };
    let lower = |operator, n: i64| match operator {
        Some(Operator::Gt) => n.checked_add(1),
        Some(Operator::Ge) => Some(n),
        _ => None,
    };
    let upper = |operator, n: i64| match operator {
        Some(Operator::Lt) => n.checked_sub(1),
        Some(Operator::Le) => Some(n),
        _ => None,
    };
    for (low, high) in [
        (lower(a.operator(), *x), upper(b.operator(), *y)),
        (lower(b.operator(), *y), upper(a.operator(), *x)),
    ] {
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            return told();
        }
    }
    None
}

/// The kinds that these comparisons leave; an error says why there is none.
fn kinds(literals: &[Literal<'_>]) -> Result<(), String> {
    let mut only_groups = false;
    let mut blamed = None;
    for (coarse, fine, is_group) in KINDS {
        let mut of = Attributes::default();
        set_kind(&mut of, coarse, fine);
        let is_kind = |literal: &&Literal<'_>| {
            matches!(literal.test.property.kind(), PropertyType::Choice(_))
        };
        if !literals.iter().filter(is_kind).all(|one| one.fits(&of)) {
            continue;
        }
        let personal = |literal: &&Literal<'_>| is_personal(literal.test.property);
        let mut personal = literals.iter().filter(personal);
        match personal.find(|one| *is_group && !one.fits(&of)) {
            None => return Ok(()),
            Some(literal) => {
                only_groups = true;
                blamed = Some(literal.test.property);
            }
        }
    }
    Err(match blamed.filter(|_| only_groups) {
        Some(property) => format!(
            "only groups are asked for, and groups have no {}",
            property.name()
        ),
        None => {
            let of_kinds = literals
                .iter()
                .filter(|one| matches!(one.test.property.kind(), PropertyType::Choice(_)))
                .map(Literal::shown)
                .collect::<Vec<_>>();
            format!("no kind of recipient here fits {}", of_kinds.join(" and "))
        }
    })
}

struct Prover {
    steps: usize,
}

impl Prover {
    /// Whether a node may be true beside what must hold already; an error says why it never is.
    /// What is too much to look at may be true.
    fn may_hold<'a>(
        &mut self,
        node: &'a Node,
        holds: bool,
        beside: &mut Vec<Literal<'a>>,
    ) -> Result<(), String> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Ok(());
        }
        match (node, holds) {
            (Node::Not(inner), _) => self.may_hold(inner, !holds, beside),
            (Node::Test(test), _) => {
                let literal = Literal { test, holds };
                let known = beside.iter().copied();
                if let Some(why) = known.clone().find_map(|other| clash(other, literal)) {
                    return Err(why);
                }
                beside.push(literal);
                let concerns_kind = matches!(test.property.kind(), PropertyType::Choice(_))
                    || is_personal(test.property);
                if concerns_kind { kinds(beside) } else { Ok(()) }
            }
            (Node::And(parts), true) | (Node::Or(parts), false) => {
                // Plain comparisons first: alternatives are then judged beside all of them.
                let (plain, others): (Vec<_>, Vec<_>) = parts
                    .iter()
                    .partition(|part| !matches!(part, Node::And(_) | Node::Or(_)));
                for part in plain.into_iter().chain(others) {
                    self.may_hold(part, holds, beside)?;
                }
                Ok(())
            }
            (Node::Or(parts), true) | (Node::And(parts), false) => {
                let mut first = None;
                let known = beside.len();
                for part in parts {
                    let result = self.may_hold(part, holds, beside);
                    // What an alternative says holds within it alone.
                    beside.truncate(known);
                    match result {
                        Ok(()) => return Ok(()),
                        Err(why) => first = first.or(Some(why)),
                    }
                }
                first.map_or(Ok(()), Err)
            }
        }
    }
}

/// Every alternative that can never be true, within a filter that can be.
fn dead_alternatives<'a>(
    node: &'a Node,
    beside: &mut Vec<Literal<'a>>,
    prover: &mut Prover,
    told: &mut Vec<String>,
) {
    match node {
        Node::And(parts) => {
            let known = beside.len();
            for part in parts {
                if let Node::Test(test) = part {
                    beside.push(Literal { test, holds: true });
                }
            }
            for part in parts {
                dead_alternatives(part, beside, prover, told);
            }
            beside.truncate(known);
        }
        Node::Or(parts) => {
            for part in parts {
                let known = beside.len();
                let result = prover.may_hold(part, true, beside);
                beside.truncate(known);
                match result {
                    Err(why) => told.push(format!("{part} can never be true: {why}")),
                    Ok(()) => dead_alternatives(part, beside, prover, told),
                }
            }
        }
        Node::Not(_) | Node::Test(_) => {}
    }
}

impl Node {
    fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Comparison)) {
        match self {
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| part.each(visit)),
            Node::Not(part) => part.each(visit),
            Node::Test(comparison) => visit(comparison),
        }
    }
}

/// A value that a filter looks for in one attribute, found in another that it does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unread {
    /// What the filter reads.
    pub read: Property,
    /// Where the value stands instead.
    pub found: Property,
}

/// True for the attributes of the organisation's own.
fn is_custom(property: Property) -> bool {
    property.name().contains("CustomAttribute")
}

impl Filter {
    /// What is to be said about the filter by itself, one sentence each.
    pub fn advice(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut prover = Prover { steps: 0 };
        match prover.may_hold(&self.root, true, &mut Vec::new()) {
            Err(why) => told.push(format!("this can never be true: {why}")),
            Ok(()) => dead_alternatives(&self.root, &mut Vec::new(), &mut prover, &mut told),
        }
        for property in self.properties() {
            let name = property.name();
            // What groups do not have matters where the filter would otherwise let groups in.
            if is_personal(property) && self.may_fit_groups() {
                told.push(format!(
                    "groups have no {name}: for a group it counts as not set"
                ));
            }
        }
        told.sort();
        told.dedup();
        told
    }

    /// Whether what the filter says about kinds leaves any kind of group.
    fn may_fit_groups(&self) -> bool {
        let groups = KINDS.iter().filter(|(_, _, is_group)| *is_group);
        let mut groups = groups.map(|(coarse, fine, _)| {
            let mut of = Attributes::default();
            set_kind(&mut of, coarse, fine);
            of
        });
        groups.any(|of| may_fit(&self.root, &of).0)
    }

    /// Where a recipient has a value that the filter looks for, but in an attribute of the
    /// organisation's own that the filter does not read.
    pub fn unread_in(&self, of: &Attributes) -> Vec<Unread> {
        let reads = self.properties();
        let mut unread = Vec::new();
        self.root.each(&mut |test| {
            let Wanted::Text(wanted) = &test.wanted else {
                return;
            };
            if !is_custom(test.property) {
                return;
            }
            let elsewhere = Property::ALL
                .iter()
                .copied()
                .filter(|property| is_custom(*property) && !reads.contains(property));
            for found in elsewhere {
                let has = match of.get(found) {
                    Some(Value::Text(text)) => text == wanted,
                    Some(Value::Texts(texts)) => texts.contains(wanted),
                    _ => false,
                };
                if has {
                    unread.push(Unread {
                        read: test.property,
                        found,
                    });
                }
            }
        });
        unread.sort_unstable();
        unread.dedup();
        unread
    }
}

/// Whether a node may be true, and whether it may be false, of some recipient of this kind: what it
/// says about anything but the kind may be either.
fn may_fit(node: &Node, kind: &Attributes) -> (bool, bool) {
    match node {
        Node::Test(test) if matches!(test.property.kind(), PropertyType::Choice(_)) => {
            let holds = test.holds(kind);
            (holds, !holds)
        }
        Node::Test(_) => (true, true),
        Node::Not(inner) => {
            let (yes, no) = may_fit(inner, kind);
            (no, yes)
        }
        Node::And(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| may_fit(part, kind)).collect();
            (
                parts.iter().all(|(yes, _)| *yes),
                parts.iter().any(|(_, no)| *no),
            )
        }
        Node::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| may_fit(part, kind)).collect();
            (
                parts.iter().any(|(yes, _)| *yes),
                parts.iter().all(|(_, no)| *no),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let filter: Filter = text.parse().unwrap();
        let told = filter.advice();
        assert_eq!(told.len(), expect.len(), "{told:?}");
        for (told, expect) in told.iter().zip(expect) {
            assert!(told.contains(expect), "{told}");
        }
    }

    #[test]
    fn what_can_never_be_true_is_told_with_its_reason() {
        check(
            "CustomAttribute1 -eq 'a' -and CustomAttribute1 -eq 'b'",
            &["(CustomAttribute1 -eq 'a') and (CustomAttribute1 -eq 'b') are never true of one"],
        );
        check("Name -eq 'a' -and (-not(Name -eq 'A'))", &["never be true"]);
        check("Alias -eq $null -and Alias -like 'a*'", &["never be true"]);
        check(
            "Name -eq 'anna' -and Name -notlike 'a*'",
            &["never be true"],
        );
        check(
            "ResourceCapacity -gt 10 -and ResourceCapacity -lt 11",
            &["never be true"],
        );
        check("ResourceCapacity -ge 10 -and ResourceCapacity -le 10", &[]);
        check(
            "RecipientType -eq 'MailContact' -and RecipientTypeDetails -eq 'RoomMailbox'",
            &["no kind of recipient here fits"],
        );
        check(
            "RecipientType -eq 'PublicFolder'",
            &["no kind of recipient"],
        );
        check(
            "RecipientDisplayType -eq 'ConferenceRoomMailbox' -and RecipientTypeDetails -eq 'UserMailbox'",
            &["no kind of recipient here fits"],
        );
        check("RecipientDisplayType -eq 'ConferenceRoomMailbox'", &[]);
        check("RecipientDisplayType -eq 1073741833", &[]);
        // A recipient may belong to several groups.
        check("MemberOfGroup -eq 'x' -and MemberOfGroup -eq 'y'", &[]);
        check(
            "RecipientType -eq 'DynamicDistributionGroup' -and Department -eq 'Sales'",
            &[
                "groups have no Department: for a group",
                "only groups are asked for, and groups have no Department",
            ],
        );
        // One alternative is dead, the other is not.
        check(
            "RecipientType -eq 'UserMailbox' -and (Name -eq 'x' -or RecipientType -eq 'MailUser')",
            &["(RecipientType -eq 'MailUser') can never be true"],
        );
        // Several values may stand in a list.
        check(
            "ExtensionCustomAttribute1 -eq 'a' -and ExtensionCustomAttribute1 -eq 'b'",
            &[],
        );
    }

    #[test]
    fn what_groups_do_not_have_is_told_where_groups_are_meant() {
        check("Department -eq 'Sales'", &["groups have no Department"]);
        check(
            "Department -ne 'Sales' -and RecipientType -eq 'UserMailbox'",
            &[],
        );
        check("CustomAttribute1 -ne 'Ignore'", &[]);
    }

    #[test]
    fn a_value_in_an_attribute_that_is_not_read_is_seen() {
        let filter = "CustomAttribute1 -ne 'Ignore' -and RecipientType -eq 'UserMailbox'";
        let filter: Filter = filter.parse().unwrap();
        let mut of = Attributes::default();
        of.set(Property::ExtensionCustomAttribute1, "x");
        assert_eq!(filter.unread_in(&of), []);
        of.set(Property::ExtensionCustomAttribute1, "ignore");
        let unread = Unread {
            read: Property::CustomAttribute1,
            found: Property::ExtensionCustomAttribute1,
        };
        assert_eq!(filter.unread_in(&of), [unread]);
        let both = "CustomAttribute1 -ne 'Ignore' -and ExtensionCustomAttribute1 -ne 'Ignore'";
        assert_eq!(both.parse::<Filter>().unwrap().unread_in(&of), []);
    }

    #[test]
    fn a_filter_of_the_largest_size_is_looked_at_in_no_time() {
        let alternatives: Vec<String> = (0..16)
            .map(|n| format!("(Name -eq '{n}' -or Title -eq '{n}')"))
            .collect();
        let text = alternatives.join(" -and ");
        let filter: Filter = text.parse().unwrap();
        assert!(!filter.advice().is_empty());
    }
}
