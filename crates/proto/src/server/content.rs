//! The message itself, whether it comes by DATA or by BDAT: its beginning, its pieces, the defects
//! found in it, and the replies at its end.

use mailward_model::{BodyType, EnhancedCode, Reply};

use super::{Ending, Phase, Question, Session, Step, transaction::Transfer};
use crate::{
    data::{Defect, Rules},
    reply,
};

/// Octets of a refused message that are read so that the client gets its reply; then the session
/// ends. A client that honours SIZE never gets there.
pub(super) const DISCARDED_OCTETS_MAX: u64 = 64 << 20;

/// The driver's answer to [`Step::Begin`].
pub(super) fn begin(session: &mut Session, answer: &Reply) {
    let Some(transaction) = &mut session.transaction else {
        return;
    };
    let by_chunks = session.chunk.is_some();
    if answer.is_positive() {
        transaction.begun = true;
        session.phase = if by_chunks {
            Phase::Chunk
        } else {
            transaction.transfer = Transfer::Data;
            let text = "End the message with a dot on a line of its own";
            reply::write_parts(&mut session.out, 354, None, text);
            Phase::Data
        };
    } else if by_chunks && answer.code != 421 {
        // The chunk is on its way, whatever is answered: it is read and then refused.
        transaction.verdict = Some(answer.clone());
        session.phase = Phase::Chunk;
    } else {
        session.transaction = None;
        session.mail_refused = true;
        session.refuse(answer);
    }
}

/// A piece of the message has been scanned: hands it on, or throws it away.
pub(super) fn pass<'i>(session: &mut Session, piece: &'i [u8]) -> Option<Step<'i>> {
    let transaction = session.transaction.as_deref_mut()?;
    if transaction.is_kept() {
        if transaction.content.is_sound() {
            return (!piece.is_empty()).then_some(Step::Content(piece));
        }
        transaction.begun = false;
        session.abandon = true;
    }
    transaction.discarded += piece.len() as u64;
    if transaction.discarded > DISCARDED_OCTETS_MAX
        && let Some(verdict) = verdict(session)
    {
        session.end(Ending::Framing, &verdict);
    }
    None
}

/// The last octet has come.
pub(super) fn end(session: &mut Session) {
    // A defect in the framing itself, behind the last piece, has not been looked at yet.
    let _ = pass(session, &[]);
    let verdict = verdict(session);
    let Some(transaction) = &mut session.transaction else {
        return;
    };
    match verdict {
        None => {
            // RFC 6152 §2 wants 8BITMIME declared; those that do not declare it send it all the
            // same, and the next hop must know.
            let envelope = &mut transaction.envelope;
            if transaction.content.is_eight_bit() && envelope.body == BodyType::SevenBit {
                envelope.body = BodyType::EightBitMime;
            }
            session.phase = Phase::Asked(Question::End);
        }
        Some(verdict) => {
            let stray = matches!(
                transaction.content.defect(),
                Some(Defect::BareCr | Defect::BareLf)
            );
            let doubt = stray && transaction.transfer == Transfer::Data;
            finish(session, std::iter::repeat(&verdict));
            if doubt {
                // What the client sends next may be what it believes to be behind an end that we
                // did not see. None of it is run. (BDAT is measured: there is no doubt.)
                session.phase = Phase::Closed;
                session.ending = Some(Ending::Framing);
            }
        }
    }
}

/// Why the message will be refused, where it will.
pub(super) fn verdict(session: &Session) -> Option<Reply> {
    let transaction = session.transaction.as_deref()?;
    match transaction.content.defect() {
        Some(defect) => Some(reply_to(defect, &session.config.rules)),
        None => transaction.verdict.clone(),
    }
}

/// Replies to the end of the message: once, or under LMTP for each recipient accepted.
pub(super) fn finish<'r>(session: &mut Session, replies: impl Iterator<Item = &'r Reply>) {
    let Some(transaction) = session.transaction.take() else {
        return;
    };
    let count = if session.config.lmtp {
        transaction.accepted.max(1)
    } else {
        1
    };
    let mut closing = false;
    let mut accepted = false;
    for reply in replies.take(count) {
        reply::write(&mut session.out, reply);
        closing |= reply.code == 421;
        accepted |= reply.is_positive();
    }
    if accepted {
        session.idle_commands = 0;
    }
    session.phase = if closing {
        Phase::Closed
    } else {
        Phase::Command
    };
}

fn reply_to(defect: Defect, rules: &Rules) -> Reply {
    match defect {
        Defect::BareLf => stray("a bare line feed"),
        Defect::BareCr => stray("a bare carriage return"),
        Defect::Nul => stray("a NUL"),
        Defect::TooLarge => too_large(rules.max_octets),
        Defect::HeaderTooLarge => Reply::new(
            552,
            EnhancedCode(5, 3, 4),
            format!(
                "The header is larger than the limit, {} octets",
                rules.max_header_octets
            ),
        ),
        Defect::TooManyHops => Reply::new(
            554,
            EnhancedCode(5, 4, 6),
            "The message has passed too many servers; it may be in a loop",
        ),
        Defect::TooManyLocalHops => Reply::new(
            554,
            EnhancedCode(5, 4, 6),
            "The message has passed this server too often; it is in a loop",
        ),
    }
}

/// RFC 1870 §6.3.
pub(super) fn too_large(limit: u64) -> Reply {
    let text = format!("The message is larger than the limit, {limit} octets");
    Reply::new(552, EnhancedCode(5, 3, 4), text)
}

fn stray(what: &str) -> Reply {
    let text = format!("The message has {what}; lines must end in CRLF and hold text only");
    // RFC 3463 §3.7 has no detail for it; 5.6.11 is what Exchange's senders know it by.
    Reply::new(550, EnhancedCode(5, 6, 11), text)
}
