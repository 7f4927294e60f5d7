//! By what a receive connector knows the sender it is for: the names in its certificate and what
//! each may do, the tenants it sends for, and how much each of the three factors counts.
//!
//! Words only: what a client showed is judged elsewhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Domain, address::text_form};

/// How much a factor counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// It is not looked at.
    #[default]
    Off,
    /// It is looked at, and what comes of it stands in the tracking log; nothing is refused.
    Observed,
    /// Mail without it is refused.
    Required,
}

/// A family of header fields that Exchange servers write for each other and nobody else may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HeaderFamily {
    /// `X-MS-Exchange-Organization-*`.
    Organization,
    /// `X-MS-Exchange-Forest-*`.
    Forest,
    /// `X-MS-Exchange-CrossPremises-*`.
    CrossPremises,
}

impl HeaderFamily {
    /// Every family.
    pub const ALL: [HeaderFamily; 3] = [
        HeaderFamily::Organization,
        HeaderFamily::Forest,
        HeaderFamily::CrossPremises,
    ];

    /// What the names of its fields begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            HeaderFamily::Organization => "X-MS-Exchange-Organization-",
            HeaderFamily::Forest => "X-MS-Exchange-Forest-",
            HeaderFamily::CrossPremises => "X-MS-Exchange-CrossPremises-",
        }
    }
}

/// What a client may do whose certificate carries a name. Exchange's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsCapability {
    /// Its cross-premises header fields are kept, and it may say XOORG.
    AcceptCloudServicesMail,
    /// It may say XOORG.
    AcceptOorgProtocol,
}

impl TlsCapability {
    /// Exchange's word.
    pub fn word(self) -> &'static str {
        match self {
            TlsCapability::AcceptCloudServicesMail => "AcceptCloudServicesMail",
            TlsCapability::AcceptOorgProtocol => "AcceptOorgProtocol",
        }
    }
}

/// A name that a client's certificate may carry, and what the client may do then. Written as
/// Exchange writes TlsDomainCapabilities: `mail.protection.outlook.com:AcceptCloudServicesMail`. A
/// leading `*.` stands for the domain and everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsDomainCapabilities {
    /// The name.
    pub domain: Domain,
    /// Names below it count too.
    pub subdomains: bool,
    /// What the client may do; none where the name counts for the certificate factor alone.
    pub capabilities: Vec<TlsCapability>,
}

impl TlsDomainCapabilities {
    /// True where the client may do this.
    pub fn grants(&self, capability: TlsCapability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// The name without the capabilities.
    pub fn name(&self) -> String {
        let star = if self.subdomains { "*." } else { "" };
        format!("{star}{}", self.domain)
    }
}

/// A text that is no entry of `tls_domain_capabilities`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsDomainCapabilitiesError {
    /// Its name is none that a certificate carries.
    #[error(
        "{0:?} is no name of a certificate: write a host name, such as mail.protection.outlook.com, or *. and a domain"
    )]
    Name(String),
    /// A word that is no capability.
    #[error(
        "{0:?} is no capability: write AcceptCloudServicesMail or AcceptOorgProtocol, with commas between"
    )]
    Capability(String),
}

impl FromStr for TlsDomainCapabilities {
    type Err = TlsDomainCapabilitiesError;

    fn from_str(text: &str) -> Result<Self, TlsDomainCapabilitiesError> {
        let (name, words) = match text.trim().split_once(':') {
            Some((name, words)) => (name.trim(), words),
            None => (text.trim(), ""),
        };
        let bare = name.strip_prefix("*.");
        let domain = bare.unwrap_or(name).parse::<Domain>().ok();
        let domain = domain
            .filter(|domain| domain.literal().is_none() && !domain.as_str().contains('*'))
            .ok_or_else(|| TlsDomainCapabilitiesError::Name(name.to_owned()))?;
        let mut capabilities = Vec::new();
        for word in words.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let capability = [
                TlsCapability::AcceptCloudServicesMail,
                TlsCapability::AcceptOorgProtocol,
            ]
            .into_iter()
            .find(|one| one.word().eq_ignore_ascii_case(word))
            .ok_or_else(|| TlsDomainCapabilitiesError::Capability(word.to_owned()))?;
            if !capabilities.contains(&capability) {
                capabilities.push(capability);
            }
        }
        Ok(TlsDomainCapabilities {
            domain,
            subdomains: bare.is_some(),
            capabilities,
        })
    }
}

impl fmt::Display for TlsDomainCapabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        for (at, capability) in self.capabilities.iter().enumerate() {
            let apart = if at == 0 { ':' } else { ',' };
            write!(f, "{apart}{}", capability.word())?;
        }
        Ok(())
    }
}

/// An organisation that others send for: its tenant id, or a domain that it sends as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// The id, a GUID in lower case: compared with X-MS-Exchange-CrossTenant-Id.
    Id(String),
    /// A domain: compared with X-OriginatorOrg, and with XOORG of MAIL.
    Domain(Domain),
}

/// A text that names no tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no tenant: write its id, such as 72f988bf-86f1-41af-91ab-2d7cd011db47, or a domain that it sends as"
)]
pub struct TenantError(String);

/// True for the 8-4-4-4-12 hexadecimal digits of a GUID.
fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl FromStr for Tenant {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, TenantError> {
        let text = text.trim();
        let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        let bare = bare.unwrap_or(text);
        if is_guid(bare) {
            return Ok(Tenant::Id(bare.to_ascii_lowercase()));
        }
        let domain = text.parse::<Domain>().ok();
        domain
            .filter(|domain| domain.literal().is_none() && domain.as_str().contains('.'))
            .map(Tenant::Domain)
            .ok_or_else(|| TenantError(text.to_owned()))
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tenant::Id(id) => f.write_str(id),
            Tenant::Domain(domain) => domain.fmt(f),
        }
    }
}

text_form!(TlsDomainCapabilities, "tls-domain-capabilities");
text_form!(Tenant, "tenant");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_read_back_as_they_are_written() {
        for (text, expect) in [
            (
                "mail.protection.outlook.com:AcceptCloudServicesMail",
                "mail.protection.outlook.com:AcceptCloudServicesMail",
            ),
            (
                " *.Example.org : acceptoorgprotocol, AcceptCloudServicesMail,AcceptOorgProtocol ",
                "*.example.org:AcceptOorgProtocol,AcceptCloudServicesMail",
            ),
            ("hub.example.org", "hub.example.org"),
        ] {
            let entry: TlsDomainCapabilities = text.parse().unwrap();
            assert_eq!(entry.to_string(), expect);
            assert_eq!(entry.to_string().parse(), Ok(entry));
        }
        for bad in [
            "",
            ":AcceptOorgProtocol",
            "[192.0.2.1]",
            "m*.example.org",
            "a.example:Everything",
        ] {
            assert!(bad.parse::<TlsDomainCapabilities>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tenants() {
        let id: Tenant = "{72F988BF-86F1-41AF-91AB-2D7CD011DB47}".parse().unwrap();
        assert_eq!(id.to_string(), "72f988bf-86f1-41af-91ab-2d7cd011db47");
        let domain: Tenant = "Contoso.example".parse().unwrap();
        assert_eq!(domain, Tenant::Domain("contoso.example".parse().unwrap()));
        for bad in ["", "contoso", "[192.0.2.1]", "72f988bf-86f1-41af-91ab"] {
            assert!(bad.parse::<Tenant>().is_err(), "{bad}");
        }
    }
}
