//! Probes of the node itself: transport's control channel, the queue, the store and the disk.

use std::{os::unix::fs::MetadataExt, path::PathBuf};

use mailward_api::{
    control::{ControlReply, ControlRequest, Resolved, Role, drill::DRILL_HOST},
    view::{
        TransportStatus,
        queue::QueueAudit,
        transport::{QueueHealth, QueueStats},
    },
};
use mailward_model::Kind;
use nix::sys::statvfs::statvfs;

use super::{Context, Found, NOT_APPLICABLE};
use crate::{Cause, Now, engine::definition::Place};

/// A sync that took longer than this, in microseconds, is told.
const SYNC_SLOW_US: u64 = 2_000_000;
/// A parked journal report may be this old, in milliseconds.
const JOURNAL_LAG_MS_MAX: u64 = 3_600_000;
/// Files that must be possible to make.
const INODES_MIN: u64 = 1_000;
/// What is measured where a file system counts no files.
const INODES_UNCOUNTED: u64 = 1 << 40;

pub(super) async fn transport(context: &Context) -> Found {
    match context.ask(Role::Transport, &ControlRequest::Ping).await {
        Ok(ControlReply::Pong(status)) => Found::pass(format!("process {} answers", status.pid)),
        Ok(_) => Found::error("it answered something else"),
        Err(error) => Found::fail(error),
    }
}

pub(super) async fn queue(context: &Context) -> Found {
    let status = match status(context).await {
        Ok(status) => status,
        Err(found) => return found,
    };
    let queue = &status.queue;
    match queue.health {
        QueueHealth::Full => {
            Found::fail("it refuses mail: its file system is full").of(Cause::DiskFull)
        }
        QueueHealth::Failing => Found::fail("it refuses mail: its disk fails").of(Cause::Disk),
        QueueHealth::Ok => {
            let ms = queue.sync_last_us / 1000;
            let slow = queue.sync_last_us > SYNC_SLOW_US;
            let text = format!("{} messages, {} deferred", queue.messages, queue.deferred);
            let found = if slow {
                Found::slow(format!("{text}; the last sync took {ms} ms"))
            } else {
                Found::pass(text)
            };
            let oldest = queue
                .oldest_unix_ms
                .map_or(0, |at| context.clock.unix_ms().saturating_sub(at));
            let found = found
                .measured("messages", queue.messages)
                .measured("deferred", queue.deferred)
                .measured("oldest_age_ms", oldest)
                .measured("sync_us", queue.sync_last_us);
            velocity(context, &status, found)
        }
    }
}

/// Adds how fast the queue moves, since the look before: recipients delivered and messages accepted in
/// a minute, and the messages by which it grew; negative where it shrank.
fn velocity(context: &Context, status: &TransportStatus, found: Found) -> Found {
    let now = Now::of(&*context.clock);
    let (delivered, accepted) = (status.counters.delivered, status.counters.accepted);
    let process = status.role.started_unix_ms;
    let before = context.last_queue.lock().replace((now, status.clone()));
    let Some((then, before)) = before else {
        return found;
    };
    let ms = now.since(then);
    // The counters of another process say nothing about this one.
    if ms == 0 || before.role.started_unix_ms != process {
        return found;
    }
    let per_minute = |count: u64, before: u64| count.saturating_sub(before) * 60_000 / ms;
    let growth = i128::from(status.queue.messages) - i128::from(before.queue.messages);
    found
        .measured("growth_per_minute", growth * 60_000 / i128::from(ms))
        .measured(
            "delivered_per_minute",
            per_minute(delivered, before.counters.delivered),
        )
        .measured(
            "accepted_per_minute",
            per_minute(accepted, before.counters.accepted),
        )
}

/// Whether what is due is being delivered. With nothing in hand no limit of connections keeps it back.
pub(super) async fn delivery(context: &Context) -> Found {
    match status(context).await {
        Ok(status) => given_out(&status.queue),
        Err(found) => found,
    }
}

/// What is due and in nobody's hand, judged.
pub(super) fn given_out(queue: &QueueStats) -> Found {
    let found = match (queue.ready, queue.in_flight) {
        (ready @ 1.., 0) => Found::fail(format!(
            "{ready} deliveries are due, and none of them is being tried"
        )),
        (ready, tried) => Found::pass(format!(
            "{tried} deliveries are being tried, {ready} are due"
        )),
    };
    found
        .measured("due", queue.ready)
        .measured("in_flight", queue.in_flight)
}

async fn status(context: &Context) -> Result<TransportStatus, Found> {
    match context.ask(Role::Transport, &ControlRequest::Status).await {
        Ok(ControlReply::Transport(status)) => Ok(status),
        Ok(_) => Err(Found::error("transport answered something else")),
        // That transport does not answer is the transport probe's to say.
        Err(error) => Err(Found::skipped(error)),
    }
}

async fn audit(context: &Context) -> Result<QueueAudit, Found> {
    match context
        .ask(Role::Transport, &ControlRequest::QueueAudit)
        .await
    {
        Ok(ControlReply::Audit(audit)) => Ok(audit),
        Ok(_) => Err(Found::error("transport answered something else")),
        // That transport does not answer is the transport probe's to say.
        Err(error) => Err(Found::skipped(error)),
    }
}

/// The invariant of the queue: no accepted message without an owner, a next act and a time for it.
pub(super) async fn ownership(context: &Context) -> Found {
    let audit = match audit(context).await {
        Ok(audit) => audit,
        Err(found) => return found,
    };
    let orphans = audit.unplanned + audit.unowned + audit.unannounced + audit.endless;
    let found = if orphans == 0 {
        Found::pass("every message has an owner and a next act")
    } else {
        let first: Vec<String> = audit
            .orphans
            .iter()
            .take(5)
            .map(ToString::to_string)
            .collect();
        Found::fail(format!(
            "{orphans} have none: {} without a plan, {} without a delivery, {} that no queue knows, \
             {} that wait for ever; the first are {}",
            audit.unplanned,
            audit.unowned,
            audit.unannounced,
            audit.endless,
            first.join(", ")
        ))
        .of(Cause::Orphaned)
    };
    found
        .measured("messages", audit.messages)
        .measured("orphans", orphans)
}

/// How far the journal is behind.
pub(super) async fn journal(context: &Context) -> Found {
    let audit = match audit(context).await {
        Ok(audit) => audit,
        Err(found) => return found,
    };
    let lag_ms = audit
        .journal_oldest_unix_ms
        .map_or(0, |at| context.clock.unix_ms().saturating_sub(at));
    let text = format!(
        "{} journal reports wait, {} of them parked",
        audit.journal_open, audit.journal_parked
    );
    let found = if audit.journal_parked > 0 && lag_ms > JOURNAL_LAG_MS_MAX {
        Found::fail(format!(
            "{text}, the oldest for {} minutes",
            lag_ms / 60_000
        ))
        .of(Cause::Upstream)
    } else if audit.journal_parked > 0 {
        Found::slow(text)
    } else {
        Found::pass(text)
    };
    found
        .measured("journal_open", audit.journal_open)
        .measured("journal_parked", audit.journal_parked)
        .measured("journal_lag_ms", lag_ms)
}

/// Whether the resolver that delivery asks answers. Asked is a name that does not exist anywhere:
/// that it does not is an answer.
pub(super) async fn resolver(context: &Context) -> Found {
    let Ok(host) = DRILL_HOST.parse() else {
        return Found::error("the name to ask for is no name");
    };
    let request = ControlRequest::Resolve { host };
    match context.ask(Role::Transport, &request).await {
        Ok(ControlReply::Resolved(Resolved::Answered(_))) => Found::pass("the resolver answers"),
        Ok(ControlReply::Resolved(Resolved::Failed(error))) => Found::fail(error).of(Cause::Dns),
        Ok(_) => Found::error("transport answered something else"),
        Err(error) => Found::skipped(error),
    }
}

pub(super) async fn store(context: &Context) -> Found {
    let store = context.store.clone();
    // Both block on the disk.
    let looked = tokio::task::spawn_blocking(move || {
        store
            .list(Kind::HealthSettings)
            .map_err(|error| ("read", error))?;
        store.write_test().map_err(|error| ("written", error))
    });
    match looked.await {
        Ok(Ok(())) => Found::pass(format!(
            "the objects can be read and written, revision {}",
            context.store.revision()
        )),
        Ok(Err((word, error))) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let cause = cause.unwrap_or_default();
            match context.store.database().filter(|_| word == "written") {
                None => Found::fail(format!("the objects cannot be {word}: {error}{cause}"))
                    .of(Cause::Disk),
                // No restart here makes a database elsewhere answer.
                Some(database) => Found::fail(format!(
                    "the database of the objects, {database}, cannot be written{cause}; this node goes on with its copy"
                ))
                .of(Cause::Upstream),
            }
        }
        Err(error) => Found::error(error.to_string()),
    }
}

pub(super) async fn disk(context: &Context, place: Place) -> Found {
    let dir = context.folder(place).clone();
    let data = context.data_dir.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let device = |dir: &PathBuf| std::fs::metadata(dir).map(|file| file.dev());
        // A folder that is not made yet has no file system of its own.
        if place != Place::Data
            && device(&dir)
                .ok()
                .is_none_or(|own| device(&data).ok() == Some(own))
        {
            return Ok(None);
        }
        statvfs(&dir).map(Some)
    });
    let stat = match looked.await {
        Ok(Ok(Some(stat))) => stat,
        Ok(Ok(None)) => {
            let mut found = Found::skipped("it lies on the file system of the data folder");
            found.cause = Some(NOT_APPLICABLE.to_owned());
            return found;
        }
        Ok(Err(error)) => {
            let folder = context.folder(place).display();
            return Found::fail(format!("{folder}: {error}")).of(Cause::Disk);
        }
        Err(error) => return Found::error(error.to_string()),
    };
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    let (needed, inodes) = (*context.min_free_bytes.lock(), stat.files_available());
    // One that makes them as they are needed counts none, and does not run out of them.
    let counted = if stat.files() == 0 {
        INODES_UNCOUNTED
    } else {
        inodes
    };
    room(free, needed, stat.files(), inodes)
        .measured("free_octets", free)
        .measured("free_inodes", counted)
}

/// Whether there is room, in octets and in files.
fn room(free: u64, needed: u64, files: u64, inodes: u64) -> Found {
    let text = format!("{} MB are free, {} MB are needed", free >> 20, needed >> 20);
    if free < needed {
        Found::fail(text).of(Cause::DiskFull)
    } else if files > 0 && inodes < INODES_MIN {
        // A file system that counts no files has none to run out of.
        Found::fail(format!("only {inodes} more files can be made")).of(Cause::DiskFull)
    } else if free < needed.saturating_mul(2) {
        Found::slow(text)
    } else {
        Found::pass(text)
    }
}

/// An alert channel: what was told by it last arrived, and its target answers.
pub(super) async fn alerting(context: &Context, name: &str) -> Found {
    let courier = context
        .couriers
        .lock()
        .iter()
        .find(|one| one.name == name)
        .cloned();
    let Some(courier) = courier else {
        return Found::skipped("the channel is not in use any more");
    };
    let checked = courier.check().await;
    let standing = courier.standing();
    if standing.is_broken() {
        let times = standing.failures;
        return Found::fail(format!(
            "nothing arrived in {times} attempts: {}",
            standing.error
        ));
    }
    match checked {
        Ok(text) => Found::pass(text),
        Err(error) => Found::fail(error.to_string()),
    }
}
