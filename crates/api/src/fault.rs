//! Why a request was not carried out: what, where, and how to mend it.
//!
//! One form for every face. The HTTP API sends it as JSON with [`FaultKind::http_status`], the
//! command line prints it and ends with [`FaultKind::exit_code`], a role sends it over the control
//! channel as it is.

use std::fmt;

use mailward_model::FieldError;
use serde::{Deserialize, Serialize};

/// What sort of failure it is. The sort decides HTTP status and exit code; text never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request says something that cannot be.
    Invalid,
    /// What it names does not exist.
    NotFound,
    /// Someone else changed it meanwhile, or it contradicts what is there.
    Conflict,
    /// It is not allowed here, or not now.
    Refused,
    /// A command on somebody's behalf was not believed, or they may not have it carried out.
    DelegationRefused,
    /// It is larger than this side takes.
    TooLarge,
    /// A role that is needed for the answer does not answer.
    Unreachable,
    /// The side asked does not know the request.
    Unsupported,
    /// It was tried and went wrong.
    Failed,
}

impl FaultKind {
    /// The HTTP status it is sent with (RFC 9110 §15).
    pub fn http_status(self) -> u16 {
        match self {
            FaultKind::Invalid => 422,
            FaultKind::NotFound => 404,
            FaultKind::Conflict => 409,
            FaultKind::Refused | FaultKind::DelegationRefused => 403,
            FaultKind::TooLarge => 413,
            FaultKind::Unreachable => 503,
            FaultKind::Unsupported => 501,
            FaultKind::Failed => 500,
        }
    }

    /// The command line's exit code: 1 failed, 2 wrong usage, 3 not reachable, 4 refused.
    pub fn exit_code(self) -> u8 {
        match self {
            FaultKind::Invalid | FaultKind::TooLarge => 2,
            FaultKind::Unreachable => 3,
            FaultKind::Conflict | FaultKind::Refused | FaultKind::DelegationRefused => 4,
            FaultKind::NotFound | FaultKind::Unsupported | FaultKind::Failed => 1,
        }
    }
}

/// Why a request was not carried out.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error,
)]
pub struct Fault {
    /// The sort.
    pub kind: FaultKind,
    /// What was found and what was expected, as a sentence without a full stop.
    pub error: String,
    /// The field of the request or object that is meant; empty where it is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mend: String,
    /// Every broken rule, where one answer names several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<FieldError>,
}

impl Fault {
    /// A fault with its mend.
    pub fn new(kind: FaultKind, error: impl Into<String>, mend: impl Into<String>) -> Self {
        Fault {
            kind,
            error: error.into(),
            field: String::new(),
            mend: mend.into(),
            details: Vec::new(),
        }
    }

    /// Something named does not exist.
    pub fn not_found(error: impl Into<String>, mend: impl Into<String>) -> Self {
        Fault::new(FaultKind::NotFound, error, mend)
    }

    /// A request that cannot be.
    pub fn invalid(error: impl Into<String>, mend: impl Into<String>) -> Self {
        Fault::new(FaultKind::Invalid, error, mend)
    }

    /// It was tried and went wrong.
    pub fn failed(error: impl Into<String>) -> Self {
        Fault::new(FaultKind::Failed, error, "")
    }

    /// The side asked does not carry out requests of this name.
    pub fn unsupported(role: &str, request: &str) -> Self {
        Fault::new(
            FaultKind::Unsupported,
            format!("the role {role} does not answer {request:?}"),
            "ask the role that does; if the versions differ, restart the older one",
        )
    }

    /// Names the field that is meant.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// One fault for all broken rules of an object.
    pub fn broken_rules(what: &str, details: Vec<FieldError>) -> Self {
        let first = details.first();
        Fault {
            kind: FaultKind::Invalid,
            error: match first {
                Some(rule) if details.len() == 1 => format!("{what}: {}", rule.problem),
                _ => format!("{what}: {} rules are broken", details.len()),
            },
            field: first.map_or_else(String::new, |rule| rule.field.clone()),
            mend: first.map_or_else(String::new, |rule| rule.mend.clone()),
            details,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.error)?;
        if !self.mend.is_empty() {
            write!(f, "; {}", self.mend)?;
        }
        Ok(())
    }
}
