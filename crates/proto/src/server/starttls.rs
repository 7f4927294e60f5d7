//! STARTTLS (RFC 3207).
//!
//! What a client sends behind STARTTLS in plain text is never run under TLS: where anything waits,
//! the session ends.

use mailward_model::{EnhancedCode, Reply};

use super::{Ending, Hello, Phase, Question, Session, line::Line};

/// The driver's answer to [`Step::StartTls`](super::Step::StartTls).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTlsAnswer {
    /// A handshake can be made.
    Ready,
    /// It cannot, for the moment: the session goes on without.
    Unavailable,
    /// Octets wait on the connection that came before the handshake.
    OctetsWaiting,
}

pub(super) fn run(session: &mut Session, argument: &str, last_of_input: bool) {
    if !argument.is_empty() {
        return session.error(501, EnhancedCode(5, 5, 4), "STARTTLS takes no argument");
    }
    if session.tls {
        return session.error(
            503,
            EnhancedCode(5, 5, 1),
            "The session is already under TLS",
        );
    }
    if !session.starttls {
        return session.error(502, EnhancedCode(5, 5, 1), "STARTTLS is not offered");
    }
    if last_of_input {
        session.drop_transaction();
        session.phase = Phase::Asked(Question::StartTls);
    } else {
        refuse_waiting(session);
    }
}

fn refuse_waiting(session: &mut Session) {
    let text = "Octets follow STARTTLS in plain text";
    session.end(
        Ending::InjectedCommands,
        &Reply::new(554, EnhancedCode(5, 5, 1), text),
    );
}

pub(super) fn answer(session: &mut Session, answer: StartTlsAnswer) {
    if session.phase != Phase::Asked(Question::StartTls) {
        return;
    }
    match answer {
        StartTlsAnswer::Ready => {
            session.say(220, EnhancedCode(2, 0, 0), "Ready to start TLS");
            session.phase = Phase::Handshake;
        }
        StartTlsAnswer::Unavailable => {
            // RFC 3207 §4: 454, and the client may go on without TLS where that is allowed.
            session.say(
                454,
                EnhancedCode(4, 7, 0),
                "TLS is not available at the moment",
            );
            session.phase = Phase::Command;
        }
        StartTlsAnswer::OctetsWaiting => refuse_waiting(session),
    }
}

pub(super) fn established(session: &mut Session) {
    // RFC 3207 §4.2: the server must discard what it learned before the handshake.
    session.drop_transaction();
    session.hello = Hello::None;
    session.helo = Box::default();
    session.line = Line::default();
    session.tls = true;
    session.xoorg = false;
    if session.phase == Phase::Handshake {
        session.phase = Phase::Command;
    }
}
