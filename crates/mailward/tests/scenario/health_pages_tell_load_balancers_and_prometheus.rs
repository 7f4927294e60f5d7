//! Health pages tell load balancers whether to send mail here, and Prometheus how much there was;
//! the API describes itself.

use std::{collections::BTreeMap, net::TcpStream, os::unix::net::UnixStream};

use crate::support::{Node, Talk, http_get, objects, read, wait_for};

#[test]
fn a_drained_node_is_alive_but_not_ready() {
    let node = Node::start(objects);
    assert_eq!(node.page("/livez").0, 200);
    wait_for("it is ready", || node.page("/readyz").0 == 200);
    let mut open = node.talk();
    open.say("EHLO client.example.net");

    node.ask(&["drain", "--reason", "maintenance of the rack"]);
    wait_for("it is not ready", || node.page("/readyz").0 == 503);
    let (status, said) = node.page("/readyz");
    assert_eq!(status, 503);
    assert!(said.contains("draining"), "{said}");
    assert!(
        !said.contains("rack"),
        "without a sign-in no reasons are told: {said}"
    );
    assert_eq!(node.page("/livez").0, 200, "it is alive all the same");
    let status = node.ask(&["status"]);
    assert!(status.contains("maintenance of the rack"), "{status}");
    let reply = open.say("MAIL FROM:<a@example.net>");
    assert!(reply.starts_with("421"), "in an open session: {reply}");
    let mut stream = TcpStream::connect(node.smtp()).unwrap();
    let mut greeting = String::new();
    std::io::Read::read_to_string(&mut stream, &mut greeting).unwrap();
    assert!(
        greeting.starts_with("421 4.3.2"),
        "to a new one: {greeting}"
    );

    node.ask(&["resume"]);
    wait_for("it is ready again", || node.page("/readyz").0 == 200);
    let mut talk = Talk::connect(node.smtp());
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: x\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn metrics_count_mail_and_no_probes() {
    let node = Node::start(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"1s\"\n"
    });
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    for n in 0..3 {
        let text = format!("Subject: {n}\r\n\r\n{}", "x".repeat(70));
        let reply = talk.message("a@example.net", &["info@example.test"], text.as_bytes());
        assert!(reply.starts_with("250"), "{reply}");
    }
    assert!(
        talk.message("a@example.net", &["nobody@example.test"], b"x")
            .starts_with("550")
    );
    wait_for("probes and mail have passed", || {
        let metrics = metrics(&node);
        // Each delivery has its journal report: six recipients.
        metrics
            .get("mailward_probes_total{kind=\"mailflow\",verdict=\"pass\"}")
            .is_some_and(|probes| *probes >= 3.0)
            && metrics["mailward_recipients_delivered_total"] >= 6.0
            // Each set has been looked at by then.
            && ["Receive", "MailFlow"].iter().all(|set| {
                let well = format!("mailward_health_set_state{{set=\"{set}\",state=\"healthy\"}}");
                metrics.get(&well) == Some(&1.0)
            })
    });
    let metrics = metrics(&node);
    let value = |name: &str| {
        *metrics
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {metrics:#?}"))
    };
    for (name, expect) in [
        ("mailward_messages_accepted_total", 3.0),
        ("mailward_recipients_delivered_total", 6.0),
        ("mailward_recipients_refused_total", 1.0),
        ("mailward_recipients_failed_total", 0.0),
        ("mailward_journal_reports_total", 3.0),
        ("mailward_gate_closed", 0.0),
        ("mailward_queue_state{state=\"ok\"}", 1.0),
        ("mailward_queue_state{state=\"full\"}", 0.0),
        ("mailward_role_up{role=\"transport\"}", 1.0),
        ("mailward_role_up{role=\"manager\"}", 1.0),
        ("mailward_role_up{role=\"worker\"}", 1.0),
        ("mailward_role_restarts_total{role=\"transport\"}", 0.0),
        ("mailward_component_active{component=\"smtp\"}", 1.0),
        ("mailward_health_set_severity{set=\"Receive\"}", 0.0),
        (
            "mailward_health_set_state{set=\"MailFlow\",state=\"healthy\"}",
            1.0,
        ),
        (
            "mailward_repair_acts_total{act=\"offline\",outcome=\"begun\"}",
            0.0,
        ),
    ] {
        assert_eq!(value(name), expect, "{name}");
    }
    assert!(value("mailward_accepted_bytes_total") > 3.0 * 70.0);
    assert!(value("mailward_accepted_bytes_total") < 3.0 * 2000.0);
    assert!(value("mailward_sessions_open{connector=\"Internet\"}") >= 1.0);
    assert!(value("mailward_queue_syncs_total") >= 1.0);
    assert!(value("mailward_queue_free_bytes") > 1e6);
    drop(talk);
    assert!(
        !metrics.keys().any(|name| name.contains("verdict=\"fail\"")),
        "no probe failed: {metrics:#?}"
    );
    let journal = node.mailbox("journal").len();
    assert_eq!(journal, 3, "probes are not journaled");
}

/// The metrics by name and labels. Each line is checked against Prometheus' text format.
fn metrics(node: &Node) -> BTreeMap<String, f64> {
    let (status, text) = node.page("/metrics");
    assert_eq!(status, 200, "{text}");
    let (mut known, mut metrics) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (word, name, rest) = (words.next(), words.next().unwrap(), words.next());
            match word {
                Some("TYPE") => {
                    let kind = rest.unwrap();
                    assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
                    known.push((name.to_owned(), kind.to_owned()));
                }
                Some("HELP" | "UNIT") => assert!(rest.is_some(), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let family = name.split('{').next().unwrap();
        assert!(name == family || name.ends_with("\"}"), "{line}");
        let is_known = known.iter().any(|(known, kind)| match kind.as_str() {
            "histogram" => ["bucket", "sum", "count"]
                .iter()
                .any(|end| family == format!("{known}_{end}")),
            _ => family == known,
        });
        assert!(is_known, "a value without its TYPE: {line}");
        let value = value.parse().unwrap();
        assert!(
            metrics.insert(name.to_owned(), value).is_none(),
            "twice: {line}"
        );
    }
    metrics
}

#[test]
fn the_api_describes_itself_as_the_document_in_the_tree_does() {
    let node = Node::start(objects);
    let stream = UnixStream::connect(node.path("run/admin.sock")).unwrap();
    let (status, served) = http_get(stream, "/openapi.json");
    assert_eq!(status, 200, "{served}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert!(
        json(&served) == json(&read(path.as_ref())),
        "docs/openapi.json is not what is served: write it with `cargo xtask docs`"
    );
}
