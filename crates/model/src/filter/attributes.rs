//! What is known of one recipient, made ready to be compared: texts are folded once, when they are
//! set, and words from a list are numbers.

use std::borrow::Cow;

use super::{Property, PropertyType, property};

/// A value, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Folded.
    Text(Box<str>),
    /// Folded.
    Texts(Vec<Box<str>>),
    /// A truth value, the number of a word, a number, or a moment in Unix seconds.
    Number(i64),
}

/// The form in which texts are compared: in lower case.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    let is_folded = |c: char| !c.is_ascii_uppercase() && c.is_ascii();
    if text.chars().all(is_folded) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// The properties of a recipient that are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Sorted by property.
    values: Vec<(Property, Value)>,
}

impl Attributes {
    pub(super) fn put(&mut self, property: Property, value: Value) {
        match self.values.binary_search_by_key(&property, |(p, _)| *p) {
            Ok(at) => {
                if let Some(entry) = self.values.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => self.values.insert(at, (property, value)),
        }
    }

    /// Sets a property to a text, or adds one to a list of texts. For a property with words of its
    /// own the text is one of them. An empty text, and one that does not fit the property's type,
    /// leave it as it was.
    pub fn set(&mut self, property: Property, text: &str) {
        if text.is_empty() {
            return;
        }
        match property.kind() {
            PropertyType::Text | PropertyType::Link => {
                self.put(property, Value::Text(fold(text).into()));
            }
            PropertyType::Texts => {
                let at = self.values.iter_mut().find(|(p, _)| *p == property);
                match at {
                    Some((_, Value::Texts(texts))) => texts.push(fold(text).into()),
                    _ => self.put(property, Value::Texts(vec![fold(text).into()])),
                }
            }
            PropertyType::Choice(words) => {
                let word = words
                    .iter()
                    .find(|(word, _)| word.eq_ignore_ascii_case(text));
                if let Some((_, number)) = word {
                    self.put(property, Value::Number(*number));
                }
            }
            PropertyType::Truth | PropertyType::Number | PropertyType::Date => {}
        }
    }

    /// Sets a number, a truth value (0 or 1), or a moment in Unix seconds. Other properties are left
    /// as they were.
    pub fn set_number(&mut self, property: Property, number: i64) {
        if matches!(
            property.kind(),
            PropertyType::Truth | PropertyType::Number | PropertyType::Date
        ) {
            self.put(property, Value::Number(number));
        }
    }

    /// Whether a property that has one text is set to one that begins so, in any case.
    pub(super) fn begins_with(&self, property: Property, beginning: &str) -> bool {
        match self.get(property) {
            Some(Value::Text(have)) => have.starts_with(&*fold(beginning)),
            _ => false,
        }
    }

    /// The word a property is set to, where it is one with words of its own.
    pub fn word(&self, property: Property) -> Option<&'static str> {
        match self.get(property) {
            Some(Value::Number(number)) => property::word(property, *number),
            _ => None,
        }
    }

    pub(super) fn get(&self, property: Property) -> Option<&Value> {
        let at = self.values.binary_search_by_key(&property, |(p, _)| *p);
        self.values.get(at.ok()?).map(|(_, value)| value)
    }
}
