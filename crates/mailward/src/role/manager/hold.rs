//! The manager's side of holds: kept in a synced file, told to transport again and again, and a
//! component that is let go tested before others are let in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::Fault,
    page::stamp,
    view::{
        Changed, ComponentState, Evidence, Hold, Requester, ServingState, StateChange, Wanted,
        hold::{ComponentOrder, SERVER_WIDE},
    },
};
use mailward_events::{Event, Events};
use mailward_health::hold::{HoldError, Holds};
use mailward_host::clock::Clock;
use parking_lot::Mutex;

use super::book::Book;

/// How long transport may take to hear what is held.
const PUSH_MAX: Duration = Duration::from_secs(5);
/// How long one test of a component may take; after a minute transport serves untested.
const TEST_MAX: Duration = Duration::from_secs(30);
/// Good results in a row that end the test.
const GOOD: usize = 2;
/// How long a component is held that fails its test, in milliseconds: then it is tested again.
const FAILED_MS: u64 = 600_000;

/// A hold that was, or is another now.
fn changed(of: &Hold, before: Option<&Hold>, after: Option<&Hold>) -> StateChange {
    let word = |hold: &Hold| {
        let until = hold.expires_unix_ms.map_or("released".to_owned(), stamp);
        let (wanted, owner, reason) = (hold.wanted.word(), &hold.owner, &hold.reason);
        format!("{wanted} until {until} by {owner}: {reason}")
    };
    let subject = format!("{} for {}", of.component, of.requester);
    StateChange::new(subject, "hold", before.map(word), after.map(word))
}

/// The holds, and everything that follows from them.
#[derive(Clone)]
pub(super) struct Holding {
    holds: Arc<Mutex<Holds>>,
    /// Components that are being tested.
    testing: Arc<Mutex<Vec<String>>>,
    book: Book,
    events: Events,
    clock: Arc<dyn Clock>,
    run_dir: PathBuf,
}

impl Holding {
    /// Reads the holds.
    pub(super) fn open(
        path: PathBuf,
        run_dir: PathBuf,
        book: Book,
        events: Events,
        clock: Arc<dyn Clock>,
    ) -> Holding {
        let (holds, error) = Holds::open(&path);
        if let Some(error) = error {
            events.emit(Event::HoldFileFailing {
                path: path.display().to_string(),
                error: error.to_string(),
            });
        }
        Holding {
            holds: Arc::new(Mutex::new(holds)),
            testing: Arc::default(),
            book,
            events,
            clock,
            run_dir,
        }
    }

    /// Every hold.
    pub(super) fn all(&self) -> Vec<Hold> {
        self.holds.lock().all().to_vec()
    }

    fn failing(&self, error: &HoldError) {
        if let HoldError::Write { path, source } = error {
            self.events.emit(Event::HoldFileFailing {
                path: path.display().to_string(),
                error: source.to_string(),
            });
        }
    }

    /// Sets a hold.
    pub(super) fn set(&self, hold: Hold) -> Result<Changed, Fault> {
        if hold.component != SERVER_WIDE && !hold.component.starts_with("receive/") {
            return Err(Fault::not_found(
                format!("{:?} is not a component that can be held", hold.component),
                "name receive/NAME, or ServerWideOffline for all of transport",
            )
            .at("component"));
        }
        let mut holds = self.holds.lock();
        let is_it =
            |one: &&Hold| one.component == hold.component && one.requester == hold.requester;
        let replaced = holds.all().iter().find(is_it).cloned();
        let set = holds.set(hold);
        drop(holds);
        let set = set.map_err(|error| {
            self.failing(&error);
            Fault::failed(error.to_string())
        })?;
        let change = changed(&set, replaced.as_ref(), Some(&set));
        let until = set.expires_unix_ms.map_or("released".to_owned(), stamp);
        let text = format!(
            "{} holds {} {} for {} until {until}: {}",
            set.owner,
            set.component,
            set.wanted.word(),
            set.requester,
            set.reason
        );
        let case = set.case.as_deref();
        self.book.record_hold(&set.component, case, &text);
        self.events.emit(Event::HoldSet {
            component: set.component,
            requester: set.requester.to_string(),
            wanted: set.wanted.word().to_owned(),
            owner: set.owner,
            reason: set.reason,
            until,
        });
        self.push();
        Ok(Changed::by(1, text, vec![change]))
    }

    /// Ends holds on a component.
    pub(super) fn release(
        &self,
        component: &str,
        requester: Requester,
        force: bool,
        by: &str,
        reason: &str,
    ) -> Result<Changed, Fault> {
        let released = self.holds.lock().release(component, requester, force);
        let released = released.map_err(|error| {
            self.failing(&error);
            match error {
                HoldError::None { .. } => Fault::not_found(
                    error.to_string(),
                    "`mailward health holds` shows what is held, and for whom",
                ),
                other => Fault::failed(other.to_string()),
            }
        })?;
        for hold in &released {
            let text = format!("{by} released what {} held: {reason}", hold.requester);
            self.book
                .record_hold(&hold.component, hold.case.as_deref(), &text);
            let (component, requester) = (hold.component.clone(), hold.requester.to_string());
            let (by, reason) = (by.to_owned(), reason.to_owned());
            self.events.emit(if force {
                Event::HoldForced {
                    component,
                    requester,
                    by,
                    reason,
                }
            } else {
                Event::HoldReleased {
                    component,
                    requester,
                    by,
                    reason,
                }
            });
        }
        self.push();
        let ended = released.iter();
        let changes = ended.map(|hold| changed(hold, Some(hold), None)).collect();
        let text = format!("{} holds on {component} have ended.", released.len());
        Ok(Changed::by(released.len() as u64, text, changes))
    }

    /// Ends what managed availability holds for a common cause.
    pub(super) fn lift(&self, key: &str) {
        let lifted = self.holds.lock().lift(key);
        match lifted {
            Ok(lifted) => {
                for hold in lifted {
                    self.events.emit(Event::HoldReleased {
                        component: hold.component,
                        requester: hold.requester.to_string(),
                        by: "managed availability".to_owned(),
                        reason: format!("much of this node turned bad at one time ({key})"),
                    });
                }
                self.push();
            }
            Err(error) => self.failing(&error),
        }
    }

    /// Lets time pass, and tells transport what is held: it is told again and again, so that
    /// nothing is lost with a message or a process.
    pub(super) fn tick(&self) {
        let now = self.clock.unix_ms();
        let passed = self.holds.lock().pass(now);
        match passed {
            Ok(passed) => {
                for hold in passed.expired {
                    self.book.record_hold(
                        &hold.component,
                        hold.case.as_deref(),
                        &format!("the hold for {} has ended by its time", hold.requester),
                    );
                    self.events.emit(Event::HoldExpired {
                        component: hold.component,
                        requester: hold.requester.to_string(),
                        owner: hold.owner,
                        reason: hold.reason,
                    });
                }
                for hold in passed.soon {
                    self.events.emit(Event::HoldExpiring {
                        left_ms: hold.expires_unix_ms.unwrap_or(now).saturating_sub(now),
                        component: hold.component,
                        requester: hold.requester.to_string(),
                        owner: hold.owner,
                    });
                }
            }
            Err(error) => self.failing(&error),
        }
        self.push();
    }

    /// Tells transport what is held. A transport that hangs must not hang the manager.
    pub(super) fn push(&self) {
        let orders = self.holds.lock().orders();
        let this = self.clone();
        tokio::spawn(async move { this.tell(orders).await });
    }

    async fn tell(self, orders: Vec<ComponentOrder>) {
        let socket = Role::Transport.socket(&self.run_dir);
        let request = ControlRequest::SetComponents(orders);
        // One that does not answer is told again with the next turn.
        let Ok(ControlReply::Components(components)) =
            control::call(&socket, &request, PUSH_MAX).await
        else {
            return;
        };
        let warming = components
            .iter()
            .filter(|one| one.state == ServingState::Warming);
        for one in warming {
            let mut testing = self.testing.lock();
            if testing.contains(&one.component) {
                continue;
            }
            testing.push(one.component.clone());
            drop(testing);
            let (this, one, all) = (self.clone(), one.clone(), components.clone());
            tokio::spawn(async move {
                this.test(&one, &all).await;
                this.testing.lock().retain(|name| *name != one.component);
            });
        }
    }

    /// Tests a component that is warming by this host's own probes.
    async fn test(&self, component: &ComponentState, all: &[ComponentState]) {
        let doors: Vec<&str> = match component.component.strip_prefix("receive/") {
            Some(name) => vec![name],
            None => all
                .iter()
                .filter_map(|one| one.component.strip_prefix("receive/"))
                .collect(),
        };
        for door in doors {
            for probe in std::iter::repeat_n(format!("connector/{door}"), GOOD)
                .chain([format!("mailflow/{door}")])
            {
                match self.probe(&probe).await {
                    // One that cannot tell is as good as none: transport's own time decides.
                    None => {}
                    Some((Evidence::Bad, text)) => {
                        self.failed(&component.component, &text);
                        return;
                    }
                    Some(_) => {}
                }
            }
        }
        let request = ControlRequest::Warmed {
            component: component.component.clone(),
        };
        let socket = Role::Transport.socket(&self.run_dir);
        // Without an answer the component serves a minute after it began to warm.
        let _ = control::call(&socket, &request, PUSH_MAX).await;
    }

    async fn probe(&self, name: &str) -> Option<(Evidence, String)> {
        let request = ControlRequest::ProbeRun {
            name: name.to_owned(),
            trace: false,
        };
        let socket = Role::Worker.socket(&self.run_dir);
        match control::call(&socket, &request, TEST_MAX).await {
            Ok(ControlReply::Probe(view)) => Some((view.evidence, view.text)),
            _ => None,
        }
    }

    /// A component that fails its test is held again, for a while.
    fn failed(&self, component: &str, text: &str) {
        let now = self.clock.unix_ms();
        let hold = Hold {
            component: component.to_owned(),
            requester: Requester::HealthApi,
            wanted: Wanted::Inactive,
            owner: "managed availability".to_owned(),
            reason: format!("it failed its test: {text}"),
            since_unix_ms: now,
            expires_unix_ms: Some(now.saturating_add(FAILED_MS)),
            case: None,
            cause: None,
        };
        // A hold that cannot be kept has raised its event; transport then serves by its own time.
        let _ = self.set(hold);
    }
}
