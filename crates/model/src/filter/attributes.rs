//! What is known of one recipient, made ready to be compared: texts are folded once, when they are
//! set, and words from a list are numbers.

use std::borrow::Cow;

use super::{Catalogue, Property, PropertyType, property};

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

/// The form in which another object is compared: of a distinguished name the first part, which is
/// the object's own name (RFC 4514), else what stands there.
pub(super) fn link(text: &str) -> Cow<'_, str> {
    let own = text
        .get(..3)
        .filter(|begin| begin.eq_ignore_ascii_case("cn="))
        .and_then(|_| text.get(3..));
    let Some(own) = own else {
        return fold(text);
    };
    let mut name = String::new();
    let mut letters = own.chars();
    while let Some(c) = letters.next() {
        match c {
            ',' => break,
            '\\' => name.extend(letters.next()),
            c => name.push(c),
        }
    }
    Cow::Owned(name.trim().to_lowercase())
}

/// The properties of a recipient, or of whatever else has a catalogue, that are set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes<P = Property> {
    /// Sorted by property.
    values: Vec<(P, Value)>,
}

impl<P> Default for Attributes<P> {
    fn default() -> Self {
        Attributes { values: Vec::new() }
    }
}

impl<P: Catalogue> Attributes<P> {
    pub(super) fn put(&mut self, property: P, value: Value) {
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
    pub fn set(&mut self, property: P, text: &str) {
        if text.is_empty() {
            return;
        }
        match property.kind() {
            PropertyType::Text => self.put(property, Value::Text(fold(text).into())),
            PropertyType::Link => self.put(property, Value::Text(link(text).into())),
            PropertyType::Texts => self.add(property, fold(text).into()),
            PropertyType::Links => self.add(property, link(text).into()),
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

    fn add(&mut self, property: P, text: Box<str>) {
        let at = self.values.iter_mut().find(|(p, _)| *p == property);
        match at {
            Some((_, Value::Texts(texts))) => texts.push(text),
            _ => self.put(property, Value::Texts(vec![text])),
        }
    }

    /// Makes a property one that is not set.
    pub fn unset(&mut self, property: P) {
        self.values.retain(|(set, _)| *set != property);
    }

    /// Sets a number, a truth value (0 or 1), or a moment in Unix seconds. Other properties are left
    /// as they were.
    pub fn set_number(&mut self, property: P, number: i64) {
        if matches!(
            property.kind(),
            PropertyType::Truth | PropertyType::Number | PropertyType::Date
        ) {
            self.put(property, Value::Number(number));
        }
    }

    /// Whether a property that has one text is set to one that begins so, in any case.
    pub(super) fn begins_with(&self, property: P, beginning: &str) -> bool {
        match self.get(property) {
            Some(Value::Text(have)) => have.starts_with(&*fold(beginning)),
            _ => false,
        }
    }

    /// The word a property is set to, where it is one with words of its own.
    pub fn word(&self, property: P) -> Option<&'static str> {
        match self.get(property) {
            Some(Value::Number(number)) => property::word(property, *number),
            _ => None,
        }
    }

    pub(super) fn get(&self, property: P) -> Option<&Value> {
        let at = self.values.binary_search_by_key(&property, |(p, _)| *p);
        self.values.get(at.ok()?).map(|(_, value)| value)
    }
}
