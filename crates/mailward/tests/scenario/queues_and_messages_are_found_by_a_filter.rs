//! Queues and queued messages are found by the language of recipient filters, and commands act on all
//! that a filter fits: they say how many, and what failed.

use crate::support::{Node, free_port, objects, wait_for};

/// A node that sends everything to a smart host where nobody listens, and by itself tries again only
/// after an hour.
pub(crate) fn node() -> Node {
    let next_hop = free_port();
    Node::start(|port| {
        objects(port)
            + &format!(
                "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
                 \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{next_hop}\"]\n\
                 \n[transport_settings]\nretry_schedule = [\"1h\"]\n"
            )
    })
}

/// Sends a message to the relay's domain, and waits until it waits for its next try; its id.
pub(crate) fn send(node: &Node, from: &str, to: &str, subject: &str, octets: usize) -> String {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let text = format!(
        "Subject: {subject}\r\nMessage-ID: <{}@client.example.net>\r\n\r\n{}",
        subject.replace(' ', "."),
        "0123456789abcdef\r\n".repeat(octets / 18)
    );
    let reply = talk.message(from, &[to], text.as_bytes());
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    let id = reply.split_whitespace().last().unwrap().to_owned();
    wait_for("the first attempt has failed", || {
        let show = node.json(&["queue", "show", &id]);
        let deliveries = show["deliveries"].as_array().unwrap();
        let waits = |one: &serde_json::Value| one["state"] == "retry";
        // Its journal report has arrived by then.
        deliveries.iter().any(waits)
            && deliveries
                .iter()
                .all(|one| waits(one) || one["state"] == "settled")
    });
    id
}

fn ids(list: &serde_json::Value) -> Vec<String> {
    let messages = list["messages"]["messages"].as_array().unwrap();
    let ids = messages.iter().map(|one| one["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[test]
fn by_their_properties_and_a_wrong_filter_is_shown_with_its_place() {
    let node = node();
    let offer = send(
        &node,
        "a@example.net",
        "x@relay.test",
        "An offer for you",
        40_000,
    );
    let plain = send(&node, "info@example.test", "y@relay.test", "plain", 100);
    for (filter, expect) in [
        ("Subject -like '*OFFER*'", vec![&offer]),
        ("Subject -notlike '*offer*'", vec![&plain]),
        ("{Size -gt 30KB}", vec![&offer]),
        ("Size -lt 1MB", vec![&offer, &plain]),
        ("FromAddress -like \"*@example.net\"", vec![&offer]),
        ("Recipients -eq 'Y@relay.test'", vec![&plain]),
        (
            "InternetMessageId -eq 'plain@client.example.net'",
            vec![&plain],
        ),
        (
            "InternetMessageId -eq '<plain@client.example.net>'",
            vec![&plain],
        ),
        (
            "SourceIP -eq '127.0.0.1' -and MessageSourceName -eq 'Internet'",
            vec![&offer, &plain],
        ),
        (
            "Queue -eq 'connector/Away' -and Status -eq 'Retry'",
            vec![&offer, &plain],
        ),
        ("Status -eq 'Suspended'", vec![]),
        (
            "DateReceived -gt '2020-01-01' -and ExpirationTime -gt '2020-01-01'",
            vec![&offer, &plain],
        ),
        (
            "LastError -like '*refused*' -and RetryCount -ge 1",
            vec![&offer, &plain],
        ),
        ("(Subject -eq 'plain') -or (Size -gt 5MB)", vec![&plain]),
    ] {
        let list = node.json(&["queue", "list", "--filter", filter]);
        let expect: Vec<String> = expect.into_iter().cloned().collect();
        assert_eq!(ids(&list), expect, "{filter}");
        assert_eq!(list["messages"]["matching"], expect.len(), "{filter}");
    }
    let one = node.json(&["queue", "list", "--filter", "Size -gt 1", "--limit", "1"]);
    assert_eq!(
        (ids(&one).len(), &one["messages"]["matching"]),
        (1, &2.into())
    );

    // The journal's mailbox has had its report; what is away waits.
    let queues = |filter: &str| {
        let list = node.json(&["queue", "list", "--queue-filter", filter]);
        let queues = list["queues"]["queues"].as_array().unwrap().clone();
        let names = queues
            .iter()
            .map(|one| one["next_hop"].as_str().unwrap().to_owned());
        names.collect::<Vec<String>>()
    };
    for filter in [
        "Status -eq 'Retry' -and MessageCount -ge 2",
        "DeliveryType -eq 'SmartHostConnectorDelivery'",
        "NextHopDomain -eq 'away' -and LastError -like '*refused*'",
        "IncomingRate -gt 0 -and OutgoingRate -eq 0 -and Velocity -lt 0",
        "NextRetryTime -gt '2020-01-01' -and OldestMessageTime -gt '2020-01-01'",
    ] {
        assert_eq!(queues(filter), ["connector/Away"], "{filter}");
    }
    assert!(queues("MessageCount -gt 1000").is_empty());

    for (words, part) in [
        (["--filter", "Subjct -eq 'x'"], "did you mean Subject?"),
        (["--filter", "SCL -gt 5"], "SCL is not kept here"),
        (
            ["--queue-filter", "Staus -eq 'Retry'"],
            "did you mean Status?",
        ),
        (
            ["--queue-filter", "TlsDomain -eq 'x'"],
            "TlsDomain is not kept here",
        ),
    ] {
        let (code, said) = node.refused(&["queue", "list", words[0], words[1]]);
        assert!(
            code != 0 && said.contains(part) && said.contains('^'),
            "{said}"
        );
    }
}

#[test]
fn and_what_fits_is_held_released_tried_and_removed() {
    let node = node();
    let spam = [
        send(
            &node,
            "info@example.test",
            "x@relay.test",
            "Won a prize",
            100,
        ),
        send(
            &node,
            "info@example.test",
            "y@relay.test",
            "Won another prize",
            100,
        ),
    ];
    let good = send(&node, "a@example.net", "z@relay.test", "good", 100);
    let filter = "Subject -like 'Won*'";
    let trial = node.json(&["queue", "hold", "--filter", filter, "--dry-run"]);
    assert_eq!(trial["done"], serde_json::json!(spam), "{trial}");
    assert_eq!(node.json(&["queue", "show", &spam[0]])["held"], false);
    let said = node.ask(&["queue", "hold", "--filter", filter]);
    assert!(
        said.contains("2 messages: held") && said.contains(&spam[1]),
        "{said}"
    );
    let held = node.json(&["queue", "list", "--filter", "Status -eq 'Suspended'"]);
    assert_eq!(ids(&held), spam);
    let done = node.json(&["queue", "release", "--filter", "Status -eq 'Suspended'"]);
    assert_eq!(
        (&done["matching"], &done["failed"]),
        (&2.into(), &serde_json::json!([]))
    );
    let none = node.ask(&[
        "queue",
        "retry",
        "--queue-filter",
        "NextHopDomain -eq 'nowhere'",
    ]);
    assert!(none.contains("No delivery queue fits"), "{none}");
    let done = node.ask(&[
        "queue",
        "hold",
        "--queue-filter",
        "NextHopDomain -eq 'Away'",
    ]);
    assert!(done.contains("1 delivery queue: held"), "{done}");
    node.ask(&["queue", "release", "connector/Away"]);

    // The same in Exchange's words.
    let (_, said) = node.shell_refuses(&format!("Remove-Message -Filter {{{filter}}}"));
    assert!(said.contains("-Confirm:$false"), "{said}");
    let trial = node.shell(&format!("Remove-Message -Filter {{{filter}}} -WhatIf"));
    assert!(
        trial.contains(&spam[0]) && trial.contains("2 messages would be removed"),
        "{trial}"
    );
    let line = format!("Remove-Message -Filter {{{filter}}} -WithNDR $true -Confirm:$false");
    let done = node.command(&["shell", "-c", &line]);
    let said = crate::support::text(&done);
    assert!(
        done.status.success()
            && said.contains("Remove-Message: 2 messages: removed, their senders told."),
        "{said}"
    );
    wait_for("only what is good waits", || {
        ids(&node.json(&["queue", "list"])) == [good.clone()]
    });
    wait_for("the sender was told of both", || {
        node.mailbox("info").len() == 2
    });
    wait_for("the events tell who did it to what", || {
        let acted = node.ask(&["event", "list", "--event", "AdministratorActed"]);
        acted.contains("queue remove") && acted.contains("Won*")
    });
    let (code, said) = node.refused(&["queue", "hold"]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = node.refused(&["queue", "hold", &good, "--filter", filter]);
    assert_eq!(code, 2, "{said}");
}
