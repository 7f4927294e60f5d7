//! When a node looks anew at what policies come to, without being told of a change, and what is known
//! of the last look. Pure: the time and the chance are inputs.
//!
//! A change is followed at once; this is for the node that was not told of one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Revision, kind::PolicySettings};

/// When it is looked again where a look failed.
pub const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// One look at what policies come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Whether what is in force is still what policies say; what differs is put right.
    Refresh,
    /// Everything is put in force anew, also what nothing has changed of.
    Reapply,
}

/// When the next looks are due, by a clock that never goes back. At first everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timetable {
    refresh: Duration,
    reapply: Duration,
}

impl Timetable {
    /// The look that is due now.
    pub fn due(&self, now: Duration) -> Option<Look> {
        if now >= self.reapply {
            Some(Look::Reapply)
        } else if now >= self.refresh {
            Some(Look::Refresh)
        } else {
            None
        }
    }

    /// When the next refresh comes; everything is applied anew with one of them.
    pub fn refresh(&self) -> Duration {
        self.refresh.min(self.reapply)
    }

    /// When everything is applied anew.
    pub fn reapply(&self) -> Duration {
        self.reapply
    }

    /// A look was made. `part` is by chance, between 0 and 1: nodes are not to look all at once.
    pub fn done(&mut self, look: Look, now: Duration, settings: &PolicySettings, part: f64) {
        let random = settings.refresh_random.get().mul_f64(part.clamp(0.0, 1.0));
        self.refresh = now + settings.refresh_interval.get() + random;
        if look == Look::Reapply {
            self.reapply = now + settings.reapply_interval.get();
        }
    }

    /// A look failed: it is made again soon.
    pub fn failed(&mut self, look: Look, now: Duration) {
        let again = now + AGAIN_AFTER;
        self.refresh = again;
        if look == Look::Reapply {
            self.reapply = again;
        }
    }

    /// The settings may be others: a shorter interval does not wait for the end of a longer one.
    pub fn obey(&mut self, now: Duration, settings: &PolicySettings) {
        let longest = settings.refresh_interval.get() + settings.refresh_random.get();
        self.refresh = self.refresh.min(now + longest);
        self.reapply = self.reapply.min(now + settings.reapply_interval.get());
    }
}

/// What a policy carries, as far as it is held by a role.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PolicyPart {
    /// Fields of settings.
    Settings,
    /// Whom receive connectors take.
    Ranges,
    /// Certificates that are refused.
    Untrusted,
    /// Groups of the host.
    HostGroups,
    /// Groups of Mailward itself: who administers.
    OwnGroups,
}

impl PolicyPart {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyPart::Settings => "settings",
            PolicyPart::Ranges => "ranges",
            PolicyPart::Untrusted => "untrusted",
            PolicyPart::HostGroups => "host_groups",
            PolicyPart::OwnGroups => "own_groups",
        }
    }
}

/// When a role looked last at one part of what policies come to, and when it does again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyRefresh {
    /// Which part.
    pub part: PolicyPart,
    /// The objects it works by.
    pub revision: Revision,
    /// When it was last compared with what policies say: at a change, at a refresh, at a start.
    pub refreshed_unix_ms: u64,
    /// When it is compared next, if nothing changes before.
    pub next_unix_ms: u64,
    /// When all of it was last put in force anew.
    pub reapplied_unix_ms: u64,
    /// Why the last look failed, where it did; what was in force stays.
    #[serde(default)]
    pub problem: Option<String>,
    /// How often it was looked at since the role began.
    #[serde(default)]
    pub looks: u64,
    /// How often a look failed since then.
    #[serde(default)]
    pub failures: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::unit::Span;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_day_has_its_refreshes_and_everything_is_applied_at_the_start_and_once_more() {
        let settings = PolicySettings::default();
        let mut timetable = Timetable::default();
        assert_eq!(
            timetable.due(Duration::ZERO),
            Some(Look::Reapply),
            "a start"
        );
        let (mut refreshes, mut reapplied) = (Vec::new(), Vec::new());
        // A day, minute by minute; what is by chance comes from the hour.
        for minute in 0..24 * 60 {
            let now = MINUTE * minute;
            let Some(look) = timetable.due(now) else {
                continue;
            };
            refreshes.push(minute);
            if look == Look::Reapply {
                reapplied.push(minute);
            }
            timetable.done(look, now, &settings, f64::from(minute / 60 % 5) / 4.0);
            assert_eq!(timetable.due(now), None);
        }
        assert_eq!(reapplied, [0, 16 * 60]);
        for pair in refreshes.windows(2) {
            let apart = pair[1] - pair[0];
            let cut_short = pair[1] == 16 * 60;
            assert!((90..=120).contains(&apart) || cut_short, "{refreshes:?}");
        }
    }

    #[test]
    fn a_failure_is_tried_again_soon_and_a_shorter_interval_is_not_waited_for() {
        let settings = PolicySettings::default();
        let mut timetable = Timetable::default();
        timetable.done(Look::Reapply, MINUTE, &settings, 1.0);
        assert_eq!(timetable.refresh(), MINUTE * 121);
        timetable.failed(Look::Refresh, MINUTE * 121);
        assert_eq!(timetable.due(MINUTE * 122), Some(Look::Refresh));
        timetable.failed(Look::Reapply, MINUTE * 122);
        assert_eq!(timetable.due(MINUTE * 123), Some(Look::Reapply));
        timetable.done(Look::Reapply, MINUTE * 123, &settings, 0.0);
        let short = PolicySettings {
            refresh_interval: Span::from_secs(1),
            refresh_random: Span::from_secs(0),
            reapply_interval: Span::from_secs(2),
            ..settings
        };
        timetable.obey(MINUTE * 124, &short);
        let second = Duration::from_secs(1);
        assert_eq!(timetable.due(MINUTE * 124 + second), Some(Look::Refresh));
        assert_eq!(
            timetable.due(MINUTE * 124 + second * 2),
            Some(Look::Reapply)
        );
    }

    proptest! {
        #[test]
        fn no_look_is_later_than_its_settings_say(
            steps in prop::collection::vec((0u64..40_000, 1u64..10_000, 0u64..5_000, 1u64..80_000, any::<bool>(), 0.0f64..1.0), 1..20)
        ) {
            let mut timetable = Timetable::default();
            let mut now = Duration::ZERO;
            for (wait, interval, random, reapply, is_well, part) in steps {
                let settings = PolicySettings {
                    refresh_interval: Span::from_secs(interval),
                    refresh_random: Span::from_secs(random),
                    reapply_interval: Span::from_secs(reapply),
                    ..PolicySettings::default()
                };
                now += Duration::from_secs(wait);
                timetable.obey(now, &settings);
                if let Some(look) = timetable.due(now) {
                    match is_well {
                        true => timetable.done(look, now, &settings, part),
                        false => timetable.failed(look, now),
                    }
                    prop_assert!(timetable.due(now).is_none());
                }
                let longest = Duration::from_secs(interval + random).max(AGAIN_AFTER);
                prop_assert!(timetable.refresh() <= now + longest);
                prop_assert!(timetable.reapply() <= now + Duration::from_secs(reapply).max(AGAIN_AFTER));
            }
        }
    }
}
