//! The CRLs of a feed: where each is, which one is in force, and whether it is stale. Pure.

use base64::{Engine, prelude::BASE64_STANDARD};
use mailward_model::kind::{CrlSource, UntrustedFeed, WhenStale};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::{
    FeedState,
    crl::{Crl, Issuer, reason_word},
};
use crate::untrusted::{Layer, Origin};

/// Places that are learnt from certificates, in one feed.
const LEARNT_MAX: usize = 200;
/// A place that no peer's certificate has named for so long is forgotten.
const FORGOTTEN_AFTER_MS: u64 = 60 * 86_400_000;
/// How far a list may be ahead of this clock.
const AHEAD_MAX_MS: u64 = 86_400_000;

/// A place, and the CRL that was read there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptCrl {
    /// The place.
    pub place: String,
    /// Whether a certificate named it; else the feed does.
    pub learnt: bool,
    /// The certificate of its issuer, Base64, where a peer showed it.
    shown: Option<String>,
    /// When a peer's certificate last named the place.
    seen_unix_ms: u64,
    /// SHA-256 of the list in force, hex: its file goes by it. Empty where none was read.
    pub digest: String,
    /// The issuer.
    pub issuer: String,
    /// The list's number, hex.
    pub number: String,
    /// Certificates that it revokes.
    pub revoked: u64,
    /// When it was made.
    pub this_update_unix_ms: Option<u64>,
    /// When there should be another one.
    pub next_update_unix_ms: Option<u64>,
    /// Whether that moment is over, and every certificate of the issuer is refused for it.
    refuses: bool,
    /// Whether it was told that it is stale.
    told_stale: bool,
    /// When it is read next.
    pub next_unix_ms: u64,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// Why a CRL that is sound is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlRefusal {
    /// Older than the one in force.
    #[error(
        "it is older than the one in force: somebody plays an old one, or a server lags behind"
    )]
    Older,
    /// Another issuer's.
    #[error("it is one of {0}, and the one in force is another issuer's")]
    OtherIssuer(String),
    /// Made in the future.
    #[error("it says that it was made more than a day from now: one of the clocks is wrong")]
    Ahead,
}

impl KeptCrl {
    /// Whether it should have been replaced by now.
    pub fn is_stale(&self, now_unix_ms: u64) -> bool {
        self.next_update_unix_ms.is_some_and(|at| at <= now_unix_ms)
    }

    /// Whoever may have signed it beside those that are known of this node.
    pub fn signer(&self) -> Option<Issuer> {
        let der = BASE64_STANDARD.decode(self.shown.as_ref()?).ok()?;
        Issuer::of_certificate(&CertificateDer::from(der))
    }

    /// What is in force of it, as one text.
    pub(super) fn mark(&self) -> String {
        format!("{}{}", self.digest, if self.refuses { "!" } else { "" })
    }

    pub(super) fn add_to(&self, layer: &mut Layer, feed: &str, crl: &Crl) {
        let origin = || Origin::Feed(feed.to_owned());
        let name = format!("{feed}/{}", self.place);
        for (reason, serials) in &crl.revoked {
            let because = format!("revoked by its issuer: {}", reason_word(*reason));
            let no = layer.entry(name.clone(), because, origin());
            layer.revoked(&crl.canonical, serials.iter().map(|serial| &**serial), no);
        }
        if self.refuses {
            let because = "the CRL of its issuer is stale, and the feed says to refuse then";
            let no = layer.entry(name, because.to_owned(), origin());
            layer.whole_issuer(&crl.canonical, no);
        }
    }

    /// Takes in a list that was read at its place, and whose signature was checked. True where it is
    /// another one than before.
    ///
    /// # Errors
    /// [`CrlRefusal`]; nothing has changed then.
    pub fn take(
        &mut self,
        crl: &Crl,
        digest: String,
        now_unix_ms: u64,
    ) -> Result<bool, CrlRefusal> {
        if crl.this_update_unix_ms > now_unix_ms.saturating_add(AHEAD_MAX_MS) {
            return Err(CrlRefusal::Ahead);
        }
        if self
            .this_update_unix_ms
            .is_some_and(|known| crl.this_update_unix_ms < known)
        {
            return Err(CrlRefusal::Older);
        }
        if !self.issuer.is_empty() && self.issuer != crl.issuer {
            return Err(CrlRefusal::OtherIssuer(crl.issuer.clone()));
        }
        let is_new = self.digest != digest;
        self.digest = digest;
        self.issuer.clone_from(&crl.issuer);
        self.number.clone_from(&crl.number);
        self.revoked = crl.count() as u64;
        self.this_update_unix_ms = Some(crl.this_update_unix_ms);
        self.next_update_unix_ms = crl.next_update_unix_ms;
        Ok(is_new)
    }
}

impl FeedState {
    /// Brings the places to what the object says; true where they are others.
    pub(super) fn adopt_places(&mut self, source: &CrlSource, now_unix_ms: u64) -> bool {
        let before = self.crls.len();
        let named = |place: &str| source.places.iter().any(|one| one.as_str() == place);
        self.crls.retain(|one| match one.learnt {
            true => {
                source.from_certificates
                    && !named(&one.place)
                    && now_unix_ms.saturating_sub(one.seen_unix_ms) < FORGOTTEN_AFTER_MS
            }
            false => named(&one.place),
        });
        let mut is_other = self.crls.len() != before;
        for place in &source.places {
            if !self.crls.iter().any(|one| one.place == place.as_str()) {
                self.crls.push(KeptCrl {
                    place: place.as_str().to_owned(),
                    next_unix_ms: now_unix_ms,
                    ..KeptCrl::default()
                });
                self.next_unix_ms = now_unix_ms;
                is_other = true;
            }
        }
        is_other
    }

    /// A certificate of a path that leads to a root named this place; `issuer` is the certificate of its
    /// issuer, where the peer showed it. True where the place is new.
    pub fn learn(
        &mut self,
        place: &str,
        issuer: Option<&CertificateDer<'_>>,
        now_unix_ms: u64,
    ) -> bool {
        if let Some(known) = self.crls.iter_mut().find(|one| one.place == place) {
            known.seen_unix_ms = now_unix_ms;
            return false;
        }
        if self.crls.iter().filter(|one| one.learnt).count() >= LEARNT_MAX {
            return false;
        }
        self.crls.push(KeptCrl {
            place: place.to_owned(),
            learnt: true,
            shown: issuer.map(|der| BASE64_STANDARD.encode(der)),
            seen_unix_ms: now_unix_ms,
            next_unix_ms: now_unix_ms,
            ..KeptCrl::default()
        });
        self.next_unix_ms = now_unix_ms;
        true
    }

    /// Looks which CRLs are stale now: those that have become so, to be told of. `meaning` is what the
    /// feed says of such.
    pub fn look_for_stale(&mut self, meaning: WhenStale, now_unix_ms: u64) -> Vec<KeptCrl> {
        let mut told = Vec::new();
        for one in self.crls.iter_mut().filter(|one| !one.digest.is_empty()) {
            let stale = one.is_stale(now_unix_ms);
            one.refuses = stale && meaning == WhenStale::Refuse;
            if stale && !one.told_stale {
                told.push(one.clone());
            }
            one.told_stale = stale;
        }
        told
    }

    /// When a CRL in force becomes stale next, or the filters do.
    pub fn next_stale_unix_ms(&self, feed: &UntrustedFeed, now_unix_ms: u64) -> Option<u64> {
        let moments = self.crls.iter().filter_map(|one| one.next_update_unix_ms);
        let moments = moments.chain(self.filters_stale_unix_ms(feed));
        moments.filter(|at| *at > now_unix_ms).min()
    }

    pub(super) fn stale_crl(&self, now_unix_ms: u64) -> Option<String> {
        let mut crls = self.crls.iter();
        let stale = crls.find(|one| one.is_stale(now_unix_ms))?;
        Some(match &stale.problem {
            Some(problem) => format!("the CRL at {} is stale: {problem}", stale.place),
            None => format!(
                "the CRL at {} is stale: its issuer gives no newer one",
                stale.place
            ),
        })
    }

    pub(super) fn crls_told(&self) -> String {
        let read = self.crls.iter().filter(|one| !one.digest.is_empty());
        let revoked: u64 = self.crls.iter().map(|one| one.revoked).sum();
        format!("{} CRLs that revoke {revoked} certificates", read.count())
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::UntrustedSource;
    use rcgen::date_time_ymd;

    use super::*;
    use crate::untrusted::{
        UntrustedList,
        feed::{
            Shelf,
            crl::{read, tests::Authority},
        },
    };

    /// 25 November 2026.
    const NOW: u64 = 1_795_564_800_000;
    const DAY_MS: u64 = 86_400_000;

    fn source(places: &[&str], from_certificates: bool) -> CrlSource {
        CrlSource {
            places: places.iter().map(|place| place.parse().unwrap()).collect(),
            from_certificates,
            ..CrlSource::default()
        }
    }

    #[test]
    fn what_a_crl_revokes_is_refused_and_a_stale_one_means_what_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let authority = Authority::new("Example CA");
        let issuers = [Issuer::of_certificate(&authority.der).unwrap()];
        let (der, crl) = read(&authority.crl(&[0x77], |_| {}), &issuers).unwrap();
        let mut state = FeedState::default();
        assert!(state.adopt_places(&source(&["http://crl.example/a.crl"], false), NOW));
        assert!(state.crls[0].take(&crl, "d1".to_owned(), NOW).unwrap());
        shelf.save_crl("d1", &der).unwrap();
        let (listed, other) = (
            authority.leaf(0x77, "http://x/"),
            authority.leaf(0x78, "http://x/"),
        );
        let list = |state: &FeedState| {
            UntrustedList::new([]).with([shelf.layer("Public", state).unwrap()])
        };
        let now = list(&state);
        let hit = now.find(&[&listed]).unwrap();
        assert_eq!(hit.entry.name, "Public/http://crl.example/a.crl");
        assert!(
            hit.entry.reason.contains("keyCompromise"),
            "{}",
            hit.entry.reason
        );
        assert_eq!(now.find(&[&other]), None);
        let namesake = Authority::new("Other CA").leaf(0x77, "http://x/");
        assert_eq!(now.find(&[&namesake]), None);

        let (mark, late) = (state.mark(), NOW + 26 * DAY_MS);
        let feed = UntrustedFeed::new(UntrustedSource::Crl(CrlSource::default()));
        assert_eq!(
            state.next_stale_unix_ms(&feed, NOW),
            crl.next_update_unix_ms
        );
        assert_eq!(state.look_for_stale(WhenStale::Keep, NOW), []);
        assert_eq!(state.look_for_stale(WhenStale::Keep, late).len(), 1);
        assert_eq!(state.look_for_stale(WhenStale::Keep, late), [], "told once");
        assert_eq!(state.mark(), mark);
        assert_eq!(list(&state).find(&[&other]), None);
        state.look_for_stale(WhenStale::Refuse, late);
        assert_ne!(state.mark(), mark);
        assert!(list(&state).find(&[&other]).is_some());
        assert!(list(&state).find(&[&namesake]).is_none());

        let old = authority.crl(&[], |params| {
            params.this_update = date_time_ymd(2026, 11, 19)
        });
        let (_, old) = read(&old, &issuers).unwrap();
        let kept = &mut state.crls[0];
        assert_eq!(
            kept.take(&old, "d0".to_owned(), NOW),
            Err(CrlRefusal::Older)
        );
        assert_eq!(
            kept.take(&crl, "d1".to_owned(), NOW - 10 * DAY_MS),
            Err(CrlRefusal::Ahead)
        );
        assert!(!kept.take(&crl, "d1".to_owned(), NOW).unwrap());
        shelf.save_crl("d2", &der).unwrap();
        shelf.sweep([&state], &[]).unwrap();
        assert!(shelf.crl("d2").is_err() && shelf.crl("d1").is_ok());
    }

    #[test]
    fn places_are_learnt_and_forgotten() {
        let mut state = FeedState::default();
        let wanted = source(&["http://a/"], true);
        state.adopt_places(&wanted, NOW);
        assert!(state.learn("http://b/", None, NOW));
        assert!(!state.learn("http://b/", None, NOW + 1));
        assert!(!state.learn("http://a/", None, NOW));
        assert!(!state.adopt_places(&wanted, NOW + 60 * DAY_MS));
        assert!(state.adopt_places(&wanted, NOW + 61 * DAY_MS));
        for n in 0..300 {
            state.learn(&format!("http://{n}/"), None, NOW);
        }
        assert_eq!(state.crls.len(), 1 + LEARNT_MAX);
        state.adopt_places(&source(&["http://7/"], false), NOW);
        let places: Vec<&str> = state.crls.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(places, ["http://7/"]);
    }
}
