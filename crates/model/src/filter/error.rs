//! What is wrong with a filter's text: where, what, and how to mend it.

use std::{fmt, ops::Range};

/// Characters shown before and after the place that is meant.
const CONTEXT_CHARS: usize = 60;

/// A filter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The text as given.
    text: String,
    /// The octets of it that are meant.
    at: Range<usize>,
    /// What was found and what was expected.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl FilterError {
    pub(super) fn new(
        text: &str,
        at: Range<usize>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        FilterError {
            text: text.to_owned(),
            at,
            problem: problem.into(),
            mend: mend.into(),
        }
    }

    /// The same error, shown in the text as it was given.
    pub(super) fn of(self, text: &str) -> Self {
        FilterError {
            text: text.to_owned(),
            ..self
        }
    }

    /// The character that is meant, counted from 1.
    pub fn column(&self) -> usize {
        let before = self.text.get(..self.at.start).unwrap_or(&self.text);
        before.chars().count() + 1
    }

    /// A line of the text around the place, and a line of carets under it.
    fn excerpt(&self) -> (String, String) {
        let (start, end) = (self.column() - 1, self.at.len());
        let width = self
            .text
            .get(self.at.clone())
            .map_or(end, |meant| meant.chars().count())
            .clamp(1, CONTEXT_CHARS);
        let skipped = start.saturating_sub(CONTEXT_CHARS);
        let line: String = self
            .text
            .chars()
            .skip(skipped)
            .take(2 * CONTEXT_CHARS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let carets = format!("{}{}", " ".repeat(start - skipped), "^".repeat(width));
        (line.trim_end().to_owned(), carets)
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, carets) = self.excerpt();
        write!(
            f,
            "character {}: {}; {}\n  {line}\n  {carets}",
            self.column(),
            self.problem,
            self.mend
        )
    }
}

impl std::error::Error for FilterError {}
