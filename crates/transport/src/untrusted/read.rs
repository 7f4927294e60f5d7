//! What a feed's source says now: a list and its signature, fetched or read from files.

use std::{sync::Arc, time::Duration};

use mailward_model::kind::{FeedPlace, SignedList};
use mailward_tls::{
    ClientTls,
    fetch::{Limits, fetch, fetch_signed},
    untrusted::feed::{
        List,
        list::{self, LIST_OCTETS_MAX},
        minisign::SIGNATURE_OCTETS_MAX,
    },
};

use crate::{
    deliver::dns::Dns,
    perimeter::read::{Hosts, ReadError, file},
};

/// How long one document may take.
const FETCH_MAX: Duration = Duration::from_secs(30);
/// The same for one of many megabytes.
const FETCH_LARGE_MAX: Duration = Duration::from_secs(300);
/// What is added to a list's name for that of its signature.
const SUFFIX: &str = ".minisig";

/// What sources are read with.
pub(super) struct Reader<'a> {
    pub(super) tls: &'a ClientTls,
    pub(super) dns: &'a Arc<dyn Dns>,
}

impl Reader<'_> {
    /// Reads the list that the source has now; its signature is checked.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is half read.
    pub(super) async fn list(&self, signed: &SignedList) -> Result<List, ReadError> {
        let document = self.place(&signed.place, LIST_OCTETS_MAX).await?;
        let place = beside(&signed.place);
        let signature = self.place(&place, SIGNATURE_OCTETS_MAX).await;
        let signature = signature.map_err(|error| ReadError {
            problem: format!("the list's signature: {}", error.problem),
            ..error
        })?;
        let keys = signed.keys.clone();
        // A list of some megabytes takes a while.
        let read = tokio::task::spawn_blocking(move || list::read(&document, &signature, &keys));
        read.await
            .map_err(ReadError::plain)?
            .map_err(ReadError::plain)
    }

    /// Reads what is at a place of a CRL. It is signed, and checked by whoever asked.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is half read.
    pub(super) async fn crl(&self, place: &str, octets: usize) -> Result<Vec<u8>, ReadError> {
        if place.starts_with('/') {
            return self.place(&FeedPlace::File(place.to_owned()), octets).await;
        }
        let limits = Limits {
            octets,
            time: FETCH_MAX,
        };
        Ok(fetch_signed(self.tls, &Hosts(&**self.dns), place, limits).await?)
    }

    /// Reads what is at a place.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is half read.
    pub(super) async fn place(
        &self,
        place: &FeedPlace,
        octets: usize,
    ) -> Result<Vec<u8>, ReadError> {
        self.within(place, octets, FETCH_MAX).await
    }

    /// The same of a document that may be large.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub(super) async fn large(
        &self,
        place: &FeedPlace,
        octets: usize,
    ) -> Result<Vec<u8>, ReadError> {
        self.within(place, octets, FETCH_LARGE_MAX).await
    }

    async fn within(
        &self,
        place: &FeedPlace,
        octets: usize,
        time: Duration,
    ) -> Result<Vec<u8>, ReadError> {
        match place {
            FeedPlace::Url(url) => {
                let limits = Limits { octets, time };
                Ok(fetch(self.tls, &Hosts(&**self.dns), url, limits).await?)
            }
            FeedPlace::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || file(&path, octets)).await;
                let found = read.map_err(ReadError::plain)?.map_err(ReadError::plain)?;
                match found.len() > octets {
                    true => Err(ReadError::plain(format!(
                        "the file has more than {octets} octets"
                    ))),
                    false => Ok(found),
                }
            }
        }
    }
}

/// Where the signature of a list stands: what follows a `?` stays at the end.
fn beside(place: &FeedPlace) -> FeedPlace {
    match place {
        FeedPlace::Url(url) => FeedPlace::Url(match url.split_once('?') {
            Some((path, query)) => format!("{path}{SUFFIX}?{query}"),
            None => format!("{url}{SUFFIX}"),
        }),
        FeedPlace::File(path) => FeedPlace::File(format!("{path}{SUFFIX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_stands_beside_its_list() {
        for (list, signature) in [
            (
                "https://a.example/l.json",
                "https://a.example/l.json.minisig",
            ),
            (
                "https://a.example/l?of=all",
                "https://a.example/l.minisig?of=all",
            ),
            ("/etc/list", "/etc/list.minisig"),
        ] {
            let place: FeedPlace = list.parse().unwrap();
            assert_eq!(beside(&place).to_string(), signature);
        }
    }
}
