//! What a change costs in a large directory: one change, a batch, how soon another process and another
//! node know of it, and the first copy of a node. On SQLite, and on a PostgreSQL of its own where one is
//! installed.
//!
//! `cargo run --release -p mailward-store --example scale_bench [RECIPIENTS]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program of measurements"
)]

#[path = "../../testkit/src/cluster.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "the testkit's, which uses this crate itself"
)]
mod cluster;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use mailward_model::{
    EmailAddress, Kind, Object, Revision, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, CommonAttribute, DistributionGroup, Mailbox,
        PersonalAttribute,
    },
};
use mailward_store::{Change, Place, Store};

/// Rounds of what is measured several times; the median is told.
const ROUNDS: usize = 9;
/// Changes of the batch.
const BATCH: usize = 1_000;
/// Persons of each group.
const MEMBERS: usize = 50;

fn address(local: &str) -> EmailAddress {
    format!("{local}@example.org").parse().unwrap()
}

fn employee(n: usize) -> Spec {
    let mut mailbox = Mailbox::new(address(&format!("employee{n}")));
    mailbox.proxy_addresses = vec![address(&format!("e{n}"))];
    let department = ["Sales", "Support", "Board"][n % 3];
    let personal = &mut mailbox.personal;
    personal.set(PersonalAttribute::Department, department);
    personal.set(PersonalAttribute::FirstName, "Anna");
    personal.set(PersonalAttribute::LastName, format!("Berg {n}").as_str());
    if n.is_multiple_of(10) {
        let key = CommonAttribute::CustomAttribute1;
        mailbox.attributes.set(key, "Ignore");
    }
    mailbox.into()
}

/// The recipients of an organisation: persons, and a group for each fifty of them.
fn organisation(recipients: usize) -> Vec<Change> {
    let domain = AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type: AcceptedDomainType::Authoritative,
        include_subdomains: false,
    };
    let mut changes = vec![Change::create("example.org", domain)];
    let persons = recipients - recipients / MEMBERS;
    for n in 0..persons {
        changes.push(Change::create(format!("Employee {n}"), employee(n)));
    }
    for n in 0..recipients / MEMBERS {
        let members = (0..MEMBERS).map(|m| (n * MEMBERS + m) % persons);
        let members = members.map(|m| address(&format!("employee{m}"))).collect();
        let mut group = DistributionGroup::new(address(&format!("group{n}")), members);
        group.managed_by = vec![address(&format!("employee{n}"))];
        changes.push(Change::create(format!("Group {n}"), group));
    }
    changes
}

fn told(engine: &str, what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    let ms = median.as_secs_f64() * 1e3;
    println!("{engine:<10} {what:<52} {ms:>11.2} ms");
}

fn timed<T>(engine: &str, what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    told(engine, what, &mut [began.elapsed()]);
    done
}

fn person(store: &Store, n: usize) -> Object {
    let found = store.get(Kind::Mailbox, &format!("Employee {n}"));
    found.unwrap().expect("it was made")
}

fn turned(object: &Object, title: &str) -> Change {
    let mut spec = object.spec.clone();
    if let Spec::Mailbox(mailbox) = &mut spec {
        mailbox.personal.set(PersonalAttribute::Title, title);
    }
    Change::replace(object, spec)
}

/// Until a store knows of a revision and has read what it did.
fn heard(store: &Store, revision: Revision) {
    while store.revision() < revision {
        std::thread::park_timeout(Duration::from_micros(200));
    }
    let lines = store.changes_since(Revision(revision.0 - 1), 10).unwrap();
    assert!(lines.iter().any(|line| line.revision == revision));
}

fn measure(engine: &str, recipients: usize, here: &Place, elsewhere: &Place) {
    let store = Store::open_at(here).unwrap();
    let changes = organisation(recipients);
    let filled = format!("{recipients} recipients, in one batch");
    timed(engine, &filled, || store.apply(changes, "bench").unwrap());
    let other = timed(engine, "opened elsewhere, the first copy included", || {
        Store::open_at(elsewhere).unwrap()
    });
    timed(engine, "every object read", || {
        assert!(other.all().unwrap().len() > recipients);
    });

    let (mut wrote, mut delivered) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let change = turned(&person(&store, round * 7), "Clerk");
        let began = Instant::now();
        let revision = store.apply(vec![change], "bench").unwrap();
        wrote.push(began.elapsed());
        let after = Instant::now();
        heard(&other, revision);
        delivered.push(after.elapsed());
    }
    told(engine, "one change of a person", &mut wrote);
    told(
        engine,
        "from its end until it was heard of elsewhere",
        &mut delivered,
    );

    let mut wrote = Vec::new();
    for round in 0..ROUNDS {
        let name = format!("new{round}");
        let change = Change::create(name.clone(), Mailbox::new(address(&name)));
        let began = Instant::now();
        store.apply(vec![change], "bench").unwrap();
        wrote.push(began.elapsed());
    }
    told(engine, "one new person", &mut wrote);

    let mut refused = Vec::new();
    for _ in 0..ROUNDS {
        let change = Change::create("twin", Mailbox::new(address("employee5")));
        let began = Instant::now();
        assert!(store.check(vec![change]).is_err());
        refused.push(began.elapsed());
    }
    told(
        engine,
        "a new person with another's address, refused",
        &mut refused,
    );

    let batch = (0..BATCH).map(|n| turned(&person(&store, n), "Boss"));
    let batch: Vec<Change> = batch.collect();
    let what = format!("{BATCH} changes in one batch");
    timed(engine, &what, || store.apply(batch, "bench").unwrap());
    println!("{engine:<10} resident {:.0} MB", resident_mb());
}

fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn database(url: &str, folder: &Path, node: u32) -> Place {
    Place::Database {
        database: Box::new(url.parse().unwrap()),
        copy: folder.join(format!("copy-{node}.db")),
        events: folder.join(format!("events-{node}.db")),
    }
}

fn main() {
    let recipients = std::env::args()
        .nth(1)
        .map_or(100_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = Place::File(folder.path().join("store.db"));
    measure("SQLite", recipients, &file, &file);
    match cluster::Cluster::start(&[]) {
        Ok(cluster) => {
            cluster.database("bench").unwrap();
            let url = cluster.url("bench");
            let places = [1, 2].map(|node| database(&url, folder.path(), node));
            measure("PostgreSQL", recipients, &places[0], &places[1]);
        }
        Err(error) => println!("PostgreSQL is left out: {error}"),
    }
}
