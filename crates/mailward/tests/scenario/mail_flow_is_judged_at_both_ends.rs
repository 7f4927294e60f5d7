//! Mail flow is judged at both ends: the hops of a message are told, a silent sender is noticed by
//! the receiver, and send routes are judged by what lies beyond them.

use std::time::Duration;

use mailward_api::control::{ControlRequest, Role};

use crate::{
    outside::Sink,
    probes::{is_bad, is_healthy, monitor, seen},
    support::{Node, Talk, free_port, objects, wait_for, wait_within},
};

fn settings(more: &str) -> String {
    format!(
        "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"1s\"\n{more}"
    )
}

fn steps(probe: &serde_json::Value) -> Vec<String> {
    let steps = probe["steps"].as_array().unwrap();
    let names = steps.iter().map(|step| step["step"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn a_silent_sender_is_noticed_where_mail_should_arrive() {
    let node =
        Node::start(|port| objects(port) + &settings("repair = false\nprobation = \"1s\"\n"));
    wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
    wait_for("and arrives", || {
        is_healthy(&node, "mailflow-received/Internet")
    });
    let probe = node.json(&["health", "probe", "run", "mailflow/Internet"]);
    let told = steps(&probe);
    assert!(
        told.ends_with(&["accepted", "queued", "delivered", "read"].map(str::to_owned)),
        "{told:?}"
    );
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    node.control(Role::Transport, &wedge).unwrap();
    // Two intervals and a minute later; the sender itself is skipped all the while.
    wait_within(Duration::from_secs(120), "the silence is noticed", || {
        is_bad(&node, "mailflow-received/Internet")
    });
    let what = seen(&node, "mailflow-received/Internet");
    assert!(what.contains("no probe has arrived for"), "{what}");
    assert!(
        !is_bad(&node, "mailflow/Internet"),
        "the sender says nothing"
    );
    // Once the door works again the silence ends by itself.
    let restart = ControlRequest::RestartComponent {
        component: "receive/Internet".to_owned(),
    };
    node.control(Role::Transport, &restart).unwrap();
    wait_for("probes arrive again", || {
        is_healthy(&node, "mailflow-received/Internet")
    });
}

#[test]
fn a_send_route_is_judged_by_what_the_next_hop_says() {
    let (far, nobody) = (free_port(), free_port());
    let sink = Sink::listen(far);
    let node = Node::start(|port| {
        objects(port)
            + &format!(
                r#"
[[send_connector]]
name = "Out"
address_spaces = ["elsewhere.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{far}"]
tls = "off"
probe_recipient = "reflect@elsewhere.test"
probe_returns = true

[[send_connector]]
name = "Broken"
address_spaces = ["broken.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{nobody}"]
tls = "off"
probe_recipient = "sink@broken.test"

[[send_connector]]
name = "Other"
address_spaces = ["other.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{far}"]
probe_recipient = "sink@elsewhere.test"

[[send_connector]]
name = "Silent"
address_spaces = ["silent.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{far}"]
"#
            )
            + &settings("")
    });
    // The address beyond it sends back what it gets, as it is.
    let smtp = node.smtp();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let reflector = std::thread::spawn(move || {
        let mut returned = 0;
        while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) =
            stopped.recv_timeout(Duration::from_millis(50))
        {
            let all = sink.messages();
            for one in &all[returned..] {
                let (envelope, content) = one.split_at(one.find("Received:").unwrap());
                assert!(envelope.contains("MAIL FROM:<>"), "{envelope}");
                assert!(
                    envelope.contains("RCPT TO:<reflect@elsewhere.test>"),
                    "{envelope}"
                );
                let from = content
                    .split("From: <")
                    .nth(1)
                    .unwrap()
                    .split('>')
                    .next()
                    .unwrap();
                let mut talk = Talk::connect(smtp);
                talk.say("EHLO elsewhere.test");
                let reply = talk.message("", &[from], content.trim_end().as_bytes());
                assert!(reply.starts_with("250"), "{reply}");
                // What was seen out there opens nothing a second time.
                let reply = talk.message("", &[from], content.trim_end().as_bytes());
                assert!(reply.starts_with("550 5.7.1"), "{reply}");
            }
            returned = all.len();
        }
        returned
    });
    wait_for("the route works", || is_healthy(&node, "route/Out"));
    let probe = node.json(&["health", "probe", "run", "route/Out"]);
    let told = steps(&probe);
    assert!(
        told.ends_with(&["accepted", "answered", "returned"].map(str::to_owned)),
        "{probe}"
    );
    assert!(
        probe["text"].as_str().unwrap().contains("it came back"),
        "{probe}"
    );
    wait_for("the broken route is noticed", || {
        is_bad(&node, "route/Broken") && seen(&node, "route/Broken").contains("4.4.1")
    });
    for (route, why) in [
        ("route/Silent", "probe_recipient is not set"),
        ("route/Other", "goes to connector/Out"),
    ] {
        wait_for("it says why it is not probed", || {
            let (state, because) = monitor(&node, route);
            state == "disabled" && because.contains(why)
        });
    }
    stop.send(()).unwrap();
    assert!(reflector.join().unwrap() >= 2);

    // Nothing of them here: no journal report, no bounce, no count, no trace.
    assert!(node.mailbox("journal").is_empty() && node.mailbox("info").is_empty());
    let counters = &node.json(&["status"])["transport"]["counters"];
    for none in ["accepted", "delivered", "deferred", "failed", "dsns"] {
        assert_eq!(counters[none], 0, "{none}: {counters}");
    }
    assert_eq!(node.queued(), 0);
    let trace = node.ask(&["trace"]);
    assert!(
        !trace.contains("elsewhere.test") && !trace.contains("broken.test"),
        "{trace}"
    );
    assert!(
        node.ask(&["trace", "--probes"])
            .contains("reflect@elsewhere.test")
    );
}
