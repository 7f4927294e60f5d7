//! Accepted domains.

use serde::{Deserialize, Serialize};

use crate::{Domain, FieldError, object::Validate};

/// What being responsible for a domain means.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedDomainType {
    /// Every recipient is known here; an unknown one is refused at RCPT.
    #[default]
    Authoritative,
    /// Some recipients are known here; mail for the others goes out through a send connector to
    /// another server of the organisation.
    InternalRelay,
    /// No recipient is known here; mail goes to a server outside.
    ExternalRelay,
}

/// A domain that mail is accepted for. The object's name is free; the domain counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedDomain {
    /// The domain.
    pub domain: Domain,
    /// Authoritative, internal relay or external relay.
    #[serde(default, rename = "type")]
    pub domain_type: AcceptedDomainType,
    /// Whether its subdomains are accepted too (Exchange: `*.example.org`).
    #[serde(default)]
    pub include_subdomains: bool,
}

impl Validate for AcceptedDomain {
    fn validate(&self) -> Vec<FieldError> {
        if self.domain.literal().is_some() {
            return vec![FieldError::new(
                "domain",
                format!("{} is an address literal", self.domain),
                "name a domain; literals of this host are accepted for postmaster without being listed",
            )];
        }
        Vec::new()
    }
}
