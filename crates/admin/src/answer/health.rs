//! Health, asked of the worker and the manager.

use std::time::Duration;

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::Fault,
    operation::request,
    view::{
        Changed, GroupView, HealthHistory, HealthMailboxes, HealthReport, HealthSetView, Ledger,
        ProbeView,
        health::{ProbeList, ProbeReport},
    },
};

use super::{Access, RECHECK_TIMEOUT, expect_reply, overrides::assignments, unknown};
use crate::peer::Peer;

/// How long the manager may take to say what it holds: the report itself must not wait for it.
const HOLDS_TIMEOUT: Duration = Duration::from_secs(2);
/// How long transport may take to say whether it takes mail: where it hangs, that is the answer.
const TRANSPORT_TIMEOUT: Duration = Duration::from_secs(2);

impl Access {
    pub(super) async fn health_report(
        &self,
        r: request::HealthReport,
    ) -> Result<HealthReport, Fault> {
        let (report, manager, held) = tokio::join!(
            self.ask(Role::Worker, ControlRequest::HealthReport),
            self.ask_within(Role::Manager, ControlRequest::Status, HOLDS_TIMEOUT),
            self.ask_within(Role::Manager, ControlRequest::Holds, HOLDS_TIMEOUT)
        );
        let mut report: HealthReport = expect_reply!(report, HealthReport)?;
        // Without the manager nothing is repaired anyway, and the worker's report says so.
        if let Ok(ControlReply::Manager(manager)) = manager {
            report.holds = manager.holds;
        }
        if let Ok(ControlReply::Holds(list)) = held {
            report.held = list.holds;
        }
        if let Some(server) = r.server
            && !server.eq_ignore_ascii_case(&report.node)
        {
            return Err(unknown(
                "node",
                &server,
                &[&report.node],
                "ask that node itself",
            ));
        }
        if let Some(wanted) = r.set {
            let known: Vec<String> = report.sets.iter().map(|set| set.set.clone()).collect();
            report
                .sets
                .retain(|set| set.set.eq_ignore_ascii_case(&wanted));
            let Some(set) = report.sets.first() else {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let list = "`mailward health` lists the health sets";
                return Err(unknown("health set", &wanted, &known, list));
            };
            report.state = set.state;
        }
        report.offline = self.offline().await;
        Ok(report)
    }

    /// Why transport takes no new mail, where that is so.
    async fn offline(&self) -> Option<String> {
        let status = self.ask_within(Role::Transport, ControlRequest::Status, TRANSPORT_TIMEOUT);
        match status.await {
            Ok(ControlReply::Transport(status)) if !status.gate.closed => None,
            Ok(ControlReply::Transport(status)) => Some(status.gate.reason),
            Ok(_) => Some("transport answered something else".to_owned()),
            Err(fault) => Some(fault.error),
        }
    }

    pub(super) async fn health_freeze(&self, reason: String, peer: Peer) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let request = ControlRequest::Freeze {
            reason: reason.clone(),
            by,
        };
        let done = expect_reply!(self.ask(Role::Manager, request).await, Changed)?;
        self.audit(&peer, "health freeze", reason).await;
        Ok(done)
    }

    pub(super) async fn health_thaw(&self, peer: Peer) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let request = ControlRequest::Thaw { by };
        let done = expect_reply!(self.ask(Role::Manager, request).await, Changed)?;
        self.audit(&peer, "health thaw", String::new()).await;
        Ok(done)
    }

    pub(super) async fn health_show(&self, set: String) -> Result<HealthSetView, Fault> {
        let reply = self
            .ask(Role::Worker, ControlRequest::HealthShow { set })
            .await;
        expect_reply!(reply, HealthSet)
    }

    pub(super) async fn health_mailboxes(&self) -> Result<HealthMailboxes, Fault> {
        let reply = self
            .ask(Role::Worker, ControlRequest::HealthMailboxes)
            .await;
        expect_reply!(reply, HealthMailboxes)
    }

    pub(super) async fn health_history(&self, limit: u32) -> Result<HealthHistory, Fault> {
        let request = ControlRequest::HealthHistory { limit };
        let reply = self.ask(Role::Worker, request).await;
        expect_reply!(reply, HealthHistory)
    }

    pub(super) async fn health_group(&self) -> Result<GroupView, Fault> {
        let reply = self.ask(Role::Worker, ControlRequest::GroupMembers).await;
        expect_reply!(reply, GroupMembers)
    }

    pub(super) async fn health_ledger(&self, limit: u32) -> Result<Ledger, Fault> {
        let request = ControlRequest::Ledger { limit };
        let reply = self.ask(Role::Manager, request).await;
        expect_reply!(reply, Ledger)
    }

    pub(super) async fn health_probe_list(
        &self,
        r: request::HealthProbeList,
    ) -> Result<ProbeList, Fault> {
        let request = ControlRequest::ProbeList {
            filter: r.filter.unwrap_or_default(),
            limit: r.limit,
        };
        let reply = self.ask(Role::Worker, request).await;
        expect_reply!(reply, Probes)
    }

    pub(super) async fn health_report_result(
        &self,
        r: request::HealthReportResult,
        peer: Peer,
    ) -> Result<ProbeView, Fault> {
        self.audit(&peer, "health report-result", r.name.clone())
            .await;
        let request = ControlRequest::ProbeReport(ProbeReport {
            probe: r.name,
            passed: r.result == request::ReportedResult::Pass,
            text: r.text.unwrap_or_default(),
        });
        let reply = self.ask(Role::Worker, request).await;
        expect_reply!(reply, Probe)
    }

    pub(super) async fn health_probe_run(
        &self,
        r: request::HealthProbeRun,
        peer: Peer,
    ) -> Result<ProbeView, Fault> {
        self.audit(&peer, "health probe run", r.name.clone()).await;
        let (name, trace) = (r.name, r.trace);
        let set = assignments(r.set)?;
        let request = if set.is_empty() {
            ControlRequest::ProbeRun { name, trace }
        } else {
            ControlRequest::ProbeTry { name, trace, set }
        };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, Probe)
    }

    pub(super) async fn recheck(
        &self,
        component: Option<String>,
        peer: Peer,
    ) -> Result<HealthReport, Fault> {
        let subject = component.clone().unwrap_or_default();
        self.audit(&peer, "recheck", subject).await;
        let request = ControlRequest::Recheck { component };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, HealthReport)
    }
}
