//! Address spaces: for which recipient domains a send connector is used (Exchange: AddressSpaces).

use std::{fmt, str::FromStr};

use crate::{Domain, address::text_form};

/// An address space of a send connector: `*`, `*.example.org` or `example.org`, with a cost.
///
/// `*.example.org` also covers `example.org` itself, at all depths; that is unlike a wildcard in a
/// certificate. Written `example.org` or `example.org;5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AddressSpace {
    /// `None` for `*`.
    pub domain: Option<Domain>,
    /// True for `*.`.
    pub subdomains: bool,
    /// 1 to 100; the lower one wins among equally specific spaces.
    pub cost: u8,
}

/// A text that is not an address space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an address space: write *, *.example.org or example.org, and a cost from 1 to 100 behind a semicolon where needed"
)]
pub struct AddressSpaceError(String);

impl AddressSpace {
    /// How well the space fits a domain: `None` where it does not; higher is more specific.
    pub fn fit(&self, domain: &Domain) -> Option<usize> {
        match (&self.domain, self.subdomains) {
            (None, _) => Some(0),
            (Some(space), false) => (space == domain).then_some(usize::MAX),
            (Some(space), true) => domain.is_within(space).then_some(space.as_str().len()),
        }
    }
}

impl FromStr for AddressSpace {
    type Err = AddressSpaceError;

    fn from_str(text: &str) -> Result<Self, AddressSpaceError> {
        let fail = || AddressSpaceError(text.to_owned());
        let bare = text.trim();
        let bare = bare
            .strip_prefix("SMTP:")
            .or_else(|| bare.strip_prefix("smtp:"))
            .unwrap_or(bare);
        let (space, cost) = match bare.split_once(';') {
            Some((space, cost)) => (
                space,
                cost.trim()
                    .parse()
                    .ok()
                    .filter(|c| (1..=100).contains(c))
                    .ok_or_else(fail)?,
            ),
            None => (bare, 1),
        };
        let domain = |text: &str| text.parse::<Domain>().map_err(|_| fail());
        match space.trim() {
            "*" => Ok(AddressSpace {
                domain: None,
                subdomains: true,
                cost,
            }),
            space => match space.strip_prefix("*.") {
                Some(parent) => Ok(AddressSpace {
                    domain: Some(domain(parent)?),
                    subdomains: true,
                    cost,
                }),
                None => Ok(AddressSpace {
                    domain: Some(domain(space)?),
                    subdomains: false,
                    cost,
                }),
            },
        }
    }
}

impl fmt::Display for AddressSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            None => f.write_str("*")?,
            Some(domain) if self.subdomains => write!(f, "*.{domain}")?,
            Some(domain) => write!(f, "{domain}")?,
        }
        if self.cost != 1 {
            write!(f, ";{}", self.cost)?;
        }
        Ok(())
    }
}

text_form!(AddressSpace, "address-space");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_spaces() {
        let fit = |space: &str, domain: &str| {
            space
                .parse::<AddressSpace>()
                .unwrap()
                .fit(&domain.parse().unwrap())
        };
        assert_eq!(fit("*", "example.org"), Some(0));
        assert_eq!(fit("example.org", "example.org"), Some(usize::MAX));
        assert_eq!(fit("example.org", "a.example.org"), None);
        assert!(fit("*.example.org", "example.org") > fit("*.org", "example.org"));
        assert_eq!(
            "SMTP:*;5".parse::<AddressSpace>().unwrap().to_string(),
            "*;5"
        );
        for bad in ["*x", "", "a;0", "a;101", "a;b"] {
            assert!(bad.parse::<AddressSpace>().is_err(), "{bad}");
        }
    }
}
