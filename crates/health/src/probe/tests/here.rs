//! Probes of this node that need no real transport: accounts of the queue, certificates held, clocks,
//! the admin socket, the store.

use std::time::Duration;

use mailward_api::view::{CertificateChoice, CertificateList, CertificateView, queue::QueueAudit};
use mailward_host::fake::clock::FakeClock;
use mailward_model::{MessageId, PassedOver, kind::SendConnector};

use super::*;

/// A node whose transport gives these accounts and certificates.
fn house(
    audit: QueueAudit,
    certificates: Vec<CertificateView>,
) -> (tempfile::TempDir, Context, Server, Arc<FakeClock>) {
    house_that_shows(audit, certificates, None)
}

/// The same, which shows this certificate.
fn house_that_shows(
    audit: QueueAudit,
    certificates: Vec<CertificateView>,
    choice: Option<CertificateChoice>,
) -> (tempfile::TempDir, Context, Server, Arc<FakeClock>) {
    let dir = tempfile::tempdir().unwrap();
    let service = move |request: ControlRequest| {
        let reply = match request {
            ControlRequest::QueueAudit => Ok(ControlReply::Audit(audit.clone())),
            ControlRequest::CertList => Ok(ControlReply::Certificates(CertificateList {
                certificates: certificates.clone(),
                folder: String::new(),
                set_aside: Vec::new(),
            })),
            ControlRequest::CertExplain { .. } if choice.is_some() => {
                Ok(ControlReply::Certificate(choice.clone().unwrap()))
            }
            other => Err(Fault::unsupported("transport", other.name())),
        };
        async move { reply }
    };
    let control = control::serve(&Role::Transport.socket(dir.path()), service).unwrap();
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let context = Context::new(
        "mx.example.org".parse().unwrap(),
        dir.path().to_owned(),
        dir.path().to_owned(),
        dir.path().join("mail"),
        Arc::new(mailward_host::keyring::Keyring::fixed([7; 32])),
        Store::open(&dir.path().join("store.db")).unwrap(),
        clock.clone(),
    );
    (dir, context, control, clock)
}

async fn look(context: &Context, target: Target) -> ProbeView {
    run(&definition(target, 5000), context).await
}

#[test]
fn what_is_due_and_in_nobodys_hand_is_told() {
    for (ready, in_flight, verdict) in [
        (0, 0, Verdict::Pass),
        (0, 2, Verdict::Pass),
        // A limit of connections keeps the others waiting.
        (3, 1, Verdict::Pass),
        (3, 0, Verdict::Fail),
    ] {
        let queue = QueueStats {
            ready,
            in_flight,
            ..QueueStats::default()
        };
        let found = node::given_out(&queue);
        assert_eq!(found.verdict, verdict, "{}", found.text);
    }
}

#[tokio::test]
async fn orphans_and_a_journal_that_stands_still_are_told() {
    let (_dir, context, _control, _) = house(
        QueueAudit {
            messages: 7,
            ..QueueAudit::default()
        },
        Vec::new(),
    );
    assert_found(
        &look(&context, Target::QueueOwnership).await,
        "pass",
        "has an owner",
        None,
    );
    assert_found(
        &look(&context, Target::Journal).await,
        "pass",
        "0 journal reports",
        None,
    );
    let orphan = MessageId::from_bits(77);
    let audit = QueueAudit {
        messages: 7,
        unowned: 1,
        orphans: vec![orphan],
        journal_open: 3,
        journal_parked: 2,
        journal_oldest_unix_ms: Some(1_800_000_000_000 - 7_200_000),
        ..QueueAudit::default()
    };
    let (_dir, context, _control, _) = house(audit, Vec::new());
    let view = look(&context, Target::QueueOwnership).await;
    assert_found(
        &view,
        "fail",
        &format!(
            "1 without a delivery, 0 that no queue knows, 0 that wait for ever; the first are {orphan}"
        ),
        Some("orphaned"),
    );
    let view = look(&context, Target::Journal).await;
    assert_found(
        &view,
        "fail",
        "2 of them parked, the oldest for 120 minutes",
        Some("upstream"),
    );
    assert!(
        view.measures
            .iter()
            .any(|m| m.name == "journal_lag_ms" && m.value == 7_200_000)
    );
}

/// A certificate that ends in so many days.
fn certificate(file: &str, days: i64) -> CertificateView {
    CertificateView {
        file: file.into(),
        not_after_unix_ms: 1_800_000_000_000 + days * 86_400_000,
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        spki_sha256: String::new(),
        serial: String::new(),
        not_before_unix_ms: 0,
        self_signed: false,
        key: String::new(),
        used_by: Vec::new(),
        warnings: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_send_connector_shows_is_dated_and_missed_where_it_is_needed() {
    let look_at = async |chosen: Option<&str>, kept_back: Option<&str>, pin: Option<&str>, days| {
        let choice = CertificateChoice {
            connector: "Cloud".to_owned(),
            send: true,
            fqdn: "mx.example.org".parse().unwrap(),
            decision: Decision::plain(chosen.map(str::to_owned), "none of 2 fits"),
            not_after_unix_ms: chosen.map(|_| certificate("a.pem", days).not_after_unix_ms),
            kept_back: kept_back.map(|reason| PassedOver {
                candidate: "a.pem".to_owned(),
                reason: reason.to_owned(),
            }),
        };
        let (_dir, context, _control, _) =
            house_that_shows(QueueAudit::default(), Vec::new(), Some(choice));
        let spec = SendConnector {
            certificate: pin.map(str::to_owned),
            ..SendConnector::default()
        };
        let target = Target::ClientCertificate("Cloud".to_owned(), Box::new(spec));
        look(&context, target).await
    };
    let view = look_at(Some("a.pem"), None, None, 90).await;
    assert_found(&view, "pass", "a.pem is valid for 90 more days", None);
    let view = look_at(Some("a.pem"), None, None, 6).await;
    assert_found(&view, "slow", "a.pem expires in 6 days", None);
    let bad = Some("certificate");
    // Its time is over, and peers knew us by it.
    let over = Some("it expired on 2026-01-01");
    let view = look_at(None, over, None, -3).await;
    assert_found(&view, "fail", "a.pem: it expired on 2026-01-01", bad);
    // The connector names one that is not to be had; names none, and none is held.
    let view = look_at(None, None, Some("<I>CN=A<S>CN=B"), 90).await;
    assert_found(&view, "fail", "none of 2 fits", bad);
    let view = look_at(None, None, None, 90).await;
    assert_found(&view, "pass", "names none", None);
}

#[tokio::test]
async fn every_certificate_held_is_dated() {
    let (_dir, context, _control, _) = house(
        QueueAudit::default(),
        vec![certificate("a.pem", 90), certificate("b.pem", 30)],
    );
    let view = look(&context, Target::Certificates).await;
    assert_found(&view, "pass", "b.pem is the first to end, in 30 days", None);
    let (_dir, context, _control, _) = house(
        QueueAudit::default(),
        vec![certificate("a.pem", 3), certificate("b.pem", -1)],
    );
    let view = look(&context, Target::Certificates).await;
    assert_found(
        &view,
        "slow",
        "a.pem expires in 3 days; b.pem has expired",
        None,
    );
    assert_eq!(view.measures[0].value, -1);
}

#[tokio::test]
async fn a_wall_clock_that_jumps_is_seen() {
    let (_dir, context, _control, clock) = house(QueueAudit::default(), Vec::new());
    assert_found(
        &look(&context, Target::Clock).await,
        "pass",
        "from now on",
        None,
    );
    clock.advance(Duration::from_secs(60));
    assert_found(
        &look(&context, Target::Clock).await,
        "pass",
        "runs steadily",
        None,
    );
    clock.advance(Duration::from_secs(60));
    clock.jump(-3_600_000);
    assert_found(
        &look(&context, Target::Clock).await,
        "fail",
        "jumped back by 3600000 ms",
        Some("config"),
    );
    clock.advance(Duration::from_secs(60));
    assert_found(
        &look(&context, Target::Clock).await,
        "pass",
        "runs steadily",
        None,
    );
}

#[tokio::test]
async fn the_store_is_read_and_written_and_nothing_changes() {
    let (dir, context, _control, _) = house(QueueAudit::default(), Vec::new());
    let before = (context.store.all().unwrap(), context.store.revision());
    assert_found(
        &look(&context, Target::Store).await,
        "pass",
        "read and written",
        None,
    );
    assert_eq!(
        (context.store.all().unwrap(), context.store.revision()),
        before
    );
    // A disk that returns something else.
    for file in std::fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap().path())
    {
        if file.to_string_lossy().contains("store.db") {
            let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
            std::fs::write(&file, vec![0x55; length]).unwrap();
        }
    }
    assert_found(
        &look(&context, Target::Store).await,
        "fail",
        "cannot be read",
        Some("disk"),
    );
}

#[tokio::test]
async fn the_admin_api_is_asked_through_its_socket() {
    let (dir, context, _control, _) = house(QueueAudit::default(), Vec::new());
    assert_found(
        &look(&context, Target::Admin).await,
        "fail",
        "admin.sock",
        None,
    );
    let listener = tokio::net::UnixListener::bind(dir.path().join("admin.sock")).unwrap();
    tokio::spawn(async move {
        for reply in ["200 OK", "500 Oops", "403 No"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await;
            let reply = format!("HTTP/1.1 {reply}\r\nContent-Length: 2\r\n\r\n{{}}");
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    assert_found(
        &look(&context, Target::Admin).await,
        "pass",
        "answered",
        None,
    );
    assert_found(&look(&context, Target::Admin).await, "fail", "500", None);
    assert_found(
        &look(&context, Target::Admin).await,
        "probe_error",
        "403",
        Some("credential"),
    );
}

#[tokio::test]
async fn what_is_not_there_is_the_disk_s() {
    let (dir, context, _control, _) = house(QueueAudit::default(), Vec::new());
    let view = look(&context, Target::Disk(Place::Queue)).await;
    assert_found(
        &view,
        "skipped",
        "file system of the data folder",
        Some(NOT_APPLICABLE),
    );
    let gone = dir.path().join("gone");
    let context = Context::new(
        context.node.clone(),
        dir.path().to_owned(),
        gone,
        dir.path().join("mail"),
        Arc::new(mailward_host::keyring::Keyring::fixed([7; 32])),
        context.store.clone(),
        context.clock.clone(),
    );
    assert_found(
        &look(&context, Target::Disk(Place::Data)).await,
        "fail",
        "No such file",
        Some("disk"),
    );
}
