//! Alerts, asked of the worker.

use mailward_api::{
    control::{ControlRequest, Role},
    fault::Fault,
    operation::request,
    view::{AlertList, AlertTest, AlertView, Changed},
};

use super::{Access, Nothing, RECHECK_TIMEOUT, expect_reply};
use crate::peer::Peer;

/// The longest silence, in milliseconds: a year.
const SILENCE_MAX_MS: u64 = 366 * 86_400_000;
/// Octets of a note, a reason or a pattern.
const TEXT_OCTETS_MAX: usize = 1000;

/// A text that people wrote, checked.
fn text(field: &str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.len() > TEXT_OCTETS_MAX {
        let error = format!(
            "it has {} octets, at most {TEXT_OCTETS_MAX} are kept",
            text.len()
        );
        return Err(Fault::invalid(error, "say it in fewer words").at(field));
    }
    Ok(text.to_owned())
}

fn needed(field: &str, given: &str, mend: &str) -> Result<String, Fault> {
    let given = text(field, given)?;
    if given.is_empty() {
        return Err(Fault::invalid(format!("the {field} is empty"), mend).at(field));
    }
    Ok(given)
}

impl Access {
    pub(super) async fn alert_list(&self, all: bool) -> Result<AlertList, Fault> {
        let reply = self
            .ask(Role::Worker, ControlRequest::AlertList { all })
            .await;
        expect_reply!(reply, Alerts)
    }

    pub(super) async fn alert_show(&self, id: String) -> Result<AlertView, Fault> {
        let reply = self
            .ask(Role::Worker, ControlRequest::AlertShow { id })
            .await;
        expect_reply!(reply, Alert).map(|alert| *alert)
    }

    pub(super) async fn alert_ack(
        &self,
        r: request::AlertAck,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let note = text("note", r.note.as_deref().unwrap_or_default())?;
        let by = self.by(&peer).await?;
        let request = ControlRequest::AlertAck {
            id: r.id.clone(),
            by,
            note,
        };
        let reply = self.ask(Role::Worker, request).await;
        let changed = expect_reply!(reply, Changed)?;
        self.audit(&peer, "alert ack", r.id, &changed).await;
        Ok(changed)
    }

    pub(super) async fn alert_silence(
        &self,
        r: request::AlertSilence,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let pattern = needed(
            "pattern",
            &r.pattern,
            "name what is to be silent; * for everything",
        )?;
        let reason = needed(
            "reason",
            &r.reason,
            "say why, for whoever misses the alerts",
        )?;
        let span = u64::try_from(r.span.get().as_millis()).unwrap_or(u64::MAX);
        if span == 0 || span > SILENCE_MAX_MS {
            let mend = "give a time of at most a year; what is never to be told is a matter of the channels' sets";
            return Err(Fault::invalid("a silence ends within a year", mend).at("for"));
        }
        let by = self.by(&peer).await?;
        let request = ControlRequest::AlertSilence {
            pattern: pattern.clone(),
            by,
            reason,
            until_unix_ms: self.now().saturating_add(span),
        };
        let reply = self.ask(Role::Worker, request).await;
        let changed = expect_reply!(reply, Changed)?;
        self.audit(&peer, "alert silence", pattern, &changed).await;
        Ok(changed)
    }

    pub(super) async fn alert_unsilence(&self, id: String, peer: Peer) -> Result<Changed, Fault> {
        let by = self.by(&peer).await?;
        let request = ControlRequest::AlertUnsilence { id: id.clone(), by };
        let reply = self.ask(Role::Worker, request).await;
        let changed = expect_reply!(reply, Changed)?;
        self.audit(&peer, "alert unsilence", id, &changed).await;
        Ok(changed)
    }

    pub(super) async fn alert_test(
        &self,
        channel: Option<String>,
        peer: Peer,
    ) -> Result<AlertTest, Fault> {
        let subject = channel.clone().unwrap_or_default();
        self.audit(&peer, "alert test", subject, &Nothing).await;
        let by = self.by(&peer).await?;
        let request = ControlRequest::AlertTest { channel, by };
        let reply = self
            .ask_within(Role::Worker, request, RECHECK_TIMEOUT)
            .await;
        expect_reply!(reply, AlertTest)
    }
}
