//! The lifeline of a role: a socket that a thread of its own answers, whatever the role's runtime is
//! doing. Over it a new manager takes over a role that an earlier one left behind, listening sockets
//! included, and a manager that is about to kill a hung role asks what it was doing.
//!
//! A packet asks (`adopt`, `report`), packets answer, the end of the connection ends the answer.
//! Sockets travel as SCM_RIGHTS (unix(7)). Only the same user and root are answered; who answers is
//! told by the kernel (`SO_PEERCRED`), so that no number is trusted that a process says of itself.
//!
//! Never here: waiting without a limit. A stopped process answers nothing, and that is an answer.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::{
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType,
        sockopt,
    },
    process::{PidfdFlags, pidfd_open},
};

use crate::pulse;

/// Descriptors in one packet; the kernel takes 253.
const FDS_MAX: usize = 64;
/// Sockets handed over in all: far more than a node has addresses and ports.
const SOCKETS_MAX: usize = 4096;
/// Octets of text in one packet.
const PACKET_OCTETS: usize = 16 << 10;
/// Octets of one answer.
const ANSWER_OCTETS_MAX: usize = 256 << 10;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(1);
/// Connections that wait; the only client is the manager.
const BACKLOG: i32 = 8;

/// A role's open lifeline. Dropped, it answers no more.
#[derive(Debug)]
pub struct Lifeline {
    path: PathBuf,
    inode: u64,
    listener: Arc<OwnedFd>,
    ready: Arc<AtomicBool>,
}

/// What a role hands over.
struct Held {
    sockets: Vec<(String, OwnedFd)>,
    version: String,
    ready: Arc<AtomicBool>,
}

/// A role that was found running.
#[derive(Debug)]
pub struct Found {
    /// Its process.
    pub process: Process,
    /// The version of its program.
    pub version: String,
    /// Whether it serves already.
    pub ready: bool,
    /// Copies of its listening sockets, with their names.
    pub sockets: Vec<(String, OwnedFd)>,
}

/// A process by a descriptor of the kernel's: its number cannot come to mean another one.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    pub(crate) fd: OwnedFd,
}

/// What stands at a lifeline's path.
#[derive(Debug)]
pub enum Answer {
    /// No process.
    Nobody,
    /// One that answers.
    Role(Box<Found>),
    /// One that does not: it hangs, or is stopped.
    Silent(Process),
}

impl Process {
    /// Sends SIGKILL.
    ///
    /// # Errors
    /// The kernel's; one that has ended is none.
    pub fn kill(&self) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(&self.fd, rustix::process::Signal::KILL) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Waits for its end; false where it did not come within `limit`. Blocks.
    pub fn wait_ended(&self, limit: Duration) -> bool {
        let limit = u16::try_from(limit.as_millis()).unwrap_or(u16::MAX);
        let mut fds = [nix::poll::PollFd::new(
            self.fd.as_fd(),
            nix::poll::PollFlags::POLLIN,
        )];
        matches!(nix::poll::poll(&mut fds, limit), Ok(1..))
    }
}

impl Lifeline {
    /// Opens the socket at `path` and answers on it. `sockets` are what a new manager is to get.
    ///
    /// # Errors
    /// A living process answers there already ([`io::ErrorKind::AddrInUse`]), or the folder cannot
    /// be written.
    pub fn open(
        path: &Path,
        sockets: Vec<(String, OwnedFd)>,
        version: &str,
    ) -> io::Result<Lifeline> {
        if connect(path)?.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process of this role runs",
            ));
        }
        let mut early = path.as_os_str().to_owned();
        early.push(".new");
        let early = PathBuf::from(early);
        match std::fs::remove_file(&early) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = socket()?;
        rustix::net::bind(&listener, &SocketAddrUnix::new(&early)?)?;
        std::fs::set_permissions(&early, std::fs::Permissions::from_mode(0o600))?;
        rustix::net::listen(&listener, BACKLOG)?;
        let inode = std::fs::symlink_metadata(&early)?.ino();
        std::fs::rename(&early, path)?;
        let (listener, ready) = (Arc::new(listener), Arc::new(AtomicBool::new(false)));
        let held = Held {
            sockets,
            version: version.to_owned(),
            ready: Arc::clone(&ready),
        };
        let accepting = Arc::clone(&listener);
        std::thread::Builder::new()
            .name("lifeline".to_owned())
            .stack_size(256 << 10)
            .spawn(move || serve(&accepting, &held))?;
        Ok(Lifeline {
            path: path.to_owned(),
            inode,
            listener,
            ready,
        })
    }

    /// From now on a new manager is told that this role serves.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// False where the socket's file is gone or another process has put its own there: nobody will
    /// ever find this one again.
    pub fn can_be_found(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.ino() == self.inode)
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        // Wakes the thread out of its wait; it ends by the error. A failure leaves a thread that
        // ends with the process.
        let _ = rustix::net::shutdown(&*self.listener, Shutdown::Both);
    }
}

fn socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok(socket)
}

fn with_patience(socket: &OwnedFd) -> io::Result<()> {
    for way in [sockopt::Timeout::Recv, sockopt::Timeout::Send] {
        sockopt::set_socket_timeout(socket, way, Some(PATIENCE))?;
    }
    Ok(())
}

/// Connects; `None` where nobody listens there.
fn connect(path: &Path) -> io::Result<Option<OwnedFd>> {
    let socket = socket()?;
    with_patience(&socket)?;
    match rustix::net::connect(&socket, &SocketAddrUnix::new(path)?) {
        Ok(()) => Ok(Some(socket)),
        Err(rustix::io::Errno::CONNREFUSED | rustix::io::Errno::NOENT) => Ok(None),
        // Its queue is full: it lives, and takes nothing.
        Err(rustix::io::Errno::AGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error.into()),
    }
}

fn serve(listener: &OwnedFd, held: &Held) {
    loop {
        match rustix::net::accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(client) => {
                // Whoever breaks off asks again.
                let _ = answer(&client, held);
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNABORTED) => {}
            // Out of descriptors, for now.
            Err(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => {
                std::thread::park_timeout(Duration::from_millis(100));
            }
            Err(_) => return,
        }
    }
}

fn answer(client: &OwnedFd, held: &Held) -> io::Result<()> {
    with_patience(client)?;
    let peer = sockopt::socket_peercred(client)?;
    let own = nix::unistd::Uid::effective().as_raw();
    if peer.uid.as_raw() != 0 && peer.uid.as_raw() != own {
        return Ok(());
    }
    let mut buffer = [0; 64];
    let (length, _) = rustix::net::recv(client, &mut buffer, RecvFlags::empty())?;
    match buffer.get(..length).unwrap_or_default() {
        b"adopt" => {
            let ready = u8::from(held.ready.load(Ordering::Relaxed));
            send(
                client,
                &format!("version {}\nready {ready}\n", held.version),
                &[],
            )?;
            for some in held.sockets.chunks(FDS_MAX) {
                let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
                let fds: Vec<BorrowedFd<'_>> = some.iter().map(|(_, fd)| fd.as_fd()).collect();
                send(client, &format!("sockets\n{}", names.join("\n")), &fds)?;
            }
            Ok(())
        }
        b"report" => {
            let mut report = pulse::report();
            report.truncate(report.floor_char_boundary(ANSWER_OCTETS_MAX));
            for piece in report.as_bytes().chunks(PACKET_OCTETS) {
                rustix::net::send(client, piece, SendFlags::NOSIGNAL)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn send(client: &OwnedFd, text: &str, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("too many descriptors for one packet"));
    }
    let text = [IoSlice::new(text.as_bytes())];
    rustix::net::sendmsg(client, &text, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a packet: its text, empty at the end, and its descriptors.
fn receive(socket: &OwnedFd) -> io::Result<(String, Vec<OwnedFd>)> {
    let mut buffer = vec![0; PACKET_OCTETS];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = rustix::net::recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut buffer)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            fds.extend(some);
        }
    }
    let text = String::from_utf8_lossy(buffer.get(..got.bytes).unwrap_or_default());
    Ok((text.into_owned(), fds))
}

/// Asks whoever listens at `path` to be taken over. Blocks for a second or two at most.
///
/// # Errors
/// The kernel's, which say nothing about a process there.
pub fn adopt(path: &Path) -> io::Result<Answer> {
    let Some(socket) = connect(path)? else {
        return Ok(Answer::Nobody);
    };
    let peer = sockopt::socket_peercred(&socket)?;
    let pid = peer.pid;
    let fd = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(Answer::Nobody),
        Err(error) => return Err(error.into()),
    };
    let process = Process {
        pid: pid.as_raw_nonzero().get().cast_unsigned(),
        fd,
    };
    match ask_to_adopt(&socket) {
        Ok((version, ready, sockets)) => Ok(Answer::Role(Box::new(Found {
            process,
            version,
            ready,
            sockets,
        }))),
        Err(_) if process.wait_ended(Duration::ZERO) => Ok(Answer::Nobody),
        Err(_) => Ok(Answer::Silent(process)),
    }
}

type Adopted = (String, bool, Vec<(String, OwnedFd)>);

fn ask_to_adopt(socket: &OwnedFd) -> io::Result<Adopted> {
    rustix::net::send(socket, b"adopt", SendFlags::NOSIGNAL)?;
    let (hello, _) = receive(socket)?;
    let field = |name: &str| {
        hello
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .map(str::to_owned)
    };
    let version = field("version").ok_or_else(|| io::Error::other("it gave no version"))?;
    let ready = field("ready").is_some_and(|ready| ready == "1");
    let mut sockets = Vec::new();
    while sockets.len() < SOCKETS_MAX {
        let (text, fds) = receive(socket)?;
        let Some(names) = text.strip_prefix("sockets\n") else {
            break;
        };
        sockets.extend(names.lines().map(str::to_owned).zip(fds));
    }
    Ok((version, ready, sockets))
}

/// Asks whoever listens at `path` what it is doing. Blocks for a second or two at most.
///
/// # Errors
/// Nobody listens, or nothing came within a second.
pub fn report(path: &Path) -> io::Result<String> {
    let socket = connect(path)?.ok_or(io::ErrorKind::NotFound)?;
    rustix::net::send(&socket, b"report", SendFlags::NOSIGNAL)?;
    let mut report = String::new();
    while report.len() < ANSWER_OCTETS_MAX {
        let (text, _) = receive(&socket)?;
        if text.is_empty() {
            return Ok(report);
        }
        report.push_str(&text);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_with_its_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lifeline");
        assert!(matches!(adopt(&path).unwrap(), Answer::Nobody));
        let sockets: Vec<_> = (0..FDS_MAX + 3)
            .map(|n| {
                let socket = crate::listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
                (format!("smtp{n}"), OwnedFd::from(socket))
            })
            .collect();
        let lifeline = Lifeline::open(&path, sockets, "1.2.3").unwrap();
        let Answer::Role(found) = adopt(&path).unwrap() else {
            panic!("nobody was found")
        };
        assert_eq!((found.version.as_str(), found.ready), ("1.2.3", false));
        assert_eq!(found.process.pid, std::process::id());
        assert_eq!(found.sockets.len(), FDS_MAX + 3);
        let (name, last) = found.sockets.into_iter().next_back().unwrap();
        assert_eq!(name, format!("smtp{}", FDS_MAX + 2));
        let listener = std::net::TcpListener::from(last);
        std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        lifeline.set_ready();
        let Answer::Role(found) = adopt(&path).unwrap() else {
            panic!("nobody was found")
        };
        assert!(found.ready);
        assert_eq!(
            Lifeline::open(&path, Vec::new(), "2").unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
    }

    #[test]
    fn it_tells_what_it_is_doing_and_whether_it_can_be_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lifeline");
        let lifeline = Lifeline::open(&path, Vec::new(), "1").unwrap();
        let act = pulse::begin("the act of this test");
        assert!(report(&path).unwrap().contains("the act of this test"));
        drop(act);
        assert!(lifeline.can_be_found());
        std::fs::remove_file(&path).unwrap();
        assert!(!lifeline.can_be_found());
        let another = Lifeline::open(&path, Vec::new(), "1").unwrap();
        assert!(another.can_be_found() && !lifeline.can_be_found());
    }

    #[test]
    fn one_that_answers_nothing_is_found_silent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lifeline");
        let listener = socket().unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listener, BACKLOG).unwrap();
        let Answer::Silent(process) = adopt(&path).unwrap() else {
            panic!("something answered")
        };
        assert_eq!(process.pid, std::process::id());
        drop(listener);
        assert!(matches!(adopt(&path).unwrap(), Answer::Nobody));
    }
}
