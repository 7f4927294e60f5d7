//! A client that speaks just enough SMTP to look at a server.

use std::sync::Arc;

use mailward_model::{Domain, kind::HostName};

use super::{
    Door, Found, Steps,
    wire::{Shown, Wire, server_name},
};
use crate::Cause;

/// Lines of one reply.
const LINES_MAX: usize = 64;

/// A session.
pub(super) struct Smtp {
    pub(super) wire: Wire,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    /// The texts of its lines.
    pub(super) lines: Vec<String>,
}

impl Answer {
    pub(super) fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// The reply on one line.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }

    /// The enhanced code at its beginning, where it has one.
    pub(super) fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        word.bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
            .then_some(word)
            .filter(|w| w.contains('.'))
    }

    /// The arguments of an extension that an EHLO reply offers; `None` where it does not.
    pub(super) fn extension(&self, keyword: &str) -> Option<&str> {
        let mut lines = self.lines.iter().skip(1);
        lines.find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(keyword).then_some(rest)
        })
    }

    /// Whether an EHLO reply offers an extension.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.extension(keyword).is_some()
    }

    /// The finding that a refusal stands for.
    pub(super) fn refusal(&self, step: &str) -> Found {
        let found = Found::fail(format!("{step} was answered {}", self.text()));
        match (self.code, self.enhanced()) {
            (452, _) => found.of(Cause::DiskFull),
            (451, Some("4.3.0")) => found.of(Cause::Disk),
            (421, Some("4.3.2")) => found.of(Cause::Hold),
            (500..600, _) => found.of(Cause::Config),
            _ => found,
        }
    }
}

impl Smtp {
    /// Connects; speaks PROXY protocol and TLS first where the connector expects them, and waits
    /// for the greeting.
    pub(super) async fn open(
        door: Door,
        proxied: bool,
        tls: Option<(Arc<rustls::ClientConfig>, &Domain)>,
        steps: &mut Steps,
    ) -> Result<(Smtp, Answer, Option<Shown>), Found> {
        steps.next("connect");
        let mut wire = Wire::enter(door, proxied, steps).await?;
        let mut shown = None;
        if let Some((config, name)) = tls {
            steps.next("handshake");
            let name = server_name(&HostName::Name(name.clone()));
            let (secured, seen) = wire.secure(config, name).await?;
            (wire, shown) = (secured, Some(seen));
        }
        let (session, greeting) = Smtp::greeted(wire, steps).await?;
        Ok((session, greeting, shown))
    }

    /// Waits for the greeting on an open connection.
    pub(super) async fn greeted(wire: Wire, steps: &mut Steps) -> Result<(Smtp, Answer), Found> {
        let mut session = Smtp { wire };
        steps.next("greeting");
        let greeting = session.reply("the greeting").await?;
        Ok((session, greeting))
    }

    /// Reads one reply.
    pub(super) async fn reply(&mut self, step: &str) -> Result<Answer, Found> {
        let mut answer = Answer {
            code: 0,
            lines: Vec::new(),
        };
        loop {
            let text = self.wire.expect_line(step).await?;
            let strange = || {
                Found::fail(format!(
                    "{step} was answered with what is no reply: {text:?}"
                ))
            };
            let code = text
                .get(..3)
                .and_then(|code| code.parse().ok())
                .ok_or_else(strange)?;
            answer.code = code;
            answer
                .lines
                .push(text.get(4..).unwrap_or_default().to_owned());
            match text.as_bytes().get(3) {
                Some(b'-') if answer.lines.len() < LINES_MAX => {}
                Some(b' ') | None => return Ok(answer),
                _ => return Err(strange()),
            }
        }
    }

    /// Sends a command and reads its reply.
    pub(super) async fn command(&mut self, line: &str) -> Result<Answer, Found> {
        let verb = line.split(' ').next().unwrap_or(line);
        self.wire.say(line, verb).await?;
        self.reply(verb).await
    }

    /// Sends a line that nobody may see, and reads the reply to it.
    pub(super) async fn secret(&mut self, line: &str, shown: &str) -> Result<Answer, Found> {
        self.wire.seen.note(format!("> {shown}"));
        self.send(format!("{line}\r\n").as_bytes(), shown).await?;
        self.reply(shown).await
    }

    /// Sends octets as they are; nothing of them is noted.
    pub(super) async fn send(&mut self, octets: &[u8], step: &str) -> Result<(), Found> {
        self.wire.send(octets, step).await
    }

    /// Goes on under TLS, after the 220 to STARTTLS.
    pub(super) async fn secure(
        self,
        config: Arc<rustls::ClientConfig>,
        name: &Domain,
    ) -> Result<(Smtp, Shown), Found> {
        let name = server_name(&HostName::Name(name.clone()));
        let (wire, shown) = self.wire.secure(config, name).await?;
        Ok((Smtp { wire }, shown))
    }

    /// Ends the session politely. How that goes is of no interest.
    pub(super) async fn quit(mut self) {
        let _ = self.command("QUIT").await;
    }
}
