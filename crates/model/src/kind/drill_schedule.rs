//! When a drill is run by itself: `wedge-connector every 7d at 03:00`.

use std::{fmt, str::FromStr};

use crate::{address::text_form, unit::Span};

/// A time of day, to the minute, in the zone of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// So many minutes after midnight; a day has 1440, and what is more begins anew.
    pub const fn from_minutes(minutes: u16) -> TimeOfDay {
        TimeOfDay {
            minutes: minutes % (24 * 60),
        }
    }

    /// Minutes since midnight.
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

/// A text that is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a drill's schedule: write NAME every TIME at HH:MM, such as wedge-connector every 7d at 03:00"
)]
pub struct DrillScheduleError(String);

impl FromStr for TimeOfDay {
    type Err = DrillScheduleError;

    fn from_str(text: &str) -> Result<Self, DrillScheduleError> {
        let fail = || DrillScheduleError(text.to_owned());
        let two = |text: &str, below: u16| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number: Option<u16> = digits.then(|| text.parse().ok()).flatten();
            number.filter(|n| *n < below).ok_or_else(fail)
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(fail)?;
        Ok(TimeOfDay {
            minutes: two(hours, 24)? * 60 + two(minutes, 60)?,
        })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

text_form!(TimeOfDay, "time-of-day");

/// A drill's schedule. Which drills there are the worker knows: one of a later version is kept, and
/// told as unknown when its time comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillSchedule {
    /// The drill's name.
    pub drill: String,
    /// From one run to the next.
    pub every: Span,
    /// When it begins; of no meaning where `every` is less than a day.
    pub at: TimeOfDay,
}

impl FromStr for DrillSchedule {
    type Err = DrillScheduleError;

    fn from_str(text: &str) -> Result<Self, DrillScheduleError> {
        let fail = || DrillScheduleError(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let [drill, "every", every, "at", at] = words[..] else {
            return Err(fail());
        };
        let is_name = |c: u8| c.is_ascii_lowercase() || c == b'-';
        if !drill.bytes().all(is_name) {
            return Err(fail());
        }
        Ok(DrillSchedule {
            drill: drill.to_owned(),
            every: every.parse().map_err(|_| fail())?,
            at: at.parse().map_err(|_| fail())?,
        })
    }
}

impl fmt::Display for DrillSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} every {} at {}", self.drill, self.every, self.at)
    }
}

text_form!(DrillSchedule, "drill-schedule");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        for text in [
            "wedge-connector every 7d at 03:00",
            "full-disk every 1m at 23:59",
        ] {
            let read: DrillSchedule = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for text in [
            "",
            "wedge-connector",
            "wedge-connector every 7d",
            "wedge-connector every 7d at 24:00",
            "wedge-connector every 7d at 3:00",
            "Wedge every 7d at 03:00",
            "a every b at c d",
        ] {
            assert!(text.parse::<DrillSchedule>().is_err(), "{text}");
        }
    }
}
