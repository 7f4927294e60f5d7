//! The mail-flow probe: sends a signed message through a receive connector to this node's health
//! mailbox, waits for it in the Maildir, and removes it. What it says is what a user would say:
//! mail goes in, and arrives.

use std::{
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use mailward_model::kind::{ReceiveConnector, StartTls};
use mailward_proto::probe::{FIELD, Marker};

use super::{
    Context, Found, Steps, connector,
    smtp::{Answer, Smtp},
};
use crate::{Cause, mailbox::HealthMailbox};

/// How long a marker is worth anything, in seconds.
const LIFETIME_S: u64 = 900;
/// Left-over messages are removed after this time.
const LEFT_OVER: Duration = Duration::from_secs(3600);
/// Octets of a file that are looked at: the header section is at its beginning.
const HEAD_OCTETS: u64 = 8 * 1024;
/// First and last pause between two looks into the mailbox.
const LOOK_MIN: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_millis(250);

pub(super) async fn look(
    context: &Context,
    name: &str,
    spec: &ReceiveConnector,
    steps: &mut Steps,
) -> Found {
    let Some(mailbox) = context.mailbox.lock().clone() else {
        // Where it cannot be made, whoever looks after it raises the event.
        return Found::skipped("the health mailbox is not there yet");
    };
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
        let letter = compose(context, name, &mailbox)?;
        let sent = send(&mut session, &mailbox, &letter, steps).await;
        session.quit().await;
        sent.map(|()| letter)
    };
    let letter = match sent.await {
        Ok(letter) => letter,
        Err(found) => return explain(context, found).await,
    };
    steps.next("delivered");
    let new = context.mail_dir.join(&mailbox.name).join("new");
    wait_for(new, letter.message_id).await;
    Found::pass(format!(
        "a message through {} arrived in {}",
        door.address, mailbox.name
    ))
}

/// The steps at which a silence is about the way of mail, and not about the door to it.
pub(super) fn is_own_step(step: &str) -> bool {
    matches!(step, "mail" | "rcpt" | "data" | "accepted" | "delivered")
}

/// A door that does not open is the connector probe's to tell; a closed gate is told as such.
fn not_the_way(found: Found) -> Found {
    if found.cause.as_deref() == Some(Cause::Hold.as_str()) {
        return found;
    }
    Found::skipped(format!("no session could be opened: {}", found.text))
}

async fn explain(context: &Context, found: Found) -> Found {
    if found.cause.as_deref() == Some(Cause::Hold.as_str()) {
        return match context.gate_closed().await {
            Some(reason) => Found::skipped(format!("no mail is taken: {reason}")),
            None => Found {
                cause: None,
                ..found
            },
        };
    }
    found
}

struct Letter {
    message_id: String,
    octets: Vec<u8>,
}

fn compose(context: &Context, path: &str, mailbox: &HealthMailbox) -> Result<Letter, Found> {
    let unix_ms = context.clock.unix_ms();
    let nonce: [u8; 8] = mailward_host::entropy::random()
        .map_err(|error| Found::error(format!("no random octets: {error}")))?;
    let message_id = format!(
        "<probe.{unix_ms}.{:016x}@{}>",
        u64::from_be_bytes(nonce),
        context.node
    );
    let marker = Marker {
        path: path.to_owned(),
        node: context.node.to_string(),
        slot: unix_ms,
        expires_unix: unix_ms / 1000 + LIFETIME_S,
    };
    let date = i64::try_from(unix_ms / 1000)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
        .ok_or_else(|| Found::error("the clock shows no date"))?;
    let address = &mailbox.address;
    let text = format!(
        "{FIELD}: {}\r\n\
         Date: {date}\r\n\
         From: <{address}>\r\n\
         To: <{address}>\r\n\
         Subject: Mailward health probe\r\n\
         Message-ID: {message_id}\r\n\
         Auto-Submitted: auto-generated\r\n\
         \r\n\
         This message was sent by the health manager of {} to see whether mail flows.\r\n\
         It is removed as soon as it has arrived.\r\n\
         .\r\n",
        marker.sign(&context.probe_key),
        context.node
    );
    Ok(Letter {
        message_id,
        octets: text.into_bytes(),
    })
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
    session.send(&letter.octets, "the message").await?;
    steps.next("accepted");
    let answer = session.reply("the end of data").await?;
    if !answer.is_positive() {
        return Err(not_ours(&answer, "the message"));
    }
    Ok(())
}

/// A refusal of the health mailbox or of the marker is the probe's own trouble: the mailbox was
/// made a moment ago, or the clock jumped.
fn not_ours(answer: &Answer, step: &str) -> Found {
    match answer.enhanced() {
        Some("5.1.1" | "5.7.1") => Found::error(format!(
            "{step} of the probe was answered {}",
            answer.text()
        )),
        _ => answer.refusal(step),
    }
}

/// Waits until the message has arrived, and removes it. Ends only then: the limit is the probe's.
async fn wait_for(new: PathBuf, message_id: String) {
    let mut pause = LOOK_MIN;
    loop {
        let (new, wanted) = (new.clone(), message_id.clone());
        // A disk that hangs must not hang the worker.
        let found = tokio::task::spawn_blocking(move || take(&new, &wanted)).await;
        if found.unwrap_or(false) {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LOOK_MAX);
    }
}

/// Removes the message with this id, and what earlier probes left; true where it was there.
fn take(new: &Path, message_id: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(new) else {
        // Nothing was ever delivered: the folder is made with the first message.
        return false;
    };
    let mut found = false;
    for entry in entries.flatten() {
        let path = entry.path();
        let mine = head(&path).is_some_and(|head| head.contains(message_id));
        let modified = entry.metadata().ok().and_then(|meta| meta.modified().ok());
        let left_over = modified
            .and_then(|time| SystemTime::now().duration_since(time).ok())
            .is_some_and(|age| age > LEFT_OVER);
        if mine || left_over {
            // One that cannot be removed is removed as a left-over later.
            let _ = std::fs::remove_file(&path);
        }
        found |= mine;
    }
    found
}

fn head(path: &Path) -> Option<String> {
    let mut octets = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(HEAD_OCTETS)
        .read_to_end(&mut octets)
        .ok()?;
    Some(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_taken_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "Message-ID: <probe.1@x>\r\n\r\n").unwrap();
        std::fs::write(dir.path().join("b"), "Message-ID: <probe.2@x>\r\n\r\n").unwrap();
        assert!(!take(dir.path(), "<probe.3@x>"));
        assert!(take(dir.path(), "<probe.2@x>"));
        assert!(!take(dir.path(), "<probe.2@x>"));
        assert!(dir.path().join("a").exists() && !dir.path().join("b").exists());
        assert!(!take(&dir.path().join("none"), "<probe.2@x>"));
    }
}
