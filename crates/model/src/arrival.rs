//! What was found out about a message's sender while the message came in: kept with it, so that what
//! follows from it is decided by the same facts however often it is routed.

use serde::{Deserialize, Serialize};

/// A result of SPF, DKIM or DMARC in the words of RFC 8601 §2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AuthenticationResult {
    /// Nothing is published, or nothing was signed.
    #[default]
    None,
    /// The sender is authenticated.
    Pass,
    /// It is not.
    Fail,
    /// Probably not (SPF `~all`).
    SoftFail,
    /// The domain says nothing about it.
    Neutral,
    /// It could not be found out for now.
    TempError,
    /// What is published or signed cannot be read.
    PermError,
}

impl AuthenticationResult {
    /// The word of RFC 8601.
    pub fn word(self) -> &'static str {
        match self {
            AuthenticationResult::None => "none",
            AuthenticationResult::Pass => "pass",
            AuthenticationResult::Fail => "fail",
            AuthenticationResult::SoftFail => "softfail",
            AuthenticationResult::Neutral => "neutral",
            AuthenticationResult::TempError => "temperror",
            AuthenticationResult::PermError => "permerror",
        }
    }
}

/// Whether the sender of a message is who it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SenderAuthentication {
    /// SPF of the domain in MAIL FROM, or in EHLO for the null sender (RFC 7208).
    pub spf: AuthenticationResult,
    /// The best of the message's DKIM signatures (RFC 6376).
    pub dkim: AuthenticationResult,
    /// DMARC of the domain in From (RFC 7489).
    pub dmarc: AuthenticationResult,
    /// The domain that DMARC asked about.
    pub from: Option<String>,
}

impl SenderAuthentication {
    /// For the tracking log: `spf=pass,dkim=none,dmarc=fail`.
    pub fn words(&self) -> String {
        format!(
            "spf={},dkim={},dmarc={}",
            self.spf.word(),
            self.dkim.word(),
            self.dmarc.word()
        )
    }
}

/// A sender that had reached more recipients outside within a time than the settings allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// Recipients outside within the time, those of this message among them.
    pub recipients: u32,
    /// As many were allowed.
    pub allowed: u32,
    /// Within so many seconds.
    pub window_secs: u32,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Arrival {
    /// Whether the sender is who it claims to be, where the connector had it looked at.
    pub authentication: Option<SenderAuthentication>,
    /// The sender had sent so much that it counts as bulk.
    pub bulk: Option<Bulk>,
    /// The organisation that the message comes from, as a client said it (XOORG) that may.
    pub originating_organization: Option<String>,
    /// The other half of the organisation, known by its certificate, says that somebody within wrote
    /// it. Stored by which kind of message it is.
    #[serde(skip)]
    pub internal: bool,
}

impl Arrival {
    /// True where nothing was found out.
    pub fn is_empty(&self) -> bool {
        *self == Arrival::default()
    }
}
