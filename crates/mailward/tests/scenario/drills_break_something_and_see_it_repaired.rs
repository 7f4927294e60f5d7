//! Drills break something on purpose on the live server, and see it noticed and repaired; what a
//! repair would not help is left alone.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::{Output, Stdio},
    time::Duration,
};

use mailward_api::control::{ControlRequest, DrillFault, Role};

use crate::{
    outside::NameServer,
    support::{Node, Talk, lives, mailward, objects, signal, text, wait_for, wait_within},
};

/// A node with probes in seconds.
fn prepared() -> Node {
    let node = Node::prepare(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n\
               restart_component_after = \"1s\"\nrestart_process_after = \"20s\"\noffline_after = \"2m\"\nprobation = \"1s\"\n"
    });
    let config = std::fs::read_to_string(node.config()).unwrap();
    assert!(!config.contains("\nresolvers"), "{config}");
    let line = format!("resolvers = [\"{}\"]\n", NameServer::ignorant().address);
    std::fs::write(node.config(), line + &config).unwrap();
    node
}

fn started() -> Node {
    let mut node = prepared();
    node.serve();
    node
}

/// True where transport has served long enough for a drill.
fn served(node: &Node) -> bool {
    let output = node.command(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let since = status["transport"]["role"]["started_unix_ms"].as_u64();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.is_some_and(|since| now.as_millis() >= u128::from(since) + 5_500)
}

/// Waits until nothing speaks against a drill: no case, nothing unwell, transport not just started.
fn wait_until_well(node: &Node) {
    wait_within(Duration::from_secs(60), "a drill may be started", || {
        let output = node.command(&["drill", "list", "--json"]);
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let well = list["refused_because"]
            .as_array()
            .is_some_and(Vec::is_empty);
        well && served(node)
    });
}

fn run(node: &Node, drill: &str) -> serde_json::Value {
    let mut output = None;
    wait_within(Duration::from_secs(60), "the drill is started", || {
        let done = node.command(&["drill", "run", drill, "--yes", "--json"]);
        // Refused: something is not well yet; or the worker does not answer yet.
        let started = !matches!(done.status.code(), Some(3 | 4));
        output = started.then_some(done);
        started
    });
    let output = output.unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{drill}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn takes_mail(node: &Node) -> bool {
    let mut talk = Talk::connect(node.smtp());
    talk.say("EHLO client.example.net");
    let to = ["info@example.test"];
    let reply = talk.message("a@example.net", &to, b"Subject: x\r\n\r\nx");
    assert!(
        reply.starts_with("250") || reply.starts_with("452 4.3.1"),
        "{reply}"
    );
    reply.starts_with("250")
}

#[test]
fn what_a_repair_helps_is_repaired() {
    let node = started();
    for (drill, act) in [
        ("wedge-connector", "restart the component receive/Internet"),
        ("stuck-delivery", "restart the component deliver"),
        ("kill-transport", "transport ended"),
    ] {
        let view = run(&node, drill);
        assert_eq!(view["state"], "met", "{view:#}");
        assert!(view["detected_after_ms"].is_u64() && view["repaired_after_ms"].is_u64());
        // A soft reset may have come before; what takes something away comes once.
        let acts = view["acts"].as_array().unwrap().iter();
        let acts: Vec<&str> = acts.filter_map(|one| one.as_str()).collect();
        let soft = |one: &&&str| one.starts_with("make ");
        let harsh: Vec<&&str> = acts.iter().filter(|one| !soft(one)).collect();
        assert_eq!(harsh.len(), 1, "{view:#}");
        assert!(harsh[0].contains(act), "{view:#}");
        let case = view["case"].as_str().unwrap();
        assert!(node.command(&["explain", case]).status.success(), "{case}");
    }
    let listed = node.ask(&["drill", "list"]);
    assert!(listed.contains("kill-transport"), "{listed}");
    node.wait_for_events(&["DrillStarted", "DrillMet", "FaultInjected", "FaultEnded"]);
    wait_for("all are kept: begun and over, three times", || {
        let lines = std::fs::read_to_string(node.path("data/health/drills.jsonl")).unwrap();
        lines.lines().count() == 6
    });
}

#[test]
fn what_a_repair_does_not_help_is_left_alone() {
    let node = started();
    let alerts = node.path("alerts.jsonl");
    let target = format!("target={{\"file\":\"{}\"}}", alerts.display());
    // Told at once: a drill is over before related news would have been gathered.
    node.ask(&["alert-channel", "set", "file", &target, "group_wait=0s"]);
    let transport = node.role_pid("transport");
    for drill in [
        "expired-certificate",
        "lying-resolver",
        "lost-store",
        "full-disk",
        "slow-sync",
    ] {
        let view = run(&node, drill);
        assert_eq!(view["state"], "met", "{view:#}");
        // Reading the certificates again, or forgetting what a resolver said, takes nothing away.
        let acts = view["acts"].as_array().unwrap();
        let harsh = |act: &serde_json::Value| {
            let act = act.as_str().unwrap();
            act.contains("restart") || act.contains("offline")
        };
        assert!(!acts.iter().any(harsh), "{view:#}");
    }
    assert_eq!(
        node.role_pid("transport"),
        transport,
        "nothing was restarted"
    );
    assert!(takes_mail(&node));
    wait_for("the alert of the first drill is told", || {
        let told = std::fs::read_to_string(&alerts).unwrap_or_default();
        told.contains("certificate/.drill") && told.ends_with('\n')
    });
    let told = std::fs::read_to_string(&alerts).unwrap();
    for line in told.lines() {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(alert["drill"].is_string(), "{alert}");
        assert!(
            alert["text"].as_str().unwrap().starts_with("Drill "),
            "{alert}"
        );
    }
    let listed = node.ask(&["cert", "list"]);
    assert!(!listed.contains("drill"), "{listed}");
}

#[test]
fn and_a_fault_ends_by_itself_whoever_dies() {
    let mut node = started();
    wait_until_well(&node);
    // Ctrl-C ends drill and fault.
    let child = mailward()
        .args(["--socket".as_ref(), node.path("run/admin.sock").as_os_str()])
        .args(["drill", "run", "full-disk", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the fault is in force", || !takes_mail(&node));
    signal(child.id(), "INT");
    let output: Output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("broken off"), "{}", text(&output));
    wait_for("the fault is over", || takes_mail(&node));

    // The worker is killed while its drill runs; a fault of that length is put in force again, so
    // that its end can be waited for.
    wait_until_well(&node);
    let drill = node.command(&["drill", "run", "no-such-drill"]);
    assert!(text(&drill).contains("wedge-connector"), "{}", text(&drill));
    let mut running = mailward()
        .args(["--socket".as_ref(), node.path("run/admin.sock").as_os_str()])
        .args(["drill", "run", "full-disk", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the fault is in force", || !takes_mail(&node));
    let worker = node.role_pid("worker").unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    signal(worker, "KILL");
    wait_for("the worker is another one", || {
        !lives(worker) && node.answers_anew(Role::Worker, worker)
    });
    node.control(Role::Transport, &ControlRequest::EndFault)
        .unwrap();
    let fault = |for_ms| ControlRequest::InjectFault {
        fault: DrillFault::FullDisk,
        for_ms,
    };
    node.control(Role::Transport, &fault(2_000)).unwrap();
    assert!(
        node.control(Role::Transport, &fault(2_000)).is_err(),
        "one at a time"
    );
    assert!(
        node.control(Role::Transport, &fault(300_001)).is_err(),
        "too long"
    );
    assert!(!takes_mail(&node));
    wait_within(Duration::from_secs(5), "the fault ends by itself", || {
        takes_mail(&node)
    });
    let listed = node.json(&["drill", "list"]);
    let drills = listed["drills"].as_array().unwrap();
    let full = drills
        .iter()
        .find(|one| one["drill"] == "full-disk")
        .unwrap();
    assert_eq!(full["last"]["state"], "broken_off", "{full:#}");
    node.stop();
}

#[test]
fn but_none_is_started_where_it_could_harm() {
    let mut node = started();
    wait_until_well(&node);
    let (code, said) = node.refused(&["drill", "run", "full-disk"]);
    assert!(code == 4 && said.contains("452 4.3.1"), "{code} {said}");
    node.ask(&["drain"]);
    let (code, said) = node.refused(&["drill", "run", "lost-store"]);
    assert!(
        code == 4 && said.contains("is not started"),
        "{code} {said}"
    );
    node.ask(&["resume"]);
    wait_until_well(&node);

    // A schedule: kept in the settings, run by itself, skipped with a reason while a case is open.
    node.ask(&["drill", "schedule", "lost-store", "--every", "10s"]);
    let exported = node.ask(&["export"]);
    assert!(
        exported.contains("lost-store every 10s at 03:00"),
        "{exported}"
    );
    wait_within(Duration::from_secs(120), "it is run by itself", || {
        let listed = node.json(&["drill", "list"]);
        let drills = listed["drills"].as_array().unwrap().clone();
        let one = drills.iter().find(|one| one["drill"] == "lost-store");
        let last = one.unwrap()["last"].clone();
        last["by"] == "schedule" && last["state"] == "met"
    });
    wait_until_well(&node);
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    // Nothing is repaired meanwhile, so that the case stays open. The drill may be under way again,
    // and there is one fault at one time.
    node.ask(&["health", "freeze", "--reason", "the test looks at it"]);
    wait_for("the connector is wedged", || {
        node.control(Role::Transport, &wedge).is_ok()
    });
    wait_for("the trouble is noticed", || {
        let listed = node.json(&["drill", "list"]);
        listed["refused_because"]
            .to_string()
            .contains("a case is open")
    });
    let (code, said) = node.refused(&["drill", "run", "lost-store"]);
    assert!(
        code == 4 && said.contains("a case is open"),
        "{code} {said}"
    );
    node.ask(&["health", "thaw"]);
    node.ask(&["drill", "schedule", "lost-store", "--off"]);
    assert!(!node.ask(&["export"]).contains("lost-store"));
    let (code, said) = node.refused(&["drill", "schedule", "lost-stor"]);
    assert!(code == 1 && said.contains("lost-store"), "{code} {said}");

    node.stop();
    let config = std::fs::read_to_string(node.config()).unwrap();
    let config = config.replace("allow_faults = true", "allow_faults = false");
    std::fs::write(node.config(), config).unwrap();
    node.serve();
    let (code, said) = node.refused(&["drill", "run", "lost-store"]);
    assert!(code == 4 && said.contains("allow_faults"), "{code} {said}");
    assert!(node.control(Role::Transport, &wedge).is_err());
}

/// The flags beside the state of the connector's monitor.
fn flags(node: &Node) -> Vec<serde_json::Value> {
    let output = node.command(&["health", "show", "Receive", "--json"]);
    let set: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let monitors = set["monitors"].as_array().cloned().unwrap_or_default();
    let one = monitors
        .iter()
        .find(|one| one["monitor"] == "connector/Internet");
    let flags = one.and_then(|one| one["overlays"].as_array());
    flags.cloned().unwrap_or_default()
}

/// Asks for the drill by HTTP, as a program would: the status and the answer.
fn asked_by_http(node: &Node) -> (u16, String) {
    let body = r#"{"name":"wedge-connector","connector":"Internet","yes":true}"#;
    let mut stream = UnixStream::connect(node.path("run/admin.sock")).unwrap();
    write!(
        stream,
        "POST /v1/drills/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn nor_where_people_have_asked_to_be_let_alone() {
    let node = started();
    let wedge = ["drill", "run", "wedge-connector", "--yes"];
    let item = "receive/Internet";

    wait_until_well(&node);
    let reason = "a new firewall";
    node.ask(&["health", "maintenance", item, "--reason", reason]);
    wait_for("it is in maintenance", || !flags(&node).is_empty());
    let (code, said) = node.refused(&wedge);
    assert_eq!(code, 4, "{said}");
    let end = "health override remove \"receive.internet maintenance\"";
    for word in ["under maintenance", reason, end] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (status, answer) = asked_by_http(&node);
    assert_eq!(status, 403, "{answer}");
    assert!(
        answer.contains(reason) && answer.contains("mend"),
        "{answer}"
    );
    // By schedule it is skipped, and the record says why.
    node.ask(&["drill", "schedule", "wedge-connector", "--every", "10s"]);
    wait_for("it is skipped with the reason", || {
        node.events_of("worker")
            .iter()
            .any(|event| event["name"] == "DrillSkipped" && event.to_string().contains(reason))
    });
    node.ask(&["drill", "schedule", "wedge-connector", "--off"]);
    node.ask(&["health", "maintenance", item, "--off"]);
    wait_for("its maintenance is over", || flags(&node).is_empty());

    wait_until_well(&node);
    let monitor = "connector/Internet";
    node.ask(&["health", "override", monitor, "--reason", "a noisy probe"]);
    wait_for("it is not watched", || !flags(&node).is_empty());
    let (_, said) = node.refused(&wedge);
    assert!(
        said.contains("is not watched") && said.contains("a noisy probe"),
        "{said}"
    );
    node.ask(&["health", "override", monitor, "--on"]);
    wait_for("it is watched again", || flags(&node).is_empty());

    // What the guard would refuse by a word on the whole health set is known before the fault, too.
    wait_until_well(&node);
    let words = ["health", "override", "add", "Receive", "shadow=true"];
    node.ask(&[&words[..], &["--reason", "the first week"]].concat());
    wait_for("its repair is only recorded", || {
        let explained = node.ask(&["health", "explain", item]);
        explained.contains("the first week")
    });
    // The manager decides, and shows nobody what it knows: it hears of it within a second as well.
    std::thread::park_timeout(Duration::from_secs(1));
    let (_, said) = node.refused(&wedge);
    assert!(
        said.contains("the repair would not be allowed") && said.contains("the first week"),
        "{said}"
    );
    node.ask(&["health", "override", "remove", "receive shadow"]);

    wait_until_well(&node);
    node.ask(&["health", "hold", item, "--reason", "a new certificate"]);
    let (_, said) = node.refused(&["drill", "run", "lost-store"]);
    for word in [
        "receive/Internet is held by",
        "a new certificate",
        "health release",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    node.ask(&["health", "release", item]);
    let view = run(&node, "wedge-connector");
    assert_eq!(view["state"], "met", "{view:#}");
}
