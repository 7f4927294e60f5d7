//! The folder as a running part: real files, a simulated clock.

use std::{fs, os::unix::fs::PermissionsExt, time::SystemTime};

use mailward_host::fake::clock::FakeClock;
use tempfile::TempDir;

use super::*;
use crate::{
    ca::{self, Authority, Issued, Leaf},
    expiry::ExpiryStage,
    set::ProblemKind,
};

/// A folder, what was told of it, and a clock that stands at the machine's time.
struct Scene {
    dir: TempDir,
    held: Certificates,
    clock: Arc<FakeClock>,
    told: Arc<Mutex<Vec<Notice>>>,
}

impl Scene {
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
        // Far enough ahead that files written now count as old.
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let clock = Arc::new(FakeClock::new(
            u64::try_from(now.as_millis()).unwrap() + 60_000,
        ));
        let sink = told.clone();
        let held = Certificates::open(dir.path(), clock.clone(), move |notice| {
            sink.lock().push(notice)
        });
        Scene {
            dir,
            held,
            clock,
            told,
        }
    }

    fn config(&self, fqdn: &str) -> Option<Arc<ServerConfig>> {
        let fqdn = fqdn.parse().unwrap();
        self.held.server_config(&ConnectorNeeds {
            by: ShownBy::Receive,
            connector: "Internet",
            fqdn: &fqdn,
            pin: None,
        })
    }

    fn told(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.told.lock())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        write(&self.dir.path().join(name), text);
    }

    fn problem(&self, file: &str) -> String {
        let rows = self.held.list();
        let row = rows
            .iter()
            .find(|row| row.file == file)
            .expect("a row of the file");
        row.problems
            .iter()
            .map(|p| p.problem.clone())
            .collect::<Vec<_>>()
            .join(" | ")
    }
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn issued(name: &str) -> Issued {
    ca::self_signed(&Leaf::new([name])).unwrap()
}

const HOST: &str = "mail.example.org";

#[test]
fn a_key_is_found_wherever_it_lies() {
    let (a, b, c, d) = (
        issued("a.example"),
        issued("b.example"),
        issued("c.example"),
        issued("d.example"),
    );
    let scene = Scene::new(|dir| {
        write(
            &dir.join("a.pem"),
            format!("{}{}", a.certificate_pem, a.key_pem),
        );
        write(&dir.join("b.crt"), &b.certificate_pem);
        write(&dir.join("b.key"), &b.key_pem);
        write(&dir.join("c.cer"), &c.certificate_pem);
        write(&dir.join("elsewhere.key"), &c.key_pem);
        write(
            &dir.join("live/d.example/fullchain.pem"),
            &d.certificate_pem,
        );
        write(&dir.join("d.example/fullchain.pem"), &d.certificate_pem);
        write(&dir.join("d.example/privkey.pem"), &d.key_pem);
    });
    for host in ["a.example", "b.example", "c.example", "d.example"] {
        assert!(scene.config(host).is_some(), "{host}");
    }
    assert!(
        scene.held.list().iter().all(|row| row.problems.is_empty()),
        "{:?}",
        scene.held.list()
    );
    assert!(scene.config("e.example").is_none());
}

#[test]
fn a_bad_file_is_listed_and_breaks_no_other() {
    let (good, lone, other) = (
        issued(HOST),
        issued("lone.example"),
        issued("other.example"),
    );
    let half = &good.certificate_pem[..good.certificate_pem.len() / 2];
    let scene = Scene::new(|dir| {
        good_pair(dir, &good);
        write(&dir.join("lone.crt"), &lone.certificate_pem);
        write(&dir.join("mixed.crt"), &lone.certificate_pem);
        write(&dir.join("mixed.key"), &other.key_pem);
        write(&dir.join("half.pem"), half);
        write(&dir.join("empty.pem"), "");
        write(&dir.join("text.pem"), "hello");
        write(&dir.join("der.crt"), [0x30, 0x82, 0x01]);
        write(
            &dir.join("locked.key"),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        write(
            &dir.join("junk.pem"),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        );
        write(
            &dir.join("badkey.key"),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        );
        write(&dir.join("large.pem"), vec![b'x'; (1 << 20) + 1]);
        write(&dir.join("readme.txt"), "not looked at");
        fs::set_permissions(dir.join("mail.key"), fs::Permissions::from_mode(0o644)).unwrap();
    });
    assert!(scene.config(HOST).is_some());
    for (file, part) in [
        ("half.pem", "not complete PEM"),
        ("empty.pem", "empty"),
        ("text.pem", "neither a certificate"),
        ("der.crt", "DER"),
        ("locked.key", "passphrase"),
        ("junk.pem", "cannot be read"),
        ("badkey.key", "cannot be used"),
        ("large.pem", "larger than"),
        ("mail.key", "every user of this host"),
    ] {
        assert!(
            scene.problem(file).contains(part),
            "{file}: {}",
            scene.problem(file)
        );
    }
    let lone = scene.problem("lone.crt") + &scene.problem_or_empty("mixed.crt");
    assert!(
        lone.contains("no private key") && lone.contains("belongs to another"),
        "{lone}"
    );
    assert!(scene.held.list().iter().all(|row| row.file != "readme.txt"));
    let told = scene.told();
    assert!(
        told.iter().any(
            |n| matches!(n, Notice::File(p) if p.kind == ProblemKind::Exposed { mode: 0o644 })
        )
    );
    let printed = format!("{told:?} {:?} {:?}", scene.held, scene.held.list());
    assert!(!printed.contains("PRIVATE KEY--"), "{printed}");
}

impl Scene {
    fn problem_or_empty(&self, file: &str) -> String {
        let set = self.held.set();
        set.problems
            .iter()
            .filter(|p| p.file == file)
            .map(|p| p.problem.clone())
            .collect()
    }
}

fn good_pair(dir: &Path, issued: &Issued) {
    write(&dir.join("mail.crt"), &issued.certificate_pem);
    write(&dir.join("mail.key"), &issued.key_pem);
}

#[test]
fn what_was_served_is_kept_until_its_successor_is_complete() {
    let (old, new) = (issued(HOST), issued(HOST));
    for certificate_first in [true, false] {
        let scene = Scene::new(|dir| good_pair(dir, &old));
        let before = scene.config(HOST).unwrap();
        scene.told();
        let steps = [
            ("mail.crt", &new.certificate_pem),
            ("mail.key", &new.key_pem),
        ];
        let order: Vec<_> = match certificate_first {
            true => steps.to_vec(),
            false => steps.iter().rev().copied().collect(),
        };
        scene.write(order[0].0, &order[0].1[..40]);
        scene.held.poll();
        assert!(
            Arc::ptr_eq(&before, &scene.config(HOST).unwrap()),
            "torn {}",
            order[0].0
        );
        scene.write(order[0].0, order[0].1);
        scene.held.poll();
        assert!(
            Arc::ptr_eq(&before, &scene.config(HOST).unwrap()),
            "only {}",
            order[0].0
        );
        assert!(!scene.problem("mail.crt").is_empty());
        scene.write(order[1].0, order[1].1);
        scene.held.poll();
        assert!(!Arc::ptr_eq(&before, &scene.config(HOST).unwrap()), "both");
        assert_eq!(scene.problem("mail.crt"), "");
        let told = scene.told();
        assert!(
            matches!(told.last(), Some(Notice::CertificateChosen { .. })),
            "{told:?}"
        );
    }
}

#[test]
fn what_is_gone_for_two_looks_is_gone() {
    let scene = Scene::new(|dir| good_pair(dir, &issued(HOST)));
    let before = scene.config(HOST).unwrap();
    let files = ["mail.crt", "mail.key"].map(|f| scene.dir.path().join(f));
    let texts = files.clone().map(|f| fs::read(f).unwrap());
    files.iter().for_each(|f| fs::remove_file(f).unwrap());
    scene.held.poll();
    assert!(Arc::ptr_eq(&before, &scene.config(HOST).unwrap()));
    for (file, text) in files.iter().zip(&texts) {
        write(file, text);
    }
    scene.held.poll();
    assert!(
        Arc::ptr_eq(&before, &scene.config(HOST).unwrap()),
        "the same one came back"
    );
    files.iter().for_each(|f| fs::remove_file(f).unwrap());
    scene.held.poll();
    scene.held.poll();
    assert!(scene.config(HOST).is_none());
    assert!(matches!(
        scene.told().last(),
        Some(Notice::CertificateMissing { candidates, .. }) if candidates.is_empty()
    ));
}

#[test]
fn an_unchanged_folder_is_not_read_again() {
    let scene = Scene::new(|dir| good_pair(dir, &issued(HOST)));
    let set = scene.held.set();
    scene.held.poll();
    assert!(Arc::ptr_eq(&set, &scene.held.set()));
    assert!(scene.held.reload().is_empty());
    assert!(Arc::ptr_eq(&set, &scene.held.set()));
}

#[test]
fn nothing_is_told_twice() {
    let scene = Scene::new(|dir| good_pair(dir, &issued("other.example")));
    scene.told();
    for _ in 0..3 {
        assert!(scene.config(HOST).is_none());
    }
    let told = scene.told();
    assert!(
        matches!(told.as_slice(), [Notice::CertificateMissing { connector, candidates, .. }]
            if connector == "Internet" && candidates[0].reason.contains("does not cover")),
        "{told:?}"
    );
    good_pair(scene.dir.path(), &issued(HOST));
    scene.held.poll();
    let told = scene.told();
    assert!(
        matches!(told.last(), Some(Notice::CertificateChosen { .. })),
        "without a connection: {told:?}"
    );
    scene.held.retain_connectors(ShownBy::Receive, |_| false);
    scene.write("mail.crt", "");
    fs::remove_file(scene.dir.path().join("mail.crt")).unwrap();
    scene.held.reload();
    assert!(
        !scene
            .told()
            .iter()
            .any(|n| matches!(n, Notice::CertificateMissing { .. }))
    );
}

#[test]
fn what_is_untrusted_is_not_shown_is_told_and_comes_back() {
    let scene = Scene::new(|dir| {
        let authority = Authority::new("Test Authority").unwrap();
        let mail = authority.issue(&Leaf::new([HOST])).unwrap();
        mail.write(dir, "mail").unwrap();
    });
    let own = ca::self_signed(&Leaf::new([HOST])).unwrap();
    own.write(scene.dir.path(), "own").unwrap();
    scene.held.poll();
    let first = scene.config(HOST).unwrap();
    let set = scene.held.set();
    let spki = |file: &str| {
        let mut all = set.certificates.iter();
        let found = all.find(|one| one.facts.file == file).unwrap();
        mailward_model::kind::UntrustedCertificate {
            spki_sha256: found.facts.spki_sha256.parse().ok(),
            ..Default::default()
        }
    };
    let (mail, own) = (spki("mail.pem"), spki("own.pem"));
    let untrusted = &scene.held.0.untrusted;
    scene.told();
    untrusted.replace([("stolen", &mail)]);
    // The look of each second tells of it, before a client comes.
    scene.held.review();
    assert!(!Arc::ptr_eq(&first, &scene.config(HOST).unwrap()));
    let told = scene.told();
    assert!(
        matches!(told.as_slice(), [
            Notice::CertificateKeptBack { file, entry, shown: Some(shown), .. },
            Notice::CertificateChosen { .. },
        ] if file == "mail.pem" && entry == "stolen" && shown == "own.pem"),
        "{told:?}"
    );
    let event = told[0].to_event().unwrap().message();
    assert!(
        event.contains("receive connector Internet does not show")
            && event.ends_with("by stolen; own.pem is shown"),
        "{event}"
    );
    let listed = scene.held.list();
    let mut listed = listed.iter().filter_map(|one| one.untrusted.as_deref());
    assert_eq!((listed.next(), listed.next()), (Some("stolen"), None));

    untrusted.replace([("stolen", &mail), ("lost", &own)]);
    assert!(scene.config(HOST).is_none());
    let told = scene.told();
    assert!(
        matches!(told.as_slice(), [
            Notice::CertificateKeptBack { file, shown: None, .. },
            Notice::CertificateMissing { .. },
        ] if file == "mail.pem"),
        "{told:?}"
    );
    untrusted.replace([("lost", &own)]);
    assert!(Arc::ptr_eq(&first, &scene.config(HOST).unwrap()));
    let told = scene.told();
    assert!(
        matches!(told.as_slice(), [Notice::CertificateChosen { .. }]),
        "{told:?}"
    );
}

#[test]
fn time_alone_changes_the_choice_and_tells_of_it() {
    let now = SystemTime::now();
    let days = |n: u64| Duration::from_secs(86_400 * n);
    let authority = Authority::new("Test Authority").unwrap();
    let soon = authority
        .issue(&Leaf::new([HOST]).valid(now - days(80), now + days(10)))
        .unwrap();
    let scene = Scene::new(|dir| {
        soon.write(dir, "soon").unwrap();
    });
    let stages = |told: &[Notice]| -> Vec<ExpiryStage> {
        told.iter()
            .filter_map(|n| match n {
                Notice::Expiry(notice) => Some(notice.stage),
                _ => None,
            })
            .collect()
    };
    assert_eq!(stages(&scene.told()), [ExpiryStage::Days14]);
    let first = scene.config(HOST).unwrap();
    scene.clock.advance(days(11));
    scene.held.tell_expiry();
    assert_eq!(stages(&scene.told()), [ExpiryStage::Expired]);
    assert!(
        Arc::ptr_eq(&first, &scene.config(HOST).unwrap()),
        "expired, but nothing better"
    );
    assert!(matches!(
        scene.told().as_slice(),
        [Notice::CertificateNotValid { .. }]
    ));
    ca::self_signed(&Leaf::new([HOST]))
        .unwrap()
        .write(scene.dir.path(), "own")
        .unwrap();
    scene.held.poll();
    assert!(!Arc::ptr_eq(&first, &scene.config(HOST).unwrap()));
    assert!(
        scene
            .told()
            .iter()
            .any(|n| matches!(n, Notice::CertificateChosen { file, .. } if file == "own.pem"))
    );
}

#[test]
fn the_chain_is_completed_from_the_folder_but_not_with_its_root() {
    let authority = Authority::new("Test Authority").unwrap();
    let issued = authority.issue(&Leaf::new([HOST])).unwrap();
    let leaf_only = issued
        .certificate_pem
        .replace(authority.certificate_pem(), "");
    let scene = Scene::new(|dir| {
        write(&dir.join("root.pem"), authority.certificate_pem());
        write(
            &dir.join("leaf.pem"),
            format!("{leaf_only}{}", issued.key_pem),
        );
    });
    let set = scene.held.set();
    let lengths: Vec<_> = set
        .certificates
        .iter()
        .map(|c| (c.facts.file.as_str(), c.facts.chain_length))
        .collect();
    assert_eq!(lengths, [("leaf.pem", 1), ("root.pem", 1)]);
    assert!(
        set.problems.is_empty(),
        "an authority's certificate needs no key: {:?}",
        set.problems
    );
    issued.write(scene.dir.path(), "leaf").unwrap();
    scene.held.poll();
    assert_eq!(
        scene.held.set().certificates[0].facts.chain_length,
        2,
        "the file itself holds the root"
    );
}

#[test]
fn a_folder_that_is_not_there_is_said_and_read_when_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("certificates");
    let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let sink = told.clone();
    let clock = Arc::new(mailward_host::clock::SystemClock::default());
    let held = Certificates::open(&place, clock, move |notice| sink.lock().push(notice));
    assert!(
        matches!(told.lock().as_slice(), [Notice::File(p), ..] if p.problem.contains("folder"))
    );
    fs::create_dir(&place).unwrap();
    issued(HOST).write(&place, "mail").unwrap();
    held.poll();
    assert_eq!(held.list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_watch_serves_a_new_file_by_itself() {
    let scene = Scene::new(|_| {});
    assert!(scene.config(HOST).is_none());
    let watch = tokio::spawn(scene.held.clone().watch());
    issued(HOST).write(scene.dir.path(), "mail").unwrap();
    let started = tokio::time::Instant::now();
    while scene.config(HOST).is_none() {
        tokio::time::sleep(POLL_INTERVAL / 4).await;
        assert!(started.elapsed() <= 3 * POLL_INTERVAL, "not seen");
    }
    watch.abort();
}
