//! Directory sources: how they stand, read at once, let go on.

use mailward_api::{
    fault::Fault,
    operation::request,
    view::{DirectorySyncRun, DirectorySyncStatus},
};

use super::Access;
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
            self.audit(&peer, "directory sync run", r.source.clone())
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
        let by = super::blocking(move || Ok((peer.name(), peer.place()))).await?;
        self.directory.approve(&r.source, r.removals, by).await
    }
}
