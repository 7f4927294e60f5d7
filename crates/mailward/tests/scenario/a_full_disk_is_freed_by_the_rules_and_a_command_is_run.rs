//! Responders: a full disk is freed of what the rules allow, and of nothing else; a command that a
//! person has set for a component is run, and fresh probes say whether it helped.
//!
//! The data folder is a small tmpfs, which needs the right to mount; without it that test says so and
//! ends.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    outside::Mount,
    probes::{is_healthy, monitor},
    repairs::{QUICK, case_of, entries, tell},
    support::{Node, objects, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

/// A file of so many megabytes, last written so many days ago.
fn file(path: &Path, megabytes: usize, days: u64) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, vec![b'x'; megabytes << 20]).unwrap();
    let written = SystemTime::now() - Duration::from_secs(days * 86_400);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(written).unwrap();
}

/// Waits until a responder has helped; its case.
fn helped(node: &Node, component: &str) -> String {
    let mut case = String::new();
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_within(LONG, "the responder has helped", || {
            let outcomes = entries(node, "outcome", "respond");
            let found = outcomes.iter().find(|one| {
                one["component"] == component
                    && one["text"].as_str().unwrap().starts_with("it helped")
            });
            case = found.map(case_of).unwrap_or_default();
            !case.is_empty()
        });
    }));
    if let Err(failed) = waited {
        tell(node);
        std::panic::resume_unwind(failed);
    }
    case
}

#[test]
fn what_the_rules_allow_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(folder.path().join("data"), "size=1g,mode=0755") else {
        eprintln!("skipped: mounting a tmpfs needs root");
        return;
    };
    let mut node = Node::prepare_in(folder, |port| {
        let transport = "\n[transport_settings]\nmin_free_space = \"32MB\"\n";
        let rules = "free_disk = [\"hang_reports\", \"expired_copies\"]\nfree_disk_keep = \"2d\"\n\
                     restart_process_after = \"1h\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
        objects(port) + transport + QUICK + rules
    });
    // `setup` asks for more room than the test has to fill.
    mount.resize("128m");
    node.serve();
    wait_for("the disk is well", || is_healthy(&node, "disk"));
    let (old, young) = (node.path("data/hangs/old"), node.path("data/hangs/young"));
    let copy = node.path("data/copies/old");
    let log = node.path("data/tracking/an-old-log");
    file(&young, 1, 1);
    file(&copy, 1, 3);
    file(&log, 1, 300);
    // As a quota that somebody else uses up, and then this one.
    let free = nix_free(&node.path("data"));
    let megabytes = usize::try_from(free >> 20).unwrap().saturating_sub(16);
    file(&old, megabytes, 9);

    let case = helped(&node, "disk");
    assert!(!old.exists() && !copy.exists(), "what is old is removed");
    assert!(young.exists(), "what is younger than the rules say is kept");
    assert!(log.exists(), "no rule names it");
    wait_for("the disk is well again", || is_healthy(&node, "disk"));
    wait_for("mail is taken", || node.greets());
    node.wait_for_events(&["DiskFreed"]);
    let told = node.ask(&["explain", &case]);
    assert!(told.contains("2 files with"), "{told}");
    for act in ["restart_component", "restart_process", "offline"] {
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
}

/// The octets that are free where a folder lies.
fn nix_free(path: &Path) -> u64 {
    let output = std::process::Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[test]
fn and_a_command_mends_what_it_was_set_for() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("the-neighbour-runs");
    std::fs::write(&lock, "").unwrap();
    let (look, start) = (
        format!("test -e {} || exit 2", lock.display()),
        format!("touch {}", lock.display()),
    );
    let mut node = Node::prepare_in(folder, |port| {
        let neighbour = format!(
            "\n[[probe]]\nname = \"neighbour\"\ntarget = {{ command = {{ command = [\"/bin/sh\", \"-c\", {look:?}] }} }}\n\
             interval = \"1s\"\ntimeout = \"900ms\"\nfailures = 2\n"
        );
        let command = format!(
            "restart_process_after = \"1h\"\noffline_after = \"1h\"\nprobation = \"1s\"\n\
             repair_commands = [{{ component = \"probe/neighbour\", command = [\"/bin/sh\", \"-c\", {start:?}] }}]\n"
        );
        objects(port) + &neighbour + QUICK + &command
    });
    node.serve();
    wait_for("the neighbour is well", || {
        is_healthy(&node, "probe/neighbour")
    });
    std::fs::remove_file(&lock).unwrap();
    let case = helped(&node, "probe/neighbour");
    assert!(lock.exists(), "the command was run");
    let acts = entries(&node, "acted", "respond");
    let said = acts[0]["text"].as_str().unwrap();
    assert_eq!(said, "/bin/sh ended well");
    wait_for("the case is closed", || {
        node.json(&["explain", &case])["case"]["closed_unix_ms"].is_u64()
    });
    let told = &node.json(&["explain", &case])["case"];
    assert_eq!(told["solved_by"]["responder"], "command", "{told:#}");
    assert_eq!(monitor(&node, "probe/neighbour").0, "healthy");
}
