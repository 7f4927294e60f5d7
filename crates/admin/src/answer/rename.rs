//! Whether an object may get another name: nothing may be left behind that goes by the old one.
//!
//! What the store itself would find broken (a filter that names a group) it refuses; here is what it
//! cannot see.

use mailward_api::fault::{Fault, FaultKind};
use mailward_model::{Object, kind::PersonalAttribute};

/// Objects that an error names.
const NAMED_MAX: usize = 10;

/// Refuses another name for an object of a kind whose names are used elsewhere, or that others name
/// as their manager.
pub(super) fn check(objects: &[Object], object: &Object) -> Result<(), Fault> {
    let kind = object.spec.kind();
    if !kind.may_be_renamed() {
        return Err(Fault::new(
            FaultKind::Refused,
            format!(
                "{} keep their names: files, queues or holds go by the name, not by the object alone",
                kind.plural()
            ),
            format!(
                "set display_name, where it has one; or create a {} of the other name and remove this one",
                kind.noun()
            ),
        )
        .at("rename"));
    }
    let names_it = |other: &&Object| {
        let personal = other.spec.recipient().and_then(|one| one.personal());
        let manager = personal.and_then(|all| all.text(PersonalAttribute::Manager));
        manager.is_some_and(|name| name.eq_ignore_ascii_case(&object.name))
    };
    let is_recipient = object.spec.recipient().is_some();
    let by: Vec<&str> = objects
        .iter()
        .filter(|_| is_recipient)
        .filter(names_it)
        .map(|other| other.name.as_str())
        .collect();
    if by.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = by.iter().copied().take(NAMED_MAX).collect();
    let more = match by.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(Fault::new(
        FaultKind::Refused,
        format!(
            "{:?} is the manager of {}{more}, which name it so",
            object.name,
            named.join(", ")
        ),
        "set their manager first, or take it out",
    )
    .at("rename"))
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        ObjectId, Revision, Spec,
        kind::{MailContact, Mailbox},
    };

    use super::*;

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(1),
            name: name.to_owned(),
            revision: Revision(1),
            spec: spec.into(),
        }
    }

    #[test]
    fn what_others_go_by_keeps_its_name() {
        let contact = || {
            MailContact::new(
                "c@example.org".parse().unwrap(),
                "c@example.net".parse().unwrap(),
            )
        };
        let mut anna = Mailbox::new("anna@example.org".parse().unwrap());
        anna.personal.set(PersonalAttribute::Manager, "BOSS");
        let objects = [
            object("anna", anna),
            object("Boss", contact()),
            object("C", contact()),
        ];
        assert_eq!(check(&objects, &objects[2]), Ok(()));
        let fault = check(&objects, &objects[1]).unwrap_err();
        assert!(fault.error.contains("manager of anna"), "{fault}");
        let fault = check(&objects, &objects[0]).unwrap_err();
        assert!(
            fault.error.contains("mailboxes keep their names"),
            "{fault}"
        );
    }
}
