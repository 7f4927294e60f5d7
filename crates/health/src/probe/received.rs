//! The receiving end of a path of mail: whether a probe has arrived in time, whoever should have
//! sent it. A sender that is silent, skipped or dead is noticed here, because nothing comes.
//!
//! Silence is to be expected while the connector is held, and where this host cannot send
//! through it at all.

use std::time::Duration;

use super::{Context, Found, NOT_APPLICABLE};

/// How long a probe may be late on top of two intervals.
const GRACE: Duration = Duration::from_secs(60);

/// How long a path may be silent whose probes are sent every `interval`.
fn silence_max(interval: Duration) -> Duration {
    interval * 2 + GRACE
}

pub(super) async fn look(context: &Context, connector: &str, interval: Duration) -> Found {
    let path = mailward_proto::probe::received_path(connector);
    // Where the sender can never come through, nothing is expected.
    if let Err(found) = context.doors(connector).await
        && found.cause.as_deref() == Some(NOT_APPLICABLE)
    {
        context.inbox.excuse(&path);
        return found;
    }
    if let Some(reason) = context.held(connector).await {
        context.inbox.excuse(&path);
        return Found::skipped(format!("no mail is taken: {reason}"));
    }
    let (silent, newest) = context.inbox.silence(&path);
    let silent_s = silent.as_secs();
    if silent > silence_max(interval) {
        return Found::fail(format!(
            "no probe has arrived for {silent_s} s; one is expected every {} s",
            interval.as_secs()
        ))
        .measured("silent_s", silent_s);
    }
    let text = match newest {
        Some(newest) => format!(
            "the newest probe arrived {silent_s} s ago, {} ms after it was signed",
            newest.read_ms.saturating_sub(newest.slot)
        ),
        None => format!("the first probe is expected; none has come for {silent_s} s"),
    };
    Found::pass(text).measured("silent_s", silent_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_intervals_and_a_minute() {
        assert_eq!(silence_max(Duration::from_secs(300)).as_secs(), 660);
    }
}
