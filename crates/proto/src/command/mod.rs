//! SMTP and LMTP commands as text: the verb, and the parts its argument is made of.
//!
//! A command line is split here into a [`Verb`] and its argument; [`path`](mod@path) reads the paths of MAIL
//! and RCPT, [`parameter`] what stands behind them, [`xtext`] the encoding some of that uses. What a
//! command does in a session is not here but in [`crate::server`], one file per verb.
//!
//! RFC 5321 §4.1, RFC 2033 §4.

pub mod parameter;
pub mod path;
pub mod xtext;

/// Octets a command line may have, CRLF included.
///
/// RFC 5321 §4.5.3.1.4 says 512; each extension adds to it (SIZE 26, BODY 17, SMTPUTF8 10, RET and
/// ENVID 109, NOTIFY and ORCPT 528), and a quoted local part of 315 octets may take twice that. The
/// sum is below 2,048; the limit is twice as large, because a line is held only while it is
/// incomplete.
pub const LINE_OCTETS_MAX: usize = 4096;

/// Defines [`Verb`] and its spelling from one table.
macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident $word:literal,)*) => {
        /// The verbs that a server knows, those it does not implement among them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Verb { $($(#[$doc])* $variant,)* }

        impl Verb {
            /// The verb of a word, whatever its case.
            pub fn of(word: &str) -> Option<Verb> {
                match word { $(word if word.eq_ignore_ascii_case($word) => Some(Verb::$variant),)* _ => None }
            }

            /// The word, in capitals.
            pub fn as_str(self) -> &'static str {
                match self { $(Verb::$variant => $word,)* }
            }
        }
    };
}

verbs! {
    /// RFC 5321 §4.1.1.3.
    Rcpt "RCPT",
    /// RFC 5321 §4.1.1.2.
    Mail "MAIL",
    /// RFC 5321 §4.1.1.4.
    Data "DATA",
    /// RFC 3030 §2.
    Bdat "BDAT",
    /// RFC 5321 §4.1.1.1.
    Ehlo "EHLO",
    /// RFC 5321 §4.1.1.1.
    Helo "HELO",
    /// RFC 2033 §4.1.
    Lhlo "LHLO",
    /// RFC 5321 §4.1.1.5.
    Rset "RSET",
    /// RFC 5321 §4.1.1.9.
    Noop "NOOP",
    /// RFC 5321 §4.1.1.10.
    Quit "QUIT",
    /// RFC 3207.
    StartTls "STARTTLS",
    /// RFC 5321 §4.1.1.6.
    Vrfy "VRFY",
    /// RFC 5321 §4.1.1.8.
    Help "HELP",
    /// RFC 5321 §4.1.1.7; not implemented, it would list a group's members to anybody.
    Expn "EXPN",
    /// RFC 4954; not implemented.
    Auth "AUTH",
    /// RFC 1985; not implemented.
    Etrn "ETRN",
    /// RFC 5321 §F.1; not implemented, it hands mail to whoever asks.
    Turn "TURN",
}

/// Why a line is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It has control characters, or is not UTF-8.
    #[error("the line has a control character or is not UTF-8")]
    NotText,
    /// Its first word is no verb of SMTP.
    #[error("the first word is no command known here")]
    UnknownVerb,
    /// Its first word is a method of HTTP: a browser was led here, and no line of its request may
    /// be taken for a command.
    #[error("this is HTTP")]
    Http,
}

/// Splits a line, without its CRLF, into its verb and its argument. The argument has no blanks at
/// either end.
///
/// # Errors
/// [`LineError`]; the line is then of no use.
pub fn split(line: &[u8]) -> Result<(Verb, &str), LineError> {
    // RFC 5321 §4.1.2 allows no control character anywhere in a command. Tolerated is a tab among
    // the blanks at the end, which some clients leave there.
    let text = std::str::from_utf8(line)
        .map_err(|_| LineError::NotText)?
        .trim_end_matches([' ', '\t']);
    if text.bytes().any(|b| b.is_ascii_control()) {
        return Err(LineError::NotText);
    }
    let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
    match Verb::of(word) {
        Some(verb) => Ok((verb, argument.trim_start_matches(' '))),
        None if is_http(word) => Err(LineError::Http),
        None => Err(LineError::UnknownVerb),
    }
}

fn is_http(word: &str) -> bool {
    const METHODS: [&str; 6] = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"];
    METHODS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &[u8], expect: Result<(Verb, &str), LineError>) {
        assert_eq!(split(line), expect, "{:?}", String::from_utf8_lossy(line));
    }

    #[test]
    fn lines() {
        check(b"NOOP", Ok((Verb::Noop, "")));
        check(b"noop  ", Ok((Verb::Noop, "")));
        check(b"Mail FROM:<> ", Ok((Verb::Mail, "FROM:<>")));
        check(b"StartTLS\t", Ok((Verb::StartTls, "")));
        check("RCPT TO:<grå@x>".as_bytes(), Ok((Verb::Rcpt, "TO:<grå@x>")));
        check(b"", Err(LineError::UnknownVerb));
        check(b" NOOP", Err(LineError::UnknownVerb));
        check(b"NOOPX", Err(LineError::UnknownVerb));
        check(b"GET / HTTP/1.1", Err(LineError::Http));
        check(b"NO\0OP", Err(LineError::NotText));
        check(b"NOOP\rQUIT", Err(LineError::NotText));
        check(b"NOOP \xff", Err(LineError::NotText));
    }
}
