//! The table agrees with itself: words, arguments, routes, requests, the OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn fields_of(op: Op) -> BTreeSet<String> {
    let mut generator = schemars::SchemaGenerator::default();
    op.request_schema(&mut generator)
        .to_value()
        .get("properties")
        .and_then(Value::as_object)
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default()
}

#[test]
fn names_words_and_routes_are_unique() {
    let mut names = BTreeSet::new();
    let mut words = BTreeSet::new();
    let mut routes = BTreeSet::new();
    for op in Op::ALL {
        let definition = op.definition();
        assert!(names.insert(definition.name), "{definition:?}");
        assert!(words.insert(definition.words), "{definition:?}");
        assert!(
            routes.insert((definition.method.name(), definition.route)),
            "{definition:?}"
        );
        assert!(!definition.summary.is_empty(), "{definition:?}");
        assert!(!definition.summary.ends_with('.'), "{definition:?}");
    }
}

#[test]
fn fields_of_a_path_are_fields_of_the_request() {
    for op in Op::ALL {
        let fields = fields_of(*op);
        for field in op.definition().path_fields() {
            assert!(fields.contains(field), "{op:?} has no field {field}");
        }
    }
}

#[test]
fn every_argument_is_a_field_and_every_field_an_argument() {
    // `kind` is the noun of the command, `spec` is for programs.
    let not_arguments = ["kind", "spec"];
    for op in Op::ALL {
        let command = op.augment(clap::Command::new("x"));
        let arguments: BTreeSet<String> = command
            .get_arguments()
            .map(|argument| argument.get_id().to_string())
            .collect();
        let fields: BTreeSet<String> = fields_of(*op)
            .into_iter()
            .filter(|field| !not_arguments.contains(&field.as_str()))
            .collect();
        assert_eq!(arguments, fields, "{op:?}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{op:?} {argument}");
        }
    }
}

#[test]
fn the_document_has_every_operation_and_no_loose_reference() {
    let document = document();
    for op in Op::ALL {
        let definition = op.definition();
        let method = definition.method.name().to_ascii_lowercase();
        let found = &document["paths"][definition.route][&method];
        assert_eq!(found["operationId"], json!(definition.name));
        let described: BTreeSet<String> = found["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .chain(
                found["requestBody"]["content"]["application/json"]["schema"]["properties"]
                    .as_object()
                    .into_iter()
                    .flat_map(|fields| fields.keys().cloned()),
            )
            .collect();
        assert_eq!(described, fields_of(*op), "{op:?}");
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(!text.contains("{plural}"));
}

#[test]
fn requests_are_read_from_json_and_from_queries() {
    let fault = |result: Result<Call, Fault>| result.unwrap_err();
    assert!(matches!(
        Op::QueueList.call_query("limit=7&probes=true&from=%3C%3E"),
        Ok(Call::QueueList(request)) if request.limit == 7 && request.probes
            && request.from == Some(mailward_model::ReversePath::Null)
    ));
    assert!(matches!(
        Op::SimulateConnection.call_query("from=192.0.2.7&to=:25"),
        Ok(Call::SimulateConnection(request)) if request.to.port() == 25
    ));
    assert!(matches!(
        Op::ObjectSet.call(json!({
            "kind": "mailbox", "name": "Anna", "set": ["hidden=yes"], "revision": 3
        })),
        Ok(Call::ObjectSet(request)) if request.set.len() == 1
    ));
    assert_eq!(fault(Op::QueueList.call_query("limit=many")).field, "limit");
    assert_eq!(fault(Op::QueueShow.call_query("id=nonsense")).field, "id");
    let unknown = fault(Op::QueueList.call_query("colour=red"));
    assert!(unknown.error.contains("colour"), "{unknown}");
    let missing = fault(Op::Apply.call(json!({})));
    assert!(missing.error.contains("text"), "{missing}");
    assert_eq!(
        fault(Op::ObjectSet.call(json!({ "kind": "mailbox", "name": "x", "set": ["bad"] }))).field,
        "set[0]"
    );
}

#[test]
fn arguments_become_the_same_request() {
    let matches = Op::Trace
        .augment(clap::Command::new("trace"))
        .try_get_matches_from([
            "trace",
            "--from",
            "a@example.org",
            "--since",
            "2h",
            "--probes",
        ])
        .unwrap();
    let fields = Op::Trace.fields(&matches).unwrap();
    match Op::Trace.call(fields).unwrap() {
        Call::Trace(request) => {
            assert_eq!(request.from.as_deref(), Some("a@example.org"));
            assert_eq!(request.since.unwrap().to_string(), "2h");
            assert!(request.probes);
            assert_eq!(request.limit, 1000);
        }
        other => panic!("{other:?}"),
    }
}

proptest::proptest! {
    #[test]
    fn no_query_upsets_the_reader(query in ".{0,200}") {
        for op in Op::ALL {
            let _ = op.call_query(&query);
        }
    }
}
