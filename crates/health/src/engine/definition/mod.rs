//! What is watched: for each object and part of this node its probe, its monitor's rule, the
//! component it belongs to. The stages of recovery are in [`super::ladder`]. One file for each area;
//! this one has the words they share. Pure.

mod node;
mod object;
mod receive;
mod send;
mod source;

use std::{net::SocketAddr, ops::RangeInclusive, sync::Arc, time::Duration};

use mailward_api::control::Role;
use mailward_model::{
    Domain, Object, ObjectId, Spec,
    kind::{
        Endpoint, HealthSettings, OutboundTls, Probe, ProbeLane, ReceiveConnector, SendConnector,
        SenderFeed, SmartHost, UntrustedFeed,
    },
    unit::Span,
};

use super::measured;
use crate::monitor::{Policy, Rule};

pub(crate) use object::PREFIX;

/// The monitor of the worker itself.
pub(crate) const OBSERVER: &str = "monitoring";

/// What a probe looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A receive connector: greeting, EHLO, STARTTLS.
    Connector(String, Box<ReceiveConnector>),
    /// The way of a message through a receive connector into the health mailbox.
    MailFlow(String, Box<ReceiveConnector>),
    /// Whether the probes of a receive connector's path arrive, whoever sends them; with the
    /// interval at which they are expected.
    Received(String, Duration),
    /// The way of a message through a send connector to an address beyond it.
    Route(String, Box<SendConnector>),
    /// The certificate a receive connector shows.
    Certificate(String, Box<ReceiveConnector>),
    /// The certificate a send connector shows to peers that ask for one.
    ClientCertificate(String, Box<SendConnector>),
    /// Whether transport answers its control channel.
    Transport,
    /// Whether the queue takes mail, how deep it is and how fast it moves.
    Queue,
    /// Whether what is due is being delivered.
    Delivery,
    /// Whether every queued message has an owner, a next act and a time for it.
    QueueOwnership,
    /// How far journal reports are behind, and how many are parked.
    Journal,
    /// Whether the resolver that delivery asks gives answers, asked by transport itself.
    DeliveryResolver,
    /// How current the list of a sender feed is.
    Feed(ObjectId, Box<SenderFeed>),
    /// How current a feed of the untrusted list is.
    UntrustedFeed(ObjectId, Box<UntrustedFeed>),
    /// An endpoint's TLS, tested from outside.
    Endpoint(ObjectId, Box<Endpoint>),
    /// Whether a directory source is followed; with the interval at which it is asked.
    Directory(String, Duration),
    /// Whether the objects can be read and written.
    Store,
    /// Free space of a folder's file system.
    Disk(Place),
    /// All certificates held: their dates, and files that hold nothing usable.
    Certificates,
    /// The certificates that nodes know each other by: this one's and their authority's.
    NodeCertificates,
    /// Memory and descriptors of a role.
    Process(Role),
    /// Whether the firewall's table is as it should be, on a node that keeps one.
    Firewall,
    /// An alert channel: whether what is told by it arrives.
    Alerting(String),
    /// The admin API, through its socket.
    Admin,
    /// Jumps of the wall clock, and whether something keeps it right.
    Clock,
    /// A resolver that the node asks.
    Resolver(SocketAddr),
    /// A name that delivery looks up: of a smart host, or a domain with MX records.
    Name {
        /// The name.
        name: String,
        /// Whether its MX records are asked for; else its addresses.
        mx: bool,
    },
    /// A smart host: greeting, EHLO, STARTTLS.
    SmartHost(Box<Upstream>),
    /// What a probe object says.
    Object(Arc<Probe>),
    /// The worker itself: whether its probes can be run, in time. No probe of its own: the engine
    /// judges each half minute of its work.
    Observer,
}

/// A smart host, and how mail is handed to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Upstream {
    /// The host.
    pub host: SmartHost,
    /// Whether it speaks LMTP.
    pub lmtp: bool,
    /// What the send connector does about TLS.
    pub tls: OutboundTls,
    /// The name said in EHLO, where it is not the node's.
    pub fqdn: Option<Domain>,
}

/// A folder whose file system is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everything that is kept.
    Data,
    /// The queue.
    Queue,
    /// Maildirs.
    Mail,
    /// Events, tracking and the history of health.
    Log,
}

impl Place {
    /// Every one.
    pub const ALL: [Place; 4] = [Place::Data, Place::Queue, Place::Mail, Place::Log];

    /// The name of its probe.
    pub fn probe(self) -> &'static str {
        match self {
            Place::Data => "disk",
            Place::Queue => "disk/queue",
            Place::Mail => "disk/mail",
            Place::Log => "disk/log",
        }
    }
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
    /// The budget of simultaneous runs it is counted in.
    pub lane: ProbeLane,
    /// A run that takes longer than this, in milliseconds, is told as slow.
    pub slow_after_ms: Option<u64>,
    /// Whether a timeout is tried once more within the same slot, where there is time. Not for
    /// Mailward's own parts: a doubtful result of theirs is checked again sooner than a second try
    /// would end, and a wedged connector must be noticed within two intervals.
    pub again: bool,
    /// Whether its first run comes soon after a start and not at its first slot.
    pub soon: bool,
}

impl ProbeDefinition {
    /// Whose silence it would be if it timed out: probes of one subject are related.
    pub fn subject(&self) -> String {
        match &self.target {
            Target::Resolver(_) | Target::Name { .. } => "dns".to_owned(),
            Target::SmartHost(upstream) => upstream.host.host.to_string(),
            Target::Store
            | Target::Disk(_)
            | Target::Feed(..)
            | Target::UntrustedFeed(..)
            | Target::NodeCertificates => "disk".to_owned(),
            Target::Firewall => "enforcer".to_owned(),
            Target::Endpoint(_, endpoint) => endpoint.host.to_string(),
            Target::Alerting(name) => format!("alerting/{name}"),
            Target::Admin | Target::Directory(..) => "access".to_owned(),
            Target::Object(probe) => object::subject(&probe.target, &self.name),
            _ => "transport".to_owned(),
        }
    }

    /// Whether it is run by the clock: not what the engine judges by itself, nor what counts in the
    /// moment in which it is reported.
    pub(crate) fn is_timed(&self) -> bool {
        match &self.target {
            Target::Observer => false,
            Target::Object(probe) => !probe.hears_reports_alone(),
            _ => true,
        }
    }

    /// The word for what it looks at.
    pub fn word(&self) -> &'static str {
        match &self.target {
            Target::Connector(..) => "connector",
            Target::MailFlow(..) => "mailflow",
            Target::Received(..) => "mailflow_received",
            Target::Route(..) => "route",
            Target::Certificate(..) | Target::ClientCertificate(..) => "certificate",
            Target::Transport => "transport",
            Target::Queue => "queue",
            Target::Delivery => "delivery",
            Target::QueueOwnership => "queue_ownership",
            Target::Journal => "journal",
            Target::Feed(..) => "feed",
            Target::UntrustedFeed(..) => "untrusted_feed",
            Target::Endpoint(..) => "endpoint",
            Target::Directory(..) => "directory",
            Target::Store => "store",
            Target::Disk(_) => "disk",
            Target::Certificates => "certificates",
            Target::NodeCertificates => "node_certificates",
            Target::Process(_) => "process",
            Target::Firewall => "firewall",
            Target::Alerting(_) => "alerting",
            Target::Admin => "admin",
            Target::Clock => "clock",
            Target::Resolver(_) | Target::DeliveryResolver => "resolver",
            Target::Name { .. } => "name",
            Target::SmartHost(_) => "smart_host",
            Target::Object(probe) => probe.target.word(),
            Target::Observer => "observer",
        }
    }
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
pub(crate) const CONNECTOR_TIMEOUT_MS: RangeInclusive<u64> = 1_000..=10_000;
/// A doubtful result is checked again after a quarter of the interval.
pub(crate) const RECHECK_PARTS: u64 = 4;
/// The same for the way of a message into the health mailbox.
const MAILFLOW_TIMEOUT_MS: RangeInclusive<u64> = 5_000..=60_000;
/// The same for the target of an alert channel, which may be far away and busy.
const ALERTING_TIMEOUT_MS: RangeInclusive<u64> = 10_000..=60_000;

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn rule(
    policy: Policy,
    interval_ms: u64,
    timeout_ms: RangeInclusive<u64>,
    settings: &HealthSettings,
) -> Rule {
    Rule {
        policy,
        interval_ms,
        timeout_ms: (interval_ms / 2).clamp(*timeout_ms.start(), *timeout_ms.end()),
        recheck_parts: RECHECK_PARTS,
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
        lane: ProbeLane::Local,
        slow_after_ms: None,
        again: false,
        soon: true,
    }
}

/// An alert channel: a person must hear of one that cannot tell anything, by the others.
fn of_alert_channel(channel: &str, settings: &HealthSettings, all: &mut Watched) {
    let slow = ms(settings.mailflow_probe_interval);
    let rule = rule(Policy::Consecutive(2), slow, ALERTING_TIMEOUT_MS, settings);
    let name = format!("alerting/{channel}");
    let mut definition = probe(&name, Target::Alerting(channel.to_owned()), &rule, None);
    definition.lane = ProbeLane::Net;
    all.add(definition, "Alerting", &name, rule);
}

/// Everything that is watched with these objects, on a node that asks these resolvers.
pub fn watched(objects: &[Object], settings: &HealthSettings, resolvers: &[SocketAddr]) -> Watched {
    let mut all = Watched::default();
    node::all(settings, &mut all);
    for object in objects {
        match &object.spec {
            Spec::ReceiveConnector(spec) if spec.enabled => {
                receive::of_receive_connector(&object.name, spec, settings, &mut all);
            }
            Spec::AlertChannel(spec) if spec.enabled => {
                of_alert_channel(&object.name, settings, &mut all);
            }
            Spec::SenderFeed(spec) => {
                source::of_feed(object.id, &object.name, spec, settings, &mut all);
            }
            Spec::UntrustedFeed(spec) => {
                source::of_untrusted_feed(object.id, &object.name, spec, settings, &mut all);
            }
            Spec::Endpoint(spec) if spec.enabled => {
                source::of_endpoint(object.id, &object.name, spec, settings, &mut all);
            }
            Spec::DirectorySource(spec) if spec.enabled => {
                source::of_directory(&object.name, spec, settings, &mut all);
            }
            Spec::Probe(spec) if spec.enabled => object::of(&object.name, spec, settings, &mut all),
            _ => {}
        }
    }
    let mut connectors = objects.iter().filter_map(|object| match &object.spec {
        Spec::ReceiveConnector(spec) if spec.enabled => Some(spec),
        _ => None,
    });
    if connectors.any(|spec| spec.remote_ranges.iter().any(|one| one.feed().is_some())) {
        node::firewall(settings, &mut all);
    }
    send::all(objects, resolvers, settings, &mut all);
    measured::add(objects, settings, &mut all);
    all
}
