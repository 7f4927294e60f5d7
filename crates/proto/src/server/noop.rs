//! NOOP (RFC 5321 §4.1.1.9). An argument is allowed and means nothing.

use mailward_model::EnhancedCode;

use super::Session;

pub(super) fn run(session: &mut Session) {
    session.say(250, EnhancedCode(2, 0, 0), "Ok");
}
