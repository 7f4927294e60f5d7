//! Child processes: started with sockets, watched by heartbeat, ended politely or not.
//!
//! Heartbeats are systemd's notification protocol (sd_notify(3)): a child sends `READY=1` once and
//! `WATCHDOG=1` while it makes progress. Each child has a notification socket of its own, so that
//! no child can speak for another.

use std::{
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{net::UnixDatagram, process::Command};

/// The first descriptor of systemd's protocol.
const LISTEN_FDS_START: i32 = 3;

/// What to start.
#[derive(Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments. Never a secret: arguments are readable by every user of the machine.
    pub arguments: Vec<OsString>,
    /// Sockets to hand over, with the names they get in `LISTEN_FDNAMES`.
    pub sockets: Vec<(String, OwnedFd)>,
    /// Where the child's notifications are received.
    pub notify_socket: PathBuf,
    /// How often the child must say that it makes progress (`WATCHDOG_USEC`).
    pub watchdog: Duration,
    /// User and group to run as; the manager's own where unset.
    pub user: Option<(u32, u32)>,
}

/// A running child.
#[derive(Debug)]
pub struct Child {
    inner: tokio::process::Child,
    pid: u32,
}

/// What a child says of itself.
#[derive(Debug)]
pub struct Notifications(UnixDatagram);

/// What a child said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// It serves now.
    Ready,
    /// It makes progress.
    Watchdog,
    /// It is on its way out.
    Stopping,
    /// One line about its state.
    Status(String),
}

/// Largest notification read; the protocol's messages are a few words.
const NOTIFICATION_OCTETS_MAX: usize = 4096;

/// Starts a child.
///
/// # Errors
/// The program cannot be run, the notification socket cannot be made, or descriptors ran out.
pub fn launch(launch: Launch) -> io::Result<(Child, Notifications)> {
    let notifications = bind_notify(&launch.notify_socket)?;
    if let Some((uid, gid)) = launch.user {
        nix::unistd::chown(
            &launch.notify_socket,
            Some(nix::unistd::Uid::from_raw(uid)),
            Some(nix::unistd::Gid::from_raw(gid)),
        )?;
    }
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments);
    command.env("NOTIFY_SOCKET", &launch.notify_socket);
    command.env("WATCHDOG_USEC", launch.watchdog.as_micros().to_string());
    // The number of the child is known only after its environment is fixed; both variables are
    // optional in the protocol, and a value inherited from systemd would be wrong.
    command.env_remove("WATCHDOG_PID").env_remove("LISTEN_PID");
    command.env("LISTEN_FDS", launch.sockets.len().to_string());
    let names: Vec<_> = launch
        .sockets
        .iter()
        .map(|(name, _)| name.replace(':', "_"))
        .collect();
    command.env("LISTEN_FDNAMES", names.join(":"));
    if let Some((uid, gid)) = launch.user {
        command.uid(uid).gid(gid);
    }
    let mappings = launch
        .sockets
        .into_iter()
        .zip(LISTEN_FDS_START..)
        .map(|((_, parent_fd), child_fd)| FdMapping {
            parent_fd,
            child_fd,
        })
        .collect();
    command.fd_mappings(mappings).map_err(io::Error::other)?;
    command.stdin(std::process::Stdio::null());
    let inner = command.spawn()?;
    let pid = inner
        .id()
        .ok_or_else(|| io::Error::other("the child ended before it was started"))?;
    Ok((Child { inner, pid }, Notifications(notifications)))
}

fn bind_notify(path: &Path) -> io::Result<UnixDatagram> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixDatagram::bind(path)
}

impl Child {
    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The kernel's, which a parent that waits once does not see.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.inner.wait().await
    }

    /// Sends a signal. A child that has ended is left alone: its number may belong to another.
    ///
    /// # Errors
    /// The kernel's.
    pub fn signal(&self, signal: ChildSignal) -> io::Result<()> {
        if self.inner.id().is_none() {
            return Ok(());
        }
        let signal = match signal {
            ChildSignal::Terminate => Signal::SIGTERM,
            ChildSignal::Abort => Signal::SIGABRT,
            ChildSignal::Kill => Signal::SIGKILL,
        };
        kill(Pid::from_raw(self.pid.cast_signed()), signal)?;
        Ok(())
    }
}

impl Notifications {
    /// Waits for the next thing it says. Cancel-safe.
    ///
    /// # Errors
    /// Where its notification socket is gone.
    pub async fn next(&self) -> io::Result<Notification> {
        let mut buffer = [0; NOTIFICATION_OCTETS_MAX];
        loop {
            let length = self.0.recv(&mut buffer).await?;
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            for line in text.lines() {
                match line.split_once('=') {
                    Some(("READY", "1")) => return Ok(Notification::Ready),
                    Some(("WATCHDOG", "1")) => return Ok(Notification::Watchdog),
                    Some(("STOPPING", "1")) => return Ok(Notification::Stopping),
                    Some(("STATUS", status)) => return Ok(Notification::Status(status.to_owned())),
                    // The protocol tells receivers to pass over what they do not know. Our roles
                    // say one thing in a datagram, so the first known line is all there is.
                    _ => {}
                }
            }
        }
    }
}

/// How to end a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildSignal {
    /// SIGTERM: finish what runs, then end.
    Terminate,
    /// SIGABRT: end now, leave a core where the system keeps them.
    Abort,
    /// SIGKILL: end now.
    Kill,
}

/// In a child: asks the kernel to end this process when its parent dies, so that no role outlives
/// the manager with a socket that the next manager needs.
///
/// # Errors
/// The kernel's.
pub fn end_with_parent(parent: u32) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    // The parent may have died before the request was made.
    if std::os::unix::process::parent_id() != parent {
        return Err(io::Error::other(
            "the manager that started this role is gone",
        ));
    }
    Ok(())
}

/// In a role: what it tells the manager (or systemd).
pub mod notify {
    use std::io;

    use sd_notify::NotifyState;

    /// Says that this process serves.
    ///
    /// # Errors
    /// Where `NOTIFY_SOCKET` names no socket; without the variable nothing is sent.
    pub fn ready() -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Ready])
    }

    /// Says that this process makes progress.
    ///
    /// # Errors
    /// As [`ready`].
    pub fn watchdog() -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Watchdog])
    }

    /// Says that this process is on its way out.
    ///
    /// # Errors
    /// As [`ready`].
    pub fn stopping() -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Stopping])
    }

    /// Says one line about the state of this process.
    ///
    /// # Errors
    /// As [`ready`].
    pub fn status(status: &str) -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Status(status)])
    }

    /// How often [`watchdog`] must be called at the latest; `None` where nobody watches.
    pub fn watchdog_interval() -> Option<std::time::Duration> {
        sd_notify::watchdog_enabled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, dir: &Path, sockets: Vec<(String, OwnedFd)>) -> (Child, Notifications) {
        launch(Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            sockets,
            notify_socket: dir.join("notify.sock"),
            watchdog: Duration::from_secs(5),
            user: None,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_child_gets_its_sockets_from_descriptor_3_on() {
        let dir = tempfile::tempdir().unwrap();
        let listener = crate::listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let fd = crate::listen::share(&listener).unwrap();
        let script = "test \"$LISTEN_FDS $LISTEN_FDNAMES\" = '1 smtp' && test -S /dev/fd/3";
        let (mut child, _) = shell(script, dir.path(), vec![("smtp".into(), fd)]);
        assert!(child.wait().await.unwrap().success());
    }

    #[tokio::test]
    async fn a_child_is_heard_and_can_be_ended() {
        let dir = tempfile::tempdir().unwrap();
        let script = "exec python3 -c 'import os,socket,time
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.sendto(b\"MAINPID=1\\nREADY=1\\n\",os.environ[\"NOTIFY_SOCKET\"])
time.sleep(60)'";
        let (mut child, notifications) = shell(script, dir.path(), Vec::new());
        assert_eq!(notifications.next().await.unwrap(), Notification::Ready);
        child.signal(ChildSignal::Kill).unwrap();
        assert!(!child.wait().await.unwrap().success());
        child.signal(ChildSignal::Kill).unwrap();
    }
}
