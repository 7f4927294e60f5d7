//! Regular expressions, for `-match`, `-replace` and `-split`.
//!
//! Without regard to case, as in PowerShell. Matching takes a time that is linear in the text,
//! whatever the pattern; what would need more (looking around, going back) is not in the language.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::{
    error::ScriptError,
    syntax::{Expression, Node, Operator, Span},
    value::Value,
};

/// Octets of a pattern.
const PATTERN_OCTETS_MAX: usize = 4_096;
/// Octets of a pattern that was made ready.
const READY_OCTETS_MAX: usize = 1 << 20;
/// Patterns kept ready.
const READY_MAX: usize = 64;
/// Columns of an error of the pattern's own that are shown.
const SHOWN_COLUMNS: usize = 200;

/// Patterns that were made ready: one is asked of many objects.
#[derive(Debug, Default)]
pub(crate) struct Patterns(HashMap<String, Regex>);

impl Patterns {
    /// The pattern of this text.
    pub(crate) fn get(&mut self, text: &str, span: Span) -> Result<&Regex, ScriptError> {
        if self.0.len() >= READY_MAX && !self.0.contains_key(text) {
            self.0.clear();
        }
        match self.0.entry(text.to_owned()) {
            std::collections::hash_map::Entry::Occupied(ready) => Ok(ready.into_mut()),
            std::collections::hash_map::Entry::Vacant(free) => Ok(free.insert(ready(text, span)?)),
        }
    }
}

fn ready(text: &str, span: Span) -> Result<Regex, ScriptError> {
    if text.len() > PATTERN_OCTETS_MAX {
        return Err(ScriptError::new(
            span,
            format!(
                "the pattern has {} octets, the limit is {PATTERN_OCTETS_MAX}",
                text.len()
            ),
            "divide it, or use -in for many values",
        ));
    }
    let built = RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(READY_OCTETS_MAX)
        .dfa_size_limit(READY_OCTETS_MAX)
        .build();
    built.map_err(|error| {
        // The last line says what is wrong; those before draw the pattern.
        let said = error.to_string();
        let why = said.lines().last().unwrap_or_default();
        let why: String = why.trim().chars().take(SHOWN_COLUMNS).collect();
        ScriptError::new(
            span,
            format!("it is no regular expression: {why}"),
            "write \\ before . ( ) [ ] { } * + ? | ^ $ that stand for themselves, or use -like with *",
        )
    })
}

/// Looks at a pattern that stands there as it is.
pub(crate) fn check(operator: Operator, right: &Expression) -> Result<(), ScriptError> {
    let is_pattern = matches!(
        operator,
        Operator::Match | Operator::NotMatch | Operator::Replace | Operator::Split
    );
    let first = match &right.node {
        Node::List(items) => items.first().unwrap_or(right),
        _ => right,
    };
    match &first.node {
        Node::Literal(Value::Text(text)) if is_pattern => ready(text, first.span).map(|_| ()),
        _ => Ok(()),
    }
}

/// A replacement as PowerShell writes it: `$1` is a group whatever follows it.
pub(crate) fn replacement(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match after.get(..digits).filter(|digits| !digits.is_empty()) {
            Some(number) => out.push_str(&format!("${{{number}}}")),
            None if after.starts_with('$') || after.starts_with('{') => out.push('$'),
            None if after.starts_with('&') => out.push_str("${0}"),
            // It stands for itself.
            None => out.push_str("$$"),
        }
        let taken = match after.chars().next() {
            Some('$') if digits == 0 => {
                out.push('$');
                1
            }
            Some('&') if digits == 0 => 1,
            _ => digits,
        };
        rest = after.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_read_as_powershell_writes_them() {
        for (text, pattern, replacement_text, expect) in [
            (
                "anna@example.org",
                "@.*$",
                "@example.net",
                "anna@example.net",
            ),
            ("Berg, Anna", r"^(\w+), (\w+)$", "$2 $1x", "Anna Bergx"),
            ("a", "a", "$$", "$"),
            ("a", "a", "5$", "5$"),
            ("ab", "(?<one>a)", "${one}$&", "aab"),
        ] {
            let mut patterns = Patterns::default();
            let regex = patterns.get(pattern, Span::default()).unwrap();
            let done = regex.replace_all(text, replacement(replacement_text));
            assert_eq!(done, expect, "{replacement_text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        let mut patterns = Patterns::default();
        for (text, part) in [
            ("(a", "unclosed group"),
            ("a(?=b)", "look-around"),
            ("*", "repetition"),
            (&"a".repeat(5_000), "octets"),
            ("(a{1000}){1000}", "no regular expression"),
        ] {
            let error = patterns.get(text, Span::default()).unwrap_err();
            assert!(error.problem.contains(part), "{error:?}");
        }
        assert!(
            patterns
                .get("ÄRMEL", Span::default())
                .unwrap()
                .is_match("ärmel")
        );
    }
}
