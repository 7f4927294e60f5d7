//! Plays a dialog against the machine.

use mailward_model::Domain;

use super::script::{Event, Script, matches};
use crate::{machine::Machine, world};

/// How the client's octets are cut before the machine gets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As each line of the script sends them.
    AsSent,
    /// In pieces of so many octets.
    Into(usize),
    /// As many lines together as stand together in the script.
    Together,
}

/// The server said something else.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PlayError {
    line: usize,
    problem: String,
}

/// Plays a dialog against the machine.
///
/// # Errors
/// [`PlayError`] names the line of the script, and what came instead.
pub fn play(script: &Script, cut: Cut) -> Result<(), PlayError> {
    let host: Domain = world::HOST.parse().map_err(|error| PlayError {
        line: 0,
        problem: format!("{error}"),
    })?;
    let mut machine = Machine::new(&script.connector, &host);
    let mut taken = 0;
    let early = matches!(script.events.first(), Some((_, Event::Early(_))));
    if !early {
        machine.greet();
    }
    let mut waiting: Vec<u8> = Vec::new();
    for (line, event) in &script.events {
        let fail = |problem: String| PlayError {
            line: *line,
            problem,
        };
        if let Event::Send(octets) = event {
            match cut {
                Cut::AsSent => machine.feed(octets),
                Cut::Into(size) => octets
                    .chunks(size.max(1))
                    .for_each(|piece| machine.feed(piece)),
                Cut::Together => waiting.extend_from_slice(octets),
            }
            continue;
        }
        if !waiting.is_empty() {
            machine.feed(&std::mem::take(&mut waiting));
        }
        match event {
            Event::Send(_) => {}
            Event::Early(_) => machine.early(),
            Event::Line(pattern) => {
                let got = take_line(&mut machine.output)
                    .ok_or_else(|| fail("nothing came".to_owned()))?;
                if !matches(pattern.as_bytes(), got.as_bytes()) {
                    return Err(fail(format!("expected {pattern:?}, got {got:?}")));
                }
            }
            Event::Reply(code) => loop {
                let got = take_line(&mut machine.output)
                    .ok_or_else(|| fail("nothing came".to_owned()))?;
                if !got.starts_with(code.as_str()) {
                    return Err(fail(format!("expected {code}, got {got:?}")));
                }
                if got.as_bytes().get(3) == Some(&b' ') {
                    break;
                }
            },
            Event::Message { from, to, content } => {
                let message = machine
                    .taken
                    .get(taken)
                    .ok_or_else(|| fail("no message was accepted".to_owned()))?;
                taken += 1;
                let got_from = match message.envelope.mail_from.address() {
                    Some(address) => format!("<{address}>"),
                    None => "<>".to_owned(),
                };
                let recipients: Vec<String> = message
                    .envelope
                    .recipients
                    .iter()
                    .map(|r| r.address.to_string())
                    .collect();
                let got_to = recipients.join(", ");
                if !matches(from.as_bytes(), got_from.as_bytes())
                    || !matches(to.as_bytes(), got_to.as_bytes())
                    || !matches(content, &message.content)
                {
                    let content = String::from_utf8_lossy(&message.content);
                    return Err(fail(format!(
                        "accepted was {got_from} -> {got_to} : {content:?}"
                    )));
                }
            }
            Event::Tls if machine.handshake => machine.tls(),
            Event::Tls => return Err(fail("no handshake is awaited".to_owned())),
            Event::Closed if machine.closed => {}
            Event::Closed => return Err(fail("the session goes on".to_owned())),
        }
    }
    if !machine.output.is_empty() || machine.taken.len() != taken && has_messages(script) {
        let left = String::from_utf8_lossy(&machine.output).into_owned();
        let problem = format!(
            "left over: {left:?}, {} messages",
            machine.taken.len() - taken
        );
        return Err(PlayError {
            line: script.events.len(),
            problem,
        });
    }
    Ok(())
}

fn has_messages(script: &Script) -> bool {
    script
        .events
        .iter()
        .any(|(_, event)| matches!(event, Event::Message { .. }))
}

fn take_line(output: &mut Vec<u8>) -> Option<String> {
    let end = output.windows(2).position(|pair| pair == b"\r\n")?;
    let line = String::from_utf8_lossy(output.get(..end)?).into_owned();
    output.drain(..end + 2);
    Some(line)
}
