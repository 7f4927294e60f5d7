//! The desk over real files, commands and sockets.

use std::{path::Path, time::Duration};

use mailward_events::Collector;
use mailward_model::{
    ObjectId, Revision,
    kind::{AlertScope, AlertTarget},
    unit::Span,
};
use tokio::net::TcpListener;

use super::*;
use crate::alert::tests::alert;

fn object(name: &str, spec: AlertChannel) -> Object {
    Object {
        id: ObjectId(1),
        name: name.into(),
        revision: Revision(1),
        spec: spec.into(),
    }
}

fn channel(target: AlertTarget) -> AlertChannel {
    AlertChannel {
        group_wait: Span::from_secs(0),
        ..AlertChannel::new(target)
    }
}

struct House {
    desk: Alerter,
    collector: Collector,
    now: Now,
    probes: u64,
}

impl House {
    fn new(dir: &Path) -> House {
        let (events, collector) = Events::collect();
        let desk = Alerter::new(
            "mx.example.org",
            dir,
            read(dir),
            Couriers::default(),
            events,
        );
        let now = Now {
            mono_ms: 1_000,
            unix_ms: 1_790_000_000_000,
        };
        House {
            desk,
            collector,
            now,
            probes: 0,
        }
    }

    fn pass(&mut self, ms: u64) -> Vec<String> {
        self.now.mono_ms += ms;
        self.now.unix_ms += ms;
        self.desk.tick(self.now, self.probes, 60_000)
    }

    /// Waits, on the real clock, until `done` holds.
    async fn until(&mut self, mut done: impl FnMut(&mut House) -> bool) {
        for _ in 0..1000 {
            self.pass(0);
            if done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came: {:?}", self.desk.notifier.book());
    }

    fn told(&self, case: &str) -> usize {
        let book = self.desk.notifier.book();
        book.open.get(case).map_or(0, |entry| entry.told.len())
    }
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_none_and_the_others_have_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, output) = (
        dir.path().join("alerts.jsonl"),
        dir.path().join("command.json"),
    );
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/alert", hanging.local_addr().unwrap());
    let shell = format!("cat > {}", output.display());
    let mut house = House::new(dir.path());
    house.desk.set_channels(&[
        object("hanging", channel(AlertTarget::Webhook(url))),
        object("file", channel(AlertTarget::File(file.clone()))),
        object(
            "command",
            channel(AlertTarget::Command(vec![
                "/bin/sh".into(),
                "-c".into(),
                shell,
            ])),
        ),
    ]);
    house.desk.raise(alert("case-1"), house.now.unix_ms);
    let began = Instant::now();
    house.until(|house| house.told("case-1") == 2).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert!(read(&file).ends_with("}\n") && read(&output).contains("needs_person"));
    house.desk.raise(alert("case-2"), house.now.unix_ms);
    house.until(|house| house.told("case-2") == 2).await;
    assert_eq!(read(&file).lines().count(), 2);
}

#[tokio::test]
async fn what_was_told_and_said_outlives_the_worker() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alerts.jsonl");
    let objects = [object("file", channel(AlertTarget::File(file.clone())))];
    let ask = |house: &mut House, request| house.desk.answer(request, house.now.unix_ms);
    let mut house = House::new(dir.path());
    house.desk.set_channels(&objects);
    house.desk.raise(alert("case-1"), house.now.unix_ms);
    house.until(|house| house.told("case-1") == 1).await;
    let ack = ControlRequest::AlertAck {
        id: "case-1".into(),
        by: "anna".into(),
        note: "on it".into(),
    };
    let changes = |reply| match reply {
        ControlReply::Changed(changed) => changed.changes,
        other => panic!("{other:?}"),
    };
    let told = changes(ask(&mut house, ack.clone()).unwrap());
    let one = told.first().unwrap();
    assert_eq!(
        one.to_string(),
        "alert case-1: acknowledged unset → anna: on it"
    );
    // The same once more changes nothing; another's word does.
    assert!(changes(ask(&mut house, ack.clone()).unwrap()).is_empty());
    let mut other = ack.clone();
    if let ControlRequest::AlertAck { by, .. } = &mut other {
        *by = "vera".into();
    }
    let told = changes(ask(&mut house, other).unwrap());
    assert_eq!(told[0].before, "anna: on it");
    ask(&mut house, ack).unwrap();
    let silence = ControlRequest::AlertSilence {
        pattern: "disk".into(),
        by: "anna".into(),
        reason: "new disk".into(),
        until_unix_ms: house.now.unix_ms + 3_600_000,
    };
    let told = changes(ask(&mut house, silence).unwrap());
    assert!(told[0].before.is_null(), "{told:?}");
    assert!(told[0].to_string().contains("new disk"), "{told:?}");
    let brief = ControlRequest::AlertSilence {
        pattern: "none".into(),
        by: "anna".into(),
        reason: "a try".into(),
        until_unix_ms: house.now.unix_ms + 3_600_000,
    };
    let made = changes(ask(&mut house, brief).unwrap());
    let id = made[0].subject.strip_prefix("silence ").unwrap().to_owned();
    let by = "anna".into();
    let ended = changes(ask(&mut house, ControlRequest::AlertUnsilence { id, by }).unwrap());
    assert_eq!(
        (&ended[0].before, &ended[0].after),
        (&made[0].after, &made[0].before)
    );
    drop(house);

    let mut house = House::new(dir.path());
    house.desk.set_channels(&objects);
    house.desk.still_open(&["case-1".into()], house.now.unix_ms);
    house.desk.raise(alert("case-1"), house.now.unix_ms);
    house.pass(24 * 3_600_000);
    assert_eq!(house.told("case-1"), 1);
    let ControlReply::Alert(view) = ask(
        &mut house,
        ControlRequest::AlertShow {
            id: "case-1".into(),
        },
    )
    .unwrap() else {
        panic!("no alert");
    };
    assert_eq!(view.acknowledged.unwrap().note, "on it");
    assert_eq!(view.told[0].because, "anna has acknowledged it");
    let missing = ask(
        &mut house,
        ControlRequest::AlertShow {
            id: "case-9".into(),
        },
    );
    assert_eq!(missing.unwrap_err().kind, FaultKind::NotFound);
    drop(house);

    // A worker that finds the case gone says that it is over, once.
    let mut house = House::new(dir.path());
    house.desk.set_channels(&objects);
    house.desk.still_open(&[], house.now.unix_ms);
    house
        .until(|house| house.desk.notifier.book().open.is_empty())
        .await;
    house.desk.raise(alert("case-1"), house.now.unix_ms);
    house.pass(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let kinds: Vec<bool> = text
        .lines()
        .map(|line| line.contains("\"kind\":\"solved\""))
        .collect();
    assert_eq!(kinds, [false, true]);
}

#[tokio::test]
async fn a_channel_that_fails_is_tried_again_and_found_broken() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("later");
    let objects = [object(
        "file",
        channel(AlertTarget::File(place.join("alerts.jsonl"))),
    )];
    let mut house = House::new(dir.path());
    house.desk.set_channels(&objects);
    let courier = house.desk.couriers.lock()[0].clone();
    house.desk.raise(alert("case-1"), house.now.unix_ms);
    house.until(|_| courier.standing().failures == 1).await;
    assert!(!courier.standing().is_broken() && courier.check().await.is_err());
    house.pass(1_000);
    house.until(|_| courier.standing().failures == 2).await;
    assert!(courier.standing().is_broken());
    std::fs::create_dir(&place).unwrap();
    house.pass(5_000);
    house.until(|house| house.told("case-1") == 1).await;
    assert_eq!(courier.standing(), Default::default());
    let events: Vec<u16> = house
        .collector
        .take()
        .iter()
        .map(|event| event.number())
        .collect();
    assert_eq!(events, [4010, 4010, 4009]);
}

#[tokio::test]
async fn signs_of_life_end_with_the_probes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alive.jsonl");
    let spec = AlertChannel {
        heartbeat: Some(Span::from_secs(10)),
        alerts: AlertScope::None,
        ..AlertChannel::new(AlertTarget::File(file.clone()))
    };
    let lines = || {
        std::fs::read_to_string(&file)
            .unwrap_or_default()
            .lines()
            .count()
    };
    let mut house = House::new(dir.path());
    house.desk.set_channels(&[object("file", spec)]);
    house.pass(0);
    for beat in 1..=3 {
        house.probes += 7;
        house.pass(10_000);
        house.until(|_| lines() == beat).await;
    }
    // The worker's task still turns, and no probe ends.
    for _ in 0..7 {
        house.pass(10_000);
        let beat = lines();
        house
            .until(|house| house.desk.places[0].beating.as_ref().unwrap().is_finished())
            .await;
        assert!(lines() - beat <= 1);
    }
    let last = lines();
    (0..10).for_each(|_| drop(house.pass(10_000)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(lines(), last);
    let events = house.collector.take();
    assert_eq!(
        events.iter().filter(|event| event.number() == 4103).count(),
        1,
        "{events:?}"
    );
    house.probes += 1;
    house.pass(10_000);
    house.until(|_| lines() == last + 1).await;
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains("\"kind\":\"alive\"")
    );
}

#[tokio::test]
async fn a_test_goes_past_silence_and_says_how_each_channel_did() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (
        dir.path().join("good.jsonl"),
        dir.path().join("no/such/folder"),
    );
    let mut house = House::new(dir.path());
    house.desk.set_channels(&[
        object("good", channel(AlertTarget::File(good.clone()))),
        object("bad", channel(AlertTarget::File(bad))),
    ]);
    let couriers = house.desk.couriers.clone();
    let tested = test(&couriers, "mx.example.org", None, "anna", 5)
        .await
        .unwrap();
    let told: Vec<_> = tested
        .results
        .iter()
        .map(|r| (r.channel.as_str(), r.delivered))
        .collect();
    assert_eq!(told, [("bad", false), ("good", true)]);
    assert!(
        std::fs::read_to_string(&good)
            .unwrap()
            .contains("\"test\":true")
    );
    let one = test(&couriers, "mx.example.org", Some("GOOD"), "anna", 6)
        .await
        .unwrap();
    assert_eq!(one.results.len(), 1);
    assert!(
        test(&couriers, "mx.example.org", Some("none"), "anna", 7)
            .await
            .is_err()
    );
}
