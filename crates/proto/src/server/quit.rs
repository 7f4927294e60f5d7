//! QUIT (RFC 5321 §4.1.1.10). A transaction that is open is given up.

use mailward_model::{EnhancedCode, Reply};

use super::{Ending, Session};

pub(super) fn run(session: &mut Session) {
    session.end(
        Ending::Quit,
        &Reply::new(221, EnhancedCode(2, 0, 0), "Goodbye"),
    );
}
