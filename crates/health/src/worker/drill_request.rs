//! Drills asked for: whether one may be started, what other roles say to it, how one stands.
//!
//! Never here: a fault, or a decision about one. Those are [`super::drilling`]'s.

use std::{path::Path, sync::Arc};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, DrillRequest, Role},
    fault::{Fault, FaultKind},
    view::{DrillRun, ProbeView, RepairProposal, ServingState, Verdict, health::Evidence},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Message,
    drilling::{ASK_MAX, Drilling, Planned},
};
use crate::drill::{
    Drill,
    safe::{self, Asked},
};

/// Starts a drill: asks the engine, then the other roles, and begins if nothing speaks against it.
pub(super) async fn start(
    inbox: &mpsc::Sender<Message>,
    run_dir: &Path,
    drill: Drill,
    connector: Option<String>,
    by: &str,
) -> Result<DrillRun, Fault> {
    let gone = || Fault::failed("the worker is on its way out");
    let (reply, planned) = oneshot::channel();
    let ask = Message::Drill(Drilling::Plan(drill, connector, reply));
    inbox.send(ask).await.map_err(|_| gone())?;
    let planned = planned.await.map_err(|_| gone())??;
    let asked = look_around(run_dir, &planned).await;
    let plan = planned.plan;
    let against = safe::further_objections(&asked, &plan.component);
    if !against.is_nothing() {
        return Err(against.refusal());
    }
    let (reply, begun) = oneshot::channel();
    let begin = Message::Drill(Drilling::Begin(Box::new(plan), by.to_owned(), reply));
    inbox.send(begin).await.map_err(|_| gone())?;
    begun.await.map_err(|_| gone())?
}

/// What other roles say about starting it.
async fn look_around(run_dir: &Path, planned: &Planned) -> Asked {
    let plan = &planned.plan;
    let mut asked = Asked::default();
    let transport = Role::Transport.socket(run_dir);
    let manager = Role::Manager.socket(run_dir);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_unix_ms = now.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    });
    if let Ok(ControlReply::Transport(status)) =
        control::call(&transport, &ControlRequest::Status, ASK_MAX).await
    {
        asked.serving_ms = Some(now_unix_ms.saturating_sub(status.role.started_unix_ms));
        // A connector that rests is no place for a drill, and may hide what one leads to.
        let held = status
            .connectors
            .iter()
            .find(|one| one.enabled && one.state != ServingState::Active)
            .map(|one| format!("receive/{} is {}", one.connector, one.state.word()));
        asked.gate_closed = match status.gate.closed {
            true => Some(status.gate.reason),
            false => held,
        };
    }
    // A manager that does not answer is no reason by itself: it has its own word where it must act.
    if let Ok(ControlReply::Holds(list)) =
        control::call(&manager, &ControlRequest::Holds, ASK_MAX).await
    {
        asked.holds = list.holds;
    }
    let Some(act) = plan.act.clone() else {
        return asked;
    };
    // The guard is asked as it will be, with the sample that will have been seen.
    let weigh = ControlRequest::Weigh(RepairProposal {
        case: format!("drill-{now_unix_ms:x}"),
        component: plan.component.clone(),
        act,
        reason: "a drill".to_owned(),
        cause: None,
        rule: String::new(),
        samples: vec![ProbeView {
            probe: plan.monitor.clone(),
            unix_ms: now_unix_ms,
            took_ms: 0,
            verdict: "fail".to_owned(),
            evidence: Evidence::Bad,
            text: "a drill".to_owned(),
            cause: None,
            steps: Vec::new(),
            measures: Vec::new(),
        }],
        first_bad_unix_ms: now_unix_ms,
        objections: Vec::new(),
        group: None,
        circumstances: planned.circumstances.clone(),
    });
    match control::call(&manager, &weigh, ASK_MAX).await {
        Ok(ControlReply::Verdict(Verdict::Granted { .. })) => {}
        Ok(ControlReply::Verdict(Verdict::Denied { reasons, .. })) => asked.guard = reasons,
        Ok(_) => asked.guard = vec!["the manager answered something else".to_owned()],
        Err(error) => asked.guard = vec![error.into_fault(Role::Manager.name()).error],
    }
    asked
}

/// Answers a request about drills.
pub(super) async fn answer(
    inbox: &mpsc::Sender<Message>,
    run_dir: &Arc<Path>,
    request: DrillRequest,
) -> Result<ControlReply, Fault> {
    let gone = || Fault::failed("the worker is on its way out");
    let one = |found: Option<DrillRun>, id: String| {
        let mend = "`mailward drill list` shows the last run of each drill";
        found
            .map(|run| ControlReply::Drill(Box::new(run)))
            .ok_or_else(|| Fault::not_found(format!("there is no run {id:?} of a drill"), mend))
    };
    match request {
        DrillRequest::List => {
            let (reply, list) = oneshot::channel();
            let ask = Message::Drill(Drilling::List(reply));
            inbox.send(ask).await.map_err(|_| gone())?;
            Ok(ControlReply::Drills(list.await.map_err(|_| gone())?))
        }
        DrillRequest::Run {
            drill: name,
            connector,
            by,
            confirmed,
        } => {
            let Some(drill) = Drill::read(&name) else {
                let names: Vec<&str> = Drill::ALL.into_iter().map(Drill::name).collect();
                return Err(Fault::not_found(
                    format!("there is no drill {name:?}"),
                    format!("the drills are {}", names.join(", ")),
                ));
            };
            if drill.touches_mail() && !confirmed {
                return Err(Fault::new(
                    FaultKind::Refused,
                    format!("clients will notice: {}", drill.notice()),
                    "run it with --yes where that is all right",
                ));
            }
            let run = start(inbox, run_dir, drill, connector, &by).await?;
            Ok(ControlReply::Drill(Box::new(run)))
        }
        DrillRequest::Show { id } => {
            let (reply, found) = oneshot::channel();
            let ask = Message::Drill(Drilling::Show(id.clone(), reply));
            inbox.send(ask).await.map_err(|_| gone())?;
            one(found.await.map_err(|_| gone())?, id)
        }
        DrillRequest::End { id } => {
            let (reply, found) = oneshot::channel();
            let ask = Message::Drill(Drilling::End(id.clone(), reply));
            inbox.send(ask).await.map_err(|_| gone())?;
            one(found.await.map_err(|_| gone())?, id)
        }
    }
}
