//! journald's native protocol: one datagram of `FIELD=value` lines per record.
//!
//! Fields that are not known to journald are written as `MAILWARD_…`; `MESSAGE_ID` is the same for
//! all records of one event number, so `journalctl MESSAGE_ID=…` finds them. Never blocks: what the
//! socket does not take at once is dropped, the JSON lines file has it.

use std::{io, os::unix::net::UnixDatagram, path::Path};

use crate::Record;

/// Where journald listens.
pub(crate) const SOCKET: &str = "/run/systemd/journal/socket";

/// Octets of one field; longer values are cut, so that a datagram always fits.
const VALUE_OCTETS_MAX: usize = 16 * 1024;

/// The first 112 of the 128 bits of `MESSAGE_ID`; the event's number is the rest.
const MESSAGE_ID_PREFIX: &str = "7d1f0c64b0a94e35a1c2f7e88d54";

/// A connection to journald.
pub(crate) struct Journal {
    socket: UnixDatagram,
}

impl Journal {
    /// Connects to the socket at `path`.
    pub(crate) fn connect(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_nonblocking(true)?;
        Ok(Journal { socket })
    }

    /// Sends one record.
    pub(crate) fn send(&self, record: &Record) -> io::Result<()> {
        self.socket.send(&datagram(record)).map(drop)
    }
}

fn push(out: &mut Vec<u8>, name: &str, value: &str) {
    let mut end = value.len().min(VALUE_OCTETS_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let value = value.get(..end).unwrap_or_default();
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        // A value of several lines: a line feed, its length as 64 bits little-endian, the octets.
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

fn datagram(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    push(&mut out, "MESSAGE", &record.message);
    push(&mut out, "PRIORITY", &record.level.severity().to_string());
    push(&mut out, "SYSLOG_IDENTIFIER", "mailward");
    push(&mut out, "SYSLOG_FACILITY", "2");
    push(
        &mut out,
        "MESSAGE_ID",
        &format!("{MESSAGE_ID_PREFIX}{:04x}", record.number),
    );
    push(&mut out, "MAILWARD_EVENT", &record.number.to_string());
    push(&mut out, "MAILWARD_NAME", &record.name);
    push(&mut out, "MAILWARD_ROLE", &record.role);
    if let Some(times) = record.repeated {
        push(&mut out, "MAILWARD_REPEATED", &times.to_string());
    }
    for (name, value) in &record.fields {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        push(
            &mut out,
            &format!("MAILWARD_{}", name.to_ascii_uppercase()),
            &text,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn a_real_socket_gets_the_fields() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let server = UnixDatagram::bind(&path).unwrap();
        let event = Event::CertificateExpired {
            file: "a.pem".into(),
            subject: "CN=mx\nPRIORITY=0".into(),
            expired_on: "2026-01-01".into(),
        };
        let record = Record::new(&event, "transport", 1_700_000_000_000);
        Journal::connect(&path).unwrap().send(&record).unwrap();
        let mut buffer = [0; 4096];
        let n = server.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
        assert!(
            text.contains("\nMAILWARD_EVENT=12016\n") && text.contains("\nPRIORITY=3\n"),
            "{text}"
        );
        assert!(
            !text.contains("\nPRIORITY=0\n"),
            "a field cannot be forged: {text}"
        );
    }
}
