//! Probes: clients at the front door. Each looks at one thing, within a time limit, and says what
//! it saw as a [`ProbeView`].
//!
//! A verdict is one of: pass, slow (works, but something is to be said), fail and timeout (bad),
//! probe_error and skipped (says nothing about the target). Never here: what follows from it.

mod connector;
mod mailflow;
mod node;
mod smtp;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{
        ConnectorStatus, ProbeView,
        health::{Evidence, Measure, ProbeStep},
    },
};
use mailward_host::clock::Clock;
use mailward_model::{
    Domain,
    kind::{OutboundTls, ReceiveConnector, TlsAuthLevel},
};
use mailward_store::Store;
use mailward_tls::{ClientTls, Roots};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{
    Cause,
    alert::desk::Couriers,
    engine::definition::{ProbeDefinition, Target},
    mailbox::HealthMailbox,
};

/// How long a control channel may take to answer a probe's question.
const ASK_MAX: Duration = Duration::from_secs(2);
/// Addresses probed of one connector.
const ADDRESSES_MAX: usize = 4;
/// Choices of connectors remembered.
const CHOICES_MAX: usize = 256;
/// A loopback address that nothing else on the host is likely to come from, so that a busy client
/// on 127.0.0.1 does not use up the probe's share of connections per source.
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 87, 1));

/// What a probe saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Pass,
    /// It works, and something is to be said.
    Slow,
    /// It does not do what it should.
    Fail,
    /// It did not answer in time.
    Timeout,
    /// The probe itself could not be carried out.
    ProbeError,
    /// The probe was not carried out.
    Skipped,
}

impl Verdict {
    /// The word for it in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Slow => "slow",
            Verdict::Fail => "fail",
            Verdict::Timeout => "timeout",
            Verdict::ProbeError => "probe_error",
            Verdict::Skipped => "skipped",
        }
    }

    /// What it says about the target.
    pub fn evidence(self) -> Evidence {
        match self {
            Verdict::Pass | Verdict::Slow => Evidence::Good,
            Verdict::Fail | Verdict::Timeout => Evidence::Bad,
            Verdict::ProbeError | Verdict::Skipped => Evidence::None,
        }
    }
}

/// The cause given with a probe that was skipped because it does not apply: its monitor is then
/// off, and not blind.
pub(crate) const NOT_APPLICABLE: &str = "not_applicable";
/// The cause given with a probe that was skipped because no lane was free.
pub(crate) const OVERLOAD: &str = "overload";

/// A finding, before times are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    verdict: Verdict,
    text: String,
    cause: Option<String>,
    measures: Vec<Measure>,
}

impl Found {
    fn new(verdict: Verdict, text: impl Into<String>) -> Found {
        Found {
            verdict,
            text: text.into(),
            cause: None,
            measures: Vec::new(),
        }
    }

    fn pass(text: impl Into<String>) -> Found {
        Found::new(Verdict::Pass, text)
    }

    fn fail(text: impl Into<String>) -> Found {
        Found::new(Verdict::Fail, text)
    }

    fn error(text: impl Into<String>) -> Found {
        Found::new(Verdict::ProbeError, text)
    }

    fn skipped(text: impl Into<String>) -> Found {
        Found::new(Verdict::Skipped, text)
    }

    /// Adds what was measured; the unit stands at the end of the name.
    fn measured(mut self, name: &str, value: impl TryInto<i64>) -> Found {
        self.measures.push(Measure {
            name: name.to_owned(),
            value: value.try_into().unwrap_or(i64::MAX),
        });
        self
    }

    fn of(mut self, cause: Cause) -> Found {
        self.cause = Some(cause.as_str().to_owned());
        self
    }
}

/// The steps of a probe and how long each took; outlives the probe, so that one that times out
/// still says how far it came.
#[derive(Debug)]
pub(crate) struct Steps {
    done: Vec<ProbeStep>,
    began: Instant,
    now: &'static str,
}

impl Steps {
    fn new() -> Steps {
        Steps {
            done: Vec::new(),
            began: Instant::now(),
            now: "begin",
        }
    }

    /// Ends the present step and begins the next.
    fn next(&mut self, step: &'static str) {
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.now != "begin" {
            self.done.push(ProbeStep {
                step: self.now.to_owned(),
                took_ms,
            });
        }
        self.now = step;
        self.began = Instant::now();
    }
}

/// What probes need of the node.
pub struct Context {
    /// The node's name.
    pub node: Domain,
    /// Sockets of the running roles.
    pub run_dir: PathBuf,
    /// Everything that is kept.
    pub data_dir: PathBuf,
    /// Maildirs.
    pub mail_dir: PathBuf,
    /// Secret with which the markers of probes are signed.
    pub probe_key: [u8; 32],
    /// The objects.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    tls: ClientTls,
    /// Receive connectors as transport last told: a transport that hangs is still probed.
    connectors: Mutex<Vec<ConnectorStatus>>,
    /// Which connector takes which probe connection, as transport last told.
    choices: Mutex<Vec<Choice>>,
    /// The health mailbox, once there is one.
    pub(crate) mailbox: Mutex<Option<HealthMailbox>>,
    /// The alert channels in use.
    pub(crate) couriers: Couriers,
    /// Free octets below which transport refuses mail.
    pub(crate) min_free_bytes: Mutex<u64>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context({})", self.node)
    }
}

/// Which connector takes a connection between two addresses.
struct Choice {
    from: IpAddr,
    to: SocketAddr,
    connector: Option<String>,
}

/// A place to probe a connector at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Door {
    source: IpAddr,
    address: SocketAddr,
}

impl Context {
    /// The context of a node's probes.
    pub fn new(
        node: Domain,
        run_dir: PathBuf,
        data_dir: PathBuf,
        mail_dir: PathBuf,
        probe_key: [u8; 32],
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Context {
        Context {
            node,
            run_dir,
            data_dir,
            mail_dir,
            probe_key,
            store,
            clock,
            // Probes check that TLS works; whose certificate it is is the certificate probe's.
            tls: ClientTls::new(Roots::default()),
            connectors: Mutex::default(),
            choices: Mutex::default(),
            mailbox: Mutex::default(),
            couriers: Couriers::default(),
            min_free_bytes: Mutex::new(512 << 20),
        }
    }

    async fn ask(&self, role: Role, request: &ControlRequest) -> Result<ControlReply, String> {
        control::call(&role.socket(&self.run_dir), request, ASK_MAX)
            .await
            .map_err(|error| error.into_fault(role.name()).error)
    }

    /// Where a connector can be probed from this host. An error is the finding: it is not known,
    /// or no connection from this host would be taken by it.
    async fn doors(&self, name: &str) -> Result<Vec<Door>, Found> {
        if let Ok(ControlReply::Connectors(all)) = self
            .ask(Role::Transport, &ControlRequest::ListConnectors)
            .await
        {
            *self.connectors.lock() = all;
        }
        let status = self
            .connectors
            .lock()
            .iter()
            .find(|c| c.connector == name)
            .cloned();
        let Some(status) = status else {
            return Err(Found::skipped(
                "transport has not told yet where it listens",
            ));
        };
        if status.listening.is_empty() {
            return Err(Found::fail("no address is bound for it").of(Cause::Config));
        }
        let mut doors = Vec::new();
        let mut taken_by = None;
        for address in status.listening.iter().take(ADDRESSES_MAX) {
            match self.door(name, *address).await {
                Ok(door) => doors.push(door),
                Err(other) => taken_by = Some(other),
            }
        }
        if doors.is_empty() {
            let other = taken_by
                .flatten()
                .map_or("no connector".to_owned(), |other| {
                    format!("the connector {other}")
                });
            let mut found = Found::skipped(format!(
                "a connection from this host would be taken by {other}"
            ));
            found.cause = Some(NOT_APPLICABLE.to_owned());
            return Err(found);
        }
        Ok(doors)
    }

    /// How to reach one listening address so that this connector takes the connection; else the
    /// connector that would.
    async fn door(&self, name: &str, listening: SocketAddr) -> Result<Door, Option<String>> {
        let mut address = listening;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let v4_loopback = address.is_ipv4() && address.ip().is_loopback();
        let sources = if v4_loopback {
            vec![SOURCE, address.ip()]
        } else {
            vec![address.ip()]
        };
        let mut other = None;
        for source in sources {
            match self.chosen(source, address).await {
                Some(chosen) if chosen.eq_ignore_ascii_case(name) => {
                    return Ok(Door { source, address });
                }
                chosen => other = other.or(chosen),
            }
        }
        Err(other)
    }

    async fn chosen(&self, source: IpAddr, address: SocketAddr) -> Option<String> {
        let request = ControlRequest::SimulateConnection {
            remote: source,
            local: address,
        };
        let known = |choice: &Choice| choice.from == source && choice.to == address;
        if let Ok(ControlReply::Connection(choice)) = self.ask(Role::Transport, &request).await {
            let mut choices = self.choices.lock();
            choices.retain(|choice| !known(choice));
            if choices.len() >= CHOICES_MAX {
                choices.clear();
            }
            choices.push(Choice {
                from: source,
                to: address,
                connector: choice.decision.chosen.clone(),
            });
            return choice.decision.chosen;
        }
        let choices = self.choices.lock();
        choices
            .iter()
            .find(|choice| known(choice))
            .and_then(|choice| choice.connector.clone())
    }

    /// Whether transport says that its gate is closed, and why.
    async fn gate_closed(&self) -> Option<String> {
        match self.ask(Role::Transport, &ControlRequest::Status).await {
            Ok(ControlReply::Transport(status)) if status.gate.closed => Some(status.gate.reason),
            _ => None,
        }
    }

    fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>, Found> {
        let config = self.tls.config(
            OutboundTls::Opportunistic,
            TlsAuthLevel::EncryptionOnly,
            None,
        );
        match config {
            Ok(Some(config)) => Ok(config),
            Ok(None) => Err(Found::error("TLS is switched off in the probe")),
            Err(error) => Err(Found::error(error.to_string())),
        }
    }

    fn fqdn<'a>(&'a self, spec: &'a ReceiveConnector) -> &'a Domain {
        spec.fqdn.as_ref().unwrap_or(&self.node)
    }
}

/// Runs a probe, within the time limit of its rule.
pub async fn run(definition: &ProbeDefinition, context: &Context) -> ProbeView {
    let unix_ms = context.clock.unix_ms();
    let began = Instant::now();
    let limit = Duration::from_millis(definition.timeout_ms);
    let mut steps = Steps::new();
    let look = async {
        match &definition.target {
            Target::Connector(name, spec) => connector::look(context, name, spec, &mut steps).await,
            Target::MailFlow(name, spec) => mailflow::look(context, name, spec, &mut steps).await,
            Target::Certificate(name, spec) => node::certificate(context, name, spec).await,
            Target::Transport => node::transport(context).await,
            Target::Queue => node::queue(context).await,
            Target::Store => node::store(context).await,
            Target::Disk => node::disk(context).await,
            Target::Alerting(name) => node::alerting(context, name).await,
            Target::Observer => Found::skipped("the worker judges itself by its work"),
        }
    };
    let found = match tokio::time::timeout(limit, look).await {
        Ok(found) => found,
        Err(_) => late(&definition.target, limit, steps.now),
    };
    steps.next("end");
    view(
        &definition.name,
        found,
        unix_ms,
        began.elapsed(),
        steps.done,
    )
}

/// The finding of a probe whose time is over, by what it was waiting for: the silence of another
/// part is that part's, and says nothing about this one.
fn late(target: &Target, limit: Duration, step: &str) -> Found {
    let limit = limit.as_millis();
    match target {
        Target::Queue | Target::Certificate(..) => {
            Found::skipped(format!("transport did not answer within {limit} ms"))
        }
        Target::MailFlow(..) if !mailflow::is_own_step(step) => Found::skipped(format!(
            "the connector did not answer within {limit} ms at the step {step}"
        )),
        Target::Store | Target::Disk => Found::new(
            Verdict::Timeout,
            format!("the disk did not answer within {limit} ms"),
        )
        .of(Cause::Disk),
        Target::Connector(..)
        | Target::MailFlow(..)
        | Target::Transport
        | Target::Alerting(..)
        | Target::Observer => Found::new(
            Verdict::Timeout,
            format!("no answer within {limit} ms at the step {step}"),
        ),
    }
}

/// A probe that was not run.
pub(crate) fn not_run(probe: &str, why: &str, cause: Option<&str>, unix_ms: u64) -> ProbeView {
    let found = Found {
        cause: cause.map(str::to_owned),
        ..Found::skipped(why)
    };
    view(probe, found, unix_ms, Duration::ZERO, Vec::new())
}

fn view(
    probe: &str,
    found: Found,
    unix_ms: u64,
    took: Duration,
    steps: Vec<ProbeStep>,
) -> ProbeView {
    ProbeView {
        probe: probe.to_owned(),
        unix_ms,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        verdict: found.verdict.as_str().to_owned(),
        evidence: found.verdict.evidence(),
        // What a peer said reaches terminals and logs.
        text: mailward_events::escape(&found.text).into_owned(),
        cause: found.cause,
        steps,
        measures: found.measures,
    }
}

#[cfg(test)]
pub(crate) mod tests;
