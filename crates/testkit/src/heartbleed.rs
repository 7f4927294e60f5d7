//! A stand-in for a TLS server of 2014: it answers a hello and a heartbeat, soundly or with the
//! fault of CVE-2014-0160, and nothing else. For tests of tests.
//!
//! What it "leaks" is a constant pattern of its own. It is believed only because its verdicts are
//! those of real servers: `bench/heartbleed` compares both, and nmap judges this one too.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What stands in for memory that is not the client's.
const MEMORY: u8 = b'm';
/// Octets that OpenSSL 1.0.1 holds back during a handshake.
const BUFFER_OCTETS: usize = 4092;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it takes a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Offers none.
    NotOffered,
    /// Drops one without padding, as OpenSSL 1.0.1g.
    Sound,
    /// Refuses one during the handshake, as GnuTLS.
    Alert,
    /// Closes.
    Close,
    /// Answers as many octets as it is told, and at once.
    Vulnerable,
    /// The same behind a buffer that small answers do not leave, as OpenSSL 1.0.1e.
    Buffered,
    /// Answers with octets that are not the client's.
    Odd,
}

/// What comes before TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// SMTP with STARTTLS.
    Smtp,
}

/// Starts one on a port of its own. It ends with the process.
///
/// # Errors
/// No port is free.
pub fn start(mode: Mode, before: Before, certificate: Vec<u8>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let certificate = certificate.clone();
            thread::spawn(move || {
                // A client that goes away is no matter.
                let _ = serve(stream, mode, before, &certificate);
            });
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream, mode: Mode, before: Before, certificate: &[u8]) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    if before == Before::Smtp && !starttls(&mut stream)? {
        return Ok(());
    }
    let (22, _, hello) = read_record(&mut stream)? else {
        return Ok(());
    };
    let legacy = word(&hello, 4).min(0x0303);
    if !offers(&hello, 0x002f) {
        // Nothing that this server has: TLS 1.3, or suites that are left.
        let alert = if hello.windows(2).any(|w| w == [0x13, 0x01]) {
            70
        } else {
            40
        };
        return stream.write_all(&record(21, legacy, &[2, alert]));
    }
    let wants = hello
        .windows(5)
        .any(|w| w == [0, 15, 0, 1, 1] || w == [0, 15, 0, 1, 2]);
    let offered = wants && mode != Mode::NotOffered;
    stream.write_all(&flight(legacy, offered, certificate))?;
    let mut held = 0;
    loop {
        let (kind, _, fragment) = read_record(&mut stream)?;
        if kind != 24 {
            return Ok(());
        }
        match mode {
            Mode::NotOffered | Mode::Close => return Ok(()),
            Mode::Sound => {}
            Mode::Alert => return stream.write_all(&record(21, legacy, &[2, 10])),
            Mode::Odd => stream.write_all(&record(24, legacy, &[2, 0, 1, MEMORY]))?,
            Mode::Vulnerable => stream.write_all(&answer(legacy, &fragment))?,
            Mode::Buffered => {
                let answer = answer(legacy, &fragment);
                held += answer.len();
                if held >= BUFFER_OCTETS {
                    held = 0;
                    stream.write_all(&answer)?;
                }
            }
        }
    }
}

fn starttls(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"220 mail.example.org ESMTP stand-in\r\n")?;
    // A client waits for each answer: nothing of the hello is read ahead.
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        match line.trim().to_ascii_uppercase() {
            hello if hello.starts_with("EHLO") || hello.starts_with("HELO") => {
                stream.write_all(b"250-mail.example.org\r\n250 STARTTLS\r\n")?;
            }
            start if start == "STARTTLS" => {
                stream.write_all(b"220 2.0.0 Ready\r\n")?;
                return Ok(true);
            }
            quit if quit == "QUIT" => {
                stream.write_all(b"221 2.0.0 Bye\r\n")?;
                return Ok(false);
            }
            _ => stream.write_all(b"502 5.5.1 No\r\n")?,
        }
    }
}

fn read_record(stream: &mut TcpStream) -> io::Result<(u8, u16, Vec<u8>)> {
    let mut header = [0; 5];
    stream.read_exact(&mut header)?;
    let [kind, major, minor, high, low] = header;
    let mut fragment = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    stream.read_exact(&mut fragment)?;
    Ok((kind, u16::from_be_bytes([major, minor]), fragment))
}

fn record(kind: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    let [major, minor] = version.to_be_bytes();
    let length = u16::try_from(fragment.len()).unwrap_or(0).to_be_bytes();
    [&[kind, major, minor], &length[..], fragment].concat()
}

fn word(octets: &[u8], at: usize) -> u16 {
    let pair = octets.get(at..at + 2).and_then(|two| two.try_into().ok());
    pair.map_or(0, u16::from_be_bytes)
}

/// True where a ClientHello offers this suite.
fn offers(hello: &[u8], suite: u16) -> bool {
    let session = usize::from(hello.get(38).copied().unwrap_or(0));
    let at = 39 + session;
    let length = usize::from(word(hello, at));
    let suites = hello.get(at + 2..at + 2 + length).unwrap_or_default();
    suites.chunks(2).any(|pair| pair == suite.to_be_bytes())
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn flight(version: u16, heartbeat: bool, certificate: &[u8]) -> Vec<u8> {
    let mut hello = version.to_be_bytes().to_vec();
    hello.extend([0x5a; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    if heartbeat {
        hello.extend([0, 5, 0, 15, 0, 1, 1]);
    }
    let long = |octets: &[u8]| {
        let length = u32::try_from(octets.len()).unwrap_or(0).to_be_bytes();
        [&length[1..], octets].concat()
    };
    let messages = [
        message(2, &hello),
        message(11, &long(&long(certificate))),
        message(14, &[]),
    ]
    .concat();
    record(22, version, &messages)
}

/// The answer of a server with the fault: as many octets as the request says, whatever it has.
fn answer(version: u16, request: &[u8]) -> Vec<u8> {
    let claimed = usize::from(word(request, 1));
    let payload = request.get(3..).unwrap_or_default();
    let mut message = vec![2];
    message.extend(u16::try_from(claimed).unwrap_or(0).to_be_bytes());
    message.extend(payload.iter().take(claimed));
    message.resize(3 + claimed, MEMORY);
    message.extend([0; 16]);
    message
        .chunks(1 << 14)
        .flat_map(|part| record(24, version, part))
        .collect()
}
