//! The roles of the one binary: what each is started with, and what they share in starting.
//!
//! The manager starts the others as `mailward role NAME`; nobody else does.

pub(crate) mod access;
pub(crate) mod enforcer;
pub(crate) mod manager;
pub(crate) mod standing;
pub(crate) mod supervise;
pub(crate) mod transport;
mod untrusted;
pub(crate) mod worker;

use std::{
    error::Error, fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::Path, sync::Arc,
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::Fault,
    view::{RoleFigures, RoleStatus, figures::EventFigure},
};
pub(crate) use mailward_events::chain;
use mailward_events::{Event, Events, Options, Record, RecordSink};
use mailward_host::{
    clock::{Clock as _, SystemClock},
    keyring::Keyring,
    notify,
};
use mailward_model::Revision;
use mailward_store::{EventLog, EventRow, Store};
use mailward_tls::Untrusted;

use crate::config::Config;

/// How long a key of health probes is believed after the next one was made: a marker lives 15
/// minutes, and the clock may be put back a little meanwhile.
const PROBE_KEY_OVERLAP: Duration = Duration::from_secs(1800);

/// Runs one role until it is told to stop.
///
/// # Errors
/// One sentence: what keeps it from starting.
pub(crate) fn run(
    role: Role,
    config: &Path,
    parent: Option<u32>,
    minimum: bool,
) -> Result<(), String> {
    let config = Config::read(config).map_err(|error| chain(&error))?;
    let result = match role {
        Role::Transport => transport::run(&config, parent),
        Role::Access => access::run(&config, parent),
        Role::Worker => worker::run(&config, parent, minimum),
        Role::Enforcer => enforcer::run(&config, parent),
        Role::Manager => return Err("the manager is started by `mailward serve`".to_owned()),
    };
    result.map_err(|error| chain(&error))
}

/// Why a role cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoleError {
    /// Something it needs is not to be had.
    #[error("{role_part} cannot be opened: {problem}")]
    Start {
        /// What.
        role_part: String,
        /// Why, with the chain of causes.
        problem: String,
    },
    /// `user` names nobody.
    #[error("the user {0:?} of `user` is not known on this host; create it, or take the line out")]
    User(String),
}

impl RoleError {
    /// An error about `part` with its chain of causes.
    pub(crate) fn start(part: &str, error: impl std::error::Error) -> Self {
        RoleError::Start {
            role_part: part.to_owned(),
            problem: chain(&error),
        }
    }
}

/// Makes the folders that the roles write to, for their user alone.
pub(crate) fn prepare_folders(config: &Config) -> Result<(), RoleError> {
    let owner = user(config)?;
    let folders = [
        config.data_dir.clone(),
        config.run_dir.clone(),
        config.queue_dir(),
        config.mail_dir(),
        config.events_dir(),
        config.tracking_dir(),
        config.journal_dir(),
        config.perimeter_dir(),
        config.untrusted_dir(),
        config.health_dir(),
    ];
    for folder in folders {
        make_folder(&folder, owner).map_err(|error| {
            RoleError::start(&format!("the folder {}", folder.display()), error)
        })?;
    }
    Ok(())
}

fn make_folder(path: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if let Some((uid, gid)) = owner {
        std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
    }
    Ok(())
}

/// Whom the roles run as: `user`, where the manager is root and one is named.
pub(crate) fn user(config: &Config) -> Result<Option<(u32, u32)>, RoleError> {
    let Some(name) = &config.user else {
        return Ok(None);
    };
    if !nix::unistd::Uid::effective().is_root() {
        return Ok(None);
    }
    match nix::unistd::User::from_name(name) {
        Ok(Some(user)) => Ok(Some((user.uid.as_raw(), user.gid.as_raw()))),
        _ => Err(RoleError::User(name.clone())),
    }
}

/// Events into the store: each record as text, with the columns it is searched by.
struct StoredEvents(EventLog);

impl RecordSink for StoredEvents {
    fn keep(&mut self, records: &[Record]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            rows.push(EventRow {
                unix_ms: record.unix_ms,
                number: record.number,
                severity: record.level.severity(),
                role: record.role.clone(),
                record: record.to_json()?,
            });
        }
        Ok(self.0.append(&rows)?)
    }
}

/// Opens the event log of a role: its files at once, the store when there is something to keep.
pub(crate) fn events(config: &Config, role: Role) -> Result<Events, RoleError> {
    let options = Options {
        store: Some(Box::new(StoredEvents(EventLog::new(
            config.store_place().events(),
        )))),
        ..Options::default()
    };
    Events::open_with(&config.events_dir(), role.name(), options)
        .map_err(|error| RoleError::start("the event log", error))
}

/// Opens the store for a role: it is looked at anew when policies say so, for as long as this runtime
/// runs. Must be called inside one.
pub(crate) fn store_of_role(config: &Config) -> Result<Store, RoleError> {
    let store = store(config)?;
    let clock = Arc::new(SystemClock::default());
    tokio::spawn(store.clone().keep_refreshing(clock));
    Ok(store)
}

/// Opens the store.
pub(crate) fn store(config: &Config) -> Result<Store, RoleError> {
    // What is built in refuses from the first connection on; the objects and feeds do as soon as they
    // are read.
    mailward_store::doubt_databases(|path| Untrusted::of_process().verify(path));
    let store = Store::open_at(&config.store_place())
        .map_err(|error| RoleError::start("the store", error))?
        .on_node(config.hostname.clone());
    // The manager may have made the files just now.
    give_store_away(config)?;
    Ok(store)
}

/// Gives the store's files to the user the roles run as, where root made them; how many.
///
/// Only what root owns: the roles' user may write to the folder, so root must not follow what it
/// finds there.
pub(crate) fn give_store_away(config: &Config) -> Result<usize, RoleError> {
    use std::os::unix::fs::{MetadataExt, lchown};
    let Some((uid, gid)) = user(config)? else {
        return Ok(0);
    };
    let mut given = 0;
    for file in config.store_place().files() {
        for suffix in ["-wal", "-shm", ""] {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.uid() == 0 && uid != 0) {
                lchown(&path, Some(uid), Some(gid)).map_err(|error| {
                    RoleError::start(&Path::new(&path).display().to_string(), error)
                })?;
                given += 1;
            }
        }
    }
    Ok(given)
}

/// What a role says of itself.
pub(crate) fn role_status(role: Role, started_unix_ms: u64, revision: Revision) -> RoleStatus {
    RoleStatus {
        role,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_ms,
        revision,
    }
}

/// What a role counted of its events; the other figures are its own.
pub(crate) fn role_figures(
    since_unix_ms: u64,
    events: &Events,
    store: Option<&Store>,
) -> RoleFigures {
    let counts = events.counts();
    let counts = counts
        .into_iter()
        .map(|(page, count)| EventFigure::new(page.number, page.name, page.level.as_str(), count));
    RoleFigures {
        policies: store.map(Store::policy_refreshes).unwrap_or_default(),
        ..RoleFigures::new(since_unix_ms, counts)
    }
}

/// The control socket of a role that is asked for nothing but itself. Must be called inside a runtime;
/// it is answered as long as the returned value lives.
///
/// # Errors
/// The socket cannot be made.
pub(crate) fn answer_about_itself(
    role: Role,
    config: &Config,
    store: &Store,
    events: &Events,
    more: impl Fn(&mut RoleFigures) + Send + Sync + 'static,
) -> Result<control::Server, RoleError> {
    let besides = move |other: ControlRequest| async move {
        Err(Fault::unsupported(role.name(), other.name()))
    };
    answer_besides(role, config, store, events, more, besides)
}

/// The same of a role that is asked for something else besides.
///
/// # Errors
/// The socket cannot be made.
pub(crate) fn answer_besides<F>(
    role: Role,
    config: &Config,
    store: &Store,
    events: &Events,
    more: impl Fn(&mut RoleFigures) + Send + Sync + 'static,
    besides: impl Fn(ControlRequest) -> F + Clone + Send + Sync + 'static,
) -> Result<control::Server, RoleError>
where
    F: Future<Output = Result<ControlReply, Fault>> + Send + 'static,
{
    let (store, events) = (store.clone(), events.clone());
    let started = SystemClock::default().unix_ms();
    let service = move |request: ControlRequest| {
        let status = role_status(role, started, store.revision());
        let mut figures = role_figures(started, &events, Some(&store));
        more(&mut figures);
        let besides = besides.clone();
        async move {
            match request {
                ControlRequest::Ping => Ok(ControlReply::Pong(status)),
                ControlRequest::Status => Ok(ControlReply::Role(status)),
                ControlRequest::Figures { .. } => Ok(ControlReply::Figures(figures)),
                other => besides(other).await,
            }
        }
    };
    control::serve(&role.socket(&config.run_dir), service)
        .map_err(|error| RoleError::start("the control socket", error))
}

/// The keys that sign health probes, readable by the roles' user alone. The worker changes them;
/// whoever else has them open reads the change from the file.
pub(crate) fn probe_keys(config: &Config) -> Keyring {
    let path = config.health_dir().join("probe.key");
    Keyring::open(&path, PROBE_KEY_OVERLAP, SystemClock::default().unix_ms())
}

/// How long the manager waits for a heartbeat of this process.
pub(crate) fn heartbeat_timeout() -> Duration {
    // Nobody waits where no manager has started it; some interval is needed all the same.
    notify::watchdog_interval().unwrap_or(Duration::from_secs(10))
}

/// A runtime for a role that is not busy: one thread.
pub(crate) fn small_runtime() -> Result<tokio::runtime::Runtime, RoleError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_keep_alive(Duration::from_secs(5))
        .build()
        .map_err(|error| RoleError::start("the runtime", error))
}

/// Raises the event of an error that ends a role before it serves.
pub(crate) fn report_start_failure(events: &Events, role: Role, error: &dyn std::error::Error) {
    events.emit(Event::RoleStartFailed {
        child: role.to_string(),
        error: chain(error),
    });
    events.flush();
}
