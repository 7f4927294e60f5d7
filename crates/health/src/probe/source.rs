//! Sources that are kept current: the list of a sender feed as transport has it, a directory as access
//! follows it.
//!
//! Nothing is asked of the sources themselves: whoever follows them does that, and a second one would
//! only double their load.

use std::time::Duration;

use mailward_api::view::{DirectorySyncSource, DirectorySyncStatus, SyncState};
use mailward_model::{
    ObjectId,
    kind::{SenderFeed, UntrustedFeed},
};
use mailward_perimeter::{FeedState, Shelf};
use mailward_tls::untrusted::feed;

use super::{Context, Found, Steps, http};
use crate::Cause;

/// A directory that was not heard for so many of its intervals is not followed.
const INTERVALS_MAX: u32 = 30;
/// But never sooner than this.
const SILENT_MIN: Duration = Duration::from_secs(600);
/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// How old the list of a sender feed is, and whether a change of it waits for a person.
pub(super) async fn feed(context: &Context, id: ObjectId, feed: &SenderFeed) -> Found {
    let shelf = Shelf::new(context.data_dir.join("perimeter"));
    // A small file, but a disk.
    let loaded = tokio::task::spawn_blocking(move || shelf.load(id)).await;
    match loaded {
        Ok(Ok(Some(state))) => judge_feed(&state, feed, context.clock.unix_ms()),
        Ok(Ok(None)) => Found::skipped("transport has not taken it up yet"),
        Ok(Err(error)) => Found::fail(format!("what is known of it cannot be read: {error}")),
        Err(error) => Found::error(error.to_string()),
    }
}

fn judge_feed(state: &FeedState, feed: &SenderFeed, now_unix_ms: u64) -> Found {
    let hours = |since: u64| now_unix_ms.saturating_sub(since) / HOUR_MS;
    let problem = state.problem.as_deref();
    let found = if state.old_ms(feed, now_unix_ms).is_some() {
        let because = problem.unwrap_or("no answer confirmed it");
        let hours = state.confirmed_unix_ms.map_or(0, hours);
        Found::fail(format!("its list is {hours} hours old: {because}")).of(Cause::Upstream)
    } else if let Some(held) = &state.held {
        Found::slow(format!(
            "a change waits for a person since {} hours: {}",
            hours(held.since_unix_ms),
            held.because
        ))
    } else if let Some(problem) = problem {
        Found::pass(format!("{}; the last try failed: {problem}", state.told()))
    } else {
        Found::pass(state.told())
    };
    match state.confirmed_unix_ms {
        Some(confirmed) => found.measured("age_ms", now_unix_ms.saturating_sub(confirmed)),
        None => found,
    }
}

/// How old the list of an untrusted feed is, and whether a change of it waits for a person.
pub(super) async fn untrusted_feed(context: &Context, id: ObjectId, feed: &UntrustedFeed) -> Found {
    let shelf = feed::Shelf::new(context.data_dir.join("untrusted"));
    // A file, and a disk.
    let loaded = tokio::task::spawn_blocking(move || shelf.load(id)).await;
    match loaded {
        Ok(Ok(Some(state))) => judge_untrusted(&state, feed, context.clock.unix_ms()),
        Ok(Ok(None)) => Found::skipped("transport has not taken it up yet"),
        Ok(Err(error)) => Found::fail(format!("what is known of it cannot be read: {error}")),
        Err(error) => Found::error(error.to_string()),
    }
}

fn judge_untrusted(state: &feed::FeedState, feed: &UntrustedFeed, now_unix_ms: u64) -> Found {
    let problem = state.problem.as_deref();
    let found = if let Some(because) = state.old(feed, now_unix_ms) {
        Found::fail(format!("{} is old: {because}", state.told())).of(Cause::Upstream)
    } else if let (Some(problem), true) = (problem, state.is_empty()) {
        Found::fail(format!("{}; {problem}", state.told())).of(Cause::Upstream)
    } else if let Some(held) = &state.held {
        Found::slow(format!(
            "a change waits for a person since {} hours: {}",
            now_unix_ms.saturating_sub(held.since_unix_ms) / HOUR_MS,
            held.because
        ))
    } else if let Some(problem) = problem {
        Found::pass(format!("{}; the last try failed: {problem}", state.told()))
    } else {
        Found::pass(state.told())
    };
    match state.confirmed_unix_ms {
        Some(confirmed) => found.measured("age_ms", now_unix_ms.saturating_sub(confirmed)),
        None => found,
    }
}

/// Whether a directory is followed by this node, or by another one that shares its objects.
pub(super) async fn directory(
    context: &Context,
    name: &str,
    poll_interval: Duration,
    steps: &mut Steps,
) -> Found {
    let page = match http::ask_access(context, "/v1/directory/sync", steps).await {
        Ok(page) if page.status == 200 => page,
        Ok(page) => return Found::error(format!("access answers {}", page.status)),
        Err(found) => return found,
    };
    let status: DirectorySyncStatus = match serde_json::from_slice(&page.body) {
        Ok(status) => status,
        Err(error) => return Found::error(format!("access answers something else: {error}")),
    };
    let source = status.sources.iter().find(|one| one.source == name);
    match source {
        Some(source) => judge_directory(source, poll_interval, context.clock.unix_ms()),
        None => Found::skipped("access has not taken it up yet"),
    }
}

fn judge_directory(
    source: &DirectorySyncSource,
    poll_interval: Duration,
    now_unix_ms: u64,
) -> Found {
    let silent = poll_interval.saturating_mul(INTERVALS_MAX).max(SILENT_MIN);
    let since = source.heard_unix_ms.unwrap_or(source.since_unix_ms);
    let age_ms = now_unix_ms.saturating_sub(since);
    let is_silent = Duration::from_millis(age_ms) > silent;
    let because = source.because.as_deref().unwrap_or("no reason is known");
    let found = match source.state {
        SyncState::Off => return Found::skipped("it is not enabled"),
        SyncState::Elsewhere => return Found::pass("another node follows it"),
        SyncState::Held => Found::fail(format!("it waits for a person: {because}")),
        SyncState::Failing => {
            Found::fail(format!("no server can be used: {because}")).of(Cause::Upstream)
        }
        SyncState::Connecting | SyncState::Reading | SyncState::Following if is_silent => {
            let (minutes, word) = (age_ms / 60_000, source.state.word());
            Found::fail(format!("nothing was heard for {minutes} minutes ({word})"))
                .of(Cause::Upstream)
        }
        state => Found::pass(format!(
            "{}, {} recipients",
            state.word(),
            source.recipients
        )),
    };
    found.measured("age_ms", age_ms)
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::{FeedSource, Microsoft365Feed};
    use mailward_perimeter::HeldVersion;

    use super::*;
    use crate::probe::Verdict;

    const NOW: u64 = 1_800_000_000_000;
    const DAY_MS: u64 = 24 * HOUR_MS;

    #[test]
    fn a_list_is_old_after_its_time_and_a_held_change_is_told() {
        let feed = SenderFeed::new(FeedSource::Microsoft365(Microsoft365Feed::default()));
        let mut state = FeedState::default();
        state.adopt(&feed, NOW);
        state.confirm(NOW);
        let verdict = |state: &FeedState, days| judge_feed(state, &feed, NOW + days * DAY_MS);
        assert_eq!(verdict(&state, 1).verdict, Verdict::Pass);
        assert_eq!(verdict(&state, 34).verdict, Verdict::Pass);
        let old = verdict(&state, 36);
        assert_eq!(old.verdict, Verdict::Fail);
        assert!(old.text.contains("864 hours old"), "{}", old.text);
        assert_eq!(
            old.measures.first().map(|one| one.value),
            Some(36 * 86_400_000)
        );

        let version = state.in_force.clone().unwrap();
        state.held = Some(HeldVersion {
            version,
            since_unix_ms: NOW,
            because: "half of it would go".to_owned(),
        });
        let held = verdict(&state, 1);
        assert_eq!(held.verdict, Verdict::Slow);
        assert!(
            held.text.contains("24 hours: half of it would go"),
            "{}",
            held.text
        );
    }

    #[test]
    fn a_directory_that_is_silent_held_or_gone_is_told() {
        let source = |state, heard: Option<u64>| DirectorySyncSource {
            source: "Corp".to_owned(),
            state,
            because: Some("dc1 refuses".to_owned()),
            since_unix_ms: NOW,
            server: None,
            follows_by: None,
            entries: 3,
            recipients: 3,
            read_unix_ms: None,
            heard_unix_ms: heard,
            changed_unix_ms: None,
            held: None,
            skipped: Vec::new(),
            skipped_all: 0,
        };
        let two = Duration::from_secs(2);
        let judge = |state, heard, at_s: u64| {
            judge_directory(&source(state, heard), two, NOW + at_s * 1000).verdict
        };
        assert_eq!(judge(SyncState::Following, Some(NOW), 599), Verdict::Pass);
        assert_eq!(judge(SyncState::Following, Some(NOW), 601), Verdict::Fail);
        assert_eq!(judge(SyncState::Connecting, None, 601), Verdict::Fail);
        assert_eq!(judge(SyncState::Held, Some(NOW), 1), Verdict::Fail);
        assert_eq!(judge(SyncState::Failing, None, 1), Verdict::Fail);
        assert_eq!(judge(SyncState::Elsewhere, None, 9_999), Verdict::Pass);
        assert_eq!(judge(SyncState::Off, None, 9_999), Verdict::Skipped);
    }
}
