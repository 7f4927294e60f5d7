//! What probes need of the node: its folders and sockets, its resolvers and roots, and where its
//! connectors can be reached from this host.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{ConnectorStatus, ServingState, TransportStatus},
};
use mailward_host::{clock::Clock, keyring::Keyring};
use mailward_model::{
    Domain,
    kind::{HealthSettings, OutboundTls, ReceiveConnector, TlsAuthLevel},
};
use mailward_store::Store;
use mailward_tls::{ClientTls, Roots};
use parking_lot::Mutex;

use super::{Found, NOT_APPLICABLE, dns::Dns, report::Reports};
use crate::{
    Cause, Now, alert::desk::Couriers, engine::definition::Place, inbox::Inbox,
    mailbox::HealthMailbox, worker::upkeep::Status,
};

/// How long a control channel may take to answer a probe's question.
const ASK_MAX: Duration = Duration::from_secs(2);
/// The same where what it said before does as well: the probe of a connector has a few seconds, and a
/// control channel that hangs must not be taken for a connector that does.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(1);
/// Addresses probed of one connector.
const ADDRESSES_MAX: usize = 4;
/// Choices of connectors remembered.
const CHOICES_MAX: usize = 256;
/// A loopback address that nothing else on the host is likely to come from, so that a busy client
/// on 127.0.0.1 does not use up the probe's share of connections per source.
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 87, 1));

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
    /// Secrets with which the markers of probes are signed.
    pub keys: Arc<Keyring>,
    /// The objects.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    tls: ClientTls,
    /// Checks chains that were shown against the roots of this node.
    pub(super) roots: ClientTls,
    pub(super) dns: Dns,
    /// The roots of this node, and whom it asks for names.
    pub(super) trusted: Roots,
    pub(super) resolvers: Vec<SocketAddr>,
    /// Whether the enforcer keeps this host's firewall.
    pub(super) firewall: bool,
    /// Files of the certificates that nodes know each other by; empty where there are no others.
    pub(super) node_certificates: Vec<PathBuf>,
    /// The queue, and what is written about the past; in the data folder where not set.
    queue_dir: PathBuf,
    log_dir: PathBuf,
    /// What other programs reported.
    pub(crate) reports: Reports,
    /// When this worker began.
    pub(super) began: Now,
    /// Both clocks at the last look at them.
    pub(super) last_clocks: Mutex<Option<Now>>,
    /// Transport's counters at the last look at its queue, for how fast it moves.
    pub(super) last_queue: Mutex<Option<(Now, TransportStatus)>>,
    /// Receive connectors as transport last told: a transport that hangs is still probed.
    connectors: Mutex<Vec<ConnectorStatus>>,
    /// Which connector takes which probe connection, as transport last told.
    choices: Mutex<Vec<Choice>>,
    /// The health mailbox, once there is one.
    pub(crate) mailbox: Mutex<Option<HealthMailbox>>,
    /// The alert channels in use.
    pub(crate) couriers: Couriers,
    /// How it was when it was last put right.
    pub(crate) mailbox_status: Mutex<Status>,
    /// How often the key that signs probes is changed.
    pub(crate) key_interval: Mutex<Duration>,
    /// What arrives in it.
    pub(crate) inbox: Arc<Inbox>,
    /// The slot used last: each is used once.
    last_slot: AtomicU64,
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
    pub(super) source: IpAddr,
    pub(super) address: SocketAddr,
}

impl Context {
    /// The context of a node's probes.
    pub fn new(
        node: Domain,
        run_dir: PathBuf,
        data_dir: PathBuf,
        mail_dir: PathBuf,
        keys: Arc<Keyring>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Context {
        let maildir = HealthMailbox::of(&node)
            .map_or_else(|_| mail_dir.clone(), |mailbox| mailbox.maildir(&mail_dir));
        let inbox = Inbox::new(maildir, node.as_str(), keys.clone(), clock.clone());
        Context {
            inbox: Arc::new(inbox),
            last_slot: AtomicU64::new(0),
            mailbox_status: Mutex::default(),
            key_interval: Mutex::new(HealthSettings::default().probe_key_interval.get()),
            queue_dir: data_dir.join("queue"),
            log_dir: data_dir.join("events"),
            roots: ClientTls::new(Roots::system()),
            dns: Dns::new(Vec::new()),
            trusted: Roots::system(),
            resolvers: Vec::new(),
            firewall: false,
            node_certificates: Vec::new(),
            reports: Reports::default(),
            began: Now::of(&*clock),
            last_clocks: Mutex::default(),
            last_queue: Mutex::default(),
            node,
            run_dir,
            data_dir,
            mail_dir,
            keys,
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

    /// The next slot: the time, and greater than each before it even where the clock is put back.
    pub(super) fn next_slot(&self) -> u64 {
        let now = self.clock.unix_ms();
        let next = |last: u64| Some(now.max(last + 1));
        let last = self
            .last_slot
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        last.map_or(now, |last| now.max(last + 1))
    }

    /// Asks these resolvers, and trusts these roots.
    #[must_use]
    pub fn with_network(mut self, resolvers: Vec<SocketAddr>, roots: Roots) -> Context {
        self.dns = Dns::new(resolvers.clone());
        self.resolvers = resolvers;
        self.roots = ClientTls::new(roots.clone());
        self.trusted = roots;
        self
    }

    /// Whether the enforcer keeps this host's firewall.
    #[must_use]
    pub fn with_firewall(mut self, firewall: bool) -> Context {
        self.firewall = firewall;
        self
    }

    /// Nodes know each other by the certificates of these files.
    #[must_use]
    pub fn with_node_certificates(mut self, files: Vec<PathBuf>) -> Context {
        self.node_certificates = files;
        self
    }

    /// Keeps the queue and what is written about the past in these folders.
    #[must_use]
    pub fn with_folders(mut self, queue_dir: PathBuf, log_dir: PathBuf) -> Context {
        (self.queue_dir, self.log_dir) = (queue_dir, log_dir);
        self
    }

    /// The folder of a place.
    pub(super) fn folder(&self, place: Place) -> &PathBuf {
        match place {
            Place::Data => &self.data_dir,
            Place::Queue => &self.queue_dir,
            Place::Mail => &self.mail_dir,
            Place::Log => &self.log_dir,
        }
    }

    pub(super) async fn ask(
        &self,
        role: Role,
        request: &ControlRequest,
    ) -> Result<ControlReply, String> {
        control::call(&role.socket(&self.run_dir), request, ASK_MAX)
            .await
            .map_err(|error| error.into_fault(role.name()).error)
    }

    /// As [`Context::ask`] of transport, in less time; `None` where no answer came.
    async fn ask_again(&self, request: &ControlRequest) -> Option<ControlReply> {
        let transport = Role::Transport.socket(&self.run_dir);
        control::call(&transport, request, ASK_AGAIN_MAX).await.ok()
    }

    /// Where a connector can be probed from this host. An error is the finding: it is not known,
    /// or no connection from this host would be taken by it.
    pub(super) async fn doors(&self, name: &str) -> Result<Vec<Door>, Found> {
        let told = self.ask_again(&ControlRequest::ListConnectors).await;
        // One that did not answer is not asked a second time: its probe would come too late.
        let answers = told.is_some();
        if let Some(ControlReply::Connectors(all)) = told {
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
            match self.door(name, *address, answers).await {
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
    async fn door(
        &self,
        name: &str,
        listening: SocketAddr,
        answers: bool,
    ) -> Result<Door, Option<String>> {
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
            match self.chosen(source, address, answers).await {
                Some(chosen) if chosen.eq_ignore_ascii_case(name) => {
                    return Ok(Door { source, address });
                }
                chosen => other = other.or(chosen),
            }
        }
        Err(other)
    }

    async fn chosen(&self, source: IpAddr, address: SocketAddr, answers: bool) -> Option<String> {
        let request = ControlRequest::SimulateConnection {
            remote: source,
            local: address,
        };
        let known = |choice: &Choice| choice.from == source && choice.to == address;
        let told = match answers {
            true => self.ask_again(&request).await,
            false => None,
        };
        if let Some(ControlReply::Connection(choice)) = told {
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

    /// Whether transport says that this receive connector takes no mail on purpose, and why: its
    /// gate is closed, or the connector alone is held.
    pub(super) async fn held(&self, connector: &str) -> Option<String> {
        let reply = self.ask(Role::Transport, &ControlRequest::Status).await;
        let Ok(ControlReply::Transport(status)) = reply else {
            return None;
        };
        if status.gate.closed {
            return Some(format!("the gate is closed ({})", status.gate.reason));
        }
        let found = status
            .connectors
            .iter()
            .find(|known| known.connector.eq_ignore_ascii_case(connector));
        let state = found.map(|known| known.state)?;
        (state != ServingState::Active)
            .then(|| format!("receive/{connector} is held ({})", state.word()))
    }

    pub(super) fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>, Found> {
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

    pub(super) fn fqdn<'a>(&'a self, spec: &'a ReceiveConnector) -> &'a Domain {
        spec.fqdn.as_ref().unwrap_or(&self.node)
    }
}
