//! Metrics and events in OTLP's JSON encoding. Pure.
//!
//! The encoding is protobuf's JSON mapping with lowerCamelCase names: 64-bit numbers are texts, enums
//! are numbers (OpenTelemetry specification, OTLP/HTTP, "JSON Protobuf Encoding").

use mailward_events::{Level, Record};
use serde_json::{Value as Json, json};

use crate::metric::{Family, Kind, Sample, Value, bounds_seconds, text::PREFIX};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u32 = 2;
/// Name of the scope all of it belongs to.
const SCOPE: &str = "mailward";

/// Who speaks.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The node's name.
    pub(crate) node: String,
}

impl Resource {
    fn json(&self) -> Json {
        json!({ "attributes": [
            text("service.name", "mailward"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", &self.node),
            text("host.name", &self.node),
        ] })
    }
}

fn text(key: &str, value: &str) -> Json {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn scope() -> Json {
    json!({ "name": SCOPE, "version": env!("CARGO_PKG_VERSION") })
}

fn nanos(unix_ms: u64) -> String {
    unix_ms.saturating_mul(1_000_000).to_string()
}

/// The body of a request to `/v1/metrics`.
pub(crate) fn metrics(families: &[Family], resource: &Resource, now_unix_ms: u64) -> Json {
    let metrics: Vec<Json> = families
        .iter()
        .map(|family| metric(family, now_unix_ms))
        .collect();
    json!({ "resourceMetrics": [{
        "resource": resource.json(),
        "scopeMetrics": [{ "scope": scope(), "metrics": metrics }],
    }] })
}

fn metric(family: &Family, now_unix_ms: u64) -> Json {
    let points: Vec<Json> = family
        .samples
        .iter()
        .map(|sample| point(family, sample, now_unix_ms))
        .collect();
    let mut metric = json!({
        "name": format!("{PREFIX}_{}", family.name),
        "description": family.help,
        "unit": unit(family),
    });
    let (kind, says) = match family.kind {
        Kind::Gauge => ("gauge", json!({ "dataPoints": points })),
        Kind::Counter => (
            "sum",
            json!({
                "dataPoints": points,
                "aggregationTemporality": CUMULATIVE,
                "isMonotonic": true,
            }),
        ),
        Kind::Histogram => (
            "histogram",
            json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE }),
        ),
    };
    if let Some(metric) = metric.as_object_mut() {
        metric.insert(kind.to_owned(), says);
    }
    metric
}

/// The unit in UCUM, as the name says it.
fn unit(family: &Family) -> &'static str {
    if family.name.ends_with("_seconds") {
        "s"
    } else if family.name.ends_with("_bytes") {
        "By"
    } else {
        "1"
    }
}

fn point(family: &Family, sample: &Sample, now_unix_ms: u64) -> Json {
    let attributes: Vec<Json> = sample
        .labels
        .iter()
        .map(|(label, value)| text(label, value))
        .collect();
    let mut point = json!({
        "attributes": attributes,
        "timeUnixNano": nanos(now_unix_ms),
    });
    let Some(fields) = point.as_object_mut() else {
        return point;
    };
    if family.kind != Kind::Gauge {
        fields.insert(
            "startTimeUnixNano".into(),
            nanos(family.since_unix_ms).into(),
        );
    }
    match &sample.value {
        Value::Whole(value) => {
            // OTLP's whole numbers are signed; no count here comes near the limit.
            let value = i64::try_from(*value).unwrap_or(i64::MAX);
            fields.insert("asInt".into(), value.to_string().into());
        }
        Value::Signed(value) => {
            fields.insert("asInt".into(), value.to_string().into());
        }
        Value::Real(value) => {
            fields.insert("asDouble".into(), (*value).into());
        }
        Value::Durations {
            sum_seconds,
            buckets,
        } => {
            let counts: Vec<String> = buckets.iter().map(u64::to_string).collect();
            let bounds: Vec<f64> = bounds_seconds().collect();
            fields.insert(
                "count".into(),
                buckets.iter().sum::<u64>().to_string().into(),
            );
            fields.insert("sum".into(), (*sum_seconds).into());
            fields.insert("bucketCounts".into(), counts.into());
            fields.insert("explicitBounds".into(), bounds.into());
        }
    }
    point
}

/// The body of a request to `/v1/logs`.
pub(crate) fn logs(records: &[Record], resource: &Resource, now_unix_ms: u64) -> Json {
    let records: Vec<Json> = records
        .iter()
        .map(|record| log(record, now_unix_ms))
        .collect();
    json!({ "resourceLogs": [{
        "resource": resource.json(),
        "scopeLogs": [{ "scope": scope(), "logRecords": records }],
    }] })
}

/// The severity number of OpenTelemetry's log data model.
fn severity(level: Level) -> u32 {
    match level {
        Level::Info => 9,
        Level::Notice => 10,
        Level::Warning => 13,
        Level::Error => 17,
        Level::Critical => 21,
    }
}

fn log(record: &Record, now_unix_ms: u64) -> Json {
    let mut attributes = vec![
        json!({ "key": "mailward.event.number", "value": { "intValue": record.number.to_string() } }),
        text("mailward.event.name", &record.name),
        text("mailward.role", &record.role),
        json!({ "key": "process.pid", "value": { "intValue": record.pid.to_string() } }),
    ];
    if let Some(repeated) = record.repeated {
        let value = repeated.to_string();
        attributes
            .push(json!({ "key": "mailward.event.repeated", "value": { "intValue": value } }));
    }
    attributes.extend(record.fields.iter().map(
        |(name, value)| json!({ "key": format!("mailward.field.{name}"), "value": any(value) }),
    ));
    json!({
        "timeUnixNano": nanos(record.unix_ms),
        "observedTimeUnixNano": nanos(now_unix_ms),
        "severityNumber": severity(record.level),
        "severityText": record.level.as_str(),
        "body": { "stringValue": record.message },
        "attributes": attributes,
        "eventName": format!("mailward.{}", record.name),
    })
}

/// A field's value. What is neither text, number nor truth is written as JSON.
fn any(value: &Json) -> Json {
    match value {
        Json::String(text) => json!({ "stringValue": text }),
        Json::Bool(truth) => json!({ "boolValue": truth }),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => json!({ "intValue": whole.to_string() }),
            None => json!({ "doubleValue": number.as_f64() }),
        },
        Json::Array(items) => {
            let items: Vec<Json> = items.iter().map(any).collect();
            json!({ "arrayValue": { "values": items } })
        }
        Json::Null | Json::Object(_) => json!({ "stringValue": value.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use mailward_events::{Event, Items};
    use opentelemetry_proto::tonic::{
        collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest},
        common::v1::{AnyValue, any_value::Value as Any},
        metrics::v1::{metric::Data, number_data_point::Value as Number},
    };

    use super::*;

    fn resource() -> Resource {
        Resource {
            node: "mx1.example.org".to_owned(),
        }
    }

    /// Read by OpenTelemetry's own types.
    fn metrics_read(families: &[Family]) -> ExportMetricsServiceRequest {
        let json = metrics(families, &resource(), 5_000).to_string();
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    #[test]
    fn metrics_are_what_opentelemetry_reads() {
        let mut buckets = vec![0; 15];
        buckets[14] = 4;
        let read = metrics_read(&[
            Family::counter(
                "messages",
                "Messages",
                1_000,
                [Sample::whole(u64::MAX).with("connector", "Inter\"net")],
            ),
            Family::gauge("age_seconds", "Age", [Sample::real(1.5)]),
            Family::histogram(
                "took_seconds",
                "Took",
                1_000,
                [Sample::durations(9, buckets)],
            ),
        ]);
        let of = &read.resource_metrics[0];
        let who = of.resource.as_ref().unwrap();
        assert_eq!(who.attributes[0].key, "service.name");
        let metrics = &of.scope_metrics[0].metrics;
        let Some(Data::Sum(sum)) = &metrics[0].data else {
            panic!("{metrics:?}");
        };
        assert!(sum.is_monotonic);
        assert_eq!(sum.aggregation_temporality, 2);
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(Number::AsInt(i64::MAX)));
        assert_eq!(point.start_time_unix_nano, 1_000_000_000);
        assert_eq!(point.time_unix_nano, 5_000_000_000);
        assert_eq!(point.attributes[0].key, "connector");
        let Some(Data::Gauge(gauge)) = &metrics[1].data else {
            panic!("{metrics:?}");
        };
        assert_eq!(metrics[1].unit, "s");
        assert_eq!(gauge.data_points[0].value, Some(Number::AsDouble(1.5)));
        let Some(Data::Histogram(took)) = &metrics[2].data else {
            panic!("{metrics:?}");
        };
        let point = &took.data_points[0];
        assert_eq!((point.count, point.sum), (4, Some(0.009)));
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    }

    #[test]
    fn events_are_what_opentelemetry_reads() {
        let event = Event::CertificateMissing {
            connector: "Internet".into(),
            fqdn: "mx1.example.org".into(),
            candidates: Items(vec!["a.pem".into(), "b.pem".into()]),
        };
        let mut record = Record::new(&event, "transport", 3_000);
        record.repeated = Some(7);
        let json = logs(&[record], &resource(), 5_000).to_string();
        let read: ExportLogsServiceRequest =
            serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let log = &read.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(log.time_unix_nano, 3_000_000_000);
        assert_eq!(
            (log.severity_number, log.severity_text.as_str()),
            (17, "error")
        );
        assert_eq!(log.event_name, "mailward.CertificateMissing");
        let value = |key: &str| {
            let found = log.attributes.iter().find(|one| one.key == key);
            found
                .and_then(|one| one.value.clone())
                .unwrap_or_else(|| panic!("{key}: {log:?}"))
        };
        let of = |value: Any| AnyValue { value: Some(value) };
        assert_eq!(value("mailward.event.number"), of(Any::IntValue(12014)));
        assert_eq!(value("mailward.event.repeated"), of(Any::IntValue(7)));
        let Some(Any::ArrayValue(candidates)) = value("mailward.field.candidates").value else {
            panic!("{log:?}");
        };
        assert_eq!(candidates.values.len(), 2);
    }
}
