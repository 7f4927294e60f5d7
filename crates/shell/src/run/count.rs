//! Objects counted, and which properties there are.
//!
//! Pure.

use super::{
    arguments::Arguments,
    own::{record, whole},
};
use crate::value::Value;

/// Measure-Object: all of them, or the values of each property.
pub(super) fn measure(arguments: &Arguments<'_>, items: &[Value]) -> Vec<Value> {
    match arguments.items("Property") {
        None => vec![measured(arguments, items, None)],
        Some(properties) => properties
            .iter()
            .map(|property| measured(arguments, items, Some(property.text())))
            .collect(),
    }
}

fn measured(arguments: &Arguments<'_>, items: &[Value], property: Option<String>) -> Value {
    let values: Vec<Value> = match &property {
        Some(name) => items
            .iter()
            .map(|item| item.member(name))
            .filter(|value| *value != Value::Null)
            .collect(),
        None => items.to_vec(),
    };
    let numbers: Vec<f64> = values.iter().filter_map(Value::number).collect();
    let sum: f64 = numbers.iter().sum();
    let shown = |real: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "it is a whole number")]
        if real.fract() == 0.0 && real.abs() < 9e15 {
            Value::Integer(real as i64)
        } else {
            Value::Real(real)
        }
    };
    let mut fields = vec![("Count", whole(values.len()))];
    if arguments.is_on("Sum") {
        fields.push(("Sum", shown(sum)));
    }
    if arguments.is_on("Average") {
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let average = if numbers.is_empty() {
            Value::Null
        } else {
            shown(sum / numbers.len() as f64)
        };
        fields.push(("Average", average));
    }
    let smallest = values.iter().min_by(|a, b| a.order(b)).cloned();
    let largest = values.iter().max_by(|a, b| a.order(b)).cloned();
    for (name, value) in [("Minimum", smallest), ("Maximum", largest)] {
        if arguments.is_on(name) {
            fields.push((name, value.unwrap_or_default()));
        }
    }
    if let Some(name) = property {
        fields.push(("Property", Value::Text(name)));
    }
    record(fields)
}

/// Get-Member.
pub(super) fn members(items: &[Value]) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        for (name, value) in item.fields() {
            if seen.insert(name.clone()) {
                let kind = match value {
                    Value::Bool(_) => "Boolean",
                    Value::Integer(_) | Value::Real(_) => "Number",
                    Value::List(_) => "List",
                    Value::Table(_) | Value::Record(_) => "Table",
                    _ => "Text",
                };
                rows.push(record(vec![
                    ("Name", name.as_str().into()),
                    ("Type", kind.into()),
                ]));
            }
        }
    }
    rows
}
