//! Export over OTLP: a collector gets the metrics and every event, in order, and none twice when it
//! was away and access was killed meanwhile.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use mailward_api::control::Role;
use serde_json::Value;

use crate::support::{Node, free_port, objects, read, signal, wait_for};

/// As much of a collector as the test needs: answers 200, or 503 while it is away.
struct Collector {
    port: u16,
    away: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Collector {
    fn listen() -> Collector {
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (away, taken) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (is_away, all) = (Arc::clone(&away), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that is killed in the middle ends its own request only.
                let _ = Collector::serve(stream.unwrap(), &is_away, &all);
            }
        });
        Collector { port, away, taken }
    }

    fn serve(
        stream: TcpStream,
        away: &AtomicBool,
        taken: &Mutex<Vec<(String, Value)>>,
    ) -> std::io::Result<()> {
        let mut input = BufReader::new(stream.try_clone()?);
        let (mut first, mut length) = (String::new(), 0);
        input.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            input.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let status = if away.load(Ordering::Relaxed) {
            503
        } else {
            200
        };
        if status == 200 {
            let path = first.split(' ').nth(1).unwrap().to_owned();
            taken
                .lock()
                .unwrap()
                .push((path, serde_json::from_slice(&body).unwrap()));
        }
        let mut output = stream;
        write!(
            output,
            "HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\n{{}}"
        )
    }

    /// Every event taken: its number and its text.
    fn events(&self) -> Vec<(String, String)> {
        let taken = self.taken.lock().unwrap();
        let of_logs = taken.iter().filter(|(path, _)| path == "/v1/logs");
        let records = of_logs.flat_map(|(_, body)| {
            let records = body["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array();
            records.unwrap().clone()
        });
        let of = |record: Value| {
            let attributes = record["attributes"].as_array().unwrap();
            let number = attributes
                .iter()
                .find(|one| one["key"] == "mailward.event.number");
            (
                number.unwrap()["value"]["intValue"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
                record["body"]["stringValue"].as_str().unwrap().to_owned(),
            )
        };
        records.map(of).collect()
    }

    fn metric(&self, name: &str) -> Option<Value> {
        let taken = self.taken.lock().unwrap();
        let (_, newest) = taken.iter().rfind(|(path, _)| path == "/v1/metrics")?;
        let metrics = newest["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array()?;
        metrics
            .iter()
            .find(|metric| metric["name"] == name)
            .cloned()
    }
}

#[test]
fn a_collector_that_was_away_misses_no_event_and_gets_none_twice() {
    let collector = Collector::listen();
    let mut node = Node::prepare(objects);
    let config = read(&node.config());
    let otlp = format!(
        "[otlp]\nendpoint = \"http://127.0.0.1:{}\"\ninterval = \"1s\"\n",
        collector.port
    );
    std::fs::write(node.config(), format!("{config}\n{otlp}")).unwrap();
    node.serve();
    wait_for("metrics arrive", || {
        let accepted = collector.metric("mailward_messages_accepted");
        accepted.is_some_and(|metric| metric["sum"]["isMonotonic"] == true)
    });
    let acted = |operation: &str| {
        let events = collector.events();
        let said = format!("asked for {operation} ");
        let ours = events
            .iter()
            .filter(|(number, text)| number == "5006" && text.contains(&said));
        ours.count()
    };
    // Each command leaves an event that names it.
    node.ask(&["drain"]);
    wait_for("the event of the first command arrives", || {
        acted("drain") == 1
    });

    collector.away.store(true, Ordering::Relaxed);
    node.ask(&["resume"]);
    // Each process says once that events are not taken.
    let complaints = || {
        let list = node.ask(&["event", "list", "--event", "6040"]);
        let of_events = list
            .lines()
            .filter(|line| line.contains("events cannot be exported"));
        of_events.filter(|line| line.contains("503")).count()
    };
    wait_for("the export fails and says so", || complaints() == 1);
    // What a process raised in its last moment may stand in its event file alone.
    let store = mailward_store::Store::open(&node.path("data/store.db")).unwrap();
    wait_for("the event of the second command is stored", || {
        let newest = mailward_store::EventFilter {
            number: Some(5006),
            limit: 1,
            ..Default::default()
        };
        let records = store.events(&newest).unwrap();
        records.iter().any(|record| record.contains("resume"))
    });
    let before = node.role_pid("access").unwrap();
    signal(before, "KILL");
    wait_for("access is back", || node.answers_anew(Role::Access, before));
    wait_for("it fails after that too", || complaints() == 2);
    collector.away.store(false, Ordering::Relaxed);
    wait_for("what happened meanwhile arrives", || acted("resume") == 1);
    wait_for("the export says that it goes on", || {
        collector
            .events()
            .iter()
            .any(|(number, _)| number == "6041")
    });
    assert_eq!((acted("drain"), acted("resume")), (1, 1), "none twice");
    wait_for("metrics arrive again, with the restart of access", || {
        let restarts = collector.metric("mailward_role_restarts").unwrap();
        let points = restarts["sum"]["dataPoints"].as_array().unwrap();
        points.iter().any(|point| point["asInt"] == "1")
    });
}
