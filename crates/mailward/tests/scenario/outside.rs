//! The world outside, as far as scenarios need one: another organisation's mail server, a web server
//! that takes alerts, a name server that says what the test wants, a small file system.
//!
//! Servers live in threads of their own, as long as the test runs.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::PATIENCE;

/// Another organisation's server, as simple as one can be: it takes every message.
pub(crate) struct Sink {
    taken: Arc<Mutex<Vec<Taken>>>,
}

/// A message, and the address that it came from.
type Taken = (IpAddr, String);

impl Sink {
    /// Listens on `port` of loopback.
    pub(crate) fn listen(port: u16) -> Sink {
        Sink::take_over(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap())
    }

    /// Serves a socket that listens already.
    pub(crate) fn take_over(listener: TcpListener) -> Sink {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let all = Arc::clone(&all);
                // A peer that goes away in the middle ends its own thread only.
                std::thread::spawn(move || Sink::serve(stream.unwrap(), &all));
            }
        });
        Sink { taken }
    }

    /// The messages taken, each with its envelope in front.
    pub(crate) fn messages(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|(_, message)| message.clone()).collect()
    }

    /// The address from which the first message came that holds a text.
    pub(crate) fn source_of(&self, text: &str) -> Option<IpAddr> {
        let taken = self.taken.lock().unwrap();
        let found = taken.iter().find(|(_, message)| message.contains(text));
        found.map(|(source, _)| *source)
    }

    fn serve(stream: TcpStream, taken: &Mutex<Vec<Taken>>) -> std::io::Result<()> {
        let source = stream.peer_addr()?.ip();
        let mut input = BufReader::new(stream.try_clone()?);
        let mut output = stream;
        output.write_all(b"220 sink.example ESMTP\r\n")?;
        let (mut line, mut message) = (Vec::new(), String::new());
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let command = String::from_utf8_lossy(&line).trim_end().to_owned();
            let reply = match command.to_ascii_uppercase().get(..4) {
                Some("QUIT") => return output.write_all(b"221 2.0.0 Bye\r\n"),
                Some("DATA") => {
                    output.write_all(b"354 Go on\r\n")?;
                    loop {
                        line.clear();
                        if input.read_until(b'\n', &mut line)? == 0 {
                            return Ok(());
                        }
                        if line == b".\r\n" {
                            break;
                        }
                        message.push_str(&String::from_utf8_lossy(&line));
                    }
                    let message = std::mem::take(&mut message);
                    taken.lock().unwrap().push((source, message));
                    "250 2.0.0 Taken"
                }
                Some("MAIL" | "RCPT") => {
                    message.push_str(&command);
                    message.push('\n');
                    "250 2.0.0 Ok"
                }
                Some("RSET") => {
                    message.clear();
                    "250 2.0.0 Ok"
                }
                _ => "250 2.0.0 Ok",
            };
            output.write_all(format!("{reply}\r\n").as_bytes())?;
        }
    }
}

/// A web server that keeps what is asked of it, and says yes to everything.
pub(crate) struct Webhook {
    /// Its port on loopback.
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request: its first line and its body.
type Asked = (String, Vec<u8>);

impl Webhook {
    /// Listens.
    pub(crate) fn listen() -> Webhook {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that only looks whether somebody is there asks nothing.
                let _ = Webhook::serve(stream.unwrap(), &all);
            }
        });
        Webhook { port, asked }
    }

    /// The JSON documents that were posted.
    pub(crate) fn posted(&self) -> Vec<serde_json::Value> {
        let asked = self.asked.lock().unwrap();
        let posts = asked.iter().filter(|(line, _)| line.starts_with("POST"));
        posts
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    /// How often a path was fetched.
    pub(crate) fn fetched(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        let line = format!("GET {path} HTTP/1.1");
        asked.iter().filter(|(asked, _)| *asked == line).count()
    }

    fn serve(mut stream: TcpStream, all: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut input = BufReader::new(stream.try_clone()?);
        let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
        if input.read_line(&mut first)? == 0 {
            return Ok(());
        }
        while input.read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        all.lock()
            .unwrap()
            .push((first.trim_end().to_owned(), body));
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    }
}

/// A name server.
pub(crate) struct NameServer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    says: Arc<Mutex<Option<Ipv4Addr>>>,
    records: Arc<Mutex<Vec<DnsRecord>>>,
    fails: Arc<Mutex<Option<String>>>,
}

/// A record other than an address: a name, a type, and what it says as it is sent.
type DnsRecord = (String, u16, Vec<u8>);

/// An address (RFC 1035 §3.4.1).
const A: u16 = 1;
/// A TXT record (RFC 1035 §3.3.14).
const TXT: u16 = 16;
/// A TLSA record (RFC 6698 §2.1).
const TLSA: u16 = 52;
/// So long a resolver may remember such a record: a test changes them.
const RECORD_TTL_SECS: u32 = 1;

/// An hour, for which a resolver may remember an answer.
const TTL_SECS: u32 = 3_600;

impl NameServer {
    /// One that knows no name at all: each question is answered NXDOMAIN.
    pub(crate) fn ignorant() -> NameServer {
        NameServer::start(None, Duration::ZERO)
    }

    /// One for which every name is this host's, for an hour; those below `invalid` do not exist.
    pub(crate) fn of(host: Ipv4Addr) -> NameServer {
        NameServer::start(Some(host), Duration::ZERO)
    }

    /// As [`NameServer::of`], taking its time over each answer.
    pub(crate) fn slow(host: Ipv4Addr, wait: Duration) -> NameServer {
        NameServer::start(Some(host), wait)
    }

    /// From now on it fails for the names below a domain; for all names below an empty one.
    pub(crate) fn fails_below(&self, domain: &str) {
        *self.fails.lock().unwrap() = Some(domain.to_owned());
    }

    /// From now on every name is another host's.
    pub(crate) fn moves_to(&self, host: Ipv4Addr) {
        *self.says.lock().unwrap() = Some(host);
    }

    /// From now on a name has this TXT record, and no other.
    pub(crate) fn has_text(&self, name: &str, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        self.has(name, TXT, [&[length], text.as_bytes()].concat());
    }

    /// From now on a name is this host's.
    pub(crate) fn has_address(&self, name: &str, host: Ipv4Addr) {
        self.has(name, A, host.octets().to_vec());
    }

    /// From now on a name has this TLSA record, and no other.
    pub(crate) fn has_tlsa(&self, name: &str, record: Vec<u8>) {
        self.has(name, TLSA, record);
    }

    fn has(&self, name: &str, kind: u16, record: Vec<u8>) {
        let mut records = self.records.lock().unwrap();
        records.retain(|(known, of, _)| (known.as_str(), *of) != (name, kind));
        records.push((name.to_owned(), kind, record));
    }

    fn start(says: Option<Ipv4Addr>, wait: Duration) -> NameServer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let says = Arc::new(Mutex::new(says));
        let now = Arc::clone(&says);
        let records: Arc<Mutex<Vec<DnsRecord>>> = Arc::default();
        let known = Arc::clone(&records);
        let fails: Arc<Mutex<Option<String>>> = Arc::default();
        let failing = Arc::clone(&fails);
        std::thread::spawn(move || {
            let mut octets = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut octets) {
                let host = *now.lock().unwrap();
                let question = &octets[..length];
                let failing = failing.lock().unwrap().clone();
                let answer = NameServer::failure(question, failing.as_deref())
                    .or_else(|| NameServer::record_answer(question, &known.lock().unwrap()))
                    .unwrap_or_else(|| NameServer::answer(question, host));
                std::thread::park_timeout(wait);
                // Whoever asked may have given up.
                let _ = socket.send_to(&answer, from);
            }
        });
        NameServer {
            address,
            says,
            records,
            fails,
        }
    }

    /// The name of a question, and where it ends.
    fn asked(question: &[u8]) -> (String, usize) {
        let (mut name, mut at) = (Vec::new(), 12);
        while let Some(length @ 1..) = question.get(at).copied() {
            let label = &question[at + 1..=at + usize::from(length)];
            name.push(String::from_utf8_lossy(label).to_ascii_lowercase());
            at += 1 + usize::from(length);
        }
        (name.join("."), at)
    }

    /// The answer to a question for a name below a domain that the server fails for.
    fn failure(question: &[u8], domain: Option<&str>) -> Option<Vec<u8>> {
        let (name, at) = NameServer::asked(question);
        domain.filter(|domain| name.ends_with(domain))?;
        let mut answer = question[..at + 5].to_vec();
        answer[6..12].fill(0);
        // Server failure.
        (answer[2], answer[3]) = (0x81, 0x82);
        Some(answer)
    }

    /// The answer to a question for a record of a name that has one. The server vouches for it, as one
    /// does that has checked a zone's signatures.
    fn record_answer(question: &[u8], records: &[DnsRecord]) -> Option<Vec<u8>> {
        let (name, at) = NameServer::asked(question);
        let end = at + 5;
        let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
        let mut records = records.iter();
        let (_, _, record) = records.find(|(known, of, _)| *of == kind && *known == name)?;
        let mut answer = question[..end].to_vec();
        answer[6..12].fill(0);
        // RFC 4035 §3.2.3: the AD bit.
        (answer[2], answer[3], answer[7]) = (0x81, 0xa0, 1);
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1]);
        answer.extend(RECORD_TTL_SECS.to_be_bytes());
        answer.extend(u16::try_from(record.len()).unwrap().to_be_bytes());
        answer.extend(record);
        Some(answer)
    }

    fn answer(question: &[u8], host: Option<Ipv4Addr>) -> Vec<u8> {
        // RFC 1035 §4.1.1: a response, recursion available; the question alone, without what a
        // resolver adds to it.
        let end = 12 + question[12..].iter().position(|b| *b == 0).unwrap() + 5;
        let mut answer = question[..end].to_vec();
        answer[6..12].fill(0);
        // RFC 6761 §6.4: no name below `invalid` exists.
        let exists = !question[12..end - 4].ends_with(b"\x07invalid\x00");
        let Some(host) = host.filter(|_| exists) else {
            // Name error.
            (answer[2], answer[3]) = (0x81, 0x83);
            return answer;
        };
        (answer[2], answer[3]) = (0x81, 0x80);
        let is_address = answer[end - 4..end - 2] == [0, 1];
        if is_address {
            answer[7] = 1;
            // RFC 1035 §4.1.3, §4.1.4: the name of the question, an address of the Internet.
            answer.extend([0xc0, 12, 0, 1, 0, 1]);
            answer.extend(TTL_SECS.to_be_bytes());
            answer.extend([0, 4]);
            answer.extend(host.octets());
        }
        answer
    }
}

/// A mounted tmpfs, unmounted when dropped.
pub(crate) struct Mount {
    at: PathBuf,
}

impl Mount {
    /// Mounts one; `None` where that is not allowed here.
    pub(crate) fn new(at: PathBuf, options: &str) -> Option<Mount> {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&at)
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Mount { at })
    }

    /// Makes it larger or smaller.
    pub(crate) fn resize(&self, size: &str) {
        let remount = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(&self.at)
            .status();
        assert!(remount.unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
