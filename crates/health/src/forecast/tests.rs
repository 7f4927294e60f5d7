//! Forecasts: what is foretold, what is not, and what is told to be unknown.

use proptest::prelude::*;

use super::*;
use crate::series::Series;

const NOW_DAY: u64 = 20_500;
const NOW: u64 = NOW_DAY * DAY_MS + DAY_MS / 2;

/// A series with one value for each of the last days, the newest yesterday.
fn series(name: &str, values: &[i64]) -> Series {
    let mut series = Series::default();
    for (back, value) in values.iter().rev().enumerate() {
        let day = NOW_DAY - 1 - back as u64;
        series.take(name, *value, day * DAY_MS + 5);
    }
    if let Some(last) = values.last() {
        series.take(name, *last, NOW);
    }
    series
}

fn disk(bound: i64) -> Bound {
    Bound {
        series: "disk/free_octets".into(),
        kind: ForecastKind::Disk,
        bound,
        side: Side::Above,
        what: "The disk is full".into(),
        mend: "Free space.".into(),
        unit: Unit::Octets,
        may_be_absent: false,
    }
}

fn of(series: &Series, bound: i64, days: u32) -> (Vec<Forecast>, Vec<ForecastGap>) {
    let inputs = Inputs {
        bounds: vec![disk(bound)],
        series: Some(series),
        ..Inputs::default()
    };
    forecast(&inputs, NOW, days)
}

#[test]
fn a_disk_that_shrinks_evenly_is_foretold_to_the_day() {
    let values: Vec<i64> = (0..20).map(|day| 100_000 - 1_000 * day).collect();
    let (found, gaps) = of(&series("disk/free_octets", &values), 51_000, 90);
    assert!(gaps.is_empty());
    let [one] = &found[..] else {
        panic!("{found:?}")
    };
    // 81,000 yesterday, 1,000 a day: 30 days after yesterday.
    assert_eq!(one.likely_unix_ms / DAY_MS, NOW_DAY - 1 + 30);
    assert_eq!(one.confidence, Confidence::High);
    assert!(one.because.contains("shrinks"), "{}", one.because);
    assert!(
        of(&series("disk/free_octets", &values), 51_000, 20)
            .0
            .is_empty()
    );
}

#[test]
fn a_few_wild_days_do_not_bend_the_trend() {
    let mut values: Vec<i64> = (0..30).map(|day| 100_000 - 1_000 * day).collect();
    values[11] = 5_000_000;
    values[23] = 60_001;
    let (found, _) = of(&series("disk/free_octets", &values), 50_000, 90);
    let day = found[0].likely_unix_ms / DAY_MS;
    assert!(day.abs_diff(NOW_DAY - 1 + 21) <= 1, "{day}");
}

#[test]
fn what_stands_still_grows_or_wavers_gives_no_date() {
    for values in [
        vec![100_000; 20],
        (0..20).map(|day| 100_000 + day).collect(),
        (0..20).map(|day| 100_000 + [900, -900][day % 2]).collect(),
    ] {
        let (found, gaps) = of(&series("disk/free_octets", &values), 50_000, 3_650);
        assert!(found.is_empty() && gaps.is_empty(), "{values:?}: {found:?}");
    }
}

#[test]
fn too_little_data_is_a_gap_that_says_so() {
    let (found, gaps) = of(&series("disk/free_octets", &[9, 8]), 1, 90);
    assert!(found.is_empty());
    assert!(gaps[0].because.contains("needs 3"), "{gaps:?}");
    let (_, gaps) = of(&Series::default(), 1, 90);
    assert_eq!(gaps[0].because, "nothing was measured yet");
}

#[test]
fn what_is_beyond_its_bound_breaks_now() {
    let (found, _) = of(&series("disk/free_octets", &[50]), 60, 1);
    assert_eq!(found[0].likely_unix_ms, NOW);
}

#[test]
fn dates_and_ages_are_told_soonest_first() {
    let end = |file: &str, days: u64| CertificateEnd {
        file: file.into(),
        not_after_unix_ms: NOW + days * DAY_MS,
        used_by: vec!["Internet".into()],
        names: vec!["mail.example.org".into()],
    };
    let inputs = Inputs {
        certificates: vec![end("late.pem", 80), end("soon.pem", 3), end("far.pem", 91)],
        keys: vec![KeyFile {
            path: "/k".into(),
            written_unix_ms: NOW - 700 * DAY_MS,
            mode: 0o100_644,
            age_days_max: KEY_AGE_DAYS_MAX,
            renew: "make one".into(),
        }],
        feeds: vec![Feed {
            word: "feed",
            name: "list".into(),
            updated_unix_ms: NOW,
            stale_after_ms: 7 * DAY_MS,
        }],
        ..Inputs::default()
    };
    let (found, _) = forecast(&inputs, NOW, 90);
    let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "key-mode-/k",
            "certificate-soon.pem",
            "feed-list",
            "key-age-/k",
            "certificate-late.pem"
        ]
    );
}

proptest! {
    /// Whatever was measured: dates are sorted, not in the past, within the days asked for, the
    /// earliest is not after the likely one, and there is one answer for each bound.
    #[test]
    fn forecasts_hold_together(
        values in prop::collection::vec(-1_000_000_000_000i64..1_000_000_000_000, 0..60),
        bound in any::<i64>(),
        days in 0..4_000u32,
    ) {
        let (found, gaps) = of(&series("disk/free_octets", &values), bound, days);
        prop_assert!(found.len() + gaps.len() <= 1);
        for one in found {
            prop_assert!(one.earliest_unix_ms <= one.likely_unix_ms);
            prop_assert!(one.earliest_unix_ms >= NOW);
            prop_assert!(one.earliest_unix_ms <= NOW + u64::from(days) * DAY_MS);
        }
    }

    /// The slope lies in its range, and turning the series round turns the slope round.
    #[test]
    fn trends_are_even_handed(values in prop::collection::vec(-1e9..1e9f64, 4..60)) {
        let points: Vec<Point> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
        let Ok(one) = trend::trend(&points) else { return Ok(()) };
        prop_assert!(one.slope_low <= one.slope && one.slope <= one.slope_high);
        prop_assert!((-1.0..=1.0).contains(&one.tau));
        let turned: Vec<Point> = points.iter().map(|(x, y)| (*x, -y)).collect();
        let other = trend::trend(&turned).unwrap();
        prop_assert!((one.slope + other.slope).abs() <= 1e-6 * one.slope.abs().max(1.0));
    }
}
