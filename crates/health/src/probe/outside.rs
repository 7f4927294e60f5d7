//! Servers beside Mailward, as probe objects and send connectors name them: SMTP, LMTP, IMAP, POP3,
//! TLS, plain TCP. No mail is sent; who signs in sees nothing but that it works.

use base64::{Engine, prelude::BASE64_STANDARD};
use mailward_model::kind::{
    HostName, MailTarget, OutboundTls, ProbeTarget, ProbeTls, TcpTarget, TlsTarget,
};
use rustls::pki_types::ServerName;

use super::{
    Context, Found, Steps,
    smtp::{Answer, Smtp},
    wire::{Shown, Wire, server_name},
};
use crate::{Cause, engine::definition::Upstream};

/// Octets of a secret file that are read.
const SECRET_OCTETS_MAX: u64 = 4096;

/// A plain TCP port.
pub(super) async fn tcp(context: &Context, target: &TcpTarget, steps: &mut Steps) -> Found {
    let looked = async {
        let mut wire = Wire::connect(context, &target.host, target.port, steps).await?;
        if !target.send.is_empty() {
            steps.next("send");
            wire.say(&target.send, "what was sent").await?;
        }
        if target.expect.is_empty() {
            return Ok(format!("{}:{} takes connections", target.host, target.port));
        }
        steps.next("answer");
        let line = wire.expect_line("the connection").await?;
        expect(&line, &target.expect, "the first line")?;
        Ok(format!("{}:{} says {line}", target.host, target.port))
    };
    looked.await.map_or_else(|found| found, Found::pass)
}

fn expect(line: &str, wanted: &str, what: &str) -> Result<(), Found> {
    if line.contains(wanted) {
        return Ok(());
    }
    Err(Found::fail(format!(
        "{what} is {line:?}, and {wanted:?} is not in it"
    )))
}

/// A TLS server that shows a certificate.
pub(super) async fn tls(context: &Context, target: &TlsTarget, steps: &mut Steps) -> Found {
    let looked = async {
        let wire = Wire::connect(context, &target.host, target.port, steps).await?;
        let host = target
            .tls_name
            .clone()
            .map_or_else(|| target.host.clone(), HostName::Name);
        steps.next("handshake");
        let name = server_name(&host);
        let (_wire, shown) = wire.secure(context.tls_config()?, name.clone()).await?;
        if target.require_tls13 && shown.version != "TLSv1.3" {
            return Err(
                Found::fail(format!("it speaks {} and not TLSv1.3", shown.version))
                    .of(Cause::Config),
            );
        }
        shown.judge(context, &name, target.verify, target.min_days)?;
        Ok(certified(context, shown.version.clone(), Some(&shown)))
    };
    looked.await.unwrap_or_else(|found| found)
}

/// A pass that tells the certificate, where one was shown.
fn certified(context: &Context, text: String, shown: Option<&Shown>) -> Found {
    let now = context.clock.unix_ms();
    let Some(shown) = shown else {
        return Found::pass(text);
    };
    let found = Found::pass(format!("{text}, {}", shown.summary(now)));
    match shown.days_left(now) {
        Some(days) => found.measured("days_left", days),
        None => found,
    }
}

/// What a mail server is looked at with.
struct Visit<'a> {
    context: &'a Context,
    target: &'a MailTarget,
    name: ServerName<'static>,
    shown: Option<Shown>,
}

/// A mail server of a probe object.
pub(super) async fn mail(context: &Context, target: &ProbeTarget, steps: &mut Steps) -> Found {
    let (mail, port, secure_port) = match target {
        ProbeTarget::Smtp(mail) => (mail, 25, 465),
        ProbeTarget::Lmtp(mail) => (mail, 24, 24),
        ProbeTarget::Imap(mail) => (mail, 143, 993),
        ProbeTarget::Pop3(mail) => (mail, 110, 995),
        _ => return Found::error("it is no mail server"),
    };
    let implicit = mail.tls == ProbeTls::Implicit;
    let port = mail
        .port
        .unwrap_or(if implicit { secure_port } else { port });
    let host = mail
        .tls_name
        .clone()
        .map_or_else(|| mail.host.clone(), HostName::Name);
    let mut visit = Visit {
        context,
        target: mail,
        name: server_name(&host),
        shown: None,
    };
    let looked = async {
        let mut wire = Wire::connect(context, &mail.host, port, steps).await?;
        if implicit {
            wire = visit.secure(wire, steps).await?;
        }
        match target {
            ProbeTarget::Imap(_) => visit.imap(wire, steps).await,
            ProbeTarget::Pop3(_) => visit.pop3(wire, steps).await,
            other => {
                visit
                    .smtp(wire, matches!(other, ProbeTarget::Lmtp(_)), steps)
                    .await
            }
        }
    };
    match looked.await {
        Ok(text) => certified(context, text, visit.shown.as_ref()),
        Err(found) => found,
    }
}

impl Visit<'_> {
    /// Goes on under TLS, and judges what is shown.
    async fn secure(&mut self, wire: Wire, steps: &mut Steps) -> Result<Wire, Found> {
        steps.next("handshake");
        let config = self.context.tls_config()?;
        let (wire, shown) = wire.secure(config, self.name.clone()).await?;
        shown.judge(
            self.context,
            &self.name,
            self.target.verify,
            self.target.min_days,
        )?;
        self.shown = Some(shown);
        Ok(wire)
    }

    /// Who signs in with what; `None` where nobody does. A password does not cross a network in
    /// plain text.
    async fn secret(&self) -> Result<Option<(&str, String)>, Found> {
        let (Some(user), Some(file)) = (&self.target.user, &self.target.secret_file) else {
            return Ok(None);
        };
        let here = match &self.target.host {
            HostName::Ip(ip) => ip.is_loopback(),
            HostName::Name(name) => name.as_str() == "localhost",
        };
        if self.shown.is_none() && !here {
            return Err(Found::error(
                "the password would cross the network in plain text: set tls to starttls or implicit",
            ));
        }
        let unusable =
            |why: String| Found::error(format!("the secret file {}: {why}", file.display()));
        let size = tokio::fs::metadata(file)
            .await
            .map_err(|e| unusable(e.to_string()))?
            .len();
        if size > SECRET_OCTETS_MAX {
            return Err(unusable(format!(
                "it has {size} octets, the limit is {SECRET_OCTETS_MAX}"
            )));
        }
        let text = tokio::fs::read_to_string(file)
            .await
            .map_err(|e| unusable(e.to_string()))?;
        let secret = text.lines().next().unwrap_or_default();
        if secret.is_empty() {
            return Err(unusable("its first line is empty".to_owned()));
        }
        Ok(Some((user, secret.to_owned())))
    }

    async fn smtp(&mut self, wire: Wire, lmtp: bool, steps: &mut Steps) -> Result<String, Found> {
        let hello = if lmtp { "LHLO" } else { "EHLO" };
        let hello = format!("{hello} {}", self.context.node);
        let (mut session, greeting) = Smtp::greeted(wire, steps).await?;
        if greeting.code != 220 {
            return Err(Found::fail(format!("it greets with {}", greeting.text())));
        }
        expect(&greeting.text(), &self.target.expect, "the greeting")?;
        let mut answer = said_hello(&mut session, &hello, steps).await?;
        if self.target.tls == ProbeTls::Starttls {
            session = start_tls(session, &answer, steps).await?;
            let wire = self.secure(session.wire, steps).await?;
            session = Smtp { wire };
            answer = said_hello(&mut session, &hello, steps).await?;
        }
        let mut text = format!("it greets with {}", greeting.text());
        if let Some((user, secret)) = self.secret().await? {
            steps.next("sign-in");
            sign_in(&mut session, &answer, user, &secret).await?;
            text.push_str(&format!(", {user} signs in"));
        }
        steps.next("quit");
        session.quit().await;
        Ok(text)
    }

    async fn imap(&mut self, mut wire: Wire, steps: &mut Steps) -> Result<String, Found> {
        steps.next("greeting");
        let greeting = wire.expect_line("the connection").await?;
        if !greeting.starts_with("* OK") && !greeting.starts_with("* PREAUTH") {
            return Err(Found::fail(format!("it greets with {greeting}")));
        }
        expect(&greeting, &self.target.expect, "the greeting")?;
        if self.target.tls == ProbeTls::Starttls {
            steps.next("starttls");
            wire.say("a1 STARTTLS", "STARTTLS").await?;
            imap_done(&mut wire, "a1", "STARTTLS")
                .await
                .map_err(|f| f.of(Cause::Config))?;
            wire = self.secure(wire, steps).await?;
        }
        let mut text = format!("it greets with {}", greeting.trim_start_matches("* "));
        if let Some((user, secret)) = self.secret().await? {
            steps.next("sign-in");
            wire.seen.note(format!("> a2 LOGIN {user} ***"));
            let line = format!("a2 LOGIN {} {}\r\n", quoted(user)?, quoted(&secret)?);
            wire.send(line.as_bytes(), "LOGIN").await?;
            let done = imap_done(&mut wire, "a2", "the sign-in").await;
            done.map_err(|found| found.of(Cause::Credential))?;
            text.push_str(&format!(", {user} signs in"));
        }
        steps.next("logout");
        // It has answered all that was of interest.
        let _ = wire.say("a3 LOGOUT", "LOGOUT").await;
        Ok(text)
    }

    async fn pop3(&mut self, mut wire: Wire, steps: &mut Steps) -> Result<String, Found> {
        steps.next("greeting");
        let greeting = pop3_ok(&mut wire, "the connection").await?;
        expect(&greeting, &self.target.expect, "the greeting")?;
        if self.target.tls == ProbeTls::Starttls {
            steps.next("starttls");
            wire.say("STLS", "STLS").await?;
            pop3_ok(&mut wire, "STLS")
                .await
                .map_err(|f| f.of(Cause::Config))?;
            wire = self.secure(wire, steps).await?;
        }
        let mut text = format!("it greets with {greeting}");
        if let Some((user, secret)) = self.secret().await? {
            steps.next("sign-in");
            wire.say(&format!("USER {user}"), "USER").await?;
            let signed = async {
                pop3_ok(&mut wire, "USER").await?;
                wire.seen.note("> PASS ***");
                wire.send(format!("PASS {secret}\r\n").as_bytes(), "PASS")
                    .await?;
                pop3_ok(&mut wire, "the sign-in").await
            };
            signed.await.map_err(|found| found.of(Cause::Credential))?;
            text.push_str(&format!(", {user} signs in"));
        }
        steps.next("quit");
        let _ = wire.say("QUIT", "QUIT").await;
        Ok(text)
    }
}

async fn said_hello(session: &mut Smtp, hello: &str, steps: &mut Steps) -> Result<Answer, Found> {
    steps.next("hello");
    let answer = session.command(hello).await?;
    if answer.is_positive() {
        return Ok(answer);
    }
    Err(Found::fail(format!(
        "{hello} was answered {}",
        answer.text()
    )))
}

async fn start_tls(mut session: Smtp, hello: &Answer, steps: &mut Steps) -> Result<Smtp, Found> {
    if !hello.offers("STARTTLS") {
        return Err(Found::fail("STARTTLS is not offered").of(Cause::Config));
    }
    steps.next("starttls");
    let go_on = session.command("STARTTLS").await?;
    if go_on.code != 220 {
        return Err(Found::fail(format!(
            "STARTTLS was answered {}",
            go_on.text()
        )));
    }
    Ok(session)
}

/// Signs in by the mechanism of those offered that needs no library: PLAIN (RFC 4616) or LOGIN.
async fn sign_in(
    session: &mut Smtp,
    hello: &Answer,
    user: &str,
    secret: &str,
) -> Result<(), Found> {
    let offered = hello
        .extension("AUTH")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let offers = |mechanism: &str| offered.split(' ').any(|word| word == mechanism);
    let answer = if offers("PLAIN") {
        let token = BASE64_STANDARD.encode(format!("\0{user}\0{secret}"));
        session
            .secret(&format!("AUTH PLAIN {token}"), "AUTH PLAIN ***")
            .await?
    } else if offers("LOGIN") {
        let mut answer = session.command("AUTH LOGIN").await?;
        for word in [user, secret] {
            if answer.code != 334 {
                break;
            }
            answer = session.secret(&BASE64_STANDARD.encode(word), "***").await?;
        }
        answer
    } else {
        let text = format!("neither PLAIN nor LOGIN is offered for sign-in, but {offered:?}");
        return Err(Found::fail(text).of(Cause::Config));
    };
    match answer.code {
        235 => Ok(()),
        500..600 => Err(Found::fail(format!(
            "the sign-in of {user} was answered {}",
            answer.text()
        ))
        .of(Cause::Credential)),
        _ => Err(Found::fail(format!(
            "the sign-in was answered {}",
            answer.text()
        ))),
    }
}

/// A quoted string of IMAP (RFC 9051 §4.3).
fn quoted(text: &str) -> Result<String, Found> {
    if text.chars().any(char::is_control) {
        return Err(Found::error(
            "the user or the secret has a control character",
        ));
    }
    Ok(format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"")
    ))
}

/// Lines until the tagged one, which must say OK.
async fn imap_done(wire: &mut Wire, tag: &str, what: &str) -> Result<(), Found> {
    /// Untagged lines before the tagged one.
    const LINES_MAX: usize = 64;
    for _ in 0..LINES_MAX {
        let line = wire.expect_line(what).await?;
        if let Some(rest) = line.strip_prefix(tag) {
            if rest.trim_start().to_ascii_uppercase().starts_with("OK") {
                return Ok(());
            }
            return Err(Found::fail(format!("{what} was answered {line}")));
        }
    }
    Err(Found::fail(format!(
        "{what} was answered with more than {LINES_MAX} lines"
    )))
}

async fn pop3_ok(wire: &mut Wire, what: &str) -> Result<String, Found> {
    let line = wire.expect_line(what).await?;
    if line.starts_with("+OK") {
        return Ok(line);
    }
    Err(Found::fail(format!("{what} was answered {line}")))
}

/// A smart host: as far as mail could be handed to it, and none is.
pub(super) async fn smart_host(context: &Context, host: &Upstream, steps: &mut Steps) -> Found {
    let name = server_name(&host.host.host);
    let fqdn = host.fqdn.as_ref().unwrap_or(&context.node);
    let hello = format!("{} {fqdn}", if host.lmtp { "LHLO" } else { "EHLO" });
    let mut shown = None;
    let looked = async {
        let wire = Wire::connect(context, &host.host.host, host.host.port, steps).await?;
        let (mut session, greeting) = Smtp::greeted(wire, steps).await?;
        if greeting.code != 220 {
            return Err(Found::fail(format!("it greets with {}", greeting.text())));
        }
        let answer = said_hello(&mut session, &hello, steps).await?;
        if host.tls != OutboundTls::Off && answer.offers("STARTTLS") {
            session = start_tls(session, &answer, steps).await?;
            steps.next("handshake");
            let (wire, seen) = session
                .wire
                .secure(context.tls_config()?, name.clone())
                .await?;
            session = Smtp { wire };
            shown = Some(seen);
            said_hello(&mut session, &hello, steps).await?;
        } else if host.tls == OutboundTls::Required {
            return Err(Found::fail("TLS is required and it offers no STARTTLS").of(Cause::Config));
        }
        steps.next("quit");
        session.quit().await;
        Ok(format!("it greets with {}", greeting.text()))
    };
    match looked.await {
        Ok(text) => certified(context, text, shown.as_ref()),
        Err(found) => found,
    }
}
