//! Expressions: what stands between operators, and the operators.

use super::{OPERATORS_MAX, Parser, is_dash, is_double, is_name, is_single};
use crate::{
    error::ScriptError,
    syntax::{Expression, Node, Operator, Span},
    value::{Value, number},
};

/// What does the same as methods that people are used to.
const METHODS: [(&str, &str); 15] = [
    ("startswith", "write -like 'beginning*'"),
    ("endswith", "write -like '*end'"),
    ("contains", "write -like '*part*', or -contains for a list"),
    ("replace", "write -replace 'this','that'"),
    ("split", "write -split ','"),
    ("tostring", "write \"$( … )\""),
    (
        "tolower",
        "texts are compared without regard to case; leave it out",
    ),
    (
        "toupper",
        "texts are compared without regard to case; leave it out",
    ),
    ("trim", "write -replace '^\\s+|\\s+$',''"),
    ("tomb", "divide it: $_.Size / 1MB"),
    ("togb", "divide it: $_.Size / 1GB"),
    (
        "adddays",
        "times before now are written as 2h or 3d: -Start 3d",
    ),
    (
        "addhours",
        "times before now are written as 2h or 3d: -Start 2h",
    ),
    (
        "addminutes",
        "times before now are written as 30m: -Start 30m",
    ),
    ("foreach", "write | ForEach-Object { … }"),
];

fn instead(method: &str) -> &'static str {
    let lower = method.to_ascii_lowercase();
    let mut methods = METHODS.iter();
    let found = methods.find(|(name, _)| *name == lower);
    found.map_or(
        "use a command such as Where-Object or Select-Object",
        |(_, mend)| mend,
    )
}

/// Entries of one `@{ … }`.
const ENTRIES_MAX: usize = 256;

impl Parser<'_> {
    /// Values joined by operators that bind at least as tightly as `rank`.
    pub(super) fn expression(&mut self, rank: u8) -> Result<Expression, ScriptError> {
        let mut left = self.deeper(Self::unary)?;
        let mut operators = 0;
        loop {
            let before = self.at;
            self.blanks()?;
            let Some(operator) = self.operator()? else {
                self.at = before;
                return Ok(left);
            };
            if operator.rank() < rank {
                self.at = before;
                return Ok(left);
            }
            operators += 1;
            if operators > OPERATORS_MAX {
                return Err(ScriptError::new(
                    left.span,
                    format!("more than {OPERATORS_MAX} operators in one expression"),
                    "divide it",
                ));
            }
            self.lines()?;
            let right = self.deeper(|parser| parser.expression(operator.rank() + 1))?;
            let span = left.span.to(right.span);
            left = Expression {
                node: Node::Binary(operator, Box::new(left), Box::new(right)),
                span,
            };
        }
    }

    /// The operator that stands here.
    fn operator(&mut self) -> Result<Option<Operator>, ScriptError> {
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        if is_dash(c) && self.second().is_some_and(char::is_alphabetic) {
            self.bump();
            let word = self.take_while(char::is_alphabetic);
            return match Operator::of_word(word) {
                Some(operator) => Ok(Some(operator)),
                None => {
                    let known: Vec<&str> = Operator::WORDS.iter().map(|(word, _)| *word).collect();
                    let near =
                        mailward_api::assignment::nearest(&word.to_ascii_lowercase(), &known);
                    let mend = match near {
                        Some(near) => format!("did you mean -{near}?"),
                        None => format!("the operators are -{}", known.join(", -")),
                    };
                    Err(ScriptError::new(
                        self.span_from(start),
                        format!("-{word} is not an operator here"),
                        mend,
                    ))
                }
            };
        }
        let operator = match c {
            '+' => Operator::Plus,
            '*' => Operator::Times,
            '/' => Operator::Over,
            '%' => Operator::Rest,
            c if is_dash(c) => Operator::Minus,
            '=' | '!' => {
                return Err(self.here("values are not compared with = here", "write -eq or -ne"));
            }
            _ => return Ok(None),
        };
        self.bump();
        Ok(Some(operator))
    }

    fn unary(&mut self) -> Result<Expression, ScriptError> {
        let start = self.at;
        let wrap = |parser: &mut Self, node: fn(Box<Expression>) -> Node| {
            parser.blanks()?;
            let inner = parser.deeper(Self::unary)?;
            Ok(Expression {
                span: Span::new(start, inner.span.end),
                node: node(Box::new(inner)),
            })
        };
        if self.take('!') {
            return wrap(self, Node::Not);
        }
        let Some(c) = self.peek() else {
            return Err(ScriptError::incomplete(
                Span::new(start, start),
                "a value is missing",
                "write it",
            ));
        };
        if is_dash(c) {
            self.bump();
            let word = self.take_while(char::is_alphabetic);
            return match word {
                "" => wrap(self, Node::Minus),
                word if word.eq_ignore_ascii_case("not") => wrap(self, Node::Not),
                word => Err(ScriptError::new(
                    self.span_from(start),
                    format!("-{word} needs a value before it"),
                    "write the value, or a command's name before its parameters",
                )),
            };
        }
        self.commas(Self::postfix)
    }

    /// A value and what is asked of it: `.Name`, `[0]`.
    pub(super) fn postfix(&mut self) -> Result<Expression, ScriptError> {
        let mut value = self.primary()?;
        let mut steps = 0;
        loop {
            let start = self.at;
            let asks = self.peek() == Some('.') && self.second().is_some_and(is_name);
            if asks {
                self.bump();
                let name = self.take_while(is_name).to_owned();
                if self.peek() == Some('(') {
                    return Err(ScriptError::new(
                        self.span_from(start),
                        format!("values have no methods here, so none called {name}"),
                        instead(&name),
                    ));
                }
                value = Expression {
                    span: value.span.to(self.span_from(start)),
                    node: Node::Member(Box::new(value), name),
                };
            } else if self.peek() == Some('[') {
                self.bump();
                self.lines()?;
                let index = self.deeper(|parser| parser.expression(0))?;
                self.lines()?;
                self.close(']', start)?;
                value = Expression {
                    span: value.span.to(self.span_from(start)),
                    node: Node::Index(Box::new(value), Box::new(index)),
                };
            } else {
                return Ok(value);
            }
            steps += 1;
            if steps > super::DEPTH_MAX {
                return Err(self.here("too many properties of properties", "divide it"));
            }
        }
    }

    pub(super) fn close(&mut self, wanted: char, opened: usize) -> Result<(), ScriptError> {
        if self.take(wanted) {
            return Ok(());
        }
        let problem = format!("{wanted:?} is missing");
        match self.peek() {
            None => Err(ScriptError::incomplete(
                Span::new(opened, opened + 1),
                problem,
                format!("write {wanted} where it ends"),
            )),
            Some(_) => Err(self.here(problem, format!("write {wanted} before this"))),
        }
    }

    fn primary(&mut self) -> Result<Expression, ScriptError> {
        let start = self.at;
        let node = match self.peek() {
            Some(c) if is_single(c) || is_double(c) => return self.string(),
            Some('$') if self.second() == Some('(') => {
                self.bump();
                self.bump();
                Node::Sub(self.inner(start)?)
            }
            Some('$') => {
                let (name, _) = self.variable()?;
                match name.to_ascii_lowercase().as_str() {
                    "true" => Node::Literal(Value::Bool(true)),
                    "false" => Node::Literal(Value::Bool(false)),
                    "null" => Node::Literal(Value::Null),
                    _ => Node::Variable(name),
                }
            }
            Some('(') => {
                self.bump();
                Node::Sub(self.inner(start)?)
            }
            Some('@') if self.second() == Some('(') => {
                self.bump();
                self.bump();
                Node::Array(self.inner(start)?)
            }
            Some('@') if self.second() == Some('{') => {
                self.bump();
                self.bump();
                self.deeper(|parser| parser.table(start))?
            }
            Some('@') if self.second().is_some_and(|c| is_single(c) || is_double(c)) => {
                return self.here_string();
            }
            Some('{') => Node::Block(self.block()?),
            Some(c) if c.is_ascii_digit() => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '.');
                match number(word) {
                    Some(value) => Node::Literal(value),
                    None => {
                        return Err(ScriptError::new(
                            self.span_from(start),
                            format!("{word} is not a number"),
                            "write digits, with KB, MB or GB behind them; put text between quotes",
                        ));
                    }
                }
            }
            Some('[') => {
                return Err(self.here(
                    "types are not named here",
                    "leave the type and its brackets out",
                ));
            }
            Some(c) if is_name(c) => {
                let word = self.take_while(|c| is_name(c) || is_dash(c) || c == '@' || c == '.');
                return Err(ScriptError::new(
                    self.span_from(start),
                    format!("{word} is neither a value nor a variable"),
                    format!("put text between quotes: '{word}'"),
                ));
            }
            Some(c) => {
                return Err(self.here(
                    format!("{c:?} is not the beginning of a value"),
                    "put text between quotes",
                ));
            }
            None => {
                return Err(ScriptError::incomplete(
                    Span::new(start, start),
                    "a value is missing",
                    "write it",
                ));
            }
        };
        Ok(Expression {
            node,
            span: self.span_from(start),
        })
    }

    /// Statements up to the parenthesis that closes what was opened at `start`.
    pub(super) fn inner(&mut self, start: usize) -> Result<crate::syntax::Script, ScriptError> {
        let script = self.deeper(Self::script)?;
        self.close(')', start)?;
        Ok(script)
    }

    /// The entries of `@{`.
    fn table(&mut self, start: usize) -> Result<Node, ScriptError> {
        let mut entries: Vec<(String, Expression)> = Vec::new();
        loop {
            self.lines()?;
            if self.take(';') {
                continue;
            }
            if self.take('}') {
                return Ok(Node::Table(entries));
            }
            let at = self.at;
            let key = match self.peek() {
                Some(c) if is_single(c) || is_double(c) => match self.string()?.node {
                    Node::Literal(value) => value.text(),
                    _ => String::new(),
                },
                Some(_) => self.take_while(is_name).to_owned(),
                None => {
                    return Err(ScriptError::incomplete(
                        Span::new(start, start + 2),
                        "the table is not closed",
                        "write } where it ends",
                    ));
                }
            };
            if key.is_empty() {
                return Err(self.here(
                    "the name of an entry is missing",
                    "write @{ Name = 'value'; Other = 'value' }",
                ));
            }
            let key_span = self.span_from(at);
            self.blanks()?;
            if !self.take('=') {
                let mend = "write @{ Name = 'value'; Other = 'value' }";
                return Err(match self.peek() {
                    None => ScriptError::incomplete(key_span, format!("{key} has no value"), mend),
                    Some(_) => self.here(format!("{key} has no value"), mend),
                });
            }
            self.lines()?;
            if entries
                .iter()
                .any(|(one, _)| one.eq_ignore_ascii_case(&key))
            {
                return Err(ScriptError::new(
                    key_span,
                    format!("{key} stands there already"),
                    "give each name once",
                ));
            }
            entries.push((key, self.expression(0)?));
            if entries.len() > ENTRIES_MAX {
                return Err(self.here(format!("more than {ENTRIES_MAX} entries"), "divide it"));
            }
        }
    }

    /// The place of what stands between braces. Quotes and comments in it are respected, so that a
    /// brace within them does not count.
    fn block(&mut self) -> Result<Span, ScriptError> {
        let start = self.at;
        self.bump();
        let inner = self.at;
        let unclosed = |what: &str| {
            ScriptError::incomplete(
                Span::new(start, start + 1),
                format!("{what} is not closed"),
                "write } where it ends",
            )
        };
        let mut open = 1_usize;
        let mut before = '{';
        while let Some(c) = self.bump() {
            match c {
                '{' => open += 1,
                '}' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Span::new(inner, self.at - 1));
                    }
                }
                '`' => {
                    self.bump();
                }
                '#' if before.is_whitespace() => {
                    self.take_while(|c| c != '\n');
                }
                c if is_single(c) => {
                    self.take_while(|c| !is_single(c));
                    self.bump().ok_or_else(|| unclosed("a text in the block"))?;
                }
                c if is_double(c) => loop {
                    match self.bump() {
                        None => return Err(unclosed("a text in the block")),
                        Some('`') => {
                            self.bump();
                        }
                        Some(c) if is_double(c) => break,
                        Some(_) => {}
                    }
                },
                _ => {}
            }
            before = c;
        }
        Err(unclosed("the block"))
    }
}
