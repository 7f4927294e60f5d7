//! The forecast for people.

use crate::{
    page::{Cell, Page, Tone, distance, stamp},
    view::{Confidence, ForecastReport},
};

/// What breaks within so many milliseconds is shown in red: two weeks.
const SOON_MS: u64 = 14 * 86_400_000;

pub(in crate::operation) fn forecast(view: &ForecastReport, now: u64) -> Page {
    if let Some(calendar) = &view.calendar {
        return Page::new().verbatim(calendar.as_str());
    }
    let day = |unix_ms: u64| stamp(unix_ms).chars().take(10).collect::<String>();
    let page = Page::new().table(
        ["when", "in", "confidence", "what", "because", "to do"],
        view.forecasts.iter().map(|one| {
            let soon = one.earliest_unix_ms <= now.saturating_add(SOON_MS);
            let tone = if soon { Tone::Bad } else { Tone::Plain };
            let (earliest, likely) = (day(one.earliest_unix_ms), day(one.likely_unix_ms));
            let when = if earliest == likely {
                likely
            } else {
                format!("{likely} (earliest {earliest})")
            };
            let left = match one.likely_unix_ms {
                at if at <= now => "now".to_owned(),
                at => distance(Some(at), now).trim_start_matches("in ").to_owned(),
            };
            [
                Cell::toned(when, tone),
                left.into(),
                match one.confidence {
                    Confidence::Low => Cell::toned("low", Tone::Faint),
                    other => other.word().into(),
                },
                one.what.as_str().into(),
                one.because.as_str().into(),
                one.mend.as_str().into(),
            ]
        }),
        &format!(
            "Nothing will break within {} days that can be foreseen.",
            view.days
        ),
    );
    if view.gaps.is_empty() {
        return page;
    }
    page.heading("What nothing can be said of yet").list(
        view.gaps
            .iter()
            .map(|gap| Cell::toned(format!("{}: {}", gap.what, gap.because), Tone::Faint)),
    )
}
