//! The worker role: probes, monitors, cases, alerts.

use std::{cell::Cell, sync::Arc};

use mailward_api::control::{self, ControlRequest, Role};
use mailward_health::{
    Worker, WorkerConfig,
    alert::{Alert, AlertKind},
    group::GroupConfig,
};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen::Inherited,
};
use mailward_tls::Roots;

use super::{
    RoleError,
    standing::{ManagerNews, Standing},
};
use crate::config::Config;

/// Runs the worker until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>, minimum: bool) -> Result<(), RoleError> {
    super::small_runtime()?.block_on(serve(config, parent, minimum))
}

async fn serve(config: &Config, parent: Option<u32>, minimum: bool) -> Result<(), RoleError> {
    let standing = Standing::begin(Role::Worker, config, parent, &Inherited::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let events = super::events(config, Role::Worker)?;
    let store = super::store_of_role(config)?;
    super::untrusted::follow(&store, config.untrusted_dir(), &events);
    let started = Worker::start(WorkerConfig {
        node: config.hostname.clone(),
        run_dir: config.run_dir.clone(),
        health_dir: config.health_dir(),
        data_dir: config.data_dir.clone(),
        mail_dir: config.mail_dir(),
        queue_dir: config.queue_dir(),
        log_dir: config.events_dir(),
        certificate_dir: config.certificate_dir.clone(),
        node_certificates: config.remote.as_ref().map_or_else(Vec::new, |remote| {
            vec![
                remote.certificate_file.clone(),
                remote.authority_file.clone(),
            ]
        }),
        firewall: config.firewall,
        allow_faults: config.allow_faults,
        resolvers: config.resolvers.clone(),
        roots: match &config.extra_roots {
            Some(file) => Roots::system_and(file),
            None => Roots::system(),
        },
        probe_keys: Arc::new(super::probe_keys(config)),
        store,
        group: match &config.group {
            Some(group) => Some(GroupConfig {
                members: group.members.clone(),
                key: group.key()?,
            }),
            None => None,
        },
        events: events.clone(),
        clock: Arc::clone(&clock),
        minimum,
    });
    let worker = match started.await {
        Ok(worker) => Arc::new(worker),
        Err(error) => {
            super::report_start_failure(&events, Role::Worker, &error);
            return Err(RoleError::start("the health worker", error));
        }
    };
    let answering = Arc::clone(&worker);
    let _control = control::serve(
        &Role::Worker.socket(&config.run_dir),
        move |request: ControlRequest| {
            let worker = Arc::clone(&answering);
            async move { worker.answer(request).await }
        },
    )
    .map_err(|error| RoleError::start("the control socket", error))?;
    let counts = || vec![("turns", worker.turns())];
    let missed_since = Cell::new(clock.unix_ms());
    let news = async |news: &ManagerNews| {
        worker
            .alert(alert(news, config, &missed_since, clock.unix_ms()))
            .await;
    };
    standing.serve(&events, counts, news).await?;
    events.flush();
    Ok(())
}

/// What people are told when the manager is missed, and when it is back.
fn alert(news: &ManagerNews, config: &Config, since: &Cell<u64>, now: u64) -> Alert {
    let (kind, text, seen) = match news {
        ManagerNews::Missing { because } => {
            since.set(now);
            let text = "the manager gives no sign of life: mail flows, and nothing is repaired";
            (AlertKind::NeedsPerson, text, because.clone())
        }
        ManagerNews::Back { pid } => {
            let text = "a manager watches this node again";
            (AlertKind::Solved, text, format!("it is process {pid}"))
        }
    };
    Alert {
        kind,
        node: config.hostname.to_string(),
        case: format!("manager-{}", since.get()),
        component: Role::Manager.name().to_owned(),
        set: "Monitoring".to_owned(),
        monitors: Vec::new(),
        unix_ms: now,
        since_unix_ms: since.get(),
        effect: "Mail flows. Whatever dies now is not started again.".to_owned(),
        tried: Vec::new(),
        todo: vec![
            "`systemctl status mailward`; where the manager hangs, kill its process and start the \
             service: the roles are taken over"
                .to_owned(),
        ],
        text: text.to_owned(),
        cause: None,
        drill: None,
        seen,
        explain: "mailward explain 6028".to_owned(),
    }
}
