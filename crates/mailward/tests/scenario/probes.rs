//! What scenarios about health probes share: markers signed as the worker signs them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailward_host::keyring::{Key, Keyring};
use mailward_proto::probe::{FIELD, LIFETIME_SECS, Marker};

use crate::support::Node;

/// The name of every node of the scenarios.
pub(crate) const NODE: &str = "mail.example.test";
/// Its health mailbox.
pub(crate) const MAILBOX: &str = "health-mail.example.test@mailward-health.invalid";

/// Unix time in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// The key that the node signs with now.
pub(crate) fn key(node: &Node) -> Key {
    let path = node.path("data/health/probe.key");
    let keyring = Keyring::open(&path, Duration::from_secs(1800), unix_ms());
    keyring.signing().unwrap()
}

/// A marker of this moment.
pub(crate) fn marker(path: &str, slot: u64) -> Marker {
    Marker {
        path: path.to_owned(),
        node: NODE.to_owned(),
        slot,
        expires_unix: unix_ms() / 1000 + LIFETIME_SECS,
    }
}

/// A message with a marker.
pub(crate) fn message(marker: &Marker, key: &Key, subject: &str) -> Vec<u8> {
    let value = marker.sign(key);
    format!("{FIELD}: {value}\r\nSubject: {subject}\r\n\r\nx").into_bytes()
}

/// What a monitor's probe saw last.
pub(crate) fn seen(node: &Node, name: &str) -> String {
    let output = node.command(&["health", "report", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sets = report["sets"].as_array().cloned().unwrap_or_default();
    let monitors = sets.iter().filter_map(|set| set["monitors"].as_array());
    let found = monitors.flatten().find(|one| one["monitor"] == name);
    let results = found.and_then(|one| one["results"].as_array());
    let newest = results.and_then(|results| results.last()?["text"].as_str());
    newest.unwrap_or_default().to_owned()
}

/// When a monitor's probe ended last, as far as it has a result.
pub(crate) fn looked(node: &Node, name: &str) -> u64 {
    let output = node.command(&["health", "report", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sets = report["sets"].as_array().cloned().unwrap_or_default();
    let monitors = sets.iter().filter_map(|set| set["monitors"].as_array());
    let found = monitors.flatten().find(|one| one["monitor"] == name);
    let results = found.and_then(|one| one["results"].as_array());
    let newest = results.and_then(|results| results.last()?["unix_ms"].as_u64());
    newest.unwrap_or_default()
}

/// The alerts about a component in a file of JSON lines, as they were raised. What went out together
/// is one line: the worst alert, and the others in a list.
pub(crate) fn raised(path: &std::path::Path, component: &str) -> Vec<serde_json::Value> {
    let lines = crate::support::read(path);
    let documents = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let all = documents.flat_map(|document| {
        let others = document["others"].as_array().cloned().unwrap_or_default();
        std::iter::once(document).chain(others)
    });
    all.filter(|alert| alert["component"] == component && alert["news"] == "raised")
        .collect()
}

/// True where a monitor is confirmed bad.
pub(crate) fn is_bad(node: &Node, name: &str) -> bool {
    let state = monitor(node, name).0;
    ["degraded", "unhealthy", "unrecoverable"].contains(&state.as_str())
}

/// The state of a monitor, with the reason.
pub(crate) fn monitor(node: &Node, name: &str) -> (String, String) {
    let output = node.command(&["health", "report", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sets = report["sets"].as_array().cloned().unwrap_or_default();
    let monitors = sets.iter().filter_map(|set| set["monitors"].as_array());
    let found = monitors.flatten().find(|one| one["monitor"] == name);
    let text = |field: &str| {
        let value = found.and_then(|one| one[field].as_str());
        value.unwrap_or_default().to_owned()
    };
    (text("state"), text("because"))
}

/// True where a monitor is healthy.
pub(crate) fn is_healthy(node: &Node, name: &str) -> bool {
    monitor(node, name).0 == "healthy"
}

/// A property as `health explain` shows it: its value and where it comes from.
pub(crate) fn property(node: &Node, item: &str, subject: &str, property: &str) -> (String, String) {
    let output = node.command(&["health", "explain", item, "--json"]);
    let view: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let rows = view["properties"].as_array().cloned().unwrap_or_default();
    let row = rows
        .into_iter()
        .find(|row| row["subject"] == subject && row["property"] == property)
        .unwrap_or_default();
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    (text("value"), text("origin"))
}
