//! The worker role: probes, monitors, cases, alerts.

use std::sync::Arc;

use mailward_api::control::{self, ControlRequest, Role};
use mailward_health::{Worker, WorkerConfig, group::GroupConfig};
use mailward_host::clock::SystemClock;
use mailward_tls::Roots;

use super::RoleError;
use crate::config::Config;

/// Runs the worker until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    super::small_runtime()?.block_on(serve(config, parent))
}

async fn serve(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let events = super::events(config, Role::Worker)?;
    let started = Worker::start(WorkerConfig {
        node: config.hostname.clone(),
        run_dir: config.run_dir.clone(),
        health_dir: config.health_dir(),
        data_dir: config.data_dir.clone(),
        mail_dir: config.mail_dir(),
        queue_dir: config.queue_dir(),
        log_dir: config.events_dir(),
        certificate_dir: config.certificate_dir.clone(),
        allow_faults: config.allow_faults,
        resolvers: config.resolvers.clone(),
        roots: match &config.extra_roots {
            Some(file) => Roots::system_and(file),
            None => Roots::system(),
        },
        probe_keys: Arc::new(super::probe_keys(config)),
        store: super::store(config)?,
        group: match &config.group {
            Some(group) => Some(GroupConfig {
                members: group.members.clone(),
                key: group.key()?,
            }),
            None => None,
        },
        events: events.clone(),
        clock: Arc::new(SystemClock::default()),
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
    super::serve_until_stopped(parent, async || worker.is_alive().await).await?;
    events.flush();
    Ok(())
}
