//! What the roles last said, kept in memory: each is asked once a second, by a task of its own, so
//! that one that hangs delays nobody, and so that a page never waits for another process.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{HealthFigures, ManagerStatus, TransportStatus},
};
use mailward_host::clock::Clock;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    task::{AbortHandle, JoinSet},
};

/// How often a role is asked that answers.
const INTERVAL: Duration = Duration::from_secs(1);
/// The same for one that does not: pages shall not lag behind a restart.
const INTERVAL_SILENT: Duration = Duration::from_millis(200);
/// How long a role may take.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// How often this process looks for itself whether mail is taken, while transport is silent.
const SELF_TEST_INTERVAL: Duration = Duration::from_secs(5);
/// How long a greeting may take then.
const GREETING_MAX: Duration = Duration::from_secs(3);
/// Addresses tried in one self-test.
const SELF_TEST_ADDRESSES_MAX: usize = 8;

/// What one role last said.
#[derive(Debug, Clone)]
pub(crate) struct Heard<T> {
    /// Its newest answer, and when it came (monotonic).
    pub(crate) last: Option<(Duration, T)>,
    /// Whether it answered when it was asked last.
    pub(crate) answers: bool,
}

impl<T> Default for Heard<T> {
    fn default() -> Self {
        Heard {
            last: None,
            answers: false,
        }
    }
}

impl<T> Heard<T> {
    /// The newest answer.
    pub(crate) fn said(&self) -> Option<&T> {
        self.last.as_ref().map(|(_, said)| said)
    }

    /// How long ago the newest answer came; since `began` where none ever did.
    pub(crate) fn age(&self, began: Duration, now: Duration) -> Duration {
        now.saturating_sub(self.last.as_ref().map_or(began, |(at, _)| *at))
    }
}

/// What all of them last said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// When this process began to ask (monotonic).
    pub(crate) began: Duration,
    pub(crate) transport: Heard<TransportStatus>,
    pub(crate) manager: Heard<ManagerStatus>,
    /// The sets and counters, without monitors.
    pub(crate) worker: Heard<HealthFigures>,
    /// Whether a connector greeted this process; looked at only while transport is silent.
    pub(crate) greets: Option<bool>,
}

/// Keeps [`Seen`] up to date. Dropped, it stops asking.
pub(crate) struct Watch {
    seen: Arc<ArcSwap<Seen>>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Watch {
    /// Begins to ask. Must be called inside a tokio runtime.
    pub(crate) fn start(run_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let seen = Arc::new(ArcSwap::from_pointee(Seen {
            began: clock.monotonic(),
            ..Seen::default()
        }));
        let asker = |role: Role, request| Asker {
            socket: role.socket(&run_dir),
            request,
            clock: Arc::clone(&clock),
            seen: Arc::clone(&seen),
        };
        let transport = asker(Role::Transport, ControlRequest::Status).run(|seen, at, reply| {
            let said = match reply {
                Some(ControlReply::Transport(status)) => Some(status),
                _ => None,
            };
            if said.is_some() {
                seen.greets = None;
            }
            hear(&mut seen.transport, at, said)
        });
        let manager = asker(Role::Manager, ControlRequest::Status).run(|seen, at, reply| {
            let said = match reply {
                Some(ControlReply::Manager(status)) => Some(status),
                _ => None,
            };
            hear(&mut seen.manager, at, said)
        });
        let figures = ControlRequest::Figures { monitors: 0 };
        let worker = asker(Role::Worker, figures).run(|seen, at, reply| {
            let said = match reply {
                Some(ControlReply::Figures(figures)) => figures.health,
                _ => None,
            };
            hear(&mut seen.worker, at, said)
        });
        let own = self_test(Arc::clone(&seen));
        let tasks = vec![
            tokio::spawn(transport).abort_handle(),
            tokio::spawn(manager).abort_handle(),
            tokio::spawn(worker).abort_handle(),
            tokio::spawn(own).abort_handle(),
        ];
        Watch { seen, tasks }
    }

    /// What was last said, from memory.
    pub(crate) fn seen(&self) -> Arc<Seen> {
        self.seen.load_full()
    }
}

/// Takes an answer in; true where there was one.
fn hear<T>(heard: &mut Heard<T>, at: Duration, said: Option<T>) -> bool {
    heard.answers = said.is_some();
    if let Some(said) = said {
        heard.last = Some((at, said));
    }
    heard.answers
}

struct Asker {
    socket: PathBuf,
    request: ControlRequest,
    clock: Arc<dyn Clock>,
    seen: Arc<ArcSwap<Seen>>,
}

impl Asker {
    async fn run(self, hear: impl Fn(&mut Seen, Duration, Option<ControlReply>) -> bool) {
        loop {
            let reply = control::call(&self.socket, &self.request, TIMEOUT)
                .await
                .ok();
            let at = self.clock.monotonic();
            let mut answered = false;
            self.seen.rcu(|seen| {
                let mut next = Seen::clone(seen);
                answered = hear(&mut next, at, reply.clone());
                next
            });
            let pause = if answered { INTERVAL } else { INTERVAL_SILENT };
            tokio::time::sleep(pause).await;
        }
    }
}

/// While transport does not answer its control channel, tries whether it greets clients.
async fn self_test(seen: Arc<ArcSwap<Seen>>) {
    loop {
        tokio::time::sleep(SELF_TEST_INTERVAL).await;
        let now = seen.load_full();
        if now.transport.answers {
            continue;
        }
        let greets = is_greeted(&now).await;
        seen.rcu(|seen| {
            let mut next = Seen::clone(seen);
            next.greets = (!next.transport.answers).then_some(greets);
            next
        });
    }
}

/// True where any address that was listened on says 220.
async fn is_greeted(seen: &Seen) -> bool {
    let of_connectors = seen.transport.said().into_iter().flat_map(|transport| {
        let enabled = transport.connectors.iter().filter(|one| one.enabled);
        enabled.flat_map(|one| one.listening.iter().copied())
    });
    let of_manager = seen.manager.said().into_iter().flat_map(|manager| {
        let addresses = manager.listening.iter();
        addresses.filter_map(|address| address.parse().ok())
    });
    let mut tried = JoinSet::new();
    for address in of_connectors
        .chain(of_manager)
        .take(SELF_TEST_ADDRESSES_MAX)
    {
        tried.spawn(tokio::time::timeout(GREETING_MAX, greeting(address)));
    }
    while let Some(one) = tried.join_next().await {
        if matches!(one, Ok(Ok(Ok(true)))) {
            return true;
        }
    }
    false
}

async fn greeting(mut address: std::net::SocketAddr) -> std::io::Result<bool> {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let mut stream = TcpStream::connect(address).await?;
    let mut code = [0; 3];
    stream.read_exact(&mut code).await?;
    Ok(&code == b"220")
}
