//! What a command for another node travels with: header fields of its request and of its answer.
//!
//! Between an administrator's program and its own node [`NODE`] and [`ON_BEHALF_OF`] say what is
//! wanted. Between nodes the machine is known by its certificate alone: nothing here names it.

/// The node that a command is for. Taken on the admin socket only: a command goes one hop.
pub const NODE: &str = "mailward-node";
/// On whose behalf a command is given.
pub const ON_BEHALF_OF: &str = "mailward-on-behalf-of";
/// A number that no other command of the same machine has, in hexadecimal.
pub const REQUEST: &str = "mailward-request";
/// When it was given, Unix milliseconds.
pub const TIME: &str = "mailward-time";
/// Where it was given, for people: process, session, address.
pub const PLACE: &str = "mailward-place";
/// `machine` where the asking node would have it go on as the machine.
pub const ON_FAILURE: &str = "mailward-on-delegation-failure";
/// Of an answer: `user` or `machine`.
pub const ACTED_AS: &str = "mailward-acted-as";
/// Of an answer: why it was carried out as the machine.
pub const ACTED_BECAUSE: &str = "mailward-acted-because";

/// Octets of a user's name.
pub const USER_OCTETS_MAX: usize = 128;
/// Octets of a place.
pub const PLACE_OCTETS_MAX: usize = 400;
/// Hexadecimal digits of a request's number.
pub const REQUEST_DIGITS: usize = 32;

/// Whether a text can be a user's name: not empty, not too long, nothing that a log or a header would
/// take for something else.
pub fn is_user_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= USER_OCTETS_MAX
        && name.trim() == name
        && name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

/// A text as the value of a header field: what is not printable ASCII becomes `?`, and no more than
/// `octets_max` of it.
pub fn header_text(text: &str, octets_max: usize) -> String {
    let plain = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    text.chars().take(octets_max).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_would_be_read_otherwise() {
        for (name, is) in [
            ("anna", true),
            ("EXAMPLE anna", true),
            ("", false),
            (" anna", false),
            ("anna\r\nmailward-acted-as: user", false),
            ("ännchen", false),
        ] {
            assert_eq!(is_user_name(name), is, "{name:?}");
        }
        assert!(!is_user_name(&"a".repeat(USER_OCTETS_MAX + 1)));
        assert_eq!(header_text("a\r\nä", 3), "a??");
    }
}
