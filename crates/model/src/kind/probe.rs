//! Probes as objects: what else is watched beside Mailward's own parts. A neighbour's port, a page,
//! a name, a clock, a command, or what another program reports.
//!
//! Never here: what follows from a result. A probe that fails opens a case for its component.

use serde::{Deserialize, Serialize};

use super::in_range;
use crate::{FieldError, object::Validate, unit::Span};

mod policy;
mod target;

pub use policy::ProbePolicy;
pub use target::{
    CommandTarget, DnsRecord, DnsTarget, HttpTarget, MailTarget, NtpTarget, ProbeTarget, ProbeTls,
    ReportTarget, Silence, TcpTarget, TlsTarget,
};

/// Results that a rule may look back on.
const RESULTS_MAX: u64 = 64;
/// The shortest and the longest interval, in milliseconds.
const INTERVAL_MS: std::ops::RangeInclusive<u64> = 500..=604_800_000;
/// The shortest timeout, in milliseconds.
const TIMEOUT_MS_MIN: u64 = 50;

/// Which budget of simultaneous runs a probe is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeLane {
    /// Asks this node alone: 256 at one time.
    Local,
    /// Asks over the network: 64.
    Net,
    /// Sends mail and waits for it: 8.
    Mailflow,
    /// Starts a program: 4.
    Exec,
    /// Long ways over several systems: 2.
    Hybrid,
}

/// What a failure means for the traffic of this node.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProbeImpact {
    /// Mail goes on.
    #[default]
    None,
    /// Mail is held up.
    Traffic,
}

/// Something that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is looked at, and how.
    pub target: ProbeTarget,
    /// From the start of one run to the start of the next.
    #[serde(default = "interval")]
    pub interval: Span,
    /// How long a run may take.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// A run that takes longer is told as slow; nothing is where unset.
    #[serde(default)]
    pub slow_after: Option<Span>,
    /// The budget of simultaneous runs; by its target where unset.
    #[serde(default)]
    pub lane: Option<ProbeLane>,
    /// The health set it belongs to.
    #[serde(default = "health_set")]
    pub health_set: String,
    /// The component its failures are told of; `probe/NAME` where unset.
    #[serde(default)]
    pub component: Option<String>,
    /// Failures that confirm a trouble.
    #[serde(default = "failures")]
    pub failures: u32,
    /// Among how many results; in a row where unset.
    #[serde(default)]
    pub among: Option<u32>,
    /// How its results are judged in place of `failures` and `among`.
    #[serde(default)]
    pub policy: Option<ProbePolicy>,
    /// What a failure means for this node's mail.
    #[serde(default)]
    pub impact: ProbeImpact,
    /// Who looks after it.
    #[serde(default)]
    pub owner: String,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn interval() -> Span {
    Span::from_secs(60)
}

fn timeout() -> Span {
    Span::from_secs(10)
}

fn health_set() -> String {
    "Watched".to_owned()
}

fn failures() -> u32 {
    3
}

fn yes() -> bool {
    true
}

impl Probe {
    /// A probe of this target, with every other field at its default.
    pub fn new(target: ProbeTarget) -> Probe {
        Probe {
            target,
            interval: interval(),
            timeout: timeout(),
            slow_after: None,
            lane: None,
            health_set: health_set(),
            component: None,
            failures: failures(),
            among: None,
            policy: None,
            impact: ProbeImpact::None,
            owner: String::new(),
            enabled: true,
        }
    }

    /// True where only what is reported counts, and nothing is looked at by the clock.
    pub fn hears_reports_alone(&self) -> bool {
        let heard = self.policy.as_ref();
        heard.is_some_and(ProbePolicy::hears_reports_alone)
    }

    /// The lane it runs in.
    pub fn lane(&self) -> ProbeLane {
        self.lane.unwrap_or(match &self.target {
            ProbeTarget::Command(_) => ProbeLane::Exec,
            ProbeTarget::Report(_) => ProbeLane::Local,
            _ => ProbeLane::Net,
        })
    }
}

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

impl Validate for Probe {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = self.target.validate();
        let interval = ms(self.interval);
        if !INTERVAL_MS.contains(&interval) {
            errors.push(FieldError::new(
                "interval",
                format!("{} is out of range", self.interval),
                "use 500ms to 7d",
            ));
        }
        let timeout = ms(self.timeout);
        if timeout < TIMEOUT_MS_MIN || timeout > interval {
            errors.push(FieldError::new(
                "timeout",
                format!(
                    "{} is not between 50ms and the interval, {}",
                    self.timeout, self.interval
                ),
                "half the interval leaves time for a second try",
            ));
        }
        if let Some(slow) = self.slow_after
            && ms(slow) >= timeout
        {
            errors.push(FieldError::new(
                "slow_after",
                format!("{slow} is not below the timeout, {}", self.timeout),
                "make it the shorter one, or leave it out",
            ));
        }
        in_range(
            &mut errors,
            "failures",
            self.failures.into(),
            1..=RESULTS_MAX,
        );
        if let Some(among) = self.among {
            let least = u64::from(self.failures.max(1));
            in_range(&mut errors, "among", among.into(), least..=RESULTS_MAX);
        }
        if let Some(policy) = &self.policy {
            errors.extend(policy.validate());
            if self.among.is_some() {
                errors.push(FieldError::new(
                    "among",
                    format!("results are judged by the policy {}", policy.word()),
                    "leave out one of the two",
                ));
            }
            if policy.hears_reports_alone() && !matches!(self.target, ProbeTarget::Report(_)) {
                errors.push(FieldError::new(
                    "policy",
                    format!("{} is about what is reported", policy.word()),
                    "use it with the target report, or another policy",
                ));
            }
        }
        for (field, word) in [
            ("health_set", Some(&self.health_set)),
            ("component", self.component.as_ref()),
        ] {
            let unfit = |word: &String| {
                word.trim() != word || word.is_empty() || word.chars().any(char::is_control)
            };
            if word.is_some_and(unfit) {
                errors.push(FieldError::new(
                    field,
                    "it is empty, or has a control character or a blank at its end",
                    "write a word, such as Dovecot",
                ));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(change: impl FnOnce(&mut Probe)) -> Vec<String> {
        let mut probe = Probe::new(ProbeTarget::Command(CommandTarget {
            command: vec!["/usr/lib/nagios/plugins/check_load".into()],
        }));
        change(&mut probe);
        probe.validate().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn what_cannot_be_is_told_by_its_field() {
        assert!(broken(|_| {}).is_empty());
        assert_eq!(
            broken(|p| p.interval = Span::from_secs(0)),
            ["interval", "timeout"]
        );
        assert_eq!(broken(|p| p.timeout = Span::from_secs(61)), ["timeout"]);
        assert_eq!(broken(|p| p.slow_after = Some(p.timeout)), ["slow_after"]);
        assert_eq!(broken(|p| p.failures = 0), ["failures"]);
        assert_eq!(broken(|p| p.among = Some(2)), ["among"]);
        assert_eq!(broken(|p| p.among = Some(65)), ["among"]);
        let latch = || ProbePolicy::Latch {
            expiry: Span::from_secs(60),
        };
        assert_eq!(broken(|p| p.policy = Some(latch())), ["policy"]);
        let heard = |p: &mut Probe| {
            p.target = ProbeTarget::Report(ReportTarget::default());
            p.policy = Some(latch());
        };
        assert!(broken(heard).is_empty());
        assert_eq!(
            broken(|p| {
                heard(p);
                p.among = Some(5);
            }),
            ["among"]
        );
        assert_eq!(broken(|p| p.health_set = " ".into()), ["health_set"]);
        assert_eq!(
            broken(|p| p.target = ProbeTarget::Command(CommandTarget {
                command: vec!["ls".into()]
            })),
            ["target.command.command"]
        );
    }

    #[test]
    fn a_lane_follows_from_the_target() {
        let report = Probe::new(ProbeTarget::Report(ReportTarget::default()));
        assert_eq!(report.lane(), ProbeLane::Local);
        let lane = Some(ProbeLane::Hybrid);
        assert_eq!(Probe { lane, ..report }.lane(), ProbeLane::Hybrid);
    }
}
