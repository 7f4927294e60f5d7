//! The folder of certificates as a running part: loaded, watched, and asked once per connection.
//!
//! The hot path ([`Certificates::server_config`]) reads a cached decision under a read lock; it is
//! made anew only when the folder, the connector's needs or the time (a certificate begins or ends)
//! asks for it. Notices are given when a connector's state changes.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use mailward_events::Events;
use mailward_host::clock::Clock;
use mailward_model::{Decision, Domain};
use parking_lot::{Mutex, RwLock};
use rustls::{ServerConfig, crypto::CryptoProvider};
use serde::Serialize;

use crate::{
    certificate::{CertificateFacts, CertificateRef, Validity},
    choose::{Choice, ConnectorNeeds, ShownBy, choose_trusted},
    expiry::{Told, expiry_notices},
    folder::{Contents, Listing},
    notice::Notice,
    server::provider,
    set::{CertificateSet, Changes, FileProblem},
    untrusted::Untrusted,
};

/// How often [`Certificates::watch`] looks at the folder.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A row of `cert list`: a certificate, or a file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateView {
    /// The file, relative to the folder.
    pub file: String,
    /// What is known of the certificate; `None` where the file holds none that can be read.
    pub certificate: Option<CertificateFacts>,
    /// Where now lies relative to its validity.
    pub validity: Option<Validity>,
    /// True where a connector whose name fits may serve it.
    pub servable: bool,
    /// The entry by which it is untrusted here, where it is.
    pub untrusted: Option<String>,
    /// What is wrong with the file.
    pub problems: Vec<FileProblem>,
}

/// The decision in force for one connector.
struct Served {
    fqdn: Domain,
    pin: Option<String>,
    /// The set it was made from.
    set: Arc<CertificateSet>,
    /// The span of time it holds for, Unix milliseconds, both ends included.
    holds: (u64, u64),
    /// The list of untrusted certificates that it was made by.
    generation: u64,
    certificate: Option<CertificateRef>,
    /// What was told of it last, so that nothing is told twice.
    told: Vec<Notice>,
}

impl Served {
    fn answers(
        &self,
        needs: &ConnectorNeeds<'_>,
        set: &Arc<CertificateSet>,
        (now, generation): (u64, u64),
    ) -> bool {
        Arc::ptr_eq(&self.set, set)
            && self.generation == generation
            && self.fqdn == *needs.fqdn
            && self.pin.as_deref() == needs.pin
            && (self.holds.0..=self.holds.1).contains(&now)
    }
}

struct Inner {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    tell: Box<dyn Fn(Notice) + Send + Sync>,
    provider: Arc<CryptoProvider>,
    untrusted: Untrusted,
    set: ArcSwap<CertificateSet>,
    /// By receive connector.
    served: RwLock<HashMap<String, Served>>,
    /// The same by send connector.
    shown: RwLock<HashMap<String, Served>>,
    /// Held while the folder is read; the listing it was last read by.
    reading: Mutex<Reading>,
    told: Mutex<Told>,
}

/// What the last readings saw.
#[derive(Default)]
struct Reading {
    listing: Listing,
    /// True where a file was so new that an equal stamp does not yet prove equal content.
    fresh: bool,
    /// A listing in which files were missing: acted upon when seen twice.
    lossy: Option<Listing>,
}

/// The certificates held. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("dir", &self.0.dir)
            .finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the folder. It need not exist: until it does, no certificate is held, and a notice
    /// says so. `tell` is called for each [`Notice`]; it must not block.
    pub fn open(
        dir: &Path,
        clock: Arc<dyn Clock>,
        tell: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Self {
        Certificates::open_with(dir, clock, Untrusted::default(), tell)
    }

    fn open_with(
        dir: &Path,
        clock: Arc<dyn Clock>,
        untrusted: Untrusted,
        tell: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Self {
        let certificates = Certificates(Arc::new(Inner {
            dir: dir.to_owned(),
            clock,
            tell: Box::new(tell),
            provider: provider(),
            untrusted,
            set: ArcSwap::default(),
            served: RwLock::default(),
            shown: RwLock::default(),
            reading: Mutex::default(),
            told: Mutex::default(),
        }));
        certificates.reload();
        certificates.tell_expiry();
        certificates
    }

    /// The same, raising the event of each notice that has one, and refusing clients that show a
    /// certificate on this list.
    pub fn with_events(
        dir: &Path,
        clock: Arc<dyn Clock>,
        events: Events,
        untrusted: Untrusted,
    ) -> Self {
        Certificates::open_with(dir, clock, untrusted, move |notice| {
            if let Some(event) = notice.to_event() {
                events.emit(event);
            }
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// The certificates held now.
    pub fn set(&self) -> Arc<CertificateSet> {
        self.0.set.load_full()
    }

    /// Reads the folder now and tells what changed. Blocks on the disk.
    pub fn reload(&self) -> Changes {
        let mut reading = self.0.reading.lock();
        let listing = Listing::of(&self.0.dir);
        self.read(&mut reading, listing)
    }

    fn read(&self, reading: &mut Reading, listing: Listing) -> Changes {
        let contents = Contents::read(&self.0.dir, &listing, &self.0.provider);
        let before = self.0.set.load_full();
        let (set, changes) =
            CertificateSet::assemble(contents, &before, &self.0.provider, &self.0.untrusted);
        reading.fresh = listing.is_fresh(self.0.clock.unix_ms());
        reading.listing = listing;
        reading.lossy = None;
        if !changes.is_empty() || set.problems != before.problems {
            self.0.set.store(Arc::new(set));
            for problem in &changes.problems {
                (self.0.tell)(Notice::File(problem.clone()));
            }
            if !changes.is_empty() {
                (self.0.tell)(Notice::Changed(changes.clone()));
            }
            self.review();
        }
        changes
    }

    /// One look at the folder, as [`watch`](Self::watch) does each second: reads it where it
    /// changed. Blocks on the disk.
    pub fn poll(&self) {
        let mut reading = self.0.reading.lock();
        let listing = Listing::of(&self.0.dir);
        if listing == reading.listing && !reading.fresh {
            reading.lossy = None;
            return;
        }
        // Tools that replace a file by deleting and writing it leave a moment without it. What is
        // gone must be gone for two looks.
        if listing.lost_any_of(&reading.listing) && reading.lossy.as_ref() != Some(&listing) {
            reading.lossy = Some(listing);
            return;
        }
        self.read(&mut reading, listing);
    }

    /// Watches the folder for ever: a changed file serves the next handshake, without a restart.
    /// Also gives the notices that time brings. Run it as a task; dropping it ends the watch.
    pub async fn watch(self) {
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let this = self.clone();
            let look = move || {
                this.poll();
                this.tell_expiry();
                this.review();
            };
            // It ends early only when the runtime does.
            if tokio::task::spawn_blocking(look).await.is_err() {
                return;
            }
        }
    }

    /// Tells of certificates that expire soon or have expired, each stage once.
    fn tell_expiry(&self) {
        let set = self.0.set.load();
        let mut told = self.0.told.lock();
        for notice in expiry_notices(&set, self.0.clock.unix_ms(), &told) {
            told.insert(notice.fingerprint.clone(), notice.stage);
            (self.0.tell)(Notice::Expiry(notice));
        }
        told.retain(|fingerprint, _| {
            set.certificates
                .iter()
                .any(|c| c.facts.fingerprint == *fingerprint)
        });
    }

    fn of(&self, by: ShownBy) -> &RwLock<HashMap<String, Served>> {
        match by {
            ShownBy::Receive => &self.0.served,
            ShownBy::Send => &self.0.shown,
        }
    }

    /// What a decision depends on besides the folder: the time, and the untrusted certificates.
    fn moment(&self) -> (u64, u64) {
        (self.0.clock.unix_ms(), self.0.untrusted.generation())
    }

    /// Makes the decision of every known connector anew where it no longer holds, so that an
    /// administrator hears of it before the next client comes.
    fn review(&self) {
        let (moment, set) = (self.moment(), self.0.set.load_full());
        for by in [ShownBy::Receive, ShownBy::Send] {
            for (connector, entry) in self.of(by).write().iter_mut() {
                let (fqdn, pin) = (entry.fqdn.clone(), entry.pin.clone());
                let needs = ConnectorNeeds {
                    by,
                    connector,
                    fqdn: &fqdn,
                    pin: pin.as_deref(),
                };
                if !entry.answers(&needs, &set, moment) {
                    let told = std::mem::take(&mut entry.told);
                    *entry = self.decide(&needs, &set, moment, &told);
                }
            }
        }
    }

    /// Decides for one connector, and tells what is new.
    fn decide(
        &self,
        needs: &ConnectorNeeds<'_>,
        set: &Arc<CertificateSet>,
        (now, generation): (u64, u64),
        told: &[Notice],
    ) -> Served {
        let choice = self.choose(set, needs, now);
        let certificate = choice.decision.chosen.clone();
        let mut notices: Vec<Notice> = kept_back_notice(needs, &choice).into_iter().collect();
        notices.push(notice_of(needs, choice.decision, now));
        for notice in notices.iter().filter(|one| !told.contains(one)) {
            (self.0.tell)(notice.clone());
        }
        Served {
            fqdn: needs.fqdn.clone(),
            pin: needs.pin.map(str::to_owned),
            set: set.clone(),
            holds: holds(set, now),
            generation,
            certificate,
            told: notices,
        }
    }

    /// The configuration that answers STARTTLS on a connector; `None` where no certificate fits, and
    /// STARTTLS must then not be offered. Cached: call it for each connection.
    pub fn server_config(&self, needs: &ConnectorNeeds<'_>) -> Option<Arc<ServerConfig>> {
        self.served(needs)?.server_config()
    }

    /// The same for a connector that asks clients for a certificate.
    pub fn asking_config(&self, needs: &ConnectorNeeds<'_>) -> Option<Arc<ServerConfig>> {
        self.served(needs)?.asking_config()
    }

    /// The certificate that a send connector shows to a peer that asks for one; `None` where it shows
    /// none. Cached: ask it for each connection.
    pub fn client_certificate(&self, needs: &ConnectorNeeds<'_>) -> Option<CertificateRef> {
        self.served(needs)
            .filter(|certificate| certificate.certified.is_some())
    }

    fn choose(&self, set: &CertificateSet, needs: &ConnectorNeeds<'_>, now: u64) -> Choice {
        choose_trusted(set, needs, now, |one| self.entry_against(one))
    }

    /// The entry by which a certificate of our own is untrusted here.
    fn entry_against(&self, certificate: &CertificateRef) -> Option<String> {
        self.0.untrusted.named(certificate.chain())
    }

    fn served(&self, needs: &ConnectorNeeds<'_>) -> Option<CertificateRef> {
        let moment = self.moment();
        let set = self.0.set.load();
        let of = self.of(needs.by);
        if let Some(entry) = of.read().get(needs.connector)
            && entry.answers(needs, &set, moment)
        {
            return entry.certificate.clone();
        }
        let set = self.0.set.load_full();
        let mut served = of.write();
        let told = match served.get_mut(needs.connector) {
            // Another connection may have decided while this one waited for the lock.
            Some(entry) if entry.answers(needs, &set, moment) => return entry.certificate.clone(),
            Some(entry) => std::mem::take(&mut entry.told),
            None => Vec::new(),
        };
        let entry = self.decide(needs, &set, moment, &told);
        let certificate = entry.certificate.clone();
        served.insert(needs.connector.to_owned(), entry);
        certificate
    }

    /// Forgets connectors that no longer exist, so that nothing is told of them.
    pub fn retain_connectors(&self, by: ShownBy, exists: impl Fn(&str) -> bool) {
        self.of(by).write().retain(|connector, _| exists(connector));
    }

    /// The decision for a connector with its reasons: what `cert explain` prints.
    pub fn explain(&self, needs: &ConnectorNeeds<'_>) -> Choice {
        self.choose(&self.0.set.load(), needs, self.0.clock.unix_ms())
    }

    /// Every certificate and every file with a problem, ordered by file: what `cert list` prints.
    pub fn list(&self) -> Vec<CertificateView> {
        let (set, now) = (self.0.set.load(), self.0.clock.unix_ms());
        let problems_of = |file: &str| -> Vec<FileProblem> {
            set.problems
                .iter()
                .filter(|p| p.file == file)
                .cloned()
                .collect()
        };
        let mut rows: Vec<CertificateView> = set
            .certificates
            .iter()
            .map(|certificate| CertificateView {
                file: certificate.facts.file.clone(),
                validity: Some(certificate.facts.validity(now)),
                servable: certificate.config.is_some(),
                untrusted: self.entry_against(certificate),
                problems: problems_of(&certificate.facts.file),
                certificate: Some(certificate.facts.clone()),
            })
            .collect();
        for problem in &set.problems {
            if !rows.iter().any(|row| row.file == problem.file) {
                rows.push(CertificateView {
                    file: problem.file.clone(),
                    certificate: None,
                    validity: None,
                    servable: false,
                    untrusted: None,
                    problems: problems_of(&problem.file),
                });
            }
        }
        rows.sort_by(|a, b| a.file.cmp(&b.file));
        rows
    }
}

/// The span around `now` within which no certificate begins or ends.
fn holds(set: &CertificateSet, now: u64) -> (u64, u64) {
    let (mut from, mut until) = (0, u64::MAX);
    for facts in set.certificates.iter().map(|c| &c.facts) {
        // The first moment of each new state: valid, and expired.
        for edge in [
            facts.not_before_unix_ms,
            facts.not_after_unix_ms.saturating_add(1),
        ] {
            if edge <= now {
                from = from.max(edge);
            } else {
                until = until.min(edge - 1);
            }
        }
    }
    (from, until)
}

/// What is worth telling of the certificate that is untrusted here and would be shown.
fn kept_back_notice(needs: &ConnectorNeeds<'_>, choice: &Choice) -> Option<Notice> {
    let kept_back = choice.kept_back.as_ref()?;
    let facts = &kept_back.certificate.facts;
    let shown = choice.decision.chosen.as_ref();
    Some(Notice::CertificateKeptBack {
        by: needs.by,
        connector: needs.connector.to_owned(),
        file: facts.file.clone(),
        subject: facts.subject.clone(),
        entry: kept_back.entry.clone()?,
        shown: shown.map(|one| one.facts.file.clone()),
    })
}

/// What a decision is worth telling.
fn notice_of(
    needs: &ConnectorNeeds<'_>,
    decision: Decision<Option<CertificateRef>>,
    now: u64,
) -> Notice {
    let (connector, fqdn) = (needs.connector.to_owned(), needs.fqdn.to_string());
    let Some(certificate) = decision.chosen else {
        if needs.by == ShownBy::Send {
            return Notice::ClientCertificateMissing {
                connector,
                pin: needs.pin.map(str::to_owned),
                candidates: decision.passed_over,
            };
        }
        return Notice::CertificateMissing {
            connector,
            fqdn,
            pin: needs.pin.map(str::to_owned),
            candidates: decision.passed_over,
        };
    };
    let facts = &certificate.facts;
    let (file, subject) = (facts.file.clone(), facts.subject.clone());
    if facts.validity(now) == Validity::Valid {
        Notice::CertificateChosen {
            connector,
            fqdn,
            file,
            subject,
            fingerprint: facts.fingerprint.clone(),
            because: decision.because,
        }
    } else {
        Notice::CertificateNotValid {
            connector,
            fqdn,
            file,
            subject,
            not_before_unix_ms: facts.not_before_unix_ms,
            not_after_unix_ms: facts.not_after_unix_ms,
            expired: facts.validity(now) == Validity::Expired,
            candidates: decision.passed_over,
        }
    }
}

#[cfg(test)]
mod tests;
