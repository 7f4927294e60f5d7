//! What other programs report: their last word, as long as it counts.

use std::{collections::HashMap, time::Duration};

use mailward_api::view::{ProbeView, health::ProbeReport};
use mailward_model::kind::{ReportTarget, Silence};
use parking_lot::Mutex;

use super::{Found, Verdict};
use crate::Now;

/// Octets of a report's text that are kept.
const TEXT_OCTETS_MAX: usize = 1024;

/// The last report of each probe, and when it came.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<HashMap<String, (Now, ProbeReport)>>);

impl Reports {
    /// Takes a report in, and says what its probe says now. Only of probes that there are, so that
    /// their number is a limit.
    pub(crate) fn take(
        &self,
        mut report: ProbeReport,
        target: &ReportTarget,
        now: Now,
    ) -> ProbeView {
        let end = report.text.floor_char_boundary(TEXT_OCTETS_MAX);
        report.text.truncate(end);
        let name = report.probe.clone();
        self.0.lock().insert(name.clone(), (now, report));
        let found = self.say(&name, target, now, now);
        super::view(&name, found, now.unix_ms, Duration::ZERO, Vec::new())
    }

    /// Forgets the reports of probes that are gone.
    pub(crate) fn retain(&self, known: impl Fn(&str) -> bool) {
        self.0.lock().retain(|name, _| known(name));
    }

    /// What a probe says now. `began` is when this worker did: what was reported before is not
    /// known, and silence is counted from then.
    pub(super) fn say(&self, name: &str, target: &ReportTarget, began: Now, now: Now) -> Found {
        let expires = u64::try_from(target.expires.get().as_millis()).unwrap_or(u64::MAX);
        let reports = self.0.lock();
        let last = reports.get(name);
        let age = now.since(last.map_or(began, |(at, _)| *at));
        match last {
            Some((_, report)) if age <= expires => {
                let verdict = if report.passed {
                    Verdict::Pass
                } else {
                    Verdict::Fail
                };
                let text = match report.text.as_str() {
                    "" => {
                        if report.passed {
                            "reported as well"
                        } else {
                            "reported as failed"
                        }
                    }
                    text => text,
                };
                Found::new(verdict, text).measured("age_ms", age)
            }
            None if age <= expires => Found::skipped("nothing was reported yet"),
            _ => match target.silence {
                Silence::Pass => Found::pass("no trouble was reported"),
                Silence::Fail => {
                    Found::fail(format!("nothing was reported for {}", target.expires))
                }
            }
            .measured("age_ms", age),
        }
    }
}

impl Reports {
    /// The last report, for whoever asks: it was judged when it came, and is not judged again.
    pub(super) fn last(&self, name: &str, now: Now) -> Found {
        let reports = self.0.lock();
        let Some((at, report)) = reports.get(name) else {
            return Found::skipped("nothing was reported yet; reports are judged as they come");
        };
        let word = if report.passed { "well" } else { "failed" };
        Found::skipped(format!(
            "the last report, {} s ago, said {word}: {}; it was judged when it came",
            now.since(*at) / 1000,
            report.text
        ))
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::unit::Span;

    use super::*;

    #[test]
    fn a_report_counts_until_it_expires() {
        let reports = Reports::default();
        let at = |s: u64| Now {
            mono_ms: s * 1000,
            unix_ms: 0,
        };
        let red = ReportTarget {
            expires: Span::from_secs(60),
            silence: Silence::Fail,
        };
        let quiet = ReportTarget {
            silence: Silence::Pass,
            ..red.clone()
        };
        let say = |target: &ReportTarget, s| reports.say("sync", target, at(0), at(s)).verdict;
        assert_eq!(
            [say(&red, 60), say(&red, 61)],
            [Verdict::Skipped, Verdict::Fail]
        );
        assert_eq!(say(&quiet, 61), Verdict::Pass);
        let report = |passed| ProbeReport {
            probe: "sync".into(),
            passed,
            text: "3 entries".into(),
        };
        assert_eq!(reports.take(report(true), &red, at(100)).text, "3 entries");
        assert_eq!(
            [say(&red, 160), say(&red, 161)],
            [Verdict::Pass, Verdict::Fail]
        );
        reports.take(report(false), &quiet, at(200));
        assert_eq!(
            [say(&quiet, 260), say(&quiet, 261)],
            [Verdict::Fail, Verdict::Pass]
        );
        let last = reports.last("sync", at(230));
        assert_eq!(last.verdict, Verdict::Skipped);
        assert!(last.text.contains("30 s ago, said failed: 3 entries"));
        reports.retain(|_| false);
        assert_eq!(reports.last("sync", at(230)).verdict, Verdict::Skipped);
        assert_eq!(say(&red, 300), Verdict::Fail);
    }
}
