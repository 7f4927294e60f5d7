//! Statements: a pipeline, `if`, `foreach`, and what a variable takes of them.

use super::{Parser, is_blank, is_name};
use crate::{
    error::ScriptError,
    syntax::{Action, Pipeline, Script, Span, Statement},
};

/// Branches of one `if`.
const BRANCHES_MAX: usize = 64;

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement, ScriptError> {
        let start = self.at;
        let assigned = self.assigned();
        if assigned.is_some() {
            self.lines()?;
        }
        let action = self.action()?;
        let (variable, adds) = match assigned {
            Some((name, adds)) => (Some(name), adds),
            None => (None, false),
        };
        Ok(Statement {
            variable,
            adds,
            action,
            span: self.span_from(start),
        })
    }

    /// `$name =` or `$name +=`; nothing is taken where it is neither.
    fn assigned(&mut self) -> Option<(String, bool)> {
        let start = self.at;
        let found = self.take('$').then(|| self.take_while(is_name).to_owned());
        let found = found.filter(|name| !name.is_empty());
        let found = found.and_then(|name| {
            self.take_while(is_blank);
            let adds = self.take('+');
            let equals = self.take('=') && self.peek() != Some('=');
            equals.then_some((name, adds))
        });
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn action(&mut self) -> Result<Action, ScriptError> {
        let start = self.at;
        if self.keyword("if", true) {
            return self.deeper(|parser| parser.branches(start));
        }
        if self.keyword("foreach", true) {
            return self.deeper(|parser| parser.for_each(start));
        }
        if self.keyword("break", false) {
            return Ok(Action::Break);
        }
        if self.keyword("continue", false) {
            return Ok(Action::Continue);
        }
        self.pipeline().map(Action::Pipeline)
    }

    /// Takes a word, in any case, where it stands here: before a parenthesis, or alone.
    fn keyword(&mut self, word: &str, opens: bool) -> bool {
        let start = self.at;
        let found = self.take_while(char::is_alphabetic);
        let fits = found.eq_ignore_ascii_case(word);
        if fits {
            let after = self.at;
            self.take_while(is_blank);
            let next = self.peek();
            let stands = match opens {
                true => next == Some('('),
                false => matches!(next, None | Some('\n' | ';' | ')' | '}' | '#')),
            };
            if stands {
                self.at = after;
                return true;
            }
        }
        self.at = start;
        false
    }

    /// What stands between the parentheses behind a keyword.
    fn condition(&mut self, keyword: Span) -> Result<Pipeline, ScriptError> {
        self.blanks()?;
        let open = self.at;
        if !self.take('(') {
            return Err(ScriptError::new(
                keyword,
                "no parenthesis follows",
                "write if ($x -eq 'value') { … }",
            ));
        }
        self.lines()?;
        let pipeline = self.pipeline()?;
        self.lines()?;
        self.close(')', open)?;
        Ok(pipeline)
    }

    /// The statements between braces.
    fn body(&mut self, keyword: Span) -> Result<Script, ScriptError> {
        self.lines()?;
        let open = self.at;
        if !self.take('{') {
            let (problem, mend) = ("the statements are missing", "write them as { … }");
            return Err(match self.peek() {
                None => ScriptError::incomplete(keyword, problem, mend),
                Some(_) => self.here(problem, mend),
            });
        }
        let script = self.script()?;
        self.close('}', open)?;
        Ok(script)
    }

    fn branches(&mut self, start: usize) -> Result<Action, ScriptError> {
        let keyword = self.span_from(start);
        let condition = self.condition(keyword)?;
        let mut branches = vec![(condition, self.body(keyword)?)];
        loop {
            let before = self.at;
            self.lines()?;
            let at = self.at;
            if self.keyword("elseif", true) {
                let keyword = self.span_from(at);
                let condition = self.condition(keyword)?;
                branches.push((condition, self.body(keyword)?));
                if branches.len() > BRANCHES_MAX {
                    return Err(
                        self.here(format!("more than {BRANCHES_MAX} branches"), "divide it")
                    );
                }
                continue;
            }
            if self.word_follows("else") {
                let keyword = self.span_from(at);
                return Ok(Action::If {
                    branches,
                    otherwise: Some(self.body(keyword)?),
                });
            }
            self.at = before;
            return Ok(Action::If {
                branches,
                otherwise: None,
            });
        }
    }

    /// Takes a word where a brace or a line end may follow it.
    fn word_follows(&mut self, word: &str) -> bool {
        let start = self.at;
        let found = self.take_while(char::is_alphabetic);
        let next = self.peek();
        let ends = next.is_none_or(|c| c == '{' || c == '\n' || is_blank(c));
        if found.eq_ignore_ascii_case(word) && ends {
            return true;
        }
        self.at = start;
        false
    }

    fn for_each(&mut self, start: usize) -> Result<Action, ScriptError> {
        const FORM: &str = "write foreach ($x in Get-Mailbox) { … }";
        let keyword = self.span_from(start);
        self.blanks()?;
        let open = self.at;
        self.bump();
        self.lines()?;
        let variable = match self.take('$') {
            true => self.take_while(is_name).to_owned(),
            false => String::new(),
        };
        if variable.is_empty() {
            return Err(self.here("the variable of foreach is missing", FORM));
        }
        self.lines()?;
        if !self.word_follows("in") {
            return Err(self.here("in is missing behind the variable", FORM));
        }
        self.lines()?;
        let over = self.pipeline()?;
        self.lines()?;
        self.close(')', open)?;
        Ok(Action::ForEach {
            variable,
            over,
            body: self.body(keyword)?,
        })
    }
}
