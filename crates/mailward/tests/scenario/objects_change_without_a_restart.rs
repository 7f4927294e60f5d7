//! Objects change without a restart, as a whole or not at all, and nobody overwrites what he has not
//! seen.

use crate::support::{Node, objects, text, wait_for};

#[test]
fn export_plan_apply() {
    let node = Node::start(objects);
    let pid = node.role_pid("transport");
    let exported = node.ask(&["export"]);
    assert!(exported.contains("[[receive_connector]]"), "{exported}");
    let file = node.path("wanted.toml");
    let wanted = exported + "\n[[mailbox]]\nname = \"new\"\naddress = \"new@example.test\"\n";
    std::fs::write(&file, &wanted).unwrap();
    let file = file.to_str().unwrap();
    let plan = node.ask(&["plan", file]);
    assert!(
        plan.contains("new@example.test") || plan.contains("new"),
        "{plan}"
    );

    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    assert!(
        talk.say("RCPT TO:<new@example.test>")
            .starts_with("550 5.1.1")
    );
    node.ask(&["apply", file, "--yes"]);
    wait_for(
        "the new recipient is taken in a session that was open",
        || talk.say("RCPT TO:<new@example.test>").starts_with("250"),
    );
    assert_eq!(node.role_pid("transport"), pid, "no restart");
    let again = node.ask(&["plan", file]);
    assert!(
        !again.contains("new@example.test"),
        "nothing is left to do: {again}"
    );
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_half_applied() {
    let node = Node::start(objects);
    let before = node.ask(&["export"]);
    let file = node.path("wrong.toml");
    let wrong = before.clone()
        + "\n[[mailbox]]\nname = \"good\"\naddress = \"good@example.test\"\n"
        + "\n[[mailbox]]\nname = \"twin\"\naddress = \"info@example.test\"\n";
    std::fs::write(&file, wrong).unwrap();
    let output = node.command(&["apply", file.to_str().unwrap(), "--yes"]);
    assert!(!output.status.success());
    assert!(
        text(&output).contains("info@example.test"),
        "{}",
        text(&output)
    );
    assert_eq!(node.ask(&["export"]), before);

    let misspelt = before.clone() + "\n[[mailbox]]\nname = \"x\"\nadress = \"x@example.test\"\n";
    std::fs::write(&file, misspelt).unwrap();
    let output = text(&node.command(&["plan", file.to_str().unwrap()]));
    assert!(
        output.contains("address"),
        "the nearest key is named: {output}"
    );
}

#[test]
fn a_new_binding_is_opened_while_the_old_one_serves() {
    let node = Node::start(objects);
    let second = crate::support::free_port();
    let file = node.path("wanted.toml");
    let wanted = node.ask(&["export"])
        + &format!(
            "\n[[receive_connector]]\nname = \"Second\"\nbindings = [\"127.0.0.1:{second}\"]\n"
        );
    std::fs::write(&file, wanted).unwrap();
    node.ask(&["apply", file.to_str().unwrap(), "--yes"]);
    wait_for("both connectors greet", || {
        node.greets() && {
            let simulated = node.command(&[
                "simulate",
                "connection",
                "--from",
                "127.0.0.1",
                "--to",
                &format!("127.0.0.1:{second}"),
            ]);
            text(&simulated).contains("Second")
                && std::net::TcpStream::connect(("127.0.0.1", second)).is_ok()
        }
    });
}

#[test]
fn setup_can_be_run_again_and_a_bad_configuration_is_explained() {
    let node = Node::prepare(objects);
    let before = crate::support::read(&node.config());
    let config = node.config();
    let check = crate::support::mailward()
        .args(["config", "check", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", text(&check));
    std::fs::write(&config, before.replace("run_dir", "rundir")).unwrap();
    let check = crate::support::mailward()
        .args(["config", "check", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let said = text(&check);
    assert!(!check.status.success());
    assert!(
        said.contains("did you mean `run_dir`?") && said.contains("mailward.toml:"),
        "{said}"
    );
}
