//! A forecast says what will break, and when; a calendar program reads it.

use std::os::unix::{fs::PermissionsExt, net::UnixStream};

use crate::support::{Node, http_get, objects, run, wait_for};

/// Debian's own: it has the package that `scripts/test` installs, whatever else is on the path.
const PYTHON: &str = "/usr/bin/python3";

/// Reads a calendar with a parser that is not ours, and prints what it understood.
const READ: &str = "\
import sys, icalendar
calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
for event in calendar.walk('VEVENT'):
    print(event['UID'], event.decoded('DTSTART').isoformat(), event['SUMMARY'])
    assert event.decoded('DTSTAMP').tzinfo is not None
    assert not event.errors, event.errors
";

#[test]
fn and_calendars_read_it() {
    let mut node = Node::prepare(objects);
    let folder = node.path("certificates");
    let (key, certificate) = (folder.join("soon.key"), folder.join("soon.pem"));
    let paths = [key.to_str().unwrap(), certificate.to_str().unwrap()];
    let made = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "5",
            "-subj",
            "/CN=other.example.test",
            "-keyout",
            paths[0],
            "-out",
            paths[1],
        ],
        "",
    );
    assert!(made.0, "{}", made.1);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    node.serve();

    let mut soon = String::new();
    wait_for("the worker foresees the end of a certificate", || {
        let told = node.command(&["health", "forecast"]);
        soon = String::from_utf8_lossy(&told.stdout).into_owned();
        soon.contains("The certificate soon.pem ends")
    });
    assert!(
        soon.contains("soon.key can be read or written by every user"),
        "{soon}"
    );
    assert!(soon.contains("disk/free_octets"), "a gap is told: {soon}");
    let far = node.json(&["health", "forecast", "--days", "400"]);
    let all = far["forecasts"].as_array().unwrap();
    assert!(all.len() > 3, "{far:#}");
    let dates: Vec<u64> = all
        .iter()
        .map(|one| one["likely_unix_ms"].as_u64().unwrap())
        .collect();
    assert!(dates.is_sorted(), "{dates:?}");
    wait_for("health tells what breaks within two weeks", || {
        let told = node.command(&["health"]);
        String::from_utf8_lossy(&told.stdout).contains("The certificate soon.pem ends")
    });

    let calendar = node.ask(&["health", "forecast", "--days", "400", "--ical"]);
    let (understood, read) = run(PYTHON, &["-c", READ], &calendar);
    assert!(understood, "{read}");
    assert_eq!(read.lines().count(), all.len(), "{read}");
    assert!(
        read.contains("certificate-soon.pem@mail.example.test"),
        "{read}"
    );
    let socket = UnixStream::connect(node.path("run/admin.sock")).unwrap();
    let (status, page) = http_get(socket, "/v1/health/forecast.ics?days=400");
    assert_eq!(status, 200);
    let (understood, again) = run(PYTHON, &["-c", READ], &page);
    assert!(understood, "{again}");
    assert_eq!(again, read, "the same entries with the same UIDs");
    let (code, said) = node.refused(&["health", "forecast", "--days", "0"]);
    assert_eq!(code, 2, "{said}");
}
