//! What is watched: for each object and part of this node its probe, its monitor's rule, the
//! component it belongs to. The stages of recovery are in [`super::ladder`]. Pure.

use std::ops::RangeInclusive;

use mailward_model::{
    Object, Spec,
    kind::{HealthSettings, ReceiveConnector, StartTls},
    unit::Span,
};

use crate::{
    monitor::{Policy, Rule},
    observer::WINDOW_MS,
};

/// The monitor of the worker itself.
pub(crate) const OBSERVER: &str = "monitoring";

/// What a probe looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A receive connector: greeting, EHLO, STARTTLS.
    Connector(String, Box<ReceiveConnector>),
    /// The way of a message through a receive connector into the health mailbox.
    MailFlow(String, Box<ReceiveConnector>),
    /// The certificate a receive connector shows.
    Certificate(String, Box<ReceiveConnector>),
    /// Whether transport answers its control channel.
    Transport,
    /// Whether the queue takes mail.
    Queue,
    /// Whether the objects can be read.
    Store,
    /// Free space of the data folder.
    Disk,
    /// The worker itself: whether its probes can be run, in time. No probe of its own: the engine
    /// judges each half minute of its work.
    Observer,
}

/// A probe: what it looks at, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeDefinition {
    /// Its name: `connector/Internet`.
    pub name: String,
    /// What it looks at.
    pub target: Target,
    /// From start to start, in milliseconds.
    pub interval_ms: u64,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// A monitor without whose good word this probe says nothing about its own target.
    pub needs: Option<String>,
}

/// A monitor: which probe's results it judges, by which rule, and what is repaired then.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorDefinition {
    /// Its name; that of its probe where the probe feeds one monitor only.
    pub name: String,
    /// The probe whose results it judges.
    pub probe: String,
    /// The health set it belongs to.
    pub set: String,
    /// The component that is repaired: `receive/Internet`.
    pub component: String,
    /// When it believes bad results.
    pub rule: Rule,
}

/// Everything that is watched. Each monitor's probe is among the probes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watched {
    /// The probes.
    pub probes: Vec<ProbeDefinition>,
    /// The monitors.
    pub monitors: Vec<MonitorDefinition>,
}

impl Watched {
    /// Adds a probe and the monitor that judges whether it passes.
    fn add(&mut self, probe: ProbeDefinition, set: &str, component: &str, rule: Rule) {
        self.monitors.push(MonitorDefinition {
            name: probe.name.clone(),
            probe: probe.name.clone(),
            set: set.to_owned(),
            component: component.to_owned(),
            rule,
        });
        self.probes.push(probe);
    }
}

/// Confirmed bad for this long is Unhealthy.
const UNHEALTHY_AFTER_MS: u64 = 60_000;
/// Bad for this long is Unrecoverable, whatever the stages of recovery say.
const UNRECOVERABLE_AFTER_MS: u64 = 1_800_000;
/// How long a probe of a connector may take: half its interval, within these bounds, so that short
/// intervals do not make a busy host look sick.
const CONNECTOR_TIMEOUT_MS: RangeInclusive<u64> = 1_000..=10_000;
/// The same for the way of a message into the health mailbox.
const MAILFLOW_TIMEOUT_MS: RangeInclusive<u64> = 5_000..=60_000;
fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

fn rule(
    policy: Policy,
    interval_ms: u64,
    timeout_ms: RangeInclusive<u64>,
    settings: &HealthSettings,
) -> Rule {
    Rule {
        policy,
        interval_ms,
        timeout_ms: (interval_ms / 2).clamp(*timeout_ms.start(), *timeout_ms.end()),
        good_to_recover: 2,
        unhealthy_after_ms: UNHEALTHY_AFTER_MS.min(ms(settings.restart_process_after)),
        unrecoverable_after_ms: UNRECOVERABLE_AFTER_MS.max(2 * ms(settings.offline_after)),
        probation_ms: ms(settings.probation),
    }
}

/// A probe with the interval and the time limit of a rule.
fn probe(name: &str, target: Target, rule: &Rule, needs: Option<&str>) -> ProbeDefinition {
    ProbeDefinition {
        name: name.to_owned(),
        target,
        interval_ms: rule.interval_ms,
        timeout_ms: rule.timeout_ms,
        needs: needs.map(str::to_owned),
    }
}

/// Everything that is watched with these objects.
pub fn watched(objects: &[Object], settings: &HealthSettings) -> Watched {
    let mut all = Watched::default();
    let fast = ms(settings.connector_probe_interval);
    for (name, set, target, failures, interval_ms, needs) in [
        ("transport", "Transport", Target::Transport, 3, fast, None),
        ("queue", "Queue", Target::Queue, 2, fast, Some("transport")),
        ("store", "Store", Target::Store, 2, fast, None),
        ("disk", "Disk", Target::Disk, 2, fast, None),
        (OBSERVER, "Monitoring", Target::Observer, 4, WINDOW_MS, None),
    ] {
        let policy = Policy::Consecutive(failures);
        let rule = rule(policy, interval_ms, CONNECTOR_TIMEOUT_MS, settings);
        all.add(probe(name, target, &rule, needs), set, name, rule);
    }
    for object in objects {
        if let Spec::ReceiveConnector(spec) = &object.spec
            && spec.enabled
        {
            of_receive_connector(&object.name, spec, settings, &mut all);
        }
    }
    all
}

fn of_receive_connector(
    name: &str,
    spec: &ReceiveConnector,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let fast = ms(settings.connector_probe_interval);
    let slow = ms(settings.mailflow_probe_interval);
    let copy = || (name.to_owned(), Box::new(spec.clone()));

    let (target, door) = (copy(), format!("connector/{name}"));
    let rule_of = |failures, interval_ms, timeout| {
        rule(
            Policy::Consecutive(failures),
            interval_ms,
            timeout,
            settings,
        )
    };
    let rule = rule_of(3, fast, CONNECTOR_TIMEOUT_MS);
    let target = Target::Connector(target.0, target.1);
    all.add(
        probe(&door, target, &rule, None),
        "Receive",
        &format!("receive/{name}"),
        rule,
    );

    let (target, flow) = (copy(), format!("mailflow/{name}"));
    let rule = rule_of(2, slow, MAILFLOW_TIMEOUT_MS);
    let target = Target::MailFlow(target.0, target.1);
    all.add(
        probe(&flow, target, &rule, Some(&door)),
        "MailFlow",
        "deliver",
        rule,
    );

    if spec.tls != StartTls::Off {
        let (target, certificate) = (copy(), format!("certificate/{name}"));
        let rule = rule_of(2, slow, CONNECTOR_TIMEOUT_MS);
        let target = Target::Certificate(target.0, target.1);
        all.add(
            probe(&certificate, target, &rule, Some("transport")),
            "Certificates",
            &certificate,
            rule,
        );
    }
}
