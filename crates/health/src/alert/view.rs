//! What the desk knows, as the views that `mailward alert` shows.

use std::sync::Arc;

use mailward_api::view::{
    AlertAcknowledged, AlertChannelView, AlertList, AlertSilence, AlertTold, AlertTried, AlertView,
};
use mailward_model::kind::AlertTarget;

use super::{
    AlertKind,
    courier::Courier,
    notify::{Entry, News, Notifier, Route, Silence},
};

/// The word for a kind of target; where it goes may be a secret.
pub(super) fn target_word(target: &AlertTarget) -> &'static str {
    match target {
        AlertTarget::Webhook(_) => "webhook",
        AlertTarget::Email(_) => "email",
        AlertTarget::Command(_) => "command",
        AlertTarget::Syslog(_) => "syslog",
        AlertTarget::File(_) => "file",
        AlertTarget::Ping(_) => "ping",
    }
}

/// All alerts that are open, and with `all` those that are over.
pub(super) fn list(
    notifier: &Notifier,
    channels: &[(Arc<Courier>, Route)],
    all: bool,
    now: u64,
) -> AlertList {
    let book = notifier.book();
    let open = book
        .open
        .values()
        .filter(|entry| all || entry.solved_unix_ms.is_none());
    let past = book.past.iter().filter(|_| all);
    let mut alerts: Vec<AlertView> = open
        .chain(past)
        .map(|entry| alert(notifier, channels, entry, now))
        .collect();
    alerts.sort_by_key(|alert| {
        (
            alert.solved_unix_ms.is_some(),
            std::cmp::Reverse(alert.raised_unix_ms),
        )
    });
    let in_force = book
        .silences
        .iter()
        .filter(|silence| silence.until_unix_ms > now);
    AlertList {
        alerts,
        silences: in_force.map(silence).collect(),
        channels: channels
            .iter()
            .map(|(courier, _)| channel(notifier, courier))
            .collect(),
    }
}

/// One alert by its id.
pub(super) fn show(
    notifier: &Notifier,
    channels: &[(Arc<Courier>, Route)],
    id: &str,
    now: u64,
) -> Option<AlertView> {
    let book = notifier.book();
    let past = || book.past.iter().rev().find(|entry| entry.alert.case == id);
    let entry = book.open.get(id).or_else(past)?;
    Some(alert(notifier, channels, entry, now))
}

fn silence(silence: &Silence) -> AlertSilence {
    AlertSilence {
        id: silence.id.clone(),
        pattern: silence.pattern.clone(),
        by: silence.by.clone(),
        reason: silence.reason.clone(),
        from_unix_ms: silence.from_unix_ms,
        until_unix_ms: silence.until_unix_ms,
    }
}

fn channel(notifier: &Notifier, courier: &Courier) -> AlertChannelView {
    let line = notifier
        .book()
        .lines
        .get(&courier.name)
        .cloned()
        .unwrap_or_default();
    let standing = courier.standing();
    let heartbeat = courier.spec.heartbeat_interval();
    AlertChannelView {
        channel: courier.name.clone(),
        target: target_word(&courier.spec.target).to_owned(),
        works: !standing.is_broken(),
        failures: standing.failures,
        error: standing.error,
        delivered_unix_ms: line.delivered_unix_ms,
        next_unix_ms: (line.failures > 0).then_some(line.next_unix_ms),
        heartbeat_ms: heartbeat
            .map(|span| u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)),
    }
}

fn alert(
    notifier: &Notifier,
    channels: &[(Arc<Courier>, Route)],
    entry: &Entry,
    now: u64,
) -> AlertView {
    let alert = &entry.alert;
    let over = entry.solved_unix_ms.is_some();
    let told = channels
        .iter()
        .map(|(_, route)| told(notifier, entry, route, now));
    AlertView {
        id: alert.case.clone(),
        kind: entry.level.word().to_owned(),
        component: alert.component.clone(),
        set: alert.set.clone(),
        since_unix_ms: alert.since_unix_ms,
        raised_unix_ms: entry.raised_unix_ms,
        solved_unix_ms: entry.solved_unix_ms,
        effect: alert.effect.clone(),
        text: alert.text.clone(),
        cause: alert.cause.clone(),
        seen: alert.seen.clone(),
        tried: alert
            .tried
            .iter()
            .map(|tried| AlertTried {
                unix_ms: tried.unix_ms,
                act: tried.act.clone(),
                outcome: tried.outcome.clone(),
            })
            .collect(),
        todo: if over { Vec::new() } else { alert.todo.clone() },
        explain: alert.explain.clone(),
        acknowledged: entry.acknowledged.as_ref().map(|ack| AlertAcknowledged {
            by: ack.by.clone(),
            note: ack.note.clone(),
            unix_ms: ack.unix_ms,
        }),
        silenced_by: notifier
            .silence_of(alert, now)
            .filter(|_| !over)
            .map(|silence| silence.id.clone()),
        told: told.collect(),
    }
}

fn told(notifier: &Notifier, entry: &Entry, route: &Route, now: u64) -> AlertTold {
    let told = entry.told.get(&route.name);
    let decision = notifier.news(entry, route, now);
    let line = notifier.book().lines.get(&route.name);
    let failing = line.filter(|line| line.failures > 0);
    let due = decision.chosen.filter(|_| entry.level > AlertKind::Solved);
    let next = due.map(|due| due.unix_ms.max(failing.map_or(0, |line| line.next_unix_ms)));
    let because = match (due.map(|due| due.news), failing) {
        (Some(News::Raised | News::Worse | News::Solved), Some(line)) => {
            format!(
                "{}, and the last attempt failed: {}",
                decision.because, line.error
            )
        }
        _ => decision.because,
    };
    AlertTold {
        channel: route.name.clone(),
        times: told.map_or(0, |told| told.times),
        last_unix_ms: told.map(|told| told.unix_ms),
        next_unix_ms: next,
        because,
    }
}
