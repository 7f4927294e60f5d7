//! People hear once of what broke and once that it is over: by email and webhook although transport
//! is dead, whatever happens to the worker meanwhile, and not again once somebody is on it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use mailward_api::control::Role;

use crate::{
    outside::{Sink, Webhook},
    support::{Node, free_port, objects, signal, text, wait_for, wait_within},
};

/// Channels of three kinds, and stages of repair in seconds.
fn settings(hook: u16, relay: u16) -> String {
    format!(
        r#"
[[alert_channel]]
name = "hook"
target = {{ webhook = "http://127.0.0.1:{hook}/alert" }}
group_wait = "1s"
repeat = "2s"

[[alert_channel]]
name = "mail"
target = {{ email = {{ relay = "127.0.0.1:{relay}", from = "mailward@example.test", to = ["oncall@example.net"] }} }}
group_wait = "1s"

[[alert_channel]]
name = "alive"
target = {{ ping = "http://127.0.0.1:{hook}/alive" }}
heartbeat = "1s"

[health_settings]
connector_probe_interval = "1s"
mailflow_probe_interval = "2s"
restart_component_after = "1s"
restart_process_after = "2s"
offline_after = "4s"
probation = "2s"
"#
    )
}

/// Every alert of these documents, those that went along in one among them.
fn items(documents: &[serde_json::Value]) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    for document in documents {
        all.push(document.clone());
        all.extend(document["others"].as_array().into_iter().flatten().cloned());
    }
    all
}

/// How often each news was told: `raised case-1`.
fn told(documents: &[serde_json::Value]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for item in items(documents) {
        let (news, case) = (
            item["news"].as_str().unwrap(),
            item["case"].as_str().unwrap(),
        );
        *times.entry(format!("{news} {case}")).or_insert(0) += 1;
    }
    times
}

/// The case of the first alert about a component.
fn case_of(documents: &[serde_json::Value], component: &str) -> Option<String> {
    let all = items(documents);
    let found = all.iter().find(|item| item["component"] == component)?;
    Some(found["case"].as_str().unwrap().to_owned())
}

/// What happens while every transport that is started is stopped in its tracks.
fn while_transport_is_dead(node: &Node, hook: &Webhook, sink: &Sink) -> String {
    wait_within(
        Duration::from_secs(60),
        "people hear that transport is dead",
        || case_of(&hook.posted(), "transport").is_some(),
    );
    let case = case_of(&hook.posted(), "transport").unwrap();
    let about = format!("mailward explain {case}");
    wait_for(
        "the email came too, past a transport that takes none",
        || sink.messages().iter().any(|mail| mail.contains(&about)),
    );
    // A process that was started a moment ago may greet before it is stopped too.
    wait_for("no mail can be handed in", || !node.greets());

    let show = node.ask(&["alert", "show", &case]);
    for part in [
        "needs person",
        "restart the role transport",
        "What to do",
        "hook",
        "mail",
    ] {
        assert!(show.contains(part), "{part}: {show}");
    }
    let said = node.ask(&["alert", "ack", &case, "--note", "on my way"]);
    assert!(said.contains("acknowledged unset → "), "{said}");
    let repeats = || told(&hook.posted()).get(&format!("repeat {case}")).copied();
    // A repeat that was on its way when it was acknowledged has arrived by then.
    let beats = hook.fetched("/alive");
    wait_for("what was on its way has arrived", || {
        hook.fetched("/alive") > beats + 3
    });
    let before = repeats();

    let worker = node.role_pid("worker").unwrap();
    signal(worker, "KILL");
    wait_for("another worker answers", || {
        node.answers_anew(Role::Worker, worker) && node.command(&["alert", "list"]).status.success()
    });
    let list = node.json(&["alert", "list"]);
    let alerts = list["alerts"].as_array().unwrap();
    let alert = alerts
        .iter()
        .find(|alert| alert["id"] == case.as_str())
        .unwrap();
    assert_eq!(alert["acknowledged"]["note"], "on my way", "{alert}");
    // Three times the interval of repeats, by the new worker's own signs of life.
    let beats = hook.fetched("/alive");
    wait_for("the new worker has lived for a while", || {
        hook.fetched("/alive") > beats + 6
    });
    assert_eq!(repeats(), before, "what is acknowledged is not repeated");
    case
}

#[test]
fn whatever_happens_meanwhile() {
    let (hook, relay) = (Webhook::listen(), free_port());
    let sink = Sink::listen(relay);
    let node = Node::start(|port| objects(port) + &settings(hook.port, relay));
    wait_for("the node is healthy, its alert channels among it", || {
        let output = node.command(&["health"]);
        output.status.success() && text(&output).contains("Alerting")
    });
    wait_for("signs of life go out", || hook.fetched("/alive") > 1);

    let broken = AtomicBool::new(true);
    let case = thread::scope(|scope| {
        scope.spawn(|| {
            while broken.load(Ordering::Relaxed) {
                node.role_pid("transport")
                    .into_iter()
                    .for_each(|pid| signal(pid, "STOP"));
                thread::park_timeout(Duration::from_millis(50));
            }
        });
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while_transport_is_dead(&node, &hook, &sink)
        }));
        broken.store(false, Ordering::Relaxed);
        seen.unwrap_or_else(|failed| {
            eprintln!("{}", text(&node.command(&["health", "history"])));
            eprintln!("{:?} {:?}", hook.posted(), sink.messages());
            std::panic::resume_unwind(failed)
        })
    });
    node.role_pid("transport")
        .into_iter()
        .for_each(|pid| signal(pid, "CONT"));
    let solved = format!("solved {case}");
    wait_within(
        Duration::from_secs(60),
        "people hear that it is over",
        || told(&hook.posted()).contains_key(&solved),
    );
    let about = "Solved: transport";
    wait_for("so does the reader of mail", || {
        sink.messages().iter().any(|mail| mail.contains(about))
    });
    let mails = sink.messages();
    let last = mails.iter().find(|mail| mail.contains(about)).unwrap();
    assert!(
        last.contains(&format!("In-Reply-To: <{case}.")) || last.contains("References:"),
        "{last}"
    );
    for (news, times) in told(&hook.posted()) {
        assert!(
            times == 1 || news.starts_with("repeat"),
            "{news} was told {times} times"
        );
    }
    assert_eq!(node.queued(), 0, "no alert waits in the queue");
    wait_for("nothing is open any more", || {
        node.json(&["alert", "list"])["alerts"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    let all = node.ask(&["alert", "list", "--all"]);
    assert!(all.contains(&case) && all.contains("solved"), "{all}");
}

#[test]
fn and_administrators_test_and_silence_their_channels() {
    let hook = Webhook::listen();
    let relay = free_port();
    let sink = Sink::listen(relay);
    let node = Node::start(|port| objects(port) + &settings(hook.port, relay));
    let test = node.ask(&["alert", "test"]);
    assert!(!test.contains("failed"), "{test}");
    assert!(hook.posted().iter().any(|posted| posted["test"] == true));
    assert!(
        sink.messages()
            .iter()
            .any(|mail| mail.contains("This is a test."))
    );

    let nowhere = format!(
        "target={{\"webhook\":\"http://127.0.0.1:{}/\"}}",
        free_port()
    );
    node.ask(&["alert-channel", "set", "broken", &nowhere]);
    wait_for("the worker knows the channel", || {
        node.ask(&["alert", "list"]).contains("broken")
    });
    let output = node.command(&["alert", "test", "broken"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("Connection refused"),
        "{}",
        text(&output)
    );
    wait_for(
        "its monitor says so, and people hear it by the others",
        || case_of(&hook.posted(), "alerting/broken").is_some(),
    );
    let case = case_of(&hook.posted(), "alerting/broken").unwrap();
    let show = node.ask(&["alert", "show", &case]);
    assert!(show.contains("it is about this channel itself"), "{show}");

    let said = node.ask(&[
        "alert",
        "silence",
        "alerting/*",
        "--for",
        "1h",
        "--reason",
        "new pager",
    ]);
    let silence = said.split(' ').next().unwrap().to_owned();
    let list = node.ask(&["alert", "list"]);
    assert!(
        list.contains("new pager") && list.contains(&format!("silenced by {silence}")),
        "{list}"
    );
    node.ask(&["alert-channel", "remove", "broken"]);
    wait_for("it is over", || {
        node.json(&["alert", "show", &case])["solved_unix_ms"].is_u64()
    });
    assert!(!told(&hook.posted()).contains_key(&format!("solved {case}")));
    node.ask(&["alert", "unsilence", &silence]);
    wait_for("people hear it when the silence has ended", || {
        told(&hook.posted()).contains_key(&format!("solved {case}"))
    });
    node.wait_for_events(&["AlertsSilenced", "AlertSilenceEnded", "AdministratorActed"]);
    assert_eq!(node.refused(&["alert", "ack", "case-none"]).0, 1);
    assert_eq!(
        node.refused(&[
            "alert", "silence", "disk", "--for", "2000d", "--reason", "x"
        ])
        .0,
        2
    );
}
