//! Configuration files that are taken, and what is said of those that are not.

use super::*;

#[track_caller]
fn refused(text: &str) -> String {
    Config::parse("mailward.toml", text)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_host_name_is_all_that_is_needed() {
    let config = Config::parse("mailward.toml", "hostname = \"mail.example.org\"").unwrap();
    assert_eq!(config.data_dir, Path::new("/var/lib/mailward"));
    assert!(!config.allow_faults && !config.needs_enforcer());
    for (line, is_kept, only) in [
        ("groups = true", true, None),
        ("groups = false", false, None),
        ("groups = [\"adm\"]", true, Some(vec!["adm".to_owned()])),
    ] {
        let text = format!("hostname = \"mail.example.org\"\n{line}");
        let config = Config::parse("mailward.toml", &text).unwrap();
        assert_eq!(
            (config.needs_enforcer(), config.groups.only()),
            (is_kept, only)
        );
    }
}

#[test]
fn an_error_names_line_column_and_the_nearest_key() {
    let message = refused("hostname = \"a.example\"\ndata_dri = \"/x\"\n");
    assert!(
        message.starts_with("mailward.toml:2:1: unknown field `data_dri`"),
        "{message}"
    );
    assert!(message.contains("did you mean `data_dir`?"), "{message}");
    let message = refused("hostname = \"a.example\"\nreceive_connector = 1\n");
    assert!(message.contains("mailward apply"), "{message}");
}

#[test]
fn whatever_stands_in_it_is_answered_with_a_place() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/config");
    for entry in std::fs::read_dir(corpus).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        if let Err(problem) = check("m", &String::from_utf8_lossy(&octets)) {
            assert!(problem.starts_with("m:"), "{problem}");
        }
    }
}

#[test]
fn what_looks_in_from_outside_is_off_until_it_is_set() {
    let config = Config::parse("m", "hostname = \"a.example\"").unwrap();
    assert_eq!((config.agent, config.otlp()), (None, None));
    assert_eq!(config.http_details, DetailsTo::Loopback);
    let text = "hostname = \"a.example\"\nagent = \"127.0.0.1:9\"\nhttp_details = \"token\"\n\
                [otlp]\nendpoint = \"http://x\"\ninterval = \"5s\"\n";
    let config = Config::parse("m", text).unwrap();
    assert_eq!(config.http_details, DetailsTo::Token);
    let otlp = config.otlp().unwrap();
    assert_eq!((otlp.interval, otlp.logs), (Duration::from_secs(5), true));
    for (text, expect) in [
        ("[otlp]\nendpiont = \"x\"", "did you mean `endpoint`?"),
        (
            "[otlp]\nendpoint = \"x\"\ninterval = \"10ms\"",
            "one second at least",
        ),
        ("http_details = \"everybody\"", "anyone"),
    ] {
        let message = refused(&format!("hostname = \"a.example\"\n{text}"));
        assert!(message.contains(expect), "{message}");
    }
}

#[test]
fn other_nodes_are_spoken_with_where_it_is_set() {
    let config = Config::parse("m", "hostname = \"a.example\"").unwrap();
    assert_eq!((config.remote_listen(), config.remote), (None, None));
    let text = "hostname = \"a.example\"\n[remote]\nlisten = \"127.0.0.1:9\"\n\
                certificate_file = \"/c\"\nauthority_file = \"/a\"\n";
    let config = Config::parse("m", text).unwrap();
    assert!(config.remote_listen().is_some());
    let message = refused("hostname = \"a.example\"\n[remote]\ncertificate_flie = \"/c\"");
    assert!(
        message.contains("did you mean `certificate_file`?"),
        "{message}"
    );
}

#[test]
fn a_password_in_the_url_differs_and_is_not_shown() {
    let config = |password: &str| {
        let url = format!("postgresql://mw:{password}@db.example.org/objects");
        let text = format!("hostname = \"a.example\"\n[store]\nurl = \"{url}\"\n");
        Config::parse("m", &text).unwrap()
    };
    let (one, other) = (config("hush"), config("husht"));
    assert_eq!(one.fingerprint(), config("hush").fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert!(!format!("{one:?}").contains("hush"));
    let message = refused("hostname = \"a.example\"\n[store]\nurl = \"postgresql:///x\"");
    assert!(
        message.starts_with("m") && message.contains(":3:7") && message.contains("no host"),
        "{message}"
    );
    // The line is shown with an error, and what is wrong in it may stand beside a password.
    let message = refused(
        "hostname = \"a.example\"\n[store]\nurl = \"postgresql://mw:hush@db/x?sslmode=on\"",
    );
    assert!(
        message.contains("sslmode") && !message.contains("hush"),
        "{message}"
    );
}

#[test]
fn values_are_checked_where_they_stand() {
    let message = refused("hostname = \"-bad-\"\n");
    assert!(
        message.contains("mailward.toml:1:12") && message.contains("hyphen"),
        "{message}"
    );
    assert!(refused("hostname = \"a.example\"\nhttp = \"nowhere\"").contains(":2:8"));
    assert!(refused("").contains("hostname"));
}
