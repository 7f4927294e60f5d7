//! HELP (RFC 5321 §4.1.1.8).

use mailward_model::EnhancedCode;

use super::Session;

pub(super) fn run(session: &mut Session) {
    let text = "Commands are those of RFC 5321; what more is offered, EHLO lists";
    session.say(214, EnhancedCode(2, 0, 0), text);
}
