//! Feeds of the untrusted list: how they stand is read from their files, so that it is told while
//! transport is away; reading and approving is asked of transport, which does it.

use std::{sync::Arc, time::Duration};

use mailward_api::{
    control::{ControlRequest, Role, UntrustedRequest},
    fault::Fault,
    view::{
        Changed, RevocationFilters, RevocationState, RevocationTested, UntrustedDiff,
        UntrustedFeedView, UntrustedFeeds,
        untrusted::{CrlView, UntrustedChange},
    },
};
use mailward_model::{Kind, Object, Spec, kind::UntrustedFeed};
use mailward_store::Store;
use mailward_tls::untrusted::{
    Layer, Revocation,
    feed::{FeedState, KeptCrl, Shelf, made},
};

use super::{Access, Nothing, blocking, expect_reply, failed, untrusted::untrusted_objects};
use crate::peer::Peer;

/// How long reading feeds may take: two documents of each, and whoever is read before it.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(120);

/// A feed, and what is known of it.
pub(super) struct Known {
    pub(super) name: String,
    spec: UntrustedFeed,
    pub(super) state: FeedState,
    /// What it adds to the list, as far as it was asked for.
    pub(super) layer: Option<Arc<Layer>>,
}

/// How much of what feeds add to the list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What their states say, which tell all that people are shown of them.
    States,
    /// Their lists and CRLs as well.
    Lists,
    /// Revocation filters too: some megabytes, which are decoded.
    Filters,
}

/// Everything that is untrusted at one moment.
pub(super) struct Scene {
    /// Untrusted certificates.
    pub(super) objects: Vec<Object>,
    pub(super) feeds: Vec<Known>,
}

impl Scene {
    pub(super) fn read(store: &Store, shelf: &Shelf, depth: Depth) -> Result<Scene, Fault> {
        let objects = untrusted_objects(store)?;
        let feeds = store.list(Kind::UntrustedFeed);
        let feeds = feeds.map_err(|error| failed(&error))?.into_iter();
        let feeds = feeds.filter_map(|object| {
            let Spec::UntrustedFeed(spec) = object.spec else {
                return None;
            };
            // One that is damaged has been told about, and transport begins anew, too.
            let state = shelf.load(object.id).ok().flatten().unwrap_or_default();
            let layer = match depth {
                Depth::States => None,
                Depth::Lists => shelf.layer_of_lists(&object.name, &state).ok(),
                Depth::Filters => shelf.layer(&object.name, &state).ok(),
            };
            Some(Known {
                layer,
                name: object.name,
                spec,
                state,
            })
        });
        Ok(Scene {
            objects,
            feeds: feeds.collect(),
        })
    }

    /// What the CRLs of a certificate's issuer say of it, each in one sentence.
    pub(super) fn crls_of(&self, shelf: &Shelf, certificate: &[u8]) -> Vec<String> {
        let all = self.feeds.iter().flat_map(|feed| &feed.state.crls);
        let read = all.filter_map(|kept| Some((kept, shelf.crl(&kept.digest).ok()?)));
        read.filter(|(_, crl)| crl.speaks_of(certificate))
            .map(|(kept, crl)| match crl.reason_of(certificate) {
                Some(reason) => format!("the CRL at {} revokes it: {reason}", kept.place),
                None => format!("the CRL at {} does not revoke it", kept.place),
            })
            .collect()
    }
}

/// What the filters of each feed say of the certificate at a place of a path.
pub(super) fn filters_of(scene: &Scene, path: &[Vec<u8>], at: usize) -> Vec<RevocationTested> {
    let each = scene.feeds.iter().filter_map(|feed| {
        let said = feed.layer.as_ref()?.revocation(path, at)?;
        let made = made(feed.state.filters.as_ref()?.made_unix_ms);
        Some(RevocationTested {
            feed: feed.name.clone(),
            state: match said {
                Revocation::NotCovered(_) => RevocationState::NotCovered,
                Revocation::NotRevoked => RevocationState::NotRevoked,
                Revocation::Revoked => RevocationState::Revoked,
            },
            told: format!(
                "the filters of {}, made {made}, say: {}",
                feed.name,
                said.describe()
            ),
        })
    });
    each.collect()
}

impl Known {
    pub(super) fn filters(&self, now: u64) -> Option<RevocationFilters> {
        let filters = self.state.filters.as_ref()?;
        Some(RevocationFilters {
            feed: self.name.clone(),
            made_unix_ms: filters.made_unix_ms,
            comment: filters.comment.clone(),
            filters: filters.files.len() as u64,
            octets: filters.octets(),
            issuers: filters.issuers,
            logs: filters.logs,
            covered_until_unix_ms: filters.covered_until_unix_ms,
            stale: self.state.are_filters_stale(&self.spec, now),
            refuses: filters.refuses,
        })
    }

    fn change(&self) -> Option<UntrustedChange> {
        let (held, difference) = self.state.pending()?;
        Some(UntrustedChange {
            feed: self.name.clone(),
            from: self.state.in_force.as_ref().map(|one| one.list.sequence),
            to: held.list.sequence,
            since_unix_ms: held.since_unix_ms,
            because: held.because.clone(),
            added: difference.added,
            removed: difference.removed,
        })
    }

    fn view(&self, now: u64) -> UntrustedFeedView {
        let state = &self.state;
        let version = state.in_force.as_ref();
        let list = version.map(|one| &one.list);
        UntrustedFeedView {
            feed: self.name.clone(),
            source: self.spec.source.to_string(),
            enabled: self.spec.enabled,
            sequence: list.map(|list| list.sequence),
            key: list.map_or_else(String::new, |list| list.key.clone()),
            comment: list.map_or_else(String::new, |list| list.comment.clone()),
            entries: state.count(),
            taken_unix_ms: version.map(|one| one.taken_unix_ms),
            confirmed_unix_ms: state.confirmed_unix_ms,
            expires_unix_ms: list.map(|list| list.expires_unix_ms),
            old: state.old(&self.spec, now),
            held: self.change(),
            crls: state.crls.iter().map(|one| crl(one, now)).collect(),
            filters: self.filters(now),
            tried_unix_ms: state.tried_unix_ms,
            next_unix_ms: self.spec.enabled.then_some(state.next_unix_ms),
            problem: state.problem.clone(),
        }
    }
}

fn crl(one: &KeptCrl, now: u64) -> CrlView {
    CrlView {
        place: one.place.clone(),
        learnt: one.learnt,
        issuer: one.issuer.clone(),
        number: one.number.clone(),
        revoked: one.revoked,
        this_update_unix_ms: one.this_update_unix_ms,
        next_update_unix_ms: one.next_update_unix_ms,
        stale: one.is_stale(now),
        problem: one.problem.clone(),
    }
}

impl Access {
    async fn untrusted_scene(&self) -> Result<Scene, Fault> {
        let (store, shelf) = (self.store.clone(), self.untrusted.clone());
        blocking(move || Scene::read(&store, &shelf, Depth::States)).await
    }

    pub(super) async fn untrusted_feeds(&self) -> Result<UntrustedFeeds, Fault> {
        let scene = self.untrusted_scene().await?;
        let now = self.now();
        Ok(UntrustedFeeds {
            feeds: scene.feeds.iter().map(|known| known.view(now)).collect(),
        })
    }

    pub(super) async fn untrusted_diff(&self) -> Result<UntrustedDiff, Fault> {
        let scene = self.untrusted_scene().await?;
        Ok(UntrustedDiff {
            changes: scene.feeds.iter().filter_map(Known::change).collect(),
        })
    }

    pub(super) async fn untrusted_approve(
        &self,
        feed: String,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let request = UntrustedRequest::Approve { feed: feed.clone() };
        let request = ControlRequest::Untrusted(request);
        self.act(peer, "untrusted approve", feed, request).await
    }

    pub(super) async fn untrusted_refresh(
        &self,
        feed: Option<String>,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let subject = feed.clone().unwrap_or_else(|| "every feed".to_owned());
        self.audit(&peer, "untrusted refresh", subject, &Nothing)
            .await;
        let request = ControlRequest::Untrusted(UntrustedRequest::Refresh { feed });
        let reply = self
            .ask_within(Role::Transport, request, REFRESH_TIMEOUT)
            .await;
        expect_reply!(reply, Changed)
    }
}
