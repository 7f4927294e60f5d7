//! What a search asks, and what comes back.

use std::time::Duration;

use ldap3_proto::{
    control::LdapControl,
    proto::{
        LdapDerefAliases, LdapIntermediateResponse, LdapMsg, LdapOp, LdapSearchRequest,
        LdapSearchScope, SyncRequestMode, SyncStateValue,
    },
};
use mailward_model::kind::LdapFilter;

use crate::{
    Connection, Entry, LdapError, Step,
    error::{self, refused},
    filter::wire,
};

/// Entries that a server is asked for at one time. Active Directory gives 1000 at most.
const PAGE_ENTRIES: i64 = 500;
/// Pages of one search: a server whose cookie never ends is not followed for ever.
const PAGES_MAX: u32 = 10_000;
/// Answers to the open search that come while another one is under way, and are kept for it.
const WAITING_MAX: usize = 100_000;
/// Change notification of Active Directory.
const NOTIFICATION: &str = "1.2.840.113556.1.4.528";

/// How far below its base a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base itself.
    Base,
    /// All of it.
    Subtree,
}

/// What is searched for.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// Where.
    pub base: &'a str,
    /// How far.
    pub scope: Scope,
    /// Which entries.
    pub filter: &'a LdapFilter,
    /// Which of their attributes.
    pub attributes: &'a [String],
    /// Whether deleted entries are among them (Active Directory).
    pub deleted: bool,
}

/// How far a search has been read, page by page.
#[derive(Debug)]
pub struct Pages {
    /// The cookie of the next page; none behind the last.
    next: Option<Vec<u8>>,
    asked: u32,
    found: usize,
    max: usize,
}

impl Pages {
    /// Before the first page of a search that finds `max` entries at most.
    pub fn new(max: usize) -> Pages {
        Pages {
            next: Some(Vec::new()),
            asked: 0,
            found: 0,
            max,
        }
    }
}

/// What a server that sends changes by itself says (RFC 4533).
#[derive(Debug, Clone, PartialEq)]
pub enum SyncChange {
    /// An entry is there, or has changed.
    Entry(String, Entry),
    /// An entry is as it was; only while a refresh tells what there is.
    Present(String),
    /// An entry is gone, or is none of those asked for any more.
    Gone(String),
    /// The refresh has ended; `whole` where everything there is was told, so that whatever was not
    /// told is gone.
    Refreshed {
        /// Whether everything was told.
        whole: bool,
    },
    /// Nothing that matters.
    Other,
}

/// One answer to a search that is still open.
#[derive(Debug)]
pub enum Answer {
    /// Of a change notification: something changed.
    Woken,
    /// Of RFC 4533.
    Changes(Vec<SyncChange>),
}

impl Search<'_> {
    fn request(&self) -> LdapOp {
        LdapOp::SearchRequest(LdapSearchRequest {
            base: self.base.to_owned(),
            scope: match self.scope {
                Scope::Base => LdapSearchScope::Base,
                Scope::Subtree => LdapSearchScope::Subtree,
            },
            aliases: LdapDerefAliases::Never,
            sizelimit: 0,
            timelimit: 0,
            typesonly: false,
            filter: wire(self.filter),
            attrs: self.attributes.to_vec(),
        })
    }
}

impl Connection {
    /// Finds every entry, page by page, `max` at most.
    ///
    /// # Errors
    /// Whatever keeps the server from telling all of them.
    pub async fn search(
        &mut self,
        search: &Search<'_>,
        max: usize,
        patience: Duration,
    ) -> Result<Vec<Entry>, LdapError> {
        let mut found = Vec::new();
        let mut pages = Pages::new(max);
        while let Some(mut page) = self.next_page(search, &mut pages, patience).await? {
            found.append(&mut page);
        }
        Ok(found)
    }

    /// The next page of what a search finds; `None` behind the last one. What was found is nothing until
    /// then: the server may break off.
    ///
    /// # Errors
    /// Whatever keeps the server from telling all of it.
    pub async fn next_page(
        &mut self,
        search: &Search<'_>,
        pages: &mut Pages,
        patience: Duration,
    ) -> Result<Option<Vec<Entry>>, LdapError> {
        let Some(cookie) = pages.next.take() else {
            return Ok(None);
        };
        if pages.asked >= PAGES_MAX {
            return Err(LdapError::TooMuch {
                what: "the number of pages".to_owned(),
                max: u64::from(PAGES_MAX),
            });
        }
        pages.asked += 1;
        let mut controls = Vec::new();
        if search.scope == Scope::Subtree {
            controls.push(LdapControl::SimplePagedResults {
                size: PAGE_ENTRIES,
                cookie,
            });
        }
        if search.deleted {
            controls.push(LdapControl::ShowDeleted { criticality: true });
        }
        let id = self.send(search.request(), controls).await?;
        let mut found = Vec::new();
        let cookie = self.page(id, pages, patience, &mut found).await?;
        pages.found += found.len();
        pages.next = (!cookie.is_empty()).then_some(cookie);
        Ok(Some(found))
    }

    /// Takes the answers of one page. Returns the cookie of the next.
    async fn page(
        &mut self,
        id: i32,
        pages: &Pages,
        patience: Duration,
        found: &mut Vec<Entry>,
    ) -> Result<Vec<u8>, LdapError> {
        loop {
            let message = self.within(Step::Search, patience).await?;
            if message.msgid != id {
                self.unexpected(message)?;
                continue;
            }
            match message.op {
                LdapOp::SearchResultEntry(entry) => {
                    if pages.found + found.len() >= pages.max {
                        return Err(LdapError::TooMuch {
                            what: "the number of entries".to_owned(),
                            max: pages.max as u64,
                        });
                    }
                    found.push(entry.into());
                }
                // Other partitions of a forest. What is in them is not below the base.
                LdapOp::SearchResultReference(_) => {}
                LdapOp::SearchResultDone(result) => {
                    error::success(Step::Search, &result)?;
                    let cookie = message.ctrl.into_iter().find_map(|control| match control {
                        LdapControl::SimplePagedResults { cookie, .. } => Some(cookie),
                        _ => None,
                    });
                    return Ok(cookie.unwrap_or_default());
                }
                other => return Err(unasked(&other)),
            }
        }
    }

    /// Asks Active Directory to say when anything below `base`, which must be the top of a naming
    /// context, changes. Deleted entries count.
    ///
    /// # Errors
    /// The request cannot be sent. Whether the server agrees is not answered: it says so only where
    /// it does not.
    pub async fn notify(&mut self, base: &str) -> Result<(), LdapError> {
        let any = LdapFilter::Present("objectClass".to_owned());
        let search = Search {
            base,
            scope: Scope::Subtree,
            filter: &any,
            // No attribute at all (RFC 4511 §4.5.1.8): it only wakes.
            attributes: &["1.1".to_owned()],
            deleted: true,
        };
        let controls = vec![
            LdapControl::Unknown {
                oid: NOTIFICATION.to_owned(),
                criticality: true,
                value: None,
            },
            LdapControl::ShowDeleted { criticality: true },
        ];
        let id = self.send(search.request(), controls).await?;
        self.open = Some(id);
        Ok(())
    }

    /// Asks for everything a search finds now and for each change from then on (RFC 4533,
    /// refreshAndPersist), from the beginning.
    ///
    /// # Errors
    /// The request cannot be sent.
    pub async fn persist(&mut self, search: &Search<'_>) -> Result<(), LdapError> {
        let controls = vec![LdapControl::SyncRequest {
            criticality: true,
            mode: SyncRequestMode::RefreshAndPersist,
            cookie: None,
            reload_hint: false,
        }];
        let id = self.send(search.request(), controls).await?;
        self.open = Some(id);
        Ok(())
    }

    /// The next answer to the search that is open. May be given up and asked again: nothing is lost.
    ///
    /// # Errors
    /// The search has ended, which it never should, or the connection has.
    pub async fn next(&mut self) -> Result<Answer, LdapError> {
        loop {
            let message = match self.waiting.pop_front() {
                Some(message) => message,
                None => self.message().await?,
            };
            if Some(message.msgid) != self.open {
                self.unexpected(message)?;
                continue;
            }
            if let LdapOp::SearchResultDone(result) = &message.op {
                self.open = None;
                error::success(Step::Search, result)?;
                return Err(LdapError::Closed {
                    because: ": it ended a search that is meant to go on".to_owned(),
                });
            }
            return match sync_changes(message) {
                Some(changes) => Ok(Answer::Changes(changes)),
                None => Ok(Answer::Woken),
            };
        }
    }

    /// What comes for another search than the one under way: it is for the open one and kept for
    /// it; the server takes its leave (RFC 4511 §4.4.1); or it is a late answer.
    pub(crate) fn unexpected(&mut self, message: LdapMsg) -> Result<(), LdapError> {
        match &message.op {
            LdapOp::ExtendedResponse(leave) if message.msgid == 0 => {
                let shown = refused(Step::Search, &leave.res).to_string();
                Err(LdapError::Closed {
                    because: format!(": {shown}"),
                })
            }
            _ if Some(message.msgid) != self.open => Ok(()),
            _ if self.waiting.len() < WAITING_MAX => {
                self.waiting.push_back(message);
                Ok(())
            }
            _ => Err(LdapError::TooMuch {
                what: "the number of changes at one time".to_owned(),
                max: WAITING_MAX as u64,
            }),
        }
    }
}

fn unasked(op: &LdapOp) -> LdapError {
    let mut name = format!("{op:?}");
    name.truncate(name.find(['(', ' ']).unwrap_or(name.len()).min(40));
    LdapError::Protocol(format!("an answer that was not asked for ({name})"))
}

/// What an answer says by RFC 4533; `None` where it is no such answer.
fn sync_changes(message: LdapMsg) -> Option<Vec<SyncChange>> {
    let state = message.ctrl.into_iter().find_map(|control| match control {
        LdapControl::SyncState {
            state, entry_uuid, ..
        } => Some((state, entry_uuid.to_string())),
        _ => None,
    });
    match (message.op, state) {
        (LdapOp::SearchResultEntry(entry), Some((state, id))) => Some(vec![match state {
            SyncStateValue::Add | SyncStateValue::Modify => SyncChange::Entry(id, entry.into()),
            SyncStateValue::Present => SyncChange::Present(id),
            SyncStateValue::Delete => SyncChange::Gone(id),
        }]),
        (LdapOp::IntermediateResponse(info), _) => Some(match info {
            LdapIntermediateResponse::SyncInfoIdSet {
                refresh_deletes,
                syncuuids,
                ..
            } => syncuuids
                .iter()
                .map(|id| match refresh_deletes {
                    true => SyncChange::Gone(id.to_string()),
                    false => SyncChange::Present(id.to_string()),
                })
                .collect(),
            // RFC 4533 §3.3.2: after a present phase, what was not told is gone; after a delete
            // phase, what is gone was told.
            LdapIntermediateResponse::SyncInfoRefreshPresent { done: true, .. } => {
                vec![SyncChange::Refreshed { whole: true }]
            }
            LdapIntermediateResponse::SyncInfoRefreshDelete { done: true, .. } => {
                vec![SyncChange::Refreshed { whole: false }]
            }
            _ => vec![SyncChange::Other],
        }),
        _ => None,
    }
}
