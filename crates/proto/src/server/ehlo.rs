//! EHLO (RFC 5321 §4.1.1.1), and what LHLO shares with it: the list of extensions.

use mailward_model::EnhancedCode;

use super::{Hello, Session, helo};
use crate::reply;

pub(super) fn run(session: &mut Session, argument: &str) {
    if session.config.lmtp {
        // RFC 2033 §4.1: a client must never say EHLO to LMTP, nor LHLO to SMTP.
        return session.error(500, EnhancedCode(5, 5, 1), "This is LMTP: say LHLO");
    }
    extended(session, argument);
}

/// EHLO or LHLO.
pub(super) fn extended(session: &mut Session, argument: &str) {
    if !helo::introduce(session, argument, Hello::Extended) {
        return;
    }
    let config = &session.config;
    let offered = config.extensions;
    let size = format!("SIZE {}", config.rules.max_octets);
    let lines = [
        (offered.pipelining, "PIPELINING"),
        (true, size.as_str()),
        (offered.eight_bit_mime, "8BITMIME"),
        (offered.smtputf8, "SMTPUTF8"),
        (offered.chunking, "CHUNKING"),
        (offered.binary_mime, "BINARYMIME"),
        (offered.dsn, "DSN"),
        (session.takes_xoorg(), "XOORG"),
        // RFC 3207 §4.2: STARTTLS is not offered under TLS.
        (session.starttls && !session.tls, "STARTTLS"),
    ];
    let out = &mut session.out;
    reply::write_line(out, 250, b'-', None, config.hostname.as_str());
    for (_, line) in lines.iter().filter(|(offered, _)| *offered) {
        reply::write_line(out, 250, b'-', None, line);
    }
    reply::write_line(out, 250, b' ', None, "ENHANCEDSTATUSCODES");
}
