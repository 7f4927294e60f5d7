//! Every dialog against the machine, with the client's octets cut in several ways.

use mailward_testkit::dialog::{Cut, Script, all, play};

fn each(cut: Cut, wanted: impl Fn(&str) -> bool) {
    let mut failed = Vec::new();
    for (name, text) in all().into_iter().filter(|(name, _)| wanted(name)) {
        let script = match Script::parse(text) {
            Ok(script) => script,
            Err(error) => {
                failed.push(format!("{name}: {error}"));
                continue;
            }
        };
        if let Err(error) = play(&script, cut) {
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn dialogs_as_they_are_sent() {
    each(Cut::AsSent, |_| true);
}

#[test]
fn dialogs_octet_by_octet() {
    // What waits behind STARTTLS waits only where it comes in one piece.
    each(Cut::Into(1), |name| {
        name != "starttls-injection" && name != "recipients-100000"
    });
}

#[test]
fn dialogs_in_pieces_of_seven() {
    each(Cut::Into(7), |name| name != "starttls-injection");
}

#[test]
fn dialogs_in_groups() {
    each(Cut::Together, |_| true);
}

#[test]
fn every_dialog_file_is_listed() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dialogs");
    let listed = all();
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".txt").unwrap();
        assert!(
            listed.iter().any(|(listed, _)| *listed == stem),
            "{name} is not listed"
        );
    }
}
