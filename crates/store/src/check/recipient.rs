//! Recipients: an address belongs to one of them, and nobody stands for himself in a circle.

use std::collections::HashMap;

use mailward_model::{EmailAddress, FieldError, Object, Spec, kind::AcceptedDomain};

use super::{
    circle::{Knot, knots},
    error, is_monitoring, of, title,
};
use crate::ObjectError;

/// Primary and proxy addresses of a recipient, each with its field; empty for other kinds.
pub(super) fn addresses_of(spec: &Spec) -> Vec<(String, &EmailAddress)> {
    let Some(recipient) = spec.recipient() else {
        return Vec::new();
    };
    let proxies = recipient
        .proxy_addresses()
        .iter()
        .enumerate()
        .map(|(at, address)| (format!("proxy_addresses[{at}]"), address));
    std::iter::once(("address".to_owned(), recipient.address()))
        .chain(proxies)
        .collect()
}

/// Who has an address, as far as the rules ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// Its place in the order of the objects.
    pub(super) at: u64,
    /// Whether only health probes may reach it.
    pub(super) is_monitoring: bool,
}

/// Who has which address; of several the first.
pub(super) trait Owners {
    /// Who has the address of this key.
    fn owner(&self, key: &str) -> Option<Owner>;
}

impl Owners for HashMap<String, Owner> {
    fn owner(&self, key: &str) -> Option<Owner> {
        self.get(key).copied()
    }
}

/// Who has which address of these.
pub(super) fn owners(objects: &[&Object]) -> HashMap<String, Owner> {
    let mut owners = HashMap::new();
    for (at, object) in (0..).zip(objects) {
        for (_, address) in addresses_of(&object.spec) {
            owners.entry(address.key()).or_insert(Owner {
                at,
                is_monitoring: is_monitoring(&object.spec),
            });
        }
    }
    owners
}

/// Two accepted domain objects may not name one domain.
pub(super) fn accepted_domains(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    let mut seen: HashMap<&str, &Object> = HashMap::new();
    for (object, spec) in of::<AcceptedDomain>(objects) {
        if let Some(first) = seen.insert(spec.domain.as_str(), object) {
            errors.push(error(
                object,
                FieldError::new(
                    "domain",
                    format!("{} is named by {} already", spec.domain, title(first)),
                    "remove one of the two",
                ),
            ));
        }
    }
}

/// No two recipients, and no two fields of one, may have an address in common.
pub(super) fn addresses(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    let mut seen: HashMap<String, &Object> = HashMap::new();
    for object in objects.iter().copied() {
        for (field, address) in addresses_of(&object.spec) {
            let Some(first) = seen.insert(address.key(), object) else {
                continue;
            };
            let problem = if std::ptr::eq(first, object) {
                format!("{address} is listed twice")
            } else {
                format!("{address} belongs to {} already", title(first))
            };
            let mend = "remove the address from one of the two";
            errors.push(error(object, FieldError::new(field, problem, mend)));
        }
    }
}

/// What a recipient's mail goes on to: members of a group, or the target of a contact or of a
/// mailbox that keeps no copy. And the field that says so.
pub(super) fn goes_on_to(spec: &Spec) -> (&'static str, Vec<&EmailAddress>) {
    match spec {
        Spec::DistributionGroup(group) => ("members", group.members.iter().collect()),
        Spec::MailContact(contact) => ("external_address", vec![&contact.external_address]),
        Spec::MailUser(user) => ("external_address", vec![&user.external_address]),
        Spec::Mailbox(mailbox) if !mailbox.deliver_and_forward => (
            "forwarding_address",
            mailbox.forwarding_address.iter().collect(),
        ),
        _ => ("", Vec::new()),
    }
}

/// Groups may not contain each other in a circle, nor may forwards lead back to where they began:
/// such mail reaches nobody, or nobody can say whom.
pub(super) fn circles_of(
    objects: &[&Object],
    owners: &HashMap<String, Owner>,
    errors: &mut Vec<ObjectError>,
) {
    let at = |node: u64| usize::try_from(node).ok().and_then(|at| objects.get(at));
    let onward = |node: u64| {
        let addresses = at(node).map(|object| goes_on_to(&object.spec).1);
        let found = addresses.into_iter().flatten();
        found
            .filter_map(|address| Some(owners.owner(&address.key())?.at))
            .collect()
    };
    for knot in knots((0..).take(objects.len()), onward) {
        if let Some(last) = knot.last().and_then(at) {
            let name = |node: u64| at(node).map(|object| object.name.clone());
            errors.extend(circle(last, &knot, owners, name));
        }
    }
}

/// What is said of a knot, to its last object.
pub(super) fn circle(
    last: &Object,
    knot: &Knot,
    owners: &dyn Owners,
    name: impl Fn(u64) -> Option<String>,
) -> Option<ObjectError> {
    let (field, addresses) = goes_on_to(&last.spec);
    let next = knot.way.first();
    let leads = |address: &&&EmailAddress| {
        let owner = owners.owner(&address.key());
        owner.is_some_and(|owner| Some(&owner.at) == next)
    };
    let address = addresses.iter().find(leads)?;
    let way: Vec<String> = knot.way.iter().filter_map(|node| name(*node)).collect();
    Some(error(
        last,
        FieldError::new(
            field,
            format!("{address} closes a circle: {}", way.join(" → ")),
            "remove it here or at another place of the circle",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        ObjectId, Revision,
        kind::{DistributionGroup, MailContact, Mailbox},
    };

    use super::*;

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(0),
            name: name.to_owned(),
            revision: Revision(0),
            spec: spec.into(),
        }
    }

    fn address(local: &str) -> EmailAddress {
        format!("{local}@example.org").parse().unwrap()
    }

    fn group(name: &str, members: &[&str]) -> Object {
        object(
            name,
            DistributionGroup::new(address(name), members.iter().map(|m| address(m)).collect()),
        )
    }

    fn forward(name: &str, to: &str, keep: bool) -> Object {
        let mut mailbox = Mailbox::new(address(name));
        mailbox.forwarding_address = Some(address(to));
        mailbox.deliver_and_forward = keep;
        object(name, mailbox)
    }

    #[track_caller]
    fn check(objects: &[Object], expect: &[&str]) {
        let listed: Vec<&Object> = objects.iter().collect();
        let mut errors = Vec::new();
        accepted_domains(&listed, &mut errors);
        addresses(&listed, &mut errors);
        circles_of(&listed, &owners(&listed), &mut errors);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), expect.len(), "{errors:?}");
        for (error, expect) in errors.iter().zip(expect) {
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn an_address_has_one_owner() {
        let mut anna = Mailbox::new(address("anna"));
        anna.proxy_addresses = vec![address("info"), address("ANNA")];
        let info = MailContact::new(address("Info"), "info@example.net".parse().unwrap());
        check(
            &[object("anna", anna), object("info", info)],
            &[
                "proxy_addresses[1]: ANNA@example.org is listed twice",
                "address: Info@example.org belongs to mailbox \"anna\" already",
            ],
        );
    }

    #[test]
    fn circles_are_named_whole() {
        check(
            &[
                group("a", &["b", "x"]),
                group("b", &["c"]),
                group("c", &["a"]),
                group("d", &["a", "b", "c"]),
            ],
            &["distribution-group \"c\": members: a@example.org closes a circle: a → b → c → a"],
        );
        check(
            &[forward("a", "b", false), forward("b", "a", false)],
            &["forwarding_address: a@example.org closes a circle: a → b → a"],
        );
    }

    #[test]
    fn what_is_no_circle_is_none() {
        check(&[forward("a", "b", true), forward("b", "a", false)], &[]);
        check(
            &[
                group("all", &["x", "y"]),
                group("x", &["m"]),
                group("y", &["m", "x"]),
                group("m", &[]),
            ],
            &[],
        );
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let chain: Vec<_> = (0..50_000)
            .map(|i| group(&format!("g{i}"), &[&format!("g{}", i + 1)]))
            .collect();
        check(&chain, &[]);
    }

    #[test]
    fn a_domain_is_named_once() {
        let domain = || AcceptedDomain {
            domain: "example.org".parse().unwrap(),
            domain_type: Default::default(),
            include_subdomains: false,
        };
        check(
            &[object("one", domain()), object("two", domain())],
            &["accepted-domain \"two\": domain: example.org is named by accepted-domain \"one\""],
        );
    }
}
