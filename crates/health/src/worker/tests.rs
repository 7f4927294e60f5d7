//! The worker as a whole, over real sockets and files: a small mail server that can be wedged, a
//! manager with the real arbiter, and the real clock, with settings in fractions of a second.

use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

use mailward_api::{
    control::{self, Server},
    fault::Fault,
    view::{
        CaseView, ConnectionChoice, ConnectorStatus, GateView, Verdict, health::HealthState,
        transport::QueueStats,
    },
};
use mailward_host::clock::SystemClock;
use mailward_model::{
    Decision, Domain, Kind,
    kind::{AlertChannel, AlertTarget, HealthSettings, ReceiveConnector, StartTls},
    unit::Span,
};
use mailward_store::{Change, Store};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    arbiter::{Arbiter, Around},
    probe,
};

fn span(ms: u64) -> Span {
    Span(Duration::from_millis(ms))
}

fn settings() -> HealthSettings {
    HealthSettings {
        connector_probe_interval: span(500),
        mailflow_probe_interval: span(1_000),
        restart_component_after: span(600),
        restart_process_after: span(60_000),
        offline_after: span(120_000),
        probation: span(1_000),
        ..HealthSettings::default()
    }
}

/// A mail server of one mailbox: takes any message and puts it into the Maildir. Wedged, it accepts
/// connections and says nothing.
async fn serve(listener: TcpListener, new: PathBuf, wedged: Arc<AtomicBool>) {
    let mut silent = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        if wedged.load(Ordering::SeqCst) {
            silent.push(stream);
            continue;
        }
        silent.clear();
        tokio::spawn(session(stream, new.clone()));
    }
}

async fn session(stream: TcpStream, new: PathBuf) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mx\r\n").await?;
    let mut line = String::new();
    let mut letter: Option<String> = None;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let say = match &mut letter {
            Some(text) if line == ".\r\n" => {
                std::fs::create_dir_all(&new)?;
                let name = format!("{:p}.{}", text, text.len());
                std::fs::write(new.join(name), text)?;
                letter = None;
                "250 2.0.0 taken\r\n"
            }
            Some(text) => {
                text.push_str(&line);
                ""
            }
            None if line.starts_with("DATA") => {
                letter = Some(String::new());
                "354 go\r\n"
            }
            None if line.starts_with("QUIT") => "221 bye\r\n",
            None => "250 ok\r\n",
        };
        stream.write_all(say.as_bytes()).await?;
    }
}

struct House {
    dir: tempfile::TempDir,
    wedged: Arc<AtomicBool>,
    arbiter: Arc<Arbiter>,
    worker: Worker,
    _servers: (Server, Server),
}

async fn house(settings: HealthSettings) -> House {
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let given = store.get(Kind::HealthSettings, "default").unwrap().unwrap();
    let spec = ReceiveConnector {
        bindings: vec!["127.0.0.1:0".parse().unwrap()],
        tls: StartTls::Off,
        ..ReceiveConnector::default()
    };
    let target = AlertTarget::File(dir.path().join("alerts.jsonl"));
    store
        .apply(
            vec![
                Change::create("Internet", spec),
                Change::replace(&given, settings.clone()),
                Change::create(
                    "file",
                    AlertChannel {
                        group_wait: span(0),
                        ..AlertChannel::new(target)
                    },
                ),
            ],
            "test",
        )
        .unwrap();
    let wedged = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let node: Domain = "mx.example.org".parse().unwrap();
    let mailbox = HealthMailbox::of(&node).unwrap();
    let mail_dir = dir.path().join("mail");
    tokio::spawn(serve(
        listener,
        mail_dir.join(&mailbox.name).join("new"),
        wedged.clone(),
    ));
    let transport = transport(dir.path(), address, wedged.clone());
    let arbiter = Arc::new(
        Arbiter::open(&dir.path().join("ledger"), clock.clone(), Events::discard()).unwrap(),
    );
    let manager = manager(dir.path(), arbiter.clone(), settings);
    let config = WorkerConfig {
        minimum: false,
        node,
        run_dir: dir.path().to_owned(),
        health_dir: dir.path().join("health"),
        data_dir: dir.path().to_owned(),
        mail_dir,
        queue_dir: dir.path().join("queue"),
        log_dir: dir.path().join("events"),
        certificate_dir: dir.path().join("certificates"),
        node_certificates: Vec::new(),
        firewall: false,
        allow_faults: true,
        resolvers: Vec::new(),
        roots: mailward_tls::Roots::default(),
        probe_keys: Arc::new(mailward_host::keyring::Keyring::fixed([7; 32])),
        store,
        group: None,
        events: Events::discard(),
        clock,
    };
    let worker = Worker::start(config).await.unwrap();
    House {
        dir,
        wedged,
        arbiter,
        worker,
        _servers: (transport, manager),
    }
}

fn transport(run_dir: &Path, address: std::net::SocketAddr, wedged: Arc<AtomicBool>) -> Server {
    let service = move |request: ControlRequest| {
        let reply = match request {
            ControlRequest::Ping => Ok(ControlReply::Pong(probe::tests::role_status())),
            ControlRequest::Status => Ok(ControlReply::Transport(probe::tests::status(
                GateView::default(),
                QueueStats::default(),
            ))),
            ControlRequest::ListConnectors => Ok(ControlReply::Connectors(vec![ConnectorStatus {
                state: mailward_api::view::ServingState::Active,
                connector: "Internet".into(),
                enabled: true,
                listening: vec![address],
                sessions: 0,
                sessions_total: 0,
                wedged: false,
                lmtp: false,
                certificate: None,
            }])),
            ControlRequest::SimulateConnection { remote, local } => {
                Ok(ControlReply::Connection(ConnectionChoice {
                    remote,
                    local,
                    decision: Decision::plain(Some("Internet".to_owned()), "it is the only one"),
                    factors: Vec::new(),
                }))
            }
            ControlRequest::RestartComponent { .. } => {
                wedged.store(false, Ordering::SeqCst);
                Ok(ControlReply::Done)
            }
            other => Err(Fault::unsupported("transport", other.name())),
        };
        async move { reply }
    };
    control::serve(&Role::Transport.socket(run_dir), service).unwrap()
}

fn manager(run_dir: &Path, arbiter: Arc<Arbiter>, settings: HealthSettings) -> Server {
    let transport = Role::Transport.socket(run_dir);
    let service = move |request: ControlRequest| {
        let (arbiter, settings, transport) = (arbiter.clone(), settings.clone(), transport.clone());
        async move {
            match request {
                ControlRequest::Propose(proposal) => {
                    let verdict = arbiter.propose(&proposal, &Around::plain(&settings));
                    if let (
                        Verdict::Granted { entry, .. },
                        RepairAct::RestartComponent { component },
                    ) = (&verdict, &proposal.act)
                    {
                        let request = ControlRequest::RestartComponent {
                            component: component.clone(),
                        };
                        control::call(&transport, &request, Duration::from_secs(2))
                            .await
                            .unwrap();
                        arbiter.acted(*entry, Ok("done"));
                    }
                    Ok(ControlReply::Verdict(verdict))
                }
                ControlRequest::Carried { entry } => {
                    Ok(ControlReply::Carried(arbiter.carried(entry)))
                }
                ControlRequest::Outcome(outcome) => {
                    arbiter.record_outcome(&outcome);
                    Ok(ControlReply::Done)
                }
                ControlRequest::Ledger { limit } => Ok(ControlReply::Ledger(
                    arbiter.ledger(limit as usize, &Around::plain(&settings)),
                )),
                other => Err(Fault::unsupported("manager", other.name())),
            }
        }
    };
    control::serve(&Role::Manager.socket(run_dir), service).unwrap()
}

impl House {
    async fn ask(&self, request: ControlRequest) -> ControlReply {
        self.worker.answer(request).await.unwrap()
    }

    async fn set(&self, name: &str) -> HealthState {
        let set = self
            .worker
            .answer(ControlRequest::HealthShow { set: name.into() })
            .await;
        match set {
            Ok(ControlReply::HealthSet(set)) => set.state,
            _ => HealthState::Unknown,
        }
    }

    /// Waits until `done` says so; for what happens on the real clock.
    async fn until(&self, what: &str, done: impl AsyncFn(&House) -> bool) {
        for _ in 0..600 {
            if done(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let report = self.ask(ControlRequest::HealthReport).await;
        panic!("{what} never came: {report:#?}");
    }

    async fn case_of(&self, subject: &str) -> Option<CaseView> {
        let ControlReply::HealthHistory(history) =
            self.ask(ControlRequest::HealthHistory { limit: 100 }).await
        else {
            return None;
        };
        let id = history
            .edges
            .into_iter()
            .find(|edge| edge.subject == subject)?
            .case?;
        match self.ask(ControlRequest::Explain { id }).await {
            ControlReply::Case(case) => Some(case),
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_wedged_connector_is_noticed_repaired_checked_and_explained() {
    let house = house(settings()).await;
    house
        .until("health", async |house| {
            house.set("Receive").await == HealthState::Healthy
                && house.set("MailFlow").await == HealthState::Healthy
        })
        .await;
    house.wedged.store(true, Ordering::SeqCst);
    house
        .until("the closed case", async |house| {
            house
                .case_of("case of receive/Internet")
                .await
                .is_some_and(|case| case.state == "closed")
        })
        .await;
    let case = house.case_of("case of receive/Internet").await.unwrap();
    let steps: Vec<_> = case.steps.iter().map(|step| step.step.as_str()).collect();
    for step in [
        "sample", "state", "proposed", "granted", "checked", "closed",
    ] {
        assert!(steps.contains(&step), "{step}: {steps:?}");
    }
    assert!(!house.wedged.load(Ordering::SeqCst));
    assert!(case.repaired_after_ms.unwrap() < 15_000, "{case:?}");
    assert!(crate::explain::text(&case).contains("restart the component receive/Internet"));
    let ledger = house.arbiter.ledger(10, &Around::plain(&settings()));
    let records: Vec<_> = ledger
        .entries
        .iter()
        .rev()
        .map(|entry| entry.record.as_str())
        .collect();
    assert_eq!(records, ["intent", "acted", "outcome"]);
    // The worker is started anew: what it saw is still told, by its file.
    drop(house.worker);
    assert!(
        History::new(&house.dir.path().join("health"))
            .case(&case.id)
            .is_some()
    );
}

#[tokio::test]
async fn the_manager_s_own_restarts_are_explained_too_and_wrong_names_are_told() {
    let house = house(settings()).await;
    let id = house
        .arbiter
        .record_exit(Role::Transport, 77, "killed by signal 9", None);
    house
        .arbiter
        .record_step(&id, Role::Transport, "ready", "process 78 serves");
    let ControlReply::HealthReport(report) = house
        .ask(ControlRequest::Recheck {
            component: Some("transport".into()),
        })
        .await
    else {
        panic!("no report");
    };
    assert!(report.sets.iter().any(|set| set.set == "Receive"));
    // A probe that was under way already is no check: the next one is.
    house
        .until("the check", async |house| {
            let case = house.case_of("role transport").await.unwrap();
            assert_eq!(
                (case.id.as_str(), case.state.as_str()),
                (id.as_str(), "closed")
            );
            case.steps.iter().any(|step| step.step == "checked")
        })
        .await;
    let name = "mailflow/internet".to_owned();
    house
        .until("the mail-flow probe", async |house| {
            let reply = house.ask(ControlRequest::ProbeRun { name: name.clone(), trace: true }).await;
            matches!(reply, ControlReply::Probe(view) if view.probe == "mailflow/Internet" && view.verdict == "pass")
        })
        .await;
    assert!(house.worker.is_alive().await);
    for request in [
        ControlRequest::Explain {
            id: "case-0".into(),
        },
        ControlRequest::HealthShow { set: "None".into() },
        ControlRequest::ProbeRun {
            name: "none".into(),
            trace: false,
        },
        ControlRequest::ProbeReport(ProbeReport {
            probe: "disk".into(),
            passed: true,
            text: String::new(),
        }),
        ControlRequest::Recheck {
            component: Some("none".into()),
        },
        ControlRequest::QueueList,
    ] {
        assert!(
            house.worker.answer(request.clone()).await.is_err(),
            "{request:?}"
        );
    }
}
