//! Dialogs: sessions of SMTP and LMTP as text, played against the machine and a live server.
//!
//! ```text
//! # A comment.
//! = max_recipients = 3            a field of the receive connector, as TOML
//! S: 220 *                        a line the server must send; * stands for anything
//! C: EHLO client.example.net      a line the client sends, CRLF added
//! S+: 250                         a whole reply of this code, however many lines
//! R: abc\r\n{x*500}\0             octets as they are, CRLF not added
//! C*3: NOOP {#}                   three lines, numbered
//! S*3: 250 2.0.0 *
//! M: <a@b> -> c@d, e@f : hi\r\n   the message that was accepted (machine only)
//! TLS                             the TLS handshake
//! EARLY: EHLO x                   sent before the greeting; must stand first
//! CLOSED                          the server ends the connection
//! ```
//!
//! Escapes in `C`, `R`, `M` and `EARLY`: `\r`, `\n`, `\0`, `\t`, `\xHH`, `\\`, and `{text*count}`.

mod live;
mod play;
mod script;

pub use live::{Live, LiveError, Tls};
pub use play::{Cut, PlayError, play};
pub use script::{Event, Script, ScriptError, matches};

/// Every dialog of this crate: its name and its text.
pub fn all() -> Vec<(&'static str, &'static str)> {
    macro_rules! dialogs {
        ($($name:literal,)*) => {
            vec![$(($name, include_str!(concat!("../../dialogs/", $name, ".txt"))),)*]
        };
    }
    dialogs! {
        "bdat",
        "bdat-order",
        "binarymime",
        "commands",
        "data",
        "dsn",
        "early-talker",
        "errors",
        "header-limits",
        "helo",
        "http",
        "idle-commands",
        "line-length",
        "lmtp",
        "mail-parameters",
        "message-size",
        "order",
        "pipelining",
        "pipelining-refused",
        "recipients",
        "recipients-100000",
        "rcpt",
        "smtputf8",
        "smuggling-1",
        "smuggling-2",
        "smuggling-3",
        "smuggling-4",
        "smuggling-5",
        "smuggling-6",
        "smuggling-7",
        "smuggling-8",
        "smuggling-9",
        "starttls",
        "starttls-injection",
        "starttls-required",
    }
}
