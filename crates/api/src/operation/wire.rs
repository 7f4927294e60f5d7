//! An operation as an HTTP request, written and read.
//!
//! Fields named in the route stand in the path; the others in the query of GET and DELETE, and in
//! the JSON body of POST and PATCH. Both directions stand here so that they cannot differ.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Call, Method, Op};
use crate::fault::Fault;

/// What stands in a path segment or a query as it is (RFC 3986 §2.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request line's method and target, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub target: String,
    /// The JSON body, where the method has one.
    pub body: Option<Vec<u8>>,
}

/// A single value as it stands in a path or query; nothing for what is unset.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

impl Op {
    /// Writes a request with these fields.
    pub fn to_wire(self, fields: Map<String, Value>) -> Wire {
        let definition = self.definition();
        let mut fields = fields;
        let mut target = String::new();
        for part in definition.route.split('/').skip(1) {
            target.push('/');
            let field = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
            match field {
                Some(field) => {
                    let value = fields.remove(field).as_ref().and_then(text);
                    let value = value.unwrap_or_default();
                    // `.` and `..` would be folded away as steps of the path (RFC 3986 §5.2.4).
                    let dots = value == "." || value == "..";
                    match dots {
                        true => target.push_str(&value.replace('.', "%2E")),
                        false => target.extend(utf8_percent_encode(&value, KEPT)),
                    }
                }
                None => target.push_str(part),
            }
        }
        if definition.method.has_body() {
            return Wire {
                method: definition.method,
                target,
                body: Some(Value::Object(fields).to_string().into_bytes()),
            };
        }
        let mut separator = '?';
        for (name, value) in &fields {
            let Some(value) = text(value) else { continue };
            target.push(separator);
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(&value, KEPT));
            separator = '&';
        }
        Wire {
            method: definition.method,
            target,
            body: None,
        }
    }

    /// Reads a request: the decoded fields of the path, the raw query, the body.
    ///
    /// # Errors
    /// The field that is wrong, missing or unknown; a body that is no JSON object.
    pub fn from_wire<'a>(
        self,
        path: impl IntoIterator<Item = (&'a str, &'a str)>,
        query: &str,
        body: &[u8],
    ) -> Result<Call, Fault> {
        if !self.definition().method.has_body() {
            let mut all = form_urlencoded::Serializer::new(query.to_owned());
            all.extend_pairs(path);
            return self.call_query(&all.finish());
        }
        if !query.is_empty() {
            return Err(Fault::invalid(
                "this request takes no query",
                "put its fields into the JSON body",
            ));
        }
        let mut fields: Map<String, Value> = if body.iter().all(u8::is_ascii_whitespace) {
            Map::new()
        } else {
            serde_json::from_slice(body).map_err(|error| {
                Fault::invalid(
                    format!("the body is not a JSON object: {error}"),
                    "GET /openapi.json describes every request",
                )
            })?
        };
        for (name, value) in path {
            if fields.insert(name.to_owned(), value.into()).is_some() {
                return Err(Fault::invalid(
                    format!("{name} stands in the path and in the body"),
                    "leave it out of the body",
                )
                .at(name));
            }
        }
        self.call(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    /// Reads a target back as a router does.
    fn read(op: Op, wire: &Wire) -> Result<Call, Fault> {
        let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
        let decoded: Vec<(&str, String)> = op
            .definition()
            .route
            .split('/')
            .zip(path.split('/'))
            .filter_map(|(name, value)| {
                let name = name.strip_prefix('{')?.strip_suffix('}')?;
                let value = percent_encoding::percent_decode_str(value);
                Some((name, value.decode_utf8().unwrap().into_owned()))
            })
            .collect();
        let path = decoded.iter().map(|(name, value)| (*name, value.as_str()));
        op.from_wire(path, query, wire.body.as_deref().unwrap_or_default())
    }

    #[test]
    fn requests_are_written_where_the_route_says() {
        let wire = Op::ObjectRemove.to_wire(object(
            json!({ "kind": "mailbox", "name": "anna", "revision": 3 }),
        ));
        assert_eq!(wire.target, "/v1/objects/mailbox/anna?revision=3");
        assert_eq!(wire.body, None);
        let wire = Op::ObjectSet.to_wire(object(
            json!({ "kind": "mailbox", "name": "Anna Berg", "set": ["hidden=yes"] }),
        ));
        assert_eq!(wire.target, "/v1/objects/mailbox/Anna%20Berg");
        assert_eq!(
            wire.body.as_deref(),
            Some(&br#"{"set":["hidden=yes"]}"#[..])
        );
    }

    #[test]
    fn a_body_must_be_an_object_and_not_contradict_the_path() {
        for (query, body, part) in [
            ("", &b"[1]"[..], "not a JSON object"),
            ("", b"{", "not a JSON object"),
            ("a=b", b"{}", "takes no query"),
            (
                "",
                br#"{"name":"other","set":["hidden=yes"]}"#,
                "in the path and in the body",
            ),
            ("", br#"{"set":["hidden=yes"],"colour":"red"}"#, "colour"),
        ] {
            let path = [("kind", "mailbox"), ("name", "Anna")];
            let fault = Op::ObjectSet.from_wire(path, query, body).unwrap_err();
            assert!(fault.to_string().contains(part), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "\\PC{1,40}", monitoring: bool, revision: Option<u64>) {
            let fields = object(json!({ "kind": "mailbox", "name": name, "revision": revision }));
            let wire = Op::ObjectRemove.to_wire(fields.clone());
            prop_assert!(wire.target.is_ascii());
            prop_assert_eq!(read(Op::ObjectRemove, &wire), Op::ObjectRemove.call(fields.into()));
            let fields = object(json!({ "kind": "mailbox", "monitoring": monitoring }));
            let wire = Op::ObjectList.to_wire(fields.clone());
            prop_assert_eq!(read(Op::ObjectList, &wire), Op::ObjectList.call(fields.into()));
            let fields = object(json!({ "text": name }));
            let wire = Op::Plan.to_wire(fields.clone());
            prop_assert_eq!(read(Op::Plan, &wire), Op::Plan.call(fields.into()));
            let fields = object(json!({ "from": name, "since": "2h" }));
            let wire = Op::Trace.to_wire(fields.clone());
            prop_assert_eq!(read(Op::Trace, &wire), Op::Trace.call(fields.into()));
        }
    }
}
