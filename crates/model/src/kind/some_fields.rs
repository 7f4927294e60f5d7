//! Some fields of a kind of settings: those that a policy sets. They are read by the kind itself, so
//! that a policy cannot carry a field that does not exist or a value that does not parse.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{FieldError, object::Validate};

/// Fields of `T` by name, each as it is written. The rest of `T` is left as it is.
pub struct SomeFields<T> {
    fields: Map<String, Value>,
    of: PhantomData<fn() -> T>,
}

impl<T> SomeFields<T> {
    /// The fields that are set, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// True where none is set.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<T: DeserializeOwned> SomeFields<T> {
    /// The fields of this object.
    ///
    /// # Errors
    /// In a sentence: there is no such field, or its value is none of its.
    pub fn new(fields: Map<String, Value>) -> Result<Self, String> {
        if let Some((name, _)) = fields.iter().find(|(_, value)| value.is_null()) {
            return Err(format!("{name}: a policy sets fields and cannot unset one"));
        }
        match T::deserialize(Value::Object(fields.clone())) {
            Ok(_) => Ok(SomeFields {
                fields,
                of: PhantomData,
            }),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl<T: DeserializeOwned + Validate> SomeFields<T> {
    /// What is wrong with them, each by itself: rules between two fields are looked at where it is
    /// known what stands beside them.
    pub(super) fn check(&self, name: &str, errors: &mut Vec<FieldError>) {
        for (field, value) in &self.fields {
            let mut one = Map::new();
            one.insert(field.clone(), value.clone());
            let Ok(spec) = T::deserialize(Value::Object(one)) else {
                continue;
            };
            let broken = spec.validate().into_iter();
            errors.extend(
                broken
                    .filter(|error| error.field.split('[').next() == Some(field))
                    .filter(|_| !rests_on_another(field))
                    .map(|error| FieldError {
                        field: format!("{name}.{}", error.field),
                        ..error
                    }),
            );
        }
    }
}

/// Waits before stages of recovery are sound or not by each other.
fn rests_on_another(field: &str) -> bool {
    field.ends_with("_after")
}

impl<T> Default for SomeFields<T> {
    fn default() -> Self {
        SomeFields {
            fields: Map::new(),
            of: PhantomData,
        }
    }
}

impl<T> Clone for SomeFields<T> {
    fn clone(&self) -> Self {
        SomeFields {
            fields: self.fields.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for SomeFields<T> {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl<T> fmt::Debug for SomeFields<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.fmt(f)
    }
}

impl<T> Serialize for SomeFields<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for SomeFields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        SomeFields::new(fields).map_err(serde::de::Error::custom)
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for SomeFields<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Some{}", T::schema_name()).into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // Its fields have their own page; every default of them here would say the same once more.
        schemars::json_schema!({ "type": "object" })
    }
}
