//! BDAT (RFC 3030 §2) and its chunks.
//!
//! Whatever is wrong with a BDAT, its octets follow it at once and are read before it is refused:
//! else they would be run as commands. Where their number cannot be read, the session ends.

use mailward_model::{EnhancedCode, Reply};

use super::{Ending, Phase, Question, Session, Step, content, transaction::Transfer};
use crate::{
    bdat::{Chunk, announcement},
    reply,
};

pub(super) fn run(session: &mut Session, argument: &str) {
    let Ok(announced) = announcement(argument) else {
        let text = "BDAT needs a number of octets, and LAST with the last chunk";
        return session.end(
            Ending::Framing,
            &Reply::new(501, EnhancedCode(5, 5, 4), text),
        );
    };
    session.chunk = Some(Chunk::new(announced));
    session.phase = Phase::Chunk;
    session.refused_chunk = out_of_order(session).map(Box::new);
    let mut refusal = session.refused_chunk.as_deref().cloned();
    if refusal.is_none()
        && let Some(transaction) = session.transaction.as_deref_mut()
    {
        transaction.transfer = Transfer::Bdat;
        let limit = session.config.rules.max_octets;
        if transaction
            .content
            .octets()
            .saturating_add(announced.octets)
            > limit
        {
            // Checked before a single octet is taken.
            session.abandon |= transaction.is_kept();
            transaction.verdict.get_or_insert(content::too_large(limit));
        } else if !transaction.begun && transaction.verdict.is_none() {
            session.phase = Phase::Asked(Question::Begin);
        }
        refusal = transaction.verdict.clone();
    }
    if let Some(refusal) = refusal
        && announced.octets > content::DISCARDED_OCTETS_MAX
    {
        session.end(Ending::Framing, &refusal);
    }
}

/// Why the chunk belongs to no message.
fn out_of_order(session: &Session) -> Option<Reply> {
    if session.config.tls_required && !session.tls {
        return Some(Reply::new(530, EnhancedCode(5, 7, 0), "Say STARTTLS first"));
    }
    if !session.config.extensions.chunking {
        return Some(Reply::new(
            502,
            EnhancedCode(5, 5, 1),
            "The command is not implemented",
        ));
    }
    let text = match &session.transaction {
        None => "Say MAIL first",
        Some(t) if t.accepted == 0 => "No recipient was accepted",
        // RFC 3030 §2: once a chunk has failed, so have those behind it.
        Some(t) if t.failed => "The message has been refused; say RSET",
        Some(_) => return None,
    };
    Some(Reply::new(503, EnhancedCode(5, 5, 1), text))
}

/// Takes octets of the chunk; `None` where the session has moved on by itself.
pub(super) fn receive<'i>(session: &mut Session, input: &mut &'i [u8]) -> Option<Step<'i>> {
    let Some(chunk) = &mut session.chunk else {
        session.phase = Phase::Command;
        return None;
    };
    if chunk.left() == 0 {
        let last = chunk.is_last();
        session.chunk = None;
        session.phase = Phase::Command;
        finish(session, last);
        return None;
    }
    if input.is_empty() {
        return Some(Step::Read);
    }
    let piece = chunk.take(input);
    if session.refused_chunk.is_some() {
        return None;
    }
    let transaction = session.transaction.as_deref_mut()?;
    if transaction.verdict.is_none() {
        transaction
            .content
            .scan(piece, false, &session.config.rules);
    }
    content::pass(session, piece)
}

/// The chunk is complete.
fn finish(session: &mut Session, last: bool) {
    if let Some(refusal) = session.refused_chunk.take() {
        reply::write(&mut session.out, &refusal);
        if refusal.code == 503 && session.is_excused() {
            session.spend_command();
        } else {
            session.count_error();
        }
        return;
    }
    let Some(transaction) = session.transaction.as_deref_mut() else {
        return;
    };
    if last {
        transaction.content.finish();
        return content::end(session);
    }
    let octets = transaction.content.octets();
    if let Some(verdict) = content::verdict(session) {
        reply::write(&mut session.out, &verdict);
        if let Some(transaction) = session.transaction.as_deref_mut() {
            transaction.failed = true;
        }
        return;
    }
    session.say(
        250,
        EnhancedCode(2, 0, 0),
        &format!("{octets} octets received"),
    );
}
