//! Child processes: started with sockets, watched by heartbeat, ended politely or not.
//!
//! Heartbeats are systemd's notification protocol (sd_notify(3), see [`crate::notify`]): a child
//! sends `READY=1` once and beats that say how far it has got. Each child has a notification socket
//! of its own, so that no child can speak for another; the socket has a name, so that a new manager
//! hears the children of an earlier one by binding it anew.

use std::{
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{net::UnixDatagram, process::Command, sync::oneshot};

use crate::{
    lifeline::Process,
    notify::{PROGRESS, read_counts},
};

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

/// A running role: a child of this process, or one that an earlier manager left behind.
#[derive(Debug)]
pub struct Child {
    inner: Inner,
    pid: u32,
}

#[derive(Debug)]
enum Inner {
    Own(tokio::process::Child),
    /// Its end is seen by a thread that waits for it; how it ended is told to its parent alone.
    Adopted {
        process: Arc<Process>,
        ended: oneshot::Receiver<()>,
    },
}

/// What a child says of itself.
#[derive(Debug)]
pub struct Notifications(UnixDatagram);

/// What a child said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// It serves now.
    Ready,
    /// It lives, and so far each of its loops has got.
    Beat(Vec<(String, u64)>),
    /// It is on its way out.
    Stopping,
    /// One line about its state.
    Status(String),
}

/// How long one wait for the end of an adopted process lasts before the next.
const WAIT_PIECE: Duration = Duration::from_secs(60);
/// Largest notification read; the protocol's messages are a few words.
const NOTIFICATION_OCTETS_MAX: usize = 4096;

/// Starts a child.
///
/// # Errors
/// The program cannot be run, the notification socket cannot be made, or descriptors ran out.
pub fn launch(launch: Launch) -> io::Result<(Child, Notifications)> {
    let notifications = bind_notify(&launch.notify_socket, launch.user)?;
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
    let inner = Inner::Own(inner);
    Ok((Child { inner, pid }, Notifications(notifications)))
}

/// Takes over a role that an earlier manager left behind: hears it at `notify_socket` from now on.
/// Must be called inside a tokio runtime.
///
/// # Errors
/// The notification socket cannot be made, or descriptors ran out.
pub fn take_over(
    process: Process,
    notify_socket: &Path,
    user: Option<(u32, u32)>,
) -> io::Result<(Child, Notifications)> {
    let notifications = bind_notify(notify_socket, user)?;
    let pid = process.pid;
    let process = Arc::new(process);
    let (tell, ended) = oneshot::channel();
    let waiting = Arc::clone(&process);
    std::thread::Builder::new()
        .name(format!("adopted-{pid}"))
        .stack_size(64 << 10)
        .spawn(move || {
            while !waiting.wait_ended(WAIT_PIECE) {}
            // Whoever waited may have ended itself.
            let _ = tell.send(());
        })?;
    let inner = Inner::Adopted { process, ended };
    Ok((Child { inner, pid }, Notifications(notifications)))
}

fn bind_notify(path: &Path, user: Option<(u32, u32)>) -> io::Result<UnixDatagram> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixDatagram::bind(path)?;
    if let Some((uid, gid)) = user {
        nix::unistd::chown(
            path,
            Some(nix::unistd::Uid::from_raw(uid)),
            Some(nix::unistd::Gid::from_raw(gid)),
        )?;
    }
    Ok(socket)
}

impl Child {
    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end; how it ended, as a sentence without a full stop. Cancel-safe.
    ///
    /// # Errors
    /// The kernel's, which a parent that waits once does not see.
    pub async fn wait(&mut self) -> io::Result<String> {
        match &mut self.inner {
            Inner::Own(child) => Ok(child.wait().await?.to_string()),
            Inner::Adopted { ended, .. } => {
                ended.await.map_err(io::Error::other)?;
                Ok("it ended; how, only the manager that started it could have known".to_owned())
            }
        }
    }

    /// Sends a signal. A child that has ended is left alone: its number may belong to another.
    ///
    /// # Errors
    /// The kernel's.
    pub fn signal(&self, signal: ChildSignal) -> io::Result<()> {
        match &self.inner {
            Inner::Own(child) if child.id().is_none() => Ok(()),
            Inner::Own(_) => {
                let signal = match signal {
                    ChildSignal::Terminate => Signal::SIGTERM,
                    ChildSignal::Abort => Signal::SIGABRT,
                    ChildSignal::Kill => Signal::SIGKILL,
                };
                kill(Pid::from_raw(self.pid.cast_signed()), signal)?;
                Ok(())
            }
            Inner::Adopted { process, .. } => {
                let signal = match signal {
                    ChildSignal::Terminate => rustix::process::Signal::TERM,
                    ChildSignal::Abort => rustix::process::Signal::ABORT,
                    ChildSignal::Kill => rustix::process::Signal::KILL,
                };
                match rustix::process::pidfd_send_signal(&process.fd, signal) {
                    Err(rustix::io::Errno::SRCH) => Ok(()),
                    other => Ok(other?),
                }
            }
        }
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
            if let Some(said) = text.lines().find_map(|line| understand(line, &text)) {
                return Ok(said);
            }
        }
    }
}

/// What a line says; `None` for what is not known, which the protocol tells receivers to pass over.
/// Our roles say one thing in a datagram.
fn understand(line: &str, whole: &str) -> Option<Notification> {
    match line.split_once('=')? {
        ("READY", "1") => Some(Notification::Ready),
        ("WATCHDOG", "1") => {
            let counts = whole
                .lines()
                .find_map(|line| line.strip_prefix(PROGRESS)?.strip_prefix('='));
            Some(Notification::Beat(read_counts(counts.unwrap_or_default())))
        }
        ("STOPPING", "1") => Some(Notification::Stopping),
        ("STATUS", status) => Some(Notification::Status(status.to_owned())),
        _ => None,
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
        assert_eq!(child.wait().await.unwrap(), "exit status: 0");
    }

    #[tokio::test]
    async fn a_child_is_heard_and_can_be_ended() {
        let dir = tempfile::tempdir().unwrap();
        let script = "exec python3 -c 'import os,socket,time
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.sendto(b\"MAINPID=1\\nREADY=1\\n\",os.environ[\"NOTIFY_SOCKET\"])
s.sendto(b\"WATCHDOG=1\\nX_MAILWARD_PROGRESS=turns:5 runtime:6\\n\",os.environ[\"NOTIFY_SOCKET\"])
time.sleep(60)'";
        let (mut child, notifications) = shell(script, dir.path(), Vec::new());
        assert_eq!(notifications.next().await.unwrap(), Notification::Ready);
        let counts = vec![("turns".to_owned(), 5), ("runtime".to_owned(), 6)];
        assert_eq!(
            notifications.next().await.unwrap(),
            Notification::Beat(counts)
        );
        child.signal(ChildSignal::Kill).unwrap();
        let ended = child.wait().await.unwrap();
        assert!(ended.contains("SIGKILL"), "{ended}");
        child.signal(ChildSignal::Kill).unwrap();
    }
}
