//! Looks after what managed availability took offline: a hold whose case is not open any more, or
//! was never heard of here, has nobody who would end it, and is ended.
//!
//! How that comes about: the manager granted the act and its answer was lost; the file of open cases
//! was lost or damaged; what the case was about is not watched any more.
//!
//! Never here: the holds of people, and those that end by themselves.

use std::{path::PathBuf, time::Duration};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::Requester,
};
use tokio::sync::{mpsc, oneshot};

use super::Message;
use crate::hold;

/// How often it is looked. A hold without a case harms as long as it lasts; asking costs nothing.
const EVERY: Duration = Duration::from_secs(10);
/// How long the manager may take to answer. One that does not is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// On whose behalf holds are ended here.
const BY: &str = "managed availability";

/// Looks again and again, until the worker ends.
pub(super) async fn reconcile(run_dir: PathBuf, inbox: mpsc::Sender<Message>) {
    let manager = Role::Manager.socket(&run_dir);
    loop {
        tokio::time::sleep(EVERY).await;
        // The holds first: a case that is opened after that holds nothing of what is looked at.
        let asked = control::call(&manager, &ControlRequest::Holds, ANSWER_MAX).await;
        let Ok(ControlReply::Holds(list)) = asked else {
            continue;
        };
        if !list.holds.iter().any(hold::is_of_a_case) {
            continue;
        }
        let (reply, answered) = oneshot::channel();
        if inbox.send(Message::OpenCases(reply)).await.is_err() {
            return;
        }
        let Ok(open) = answered.await else {
            return;
        };
        for orphan in hold::orphans(&list.holds, &open) {
            let case = orphan.case.clone().unwrap_or_default();
            let release = ControlRequest::Release {
                component: orphan.component.clone(),
                requester: Requester::HealthApi,
                force: false,
                reason: format!("its case {case} is not open"),
                by: BY.to_owned(),
            };
            // Without an answer it is there the next time, and ended then.
            let _ = control::call(&manager, &release, ANSWER_MAX).await;
        }
    }
}
