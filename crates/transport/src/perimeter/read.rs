//! What a feed's source says now: fetched, read from a file, or asked of DNS, and parsed.

use std::{
    fs::File,
    io::{self, Read},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use mailward_events::chain;
use mailward_model::{
    IpRange,
    kind::{FeedPlace, FeedSource, Microsoft365Feed, SenderFeed},
};
use mailward_perimeter::{
    ANSWER_OCTETS_MAX, Announcement, FeedState, Shelf,
    parse::{self, ParseError},
    version_of,
};
use mailward_tls::{
    ClientTls,
    fetch::{FetchError, Limits, Resolve, Waiting, fetch},
};

use super::spf;
use crate::deliver::dns::{Dns, LookupError};

/// How long one document may take.
const FETCH_MAX: Duration = Duration::from_secs(30);

/// What a source says.
pub(super) enum Found {
    /// The version in force is the newest.
    Confirmed,
    /// The newest version is the one that waits for a person.
    StillHeld,
    /// A list.
    List(List),
}

/// A list as the source has it.
pub(super) struct List {
    pub(super) version: String,
    pub(super) ranges: Vec<IpRange>,
    pub(super) announced: Vec<Announcement>,
}

/// Why there is no list.
pub(crate) struct ReadError {
    pub(crate) problem: String,
    /// The source asks to be left alone for a while.
    pub(crate) busy: bool,
}

impl From<FetchError> for ReadError {
    fn from(error: FetchError) -> Self {
        ReadError {
            busy: error.is_busy(),
            problem: error.to_string(),
        }
    }
}

impl From<ParseError> for ReadError {
    fn from(error: ParseError) -> Self {
        ReadError::plain(error)
    }
}

impl ReadError {
    pub(crate) fn plain(problem: impl ToString) -> Self {
        ReadError {
            problem: problem.to_string(),
            busy: false,
        }
    }
}

/// What sources are read with.
pub(super) struct Reader<'a> {
    pub(super) tls: &'a ClientTls,
    pub(super) dns: &'a Arc<dyn Dns>,
    pub(super) shelf: &'a Shelf,
}

/// The node's resolver, for whoever fetches.
pub(crate) struct Hosts<'a>(pub(crate) &'a dyn Dns);

impl Resolve for Hosts<'_> {
    fn addresses<'a>(&'a self, host: &'a str) -> Waiting<'a, Result<Vec<IpAddr>, String>> {
        Box::pin(async move {
            let found = self.0.addresses(host).await;
            found.map_err(|error: LookupError| error.to_string())
        })
    }
}

impl Reader<'_> {
    /// Reads what the source says now.
    ///
    /// # Errors
    /// [`ReadError`]; nothing is half read.
    pub(super) async fn read(
        &self,
        feed: &SenderFeed,
        state: &FeedState,
    ) -> Result<Found, ReadError> {
        let ranges = match &feed.source {
            FeedSource::Microsoft365(from) => return self.microsoft365(from, state).await,
            FeedSource::Spf(domain) => spf::expand(&**self.dns, domain).await?,
            FeedSource::List(FeedPlace::Url(url)) => parse::list::list(&self.fetch(url).await?)?,
            FeedSource::List(FeedPlace::File(path)) => {
                let path = path.clone();
                let read =
                    tokio::task::spawn_blocking(move || file(&path, ANSWER_OCTETS_MAX)).await;
                let octets = read.map_err(ReadError::plain)?.map_err(ReadError::plain)?;
                parse::list::list(&octets)?
            }
            FeedSource::Ranges(ranges) => ranges.clone(),
        };
        Ok(Found::List(List {
            version: version_of(&ranges),
            ranges,
            announced: Vec::new(),
        }))
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let limits = Limits {
            octets: ANSWER_OCTETS_MAX,
            time: FETCH_MAX,
        };
        fetch(self.tls, &Hosts(&**self.dns), url, limits).await
    }

    /// Version first; endpoints only where it is a new one; then what is announced about them.
    async fn microsoft365(
        &self,
        from: &Microsoft365Feed,
        state: &FeedState,
    ) -> Result<Found, ReadError> {
        let id = self.shelf.client_request_id();
        let id = id.map_err(|error| ReadError::plain(chain(&error)))?;
        let (service, instance) = (from.service.trim_end_matches('/'), from.instance.name());
        let url =
            |method: &str, more: &str| format!("{service}/{method}?ClientRequestId={id}{more}");
        let answer = self.fetch(&url(&format!("version/{instance}"), "")).await?;
        let latest = parse::microsoft365::version(&answer, from)?;
        let known = state.in_force.as_ref().map(|one| one.version.as_str());
        let known = known.filter(|known| parse::microsoft365::is_version(known));
        let held = state.held.as_ref();
        match known {
            Some(known) if known == latest => return Ok(Found::Confirmed),
            Some(known) if *known > *latest => {
                return Err(ReadError::plain(format!(
                    "the service has version {latest}, which is older than {known} in force"
                )));
            }
            _ if held.is_some_and(|held| held.version.version == latest) => {
                return Ok(Found::StillHeld);
            }
            _ => {}
        }
        let areas = format!("&ServiceAreas={}", from.service_area);
        let answer = self
            .fetch(&url(&format!("endpoints/{instance}"), &areas))
            .await?;
        let endpoints = parse::microsoft365::endpoints(&answer, from)?;
        let announced = match known {
            None => Vec::new(),
            Some(known) => {
                let changes = url(&format!("changes/{instance}/{known}"), "");
                // It only tells when what is added comes into use: the list is good without it.
                match self.fetch(&changes).await {
                    Ok(answer) => {
                        parse::microsoft365::changes(&answer, &endpoints.sets).unwrap_or_default()
                    }
                    Err(_) => Vec::new(),
                }
            }
        };
        Ok(Found::List(List {
            version: latest,
            ranges: endpoints.ranges,
            announced,
        }))
    }
}

/// A file's octets; one more than may be, where there are more.
pub(crate) fn file(path: &str, octets_max: usize) -> io::Result<Vec<u8>> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
    // A pipe or a device could be read for ever.
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err(io::Error::other(format!("{path} is no file")));
    }
    let mut octets = Vec::new();
    let limit = octets_max as u64 + 1;
    let file = File::open(path).map_err(told)?;
    file.take(limit).read_to_end(&mut octets).map_err(told)?;
    Ok(octets)
}
