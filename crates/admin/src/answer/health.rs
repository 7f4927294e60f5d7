//! Health, asked of the worker and the manager.

use std::time::Duration;

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::{Fault, FaultKind},
    operation::request,
    view::{
        Changed, Evidence, GroupView, HealthHistory, HealthItems, HealthMailboxes, HealthReport,
        HealthRollup, HealthSetView, Ledger, MailflowResult, MailflowTest, ProbeView,
        health::{ProbeList, ProbeReport},
        rollup::rollup,
    },
};

use super::{Access, Nothing, RECHECK_TIMEOUT, expect_reply, overrides::assignments, unknown};
use crate::peer::Peer;

/// How long the manager may take to say what it holds: the report itself must not wait for it.
const HOLDS_TIMEOUT: Duration = Duration::from_secs(2);
/// How long transport may take to say whether it takes mail: where it hangs, that is the answer.
const TRANSPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// What the names of mail flow probes begin with.
const MAILFLOW: &str = "mailflow/";
/// Receive connectors whose probes one command runs.
const CONNECTORS_MAX: u32 = 1_000;

fn unknown_set(wanted: &str, known: &[String]) -> Fault {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let list = "`mailward health` lists the health sets";
    unknown("health set", wanted, &known, list).at("set")
}

/// What a run of a mail flow probe says: that its message arrived is known only where it says when.
fn mailflow_result(connector: String, probe: ProbeView) -> MailflowResult {
    let arrived = probe.measures.iter().find(|one| one.name == "arrived_ms");
    let latency_ms = arrived.and_then(|one| u64::try_from(one.value).ok());
    MailflowResult {
        connector,
        arrived: probe.evidence == Evidence::Good && latency_ms.is_some(),
        latency_ms,
        probe,
    }
}

impl Access {
    pub(super) async fn health_report(
        &self,
        r: request::HealthReport,
    ) -> Result<HealthReport, Fault> {
        self.is_this_node(r.server.as_deref())?;
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
        if let Some(wanted) = r.set {
            let known: Vec<String> = report.sets.iter().map(|set| set.set.clone()).collect();
            report
                .sets
                .retain(|set| set.set.eq_ignore_ascii_case(&wanted));
            let Some(set) = report.sets.first() else {
                return Err(unknown_set(&wanted, &known));
            };
            report.state = set.state;
        }
        report.offline = self.offline().await;
        Ok(report)
    }

    /// Refuses what is asked of another node.
    pub(super) fn is_this_node(&self, server: Option<&str>) -> Result<(), Fault> {
        let node = self.node.to_string();
        match server {
            Some(server) if !server.eq_ignore_ascii_case(&node) => {
                Err(unknown("node", server, &[&node], "ask that node itself").at("server"))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn health_items(&self, r: request::HealthItems) -> Result<HealthItems, Fault> {
        self.is_this_node(r.server.as_deref())?;
        let reply = self.ask(Role::Worker, ControlRequest::HealthItems).await;
        let mut all: HealthItems = expect_reply!(reply, HealthItems)?;
        if let Some(wanted) = r.set {
            let mut sets: Vec<String> = all.items.iter().map(|one| one.set.clone()).collect();
            all.items
                .retain(|one| one.set.eq_ignore_ascii_case(&wanted));
            if all.items.is_empty() {
                sets.dedup();
                return Err(unknown_set(&wanted, &sets));
            }
        }
        Ok(all)
    }

    pub(super) async fn health_rollup(
        &self,
        r: request::HealthRollup,
    ) -> Result<HealthRollup, Fault> {
        self.is_this_node(r.server.as_deref())?;
        let group = match self.health_group().await {
            // A node in no group is one of one.
            Err(fault) if fault.kind == FaultKind::NotFound => {
                let reply = self.ask(Role::Worker, ControlRequest::GroupStatus).await;
                GroupView {
                    node: expect_reply!(reply, Group)?,
                    members: Vec::new(),
                }
            }
            group => group?,
        };
        let mut rolled = rollup(&group, r.group_size, r.minimum_online_percent);
        if let Some(wanted) = r.set {
            let sets: Vec<String> = rolled.sets.iter().map(|one| one.set.clone()).collect();
            rolled
                .sets
                .retain(|one| one.set.eq_ignore_ascii_case(&wanted));
            let Some(set) = rolled.sets.first() else {
                return Err(unknown_set(&wanted, &sets));
            };
            rolled.state = set.state;
        }
        Ok(rolled)
    }

    /// Runs the mail flow probe of a receive connector, or of each, all at one time.
    pub(super) async fn health_mailflow(
        &self,
        r: request::HealthMailflow,
        peer: Peer,
    ) -> Result<MailflowTest, Fault> {
        self.is_this_node(r.server.as_deref())?;
        let subject = r.connector.clone().unwrap_or_default();
        self.audit(&peer, "health mailflow", subject, &Nothing)
            .await;
        let request = ControlRequest::ProbeList {
            filter: MAILFLOW.to_owned(),
            limit: CONNECTORS_MAX,
        };
        let reply = self.ask(Role::Worker, request).await;
        let probes: ProbeList = expect_reply!(reply, Probes)?;
        let mut connectors: Vec<String> = probes
            .probes
            .iter()
            .filter(|one| one.target == "mailflow")
            .filter_map(|one| one.probe.strip_prefix(MAILFLOW).map(str::to_owned))
            .collect();
        if let Some(wanted) = &r.connector {
            let known = connectors.clone();
            connectors.retain(|one| one.eq_ignore_ascii_case(wanted));
            if connectors.is_empty() {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let list = "`mailward health probe list mailflow` shows those with a probe";
                return Err(unknown("receive connector", wanted, &known, list).at("connector"));
            }
        }
        let results = connectors.into_iter().map(|connector| async {
            let request = ControlRequest::ProbeRun {
                name: format!("{MAILFLOW}{connector}"),
                trace: false,
            };
            let reply = self.ask_within(Role::Worker, request, RECHECK_TIMEOUT);
            let probe: ProbeView = expect_reply!(reply.await, Probe)?;
            Ok::<_, Fault>(mailflow_result(connector, probe))
        });
        Ok(MailflowTest {
            node: self.node.to_string(),
            results: futures_util::future::try_join_all(results).await?,
        })
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
        self.audit(&peer, "health freeze", reason, &done).await;
        Ok(done)
    }

    pub(super) async fn health_thaw(&self, peer: Peer) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let request = ControlRequest::Thaw { by };
        let done = expect_reply!(self.ask(Role::Manager, request).await, Changed)?;
        self.audit(&peer, "health thaw", String::new(), &done).await;
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
        self.audit(&peer, "health report-result", r.name.clone(), &Nothing)
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
        self.is_this_node(r.server.as_deref())?;
        self.audit(&peer, "health probe run", r.name.clone(), &Nothing)
            .await;
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
        self.audit(&peer, "recheck", subject, &Nothing).await;
        let request = ControlRequest::Recheck { component };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, HealthReport)
    }
}
