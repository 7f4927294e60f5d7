//! Events and explanations, read from the catalogue and the event logs.

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
        let dir = self.events_dir.clone();
        blocking(move || {
            log::read(&dir, &filter)
                .map(|records| records.into_iter().map(record).collect())
                .map_err(|error| failed(&error))
        })
        .await
    }
}
