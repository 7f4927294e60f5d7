//! Directory sources: how they stand, read at once, let go on.

use mailward_api::{
    fault::Fault,
    operation::request,
    view::{DirectorySyncRun, DirectorySyncStatus, StateChange},
};
use serde_json::Value;

use super::{Access, Nothing};
use crate::peer::Peer;

impl Access {
    pub(super) async fn directory_sync_status(
        &self,
        r: request::DirectorySyncStatus,
    ) -> Result<DirectorySyncStatus, Fault> {
        self.directory.status(r.source.as_deref()).await
    }

    pub(super) async fn directory_sync_run(
        &self,
        r: request::DirectorySyncRun,
        peer: Peer,
    ) -> Result<DirectorySyncRun, Fault> {
        if !r.dry_run {
            // What it changes of recipients is an event of its own, 5060.
            self.audit(&peer, "directory sync run", r.source.clone(), &Nothing)
                .await;
        }
        self.directory.run_once(&r.source, r.dry_run).await
    }

    pub(super) async fn directory_sync_approve(
        &self,
        r: request::DirectorySyncApprove,
        peer: Peer,
    ) -> Result<DirectorySyncRun, Fault> {
        // The user database may be slow.
        let asker = peer.clone();
        let by = super::blocking(move || Ok((asker.name(), asker.place()))).await?;
        let run = self.directory.approve(&r.source, r.removals, by).await?;
        // It is approved only where it was held for just as many.
        let subject = format!("directory source {:?}", r.source);
        let change = StateChange::new(subject, "held_removals", r.removals, Value::Null);
        peer.note(&[change], 0);
        Ok(run)
    }
}
