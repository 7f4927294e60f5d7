//! The transport role: mail in and out.

use std::sync::Arc;

use mailward_api::control::Role;
use mailward_host::{clock::SystemClock, listen::Inherited, pulse};
use mailward_transport::{Node, Setup, Transport};

use super::{RoleError, standing::Standing};
use crate::config::Config;

/// Runs transport until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("transport")
        .build()
        .map_err(|error| RoleError::start("the runtime", error))?;
    runtime.block_on(serve(config, parent))
}

async fn serve(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let inherited =
        Inherited::take().map_err(|error| RoleError::start("the sockets of the manager", error))?;
    let standing = Standing::begin(Role::Transport, config, parent, &inherited)?;
    let events = super::events(config, Role::Transport)?;
    let store = super::store_of_role(config)?;
    let setup = Setup {
        untrusted: super::untrusted::follow(&store, config.untrusted_dir(), &events),
        node: Node {
            hostname: config.hostname.clone(),
            mail_dir: config.mail_dir(),
            probe_keys: Arc::new(super::probe_keys(config)),
            resolvers: config.resolvers.clone(),
            allow_faults: config.allow_faults,
        },
        listeners: inherited.tcp,
        queue_dir: config.queue_dir(),
        tracking_dir: config.tracking_dir(),
        journal_dir: config.journal_dir(),
        perimeter_dir: config.perimeter_dir(),
        untrusted_dir: config.untrusted_dir(),
        certificate_dir: config.certificate_dir.clone(),
        extra_roots: config.extra_roots.clone(),
        run_dir: config.run_dir.clone(),
        store,
        events: events.clone(),
        clock: Arc::new(SystemClock::default()),
    };
    let transport = match Transport::start(setup) {
        Ok(transport) => transport,
        Err(error) => {
            super::report_start_failure(&events, Role::Transport, &error);
            return Err(RoleError::start("transport", error));
        }
    };
    // As long as the manager waits for a heartbeat, the role waits for its disk: a slow disk is no
    // hang, and a new process would wait for the same disk.
    let patience = super::heartbeat_timeout();
    let dispatch = pulse::named("dispatch");
    let mut commits = 0;
    let counts = || {
        commits += u64::from(transport.is_alive(patience));
        vec![("dispatch", dispatch.count()), ("commit", commits)]
    };
    standing.serve(&events, counts, async |_| {}).await?;
    transport.stop().await;
    Ok(())
}
