//! The demo's node: `mailward serve` as a child process, and its own command line against it.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::ManagerStatus,
};
use tokio::process::{Child, Command};

use super::{DemoError, act, act::Say, checks::Checks, place::Place};

/// How long the node may take to serve.
const READY_MAX: Duration = Duration::from_secs(20);
/// How long a role may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// The running node.
pub(super) struct Node {
    child: Child,
    program: PathBuf,
    run_dir: PathBuf,
    socket: PathBuf,
    internet: u16,
    started: Instant,
}

impl Node {
    /// Starts `mailward serve`.
    pub(super) fn start(place: &Place) -> Result<Node, DemoError> {
        let fail = |source| DemoError::File {
            action: "starting the node",
            source,
        };
        let program = std::env::current_exe().map_err(fail)?;
        let child = Command::new(&program)
            .arg("serve")
            .arg("--config")
            .arg(&place.config_path)
            .stdin(Stdio::null())
            // Ctrl-C is for the demo; it ends the node itself.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(fail)?;
        Ok(Node {
            child,
            program,
            run_dir: place.config.run_dir.clone(),
            socket: place.socket(),
            internet: place.ports.internet,
            started: Instant::now(),
        })
    }

    /// The program, as one would type it.
    pub(super) fn program(&self) -> String {
        self.program.display().to_string()
    }

    /// Waits until every role serves; how long the first greeting took.
    pub(super) async fn wait_ready(&mut self) -> Result<Duration, DemoError> {
        let greeted = loop {
            if act::greets(self.internet).await {
                break self.started.elapsed();
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(DemoError::Claim(format!(
                    "the node ended before it served: {status}"
                )));
            }
            if self.started.elapsed() > READY_MAX {
                return Err(DemoError::Claim(format!(
                    "the node did not serve within {READY_MAX:?}"
                )));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        while !self.roles_run().await {
            if self.started.elapsed() > READY_MAX {
                return Err(DemoError::Claim(format!(
                    "not every role served within {READY_MAX:?}"
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(greeted)
    }

    async fn roles_run(&self) -> bool {
        self.manager().await.is_ok_and(|manager| {
            manager
                .children
                .iter()
                .all(|child| child.state == "running")
        })
    }

    /// Asks a role.
    pub(super) async fn ask(
        &self,
        role: Role,
        request: &ControlRequest,
    ) -> Result<ControlReply, DemoError> {
        control::call(&role.socket(&self.run_dir), request, ANSWER_MAX)
            .await
            .map_err(|error| DemoError::Claim(format!("{role} did not answer: {error}")))
    }

    /// The manager's status.
    pub(super) async fn manager(&self) -> Result<ManagerStatus, DemoError> {
        match self.ask(Role::Manager, &ControlRequest::Status).await? {
            ControlReply::Manager(status) => Ok(status),
            _ => Err(DemoError::Claim(
                "the manager gave another answer than its status".to_owned(),
            )),
        }
    }

    /// Messages in the queue.
    pub(super) async fn queued(&self) -> Result<u64, DemoError> {
        match self.ask(Role::Transport, &ControlRequest::Status).await? {
            ControlReply::Transport(status) => Ok(status.queue.messages),
            _ => Err(DemoError::Claim(
                "transport gave another answer than its status".to_owned(),
            )),
        }
    }

    /// Runs a command of this program against the node and shows both.
    pub(super) async fn show(&self, say: &Say, words: &[&str]) -> Result<String, DemoError> {
        let output = Command::new(&self.program)
            .arg("--socket")
            .arg(&self.socket)
            .args(words)
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| DemoError::File {
                action: "running a command",
                source,
            })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        say.command(&format!("mailward {}", words.join(" ")), &text);
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(DemoError::Claim(format!(
                "`mailward {}` failed: {error}",
                words.join(" ")
            )));
        }
        Ok(text)
    }

    /// Shows where one message went.
    pub(super) async fn show_trace(&self, say: &Say, checks: &mut Checks) -> Result<(), DemoError> {
        say.title("Where one message went");
        let Some(id) = act::last_id() else {
            return Err(DemoError::Claim("no message was acknowledged".to_owned()));
        };
        // The log is written a moment after the act.
        tokio::time::sleep(Duration::from_millis(400)).await;
        let text = self.show(say, &["trace", &id]).await?;
        checks.claim(
            format!("the trace of {id} has its reception and its delivery"),
            text.contains("RECEIVE") && (text.contains("SEND") || text.contains("DELIVER")),
        );
        Ok(())
    }

    /// Ends the node politely.
    pub(super) async fn stop(&mut self) {
        if let Some(pid) = self.child.id() {
            let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        if tokio::time::timeout(Duration::from_secs(25), self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}
