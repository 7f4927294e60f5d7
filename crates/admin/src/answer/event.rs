//! Events and explanations, read from the catalogue, the store and the event files.

use std::{collections::HashSet, io};

use mailward_api::{
    control::{ControlRequest, Role},
    fault::{Fault, FaultKind},
    operation::request,
    view::{EventList, EventPage, EventRecord, Explanation},
};
use mailward_events::{
    Level, Record,
    catalogue::{self, CATALOGUE},
    log::{self, Filter},
};
use mailward_model::MessageId;
use mailward_store::{EventFilter, Store};

use super::{Access, blocking, expect_reply, failed, unknown};

/// Events of one number that its page shows.
const RECENT: usize = 10;

fn record(record: Record) -> EventRecord {
    EventRecord {
        unix_ms: record.unix_ms,
        role: record.role,
        number: u32::from(record.number),
        name: record.name,
        level: record.level.to_string(),
        text: record.message,
        fields: record.fields,
        repeated: record.repeated.unwrap_or(0),
    }
}

fn level(word: &str) -> Result<Level, Fault> {
    [
        Level::Info,
        Level::Notice,
        Level::Warning,
        Level::Error,
        Level::Critical,
    ]
    .into_iter()
    .find(|level| level.as_str() == word)
    .ok_or_else(|| {
        Fault::invalid(
            format!("{word:?} is not a level"),
            "write info, notice, warning, error or critical",
        )
        .at("level")
    })
}

fn find(what: &str) -> Result<&'static catalogue::Page, Fault> {
    catalogue::find(what).ok_or_else(|| {
        let names: Vec<&str> = CATALOGUE.iter().map(|page| page.name).collect();
        unknown(
            "event",
            what,
            &names,
            "`mailward event list` shows numbers and names; the handbook lists all events",
        )
    })
}

/// What the store holds; nothing where it cannot be read, for the files tell the same.
fn stored(store: &Store, filter: &Filter) -> Vec<Record> {
    let wanted = EventFilter {
        number: filter.number,
        severity: filter.level.map(Level::severity),
        role: filter.role.clone(),
        since_unix_ms: filter.since_unix_ms,
        until_unix_ms: filter.until_unix_ms,
        // As it stands in the record: a whole JSON string.
        containing: filter
            .about
            .as_ref()
            .and_then(|text| serde_json::to_string(text).ok()),
        limit: limit(filter),
    };
    let records = store.events(&wanted).unwrap_or_default();
    let records = records.iter().map(|text| Record::from_json(text));
    records.filter_map(Result::ok).collect()
}

fn limit(filter: &Filter) -> usize {
    match filter.limit {
        0 => log::LIMIT_DEFAULT,
        limit => limit,
    }
}

/// The newest records, oldest first. The store suffices where it holds as many as are asked for.
/// Else the files are read too: they hold what the store does not have yet, or has refused, and the
/// store holds what was in files that have been removed.
fn newest(
    stored: Vec<Record>,
    files: impl FnOnce() -> io::Result<Vec<Record>>,
    filter: &Filter,
) -> io::Result<Vec<Record>> {
    if stored.len() >= limit(filter) {
        return Ok(stored);
    }
    let mut records = match files() {
        Ok(records) => records,
        Err(_) if !stored.is_empty() => return Ok(stored),
        Err(error) => return Err(error),
    };
    let key = |record: &Record| {
        let Record {
            unix_ms,
            number,
            pid,
            ..
        } = *record;
        (
            unix_ms,
            number,
            pid,
            record.role.clone(),
            record.message.clone(),
        )
    };
    let known: HashSet<_> = records.iter().map(key).collect();
    let more = stored.into_iter().filter(|one| !known.contains(&key(one)));
    records.extend(more);
    records.sort_by_key(|record| record.unix_ms);
    let surplus = records.len().saturating_sub(limit(filter));
    records.drain(..surplus);
    Ok(records)
}

impl Access {
    pub(super) async fn event_list(&self, r: request::EventList) -> Result<EventList, Fault> {
        let number = r.event.as_deref().map(find).transpose()?.map(|p| p.number);
        let filter = Filter {
            number,
            level: r.level.as_deref().map(level).transpose()?,
            since_unix_ms: r.since.map(|since| since.unix_ms(self.now())),
            limit: r.limit as usize,
            ..Filter::default()
        };
        Ok(EventList {
            events: self.events(filter).await?,
        })
    }

    pub(super) async fn event_show(&self, event: String) -> Result<EventPage, Fault> {
        let page = find(&event)?;
        let filter = Filter {
            number: Some(page.number),
            limit: RECENT,
            ..Filter::default()
        };
        Ok(EventPage {
            number: u32::from(page.number),
            name: page.name.to_owned(),
            level: page.level.to_string(),
            meaning: page.meaning.to_owned(),
            breaks: page.breaks.to_owned(),
            mend: page.mend.to_owned(),
            recent: self.events(filter).await?,
        })
    }

    pub(super) async fn explain(&self, what: String) -> Result<Explanation, Fault> {
        let what = what.trim().to_owned();
        if catalogue::find(&what).is_some() {
            return self.event_show(what).await.map(Explanation::Event);
        }
        if let Ok(id) = what.parse() {
            return self.explain_message(id).await;
        }
        // A number can be nothing but an event, and this one is none.
        if what.bytes().all(|b| b.is_ascii_digit()) {
            find(&what)?;
        }
        let request = ControlRequest::Explain { id: what.clone() };
        let reply = self.ask(Role::Worker, request).await;
        match expect_reply!(reply, Case) {
            Ok(case) => Ok(Explanation::Case(case)),
            Err(fault) if fault.kind == FaultKind::NotFound => Err(Fault::not_found(
                format!("{what:?} is neither an event, nor a message id, nor a recovery case"),
                find(&what).err().map_or_else(String::new, |near| near.mend),
            )),
            Err(fault) => Err(fault),
        }
    }

    async fn explain_message(&self, id: MessageId) -> Result<Explanation, Fault> {
        // A message that is not queued any more, or a transport that is down, still has its way.
        let queued = self.queue_show(id).await.ok();
        let trace = self.trace_message(id).await?;
        let events = self.events(Filter::about_message(id)).await?;
        if queued.is_none() && trace.entries.is_empty() && events.is_empty() {
            return Err(Fault::not_found(
                format!("nothing is known of message {id}"),
                "tracking is kept for 30 days; was the message accepted by another node?",
            ));
        }
        Ok(Explanation::Message {
            queued,
            trace,
            events,
        })
    }

    async fn events(&self, filter: Filter) -> Result<Vec<EventRecord>, Fault> {
        let (dir, store) = (self.events_dir.clone(), self.store.clone());
        blocking(move || {
            let found = newest(
                stored(&store, &filter),
                || log::read(&dir, &filter),
                &filter,
            );
            found
                .map(|records| records.into_iter().map(record).collect())
                .map_err(|error| failed(&error))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix_ms: u64) -> Record {
        let event = mailward_events::Event::QueueCommitSlow { took_ms: unix_ms };
        Record::new(&event, "transport", unix_ms)
    }

    #[track_caller]
    fn check(stored: &[u64], files: Option<&[u64]>, limit: usize, expect: Option<&[u64]>) {
        let records = |ms: &[u64]| ms.iter().copied().map(at).collect::<Vec<_>>();
        let read = || {
            files
                .map(records)
                .ok_or_else(|| io::Error::other("unreadable"))
        };
        let filter = Filter {
            limit,
            ..Filter::default()
        };
        let found = newest(records(stored), read, &filter).ok();
        let found = found.map(|found| found.iter().map(|r| r.unix_ms).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expect);
    }

    #[test]
    fn store_and_files_complete_one_another() {
        // The store has enough.
        check(&[1, 2], None, 2, Some(&[1, 2]));
        // The files hold what the store does not have yet; what both have is told once.
        check(&[1, 2], Some(&[2, 3]), 10, Some(&[1, 2, 3]));
        check(&[1, 2], Some(&[2, 2, 3]), 3, Some(&[2, 2, 3]));
        check(&[], Some(&[4]), 10, Some(&[4]));
        // One of the two cannot be read.
        check(&[1], None, 10, Some(&[1]));
        check(&[], None, 10, None);
    }
}
