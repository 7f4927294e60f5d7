//! One comparison, its value read by the property's type when the filter is parsed.

use std::fmt;

use memchr::memmem::Finder;

use super::{
    Catalogue, Property, PropertyType,
    attributes::{Attributes, Value, fold},
};

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Like,
    NotLike,
}

impl Operator {
    pub(super) const ALL: [(&'static str, Operator); 8] = [
        ("eq", Operator::Eq),
        ("ne", Operator::Ne),
        ("gt", Operator::Gt),
        ("ge", Operator::Ge),
        ("lt", Operator::Lt),
        ("le", Operator::Le),
        ("like", Operator::Like),
        ("notlike", Operator::NotLike),
    ];

    pub(super) fn find(name: &str) -> Option<Operator> {
        let known = Operator::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, operator)| *operator)
    }

    pub(super) fn name(self) -> &'static str {
        let known = Operator::ALL.iter().find(|(_, operator)| *operator == self);
        known.map_or("", |(name, _)| name)
    }

    /// Whether properties of a type can be compared so.
    pub(super) fn fits(self, kind: PropertyType) -> bool {
        let like = matches!(self, Operator::Like | Operator::NotLike);
        let equal = matches!(self, Operator::Eq | Operator::Ne);
        match kind {
            PropertyType::Text => true,
            PropertyType::Texts => equal || like,
            PropertyType::Truth | PropertyType::Link | PropertyType::Links => equal,
            PropertyType::Choice(_) | PropertyType::Number | PropertyType::Date => !like,
        }
    }

    fn orders<T: Ord + ?Sized>(self, have: &T, want: &T) -> bool {
        match self {
            Operator::Eq | Operator::Like => have == want,
            Operator::Ne | Operator::NotLike => have != want,
            Operator::Gt => have > want,
            Operator::Ge => have >= want,
            Operator::Lt => have < want,
            Operator::Le => have <= want,
        }
    }
}

/// A pattern: a text with `*` at its beginning, its end, or both.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    open_before: bool,
    open_after: bool,
    finder: Finder<'static>,
}

impl Pattern {
    /// A pattern; `None` where `*` stands inside.
    pub(super) fn read(text: &str) -> Option<Pattern> {
        let (open_before, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (open_after, literal) = match rest.strip_suffix('*') {
            Some(literal) => (true, literal),
            // A lone `*` is open on both sides.
            None => (open_before && rest.is_empty(), rest),
        };
        (!literal.contains('*')).then(|| Pattern {
            open_before,
            open_after,
            finder: Finder::new(fold(literal).as_bytes()).into_owned(),
        })
    }

    fn matches(&self, folded: &str) -> bool {
        let (have, want) = (folded.as_bytes(), self.finder.needle());
        match (self.open_before, self.open_after) {
            (false, false) => have == want,
            (false, true) => have.starts_with(want),
            (true, false) => have.ends_with(want),
            (true, true) => self.finder.find(have).is_some(),
        }
    }
}

/// What a value is compared with.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// `$null`.
    Nothing,
    /// Folded.
    Text(Box<str>),
    Pattern(Box<Pattern>),
    Number(i64),
}

/// One comparison.
#[derive(Debug, Clone)]
pub(super) struct Comparison<P = Property> {
    pub(super) property: P,
    pub(super) operator: Operator,
    pub(super) wanted: Wanted,
    /// The value as it is written in the stored form.
    pub(super) shown: String,
}

impl<P: PartialEq> PartialEq for Comparison<P> {
    fn eq(&self, other: &Self) -> bool {
        self.property == other.property
            && self.operator == other.operator
            && fold(&self.shown) == fold(&other.shown)
    }
}

impl<P: Catalogue> Comparison<P> {
    /// Whether it holds for a recipient.
    pub(super) fn holds(&self, of: &Attributes<P>) -> bool {
        let negated = matches!(self.operator, Operator::Ne | Operator::NotLike);
        let have = of.get(self.property);
        match (&self.wanted, have) {
            (Wanted::Nothing, have) => have.is_some() == negated,
            (Wanted::Number(want), have) => {
                let unset = matches!(self.property.kind(), PropertyType::Truth).then_some(0);
                match (have, unset) {
                    (Some(Value::Number(have)), _) => self.operator.orders(have, want),
                    (_, Some(have)) => self.operator.orders(&have, want),
                    _ => negated,
                }
            }
            (Wanted::Text(want), Some(Value::Text(have))) => self.operator.orders(&**have, want),
            (Wanted::Text(want), Some(Value::Texts(have))) => {
                have.iter().any(|have| have == want) != negated
            }
            (Wanted::Pattern(want), Some(Value::Text(have))) => want.matches(have) != negated,
            (Wanted::Pattern(want), Some(Value::Texts(have))) => {
                have.iter().any(|have| want.matches(have)) != negated
            }
            // What is not set is equal to nothing, and like nothing.
            (Wanted::Text(_) | Wanted::Pattern(_), _) => negated,
        }
    }
}

impl<P: Catalogue> fmt::Display for Comparison<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, operator) = (self.property.name(), self.operator.name());
        write!(f, "({name} -{operator} {})", self.shown)
    }
}
