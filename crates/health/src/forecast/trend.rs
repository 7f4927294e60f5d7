//! A robust trend: the Theil–Sen estimator, which a few wild days do not bend. Pure.
//!
//! The slope is the median of the slopes between every two points; the range around it is that of
//! Sen (1968), from the variance of Kendall's statistic: nine of ten true slopes lie in it.

/// The fewest days from the first to the last point.
pub const DAYS_MIN: f64 = 3.0;
/// The fewest points.
pub const POINTS_MIN: usize = 4;
/// Points looked at: beyond, the oldest are left out. Pairs grow with the square.
pub const POINTS_MAX: usize = 120;
/// The two-sided 90 % quantile of the normal distribution.
const Z: f64 = 1.645;

/// A moment in days, and a value.
pub type Point = (f64, f64);

/// What a series does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Change per day: the median, and the range in which nine of ten lie.
    pub slope: f64,
    /// The lower end of the range.
    pub slope_low: f64,
    /// The upper end.
    pub slope_high: f64,
    /// The value that the trend gives for the last point's moment.
    pub level: f64,
    /// Moment of the last point.
    pub last: f64,
    /// Days from the first point to the last.
    pub days: f64,
    /// Kendall's tau: 1 where every later value is larger, −1 where every one is smaller.
    pub tau: f64,
}

/// Why there is no trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrendError {
    /// Not enough was measured.
    #[error("only {days} days were measured so far; a trend needs {}", DAYS_MIN)]
    TooLittle {
        /// Whole days from the first to the last point.
        days: u32,
    },
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = half.checked_sub(1).and_then(|at| sorted.get(at));
    (lower.copied().unwrap_or(upper) + upper) / 2.0
}

/// The trend of points, oldest first.
///
/// # Errors
/// Too few points, or too few days.
pub fn trend(points: &[Point]) -> Result<Trend, TrendError> {
    let from = points.len().saturating_sub(POINTS_MAX);
    let points = points.get(from..).unwrap_or_default();
    let (first, last) = match (points.first(), points.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => return Err(TrendError::TooLittle { days: 0 }),
    };
    let days = last - first;
    if points.len() < POINTS_MIN || days < DAYS_MIN {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of days for people; the conversion saturates"
        )]
        let days = days as u32;
        return Err(TrendError::TooLittle { days });
    }
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    let mut agreement = 0.0;
    for (at, (x0, y0)) in points.iter().enumerate() {
        for (x1, y1) in points.iter().skip(at + 1) {
            if x1 > x0 {
                slopes.push((y1 - y0) / (x1 - x0));
                agreement += if y1 > y0 {
                    1.0
                } else if y1 < y0 {
                    -1.0
                } else {
                    0.0
                };
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let pairs = slopes.len();
    let n = points.len() as f64;
    let spread = Z * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let rank = |at: f64| {
        let at = at.round().clamp(0.0, pairs.saturating_sub(1) as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the indices of the list just above"
        )]
        let at = at as usize;
        slopes.get(at).copied().unwrap_or(0.0)
    };
    let slope = median(&slopes);
    let mut levels: Vec<f64> = points.iter().map(|(x, y)| y + slope * (last - x)).collect();
    levels.sort_by(f64::total_cmp);
    Ok(Trend {
        slope,
        slope_low: rank((pairs as f64 - spread) / 2.0 - 1.0),
        slope_high: rank((pairs as f64 + spread) / 2.0),
        level: median(&levels),
        last,
        days,
        tau: agreement / pairs.max(1) as f64,
    })
}

impl Trend {
    /// When the series reaches a bound, in days after its last point: the earliest moment that is
    /// not unlikely, and the likely one. `None` where it does not move towards it.
    pub fn reaches(&self, bound: f64) -> Option<(f64, f64)> {
        let way = bound - self.level;
        let towards = |slope: f64| slope * way > 0.0;
        if way == 0.0 || !towards(self.slope) {
            return None;
        }
        let steep = if way > 0.0 {
            self.slope_high
        } else {
            self.slope_low
        };
        let likely = way / self.slope;
        let earliest = if towards(steep) { way / steep } else { likely };
        Some((earliest.min(likely), likely))
    }

    /// True where the range of slopes leaves open whether it moves at all.
    pub fn wavers(&self) -> bool {
        self.slope_low <= 0.0 && self.slope_high >= 0.0
    }
}
