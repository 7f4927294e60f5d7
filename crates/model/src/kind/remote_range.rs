//! Whom a receive connector is for, as an administrator writes it: ranges, feeds, and what is taken
//! out of both.

use std::{fmt, str::FromStr};

use crate::{IpRange, address::text_form, network::IpRangeError, object::NAME_OCTETS_MAX};

/// One entry of a receive connector's `remote_ranges`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RemoteRange {
    /// These addresses: `192.0.2.0/24`.
    Range(IpRange),
    /// The ranges in force of a sender feed: `feed:NAME`.
    Feed(String),
    /// Not these addresses, whatever the others say: `except:192.0.2.7`.
    Except(IpRange),
}

/// A text that is no entry of `remote_ranges`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteRangeError {
    /// It is no range.
    #[error("{0}; feed:NAME stands for a sender feed, except:RANGE takes out")]
    Range(#[from] IpRangeError),
    /// `feed:` without a name of use.
    #[error("{0:?} names no sender feed: write feed: and its name")]
    Feed(String),
}

impl RemoteRange {
    /// The range, where the entry is one that lets in.
    pub fn range(&self) -> Option<&IpRange> {
        match self {
            RemoteRange::Range(range) => Some(range),
            RemoteRange::Feed(_) | RemoteRange::Except(_) => None,
        }
    }

    /// The name of the feed, where the entry is one.
    pub fn feed(&self) -> Option<&str> {
        match self {
            RemoteRange::Feed(name) => Some(name),
            RemoteRange::Range(_) | RemoteRange::Except(_) => None,
        }
    }
}

impl From<IpRange> for RemoteRange {
    fn from(range: IpRange) -> Self {
        RemoteRange::Range(range)
    }
}

impl FromStr for RemoteRange {
    type Err = RemoteRangeError;

    fn from_str(text: &str) -> Result<Self, RemoteRangeError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("feed:") {
            let name = name.trim();
            if name.is_empty() || name.len() > NAME_OCTETS_MAX {
                return Err(RemoteRangeError::Feed(text.to_owned()));
            }
            return Ok(RemoteRange::Feed(name.to_owned()));
        }
        match text.strip_prefix("except:") {
            Some(range) => Ok(RemoteRange::Except(range.parse()?)),
            None => Ok(RemoteRange::Range(text.parse()?)),
        }
    }
}

impl fmt::Display for RemoteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteRange::Range(range) => range.fmt(f),
            RemoteRange::Feed(name) => write!(f, "feed:{name}"),
            RemoteRange::Except(range) => write!(f, "except:{range}"),
        }
    }
}

text_form!(RemoteRange, "remote-range");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_as_it_is_written() {
        for text in [
            "192.0.2.0/24",
            "feed:Microsoft 365",
            "except:40.92.1.0/24",
            "except:2001:db8::1",
            "10.0.0.1-10.0.0.9",
        ] {
            let entry: RemoteRange = text.parse().unwrap();
            assert_eq!(entry.to_string(), text);
        }
        let error = |text: &str| text.parse::<RemoteRange>().unwrap_err().to_string();
        assert!(error("feed: ").contains("names no sender feed"));
        assert!(error("except:x").contains("\"x\" is not an IPv4"));
        assert!(error("m365").contains("feed:NAME stands for"));
    }
}
