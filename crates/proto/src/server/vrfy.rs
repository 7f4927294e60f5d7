//! VRFY (RFC 5321 §4.1.1.6): answered 252 for every address, so that none can be told from another
//! (RFC 5321 §7.3).

use mailward_model::EnhancedCode;

use super::Session;

pub(super) fn run(session: &mut Session, argument: &str) {
    if argument.is_empty() {
        return session.error(501, EnhancedCode(5, 5, 4), "VRFY needs an address");
    }
    let text = "Addresses are not verified; RCPT says whether mail is taken";
    session.say(252, EnhancedCode(2, 0, 0), text);
}
