//! What a process tells whoever started it: systemd's notification protocol (sd_notify(3)), with one
//! variable of our own.
//!
//! A beat is one datagram, `WATCHDOG=1` and `X_MAILWARD_PROGRESS=NAME:COUNT NAME:COUNT …`: each count
//! is that of a loop that works, so that the receiver can tell a process that lives from one that
//! gets on. systemd passes over variables that begin with `X_`.
//!
//! Never here: waiting. A receiver that reads nothing (a stopped manager, a busy systemd) fills its
//! queue of a few datagrams; what does not fit is dropped, and the next one tells the same.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{ffi::OsStrExt, net::SocketAddr, net::UnixDatagram},
    },
    time::Duration,
};

/// The variable that carries the counts.
pub const PROGRESS: &str = "X_MAILWARD_PROGRESS";
/// Counts in one beat; a role has a handful of loops.
pub const COUNTS_MAX: usize = 32;

/// Says that this process serves.
///
/// # Errors
/// Where `NOTIFY_SOCKET` names no socket or its reader lags; without the variable nothing is sent.
pub fn ready() -> io::Result<()> {
    send("READY=1\n")
}

/// Says that this process makes progress; for a service manager that asks no more.
///
/// # Errors
/// As [`ready`].
pub fn watchdog() -> io::Result<()> {
    send("WATCHDOG=1\n")
}

/// Says how far each loop of this process has got.
///
/// # Errors
/// As [`ready`].
pub fn beat(counts: &[(&str, u64)]) -> io::Result<()> {
    send(&beat_text(counts))
}

/// Says that this process is on its way out.
///
/// # Errors
/// As [`ready`].
pub fn stopping() -> io::Result<()> {
    send("STOPPING=1\n")
}

/// Says one line about the state of this process.
///
/// # Errors
/// As [`ready`].
pub fn status(status: &str) -> io::Result<()> {
    let line = status.replace('\n', " ");
    send(&format!("STATUS={line}\n"))
}

/// How often [`watchdog`] must be called at the latest; `None` where nobody watches.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn beat_text(counts: &[(&str, u64)]) -> String {
    let counts: Vec<String> = counts
        .iter()
        .take(COUNTS_MAX)
        .map(|(name, count)| format!("{name}:{count}"))
        .collect();
    format!("WATCHDOG=1\n{PROGRESS}={}\n", counts.join(" "))
}

/// The counts in the value of [`PROGRESS`]; what is no count is passed over.
pub(crate) fn read_counts(value: &str) -> Vec<(String, u64)> {
    value
        .split(' ')
        .take(COUNTS_MAX)
        .filter_map(|pair| {
            let (name, count) = pair.rsplit_once(':')?;
            Some((name.to_owned(), count.parse().ok()?))
        })
        .collect()
}

fn send(text: &str) -> io::Result<()> {
    match env::var_os("NOTIFY_SOCKET") {
        Some(path) => send_to(&path, text),
        None => Ok(()),
    }
}

fn send_to(path: &OsStr, text: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    // A leading @ stands for the NUL of an abstract name.
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    socket.send_to_addr(text.as_bytes(), &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_reads_nothing_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify.sock");
        let receiver = UnixDatagram::bind(&path).unwrap();
        // Far more than the kernel keeps for it: with a blocking socket this test would hang.
        let sent = (0..10_000)
            .take_while(|_| send_to(path.as_os_str(), "WATCHDOG=1\n").is_ok())
            .count();
        assert!((1..10_000).contains(&sent), "{sent}");
        let error = send_to(path.as_os_str(), "WATCHDOG=1\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let mut buffer = [0; 64];
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 11);
        send_to(path.as_os_str(), "WATCHDOG=1\n").unwrap();
    }

    #[test]
    fn an_abstract_name_is_understood() {
        let name = format!("mailward-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let receiver = UnixDatagram::bind_addr(&address).unwrap();
        send_to(OsStr::new(&format!("@{name}")), "READY=1\n").unwrap();
        let mut buffer = [0; 64];
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 8);
    }

    #[test]
    fn counts_come_back_as_they_were_told() {
        let text = beat_text(&[("runtime", 7), ("dispatch", 12)]);
        assert_eq!(
            text,
            "WATCHDOG=1\nX_MAILWARD_PROGRESS=runtime:7 dispatch:12\n"
        );
        assert_eq!(
            read_counts("runtime:7 nonsense dispatch:x turns:3"),
            [("runtime".to_owned(), 7), ("turns".to_owned(), 3)]
        );
        assert!(read_counts("").is_empty());
    }
}
