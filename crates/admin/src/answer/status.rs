//! The node as a whole, asked of every role at once.

use std::time::Duration;

use mailward_api::{
    control::{ControlRequest, Role},
    fault::Fault,
    view::{
        NodeStatus,
        role::{DatabaseCopy, DatabaseStatus, SilentRole},
    },
};

use super::{Access, expect_reply};

/// How long the database may take to say how large it is.
const DATABASE_MAX: Duration = Duration::from_secs(3);

impl Access {
    pub(super) async fn status(&self) -> Result<NodeStatus, Fault> {
        let status = |role| self.ask(role, ControlRequest::Status);
        let (manager, transport, worker, database) = tokio::join!(
            status(Role::Manager),
            status(Role::Transport),
            status(Role::Worker),
            self.database()
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
            database: Some(database),
            manager,
            transport,
            worker,
            silent,
        })
    }

    /// Where the objects are kept, asked now.
    async fn database(&self) -> DatabaseStatus {
        let store = self.store.clone();
        let asked = tokio::task::spawn_blocking(move || {
            store
                .octets()
                .map_err(|error| mailward_events::chain(&error))
        });
        let answered = match tokio::time::timeout(DATABASE_MAX, asked).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "it has not answered within {} s",
                DATABASE_MAX.as_secs()
            )),
        };
        let (file, copied) = self.store.own_file();
        let file = file.display().to_string();
        let (octets, problem) = match answered {
            Ok(octets) => (Some(octets), None),
            Err(problem) => (None, Some(problem)),
        };
        let shared = self.store.database();
        DatabaseStatus {
            engine: if shared.is_some() {
                "postgresql"
            } else {
                "sqlite"
            }
            .to_owned(),
            copy: shared.is_some().then(|| DatabaseCopy {
                place: file.clone(),
                octets: copied,
            }),
            place: shared.unwrap_or(file),
            reachable: problem.is_none(),
            problem,
            octets,
        }
    }
}

/// The status, or a note that there is none.
pub(super) fn heard<T>(
    role: Role,
    status: Result<T, Fault>,
    silent: &mut Vec<SilentRole>,
) -> Option<T> {
    status
        .map_err(|fault| {
            silent.push(SilentRole {
                role,
                error: fault.error,
            });
        })
        .ok()
}
