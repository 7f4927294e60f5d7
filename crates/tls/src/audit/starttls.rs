//! What is said before TLS begins, for each protocol, in plain text and with limits.
//!
//! A dialogue ends with the octet before the ClientHello. What a server says behind its consent
//! would be read as if it had come under TLS: such a server is refused here.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    target::{Protocol, Target},
    wire::DialError,
};
use crate::octets::Octets;

/// Octets that a server may say before TLS.
const DIALOGUE_OCTETS_MAX: usize = 32 << 10;
/// Octets of one line or answer that are shown to people.
const SHOWN_OCTETS_MAX: usize = 120;

/// What a server said of itself before TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub(super) struct Greeting {
    /// The name in its greeting, where the protocol has one (RFC 5321 §4.2).
    pub(super) banner_name: Option<String>,
    /// The name in its answer to EHLO (RFC 5321 §4.1.1.1).
    pub(super) ehlo_name: Option<String>,
}

/// A connection before TLS.
pub(super) struct Dialogue<'a> {
    stream: &'a mut TcpStream,
    buffer: Vec<u8>,
    taken: usize,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(stream: &'a mut TcpStream) -> Self {
        Dialogue {
            stream,
            buffer: Vec::new(),
            taken: 0,
        }
    }

    async fn more(&mut self) -> Result<(), DialError> {
        let mut scratch = [0; 2048];
        let count = self
            .stream
            .read(&mut scratch)
            .await
            .map_err(|error| DialError::Broken(error.to_string()))?;
        if count == 0 {
            return Err(DialError::Closed);
        }
        self.taken += count;
        if self.taken > DIALOGUE_OCTETS_MAX {
            return Err(DialError::Unwilling(format!(
                "the server has said more than {DIALOGUE_OCTETS_MAX} octets before TLS"
            )));
        }
        self.buffer
            .extend_from_slice(scratch.get(..count).unwrap_or_default());
        Ok(())
    }

    /// The next line, without its end.
    async fn line(&mut self) -> Result<String, DialError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.more().await?;
        }
    }

    /// All that has come up to and with `end`.
    async fn until(&mut self, end: &str) -> Result<String, DialError> {
        loop {
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if text.contains(end) {
                self.buffer.clear();
                return Ok(text);
            }
            self.more().await?;
        }
    }

    async fn say(&mut self, octets: &[u8]) -> Result<(), DialError> {
        self.stream
            .write_all(octets)
            .await
            .map_err(|error| DialError::Broken(error.to_string()))
    }

    /// A reply of one or several lines (RFC 5321 §4.2.1, RFC 959 §4.2): the code, and the lines.
    async fn reply(&mut self) -> Result<(String, Vec<String>), DialError> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let code: String = line.chars().take(3).collect();
            let is_last = line.get(3..4) != Some("-") && code.chars().all(|c| c.is_ascii_digit());
            lines.push(line);
            if is_last {
                return Ok((code, lines));
            }
        }
    }

    async fn expect(&mut self, code: &str) -> Result<Vec<String>, DialError> {
        match self.reply().await? {
            (found, lines) if found == code => Ok(lines),
            (_, lines) => Err(unwilling(lines.last())),
        }
    }

    /// A line that begins with one of these.
    async fn expect_line(&mut self, wanted: &str) -> Result<(), DialError> {
        let line = self.line().await?;
        match line.get(..wanted.len()) {
            Some(start) if start.eq_ignore_ascii_case(wanted) => Ok(()),
            _ => Err(unwilling(Some(&line))),
        }
    }

    /// Comes to the octet before the ClientHello.
    pub(super) async fn hold(mut self, target: &Target) -> Result<Greeting, DialError> {
        let mut greeting = Greeting::default();
        match target.protocol {
            Protocol::Tls => return Ok(greeting),
            Protocol::Smtp => greeting = self.smtp("EHLO").await?,
            Protocol::Lmtp => greeting = self.smtp("LHLO").await?,
            Protocol::Imap => self.imap().await?,
            Protocol::Pop3 => {
                self.expect_line("+OK").await?;
                self.say(b"STLS\r\n").await?;
                self.expect_line("+OK").await?;
            }
            Protocol::Ldap => self.ldap().await?,
            Protocol::Xmpp => self.xmpp(target, "jabber:client").await?,
            Protocol::XmppServer => self.xmpp(target, "jabber:server").await?,
            Protocol::Sieve => self.sieve().await?,
            Protocol::Ftp => {
                self.expect("220").await?;
                self.say(b"AUTH TLS\r\n").await?;
                self.expect("234").await?;
            }
            Protocol::Nntp => {
                self.line().await?;
                self.say(b"STARTTLS\r\n").await?;
                self.expect("382").await?;
            }
            Protocol::Postgres => self.postgres().await?,
        }
        if !self.buffer.is_empty() {
            return Err(DialError::Unwilling(
                "something waited behind the server's consent to TLS: whoever can write into the \
                 connection could have put it there"
                    .to_owned(),
            ));
        }
        Ok(greeting)
    }

    async fn smtp(&mut self, hello: &str) -> Result<Greeting, DialError> {
        let banner = self.expect("220").await?;
        // RFC 5321 §4.1.3: who has no name of its own says its address.
        self.say(format!("{hello} [127.0.0.1]\r\n").as_bytes())
            .await?;
        let lines = self.expect("250").await?;
        let offers = |line: &String| {
            line.get(4..)
                .is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS"))
        };
        if !lines.iter().any(offers) {
            return Err(DialError::Unwilling(
                "the server does not offer STARTTLS".to_owned(),
            ));
        }
        self.say(b"STARTTLS\r\n").await?;
        self.expect("220").await?;
        let name = |lines: &[String]| {
            let first = lines.first()?.get(4..)?;
            first.split_ascii_whitespace().next().map(str::to_owned)
        };
        Ok(Greeting {
            banner_name: name(&banner),
            ehlo_name: name(&lines),
        })
    }

    async fn imap(&mut self) -> Result<(), DialError> {
        self.expect_line("* OK").await?;
        self.say(b"a STARTTLS\r\n").await?;
        loop {
            let line = self.line().await?;
            // RFC 9051 §7: untagged lines may come at any time.
            if line.starts_with("* ") {
                continue;
            }
            return match line.get(..4) {
                Some(start) if start.eq_ignore_ascii_case("a OK") => Ok(()),
                _ => Err(unwilling(Some(&line))),
            };
        }
    }

    async fn sieve(&mut self) -> Result<(), DialError> {
        let is_ok = |line: &str| line.get(..2).is_some_and(|s| s.eq_ignore_ascii_case("OK"));
        // Capabilities stand in quotes; OK ends them.
        loop {
            let line = self.line().await?;
            if is_ok(&line) {
                break;
            }
            if !line.starts_with('"') {
                return Err(unwilling(Some(&line)));
            }
        }
        self.say(b"STARTTLS\r\n").await?;
        self.expect_line("OK").await
    }

    async fn ldap(&mut self) -> Result<(), DialError> {
        const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
        let mut request = vec![
            0x30,
            0x1d,
            0x02,
            0x01,
            0x01,
            0x77,
            0x18,
            0x80,
            START_TLS.len() as u8,
        ];
        request.extend_from_slice(START_TLS);
        self.say(&request).await?;
        loop {
            let mut octets = Octets(&self.buffer);
            if let Some(message) = octets.der_of(0x30) {
                let rest = octets.0.to_vec();
                let result = ldap_result(message);
                self.buffer = rest;
                return match result {
                    Some(0) => Ok(()),
                    Some(code) => Err(DialError::Unwilling(format!(
                        "the server refuses StartTLS with result code {code}"
                    ))),
                    None => Err(DialError::Unwilling(
                        "the server's answer to StartTLS is no LDAP".to_owned(),
                    )),
                };
            }
            self.more().await?;
        }
    }

    async fn xmpp(&mut self, target: &Target, namespace: &str) -> Result<(), DialError> {
        let to = target.name().unwrap_or("localhost");
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{namespace}' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{to}' version='1.0'>"
        );
        self.say(header.as_bytes()).await?;
        let features = self.until("</stream:features>").await?;
        if !features.contains("urn:ietf:params:xml:ns:xmpp-tls") {
            return Err(DialError::Unwilling(
                "the server does not offer STARTTLS".to_owned(),
            ));
        }
        self.say(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            .await?;
        let answer = self.until(">").await?;
        if answer.contains("<proceed") {
            return Ok(());
        }
        Err(unwilling(Some(&answer)))
    }

    async fn postgres(&mut self) -> Result<(), DialError> {
        self.say(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).await?;
        self.more().await?;
        match self.buffer.first() {
            Some(b'S') => {
                self.buffer.remove(0);
                Ok(())
            }
            _ => Err(DialError::Unwilling(
                "the server does not take TLS".to_owned(),
            )),
        }
    }
}

/// The result code of an ExtendedResponse (RFC 4511 §4.12).
fn ldap_result(message: &[u8]) -> Option<u8> {
    let mut octets = Octets(message);
    octets.der_of(0x02)?;
    let mut response = Octets(octets.der_of(0x78)?);
    response.der_of(0x0a)?.first().copied()
}

fn unwilling(line: Option<&String>) -> DialError {
    let line = line.map_or("", String::as_str);
    let shown = line
        .get(..line.floor_char_boundary(SHOWN_OCTETS_MAX))
        .unwrap_or_default();
    DialError::Unwilling(format!(
        "the server said {shown:?} instead of beginning TLS"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldap_answers_are_read() {
        let yes = [0x02, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        assert_eq!(ldap_result(&yes), Some(0));
        let no = [0x02, 1, 1, 0x78, 7, 0x0a, 1, 52, 4, 0, 4, 0];
        assert_eq!(ldap_result(&no), Some(52));
        assert_eq!(ldap_result(&[0x02, 1, 1, 0x65, 0]), None);
    }
}
