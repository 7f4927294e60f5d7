//! Health, asked of the worker and the manager.

use mailward_api::{
    control::{ControlRequest, Role},
    fault::Fault,
    view::{HealthHistory, HealthReport, HealthSetView, Ledger},
};

use super::{Access, RECHECK_TIMEOUT, expect_reply};
use crate::peer::Peer;

impl Access {
    pub(super) async fn health_report(&self) -> Result<HealthReport, Fault> {
        let reply = self.ask(Role::Worker, ControlRequest::HealthReport).await;
        expect_reply!(reply, HealthReport)
    }

    pub(super) async fn health_show(&self, set: String) -> Result<HealthSetView, Fault> {
        let reply = self
            .ask(Role::Worker, ControlRequest::HealthShow { set })
            .await;
        expect_reply!(reply, HealthSet)
    }

    pub(super) async fn health_history(&self, limit: u32) -> Result<HealthHistory, Fault> {
        let request = ControlRequest::HealthHistory { limit };
        let reply = self.ask(Role::Worker, request).await;
        expect_reply!(reply, HealthHistory)
    }

    pub(super) async fn health_ledger(&self, limit: u32) -> Result<Ledger, Fault> {
        let request = ControlRequest::Ledger { limit };
        let reply = self.ask(Role::Manager, request).await;
        expect_reply!(reply, Ledger)
    }

    pub(super) async fn recheck(
        &self,
        component: Option<String>,
        peer: Peer,
    ) -> Result<HealthReport, Fault> {
        let subject = component.clone().unwrap_or_default();
        self.audit(peer, "recheck", subject).await;
        let request = ControlRequest::Recheck { component };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, HealthReport)
    }
}
