//! The mail-flow probe: sends a signed message through a receive connector to this node's health
//! mailbox and waits until it is there. What it says is what a user would say: mail goes in, and
//! arrives. Its steps end with the hops of the message: queued, delivered, read.
//!
//! Never here: reading and emptying the mailbox ([`crate::inbox`]).

use std::{sync::Arc, time::Duration};

use mailward_model::kind::{ReceiveConnector, StartTls};
use mailward_proto::probe;

use super::{
    Context, Found, Steps, connector,
    letter::{self, Letter},
    smtp::{Answer, Smtp},
};
use crate::{Cause, inbox::Arrival, mailbox::HealthMailbox};

/// First and last pause between two looks into the mailbox.
const LOOK_MIN: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_millis(250);
/// The enhanced code of a refusal because enough probes wait (RFC 3463 §3.5).
const CROWDED: &str = "4.4.5";

pub(super) async fn look(
    context: &Context,
    name: &str,
    spec: &ReceiveConnector,
    steps: &mut Steps,
) -> Found {
    let mailbox = match mailbox(context).await {
        Ok(mailbox) => mailbox,
        Err(found) => return found,
    };
    let path = probe::received_path(name);
    let doors = match context.doors(name).await {
        Ok(doors) => doors,
        Err(found) => return found,
    };
    let Some(door) = doors.first().copied() else {
        return Found::skipped("there is no address to send to");
    };
    let sent = async {
        let connector::Entered {
            mut session,
            secured,
            ..
        } = connector::enter(context, spec, door, steps)
            .await
            .map_err(not_the_way)?;
        if spec.tls == StartTls::Required && !secured {
            return Err(
                Found::fail("TLS is required and STARTTLS is not offered").of(Cause::Certificate)
            );
        }
        let to = &mailbox.address;
        let letter = letter::compose(context, &path, to, to).await?;
        let sent = send(&mut session, &mailbox, &letter, steps).await;
        let accepted_ms = context.clock.unix_ms();
        session.quit().await;
        sent.map(|()| (letter.slot, accepted_ms))
    };
    let (slot, accepted_ms) = match sent.await {
        Ok(sent) => sent,
        Err(found) => {
            if found.verdict == super::Verdict::ProbeError {
                // The mailbox or the key may have been lost: whoever looks after them looks now.
                context.inbox.amiss.notify_one();
            }
            return explain(context, name, found).await;
        }
    };
    steps.next("delivered");
    let arrival = arrival(context, &path, slot).await;
    steps.hops(&hops(accepted_ms, &arrival));
    Found::pass(format!(
        "a message through {} arrived in {}",
        door.address, mailbox.name
    ))
    .measured("arrived_ms", arrival.read_ms.saturating_sub(slot))
}

/// The health mailbox, where it is as it must be.
pub(super) async fn mailbox(context: &Context) -> Result<HealthMailbox, Found> {
    if let Some(problem) = context.mailbox_status.lock().failing() {
        return Err(Found::error(problem));
    }
    let Some(mailbox) = context.mailbox.lock().clone() else {
        return Err(Found::skipped("the health mailbox is not there yet"));
    };
    let (looked_at, mail_dir) = (mailbox.clone(), context.mail_dir.clone());
    // A disk that hangs must not hang the worker.
    let problem = tokio::task::spawn_blocking(move || looked_at.problem(&mail_dir)).await;
    match problem {
        Ok(None) => Ok(mailbox),
        Ok(Some(problem)) => {
            context.inbox.amiss.notify_one();
            Err(Found::error(format!("{problem}; it is being mended")))
        }
        Err(error) => Err(Found::error(error.to_string())),
    }
}

/// How long the message took from one hop to the next. Delivery may have begun before the client
/// had read its 250.
fn hops(accepted_ms: u64, arrival: &Arrival) -> [(&'static str, u64); 3] {
    [
        ("queued", arrival.written_ms.saturating_sub(accepted_ms)),
        (
            "delivered",
            arrival.delivered_ms.saturating_sub(arrival.written_ms),
        ),
        ("read", arrival.read_ms.saturating_sub(arrival.delivered_ms)),
    ]
}

/// The steps at which a silence is about the way of mail, and not about the door to it.
pub(super) fn is_own_step(step: &str) -> bool {
    matches!(step, "mail" | "rcpt" | "data" | "accepted" | "delivered")
}

/// A door that does not open is the connector probe's to tell; a hold is told as such.
fn not_the_way(found: Found) -> Found {
    if found.cause.as_deref() == Some(Cause::Hold.as_str()) {
        return found;
    }
    Found::skipped(format!("no session could be opened: {}", found.text))
}

async fn explain(context: &Context, name: &str, found: Found) -> Found {
    if found.cause.as_deref() == Some(Cause::Hold.as_str()) {
        return match context.held(name).await {
            Some(reason) => Found::skipped(format!("no mail is taken: {reason}")),
            None => Found {
                cause: None,
                ..found
            },
        };
    }
    found
}

async fn send(
    session: &mut Smtp,
    mailbox: &HealthMailbox,
    letter: &Letter,
    steps: &mut Steps,
) -> Result<(), Found> {
    steps.next("mail");
    let answer = session.command("MAIL FROM:<>").await?;
    if !answer.is_positive() {
        return Err(answer.refusal("MAIL"));
    }
    steps.next("rcpt");
    let answer = session
        .command(&format!("RCPT TO:<{}>", mailbox.address))
        .await?;
    if !answer.is_positive() {
        return Err(not_ours(&answer, "RCPT"));
    }
    steps.next("data");
    let answer = session.command("DATA").await?;
    if answer.code != 354 {
        return Err(answer.refusal("DATA"));
    }
    session.send(letter.text.as_bytes(), "the message").await?;
    session.send(b".\r\n", "the message").await?;
    steps.next("accepted");
    let answer = session.reply("the end of data").await?;
    if !answer.is_positive() {
        return Err(not_ours(&answer, "the message"));
    }
    Ok(())
}

/// A refusal of the health mailbox or of the marker is the probe's own trouble: the mailbox was
/// made a moment ago, or the clock jumped. So is one because enough probes wait: what keeps them
/// waiting is told by those, and by the receiving end.
fn not_ours(answer: &Answer, step: &str) -> Found {
    match answer.enhanced() {
        Some("5.1.1" | "5.7.1" | CROWDED) => Found::error(format!(
            "{step} of the probe was answered {}",
            answer.text()
        )),
        _ => answer.refusal(step),
    }
}

/// The finding where the queue did not take a probe that goes out: a queue that takes no mail is
/// the queue probe's to tell.
pub(super) fn not_taken(reply: &str) -> Found {
    let text = format!("the queue did not take the probe: {reply}");
    if reply.split(' ').nth(1) == Some(CROWDED) {
        return Found::error(text);
    }
    Found::skipped(text)
}

/// Waits until this run of a path has arrived. Ends only then: the limit is the probe's.
pub(super) async fn arrival(context: &Context, path: &str, slot: u64) -> Arrival {
    let mut pause = LOOK_MIN;
    loop {
        let inbox = Arc::clone(&context.inbox);
        // A disk that hangs must not hang the worker; a look that was broken off is taken again.
        let _ = tokio::task::spawn_blocking(move || inbox.look()).await;
        if let Some(arrival) = context.inbox.arrived(path, slot) {
            return arrival;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LOOK_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_told_apart_and_never_negative() {
        let arrival = Arrival {
            slot: 90,
            written_ms: 110,
            delivered_ms: 115,
            read_ms: 130,
        };
        assert_eq!(
            hops(100, &arrival),
            [("queued", 10), ("delivered", 5), ("read", 15)]
        );
        assert_eq!(hops(120, &arrival)[0], ("queued", 0));
    }
}
