//! A certificate of this node's own that is untrusted here is not shown: `openssl s_client` gets the next
//! one that fits, and where none does STARTTLS is not offered. An event names it; without the entry it is
//! shown again. Nothing is restarted.

use mailward_tls::ca::{self, Authority, Issued, Leaf};

use crate::{
    a_new_certificate_serves_the_next_handshake::handshake,
    support::{Node, objects, run, wait_for},
};

/// The serial number of a certificate, as openssl says it.
fn serial(issued: &Issued) -> String {
    let words = ["x509", "-noout", "-serial"];
    let (done, said) = run("openssl", &words, &issued.certificate_pem);
    assert!(done, "{said}");
    said.trim().to_owned()
}

/// Whether STARTTLS is offered.
fn is_offered(node: &Node) -> bool {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net").contains("STARTTLS")
}

/// Puts a certificate on the list, by the key that it has.
fn distrust(node: &Node, issued: &Issued, name: &str) {
    let file = node.path(&format!("{name}.pem"));
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let file = file.to_str().unwrap();
    node.ask(&[
        "untrusted",
        "add",
        file,
        "--key",
        "--name",
        name,
        "--reason",
        "a test",
    ]);
}

/// What event 7030 said so far: the file and what is shown instead.
fn kept_back(node: &Node) -> Vec<(String, String)> {
    let all = node.events_of("transport").into_iter();
    let all = all.filter(|event| event["number"] == 7030);
    all.map(|event| {
        let field = |name: &str| event["fields"][name].as_str().unwrap().to_owned();
        assert_eq!(field("connector"), "receive connector Internet");
        (field("file"), field("instead"))
    })
    .collect()
}

#[test]
fn and_shown_again_once_it_is_trusted() {
    let authority = Authority::new("Example Root").unwrap();
    let first = authority.issue(&Leaf::new(["mail.example.test"])).unwrap();
    let second = ca::self_signed(&Leaf::new(["mail.example.test"])).unwrap();
    let mut node = Node::prepare(objects);
    let folder = node.path("certificates");
    for file in std::fs::read_dir(&folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    first.write(&folder, "first").unwrap();
    second.write(&folder, "second").unwrap();
    node.serve();
    let address = node.smtp().to_string();
    let shown = || {
        let (worked, serial) = handshake(&address);
        assert!(worked, "{serial}");
        serial
    };
    assert_eq!(shown(), serial(&first));
    let pid = node.role_pid("transport");

    distrust(&node, &first, "stolen");
    wait_for("the next one is shown", || shown() == serial(&second));
    let told = [("first.pem".to_owned(), "second.pem is shown".to_owned())];
    wait_for("it is told", || kept_back(&node) == told);
    let explained = node.ask(&["cert", "explain", "Internet"]);
    assert!(
        explained.contains("second.pem") && explained.contains("it is untrusted here: stolen"),
        "{explained}"
    );
    let listed = node.ask(&["cert", "list"]);
    assert!(
        listed.contains("untrusted here: stolen; it is not shown"),
        "{listed}"
    );
    assert!(!node.has_event("transport", 12014));

    distrust(&node, &second, "lost");
    wait_for("STARTTLS is not offered", || !is_offered(&node));
    wait_for("12014 says why", || {
        let all = node.events_of("transport").into_iter();
        let mut missing = all.filter(|event| event["number"] == 12014);
        missing.any(|event| {
            let said = event["fields"]["candidates"].to_string();
            said.contains("untrusted here: stolen") && said.contains("untrusted here: lost")
        })
    });
    let last = ("first.pem".to_owned(), "STARTTLS is not offered".to_owned());
    wait_for("it is told", || kept_back(&node).last() == Some(&last));
    node.ask(&["untrusted", "remove", "lost"]);
    wait_for("the second one is back", || is_offered(&node));
    assert_eq!(shown(), serial(&second));
    node.ask(&["untrusted", "remove", "stolen"]);
    wait_for("the first one is back", || shown() == serial(&first));
    assert_eq!(node.role_pid("transport"), pid, "no restart");
}
