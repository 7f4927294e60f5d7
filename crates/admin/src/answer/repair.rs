//! Holds, rehearsals, notes, the end of a countdown: asked of the manager and the worker.

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::Fault,
    operation::request,
    view::{
        Changed, Hold, HoldList, Rehearsal, Requester, Wanted, hold::SERVER_WIDE, repair::CaseNote,
    },
};

use super::{Access, RECHECK_TIMEOUT, expect_reply};
use crate::peer::Peer;

impl Access {
    /// Holds all of transport for Maintenance.
    pub(super) async fn drain(&self, reason: String, peer: Peer) -> Result<Changed, Fault> {
        let r = request::HealthHold {
            component: SERVER_WIDE.to_owned(),
            inactive: false,
            draining: true,
            requester: Requester::Maintenance,
            span: None,
            reason,
        };
        let item = r.reason.clone();
        let held = self.set_hold(r, peer.clone()).await?;
        self.audit(&peer, "drain", item, &held).await;
        Ok(Changed {
            text: "New mail is answered 421 4.3.2, for at most 4 hours.".to_owned(),
            ..held
        })
    }

    /// Ends that.
    pub(super) async fn resume(&self, peer: Peer) -> Result<Changed, Fault> {
        let r = request::HealthRelease {
            component: SERVER_WIDE.to_owned(),
            requester: Requester::Maintenance,
            force: false,
            reason: None,
        };
        match self.end_hold(r, peer.clone()).await {
            Ok(changed) => {
                self.audit(&peer, "resume", String::new(), &changed).await;
                Ok(changed)
            }
            // Nothing was drained: what was asked for is so already.
            Err(fault) if fault.kind == mailward_api::fault::FaultKind::NotFound => {
                Ok(Changed::nothing(0, "Nothing was drained."))
            }
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn hold(&self, r: request::HealthHold, peer: Peer) -> Result<Changed, Fault> {
        let component = r.component.clone();
        let changed = self.set_hold(r, peer.clone()).await?;
        self.audit(&peer, "health hold", component, &changed).await;
        Ok(changed)
    }

    async fn set_hold(&self, r: request::HealthHold, peer: Peer) -> Result<Changed, Fault> {
        if r.reason.trim().is_empty() {
            return Err(Fault::invalid(
                "nothing is held without a reason",
                "say why, for whoever finds it held",
            )
            .at("reason"));
        }
        let owner = self.by(&peer).await?;
        let now = self.now();
        let expires_unix_ms = r.span.map(|span| {
            now.saturating_add(u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX))
        });
        let hold = Hold {
            component: r.component,
            requester: r.requester,
            wanted: if r.draining {
                Wanted::Draining
            } else {
                Wanted::Inactive
            },
            owner,
            reason: r.reason,
            since_unix_ms: now,
            expires_unix_ms,
            case: None,
            cause: None,
        };
        let reply = self.ask(Role::Manager, ControlRequest::Hold(hold)).await;
        expect_reply!(reply, Changed)
    }

    pub(super) async fn release(
        &self,
        r: request::HealthRelease,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let (component, force) = (r.component.clone(), r.force);
        let changed = self.end_hold(r, peer.clone()).await?;
        let operation = if force {
            "health release --force"
        } else {
            "health release"
        };
        self.audit(&peer, operation, component, &changed).await;
        Ok(changed)
    }

    async fn end_hold(&self, r: request::HealthRelease, peer: Peer) -> Result<Changed, Fault> {
        let reason = r.reason.unwrap_or_default();
        if r.force && reason.trim().is_empty() {
            return Err(Fault::invalid(
                "a hold of another is not ended without a reason",
                "say why, for whoever had set it",
            )
            .at("reason"));
        }
        let by = self.by(&peer).await?;
        let request = ControlRequest::Release {
            component: r.component,
            requester: r.requester,
            force: r.force,
            reason,
            by,
        };
        let reply = self.ask(Role::Manager, request).await;
        expect_reply!(reply, Changed)
    }

    /// The holds as the manager keeps them, the states as transport has them.
    pub(super) async fn holds(&self) -> Result<HoldList, Fault> {
        let reply = self.ask(Role::Manager, ControlRequest::Holds).await;
        let mut list = expect_reply!(reply, Holds)?;
        // A transport that does not answer has no states to tell.
        if let Ok(ControlReply::Components(components)) =
            self.ask(Role::Transport, ControlRequest::Components).await
        {
            list.components = components;
        }
        Ok(list)
    }

    pub(super) async fn cancel_restart(
        &self,
        reason: String,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let request = ControlRequest::CancelRestart { reason, by };
        let reply = self.ask(Role::Manager, request).await;
        let changed = expect_reply!(reply, Changed)?;
        self.audit(&peer, "health cancel", String::new(), &changed)
            .await;
        Ok(changed)
    }

    pub(super) async fn rehearse(&self, r: request::HealthSimulate) -> Result<Rehearsal, Fault> {
        let request = ControlRequest::Rehearse {
            set: r.set,
            cause: r.cause,
        };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, Rehearsal)
    }

    pub(super) async fn note(&self, r: request::HealthNote, peer: Peer) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let note = CaseNote {
            case: r.case.clone(),
            unix_ms: self.now(),
            by,
            text: r.text,
        };
        let reply = self.ask(Role::Worker, ControlRequest::Note(note)).await;
        let noted = expect_reply!(reply, Changed)?;
        self.audit(&peer, "health note", r.case.clone(), &noted)
            .await;
        Ok(noted)
    }
}
