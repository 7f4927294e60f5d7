//! Values: what commands give each other and what variables hold.
//!
//! Comparison follows PowerShell's habits: text without regard to case, a list is compared member by
//! member, a text that is a number is compared as one. Sizes (`36MB`) and times (`1h30m`), as objects
//! show them, have an order too.

use std::{cmp::Ordering, rc::Rc};

use mailward_model::unit::{ByteSize, Span};

/// A value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// `@{ … }`.
    Table(Vec<(String, Value)>),
    /// An object: what commands give.
    Record(Rc<Record>),
    /// What stood between braces.
    Block(String),
    /// Text laid out for people; it goes to the screen as it is.
    Page(String),
}

/// An object with its properties, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The properties a table shows where nothing else is asked for; none: what there is.
    pub columns: &'static [&'static str],
    /// Names and values.
    pub fields: Vec<(String, Value)>,
}

impl Record {
    /// The property of this name, in any case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        find(&self.fields, name)
    }
}

fn find<'a>(fields: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    fields
        .iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<Record> for Value {
    fn from(record: Record) -> Self {
        Value::Record(Rc::new(record))
    }
}

impl Value {
    /// A value of JSON.
    pub fn of_json(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Integer(whole),
                None => Value::Real(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Value::of_json).collect()),
            Json::Object(fields) => Value::Table(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::of_json(value)))
                    .collect(),
            ),
        }
    }

    /// The value as JSON, an object's properties in their order.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Integer(whole) => out.push_str(&whole.to_string()),
            Value::Real(real) => out.push_str(&serde_json::Value::from(*real).to_string()),
            Value::Text(text) | Value::Block(text) | Value::Page(text) => {
                out.push_str(&serde_json::Value::from(text.as_str()).to_string());
            }
            Value::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Table(_) | Value::Record(_) => {
                out.push('{');
                for (at, (name, value)) in self.fields().iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    out.push_str(&serde_json::Value::from(name.as_str()).to_string());
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Names and values of an object or a table; none of anything else.
    pub fn fields(&self) -> &[(String, Value)] {
        match self {
            Value::Record(record) => &record.fields,
            Value::Table(fields) => fields,
            _ => &[],
        }
    }

    /// A property: of an object its own, of a list that of each member, of any value its length.
    pub fn member(&self, name: &str) -> Value {
        if let Some(value) = find(self.fields(), name) {
            return value.clone();
        }
        let counts = name.eq_ignore_ascii_case("count") || name.eq_ignore_ascii_case("length");
        let whole = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        match self {
            Value::List(items) if counts => whole(items.len()),
            Value::List(items) => {
                let found: Vec<Value> = items
                    .iter()
                    .map(|item| item.member(name))
                    .filter(|value| *value != Value::Null)
                    .collect();
                if found.is_empty() {
                    Value::Null
                } else {
                    Value::List(found)
                }
            }
            Value::Text(text) if name.eq_ignore_ascii_case("length") => whole(text.chars().count()),
            Value::Null if counts => whole(0),
            _ if name.eq_ignore_ascii_case("count") => whole(1),
            _ => Value::Null,
        }
    }

    /// The members of a list; any other value alone; nothing of nothing.
    pub fn into_items(self) -> Vec<Value> {
        match self {
            Value::Null => Vec::new(),
            Value::List(items) => items,
            other => vec![other],
        }
    }

    /// One value of these: nothing, the only one, or a list.
    pub fn of_items(mut items: Vec<Value>) -> Value {
        match items.len() {
            0 => Value::Null,
            1 => items.pop().unwrap_or_default(),
            _ => Value::List(items),
        }
    }

    /// Whether it counts as true.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(truth) => *truth,
            Value::Integer(whole) => *whole != 0,
            Value::Real(real) => *real != 0.0,
            Value::Text(text) | Value::Block(text) | Value::Page(text) => !text.is_empty(),
            Value::List(items) => match items.as_slice() {
                [] => false,
                [one] => one.is_true(),
                _ => true,
            },
            Value::Table(_) | Value::Record(_) => true,
        }
    }

    /// The value as text, as it stands in a table or a message.
    pub fn text(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Integer(whole) => whole.to_string(),
            Value::Real(real) => real.to_string(),
            Value::Text(text) | Value::Block(text) | Value::Page(text) => text.clone(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::text).collect();
                format!("{{{}}}", items.join(", "))
            }
            Value::Table(fields) => named(fields),
            // An object is told by its identity.
            Value::Record(record) => match record.get("Identity").or_else(|| record.get("Name")) {
                Some(identity) => identity.text(),
                None => named(&record.fields),
            },
        }
    }

    /// The value as it is put into a text: the members of a list with blanks between them.
    pub fn in_text(&self) -> String {
        match self {
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::text).collect();
                items.join(" ")
            }
            other => other.text(),
        }
    }

    /// The number it is or spells.
    pub fn number(&self) -> Option<f64> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts and sizes are below 2^53"
            )]
            Value::Integer(whole) => Some(*whole as f64),
            Value::Real(real) => Some(*real),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Value::Text(text) => match number(text)? {
                Value::Integer(whole) => Value::Integer(whole).number(),
                Value::Real(real) => Some(real),
                _ => None,
            },
            _ => None,
        }
    }

    /// A number that orders sizes and times, as objects show them.
    fn measure(&self) -> Option<f64> {
        if let Some(number) = self.number() {
            return Some(number);
        }
        let Value::Text(text) = self else {
            return None;
        };
        if let Ok(size) = text.parse::<ByteSize>() {
            return i64::try_from(size.0)
                .ok()
                .and_then(|octets| Value::Integer(octets).number());
        }
        let span = text.parse::<Span>().ok()?;
        Some(span.get().as_secs_f64())
    }

    /// Whether two single values are equal.
    pub fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Bool(a), b) | (b, Value::Bool(a)) => match b {
                Value::Text(text) => match truth(text) {
                    Some(b) => *a == b,
                    None => *a != text.is_empty(),
                },
                b => *a == b.is_true(),
            },
            (Value::Text(a), Value::Text(b)) => folded(a) == folded(b),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a == b,
                _ => folded(&self.text()) == folded(&other.text()),
            },
        }
    }

    /// The order of two values: by number, size or time where both are such, else as text. Nothing
    /// comes first.
    pub fn order(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Null, Value::Null) => return Ordering::Equal,
            (Value::Null, _) => return Ordering::Less,
            (_, Value::Null) => return Ordering::Greater,
            _ => {}
        }
        match (self.measure(), other.measure()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => folded(&self.text()).cmp(&folded(&other.text())),
        }
    }
}

fn named(fields: &[(String, Value)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.text()))
        .collect();
    format!("@{{{}}}", fields.join("; "))
}

/// Text without regard to case.
pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// A truth value as it is written.
pub(crate) fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text);
    ["true", "false"]
        .iter()
        .position(|word| text.eq_ignore_ascii_case(word))
        .map(|at| at == 0)
}

/// A number as it is written: `7`, `-1.5`, `0x1F`, `10MB`.
pub(crate) fn number(text: &str) -> Option<Value> {
    const UNITS: [(&str, u32); 4] = [("kb", 10), ("mb", 20), ("gb", 30), ("tb", 40)];
    let text = text.trim();
    if !text.bytes().any(|octet| octet.is_ascii_digit()) || text.len() > 40 {
        return None;
    }
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(hex) = hex {
        return i64::from_str_radix(hex, 16).ok().map(Value::Integer);
    }
    let lower = text.to_ascii_lowercase();
    let unit = UNITS.iter().find(|(unit, _)| lower.ends_with(unit));
    let (digits, shift) = match unit {
        Some((unit, shift)) => (lower.strip_suffix(unit)?, *shift),
        None => (lower.as_str(), 0),
    };
    let is_plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e');
    if !digits.bytes().all(is_plain) {
        return None;
    }
    if let Ok(whole) = digits.parse::<i64>() {
        return whole.checked_mul(1 << shift).map(Value::Integer);
    }
    let real: f64 = digits.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
    let scaled = real * (1u64 << shift) as f64;
    scaled.is_finite().then_some(Value::Real(scaled))
}

/// Whether a text fits a pattern with `*` and `?`, without regard to case. Takes the product of the
/// two lengths at most.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = folded(text).chars().collect();
    let pattern: Vec<char> = folded(pattern).chars().collect();
    let (mut t, mut p) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                t += 1;
                p += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    t = taken + 1;
                    p = at + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_they_are_written() {
        for (text, expect) in [
            ("7", Some(Value::Integer(7))),
            ("-7", Some(Value::Integer(-7))),
            ("10MB", Some(Value::Integer(10 << 20))),
            ("1.5kb", Some(Value::Real(1536.0))),
            ("0x1f", Some(Value::Integer(31))),
            ("seven", None),
            ("1h", None),
            ("", None),
            ("9223372036854775807TB", None),
        ] {
            assert_eq!(number(text), expect, "{text}");
        }
    }

    #[test]
    fn values_have_powershells_order() {
        let text = |text: &str| Value::from(text);
        for (a, b, order) in [
            (text("9"), Value::Integer(10), Ordering::Less),
            (text("36MB"), text("900KB"), Ordering::Greater),
            (text("1h30m"), text("45m"), Ordering::Greater),
            (text("anna"), text("Berta"), Ordering::Less),
            (Value::Null, Value::Integer(-5), Ordering::Less),
        ] {
            assert_eq!(a.order(&b), order, "{a:?} {b:?}");
        }
        assert!(text("ANNA").equals(&text("anna")));
        assert!(Value::Bool(true).equals(&text("$true")));
        assert!(!Value::Bool(true).equals(&text("false")));
        assert!(text("5").equals(&Value::Integer(5)));
        assert!(!Value::Null.equals(&text("")));
    }

    #[test]
    fn patterns_match_in_time() {
        for (text, pattern, expect) in [
            ("Anna Berg", "anna*", true),
            ("Anna Berg", "*berg", true),
            ("Anna Berg", "a?na*b*g", true),
            ("Anna", "anna?", false),
            ("", "*", true),
            ("x", "", false),
        ] {
            assert_eq!(like(text, pattern), expect, "{text} {pattern}");
        }
        let hard = "a*".repeat(200) + "b";
        assert!(!like(&"a".repeat(2000), &hard));
    }

    #[test]
    fn a_property_of_a_list_is_that_of_each_member() {
        let record = |name: &str| {
            Value::from(Record {
                columns: &[],
                fields: vec![("Name".to_owned(), name.into())],
            })
        };
        let list = Value::List(vec![record("a"), record("b")]);
        assert_eq!(
            list.member("name"),
            Value::List(vec!["a".into(), "b".into()])
        );
        assert_eq!(list.member("Count"), Value::Integer(2));
        assert_eq!(record("a").member("Colour"), Value::Null);
    }
}
