//! The view and how it is drawn. Pure: from what was seen and a size to a buffer of cells.

use std::time::Duration;

use mailward_api::{
    page::{Tone, count, distance, span, stamp},
    view::{HealthState, LedgerEntry, QueueSummary},
};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Cell, Clear, Paragraph, Row, Table, Widget},
};

use super::{
    rate::{Rates, Reading},
    shot::Shot,
};
use crate::terminal::clean;

/// Columns and lines below which there is nothing to be seen.
const COLUMNS_MIN: u16 = 60;
const LINES_MIN: u16 = 12;
/// Lines of the last acts, their heading included.
const ACTS_LINES: u16 = 5;

/// Columns of the health sets: a name of twelve letters, the longest state, and for how long.
const SETS_COLUMNS: u16 = 34;

/// What the queues are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Count,
    Oldest,
    Name,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Sort::Count => "messages",
            Sort::Oldest => "age",
            Sort::Name => "name",
        }
    }
}

/// The view.
#[derive(Debug)]
pub(super) struct View {
    pub(super) interval: Duration,
    pub(super) sort: Sort,
    pub(super) paused: bool,
    pub(super) help: bool,
    color: bool,
    shot: Shot,
    reading: Option<Reading>,
    rates: Option<Rates>,
}

impl View {
    pub(super) fn new(interval: Duration, color: bool) -> Self {
        View {
            interval,
            sort: Sort::Count,
            paused: false,
            help: false,
            color,
            shot: Shot::default(),
            reading: None,
            rates: None,
        }
    }

    /// Takes in what was seen. What could not be had this time stays as it was, under the reason why;
    /// rates are shown only where they are of now.
    pub(super) fn show(&mut self, shot: Shot) {
        let reading = shot
            .status
            .as_ref()
            .and_then(|status| Reading::of(status, shot.unix_ms));
        self.rates = match (&reading, &self.reading) {
            (Some(now), Some(before)) => now.since(before),
            _ => None,
        };
        self.reading = reading;
        let before = std::mem::replace(&mut self.shot, shot);
        let now = &mut self.shot;
        if now.fault.is_some() {
            now.status = now.status.take().or(before.status);
            now.health = now.health.take().or(before.health);
            now.queues = now.queues.take().or(before.queues);
            now.ledger = now.ledger.take().or(before.ledger);
            now.events = now.events.take().or(before.events);
        }
    }

    /// Draws the view.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, now_unix_ms: u64) {
        if area.width < COLUMNS_MIN || area.height < LINES_MIN {
            let small = format!("make it {COLUMNS_MIN} by {LINES_MIN} at least");
            Paragraph::new(small).render(area, buffer);
            return;
        }
        let [head, upper, acts, events, foot] = Layout::vertical([
            Constraint::Length(4),
            Constraint::Fill(3),
            Constraint::Length(ACTS_LINES.min(area.height / 5)),
            Constraint::Fill(2),
            Constraint::Length(1),
        ])
        .areas(area);
        let [sets, queues] =
            Layout::horizontal([Constraint::Length(SETS_COLUMNS), Constraint::Fill(1)])
                .spacing(1)
                .areas(upper);
        self.head(now_unix_ms).render(head, buffer);
        self.sets(now_unix_ms).render(sets, buffer);
        self.queues(now_unix_ms).render(queues, buffer);
        self.acts(now_unix_ms).render(acts, buffer);
        self.events(events.height).render(events, buffer);
        self.foot().render(foot, buffer);
        if self.help {
            self.explain(area, buffer);
        }
    }

    fn style(&self, tone: Tone) -> Style {
        let color = match tone {
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Plain => return Style::new(),
            // Without colours a faint text stays as it is: some terminals do not show it at all.
            Tone::Faint if self.color => return Style::new().add_modifier(Modifier::DIM),
            Tone::Faint => return Style::new(),
        };
        match (self.color, tone) {
            (true, _) => Style::new().fg(color),
            (false, Tone::Bad) => Style::new().add_modifier(Modifier::BOLD),
            (false, _) => Style::new(),
        }
    }

    fn toned(&self, text: impl AsRef<str>, tone: Tone) -> Span<'static> {
        Span::styled(clean(text.as_ref(), false).into_owned(), self.style(tone))
    }

    /// Four lines: who and how, whether mail is taken, what waits, and how much there is of it.
    fn head(&self, now_unix_ms: u64) -> Paragraph<'static> {
        Paragraph::new(vec![
            self.who(now_unix_ms),
            self.takes_mail(),
            self.waits(now_unix_ms),
            self.how_much(),
        ])
    }

    fn who(&self, now_unix_ms: u64) -> Line<'static> {
        let (status, health) = (&self.shot.status, &self.shot.health);
        let node = health.as_ref().map_or("mailward", |health| &health.node);
        let mut line = vec![Span::styled(
            clean(node, false).into_owned(),
            Style::new().add_modifier(Modifier::BOLD),
        )];
        if let Some(health) = health {
            line.push("  ".into());
            line.push(self.toned(health.state.word(), tone(health.state)));
            line.push(match health.repair {
                true => "  repair on".into(),
                false => self.toned("  repair off (shadow)", Tone::Warn),
            });
        }
        let started = status.as_ref().and_then(|status| {
            let manager = status.manager.as_ref().map(|manager| &manager.role);
            manager.or(status.transport.as_ref().map(|transport| &transport.role))
        });
        if let Some(role) = started {
            let up = span(now_unix_ms.saturating_sub(role.started_unix_ms));
            line.push(format!("  up {up}").into());
        }
        if self.shot.unix_ms > 0 {
            let at = stamp(self.shot.unix_ms);
            let time = at.split(' ').next_back().unwrap_or_default().to_owned();
            line.push(self.toned(format!("  {time}"), Tone::Faint));
        }
        if self.paused {
            line.push(self.toned("  paused", Tone::Warn));
        }
        Line::from(line)
    }

    fn takes_mail(&self) -> Line<'static> {
        if let Some(fault) = &self.shot.fault {
            return Line::from(self.toned(format!("{}; asking again", fault.error), Tone::Bad));
        }
        let Some(status) = &self.shot.status else {
            return Line::from("asking");
        };
        let mut line = Vec::new();
        match &status.transport {
            Some(transport) if transport.gate.closed => {
                let text = format!("no mail is taken: {}", transport.gate.reason);
                line.push(self.toned(text, Tone::Warn));
            }
            Some(_) => line.push("mail is taken".into()),
            None => line.push(self.toned("transport does not answer", Tone::Bad)),
        }
        for child in status.manager.iter().flat_map(|manager| &manager.children) {
            if child.state != "running" {
                let text = format!("  {} is in {}", child.role, child.state);
                line.push(self.toned(text, Tone::Bad));
            } else if child.restarts > 0 {
                let restarts = count(child.restarts, "restart", "restarts");
                let text = format!("  {}: {restarts}", child.role);
                line.push(self.toned(text, Tone::Faint));
            }
        }
        Line::from(line)
    }

    fn waits(&self, now_unix_ms: u64) -> Line<'static> {
        let Some(transport) = self.shot.status.as_ref().and_then(|s| s.transport.as_ref()) else {
            return Line::default();
        };
        let queue = &transport.queue;
        let mut text = format!("sessions {}  queued {}", transport.sessions, queue.messages);
        if queue.oldest_unix_ms.is_some() {
            let oldest = distance(queue.oldest_unix_ms, now_unix_ms);
            text.push_str(&format!(" (oldest {oldest})"));
        }
        text.push_str(&format!(
            "  sending {}  waiting {}  held {}",
            queue.in_flight, queue.deferred, queue.held
        ));
        Line::from(text)
    }

    fn how_much(&self) -> Line<'static> {
        let Some(rates) = self.rates else {
            return Line::from("per second: …");
        };
        Line::from(format!(
            "per second: accepted {:.1}  delivered {:.1}  deferred {:.1}  failed {:.1}  sessions {:.1}",
            rates.accepted, rates.delivered, rates.deferred, rates.failed, rates.sessions
        ))
    }

    fn heading(&self, text: String) -> Block<'static> {
        Block::new()
            .borders(Borders::TOP)
            .border_style(self.style(Tone::Faint))
            .title(Span::styled(
                text,
                Style::new().add_modifier(Modifier::BOLD),
            ))
    }

    fn sets(&self, now_unix_ms: u64) -> Table<'static> {
        let mut sets: Vec<_> = self
            .shot
            .health
            .iter()
            .flat_map(|health| &health.sets)
            .collect();
        // What is bad must not fall off the end.
        sets.sort_by_key(|set| (!set.state.is_bad(), set.state == HealthState::Healthy));
        let rows = sets.into_iter().map(|set| {
            let since = distance(Some(set.since_unix_ms), now_unix_ms);
            Row::new([
                Cell::from(clean(&set.set, false).into_owned()),
                Cell::from(self.toned(set.state.word(), tone(set.state))),
                Cell::from(since),
            ])
        });
        let widths = [
            Constraint::Fill(1),
            Constraint::Length(13),
            Constraint::Length(5),
        ];
        Table::new(rows, widths).block(self.heading("Health ".to_owned()))
    }

    fn queues(&self, now_unix_ms: u64) -> Table<'static> {
        let mut queues: Vec<&QueueSummary> = self
            .shot
            .queues
            .iter()
            .flat_map(|listing| &listing.queues.queues)
            .collect();
        match self.sort {
            Sort::Count => queues.sort_by_key(|queue| std::cmp::Reverse(queue.count)),
            Sort::Oldest => queues.sort_by_key(|queue| queue.oldest_unix_ms.unwrap_or(u64::MAX)),
            Sort::Name => queues.sort_by(|a, b| a.next_hop.cmp(&b.next_hop)),
        }
        let title = format!("Queues by {} ({}) ", self.sort.word(), queues.len());
        let rows = queues.into_iter().map(|queue| {
            let (word, tone) = queue_state(queue);
            Row::new([
                Cell::from(clean(&queue.next_hop, false).into_owned()),
                Cell::from(Line::from(queue.count.to_string()).right_aligned()),
                Cell::from(Line::from(distance(queue.oldest_unix_ms, now_unix_ms)).right_aligned()),
                Cell::from(self.toned(word, tone)),
            ])
        });
        let widths = [
            Constraint::Fill(1),
            Constraint::Length(6),
            Constraint::Length(7),
            Constraint::Length(8),
        ];
        Table::new(rows, widths).block(self.heading(title))
    }

    fn acts(&self, now_unix_ms: u64) -> Paragraph<'static> {
        let entries = self.shot.ledger.iter().flat_map(|ledger| &ledger.entries);
        let mut lines: Vec<Line<'static>> =
            entries.map(|entry| self.act(entry, now_unix_ms)).collect();
        if lines.is_empty() && self.shot.ledger.is_some() {
            lines.push(Line::from(self.toned("nothing was repaired", Tone::Faint)));
        }
        Paragraph::new(lines).block(self.heading("Last acts ".to_owned()))
    }

    fn act(&self, entry: &LedgerEntry, now_unix_ms: u64) -> Line<'static> {
        let tone = match entry.record.as_str() {
            "failed" | "denied" | "exit" => Tone::Warn,
            "outcome" => Tone::Good,
            _ => Tone::Plain,
        };
        let ago = distance(Some(entry.unix_ms), now_unix_ms);
        // Most acts name what they are done to.
        let what = match &entry.act {
            Some(act) => act.to_string(),
            None => entry.component.clone(),
        };
        Line::from(vec![
            self.toned(format!("{ago:>7} "), Tone::Faint),
            self.toned(format!("{:<8} ", entry.record), tone),
            self.toned(format!("{what}: {}", entry.text), Tone::Plain),
        ])
    }

    fn events(&self, lines_max: u16) -> Paragraph<'static> {
        let events = self.shot.events.iter().flat_map(|list| &list.events);
        let lines: Vec<Line<'static>> = events
            .rev()
            .take(usize::from(lines_max))
            .map(|event| {
                let tone = match event.level.as_str() {
                    "critical" | "error" => Tone::Bad,
                    "warning" => Tone::Warn,
                    _ => Tone::Plain,
                };
                let at = stamp(event.unix_ms);
                let time = at.split(' ').next_back().unwrap_or_default();
                Line::from(vec![
                    self.toned(format!("{time} "), Tone::Faint),
                    self.toned(format!("{:>5} {:<8} ", event.number, event.level), tone),
                    self.toned(&event.text, Tone::Plain),
                ])
            })
            .collect();
        Paragraph::new(lines).block(self.heading("Last events ".to_owned()))
    }

    fn foot(&self) -> Line<'static> {
        let every = self.interval.as_secs();
        let text = format!("q quit  s sort  p pause  +/- interval ({every} s)  h help");
        Line::from(self.toned(text, Tone::Faint))
    }

    fn explain(&self, area: Rect, buffer: &mut Buffer) {
        let lines = [
            "q        end (also Esc, Ctrl-C)",
            "s        sort queues by messages, age, name",
            "p        pause, and go on",
            "+  -     ask less or more often",
            "h        take this away",
            "",
            "more: mailward health report, queue list,",
            "      health ledger, explain CASE",
        ];
        let (width, height) = (48.min(area.width), 10.min(area.height));
        let place = Rect::new(
            area.x + (area.width - width) / 2,
            area.y + (area.height - height) / 2,
            width,
            height,
        );
        Clear.render(place, buffer);
        Paragraph::new(lines.map(Line::from).to_vec())
            .block(Block::bordered().title("Keys"))
            .render(place, buffer);
    }
}

fn queue_state(queue: &QueueSummary) -> (&'static str, Tone) {
    if queue.held {
        ("held", Tone::Warn)
    } else if queue.in_flight > 0 {
        ("sending", Tone::Good)
    } else if queue.deferred > 0 {
        ("retry", Tone::Warn)
    } else {
        ("ready", Tone::Plain)
    }
}

fn tone(state: HealthState) -> Tone {
    match state {
        HealthState::Healthy => Tone::Good,
        HealthState::Disabled => Tone::Faint,
        bad if bad.is_bad() => Tone::Bad,
        _ => Tone::Warn,
    }
}
