//! HELO (RFC 5321 §4.1.1.1), and how a client's name is taken.

use mailward_model::EnhancedCode;

use super::{Hello, Session};
use crate::reply;

/// Octets a client's name may have.
const NAME_OCTETS_MAX: usize = 255;

pub(super) fn run(session: &mut Session, argument: &str) {
    if session.config.lmtp {
        return session.error(500, EnhancedCode(5, 5, 1), "This is LMTP: say LHLO");
    }
    if introduce(session, argument, Hello::Helo) {
        reply::write_line(
            &mut session.out,
            250,
            b' ',
            None,
            session.config.hostname.as_str(),
        );
    }
}

/// Takes the client's name and starts over (RFC 5321 §4.1.4: EHLO and HELO do what RSET does).
/// False where the name was refused.
pub(super) fn introduce(session: &mut Session, argument: &str, hello: Hello) -> bool {
    // RFC 5321 §4.1.4: a name that does not verify is no reason to refuse mail, so names of any
    // shape are taken. It gets into Received fields, so what has a meaning there is not.
    let is_name = !argument.is_empty()
        && argument.len() <= NAME_OCTETS_MAX
        && argument
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"()<>,;\"\\".contains(&b));
    if !is_name {
        session.error(
            501,
            EnhancedCode(5, 5, 4),
            "Give your host name or address literal",
        );
        return false;
    }
    session.drop_transaction();
    session.hello = hello;
    session.helo = argument.into();
    true
}
