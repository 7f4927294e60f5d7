//! The organisation that dialogs are played in: two mailboxes at `example.org`, a relay domain
//! `relay.example.org` with recipients of any name, and nobody else.

use mailward_model::{EmailAddress, EnhancedCode, Reply};

/// Local parts of the mailboxes at `example.org`.
pub const MAILBOXES: [&str; 2] = ["anna", "berta"];
/// The authoritative domain.
pub const DOMAIN: &str = "example.org";
/// The relay domain.
pub const RELAY_DOMAIN: &str = "relay.example.org";
/// The name of the host.
pub const HOST: &str = "mx.example.org";

/// What this world answers to a RCPT; the live server must answer the same code.
pub fn rcpt(address: &EmailAddress) -> Reply {
    let local = address.local();
    match address.domain().as_str() {
        DOMAIN | HOST if local.eq_ignore_ascii_case("postmaster") => ok(),
        DOMAIN if MAILBOXES.iter().any(|m| m.eq_ignore_ascii_case(local)) => ok(),
        DOMAIN => Reply::new(550, EnhancedCode(5, 1, 1), "There is no such recipient"),
        RELAY_DOMAIN => ok(),
        _ => Reply::new(550, EnhancedCode(5, 7, 1), "Relaying is not allowed"),
    }
}

fn ok() -> Reply {
    Reply::new(250, EnhancedCode(2, 1, 5), "Recipient ok")
}
