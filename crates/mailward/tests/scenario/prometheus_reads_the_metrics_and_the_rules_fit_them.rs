//! A real Prometheus scrapes a real node: the metrics pass its linter, the handbook lists them all,
//! and every expression of the rules and of the dashboard is about metrics that exist.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::support::{Node, free_port, objects, read, run, wait_for};

fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn is_installed(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        eprintln!("passed over: {program} is not installed (scripts/test installs it)");
    }
    there
}

/// What this node has none of: a firewall is kept by root alone, and a feed of untrusted certificates
/// is measured once somebody has signed a list. Both have scenarios of their own.
const ELSEWHERE: [&str; 2] = ["mailward_firewall_", "mailward_untrusted_feed_"];

/// A node with everything else that is measured: mail, probes, a hold, an export that fails.
fn node() -> Node {
    let rests = free_port();
    let mut node = Node::prepare(|port| {
        objects(port)
            + &format!(
                "\n[[receive_connector]]\nname = \"Rests\"\nbindings = [\"127.0.0.1:{rests}\"]\n"
            )
            + "\n[[sender_feed]]\nname = \"Partner\"\nsource = { ranges = [\"192.0.2.0/24\"] }\n"
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"1s\"\n"
    });
    let config = read(&node.config());
    let otlp = "[otlp]\nendpoint = \"http://127.0.0.1:1\"\ninterval = \"1s\"\n";
    std::fs::write(node.config(), format!("{config}\n{otlp}")).unwrap();
    node.serve();
    node.ask(&["health", "hold", "receive/Rests", "--reason", "a test"]);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: x\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("everything is measured", || {
        let (_, text) = node.page("/metrics");
        let has = |what: &str| text.contains(what);
        has("mailward_probes_total{kind=\"mailflow\",verdict=\"pass\"}")
            && has("mailward_holds{requester=\"Maintenance\"} 1")
            && has("mailward_role_heartbeat_age_seconds{")
            && has("outcome=\"failed\"} 1")
            && has("mailward_certificate_not_after_timestamp_seconds{")
            && has("mailward_sender_feed_confirmed_timestamp_seconds{")
    });
    node
}

/// Names of families, as the first word behind `# TYPE`.
fn families(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|rest| rest.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Every word of a text that may be the name of a metric of ours, recorded ones included.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let ours = |name: &&str| name.starts_with("mailward_") || name.starts_with("mailward:");
    text.split(word).filter(ours).map(str::to_owned).collect()
}

/// What a name in an expression is counted under.
fn family(name: &str) -> &str {
    ["_bucket", "_count", "_sum"]
        .iter()
        .find_map(|end| {
            name.strip_suffix(end)
                .filter(|family| family.ends_with("_seconds"))
        })
        .unwrap_or(name)
}

/// Every expression of the dashboard, with Grafana's variables replaced as it would.
fn dashboard_expressions() -> Vec<String> {
    let json: serde_json::Value =
        serde_json::from_str(&read(&tree("packaging/monitoring/mailward-dashboard.json"))).unwrap();
    let panels = json["panels"].as_array().unwrap().clone();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap().clone());
    let annotations = json["annotations"]["list"].as_array().unwrap().clone();
    let expressions = targets.chain(annotations).map(|one| {
        let expr = one["expr"].as_str().unwrap();
        expr.replace("$__rate_interval", "1m")
            .replace("$__interval", "1m")
            .replace("$instance", ".*")
    });
    let expressions: Vec<String> = expressions.collect();
    assert!(expressions.len() > 20 && !expressions.iter().any(|expr| expr.contains('$')));
    expressions
}

#[test]
fn the_linter_of_prometheus_finds_nothing_and_the_handbook_lists_every_metric() {
    let node = node();
    let (_, text) = node.page("/metrics");
    let measured = families(&text);
    let handbook = read(&tree("docs/handbook/13-from-outside.md"));
    let listed = named(&handbook);
    let missing: Vec<_> = measured.difference(&listed).collect();
    assert!(missing.is_empty(), "the handbook does not list {missing:?}");
    let rows = handbook
        .lines()
        .filter(|line| line.starts_with("| `mailward_"));
    for row in rows {
        let name = row.split('`').nth(1).unwrap().split('{').next().unwrap();
        assert!(
            measured.contains(name) || ELSEWHERE.iter().any(|other| name.starts_with(other)),
            "the handbook lists {name}, which is not measured"
        );
    }
    if is_installed("promtool") {
        let (well, said) = run("promtool", &["check", "metrics"], &text);
        assert!(well && said.trim().is_empty(), "{said}");
    }
}

#[test]
fn rules_say_what_their_tests_expect_and_point_into_the_handbook() {
    let rules = read(&tree("packaging/monitoring/mailward.rules.yml"));
    let handbook = read(&tree("docs/handbook/13-from-outside.md")).to_ascii_lowercase();
    let anchors = rules.split("13-from-outside.md#").skip(1);
    let anchors: Vec<&str> = anchors
        .map(|rest| rest.split('\'').next().unwrap())
        .collect();
    assert_eq!(anchors.len(), rules.matches("- alert:").count());
    for anchor in anchors {
        let heading = format!("\n### {anchor}\n");
        assert!(
            handbook.contains(&heading),
            "the handbook has no heading {anchor}"
        );
    }
    if !is_installed("promtool") {
        return;
    }
    let folder = tree("packaging/monitoring");
    for arguments in [
        ["check", "rules", "mailward.rules.yml"],
        ["test", "rules", "mailward.rules.test.yml"],
    ] {
        let output = Command::new("promtool")
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", crate::support::text(&output));
    }
}

struct Prometheus {
    child: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(node: &Node) -> Prometheus {
        let port = free_port();
        let config = node.path("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [{rules:?}]\n\
             scrape_configs:\n  - job_name: mailward\n    static_configs:\n      - targets: [\"127.0.0.1:{http}\"]\n",
            rules = tree("packaging/monitoring/mailward.rules.yml"),
            http = node.http,
        );
        std::fs::write(&config, text).unwrap();
        let log = std::fs::File::create(node.path("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                node.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Prometheus { child, port }
    }

    fn get(&self, path: &str) -> Option<serde_json::Value> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        // By HTTP/1.0 the answer comes in one piece.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// The series an expression gives; an error in it fails the test.
    fn query(&self, expr: &str) -> Vec<serde_json::Value> {
        let quoted: String = expr.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let answer = self.get(&format!("/api/v1/query?query={quoted}")).unwrap();
        assert_eq!(answer["status"], "success", "{expr}: {answer}");
        answer["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

#[test]
fn a_real_prometheus_scrapes_the_node_and_every_expression_finds_its_metrics() {
    if !is_installed("prometheus") {
        return;
    }
    let node = node();
    let prometheus = Prometheus::start(&node);
    wait_for("it has scraped twice", || {
        // It listens before it is ready, and then answers with a text.
        let ready = prometheus.get("/api/v1/query?query=up").is_some();
        ready
            && !prometheus
                .query("rate(mailward_probes_total[1m]) > 0")
                .is_empty()
    });
    let (_, text) = node.page("/metrics");
    let rules = read(&tree("packaging/monitoring/mailward.rules.yml"));
    let recorded: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "))
        .map(str::to_owned)
        .collect();
    let measured = families(&text);
    let check = |expr: &str| {
        for name in named(expr) {
            let known = measured.contains(family(&name)) || recorded.contains(&name);
            assert!(known, "{expr}: {name} is not measured");
        }
    };
    for expr in dashboard_expressions() {
        check(&expr);
        prometheus.query(&expr);
    }
    let answer = prometheus.get("/api/v1/rules").unwrap();
    let groups = answer["data"]["groups"].as_array().unwrap();
    let all: Vec<_> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    assert_eq!(all.len(), rules.matches("expr: ").count());
    for rule in &all {
        check(rule["query"].as_str().unwrap());
    }
    wait_for("every rule was evaluated and is well", || {
        let answer = prometheus.get("/api/v1/rules").unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap().clone();
        let mut rules = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap());
        rules.all(|rule| rule["health"] == "ok")
    });
    // The metrics of the node itself, as Prometheus has them.
    let active = prometheus.query("mailward_component_active{component=\"smtp\"}");
    assert_eq!(active[0]["value"][1], "1", "{active:?}");
    let states = prometheus.query("sum by (set) (mailward_health_set_state)");
    assert!(states.len() > 5, "{states:?}");
    for state in &states {
        assert_eq!(state["value"][1], "1", "one state at a time: {state}");
    }
}
