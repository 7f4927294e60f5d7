//! Judgements, in simulated time.

use mailward_model::{
    Envelope, EnvelopeRecipient, MessageId, Notify, Object, ObjectId, Origin, Revision, Spec,
    kind::{ConnectorTarget, SendConnector},
    plan::{DeliveryRecipient, JournalErrand, JournalReport, NextHop},
};
use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const ACCEPTED: u64 = 1_739_349_005_000;

fn snapshot(settings: TransportSettings) -> Snapshot {
    let object = |id, name: &str, spec: Spec| Object {
        id: ObjectId(id),
        name: name.into(),
        revision: Revision(id),
        spec,
    };
    let connector = SendConnector {
        address_spaces: vec!["*".parse().unwrap()],
        target: ConnectorTarget::SmartHosts,
        smart_hosts: vec!["192.0.2.1".parse().unwrap()],
        ..Default::default()
    };
    let objects = [
        object(1, "out", connector.into()),
        object(2, "default", settings.into()),
    ];
    Snapshot::build(&objects, &"edge.example".parse().unwrap())
}

fn origin() -> Origin {
    Origin {
        connector: "in".into(),
        client: None,
        server: None,
        helo: String::new(),
        protocol: "ESMTP".into(),
        tls: None,
        account: None,
        probe: false,
        arrival: None,
        accepted_unix_ms: ACCEPTED,
    }
}

fn message() -> Message {
    Message {
        id: MessageId::from_bits(9),
        envelope: Envelope {
            mail_from: "anna@example.org".parse().unwrap(),
            ..Default::default()
        },
        origin: origin(),
        size: 100,
    }
}

fn delivery(content: DeliveryContent) -> Delivery {
    let recipient = |address: &str| DeliveryRecipient {
        rcpt: EnvelopeRecipient::new(address.parse().unwrap()),
        redirection: None,
    };
    Delivery {
        no: 0,
        next_hop: NextHop::SmartHost {
            connector: "out".into(),
        },
        mail_from: match content {
            DeliveryContent::Message => "anna@example.org".parse().unwrap(),
            _ => mailward_model::ReversePath::Null,
        },
        recipients: vec![recipient("a@example.net"), recipient("b@example.net")],
        content,
    }
}

fn journal() -> DeliveryContent {
    DeliveryContent::JournalReport(JournalReport::default())
}

struct Case {
    settings: TransportSettings,
    message: Message,
    delivery: Delivery,
    attempts: u32,
    after_ms: u64,
    owed: Option<DsnAction>,
    delayed_before: bool,
}

fn case() -> Case {
    Case {
        settings: TransportSettings::default(),
        message: message(),
        delivery: delivery(DeliveryContent::Message),
        attempts: 1,
        after_ms: 0,
        owed: None,
        delayed_before: false,
    }
}

fn run(case: &Case, replies: &[Reply]) -> Judged {
    let attempt = Attempt {
        message: &case.message,
        delivery: &case.delivery,
        attempts: case.attempts,
        first_attempt_unix_ms: Some(ACCEPTED),
        now_unix_ms: ACCEPTED + case.after_ms,
    };
    let answers = (0u32..).zip(replies.iter().cloned()).collect();
    let handover = Handover {
        remote: Some("mx.example.net".into()),
        owed: case.owed,
    };
    judge(
        &snapshot(case.settings.clone()),
        &attempt,
        answers,
        handover,
        |_| case.delayed_before,
    )
}

fn ok() -> Reply {
    Reply::new(250, EnhancedCode(2, 0, 0), "ok")
}

fn later() -> Reply {
    Reply::new(451, EnhancedCode(4, 3, 0), "later")
}

fn never() -> Reply {
    Reply::new(550, EnhancedCode(5, 1, 1), "no such user")
}

fn fates(judged: &Judged) -> Vec<Fate> {
    judged.settlement.outcomes.iter().map(|o| o.fate).collect()
}

fn reported(judged: &Judged) -> Vec<(String, DsnAction)> {
    judged
        .settlement
        .follow_ups
        .iter()
        .flat_map(|delivery| {
            assert!(delivery.mail_from.is_null(), "a bounce with a sender");
            match &delivery.content {
                DeliveryContent::Dsn { recipients } => recipients.clone(),
                other => panic!("not a bounce: {other:?}"),
            }
        })
        .map(|r| (r.rcpt.address.local().to_owned(), r.action))
        .collect()
}

#[test]
fn one_is_taken_one_is_refused() {
    let judged = run(&case(), &[ok(), never()]);
    assert_eq!(fates(&judged), [Fate::Delivered, Fate::Failed]);
    assert_eq!(reported(&judged), [("b".into(), DsnAction::Failed)]);
    assert_eq!(judged.settlement.retry_unix_ms, None);
    let [bounce] = judged.settlement.follow_ups.as_slice() else {
        panic!("one bounce expected");
    };
    assert_eq!(
        bounce.recipients[0].rcpt.address.to_string(),
        "anna@example.org"
    );
}

#[test]
fn waits_follow_the_schedule_with_a_spread() {
    for (attempts, minutes) in [(0, 1), (3, 1), (4, 5), (9, 5), (10, 10), (500, 10)] {
        let mut case = case();
        case.attempts = attempts;
        let judged = run(&case, &[later(), ok()]);
        assert_eq!(fates(&judged), [Fate::Deferred, Fate::Delivered]);
        let wait = judged.settlement.retry_unix_ms.unwrap() - ACCEPTED;
        let expect = minutes * 60_000;
        assert!(
            (expect * 9 / 10..=expect * 11 / 10).contains(&wait),
            "{attempts}: {wait}"
        );
        assert_eq!(reported(&judged), []);
    }
}

#[test]
fn time_runs_out() {
    let mut case = case();
    case.after_ms = 2 * DAY;
    let judged = run(&case, &[later(), ok()]);
    assert_eq!(fates(&judged), [Fate::Failed, Fate::Delivered]);
    let reply = &judged.settlement.outcomes[0].reply;
    assert_eq!(reply.enhanced, Some(EnhancedCode(4, 4, 7)));
    assert!(reply.text.contains("451 4.3.0 later"), "{reply}");
    assert_eq!(reported(&judged), [("a".into(), DsnAction::Failed)]);
    // The first attempt after a jump of the clock.
    case.attempts = 0;
    assert_eq!(fates(&run(&case, &[later()])), [Fate::Deferred]);
}

#[test]
fn the_last_attempt_comes_at_the_last_moment() {
    let mut case = case();
    case.after_ms = 2 * DAY - 1_000;
    case.delayed_before = true;
    let judged = run(&case, &[later()]);
    assert_eq!(judged.settlement.retry_unix_ms, Some(ACCEPTED + 2 * DAY));
}

#[test]
fn a_delay_is_told_once() {
    let mut case = case();
    case.after_ms = 4 * HOUR - 1;
    assert_eq!(reported(&run(&case, &[later()])), []);
    case.after_ms = 4 * HOUR;
    let judged = run(&case, &[later()]);
    assert_eq!(reported(&judged), [("a".into(), DsnAction::Delayed)]);
    case.delayed_before = true;
    assert_eq!(reported(&run(&case, &[later()])), []);
    case.delayed_before = false;
    case.settings.delay_notification = Span::from_secs(0);
    assert_eq!(reported(&run(&case, &[later()])), []);
}

#[test]
fn nobody_is_told_who_must_not_be() {
    let mut null = case();
    null.delivery.mail_from = mailward_model::ReversePath::Null;
    let mut probe = case();
    probe.message.origin.probe = true;
    let mut silent = case();
    silent.delivery.recipients[0].rcpt.notify = Notify::NEVER;
    let mut bounce = case();
    bounce.delivery = delivery(DeliveryContent::Dsn {
        recipients: Vec::new(),
    });
    for case in [null, probe, silent, bounce] {
        let judged = run(&case, &[never()]);
        assert_eq!(fates(&judged), [Fate::Failed]);
        assert_eq!(reported(&judged), []);
    }
}

#[test]
fn a_journal_report_waits_whatever_it_is_answered() {
    let mut case = case();
    case.delivery = delivery(journal());
    case.after_ms = 90 * DAY;
    let judged = run(&case, &[never(), later()]);
    assert_eq!(fates(&judged), [Fate::Deferred, Fate::Deferred]);
    assert_eq!(judged.parked.len(), 1);
    assert!(judged.settlement.retry_unix_ms.is_some());
    case.settings.journal_expiration = Some(Span::from_secs(7 * 86_400));
    assert_eq!(fates(&run(&case, &[never()])), [Fate::Failed]);
}

#[test]
fn a_bounce_for_expired_mail_has_time_of_its_own() {
    let mut case = case();
    case.delivery = delivery(DeliveryContent::Dsn {
        recipients: Vec::new(),
    });
    case.after_ms = HOUR;
    case.message.origin.accepted_unix_ms = ACCEPTED - 30 * DAY;
    assert_eq!(fates(&run(&case, &[later()])), [Fate::Deferred]);
    case.after_ms = 2 * DAY;
    assert_eq!(fates(&run(&case, &[later()])), [Fate::Failed]);
}

#[test]
fn a_probe_is_not_tried_for_days() {
    let mut case = case();
    case.message.origin.probe = true;
    case.after_ms = HOUR / 6;
    let judged = run(&case, &[later()]);
    assert_eq!(fates(&judged), [Fate::Failed]);
    assert_eq!(reported(&judged), []);
}

#[test]
fn success_is_reported_where_it_is_asked_for_and_owed() {
    let mut case = case();
    case.delivery.recipients[0].rcpt.notify = Notify {
        success: true,
        failure: false,
        delay: false,
        given: true,
    };
    assert_eq!(reported(&run(&case, &[ok(), ok()])), []);
    case.owed = Some(DsnAction::Relayed);
    let judged = run(&case, &[ok(), ok()]);
    assert_eq!(reported(&judged), [("a".into(), DsnAction::Relayed)]);
    // Failure was not asked for.
    assert_eq!(reported(&run(&case, &[never()])), []);
}

proptest! {
    #[test]
    fn everybody_gets_a_fate_and_the_deferred_a_time(
        replies in proptest::collection::vec(prop_oneof![Just(ok()), Just(later()), Just(never())], 0..2),
        attempts in 0u32..1000,
        after_ms in 0..10 * DAY,
    ) {
        let case = Case { attempts, after_ms, ..case() };
        let judged = run(&case, &replies);
        prop_assert_eq!(judged.settlement.outcomes.len(), replies.len());
        for (outcome, reply) in judged.settlement.outcomes.iter().zip(&replies) {
            prop_assert_eq!(outcome.fate == Fate::Delivered, reply.is_positive());
            // Before its time is over nothing fails by a transient answer.
            prop_assert!(outcome.fate != Fate::Failed || reply.is_permanent() || after_ms >= 2 * DAY);
        }
        let deferred = fates(&judged).contains(&Fate::Deferred);
        prop_assert_eq!(judged.settlement.retry_unix_ms.is_some(), deferred);
        if let Some(at) = judged.settlement.retry_unix_ms {
            prop_assert!(at > ACCEPTED + after_ms);
        }
        prop_assert_eq!(run(&case, &replies), judged);
    }
}

#[test]
fn a_report_that_is_refused_goes_to_the_alternate_mailbox() {
    let report = |target: &str, errand| {
        DeliveryContent::JournalReport(JournalReport {
            target: Some(target.parse().unwrap()),
            errand,
            ..JournalReport::default()
        })
    };
    let mut case = case();
    case.settings.journaling_report_ndr_to = Some("anna@example.org".parse().unwrap());
    for (content, reply, diverted) in [
        (
            report("archive@example.net", JournalErrand::Target),
            never(),
            true,
        ),
        (
            report("archive@example.net", JournalErrand::Target),
            later(),
            false,
        ),
        // There is no third place: it waits.
        (
            report("archive@example.net", JournalErrand::Alternate),
            never(),
            false,
        ),
        (
            report("anna@example.org", JournalErrand::Target),
            never(),
            false,
        ),
    ] {
        case.delivery.content = content;
        case.delivery.recipients.truncate(1);
        let judged = run(&case, &[reply]);
        let follow_ups = &judged.settlement.follow_ups;
        if !diverted {
            assert_eq!(fates(&judged), [Fate::Deferred]);
            assert!(follow_ups.is_empty() && judged.settlement.retry_unix_ms.is_some());
            continue;
        }
        assert_eq!(fates(&judged), [Fate::Failed]);
        assert!(judged.parked.is_empty());
        let [follow_up] = follow_ups.as_slice() else {
            panic!("{follow_ups:?}");
        };
        assert_eq!(
            follow_up.recipients[0].rcpt.address.to_string(),
            "anna@example.org"
        );
        assert!(
            matches!(&follow_up.content, DeliveryContent::JournalReport(report) if report.errand == JournalErrand::Alternate)
        );
    }
}
