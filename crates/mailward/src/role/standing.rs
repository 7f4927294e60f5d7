//! What every role that a manager starts does beside its work: it says that it serves and how far it
//! has got, watches the manager, waits for SIGTERM, and can be found by a new manager.
//!
//! A role does not end with its manager: mail flows on, and the next manager takes the role over by
//! its lifeline. It ends by itself only where nobody can find it any more, because its run folder is
//! gone or another process stands in its place.
//!
//! Never here: acting against the manager. A role that misses it says so, and serves.

use std::{path::PathBuf, time::Duration};

use mailward_api::control::{CallError, Client, ControlReply, ControlRequest, Role};
use mailward_events::{Event, Events};
use mailward_host::{lifeline::Lifeline, listen::Inherited, notify, pulse};
use tokio::sync::mpsc;

use super::RoleError;
use crate::config::Config;

/// How often a role says how far it has got at the least, and asks the manager the same.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How often the runtime's own count grows, within one beat.
const TICKS_PER_BEAT: u32 = 4;
/// How long the manager may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Answers missed in a row after which the worker misses the manager: a restart takes two seconds.
const MISSED_BY_WORKER: u32 = 10;
/// The same for the others, who speak only where the worker has not.
const MISSED_BY_OTHERS: u32 = 30;

/// The name of a role's lifeline in the run folder.
pub(crate) fn lifeline_path(role: Role, config: &Config) -> PathBuf {
    config.run_dir.join(format!("{role}.lifeline"))
}

/// The version a role gives of itself: program and configuration. A manager that has another takes
/// the role over and then starts it anew.
pub(crate) fn version(config: &Config) -> String {
    format!(
        "{} {:016x}",
        env!("CARGO_PKG_VERSION"),
        config.fingerprint()
    )
}

/// What a role hears of its manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ManagerNews {
    /// It gives no sign of life any more.
    Missing {
        /// How that shows.
        because: String,
    },
    /// It is there again, as this process.
    Back {
        /// Its number.
        pid: u32,
    },
}

/// A role under a manager.
#[derive(Debug)]
pub(crate) struct Standing {
    role: Role,
    manager: PathBuf,
    lifeline: Lifeline,
}

impl Standing {
    /// Opens the lifeline: the first thing a role does, so that a manager which comes while the role
    /// starts finds it.
    ///
    /// # Errors
    /// Another process of this role runs, or the manager that started this one is gone.
    pub(crate) fn begin(
        role: Role,
        config: &Config,
        parent: Option<u32>,
        inherited: &Inherited,
    ) -> Result<Standing, RoleError> {
        let path = lifeline_path(role, config);
        let lifeline = inherited
            .copies()
            .and_then(|sockets| Lifeline::open(&path, sockets, &version(config)))
            .map_err(|error| RoleError::start("the lifeline", error))?;
        // A manager that died before the lifeline was open has left a process that its successor may
        // have looked for in vain.
        if parent.is_some_and(|parent| std::os::unix::process::parent_id() != parent) {
            let gone = std::io::Error::other("the manager that started this role is gone");
            return Err(RoleError::start("the tie to the manager", gone));
        }
        Ok(Standing {
            role,
            manager: Role::Manager.socket(&config.run_dir),
            lifeline,
        })
    }

    /// Says that the role serves, and waits until it is told to stop. `counts` tells how far its
    /// loops have got; `news` hears of the manager. The lifeline stays open until the value is
    /// dropped: a role that drains can still be taken over.
    ///
    /// # Errors
    /// Signals cannot be heard.
    pub(crate) async fn serve(
        &self,
        events: &Events,
        mut counts: impl FnMut() -> Vec<(&'static str, u64)>,
        news: impl AsyncFn(&ManagerNews),
    ) -> Result<(), RoleError> {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).map_err(|error| RoleError::start("signal handling", error));
        let (mut terminate, mut interrupt) = (
            open(SignalKind::terminate())?,
            open(SignalKind::interrupt())?,
        );
        // A task of the runtime that does the work: this one may run on a thread of its own.
        let runtime = pulse::named("runtime");
        let counting = runtime.clone();
        let every = beat_every();
        let mut beside = tokio::task::JoinSet::new();
        beside.spawn(async move {
            loop {
                counting.beat("nothing: it only counts");
                tokio::time::sleep(every / TICKS_PER_BEAT).await;
            }
        });
        let (tell, mut told) = mpsc::channel(4);
        let missed_max = match self.role {
            Role::Worker => MISSED_BY_WORKER,
            _ => MISSED_BY_OTHERS,
        };
        let manager = self.manager.clone();
        beside.spawn(follow_manager(manager, BEAT_EVERY, missed_max, tell));
        self.lifeline.set_ready();
        // Whether anyone listens is not this role's business.
        let _ = notify::ready();
        let mut beat = tokio::time::interval(every);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                // The terminal's Ctrl-C goes to the whole group; the manager says when to end.
                _ = interrupt.recv() => {}
                Some(heard) = told.recv() => {
                    events.emit(match &heard {
                        ManagerNews::Missing { because } => Event::ManagerMissing {
                            because: because.clone(),
                        },
                        ManagerNews::Back { pid } => Event::ManagerBack { pid: (*pid).into() },
                    });
                    news(&heard).await;
                }
                _ = beat.tick() => {
                    if !self.lifeline.can_be_found() {
                        break;
                    }
                    let mut counts = counts();
                    counts.push(("runtime", runtime.count()));
                    let _ = notify::beat(&counts);
                }
            }
        }
        let _ = notify::stopping();
        Ok(())
    }
}

/// Several beats before the manager, which waits half of its limit, begins to doubt.
fn beat_every() -> Duration {
    (super::heartbeat_timeout() / 8).min(BEAT_EVERY)
}

/// Asks the manager again and again how far it is, and tells when it is missed and when it is back.
/// Answers missed are counted, not seconds: this process may have been stopped itself.
async fn follow_manager(
    socket: PathBuf,
    every: Duration,
    missed_max: u32,
    tell: mpsc::Sender<ManagerNews>,
) {
    let mut client: Option<Client> = None;
    let (mut turns_seen, mut missed, mut is_missing) = (None, 0u32, false);
    loop {
        tokio::time::sleep(every).await;
        let because = match ask(&socket, &mut client).await {
            Ok((pid, turns)) if turns_seen != Some((pid, turns)) => {
                turns_seen = Some((pid, turns));
                missed = 0;
                if std::mem::take(&mut is_missing)
                    && tell.send(ManagerNews::Back { pid }).await.is_err()
                {
                    return;
                }
                continue;
            }
            Ok((_, turns)) => format!("it stands at turn {turns}"),
            Err(error) => {
                client = None;
                error.into_fault(Role::Manager.name()).error
            }
        };
        missed = missed.saturating_add(1);
        if missed >= missed_max && !is_missing {
            is_missing = true;
            if tell.send(ManagerNews::Missing { because }).await.is_err() {
                return;
            }
        }
    }
}

async fn ask(
    socket: &std::path::Path,
    client: &mut Option<Client>,
) -> Result<(u32, u64), CallError> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::connect_within(socket, ANSWER_MAX).await?),
    };
    match client.call(&ControlRequest::Beat).await? {
        ControlReply::Beat(beat) => Ok((beat.pid, beat.turns)),
        // A manager of another version: it lives, and will start this role anew.
        _ => Ok((0, 0)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use mailward_api::{control, view::ManagerBeat};

    use super::*;

    #[tokio::test]
    async fn a_manager_that_is_gone_or_stands_still_is_missed_and_comes_back() {
        static TURNS: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("manager.sock");
        let (tell, mut told) = mpsc::channel(4);
        let task = tokio::spawn(follow_manager(
            socket.clone(),
            Duration::from_millis(5),
            3,
            tell,
        ));
        let Some(ManagerNews::Missing { because }) = told.recv().await else {
            panic!("nothing was told")
        };
        assert!(because.contains("does not answer"), "{because}");
        // Its turns stand still: each answer is one too few.
        let still = control::serve(&socket, |_| async {
            let turns = TURNS.load(Ordering::Relaxed);
            Ok(ControlReply::Beat(ManagerBeat { pid: 7, turns }))
        })
        .unwrap();
        assert_eq!(told.recv().await, Some(ManagerNews::Back { pid: 7 }));
        let Some(ManagerNews::Missing { because }) = told.recv().await else {
            panic!("nothing was told")
        };
        assert_eq!(because, "it stands at turn 0");
        TURNS.store(1, Ordering::Relaxed);
        assert_eq!(told.recv().await, Some(ManagerNews::Back { pid: 7 }));
        drop(still);
        assert!(matches!(
            told.recv().await,
            Some(ManagerNews::Missing { .. })
        ));
        task.abort();
    }
}
