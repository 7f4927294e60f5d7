//! From a value to what a field takes.
//!
//! Pure. What does not fit is told with what would.

use mailward_api::{assignment::nearest, operation::cmdlet::Takes};
use serde_json::{Map, Value as Json, json};

use crate::value::{Value, truth};

/// Why a value does not fit, and what would.
pub(crate) type Misfit = (String, String);

/// The key of what `@{Add=…}` adds to a list, and of what `@{Remove=…}` takes out.
pub(crate) const ADD: &str = "add";
pub(crate) const REMOVE: &str = "remove";
/// What stands for as many as there are.
pub(crate) const UNLIMITED: &str = "unlimited";

/// Words without case and hyphens.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The value as JSON of what is taken; null restores the default.
pub(crate) fn convert(takes: &Takes, value: &Value) -> Result<Json, Misfit> {
    let misfit = |problem: &str, mend: &str| Err((problem.to_owned(), mend.to_owned()));
    if *value == Value::Null {
        return Ok(Json::Null);
    }
    match takes {
        Takes::Switch | Takes::Boolean => boolean(value),
        Takes::Integer => integer(value),
        Takes::Count => match value {
            Value::Text(text) if text.eq_ignore_ascii_case(UNLIMITED) => Ok(UNLIMITED.into()),
            other => integer(other)
                .map_err(|(problem, _)| (problem, "write a number, or Unlimited".to_owned())),
        },
        Takes::Filter(_) => match value {
            Value::Block(text) | Value::Text(text) => Ok(text.trim().into()),
            _ => misfit("it is not a filter", "write { Name -like 'Anna*' }"),
        },
        Takes::Text => match value {
            Value::List(items) => match items.as_slice() {
                [one] => convert(takes, one),
                several => misfit(
                    &format!("{} values are given, and one is taken", several.len()),
                    "give one; quote what has a comma in it",
                ),
            },
            Value::Table(_) => misfit("a table is given, and a text is taken", "give a text"),
            Value::Block(_) => misfit(
                "a block is given, and a text is taken",
                "put the text between quotes",
            ),
            other => Ok(other.text().into()),
        },
        Takes::Word(words) => word(words, &value.text()),
        Takes::List(inner) => list(inner, value),
        Takes::Table | Takes::Any => Ok(any(value)),
    }
}

fn boolean(value: &Value) -> Result<Json, Misfit> {
    let found = match value {
        Value::Bool(truth) => Some(*truth),
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        Value::Text(text) => truth(text).or(match text.as_str() {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }),
        _ => None,
    };
    found.map(Json::Bool).ok_or_else(|| {
        (
            format!("{} is neither true nor false", quoted(value)),
            "write $true or $false".to_owned(),
        )
    })
}

fn integer(value: &Value) -> Result<Json, Misfit> {
    let whole = match value {
        Value::Integer(whole) => Some(*whole),
        Value::Text(text) => match crate::value::number(text) {
            Some(Value::Integer(whole)) => Some(whole),
            _ => None,
        },
        _ => None,
    };
    let whole = whole.and_then(|whole| u64::try_from(whole).ok());
    whole.map(Json::from).ok_or_else(|| {
        (
            format!("{} is not a whole number", quoted(value)),
            "write digits only".to_owned(),
        )
    })
}

fn word(words: &[String], text: &str) -> Result<Json, Misfit> {
    let wanted = squeezed(text);
    if let Some(word) = words.iter().find(|word| squeezed(word) == wanted) {
        return Ok(word.as_str().into());
    }
    let squeezed_words: Vec<String> = words.iter().map(|word| squeezed(word)).collect();
    let known: Vec<&str> = squeezed_words.iter().map(String::as_str).collect();
    let near = nearest(&wanted, &known).and_then(|near| {
        let at = squeezed_words.iter().position(|word| word == near)?;
        words.get(at)
    });
    let mend = match near {
        Some(near) => format!("did you mean {}?", spelt(near)),
        None => {
            let words: Vec<String> = words.iter().map(|word| spelt(word)).collect();
            format!("write {}", words.join(", "))
        }
    };
    Err((format!("{text:?} is not one of its words"), mend))
}

/// A word as Exchange spells it: `internal_relay` is `InternalRelay`.
pub(crate) fn spelt(word: &str) -> String {
    word.split(['_', '-'])
        .map(|part| {
            let mut letters = part.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

fn list(inner: &Takes, value: &Value) -> Result<Json, Misfit> {
    let items = |value: &Value| {
        let items = value.clone().into_items();
        let items = items.iter().map(|item| convert(inner, item));
        items.collect::<Result<Vec<Json>, Misfit>>()
    };
    let Value::Table(entries) = value else {
        return items(value).map(Json::from);
    };
    // Of a list of tables, a table is a member.
    let keys = |key: &str| {
        [ADD, REMOVE]
            .iter()
            .find(|one| one.eq_ignore_ascii_case(key))
    };
    if !entries.iter().all(|(key, _)| keys(key).is_some()) {
        return match inner {
            Takes::Table | Takes::Any => items(value).map(Json::from),
            _ => Err((
                "the table has other entries than Add and Remove".to_owned(),
                "write @{Add='a','b'; Remove='c'}, or the whole list 'a','b'".to_owned(),
            )),
        };
    }
    let mut changes = Map::new();
    for (key, value) in entries {
        if let Some(key) = keys(key) {
            changes.insert((*key).to_owned(), items(value)?.into());
        }
    }
    Ok(changes.into())
}

fn any(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Integer(whole) => json!(whole),
        Value::Real(real) => json!(real),
        Value::Text(text) | Value::Block(text) | Value::Page(text) => json!(text),
        Value::List(items) => items.iter().map(any).collect(),
        Value::Table(_) | Value::Record(_) => value
            .fields()
            .iter()
            .map(|(name, value)| (name.clone(), any(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn quoted(value: &Value) -> String {
    let text: String = value.text().chars().take(64).collect();
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use mailward_api::operation::cmdlet::Filtered;

    use super::*;

    fn text(text: &str) -> Value {
        Value::from(text)
    }

    #[test]
    fn values_become_what_fields_take() {
        let words = Takes::Word(vec!["global".to_owned(), "internal_relay".to_owned()]);
        let texts = Takes::List(Box::new(Takes::Text));
        let table = Value::Table(vec![
            ("Add".to_owned(), Value::List(vec![text("a"), text("b")])),
            ("remove".to_owned(), text("c")),
        ]);
        for (takes, value, expect) in [
            (&Takes::Boolean, text("$TRUE"), json!(true)),
            (&Takes::Boolean, Value::Integer(0), json!(false)),
            (&Takes::Integer, text("10"), json!(10)),
            (&Takes::Count, text("Unlimited"), json!("unlimited")),
            (&Takes::Text, Value::Integer(7), json!("7")),
            (&Takes::Text, Value::Null, json!(null)),
            (&words, text("InternalRelay"), json!("internal_relay")),
            (&words, text("GLOBAL"), json!("global")),
            (&texts, text("a"), json!(["a"])),
            (&texts, table, json!({ "add": ["a", "b"], "remove": ["c"] })),
            (
                &Takes::Filter(Filtered::Queues),
                Value::Block(" x ".to_owned()),
                json!("x"),
            ),
        ] {
            assert_eq!(convert(takes, &value), Ok(expect), "{value:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let words = Takes::Word(vec!["global".to_owned(), "internal".to_owned()]);
        for (takes, value, problem, mend) in [
            (
                &Takes::Boolean,
                text("perhaps"),
                "neither true nor false",
                "$true",
            ),
            (
                &Takes::Integer,
                text("many"),
                "not a whole number",
                "digits",
            ),
            (
                &Takes::Integer,
                Value::Integer(-1),
                "not a whole number",
                "digits",
            ),
            (
                &words,
                text("Globl"),
                "not one of its words",
                "did you mean Global?",
            ),
            (
                &words,
                text("x"),
                "not one of its words",
                "write Global, Internal",
            ),
            (
                &Takes::Text,
                Value::List(vec![text("a"), text("b")]),
                "2 values",
                "one",
            ),
        ] {
            let (found, how) = convert(takes, &value).unwrap_err();
            assert!(
                found.contains(problem) && how.contains(mend),
                "{found}; {how}"
            );
        }
    }
}
