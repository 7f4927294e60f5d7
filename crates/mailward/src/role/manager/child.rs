//! One role's process, as a task of the manager: it starts it, hears it, signals it, sees it end.

use std::{path::Path, time::Duration};

use mailward_api::control::Role;
use mailward_host::{
    lifeline::Process,
    process::{Child, ChildSignal, Launch, Notification, Notifications, launch, take_over},
};
use tokio::sync::mpsc;

use crate::role::supervise::Sent;

/// What a child's task tells the manager's loop.
#[derive(Debug)]
pub(super) struct ChildEvent {
    /// Which role.
    pub(super) role: Role,
    /// Which process of it: an old one's last words must not be taken for the new one's.
    pub(super) pid: u32,
    /// What happened.
    pub(super) what: What,
}

/// What happened to a child.
#[derive(Debug)]
pub(super) enum What {
    /// It serves.
    Ready,
    /// It lives, and so far its loops have got.
    Beat(Vec<(String, u64)>),
    /// It ended.
    Exited(String),
}

/// A running child.
#[derive(Debug)]
pub(super) struct Running {
    /// Its process id.
    pub(super) pid: u32,
    signals: mpsc::UnboundedSender<ChildSignal>,
}

impl Running {
    /// Starts a process; its events go to `events`.
    ///
    /// # Errors
    /// As [`launch`].
    pub(super) fn start(
        role: Role,
        what: Launch,
        events: mpsc::UnboundedSender<ChildEvent>,
    ) -> std::io::Result<Running> {
        let (child, notifications) = launch(what)?;
        Ok(Running::follow(role, child, notifications, events))
    }

    /// Takes a process over that an earlier manager left behind.
    ///
    /// # Errors
    /// As [`take_over`].
    pub(super) fn take_over(
        role: Role,
        process: Process,
        notify_socket: &Path,
        user: Option<(u32, u32)>,
        events: mpsc::UnboundedSender<ChildEvent>,
    ) -> std::io::Result<Running> {
        let (child, notifications) = take_over(process, notify_socket, user)?;
        Ok(Running::follow(role, child, notifications, events))
    }

    fn follow(
        role: Role,
        child: Child,
        notifications: Notifications,
        events: mpsc::UnboundedSender<ChildEvent>,
    ) -> Running {
        let pid = child.pid();
        let (signals, orders) = mpsc::unbounded_channel();
        tokio::spawn(follow(role, child, notifications, orders, events));
        Running { pid, signals }
    }

    /// Sends a signal. One that has ended meanwhile needs none.
    pub(super) fn signal(&self, sent: Sent) {
        let signal = match sent {
            Sent::Terminate => ChildSignal::Terminate,
            Sent::Abort => ChildSignal::Abort,
            Sent::Kill => ChildSignal::Kill,
        };
        let _ = self.signals.send(signal);
    }
}

async fn follow(
    role: Role,
    mut child: Child,
    notifications: Notifications,
    mut orders: mpsc::UnboundedReceiver<ChildSignal>,
    events: mpsc::UnboundedSender<ChildEvent>,
) {
    let pid = child.pid();
    let tell = |what| {
        // The loop is gone only when the manager itself ends.
        let _ = events.send(ChildEvent { role, pid, what });
    };
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended,
            Some(order) = orders.recv() => {
                // It may have ended in this very moment; its end is seen in the next turn.
                let _ = child.signal(order);
            }
            said = notifications.next() => match said {
                Ok(Notification::Ready) => tell(What::Ready),
                Ok(Notification::Beat(counts)) => tell(What::Beat(counts)),
                Ok(_) => {}
                // Its socket is gone: the missing heartbeats will tell.
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            },
        }
    };
    let status = match ended {
        Ok(status) => status,
        Err(error) => format!("how it ended is not known: {error}"),
    };
    tell(What::Exited(status));
}
