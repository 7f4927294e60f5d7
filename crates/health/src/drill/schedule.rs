//! When a scheduled drill is due. Pure: the zone is an input.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use mailward_model::kind::DrillSchedule;

/// A drill may begin so late after its time; then it waits for the next: nobody wants the night's
/// drill in the morning because the server was down.
const LATE_MS_MAX: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;

fn timestamp(unix_ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(unix_ms).ok()?).ok()
}

/// The first moment not before `from_unix_ms` that has the schedule's time of day.
fn at_its_time(schedule: &DrillSchedule, from_unix_ms: u64, zone: &TimeZone) -> Option<u64> {
    let from = timestamp(from_unix_ms)?.to_zoned(zone.clone());
    let minutes = i64::from(schedule.at.minutes());
    for days in 0..3i64 {
        let day = from.date().checked_add(days.days()).ok()?;
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        let moment = midnight.checked_add(minutes.minutes()).ok()?;
        // A time that a change of the clock leaves out is moved on by jiff.
        let moment = zone.to_ambiguous_zoned(moment).compatible().ok()?;
        let unix_ms = u64::try_from(moment.timestamp().as_millisecond()).ok()?;
        if unix_ms >= from_unix_ms {
            return Some(unix_ms);
        }
    }
    None
}

/// The next time of a schedule. `last_unix_ms` is when it was last run or skipped; `since_unix_ms`
/// from when on the schedule is known (the worker's start), for one that never was.
pub fn next(
    schedule: &DrillSchedule,
    last_unix_ms: Option<u64>,
    since_unix_ms: u64,
    now_unix_ms: u64,
    zone: &TimeZone,
) -> Option<u64> {
    let every = u64::try_from(schedule.every.get().as_millis()).unwrap_or(u64::MAX);
    if every < DAY_MS {
        return Some(last_unix_ms.unwrap_or(since_unix_ms).saturating_add(every));
    }
    // A run that began a little late must not move the next one by a day.
    let earliest = last_unix_ms.map_or(since_unix_ms, |last| {
        last.saturating_add(every).saturating_sub(DAY_MS / 2)
    });
    let next = at_its_time(schedule, earliest, zone)?;
    if next.saturating_add(LATE_MS_MAX) < now_unix_ms {
        return at_its_time(schedule, now_unix_ms, zone);
    }
    Some(next)
}

/// True where a scheduled drill is to begin now.
pub fn is_due(next_unix_ms: Option<u64>, now_unix_ms: u64) -> bool {
    next_unix_ms.is_some_and(|next| next <= now_unix_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> u64 {
        let at: Timestamp = text.parse().unwrap();
        at.as_millisecond() as u64
    }

    #[track_caller]
    fn check(text: &str, last: Option<&str>, now: &str, expect: &str) {
        let schedule: DrillSchedule = text.parse().unwrap();
        let found = next(
            &schedule,
            last.map(ms),
            ms("2026-03-01T00:00:00Z"),
            ms(now),
            &TimeZone::UTC,
        );
        assert_eq!(found, Some(ms(expect)));
    }

    #[test]
    fn times() {
        let weekly = "wedge-connector every 7d at 03:00";
        check(weekly, None, "2026-03-01T00:00:00Z", "2026-03-01T03:00:00Z");
        let last = Some("2026-03-01T03:00:20Z");
        check(weekly, last, "2026-03-02T00:00:00Z", "2026-03-08T03:00:00Z");
        // Down at its time: within the hour it is made up for, later it is not.
        check(weekly, last, "2026-03-08T03:50:00Z", "2026-03-08T03:00:00Z");
        check(weekly, last, "2026-03-08T04:10:00Z", "2026-03-09T03:00:00Z");
        let often = "full-disk every 1h at 03:00";
        check(often, None, "2026-03-01T00:10:00Z", "2026-03-01T01:00:00Z");
        check(
            often,
            Some("2026-03-01T05:30:00Z"),
            "2026-03-01T06:00:00Z",
            "2026-03-01T06:30:00Z",
        );
    }
}
