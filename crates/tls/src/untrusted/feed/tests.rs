//! What may replace a list in force, and what may not. No network, no clock.

use mailward_model::kind::{FeedPlace, Sha256, SignedList, UntrustedCertificate};

use super::*;

const NOW: u64 = 1_800_000_000_000;
const DAY_MS: u64 = 86_400_000;

fn feed() -> UntrustedFeed {
    UntrustedFeed::new(UntrustedSource::SignedList(SignedList {
        place: FeedPlace::File("/list".to_owned()),
        keys: Vec::new(),
    }))
}

fn list(sequence: u64, entries: std::ops::Range<u8>) -> List {
    List {
        sequence,
        expires_unix_ms: NOW + 30 * DAY_MS,
        digest: format!("{sequence}{entries:?}"),
        key: String::new(),
        comment: String::new(),
        entries: entries
            .map(|n| Listed {
                name: n.to_string(),
                certificate: UntrustedCertificate {
                    sha256: Some(Sha256([n; 32])),
                    reason: "x".to_owned(),
                    ..UntrustedCertificate::default()
                },
            })
            .collect(),
    }
}

fn state(with: List) -> FeedState {
    let mut state = FeedState::default();
    assert!(state.adopt(&feed(), NOW));
    assert!(matches!(state.take(with, NOW), Ok(Outcome::Changed(_))));
    state
}

#[test]
fn an_old_list_is_never_taken_again() {
    let mut state = state(list(5, 0..2));
    let before = state.clone();
    assert_eq!(
        state.take(list(4, 0..9), NOW),
        Err(Refusal::Older {
            sequence: 4,
            known: 5
        })
    );
    assert_eq!(state.take(list(5, 0..9), NOW), Err(Refusal::Twice(5)));
    let mut expired = list(6, 0..9);
    expired.expires_unix_ms = NOW;
    assert_eq!(
        state.take(expired, NOW),
        Err(Refusal::Expired { sequence: 6 })
    );
    assert_eq!(state, before);
    assert_eq!(state.take(list(5, 0..2), NOW + 1), Ok(Outcome::Same));
    assert_eq!(state.confirmed_unix_ms, Some(NOW + 1));
    // Another key is no other source: the number still counts.
    assert!(!state.adopt(&feed(), NOW));
    // Another place is: what it says is weighed by itself.
    let mut moved = state.clone();
    let mut other = feed();
    if let UntrustedSource::SignedList(list) = &mut other.source {
        list.place = FeedPlace::File("/other".to_owned());
    }
    assert!(moved.adopt(&other, NOW));
    assert_eq!(moved.mark(), state.mark());
    assert!(matches!(
        moved.take(list(1, 0..1), NOW),
        Ok(Outcome::Changed(_))
    ));
    // What waits counts as well.
    assert!(matches!(
        state.take(list(9, 0..0), NOW),
        Ok(Outcome::Held { .. })
    ));
    assert!(matches!(
        state.take(list(8, 0..3), NOW),
        Err(Refusal::Older { .. })
    ));
    // A publisher mends his mistake with a new number.
    assert!(matches!(
        state.take(list(10, 0..3), NOW),
        Ok(Outcome::Changed(_))
    ));
    assert_eq!(state.held, None);
}

#[test]
fn much_that_goes_waits_for_a_person() {
    let held = |before: std::ops::Range<u8>, after| {
        let mut state = state(list(1, before));
        let mark = state.mark();
        let outcome = state.take(list(2, after), NOW).unwrap();
        let held = matches!(outcome, Outcome::Held { known: false, .. });
        assert_eq!(held, state.mark() == mark);
        held
    };
    assert!(!held(0..2, 0..1));
    assert!(held(0..2, 0..0));
    assert!(!held(0..10, 3..10));
    assert!(held(0..10, 4..10));
    assert!(!held(0..10, 0..200));
    let mut state = state(list(1, 0..10));
    let _ = state.take(list(2, 0..1), NOW).unwrap();
    assert!(matches!(
        state.take(list(2, 0..1), NOW + 5),
        Ok(Outcome::Held { known: true, .. })
    ));
    assert_eq!(state.held.as_ref().unwrap().since_unix_ms, NOW);
    assert_eq!(state.pending().unwrap().1.removed.len(), 9);
    let (sequence, difference) = state.approve(NOW).unwrap();
    assert_eq!((sequence, difference.removed.len()), (2, 9));
    assert_eq!(state.approve(NOW), None);
}

#[test]
fn a_list_grows_old_and_stays() {
    let mut state = state(list(1, 0..2));
    let feed = feed();
    assert_eq!(state.old(&feed, NOW + 3 * DAY_MS), None);
    assert!(state.old(&feed, NOW + 3 * DAY_MS + 1).is_some());
    state.failed(&feed, "no way".to_owned(), false, NOW, 0.0);
    assert_eq!(
        state.old(&feed, NOW + 4 * DAY_MS).as_deref(),
        Some("no way")
    );
    assert_eq!(state.next_unix_ms, NOW + FAILED_WAIT_MS);
    state.failed(&feed, "429".to_owned(), true, NOW, 1.0);
    assert_eq!(state.next_unix_ms, NOW + 3_960_000);
    assert_eq!(state.answered(&feed, NOW + 9, 0.0), Some(9));
    let late = NOW + 31 * DAY_MS;
    assert_eq!(state.take(list(1, 0..2), late), Ok(Outcome::Same));
    assert!(state.old(&feed, late).unwrap().contains("expired"));
    assert_eq!(state.layer("House", &[], None).entries().len(), 2);
}

#[test]
fn a_layer_refuses_what_its_list_says() {
    let der = crate::untrusted::tests::look_alike(&[("CN", "Example CA")], "77");
    let mut listed = list(1, 0..1);
    listed.entries[0].certificate = UntrustedCertificate {
        issuer: Some("CN=Example CA".to_owned()),
        serial: "77".parse().ok(),
        reason: "stolen".to_owned(),
        ..UntrustedCertificate::default()
    };
    let state = state(listed);
    let known = crate::UntrustedList::new([]);
    assert_eq!(known.find(&[&der]), None);
    let with = known.with([state.layer("House", &[], None)]);
    let hit = with.find(&[&der]).unwrap();
    assert_eq!(hit.entry.name, "House/0");
    assert_eq!(hit.entry.origin, Origin::Feed("House".to_owned()));
    assert_eq!(with.len(), 10);
}
