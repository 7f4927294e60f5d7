//! A client as scenarios need one: an SMTP conversation, one reply at a time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::support::PATIENCE;

/// A plain SMTP conversation, one reply at a time.
pub(crate) struct Talk {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Talk {
    /// Connects and reads the greeting.
    pub(crate) fn connect(address: SocketAddr) -> Talk {
        Talk::connect_after(address, "")
    }

    /// As [`Talk::connect`], behind octets such as a PROXY header.
    pub(crate) fn connect_after(address: SocketAddr, before: &str) -> Talk {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(before.as_bytes()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut talk = Talk {
            stream,
            buffer: Vec::new(),
        };
        let greeting = talk.reply();
        assert!(greeting.starts_with("220 "), "{greeting}");
        talk
    }

    /// Sends octets as they are.
    pub(crate) fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).unwrap();
    }

    /// Sends octets, tells whether that worked.
    pub(crate) fn try_send(&mut self, octets: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(octets.as_ref()).is_ok()
    }

    /// Sends a line and reads the reply.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n"));
        self.reply()
    }

    /// Reads one reply, all of its lines. Empty where the peer closed.
    pub(crate) fn reply(&mut self) -> String {
        loop {
            if let Some(end) = reply_end(&self.buffer) {
                let reply = self.buffer.drain(..end).collect();
                return String::from_utf8(reply).unwrap();
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return String::from_utf8_lossy(&self.buffer).into_owned(),
                Ok(length) => self.buffer.extend_from_slice(&chunk[..length]),
            }
        }
    }

    /// Sends a whole message; the reply to its end, or the first refusal before it.
    pub(crate) fn message(&mut self, from: &str, to: &[&str], octets: &[u8]) -> String {
        let recipients = to.iter().map(|to| format!("RCPT TO:<{to}>"));
        let commands = std::iter::once(format!("MAIL FROM:<{from}>")).chain(recipients);
        for command in commands.chain(["DATA".to_owned()]) {
            let reply = self.say(&command);
            if !reply.starts_with("250") && !reply.starts_with("354") {
                return reply;
            }
        }
        self.send(octets);
        self.send("\r\n.\r\n");
        self.reply()
    }
}

/// Where the first whole reply in a buffer ends.
fn reply_end(buffer: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(length) = buffer[start..].windows(2).position(|pair| pair == b"\r\n") {
        let line = &buffer[start..start + length];
        start += length + 2;
        if line.len() < 4 || line[3] != b'-' {
            return Some(start);
        }
    }
    None
}
