//! Texts: between single quotes as they stand, between double quotes with variables and escapes.

use super::{Parser, is_double, is_name, is_single};
use crate::{
    error::ScriptError,
    syntax::{Expression, Node, Piece, Span},
    value::Value,
};

impl Parser<'_> {
    /// A text in quotes of either kind.
    pub(super) fn string(&mut self) -> Result<Expression, ScriptError> {
        let start = self.at;
        let single = self.bump().is_some_and(is_single);
        let node = if single {
            Node::Literal(Value::Text(self.single(start)?))
        } else {
            pieces(self.double(start)?)
        };
        Ok(Expression {
            node,
            span: self.span_from(start),
        })
    }

    fn single(&mut self, start: usize) -> Result<String, ScriptError> {
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| !is_single(c)));
            let Some(quote) = self.bump() else {
                return Err(unclosed(self.source, start));
            };
            // Doubled, it stands for itself.
            if !self.peek().is_some_and(is_single) {
                return Ok(text);
            }
            self.bump();
            text.push(quote);
        }
    }

    fn double(&mut self, start: usize) -> Result<Vec<Piece>, ScriptError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(unclosed(self.source, start));
            };
            match c {
                '$' => {
                    match self.piece()? {
                        Piece::Plain(dollar) => plain.push_str(&dollar),
                        piece => {
                            if !plain.is_empty() {
                                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                            }
                            pieces.push(piece);
                        }
                    }
                    continue;
                }
                '`' => {
                    self.bump();
                    plain.extend(self.escaped());
                    continue;
                }
                c if is_double(c) => {
                    self.bump();
                    if self.peek().is_some_and(is_double) {
                        self.bump();
                        plain.push(c);
                        continue;
                    }
                    if !plain.is_empty() || pieces.is_empty() {
                        pieces.push(Piece::Plain(plain));
                    }
                    return Ok(pieces);
                }
                c => plain.push(c),
            }
            self.bump();
        }
    }

    /// What a backtick and the next character stand for.
    pub(super) fn escaped(&mut self) -> Option<char> {
        Some(match self.bump()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            c => c,
        })
    }

    /// What stands at a `$` within a text: a variable, statements, or the sign itself.
    pub(super) fn piece(&mut self) -> Result<Piece, ScriptError> {
        let start = self.at;
        match self.second() {
            Some('(') => {
                self.bump();
                self.bump();
                Ok(Piece::Sub(self.inner(start)?))
            }
            Some(c) if is_name(c) || c == '{' => {
                let (name, span) = self.variable()?;
                match name.to_ascii_lowercase().as_str() {
                    "true" => Ok(Piece::Plain("True".to_owned())),
                    "false" => Ok(Piece::Plain("False".to_owned())),
                    "null" => Ok(Piece::Plain(String::new())),
                    _ => Ok(Piece::Variable(name, span)),
                }
            }
            _ => {
                self.bump();
                Ok(Piece::Plain("$".to_owned()))
            }
        }
    }

    /// `$name` or `${name}`.
    pub(super) fn variable(&mut self) -> Result<(String, Span), ScriptError> {
        let start = self.at;
        self.bump();
        let name = if self.take('{') {
            let name = self.take_while(|c| c != '}' && c != '\n').to_owned();
            if !self.take('}') {
                return Err(ScriptError::incomplete(
                    Span::new(start, start + 2),
                    "the variable's name is not closed",
                    "write } where it ends",
                ));
            }
            name
        } else {
            self.take_while(is_name).to_owned()
        };
        let span = self.span_from(start);
        if name.is_empty() {
            return Err(ScriptError::new(
                span,
                "a variable has no name",
                "write $name",
            ));
        }
        if self.peek() == Some(':') && self.second().is_some_and(is_name) {
            return Err(ScriptError::new(
                span,
                format!("variables have no scope or drive here, so ${name}: is none"),
                "write $name alone",
            ));
        }
        Ok((name, span))
    }

    /// `@'` or `@"`, a line end, lines, and the same backwards at the beginning of a line.
    pub(super) fn here_string(&mut self) -> Result<Expression, ScriptError> {
        let start = self.at;
        self.bump();
        let single = self.bump().is_some_and(is_single);
        self.take_while(super::is_blank);
        if !self.take('\n') {
            return Err(self.here(
                "the lines begin on the next line",
                "write a line end behind @' or @\"",
            ));
        }
        let first = self.at;
        let is_end = |line: &str| {
            let mut chars = line.chars();
            let quote = chars.next();
            let fits = quote.is_some_and(|c| if single { is_single(c) } else { is_double(c) });
            fits && chars.next() == Some('@')
        };
        let mut last = first;
        for line in self.rest().split_inclusive('\n') {
            if is_end(line) {
                let text_end = last.saturating_sub(1).max(first);
                let after = last + line.chars().take(2).map(char::len_utf8).sum::<usize>();
                let text = self.source.get(first..text_end).unwrap_or_default();
                let text = text.trim_end_matches('\r');
                let node = if single {
                    Node::Literal(Value::Text(text.to_owned()))
                } else {
                    pieces(self.expanded(first, first + text.len())?)
                };
                self.at = after;
                return Ok(Expression {
                    node,
                    span: self.span_from(start),
                });
            }
            last += line.len();
        }
        Err(unclosed(self.source, start))
    }

    /// The text of a place with its variables, quotes standing for themselves.
    fn expanded(&self, start: usize, end: usize) -> Result<Vec<Piece>, ScriptError> {
        let mut part = Parser {
            source: self.source,
            at: start,
            end,
            depth: self.depth,
        };
        let mut pieces = Vec::new();
        while let Some(c) = part.peek() {
            match c {
                '$' => pieces.push(part.piece()?),
                '`' => {
                    part.bump();
                    pieces.extend(part.escaped().map(|c| Piece::Plain(c.to_string())));
                }
                _ => {
                    let plain = part.take_while(|c| !matches!(c, '$' | '`'));
                    pieces.push(Piece::Plain(plain.to_owned()));
                }
            }
        }
        Ok(pieces)
    }
}

/// A text of pieces; a literal where nothing is put in.
fn pieces(mut pieces: Vec<Piece>) -> Node {
    if let [Piece::Plain(text)] = pieces.as_mut_slice() {
        return Node::Literal(Value::Text(std::mem::take(text)));
    }
    Node::Text(pieces)
}

fn unclosed(source: &str, start: usize) -> ScriptError {
    let quote = source.get(start..).and_then(|rest| rest.chars().next());
    let length = quote.map_or(1, char::len_utf8);
    ScriptError::incomplete(
        Span::new(start, start + length),
        "the text that begins here does not end",
        "close it with the same kind of quote; a quote within it is written twice",
    )
}
