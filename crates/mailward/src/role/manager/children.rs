//! The children: started or taken over, heard, ended, as their supervision says.

use std::{io, time::Duration};

use mailward_api::control::Role;
use mailward_events::Event;
use mailward_host::{
    lifeline::{self, Answer, Found},
    listen::Inherited,
    process::Launch,
};

use super::{
    Manager,
    child::{ChildEvent, Running, What},
    hang::Hang,
};
use crate::role::{
    standing,
    supervise::{Act, CRASH_WINDOW, CRASHES_MAX, Care, Manner, Sent, State, Supervision},
};

/// How long a role that does not answer a new manager may take to die of SIGKILL.
const KILL_MAX: Duration = Duration::from_secs(5);

/// One role under supervision.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) supervision: Supervision,
    pub(super) running: Option<Running>,
    pub(super) since_unix_ms: u64,
    started: Duration,
    pub(super) heard: Option<Duration>,
    pub(super) last_exit: Option<String>,
    /// Why it is being ended, where the manager ends it.
    ending_because: Option<String>,
}

impl Manager {
    /// Puts a role under supervision. Where an earlier manager left it running, it is taken over
    /// with its sockets; where it hangs, it is killed, because its place is needed.
    pub(super) fn adopt(&mut self, role: Role) {
        let now = self.clock.monotonic();
        let care = match role {
            Role::Worker => Care::Observer,
            _ => Care::Service,
        };
        let timeout = self.settings.heartbeat_timeout.get();
        self.children.insert(
            role,
            Child {
                supervision: Supervision::new(care, now, timeout),
                running: None,
                since_unix_ms: self.clock.unix_ms(),
                started: now,
                heard: None,
                last_exit: None,
                ending_because: None,
            },
        );
        match lifeline::adopt(&standing::lifeline_path(role, &self.config)) {
            Ok(Answer::Nobody) => {}
            Ok(Answer::Role(found)) => self.take_over(role, *found),
            Ok(Answer::Silent(process)) => {
                self.events.emit(Event::RoleEndedAtTakeover {
                    child: role.to_string(),
                    pid: process.pid.into(),
                });
                if let Err(error) = process.kill() {
                    self.failing(&format!("kill {role}, which hangs"), &error);
                }
                process.wait_ended(KILL_MAX);
            }
            Err(error) => self.failing(&format!("look for a {role} that runs"), &error),
        }
    }

    fn take_over(&mut self, role: Role, found: Found) {
        let pid = found.process.pid;
        let sockets = found.sockets.len() as u64;
        let is_other = found.version != standing::version(&self.config);
        match Inherited::sort(found.sockets.into_iter().map(|(_, fd)| fd)) {
            Ok(sockets) => match role {
                Role::Transport => sockets
                    .tcp
                    .into_iter()
                    .for_each(|socket| self.sockets.adopt(socket)),
                Role::Access => self.own.adopt(sockets, &self.config),
                Role::Manager | Role::Worker | Role::Enforcer => {}
            },
            Err(error) => self.failing(&format!("take over the sockets of {role}"), &error),
        }
        let running = Running::take_over(
            role,
            found.process,
            &self.notify_path(role),
            self.user_of(role),
            self.child_events.clone(),
        );
        let now = self.clock.monotonic();
        match running {
            Ok(running) => {
                if let Some(child) = self.children.get_mut(&role) {
                    child.running = Some(running);
                    child.supervision.adopted(now, found.ready);
                }
                self.events.emit(Event::RoleAdopted {
                    child: role.to_string(),
                    pid: pid.into(),
                    sockets,
                });
                if is_other {
                    self.end(role, true, "it is of another version or configuration");
                }
            }
            Err(error) => self.failing(&format!("hear {role}"), &error),
        }
    }

    /// Carries out what the supervision of a role says.
    pub(super) fn supervise(&mut self, role: Role, now: Duration) {
        // A handful of acts at most; whatever is left comes in the next turn.
        for _ in 0..8 {
            let act = self
                .children
                .get_mut(&role)
                .and_then(|child| child.supervision.tick(now));
            let Some(act) = act else {
                return;
            };
            self.carry_out(role, act);
        }
    }

    fn carry_out(&mut self, role: Role, act: Act) {
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        let pid = child.running.as_ref().map_or(0, |running| running.pid);
        let name = role.to_string();
        match act {
            Act::Start => self.start(role),
            Act::Signal(sent) => {
                if let Some(running) = &child.running {
                    running.signal(sent);
                }
            }
            Act::KillHung { because, still } => {
                let silent_ms = still.as_millis() as u64;
                child.ending_because = Some(format!("no heartbeat for {silent_ms} ms: {because}"));
                if let Some(running) = &child.running {
                    running.signal(Sent::Abort);
                }
                self.events.emit(Event::RoleKilled {
                    child: name,
                    pid: pid.into(),
                    silent_ms,
                });
            }
            Act::AskStacks { because } => {
                let hang = Hang {
                    role,
                    pid,
                    unix_ms: self.clock.unix_ms(),
                    because: because.clone(),
                    progress: child.supervision.progress(),
                    lifeline: standing::lifeline_path(role, &self.config),
                };
                self.events.emit(Event::RoleSuspect {
                    child: name,
                    pid: pid.into(),
                    because,
                });
                hang.report(self.config.hangs_dir(), self.events.clone());
            }
            Act::NearMiss => self.events.emit(Event::RoleMovesAgain {
                child: name,
                pid: pid.into(),
            }),
            Act::TellCrashLoop => self.tell_crash_loop(role),
            Act::EnterSafeMode => {
                let because = crash_loop_text();
                self.freezes.enter_safe_mode(&because, self.clock.unix_ms());
                self.repairs.frozen = self.freezes.reason();
                self.events.emit(Event::SafeModeEntered {
                    child: name,
                    because: because.clone(),
                });
                let text =
                    "the health worker falls over and runs in safe mode: nothing is repaired";
                self.alert(role, text, &because, 6023);
            }
            Act::LeaveSafeMode { because } => {
                self.freezes.leave_safe_mode();
                self.repairs.frozen = self.freezes.reason();
                self.events.emit(Event::SafeModeLeft {
                    child: name,
                    because: because.to_owned(),
                });
                self.alert_over(role, because);
                self.end(role, true, "safe mode is over");
            }
        }
    }

    fn tell_crash_loop(&mut self, role: Role) {
        self.events.emit(Event::RoleKeepsFailing {
            child: role.to_string(),
            exits: CRASHES_MAX as u64,
            window_s: CRASH_WINDOW.as_secs(),
        });
        // The worker's own loop is told of as safe mode.
        if role != Role::Worker {
            let text =
                format!("the role {role} ends again and again and is started again each time");
            self.alert(role, &text, &crash_loop_text(), 6005);
        }
    }

    fn start(&mut self, role: Role) {
        let result = self
            .launch(role)
            .and_then(|launch| Running::start(role, launch, self.child_events.clone()));
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        child.supervision.started(now);
        child.started = now;
        child.heard = None;
        child.since_unix_ms = self.clock.unix_ms();
        match result {
            Ok(running) => {
                self.events.emit(Event::RoleStarted {
                    child: role.to_string(),
                    pid: running.pid.into(),
                });
                child.running = Some(running);
            }
            Err(error) => {
                child.last_exit = Some(format!("it could not be started: {error}"));
                child.supervision.exited(now);
            }
        }
    }

    fn notify_path(&self, role: Role) -> std::path::PathBuf {
        self.config.run_dir.join(format!("{role}.notify"))
    }

    fn launch(&self, role: Role) -> io::Result<Launch> {
        let sockets = match role {
            Role::Transport => self.sockets.share()?,
            Role::Access => self.own.share()?,
            Role::Manager | Role::Worker | Role::Enforcer => Vec::new(),
        };
        let mut arguments = vec![
            "role".into(),
            role.name().into(),
            "--config".into(),
            self.config_copy.clone().into(),
            "--parent".into(),
            std::process::id().to_string().into(),
        ];
        let child = self.children.get(&role);
        if child.is_some_and(|child| child.supervision.is_safe_mode()) {
            arguments.push("--minimum".into());
        }
        Ok(Launch {
            program: self.program.clone(),
            arguments,
            sockets,
            notify_socket: self.notify_path(role),
            watchdog: self.settings.heartbeat_timeout.get(),
            user: self.user_of(role),
        })
    }

    /// Whom a role runs as. The enforcer keeps the manager's privilege: it is what it is for.
    fn user_of(&self, role: Role) -> Option<(u32, u32)> {
        match role {
            Role::Enforcer => None,
            _ => self.user,
        }
    }

    pub(super) fn child_event(&mut self, event: ChildEvent) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&event.role) else {
            return;
        };
        if child
            .running
            .as_ref()
            .is_none_or(|running| running.pid != event.pid)
        {
            return;
        }
        match event.what {
            What::Ready => {
                child.supervision.ready(now);
                child.heard = Some(now);
                child.since_unix_ms = self.clock.unix_ms();
                let took = now.saturating_sub(child.started);
                self.events.emit(Event::RoleReady {
                    child: event.role.to_string(),
                    pid: event.pid.into(),
                    took_ms: took.as_millis() as u64,
                });
                self.repairs.ready(event.role, event.pid, took);
                self.announce();
            }
            What::Beat(counts) => {
                child.supervision.beat(&counts, now);
                child.heard = Some(now);
            }
            What::Exited(status) => self.exited(event.role, event.pid, status),
        }
    }

    fn exited(&mut self, role: Role, pid: u32, status: String) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        child.running = None;
        child.since_unix_ms = self.clock.unix_ms();
        let because = child.ending_because.take();
        child.supervision.exited(now);
        if let State::Absent { start_at } = child.supervision.state() {
            let restart_in = start_at.saturating_sub(now);
            self.events.emit(Event::RoleExited {
                child: role.to_string(),
                pid: pid.into(),
                status: status.clone(),
                restart_in_ms: restart_in.as_millis() as u64,
            });
            self.repairs.exited(role, pid, &status, because.as_deref());
        }
        child.last_exit = Some(match because {
            Some(because) => format!("{status} ({because})"),
            None => status,
        });
    }

    /// Ends a role as a service ends: what it has in hand is finished.
    pub(super) fn end(&mut self, role: Role, again: bool, because: &str) {
        self.end_in(role, again, because, Manner::Orderly);
    }

    pub(super) fn end_in(&mut self, role: Role, again: bool, because: &str, manner: Manner) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        if let (Some(Act::Signal(sent)), Some(running)) =
            (child.supervision.end(now, again, manner), &child.running)
        {
            child.ending_because = Some(because.to_owned());
            running.signal(sent);
        }
    }
}

fn crash_loop_text() -> String {
    let minutes = CRASH_WINDOW.as_secs() / 60;
    format!("it ended {CRASHES_MAX} times within {minutes} minutes")
}
