//! What the scenarios share: a node of its own in a temporary folder, run as an administrator would.
#![allow(
    dead_code,
    reason = "each scenario is a program of its own and uses a part of this"
)]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use mailward_api::control::{self, CallError, ControlReply, ControlRequest, Role};

pub(crate) use crate::talk::Talk;

/// How long anything may take that a scenario waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A free port of loopback.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_for(what: &str, holds: impl FnMut() -> bool) {
    wait_within(PATIENCE, what, holds);
}

/// As [`wait_for`], with a limit of the caller's.
#[track_caller]
pub(crate) fn wait_within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A running node. Dropped, it is ended and its folder removed.
pub(crate) struct Node {
    folder: tempfile::TempDir,
    serve: Option<Child>,
    /// The port of the first receive connector.
    pub(crate) port: u16,
    /// The port of `/readyz` and `/metrics`.
    pub(crate) http: u16,
}

/// The least a node needs: one domain, one connector on `port`, a mailbox `info`, a journal of
/// everything, mail out to nobody.
pub(crate) fn objects(port: u16) -> String {
    format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
max_connections_per_source = 2000

[[mailbox]]
name = "info"
address = "info@example.test"

[[mailbox]]
name = "journal"
address = "journal@example.test"
type = "journal"

[[journal_rule]]
name = "Everything"
journal_address = "journal@example.test"
"#
    )
}

impl Node {
    /// Sets a node up with these objects, without starting it. `objects` gets the port of the first
    /// receive connector.
    pub(crate) fn prepare(objects: impl FnOnce(u16) -> String) -> Node {
        Node::prepare_in(tempfile::tempdir().unwrap(), objects)
    }

    /// As [`Node::prepare`], in a folder of the caller's.
    pub(crate) fn prepare_in(
        folder: tempfile::TempDir,
        objects: impl FnOnce(u16) -> String,
    ) -> Node {
        Node::prepare_at(folder, free_port(), objects)
    }

    /// As [`Node::prepare_in`], with the port of the first receive connector chosen by the caller.
    pub(crate) fn prepare_at(
        folder: tempfile::TempDir,
        port: u16,
        objects: impl FnOnce(u16) -> String,
    ) -> Node {
        Node::prepare_as(folder, port, "mail.example.test", &[], objects)
    }

    /// As [`Node::prepare_at`], with the host's name and further arguments of `mailward setup`.
    pub(crate) fn prepare_as(
        folder: tempfile::TempDir,
        port: u16,
        hostname: &str,
        arguments: &[&str],
        objects: impl FnOnce(u16) -> String,
    ) -> Node {
        let node = Node {
            folder,
            serve: None,
            port,
            http: free_port(),
        };
        let objects_file = node.path("objects.toml");
        std::fs::write(&objects_file, objects(node.port)).unwrap();
        let output = mailward()
            .args([
                "setup",
                "--domain",
                "example.test",
                "--hostname",
                hostname,
                "--allow-faults",
            ])
            .args(arguments)
            .arg("--objects")
            .arg(&objects_file)
            .arg("--http")
            .arg(format!("127.0.0.1:{}", node.http))
            .args(["--config".as_ref(), node.config().as_os_str()])
            .args(["--data-dir".as_ref(), node.path("data").as_os_str()])
            .args(["--run-dir".as_ref(), node.path("run").as_os_str()])
            .args([
                "--certificate-dir".as_ref(),
                node.path("certificates").as_os_str(),
            ])
            .output()
            .unwrap();
        assert!(output.status.success(), "setup: {}", text(&output));
        node
    }

    /// Sets a node up and starts it.
    pub(crate) fn start(objects: impl FnOnce(u16) -> String) -> Node {
        let mut node = Node::prepare(objects);
        node.serve();
        node
    }

    /// Starts `mailward serve` and waits until transport greets and administrators are answered.
    pub(crate) fn serve(&mut self) {
        self.serve_with(|_| {});
    }

    /// As [`Node::serve`], with a change to the command before it is run.
    pub(crate) fn serve_with(&mut self, change: impl FnOnce(&mut Command)) {
        self.spawn(change);
        wait_for("the node greets", || self.greets());
        wait_for("the node answers administrators", || {
            self.command(&["status"]).status.success()
        });
    }

    /// Starts `mailward serve` and waits for nothing.
    pub(crate) fn spawn(&mut self, change: impl FnOnce(&mut Command)) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("serve.log"))
            .unwrap();
        let mut command = mailward();
        command
            .args([
                "serve".as_ref(),
                "--config".as_ref(),
                self.config().as_os_str(),
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        change(&mut command);
        self.serve = Some(command.spawn().unwrap());
    }

    /// Starts `mailward serve` in a network namespace and waits for nothing.
    pub(crate) fn spawn_in(&mut self, namespace: &str) {
        self.spawn_under(&["ip", "netns", "exec", namespace]);
    }

    /// Starts `mailward serve` as the last arguments of another command and waits for nothing.
    pub(crate) fn spawn_under(&mut self, command: &[&str]) {
        let log = std::fs::File::create(self.path("serve.log")).unwrap();
        let serve = Command::new(command[0])
            .args(&command[1..])
            .arg(env!("CARGO_BIN_EXE_mailward"))
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.serve = Some(serve.unwrap());
    }

    /// True where no manager runs that this node started.
    pub(crate) fn manager_ended(&mut self) -> bool {
        self.serve
            .as_mut()
            .is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// The process of a role, as the role itself tells: no manager is asked.
    pub(crate) fn pid_of(&self, role: Role) -> Option<u32> {
        match self.control(role, &ControlRequest::Ping) {
            Ok(ControlReply::Pong(status)) => Some(status.pid),
            _ => None,
        }
    }

    /// True once another process than `old` answers for a role: the manager knows of a new process
    /// before anybody can talk to it.
    pub(crate) fn answers_anew(&self, role: Role, old: u32) -> bool {
        self.pid_of(role).is_some_and(|new| new != old)
    }

    /// The manager's word on each role: name, state, process.
    pub(crate) fn children(&self) -> Vec<mailward_api::view::ChildStatus> {
        match self.control(Role::Manager, &ControlRequest::Status) {
            Ok(ControlReply::Manager(status)) => status.children,
            _ => Vec::new(),
        }
    }

    /// The events of a role so far, in order.
    pub(crate) fn events_of(&self, role: &str) -> Vec<serde_json::Value> {
        let mut files: Vec<_> = std::fs::read_dir(self.path("data/events"))
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.starts_with(&format!("events-{role}-"))
            })
            .collect();
        files.sort();
        files
            .iter()
            .flat_map(|file| {
                read(file)
                    .lines()
                    .filter_map(|line| serde_json::from_str(line).ok())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// True where a role has raised an event of this number.
    pub(crate) fn has_event(&self, role: &str, number: u64) -> bool {
        self.events_of(role)
            .iter()
            .any(|event| event["number"] == number)
    }

    /// Waits until events of these names are stored: from a role to there, each takes a moment.
    #[track_caller]
    pub(crate) fn wait_for_events(&self, names: &[&str]) {
        for name in names {
            wait_for(&format!("the event {name} is stored"), || {
                let events = self.ask(&["event", "list", "--event", name]);
                events.contains(name)
            });
        }
    }

    /// The manager's process.
    pub(crate) fn manager_pid(&self) -> u32 {
        self.serve.as_ref().unwrap().id()
    }

    /// Ends the node politely.
    pub(crate) fn stop(&mut self) {
        self.stop_with_code();
    }

    /// Ends the node politely; its exit code.
    pub(crate) fn stop_with_code(&mut self) -> Option<i32> {
        let mut child = self.serve.take()?;
        signal(child.id(), "TERM");
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if started.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!(
                    "the node did not end within {PATIENCE:?} of SIGTERM: {}",
                    self.log()
                );
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// A path in the node's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("mailward.toml")
    }

    /// What the node printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }

    /// The address of the first receive connector.
    pub(crate) fn smtp(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// True where a greeting comes.
    pub(crate) fn greets(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.smtp()) else {
            return false;
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        let mut code = [0; 3];
        stream.read_exact(&mut code).is_ok() && &code == b"220"
    }

    /// Runs an operator's command.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        mailward()
            .args(["--socket".as_ref(), self.path("run/admin.sock").as_os_str()])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs an operator's command that must succeed; what it printed.
    #[track_caller]
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        let output = self.command(words);
        assert!(
            output.status.success(),
            "mailward {}: {}\n{}",
            words.join(" "),
            text(&output),
            self.log()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs an operator's command that must succeed; its JSON.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let mut words = words.to_vec();
        words.push("--json");
        serde_json::from_str(&self.ask(&words)).unwrap()
    }

    /// Runs an operator's command that must fail: its exit code and what it said.
    #[track_caller]
    pub(crate) fn refused(&self, words: &[&str]) -> (i32, String) {
        let output = self.command(words);
        assert!(
            !output.status.success(),
            "mailward {} succeeded: {}",
            words.join(" "),
            text(&output)
        );
        (output.status.code().unwrap(), text(&output))
    }

    /// Asks a role over its control channel.
    pub(crate) fn control(
        &self,
        role: Role,
        request: &ControlRequest,
    ) -> Result<ControlReply, CallError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let socket = role.socket(&self.path("run"));
        runtime.block_on(control::call(&socket, request, Duration::from_secs(5)))
    }

    /// One of the pages for load balancers and Prometheus: its status and its text.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.http)).unwrap();
        http_get(stream, path)
    }

    /// Messages in the queue.
    #[track_caller]
    pub(crate) fn queued(&self) -> u64 {
        let list = self.json(&["queue", "list"]);
        list.pointer("/queues/messages")
            .and_then(serde_json::Value::as_u64)
            .unwrap()
    }

    /// The messages of a mailbox.
    pub(crate) fn mailbox(&self, name: &str) -> Vec<Vec<u8>> {
        let new = self.path("data/mail").join(name).join("new");
        let mut files: Vec<_> = std::fs::read_dir(new)
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| std::fs::read(file).unwrap())
            .collect()
    }

    /// The process of a role, as the manager tells it.
    pub(crate) fn role_pid(&self, role: &str) -> Option<u32> {
        let output = self.command(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let children = status.get("manager")?.get("children")?.as_array()?.clone();
        let child = children.into_iter().find(|child| child["role"] == role)?;
        u32::try_from(child.get("pid")?.as_u64()?).ok()
    }

    /// A conversation with the first receive connector.
    pub(crate) fn talk(&self) -> Talk {
        Talk::connect(self.smtp())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the node printed:\n{}", self.log());
        }
        if let Some(mut child) = self.serve.take() {
            signal(child.id(), "TERM");
            let started = Instant::now();
            while child.try_wait().ok().flatten().is_none()
                && started.elapsed() < Duration::from_secs(15)
            {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program under test.
pub(crate) fn mailward() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mailward"))
}

/// Sends a signal by name.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .unwrap();
    let _ = status;
}

/// True while a process of this number lives (one that ended and was not waited for does not).
pub(crate) fn lives(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| state != 'Z')
}

/// Asks for a page by HTTP: its status and its text.
pub(crate) fn http_get(mut stream: impl Read + Write, path: &str) -> (u16, String) {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    let answer = String::from_utf8(octets).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("chunked"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Both outputs of a command.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs a program of the test host with input; what it printed, and whether it succeeded.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{program} is needed by this test (scripts/test installs it): {error}")
        });
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), text(&output))
}

/// A file of a node's folder, read.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
