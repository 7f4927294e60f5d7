//! A full disk refuses mail with 452, keeps what it has, and recovers by itself.
//!
//! The queue's folder is a small tmpfs, which needs the right to mount; without it the test says so
//! and ends.

use crate::{
    outside::Mount,
    support::{Node, objects, wait_for},
};

#[test]
fn while_the_queue_lies_on_a_small_tmpfs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(folder.path().join("data/queue"), "size=24m,mode=0700") else {
        eprintln!("skipped: mounting a tmpfs needs root");
        return;
    };
    let full_objects = |port| {
        let settings =
            "\n[transport_settings]\nmin_free_space = \"8MB\"\nretry_schedule = [\"1h\"]\n";
        // Nobody listens at the next hop: what is accepted stays in the queue.
        let away = format!(
            "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
             \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{}\"]\n",
            crate::support::free_port()
        );
        objects(port) + settings + &away
    };
    let mut node = Node::prepare_in(folder, full_objects);
    node.serve();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let body = [
        b"Subject: filler\r\n\r\n".as_slice(),
        &b"0123456789abcdef0123456789abcdef\r\n".repeat(30_000),
    ]
    .concat();
    let mut accepted = 0;
    let refusal = loop {
        let reply = talk.message("a@example.net", &["x@relay.test"], &body);
        if !reply.starts_with("250") {
            break reply;
        }
        accepted += 1;
        assert!(accepted < 30, "24 MB never fill up");
    };
    assert!(refusal.starts_with("452 4.3.1"), "{refusal}");
    assert!(accepted > 3, "only {accepted} messages fitted");
    assert_eq!(node.queued(), accepted, "what was accepted is kept");
    let event = |name: &str| node.ask(&["event", "list"]).contains(name);
    wait_for("the full disk is told", || event("QueueDiskFull"));

    mount.resize("96m");
    wait_for("mail is taken again", || {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.message(
            "a@example.net",
            &["info@example.test"],
            b"Subject: small\r\n\r\nx",
        )
        .starts_with("250")
    });
    wait_for("the small message is delivered", || {
        !node.mailbox("info").is_empty()
    });
    wait_for("the recovery is told", || event("QueueRecovered"));
    node.stop();
    drop(mount);
}
