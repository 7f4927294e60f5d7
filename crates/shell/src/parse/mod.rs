//! From text to [`Script`]: PowerShell's forms, as far as an administrator of mail needs them.
//!
//! Typographic quotes and dashes stand for the straight ones, as mail programs and web pages turn
//! them. One pass over the text; what stands between braces is read by whoever takes it. Limits:
//! [`TEXT_OCTETS_MAX`], [`DEPTH_MAX`], [`OPERATORS_MAX`].

mod command;
mod expression;
mod statement;
mod string;

use crate::{
    error::ScriptError,
    syntax::{Action, Expression, Node, Pipeline, Script, Span, Stage},
    value::Value,
};

/// Octets of a script. One that creates 10,000 recipients is below it.
pub const TEXT_OCTETS_MAX: usize = 4 << 20;
/// Parentheses and the like within each other.
pub const DEPTH_MAX: usize = 24;
/// Operators of one expression.
pub const OPERATORS_MAX: usize = 256;

/// Reads a script.
///
/// # Errors
/// What is wrong first, and where.
pub fn parse(source: &str) -> Result<Script, ScriptError> {
    parse_part(source, Span::new(0, source.len()))
}

/// Reads what stands at a place of the text: a block.
pub(crate) fn parse_part(source: &str, part: Span) -> Result<Script, ScriptError> {
    if source.len() > TEXT_OCTETS_MAX {
        return Err(ScriptError::new(
            Span::new(TEXT_OCTETS_MAX, TEXT_OCTETS_MAX + 1),
            format!(
                "the script has {} octets, the limit is {TEXT_OCTETS_MAX}",
                source.len()
            ),
            "divide it",
        ));
    }
    let mut parser = Parser {
        source,
        at: part.start,
        end: part.end,
        depth: 0,
    };
    let script = parser.script()?;
    match parser.peek() {
        None => Ok(script),
        Some(c) => Err(parser.here(
            format!("{c:?} closes nothing"),
            "take it out, or open what it closes",
        )),
    }
}

/// What stands for `'`.
pub(crate) fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201b}')
}

/// What stands for `"`.
pub(crate) fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201e}')
}

/// What stands for `-`.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}'..='\u{2015}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{a0}' | '\u{feff}')
}

/// A character of a name: of a variable, a parameter, a property.
pub(crate) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text and how far it was read.
struct Parser<'a> {
    source: &'a str,
    at: usize,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes the character where it is this one.
    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Takes characters as long as they are such.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.at)
    }

    /// An error about the next character.
    fn here(&self, problem: impl Into<String>, mend: impl Into<String>) -> ScriptError {
        let length = self.peek().map_or(1, char::len_utf8);
        ScriptError::new(Span::new(self.at, self.at + length), problem, mend)
    }

    /// Goes one level deeper for what is read now.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ScriptError>,
    ) -> Result<T, ScriptError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.here(
                format!("more than {DEPTH_MAX} levels within each other"),
                "put a part of it into a variable first",
            ));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    /// One of something, or several with commas between them: a list. A line may end behind a comma.
    fn commas(
        &mut self,
        read: impl Fn(&mut Self) -> Result<Expression, ScriptError>,
    ) -> Result<Expression, ScriptError> {
        let mut values = vec![read(self)?];
        loop {
            let before = self.at;
            self.blanks()?;
            if !self.take(',') {
                self.at = before;
                return Ok(list(values));
            }
            self.lines()?;
            values.push(read(self)?);
        }
    }

    /// Passes over blanks, comments and line ends that a backtick takes away.
    fn blanks(&mut self) -> Result<(), ScriptError> {
        loop {
            self.take_while(is_blank);
            let rest = self.rest();
            if rest.starts_with("<#") {
                let start = self.at;
                match rest.find("#>") {
                    Some(length) => self.at += length + 2,
                    None => {
                        return Err(ScriptError::incomplete(
                            Span::new(start, start + 2),
                            "the comment is not closed",
                            "write #> where it ends",
                        ));
                    }
                }
            } else if rest.starts_with('#') {
                self.take_while(|c| c != '\n');
            } else if rest.starts_with("`\n") || rest.starts_with("`\r\n") {
                self.take_while(|c| c != '\n');
                self.bump();
            } else if rest == "`" {
                return Err(ScriptError::incomplete(
                    Span::new(self.at, self.at + 1),
                    "the line goes on, and there is nothing more",
                    "",
                ));
            } else {
                return Ok(());
            }
        }
    }

    /// Passes over blanks and line ends.
    fn lines(&mut self) -> Result<(), ScriptError> {
        loop {
            self.blanks()?;
            if !self.take('\n') {
                return Ok(());
            }
        }
    }

    /// Statements up to the end or to what closes them.
    fn script(&mut self) -> Result<Script, ScriptError> {
        let mut statements = Vec::new();
        loop {
            self.lines()?;
            if self.take(';') {
                continue;
            }
            if matches!(self.peek(), None | Some(')' | '}')) {
                return Ok(Script { statements });
            }
            let statement = self.statement()?;
            // A closing brace ends a statement by itself.
            let braced = matches!(statement.action, Action::If { .. } | Action::ForEach { .. });
            statements.push(statement);
            self.blanks()?;
            if !braced && !matches!(self.peek(), None | Some('\n' | ';' | ')' | '}')) {
                return Err(self.unexpected());
            }
        }
    }

    /// What cannot stand here, and why.
    fn unexpected(&self) -> ScriptError {
        let rest = self.rest();
        if rest.starts_with("&&") || rest.starts_with("||") {
            return self.here(
                "commands are not chained with && or ||",
                "write ; between them, or -ErrorAction Stop",
            );
        }
        match self.peek() {
            Some('>' | '<') => self.here(
                "output is not redirected here",
                "write | Export-Csv FILE, or redirect the shell's own output",
            ),
            Some('&') => self.here("nothing runs in the background here", "take & out"),
            Some(c) => self.here(
                format!("{c:?} cannot stand here"),
                "write ; before another command",
            ),
            None => {
                ScriptError::incomplete(Span::new(self.at, self.at), "there is more to come", "")
            }
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, ScriptError> {
        let mut stages = vec![self.first_stage()?];
        loop {
            self.blanks()?;
            // A line may begin with the bar, too.
            let before = self.at;
            if self.peek() == Some('\n') {
                self.lines()?;
            }
            if self.peek() != Some('|') || self.second() == Some('|') {
                self.at = before;
                return Ok(Pipeline { stages });
            }
            let bar = self.at;
            self.bump();
            self.lines()?;
            if self.peek().is_none() {
                return Err(ScriptError::incomplete(
                    Span::new(bar, bar + 1),
                    "nothing follows the bar",
                    "write the next command, or take the bar out",
                ));
            }
            if self.starts_expression() {
                return Err(self.here(
                    "a value can only begin a pipeline",
                    "write a command behind the bar, such as ForEach-Object { … }",
                ));
            }
            stages.push(Stage::Command(self.command()?));
        }
    }

    fn first_stage(&mut self) -> Result<Stage, ScriptError> {
        self.blanks()?;
        if self.starts_expression() {
            return Ok(Stage::Expression(self.expression(0)?));
        }
        Ok(Stage::Command(self.command()?))
    }

    /// Whether a value begins here, and no command.
    fn starts_expression(&self) -> bool {
        match self.peek() {
            Some('$' | '(' | '@' | '{' | '!' | '[') => true,
            Some(c) if is_single(c) || is_double(c) || c.is_ascii_digit() => true,
            Some(c) if is_dash(c) => true,
            _ => false,
        }
    }
}

/// One value, or a list of several.
fn list(mut values: Vec<Expression>) -> Expression {
    let span = match (values.first(), values.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    };
    let node = match values.len() {
        0 => Node::Literal(Value::Null),
        1 => return values.remove(0),
        _ => Node::List(values),
    };
    Expression { node, span }
}

#[cfg(test)]
mod tests;
