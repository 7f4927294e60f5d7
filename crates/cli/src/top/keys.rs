//! Keys: read from the terminal by a thread of their own, and what each does to the view.

use std::{io, time::Duration};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::Sender;

use super::draw::{Sort, View};

/// How long the thread waits before it looks whether anyone still listens.
const LOOK: Duration = Duration::from_millis(200);
/// The intervals that + and - step through, in seconds.
const INTERVALS_SECS: [u64; 7] = [1, 2, 5, 10, 20, 30, 60];

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Sort,
    Pause,
    Slower,
    Faster,
    Help,
    /// The terminal has another size.
    Redraw,
}

/// What follows from a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    GoOn,
    End,
}

/// Reads keys until nobody listens. Blocks.
pub(super) fn read(to: &Sender<io::Result<Key>>) {
    while !to.is_closed() {
        let key = match event::poll(LOOK) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let told = match key {
            Ok(Event::Key(key)) => match of(key) {
                Some(key) => to.blocking_send(Ok(key)),
                None => continue,
            },
            Ok(Event::Resize(..)) => to.blocking_send(Ok(Key::Redraw)),
            Ok(_) => continue,
            Err(error) => {
                // The terminal is gone: whoever listens ends.
                let _ = to.blocking_send(Err(error));
                return;
            }
        };
        if told.is_err() {
            return;
        }
    }
}

fn of(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c' | 'd') if control => Key::Quit,
        KeyCode::Char('l') if control => Key::Redraw,
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('s') => Key::Sort,
        KeyCode::Char('p' | ' ') => Key::Pause,
        KeyCode::Char('+' | '=') => Key::Slower,
        KeyCode::Char('-') => Key::Faster,
        KeyCode::Char('h' | '?') => Key::Help,
        _ => return None,
    })
}

impl View {
    /// Does what a key says.
    pub(super) fn press(&mut self, key: Key) -> Outcome {
        let now = self.interval.as_secs();
        match key {
            // The first key takes the explanation away, whatever it is.
            Key::Quit if self.help => self.help = false,
            Key::Quit => return Outcome::End,
            Key::Help => self.help = !self.help,
            Key::Sort => {
                self.sort = match self.sort {
                    Sort::Count => Sort::Oldest,
                    Sort::Oldest => Sort::Name,
                    Sort::Name => Sort::Count,
                };
            }
            Key::Pause => self.paused = !self.paused,
            Key::Slower => {
                let longer = INTERVALS_SECS.into_iter().find(|secs| *secs > now);
                self.interval = Duration::from_secs(longer.unwrap_or(now));
            }
            Key::Faster => {
                let shorter = INTERVALS_SECS.into_iter().rfind(|secs| *secs < now);
                self.interval = Duration::from_secs(shorter.unwrap_or(now));
            }
            Key::Redraw => {}
        }
        Outcome::GoOn
    }
}
