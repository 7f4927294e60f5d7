//! `mailward top` on a real terminal (tmux): it fits 80 by 24, follows the size and the keys, and goes
//! on after access was killed. Without a terminal it prints one picture.

use crate::{
    support::{Node, mailward, objects, signal, text, wait_for},
    terminal::{self, Tmux},
};

#[test]
fn a_terminal_follows_the_node() {
    if !terminal::is_there() {
        return;
    }
    let node = Node::start(objects);
    let program = env!("CARGO_BIN_EXE_mailward");
    let socket = node.path("run/admin.sock");
    let tmux = Tmux::start(
        &node,
        &format!(
            "env -u NO_COLOR {program} --socket {} top --interval 1",
            socket.display()
        ),
    );
    tmux.shows("mail is taken");
    for part in [
        "mail.example.test",
        "Health",
        "Queues by messages",
        "Last acts",
        "Last events",
        "q quit",
    ] {
        tmux.shows(part);
    }
    tmux.shows("MailFlow");
    let screen = tmux.screen(false);
    assert!(
        screen.lines().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    wait_for("health has its colour", || {
        tmux.screen(true).contains("\u{1b}[38;5;2mhealthy")
    });

    // Other answers, other sizes, other keys.
    node.ask(&["drain", "--reason", "a new rack"]);
    tmux.shows("no mail is taken: a new rack");
    node.ask(&["resume"]);
    tmux.tmux(&["send-keys", "s"]);
    tmux.shows("Queues by age");
    tmux.tmux(&["send-keys", "h"]);
    tmux.shows("take this away");
    tmux.tmux(&["send-keys", "h"]);
    tmux.tmux(&["resize-window", "-x", "120", "-y", "40"]);
    wait_for("the wider terminal is used", || {
        let screen = tmux.screen(false);
        screen.lines().any(|line| line.chars().count() > 80)
            && screen.lines().position(|line| line.contains("q quit")) == Some(39)
    });

    // Access is killed and started anew: the view finds it again.
    let before = node.role_pid("access").unwrap();
    tmux.shows("mail is taken");
    signal(before, "KILL");
    tmux.shows("access: 1 restart");
    tmux.shows("mail is taken");

    tmux.tmux(&["send-keys", "q"]);
    tmux.shows("ended with 0");
}

#[test]
fn without_a_terminal_one_picture_is_printed() {
    let node = Node::start(objects);
    for words in [&["top", "--once"][..], &["top"]] {
        let picture = node.ask(words);
        for part in [
            "mail.example.test",
            "mail is taken",
            "per second: accepted 0.0",
            "Last events",
        ] {
            assert!(picture.contains(part), "{part} is not in\n{picture}");
        }
        assert!(!picture.contains('\u{1b}'), "{picture}");
    }
    let nobody = mailward()
        .args(["--socket", "/nonexistent/admin.sock", "top", "--once"])
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(3), "{}", text(&nobody));
}
