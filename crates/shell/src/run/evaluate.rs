//! Expressions: what they come to.

use std::cmp::Ordering;

use super::{Host, Run, Stop, TEXT_MAX, few_enough, numbers::formatted};
use crate::{
    error::ScriptError,
    parse::{is_double, is_name, is_single},
    pattern::replacement,
    syntax::{Expression, Node, Operator, Piece, Span},
    value::{Value, like},
};

impl<H: Host> Run<'_, H> {
    /// What an expression comes to.
    pub(crate) fn value(&mut self, expression: &Expression) -> Result<Value, Stop> {
        let span = expression.span;
        Ok(match &expression.node {
            Node::Literal(value) => value.clone(),
            Node::Text(pieces) => Value::Text(self.text(pieces, span)?),
            Node::Variable(name) => self.variable(name, span)?,
            Node::Member(of, name) => self.value(of)?.member(name),
            Node::Index(of, index) => {
                let of = self.value(of)?;
                let index = self.value(index)?;
                item(&of, &index)
            }
            Node::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.value(item)?);
                }
                Value::List(values)
            }
            Node::Array(script) => Value::List(self.script(script)?),
            Node::Sub(script) => Value::of_items(self.script(script)?),
            Node::Table(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                for (key, entry) in entries {
                    values.push((key.clone(), self.value(entry)?));
                }
                Value::Table(values)
            }
            Node::Block(inner) => Value::Block(self.block_text(*inner)),
            Node::Not(of) => Value::Bool(!self.value(of)?.is_true()),
            Node::Minus(of) => match self.value(of)? {
                Value::Integer(whole) => Value::Integer(whole.saturating_neg()),
                other => Value::Real(-number(&other, span)?),
            },
            Node::Binary(operator, left, right) => {
                let left = self.value(left)?;
                // What follows is not looked at where it cannot change anything.
                match operator {
                    Operator::And if !left.is_true() => return Ok(Value::Bool(false)),
                    Operator::Or if left.is_true() => return Ok(Value::Bool(true)),
                    _ => {}
                }
                let right = self.value(right)?;
                match operator {
                    Operator::Match | Operator::NotMatch => {
                        self.matched(*operator, left, &right, span)?
                    }
                    Operator::Replace => self.replaced(left, right, span)?,
                    Operator::Split => self.split(left, &right, span)?,
                    Operator::Format => {
                        Value::Text(formatted(&left.text(), &right.into_items(), span)?)
                    }
                    operator => binary(*operator, left, right, span)?,
                }
            }
        })
    }

    /// `left -match pattern`. Of a list those that fit; of one value whether it fits, and then
    /// `$Matches` holds what the groups took.
    fn matched(
        &mut self,
        operator: Operator,
        left: Value,
        pattern: &Value,
        span: Span,
    ) -> Result<Value, ScriptError> {
        let regex = self.shell.patterns.get(&pattern.text(), span)?;
        let wanted = operator == Operator::Match;
        if let Value::List(items) = left {
            let fits = |item: &Value| regex.is_match(&item.text()) == wanted;
            return Ok(Value::List(items.into_iter().filter(fits).collect()));
        }
        let text = left.text();
        let Some(found) = regex.captures(&text) else {
            return Ok(Value::Bool(!wanted));
        };
        let groups = regex.capture_names().zip(found.iter()).enumerate();
        let groups = groups.filter_map(|(at, (name, group))| {
            let name = name.map_or_else(|| at.to_string(), str::to_owned);
            Some((name, Value::from(group?.as_str())))
        });
        let groups = Value::Table(groups.collect());
        self.shell.variables.insert("matches".to_owned(), groups);
        Ok(Value::Bool(wanted))
    }

    /// `left -replace pattern, text`; of a list each member.
    fn replaced(&mut self, left: Value, right: Value, span: Span) -> Result<Value, ScriptError> {
        let mut right = right.into_items().into_iter();
        let wanted = right.next().unwrap_or_default().text();
        let text = replacement(&right.next().unwrap_or_default().text());
        if right.next().is_some() {
            return Err(ScriptError::new(
                span,
                "-replace takes a pattern and a text, and there is more",
                "write -replace 'this','that'",
            ));
        }
        let regex = self.shell.patterns.get(&wanted, span)?;
        let replace = |value: &Value| {
            let done = regex.replace_all(&value.text(), text.as_str()).into_owned();
            short_enough(done.len(), span)?;
            Ok(Value::Text(done))
        };
        match &left {
            Value::List(items) => {
                let items: Result<Vec<Value>, ScriptError> = items.iter().map(replace).collect();
                items.map(Value::List)
            }
            single => replace(single),
        }
    }

    /// `left -split pattern`: the pieces between what fits.
    fn split(&mut self, left: Value, pattern: &Value, span: Span) -> Result<Value, ScriptError> {
        let regex = self.shell.patterns.get(&pattern.text(), span)?;
        let texts: Vec<String> = left.into_items().iter().map(Value::text).collect();
        let pieces = texts.iter().flat_map(|text| regex.split(text));
        let pieces: Vec<Value> = pieces.map(Value::from).collect();
        few_enough(pieces.len(), span)?;
        Ok(Value::List(pieces))
    }

    /// Whether a value fits a pattern, for Where-Object.
    pub(super) fn fits_pattern(
        &mut self,
        value: &Value,
        pattern: &Value,
        span: Span,
    ) -> Result<bool, ScriptError> {
        let regex = self.shell.patterns.get(&pattern.text(), span)?;
        Ok(match value {
            Value::List(items) => items.iter().any(|item| regex.is_match(&item.text())),
            single => regex.is_match(&single.text()),
        })
    }

    fn text(&mut self, pieces: &[Piece], span: Span) -> Result<String, Stop> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Variable(name, span) => {
                    text.push_str(&self.variable(name, *span)?.in_text());
                }
                Piece::Sub(script) => {
                    text.push_str(&Value::of_items(self.script(script)?).in_text());
                }
            }
            short_enough(text.len(), span)?;
        }
        Ok(text)
    }

    /// The text of a block, as a filter takes it: what variables hold is put in, in quotes.
    fn block_text(&self, inner: Span) -> String {
        let source = self.source.get(inner.start..inner.end).unwrap_or_default();
        if !source.contains('$') {
            return source.to_owned();
        }
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        let mut quote: Option<char> = None;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let closes = quote.is_some_and(|open| {
                (is_single(open) && is_single(c)) || (is_double(open) && is_double(c))
            });
            if closes {
                quote = None;
            } else if quote.is_none() && (is_single(c) || is_double(c)) {
                quote = Some(c);
            }
            let length = after.find(|c| !is_name(c)).unwrap_or(after.len());
            let name = after.get(..length).unwrap_or_default().to_lowercase();
            let known = self.shell.variables.get(&name);
            let is_single_quoted = quote.is_some_and(is_single);
            match known {
                Some(value) if c == '$' && !is_single_quoted && name != "_" => {
                    let mut value = value.clone();
                    rest = after.get(length..).unwrap_or_default();
                    while let Some(member) = rest.strip_prefix('.') {
                        let length = member.find(|c| !is_name(c)).unwrap_or(member.len());
                        let Some(name) = member.get(..length).filter(|name| !name.is_empty())
                        else {
                            break;
                        };
                        value = value.member(name);
                        rest = member.get(length..).unwrap_or_default();
                    }
                    match (&value, quote) {
                        (value, Some(_)) => text.push_str(&value.in_text()),
                        (Value::Null, None) => text.push_str("$null"),
                        (Value::Bool(truth), None) => text.push_str(&format!("${truth}")),
                        (Value::Integer(whole), None) => text.push_str(&whole.to_string()),
                        (value, None) => {
                            let inner = value.in_text().replace('\'', "''");
                            text.push_str(&format!("'{inner}'"));
                        }
                    }
                }
                _ => {
                    text.push(c);
                    rest = after;
                }
            }
        }
        text
    }
}

fn short_enough(length: usize, span: Span) -> Result<(), ScriptError> {
    if length <= TEXT_MAX {
        return Ok(());
    }
    Err(ScriptError::new(
        span,
        format!("a text of more than {TEXT_MAX} octets"),
        "write it to a file piece by piece",
    ))
}

/// A member of a list, from the end where the index is below zero.
fn item(of: &Value, index: &Value) -> Value {
    if let Value::Text(name) = index {
        return of.member(name);
    }
    let Value::Integer(index) = index else {
        return Value::Null;
    };
    // What -match found, by number.
    if let Value::Table(_) = of {
        return of.member(&index.to_string());
    }
    let at = |length: usize| {
        let length = i64::try_from(length).ok()?;
        let at = if *index < 0 { length + index } else { *index };
        usize::try_from(at).ok()
    };
    let found = match of {
        Value::List(items) => at(items.len()).and_then(|at| items.get(at)).cloned(),
        Value::Text(text) => {
            let found = at(text.chars().count()).and_then(|at| text.chars().nth(at));
            found.map(|c| Value::Text(c.to_string()))
        }
        other if at(1) == Some(0) => Some(other.clone()),
        _ => None,
    };
    found.unwrap_or_default()
}

fn number(value: &Value, span: Span) -> Result<f64, ScriptError> {
    value.number().ok_or_else(|| {
        let text: String = value.text().chars().take(40).collect();
        ScriptError::new(
            span,
            format!("{text:?} is not a number"),
            "only numbers are reckoned with",
        )
    })
}

/// `left + right`: texts are joined, lists grow, numbers are added.
pub(crate) fn plus(left: Value, right: Value, span: Span) -> Result<Value, ScriptError> {
    match (left, right) {
        (Value::Null, right) => Ok(right),
        (Value::List(mut items), right) => {
            items.extend(right.into_items());
            few_enough(items.len(), span)?;
            Ok(Value::List(items))
        }
        (Value::Text(mut text), right) => {
            text.push_str(&right.in_text());
            short_enough(text.len(), span)?;
            Ok(Value::Text(text))
        }
        (Value::Table(mut entries), Value::Table(more)) => {
            for (key, value) in more {
                entries.retain(|(one, _)| !one.eq_ignore_ascii_case(&key));
                entries.push((key, value));
            }
            Ok(Value::Table(entries))
        }
        (left @ Value::Record(_), right) => {
            let mut items = vec![left];
            items.extend(right.into_items());
            few_enough(items.len(), span)?;
            Ok(Value::List(items))
        }
        (left, right) => reckon(Operator::Plus, &left, &right, span),
    }
}

/// Reckons with numbers.
fn reckon(
    operator: Operator,
    left: &Value,
    right: &Value,
    span: Span,
) -> Result<Value, ScriptError> {
    if let (Value::Integer(a), Value::Integer(b)) = (left, right) {
        let whole = match operator {
            Operator::Plus => a.checked_add(*b),
            Operator::Minus => a.checked_sub(*b),
            Operator::Times => a.checked_mul(*b),
            Operator::Over => a.checked_div(*b).filter(|_| a.checked_rem(*b) == Some(0)),
            _ => a.checked_rem(*b),
        };
        if let Some(whole) = whole {
            return Ok(Value::Integer(whole));
        }
    }
    let (a, b) = (number(left, span)?, number(right, span)?);
    if b == 0.0 && matches!(operator, Operator::Over | Operator::Rest) {
        return Err(ScriptError::new(span, "there is no dividing by zero", ""));
    }
    Ok(Value::Real(match operator {
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        _ => a % b,
    }))
}

/// Whether two single values are in this relation.
pub(crate) fn holds(operator: Operator, left: &Value, right: &Value) -> bool {
    let order = || left.order(right);
    match operator {
        Operator::Equal => left.equals(right),
        Operator::NotEqual => !left.equals(right),
        Operator::Greater => order() == Ordering::Greater,
        Operator::GreaterOrEqual => order() != Ordering::Less,
        Operator::Less => order() == Ordering::Less,
        Operator::LessOrEqual => order() != Ordering::Greater,
        Operator::Like => like(&left.text(), &right.text()),
        Operator::NotLike => !like(&left.text(), &right.text()),
        _ => false,
    }
}

/// `left operator right`. A list on the left gives those of its members that fit.
pub(crate) fn binary(
    operator: Operator,
    left: Value,
    right: Value,
    span: Span,
) -> Result<Value, ScriptError> {
    let among = |items: &Value, wanted: &Value| match items {
        Value::List(items) => items.iter().any(|item| item.equals(wanted)),
        other => other.equals(wanted),
    };
    Ok(match operator {
        Operator::And => Value::Bool(left.is_true() && right.is_true()),
        Operator::Or => Value::Bool(left.is_true() || right.is_true()),
        Operator::Xor => Value::Bool(left.is_true() != right.is_true()),
        Operator::Contains => Value::Bool(among(&left, &right)),
        Operator::NotContains => Value::Bool(!among(&left, &right)),
        Operator::In => Value::Bool(among(&right, &left)),
        Operator::NotIn => Value::Bool(!among(&right, &left)),
        Operator::Join => {
            let items: Vec<String> = left.into_items().iter().map(Value::text).collect();
            let text = items.join(&right.text());
            short_enough(text.len(), span)?;
            Value::Text(text)
        }
        Operator::Plus => plus(left, right, span)?,
        Operator::Minus | Operator::Times | Operator::Over | Operator::Rest => {
            reckon(operator, &left, &right, span)?
        }
        relation => match left {
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .filter(|item| holds(relation, item, &right))
                    .collect(),
            ),
            single => Value::Bool(holds(relation, &single, &right)),
        },
    })
}
