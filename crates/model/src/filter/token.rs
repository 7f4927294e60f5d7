//! The words of a filter: parentheses, operators, names, strings, numbers.
//!
//! Typographic quotes and dashes, which word processors put in place of the plain ones, are read as
//! those.

use std::ops::Range;

use super::{FilterError, TEXT_OCTETS_MAX};

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) at: Range<usize>,
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Open,
    Close,
    /// `-eq`, `-and`, `!`: without its hyphen, in lower case; `!` is `not`.
    Operator(String),
    /// A text in quotes, the quotes taken off and the doubled ones made single.
    Quoted(String),
    /// `$true`: without its dollar sign, in lower case.
    System(String),
    /// A name or a number.
    Bare(String),
}

impl Word {
    /// The word as it is named in an error.
    pub(super) fn shown(&self) -> String {
        match self {
            Word::Open => "(".to_owned(),
            Word::Close => ")".to_owned(),
            Word::Operator(name) => format!("-{name}"),
            Word::Quoted(text) => format!("'{text}'"),
            Word::System(name) => format!("${name}"),
            Word::Bare(text) => text.clone(),
        }
    }
}

/// The plain quote a character stands for, where it is one.
fn quote(c: char) -> Option<char> {
    match c {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => Some('\''),
        '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' => Some('"'),
        _ => None,
    }
}

/// True for the hyphen and the dashes that stand in its place.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

/// Splits a text into its words.
///
/// # Errors
/// A quote that is not closed, a character that begins no word, a text that is too long.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    if text.len() > TEXT_OCTETS_MAX {
        return Err(FilterError::new(
            text,
            TEXT_OCTETS_MAX..TEXT_OCTETS_MAX,
            format!(
                "the filter has {} octets, the limit is {TEXT_OCTETS_MAX}",
                text.len()
            ),
            "set an attribute on the recipients that are meant, and filter by it",
        ));
    }
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        if c.is_whitespace() {
            continue;
        }
        let word = match c {
            '(' => Word::Open,
            ')' => Word::Close,
            '!' => Word::Operator("not".to_owned()),
            '$' => Word::System(take_name(&mut rest).to_ascii_lowercase()),
            // A number may be negative; an operator begins with a letter.
            c if is_dash(c) && !rest.peek().is_some_and(|(_, next)| next.is_ascii_digit()) => {
                Word::Operator(take_name(&mut rest).to_ascii_lowercase())
            }
            c => match quote(c) {
                Some(kind) => Word::Quoted(take_quoted(text, start, kind, &mut rest)?),
                None => {
                    let mut bare = if is_dash(c) {
                        "-".to_owned()
                    } else {
                        c.to_string()
                    };
                    while let Some((_, next)) = rest.peek().copied() {
                        if next.is_whitespace()
                            || matches!(next, '(' | ')' | '!')
                            || quote(next).is_some()
                        {
                            break;
                        }
                        bare.push(next);
                        rest.next();
                    }
                    Word::Bare(bare)
                }
            },
        };
        let end = rest.peek().map_or(text.len(), |(at, _)| *at);
        tokens.push(Token {
            word,
            at: start..end,
        });
    }
    Ok(tokens)
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn take_name(rest: &mut Chars<'_>) -> String {
    let mut name = String::new();
    while let Some((_, c)) = rest.peek().copied().filter(|(_, c)| c.is_alphanumeric()) {
        name.push(c);
        rest.next();
    }
    name
}

/// The text up to the closing quote. A doubled quote stands for one.
fn take_quoted(
    text: &str,
    start: usize,
    kind: char,
    rest: &mut Chars<'_>,
) -> Result<String, FilterError> {
    let mut taken = String::new();
    while let Some((_, c)) = rest.next() {
        if quote(c) != Some(kind) {
            taken.push(c);
            continue;
        }
        if rest
            .peek()
            .is_some_and(|(_, next)| quote(*next) == Some(kind))
        {
            rest.next();
            taken.push(kind);
            continue;
        }
        return Ok(taken);
    }
    Err(FilterError::new(
        text,
        start..text.len(),
        "this quote is not closed",
        format!("add {kind} at the end of the value; a quote within it is written twice"),
    ))
}
