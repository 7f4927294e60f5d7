//! Accepted domains: which type a domain has, with the subdomain rule applied.
//!
//! The longest match wins: a domain listed by itself, then its nearest parent that includes
//! subdomains. Lookups cost one hash for each label at most.

use std::collections::HashMap;

use mailward_model::{
    Domain,
    kind::{AcceptedDomain, AcceptedDomainType},
};

#[derive(Debug, Clone, Copy)]
struct Entry {
    domain_type: AcceptedDomainType,
    include_subdomains: bool,
}

/// The accepted domains of the organisation.
#[derive(Debug, Default)]
pub(crate) struct Domains(HashMap<Box<str>, Entry>);

impl Domains {
    /// Adds a domain. Of two objects for one domain the first stays; `apply` refuses the second.
    pub(crate) fn add(&mut self, accepted: &AcceptedDomain) {
        self.0
            .entry(accepted.domain.as_str().into())
            .or_insert(Entry {
                domain_type: accepted.domain_type,
                include_subdomains: accepted.include_subdomains,
            });
    }

    /// The type of a domain; `None` where it is not accepted.
    pub(crate) fn find(&self, domain: &Domain) -> Option<AcceptedDomainType> {
        let mut name = domain.as_str();
        if let Some(entry) = self.0.get(name) {
            return Some(entry.domain_type);
        }
        while let Some((_, parent)) = name.split_once('.') {
            name = parent;
            if let Some(entry) = self.0.get(name)
                && entry.include_subdomains
            {
                return Some(entry.domain_type);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_wins() {
        let mut domains = Domains::default();
        for (name, domain_type, include_subdomains) in [
            ("example.org", AcceptedDomainType::Authoritative, true),
            (
                "relay.example.org",
                AcceptedDomainType::InternalRelay,
                false,
            ),
            ("example.net", AcceptedDomainType::ExternalRelay, false),
        ] {
            domains.add(&AcceptedDomain {
                domain: name.parse().unwrap(),
                domain_type,
                include_subdomains,
            });
        }
        for (name, expect) in [
            ("example.org", Some(AcceptedDomainType::Authoritative)),
            ("a.b.example.org", Some(AcceptedDomainType::Authoritative)),
            ("relay.example.org", Some(AcceptedDomainType::InternalRelay)),
            (
                "x.relay.example.org",
                Some(AcceptedDomainType::Authoritative),
            ),
            ("example.net", Some(AcceptedDomainType::ExternalRelay)),
            ("a.example.net", None),
            ("badexample.org", None),
            ("org", None),
            ("[192.0.2.1]", None),
        ] {
            assert_eq!(domains.find(&name.parse().unwrap()), expect, "{name}");
        }
    }
}
