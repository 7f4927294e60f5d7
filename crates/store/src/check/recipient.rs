//! Recipients: an address belongs to one of them, and nobody stands for himself in a circle.

use std::collections::{HashMap, HashSet};

use mailward_model::{EmailAddress, FieldError, Object, Spec, kind::AcceptedDomain};

use super::{error, of, title};
use crate::ObjectError;

/// Primary and proxy addresses of a recipient, each with its field; empty for other kinds.
pub(super) fn addresses_of(object: &Object) -> Vec<(String, &EmailAddress)> {
    let Some(recipient) = object.spec.recipient() else {
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

/// Who has which address.
pub(super) fn owners(objects: &[Object]) -> HashMap<String, &Object> {
    let mut owners = HashMap::new();
    for object in objects {
        for (_, address) in addresses_of(object) {
            owners.entry(address.key()).or_insert(object);
        }
    }
    owners
}

/// Two accepted domain objects may not name one domain.
pub(super) fn accepted_domains(objects: &[Object], errors: &mut Vec<ObjectError>) {
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
pub(super) fn addresses(objects: &[Object], errors: &mut Vec<ObjectError>) {
    let mut seen: HashMap<String, &Object> = HashMap::new();
    for object in objects {
        for (field, address) in addresses_of(object) {
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
fn goes_on_to(object: &Object) -> (&'static str, Vec<&EmailAddress>) {
    match &object.spec {
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
pub(super) fn circles(objects: &[Object], errors: &mut Vec<ObjectError>) {
    let owners = owners(objects);
    let mut done: HashSet<u64> = HashSet::new();
    for start in objects {
        // A walk over a stack of its own: a chain may be as long as there are objects.
        let mut path: Vec<(&Object, Vec<&EmailAddress>)> = Vec::new();
        let mut on_path: HashSet<u64> = HashSet::new();
        if next_is_empty(start) || done.contains(&key(start)) {
            continue;
        }
        path.push((start, goes_on_to(start).1));
        on_path.insert(key(start));
        while let Some((object, waiting)) = path.last_mut() {
            let object = *object;
            let Some(address) = waiting.pop() else {
                done.insert(key(object));
                on_path.remove(&key(object));
                path.pop();
                continue;
            };
            let Some(next) = owners.get(&address.key()) else {
                continue;
            };
            if on_path.contains(&key(next)) {
                let (field, _) = goes_on_to(object);
                let way: Vec<_> = path
                    .iter()
                    .map(|(object, _)| *object)
                    .skip_while(|object| key(object) != key(next))
                    .chain(std::iter::once(*next))
                    .map(|object| object.name.as_str())
                    .collect();
                errors.push(error(
                    object,
                    FieldError::new(
                        field,
                        format!("{address} closes a circle: {}", way.join(" → ")),
                        "remove it here or at another place of the circle",
                    ),
                ));
            } else if !next_is_empty(next) && !done.contains(&key(next)) {
                on_path.insert(key(next));
                path.push((*next, goes_on_to(next).1));
            }
        }
    }
}

fn next_is_empty(object: &Object) -> bool {
    goes_on_to(object).1.is_empty()
}

/// Identity within one list: ids of objects that are yet to be stored are all alike.
fn key(object: &Object) -> u64 {
    std::ptr::from_ref(object).addr() as u64
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
        let mut errors = Vec::new();
        accepted_domains(objects, &mut errors);
        addresses(objects, &mut errors);
        circles(objects, &mut errors);
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
