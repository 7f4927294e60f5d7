//! The node as a whole, asked of every role at once.

use mailward_api::{
    control::{ControlRequest, Role},
    fault::Fault,
    view::{NodeStatus, role::SilentRole},
};

use super::{Access, expect_reply};

impl Access {
    pub(super) async fn status(&self) -> Result<NodeStatus, Fault> {
        let status = |role| self.ask(role, ControlRequest::Status);
        let (manager, transport, worker) = tokio::join!(
            status(Role::Manager),
            status(Role::Transport),
            status(Role::Worker)
        );
        let mut silent = Vec::new();
        let manager = heard(Role::Manager, expect_reply!(manager, Manager), &mut silent);
        let transport = heard(
            Role::Transport,
            expect_reply!(transport, Transport),
            &mut silent,
        );
        let worker = heard(Role::Worker, expect_reply!(worker, Worker), &mut silent);
        Ok(NodeStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.store.revision(),
            manager,
            transport,
            worker,
            silent,
        })
    }
}

/// The status, or a note that there is none.
fn heard<T>(role: Role, status: Result<T, Fault>, silent: &mut Vec<SilentRole>) -> Option<T> {
    status
        .map_err(|fault| {
            silent.push(SilentRole {
                role,
                error: fault.error,
            });
        })
        .ok()
}
