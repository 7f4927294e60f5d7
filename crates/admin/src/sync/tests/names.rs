//! Names that go over from one recipient to another: in one step where the first goes.

use super::{applied, named, own_mailbox, picture, planned, source, user};

#[test]
fn what_goes_leaves_its_name_in_the_same_step() {
    // An administrator's own mailbox has the short name, so the directory's get the longer one.
    let own = [own_mailbox("Anna", "anna@example.net")];
    let before = picture(&[("1", user("Anna", "anna@example.org", &[]))]);
    let objects = applied(&own, &planned(&source(), &before, &own));
    named(&objects, "Anna (anna@example.org)");
    // The account is deleted and made again: another entry of the same name and address.
    let again = picture(&[("2", user("Anna", "anna@example.org", &[]))]);
    let plan = planned(&source(), &again, &objects);
    assert_eq!(plan.left_out, []);
    assert_eq!((plan.import.removals, plan.recipients), (1, 1));
    let after = applied(&objects, &plan);
    named(&after, "Anna (anna@example.org)");
    assert_eq!(after.len(), 2);
    assert_eq!(planned(&source(), &again, &after).import.changes, []);
}

#[test]
fn what_becomes_another_kind_leaves_its_name_too() {
    let before = picture(&[("1", user("Anna", "anna@example.org", &[]))]);
    let objects = applied(&[], &planned(&source(), &before, &[]));
    // The first one's mailbox moves away, and another one of its name gets a mailbox here.
    let away = ("targetAddress", "SMTP:anna@cloud.example.net");
    let both = picture(&[
        ("1", user("Anna", "anna@example.org", &[away])),
        ("2", user("Anna", "anna.b@example.org", &[])),
    ]);
    let plan = planned(&source(), &both, &objects);
    assert_eq!(plan.left_out, []);
    let after = applied(&objects, &plan);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|object| object.name == "Anna"));
    assert_eq!(planned(&source(), &both, &after).import.changes, []);
}
