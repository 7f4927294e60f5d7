//! Probes of certificates: the one that each connector shows, and all that are held. Transport is asked,
//! which chooses.
//!
//! Never here: the choice, and what a peer sees; probes of connectors shake hands.

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    view::CertificateChoice,
};
use mailward_model::kind::{ReceiveConnector, SendConnector, StartTls};

use super::{Context, Found, Verdict, wire::DAY_MS};
use crate::Cause;

/// A certificate that ends within this time is told, in milliseconds.
pub(super) const SOON_MS: i64 = 7 * 86_400_000;

/// The certificate that a receive connector shows.
pub(super) async fn of_receive_connector(
    context: &Context,
    name: &str,
    spec: &ReceiveConnector,
) -> Found {
    let choice = match choice(context, name, false).await {
        Ok(choice) => choice,
        Err(found) => return found,
    };
    let Some(file) = &choice.decision.chosen else {
        let text = none(&choice);
        return match spec.tls {
            StartTls::Required | StartTls::Implicit => Found::fail(text).of(Cause::Certificate),
            // Mail flows in plain text; the event says the rest.
            StartTls::Offered | StartTls::Off => Found::new(Verdict::Slow, text),
        };
    };
    shown(context, file, choice.not_after_unix_ms)
}

/// The certificate that a send connector shows to peers that ask. Few ask; so that none fits is bad
/// only where the connector names one, or where one would be shown, were its time not over.
pub(super) async fn of_send_connector(
    context: &Context,
    name: &str,
    spec: &SendConnector,
) -> Found {
    let choice = match choice(context, name, true).await {
        Ok(choice) => choice,
        Err(found) => return found,
    };
    match &choice.decision.chosen {
        Some(file) => shown(context, file, choice.not_after_unix_ms),
        None if spec.certificate.is_some() || choice.kept_back.is_some() => {
            Found::fail(none(&choice)).of(Cause::Certificate)
        }
        None => Found::pass(format!(
            "none is held for {}, and the connector names none: peers that ask are shown none",
            choice.fqdn
        )),
    }
}

/// All certificates held, chosen or not: one that nobody uses today is the spare of tomorrow.
pub(super) async fn all(context: &Context) -> Found {
    let request = ControlRequest::CertList;
    let list = match context.ask(Role::Transport, &request).await {
        Ok(ControlReply::Certificates(list)) => list,
        Ok(_) => return Found::error("transport answered something else"),
        Err(error) => return Found::skipped(error),
    };
    let now = i64::try_from(context.clock.unix_ms()).unwrap_or(i64::MAX);
    let mut soonest: Option<(i64, &str)> = None;
    let mut troubles = Vec::new();
    for certificate in &list.certificates {
        let left_ms = certificate.not_after_unix_ms.saturating_sub(now);
        if left_ms <= 0 {
            troubles.push(format!("{} has expired", certificate.file));
        } else if left_ms < SOON_MS {
            let days = left_ms / DAY_MS;
            troubles.push(format!("{} expires in {days} days", certificate.file));
        }
        if soonest.is_none_or(|(least, _)| left_ms < least) {
            soonest = Some((left_ms, &certificate.file));
        }
    }
    let Some((left_ms, file)) = soonest else {
        return Found::slow("no certificate is held");
    };
    let days = left_ms.div_euclid(DAY_MS);
    let found = if troubles.is_empty() {
        Found::pass(format!(
            "{} certificates are held; {file} is the first to end, in {days} days",
            list.certificates.len()
        ))
    } else {
        // What a connector shows is its own probe's; this one is for whoever keeps the folder.
        Found::slow(troubles.join("; "))
    };
    found
        .measured("days_left", days)
        .measured("certificates", list.certificates.len())
}

async fn choice(context: &Context, name: &str, send: bool) -> Result<CertificateChoice, Found> {
    let connector = name.to_owned();
    let request = ControlRequest::CertExplain { connector, send };
    match context.ask(Role::Transport, &request).await {
        Ok(ControlReply::Certificate(choice)) => Ok(choice),
        Ok(_) => Err(Found::error("transport answered something else")),
        Err(error) => Err(Found::skipped(error)),
    }
}

/// Why none is shown.
fn none(choice: &CertificateChoice) -> String {
    let because = match &choice.kept_back {
        Some(one) => format!("{}: {}", one.candidate, one.reason),
        None => choice.decision.because.clone(),
    };
    format!("there is no certificate for {}: {because}", choice.fqdn)
}

/// How long the one that is shown will last.
fn shown(context: &Context, file: &str, not_after_unix_ms: Option<i64>) -> Found {
    let Some(end) = not_after_unix_ms else {
        return Found::error(format!("transport does not say when {file} ends"));
    };
    let now = i64::try_from(context.clock.unix_ms()).unwrap_or(i64::MAX);
    let left_ms = end.saturating_sub(now);
    let days = left_ms / DAY_MS;
    if left_ms <= 0 {
        Found::fail(format!("{file} has expired")).of(Cause::Certificate)
    } else if left_ms < SOON_MS {
        Found::new(Verdict::Slow, format!("{file} expires in {days} days"))
    } else {
        Found::pass(format!("{file} is valid for {days} more days"))
    }
}
