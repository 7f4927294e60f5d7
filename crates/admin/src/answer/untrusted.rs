//! Untrusted certificates: added and removed as objects, compared with files and with the past.

use std::collections::HashMap;

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::request::{self, CertificateFile},
    view::{
        Changed, UntrustedList, UntrustedPeer, UntrustedReplay, UntrustedTest, UntrustedTested,
        UntrustedView, untrusted::PEERS_MAX,
    },
};
use mailward_events::tracking::{self, Entry, EventId, Query};
use mailward_model::{
    Kind, Object, ObjectId,
    kind::UntrustedCertificate,
    object::{NAME_OCTETS_MAX, SpecOf, Validate},
};
use mailward_store::{Change, Store, text};
use mailward_tls::{
    CertificateFacts,
    untrusted::{self, Origin, UntrustedList as Entries, mark},
};

use super::{
    Access, blocking, failed, unknown,
    untrusted_feed::{Depth, Scene, filters_of},
};
use crate::peer::Peer;

/// Certificates of one file.
const CERTIFICATES_MAX: usize = 100;
const DAY_MS: u64 = 86_400_000;
/// Lines are looked through in times of this length, so that few are held at once.
const WINDOW_MS: u64 = DAY_MS / 4;
/// Lines of one such time.
const LINES_MAX: usize = 200_000;

/// The certificates of a file: DER, and what they say.
fn certificates(file: &CertificateFile) -> Result<Vec<(Vec<u8>, CertificateFacts)>, Fault> {
    let wrong = |problem: String| {
        Fault::invalid(problem, "give a certificate, PEM or DER").at("certificate")
    };
    let all = mailward_tls::pem_certificates(&file.0)
        .map_err(|error| wrong(format!("the file cannot be read: {error}")))?;
    if all.is_empty() {
        return Err(wrong("the file holds no certificate".to_owned()));
    }
    all.into_iter()
        .take(CERTIFICATES_MAX)
        .map(|der| {
            let facts = CertificateFacts::of_der(&der).map_err(&wrong)?;
            Ok((der.to_vec(), facts))
        })
        .collect()
}

/// The entry for a certificate: by its SHA-256 and by issuer and serial number, or by its key.
fn entry_of(facts: &CertificateFacts, key: bool, reason: &str) -> UntrustedCertificate {
    let mut entry = UntrustedCertificate {
        subject: facts.subject.clone(),
        reason: reason.to_owned(),
        ..UntrustedCertificate::default()
    };
    if key {
        entry.spki_sha256 = facts.spki_sha256.parse().ok();
        return entry;
    }
    entry.sha256 = facts.fingerprint.parse().ok();
    // A name that cannot be written so that it is read as the same is left to the digest.
    if !facts.issuer.is_empty() && facts.issuer.contains('=') {
        entry.serial = facts.serial.parse().ok();
        entry.issuer = entry.serial.as_ref().map(|_| facts.issuer.clone());
    }
    entry
}

fn wanted(r: &request::UntrustedAdd) -> Result<UntrustedCertificate, Fault> {
    let entry = match &r.certificate {
        Some(file) => {
            let all = certificates(file)?;
            let leaf = all.first().map(|(_, facts)| facts);
            leaf.map(|facts| entry_of(facts, r.key, &r.reason))
                .unwrap_or_default()
        }
        None => UntrustedCertificate {
            issuer: r.issuer.clone(),
            serial: r.serial.clone(),
            sha256: r.sha256,
            spki_sha256: r.spki_sha256,
            subject: String::new(),
            reason: r.reason.clone(),
        },
    };
    match entry.validate() {
        errors if errors.is_empty() => Ok(entry),
        errors => Err(Fault::broken_rules("the entry", errors)),
    }
}

/// A name for an entry that was given none: of its subject and what it is known by.
fn name_of(entry: &UntrustedCertificate) -> String {
    let digest = entry.sha256.or(entry.spki_sha256);
    let known_by = match (digest, &entry.serial) {
        (Some(digest), _) => digest.to_string().chars().take(16).collect(),
        (None, Some(serial)) => serial.to_string(),
        (None, None) => String::new(),
    };
    let common = entry
        .subject
        .split(", ")
        .find_map(|part| part.strip_prefix("CN="))
        .unwrap_or_default();
    let name: String = format!("{common} {known_by}")
        .trim()
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\') {
                '-'
            } else {
                c
            }
        })
        .collect();
    let name = name.trim_start_matches('.');
    name.get(..name.floor_char_boundary(NAME_OCTETS_MAX))
        .unwrap_or_default()
        .to_owned()
}

fn view(
    name: &str,
    entry: &UntrustedCertificate,
    built_in: bool,
    feed: Option<&str>,
) -> UntrustedView {
    let text = |value: Option<String>| value.unwrap_or_default();
    UntrustedView {
        name: name.to_owned(),
        built_in,
        subject: entry.subject.clone(),
        issuer: text(entry.issuer.clone()),
        serial: text(entry.serial.as_ref().map(ToString::to_string)),
        sha256: text(entry.sha256.map(|digest| digest.to_string())),
        spki_sha256: text(entry.spki_sha256.map(|digest| digest.to_string())),
        reason: entry.reason.clone(),
        feed: feed.map(str::to_owned),
    }
}

/// The list as it is now, and one entry more.
fn entries(scene: &Scene, candidate: Option<&UntrustedCertificate>) -> Entries {
    let kept = scene.objects.iter().filter_map(|object| {
        let spec = UntrustedCertificate::of(&object.spec)?;
        Some((object.name.as_str(), spec))
    });
    let list = Entries::new(kept.chain(candidate.map(|entry| ("(asked about)", entry))));
    list.with(scene.feeds.iter().filter_map(|one| one.layer.clone()))
}

/// What is counted of a peer.
type Key = (String, String, String, String, &'static str);

/// Counts the lines of the past by who would have been refused.
struct Count<'a> {
    list: &'a Entries,
    peers: HashMap<Key, (u64, u64, u64)>,
    looked_at: u64,
    without: u64,
}

impl Count<'_> {
    fn take(&mut self, entry: &Entry<'_>) {
        let (direction, host, ip) = match entry.event_id {
            EventId::Receive => ("in", &entry.client_hostname, entry.client_ip),
            EventId::Send | EventId::Defer | EventId::Fail => {
                ("out", &entry.server_hostname, entry.server_ip)
            }
            _ => return,
        };
        if !entry.custom_data.contains("TlsVersion=") {
            return;
        }
        let path = mark::read(&entry.custom_data);
        if path.is_empty() {
            self.without += 1;
            return;
        }
        self.looked_at += 1;
        let Some(hit) = self.list.find_known(&path) else {
            return;
        };
        let peer = match ip {
            Some(ip) => format!("{host} [{ip}]"),
            None => host.to_string(),
        };
        let key = (
            direction.to_owned(),
            entry.connector_id.to_string(),
            peer,
            hit.entry.name.clone(),
            hit.by.describe(),
        );
        let seen = self.peers.entry(key).or_insert((0, entry.unix_ms, 0));
        seen.0 += 1;
        seen.1 = seen.1.min(entry.unix_ms);
        seen.2 = seen.2.max(entry.unix_ms);
    }

    fn peers(self) -> Vec<UntrustedPeer> {
        let mut peers: Vec<UntrustedPeer> = self
            .peers
            .into_iter()
            .map(
                |((direction, connector, peer, entry, by), (count, first, last))| UntrustedPeer {
                    direction,
                    connector,
                    peer,
                    entry,
                    by: by.to_owned(),
                    count,
                    first_unix_ms: first,
                    last_unix_ms: last,
                },
            )
            .collect();
        peers.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.peer.cmp(&b.peer)));
        peers.truncate(PEERS_MAX);
        peers
    }
}

pub(super) fn untrusted_objects(store: &Store) -> Result<Vec<Object>, Fault> {
    store
        .in_force(Kind::UntrustedCertificate)
        .map_err(|error| failed(&error))
}

impl Access {
    pub(super) async fn untrusted_list(&self) -> Result<UntrustedList, Fault> {
        let (store, shelf) = (self.store.clone(), self.untrusted.clone());
        let now = self.now();
        blocking(move || {
            let scene = Scene::read(&store, &shelf, Depth::States)?;
            let filters = scene.feeds.iter().filter_map(|feed| feed.filters(now));
            let filters = filters.collect();
            let own = scene.objects.iter().filter_map(|object| {
                let spec = UntrustedCertificate::of(&object.spec)?;
                Some(view(&object.name, spec, false, None))
            });
            let of_feeds = scene.feeds.iter().flat_map(|feed| {
                let listed = feed.state.in_force.iter().flat_map(|one| &one.list.entries);
                listed.map(|one| {
                    let name = format!("{}/{}", feed.name, one.name);
                    view(&name, &one.certificate, false, Some(&feed.name))
                })
            });
            let built_in =
                untrusted::built_in().map(|(name, entry)| view(name, &entry, true, None));
            Ok(UntrustedList {
                entries: own.chain(of_feeds).chain(built_in).collect(),
                filters,
            })
        })
        .await
    }

    pub(super) async fn untrusted_add(
        &self,
        r: request::UntrustedAdd,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let entry = wanted(&r)?;
            let name = r.name.clone().unwrap_or_else(|| name_of(&entry));
            let known = access
                .store
                .get(Kind::UntrustedCertificate, &name)
                .map_err(|error| failed(&error))?;
            if known.is_some() {
                return Err(Fault::new(
                    FaultKind::Conflict,
                    format!("there is an entry {name:?} already"),
                    "remove it first, or say another --name",
                ));
            }
            let text = format!(
                "{name:?} is refused by every role within a second; sessions that showed it are cut."
            );
            let spec = entry.into();
            let effect = text::effect(&name, None, Some(&spec));
            access.carry_out(vec![Change::create(name, spec)], &[effect], peer)?;
            Ok(Changed::nothing(1, text))
        })
        .await
    }

    pub(super) async fn untrusted_remove(
        &self,
        name: String,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let all = untrusted_objects(&access.store)?;
            let named = |object: &&Object| object.name.eq_ignore_ascii_case(&name);
            let Some(object) = all.iter().find(named) else {
                if untrusted::built_in().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    return Err(Fault::new(
                        FaultKind::Refused,
                        format!("{name:?} is built in"),
                        "it stays: no certificate that anyone uses is refused by it",
                    ));
                }
                let known: Vec<&str> = all.iter().map(|object| object.name.as_str()).collect();
                let list = "`mailward untrusted list` shows them";
                return Err(unknown("untrusted certificate", &name, &known, list));
            };
            if object.id == ObjectId(0) {
                return Err(Fault::new(
                    FaultKind::Refused,
                    format!("{:?} is there by a policy", object.name),
                    "take it out of the policy, or remove the policy",
                ));
            }
            let effect = text::effect(&object.name, Some(&object.spec), None);
            let text = format!("{:?} is refused no more.", object.name);
            access.carry_out(vec![Change::remove(object)], &[effect], peer)?;
            Ok(Changed::nothing(1, text))
        })
        .await
    }

    pub(super) async fn untrusted_test(
        &self,
        r: request::UntrustedTest,
    ) -> Result<UntrustedTest, Fault> {
        let (store, shelf) = (self.store.clone(), self.untrusted.clone());
        blocking(move || {
            let scene = Scene::read(&store, &shelf, Depth::Filters)?;
            let list = entries(&scene, None);
            // One of the file may be the issuer of another.
            let (path, facts): (Vec<Vec<u8>>, Vec<CertificateFacts>) =
                certificates(&r.certificate)?.into_iter().unzip();
            let certificates = facts
                .into_iter()
                .zip(&path)
                .enumerate()
                .map(|(at, (facts, der))| {
                    let hit = list.find_at(&path, at);
                    let feed = match hit.map(|hit| &hit.entry.origin) {
                        Some(Origin::Feed(feed)) => Some(feed.clone()),
                        _ => None,
                    };
                    UntrustedTested {
                        feed,
                        crls: scene.crls_of(&shelf, der),
                        filters: filters_of(&scene, &path, at),
                        entry: hit.map(|hit| hit.entry.name.clone()),
                        by: hit.map_or("", |hit| hit.by.describe()).to_owned(),
                        reason: hit.map_or("", |hit| hit.entry.reason.as_str()).to_owned(),
                        subject: facts.subject,
                        issuer: facts.issuer,
                        serial: facts.serial,
                        sha256: facts.fingerprint,
                        spki_sha256: facts.spki_sha256,
                    }
                })
                .collect();
            Ok(UntrustedTest { certificates })
        })
        .await
    }

    pub(super) async fn untrusted_replay(
        &self,
        r: request::UntrustedReplay,
    ) -> Result<UntrustedReplay, Fault> {
        let (store, shelf) = (self.store.clone(), self.untrusted.clone());
        let (tracking_dir, end) = (self.tracking_dir.clone(), self.now());
        blocking(move || {
            let candidate = match &r.candidate {
                Some(file) => certificates(file)?
                    .first()
                    .map(|(_, facts)| entry_of(facts, false, "asked about")),
                None => None,
            };
            // The tracking log keeps nothing that filters could be asked about.
            let scene = Scene::read(&store, &shelf, Depth::Lists)?;
            let list = entries(&scene, candidate.as_ref());
            let mut count = Count {
                list: &list,
                peers: HashMap::new(),
                looked_at: 0,
                without: 0,
            };
            let mut complete = true;
            let begin = end.saturating_sub(u64::from(r.days) * DAY_MS);
            let mut from = begin;
            while from <= end {
                let until = from.saturating_add(WINDOW_MS - 1).min(end);
                let query = Query {
                    since_unix_ms: Some(from),
                    until_unix_ms: Some(until),
                    limit: LINES_MAX,
                    ..Query::default()
                };
                let lines =
                    tracking::search(&tracking_dir, &query).map_err(|error| failed(&error))?;
                complete &= lines.len() < LINES_MAX;
                lines.iter().for_each(|line| count.take(line));
                from = until.saturating_add(1);
            }
            Ok(UntrustedReplay {
                days: r.days,
                looked_at: count.looked_at,
                without: count.without,
                complete,
                refused: count.peers(),
            })
        })
        .await
    }
}
