//! Metrics as text: OpenMetrics for whoever asks for it, else Prometheus' own format.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text::encode},
    metrics::MetricType,
    registry::Registry,
};

use super::{Family, Kind, Value, family::bounds_seconds};

/// What every name begins with.
pub(crate) const PREFIX: &str = "mailward";

/// The families in the OpenMetrics text format.
///
/// # Errors
/// Never in practice: they are written to memory.
pub(crate) fn open_metrics(families: Arc<Vec<Family>>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Scrape(families)));
    let mut text = String::with_capacity(32 << 10);
    encode(&mut text, &registry)?;
    Ok(text)
}

/// The families in Prometheus' text format, version 0.0.4: it names a counter's family as its
/// values, and knows no end.
///
/// # Errors
/// As [`open_metrics`].
pub(crate) fn prometheus(families: Arc<Vec<Family>>) -> Result<String, fmt::Error> {
    let counters: Vec<String> = families
        .iter()
        .filter(|family| family.kind == Kind::Counter)
        .map(|family| format!("{PREFIX}_{}", family.name))
        .collect();
    let modern = open_metrics(families)?;
    let mut text = String::with_capacity(modern.len() + 1024);
    for line in modern.lines() {
        let about = line
            .strip_prefix("# HELP ")
            .or_else(|| line.strip_prefix("# TYPE "));
        let named = about.and_then(|rest| rest.split_once(' '));
        match named {
            Some((name, rest)) if counters.iter().any(|counter| counter == name) => {
                let word = line.get(..7).unwrap_or_default();
                text.push_str(&format!("{word}{name}_total {rest}"));
            }
            _ if line == "# EOF" => continue,
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    Ok(text)
}

#[derive(Debug)]
struct Scrape(Arc<Vec<Family>>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter() {
            let kind = match family.kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            for sample in &family.samples {
                if sample.labels.is_empty() {
                    value(&mut metric, family.kind, &sample.value)?;
                } else {
                    let mut labelled = metric.encode_family(&sample.labels)?;
                    value(&mut labelled, family.kind, &sample.value)?;
                }
            }
        }
        Ok(())
    }
}

fn value(metric: &mut MetricEncoder<'_>, kind: Kind, value: &Value) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Value::Whole(value)) => {
            metric.encode_counter::<NoLabelSet, _, u64>(value, None)
        }
        (Kind::Counter, Value::Real(value)) => {
            metric.encode_counter::<NoLabelSet, _, u64>(value, None)
        }
        (_, Value::Whole(value)) => metric.encode_gauge(value),
        (_, Value::Signed(value)) => metric.encode_gauge(value),
        (_, Value::Real(value)) => metric.encode_gauge(value),
        (
            _,
            Value::Durations {
                sum_seconds,
                buckets,
            },
        ) => {
            let bounds = bounds_seconds().chain([f64::INFINITY]);
            let counted: Vec<(f64, u64)> = bounds.zip(buckets.iter().copied()).collect();
            let count = buckets.iter().sum();
            metric.encode_histogram::<NoLabelSet>(*sum_seconds, count, &counted, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Sample;

    fn families() -> Arc<Vec<Family>> {
        let mut buckets = vec![0; 15];
        buckets[0] = 2;
        buckets[3] = 1;
        Arc::new(vec![
            Family::counter("messages", "Messages", 1, [Sample::whole(3)]),
            Family::gauge(
                "age_seconds",
                "Age",
                [Sample::real(1.5).with("file", "a \"b\"\\\nc")],
            ),
            Family::histogram(
                "took_seconds",
                "Took",
                1,
                [Sample::durations(12, buckets).with("kind", "disk")],
            ),
        ])
    }

    #[test]
    fn both_formats_say_the_same_in_their_own_way() {
        let modern = open_metrics(families()).unwrap();
        for line in [
            "# TYPE mailward_messages counter",
            "mailward_messages_total 3",
            "mailward_age_seconds{file=\"a \\\"b\\\"\\\\\\nc\"} 1.5",
            "mailward_took_seconds_sum{kind=\"disk\"} 0.012",
            "mailward_took_seconds_count{kind=\"disk\"} 3",
            "mailward_took_seconds_bucket{le=\"0.001\",kind=\"disk\"} 2",
            "mailward_took_seconds_bucket{le=\"0.01\",kind=\"disk\"} 3",
            "mailward_took_seconds_bucket{le=\"+Inf\",kind=\"disk\"} 3",
        ] {
            assert!(
                modern.lines().any(|l| l == line),
                "{line} is not in\n{modern}"
            );
        }
        assert!(modern.ends_with("# EOF\n"), "{modern}");
        let classic = prometheus(families()).unwrap();
        assert!(
            classic.contains("# TYPE mailward_messages_total counter\n"),
            "{classic}"
        );
        assert!(
            classic.contains("# HELP mailward_messages_total Messages\n"),
            "{classic}"
        );
        assert!(
            classic.contains("\nmailward_messages_total 3\n"),
            "{classic}"
        );
        assert!(!classic.contains("# EOF"), "{classic}");
        let values = |text: &str| text.lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(values(&classic), values(&modern));
    }
}
