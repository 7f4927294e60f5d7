//! What is wrong with a script, where, and how to mend it.

use crate::syntax::Span;

/// A text that cannot be run: nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ScriptError {
    /// What was found and what was expected, without a full stop.
    pub problem: String,
    /// What to do about it; empty where the problem says it.
    pub mend: String,
    /// The place.
    pub span: Span,
    /// True where the text merely ends too early: more of it may come.
    pub incomplete: bool,
}

impl ScriptError {
    /// An error at a place.
    pub fn new(span: Span, problem: impl Into<String>, mend: impl Into<String>) -> Self {
        ScriptError {
            problem: problem.into(),
            mend: mend.into(),
            span,
            incomplete: false,
        }
    }

    /// A command would ask before it acts, and nobody is there to answer.
    pub(crate) fn nobody_to_ask(span: Span, command: &str) -> Self {
        ScriptError::new(
            span,
            format!("{command} asks before it acts, and nobody can be asked"),
            "look at it with -WhatIf, then write -Confirm:$false",
        )
    }

    /// The text ends before this was closed.
    pub fn incomplete(span: Span, problem: impl Into<String>, mend: impl Into<String>) -> Self {
        ScriptError {
            incomplete: true,
            ..ScriptError::new(span, problem, mend)
        }
    }

    /// The error with its line and a caret under the place. `name` is that of the file, where there
    /// is one.
    pub fn shown(&self, source: &str, name: Option<&str>) -> String {
        format!(
            "{}{}",
            place(source, self.span, name, &self.problem),
            match self.mend.as_str() {
                "" => String::new(),
                mend => format!("  {mend}\n"),
            }
        )
    }
}

/// Columns of a line that are shown around the place.
const SHOWN_COLUMNS: usize = 100;

/// A problem with its line and a caret under the place.
pub(crate) fn place(source: &str, span: Span, name: Option<&str>, problem: &str) -> String {
    let start = source.floor_char_boundary(span.start.min(source.len()));
    let before = source.get(..start).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = source.get(line_start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let column = source.get(line_start..start).unwrap_or_default();
    let column = column.chars().count();
    let place = match name {
        Some(name) => format!("{name}:{number}:{}: ", column + 1),
        None if source.trim_end().contains('\n') => format!("line {number}: "),
        None => String::new(),
    };
    let mut text = format!("{place}{problem}\n");
    // Of a long line only what stands around the place is shown.
    let skip = column.saturating_sub(SHOWN_COLUMNS / 2);
    let shown: String = line.chars().skip(skip).take(SHOWN_COLUMNS).collect();
    if shown.trim().is_empty() {
        return text;
    }
    let marked = source.get(start..span.end).unwrap_or_default();
    let marked = marked.lines().next().unwrap_or_default().chars().count();
    let room = shown.chars().count().saturating_sub(column - skip).max(1);
    let blank: String = shown
        .chars()
        .take(column - skip)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    text.push_str(&format!(
        "  {shown}\n  {blank}{}\n",
        "^".repeat(marked.clamp(1, room))
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let error = ScriptError::new(Span::new(12, 16), "no such thing", "leave it out");
        assert_eq!(
            error.shown("Get-Mailbox -Foo", None),
            "no such thing\n  Get-Mailbox -Foo\n              ^^^^\n  leave it out\n"
        );
        let error = ScriptError::new(Span::new(5, 6), "x", "");
        assert_eq!(
            error.shown("ab\n‘c’", Some("f.ps1")),
            "f.ps1:2:1: x\n  ‘c’\n  ^\n"
        );
        // No place is beyond the text.
        let error = ScriptError::new(Span::new(99, 120), "x", "");
        assert_eq!(error.shown("ab", None), "x\n  ab\n    ^\n");
    }
}
