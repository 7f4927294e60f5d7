//! Direct submission to a relay: past the queue, by a client of its own that speaks just enough
//! SMTP (RFC 5321, 3207, 4954). What the rest of the house sends mail with may be what is broken.

use base64::{Engine, prelude::BASE64_STANDARD};
use mailward_model::kind::{AlertEmail, OutboundTls};
use mailward_proto::client::DotStuffer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::{
    courier::{Courier, SendError, Stream},
    letter::Letter,
};

/// Octets of one line of a reply.
const LINE_OCTETS_MAX: u64 = 4096;
/// Lines of one reply.
const LINES_MAX: usize = 64;
/// Octets of a password.
const PASSWORD_OCTETS_MAX: u64 = 1024;
/// The port at which TLS is spoken from the start (RFC 8314 §3.3).
const IMPLICIT_TLS_PORT: u16 = 465;

/// Hands a message over. What is returned is to be said: somebody was refused, others were not.
pub(super) async fn send(
    courier: &Courier,
    spec: &AlertEmail,
    letter: &Letter,
) -> Result<Option<String>, SendError> {
    let mut session = Session::open(courier, spec).await?;
    let from = format!("MAIL FROM:<{}>", spec.from);
    session.expect("MAIL", &from, 250).await?;
    let mut refused = Vec::new();
    let mut taken = 0;
    let mut last = None;
    for to in &spec.to {
        match session
            .expect("RCPT", &format!("RCPT TO:<{to}>"), 250)
            .await
        {
            Ok(_) => taken += 1,
            Err(error @ SendError::Relay(..)) => {
                refused.push(format!("{to}: {error}"));
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    if taken == 0 {
        return Err(last.unwrap_or(SendError::Lacks("any recipient")));
    }
    session.expect("DATA", "DATA", 354).await?;
    let mut body = Vec::new();
    let mut stuffer = DotStuffer::default();
    stuffer.encode(&letter.compose(spec), &mut body);
    stuffer.finish(&mut body);
    session.write(&body).await?;
    let (code, text) = session.reply().await?;
    if code != 250 {
        return Err(SendError::Relay("the message", text));
    }
    session.quit().await;
    Ok((!refused.is_empty()).then(|| refused.join("; ")))
}

/// Signs in, and says nothing further.
pub(super) async fn check(courier: &Courier, spec: &AlertEmail) -> Result<(), SendError> {
    let session = Session::open(courier, spec).await?;
    session.quit().await;
    Ok(())
}

struct Session {
    stream: BufReader<Box<dyn Stream>>,
    /// What EHLO was answered, in capitals, one extension each.
    offers: Vec<String>,
}

impl Session {
    /// Connects, greets, goes on under TLS where it is to be, and signs in.
    async fn open(courier: &Courier, spec: &AlertEmail) -> Result<Session, SendError> {
        let mut stream: Box<dyn Stream> = Box::new(courier.connect(&spec.relay).await?);
        let implicit = spec.relay.port == IMPLICIT_TLS_PORT && spec.tls != OutboundTls::Off;
        if implicit {
            stream = courier.secure(stream, &spec.relay.host, spec.tls).await?;
        }
        let mut session = Session {
            stream: BufReader::with_capacity(1024, stream),
            offers: Vec::new(),
        };
        let (code, text) = session.reply().await?;
        if code != 220 {
            return Err(SendError::Relay("the connection", text));
        }
        session.greet(courier).await?;
        if !implicit && spec.tls != OutboundTls::Off {
            session = session.start_tls(courier, spec).await?;
        }
        if let (Some(user), Some(path)) = (&spec.user, &spec.password_file) {
            session.sign_in(user, path).await?;
        }
        Ok(session)
    }

    async fn greet(&mut self, courier: &Courier) -> Result<(), SendError> {
        self.write(format!("EHLO {}\r\n", courier.node).as_bytes())
            .await?;
        let (code, text) = self.reply().await?;
        self.offers = text.lines().skip(1).map(str::to_ascii_uppercase).collect();
        if code == 250 {
            return Ok(());
        }
        self.expect("HELO", &format!("HELO {}", courier.node), 250)
            .await?;
        Ok(())
    }

    fn offers(&self, keyword: &str) -> bool {
        let mut firsts = self.offers.iter().filter_map(|line| line.split(' ').next());
        firsts.any(|first| first == keyword)
    }

    async fn start_tls(
        mut self,
        courier: &Courier,
        spec: &AlertEmail,
    ) -> Result<Session, SendError> {
        if !self.offers("STARTTLS") {
            return match spec.tls {
                OutboundTls::Required => Err(SendError::Lacks("STARTTLS")),
                _ => Ok(self),
            };
        }
        if let Err(error) = self.expect("STARTTLS", "STARTTLS", 220).await {
            return match spec.tls {
                OutboundTls::Required => Err(error),
                _ => Ok(self),
            };
        }
        if !self.stream.buffer().is_empty() {
            // RFC 3207 §4, CVE-2011-0411: nobody else may put words into its mouth.
            return Err(SendError::Tls(
                "something came behind the answer to STARTTLS".to_owned(),
            ));
        }
        let stream = self.stream.into_inner();
        let stream = courier.secure(stream, &spec.relay.host, spec.tls).await?;
        let mut session = Session {
            stream: BufReader::with_capacity(1024, stream),
            offers: Vec::new(),
        };
        session.greet(courier).await?;
        Ok(session)
    }

    /// AUTH PLAIN, or LOGIN where the relay knows no other (RFC 4954).
    async fn sign_in(&mut self, user: &str, path: &std::path::Path) -> Result<(), SendError> {
        let wrong = |error| SendError::Password(path.display().to_string(), error);
        let mut password = String::new();
        let file = tokio::fs::File::open(path).await.map_err(wrong)?;
        let mut file = file.take(PASSWORD_OCTETS_MAX);
        file.read_to_string(&mut password).await.map_err(wrong)?;
        let password = password.trim_end_matches(['\r', '\n']);
        let methods = self
            .offers
            .iter()
            .find_map(|line| line.strip_prefix("AUTH "));
        let offers = |name: &str| methods.is_some_and(|all| all.split(' ').any(|one| one == name));
        if offers("PLAIN") {
            let code = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
            self.expect("AUTH", &format!("AUTH PLAIN {code}"), 235)
                .await?;
        } else if offers("LOGIN") {
            self.expect("AUTH", "AUTH LOGIN", 334).await?;
            self.expect("AUTH", &BASE64_STANDARD.encode(user), 334)
                .await?;
            self.expect("AUTH", &BASE64_STANDARD.encode(password), 235)
                .await?;
        } else {
            return Err(SendError::Lacks("AUTH PLAIN or LOGIN"));
        }
        Ok(())
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), SendError> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Sends a command whose answer must have this code.
    async fn expect(
        &mut self,
        step: &'static str,
        line: &str,
        code: u16,
    ) -> Result<String, SendError> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        let (answer, text) = self.reply().await?;
        // RFC 5321 §4.2.1: 251 says that the address lives elsewhere, and is as good.
        if answer == code || (code == 250 && answer == 251) {
            Ok(text)
        } else {
            Err(SendError::Relay(step, text.replace('\n', " ")))
        }
    }

    /// Reads one reply: its code, and its lines with the code only before the first.
    async fn reply(&mut self) -> Result<(u16, String), SendError> {
        let mut all = String::new();
        for _ in 0..LINES_MAX {
            let mut line = Vec::new();
            let mut limited = (&mut self.stream).take(LINE_OCTETS_MAX);
            if limited.read_until(b'\n', &mut line).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            let strange = || SendError::Relay("what was said", format!("{text:?}"));
            let code: u16 = text
                .get(..3)
                .and_then(|code| code.parse().ok())
                .ok_or_else(strange)?;
            let rest = text.get(4..).unwrap_or_default();
            if all.is_empty() {
                all = format!("{code} {rest}");
            } else {
                all.push('\n');
                all.push_str(rest);
            }
            match text.as_bytes().get(3) {
                Some(b'-') => {}
                Some(b' ') | None => return Ok((code, all)),
                Some(_) => return Err(strange()),
            }
        }
        Err(SendError::Relay(
            "what was said",
            "too many lines".to_owned(),
        ))
    }

    /// Ends the session politely. How that goes is of no interest: the message was taken or not.
    async fn quit(mut self) {
        let _ = self.write(b"QUIT\r\n").await;
    }
}
