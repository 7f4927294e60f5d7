//! RCPT (RFC 5321 §4.1.1.3) with NOTIFY and ORCPT.

use mailward_model::{EmailAddress, EnhancedCode, EnvelopeRecipient, Reply};

use super::{
    Hello, Phase, Question, Session,
    mail::{needs_smtputf8, parameter_reply, path_reply},
    transaction::Transfer,
};
use crate::{
    command::{
        parameter::{self, Parameter, ParameterError},
        path::{self, Path, PathError},
    },
    reply,
};

pub(super) fn run(session: &mut Session, argument: &str) {
    match parse(session, argument) {
        Ok(recipient) => {
            if let Some(transaction) = &mut session.transaction {
                transaction.candidate = Some(recipient);
                session.phase = Phase::Asked(Question::Rcpt);
            }
        }
        Err(reply) => {
            reply::write(&mut session.out, &reply);
            let excused = session.is_excused();
            if let Some(transaction) = &mut session.transaction {
                transaction.recipient_refused = true;
            }
            // Too many recipients is no error of protocol: the client sends the rest with the
            // next message.
            if reply.code == 503 && excused {
                session.spend_command();
            } else if reply.is_permanent() {
                session.count_error();
            } else {
                session.spend_command();
            }
        }
    }
}

pub(super) fn answer(session: &mut Session, reply: &Reply) {
    let Some(transaction) = &mut session.transaction else {
        return;
    };
    let candidate = transaction.candidate.take();
    if !reply.is_positive() {
        transaction.recipient_refused = true;
        session.refuse(reply);
        // A client that tries address after address is sent away in the end.
        session.spend_command();
        return;
    }
    transaction.envelope.recipients.extend(candidate);
    transaction.accepted += 1;
    reply::write(&mut session.out, reply);
    session.phase = Phase::Command;
}

fn parse(session: &Session, argument: &str) -> Result<EnvelopeRecipient, Reply> {
    let out_of_order = |text| Reply::new(503, EnhancedCode(5, 5, 1), text);
    let transaction = session
        .transaction
        .as_ref()
        .ok_or_else(|| out_of_order("Say MAIL first"))?;
    if transaction.transfer != Transfer::None {
        return Err(out_of_order("The message has already begun to come"));
    }
    let argument = path::argument(argument, "TO:").map_err(|error| path_reply(&error, 3))?;
    let address = match argument.path {
        Path::Mailbox(address) => address,
        Path::Postmaster => {
            EmailAddress::new("postmaster", session.config.postmaster_domain.clone())
                .map_err(|error| path_reply(&PathError::Address(error), 3))?
        }
        Path::Null => {
            let text = "A recipient must not be empty";
            return Err(Reply::new(501, EnhancedCode(5, 1, 3), text));
        }
    };
    if argument.is_utf8 && !transaction.envelope.smtputf8 {
        return Err(needs_smtputf8());
    }
    let mut recipient = EnvelopeRecipient::new(address);
    for parameter in parameter::read(argument.parameters) {
        let again = match parameter.map_err(parameter_reply)? {
            _ if !session.config.extensions.dsn || session.hello != Hello::Extended => {
                return Err(parameter_reply(ParameterError::Unknown));
            }
            Parameter::Notify(notify) => {
                let before = std::mem::replace(&mut recipient.notify, notify);
                before.given.then_some("NOTIFY")
            }
            Parameter::Orcpt(orcpt) => recipient.orcpt.replace(orcpt).map(|_| "ORCPT"),
            _ => return Err(parameter_reply(ParameterError::Unknown)),
        };
        if let Some(name) = again {
            return Err(parameter_reply(ParameterError::Twice(name)));
        }
    }
    if transaction.accepted >= session.config.max_recipients as usize {
        // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest again.
        return Err(Reply::new(
            452,
            EnhancedCode(4, 5, 3),
            "Too many recipients",
        ));
    }
    Ok(recipient)
}
