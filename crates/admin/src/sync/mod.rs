//! Directory sources: recipients that come from Active Directory, OpenLDAP or another LDAP server, and
//! follow it.
//!
//! ```text
//! directory ─LDAP over TLS─► picture ─► turn: plan (pure) ─► held? ─► store, in parts where it is much
//! ```
//!
//! [`plan`](plan::plan) says what would come, change and go, of everything or of what has changed and whom
//! that concerns ([`turn`], [`scope`], [`index`]); [`mapping`] how an entry is read. What
//! asks servers is in [`follow`], [`active_directory`] and [`read`]; the store is written by
//! [`settle`] alone. Where several nodes share their objects, one of them follows, and another one
//! when that one is gone; should two do it for a moment, whoever is second finds nothing left to do.
//!
//! Never here: a sign-in by somebody of the directory; a change of anything in the directory.

mod active_directory;
mod claim;
mod done;
mod follow;
mod index;
mod list;
mod mapping;
mod member;
mod picture;
mod place;
mod plan;
mod read;
mod rule;
mod scope;
mod server;
mod settle;
mod status;
#[cfg(test)]
mod tests;
mod turn;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    fault::{Fault, FaultKind},
    view::{DirectorySyncRun, DirectorySyncStatus, SyncState},
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_model::{Kind, Spec, kind::DirectorySource};
use mailward_store::Store;
use parking_lot::Mutex;
use tokio::{sync::Notify, task::AbortHandle, time::sleep};

use follow::{Follower, note, read_once};
use mapping::Mapping;
use read::Scene;
use server::{Access, UnusableError};
use settle::{KEYS_MAX, Settled, Settling, settle};
use status::{Standings, listed};

/// The work of which only one node does it at a time.
const LEAD: &str = "directory sync";
/// How often it is asked who does it.
const LEAD_INTERVAL: Duration = Duration::from_secs(2);
/// A source that cannot be used is looked at again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Every directory source of this node.
pub(crate) struct DirectorySync {
    store: Store,
    events: Events,
    clock: Arc<dyn Clock>,
    extra_roots: Option<PathBuf>,
    standings: Arc<Standings>,
    nudges: Mutex<HashMap<String, Arc<Notify>>>,
}

/// A source that is followed.
struct Followed {
    source: DirectorySource,
    task: AbortHandle,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A source, ready to be read.
struct Ready {
    settling: Arc<Settling>,
    access: Access,
    scene: Scene,
}

impl DirectorySync {
    /// For these objects.
    pub(crate) fn new(
        store: Store,
        events: Events,
        clock: Arc<dyn Clock>,
        extra_roots: Option<PathBuf>,
    ) -> Arc<DirectorySync> {
        Arc::new(DirectorySync {
            store,
            events,
            clock,
            extra_roots,
            standings: Arc::new(Standings::default()),
            nudges: Mutex::default(),
        })
    }

    /// Follows every source that there is, and those that come, as told or as found at a refresh,
    /// until it is dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut followed: HashMap<String, Followed> = HashMap::new();
        let mut turns = self.store.turns();
        loop {
            if let Some(sources) = self.sources().await {
                self.follow(&mut followed, sources);
            }
            if turns.next().await.is_none() {
                return;
            }
            // A sync changes much at a time; so does an import.
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn sources(&self) -> Option<Vec<(String, DirectorySource)>> {
        let store = self.store.clone();
        let list = move || store.list(Kind::DirectorySource).ok();
        let objects = tokio::task::spawn_blocking(list).await.ok()??;
        let sources = objects.into_iter().filter_map(|object| match object.spec {
            Spec::DirectorySource(source) => Some((object.name, source)),
            _ => None,
        });
        Some(sources.collect())
    }

    /// Begins with what is new, ends what is not there any more, begins anew with what has changed.
    fn follow(
        self: &Arc<Self>,
        followed: &mut HashMap<String, Followed>,
        sources: Vec<(String, DirectorySource)>,
    ) {
        let names: Vec<String> = sources.iter().map(|(name, _)| name.clone()).collect();
        followed.retain(|name, now| {
            let found = sources.iter().find(|(known, _)| known == name);
            found.is_some_and(|(_, source)| source.enabled && *source == now.source)
        });
        self.standings.retain(&names);
        self.nudges.lock().retain(|name, _| names.contains(name));
        for (name, source) in sources {
            if followed.contains_key(&name) {
                continue;
            }
            if !source.enabled {
                let now = self.clock.unix_ms();
                self.standings
                    .change(&name, now, |view| view.state = SyncState::Off);
                continue;
            }
            let task = tokio::spawn(Arc::clone(self).keep(name.clone(), source.clone()));
            let task = task.abort_handle();
            followed.insert(name, Followed { source, task });
        }
    }

    /// Follows one source; one that cannot be used is looked at again and again.
    async fn keep(self: Arc<Self>, name: String, source: DirectorySource) {
        loop {
            self.wait_to_lead(&name).await;
            match self.ready(&name, &source).await {
                Ok(ready) => {
                    let nudge = self.nudges.lock().entry(name.clone()).or_default().clone();
                    let follower = Follower {
                        settling: ready.settling,
                        access: ready.access,
                        scene: ready.scene,
                        standings: Arc::clone(&self.standings),
                        clock: Arc::clone(&self.clock),
                        nudge,
                    };
                    // Then everything is read anew: the directory, and the secrets and roots here.
                    let renewed = source.full_read_interval.get();
                    tokio::select! {
                        () = follower.follow() => {}
                        () = sleep(renewed) => {}
                        () = self.wait_to_follow() => {}
                    }
                }
                Err(error) => {
                    self.unusable(&name, &error);
                    sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// Waits until this node is the one that follows directories, of all that share the objects.
    async fn wait_to_lead(&self, name: &str) {
        while !self.leads().await {
            let now = self.clock.unix_ms();
            self.standings.change(name, now, |view| {
                view.state = SyncState::Elsewhere;
                view.because = None;
            });
            sleep(LEAD_INTERVAL).await;
        }
    }

    /// Waits until this node is not that one any more.
    async fn wait_to_follow(&self) {
        while self.leads().await {
            sleep(LEAD_INTERVAL).await;
        }
    }

    async fn leads(&self) -> bool {
        let store = self.store.clone();
        let asked = move || store.lead(LEAD).unwrap_or(false);
        tokio::task::spawn_blocking(asked).await.unwrap_or(false)
    }

    fn unusable(&self, name: &str, error: &UnusableError) {
        let now = self.clock.unix_ms();
        self.standings.change(name, now, |view| {
            view.state = SyncState::Failing;
            view.because = Some(error.to_string());
        });
        self.events.emit(Event::DirectorySourceUnusable {
            source: name.to_owned(),
            error: error.to_string(),
        });
    }

    async fn ready(&self, name: &str, source: &DirectorySource) -> Result<Ready, UnusableError> {
        let mapping =
            Mapping::of(source).map_err(|error| UnusableError::Mapping(error.to_string()))?;
        let scene = Scene::of(source, &mapping);
        let (of, roots) = (source.clone(), self.extra_roots.clone());
        let access = tokio::task::spawn_blocking(move || Access::of(&of, roots.as_deref()))
            .await
            .map_err(|error| UnusableError::Tls(error.to_string()))??;
        let settling = Settling {
            name: name.to_owned(),
            source: source.clone(),
            mapping,
            store: self.store.clone(),
            events: self.events.clone(),
            index: Mutex::default(),
            keys_max: KEYS_MAX,
        };
        Ok(Ready {
            settling: Arc::new(settling),
            access,
            scene,
        })
    }

    /// `directory sync status`.
    pub(crate) async fn status(&self, source: Option<&str>) -> Result<DirectorySyncStatus, Fault> {
        let known = self.known().await?;
        if let Some(name) = source {
            find(&known, name)?;
        }
        let now = self.clock.unix_ms();
        let is_asked = |name: &str| source.is_none_or(|one| one.eq_ignore_ascii_case(name));
        let asked = known.iter().filter(|(name, _)| is_asked(name));
        Ok(DirectorySyncStatus {
            sources: asked
                .map(|(name, _)| self.standings.view(name, now))
                .collect(),
        })
    }

    async fn known(&self) -> Result<Vec<(String, DirectorySource)>, Fault> {
        let sources = self.sources().await;
        sources.ok_or_else(|| Fault::failed("the object store cannot be read".to_owned()))
    }

    /// `directory sync run`.
    pub(crate) async fn run_once(
        &self,
        source: &str,
        dry: bool,
    ) -> Result<DirectorySyncRun, Fault> {
        let known = self.known().await?;
        let (name, source) = find(&known, source)?;
        let ready = self.ready(name, source).await.map_err(|error| {
            let mend =
                format!("mend it, or change it with `mailward directory-source set {name:?} …`");
            Fault::new(
                FaultKind::Refused,
                format!("directory source {name:?} cannot be used: {error}"),
                mend,
            )
        })?;
        let read = read_once(&ready.settling, &ready.access, &ready.scene).await;
        let (picture, server) = read.map_err(|error| {
            Fault::new(
                FaultKind::Unreachable,
                format!("directory source {name:?} was not read, and nothing was changed: {}", mailward_events::chain(&error)),
                "`mailward explain 5061`, 5066 and 5067 say what to do; `mailward event list` has each server's answer",
            )
        })?;
        let entries = picture.len() as u64;
        let done = if dry {
            let settling = Arc::clone(&ready.settling);
            let look = move || settling.look(&picture);
            tokio::task::spawn_blocking(look)
                .await
                .map_err(|error| Fault::failed(format!("the work was broken off: {error}")))?
        } else {
            let allowed = self.standings.allowed(name);
            let settling = Arc::clone(&ready.settling);
            settle(settling, Arc::new(picture), server.clone(), allowed).await
        };
        let settled: Settled = done.map_err(|error| Fault::failed(error.to_string()))?;
        if !dry {
            let now = self.clock.unix_ms();
            if source.enabled {
                note(&ready.settling, &self.standings, now, entries, &settled);
            }
            if let Some(nudge) = self.nudges.lock().get(name) {
                nudge.notify_one();
            }
        }
        Ok(DirectorySyncRun {
            source: name.to_owned(),
            server,
            entries,
            skipped: listed(&settled.left_out),
            skipped_all: settled.left_out.len() as u64,
            plan: settled.plan,
        })
    }

    /// `directory sync approve`.
    pub(crate) async fn approve(
        &self,
        source: &str,
        removals: u64,
        by: (String, String),
    ) -> Result<DirectorySyncRun, Fault> {
        let known = self.known().await?;
        let (name, _) = find(&known, source)?;
        self.standings
            .allow(name, removals)
            .map_err(|found| match found {
                Some(found) => Fault::new(
                    FaultKind::Conflict,
                    format!(
                        "directory source {name:?} is held for {found} removals, not for {removals}"
                    ),
                    format!("look again with `mailward directory sync run {name:?} --dry-run`"),
                ),
                None => Fault::new(
                    FaultKind::Conflict,
                    format!("directory source {name:?} is not held: there is nothing to approve"),
                    "`mailward directory sync status` shows how it stands; where another node follows it, ask there",
                ),
            })?;
        self.events.emit(Event::DirectorySyncApproved {
            source: name.to_owned(),
            removals,
            by: by.0,
            from: by.1,
        });
        self.run_once(name, false).await
    }
}

fn find<'a>(
    known: &'a [(String, DirectorySource)],
    name: &str,
) -> Result<(&'a str, &'a DirectorySource), Fault> {
    let found = known.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
    match found {
        Some((name, source)) => Ok((name, source)),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
            let list = "`mailward directory-source list` shows them";
            Err(crate::answer::unknown(
                "directory source",
                name,
                &names,
                list,
            ))
        }
    }
}
