//! A feed's life, told in answers and moments.

use mailward_model::{kind::Microsoft365Feed, unit::Span};

use super::*;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const T0: u64 = 1_790_000_000_000;

fn ranges(texts: &[&str]) -> Vec<IpRange> {
    texts.iter().map(|r| r.parse().unwrap()).collect()
}

fn feed() -> SenderFeed {
    SenderFeed::new(FeedSource::Microsoft365(Microsoft365Feed::default()))
}

fn list() -> SenderFeed {
    SenderFeed::new(FeedSource::List("/list".parse().unwrap()))
}

fn read(state: &mut FeedState, feed: &SenderFeed, texts: &[&str], at: u64) -> Outcome {
    let version = version_of(&ranges(texts));
    state.take(feed, version, "test".into(), ranges(texts), Vec::new(), at)
}

fn in_force(state: &FeedState, at: u64) -> Vec<String> {
    state
        .ranges(at)
        .map(|(range, _)| range.to_string())
        .collect()
}

fn texts(ranges: &[IpRange]) -> Vec<String> {
    ranges.iter().map(ToString::to_string).collect()
}

#[test]
fn a_site_without_a_way_out_starts_with_what_is_built_in() {
    let mut state = FeedState::default();
    assert_eq!(state.adopt(&feed(), T0), Some(Outcome::Same));
    assert_eq!(in_force(&state, T0).len(), 6);
    assert_eq!(state.adopt(&feed(), T0), None);
    assert!(state.old_ms(&feed(), T0).is_some(), "it is a year old");
    let mut other = FeedState::default();
    other.adopt(&list(), T0);
    assert!(in_force(&other, T0).is_empty());
    assert!(other.told().contains("nobody"));
}

#[test]
fn what_is_new_is_let_in_at_once_and_what_is_gone_after_its_time() {
    let (mut state, feed) = (FeedState::default(), list());
    state.adopt(&feed, T0);
    let all = ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"];
    assert!(matches!(
        read(&mut state, &feed, &all, T0),
        Outcome::Changed(_)
    ));
    let next = ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.9.0.0/24"];
    let Outcome::Changed(change) = read(&mut state, &feed, &next, T0 + HOUR) else {
        panic!("not taken");
    };
    assert_eq!(texts(&change.added), ["10.9.0.0/24"]);
    assert_eq!(texts(&change.removed), ["10.3.0.0/16"]);
    let before_end = T0 + HOUR + 7 * DAY - 1;
    assert_eq!(in_force(&state, before_end).len(), 5);
    assert_eq!(in_force(&state, before_end + 1).len(), 4);
    assert!(state.expire(before_end).is_empty());
    // A part is published again: that part does not leave.
    let again = [&next[..], &["10.3.0.0/17"]].concat();
    assert!(matches!(
        read(&mut state, &feed, &again, T0 + 2 * HOUR),
        Outcome::Changed(_)
    ));
    assert_eq!(state.leaving.len(), 1);
    assert_eq!(texts(&state.expire(before_end + 1)), ["10.3.128.0/17"]);
    assert_eq!(state.next_expiry_unix_ms(), None);
    assert_eq!(state.before.as_ref().unwrap().ranges.len(), 4);
}

#[test]
fn without_a_delay_what_is_gone_is_gone() {
    let mut feed = list();
    feed.removal_delay = Span::from_secs(0);
    let mut state = FeedState::default();
    state.adopt(&feed, T0);
    read(&mut state, &feed, &["10.0.0.0/16", "10.1.0.0/18"], T0);
    read(&mut state, &feed, &["10.0.0.0/16"], T0);
    assert_eq!(in_force(&state, T0), ["10.0.0.0/16"]);
}

#[test]
fn a_large_change_waits_for_a_person() {
    let (mut state, feed) = (FeedState::default(), list());
    state.adopt(&feed, T0);
    read(&mut state, &feed, &["10.0.0.0/16"], T0);
    let poisoned = ["10.0.0.0/16", "11.0.0.0/8"];
    let Outcome::Held { known, .. } = read(&mut state, &feed, &poisoned, T0 + HOUR) else {
        panic!("taken");
    };
    assert!(!known);
    assert_eq!(in_force(&state, T0 + HOUR), ["10.0.0.0/16"]);
    // Nobody has said that the list in force is still true.
    assert_eq!(state.confirmed_unix_ms, Some(T0));
    let held = read(&mut state, &feed, &poisoned, T0 + 2 * HOUR);
    assert!(matches!(held, Outcome::Held { known: true, .. }));
    assert_eq!(state.held.as_ref().unwrap().since_unix_ms, T0 + HOUR);
    // The publisher takes it back: nothing waits any longer.
    let back = read(&mut state.clone(), &feed, &["10.0.0.0/16"], T0 + 3 * HOUR);
    assert_eq!(back, Outcome::Same);
    let (_, change) = state.approve(&feed, T0 + 3 * HOUR).unwrap();
    assert_eq!(texts(&change.added), ["11.0.0.0/8"]);
    assert_eq!(in_force(&state, T0 + 3 * HOUR), poisoned);
    assert!(state.approve(&feed, T0).is_none());
}

#[test]
fn what_cannot_be_true_changes_nothing() {
    let (mut state, feed) = (FeedState::default(), list());
    state.adopt(&feed, T0);
    read(&mut state, &feed, &["10.0.0.0/16"], T0);
    let before = state.clone();
    for wrong in [&[][..], &["0.0.0.0/0"], &["10.0.0.0/16", "::/0"]] {
        assert!(matches!(
            read(&mut state, &feed, wrong, T0 + HOUR),
            Outcome::Refused(_)
        ));
        assert_eq!(state, before);
    }
}

#[test]
fn another_source_is_not_compared_with_the_list_of_the_old_one() {
    let mut state = FeedState::default();
    state.adopt(&list(), T0);
    read(&mut state, &list(), &["10.0.0.0/16"], T0);
    let other = SenderFeed::new(FeedSource::List("/other".parse().unwrap()));
    assert_eq!(state.adopt(&other, T0 + HOUR), Some(Outcome::Same));
    assert_eq!(
        in_force(&state, T0 + HOUR),
        ["10.0.0.0/16"],
        "until the new one was read"
    );
    let taken = read(&mut state, &other, &["192.0.2.0/24"], T0 + HOUR);
    assert!(matches!(taken, Outcome::Changed(_)));
    let typed = SenderFeed::new(FeedSource::Ranges(ranges(&["198.51.100.7"])));
    assert!(matches!(state.adopt(&typed, T0), Some(Outcome::Changed(_))));
    assert!(in_force(&state, T0).contains(&"198.51.100.7".to_owned()));
    assert_eq!(state.old_ms(&typed, T0 + 400 * DAY), None);
    let wide = SenderFeed::new(FeedSource::Ranges(ranges(&["0.0.0.0/0"])));
    assert!(matches!(state.adopt(&wide, T0), Some(Outcome::Refused(_))));
}

#[test]
fn a_source_is_asked_hourly_and_left_alone_where_it_is_busy() {
    let (mut state, feed) = (FeedState::default(), feed());
    state.adopt(&feed, T0);
    assert_eq!(state.next_unix_ms, T0, "at once");
    assert_eq!(state.answered(&feed, T0, 0.0), None);
    assert_eq!(state.next_unix_ms, T0 + HOUR);
    state.answered(&feed, T0, 1.0);
    assert_eq!(state.next_unix_ms, T0 + HOUR + HOUR / 10);
    state.failed(&feed, "no route".into(), false, T0, 0.0);
    assert_eq!(state.next_unix_ms, T0 + 300_000);
    state.failed(&feed, "it answered 429".into(), true, T0 + 5, 0.0);
    assert_eq!(state.next_unix_ms, T0 + 5 + HOUR);
    assert_eq!(state.answered(&feed, T0 + HOUR, 0.0), Some(HOUR));
    let mut often = feed.clone();
    often.interval = Span::from_secs(1);
    state.failed(&often, "it answered 503".into(), true, T0, 0.0);
    assert_eq!(state.next_unix_ms, T0 + HOUR);
    state.confirm(T0);
    assert_eq!(state.old_ms(&feed, T0 + 35 * DAY), None);
    assert_eq!(state.old_ms(&feed, T0 + 35 * DAY + 1), Some(35 * DAY + 1));
}

#[test]
fn a_state_reads_back_as_it_is_kept() {
    let (mut state, feed) = (FeedState::default(), list());
    state.adopt(&feed, T0);
    read(&mut state, &feed, &["10.0.0.0/16", "2001:db8::/48"], T0);
    read(&mut state, &feed, &["10.0.0.0/8"], T0);
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<FeedState>(&text).unwrap(), state);
    assert_eq!(state.adopt(&feed, T0), None);
}
