//! The transport role as a whole: opened, kept current, asked, drained.
//!
//! Opening does the least that a first greeting needs: objects, certificates, the queue. What
//! changes later (objects, certificate files, free space) is followed by tasks of its own.

mod follow;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use mailward_api::{
    control::{self, BindError, ControlRequest, Role},
    view::{
        ComponentState, ServingState,
        hold::{ComponentOrder, SERVER_WIDE},
    },
};
use mailward_directory::{DynamicGroups, MembersChange, filter::Times, needs};
use mailward_events::{Event, Events, tracking::TrackingLog};
use mailward_host::{
    clock::Clock,
    disk::{Disk, FaultyDisk, RealDisk},
};
use mailward_model::{Object, policy::PolicyRefresh};
use mailward_queue::{OpenError, Queue, QueueConfig};
use mailward_store::{Kept, ReadError, Store};
use mailward_tls::{Certificates, ClientTls, Roots, Untrusted};
use parking_lot::Mutex;

use crate::{
    BulkSenders, Counters, Gate, Node, Probes, Shared, control as answers,
    deliver::Dispatcher,
    faults::Faults,
    gate::{Change, Moment},
    journal,
    perimeter::{self, Perimeter},
    receive::{Authenticator, Receiver},
    snapshot::Snapshot,
    untrusted::{self, UntrustedFeeds},
};

/// How long running transactions may take to end when transport is stopped.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// How often a full disk is looked at.
const ROOM_LOOK: Duration = Duration::from_secs(1);

/// How often it is looked whether a draining component has no session left.
const GATE_TICK: Duration = Duration::from_secs(1);

/// What transport is started with.
pub struct Setup {
    /// This machine.
    pub node: Node,
    /// The listening sockets.
    pub listeners: Vec<TcpListener>,
    /// The queue's folder.
    pub queue_dir: PathBuf,
    /// The tracking log's folder.
    pub tracking_dir: PathBuf,
    /// The folder of the ledger of journal reports.
    pub journal_dir: PathBuf,
    /// The folder of what is known of sender feeds.
    pub perimeter_dir: PathBuf,
    /// The folder of what is known of feeds of the untrusted list.
    pub untrusted_dir: PathBuf,
    /// PEM files.
    pub certificate_dir: PathBuf,
    /// Roots trusted besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// Sockets of the running roles.
    pub run_dir: PathBuf,
    /// Certificates that are refused; whoever gives it keeps it current.
    pub untrusted: Untrusted,
    /// The objects.
    pub store: Store,
    /// The event sinks.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Why transport cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] OpenError),
    /// The objects cannot be read.
    #[error("the objects cannot be read: {0}")]
    Objects(String),
    /// The tracking log cannot be opened.
    #[error("the tracking log in {dir} cannot be opened; check that its folder is writable")]
    Tracking {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The ledger of journal reports cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The control socket cannot be opened.
    #[error(transparent)]
    Control(#[from] BindError),
}

/// The parts of running transport, shared with the control channel.
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) receiver: Receiver,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) started_unix_ms: u64,
    store: Store,
    pub(crate) faults: Faults,
    pub(crate) perimeter: Perimeter,
    pub(crate) untrusted_feeds: UntrustedFeeds,
    orders: Mutex<Vec<ComponentOrder>>,
    gate_file: PathBuf,
    /// Who belongs to each dynamic group. Locked from reading the objects to swapping the snapshot,
    /// so that no older snapshot replaces a newer one.
    known: Mutex<Known>,
}

impl Running {
    fn moment(&self) -> Moment {
        Moment {
            mono: self.shared.clock.monotonic(),
            unix_ms: self.shared.clock.unix_ms(),
        }
    }

    /// Takes over what the holds want, and remembers it over a restart of the role.
    pub(crate) fn set_components(&self, orders: &[ComponentOrder]) {
        let changes = self.shared.gate.apply(orders, self.moment());
        let mut known = self.orders.lock();
        // The manager says it again and again: only what is new is written.
        if *known != orders {
            orders.clone_into(&mut known);
            self.keep(orders);
        }
        drop(known);
        self.tell(changes);
        self.tick_gate();
    }

    /// The file lives in the run folder: after a reboot the manager says it anew. Without it the
    /// holds still count while this process lives.
    fn keep(&self, orders: &[ComponentOrder]) {
        let kept = serde_json::to_vec(orders)
            .map_err(io::Error::from)
            .and_then(|json| std::fs::write(&self.gate_file, json));
        if let Err(error) = kept {
            let path = self.gate_file.display().to_string();
            self.shared.events.emit(Event::StateFileFailing {
                path,
                error: error.to_string(),
            });
        }
    }

    /// When this role looked last at each part of what policies come to.
    pub(crate) fn policy_refreshes(&self) -> Vec<PolicyRefresh> {
        self.store.policy_refreshes()
    }

    /// A component that is warming was tested.
    pub(crate) fn warmed(&self, component: &str) {
        self.tell(self.shared.gate.warmed(component));
    }

    fn tick_gate(&self) {
        let counts = self.receiver.sessions();
        let sessions = |connector: Option<&str>| {
            counts
                .iter()
                .filter(|count| connector.is_none_or(|name| name == count.connector))
                .map(|count| count.now)
                .sum()
        };
        self.tell(self.shared.gate.tick(sessions, self.moment()));
    }

    fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.shared.events.emit(Event::ComponentStateChanged {
                component: change.component,
                from: change.from.word().to_owned(),
                to: change.to.word().to_owned(),
                because: change.because,
            });
        }
    }

    /// Every component and its state.
    pub(crate) fn components(&self) -> Vec<ComponentState> {
        let mut states = self.shared.gate.states();
        let snapshot = self.shared.snapshot.load();
        let connectors = snapshot
            .receive_connectors
            .iter()
            .map(|connector| format!("receive/{}", connector.name));
        for name in std::iter::once(SERVER_WIDE.to_owned()).chain(connectors) {
            if !states.iter().any(|state| state.component == name) {
                states.push(ComponentState {
                    component: name,
                    state: ServingState::Active,
                    since_unix_ms: self.started_unix_ms,
                    reason: String::new(),
                });
            }
        }
        states.sort_by(|a, b| a.component.cmp(&b.component));
        states
    }

    /// Builds the snapshot of the objects anew.
    pub(crate) fn rebuild_snapshot(&self) -> Result<u64, String> {
        let mut known = self.known.lock();
        // A soft reset drops what is remembered.
        *known = Known::new(&self.store);
        let built = self.build(&mut known);
        let (snapshot, objects) = built.map_err(|error| error.to_string())?;
        follow::swap(self, snapshot, objects);
        Ok(objects)
    }

    fn build(&self, known: &mut Known) -> Result<(Snapshot, u64), StartError> {
        let Shared {
            node,
            events,
            clock,
            ..
        } = &*self.shared;
        build(node, known, &self.perimeter, events, &**clock)
    }

    /// Takes what sender feeds have in force now into the snapshot.
    pub(crate) fn feeds_changed(&self) {
        // No older snapshot may replace a newer one.
        let known = self.known.lock();
        let feeds = self.perimeter.feeds(self.shared.clock.unix_ms());
        let snapshot = self.shared.snapshot.load().with_feeds(&feeds);
        self.shared.snapshot.store(Arc::new(snapshot));
        drop(known);
        self.receiver.ranges_changed();
    }
}

/// The running transport role.
pub struct Transport {
    running: Arc<Running>,
    _control: control::Server,
    followers: tokio::task::JoinSet<()>,
}

impl Transport {
    /// Opens everything and begins to serve. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`]; nothing runs then.
    pub fn start(setup: Setup) -> Result<Transport, StartError> {
        let Setup {
            node,
            listeners,
            store,
            events,
            clock,
            ..
        } = setup;
        let mut known = Known::new(&store);
        let perimeter = Perimeter::new(setup.perimeter_dir, &node.resolvers);
        let (snapshot, _) = build(&node, &mut known, &perimeter, &events, &*clock)?;
        let untrusted_feeds =
            UntrustedFeeds::new(setup.untrusted_dir, store.clone(), perimeter.dns());
        let untrusted = setup.untrusted;
        let certificates = Certificates::with_events(
            &setup.certificate_dir,
            Arc::clone(&clock),
            events.clone(),
            untrusted.clone(),
        );
        let faults = Faults::new(Arc::clone(&clock), store.clone(), &setup.run_dir);
        let disk: Arc<dyn Disk> = if node.allow_faults {
            Arc::new(FaultyDisk::new(
                Arc::new(RealDisk),
                Arc::clone(&faults.disk),
            ))
        } else {
            Arc::new(RealDisk)
        };
        let queue = open_queue(&setup.queue_dir, disk, &snapshot, &events, &clock)?;
        let ledger = journal::open(&setup.journal_dir, &node.hostname, &queue, &events, &*clock)?;
        journal::catch_up(&queue, &ledger, &events);
        let tracking =
            TrackingLog::open_with(&setup.tracking_dir, events.clone()).map_err(|source| {
                StartError::Tracking {
                    dir: setup.tracking_dir,
                    source,
                }
            })?;
        let roots = setup
            .extra_roots
            .map_or_else(Roots::system, Roots::system_and);
        let addresses = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();
        let authenticator = Authenticator::new(&node.resolvers);
        let shared = Arc::new(Shared {
            node,
            snapshot: ArcSwap::from_pointee(snapshot),
            certificates,
            client_tls: ClientTls::new(roots).with_untrusted(untrusted.clone()),
            untrusted,
            queue,
            journal: ledger,
            events,
            tracking,
            gate: Gate::default(),
            counters: Counters::default(),
            probes: Probes::new(clock.unix_ms()),
            bulk: BulkSenders::default(),
            authenticator,
            clock,
        });
        let gate_file = setup.run_dir.join("gate.json");
        let orders = read_orders(&gate_file);
        let running = Arc::new(Running {
            receiver: Receiver::start(Arc::clone(&shared), listeners),
            dispatcher: Dispatcher::start(Arc::clone(&shared), Arc::clone(&faults.dns)),
            addresses,
            started_unix_ms: shared.clock.unix_ms(),
            store: store.clone(),
            orders: Mutex::new(Vec::new()),
            known: Mutex::new(known),
            gate_file,
            faults,
            perimeter,
            untrusted_feeds,
            shared,
        });
        running.set_components(&orders);
        let answering = Arc::clone(&running);
        let control = control::serve(
            &Role::Transport.socket(&setup.run_dir),
            move |request: ControlRequest| {
                let running = Arc::clone(&answering);
                async move { answers::answer(&running, request).await }
            },
        )?;
        let mut followers = tokio::task::JoinSet::new();
        followers.spawn(running.shared.certificates.clone().watch());
        followers.spawn(follow::objects(Arc::clone(&running), store));
        followers.spawn(follow::queue(Arc::clone(&running.shared)));
        followers.spawn(journal::follow(Arc::clone(&running.shared)));
        followers.spawn(follow::gate(Arc::clone(&running)));
        followers.spawn(perimeter::follow(Arc::clone(&running)));
        followers.spawn(untrusted::follow(Arc::clone(&running)));
        followers.spawn(untrusted::crl::learn(Arc::clone(&running)));
        followers.spawn(follow::untrusted(Arc::clone(&running)));
        Ok(Transport {
            running,
            _control: control,
            followers,
        })
    }

    /// True where the queue's committer has come back from the disk within `patience`: a role whose
    /// disk hangs must not say that it makes progress. A disk that refuses is another matter: that
    /// is answered 451, not by a restart.
    pub fn is_alive(&self, patience: Duration) -> bool {
        self.running
            .shared
            .queue
            .commit_age()
            .is_none_or(|age| age <= patience)
    }

    /// Ends: no new mail, running transactions to their end within some seconds, the queue synced.
    pub async fn stop(mut self) {
        let shared = Arc::clone(&self.running.shared);
        let started = shared.clock.monotonic();
        let sessions = self
            .running
            .receiver
            .sessions()
            .iter()
            .map(|count| u64::from(count.now))
            .sum();
        shared.events.emit(Event::DrainStarted {
            reason: "transport is stopped".to_owned(),
            sessions,
        });
        let drain = async {
            tokio::join!(
                self.running.receiver.drain(),
                self.running.dispatcher.drain()
            );
        };
        // Who has not ended by then is cut off; nothing of it was acknowledged.
        let _ = tokio::time::timeout(DRAIN_MAX, drain).await;
        self.followers.abort_all();
        // Reports that were handed over are settled when the ledger is synced: before the queue ends.
        let closing = Arc::clone(&shared);
        let closed = tokio::task::spawn_blocking(move || closing.journal.close()).await;
        drop(closed);
        shared.queue.shutdown().await;
        shared.tracking.flush();
        let waited = shared.clock.monotonic().saturating_sub(started);
        shared.events.emit(Event::DrainFinished {
            waited_ms: waited.as_millis() as u64,
        });
        shared.events.flush();
    }
}

/// What a snapshot is built from, kept from one to the next, so that each change is read alone.
struct Known {
    objects: Kept,
    groups: DynamicGroups,
}

impl Known {
    fn new(store: &Store) -> Known {
        Known {
            objects: Kept::new(store.clone()),
            groups: DynamicGroups::default(),
        }
    }
}

/// The snapshot of the objects as they are now, and how many there are. `known` and `perimeter` are
/// brought to them; events tell whose members changed.
fn build(
    node: &Node,
    known: &mut Known,
    perimeter: &Perimeter,
    events: &Events,
    clock: &dyn Clock,
) -> Result<(Snapshot, u64), StartError> {
    let Known {
        objects: kept,
        groups,
    } = known;
    let unread = |error: ReadError| StartError::Objects(error.to_string());
    let revision = kept.look().map_err(unread)?;
    let is_first = groups.is_empty();
    // Who belongs to a group may depend on when recipients were made or changed.
    let times = match needs(kept.objects()).times {
        true => kept.times().map_err(unread)?.clone(),
        false => Times::default(),
    };
    let objects = kept.objects();
    let changes = groups.update(objects, revision, times);
    let now = clock.unix_ms();
    perimeter.adopt(objects, events, now);
    let feeds = perimeter.feeds(now);
    let mut snapshot = Snapshot::build_with(objects, groups, &feeds, &node.hostname);
    // A removal raises the store's revision and that of no object.
    snapshot.revision = revision;
    for change in changes.iter().filter(|_| !is_first) {
        tell_members(objects, change, events);
    }
    Ok((snapshot, objects.len() as u64))
}

/// Tells that other recipients belong to a dynamic group than before.
fn tell_members(objects: &[Object], change: &MembersChange, events: &Events) {
    let group = objects.iter().find(|object| object.id == change.group);
    let group = group.map_or_else(String::new, |object| object.name.clone());
    let removed = change.removed as u64;
    events.emit(if change.members == 0 {
        Event::GroupWithoutMembers { group, removed }
    } else {
        Event::GroupMembersChanged {
            group,
            added: change.added as u64,
            removed,
            members: change.members as u64,
        }
    });
}

fn open_queue(
    dir: &Path,
    disk: Arc<dyn Disk>,
    snapshot: &Snapshot,
    events: &Events,
    clock: &Arc<dyn Clock>,
) -> Result<Queue, StartError> {
    let config = QueueConfig {
        min_free_bytes: snapshot.settings.min_free_space.0,
        ..QueueConfig::new(dir)
    };
    let started = clock.monotonic();
    let (queue, report) = Queue::open(config, disk, Arc::clone(clock))?;
    events.emit(Event::QueueOpened {
        messages: report.messages as u64,
        segments: report.segments as u64,
        torn_bytes: report.torn_octets,
        took_ms: clock.monotonic().saturating_sub(started).as_millis() as u64,
    });
    for damage in report.damage {
        events.emit(Event::QueueRecordSetAside {
            file: damage.path.display().to_string(),
            offset: damage.offset,
            problem: damage.what,
        });
    }
    apply_settings(&queue, snapshot);
    Ok(queue)
}

fn apply_settings(queue: &Queue, snapshot: &Snapshot) {
    queue.set_min_free_bytes(snapshot.settings.min_free_space.0);
    if let Some(longest) = snapshot.settings.retry_schedule.iter().max() {
        queue.set_retry_wait_max(longest.get());
    }
}

fn read_orders(path: &Path) -> Vec<ComponentOrder> {
    // No file, or one that a crash cut short: active, until the manager says otherwise.
    std::fs::read(path)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default()
}
