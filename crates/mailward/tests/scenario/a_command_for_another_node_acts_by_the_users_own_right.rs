//! A command that is given on one node for another acts there by the right of the person who gave it:
//! it is recorded there with both names, and refused where the machine or the person may not. Only what
//! the policy lists goes on as the machine, and never for an account that has ended.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    sync::Arc,
};

use mailward_model::kind::{OutboundTls, TlsAuthLevel};
use mailward_tls::{ClientTls, NodeTls, Roots};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use serde_json::Value;

use crate::support::{Node, free_port, http_get, mailward, objects, text, wait_for};

const ONE: &str = "mx1.example.test";
const TWO: &str = "mx2.example.test";

/// Two nodes that know each other; people are known on the second.
pub(crate) struct Pair {
    authority: tempfile::TempDir,
    pub(crate) one: Node,
    pub(crate) two: Node,
    /// Where the second is asked.
    port: u16,
}

/// Names somebody else than who runs it: only root may.
pub(crate) fn is_root() -> bool {
    let root = nix::unistd::Uid::effective().is_root();
    if !root {
        eprintln!("this test needs root, to speak for others");
    }
    root
}

fn issue(authority: &tempfile::TempDir, name: &str) {
    let dir = authority.path();
    let issued = mailward()
        .args(["authority", "issue", name])
        .args(["--dir".as_ref(), dir.join("ca").as_os_str()])
        .args(["--to".as_ref(), dir.join(name).as_os_str()])
        .output()
        .unwrap();
    assert!(issued.status.success(), "{}", text(&issued));
}

fn certificate(authority: &tempfile::TempDir, name: &str) -> (PathBuf, PathBuf) {
    let dir = authority.path().join(name);
    (dir.join(format!("{name}.pem")), dir.join("authority.pem"))
}

fn node(authority: &tempfile::TempDir, name: &str, listen: Option<u16>, more: &str) -> Node {
    issue(authority, name);
    let folder = tempfile::tempdir().unwrap();
    let node = Node::prepare_as(folder, free_port(), name, &[], |port| {
        format!("{}{more}", objects(port))
    });
    let (certificate, root) = certificate(authority, name);
    let listen = listen.map_or_else(String::new, |port| {
        format!("listen = \"127.0.0.1:{port}\"\n")
    });
    let mut config = std::fs::read_to_string(node.config()).unwrap();
    config.push_str(&format!(
        "\n[remote]\n{listen}certificate_file = \"{}\"\nauthority_file = \"{}\"\n",
        certificate.display(),
        root.display()
    ));
    std::fs::write(node.config(), config).unwrap();
    node
}

pub(crate) fn pair(of_one: &str, of_two: &str) -> Pair {
    let authority = tempfile::tempdir().unwrap();
    let port = free_port();
    let knows = format!("[[node]]\nname = \"{TWO}\"\nendpoint = \"127.0.0.1:{port}\"\n{of_one}");
    let people = r#"
[[administrator]]
name = "anna"
role_groups = ["organization_management"]

[[administrator]]
name = "vera"
role_groups = ["view_only_organization_management"]

[[administrator]]
name = "dora"
enabled = false
role_groups = ["organization_management"]

[[administrator]]
name = "rolf"
revoked = true
role_groups = ["organization_management"]
"#;
    let mut pair = Pair {
        one: node(&authority, ONE, None, &knows),
        two: node(&authority, TWO, Some(port), &format!("{people}{of_two}")),
        authority,
        port,
    };
    pair.one.serve();
    pair.two.serve();
    wait_for("the second node listens for nodes", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    });
    pair
}

pub(crate) fn trusted() -> String {
    format!("\n[[node]]\nname = \"{ONE}\"\ntrusted_for_delegation = true\n")
}

impl Pair {
    /// A command on the first node for the second.
    pub(crate) fn far<'a>(user: &'a str, words: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["--node", TWO, "--as", user];
        all.extend(words);
        all
    }

    fn refused(&self, user: &str, words: &[&str]) -> (i32, String) {
        self.one.refused(&Pair::far(user, words))
    }
}

/// Records of a node's audit log.
fn audit(node: &Node, more: &[&str]) -> Vec<Value> {
    let mut words = vec!["audit", "list"];
    words.extend(more);
    node.json(&words)["records"].as_array().unwrap().clone()
}

fn last_event(node: &Node, number: u64) -> Value {
    let mut found = Value::Null;
    wait_for(&format!("event {number}"), || {
        let all = node.events_of("access");
        let last = all.into_iter().rfind(|event| event["number"] == number);
        found = last.unwrap_or_default();
        !found.is_null()
    });
    found
}

#[test]
fn and_is_recorded_there_with_both_names() {
    if !is_root() {
        return;
    }
    let pair = pair("", &trusted());
    let set = ["mailbox", "set", "berta", "address=berta@example.test"];
    pair.one.ask(&Pair::far("anna", &set));
    assert!(
        pair.two
            .ask(&["mailbox", "list"])
            .contains("berta@example.test")
    );
    assert!(!pair.one.ask(&["mailbox", "list"]).contains("berta"));
    let records = audit(&pair.two, &["--user", "anna"]);
    let [record] = records.as_slice() else {
        panic!("{records:?}");
    };
    for (field, expect) in [
        ("node", TWO),
        ("on_behalf_of", "anna"),
        ("machine", ONE),
        ("acted_as", "user"),
        ("operation", "mailbox set"),
        ("right", "recipients"),
        ("result", "done"),
    ] {
        assert_eq!(record[field], expect, "{field}: {record}");
    }
    assert_eq!(record["parameters"]["name"], "berta");
    assert!(
        record["from"].as_str().unwrap().contains("process"),
        "{record}"
    );
    let applied = last_event(&pair.two, 5001);
    assert_eq!(
        applied["fields"]["by"],
        format!("anna on {ONE}"),
        "{applied}"
    );
    // The first node knows what it handed on.
    let handed = audit(&pair.one, &["--machine", TWO]);
    assert_eq!(handed.len(), 1, "{handed:?}");
    assert_eq!(handed[0]["result"], "done");
    // What only looks is answered, says whose right it was, and is not recorded.
    let status = pair.one.json(&Pair::far("vera", &["status"]));
    assert_eq!(status["acted_as"], "user");
    assert!(
        !pair
            .one
            .ask(&Pair::far("vera", &["status"]))
            .contains("acted_as")
    );
    assert!(audit(&pair.two, &["--user", "vera"]).is_empty());
    // What concerns the operation is told as it is, not as a refusal.
    let (code, said) = pair.refused("anna", &["mailbox", "show", "nobody"]);
    assert!(code == 1 && said.contains("nobody"), "{code} {said}");
    // A local act is recorded too, as are its parameters.
    pair.two.ask(&["drain", "--reason", "moving"]);
    let drains = audit(&pair.two, &["--operation", "drain"]);
    assert_eq!(drains[0]["parameters"]["reason"], "moving", "{drains:?}");
    assert!(drains[0]["machine"].is_null());
    let page = pair.two.ask(&["audit", "list"]);
    assert!(page.contains(&format!("{ONE} → {TWO}")), "{page}");
    let page = pair.two.ask(&["Search-AdminAuditLog", "-UserIds", "anna"]);
    assert!(page.contains("mailbox set"), "{page}");
}

#[test]
fn and_a_refusal_names_every_step() {
    if !is_root() {
        return;
    }
    let mut pair = pair("", &trusted());
    let hold = ["queue", "hold", "connector/Internet/example.org"];
    let refusals = |pair: &Pair, user: &str, expect: &str| {
        let (code, said) = pair.refused(user, &hold);
        assert_eq!(code, 4, "{user}: {said}");
        assert!(said.contains(expect), "{user}: {said}");
        let there = last_event(&pair.two, 5120);
        let because = there["fields"]["because"].as_str().unwrap();
        assert!(because.contains(expect), "{there}");
        let mut here = Value::Null;
        wait_for("the node it was given on tells too", || {
            here = last_event(&pair.one, 10009);
            here["fields"]["chain"].to_string().contains(expect)
        });
        assert_eq!(here["fields"]["cause"], "refused", "{here}");
        assert_eq!(here["fields"]["user"], user);
        let chain = here["fields"]["chain"].as_array().unwrap();
        assert!(chain.len() >= 2, "{here}");
        assert!(chain[0].as_str().unwrap().starts_with(ONE), "{here}");
        let records = audit(&pair.two, &["--user", user, "--result", "refused"]);
        assert!(!records.is_empty());
        assert!(
            records
                .iter()
                .all(|one| one["machine"] == ONE && one["acted_as"].is_null())
        );
    };
    refusals(&pair, "dora", "is disabled");
    refusals(&pair, "rolf", "was revoked");
    refusals(&pair, "vera", "has not the right transport");
    refusals(&pair, "nobody", "no administrator nobody");
    // Disabled between two commands: the next one feels it.
    pair.one.ask(&Pair::far("anna", &["queue", "list"]));
    pair.two
        .ask(&["administrator", "set", "anna", "enabled=no"]);
    refusals(&pair, "anna", "anna is disabled");
    pair.two
        .ask(&["administrator", "set", "anna", "enabled=yes"]);
    let distrust = ["node", "set", ONE, "trusted_for_delegation=no"];
    pair.two.ask(&distrust);
    refusals(&pair, "anna", "not trusted for delegation");
    let told = last_event(&pair.one, 10009)["fields"]["chain"].to_string();
    assert!(
        told.contains("as the machine: the operation is none"),
        "{told}"
    );
    pair.two.ask(&["node", "remove", ONE]);
    refusals(&pair, "anna", &format!("no node {ONE}"));

    // A certificate of another authority, of the same name.
    let other = tempfile::tempdir().unwrap();
    issue(&other, ONE);
    let (own, _) = certificate(&pair.authority, ONE);
    let kept = std::fs::read(&own).unwrap();
    std::fs::copy(certificate(&other, ONE).0, &own).unwrap();
    let (code, said) = pair.refused("anna", &["status"]);
    assert_eq!(code, 3, "{said}");
    wait_for("it is told as a matter of certificates", || {
        last_event(&pair.one, 10009)["fields"]["cause"] == "certificate"
    });
    assert!(last_event(&pair.two, 5123)["fields"]["error"].is_string());
    std::fs::write(&own, kept).unwrap();

    // A name that nobody has is no event.
    let (code, said) = pair.one.refused(&["--node", "mx9.example.test", "status"]);
    assert!(
        code == 1 && said.contains("no node mx9.example.test"),
        "{said}"
    );

    // The other node is away; who asks again and again is told some times, and then counted.
    pair.two.stop();
    for _ in 0..14 {
        let (code, said) = pair.refused("anna", &["status"]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(TWO) && said.contains("refused"), "{said}");
    }
    let unreachable = |node: &Node| {
        let all = node.events_of("access").into_iter();
        all.filter(|event| event["number"] == 10009 && event["fields"]["cause"] == "unreachable")
            .count()
    };
    wait_for("the loss is an event", || unreachable(&pair.one) > 0);
    assert!(unreachable(&pair.one) <= 10, "repetitions are folded");
    let explained = pair.one.ask(&["explain", "10009"]);
    assert!(explained.contains("DelegationFailed"), "{explained}");
}

#[test]
fn and_goes_on_as_the_machine_only_where_the_policy_says() {
    if !is_root() {
        return;
    }
    let machine = format!(
        "\n[[node]]\nname = \"{ONE}\"\nrole_groups = [\"view_only_organization_management\"]\n"
    );
    let policy = "\n[[policy]]\nname = \"Fleet\"\nscope = \"all\"\n\
                  policy_settings = { ignore_delegation_failure = [\"status\", \"recheck\"] }\n";
    let pair = pair("", &format!("{machine}{policy}"));
    // Both nodes must say so.
    let (code, said) = pair.refused("anna", &["status"]);
    assert!(
        code == 4 && said.contains("not trusted for delegation"),
        "{said}"
    );
    assert!(
        said.contains(&format!("does not list the operation on {ONE}")),
        "{said}"
    );
    let list = [
        "policy-settings",
        "set",
        "ignore_delegation_failure=status",
        "ignore_delegation_failure+=recheck",
    ];
    pair.one.ask(&list);

    let page = pair.one.ask(&Pair::far("anna", &["status"]));
    assert!(page.contains("acted_as: machine"), "{page}");
    assert!(page.contains("not as you") && page.contains(TWO), "{page}");
    assert_eq!(
        pair.one.json(&Pair::far("anna", &["status"]))["acted_as"],
        "machine"
    );
    for node in [&pair.one, &pair.two] {
        let records = audit(node, &["--user", "anna", "--result", "done"]);
        assert!(!records.is_empty());
        assert!(
            records.iter().all(|one| one["acted_as"] == "machine"),
            "{records:?}"
        );
    }
    let event = last_event(&pair.two, 5121);
    assert_eq!(event["fields"]["machine"], ONE, "{event}");
    assert_eq!(event["fields"]["user"], "anna");
    // Not what is not listed, nor what the machine has no right to itself.
    let (code, said) = pair.refused("anna", &["mailbox", "list"]);
    assert!(
        code == 4 && said.contains("none of those that may"),
        "{said}"
    );
    let (code, said) = pair.refused("anna", &["recheck"]);
    assert!(
        code == 4 && said.contains("the machine has not the right transport"),
        "{said}"
    );
    // Never for an account that has ended, nor for what the person may not.
    for (user, expect) in [
        ("dora", "disabled"),
        ("rolf", "revoked"),
        ("nobody", "no administrator"),
    ] {
        let (code, said) = pair.refused(user, &["status"]);
        assert!(code == 4 && said.contains(expect), "{user}: {said}");
    }
    // The list takes nothing that shows somebody's mail.
    let wrong = ["policy-settings", "set", "ignore_delegation_failure=trace"];
    let (code, said) = pair.two.refused(&wrong);
    assert!(
        code == 2 && said.contains("may not go on as the machine"),
        "{code} {said}"
    );
}

/// Sends octets to the second node's port and reads what comes, over TLS or not.
fn raw(port: u16, tls: Option<Arc<ClientConfig>>, octets: &[u8]) -> String {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    let mut answer = Vec::new();
    // Where it ends is of no interest: what was said is.
    match tls {
        None => {
            let mut stream = stream;
            let _ = stream.write_all(octets);
            let _ = stream.read_to_end(&mut answer);
        }
        Some(config) => {
            let name = ServerName::try_from(TWO).unwrap();
            let connection = ClientConnection::new(config, name).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let _ = stream.write_all(octets);
            let _ = stream.read_to_end(&mut answer);
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(target: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("GET {target} HTTP/1.1\r\nhost: {TWO}\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

#[test]
fn and_nobody_speaks_for_another_without_a_machines_certificate() {
    if !is_root() {
        return;
    }
    let pair = pair("", &trusted());
    let now = jiff::Timestamp::now().as_millisecond().to_string();
    let fields = |number: &'static str| {
        [
            ("mailward-on-behalf-of", "anna"),
            ("mailward-request", number),
            ("mailward-time", now.as_str()),
        ]
    };
    let first = "00000000000000000000000000000001";
    let forged = request("/v1/status", &fields(first));
    // Without TLS, and over TLS without a certificate: not one octet of HTTP.
    assert!(!raw(pair.port, None, &forged).contains("HTTP/1.1"));
    let (own, root) = certificate(&pair.authority, ONE);
    let roots = Roots {
        system: false,
        files: vec![root.clone()],
    };
    let bare = ClientTls::new(roots)
        .config(OutboundTls::Required, TlsAuthLevel::EncryptionOnly, None)
        .unwrap();
    assert_eq!(raw(pair.port, bare, &forged), "");
    // The pages' port takes no command, whatever it says of itself.
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, pair.two.http)).unwrap();
    assert_eq!(http_get(stream, "/v1/status").0, 404);

    let tls = || {
        Some(
            NodeTls::new(ONE, own.clone(), root.clone())
                .client()
                .unwrap(),
        )
    };
    let ask = |octets: &[u8]| raw(pair.port, tls(), octets);
    // The machine itself is heard; the same command again is not, whoever repeats it.
    let answer = ask(&forged);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("mailward-acted-as: user"), "{answer}");
    let again = ask(&forged);
    assert!(
        again.starts_with("HTTP/1.1 403") && again.contains("came before"),
        "{again}"
    );
    // One of another time.
    let mut old = fields("00000000000000000000000000000002");
    old[2].1 = "1700000000000";
    let answer = ask(&request("/v1/status", &old));
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // Two persons, none, one with what no name has, one too long.
    let mut two = fields("00000000000000000000000000000003").to_vec();
    two.push(("mailward-on-behalf-of", "vera"));
    assert!(ask(&request("/v1/status", &two)).starts_with("HTTP/1.1 422"));
    let none = &fields("00000000000000000000000000000004")[1..];
    assert!(ask(&request("/v1/status", none)).starts_with("HTTP/1.1 422"));
    let long = "a".repeat(200);
    for user in ["", "an\u{e4}", &long] {
        let mut fields = fields("00000000000000000000000000000005");
        fields[0].1 = user;
        let answer = ask(&request("/v1/status", &fields));
        assert!(answer.starts_with("HTTP/1.1 422"), "{user}: {answer}");
    }
    // A head that is too large is not read to its end.
    let huge = "x".repeat(64 << 10);
    let mut large = fields("00000000000000000000000000000006").to_vec();
    large.push(("mailward-place", &huge));
    let answer = ask(&request("/v1/status", &large));
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    // What it was carried out as is for the node to say, and a command goes one hop.
    let mut claims = fields("00000000000000000000000000000007").to_vec();
    claims.push(("mailward-acted-as", "machine"));
    assert!(ask(&request("/v1/status", &claims)).contains("\"acted_as\":\"user\""));
    claims.push(("mailward-node", "mx3.example.test"));
    let answer = ask(&request("/v1/status", &claims));
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("one hop"),
        "{answer}"
    );
    // Nothing but operations is there.
    for page in [
        "/metrics",
        "/openapi.json",
        "/healthz",
        "/v1/health/forecast.ics",
    ] {
        let answer = ask(&request(page, &fields("00000000000000000000000000000008")));
        assert!(answer.starts_with("HTTP/1.1 404"), "{page}: {answer}");
    }
    // And the node serves on.
    pair.one.ask(&Pair::far("anna", &["status"]));
    // Once the certificate is listed, the machine is heard no more.
    let sha256 = {
        let held = std::fs::read_to_string(&own).unwrap();
        let found = held.find("-----BEGIN CERTIFICATE").unwrap();
        let file = pair.authority.path().join("stolen.pem");
        let end = held[found..].find("-----END CERTIFICATE-----\n").unwrap();
        std::fs::write(&file, &held[found..found + end + 26]).unwrap();
        file
    };
    let file = sha256.display().to_string();
    pair.two
        .ask(&["untrusted", "add", &file, "--reason", "stolen"]);
    wait_for("the machine is refused", || {
        !pair
            .one
            .command(&Pair::far("anna", &["status"]))
            .status
            .success()
    });
}
