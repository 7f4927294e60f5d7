//! CRLs of untrusted feeds: read at their places, kept where their issuer signed them; and the places
//! learnt that peers' certificates name.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use mailward_api::fault::Fault;
use mailward_events::{Event, Events};
use mailward_model::{
    ObjectId, hex,
    kind::{CrlSource, UntrustedSource, WhenStale},
};
use mailward_tls::{
    PeerPath, pem_certificates,
    untrusted::feed::{
        KeptCrl,
        crl::{self, CRL_OCTETS_MAX, Crl, Issuer, REVOKED_IN_ALL_MAX},
        failed_wait_ms, interval_ms,
    },
};
use sha2::{Digest, Sha256};

use super::{Entry, UntrustedFeeds, gone, read::Reader};
use crate::{
    perimeter::{
        jitter,
        read::{ReadError, file},
    },
    service::Running,
};

/// Paths of peers that wait to be looked at.
const PATHS_WAITING: usize = 64;
/// Leaves that were looked at and are not looked at again.
const LEAVES_MAX: usize = 10_000;
/// Octets of a file of issuers.
const ISSUERS_OCTETS_MAX: usize = 4 << 20;

/// A list that was read: as it is kept, what it says, and its digest.
struct Found {
    der: Vec<u8>,
    crl: Crl,
    digest: String,
}

/// Reads the CRLs of a feed whose time has come, or all. What came of it, in one sentence.
pub(super) async fn read_all(
    running: &Running,
    id: ObjectId,
    source: &CrlSource,
    all: bool,
) -> Result<String, Fault> {
    let feeds = &running.untrusted_feeds;
    let now = running.shared.clock.unix_ms();
    let due: Vec<KeptCrl> = {
        let entries = feeds.entries.lock();
        let entry = entries.get(&id).ok_or_else(gone)?;
        let crls = entry.state.crls.iter();
        crls.filter(|one| all || one.next_unix_ms <= now)
            .cloned()
            .collect()
    };
    let issuers = issuers(running, source).await;
    let reader = Reader {
        tls: &running.shared.client_tls,
        dns: &feeds.dns,
    };
    let mut last = None;
    for kept in due {
        let found = match &issuers {
            Ok(issuers) => one(&reader, &kept, issuers).await,
            Err(problem) => Err(ReadError::plain(problem)),
        };
        if let Err(fault) = take_in(running, id, &kept.place, found) {
            last = Some(fault);
        }
    }
    finish(running, id, source, last)
}

/// Settles how the feed stands as a whole.
fn finish(
    running: &Running,
    id: ObjectId,
    source: &CrlSource,
    last: Option<Fault>,
) -> Result<String, Fault> {
    let feeds = &running.untrusted_feeds;
    let (events, now) = (&running.shared.events, running.shared.clock.unix_ms());
    let mut entries = feeds.entries.lock();
    let entry = entries.get_mut(&id).ok_or_else(gone)?;
    look_for_stale(entry, source.stale, events, now);
    let failing: Vec<&KeptCrl> = entry
        .state
        .crls
        .iter()
        .filter(|one| one.problem.is_some())
        .collect();
    let problem = failing.first().map(|first| {
        let because = first.problem.as_deref().unwrap_or_default();
        let all = entry.state.crls.len();
        format!(
            "{} of {all} CRLs: {}: {because}",
            failing.len(),
            first.place
        )
    });
    let next = entry.state.crls.iter().map(|one| one.next_unix_ms).min();
    match problem {
        Some(problem) => {
            let (spec, state) = (&entry.spec, &mut entry.state);
            state.failed(spec, problem, false, now, jitter());
        }
        None => {
            entry.state.confirmed_unix_ms = Some(now);
            if let Some(after) = entry.state.answered(&entry.spec, now, jitter()) {
                events.emit(Event::UntrustedFeedRecovered {
                    feed: entry.name.clone(),
                    in_force: entry.state.told(),
                    after: mailward_api::page::span(after),
                });
            }
        }
    }
    if let Some(next) = next {
        entry.state.next_unix_ms = next;
    }
    feeds.save(id, &entry.state, events);
    let told = format!("{}: {}.", entry.name, entry.state.told());
    let states = entries.values().map(|entry| &entry.state);
    if let Err(error) = feeds.shelf.sweep(states, &[]) {
        super::tell_file(&error, events);
    }
    match last {
        Some(fault) => Err(fault),
        None => Ok(told),
    }
}

/// Everybody of this node who may have signed a CRL: its roots, and those of the feed's file.
async fn issuers(running: &Running, source: &CrlSource) -> Result<Vec<Issuer>, String> {
    let roots = running.shared.client_tls.roots_of_issuers();
    let mut issuers = match roots {
        Ok(roots) => Issuer::of_roots(&roots),
        // Without roots there may still be a file.
        Err(_) if source.issuers.is_some() => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    if let Some(path) = source.issuers.clone() {
        issuers.extend(of_file(path).await?);
    }
    Ok(issuers)
}

async fn of_file(path: PathBuf) -> Result<Vec<Issuer>, String> {
    let read = move || -> Result<Vec<Issuer>, String> {
        let name = path.display().to_string();
        let octets = file(&name, ISSUERS_OCTETS_MAX).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&octets);
        let all = pem_certificates(&text)
            .map_err(|error| format!("the file of issuers {name}: {error}"))?;
        let found: Vec<Issuer> = all.iter().filter_map(Issuer::of_certificate).collect();
        match found.is_empty() {
            true => Err(format!(
                "the file of issuers {name} has no certificate that may sign CRLs"
            )),
            false => Ok(found),
        }
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(|error| error.to_string())?
}

async fn one(reader: &Reader<'_>, kept: &KeptCrl, issuers: &[Issuer]) -> Result<Found, ReadError> {
    let octets = reader.crl(&kept.place, CRL_OCTETS_MAX).await?;
    let issuers: Vec<Issuer> = issuers.iter().cloned().chain(kept.signer()).collect();
    // A list of some megabytes takes a while.
    let read = tokio::task::spawn_blocking(move || {
        let (der, crl) = crl::read(&octets, &issuers)?;
        let digest = hex(&Sha256::digest(&der));
        Ok::<_, crl::CrlError>(Found { der, crl, digest })
    });
    read.await
        .map_err(ReadError::plain)?
        .map_err(ReadError::plain)
}

fn take_in(
    running: &Running,
    id: ObjectId,
    place: &str,
    found: Result<Found, ReadError>,
) -> Result<(), Fault> {
    let feeds = &running.untrusted_feeds;
    let (events, now) = (&running.shared.events, running.shared.clock.unix_ms());
    let mut entries = feeds.entries.lock();
    let entry = entries.get_mut(&id).ok_or_else(gone)?;
    let wait = interval_ms(&entry.spec, jitter());
    let (feed, in_force) = (entry.name.clone(), entry.state.told());
    let others = entry.state.crls.iter().filter(|one| one.place != place);
    let others: u64 = others.map(|one| one.revoked).sum();
    let mut crls = entry.state.crls.iter_mut();
    let Some(kept) = crls.find(|one| one.place == place) else {
        // The feed names it no more.
        return Ok(());
    };
    let before = kept.revoked;
    let taken = found.and_then(|found| {
        if others + found.crl.count() as u64 > REVOKED_IN_ALL_MAX {
            return Err(ReadError::plain(format!(
                "the CRLs of this feed would revoke more than {REVOKED_IN_ALL_MAX} certificates together: \
                 name fewer places"
            )));
        }
        // The file first: a state never names one that is not there.
        feeds
            .shelf
            .save_crl(&found.digest, &found.der)
            .map_err(|error| ReadError::plain(mailward_events::chain(&error)))?;
        kept.take(&found.crl, found.digest, now)
            .map_err(ReadError::plain)
    });
    match taken {
        Ok(is_new) => {
            kept.problem = None;
            kept.next_unix_ms = now.saturating_add(wait);
            if is_new {
                events.emit(Event::CrlTaken {
                    feed,
                    place: place.to_owned(),
                    issuer: kept.issuer.clone(),
                    number: kept.number.clone(),
                    revoked: kept.revoked,
                    before,
                });
            }
            Ok(())
        }
        Err(ReadError { problem, busy }) => {
            kept.problem = Some(problem.clone());
            kept.next_unix_ms = now.saturating_add(failed_wait_ms(wait, busy));
            let fault = Fault::failed(format!("{feed}: {place}: {problem}"));
            events.emit(Event::UntrustedFeedRefused {
                feed,
                source: place.to_owned(),
                problem,
                in_force,
            });
            Err(fault)
        }
    }
}

/// Looks which CRLs have become stale, tells of them, and does what the feed says of such.
pub(super) fn look_for_stale(entry: &mut Entry, meaning: WhenStale, events: &Events, now: u64) {
    for one in entry.state.look_for_stale(meaning, now) {
        events.emit(Event::CrlStale {
            feed: entry.name.clone(),
            place: one.place,
            issuer: one.issuer,
            meaning: match meaning {
                WhenStale::Keep => "what it revoked stays refused, everything else passes",
                WhenStale::Refuse => {
                    "every certificate of its issuer is refused until there is a newer one"
                }
            }
            .to_owned(),
        });
    }
}

/// Learns where CRLs are from what peers show, for as long as transport runs.
pub(crate) async fn learn(running: Arc<Running>) {
    let mut paths = running.shared.untrusted.listen(PATHS_WAITING);
    let mut known: HashSet<Vec<u8>> = HashSet::new();
    while let Some(path) = paths.recv().await {
        let feeds = &running.untrusted_feeds;
        let (Some(leaf), true) = (path.certificates().first(), feeds.is_learning()) else {
            continue;
        };
        let leaf = Sha256::digest(leaf).to_vec();
        if known.contains(&leaf) {
            continue;
        }
        // Strangers make as many certificates as they like.
        if known.len() >= LEAVES_MAX {
            known.clear();
        }
        known.insert(leaf);
        learn_from(&running, &path);
    }
}

fn learn_from(running: &Running, path: &PeerPath) {
    let now = running.shared.clock.unix_ms();
    let certificates = path.certificates();
    // Anybody can make a certificate that names a place, and one of an issuer with another's name:
    // only what a root of this node vouches for counts.
    if !running.shared.client_tls.leads_to_root(certificates, now) {
        return;
    }
    let mut found = Vec::new();
    for (at, certificate) in certificates.iter().enumerate() {
        let next = certificates.get(at + 1);
        let issuer = next.filter(|next| crl::issued(certificate, next));
        found.extend(crl::places(certificate).into_iter().map(|it| (it, issuer)));
        // What follows was not looked at by whoever found the path good.
        if issuer.is_none() {
            break;
        }
    }
    running
        .untrusted_feeds
        .learn(&found, now, &running.shared.events);
}

impl UntrustedFeeds {
    fn is_learning(&self) -> bool {
        let entries = self.entries.lock();
        entries.values().any(|entry| learns(entry).is_some())
    }

    fn learn(
        &self,
        found: &[(String, Option<&rustls::pki_types::CertificateDer<'static>>)],
        now: u64,
        events: &Events,
    ) {
        let mut is_new = false;
        for (id, entry) in self.entries.lock().iter_mut() {
            if learns(entry).is_none() {
                continue;
            }
            let mut learnt = false;
            for (place, issuer) in found {
                learnt |= entry.state.learn(place, *issuer, now);
            }
            if learnt {
                self.save(*id, &entry.state, events);
            }
            is_new |= learnt;
        }
        if is_new {
            self.wake.notify_one();
        }
    }
}

/// The source of a feed that learns places.
fn learns(entry: &Entry) -> Option<&CrlSource> {
    match &entry.spec.source {
        UntrustedSource::Crl(source) if entry.spec.enabled && source.from_certificates => {
            Some(source)
        }
        _ => None,
    }
}
