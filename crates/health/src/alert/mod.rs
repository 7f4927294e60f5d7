//! Alerts: telling a person, by channels that do not use the mail queue.
//!
//! Each channel (a webhook, a command, a file) has a task and a short queue of its own. What it
//! does not take is tried again with growing pauses; a channel that hangs holds up neither the
//! others nor the worker.

use std::{path::PathBuf, process::Stdio, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use mailward_events::{Event, Events};
use mailward_model::{
    Object, Spec,
    kind::{AlertChannel, AlertTarget},
};
use serde::Serialize;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::mpsc, task::JoinHandle};

/// Alerts that wait for one channel; beyond them the oldest news is dropped, the event log has it.
const WAITING_MAX: usize = 32;
/// How long one attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// Pauses between attempts, in seconds; after the last one the alert is given up.
const PAUSES_S: [u64; 7] = [1, 5, 30, 120, 600, 1800, 3600];

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Nothing is left that Mailward could do.
    NeedsPerson,
    /// No mail is taken.
    Offline,
    /// What was told before is over.
    Solved,
}

/// One alert: the JSON document that every channel gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// The node's name.
    pub node: String,
    /// The recovery case.
    pub case: String,
    /// The component.
    pub component: String,
    /// When it was raised.
    pub unix_ms: u64,
    /// The first bad result.
    pub since_unix_ms: u64,
    /// What happened, in one sentence.
    pub text: String,
    /// The class of the cause, where known.
    pub cause: Option<String>,
    /// What the last probe saw.
    pub seen: String,
    /// The command that tells everything.
    pub explain: String,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("no answer within {} s", ATTEMPT_MAX.as_secs())]
    Timeout,
    #[error("{0:?} is not a URL of the form http://host:port/path")]
    Url(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("the request cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answered {0}")]
    Status(hyper::StatusCode),
    #[error("the command ended with {0}")]
    Exit(std::process::ExitStatus),
}

struct Channel {
    name: String,
    spec: AlertChannel,
    inbox: mpsc::Sender<Alert>,
    task: JoinHandle<()>,
}

/// Every alert channel of the node.
pub struct Alerter {
    channels: Vec<Channel>,
    events: Events,
}

impl std::fmt::Debug for Alerter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alerter({} channels)", self.channels.len())
    }
}

impl Alerter {
    /// No channels yet.
    pub fn new(events: Events) -> Self {
        Alerter {
            channels: Vec::new(),
            events,
        }
    }

    /// Uses the channels among `objects`. One that stays as it is keeps what it has to tell.
    pub fn set_channels(&mut self, objects: &[Object]) {
        let wanted: Vec<(&String, &AlertChannel)> = objects
            .iter()
            .filter_map(|object| match &object.spec {
                Spec::AlertChannel(spec) if spec.enabled => Some((&object.name, spec)),
                _ => None,
            })
            .collect();
        self.channels.retain(|channel| {
            let stays = wanted
                .iter()
                .any(|(name, spec)| **name == channel.name && **spec == channel.spec);
            if !stays {
                channel.task.abort();
            }
            stays
        });
        for (name, spec) in wanted {
            if self.channels.iter().any(|channel| channel.name == *name) {
                continue;
            }
            let (inbox, alerts) = mpsc::channel(WAITING_MAX);
            let task = tokio::spawn(tell(
                name.clone(),
                spec.target.clone(),
                alerts,
                self.events.clone(),
            ));
            self.channels.push(Channel {
                name: name.clone(),
                spec: spec.clone(),
                inbox,
                task,
            });
        }
    }

    /// Hands an alert to every channel. Never waits. Says how many took it.
    pub fn raise(&self, alert: &Alert) -> usize {
        let mut taken = 0;
        for channel in &self.channels {
            match channel.inbox.try_send(alert.clone()) {
                Ok(()) => taken += 1,
                Err(_) => self.events.emit(Event::AlertFailed {
                    case: alert.case.clone(),
                    channel: channel.name.clone(),
                    error: format!("{WAITING_MAX} alerts wait for it already"),
                    attempt: 0,
                }),
            }
        }
        taken
    }
}

impl Drop for Alerter {
    fn drop(&mut self) {
        for channel in &self.channels {
            channel.task.abort();
        }
    }
}

/// The task of one channel.
async fn tell(
    name: String,
    target: AlertTarget,
    mut alerts: mpsc::Receiver<Alert>,
    events: Events,
) {
    while let Some(alert) = alerts.recv().await {
        let mut pauses = PAUSES_S.iter();
        let mut attempt = 1;
        loop {
            let sent = tokio::time::timeout(ATTEMPT_MAX, send(&target, &alert)).await;
            let error = match sent.unwrap_or(Err(SendError::Timeout)) {
                Ok(()) => {
                    let (case, channel) = (alert.case.clone(), name.clone());
                    events.emit(Event::AlertSent { case, channel });
                    break;
                }
                Err(error) => error,
            };
            events.emit(Event::AlertFailed {
                case: alert.case.clone(),
                channel: name.clone(),
                error: error.to_string(),
                attempt,
            });
            let Some(pause) = pauses.next() else { break };
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            attempt += 1;
        }
    }
}

async fn send(target: &AlertTarget, alert: &Alert) -> Result<(), SendError> {
    let json = serde_json::to_vec(alert).map_err(std::io::Error::from)?;
    match target {
        AlertTarget::Webhook(url) => post(url, json).await,
        AlertTarget::Command(words) => run(words, &json).await,
        AlertTarget::File(path) => append(path.clone(), json).await,
    }
}

async fn post(url: &str, json: Vec<u8>) -> Result<(), SendError> {
    let wrong = || SendError::Url(url.to_owned());
    let uri: hyper::Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri
        .authority()
        .filter(|_| uri.scheme_str() == Some("http"))
        .ok_or_else(wrong)?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the connection; its error is seen by the request.
    let driver = tokio::spawn(connection);
    let request = hyper::Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header("Host", authority.as_str())
        .header("Content-Type", "application/json")
        .header(
            "User-Agent",
            concat!("Mailward/", env!("CARGO_PKG_VERSION")),
        )
        .header("Connection", "close")
        .body(Full::<Bytes>::from(json))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    // The body is of no interest, but reading a little of it lets the other side end well.
    let _ = tokio::time::timeout(Duration::from_millis(100), response.into_body().frame()).await;
    driver.abort();
    if status.is_success() {
        Ok(())
    } else {
        Err(SendError::Status(status))
    }
}

async fn run(words: &[String], json: &[u8]) -> Result<(), SendError> {
    let (program, arguments) = words.split_first().ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidInput, "the command is empty")
    })?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is judged by how it ends.
        let _ = stdin.write_all(json).await;
        let _ = stdin.write_all(b"\n").await;
    }
    let status = child.wait().await?;
    if status.success() {
        Ok(())
    } else {
        Err(SendError::Exit(status))
    }
}

async fn append(path: PathBuf, mut json: Vec<u8>) -> Result<(), SendError> {
    json.push(b'\n');
    let mut file = tokio::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .await?;
    file.write_all(&json).await?;
    file.sync_data().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use mailward_model::{ObjectId, Revision};
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    fn alert(case: &str) -> Alert {
        Alert {
            kind: AlertKind::NeedsPerson,
            node: "mx.example.org".into(),
            case: case.into(),
            component: "receive/Internet".into(),
            unix_ms: 2,
            since_unix_ms: 1,
            text: "no stage is left".into(),
            cause: None,
            seen: "no greeting".into(),
            explain: "mailward explain case-1".into(),
        }
    }

    fn channel(name: &str, target: AlertTarget) -> Object {
        Object {
            id: ObjectId(1),
            name: name.into(),
            revision: Revision(1),
            spec: AlertChannel {
                target,
                enabled: true,
            }
            .into(),
        }
    }

    /// Waits, on the real clock, until `done` holds.
    async fn until(mut done: impl FnMut() -> bool) {
        for _ in 0..500 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came");
    }

    #[tokio::test]
    async fn every_channel_gets_it_and_one_that_hangs_holds_up_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts.jsonl");
        let output = dir.path().join("command.json");
        let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |l: &TcpListener| format!("http://{}/alert?x=1", l.local_addr().unwrap());
        let (events, collector) = Events::collect();
        let mut alerter = Alerter::new(events);
        let shell = format!("cat > {}", output.display());
        alerter.set_channels(&[
            channel("hanging", AlertTarget::Webhook(url(&hanging))),
            channel("hook", AlertTarget::Webhook(url(&hook))),
            channel("file", AlertTarget::File(file.clone())),
            channel(
                "command",
                AlertTarget::Command(vec!["/bin/sh".into(), "-c".into(), shell]),
            ),
        ]);
        assert_eq!(alerter.raise(&alert("case-1")), 4);
        let (mut stream, _) = hook.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        let request = String::from_utf8(request).unwrap();
        assert!(
            request.starts_with("POST /alert?x=1 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("\"case\":\"case-1\""), "{request}");
        let mut sent = Vec::new();
        until(|| {
            sent.extend(collector.take().into_iter().map(|event| event.message()));
            sent.len() == 3
        })
        .await;
        assert!(
            sent.iter().all(|text| text.contains("was delivered by")),
            "{sent:?}"
        );
        let read = |path| std::fs::read_to_string(path).unwrap();
        assert!(read(&file).ends_with("}\n") && read(&output).contains("needs_person"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_again_and_given_up_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let (events, collector) = Events::collect();
        let mut alerter = Alerter::new(events);
        let nowhere = dir.path().join("no/such/folder/file");
        alerter.set_channels(&[channel("file", AlertTarget::File(nowhere))]);
        alerter.raise(&alert("case-1"));
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        let failures = collector.take();
        assert_eq!(failures.len(), PAUSES_S.len() + 1, "{failures:?}");
    }

    #[tokio::test]
    async fn a_channel_that_cannot_be_is_told() {
        for target in [
            AlertTarget::Webhook("https://example.org/".into()),
            AlertTarget::Command(vec!["/no/such/program".into()]),
            AlertTarget::Command(vec!["/bin/false".into()]),
        ] {
            assert!(send(&target, &alert("case-1")).await.is_err(), "{target:?}");
        }
    }
}
