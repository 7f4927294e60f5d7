//! The notifier in stories, and against every order of events that proptest thinks of.

use std::collections::{BTreeMap, BTreeSet};

use mailward_model::kind::AlertScope;
use proptest::prelude::*;

use super::*;
use crate::alert::tests::alert;

const MINUTE: u64 = 60_000;
const WAIT: u64 = 10_000;
const REPEAT: u64 = 4 * 60 * MINUTE;

fn route(name: &str) -> Route {
    Route {
        name: name.to_owned(),
        scope: AlertScope::All,
        sets: Vec::new(),
        group_wait_ms: WAIT,
        repeat_ms: REPEAT,
    }
}

fn of_kind(case: &str, kind: AlertKind) -> Alert {
    Alert {
        kind,
        ..alert(case)
    }
}

/// One channel, told at once, with the news it got: `raised case-1`.
struct Play {
    notifier: Notifier,
    routes: Vec<Route>,
    now: u64,
}

impl Play {
    fn new() -> Play {
        Play {
            notifier: Notifier::default(),
            routes: vec![route("a")],
            now: 1_000_000,
        }
    }

    fn raise(&mut self, case: &str, kind: AlertKind) {
        self.notifier.raise(of_kind(case, kind), self.now);
    }

    /// Lets time pass; what is told then.
    fn pass(&mut self, ms: u64) -> Vec<String> {
        self.now += ms;
        let mut told = Vec::new();
        for notice in self.notifier.due(&self.routes, self.now) {
            let items = notice.items.iter();
            let news = items.map(|item| format!("{:?} {}", item.news, item.alert.case));
            told.push(format!(
                "{}: {}",
                notice.channel,
                news.collect::<Vec<_>>().join(", ")
            ));
            let known =
                self.notifier
                    .settle(&notice.channel, &notice.id, Outcome::Delivered, self.now);
            assert!(known);
        }
        told
    }
}

#[test]
fn alerts_within_a_short_wait_go_out_as_one() {
    let mut play = Play::new();
    play.raise("case-1", AlertKind::NeedsPerson);
    assert!(play.pass(WAIT / 2).is_empty());
    play.raise("case-2", AlertKind::NeedsPerson);
    assert_eq!(play.pass(WAIT / 2), ["a: Raised case-1, Raised case-2"]);
    play.raise("case-1", AlertKind::NeedsPerson);
    assert!(
        play.pass(10 * MINUTE).is_empty(),
        "the same again is no news"
    );
}

#[test]
fn that_no_mail_is_taken_goes_at_once_and_takes_the_others_along() {
    let mut play = Play::new();
    play.raise("case-1", AlertKind::NeedsPerson);
    play.raise("case-2", AlertKind::Offline);
    assert_eq!(play.pass(0), ["a: Raised case-2, Raised case-1"]);
    play.raise("case-1", AlertKind::Offline);
    assert_eq!(play.pass(0), ["a: Worse case-1"]);
}

#[test]
fn an_open_alert_is_repeated_until_somebody_is_on_it_or_it_becomes_worse() {
    let mut play = Play::new();
    play.raise("case-1", AlertKind::NeedsPerson);
    assert_eq!(play.pass(WAIT).len(), 1);
    assert!(play.pass(REPEAT - 1).is_empty());
    assert_eq!(play.pass(1), ["a: Repeat case-1"]);
    play.notifier
        .acknowledge("case-1", "anna", "on it", play.now)
        .unwrap();
    assert!(play.pass(10 * REPEAT).is_empty());
    play.raise("case-1", AlertKind::Offline);
    assert_eq!(play.pass(0), ["a: Worse case-1"]);
    assert_eq!(play.pass(REPEAT), ["a: Repeat case-1"]);
    play.notifier.solve("case-1", "it is well", play.now);
    assert_eq!(play.pass(WAIT), ["a: Solved case-1"]);
    assert!(play.pass(10 * REPEAT).is_empty());
    assert!(play.notifier.book().open.is_empty() && play.notifier.book().past.len() == 1);
    let again = play.notifier.acknowledge("case-1", "anna", "", play.now);
    assert_eq!(again, Err(NotifyError::NoAlert("case-1".into())));
}

#[test]
fn silence_holds_everything_back_and_what_is_left_is_told_when_it_ends() {
    let mut play = Play::new();
    play.raise("case-1", AlertKind::NeedsPerson);
    play.pass(WAIT);
    let until = play.now + 60 * MINUTE;
    let silence = play
        .notifier
        .silence("receive/*", "anna", "work", until, play.now)
        .unwrap();
    play.raise("case-2", AlertKind::Offline);
    play.notifier.solve("case-1", "well", play.now);
    play.raise("case-3", AlertKind::NeedsPerson);
    play.notifier.solve("case-3", "well", play.now);
    assert!(play.pass(59 * MINUTE).is_empty());
    assert_eq!(
        play.notifier.book().open.len(),
        2,
        "case-3 was over before anyone was told"
    );
    assert_eq!(play.pass(MINUTE), ["a: Raised case-2, Solved case-1"]);
    let gone = play.notifier.unsilence(&silence.id);
    assert!(gone.is_err(), "its time is over");
    let long = play
        .notifier
        .silence("Receive", "anna", "work", u64::MAX, play.now)
        .unwrap();
    assert!(play.pass(REPEAT).is_empty());
    play.notifier.unsilence(&long.id).unwrap();
    assert_eq!(play.pass(0), ["a: Repeat case-2"]);
}

#[test]
fn each_channel_gets_what_it_is_for() {
    let mut play = Play::new();
    let mut urgent = route("urgent");
    urgent.scope = AlertScope::Offline;
    let mut disk = route("disk");
    disk.sets = vec!["Disk".into()];
    let mut quiet = route("quiet");
    quiet.scope = AlertScope::None;
    play.routes = vec![route("a"), urgent, disk, quiet];
    play.raise("case-1", AlertKind::NeedsPerson);
    let mut full = of_kind("case-2", AlertKind::NeedsPerson);
    (full.set, full.component) = ("disk".into(), "disk".into());
    play.notifier.raise(full, play.now);
    let mut own = of_kind("case-3", AlertKind::NeedsPerson);
    (own.set, own.component) = ("Alerting".into(), "alerting/A".into());
    play.notifier.raise(own, play.now);
    assert_eq!(
        play.pass(WAIT),
        ["a: Raised case-1, Raised case-2", "disk: Raised case-2"]
    );
    play.raise("case-1", AlertKind::Offline);
    assert_eq!(play.pass(0), ["a: Worse case-1", "urgent: Raised case-1"]);
    play.notifier.solve("case-1", "well", play.now);
    assert_eq!(
        play.pass(WAIT),
        ["a: Solved case-1", "urgent: Solved case-1"]
    );
}

#[test]
fn what_fails_is_tried_again_with_growing_pauses_and_says_what_is_then_true() {
    let mut play = Play::new();
    let routes = [route("a")];
    play.raise("case-1", AlertKind::NeedsPerson);
    let (mut tries, mut last, mut pauses) = (0, 0, Vec::new());
    let start = play.now;
    while play.now < start + 3 * 60 * MINUTE {
        play.now += 1000;
        for notice in play.notifier.due(&routes, play.now) {
            tries += 1;
            pauses.push((play.now - last) / 1000);
            last = play.now;
            let failed = Outcome::Failed("no answer".into());
            assert!(play.notifier.settle("a", &notice.id, failed, play.now));
        }
    }
    assert_eq!(pauses[1..8], [1, 5, 30, 120, 600, 900, 900]);
    assert!(tries > 12, "it goes on for as long as it is open: {tries}");
    // What cannot wait does not wait for the end of a pause.
    play.raise("case-2", AlertKind::Offline);
    let notice = play.notifier.due(&routes, play.now).remove(0);
    assert_eq!(notice.items.len(), 2);
    play.notifier.settle(
        "a",
        &notice.id,
        Outcome::Failed("no answer".into()),
        play.now,
    );
    play.notifier.solve("case-1", "well", play.now);
    play.notifier.solve("case-2", "well", play.now);
    play.now += 24 * 60 * MINUTE;
    assert!(
        play.notifier.due(&routes, play.now).is_empty(),
        "nobody was told of it"
    );
    assert!(play.notifier.book().open.is_empty());
}

#[test]
fn a_clock_set_back_holds_nothing_up() {
    let mut play = Play::new();
    play.now = 1_000 * REPEAT;
    play.raise("case-1", AlertKind::NeedsPerson);
    play.pass(WAIT);
    play.now = 5;
    assert!(play.pass(0).is_empty());
    assert_eq!(play.pass(REPEAT), ["a: Repeat case-1"]);
}

/// What happens, for the property.
#[derive(Debug, Clone)]
enum Step {
    Raise(u8, bool),
    Solve(u8),
    Ack(u8),
    Silence(u8, u64),
    Unsilence,
    Pass(u64),
    /// The attempt under way at a channel ends: well or not.
    Settle(u8, bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4u8, any::<bool>()).prop_map(|(case, offline)| Step::Raise(case, offline)),
        2 => (0..4u8).prop_map(Step::Solve),
        1 => (0..4u8).prop_map(Step::Ack),
        1 => (0..4u8, 1..REPEAT).prop_map(|(case, ms)| Step::Silence(case, ms)),
        1 => Just(Step::Unsilence),
        6 => prop_oneof![0..WAIT * 2, 0..REPEAT * 2].prop_map(Step::Pass),
        8 => (0..2u8, prop::bool::weighted(0.7)).prop_map(|(channel, ok)| Step::Settle(channel, ok)),
        1 => Just(Step::Restart),
    ]
}

/// The world around the notifier, which checks whatever it says.
#[derive(Default)]
struct World {
    notifier: Notifier,
    now: u64,
    routes: Vec<Route>,
    under_way: BTreeMap<String, Notice>,
    /// News that arrived: channel, case, news but repeats, level.
    arrived: BTreeSet<(String, String, String)>,
    /// When a channel last heard of a case.
    last: BTreeMap<(String, String), u64>,
    solved: BTreeSet<String>,
}

impl World {
    fn new() -> World {
        World {
            now: 1_000_000,
            routes: vec![route("a"), route("b")],
            ..World::default()
        }
    }

    fn component(case: u8) -> String {
        format!("receive/{case}")
    }

    fn due(&mut self) -> Result<(), TestCaseError> {
        for notice in self.notifier.due(&self.routes, self.now) {
            let channel = notice.channel.clone();
            for item in &notice.items {
                let case = &item.alert.case;
                prop_assert!(
                    self.notifier.silence_of(&item.alert, self.now).is_none(),
                    "{case} is told to {channel} while it is silenced"
                );
                let heard = self.last.get(&(channel.clone(), case.clone()));
                match item.news {
                    News::Repeat => {
                        let waited = self.now - heard.copied().unwrap_or(self.now);
                        prop_assert!(waited >= REPEAT, "repeated after {waited} ms");
                        let ack = &self.notifier.book().open[case].acknowledged;
                        prop_assert!(ack.as_ref().is_none_or(|ack| ack.level < item.alert.kind));
                    }
                    News::Solved => {
                        prop_assert!(
                            heard.is_some(),
                            "{case} is solved to {channel}, which never heard of it"
                        );
                        prop_assert!(self.solved.contains(case));
                    }
                    News::Raised => prop_assert!(heard.is_none()),
                    News::Worse => prop_assert!(heard.is_some()),
                }
                if item.news != News::Repeat {
                    let news = format!("{:?} {:?}", item.news, item.alert.kind);
                    let known = self
                        .arrived
                        .contains(&(channel.clone(), case.clone(), news));
                    prop_assert!(!known, "{case} {:?} twice to {channel}", item.news);
                }
            }
            let before = self.under_way.insert(channel.clone(), notice);
            prop_assert!(before.is_none(), "two notices at a time to {channel}");
        }
        Ok(())
    }

    fn settle(&mut self, channel: &str, ok: bool) {
        let Some(notice) = self.under_way.remove(channel) else {
            return;
        };
        let outcome = if ok {
            Outcome::Delivered
        } else {
            Outcome::Failed("no".into())
        };
        assert!(self.notifier.settle(channel, &notice.id, outcome, self.now));
        for item in notice.items.into_iter().filter(|_| ok) {
            let case = item.alert.case;
            if item.news != News::Repeat {
                let news = format!("{:?} {:?}", item.news, item.alert.kind);
                self.arrived
                    .insert((channel.to_owned(), case.clone(), news));
            }
            self.last.insert((channel.to_owned(), case), self.now);
        }
    }

    fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        let name = |case: u8| format!("case-{case}");
        match step {
            Step::Raise(case, offline) => {
                let kind = if offline {
                    AlertKind::Offline
                } else {
                    AlertKind::NeedsPerson
                };
                let component = World::component(case);
                self.notifier.raise(
                    Alert {
                        component,
                        ..of_kind(&name(case), kind)
                    },
                    self.now,
                );
            }
            Step::Solve(case) => {
                if self.notifier.book().open.contains_key(&name(case)) {
                    self.solved.insert(name(case));
                }
                self.notifier.solve(&name(case), "well", self.now);
            }
            Step::Ack(case) => {
                let _ = self.notifier.acknowledge(&name(case), "anna", "", self.now);
            }
            Step::Silence(case, ms) => {
                let pattern = World::component(case);
                let _ = self
                    .notifier
                    .silence(&pattern, "anna", "work", self.now + ms, self.now);
            }
            Step::Unsilence => {
                let first = self.notifier.book().silences.first().map(|s| s.id.clone());
                first
                    .into_iter()
                    .for_each(|id| drop(self.notifier.unsilence(&id)));
            }
            Step::Pass(ms) => self.now += ms,
            Step::Settle(channel, ok) => self.settle(["a", "b"][usize::from(channel)], ok),
            Step::Restart => {
                // Through the file, as it would be. What was on its way is lost, or at least
                // nobody knows: this world says that it did not arrive.
                let file = serde_json::to_vec(self.notifier.book()).unwrap();
                self.notifier = Notifier::resume(serde_json::from_slice(&file).unwrap());
                self.under_way.clear();
            }
        }
        self.due()
    }
}

proptest! {
    #[test]
    fn nobody_is_told_twice_too_early_or_in_vain(steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World::new();
        for step in steps {
            world.play(step)?;
        }
        // Then all is quiet: silences end, channels work.
        world.now += 2 * REPEAT;
        for _ in 0..20 {
            world.play(Step::Settle(0, true))?;
            world.play(Step::Settle(1, true))?;
            world.play(Step::Pass(WAIT + 1))?;
        }
        for (channel, case) in world.last.keys() {
            let over = |(told, of, news): &(String, String, String)| {
                told == channel && of == case && news.starts_with("Solved")
            };
            let told = world.arrived.iter().any(over);
            prop_assert_eq!(told, world.solved.contains(case), "{} to {}", case, channel);
        }
        for (case, entry) in &world.notifier.book().open {
            prop_assert!(entry.solved_unix_ms.is_none(), "{case} is over and still kept");
            for route in &world.routes {
                prop_assert!(entry.told.contains_key(&route.name), "{case} was not told to {}", route.name);
            }
        }
    }

    #[test]
    fn a_restart_between_any_two_steps_changes_nothing(
        steps in prop::collection::vec(step(), 0..60),
        at in 0..60usize,
    ) {
        let (mut through, mut restarted) = (World::new(), World::new());
        for (n, step) in steps.into_iter().enumerate() {
            if matches!(step, Step::Restart) {
                continue;
            }
            through.play(step.clone())?;
            restarted.play(step)?;
            if n == at {
                // What is on its way is sent again, under the same id where it is still so.
                let before = restarted.under_way.clone();
                restarted.play(Step::Restart)?;
                for (channel, notice) in &before {
                    let still = |item: &NoticeItem| {
                        let entry = restarted.notifier.book().open.get(&item.alert.case);
                        entry.is_some_and(|entry| {
                            let route = restarted.routes.iter().find(|r| r.name == *channel).unwrap();
                            let due = restarted.notifier.news(entry, route, restarted.now).chosen;
                            let kind = |due: Due| NoticeItem::kind(entry, due.news);
                            due.is_some_and(|due| due.news == item.news && kind(due) == item.alert.kind)
                        })
                    };
                    if notice.items.iter().all(still) {
                        let again = restarted.under_way.get(channel).map(|notice| &notice.id);
                        prop_assert_eq!(again, Some(&notice.id));
                    } else {
                        // It is not what is true any more: from here on the two differ.
                        return Ok(());
                    }
                }
            }
        }
        prop_assert_eq!(through.arrived, restarted.arrived);
    }
}
