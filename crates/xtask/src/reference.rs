//! The generated pages of the handbook on objects and events: tables from the same schemas and the
//! same catalogue that the program works by.

use std::fmt::Write as _;

use mailward_model::Kind;
use serde_json::Value;

/// The first line of every generated page.
pub(crate) const NOTE: &str =
    "<!-- Written by `cargo xtask docs` from the code. Do not edit: change the code. -->\n\n";

/// Every kind of object with every field.
pub(crate) fn objects() -> String {
    let document = mailward_api::operation::document();
    let schemas = &document["components"]["schemas"];
    let mut page = format!(
        "{NOTE}# Reference: objects\n\n\
         Every kind of object and every field, as `mailward export` writes them and `mailward apply` reads them.\n\
         [07-objects.md](07-objects.md) says how to work with them. An unset field needs no line. Sizes are written\n\
         `36MB`, times `1h30m`.\n"
    );
    for kind in Kind::ALL {
        let schema = &schemas[type_name(*kind)];
        let table = kind.table();
        let (head, name) = if kind.is_singleton() {
            (format!("[{table}]"), "")
        } else {
            (
                format!("[[{table}]]"),
                "Its `name` is free and unique within the kind. ",
            )
        };
        let _ = write!(
            page,
            "\n## {}\n\n{} {name}Written `{head}`; on the command line `mailward {}`.\n\n",
            capitalised(kind.plural()),
            paragraph(&schema["description"]),
            kind.noun()
        );
        page.push_str(&fields(schema, schemas));
    }
    page
}

/// The limits of receive connectors alone, for the page on connectors.
pub(crate) fn limits() -> String {
    let document = mailward_api::operation::document();
    let schemas = &document["components"]["schemas"];
    let properties = schemas["ReceiveConnector"]["properties"].as_object();
    let mut table = "| field | default | what it bounds |\n|---|---|---|\n".to_owned();
    for (name, field) in properties.into_iter().flatten() {
        let is_limit =
            name.starts_with("max_") || name.ends_with("_timeout") || name.ends_with("_interval");
        if is_limit {
            let _ = writeln!(
                table,
                "| `{name}` | {} | {} |",
                default(field),
                cell(&field["description"])
            );
        }
    }
    table
}

/// Every event with its page.
pub(crate) fn events() -> String {
    let mut page = format!(
        "{NOTE}# Reference: events\n\n\
         Every event with what it means, what it breaks and how to mend it. `mailward explain NUMBER` shows the same,\n\
         and when it happened on this host. [08-events.md](08-events.md) says where events are written. Words in braces\n\
         are fields.\n"
    );
    for event in mailward_events::catalogue::CATALOGUE {
        let _ = write!(
            page,
            "\n## {} {}\n\n*{}* — {}\n\n- **Means:** {}\n- **Breaks:** {}\n- **Mend:** {}\n",
            event.number,
            event.name,
            event.level,
            event.message,
            event.meaning,
            event.breaks,
            event.mend
        );
    }
    page
}

/// `ReceiveConnector` for the kind written `receive_connector`.
fn type_name(kind: Kind) -> String {
    kind.table().split('_').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn fields(schema: &Value, schemas: &Value) -> String {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut table = "| field | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    let properties: Vec<(&String, &Value)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .collect();
    let (needed, others): (Vec<_>, Vec<_>) = properties
        .into_iter()
        .partition(|(name, _)| required.contains(&name.as_str()));
    for (name, field) in needed.iter().chain(&others) {
        let default = if required.contains(&name.as_str()) {
            "**needed**".to_owned()
        } else {
            default(field)
        };
        let mut meaning = cell(&field["description"]);
        for (word, says) in words(field, schemas) {
            let _ = write!(meaning, "<br>{word}: {says}");
        }
        let _ = writeln!(
            table,
            "| `{name}` | {} | {default} | {meaning} |",
            value(field, schemas)
        );
    }
    table
}

/// A description as one paragraph: the first, where there are several.
fn paragraph(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A description that stands in a table.
fn cell(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // `<I>issuer<S>subject` is code already; a bar would end the cell.
    line.replace('|', "\\|")
}

fn default(field: &Value) -> String {
    match field.get("default") {
        None | Some(Value::Null) => "unset".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            format!("`{}`", items.join("`, `"))
        }
        Some(other) => format!("`{other}`"),
    }
}

/// The schema that a field refers to, be it optional or not.
fn target<'a>(field: &'a Value, schemas: &'a Value) -> Option<(&'a str, &'a Value)> {
    let direct = field["$ref"].as_str();
    let of_option = || field["anyOf"][0]["$ref"].as_str();
    let name = direct.or_else(of_option)?.rsplit('/').next()?;
    Some((name, &schemas[name]))
}

/// What may be written, in a word or two.
fn value(field: &Value, schemas: &Value) -> String {
    if let Some((name, schema)) = target(field, schemas) {
        return match name {
            "ByteSize" => "size".to_owned(),
            "Span" => "time".to_owned(),
            "EmailAddress" => "address".to_owned(),
            "Domain" => "domain".to_owned(),
            _ if schema["oneOf"].is_array() => "one of".to_owned(),
            _ => schema["format"].as_str().unwrap_or("text").to_owned(),
        };
    }
    let kind = match &field["type"] {
        Value::Array(several) => several.first().and_then(Value::as_str),
        one => one.as_str(),
    };
    match kind {
        Some("array") => format!("list of {}", value(&field["items"], schemas)),
        Some("boolean") => "true, false".to_owned(),
        Some("integer") => "number".to_owned(),
        _ => match field["format"].as_str() {
            Some("ip") => "IP address".to_owned(),
            _ => "text".to_owned(),
        },
    }
}

/// The words an enumeration knows, with what each means.
fn words(field: &Value, schemas: &Value) -> Vec<(String, String)> {
    let Some((_, schema)) = target(field, schemas) else {
        return Vec::new();
    };
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    variants
        .map(|variant| {
            let word = match variant["const"].as_str() {
                Some(word) => format!("`{word}`"),
                None => {
                    let keys = variant["properties"].as_object();
                    let key = keys.and_then(|keys| keys.keys().next());
                    let many = key.is_some_and(|key| variant["properties"][key]["type"] == "array");
                    let example = if many { "[\"…\"]" } else { "\"…\"" };
                    format!("`{{ {} = {example} }}`", key.map_or("", String::as_str))
                }
            };
            (word, cell(&variant["description"]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_fields_and_every_event_its_page() {
        let page = objects();
        for part in [
            "## Receive connectors",
            "| `max_message_size` | size | `36MB` |",
            "`implicit`: TLS from the first octet",
            "| `domain` | domain | **needed** |",
            "`{ webhook = \"…\" }`",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        assert_eq!(page.matches("\n## ").count(), Kind::ALL.len());
        assert!(!page.contains("| `` |") && !page.contains("|  | unset"));
        assert!(events().contains("## 12014 CertificateMissing"));
    }
}
