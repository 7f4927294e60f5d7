//! The fields of a spec in their order, with their defaults.
//!
//! A default is found by leaving the field out and reading the spec back, so that the kinds have no
//! second list of defaults to keep in step.

use std::{collections::HashMap, fmt};

use mailward_model::{Kind, Spec};
use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::engine::row::spec_text;

/// Names and values in the order in which the spec lists them.
pub(super) struct Fields(pub(super) Vec<(String, Value)>);

impl Fields {
    /// The fields of a spec.
    pub(super) fn of(spec: &Spec) -> Fields {
        // Specs are plain data with text keys, which JSON can always hold.
        spec_text(spec)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or(Fields(Vec::new()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a spec")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The defaults of each kind's fields, found when first needed.
#[derive(Default)]
pub(super) struct Defaults(HashMap<Kind, HashMap<String, Value>>);

impl Defaults {
    /// The fields of a spec that differ from their defaults. A field without a default always does;
    /// one that is unset never does.
    pub(super) fn differing(&mut self, spec: &Spec) -> Vec<(String, Value)> {
        let fields = Fields::of(spec);
        let defaults = self
            .0
            .entry(spec.kind())
            .or_insert_with(|| defaults_by(spec.kind(), &fields));
        fields
            .0
            .into_iter()
            .filter(|(name, value)| !value.is_null() && defaults.get(name) != Some(value))
            .collect()
    }
}

/// The defaults of a kind, by one sample of it: no default hangs on another field's value.
fn defaults_by(kind: Kind, sample: &Fields) -> HashMap<String, Value> {
    let mut defaults = HashMap::new();
    for (left_out, _) in &sample.0 {
        let rest = sample
            .0
            .iter()
            .filter(|(name, _)| name != left_out)
            .cloned()
            .collect();
        if let Ok(spec) = Spec::deserialize_kind(kind, Value::Object(rest))
            && let Some(value) = Fields::of(&spec).get(left_out)
        {
            defaults.insert(left_out.clone(), value.clone());
        }
    }
    defaults
}

/// The spec of a kind of which there is always one object, all defaults; `None` for other kinds.
pub(super) fn default_spec(kind: Kind) -> Option<Spec> {
    kind.is_singleton()
        .then(|| Spec::deserialize_kind(kind, Value::Object(serde_json::Map::new())).ok())
        .flatten()
}

/// The names of a kind's fields.
pub(super) fn names(kind: Kind) -> Vec<String> {
    let mut generator = schemars::generate::SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    Spec::schema(kind, &mut generator)
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}
