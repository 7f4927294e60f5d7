//! The OpenAPI 3.1 document of the admin API, made from the table of operations.

use mailward_model::{Kind, Spec};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Definition, Media, Op};
use crate::fault::Fault;

/// Where the forecast is served as iCalendar.
pub const CALENDAR_ROUTE: &str = "/v1/health/forecast.ics";

const DESCRIPTION: &str = "\
Everything an administrator can ask of a Mailward node. It is served as HTTP/1.1 over the Unix \
socket <run_dir>/admin.sock, to root and to the user that Mailward runs as. Times are Unix \
milliseconds (`_unix_ms`), lengths of time milliseconds (`_ms`). With the header `mailward-node: NAME` \
another node carries a request out, on behalf of whoever signed in, or whom root names in \
`mailward-on-behalf-of`; an answer that is an object then has the field `acted_as`, and every answer the \
header `mailward-acted-as`, with `user` or `machine`.";

/// The document.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for op in Op::ALL {
        let definition = op.definition();
        let path = paths
            .entry(definition.route)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(path) = path.as_object_mut() {
            path.insert(
                definition.method.name().to_ascii_lowercase(),
                operation(*op, definition, &mut generator),
            );
        }
    }
    paths.insert(CALENDAR_ROUTE.to_owned(), calendar(&mut generator));
    let fault = generator.subschema_for::<Fault>().to_value();
    // Specs are told apart by their kind, which stands in the path: each is named here.
    for kind in Kind::ALL {
        Spec::schema(*kind, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mailward admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": {
                "Fault": {
                    "description": "It was not done: what, where, and what to do about it.",
                    "content": { "application/json": { "schema": fault } },
                },
            },
        },
    })
}

/// The forecast as a calendar: the one answer that no operation of its own gives.
fn calendar(generator: &mut schemars::SchemaGenerator) -> Value {
    let op = Op::HealthForecast;
    let mut described = operation(op, op.definition(), generator);
    if let Some(described) = described.as_object_mut() {
        described.insert("operationId".to_owned(), "HealthForecastCalendar".into());
        described.insert(
            "summary".to_owned(),
            "Show what will break, when, and what to do, as a calendar".into(),
        );
        described.insert(
            "description".to_owned(),
            "As GET /v1/health/forecast, for any program that reads iCalendar (RFC 5545). Entries \
             keep their identifiers, so that a calendar that asks again updates them."
                .into(),
        );
    }
    if let Some(answer) = described.pointer_mut("/responses/200/content") {
        *answer = json!({ "text/calendar": { "schema": { "type": "string" } } });
    }
    json!({ "get": described })
}

/// A doc comment with the words that depend on the kind replaced.
fn prose(text: &str) -> String {
    text.replace("{plural}", "objects of a kind")
}

fn operation(op: Op, definition: &Definition, generator: &mut schemars::SchemaGenerator) -> Value {
    let request = op.request_schema(generator).to_value();
    let required: Vec<&str> = request
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let fields = request.get("properties").and_then(Value::as_object);
    let in_path: Vec<&str> = definition.path_fields().collect();
    let mut parameters = Vec::new();
    let mut body = Map::new();
    for (name, schema) in fields.into_iter().flatten() {
        let place = match (
            in_path.contains(&name.as_str()),
            definition.method.has_body(),
        ) {
            (true, _) => "path",
            (false, true) => {
                body.insert(name.clone(), schema.clone());
                continue;
            }
            (false, false) => "query",
        };
        let mut schema = schema.clone();
        let description = schema
            .as_object_mut()
            .and_then(|schema| schema.remove("description"))
            .unwrap_or_default();
        parameters.push(json!({
            "name": name,
            "in": place,
            "required": place == "path" || required.contains(&name.as_str()),
            "description": description,
            "schema": schema,
        }));
    }
    let answer = match definition.media {
        Media::Json => json!({ "application/json": {
            "schema": op.view_schema(generator).to_value(),
        }}),
        Media::Message => json!({ "message/rfc822": {} }),
    };
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": prose(definition.summary), "content": answer }),
    );
    responses.insert(
        "default".to_owned(),
        json!({ "$ref": "#/components/responses/Fault" }),
    );
    let tag = match definition.words {
        ["{kind}", ..] => "object",
        [noun, ..] => noun,
        [] => "",
    };
    let mut operation = json!({
        "operationId": definition.name,
        "summary": prose(definition.summary),
        "tags": [tag],
        "responses": responses,
    });
    if let Some(operation) = operation.as_object_mut() {
        let help = definition.help();
        if !help.is_empty() {
            operation.insert("description".to_owned(), prose(&help).into());
        }
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if !body.is_empty() {
            let needed: Vec<&str> = required
                .into_iter()
                .filter(|name| body.contains_key(*name))
                .collect();
            let any_needed = !needed.is_empty();
            let schema = json!({
                "type": "object",
                "properties": body,
                "required": needed,
                "additionalProperties": false,
            });
            operation.insert(
                "requestBody".to_owned(),
                json!({
                    "required": any_needed,
                    "content": { "application/json": { "schema": schema } },
                }),
            );
        }
    }
    operation
}
