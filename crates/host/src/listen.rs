//! Listening sockets: opened by the manager, handed to a child, taken up there.
//!
//! The hand-over is systemd's protocol (`LISTEN_FDS`, `LISTEN_FDNAMES`, sd_listen_fds(3)). Because
//! the manager keeps its copy open, a child may die and be replaced while the kernel goes on
//! accepting connections into the backlog: none is refused.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections the kernel holds for a socket while no process takes them. A transport restart
/// takes well under a second; at 4,000 new connections a second none is dropped.
const BACKLOG: i32 = 4096;

/// Opens a TCP socket that listens on `address`.
///
/// # Errors
/// The kernel's: the address is not local, the port is taken, or needs a privilege.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM.cloexec(), Some(Protocol::TCP))?;
    // Sockets in TIME_WAIT from before a restart must not keep the port taken.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // IPv4 has sockets of its own; mapped addresses would only blur which connector is meant.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The sockets a role was given when it was started.
#[derive(Debug, Default)]
pub struct Inherited {
    /// TCP sockets, in the order in which the manager passed them.
    pub tcp: Vec<TcpListener>,
    /// Unix sockets.
    pub unix: Vec<UnixListener>,
}

impl Inherited {
    /// Takes up what stands in `LISTEN_FDS`. A second call finds nothing.
    ///
    /// # Errors
    /// Where a descriptor that was announced is not open.
    pub fn take() -> io::Result<Self> {
        let mut fds = listenfd::ListenFd::from_env();
        let mut inherited = Inherited::default();
        for index in 0..fds.len() {
            // Which family a descriptor is of is asked of the kernel, not of its name: the name is
            // for people.
            match fds.take_unix_listener(index) {
                Ok(Some(unix)) => inherited.take_unix_or_tcp(unix)?,
                Ok(None) => {}
                Err(_) => {
                    if let Some(tcp) = fds.take_tcp_listener(index)? {
                        tcp.set_nonblocking(true)?;
                        inherited.tcp.push(tcp);
                    }
                }
            }
        }
        Ok(inherited)
    }

    /// Sorts descriptors that another process handed over.
    ///
    /// # Errors
    /// One of them is no socket.
    pub fn sort(fds: impl IntoIterator<Item = OwnedFd>) -> io::Result<Self> {
        let mut inherited = Inherited::default();
        for fd in fds {
            inherited.take_unix_or_tcp(UnixListener::from(fd))?;
        }
        Ok(inherited)
    }

    /// Copies of all of them, for whoever comes after this process's manager.
    ///
    /// # Errors
    /// Where descriptors ran out.
    pub fn copies(&self) -> io::Result<Vec<(String, OwnedFd)>> {
        let tcp = self.tcp.iter().map(|socket| ("tcp", share(socket)));
        let unix = self.unix.iter().map(|socket| ("unix", share(socket)));
        tcp.chain(unix)
            .map(|(name, fd)| Ok((name.to_owned(), fd?)))
            .collect()
    }

    fn take_unix_or_tcp(&mut self, socket: UnixListener) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        if SockRef::from(&socket).domain()? == Domain::UNIX {
            self.unix.push(socket);
        } else {
            self.tcp.push(TcpListener::from(OwnedFd::from(socket)));
        }
        Ok(())
    }
}

/// Takes the socket out that was opened for this address: the one that is bound to it, or to the port
/// that the kernel chose where the configuration leaves it open.
pub fn take_up(sockets: &mut Vec<TcpListener>, address: Option<SocketAddr>) -> Option<TcpListener> {
    let address = address?;
    let fits = |socket: &TcpListener| {
        socket.local_addr().is_ok_and(|at| {
            at.ip() == address.ip() && (address.port() == 0 || at.port() == address.port())
        })
    };
    let at = sockets.iter().position(fits)?;
    Some(sockets.remove(at))
}

/// A copy of a descriptor for another process; the original stays open here.
///
/// # Errors
/// Where the process has no descriptor left.
pub fn share(socket: impl AsFd) -> io::Result<OwnedFd> {
    socket.as_fd().try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_socket_takes_connections_and_a_second_one_is_refused() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        std::net::TcpStream::connect(address).unwrap();
        assert_eq!(bind(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_is_taken_up_by_its_address() {
        let open = || bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut sockets = vec![open(), open()];
        let second = sockets[1].local_addr().unwrap();
        assert!(take_up(&mut sockets, None).is_none());
        assert!(take_up(&mut sockets, Some("192.0.2.1:1".parse().unwrap())).is_none());
        let taken = take_up(&mut sockets, Some(second)).unwrap();
        assert_eq!(taken.local_addr().unwrap(), second);
        assert!(take_up(&mut sockets, Some(second)).is_none());
        let any = take_up(&mut sockets, Some("127.0.0.1:0".parse().unwrap()));
        assert!(any.is_some() && sockets.is_empty());
    }

    #[test]
    fn both_families_may_listen_on_one_port() {
        let four = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = four.local_addr().unwrap().port();
        // A machine without IPv6 has nothing to clash with.
        if let Err(error) = bind(format!("[::1]:{port}").parse().unwrap()) {
            assert_ne!(error.kind(), io::ErrorKind::AddrInUse);
        }
    }
}
