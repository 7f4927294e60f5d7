//! DATA (RFC 5321 §4.1.1.4) and the octets behind it.

use mailward_model::{BodyType, EnhancedCode};

use super::{Phase, Question, Session, Step, content, transaction::Transfer};
use crate::data::Decoded;

pub(super) fn run(session: &mut Session, argument: &str) {
    if !argument.is_empty() {
        return session.error(501, EnhancedCode(5, 5, 4), "DATA takes no argument");
    }
    let out_of_order = match &session.transaction {
        None => "Say MAIL first",
        Some(t) if t.transfer != Transfer::None => "The message has begun to come by BDAT",
        // RFC 3030 §3: BINARYMIME cannot come by DATA.
        Some(t) if t.envelope.body == BodyType::BinaryMime => "BODY=BINARYMIME needs BDAT",
        // RFC 2033 §4.2: 503 where no RCPT was accepted; RFC 5321 §3.3 allows the same.
        Some(t) if t.accepted == 0 => "No recipient was accepted",
        Some(_) => {
            session.phase = Phase::Asked(Question::Begin);
            return;
        }
    };
    session.out_of_order(out_of_order);
}

/// Takes octets of the message; `None` where the session has moved on by itself.
pub(super) fn receive<'i>(session: &mut Session, input: &mut &'i [u8]) -> Option<Step<'i>> {
    let transaction = session.transaction.as_deref_mut()?;
    let rules = &session.config.rules;
    match transaction
        .decoder
        .decode(input, &mut transaction.content, rules)
    {
        Decoded::More => Some(Step::Read),
        Decoded::Content(piece) => content::pass(session, piece),
        Decoded::End => {
            content::end(session);
            None
        }
    }
}
