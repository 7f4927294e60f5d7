//! Commands: a name, parameters, values.

use super::{Parser, is_dash, is_double, is_name, is_single};
use crate::{
    error::ScriptError,
    syntax::{Argument, Command, Expression, Node, Piece, Span},
    value::Value,
};

const LOOP: &str = "write foreach ($x in …) { … }, or … | ForEach-Object { … }";
const ERRORS: &str = "write -ErrorAction SilentlyContinue, Continue or Stop behind a command";
const FORM: &str = "write if ($x -eq 'value') { … } elseif ( … ) { … } else { … }";
const NO_FUNCTION: &str = "write it out where it is used, or call `mailward shell` from a script";

/// Words of PowerShell that are no commands here, each with what to write instead.
const KEYWORDS: [(&str, &str); 15] = [
    ("if", FORM),
    ("else", FORM),
    ("elseif", FORM),
    ("foreach", LOOP),
    ("for", LOOP),
    ("while", LOOP),
    ("do", LOOP),
    ("switch", FORM),
    ("function", NO_FUNCTION),
    ("filter", NO_FUNCTION),
    ("param", NO_FUNCTION),
    ("try", ERRORS),
    ("trap", ERRORS),
    ("throw", ERRORS),
    (
        "return",
        "write exit, or if ( … ) { … } around what shall not be done",
    ),
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
        let lower = name.to_ascii_lowercase();
        let keyword = KEYWORDS.iter().find(|(word, _)| *word == lower);
        if let Some((word, mend)) = keyword
            && (*word != "foreach" || follows_parenthesis)
        {
            return Err(ScriptError::new(
                span,
                format!("{name} cannot stand here"),
                *mend,
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
        self.commas(Self::argument_value)
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
