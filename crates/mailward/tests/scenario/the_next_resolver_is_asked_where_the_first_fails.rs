//! Where the resolver that answers first fails, the responder of that class of causes has the next one
//! asked, and mail flows again. It is not turned back to, whatever else is noticed of the first.
//!
//! Delivery asks two resolvers at one time and believes the first answer: silence of one delays nobody,
//! and one that fails fast is what a repair is needed for.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use crate::{
    outside::{NameServer, Sink},
    probes::is_healthy,
    repairs::{QUICK, case_of, entries, tell},
    support::{Node, objects, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);
/// Where every name leads.
const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// As long as a resolver takes that has to ask others first.
const SLOW: Duration = Duration::from_millis(100);

/// A node whose way out has a name, and the server there.
fn node(resolvers: [&NameServer; 2]) -> (Node, Sink) {
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut node = Node::prepare(|own| {
        let out = format!(
            "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
             \n[[send_connector]]\nname = \"Out\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\n\
             smart_hosts = [\"relay.elsewhere.test:{port}\"]\nprobe_recipient = \"reflect@elsewhere.test\"\n\
             \n[transport_settings]\nretry_schedule = [\"1s\"]\n"
        );
        let stages = "restart_process_after = \"1h\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
        objects(own) + &out + QUICK + stages
    });
    let config = std::fs::read_to_string(node.config()).unwrap();
    let [first, second] = resolvers.map(|server| server.address);
    let resolvers = format!("resolvers = [\"{first}\", \"{second}\"]\n");
    std::fs::write(node.config(), resolvers + &config).unwrap();
    node.serve();
    (node, Sink::take_over(listener))
}

fn send(node: &Node, subject: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let message = format!("Subject: {subject}\r\n\r\nx");
    let reply = talk.message("info@example.test", &["x@relay.test"], message.as_bytes());
    assert!(reply.starts_with("250"), "{reply}");
}

fn has(sink: &Sink, subject: &str) -> bool {
    let wanted = format!("Subject: {subject}");
    sink.messages().iter().any(|mail| mail.contains(&wanted))
}

/// The responder's acts of a kind in the ledger.
fn turns(node: &Node, record: &str) -> Vec<serde_json::Value> {
    let mut acts = entries(node, record, "respond");
    acts.retain(|one| one["act"]["responder"] == "next_resolver");
    acts
}

/// Runs a test; where it fails, what was noticed and done is printed.
fn tested(node: &Node, test: impl FnOnce()) {
    let tested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
    if let Err(failed) = tested {
        tell(node);
        std::panic::resume_unwind(failed);
    }
}

#[test]
fn for_the_names_that_mail_needs() {
    let (first, second) = (NameServer::of(HOST), NameServer::slow(HOST, SLOW));
    first.fails_below("elsewhere.test");
    let (node, sink) = node([&first, &second]);
    send(&node, "waits");
    tested(&node, || {
        wait_within(LONG, "the case is solved by it", || {
            turns(&node, "outcome").iter().any(|one| {
                let case = node.json(&["explain", &case_of(one)])["case"].clone();
                one["component"] == "send/Out" && case["solved_by"]["responder"] == "next_resolver"
            })
        });
        wait_for("what waited arrives", || has(&sink, "waits"));
    });
    let case = case_of(&turns(&node, "outcome")[0]);
    let told = node.ask(&["explain", &case]);
    for part in [
        "4.4.3 DNS does not answer for relay.elsewhere.test",
        "ask the next resolver first (for send/Out)",
        &format!("the resolver {} is asked first", second.address),
        "it helped",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for act in ["soft_reset", "restart_component", "restart_process"] {
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
    send(&node, "flows");
    wait_for("mail flows", || has(&sink, "flows"));
}

#[test]
fn and_is_not_turned_back_to_one_that_answers_nothing() {
    let (first, second) = (NameServer::of(HOST), NameServer::slow(HOST, SLOW));
    first.fails_below("");
    let (node, sink) = node([&first, &second]);
    send(&node, "waits");
    let broken = format!("dns/resolver/{}", first.address);
    tested(&node, || {
        wait_within(LONG, "what waited arrives", || has(&sink, "waits"));
        // The first one is watched too, and nothing of ours makes it answer.
        wait_within(LONG, "its own case has had its turn", || {
            let outcomes = turns(&node, "outcome");
            outcomes
                .iter()
                .any(|one| one["component"] == broken.as_str())
        });
        wait_within(LONG, "the way out is well", || {
            is_healthy(&node, "route/Out")
        });
        send(&node, "flows");
        wait_for("mail flows", || has(&sink, "flows"));
        assert!(is_healthy(&node, "route/Out"));
    });
    for act in ["restart_component", "restart_process"] {
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
}
