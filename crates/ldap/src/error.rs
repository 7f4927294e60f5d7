//! What can go wrong with a directory server, told so that a person can mend it.

use std::{fmt, io};

use ldap3_proto::proto::{LdapResult, LdapResultCode};

/// Characters kept of what a server says.
const SAID_MAX: usize = 300;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Opening the connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// STARTTLS.
    StartTls,
    /// Signing in.
    SignIn,
    /// Reading.
    Search,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Connect => "connecting",
            Step::Handshake => "the TLS handshake",
            Step::StartTls => "STARTTLS",
            Step::SignIn => "signing in",
            Step::Search => "a search",
        })
    }
}

/// Why a server cannot be used, or has not told everything.
#[derive(Debug, thiserror::Error)]
pub enum LdapError {
    /// The connection failed.
    #[error("{step} failed")]
    Io {
        /// At what.
        step: Step,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing came for too long.
    #[error("{step} took longer than {secs} s")]
    Late {
        /// At what.
        step: Step,
        /// The limit.
        secs: u64,
    },
    /// The server closed the connection.
    #[error("the server closed the connection{because}")]
    Closed {
        /// What it said, with a colon before it.
        because: String,
    },
    /// This side ended it: the server's certificate has become untrusted.
    #[error("the connection was cut: {0}")]
    Distrusted(String),
    /// The server does not let the account in.
    #[error("{0}")]
    SignIn(String),
    /// The server refused an operation.
    #[error("{step} was refused: {result}")]
    Refused {
        /// Which.
        step: Step,
        /// The result code.
        code: i64,
        /// Code and text, for people.
        result: String,
    },
    /// The server sent what is no LDAP, or what was not asked for.
    #[error("the server sent {0}")]
    Protocol(String),
    /// More than this program takes.
    #[error("{what} is more than the limit of {max}")]
    TooMuch {
        /// What.
        what: String,
        /// The limit.
        max: u64,
    },
}

impl LdapError {
    /// True where the account is at fault, not the server.
    pub fn is_sign_in(&self) -> bool {
        matches!(self, LdapError::SignIn(_))
    }

    /// True where this side cut the connection over the server's certificate.
    pub fn is_distrusted(&self) -> bool {
        matches!(self, LdapError::Distrusted(_))
    }

    /// True where the server answered, but has not told everything that was asked for.
    pub fn is_incomplete(&self) -> bool {
        matches!(
            self,
            LdapError::Refused {
                step: Step::Search,
                ..
            } | LdapError::TooMuch { .. }
        )
    }

    /// True where the server does not know a control that was asked for (RFC 4511 §4.1.11).
    pub fn is_unknown_control(&self) -> bool {
        matches!(self, LdapError::Refused { code: 12, .. })
    }

    /// True where the server wants a refresh from the beginning (RFC 4533 §2.6).
    pub fn wants_refresh(&self) -> bool {
        matches!(self, LdapError::Refused { code: 4096, .. })
    }
}

/// What a server says, for people: one line, not too long.
fn said(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().take(SAID_MAX).map(clean).collect();
    text.trim().to_owned()
}

/// Why a server does not let an account in. Active Directory hides it in the text: `data 52e`.
pub(crate) fn sign_in(result: &LdapResult) -> LdapError {
    let text = said(&result.message);
    let hint = data_code(&text).and_then(|code| match code {
        "525" => Some("there is no such account"),
        "52e" => Some("the password is wrong"),
        "530" => Some("the account may not sign in at this time of day"),
        "531" => Some("the account may not sign in from this host"),
        "532" => Some("the password has expired"),
        "533" => Some("the account is disabled"),
        "701" => Some("the account has expired"),
        "773" => Some("the password must be changed first"),
        "775" => Some("the account is locked"),
        _ => None,
    });
    LdapError::SignIn(match (hint, &result.code) {
        (Some(hint), _) => format!("{hint} ({text})"),
        (None, LdapResultCode::InvalidCredentials) if text.is_empty() => {
            "there is no such account, or the password is wrong".to_owned()
        }
        (None, code) => format!("{} {text}", word(code)).trim().to_owned(),
    })
}

/// `52e` of `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839`.
fn data_code(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once("data ")?;
    behind.split([',', ' ']).next()
}

/// A result that is no success.
pub(crate) fn refused(step: Step, result: &LdapResult) -> LdapError {
    let text = said(&result.message);
    let mut shown = word(&result.code);
    if !text.is_empty() {
        shown.push_str(": ");
        shown.push_str(&text);
    }
    // To which one it refers, the codec does not keep; nobody is followed anyway.
    if result.code == LdapResultCode::Referral {
        shown.push_str("; it does not hold the base itself: name a server that does");
    }
    LdapError::Refused {
        step,
        code: result.code.clone() as i64,
        result: shown,
    }
}

/// Refuses what is no success.
pub(crate) fn success(step: Step, result: &LdapResult) -> Result<(), LdapError> {
    match result.code {
        LdapResultCode::Success => Ok(()),
        _ => Err(refused(step, result)),
    }
}

/// `sizeLimitExceeded (4)`, as RFC 4511 §4.1.9 spells it.
fn word(code: &LdapResultCode) -> String {
    let name = format!("{code:?}");
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    let name: String = first.into_iter().chain(chars).collect();
    format!("{name} ({})", code.clone() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(code: LdapResultCode, message: &str) -> LdapResult {
        LdapResult {
            code,
            matcheddn: String::new(),
            message: message.to_owned(),
            referral: Vec::new(),
        }
    }

    #[test]
    fn a_refused_account_is_told_with_the_reason_the_server_hides() {
        let text = |message: &str| {
            sign_in(&result(LdapResultCode::InvalidCredentials, message)).to_string()
        };
        let windows = |data: &str| {
            text(&format!(
                "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data {data}, v3839\0"
            ))
        };
        assert!(windows("52e").starts_with("the password is wrong (80090308"));
        assert!(windows("533").starts_with("the account is disabled"));
        assert!(windows("775").starts_with("the account is locked"));
        assert!(windows("999").starts_with("invalidCredentials (49) 80090308"));
        assert!(text("").contains("no such account, or the password is wrong"));
    }

    #[test]
    fn results_are_told_by_name_and_number() {
        let limit = refused(Step::Search, &result(LdapResultCode::SizeLimitExceeded, ""));
        assert_eq!(
            limit.to_string(),
            "a search was refused: sizeLimitExceeded (4)"
        );
        assert!(limit.is_incomplete());
        let elsewhere = refused(Step::Search, &result(LdapResultCode::Referral, "")).to_string();
        assert!(elsewhere.contains("name a server that does"), "{elsewhere}");
        let control = result(LdapResultCode::UnavailableCriticalExtension, "");
        assert!(refused(Step::Search, &control).is_unknown_control());
    }
}
