//! A forecast as a calendar: iCalendar, RFC 5545. Pure.
//!
//! Each forecast is an event of one day. Its UID is made of the forecast's id and the node, so that
//! a calendar that reads the file again moves the entry instead of adding one.

use mailward_api::view::forecast::{Confidence, Forecast, ForecastReport};

/// Octets of a line before it is folded. RFC 5545 §3.1.
const LINE_OCTETS_MAX: usize = 75;
/// Days before an entry at which a calendar reminds, so that there is time to act.
const REMIND_DAYS: u32 = 14;

/// Writes a report as a calendar.
pub fn calendar(report: &ForecastReport) -> String {
    let mut out = String::new();
    let mut line = |text: &str| fold(text, &mut out);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Mailward//Forecast//EN");
    line("CALSCALE:GREGORIAN");
    line("METHOD:PUBLISH");
    line(&format!(
        "X-WR-CALNAME:{}",
        text(&format!("Mailward {}", report.node))
    ));
    for one in &report.forecasts {
        for entry in event(one, report) {
            line(&entry);
        }
    }
    line("END:VCALENDAR");
    out
}

fn event(one: &Forecast, report: &ForecastReport) -> Vec<String> {
    let sure = match one.confidence {
        Confidence::Certain => String::new(),
        other => format!(
            " It may be as early as {}; confidence: {}.",
            date(one.earliest_unix_ms, "%Y-%m-%d"),
            other.word()
        ),
    };
    let description = format!("{}.{sure}\nTo do: {}", one.because, one.mend);
    vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{}", text(&one.id), text(&report.node)),
        format!("DTSTAMP:{}", date(report.unix_ms, "%Y%m%dT%H%M%SZ")),
        format!("LAST-MODIFIED:{}", date(report.unix_ms, "%Y%m%dT%H%M%SZ")),
        format!("DTSTART;VALUE=DATE:{}", date(one.likely_unix_ms, "%Y%m%d")),
        format!(
            "SUMMARY:{}",
            text(&format!("{}: {}", report.node, one.what))
        ),
        format!("DESCRIPTION:{}", text(&description)),
        "CATEGORIES:Mailward".to_owned(),
        "TRANSP:TRANSPARENT".to_owned(),
        "BEGIN:VALARM".to_owned(),
        "ACTION:DISPLAY".to_owned(),
        format!("DESCRIPTION:{}", text(&one.what)),
        format!("TRIGGER:-P{REMIND_DAYS}D"),
        "END:VALARM".to_owned(),
        "END:VEVENT".to_owned(),
    ]
}

fn date(unix_ms: u64, form: &str) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime(form)
        .to_string()
}

/// RFC 5545 §3.3.11: backslash, semicolon, comma and line ends are escaped; other controls have no
/// place in a text.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// RFC 5545 §3.1: a line ends with CR LF, and goes on behind a CR LF and a blank where it is longer
/// than 75 octets. No character is cut in two.
fn fold(line: &str, out: &mut String) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE_OCTETS_MAX {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use mailward_api::view::forecast::ForecastKind;
    use proptest::prelude::*;

    use super::*;

    fn report(what: &str, likely_unix_ms: u64) -> ForecastReport {
        ForecastReport {
            node: "mail.example.org".into(),
            unix_ms: 1_770_000_000_000,
            days: 90,
            forecasts: vec![Forecast {
                id: "certificate-mail.pem".into(),
                kind: ForecastKind::Certificate,
                what: what.into(),
                earliest_unix_ms: likely_unix_ms,
                likely_unix_ms,
                confidence: Confidence::Medium,
                because: "one, two; three".into(),
                mend: "renew it".into(),
            }],
            gaps: Vec::new(),
            calendar: None,
        }
    }

    #[test]
    fn an_entry_has_what_a_calendar_needs_and_keeps_its_uid() {
        let one = calendar(&report("It ends", 1_772_000_000_000));
        let two = calendar(&report("It ends", 1_773_000_000_000));
        for entry in [
            "UID:certificate-mail.pem@mail.example.org\r\n",
            "DTSTAMP:20260202T024000Z\r\n",
            "DESCRIPTION:one\\, two\\; three.",
        ] {
            assert!(one.contains(entry), "{entry}: {one}");
        }
        let uid = |text: &str| {
            text.lines()
                .find(|l| l.starts_with("UID"))
                .map(str::to_owned)
        };
        assert_eq!(uid(&one), uid(&two));
        assert!(one.contains("DTSTART;VALUE=DATE:20260225\r\n"));
        assert!(two.contains("DTSTART;VALUE=DATE:20260308\r\n"));
    }

    proptest! {
        /// Folding and escaping lose nothing, whatever a text holds, and add no line of its own.
        #[test]
        fn any_text_comes_back(what in "\\PC{0,200}|(.|\n|\r|,|;|\\\\){0,60}") {
            let written = calendar(&report(&what, 0));
            for line in written.split("\r\n") {
                prop_assert!(line.len() <= LINE_OCTETS_MAX);
                prop_assert!(!line.contains(['\r', '\n']));
            }
            let unfolded = written.replace("\r\n ", "");
            let found = unfolded
                .split("\r\n")
                .find_map(|line| line.strip_prefix("SUMMARY:mail.example.org: "))
                .unwrap();
            let expect: String = what.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
            let mut read = String::new();
            let mut chars = found.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => match chars.next() {
                        Some('n') => read.push('\n'),
                        Some(other) => read.push(other),
                        None => prop_assert!(false),
                    },
                    c => read.push(c),
                }
            }
            prop_assert_eq!(read, expect);
        }
    }
}
