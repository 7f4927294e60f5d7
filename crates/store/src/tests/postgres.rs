//! PostgreSQL as an engine: the contract's fixture, and what is this engine's alone. Each test has a
//! cluster of its own.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use mailward_host::fake::clock::FakeClock;
use mailward_model::{Kind, Revision};

use super::{
    attempts::does_what_its_model_does,
    cluster::Cluster,
    contract::{CLAUSES, Fixture, get, mailbox, wait_for},
};
use crate::{ApplyError, Change, Database, OpenError, Place, Standing, Store};

struct Postgres<'a> {
    cluster: &'a Cluster,
    name: &'a str,
    dir: tempfile::TempDir,
    clock: Arc<FakeClock>,
    nodes: AtomicU32,
}

impl<'a> Postgres<'a> {
    fn new(cluster: &'a Cluster, name: &'a str) -> Postgres<'a> {
        cluster.database(name).unwrap();
        Postgres {
            cluster,
            name,
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(FakeClock::new(1_000)),
            nodes: AtomicU32::new(0),
        }
    }

    fn copy(&self, node: u32) -> PathBuf {
        self.dir.path().join(format!("copy-{node}.db"))
    }

    fn place(&self, node: u32) -> Place {
        Place::Database {
            database: Box::new(self.cluster.url(self.name).parse().unwrap()),
            copy: self.copy(node),
            events: self.dir.path().join(format!("events-{node}.db")),
        }
    }

    fn open_on(&self, node: u32) -> Result<Store, OpenError> {
        Store::open_with(&self.place(node), self.clock.clone())
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(self.name, sql).unwrap()
    }
}

impl Fixture for Postgres<'_> {
    fn try_open(&self) -> Result<Store, OpenError> {
        self.open_on(0)
    }

    fn try_open_elsewhere(&self) -> Result<Store, OpenError> {
        self.open_on(self.nodes.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn clock(&self) -> &FakeClock {
        &self.clock
    }

    fn insert(&self, kind: &str, name: &str, spec: &str) {
        self.sql(&format!(
            "WITH head AS (UPDATE mailward.head SET revision = revision + 1, id = id + 1 RETURNING *),
               object AS (INSERT INTO mailward.object
                 SELECT id, '{kind}', '{name}', lower('{name}'), revision, '{spec}' FROM head)
             INSERT INTO mailward.change
               SELECT revision, '{kind}', id, '{name}', 'create', NULL, '{spec}', 0, 'x' FROM head"
        ));
    }

    fn set_layout(&self, layout: i64) {
        self.sql(&format!("UPDATE mailward.head SET layout = {layout}"));
    }
}

fn create(name: &str) -> Change {
    Change::create(name, mailbox(name))
}

#[track_caller]
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The objects in the database, as they follow from its feed: whether both say the same.
const DIFFERENCE: &str = "
    WITH last AS (SELECT DISTINCT ON (id) * FROM mailward.change ORDER BY id, revision DESC),
      due AS (SELECT id, kind, name, revision, spec_after AS spec FROM last WHERE spec_after IS NOT NULL),
      found AS (SELECT id, kind, name, revision, spec FROM mailward.object)
    (TABLE due EXCEPT TABLE found) UNION ALL (TABLE found EXCEPT TABLE due)";

#[test]
fn one_node_leads_and_another_one_when_it_is_gone() {
    let cluster = Cluster::start(&[]).unwrap();
    let postgres = Postgres::new(&cluster, "lead");
    let [one, other] = [1, 2].map(|node| postgres.open_on(node).unwrap());
    assert!(one.lead("work").unwrap());
    assert!(!other.lead("work").unwrap());
    assert!(one.lead("work").unwrap(), "it goes on");
    assert!(other.lead("other work").unwrap(), "of each work one");
    drop(one);
    wait("the other one leads", || other.lead("work").unwrap());
    // A connection that ends is no more, whoever ended it.
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'lead'");
    let third = postgres.open_on(3).unwrap();
    wait("one of them leads again", || {
        [&other, &third]
            .iter()
            .any(|store| store.lead("work").unwrap_or(false))
    });
}

#[test]
fn postgres_keeps_the_contract() {
    let cluster = Cluster::start(&[]).unwrap();
    for (name, clause) in CLAUSES {
        println!("{name}");
        let fixture = Postgres::new(&cluster, name);
        clause(&fixture);
        assert_eq!(fixture.sql(DIFFERENCE), "", "{name}");
    }
    let fixture = Postgres::new(&cluster, "model");
    does_what_its_model_does(12, || {
        fixture.sql("DROP SCHEMA IF EXISTS mailward CASCADE");
        fixture.open_elsewhere()
    });
}

#[test]
fn a_change_that_is_committed_late_is_left_out_by_nobody() {
    let cluster = Cluster::start(&[]).unwrap();
    let fixture = Postgres::new(&cluster, "late");
    let (writer, reader) = (fixture.open(), fixture.open_elsewhere());
    std::thread::scope(|scope| {
        // Somebody holds revision 3 for a second before he commits it.
        let slow = scope.spawn(|| {
            fixture.sql(
                "BEGIN; SELECT FROM mailward.head FOR UPDATE;
                 INSERT INTO mailward.change VALUES (3, 'mailbox', 3, 'slow', 'create', NULL,
                   '{\"address\":\"slow@example.org\"}', 0, 'slow');
                 INSERT INTO mailward.object VALUES (3, 'mailbox', 'slow', 'slow', 3,
                   '{\"address\":\"slow@example.org\"}');
                 UPDATE mailward.head SET revision = 3, id = 3;
                 SELECT pg_sleep(1); COMMIT",
            )
        });
        let holds = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT FROM%'
                     AND wait_event = 'PgSleep'";
        wait("the slow one holds it", || fixture.sql(holds).trim() == "1");
        let fast = writer.apply(vec![create("fast")], "fast").unwrap();
        assert_eq!(fast, Revision(4), "he waited, and got the next number");
        slow.join().unwrap();
    });
    let mut seen = 0;
    while seen < 4 {
        for change in reader.changes_since(Revision(seen), 10).unwrap() {
            assert_eq!(change.revision, Revision(seen + 1));
            seen += 1;
        }
    }
    assert_eq!(get(&reader, "slow").id.0, 3);
}

#[test]
fn news_come_at_once_and_without_a_notification_within_a_second() {
    let cluster = Cluster::start(&[]).unwrap();
    let fixture = Postgres::new(&cluster, "news");
    let (here, there) = (fixture.open(), fixture.open_elsewhere());
    let mut slowest = Duration::ZERO;
    for n in 0..20 {
        let made = here.apply(vec![create(&n.to_string())], "x").unwrap();
        let started = Instant::now();
        wait("the other node knows", || there.revision() >= made);
        slowest = slowest.max(started.elapsed());
    }
    println!("slowest of 20 notified changes: {slowest:?}");
    // What the issue asks is a second; this is the bound for a machine that does other things.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    fixture.insert("mailbox", "silent", "{\"address\":\"silent@example.org\"}");
    let started = Instant::now();
    wait("the other node looks", || {
        there.get(Kind::Mailbox, "silent").unwrap().is_some()
    });
    println!("a change without a notification: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_killed_backend_leaves_nothing_half_done() {
    let cluster = Cluster::start(&[]).unwrap();
    let fixture = Postgres::new(&cluster, "killed");
    let stores = [fixture.open(), fixture.open_elsewhere()];
    let over = AtomicBool::new(false);
    let acknowledged = std::thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(writer, store)| {
                let over = &over;
                scope.spawn(move || {
                    let mut done = BTreeSet::new();
                    for batch in 0.. {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        let name = |part| format!("{writer}-{batch}-{part}");
                        let changes = (0..3).map(|part| create(&name(part))).collect();
                        match store.apply(changes, "x") {
                            Ok(_) => drop(done.insert(format!("{writer}-{batch}"))),
                            // Away or in doubt: whichever it is, it is looked at below.
                            Err(ApplyError::Away { .. } | ApplyError::Database { .. }) => {
                                std::thread::park_timeout(Duration::from_millis(20));
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                    done
                })
            })
            .collect();
        for round in 1..=8 {
            wait("a process is killed", || {
                cluster.kill_a_backend().unwrap_or(false)
            });
            cluster.wait_until_ready().unwrap();
            // Somebody writes again before the next is killed.
            let known = stores.iter().map(Store::revision).max().unwrap();
            wait(&format!("written again in round {round}"), || {
                stores.iter().any(|store| store.revision() > known)
            });
        }
        over.store(true, Ordering::Relaxed);
        let done = writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap());
        done.collect::<BTreeSet<String>>()
    });
    let last: u64 = fixture
        .sql("SELECT revision FROM mailward.head")
        .trim()
        .parse()
        .unwrap();
    let fresh = fixture.open_elsewhere();
    let feed = fresh.changes_since(Revision(0), usize::MAX).unwrap();
    let numbers: Vec<u64> = feed.iter().map(|change| change.revision.0).collect();
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "no gap");
    assert_eq!(fixture.sql(DIFFERENCE), "");
    let mut parts = std::collections::BTreeMap::new();
    for object in fresh.list(Kind::Mailbox).unwrap() {
        let (batch, _) = object.name.rsplit_once('-').unwrap();
        *parts.entry(batch.to_owned()).or_insert(0) += 1;
    }
    assert!(parts.values().all(|count| *count == 3), "{parts:?}");
    for batch in &acknowledged {
        assert!(parts.contains_key(batch), "{batch} was acknowledged");
    }
    println!(
        "{} batches acknowledged, {} there",
        acknowledged.len(),
        parts.len()
    );
    for store in &stores {
        wait_for(store, Revision(last));
        assert_eq!(store.all().unwrap(), fresh.all().unwrap());
    }
}

#[test]
fn a_node_goes_on_with_its_copy_while_the_database_is_away() {
    let mut cluster = Cluster::start(&[]).unwrap();
    let url = cluster.database("away").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| Place::Database {
        database: Box::new(url.parse().unwrap()),
        copy: dir.path().join(format!("{name}.db")),
        events: dir.path().join(format!("{name}-events.db")),
    };
    let store = Store::open_at(&place("here")).unwrap();
    store.apply(vec![create("a")], "x").unwrap();
    let seen = store.all_at().unwrap();
    cluster.stop().unwrap();
    wait("it is noticed", || {
        *store.standing().borrow() != Standing::Here
    });
    assert_eq!(store.all_at().unwrap(), seen);
    let started = Instant::now();
    let refused = store.apply(vec![create("b")], "x").unwrap_err();
    assert!(matches!(refused, ApplyError::Away { .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("away") && text.contains("5041"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(2), "nobody waits");
    assert!(store.write_test().is_err());
    // A process that starts now has the copy; a node that has none cannot.
    let second = Store::open_at(&place("here")).unwrap();
    assert_eq!(second.all_at().unwrap(), seen);
    let Standing::Away { error, cut: None } = second.standing().borrow().clone() else {
        panic!("it is away");
    };
    assert!(error.contains("connect"), "{error}");
    let none = Store::open_at(&place("elsewhere"));
    assert!(matches!(none, Err(OpenError::Database { .. })), "{none:?}");

    cluster.run().unwrap();
    for store in [&store, &second] {
        wait("it is back", || {
            *store.standing().borrow() == Standing::Here
        });
    }
    let made = store.apply(vec![create("b")], "x").unwrap();
    wait_for(&second, made);
    assert_eq!(get(&second, "b").revision, made);
}

#[test]
fn a_copy_of_another_database_or_past_is_begun_anew() {
    let cluster = Cluster::start(&[]).unwrap();
    let fixture = Postgres::new(&cluster, "past");
    let store = fixture.open();
    for name in ["a", "b", "c"] {
        store.apply(vec![create(name)], "x").unwrap();
    }
    // As if a backup had been put back in which `c` was not yet, and something else was done then.
    fixture.sql(
        "DELETE FROM mailward.object WHERE name = 'c'; DELETE FROM mailward.change WHERE name = 'c';
         UPDATE mailward.head SET revision = 4, id = 4",
    );
    let names = |store: &Store| -> Vec<String> {
        let objects = store.list(Kind::Mailbox).unwrap();
        objects.into_iter().map(|object| object.name).collect()
    };
    wait("the running store notices", || names(&store) == ["a", "b"]);
    assert_eq!(
        store.revision(),
        Revision(4),
        "and tells a smaller revision"
    );
    let other = fixture.open_elsewhere();
    other.apply(vec![create("d")], "x").unwrap();
    wait("it follows", || names(&store) == ["a", "b", "d"]);
    drop((store, other));

    let other = Postgres::new(&cluster, "other");
    other.open().apply(vec![create("z")], "x").unwrap();
    fs::copy(fixture.copy(0), other.copy(7)).unwrap();
    let store = other.open_on(7).unwrap();
    assert_eq!(names(&store), ["z"]);
}

#[test]
fn a_password_and_the_objects_travel_encrypted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut cluster = Cluster::start(&[]).unwrap();
    cluster.database("tls").unwrap();
    let key = made.signing_key.serialize_pem();
    cluster
        .serve_tls(port, &made.cert.pem(), &key, "scram-sha-256")
        .unwrap();
    cluster
        .sql(
            "tls",
            "CREATE USER mw PASSWORD 'correct horse'; GRANT CREATE ON DATABASE tls TO mw",
        )
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (roots, password) = (dir.path().join("roots.pem"), dir.path().join("password"));
    fs::write(&roots, made.cert.pem()).unwrap();
    fs::write(&password, "correct horse\n").unwrap();
    let open = |url: &str, roots: Option<&PathBuf>, node: &str| {
        let database: Database = url.parse().unwrap();
        Store::open_at(&Place::Database {
            database: Box::new(
                database
                    .with_password_file(Some(password.clone()))
                    .with_extra_roots(roots.cloned()),
            ),
            copy: dir.path().join(format!("{node}.db")),
            events: dir.path().join(format!("{node}-events.db")),
        })
    };
    let url = format!("postgresql://mw@localhost:{port}/tls?hostaddr=127.0.0.1&sslmode=require");
    let store = open(&url, Some(&roots), "a").unwrap();
    store.apply(vec![create("a")], "x").unwrap();
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND application_name = 'mailward'";
    assert_eq!(cluster.sql("tls", encrypted).unwrap().trim(), "1");

    fs::write(&password, "wrong horse\n").unwrap();
    let told = |url: &str, roots, node: &str| {
        let error = open(url, roots, node).unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(one) = cause {
            text = format!("{text}: {one}");
            cause = one.source();
        }
        text
    };
    let error = told(&url, Some(&roots), "b");
    assert!(error.contains("password authentication failed"), "{error}");
    assert!(!error.contains("horse"), "{error}");
    // A server that nobody vouches for is told no password.
    let error = told(&url, None, "c");
    assert!(error.contains("certificate: UnknownIssuer"), "{error}");
    // Nor is one that is untrusted by name, whoever vouches for it.
    static UNTRUSTED: AtomicBool = AtomicBool::new(true);
    crate::doubt_databases(|path| match path.first() {
        Some(_) if UNTRUSTED.load(Ordering::SeqCst) => {
            Err(rustls::Error::General("untrusted by name".to_owned()))
        }
        _ => Ok(()),
    });
    let error = told(&url, Some(&roots), "d");
    assert!(error.contains("untrusted by name"), "{error}");
    // A connection that stands is cut when what was shown in it becomes so.
    UNTRUSTED.store(false, Ordering::SeqCst);
    fs::write(&password, "correct horse\n").unwrap();
    let standing = store.standing();
    wait("it is connected", || *standing.borrow() == Standing::Here);
    UNTRUSTED.store(true, Ordering::SeqCst);
    let since = Instant::now();
    let cut = || match &*standing.borrow() {
        Standing::Away { cut, .. } => cut.clone(),
        Standing::Here => None,
    };
    wait("it is cut", || cut().is_some());
    println!("cut after {:?}", since.elapsed());
    assert_eq!(cut().unwrap()[0], *made.cert.der());
    wait("nobody is connected", || {
        cluster.sql("tls", encrypted).unwrap().trim() == "0"
    });
    assert!(store.octets().is_err());
    UNTRUSTED.store(false, Ordering::SeqCst);
    wait("it is back", || *standing.borrow() == Standing::Here);
    assert!(store.octets().unwrap() > 1 << 20);
    assert!(store.own_file().1 > 0);
}
