//! RSET (RFC 5321 §4.1.1.5).

use mailward_model::EnhancedCode;

use super::Session;

pub(super) fn run(session: &mut Session, argument: &str) {
    if !argument.is_empty() {
        return session.error(501, EnhancedCode(5, 5, 4), "RSET takes no argument");
    }
    session.drop_transaction();
    session.say(250, EnhancedCode(2, 0, 0), "Forgotten");
}
