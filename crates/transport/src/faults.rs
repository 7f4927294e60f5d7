//! Faults on purpose, for drills. Each is injected where the real failure would appear, and ends at
//! its deadline by itself.
//!
//! | fault | where |
//! |---|---|
//! | wedged connector | a session is held before its greeting (`receive::occupancy`) |
//! | full disk, slow sync | the queue's disk ([`FaultyDisk`](mailward_host::disk::FaultyDisk)) |
//! | expired certificate | a folder of its own, and a connector that has no socket |
//! | lying resolver | the resolver of delivery (`deliver::dns`) |
//! | lost store | this process's store ([`Store::lose`]) |
//! | stuck delivery | the dispatcher's loop (`deliver`), until delivery is restarted |
//! | a kill at a step | where the step is passed ([`kill`]) |
//!
//! Invariant: a fault is in force only while its own switch ([`Until`]) is on, which no task has to
//! turn off. Invariant: no fault where the node does not allow any, and one at one time.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    control::drill::{DRILL_CONNECTOR, DRILL_HOST, DrillFault, FAULT_MS_MAX, SYNC_DELAY_MS_MAX},
    fault::{Fault, FaultKind},
};
use mailward_events::Event;
use mailward_host::{
    clock::Clock,
    disk::DiskFaults,
    kill::{self, Step},
    until::Until,
};
use mailward_model::Domain;
use mailward_store::Store;
use mailward_tls::{Certificates, ca};
use parking_lot::Mutex;

use crate::{Shared, service::Running};

/// The certificate of the drill expired a day ago and was valid for a month.
const EXPIRED_SINCE: Duration = Duration::from_secs(86_400);
const VALID_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Which faults are in force, and their switches.
pub(crate) struct Faults {
    clock: Arc<dyn Clock>,
    /// Those of the queue's disk.
    pub(crate) disk: Arc<DiskFaults>,
    /// The resolver lies.
    pub(crate) dns: Arc<Until>,
    store: Store,
    certificate_dir: PathBuf,
    certificates: Mutex<Option<Certificates>>,
    in_force: Until,
    /// The fault in force, and how many there were.
    current: Mutex<(Option<DrillFault>, u64)>,
}

impl Faults {
    /// No fault is in force. The drill's certificate is kept in `run_dir` while there is one.
    pub(crate) fn new(clock: Arc<dyn Clock>, store: Store, run_dir: &std::path::Path) -> Faults {
        Faults {
            disk: DiskFaults::new(Arc::clone(&clock)),
            clock,
            dns: Arc::default(),
            store,
            certificate_dir: run_dir.join("drill-certificates"),
            certificates: Mutex::default(),
            in_force: Until::default(),
            current: Mutex::default(),
        }
    }

    /// The certificates of the drill's connector, while it has some.
    pub(crate) fn certificates(&self) -> Option<Certificates> {
        self.in_force.left(&*self.clock)?;
        self.certificates.lock().clone()
    }

    fn expire_a_certificate(&self) -> Result<(), Fault> {
        let failed = |error: &dyn std::error::Error| {
            Fault::failed(format!("the certificate of the drill: {error}"))
        };
        let now = std::time::UNIX_EPOCH + Duration::from_millis(self.clock.unix_ms());
        let end = now - EXPIRED_SINCE;
        let leaf = ca::Leaf::new([DRILL_HOST]).valid(end - VALID_FOR, end);
        let issued = ca::self_signed(&leaf).map_err(|error| failed(&error))?;
        std::fs::create_dir_all(&self.certificate_dir).map_err(|error| failed(&error))?;
        issued
            .write(&self.certificate_dir, "mailward-drill")
            .map_err(|error| failed(&error))?;
        let clock = Arc::clone(&self.clock);
        *self.certificates.lock() = Some(Certificates::open(&self.certificate_dir, clock, |_| {}));
        Ok(())
    }
}

/// The host name of the drill's connector.
pub(crate) fn drill_host() -> Option<Domain> {
    DRILL_HOST.parse().ok()
}

/// True for the connector of the certificate drill.
pub(crate) fn is_drill(connector: &str) -> bool {
    connector == DRILL_CONNECTOR
}

/// Whether this node allows faults at all.
///
/// # Errors
/// It does not.
pub(crate) fn allowed(shared: &Shared) -> Result<(), Fault> {
    if shared.node.allow_faults {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Refused,
        "faults are not allowed on this node",
        "set allow_faults = true in mailward.toml and restart Mailward, where drills are wanted",
    ))
}

/// Puts a fault in force, for so long.
///
/// # Errors
/// None is allowed here, another one is in force, or it is not one of transport's.
pub(crate) async fn inject(
    running: &Arc<Running>,
    fault: DrillFault,
    for_ms: u64,
) -> Result<(), Fault> {
    let (shared, faults) = (&running.shared, &running.faults);
    allowed(shared)?;
    if !(1..=FAULT_MS_MAX).contains(&for_ms) {
        return Err(Fault::invalid(
            format!("a fault of {for_ms} ms is not possible"),
            format!("choose from 1 to {FAULT_MS_MAX} ms"),
        ));
    }
    let span = Duration::from_millis(for_ms);
    let number = {
        let mut current = faults.current.lock();
        // A wedge begins anew: the connector's restart, its repair, has ended its effect meanwhile.
        let anew = matches!(fault, DrillFault::WedgeConnector { .. });
        if let (Some(other), Some(left)) = (&current.0, faults.in_force.left(&*faults.clock))
            && !(anew && *other == fault)
        {
            return Err(Fault::new(
                FaultKind::Conflict,
                format!("the fault {} is in force", other.name()),
                format!("wait: it ends within {} s", left.as_secs() + 1),
            ));
        }
        let number = current.1 + 1;
        *current = (Some(fault.clone()), number);
        faults.in_force.turn_on(&*faults.clock, span);
        number
    };
    if let Err(error) = put_in_force(running, &fault, span).await {
        end(running, Some(number));
        return Err(error);
    }
    shared.events.emit(Event::FaultInjected {
        fault: fault.name().to_owned(),
        span_ms: for_ms,
    });
    // The switches are off by then; what is left is to say so and to tidy up.
    let later = Arc::downgrade(running);
    tokio::spawn(async move {
        tokio::time::sleep(span).await;
        if let Some(running) = later.upgrade() {
            end(&running, Some(number));
        }
    });
    Ok(())
}

async fn put_in_force(
    running: &Arc<Running>,
    fault: &DrillFault,
    span: Duration,
) -> Result<(), Fault> {
    let faults = &running.faults;
    match fault {
        DrillFault::WedgeConnector { connector } => {
            if !running.receiver.wedge(connector, span) {
                return Err(crate::control::unknown_connector(connector));
            }
        }
        DrillFault::FullDisk => faults.disk.fill(span),
        DrillFault::SlowSync { delay_ms } => {
            let delay = Duration::from_millis((*delay_ms).min(SYNC_DELAY_MS_MAX));
            faults.disk.slow_down(delay, span);
        }
        DrillFault::LyingResolver => faults.dns.turn_on(&*faults.clock, span),
        DrillFault::LostStore => faults.store.lose(span),
        DrillFault::StuckDelivery => running.dispatcher.hang(span),
        DrillFault::ExpiredCertificate => {
            let running = Arc::clone(running);
            // Making a key and a file takes some milliseconds.
            let made =
                tokio::task::spawn_blocking(move || running.faults.expire_a_certificate()).await;
            made.unwrap_or_else(|error| Err(Fault::failed(error.to_string())))?;
        }
        DrillFault::KillAt { step, passes } => {
            let step = Step::read(step).ok_or_else(|| unknown_step(step))?;
            kill::arm(step, *passes, Arc::clone(&faults.clock), span);
        }
        DrillFault::KillRole { .. } => {
            return Err(Fault::unsupported("transport", "this fault"));
        }
    }
    Ok(())
}

fn unknown_step(name: &str) -> Fault {
    let names: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
    Fault::invalid(
        format!("there is no step {name:?} of a message's way"),
        format!("choose from {}", names.join(", ")),
    )
}

/// Ends the fault in force; with a number, only that one.
pub(crate) fn end(running: &Arc<Running>, number: Option<u64>) {
    let faults = &running.faults;
    let fault = {
        let mut current = faults.current.lock();
        if number.is_some_and(|number| number != current.1) {
            return;
        }
        faults.in_force.turn_off();
        current.0.take()
    };
    faults.disk.end();
    faults.dns.turn_off();
    faults.store.find();
    running.dispatcher.resume();
    running.receiver.unwedge();
    kill::disarm();
    if faults.certificates.lock().take().is_some() {
        // What is left behind is overwritten by the next drill.
        let _ = std::fs::remove_dir_all(&faults.certificate_dir);
    }
    if let Some(fault) = fault {
        let fault = fault.name().to_owned();
        running.shared.events.emit(Event::FaultEnded { fault });
    }
}
