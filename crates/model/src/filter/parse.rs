//! From words to a filter.
//!
//! `-and` and `-or` in one chain are refused: PowerShell reads them from left to right, LDAP and most
//! people give `-and` the precedence, and a filter that decides who is journaled must not depend on
//! who reads it. The error shows both readings.

use std::{marker::PhantomData, ops::Range, str::FromStr};

use super::{
    COMPARISONS_MAX, Catalogue, DEPTH_MAX, Filter, FilterError, PropertyType,
    attributes::{fold, link},
    comparison::{Comparison, Operator, Pattern, Wanted},
    node::Node,
    token::{Token, Word, tokens},
};

/// Operators of PowerShell that a server cannot answer from an index, and what to write instead.
const ELSEWHERE: [(&str, &str); 10] = [
    ("match", "-like 'beginning*'"),
    ("notmatch", "-notlike 'beginning*'"),
    (
        "contains",
        "-eq, which holds for a list where one value is equal",
    ),
    ("notcontains", "-ne"),
    ("in", "several comparisons with -or between them"),
    ("notin", "several comparisons with -and between them"),
    ("ceq", "-eq"),
    ("ieq", "-eq"),
    ("clike", "-like"),
    ("ilike", "-like"),
];

impl<P: Catalogue> FromStr for Filter<P> {
    type Err = FilterError;

    /// Parses a filter. The braces of a script block around it may stand.
    fn from_str(text: &str) -> Result<Filter<P>, FilterError> {
        let inner = without_braces(text);
        let tokens = tokens(&inner).map_err(|error| error.of(text))?;
        let mut parser = Parser {
            text,
            tokens: &tokens,
            at: 0,
            comparisons: 0,
            of: PhantomData,
        };
        let root = parser.chain(0)?;
        match parser.peek() {
            None => Ok(Filter { root }),
            Some(Word::Close) => Err(parser.error(
                "this parenthesis closes nothing",
                "take it out, or add the opening one",
            )),
            Some(_) => Err(parser.error(
                "here -and, -or or the end is expected",
                "put -and or -or between two comparisons",
            )),
        }
    }
}

/// The text with the braces of a script block made blank, so that places stay what they are.
fn without_braces(text: &str) -> String {
    let trimmed = text.trim();
    let inner = trimmed
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match inner {
        Some(inner) => {
            let before = text.len() - text.trim_start().len();
            format!("{} {inner}", " ".repeat(before))
        }
        None => text.to_owned(),
    }
}

struct Parser<'a, P> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    comparisons: usize,
    of: PhantomData<P>,
}

impl<P: Catalogue> Parser<'_, P> {
    fn peek(&self) -> Option<&Word> {
        self.tokens.get(self.at).map(|token| &token.word)
    }

    /// Where the present word stands; the end of the text where there is none.
    fn place(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        self.tokens
            .get(self.at)
            .map_or(end..end, |token| token.at.clone())
    }

    fn error(&self, problem: impl Into<String>, mend: impl Into<String>) -> FilterError {
        FilterError::new(self.text, self.place(), problem, mend)
    }

    fn error_at(
        &self,
        at: Range<usize>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> FilterError {
        FilterError::new(self.text, at, problem, mend)
    }

    fn takes_operator(&mut self, names: &[&'static str]) -> Option<&'static str> {
        let Some(Word::Operator(found)) = self.peek() else {
            return None;
        };
        let name = names.iter().copied().find(|name| name == found)?;
        self.at += 1;
        Some(name)
    }

    /// Comparisons and groups with `-and` or with `-or` between them.
    fn chain(&mut self, depth: usize) -> Result<Node<P>, FilterError> {
        let begin = self.place().start;
        let mut parts = vec![self.unary(depth)?];
        let mut words: Vec<&'static str> = Vec::new();
        let mut texts = vec![self.slice(begin)];
        while let Some(word) = self.takes_operator(&["and", "or"]) {
            words.push(word);
            let begin = self.place().start;
            parts.push(self.unary(depth)?);
            texts.push(self.slice(begin));
        }
        let mixed = words.iter().any(|word| Some(word) != words.first());
        if mixed {
            let end = begin + self.slice(begin).len();
            return Err(self.error_at(
                begin..end,
                "-and and -or stand side by side, which can be read in two ways",
                format!(
                    "write the one you mean: {}, or {}",
                    reading(&texts, &words, "and"),
                    reading(&texts, &words, "or")
                ),
            ));
        }
        Ok(match (parts.pop(), words.first()) {
            (Some(last), Some(word)) => {
                parts.push(last);
                if *word == "and" {
                    Node::And(parts)
                } else {
                    Node::Or(parts)
                }
            }
            (Some(only), None) => only,
            (None, _) => return Err(self.error("the filter is empty", example::<P>())),
        })
    }

    /// The text from `begin` to the end of the last word taken.
    fn slice(&self, begin: usize) -> String {
        let end = self
            .at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(begin, |token| token.at.end);
        self.text.get(begin..end).unwrap_or_default().to_owned()
    }

    fn unary(&mut self, depth: usize) -> Result<Node<P>, FilterError> {
        if depth >= DEPTH_MAX {
            return Err(self.error(
                format!("parentheses and -not stand more than {DEPTH_MAX} deep"),
                "take out those that change nothing",
            ));
        }
        if self.takes_operator(&["not"]).is_some() {
            return Ok(Node::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.peek() != Some(&Word::Open) {
            return self.comparison().map(Node::Test);
        }
        let open = self.place();
        self.at += 1;
        let inner = self.chain(depth + 1)?;
        match self.peek() {
            Some(Word::Close) => {
                self.at += 1;
                Ok(inner)
            }
            Some(_) => Err(self.error(
                "here -and, -or or ) is expected",
                "put -and or -or between two comparisons",
            )),
            None => Err(self.error_at(
                open,
                "this parenthesis is not closed",
                "add ) where the group ends",
            )),
        }
    }

    fn comparison(&mut self) -> Result<Comparison<P>, FilterError> {
        let property = self.property()?;
        let operator_at = self.place();
        let operator = self.operator(property)?;
        let value_at = self.place();
        let Some(value) = self.peek().cloned() else {
            return Err(self.error(
                format!("the value to compare {} with is missing", property.name()),
                "write it in single quotes, or $true, $false or $null",
            ));
        };
        self.at += 1;
        self.comparisons += 1;
        if self.comparisons > COMPARISONS_MAX {
            return Err(self.error_at(
                operator_at,
                format!("the filter has more than {COMPARISONS_MAX} comparisons"),
                "set an attribute on the recipients that are meant, and filter by it",
            ));
        }
        let (wanted, shown) = self.value(property, operator, &value, value_at)?;
        Ok(Comparison {
            property,
            operator,
            wanted,
            shown,
        })
    }

    fn property(&mut self) -> Result<P, FilterError> {
        let Some(Word::Bare(name)) = self.peek() else {
            let problem = match self.peek() {
                Some(word) => format!("here a property is expected, not {}", word.shown()),
                None if self.tokens.is_empty() => "the filter is empty".to_owned(),
                None => "the filter ends where a property is expected".to_owned(),
            };
            return Err(self.error(problem, example::<P>()));
        };
        let Some(property) = P::find(name) else {
            if let Some(instead) = P::instead(name) {
                return Err(self.error(format!("{name} is not kept here"), instead));
            }
            let mend = match P::nearest(name) {
                Some(near) => format!("did you mean {}?", near.name()),
                None if P::ALL.len() > LISTED_MAX => {
                    "the handbook lists the properties a filter can read".to_owned()
                }
                None => {
                    let names: Vec<&str> = P::ALL.iter().map(|one| one.name()).collect();
                    format!("there are {}", names.join(", "))
                }
            };
            return Err(self.error(format!("there is no property {name}"), mend));
        };
        self.at += 1;
        Ok(property)
    }

    fn operator(&mut self, property: P) -> Result<Operator, FilterError> {
        const ALL: &str = "-eq, -ne, -like, -notlike, -gt, -ge, -lt, -le";
        let found = match self.peek() {
            Some(Word::Operator(name)) => name.clone(),
            _ => {
                let problem = format!("after {} an operator is expected", property.name());
                return Err(self.error(problem, format!("one of {ALL}")));
            }
        };
        let Some(operator) = Operator::find(&found) else {
            let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == found);
            let near = Operator::ALL
                .iter()
                .find(|(name, _)| strsim::damerau_levenshtein(name, &found) == 1);
            let mend = match (elsewhere, near) {
                (Some((_, instead)), _) => format!("use {instead}"),
                (None, Some((near, _))) => format!("did you mean -{near}?"),
                (None, None) => format!("one of {ALL}"),
            };
            return Err(self.error(format!("-{found} is no operator of a filter"), mend));
        };
        if !operator.fits(property.kind()) {
            let fitting: Vec<String> = Operator::ALL
                .iter()
                .filter(|(_, operator)| operator.fits(property.kind()))
                .map(|(name, _)| format!("-{name}"))
                .collect();
            return Err(self.error(
                format!(
                    "{} is {}, which -{found} does not compare",
                    property.name(),
                    property.kind().noun()
                ),
                format!("use {}", fitting.join(", ")),
            ));
        }
        self.at += 1;
        Ok(operator)
    }

    /// Reads a value by the type of its property; also how it is written in the stored form.
    fn value(
        &self,
        property: P,
        operator: Operator,
        word: &Word,
        at: Range<usize>,
    ) -> Result<(Wanted, String), FilterError> {
        let kind = property.kind();
        let wrong = |expected: &str, mend: &str| {
            let problem = format!(
                "{} is {}, and {} is not {expected}",
                property.name(),
                kind.noun(),
                word.shown()
            );
            Err(self.error_at(at.clone(), problem, mend))
        };
        let text = match word {
            Word::System(name) => return self.system(property, operator, name, at),
            Word::Quoted(text) | Word::Bare(text) => text.as_str(),
            Word::Open | Word::Close | Word::Operator(_) => {
                let problem = format!("here a value is expected, not {}", word.shown());
                return Err(self.error_at(at, problem, "write it in single quotes"));
            }
        };
        let quoted = format!("'{}'", text.replace('\'', "''"));
        match kind {
            PropertyType::Text | PropertyType::Texts
                if matches!(operator, Operator::Like | Operator::NotLike) =>
            {
                match Pattern::read(text) {
                    Some(pattern) => Ok((Wanted::Pattern(Box::new(pattern)), quoted)),
                    None => wrong(
                        "a pattern: * may stand only at its beginning and its end",
                        "use two comparisons, one for the beginning and one for the end",
                    ),
                }
            }
            PropertyType::Text | PropertyType::Texts => {
                Ok((Wanted::Text(fold(text).into()), quoted))
            }
            PropertyType::Link | PropertyType::Links => {
                Ok((Wanted::Text(link(text).into()), quoted))
            }
            PropertyType::Truth => wrong("one of the two", "write $true or $false"),
            PropertyType::Choice(words) => {
                let by_word = words
                    .iter()
                    .find(|(word, _)| word.eq_ignore_ascii_case(text));
                let by_number = || {
                    let number: i64 = text.parse().ok()?;
                    words.iter().find(|(_, known)| *known == number)
                };
                match by_word.or_else(by_number) {
                    Some((word, number)) => Ok((Wanted::Number(*number), format!("'{word}'"))),
                    None => {
                        let near = words.iter().map(|(word, _)| {
                            let (word, lower) = (*word, word.to_ascii_lowercase());
                            (
                                strsim::damerau_levenshtein(&lower, &text.to_lowercase()),
                                word,
                            )
                        });
                        let near = near.min().map_or("", |(_, word)| word);
                        wrong("one of them", &format!("did you mean '{near}'?"))
                    }
                }
            }
            PropertyType::Number => match number(text) {
                Some(number) => Ok((Wanted::Number(number), number.to_string())),
                None => wrong(
                    "one",
                    "write digits, with KB, MB, GB or TB behind them for a size",
                ),
            },
            PropertyType::Date => match date(text) {
                Some(second) => Ok((Wanted::Number(second), quoted)),
                None => wrong("one", "write '2026-11-26' or '2026-11-26T14:30:00Z'"),
            },
        }
    }

    /// `$true`, `$false`, `$null`.
    fn system(
        &self,
        property: P,
        operator: Operator,
        name: &str,
        at: Range<usize>,
    ) -> Result<(Wanted, String), FilterError> {
        let is_truth = property.kind() == PropertyType::Truth;
        match name {
            "true" | "false" if is_truth => Ok((
                Wanted::Number(i64::from(name == "true")),
                format!("${name}"),
            )),
            "true" | "false" => {
                let (name_of, noun) = (property.name(), property.kind().noun());
                let problem = format!("{name_of} is {noun}, and ${name} is not");
                Err(self.error_at(at, problem, "write the value in single quotes"))
            }
            "null" if is_truth => Err(self.error_at(
                at,
                format!("{} is $true or $false, and never $null", property.name()),
                "write $false: that is what an unset one counts as",
            )),
            "null" if matches!(operator, Operator::Eq | Operator::Ne) => {
                Ok((Wanted::Nothing, "$null".to_owned()))
            }
            "null" => Err(self.error_at(
                at,
                format!("-{} does not compare with $null", operator.name()),
                "use -eq $null for what is not set, -ne $null for what is",
            )),
            other => Err(self.error_at(
                at,
                format!("${other} is not known here"),
                "there are $true, $false and $null",
            )),
        }
    }
}

/// Properties that an error lists; of more the handbook tells.
const LISTED_MAX: usize = 24;

fn example<P: Catalogue>() -> String {
    format!("write a comparison, such as {}", P::EXAMPLE)
}

/// A mixed chain as it reads where `tight` binds tighter than the other.
fn reading(texts: &[String], words: &[&str], tight: &str) -> String {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut between: Vec<&str> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let joined = at.checked_sub(1).and_then(|before| words.get(before));
        match (joined, groups.last_mut()) {
            (Some(word), Some(group)) if *word == tight => group.push(text),
            (word, _) => {
                between.extend(word);
                groups.push(vec![text]);
            }
        }
    }
    let mut reading = String::new();
    for (at, group) in groups.iter().enumerate() {
        if let Some(word) = at.checked_sub(1).and_then(|before| between.get(before)) {
            reading.push_str(&format!(" -{word} "));
        }
        let joined = group.join(&format!(" -{tight} "));
        if group.len() > 1 {
            reading.push_str(&format!("({joined})"));
        } else {
            reading.push_str(&joined);
        }
    }
    reading
}

/// A whole number, or a size such as `300MB`.
fn number(text: &str) -> Option<i64> {
    let upper = text.trim().to_ascii_uppercase();
    let units = [("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40)];
    for (unit, bits) in units {
        if let Some(digits) = upper.strip_suffix(unit) {
            return digits.trim().parse::<i64>().ok()?.checked_mul(1 << bits);
        }
    }
    upper.parse().ok()
}

/// A moment in Unix seconds; a date alone is its midnight in UTC.
fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second());
    }
    let day: jiff::civil::DateTime = text.parse().ok()?;
    let moment = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}
