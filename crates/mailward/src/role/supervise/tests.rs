//! The supervision's tests: each rule by example, then all of them under random histories.

use proptest::prelude::*;

use super::*;

const S: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(10);

fn role(care: Care, now: Duration) -> Supervision {
    let mut role = Supervision::new(care, now, LIMIT);
    assert_eq!(role.tick(now), Some(Act::Start));
    role.started(now);
    role
}

fn serving(now: Duration) -> Supervision {
    let mut role = role(Care::Service, now);
    role.ready(now);
    role
}

fn at(count: u64) -> Vec<(String, u64)> {
    vec![("turns".to_owned(), count), ("runtime".to_owned(), count)]
}

/// Every act that is due.
fn acts(role: &mut Supervision, now: Duration) -> Vec<Act> {
    std::iter::from_fn(|| role.tick(now)).take(10).collect()
}

fn wait_of(role: &Supervision, now: Duration) -> Duration {
    let State::Absent { start_at } = role.state() else {
        panic!("{:?}", role.state())
    };
    start_at - now
}

#[test]
fn a_role_that_served_is_started_again_at_once() {
    let mut role = serving(S);
    role.exited(5 * S);
    assert_eq!(role.tick(5 * S), Some(Act::Start));
    assert_eq!(role.restarts(), 1);
}

#[test]
fn a_mail_role_that_never_serves_waits_longer_each_time() {
    let mut role = Supervision::new(Care::Service, S, LIMIT);
    let (mut waits, mut now) = (Vec::new(), S);
    for _ in 0..16 {
        role.started(now);
        role.exited(now);
        waits.push(wait_of(&role, now));
        now += *waits.last().unwrap();
    }
    assert_eq!(waits[..3], [Duration::ZERO; 3]);
    assert!(
        waits.is_sorted() && waits.last() == Some(&BACKOFF_MAX),
        "{waits:?}"
    );
    assert!(!role.is_safe_mode(), "mail is never put aside");
}

#[test]
fn a_mail_role_that_serves_and_dies_at_once_never_waits_long() {
    let mut role = serving(S);
    let (mut now, mut told) = (S, 0);
    for _ in 0..100 {
        now += Duration::from_millis(10);
        role.exited(now);
        assert!(wait_of(&role, now) <= BACKOFF_SERVED_MAX);
        now += wait_of(&role, now);
        let due = acts(&mut role, now);
        told += due.iter().filter(|act| **act == Act::TellCrashLoop).count();
        role.started(now);
        role.ready(now);
    }
    assert_eq!(told, 100 / CRASHES_MAX);
}

#[test]
fn a_silent_role_is_asked_then_aborted_then_killed() {
    let mut role = serving(S);
    role.beat(&at(1), 10 * S);
    assert_eq!(acts(&mut role, 15 * S), []);
    let asked = acts(&mut role, 16 * S);
    assert!(matches!(&asked[..], [Act::AskStacks { because }] if because == "it says nothing"));
    assert_eq!(acts(&mut role, 20 * S), []);
    let killed = acts(&mut role, 21 * S);
    assert!(matches!(&killed[..], [Act::KillHung { still, .. }] if *still == 11 * S));
    assert_eq!(acts(&mut role, 21 * S + S / 2), []);
    assert_eq!(acts(&mut role, 22 * S), [Act::Signal(Sent::Kill)]);
    role.exited(23 * S);
    assert_eq!(role.tick(23 * S), Some(Act::Start));
}

#[test]
fn a_beat_without_progress_is_no_beat() {
    let mut role = serving(S);
    for second in 1..=6 {
        let mut counts = at(second.into());
        counts[0].1 = 7;
        role.beat(&counts, second * S);
    }
    assert_eq!(acts(&mut role, 6 * S), []);
    let mut counts = at(9);
    counts[0].1 = 7;
    role.beat(&counts, 7 * S);
    let asked = acts(&mut role, 7 * S);
    assert!(
        matches!(&asked[..], [Act::AskStacks { because }] if because == "its loop turns stands at 7"),
        "{asked:?}"
    );
    role.beat(&at(10), 9 * S);
    assert_eq!(acts(&mut role, 9 * S), [Act::NearMiss]);
    assert!(matches!(role.state(), State::Ready { since } if since == S));
}

#[test]
fn a_manager_that_did_not_run_blames_nobody() {
    let mut role = serving(S);
    role.beat(&at(1), 2 * S);
    role.excuse(60 * S);
    assert_eq!(acts(&mut role, 62 * S), []);
    assert!(matches!(
        acts(&mut role, 68 * S)[..],
        [Act::AskStacks { .. }]
    ));
}

#[test]
fn one_that_hangs_is_not_asked_to_end_politely() {
    let mut role = serving(S);
    assert!(matches!(
        acts(&mut role, 7 * S)[..],
        [Act::AskStacks { .. }]
    ));
    let act = role.end(7 * S, true, Manner::Orderly);
    assert_eq!(act, Some(Act::Signal(Sent::Abort)));
    assert_eq!(acts(&mut role, 8 * S), [Act::Signal(Sent::Kill)]);

    // And one that does not do its work has two seconds, not the twenty of a drain.
    let mut role = serving(S);
    let act = role.end(2 * S, true, Manner::Broken);
    assert_eq!(act, Some(Act::Signal(Sent::Terminate)));
    assert_eq!(acts(&mut role, 4 * S), [Act::Signal(Sent::Abort)]);
    assert_eq!(acts(&mut role, 5 * S), [Act::Signal(Sent::Kill)]);
}

#[test]
fn a_role_asked_to_stop_stays_down() {
    let mut role = serving(S);
    let act = role.end(2 * S, false, Manner::Orderly);
    assert_eq!(act, Some(Act::Signal(Sent::Terminate)));
    role.exited(3 * S);
    assert_eq!((role.state(), role.tick(1000 * S)), (State::Stopped, None));
}

#[test]
fn an_observer_in_a_crash_loop_ends_in_safe_mode_and_leaves_it_by_thaw() {
    let mut role = role(Care::Observer, S);
    let (mut now, mut waits) = (S, Vec::new());
    for _ in 0..CRASHES_MAX {
        assert!(!role.is_safe_mode());
        role.ready(now);
        now += 2 * S;
        role.exited(now);
        waits.push(wait_of(&role, now).as_secs());
        now += wait_of(&role, now);
        let due = acts(&mut role, now);
        if waits.len() == CRASHES_MAX {
            assert_eq!(due[..2], [Act::TellCrashLoop, Act::EnterSafeMode]);
        }
        role.started(now);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16]);
    assert!(role.is_safe_mode());
    role.ready(now);
    role.thaw();
    assert!(matches!(
        acts(&mut role, now)[..],
        [Act::LeaveSafeMode { .. }]
    ));
    assert!(!role.is_safe_mode());
    role.thaw();
    assert_eq!(acts(&mut role, now), []);
}

#[test]
fn safe_mode_ends_after_half_an_hour_without_a_fault() {
    let mut role = role(Care::Observer, S);
    role.resume_safe_mode();
    role.ready(S);
    let mut now = S;
    let mut go = |role: &mut Supervision, seconds: u32| {
        let mut due = Vec::new();
        for _ in 0..seconds {
            now += S;
            role.beat(&at(now.as_secs()), now);
            due.extend(acts(role, now));
        }
        due
    };
    assert_eq!(go(&mut role, 1700), []);
    role.exited(1701 * S);
    assert_eq!(go(&mut role, 1), vec![Act::Start; 10]);
    role.started(1702 * S);
    role.ready(1702 * S);
    assert_eq!(go(&mut role, 1799), []);
    assert!(matches!(go(&mut role, 1)[..], [Act::LeaveSafeMode { .. }]));
}

#[test]
fn a_wanted_restart_is_no_crash() {
    let mut role = role(Care::Observer, S);
    let mut now = S;
    for _ in 0..20 {
        role.ready(now);
        now += S;
        role.end(now, true, Manner::Orderly);
        role.exited(now);
        assert_eq!(wait_of(&role, now), Duration::ZERO);
        assert_eq!(acts(&mut role, now)[0], Act::Start);
        role.started(now);
    }
    assert!(!role.is_safe_mode());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens: a live process is never started twice, a stop is final, waits are within
    /// their bounds, and safe mode is entered by a crash loop of the observer alone and left only
    /// as said.
    #[test]
    fn under_any_history(
        observer in any::<bool>(),
        steps in prop::collection::vec((0..9u8, 0..20_000u64), 1..300),
    ) {
        let care = if observer { Care::Observer } else { Care::Service };
        let mut role = Supervision::new(care, S, LIMIT);
        let (mut now, mut alive, mut stopped, mut count) = (S, false, false, 0u64);
        let (mut safe, mut thawed, mut serves_since) = (false, false, None::<Duration>);
        let mut crashes: Vec<Duration> = Vec::new();
        for (step, ms) in steps {
            now += Duration::from_millis(ms);
            let wanted = matches!(role.state(), State::Ending { wanted: true, .. });
            match step {
                0 if alive => { role.ready(now); serves_since.get_or_insert(now); }
                1 if alive => { count += 1; role.beat(&at(count), now); }
                2 if alive => role.beat(&at(count), now),
                3 if alive => {
                    role.exited(now);
                    alive = false;
                    serves_since = None;
                    if !wanted && role.state() != State::Stopped {
                        crashes.push(now);
                    }
                    if let State::Absent { start_at } = role.state() {
                        let wait = start_at - now;
                        prop_assert!(wait <= BACKOFF_MAX);
                        prop_assert!(!wanted || wait == Duration::ZERO);
                    }
                }
                4 => { role.end(now, true, Manner::Broken); }
                5 if ms % 7 == 0 => { role.end(now, false, Manner::Orderly); stopped = true; }
                6 => { role.thaw(); thawed = true; }
                7 => role.excuse(Duration::from_millis(ms)),
                _ => {}
            }
            while let Some(act) = role.tick(now) {
                match act {
                    Act::Start => {
                        prop_assert!(!alive && !stopped);
                        role.started(now);
                        alive = true;
                    }
                    Act::Signal(_) | Act::KillHung { .. } | Act::AskStacks { .. } | Act::NearMiss => {
                        prop_assert!(alive, "{act:?} for a process that is gone");
                    }
                    Act::EnterSafeMode => {
                        prop_assert!(observer && !safe);
                        let within = crashes.iter().filter(|at| now - **at <= CRASH_WINDOW + BACKOFF_MAX);
                        prop_assert!(within.count() >= CRASHES_MAX);
                        safe = true;
                    }
                    Act::LeaveSafeMode { .. } => {
                        let clean = serves_since.is_some_and(|since| now - since >= SAFE_MODE_CLEAN);
                        prop_assert!(safe && (thawed || clean));
                        safe = false;
                    }
                    Act::TellCrashLoop => prop_assert!(crashes.len() >= CRASHES_MAX),
                }
            }
            thawed = false;
            prop_assert_eq!(role.is_safe_mode(), safe);
            // Whoever waits until the next tick misses nothing.
            if let Some(next) = role.next_tick() {
                prop_assert!(next > now, "{:?} is due at {next:?}, now {now:?}", role.state());
            }
        }
    }
}
