//! Organisational units: containers of recipients, named by their path from the top.

use std::{fmt, str::FromStr};

use crate::address::text_form;

/// Octets of a path.
const PATH_OCTETS_MAX: usize = 1_024;

/// A container of recipients: `example.org/Sales/North`. Compared without regard to case.
#[derive(Debug, Clone, Eq)]
pub struct OrganizationalUnit {
    path: Box<str>,
    folded: Box<str>,
}

/// A text that is no path of an organisational unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an organisational unit: write its path from the top, such as example.org/Sales"
)]
pub struct OrganizationalUnitError(String);

impl OrganizationalUnit {
    /// The path from the top.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// True for the unit itself and every one below it.
    pub fn contains(&self, other: &OrganizationalUnit) -> bool {
        let rest = other.folded.strip_prefix(&*self.folded);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl PartialEq for OrganizationalUnit {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl FromStr for OrganizationalUnit {
    type Err = OrganizationalUnitError;

    /// Reads a path; blanks around a name do not count.
    fn from_str(text: &str) -> Result<Self, OrganizationalUnitError> {
        let names: Vec<&str> = text.split('/').map(str::trim).collect();
        let sound = |name: &&str| !name.is_empty() && !name.chars().any(char::is_control);
        if text.len() > PATH_OCTETS_MAX || !names.iter().all(sound) {
            return Err(OrganizationalUnitError(text.to_owned()));
        }
        let path = names.join("/");
        Ok(OrganizationalUnit {
            folded: path.to_lowercase().into(),
            path: path.into(),
        })
    }
}

impl fmt::Display for OrganizationalUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

text_form!(OrganizationalUnit, "organizational-unit");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_contains_what_is_below_it() {
        let unit = |path: &str| path.parse::<OrganizationalUnit>().unwrap();
        assert!(unit("example.org/Sales").contains(&unit("Example.org / sales/North")));
        assert!(unit("example.org/Sales").contains(&unit("example.org/SALES")));
        assert!(!unit("example.org/Sales").contains(&unit("example.org/Salesforce")));
        assert!(!unit("example.org/Sales/North").contains(&unit("example.org/Sales")));
        for wrong in ["", "/", "a//b", "/a", "a/"] {
            assert!(wrong.parse::<OrganizationalUnit>().is_err(), "{wrong}");
        }
    }
}
