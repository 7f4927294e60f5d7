//! Collecting what a forecast is made from: certificates as transport holds them, key files, the
//! sizes of Mailward's own files, the bounds that follow from the settings.
//!
//! What cannot be looked at becomes a gap in the forecast. Never here: reading a key's octets into
//! anything that is kept or told.

use std::{
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::forecast::{ForecastGap, ForecastKind},
};
use mailward_model::{
    ObjectId,
    kind::{FeedSource, SenderFeed, UntrustedFeed},
};
use mailward_perimeter::Shelf;
use mailward_tls::untrusted::feed;

use super::{
    Bound, CertificateEnd, Feed, Inputs, KEY_AGE_DAYS_MAX, KeyFile, NodeCertificate,
    PROBE_KEY_AGE_DAYS_MAX, QUEUE_MESSAGES_MANY, Side, Unit,
};
use crate::{engine::definition::Place, probe::peers};

/// How long transport may take to list its certificates.
const ASK_MAX: Duration = Duration::from_secs(2);
/// Octets of a file in which a private key is looked for.
const KEY_LOOK_OCTETS: u64 = 64 << 10;
/// Files of the certificate folder looked at.
const KEY_FILES_MAX: usize = 1_000;
/// Entries of a folder whose sizes are added up.
const SIZE_ENTRIES_MAX: usize = 10_000;
/// Size of the repair ledger beyond which a start of the manager takes seconds.
const LEDGER_OCTETS_MANY: i64 = 64 << 20;
/// Size of the store beyond which a copy of it takes minutes.
const STORE_OCTETS_MANY: i64 = 4 << 30;
/// Size of the tracking log beyond which a search takes minutes.
const TRACKING_OCTETS_MANY: i64 = 50 << 30;
/// A sync this slow holds up every accepted message.
const SYNC_US_SLOW: i64 = 2_000_000;
/// Files that must be possible to make.
const INODES_MIN: i64 = 1_000;

/// Where to look.
#[derive(Debug, Clone)]
pub struct Places {
    /// Sockets of the running roles.
    pub run_dir: PathBuf,
    /// Ledger, history, the key of probes.
    pub health_dir: PathBuf,
    /// Everything that is kept.
    pub data_dir: PathBuf,
    /// Certificates and their keys.
    pub certificate_dir: PathBuf,
    /// Files of the certificates that nodes know each other by.
    pub node_certificates: Vec<PathBuf>,
}

/// The settings that bounds follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Free octets below which mail is refused.
    pub min_free_octets: u64,
    /// The age at which mail is returned.
    pub message_expiration_ms: u64,
}

/// Collects everything but the series.
pub async fn gather(places: &Places, limits: Limits) -> Inputs<'static> {
    let mut inputs = Inputs {
        bounds: bounds(limits),
        ..Inputs::default()
    };
    let transport = Role::Transport.socket(&places.run_dir);
    match control::call(&transport, &ControlRequest::CertList, ASK_MAX).await {
        Ok(ControlReply::Certificates(list)) => {
            let ends = list.certificates.into_iter().map(|held| CertificateEnd {
                not_after_unix_ms: held.not_after_unix_ms.max(0).unsigned_abs(),
                file: held.file,
                used_by: held.used_by,
                names: held.names,
            });
            inputs.certificates = ends.collect();
        }
        Ok(_) => inputs
            .gaps
            .push(gap("certificates", "transport answered something else")),
        Err(error) => {
            let because = error.into_fault(Role::Transport.name()).error;
            inputs.gaps.push(gap("certificates", &because));
        }
    }
    let here = places.clone();
    // Reading folders blocks on the disk.
    let read = tokio::task::spawn_blocking(move || (keys(&here), node_certificates(&here))).await;
    if let Ok(((keys, gaps), (node_certificates, more))) = read {
        inputs.keys = keys;
        inputs.node_certificates = node_certificates;
        inputs.gaps.extend(gaps.into_iter().chain(more));
    }
    inputs
}

/// The certificates that nodes know each other by.
fn node_certificates(places: &Places) -> (Vec<NodeCertificate>, Vec<ForecastGap>) {
    let (mut all, mut gaps) = (Vec::new(), Vec::new());
    for path in &places.node_certificates {
        match peers::first_end(path) {
            Ok(end) => all.push(NodeCertificate {
                file: end.file,
                subject: end.subject,
                not_after_unix_ms: end.not_after_unix_ms.max(0).unsigned_abs(),
            }),
            Err(error) => gaps.push(gap(&path.display().to_string(), &error.to_string())),
        }
    }
    (all, gaps)
}

/// The lists of sender feeds that are not confirmed any more: each is too old some day, unless that
/// is mended. Blocks on the disk.
pub fn feeds(places: &Places, known: &[(ObjectId, String, SenderFeed)]) -> Vec<Feed> {
    let shelf = Shelf::new(places.data_dir.join("perimeter"));
    let found = known.iter().filter_map(|(id, name, feed)| {
        // What cannot be read is told by the monitor of the feed.
        let state = shelf.load(*id).ok().flatten()?;
        state.failing_since_unix_ms?;
        let updated_unix_ms = state.confirmed_unix_ms?;
        let is_typed_in = matches!(feed.source, FeedSource::Ranges(_));
        (!is_typed_in).then(|| Feed {
            word: "feed",
            name: name.clone(),
            updated_unix_ms,
            stale_after_ms: u64::try_from(feed.max_age.get().as_millis()).unwrap_or(u64::MAX),
        })
    });
    found.collect()
}

/// The same of the feeds of the untrusted list that are in use. Blocks on the disk.
pub fn untrusted_feeds(places: &Places, known: &[(ObjectId, String, UntrustedFeed)]) -> Vec<Feed> {
    let shelf = feed::Shelf::new(places.data_dir.join("untrusted"));
    let found = known.iter().filter_map(|(id, name, feed)| {
        let state = shelf.load(*id).ok().flatten()?;
        state.failing_since_unix_ms?;
        Some(Feed {
            word: "untrusted feed",
            name: name.clone(),
            updated_unix_ms: state.confirmed_unix_ms?,
            stale_after_ms: u64::try_from(feed.max_age.get().as_millis()).unwrap_or(u64::MAX),
        })
    });
    found.collect()
}

fn gap(what: &str, because: &str) -> ForecastGap {
    ForecastGap {
        what: what.to_owned(),
        because: because.to_owned(),
    }
}

fn key(path: &Path, age_days_max: u64, renew: &str) -> std::io::Result<KeyFile> {
    let meta = fs::metadata(path)?;
    let written = meta.modified()?.duration_since(UNIX_EPOCH);
    Ok(KeyFile {
        path: path.display().to_string(),
        written_unix_ms: written.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        }),
        mode: meta.permissions().mode(),
        age_days_max,
        renew: renew.to_owned(),
    })
}

/// Key files: that of the probes, and each file of the certificate folder that holds a private key.
fn keys(places: &Places) -> (Vec<KeyFile>, Vec<ForecastGap>) {
    let (mut keys, mut gaps) = (Vec::new(), Vec::new());
    let of_probes = places.health_dir.join("probe.key");
    match key(
        &of_probes,
        PROBE_KEY_AGE_DAYS_MAX,
        "Remove the file and restart Mailward: a new key is made.",
    ) {
        Ok(found) => keys.push(found),
        Err(error) => gaps.push(gap("the key of probes", &error.to_string())),
    }
    let entries = match fs::read_dir(&places.certificate_dir) {
        Ok(entries) => entries,
        Err(error) => {
            gaps.push(gap("keys of certificates", &error.to_string()));
            return (keys, gaps);
        }
    };
    for entry in entries.take(KEY_FILES_MAX).flatten() {
        let path = entry.path();
        // Files that begin with a dot are not served.
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || !path.is_file() {
            continue;
        }
        let renew = "Make a new key with the next certificate: most tools reuse the old one unless told otherwise.";
        match holds_key(&path).and_then(|holds| {
            holds
                .then(|| key(&path, KEY_AGE_DAYS_MAX, renew))
                .transpose()
        }) {
            Ok(found) => keys.extend(found),
            Err(error) => gaps.push(gap(&path.display().to_string(), &error.to_string())),
        }
    }
    keys.sort_by(|a, b| a.path.cmp(&b.path));
    (keys, gaps)
}

fn holds_key(path: &Path) -> std::io::Result<bool> {
    let mut octets = Vec::new();
    fs::File::open(path)?
        .take(KEY_LOOK_OCTETS)
        .read_to_end(&mut octets)?;
    let mark = b"PRIVATE KEY-----";
    Ok(octets.windows(mark.len()).any(|window| window == mark))
}

/// Octets of Mailward's own files, by the name of their series. Blocks on the disk.
pub fn sizes(places: &Places) -> Vec<(&'static str, i64)> {
    let file = |path: PathBuf| fs::metadata(path).map_or(0, |meta| meta.len());
    let folder = |path: PathBuf| {
        let entries = fs::read_dir(path).into_iter().flatten();
        let lengths = entries.take(SIZE_ENTRIES_MAX).flatten();
        lengths
            .filter_map(|entry| entry.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|meta| meta.len())
            .sum::<u64>()
    };
    let store = ["store.db", "store.db-wal"].map(|name| file(places.data_dir.join(name)));
    [
        (
            "files/ledger_octets",
            file(places.health_dir.join("ledger.jsonl")),
        ),
        ("files/store_octets", store.iter().sum()),
        (
            "files/tracking_octets",
            folder(places.data_dir.join("tracking")),
        ),
    ]
    .map(|(name, octets)| (name, i64::try_from(octets).unwrap_or(i64::MAX)))
    .to_vec()
}

fn bounds(limits: Limits) -> Vec<Bound> {
    let bound = |series: &str, kind, bound, side, unit, what: &str, mend: &str| Bound {
        series: series.to_owned(),
        kind,
        bound,
        side,
        what: what.to_owned(),
        mend: mend.to_owned(),
        unit,
        may_be_absent: false,
    };
    let most = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut all = disks(most(limits.min_free_octets));
    all.extend([
        bound(
            "queue/messages",
            ForecastKind::Queue,
            QUEUE_MESSAGES_MANY,
            Side::Below,
            Unit::Count,
            "A million messages wait in the queue",
            "Look with `mailward queue list` which next hop does not take its mail.",
        ),
        bound(
            "queue/oldest_age_ms",
            ForecastKind::Queue,
            most(limits.message_expiration_ms),
            Side::Below,
            Unit::Ms,
            "The oldest message is as old as message_expiration: mail is returned to its senders",
            "Look with `mailward queue list` what waits and why.",
        ),
        bound(
            "queue/sync_us",
            ForecastKind::Disk,
            SYNC_US_SLOW,
            Side::Below,
            Unit::Us,
            "A sync of the queue takes two seconds: every accepted message waits for it",
            "Look at the disk's health and at what else uses it.",
        ),
        bound(
            "files/ledger_octets",
            ForecastKind::File,
            LEDGER_OCTETS_MANY,
            Side::Below,
            Unit::Octets,
            "The repair ledger is so long that starting takes seconds",
            "Restart the manager at a quiet time: it shortens the ledger at start.",
        ),
        bound(
            "files/store_octets",
            ForecastKind::File,
            STORE_OCTETS_MANY,
            Side::Below,
            Unit::Octets,
            "The store is so large that a copy of it takes minutes",
            "Look with `mailward event list` which event is raised so often.",
        ),
        bound(
            "files/tracking_octets",
            ForecastKind::File,
            TRACKING_OCTETS_MANY,
            Side::Below,
            Unit::Octets,
            "The tracking log is so large that a search takes minutes",
            "Move old files of the tracking folder elsewhere.",
        ),
    ]);
    all
}

/// Room on the file system of each place, in octets and in files. All but that of the data folder are
/// measured only where they lie on one of their own.
fn disks(min_free_octets: i64) -> Vec<Bound> {
    let each = Place::ALL.into_iter().flat_map(|place| {
        let (folder, full, many) = match place {
            Place::Data => (
                "the data folder",
                "is too full to take mail",
                "Look which folder has so many files, often a Maildir that nobody empties.",
            ),
            Place::Queue => (
                "the queue",
                "is too full to take mail",
                "Look with `mailward queue list` what waits, and what else lies there.",
            ),
            Place::Mail => (
                "the Maildirs",
                "is too full to deliver mail into them",
                "Look which Maildir nobody empties.",
            ),
            Place::Log => (
                "what is written about the past",
                "is too full to write events",
                "Move old files of events, tracking and audit elsewhere.",
            ),
        };
        let bound = |measure: &str, bound, unit, what: String, mend: &str| Bound {
            series: format!("{}/{measure}", place.probe()),
            kind: ForecastKind::Disk,
            bound,
            side: Side::Above,
            what,
            mend: mend.to_owned(),
            unit,
            may_be_absent: place != Place::Data,
        };
        [
            bound(
                "free_octets",
                min_free_octets,
                Unit::Octets,
                format!("The file system of {folder} {full}"),
                "Free space or give the file system more; from min_free_space on mail is refused with 452.",
            ),
            bound(
                "free_inodes",
                INODES_MIN,
                Unit::Count,
                format!("The file system of {folder} has no room for more files"),
                many,
            ),
        ]
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(dir: &Path) -> Places {
        Places {
            run_dir: dir.join("run"),
            health_dir: dir.join("health"),
            data_dir: dir.to_owned(),
            certificate_dir: dir.join("certificates"),
            node_certificates: vec![dir.join("node.pem")],
        }
    }

    #[tokio::test]
    async fn what_cannot_be_looked_at_is_a_gap() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            min_free_octets: 1,
            message_expiration_ms: 1,
        };
        let inputs = gather(&places(dir.path()), limits).await;
        let gaps: Vec<&str> = inputs.gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(
            gaps,
            [
                "certificates",
                "the key of probes",
                "keys of certificates",
                dir.path().join("node.pem").to_str().unwrap()
            ]
        );
    }

    #[test]
    fn every_file_system_that_is_one_of_its_own_is_looked_at() {
        let bounds = bounds(Limits {
            min_free_octets: 7,
            message_expiration_ms: 1,
        });
        for place in Place::ALL {
            for measure in ["free_octets", "free_inodes"] {
                let series = format!("{}/{measure}", place.probe());
                let found = bounds.iter().find(|one| one.series == series);
                assert_eq!(
                    found.map(|one| one.may_be_absent),
                    Some(place != Place::Data),
                    "{series}"
                );
            }
        }
    }

    #[test]
    fn an_untrusted_feed_that_fails_is_too_old_some_day() {
        use mailward_model::kind::{CrlSource, UntrustedSource};

        let dir = tempfile::tempdir().unwrap();
        let places = places(dir.path());
        let folder = places.data_dir.join("untrusted");
        fs::create_dir_all(&folder).unwrap();
        let shelf = feed::Shelf::new(folder);
        let feed = UntrustedFeed::new(UntrustedSource::Crl(CrlSource::default()));
        let known = [(ObjectId(9), "CRLs".to_owned(), feed)];
        let mut state = feed::FeedState::default();
        state.confirmed_unix_ms = Some(5);
        shelf.save(ObjectId(9), &state).unwrap();
        assert!(untrusted_feeds(&places, &known).is_empty(), "it is well");
        state.failing_since_unix_ms = Some(6);
        shelf.save(ObjectId(9), &state).unwrap();
        let found = untrusted_feeds(&places, &known);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].word, found[0].updated_unix_ms),
            ("untrusted feed", 5)
        );
    }

    #[test]
    fn a_feed_that_fails_is_too_old_some_day() {
        use mailward_perimeter::FeedState;

        let dir = tempfile::tempdir().unwrap();
        let places = places(dir.path());
        let shelf = Shelf::new(places.data_dir.join("perimeter"));
        let list = "/srv/senders.txt".parse().unwrap();
        let feed = SenderFeed::new(FeedSource::List(list));
        let mut state = FeedState::default();
        state.confirm(5);
        let known = [(ObjectId(7), "EOP".to_owned(), feed.clone())];
        assert!(feeds(&places, &known).is_empty(), "nothing is known yet");
        fs::create_dir_all(places.data_dir.join("perimeter")).unwrap();
        shelf.save(ObjectId(7), &state).unwrap();
        assert!(feeds(&places, &known).is_empty(), "it is well");
        state.failing_since_unix_ms = Some(6);
        shelf.save(ObjectId(7), &state).unwrap();
        let found = feeds(&places, &known);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].updated_unix_ms, 5);
        assert_eq!(
            u128::from(found[0].stale_after_ms),
            feed.max_age.get().as_millis()
        );
    }

    #[test]
    fn keys_are_found_by_what_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let places = places(dir.path());
        for folder in [&places.health_dir, &places.certificate_dir] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(places.health_dir.join("probe.key"), [0; 32]).unwrap();
        let in_folder = |name: &str, text: &str| {
            fs::write(places.certificate_dir.join(name), text).unwrap();
        };
        in_folder("a.pem", "-----BEGIN CERTIFICATE-----\n");
        in_folder("b.pem", "-----BEGIN EC PRIVATE KEY-----\n");
        in_folder(".c.pem", "-----BEGIN PRIVATE KEY-----\n");
        let (keys, gaps) = keys(&places);
        assert!(gaps.is_empty(), "{gaps:?}");
        let names: Vec<&str> = keys
            .iter()
            .filter_map(|key| key.path.rsplit('/').next())
            .collect();
        assert_eq!(names, ["b.pem", "probe.key"]);
        let age = keys.iter().map(|key| key.age_days_max).max();
        assert_eq!(age, Some(KEY_AGE_DAYS_MAX));
    }
}
