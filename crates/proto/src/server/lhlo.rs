//! LHLO: EHLO of LMTP (RFC 2033 §4.1).

use mailward_model::EnhancedCode;

use super::{Session, ehlo};

pub(super) fn run(session: &mut Session, argument: &str) {
    if session.config.lmtp {
        ehlo::extended(session, argument);
    } else {
        session.error(500, EnhancedCode(5, 5, 1), "This is SMTP: say EHLO");
    }
}
