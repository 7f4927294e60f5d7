//! The connector probe: connects to each address a receive connector listens on, waits for the
//! greeting, says EHLO, does STARTTLS where it is offered, and quits. It sends no mail.

use mailward_model::kind::{ReceiveConnector, StartTls};

use super::{
    Context, Door, Found, Steps,
    smtp::{Answer, Smtp},
    wire::Shown,
};
use crate::Cause;

pub(super) async fn look(
    context: &Context,
    name: &str,
    spec: &ReceiveConnector,
    steps: &mut Steps,
) -> Found {
    let doors = match context.doors(name).await {
        Ok(doors) => doors,
        Err(found) => return found,
    };
    let mut said = Vec::new();
    let mut days_left: Option<i64> = None;
    for door in doors {
        match enter(context, spec, door, steps).await {
            Ok(Entered {
                session,
                hello,
                shown,
                ..
            }) => {
                steps.next("quit");
                session.quit().await;
                let mut text = format!(
                    "{} answers {}",
                    door.address,
                    hello.lines.first().map_or("", |line| line.as_str())
                );
                if let Some(shown) = shown {
                    let now = context.clock.unix_ms();
                    text.push_str(&format!(", {}", shown.summary(now)));
                    let left = shown.days_left(now);
                    days_left = [days_left, left].into_iter().flatten().min();
                }
                said.push(text);
            }
            Err(found) => return explain(context, name, door, found).await,
        }
    }
    let found = Found::pass(said.join("; "));
    match days_left {
        Some(days) => found.measured("days_left", days),
        None => found,
    }
}

/// A refusal because of a hold says that the connector works as it should.
async fn explain(context: &Context, name: &str, door: Door, found: Found) -> Found {
    if found.cause.as_deref() == Some(Cause::Hold.as_str())
        && let Some(reason) = context.held(name).await
    {
        return Found::pass(format!("{} answers 421: {reason}", door.address));
    }
    Found {
        text: format!("{}: {}", door.address, found.text),
        // A restart in this moment answers the same; it is no hold.
        cause: found.cause.filter(|cause| cause != Cause::Hold.as_str()),
        ..found
    }
}

/// A session that could send mail.
pub(super) struct Entered {
    pub(super) session: Smtp,
    /// The last reply to EHLO.
    pub(super) hello: Answer,
    /// Whether it goes on under TLS.
    pub(super) secured: bool,
    /// What a peer got to see in the handshake.
    pub(super) shown: Option<Shown>,
}

/// Opens a session as far as mail could be sent: greeting, EHLO, TLS where it is offered.
pub(super) async fn enter(
    context: &Context,
    spec: &ReceiveConnector,
    door: Door,
    steps: &mut Steps,
) -> Result<Entered, Found> {
    let fqdn = context.fqdn(spec);
    let implicit = match spec.tls {
        StartTls::Implicit => Some((context.tls_config()?, fqdn)),
        _ => None,
    };
    let (mut session, greeting, mut shown) =
        Smtp::open(door, spec.proxy_protocol, implicit, steps).await?;
    if greeting.code != 220 {
        return Err(refused(&greeting, "the connection"));
    }
    let hello = if spec.lmtp { "LHLO" } else { "EHLO" };
    let hello = format!("{hello} {}", context.node);
    steps.next("hello");
    let mut answer = session.command(&hello).await?;
    if !answer.is_positive() {
        return Err(answer.refusal(&hello));
    }
    let secured = answer.offers("STARTTLS");
    if secured {
        steps.next("starttls");
        let go_on = session.command("STARTTLS").await?;
        if go_on.code != 220 {
            return Err(go_on.refusal("STARTTLS"));
        }
        steps.next("handshake");
        let (secure, seen) = session.secure(context.tls_config()?, fqdn).await?;
        (session, shown) = (secure, Some(seen));
        steps.next("hello");
        answer = session.command(&hello).await?;
        if !answer.is_positive() {
            return Err(answer.refusal(&hello));
        }
    }
    let secured = secured || spec.tls == StartTls::Implicit;
    Ok(Entered {
        session,
        hello: answer,
        secured,
        shown,
    })
}

/// A connection that is refused by a limit says that the connector answers, and nothing about how
/// it would treat mail: no restart makes clients go away.
fn refused(greeting: &Answer, step: &str) -> Found {
    match greeting.enhanced() {
        Some(code) if code.starts_with("4.7.") => Found::skipped(format!(
            "{step} was refused by a limit: {}",
            greeting.text()
        )),
        _ => greeting.refusal(step),
    }
}
