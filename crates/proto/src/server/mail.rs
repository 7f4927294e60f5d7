//! MAIL (RFC 5321 §4.1.1.2) with SIZE, BODY, SMTPUTF8, RET, ENVID and XOORG.

use mailward_model::{BodyType, EmailAddress, EnhancedCode, Reply, ReversePath};

use super::{Hello, Phase, Question, Session, content, sentence, transaction::Transaction};
use crate::{
    command::{
        parameter::{self, Parameter, ParameterError},
        path::{self, Path, PathError},
    },
    data::Content,
    reply,
};

pub(super) fn run(session: &mut Session, argument: &str) {
    match parse(session, argument) {
        Ok(transaction) => {
            session.mail_refused = false;
            session.transaction = Some(Box::new(transaction));
            session.phase = Phase::Asked(Question::Mail);
        }
        Err(reply) => {
            reply::write(&mut session.out, &reply);
            // A message that is too large is no error of protocol.
            if reply.code != 552 {
                session.count_error();
            }
            session.mail_refused = session.transaction.is_none();
        }
    }
}

pub(super) fn answer(session: &mut Session, reply: &Reply) {
    if reply.is_positive() {
        reply::write(&mut session.out, reply);
        session.phase = Phase::Command;
    } else {
        session.transaction = None;
        session.mail_refused = true;
        session.refuse(reply);
    }
}

fn parse(session: &Session, argument: &str) -> Result<Transaction, Reply> {
    if session.hello == Hello::None {
        let text = if session.config.lmtp {
            "Say LHLO first"
        } else {
            "Say EHLO first"
        };
        return Err(Reply::new(503, EnhancedCode(5, 5, 1), text));
    }
    if session.transaction.is_some() {
        return Err(Reply::new(
            503,
            EnhancedCode(5, 5, 1),
            "A message is already begun",
        ));
    }
    let argument = path::argument(argument, "FROM:").map_err(|error| path_reply(&error, 7))?;
    let mut transaction = Transaction::default();
    read_parameters(session, argument.parameters, &mut transaction)?;
    let envelope = &mut transaction.envelope;
    envelope.mail_from = match argument.path {
        Path::Null => ReversePath::Null,
        Path::Mailbox(address) => ReversePath::Mailbox(address),
        Path::Postmaster => {
            EmailAddress::new("postmaster", session.config.postmaster_domain.clone())
                .map(ReversePath::Mailbox)
                .map_err(|error| path_reply(&PathError::Address(error), 7))?
        }
    };
    if argument.is_utf8 && !envelope.smtputf8 {
        return Err(needs_smtputf8());
    }
    if envelope.body == BodyType::BinaryMime {
        transaction.content = Content::binary();
    }
    Ok(transaction)
}

fn read_parameters(session: &Session, text: &str, into: &mut Transaction) -> Result<(), Reply> {
    let offered = session.config.extensions;
    let extended = session.hello == Hello::Extended;
    let mut body_given = false;
    for parameter in parameter::read(text) {
        let parameter = parameter.map_err(parameter_reply)?;
        let envelope = &mut into.envelope;
        let (known, again) = match parameter {
            Parameter::Size(size) => (true, into.declared_size.replace(size).map(|_| "SIZE")),
            Parameter::Body(body) => {
                envelope.body = body;
                let known = match body {
                    BodyType::SevenBit | BodyType::EightBitMime => offered.eight_bit_mime,
                    BodyType::BinaryMime => offered.binary_mime,
                };
                (
                    known,
                    std::mem::replace(&mut body_given, true).then_some("BODY"),
                )
            }
            Parameter::SmtpUtf8 => {
                let again = std::mem::replace(&mut envelope.smtputf8, true);
                (offered.smtputf8, again.then_some("SMTPUTF8"))
            }
            Parameter::Ret(ret) => (offered.dsn, envelope.ret.replace(ret).map(|_| "RET")),
            Parameter::Envid(id) => (offered.dsn, envelope.envid.replace(id).map(|_| "ENVID")),
            Parameter::Xoorg(domain) => {
                let again = into.organization.replace(domain);
                (session.takes_xoorg(), again.map(|_| "XOORG"))
            }
            Parameter::Notify(_) | Parameter::Orcpt(_) => (false, None),
        };
        if !known || !extended {
            return Err(parameter_reply(ParameterError::Unknown));
        }
        if let Some(name) = again {
            return Err(parameter_reply(ParameterError::Twice(name)));
        }
    }
    let limit = session.config.rules.max_octets;
    if into.declared_size.is_some_and(|size| size > limit) {
        // RFC 1870 §6.1: 552, the fixed limit is exceeded.
        return Err(content::too_large(limit));
    }
    Ok(())
}

/// The reply to a path that is wrong: 501 for its grammar, 553 for the address in it.
/// `detail` is that of RFC 3463 §3.2: 7 for a sender, 3 for a recipient.
pub(super) fn path_reply(error: &PathError, detail: u16) -> Reply {
    match error {
        PathError::Address(_) => Reply::new(553, EnhancedCode(5, 1, detail), sentence(error)),
        _ => Reply::new(501, EnhancedCode(5, 5, 4), sentence(error)),
    }
}

/// The reply to a parameter that is wrong: 555 where it is not known (RFC 5321 §4.1.1.11), else 501.
pub(super) fn parameter_reply(error: ParameterError) -> Reply {
    let code = if error == ParameterError::Unknown {
        555
    } else {
        501
    };
    Reply::new(code, EnhancedCode(5, 5, 4), sentence(&error))
}

/// RFC 6531 §3.5.
pub(super) fn needs_smtputf8() -> Reply {
    let text = "The address has characters beyond ASCII, and SMTPUTF8 was not asked for";
    Reply::new(553, EnhancedCode(5, 6, 7), text)
}
