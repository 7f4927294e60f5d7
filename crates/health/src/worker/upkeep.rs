//! The upkeep of what probes need: the health mailbox and its Maildir, what arrives there, and the
//! key that signs probes. Looked at every few seconds, put right every ten minutes, and at once
//! where a probe found something amiss or objects were changed.
//!
//! Never here: judging mail flow. What cannot be mended makes probes fail as probes.

use std::{sync::Arc, time::Duration};

use mailward_api::view::health::{HealthMailboxView, HealthMailboxes};
use mailward_events::{Event, Events};
use mailward_host::keyring::Upkeep;
use mailward_store::Store;
use tokio::time::Instant;

use crate::{
    mailbox::{HealthMailbox, Reconciled},
    probe::Context,
};

/// How often the health mailbox is put right.
const RECONCILE: Duration = Duration::from_secs(600);
/// The same while it cannot be.
const RECONCILE_SOON: Duration = Duration::from_secs(2);
/// How often what arrived and the key are looked at; more often where the key changes faster.
const LOOK: Duration = Duration::from_secs(5);
/// And at most so often.
const LOOK_MIN: Duration = Duration::from_millis(250);
/// How long transport takes at most to put a change of the objects in force.
const HEARD_AFTER: Duration = Duration::from_secs(1);

/// How the health mailbox was when it was last put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// `right`, `made`, `mended` or `failing`.
    state: &'static str,
    checked_unix_ms: Option<u64>,
    /// What was found wrong last.
    problem: Option<String>,
}

impl Default for Status {
    fn default() -> Self {
        Status {
            state: "failing",
            checked_unix_ms: None,
            problem: None,
        }
    }
}

impl Status {
    /// Why the mailbox cannot be had, where that is so.
    pub(crate) fn failing(&self) -> Option<&str> {
        let problem = self.problem.as_deref();
        problem.filter(|_| self.state == "failing")
    }
}

/// Looks after everything, for as long as the worker lives.
pub(super) async fn look_after(
    mailbox: HealthMailbox,
    store: Store,
    context: Arc<Context>,
    events: Events,
) {
    let mut reconcile_at = Instant::now();
    let mut revisions = store.subscribe();
    loop {
        keep_key(&context, &events).await;
        if Instant::now() >= reconcile_at {
            let right = reconcile(&mailbox, &store, &context, &events).await;
            reconcile_at = Instant::now() + if right { RECONCILE } else { RECONCILE_SOON };
        }
        let inbox = context.inbox.clone();
        // Reading blocks on the disk; a look that was broken off is taken again.
        let _ = tokio::task::spawn_blocking(move || inbox.look()).await;
        let interval = *context.key_interval.lock();
        let pause = LOOK.min(interval / 4).max(LOOK_MIN);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.inbox.amiss.notified() => {
                // Not in a tight circle, where it cannot be put right.
                tokio::time::sleep(LOOK_MIN).await;
                reconcile_at = Instant::now();
            }
            // Somebody changed objects; this mailbox may be among them.
            Ok(()) = revisions.changed() => reconcile_at = Instant::now(),
        }
    }
}

/// Mends and changes the key that signs probes.
async fn keep_key(context: &Context, events: &Events) {
    let (keys, now, interval) = (
        context.keys.clone(),
        context.clock.unix_ms(),
        *context.key_interval.lock(),
    );
    let done = tokio::task::spawn_blocking(move || keys.upkeep(now, interval)).await;
    match done {
        Ok(Ok(Upkeep::Rotated)) => events.emit(Event::ProbeKeyChanged {}),
        Ok(Ok(Upkeep::Mended(problem))) => events.emit(Event::ProbeKeyMended { problem }),
        Ok(Err(error)) => events.emit(Event::ProbeImpaired {
            probe: "mailflow".into(),
            problem: format!("the key that signs probes cannot be written: {error}"),
        }),
        Ok(Ok(Upkeep::Right)) | Err(_) => {}
    }
}

/// Puts the mailbox right; false where that failed.
async fn reconcile(
    mailbox: &HealthMailbox,
    store: &Store,
    context: &Context,
    events: &Events,
) -> bool {
    let (wanted, store, mail_dir) = (mailbox.clone(), store.clone(), context.mail_dir.clone());
    let done = tokio::task::spawn_blocking(move || wanted.reconcile(&store, &mail_dir)).await;
    let checked_unix_ms = Some(context.clock.unix_ms());
    let (state, problem) = match done {
        Ok(Ok(Reconciled { made, mended })) => {
            if made {
                events.emit(Event::HealthMailboxCreated {
                    mailbox: mailbox.name.clone(),
                    address: mailbox.address.to_string(),
                });
            }
            for problem in &mended {
                events.emit(Event::HealthMailboxMended {
                    mailbox: mailbox.name.clone(),
                    problem: problem.clone(),
                });
            }
            match (made, mended.is_empty()) {
                (true, _) => ("made", None),
                (false, false) => ("mended", Some(mended.join("; "))),
                (false, true) => ("right", None),
            }
        }
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let problem = format!("{error}{}", cause.unwrap_or_default());
            events.emit(Event::ProbeImpaired {
                probe: "mailflow".into(),
                problem: problem.clone(),
            });
            ("failing", Some(problem))
        }
        Err(error) => ("failing", Some(error.to_string())),
    };
    {
        let mut status = context.mailbox_status.lock();
        // What was mended before is still worth knowing.
        let problem = problem.or(status.problem.take());
        *status = Status {
            state,
            checked_unix_ms,
            problem,
        };
    }
    if state == "failing" {
        return false;
    }
    if state != "right" {
        // Transport has to hear of it before a probe can arrive in it.
        tokio::time::sleep(HEARD_AFTER).await;
    }
    *context.mailbox.lock() = Some(mailbox.clone());
    true
}

/// The mailboxes and what arrived in them.
pub(super) fn view(context: &Context) -> HealthMailboxes {
    let figures = context.inbox.figures();
    let status = context.mailbox_status.lock().clone();
    // A name that makes no mailbox has kept the worker from starting.
    let mailbox = HealthMailbox::of(&context.node).ok();
    let mailbox = mailbox.map(|mailbox| HealthMailboxView {
        mailbox: mailbox.name,
        address: mailbox.address.to_string(),
        state: status.state.to_owned(),
        checked_unix_ms: status.checked_unix_ms,
        problem: status.problem,
        messages: figures.waiting,
        judged: figures.judged,
        expunged: figures.expunged,
    });
    let (key_unix_ms, keys) = context.keys.held(context.clock.unix_ms());
    HealthMailboxes {
        node: context.node.to_string(),
        mailboxes: mailbox.into_iter().collect(),
        paths: context.inbox.paths(),
        key_unix_ms,
        keys: u32::try_from(keys).unwrap_or(u32::MAX),
    }
}
