//! Fields that most objects leave unset, kept as a short list of those that are set.
//!
//! One table gives the fields' names, their documentation and whether a field has one text or a
//! list of them. From it follow the type, what is written and read, and the schema: so the
//! reference page, the command line and the API know every field of the table. An object that sets
//! none of them carries one empty list.

/// Octets of one text (Exchange: 1024 characters).
const TEXT_OCTETS_MAX: usize = 4_096;
/// Texts of one list (Exchange: 1300).
const LIST_MAX: usize = 1_300;

/// The value of a field that is set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Sparse {
    Text(Box<str>),
    List(Vec<String>),
}

impl Sparse {
    pub(super) fn texts(&self) -> &[String] {
        match self {
            Sparse::Text(_) => &[],
            Sparse::List(texts) => texts,
        }
    }

    /// What is longer than it may be.
    pub(super) fn problem(&self) -> Option<String> {
        let long = |text: &str| {
            (text.len() > TEXT_OCTETS_MAX).then(|| {
                format!(
                    "a text has {} octets, the limit is {TEXT_OCTETS_MAX}",
                    text.len()
                )
            })
        };
        match self {
            Sparse::Text(text) => long(text),
            Sparse::List(texts) if texts.len() > LIST_MAX => Some(format!(
                "the list has {} texts, the limit is {LIST_MAX}",
                texts.len()
            )),
            Sparse::List(texts) => texts.iter().find_map(|text| long(text)),
        }
    }
}

/// A value as it is written; what it must be is known from the table.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Written {
    Unset(()),
    Text(String),
    List(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Written {
    /// The value of a field; `Ok(None)` where it is unset.
    pub(super) fn value(self, is_list: bool) -> Result<Option<Sparse>, &'static str> {
        Ok(match (self, is_list) {
            (Written::Unset(()), _) => None,
            (Written::Text(text), _) if text.is_empty() => None,
            (Written::Text(text), false) => Some(Sparse::Text(text.into())),
            // A list of one may be written without brackets.
            (Written::Text(text), true) => Some(Sparse::List(vec![text])),
            (Written::List(texts), true) => {
                let mut kept: Vec<String> = Vec::with_capacity(texts.len());
                for text in texts {
                    if !text.is_empty() && !kept.contains(&text) {
                        kept.push(text);
                    }
                }
                (!kept.is_empty()).then_some(Sparse::List(kept))
            }
            (_, true) => return Err("expected a list of texts, such as [\"a\", \"b\"]"),
            (_, false) => return Err("expected a text, such as \"a\""),
        })
    }
}

/// Defines a set of sparse fields and their keys from one table.
macro_rules! sparse {
    (
        $(#[$set_doc:meta])* $Set:ident of $(#[$key_doc:meta])* $Key:ident;
        $($(#[doc = $doc:literal])* $name:literal $Variant:ident $shape:ident,)*
    ) => {
        $(#[$key_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Key { $($(#[doc = $doc])* $Variant,)* }

        impl $Key {
            /// Every field, in the order in which they are written.
            pub const ALL: &'static [$Key] = &[$($Key::$Variant,)*];
            const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The field's name.
            pub fn name(self) -> &'static str {
                match self { $($Key::$Variant => $name,)* }
            }

            /// Exchange's name for it.
            pub fn exchange_name(self) -> &'static str {
                match self { $($Key::$Variant => stringify!($Variant),)* }
            }

            /// Whether it has a list of texts and not one.
            pub fn is_list(self) -> bool {
                match self { $($Key::$Variant => sparse!(@is_list $shape),)* }
            }

            /// The field of this name.
            pub fn find(name: &str) -> Option<$Key> {
                $Key::ALL.iter().copied().find(|key| key.name() == name)
            }

            fn description(self) -> &'static str {
                match self { $($Key::$Variant => concat!($($doc,)*).trim_ascii(),)* }
            }
        }

        $(#[$set_doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $Set {
            /// Sorted by key.
            values: Vec<($Key, super::sparse::Sparse)>,
        }

        impl $Set {
            fn value(&self, key: $Key) -> Option<&super::sparse::Sparse> {
                let at = self.values.binary_search_by_key(&key, |(key, _)| *key).ok()?;
                self.values.get(at).map(|(_, value)| value)
            }

            fn put(&mut self, key: $Key, value: Option<super::sparse::Sparse>) {
                match (self.values.binary_search_by_key(&key, |(key, _)| *key), value) {
                    (Ok(at), Some(value)) => {
                        if let Some(entry) = self.values.get_mut(at) {
                            entry.1 = value;
                        }
                    }
                    (Ok(at), None) => drop(self.values.remove(at)),
                    (Err(at), Some(value)) => self.values.insert(at, (key, value)),
                    (Err(_), None) => {}
                }
            }

            /// The text of a field that has one and is set.
            pub fn text(&self, key: $Key) -> Option<&str> {
                match self.value(key) {
                    Some(super::sparse::Sparse::Text(text)) => Some(text),
                    _ => None,
                }
            }

            /// The texts of a field that has a list.
            pub fn list(&self, key: $Key) -> &[String] {
                self.value(key).map_or(&[], super::sparse::Sparse::texts)
            }

            /// Sets a field to one text; an empty one unsets it.
            pub fn set(&mut self, key: $Key, text: &str) {
                let written = super::sparse::Written::Text(text.to_owned());
                self.put(key, written.value(key.is_list()).unwrap_or_default());
            }

            /// Sets a field that has a list; an empty one unsets it. A field of one text is left
            /// as it was.
            pub fn set_list(&mut self, key: $Key, texts: &[String]) {
                let written = super::sparse::Written::List(texts.to_vec());
                if let Ok(value) = written.value(key.is_list()) {
                    self.put(key, value);
                }
            }

            /// Every value that is set, those of a list one by one.
            pub fn iter(&self) -> impl Iterator<Item = ($Key, &str)> {
                self.values.iter().flat_map(|(key, value)| {
                    let one = match value {
                        super::sparse::Sparse::Text(text) => Some(&**text),
                        super::sparse::Sparse::List(_) => None,
                    };
                    let texts = value.texts().iter().map(String::as_str);
                    one.into_iter().chain(texts).map(|text| (*key, text))
                })
            }

            /// True where no field is set.
            pub fn is_empty(&self) -> bool {
                self.values.is_empty()
            }

            pub(super) fn check(&self, errors: &mut Vec<crate::FieldError>) {
                for (key, value) in &self.values {
                    if let Some(problem) = value.problem() {
                        let mend = "shorten it";
                        errors.push(crate::FieldError::new(key.name(), problem, mend));
                    }
                }
            }
        }

        impl serde::Serialize for $Set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.values.iter().map(|(key, value)| (key.name(), value)))
            }
        }

        impl<'de> serde::Deserialize<'de> for $Set {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $Set;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("fields of texts")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$Set, A::Error> {
                        use serde::de::Error;
                        let mut set = $Set::default();
                        while let Some(name) = map.next_key::<String>()? {
                            let key = $Key::find(&name)
                                .ok_or_else(|| A::Error::custom(format!("{name}: there is no such field")))?;
                            let written: super::sparse::Written = map.next_value()?;
                            let value = written
                                .value(key.is_list())
                                .map_err(|expected| A::Error::custom(format!("{name}: {expected}")))?;
                            set.put(key, value);
                        }
                        Ok(set)
                    }
                }
                deserializer.deserialize_struct(stringify!($Set), $Key::NAMES, Fields)
            }
        }

        impl schemars::JsonSchema for $Set {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Set).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!({ "type": "object", "properties": {} });
                let properties = schema
                    .get_mut("properties")
                    .and_then(|properties| properties.as_object_mut());
                if let Some(properties) = properties {
                    for key in $Key::ALL {
                        let field = if key.is_list() {
                            schemars::json_schema!({
                                "type": "array", "items": { "type": "string" }, "default": [],
                                "description": key.description(),
                            })
                        } else {
                            schemars::json_schema!({
                                "type": ["string", "null"], "default": null,
                                "description": key.description(),
                            })
                        };
                        properties.insert(key.name().to_owned(), field.into());
                    }
                }
                schema
            }
        }
    };
    (@is_list text) => { false };
    (@is_list list) => { true };
}
pub(super) use sparse;
