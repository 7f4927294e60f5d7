//! The notifier: what each channel is to be told now, and why not. Pure: time is an input, and what
//! goes out is returned as [`Notice`]s.
//!
//! It keeps no queue of messages. It knows what is true and what each channel was told; a notice is
//! the difference. So what was raised and solved while a channel was broken is not told there, and
//! what changed between two attempts is told as it then is.
//!
//! Invariant: one notice at a time per channel, and none for news that a channel has had. A notice
//! whose fate is not known, because the worker ended in between, is made again with the same id.

use mailward_model::Decision;

pub use super::state::{Acknowledgement, Book, Entry, Line, News, Route, Silence, Told, matches};
use super::{
    Alert, AlertKind,
    notice::{Notice, NoticeItem},
    state::Sent,
};

/// Alerts that are open at one time: one per component, so this is far beyond any node.
const OPEN_MAX: usize = 512;
/// Alerts kept that are over.
const PAST_MAX: usize = 100;
/// Silences in force at one time.
pub const SILENCES_MAX: usize = 64;
/// Alerts in one notice; the others follow in the next.
const ITEMS_MAX: usize = 20;
/// Pauses after a failure, in seconds; the last one repeats for as long as there is news.
const PAUSES_S: [u64; 6] = [1, 5, 30, 120, 600, 900];
/// How long it is tried to tell that something is over, in milliseconds: a week.
const SOLVED_NEWS_MS: u64 = 7 * 86_400_000;

/// Why something cannot be done with alerts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// No alert of this id is open.
    #[error("no alert {0:?} is open")]
    NoAlert(String),
    /// No silence of this id is in force.
    #[error("no silence {0:?} is in force")]
    NoSilence(String),
    /// There are too many.
    #[error("{SILENCES_MAX} silences are in force already")]
    Silences,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took the notice.
    Delivered,
    /// It did not, for this reason.
    Failed(String),
}

/// News for a channel, and from when on it may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What is new.
    pub news: News,
    /// From when on.
    pub unix_ms: u64,
}

/// Decides who is told what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notifier {
    book: Book,
}

impl Notifier {
    /// Goes on where another worker ended. What was on its way then is told again, under the same
    /// id: whether it arrived, nobody knows.
    pub fn resume(mut book: Book) -> Self {
        for line in book.lines.values_mut() {
            if let Some((_, sent)) = line.under_way.take() {
                line.unsure = sent;
            }
        }
        Notifier { book }
    }

    /// Everything that is to outlive the worker.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// An alert was raised, or is raised again: only what is worse is news.
    pub fn raise(&mut self, alert: Alert, now: u64) {
        if alert.kind == AlertKind::Solved {
            let (case, text) = (alert.case.clone(), alert.text.clone());
            if let Some(entry) = self.book.open.get_mut(&case)
                && entry.solved_unix_ms.is_none()
            {
                // What was tried since, and what the last probe saw.
                entry.alert = alert;
            }
            return self.solve(&case, &text, now);
        }
        if self
            .book
            .past
            .iter()
            .any(|entry| entry.alert.case == alert.case)
        {
            return;
        }
        if let Some(entry) = self.book.open.get_mut(&alert.case) {
            if entry.solved_unix_ms.is_some() {
                return;
            }
            if alert.kind > entry.level {
                entry.level = alert.kind;
                entry.changed_unix_ms = now;
            }
            entry.alert = alert;
            return;
        }
        if self.book.open.len() >= OPEN_MAX {
            return;
        }
        let entry = Entry {
            level: alert.kind,
            raised_unix_ms: now,
            changed_unix_ms: now,
            solved_unix_ms: None,
            acknowledged: None,
            told: Default::default(),
            alert,
        };
        self.book.open.insert(entry.alert.case.clone(), entry);
    }

    /// What an alert was about is over.
    pub fn solve(&mut self, case: &str, text: &str, now: u64) {
        if let Some(entry) = self.book.open.get_mut(case)
            && entry.solved_unix_ms.is_none()
        {
            entry.solved_unix_ms = Some(now);
            entry.changed_unix_ms = now;
            text.clone_into(&mut entry.alert.text);
        }
    }

    /// Somebody takes an alert on: it is not repeated until it becomes worse.
    ///
    /// # Errors
    /// No such alert is open.
    pub fn acknowledge(
        &mut self,
        case: &str,
        by: &str,
        note: &str,
        now: u64,
    ) -> Result<Option<Acknowledgement>, NotifyError> {
        let open = self.book.open.get_mut(case);
        let entry = open
            .filter(|entry| entry.solved_unix_ms.is_none())
            .ok_or_else(|| NotifyError::NoAlert(case.to_owned()))?;
        Ok(entry.acknowledged.replace(Acknowledgement {
            by: by.to_owned(),
            note: note.to_owned(),
            unix_ms: now,
            level: entry.level,
        }))
    }

    /// What fits the pattern is not told until a moment. The silence's id.
    ///
    /// # Errors
    /// Too many are in force.
    pub fn silence(
        &mut self,
        pattern: &str,
        by: &str,
        reason: &str,
        until: u64,
        now: u64,
    ) -> Result<Silence, NotifyError> {
        self.book
            .silences
            .retain(|silence| silence.until_unix_ms > now);
        if self.book.silences.len() >= SILENCES_MAX {
            return Err(NotifyError::Silences);
        }
        self.book.silenced += 1;
        let silence = Silence {
            id: format!("silence-{}", self.book.silenced),
            pattern: pattern.to_owned(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            from_unix_ms: now,
            until_unix_ms: until,
        };
        self.book.silences.push(silence.clone());
        Ok(silence)
    }

    /// Ends a silence; what it was.
    ///
    /// # Errors
    /// No such silence is in force.
    pub fn unsilence(&mut self, id: &str) -> Result<Silence, NotifyError> {
        let at = self
            .book
            .silences
            .iter()
            .position(|silence| silence.id == id);
        let at = at.ok_or_else(|| NotifyError::NoSilence(id.to_owned()))?;
        Ok(self.book.silences.remove(at))
    }

    /// The silence that holds for an alert.
    pub fn silence_of(&self, alert: &Alert, now: u64) -> Option<&Silence> {
        self.book
            .silences
            .iter()
            .find(|silence| silence.holds(alert, now))
    }

    /// What is new to a channel about an alert, or why nothing is.
    pub fn news(&self, entry: &Entry, route: &Route, now: u64) -> Decision<Option<Due>> {
        let nothing = |why: String| Decision::plain(None, why);
        let due = |news, unix_ms, why: &str| Decision::plain(Some(Due { news, unix_ms }), why);
        if let Some(silence) = self.silence_of(&entry.alert, now) {
            return nothing(format!("{} silences it: {}", silence.id, silence.reason));
        }
        let grouped = entry.changed_unix_ms.saturating_add(route.group_wait_ms);
        let told = entry.told.get(&route.name);
        if entry.solved_unix_ms.is_some() {
            return match told {
                None => nothing("it was over before it was told here".to_owned()),
                Some(told) if told.solved => nothing("it was told that it is over".to_owned()),
                Some(_) => due(News::Solved, grouped, "what was told here is over"),
            };
        }
        if let Some(why) = route.refuses(&entry.alert, entry.level) {
            return nothing(why);
        }
        let at = if entry.level == AlertKind::Offline {
            entry.changed_unix_ms
        } else {
            grouped
        };
        let Some(told) = told else {
            return due(News::Raised, at, "it was not told here yet");
        };
        if entry.level > told.level {
            return due(News::Worse, at, "it is worse than what was told here");
        }
        match &entry.acknowledged {
            Some(ack) if ack.level >= entry.level => {
                return nothing(format!("{} has acknowledged it", ack.by));
            }
            _ => {}
        }
        if route.repeat_ms == 0 {
            return nothing("it was told, and the channel repeats nothing".to_owned());
        }
        let again = told.unix_ms.saturating_add(route.repeat_ms);
        due(News::Repeat, again, "it was told and is still open")
    }

    /// Moments ahead of a clock that was set back hold nothing up.
    fn set_back(&mut self, now: u64) {
        let back = |moment: &mut u64| *moment = (*moment).min(now);
        for entry in self.book.open.values_mut() {
            back(&mut entry.changed_unix_ms);
            entry
                .told
                .values_mut()
                .for_each(|told| back(&mut told.unix_ms));
        }
        let pause_max = PAUSES_S.iter().max().copied().unwrap_or(0) * 1000;
        for line in self.book.lines.values_mut() {
            back(&mut line.tried_unix_ms);
            line.next_unix_ms = line.next_unix_ms.min(now.saturating_add(pause_max));
        }
    }

    /// What is to be sent now: at most one notice for each channel, which is under way from here
    /// on, until [`Notifier::settle`] tells its fate.
    pub fn due(&mut self, routes: &[Route], now: u64) -> Vec<Notice> {
        self.set_back(now);
        self.book
            .silences
            .retain(|silence| silence.until_unix_ms > now);
        self.bury(routes, now);
        let mut notices = Vec::new();
        for route in routes {
            let line = self
                .book
                .lines
                .get(&route.name)
                .cloned()
                .unwrap_or_default();
            if line.under_way.is_some() {
                continue;
            }
            let items = self.items(route, &line, now);
            let Some(notice) = Notice::of(&route.name, items, now) else {
                continue;
            };
            let sent = notice.items.iter().map(|item| Sent {
                case: item.alert.case.clone(),
                news: item.news,
                level: item.alert.kind,
            });
            let under_way = Some((notice.id.clone(), sent.collect()));
            let line = self.book.lines.entry(route.name.clone()).or_default();
            line.under_way = under_way;
            if std::mem::take(&mut line.unsure).is_empty() {
                line.tried_unix_ms = now;
            }
            notices.push(notice);
        }
        notices
    }

    /// What a notice to this channel would say now; nothing where it is not its time.
    fn items(&self, route: &Route, line: &Line, now: u64) -> Vec<NoticeItem> {
        let news: Vec<(&Entry, Due)> = self
            .book
            .open
            .values()
            .filter_map(|entry| Some((entry, self.news(entry, route, now).chosen?)))
            .collect();
        // What may have arrived before the worker ended comes again as it was, if it is still so:
        // then it has the same id, and a receiver can tell that it is the same.
        let again = |(entry, due): &(&Entry, Due)| {
            let kind = NoticeItem::kind(entry, due.news);
            let mut unsure = line.unsure.iter();
            unsure.any(|sent| {
                (sent.case.as_str(), sent.news, sent.level) == (&entry.alert.case, due.news, kind)
            })
        };
        if !line.unsure.is_empty() && news.iter().filter(|n| again(n)).count() == line.unsure.len()
        {
            return compose(news.into_iter().filter(again), route);
        }
        // A pause ends early for what cannot wait.
        let urgent = |(entry, due): &(&Entry, Due)| {
            entry.level == AlertKind::Offline
                && matches!(due.news, News::Raised | News::Worse)
                && entry.changed_unix_ms > line.tried_unix_ms
        };
        let waits = line.next_unix_ms > now && !news.iter().any(urgent);
        if waits || news.iter().all(|(_, due)| due.unix_ms > now) {
            return Vec::new();
        }
        // What is new goes along even where its own wait is not over; repeats keep their time.
        let ripe = |(_, due): &(&Entry, Due)| due.news != News::Repeat || due.unix_ms <= now;
        compose(news.into_iter().filter(ripe), route)
    }

    /// Takes in what became of a notice. False where none of this id was under way.
    pub fn settle(&mut self, channel: &str, notice: &str, outcome: Outcome, now: u64) -> bool {
        let Some(line) = self.book.lines.get_mut(channel) else {
            return false;
        };
        let Some((_, sent)) = line.under_way.take_if(|(id, _)| id == notice) else {
            return false;
        };
        match outcome {
            Outcome::Failed(error) => {
                let step = (line.failures as usize).min(PAUSES_S.len() - 1);
                let pause_s = PAUSES_S.get(step).copied().unwrap_or(1);
                line.failures = line.failures.saturating_add(1);
                line.next_unix_ms = now.saturating_add(pause_s * 1000);
                line.error = error;
            }
            Outcome::Delivered => {
                line.failures = 0;
                line.next_unix_ms = 0;
                line.error.clear();
                line.delivered_unix_ms = Some(now);
                for item in sent {
                    self.told(channel, notice, &item, now);
                }
            }
        }
        true
    }

    /// The channel was changed or ended: what was on its way is nobody's any more, and is told anew
    /// by the channel as it then is.
    pub fn abandon(&mut self, channel: &str) {
        if let Some(line) = self.book.lines.get_mut(channel) {
            line.under_way = None;
            line.next_unix_ms = 0;
        }
    }

    fn told(&mut self, channel: &str, notice: &str, item: &Sent, now: u64) {
        let Some(entry) = self.book.open.get_mut(&item.case) else {
            return;
        };
        let told = entry
            .told
            .entry(channel.to_owned())
            .or_insert_with(|| Told {
                level: item.level,
                unix_ms: now,
                times: 0,
                solved: false,
                first: notice.to_owned(),
            });
        told.level = told.level.max(item.level);
        told.unix_ms = now;
        told.times = told.times.saturating_add(1);
        told.solved |= item.news == News::Solved;
    }

    /// Puts away what is over and of which nobody is to be told any more.
    fn bury(&mut self, routes: &[Route], now: u64) {
        let under_way = |case: &str| {
            let mut sent = self
                .book
                .lines
                .values()
                .filter_map(|line| line.under_way.as_ref());
            sent.any(|(_, items)| items.iter().any(|item| item.case == case))
        };
        let done: Vec<String> = self
            .book
            .open
            .values()
            .filter(|entry| match entry.solved_unix_ms {
                None => false,
                Some(solved) if solved.saturating_add(SOLVED_NEWS_MS) < now => true,
                Some(_) => {
                    let owed = |route: &Route| {
                        entry.told.get(&route.name).is_some_and(|told| !told.solved)
                    };
                    !routes.iter().any(owed) && !under_way(&entry.alert.case)
                }
            })
            .map(|entry| entry.alert.case.clone())
            .collect();
        for case in done {
            if let Some(entry) = self.book.open.remove(&case) {
                self.book.past.push_back(entry);
            }
        }
        let surplus = self.book.past.len().saturating_sub(PAST_MAX);
        self.book.past.drain(..surplus);
        self.book.lines.retain(|name, line| {
            line.under_way.is_some() || routes.iter().any(|r| r.name == *name)
        });
    }
}

/// The items of a notice, the worst first.
fn compose<'a>(news: impl Iterator<Item = (&'a Entry, Due)>, route: &Route) -> Vec<NoticeItem> {
    let mut items: Vec<NoticeItem> = news
        .map(|(entry, due)| NoticeItem::of(entry, due.news, entry.told.get(&route.name)))
        .collect();
    items.sort_by_key(|item| (std::cmp::Reverse(item.alert.kind), item.alert.since_unix_ms));
    items.truncate(ITEMS_MAX);
    items
}

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
