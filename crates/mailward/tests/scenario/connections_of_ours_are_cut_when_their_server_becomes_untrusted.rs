//! A connection that this side keeps open to a directory or to the database of the objects is cut, and
//! told of, as soon as an entry covers what its server had shown; what is known of it stays in force.

use std::time::{Duration, Instant};

use mailward_testkit::cluster::Cluster;
use mailward_tls::ca::{Authority, Leaf};
use serde_json::Value;

use crate::{
    directories::{MANAGER, Slapd, write_secret},
    support::{Node, free_port, objects, wait_for, wait_within},
};

/// A second is what is asked; a machine that does other things gets more.
const AT_ONCE: Duration = Duration::from_secs(5);

fn distrust(node: &Node, file: &str) -> Instant {
    node.ask(&[
        "untrusted",
        "add",
        file,
        "--name",
        "stolen",
        "--reason",
        "a test",
    ]);
    // The command has ended: the change is made, and on its way to the roles.
    Instant::now()
}

/// What a cut of this role says.
fn cut(node: &Node, role: &str) -> Option<Value> {
    let all = node.events_of(role);
    all.into_iter().find(|event| event["number"] == 7011)
}

fn sync_state(node: &Node) -> Value {
    let shown = node.command(&["directory", "sync", "status", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["sources"][0].clone()
}

#[test]
fn of_a_directory_that_is_followed() {
    let slapd = Slapd::start("overlay syncprov");
    slapd.change(
        "dn: uid=anna,ou=people,dc=example,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n\
         cn: Anna\nsn: Example\nuid: anna\nmail: anna@example.test\n\n",
    );
    let node = Node::start(objects);
    let secret = node.path("secret");
    write_secret(&secret, MANAGER.1);
    node.ask(&[
        "directory-source",
        "set",
        "People",
        "type=openldap",
        &format!("servers=localhost:{}", slapd.port),
        "tls=starttls",
        "base=dc=example,dc=test",
        &format!("ca_file={}", slapd.authority.display()),
        &format!("bind_name={}", MANAGER.0),
        &format!("secret_file={}", secret.display()),
    ]);
    wait_for("the directory is followed", || {
        sync_state(&node)["state"] == "following"
    });
    wait_for("its person is here", || {
        node.ask(&["mailbox", "list"]).contains("anna@example.test")
    });
    // Another certificate is nobody's business.
    let other = Authority::new("another one").unwrap();
    let file = node.path("other.pem");
    std::fs::write(&file, other.certificate_pem()).unwrap();
    node.ask(&[
        "untrusted",
        "add",
        file.to_str().unwrap(),
        "--reason",
        "a test",
    ]);
    assert_eq!(sync_state(&node)["state"], "following");
    assert!(cut(&node, "access").is_none());

    let since = distrust(&node, slapd.certificate().to_str().unwrap());
    wait_within(AT_ONCE, "the connection is cut", || {
        cut(&node, "access").is_some()
    });
    println!(
        "the directory's connection was cut after {:?}",
        since.elapsed()
    );
    let told = cut(&node, "access").unwrap();
    assert_eq!(told["fields"]["connector"], "directory source People");
    assert_eq!(told["fields"]["entry"], "stolen", "{told}");
    wait_for("the source says so", || {
        sync_state(&node)["because"]
            .as_str()
            .is_some_and(|because| because.contains("stolen"))
    });
    // Nobody is removed for it, and a new connection is not made.
    assert!(node.ask(&["mailbox", "list"]).contains("anna@example.test"));
    node.ask(&["untrusted", "remove", "stolen"]);
    wait_within(Duration::from_secs(90), "it is followed again", || {
        sync_state(&node)["state"] == "following"
    });
    slapd.change(
        "dn: uid=bo,ou=people,dc=example,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n\
         cn: Bo\nsn: Example\nuid: bo\nmail: bo@example.test\n\n",
    );
    wait_for("who came since is here, and who was", || {
        let list = node.ask(&["mailbox", "list"]);
        list.contains("bo@example.test") && list.contains("anna@example.test")
    });
}

#[test]
fn of_the_database_of_the_objects() {
    let authority = Authority::new("database of the test").unwrap();
    let issue = || authority.issue(&Leaf::new(["localhost"])).unwrap();
    let (first, second) = (issue(), issue());
    let mut cluster = Cluster::start(&[]).unwrap();
    let port = free_port();
    cluster.database("mailward").unwrap();
    cluster
        .serve_tls(port, &first.certificate_pem, &first.key_pem, "trust")
        .unwrap();
    let socket = cluster.url("mailward");
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--store-url", socket.as_str()];
    let mut node = Node::prepare_as(
        folder,
        free_port(),
        "mail.example.test",
        &arguments,
        objects,
    );
    let roots = node.path("roots.pem");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let config = std::fs::read_to_string(node.config()).unwrap();
    let encrypted = format!(
        "postgresql://postgres@localhost:{port}/mailward?hostaddr=127.0.0.1&sslmode=require"
    );
    let config = format!(
        "extra_roots = \"{}\"\n{}",
        roots.display(),
        config.replace(&socket, &encrypted)
    );
    std::fs::write(node.config(), config).unwrap();
    node.serve();

    let connections = || {
        let count = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND application_name = 'mailward'";
        let count = cluster.sql("mailward", count).unwrap();
        count.trim().parse::<u32>().unwrap()
    };
    wait_for("each role is connected under TLS", || connections() >= 4);
    let database = node.json(&["status"])["database"].clone();
    assert_eq!(database["engine"], "postgresql", "{database}");
    assert_eq!(database["reachable"], true, "{database}");
    assert!(database["octets"].as_u64().unwrap() > 1 << 20, "{database}");
    assert!(
        database["copy"]["octets"].as_u64().unwrap() > 0,
        "{database}"
    );
    let page = node.ask(&["status"]);
    assert!(page.contains("PostgreSQL, localhost"), "{page}");

    let file = node.path("first.pem");
    std::fs::write(&file, &first.certificate_pem).unwrap();
    let since = distrust(&node, file.to_str().unwrap());
    wait_within(AT_ONCE, "the connections are cut", || connections() == 0);
    println!(
        "the database's connections were cut after {:?}",
        since.elapsed()
    );
    wait_within(AT_ONCE, "it is told", || cut(&node, "manager").is_some());
    println!("and it was told after {:?}", since.elapsed());
    let told = cut(&node, "manager").unwrap();
    assert_eq!(told["fields"]["connector"], "the database of the objects");
    assert_eq!(told["fields"]["entry"], "stolen", "{told}");
    // What is known stays in force; nothing can be changed until the server shows another one.
    let (code, said) = node.refused(&["untrusted", "remove", "stolen"]);
    assert_eq!(code, 3, "{said}");
    let status = node.json(&["status"])["database"].clone();
    assert_eq!(status["reachable"], false, "{status}");
    let problem = status["problem"].as_str().unwrap();
    assert!(
        problem.contains("is untrusted by its SHA-256: stolen") && !problem.contains("OtherError"),
        "{status}"
    );
    assert!(node.greets());
    cluster
        .show(&second.certificate_pem, &second.key_pem)
        .unwrap();
    cluster.sql("mailward", "SELECT pg_reload_conf()").unwrap();
    wait_for("it is reached again", || {
        node.json(&["status"])["database"]["reachable"] == true
    });
    node.ask(&["untrusted", "remove", "stolen"]);
}
