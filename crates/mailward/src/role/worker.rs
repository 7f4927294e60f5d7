//! The worker role: probes, monitors, cases, alerts.

use mailward_api::control::Role;

use super::RoleError;
use crate::config::Config;

/// Runs the worker until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let runtime = super::small_runtime()?;
    let _events = super::events(config, Role::Worker)?;
    runtime.block_on(super::serve_until_stopped(parent, async || true))
}
