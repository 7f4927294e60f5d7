//! What dynamic groups cost: made ready for the first time, a change of one recipient, a change of
//! a filter, and expanding a group for a message. One core.
//!
//! `cargo run --release -p mailward-directory --example group_bench [RECIPIENTS]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program of measurements"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use mailward_directory::{Directory, DynamicGroups, filter::Times};
use mailward_model::{
    EnvelopeRecipient, Object, ObjectId, Revision, Spec,
    kind::{
        CommonAttribute, DistributionGroup, DynamicDistributionGroup, Mailbox, PersonalAttribute,
    },
};

/// Messages to the group that are measured.
const EXPANSIONS: usize = 21;

fn object(id: u64, name: String, revision: u64, spec: Spec) -> Object {
    Object {
        id: ObjectId(id),
        name,
        revision: Revision(revision),
        spec,
    }
}

fn employee(n: u64, revision: u64) -> Object {
    let mut mailbox = Mailbox::new(format!("employee{n}@example.org").parse().unwrap());
    let department = ["Sales", "Support", "Board"][usize::try_from(n % 3).unwrap()];
    mailbox
        .personal
        .set(PersonalAttribute::Department, department);
    if (n + revision).is_multiple_of(10) {
        let key = CommonAttribute::CustomAttribute1;
        mailbox.attributes.set(key, "Ignore");
    }
    object(n, format!("Employee {n}"), revision, mailbox.into())
}

fn group(id: u64, filter: &str, revision: u64) -> Object {
    let address = format!("group{id}@example.org").parse().unwrap();
    let group = DynamicDistributionGroup::new(address, filter.parse().unwrap());
    object(id, format!("Group {id}"), revision, group.into())
}

/// A group that lists fifty, from one of a number on.
fn listing(id: u64, from: u64, revision: u64) -> Object {
    let members = (from..from + 50).map(|n| format!("employee{n}@example.org").parse().unwrap());
    let address = format!("group{id}@example.org").parse().unwrap();
    let group = DistributionGroup::new(address, members.collect());
    object(id, format!("Group {id}"), revision, group.into())
}

fn timed<T>(what: &str, per: Option<u64>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = black_box(work());
    let took = began.elapsed();
    let each = per.map_or(String::new(), |per| {
        format!("{:.0}", took.as_secs_f64() * 1e9 / per as f64)
    });
    println!("| {what} | {:.3} | {each} |", took.as_secs_f64() * 1e3);
    done
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000u64);
    let mut objects: Vec<Object> = (1..=count).map(|n| employee(n, 1)).collect();
    objects.push(group(
        count + 1,
        "(CustomAttribute1 -ne 'Ignore') -and (RecipientType -eq 'UserMailbox')",
        1,
    ));
    let mut groups = DynamicGroups::default();
    println!("{count} recipients, one core\n");
    println!("| what | ms | ns each |");
    println!("|---|---|---|");
    timed(
        "recipients made ready and one filter evaluated",
        Some(count),
        || {
            groups.update(&objects, Revision(1), Times::default());
        },
    );
    let another = [group(count + 2, "Department -eq 'Sales'", 2)];
    timed(
        "another group: its filter asked of everybody",
        Some(count),
        || {
            groups.change(&another, &[], Revision(2));
        },
    );
    objects.extend(another);
    let edits: Vec<Object> = (1..=1_000).map(|n| employee(n, n + 2)).collect();
    timed("1000 recipients changed, one by one", Some(1_000), || {
        for one in &edits {
            groups.change([one], &[], one.revision);
        }
    });
    for one in edits {
        let at = usize::try_from(one.id.0 - 1).unwrap();
        objects[at] = one;
    }
    timed(
        "looking through all objects for what changed",
        Some(count),
        || {
            groups.update(&objects, Revision(2_000), Times::default());
        },
    );
    let lists = [
        listing(count + 3, 1, 3_000),
        group(
            count + 4,
            &format!("MemberOfGroup -eq 'Group {}'", count + 3),
            3_000,
        ),
    ];
    objects.extend(lists);
    timed(
        "a filter asks which groups list a recipient, for the first time",
        Some(count),
        || {
            groups.update(&objects, Revision(3_000), Times::default());
        },
    );
    timed(
        "1000 times fifty listed members are others, one by one",
        Some(1_000),
        || {
            for n in 1..=1_000 {
                let changed = listing(count + 3, n * 60 % (count - 50), 3_000 + n);
                groups.change([&changed], &[], changed.revision);
            }
        },
    );
    let directory = timed("the index built, its groups among it", Some(count), || {
        Directory::build_with(&objects, &groups)
    });
    let to = [EnvelopeRecipient::new(
        format!("group{}@example.org", count + 2).parse().unwrap(),
    )];
    let resolution = timed(
        "a message's group expanded, for the first time",
        None,
        || directory.resolve(&to, None),
    );
    let members = resolution.recipients.len();
    let mut took: Vec<Duration> = (0..EXPANSIONS)
        .map(|_| {
            let began = Instant::now();
            black_box(directory.resolve(black_box(&to), None));
            began.elapsed()
        })
        .collect();
    took.sort();
    let median = took[EXPANSIONS / 2];
    println!(
        "| a message's group expanded, median of {EXPANSIONS} | {:.3} | {:.0} |",
        median.as_secs_f64() * 1e3,
        median.as_secs_f64() * 1e9 / members as f64
    );
    println!(
        "\n{members} members got each message; {} failed. The last line is the expansion of the one \
         group of one message, and its share for each member; no filter was asked.",
        resolution.failures.len()
    );
}
