//! Metrics: what the roles said and counted, as families of numbers with names, units and labels.
//!
//! One list, two faces: the text that Prometheus scrapes ([`text`]) and what is exported over OTLP
//! ([`crate::otlp`]). Names follow Prometheus: base units at the end, `_total` for counters (added by
//! the faces). Labels are of bounded number: sets, monitors up to a limit, connectors, files, roles,
//! numbers of events; never an address or a name from mail.

mod family;
mod feed;
mod health;
mod policy;
pub(crate) mod text;
mod transport;

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{
        RoleFigures,
        figures::{EventFigure, FirewallFigures},
    },
};
use mailward_events::Events;
use mailward_host::clock::Clock;
use tokio::sync::Mutex;

pub(crate) use self::family::{Family, Kind, Sample, Value, bounds_seconds};
pub(crate) use self::feed::Feeds;
use crate::{otlp::Tally, probe::Probes};

/// How old what the roles counted may be.
const FRESH: Duration = Duration::from_secs(1);
/// How long a role may take to give its figures out.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// How old the list of certificates may be.
const CERTIFICATES_FRESH: Duration = Duration::from_secs(60);
/// Certificates told apart.
const CERTIFICATES_MAX: usize = 200;
/// Monitors told apart: nine series each. The worst are named first.
const MONITORS_MAX: u32 = 500;

/// A certificate's file and the end of its validity.
type Expiry = (String, i64);

/// Where metrics come from.
pub(crate) struct Meter {
    run_dir: PathBuf,
    clock: Arc<dyn Clock>,
    events: Events,
    probes: Arc<Probes>,
    exports: Arc<Tally>,
    feeds: Feeds,
    started_unix_ms: u64,
    last: Mutex<Option<(Duration, Arc<Vec<Family>>)>>,
    certificates: Mutex<Option<(Duration, Vec<Expiry>)>>,
}

impl Meter {
    pub(crate) fn new(
        run_dir: PathBuf,
        clock: Arc<dyn Clock>,
        events: Events,
        probes: Arc<Probes>,
        exports: Arc<Tally>,
        feeds: Feeds,
    ) -> Self {
        Meter {
            run_dir,
            started_unix_ms: clock.unix_ms(),
            clock,
            events,
            probes,
            exports,
            feeds,
            last: Mutex::new(None),
            certificates: Mutex::new(None),
        }
    }

    /// Every family, as of a moment ago. While one caller asks the roles, others wait for its
    /// answer.
    pub(crate) async fn families(&self) -> Arc<Vec<Family>> {
        let mut last = self.last.lock().await;
        let now = self.clock.monotonic();
        if let Some((at, families)) = last.as_ref()
            && now.saturating_sub(*at) < FRESH
        {
            return Arc::clone(families);
        }
        let (transport, manager, worker, enforcer, certificates) = tokio::join!(
            self.figures(Role::Transport),
            self.figures(Role::Manager),
            self.figures(Role::Worker),
            // Off on most nodes: nobody answers then.
            self.figures(Role::Enforcer),
            self.certificates(),
        );
        let counts = self.events.counts().into_iter();
        let own = counts.map(|(page, count)| {
            EventFigure::new(page.number, page.name, page.level.as_str(), count)
        });
        let own = Some(RoleFigures {
            policies: self.feeds.policy_refreshes(),
            ..RoleFigures::new(self.started_unix_ms, own)
        });
        let mut families = Vec::new();
        self.node(&mut families);
        let seen = self.probes.seen();
        if let Some(status) = seen.transport.said().filter(|_| seen.transport.answers) {
            transport::traffic(&mut families, status);
            transport::queue(&mut families, status, self.clock.unix_ms());
        }
        self.components(&mut families);
        if let Some(figures) = &worker {
            health::worker(&mut families, figures);
        }
        if let Some(figures) = &manager {
            health::manager(&mut families, figures);
        }
        let expiries = certificates.into_iter();
        families.push(Family::gauge(
            "certificate_not_after_timestamp_seconds",
            "When a certificate in the certificate folder ends, by its file",
            expiries.map(|(file, at)| Sample::whole_signed(at / 1000).with("file", file)),
        ));
        self.feeds.families(&mut families).await;
        if let Some(firewall) = enforcer.as_ref().and_then(|one| one.firewall.as_ref()) {
            firewall_families(&mut families, firewall);
        }
        let roles = [
            (Role::Transport, transport),
            (Role::Manager, manager),
            (Role::Worker, worker),
            (Role::Access, own),
            (Role::Enforcer, enforcer),
        ];
        families.push(events(&roles));
        families.extend(policy::families(&roles));
        families.extend(self.exports.families(self.started_unix_ms));
        families.retain(|family| !family.samples.is_empty());
        let families = Arc::new(families);
        *last = Some((self.clock.monotonic(), Arc::clone(&families)));
        families
    }

    async fn ask(&self, role: Role, request: ControlRequest) -> Option<ControlReply> {
        let socket = role.socket(&self.run_dir);
        control::call(&socket, &request, TIMEOUT).await.ok()
    }

    async fn figures(&self, role: Role) -> Option<RoleFigures> {
        let monitors = MONITORS_MAX;
        match self.ask(role, ControlRequest::Figures { monitors }).await {
            Some(ControlReply::Figures(figures)) => Some(figures),
            _ => None,
        }
    }

    async fn certificates(&self) -> Vec<Expiry> {
        let mut last = self.certificates.lock().await;
        let now = self.clock.monotonic();
        if let Some((at, certificates)) = last.as_ref()
            && now.saturating_sub(*at) < CERTIFICATES_FRESH
        {
            return certificates.clone();
        }
        let Some(ControlReply::Certificates(list)) =
            self.ask(Role::Transport, ControlRequest::CertList).await
        else {
            return Vec::new();
        };
        let held = list.certificates.into_iter().take(CERTIFICATES_MAX);
        let mut expiries: Vec<Expiry> = held.map(|one| (one.file, one.not_after_unix_ms)).collect();
        // A file of several certificates counts by the one that ends first.
        expiries.sort();
        expiries.dedup_by(|later, first| later.0 == first.0);
        *last = Some((now, expiries.clone()));
        expiries
    }

    fn node(&self, families: &mut Vec<Family>) {
        let version = Sample::whole(1).with("version", env!("CARGO_PKG_VERSION"));
        families.push(Family::gauge(
            "build_info",
            "The version that answers",
            [version],
        ));
        let seen = self.probes.seen();
        let up = [
            (Role::Transport, seen.transport.answers),
            (Role::Manager, seen.manager.answers),
            (Role::Worker, seen.worker.answers),
        ];
        families.push(Family::gauge(
            "role_up",
            "Whether the role answers",
            up.map(|(role, up)| Sample::flag(up).with("role", role.name())),
        ));
        if let Some(manager) = seen.manager.said().filter(|_| seen.manager.answers) {
            health::children(families, manager);
        }
    }

    /// What the pages for load balancers say.
    fn components(&self, families: &mut Vec<Family>) {
        let seen = self.probes.seen();
        let connectors = seen.transport.said().into_iter();
        let receive = connectors
            .flat_map(|status| &status.connectors)
            .map(|one| format!("receive/{}", one.connector));
        let named = ["smtp", "submission", "lmtp"]
            .map(str::to_owned)
            .into_iter();
        let active = named.chain(receive).filter_map(|name| {
            let active = self.probes.is_active(&name)?;
            Some(Sample::flag(active).with("component", name))
        });
        families.push(Family::gauge(
            "component_active",
            "Whether the health page of a component answers 200",
            active,
        ));
    }
}

fn firewall_families(families: &mut Vec<Family>, firewall: &FirewallFigures) {
    families.push(Family::gauge(
        "firewall_in_step_timestamp_seconds",
        "When the firewall's table was last found as it should be",
        firewall.in_step_unix_ms.map(|at| Sample::whole(at / 1000)),
    ));
    families.push(Family::gauge(
        "firewall_ranges",
        "Ranges in the firewall's table",
        [Sample::whole(firewall.ranges)],
    ));
    families.push(Family::gauge(
        "firewall_failing",
        "Whether the firewall's table cannot be put in force",
        [Sample::flag(firewall.problem.is_some())],
    ));
}

fn events(roles: &[(Role, Option<RoleFigures>)]) -> Family {
    let known = roles
        .iter()
        .filter_map(|(role, figures)| Some((role, figures.as_ref()?)));
    let mut since = u64::MAX;
    let mut samples = Vec::new();
    for (role, figures) in known {
        since = since.min(figures.since_unix_ms);
        samples.extend(figures.events.iter().map(|event| {
            Sample::whole(event.count)
                .with("role", role.name())
                .with("number", event.number.to_string())
                .with("name", event.name.as_str())
                .with("level", event.level.as_str())
        }));
    }
    Family::counter(
        "events",
        "Events raised, by role and number",
        since,
        samples,
    )
}
