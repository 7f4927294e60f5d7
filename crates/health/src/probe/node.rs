//! Probes of the node itself: transport's control channel, the queue, the store, the disk, and the
//! certificate each connector shows.

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    view::transport::QueueHealth,
};
use mailward_model::{
    Kind,
    kind::{ReceiveConnector, StartTls},
};

use super::{Context, Found, Verdict};
use crate::Cause;

/// A sync that took longer than this, in microseconds, is told.
const SYNC_SLOW_US: u64 = 2_000_000;
/// A certificate that ends within this time is told, in milliseconds.
const SOON_MS: i64 = 7 * 86_400_000;
/// Files that must be possible to make.
const INODES_MIN: u64 = 1_000;

pub(super) async fn transport(context: &Context) -> Found {
    match context.ask(Role::Transport, &ControlRequest::Ping).await {
        Ok(ControlReply::Pong(status)) => Found::pass(format!("process {} answers", status.pid)),
        Ok(_) => Found::error("it answered something else"),
        Err(error) => Found::fail(error),
    }
}

pub(super) async fn queue(context: &Context) -> Found {
    let status = match context.ask(Role::Transport, &ControlRequest::Status).await {
        Ok(ControlReply::Transport(status)) => status,
        Ok(_) => return Found::error("transport answered something else"),
        // That transport does not answer is the transport probe's to say.
        Err(error) => return Found::skipped(error),
    };
    let queue = status.queue;
    match queue.health {
        QueueHealth::Full => {
            Found::fail("it refuses mail: its file system is full").of(Cause::DiskFull)
        }
        QueueHealth::Failing => Found::fail("it refuses mail: its disk fails").of(Cause::Disk),
        QueueHealth::Ok => {
            let ms = queue.sync_last_us / 1000;
            let slow = queue.sync_last_us > SYNC_SLOW_US;
            let verdict = if slow { Verdict::Slow } else { Verdict::Pass };
            Found::new(
                verdict,
                format!("{} messages, the last sync took {ms} ms", queue.messages),
            )
            .measured("messages", queue.messages)
            .measured("sync_us", queue.sync_last_us)
        }
    }
}

pub(super) async fn store(context: &Context) -> Found {
    let store = context.store.clone();
    // Reading blocks on the disk.
    let read = tokio::task::spawn_blocking(move || store.list(Kind::HealthSettings)).await;
    match read {
        Ok(Ok(_)) => Found::pass(format!(
            "the objects can be read, revision {}",
            context.store.revision()
        )),
        Ok(Err(error)) => Found::fail(error.to_string()).of(Cause::Disk),
        Err(error) => Found::error(error.to_string()),
    }
}

pub(super) async fn disk(context: &Context) -> Found {
    let dir = context.data_dir.clone();
    let stat = tokio::task::spawn_blocking(move || nix::sys::statvfs::statvfs(&dir)).await;
    let stat = match stat {
        Ok(Ok(stat)) => stat,
        Ok(Err(error)) => return Found::fail(format!("the data folder: {error}")).of(Cause::Disk),
        Err(error) => return Found::error(error.to_string()),
    };
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    let (needed, inodes) = (*context.min_free_bytes.lock(), stat.files_available());
    let text = format!("{} MB are free, {} MB are needed", free >> 20, needed >> 20);
    let found = if free < needed {
        Found::fail(text).of(Cause::DiskFull)
    } else if stat.files() > 0 && inodes < INODES_MIN {
        // A file system that counts no files has none to run out of.
        Found::fail(format!("only {inodes} more files can be made")).of(Cause::DiskFull)
    } else if free < needed.saturating_mul(2) {
        Found::new(Verdict::Slow, text)
    } else {
        Found::pass(text)
    };
    found
        .measured("free_octets", free)
        .measured("free_inodes", inodes)
}

pub(super) async fn certificate(context: &Context, name: &str, spec: &ReceiveConnector) -> Found {
    let request = ControlRequest::CertExplain {
        connector: name.to_owned(),
    };
    let choice = match context.ask(Role::Transport, &request).await {
        Ok(ControlReply::Certificate(choice)) => choice,
        Ok(_) => return Found::error("transport answered something else"),
        Err(error) => return Found::skipped(error),
    };
    let Some(file) = choice.decision.chosen else {
        let text = format!(
            "there is no certificate for {}: {}",
            choice.fqdn, choice.decision.because
        );
        return match spec.tls {
            StartTls::Required | StartTls::Implicit => Found::fail(text).of(Cause::Certificate),
            // Mail flows in plain text; the event says the rest.
            StartTls::Offered | StartTls::Off => Found::new(Verdict::Slow, text),
        };
    };
    let list = match context
        .ask(Role::Transport, &ControlRequest::CertList)
        .await
    {
        Ok(ControlReply::Certificates(list)) => list,
        Ok(_) => return Found::error("transport answered something else"),
        Err(error) => return Found::skipped(error),
    };
    let Some(shown) = list
        .certificates
        .into_iter()
        .find(|certificate| certificate.file == file)
    else {
        return Found::skipped(format!("{file} was replaced in this moment"));
    };
    let left_ms =
        shown.not_after_unix_ms - i64::try_from(context.clock.unix_ms()).unwrap_or(i64::MAX);
    let days = left_ms / 86_400_000;
    if left_ms <= 0 {
        Found::fail(format!("{file} has expired")).of(Cause::Certificate)
    } else if left_ms < SOON_MS {
        Found::new(Verdict::Slow, format!("{file} expires in {days} days"))
    } else {
        Found::pass(format!("{file} is valid for {days} more days"))
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
