//! Commands: a name, parameters, values.

use super::{Parser, is_dash, is_double, is_name, is_single};
use crate::{
    error::ScriptError,
    syntax::{Argument, Command, Expression, Node, Piece, Span},
    value::Value,
};

/// Words of PowerShell that are no commands and not part of this language.
const KEYWORDS: [&str; 14] = [
    "if", "else", "elseif", "foreach", "for", "while", "do", "switch", "function", "param", "try",
    "return", "trap", "filter",
];

/// What ends a word.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | ';' | '(' | ')' | '{' | '}' | ',' | '&' | '<' | '>')
}

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Result<Command, ScriptError> {
        let start = self.at;
        let name: String = self
            .take_while(|c| !ends_word(c) && !is_single(c) && !is_double(c))
            .chars()
            .map(|c| if is_dash(c) { '-' } else { c })
            .collect();
        let span = self.span_from(start);
        if name.is_empty() {
            return Err(match self.peek() {
                None => ScriptError::incomplete(span, "a command is missing", ""),
                Some(_) => self.unexpected(),
            });
        }
        if !name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '?' | '%' | '_')) {
            return Err(ScriptError::new(
                span,
                format!("{name} stands where a value or a command is wanted"),
                "a command is a verb and a noun, such as Get-Mailbox; put text between quotes",
            ));
        }
        // `foreach` behind a bar is a short name of ForEach-Object; a block follows it.
        let follows_parenthesis = self
            .rest()
            .trim_start_matches(super::is_blank)
            .starts_with('(');
        if KEYWORDS.contains(&name.to_ascii_lowercase().as_str())
            && (!name.eq_ignore_ascii_case("foreach") || follows_parenthesis)
        {
            return Err(ScriptError::new(
                span,
                format!("{name} is not part of this language"),
                "use Where-Object and ForEach-Object, or a script that calls `mailward shell -c`",
            ));
        }
        let mut arguments = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                None | Some('|' | ';' | '\n' | ')' | '}') => break,
                _ => arguments.push(self.argument()?),
            }
        }
        Ok(Command {
            name,
            span,
            arguments,
        })
    }

    fn argument(&mut self) -> Result<Argument, ScriptError> {
        let start = self.at;
        let (first, second) = (self.peek(), self.second());
        let is_parameter = first.is_some_and(is_dash)
            && second.is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '?'));
        if is_parameter {
            self.bump();
            let name = match self.take('?') {
                true => "?".to_owned(),
                false => self.take_while(is_name).to_owned(),
            };
            let span = self.span_from(start);
            let value = if self.take(':') {
                self.blanks()?;
                Some(self.argument_values()?)
            } else {
                None
            };
            return Ok(Argument::Named { name, value, span });
        }
        if first == Some('@') && second.is_some_and(is_name) {
            self.bump();
            let name = self.take_while(is_name).to_owned();
            let span = self.span_from(start);
            return Ok(Argument::Splat { name, span });
        }
        self.argument_values().map(Argument::Value)
    }

    /// A value, or several with commas between them.
    fn argument_values(&mut self) -> Result<Expression, ScriptError> {
        let first = self.argument_value()?;
        let mut values = vec![first];
        loop {
            let before = self.at;
            self.blanks()?;
            if !self.take(',') {
                self.at = before;
                break;
            }
            self.lines()?;
            values.push(self.argument_value()?);
        }
        Ok(list(values))
    }

    fn argument_value(&mut self) -> Result<Expression, ScriptError> {
        let value = match self.peek() {
            Some('$' | '(' | '@' | '{') => self.postfix()?,
            Some(c) if is_single(c) || is_double(c) => self.postfix()?,
            _ => return self.word(),
        };
        match self.peek() {
            None => Ok(value),
            Some(c) if ends_word(c) => Ok(value),
            Some(_) => Err(self.here(
                "a value ends here, and something follows it without a blank",
                "write a blank, or put all of it between double quotes",
            )),
        }
    }

    /// A word without quotes; variables in it are put in.
    fn word(&mut self) -> Result<Expression, ScriptError> {
        let start = self.at;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut plain = String::new();
        while let Some(c) = self.peek() {
            if ends_word(c) {
                break;
            }
            if is_single(c) || is_double(c) || c == '$' {
                let flush = std::mem::take(&mut plain);
                if !flush.is_empty() {
                    pieces.push(Piece::Plain(flush));
                }
                if c == '$' {
                    match self.piece()? {
                        Piece::Plain(dollar) => plain.push_str(&dollar),
                        piece => pieces.push(piece),
                    }
                } else {
                    let quoted = self.string()?;
                    match quoted.node {
                        Node::Literal(value) => plain.push_str(&value.text()),
                        Node::Text(parts) => pieces.extend(parts),
                        _ => {}
                    }
                }
                continue;
            }
            if c == '`' {
                self.bump();
                plain.extend(self.escaped());
                continue;
            }
            plain.push(c);
            self.bump();
        }
        let span = self.span_from(start);
        if span.start == span.end {
            return Err(match self.peek() {
                None => ScriptError::incomplete(
                    Span::new(start, start),
                    "a value is missing",
                    "write it",
                ),
                Some(',') => self.here("a value is missing before the comma", "write it"),
                Some(_) => self.unexpected(),
            });
        }
        let node = if pieces.is_empty() {
            Node::Literal(Value::Text(plain))
        } else {
            if !plain.is_empty() {
                pieces.push(Piece::Plain(plain));
            }
            Node::Text(pieces)
        };
        Ok(Expression { node, span })
    }
}

/// One value, or a list of several.
pub(super) fn list(mut values: Vec<Expression>) -> Expression {
    let span = match (values.first(), values.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    };
    match values.pop() {
        Some(only) if values.is_empty() => only,
        Some(last) => {
            values.push(last);
            Expression {
                node: Node::List(values),
                span,
            }
        }
        None => Expression {
            node: Node::Literal(Value::Null),
            span,
        },
    }
}
