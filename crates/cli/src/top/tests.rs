//! The picture of a made-up node: what stands in it, at which sizes, and what keys do to it.

use mailward_api::{
    fault::Fault,
    view::{
        EventList, EventRecord, HealthReport, Ledger, LedgerEntry, QueueList, QueueListing,
        QueueSummary, RepairAct,
    },
};
use serde_json::json;

use super::*;
use crate::top::draw::Sort;

const NOW: u64 = 1_800_000_000_000;

fn status(unix_ms: u64, accepted: u64) -> mailward_api::view::NodeStatus {
    let role = |role: &str| {
        json!({
            "role": role, "pid": 7, "version": "0", "started_unix_ms": NOW - 7_260_000,
            "revision": 3,
        })
    };
    let child = |name: &str, restarts: u64| {
        json!({
            "role": name, "state": "running", "pid": 8, "since_unix_ms": unix_ms,
            "restarts": restarts,
        })
    };
    serde_json::from_value(json!({
        "version": "0",
        "revision": 3,
        "manager": {
            "role": role("manager"),
            "children": [child("transport", 2), child("worker", 0)],
            "listening": [],
        },
        "transport": {
            "role": role("transport"),
            "gate": { "closed": false },
            "connectors": [],
            "sessions": 4,
            "queue": {
                "messages": 12, "bytes": 1, "deliveries": 12, "in_flight": 0, "deferred": 12,
                "held": 0, "oldest_unix_ms": NOW - 300_000, "syncs": 1, "sync_last_us": 1,
                "sync_max_us": 1, "health": "ok",
            },
            "counters": { "accepted": accepted },
        },
        "worker": null,
    }))
    .unwrap()
}

fn queue(next_hop: &str, count: u64, age_ms: u64) -> QueueSummary {
    QueueSummary {
        next_hop: next_hop.to_owned(),
        count,
        in_flight: 0,
        deferred: count,
        held: false,
        oldest_unix_ms: Some(NOW - age_ms),
        next_retry_unix_ms: None,
        last_error: None,
        incoming_rate: 0.0,
        outgoing_rate: 0.0,
    }
}

fn health(unix_ms: u64) -> HealthReport {
    let set = |name: &str, state: &str| json!({ "set": name, "state": state, "since_unix_ms": NOW - 60_000, "monitors": [] });
    serde_json::from_value(json!({
        "node": "mx1.example.org",
        "state": "degraded",
        "unix_ms": unix_ms,
        "repair": false,
        "sets": [set("Certificates", "healthy"), set("Receive", "degraded")],
    }))
    .unwrap()
}

fn shot(unix_ms: u64, accepted: u64) -> Shot {
    Shot {
        unix_ms,
        status: Some(status(unix_ms, accepted)),
        health: Some(health(unix_ms)),
        queues: Some(QueueListing {
            queues: QueueList {
                queues: vec![
                    queue("connector/Internet/a.example", 1, 300_000),
                    queue("connector/Internet/b.example\u{1b}[31m", 11, 5_000),
                ],
                messages: 12,
            },
            messages: serde_json::from_value(json!({ "messages": [], "matching": 0 })).unwrap(),
        }),
        ledger: Some(Ledger {
            entries: vec![LedgerEntry {
                entry: 3,
                unix_ms: NOW - 42_000,
                record: "intent".to_owned(),
                case: Some("case-1".to_owned()),
                component: "receive/Internet".to_owned(),
                act: Some(RepairAct::RestartComponent {
                    component: "receive/Internet".to_owned(),
                }),
                text: "no greeting".to_owned(),
                reasons: Vec::new(),
                ..LedgerEntry::default()
            }],
            budgets: Vec::new(),
        }),
        events: Some(EventList {
            events: vec![EventRecord {
                unix_ms: NOW - 1_000,
                role: "worker".to_owned(),
                number: 4001,
                name: "MonitorStateChanged".to_owned(),
                level: "warning".to_owned(),
                text: "connector/Internet went bad".to_owned(),
                fields: serde_json::Map::new(),
                repeated: 0,
            }],
        }),
        fault: None,
    }
}

fn view() -> View {
    let mut view = View::new(Duration::from_secs(2), false);
    view.show(shot(NOW - 2_000, 10));
    view.show(shot(NOW, 25));
    view
}

#[test]
fn a_terminal_of_80_by_24_shows_everything() {
    let text = picture(&view(), 80, 24, NOW);
    for line in [
        "mx1.example.org  degraded  repair off (shadow)  up 2h1m",
        "mail is taken  transport: 2 restarts",
        "per second: accepted 7.5  delivered 0.0",
        "queued 12 (oldest 5m)",
        "Receive",
        "restart the component receive/Internet: no greeting",
        "4001 warning",
        "q quit",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.lines().count() <= 24, "{text}");
    let sick = text.find("Receive").unwrap();
    assert!(
        sick < text.find("Certificates").unwrap(),
        "the worst first:\n{text}"
    );
    assert!(
        !text.contains('\u{1b}'),
        "nothing reaches the terminal that it would act on"
    );
}

#[test]
fn any_size_is_drawn() {
    for (columns, lines) in [(1, 1), (59, 11), (60, 12), (80, 24), (250, 70)] {
        let text = picture(&view(), columns, lines, NOW);
        assert!(text.lines().count() <= usize::from(lines));
        let mut helped = view();
        helped.press(Key::Help);
        picture(&helped, columns, lines, NOW);
    }
    picture(&View::new(Duration::from_secs(2), true), 80, 24, NOW);
}

#[test]
fn keys_change_the_view_alone() {
    let mut view = view();
    let first = |view: &View| {
        let text = picture(view, 100, 24, NOW);
        let at = |name: &str| text.find(name).unwrap();
        if at("a.example") < at("b.example") {
            'a'
        } else {
            'b'
        }
    };
    assert_eq!((view.sort, first(&view)), (Sort::Count, 'b'));
    view.press(Key::Sort);
    assert_eq!((view.sort, first(&view)), (Sort::Oldest, 'a'));
    view.press(Key::Sort);
    assert_eq!((view.sort, first(&view)), (Sort::Name, 'a'));
    view.press(Key::Pause);
    assert!(picture(&view, 80, 24, NOW).contains("paused"));
    view.press(Key::Slower);
    assert_eq!(view.interval, Duration::from_secs(5));
    for _ in 0..20 {
        view.press(Key::Faster);
    }
    assert_eq!(view.interval, Duration::from_secs(1));
    view.press(Key::Help);
    assert!(picture(&view, 80, 24, NOW).contains("take this away"));
    assert_eq!(
        view.press(Key::Quit),
        Outcome::GoOn,
        "the explanation goes first"
    );
    assert_eq!(view.press(Key::Quit), Outcome::End);
}

#[test]
fn what_was_seen_stays_while_nobody_answers_and_rates_do_not() {
    let mut view = view();
    view.show(Shot {
        unix_ms: NOW + 2_000,
        fault: Some(Fault::failed("nobody answers")),
        ..Shot::default()
    });
    let text = picture(&view, 100, 24, NOW + 2_000);
    assert!(text.contains("nobody answers; asking again"), "{text}");
    assert!(text.contains("connector/Internet/a.example"), "{text}");
    assert!(text.contains("per second: …"), "{text}");
    view.show(shot(NOW + 4_000, 30));
    let text = picture(&view, 100, 24, NOW + 4_000);
    assert!(text.contains("mail is taken"), "{text}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let area = Rect::new(0, 0, 80, 24);
    for color in [true, false] {
        let mut view = View::new(Duration::from_secs(2), color);
        view.show(shot(NOW, 10));
        let mut buffer = Buffer::empty(area);
        view.draw(area, &mut buffer, NOW);
        let colored = buffer
            .content()
            .iter()
            .any(|cell| cell.fg != ratatui::style::Color::Reset);
        assert_eq!(colored, color);
    }
}
