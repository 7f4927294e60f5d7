//! An alert reaches people without the queue: by webhook, command, file and a syslog service, when no
//! stage of repair is left or mail is stopped. What was stopped starts by itself when the trouble is over.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use mailward_api::control::{ControlRequest, Role};

use crate::{
    outside::Webhook,
    support::{Node, objects, read, wait_for, wait_within},
    syslog::{Syslog, WAYS},
};

/// An alert channel of each kind, and stages of repair in seconds.
fn settings(hook: u16, folder: &std::path::Path) -> String {
    let (file, copy) = (folder.join("alerts.jsonl"), folder.join("command.jsonl"));
    format!(
        "\n[[alert_channel]]\nname = \"hook\"\ntarget = {{ webhook = \"http://127.0.0.1:{hook}/alert\" }}\n\
         \n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\n\
         \n[[alert_channel]]\nname = \"pager\"\ntarget = {{ command = [\"/bin/sh\", \"-c\", \"cat >> {copy}\"] }}\n\
         \n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n\
         restart_component_after = \"1s\"\nrestart_process_after = \"3s\"\noffline_after = \"5s\"\nprobation = \"2s\"\n",
        copy = copy.display(),
    )
}

/// The documents in a file of JSON lines; the last line may be on its way.
fn lines(path: &std::path::Path) -> Vec<serde_json::Value> {
    read(path)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Waits until a syslog service has heard of a case, by either way: from the worker of this node, of
/// the facility mail, as severe as it is, with the command that explains it.
fn wait_heard(syslog: Option<&Syslog>, node: &Node, severity: &str, component: &str, case: &str) {
    let Some(syslog) = syslog else {
        return;
    };
    let explain = format!("(`mailward explain {case}`)");
    let worker = node.role_pid("worker").unwrap().to_string();
    for way in WAYS {
        let what = format!("{severity} about {component} by {way}");
        wait_for(&what, || {
            syslog.told(way).iter().any(|one| {
                one.priority == format!("mail.{severity}")
                    && one.text.contains(component)
                    && one.text.ends_with(&explain)
                    && (one.host.as_str(), one.app.as_str()) == ("mail.example.test", "mailward")
                    && (one.process.as_str(), one.id.as_str()) == (worker.as_str(), "alert")
            })
        });
    }
}

/// The case of the first alert of a kind about a component. What goes out together is one document: the
/// worst alert, and the others in a list.
fn case_of(alerts: &[serde_json::Value], kind: &str, component: &str) -> Option<String> {
    let found = alerts.iter().find_map(|alert| {
        let others = alert["others"].as_array().into_iter().flatten();
        std::iter::once(alert)
            .chain(others)
            .find(|one| one["kind"] == kind && one["component"] == component)
    });
    found.map(|one| one["case"].as_str().unwrap().to_owned())
}

fn has(alerts: &[serde_json::Value], kind: &str, component: &str) -> bool {
    case_of(alerts, kind, component).is_some()
}

#[test]
fn when_a_connector_falls_silent_whatever_is_done() {
    let hook = Webhook::listen();
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (
        folder.path().join("alerts.jsonl"),
        folder.path().join("command.jsonl"),
    );
    let syslog = Syslog::start();
    let channels = syslog.as_ref().map(Syslog::channels).unwrap_or_default();
    let settings = channels + &settings(hook.port, folder.path());
    let mut node = Node::prepare_in(folder, |port| objects(port) + &settings);
    node.serve();
    wait_for("the node is healthy", || {
        node.command(&["health"]).status.success()
    });
    let transport = node.role_pid("transport");

    // The fault comes back after each repair, as one would whose cause lies outside.
    let broken = AtomicBool::new(true);
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while broken.load(Ordering::Relaxed) {
                // While transport is being restarted there is nobody to ask.
                let _ = node.control(Role::Transport, &wedge);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let offline = || has(&hook.posted(), "offline", "receive/Internet");
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // Each stage is given its time: the old process ends its sessions, the new one is checked.
            let limit = Duration::from_secs(120);
            wait_within(limit, "people hear that no mail is taken", offline);
            wait_for("the load balancer hears it", || {
                node.page("/readyz").0 == 503
            });
        }));
        broken.store(false, Ordering::Relaxed);
        if let Err(failed) = waited {
            eprintln!("{}", node.ask(&["health", "history"]));
            eprintln!("{}", node.ask(&["health", "ledger"]));
            std::panic::resume_unwind(failed);
        }
    });
    assert_ne!(
        node.role_pid("transport"),
        transport,
        "the process was restarted before"
    );
    wait_for("the file and the command have it too", || {
        has(&lines(&file), "offline", "receive/Internet")
            && has(&lines(&copy), "offline", "receive/Internet")
    });
    let alert = lines(&file).remove(0);
    let explain = alert["explain"].as_str().unwrap();
    let case = alert["case"].as_str().unwrap().to_owned();
    assert!(explain.ends_with(&case), "{alert}");
    assert_eq!(alert["node"], "mail.example.test");
    let (syslog, connector) = (syslog.as_ref(), "receive/Internet");
    let dark = case_of(&hook.posted(), "offline", connector).unwrap();
    wait_heard(syslog, &node, "crit", connector, &dark);
    let acts = node.json(&["health", "ledger"]).to_string();
    for act in ["restart_component", "restart_process", "offline"] {
        assert!(acts.contains(act), "{act} is missing: {acts}");
    }
    assert_eq!(node.queued(), 0, "no alert waits in the queue");
    assert!(node.mailbox("info").is_empty());

    // Somebody mends the cause; what follows is not asked of anyone.
    let mend = ControlRequest::RestartComponent {
        component: "receive/Internet".to_owned(),
    };
    node.control(Role::Transport, &mend).unwrap();
    wait_for("mail is taken again", || {
        node.page("/readyz").0 == 200 && node.greets()
    });
    wait_for("people hear that it is over", || {
        has(&hook.posted(), "solved", "receive/Internet")
    });
    wait_heard(syslog, &node, "notice", connector, &dark);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: again\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
    let told = node.ask(&["explain", &case]);
    assert!(told.contains("offline"), "{told}");
}

#[test]
fn when_nothing_of_ours_could_repair_it() {
    const CERTIFICATE: &str = "certificate/Internet";
    let hook = Webhook::listen();
    let folder = tempfile::tempdir().unwrap();
    let syslog = Syslog::start();
    let channels = syslog.as_ref().map(Syslog::channels).unwrap_or_default();
    let settings = channels + &settings(hook.port, folder.path());
    // No certificate bears this name: only a person can get one.
    let mut node = Node::prepare_in(folder, |port| {
        objects(port).replace(
            "max_connections_per_source",
            "fqdn = \"other.example.test\"\ntls = \"required\"\nmax_connections_per_source",
        ) + &settings
    });
    node.serve();
    wait_for("people hear of it", || {
        has(&hook.posted(), "needs_person", CERTIFICATE)
    });
    let case = case_of(&hook.posted(), "needs_person", CERTIFICATE).unwrap();
    wait_heard(syslog.as_ref(), &node, "err", CERTIFICATE, &case);
    assert_eq!(
        node.page("/readyz").0,
        200,
        "whether mail flows is not the point"
    );
    // The limits beside it speak of restarts; what was done does not.
    let done = node.json(&["health", "ledger"])["entries"].to_string();
    assert!(!done.contains("restart_"), "nothing was restarted: {done}");
    let output = node.command(&["health"]);
    assert!(!output.status.success(), "health is bad news");
}
