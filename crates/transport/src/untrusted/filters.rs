//! Revocation filters of untrusted feeds: the manifest read first, then the files that are not here yet;
//! put in force together, where each is what the manifest says and can be read.
//!
//! Never here: what they say of a certificate.

use mailward_api::fault::Fault;
use mailward_events::{Event, Events, chain};
use mailward_model::{
    ObjectId,
    kind::{Sha256, UntrustedSource, UpkiSource, WhenStale},
};
use mailward_tls::untrusted::{
    feed::{
        FiltersTaken, Shelf, made,
        manifest::{self, FilterFile, MANIFEST, MANIFEST_OCTETS_MAX, Manifest},
    },
    filter::{FILTER_OCTETS_MAX, FILTERS_OCTETS_MAX, Filters, KnownIssuer},
};
use sha2::Digest;

use super::{Entry, gone, read::Reader, settle};
use crate::{perimeter::read::ReadError, service::Running};

/// What was read.
struct Found {
    manifest: Manifest,
    filters: Filters,
    /// How many files had to be fetched.
    fetched: u64,
}

/// Reads the filters of a feed. What came of it, in one sentence.
pub(super) async fn read(
    running: &Running,
    id: ObjectId,
    source: &UpkiSource,
) -> Result<String, Fault> {
    let feeds = &running.untrusted_feeds;
    let found = gather(running, id, source).await;
    let (events, now) = (&running.shared.events, running.shared.clock.unix_ms());
    let mut entries = feeds.entries.lock();
    let entry = entries.get_mut(&id).ok_or_else(gone)?;
    if !matches!(&entry.spec.source, UntrustedSource::Upki(upki) if upki.base == source.base) {
        return Err(Fault::failed("the feed's source was changed meanwhile"));
    }
    let taken = found.and_then(|found| {
        let place = source.base.to_string();
        let state = &mut entry.state;
        let taken = state.take_filters(found.manifest, &place, &found.filters, now);
        let taken = taken.map_err(ReadError::plain)?;
        Ok((taken, found.fetched))
    });
    look_for_stale(entry, events, now);
    let told = settle(entry, taken, events, now).map(|(taken, fetched)| match taken {
        FiltersTaken::Same => format!("{}: {} are still true.", entry.name, entry.state.told()),
        FiltersTaken::New => {
            tell_taken(entry, fetched, events);
            format!("{}: {} are in force.", entry.name, entry.state.told())
        }
    });
    feeds.save(id, &entry.state, events);
    let states = entries.values().map(|entry| &entry.state);
    if told.is_ok()
        && let Err(error) = feeds.shelf.sweep(states, &[])
    {
        super::tell_file(&error, events);
    }
    told
}

/// Reads what the folder has, and has all of it on the shelf.
async fn gather(running: &Running, id: ObjectId, source: &UpkiSource) -> Result<Found, ReadError> {
    let feeds = &running.untrusted_feeds;
    let reader = Reader {
        tls: &running.shared.client_tls,
        dns: &feeds.dns,
    };
    let octets = reader
        .place(&source.file(MANIFEST), MANIFEST_OCTETS_MAX)
        .await?;
    let manifest = manifest::read(&octets).map_err(ReadError::plain)?;
    let wanted: Vec<Sha256> = manifest.files.iter().map(|one| one.sha256).collect();
    {
        let entries = feeds.entries.lock();
        let now = running.shared.clock.unix_ms();
        if let Some(entry) = entries.get(&id) {
            let place = source.base.to_string();
            // Before megabytes are fetched for nothing.
            let weighed = entry.state.weigh_filters(&manifest, &place, now);
            weighed.map_err(ReadError::plain)?;
        }
        // What earlier tries have left that came to nothing.
        let states = entries.values().map(|entry| &entry.state);
        feeds
            .shelf
            .sweep(states, &wanted)
            .map_err(|error| ReadError::plain(chain(&error)))?;
    }
    let mut fetched = 0;
    let mut left = FILTERS_OCTETS_MAX;
    for file in &manifest.files {
        let (octets, is_new) = one(&reader, &feeds.shelf, source, file, left).await?;
        left = left.saturating_sub(octets);
        fetched += u64::from(is_new);
    }
    let roots = running.shared.client_tls.roots_of_issuers();
    let roots = roots.map_or_else(|_| Vec::new(), |roots| roots.roots);
    let known = roots
        .iter()
        .map(|root| KnownIssuer::new(&root.subject, &root.subject_public_key_info));
    let known: Vec<KnownIssuer> = known.collect();
    let shelf = feeds.shelf.clone();
    let files = manifest.files.clone();
    let filters = blocking(move || all(&shelf, &files, known)).await?;
    Ok(Found {
        manifest,
        filters,
        fetched,
    })
}

/// Reads a file that is not on the shelf yet, and puts it there: how many octets it has, and whether it
/// was read.
async fn one(
    reader: &Reader<'_>,
    shelf: &Shelf,
    source: &UpkiSource,
    file: &FilterFile,
    octets_max: usize,
) -> Result<(usize, bool), ReadError> {
    let (kept, sha256) = (shelf.clone(), file.sha256);
    let known = blocking(move || Ok(kept.filter(sha256).ok().map(|octets| octets.len()))).await?;
    if let Some(octets) = known {
        return Ok((octets, false));
    }
    let of_file = |error: ReadError| ReadError {
        problem: format!("{}: {}", file.name, error.problem),
        ..error
    };
    let limit = octets_max.min(FILTER_OCTETS_MAX);
    let octets = reader.large(&source.file(&file.name), limit).await;
    let octets = octets.map_err(of_file)?;
    let (shelf, count) = (shelf.clone(), octets.len());
    let kept = move || {
        if sha2::Sha256::digest(&octets)[..] != sha256.0 {
            return Err(ReadError::plain(format!(
                "it is not what {MANIFEST} says, by its SHA-256: cut off, changed on the way, or \
                 replaced this moment"
            )));
        }
        // What cannot be read is not kept.
        Filters::default().add(&octets).map_err(ReadError::plain)?;
        shelf
            .save_filter(sha256, &octets)
            .map_err(|error| ReadError::plain(chain(&error)))
    };
    blocking(kept).await.map_err(of_file)?;
    Ok((count, true))
}

/// The filters as they are on the shelf.
fn all(shelf: &Shelf, files: &[FilterFile], known: Vec<KnownIssuer>) -> Result<Filters, ReadError> {
    let mut filters = Filters::default();
    for file in files {
        let octets = shelf.filter(file.sha256);
        let octets = octets.map_err(|error| ReadError::plain(chain(&error)))?;
        filters.add(&octets).map_err(ReadError::plain)?;
    }
    filters.know(known);
    Ok(filters)
}

/// A file of some megabytes takes a while.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(ReadError::plain)?
}

fn tell_taken(entry: &Entry, fetched: u64, events: &Events) {
    if let Some(filters) = &entry.state.filters {
        events.emit(Event::RevocationFiltersTaken {
            feed: entry.name.clone(),
            source: entry.spec.source.to_string(),
            made: made(filters.made_unix_ms),
            filters: filters.files.len() as u64,
            fetched,
            issuers: filters.issuers,
            logs: filters.logs,
            covered_until: made(filters.covered_until_unix_ms),
        });
    }
}

/// Looks whether the filters have become stale, tells of it, and does what the feed says of such.
pub(super) fn look_for_stale(entry: &mut Entry, events: &Events, now: u64) {
    if !entry.state.look_for_stale_filters(&entry.spec, now) {
        return;
    }
    let meaning = match &entry.spec.source {
        UntrustedSource::Upki(upki) if upki.stale == WhenStale::Refuse => {
            "every certificate that they speak for is refused until there are newer ones"
        }
        _ => "what they say is revoked stays refused, everything else passes",
    };
    if let Some(filters) = &entry.state.filters {
        events.emit(Event::RevocationFiltersStale {
            feed: entry.name.clone(),
            source: entry.spec.source.to_string(),
            made: made(filters.made_unix_ms),
            meaning: meaning.to_owned(),
        });
    }
}
