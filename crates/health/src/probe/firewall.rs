//! The firewall's table, as the enforcer says that it stands.

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    view::figures::FirewallFigures,
};

use super::{Context, Found, NOT_APPLICABLE};

/// How long after the table was last found in step something is wrong with whoever looks.
const SILENT_MAX_MS: u64 = 60_000;
/// How long a change by somebody else is told.
const TOLD_MS: u64 = 3_600_000;
/// So many of them within this time are a fight with another program.
const FIGHT_DRIFTS: usize = 3;
const FIGHT_MS: u64 = 600_000;

pub(super) async fn look(context: &Context) -> Found {
    if !context.firewall {
        let mut found = Found::skipped("no firewall is kept: firewall is not set");
        found.cause = Some(NOT_APPLICABLE.to_owned());
        return found;
    }
    let request = ControlRequest::Figures { monitors: 0 };
    match context.ask(Role::Enforcer, &request).await {
        Ok(ControlReply::Figures(figures)) => judge(
            &figures.firewall.unwrap_or_default(),
            figures.since_unix_ms,
            context.clock.unix_ms(),
        ),
        Ok(_) => Found::error("the enforcer answered something else"),
        Err(error) => Found::fail(format!(
            "the enforcer does not answer: {error}; the table stays as it was, and feeds do not change it"
        )),
    }
}

fn judge(figures: &FirewallFigures, since_unix_ms: u64, now: u64) -> Found {
    let age = |at: u64| now.saturating_sub(at);
    let recent = |within| {
        let drifts = figures.drifts_unix_ms.iter();
        drifts.filter(|at| age(**at) < within).count()
    };
    let found = if let Some(problem) = &figures.problem {
        Found::fail(format!("the table cannot be put in force: {problem}"))
    } else if age(figures.in_step_unix_ms.unwrap_or(since_unix_ms)) > SILENT_MAX_MS {
        Found::fail("nobody has looked at the table for a minute")
    } else if figures.in_step_unix_ms.is_none() {
        Found::skipped("the enforcer has not looked yet")
    } else if recent(FIGHT_MS) >= FIGHT_DRIFTS {
        Found::fail(format!(
            "somebody changes the table again and again, {} times in ten minutes, and it is put back: {}",
            recent(FIGHT_MS),
            figures.drift
        ))
    } else if recent(TOLD_MS) > 0 {
        Found::slow(format!(
            "somebody had changed the table, and it was put back: {}",
            figures.drift
        ))
    } else {
        Found::pass(format!(
            "in step: {} ports, {} ranges",
            figures.gates, figures.ranges
        ))
    };
    found.measured("drifts", recent(TOLD_MS) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Verdict;

    #[test]
    fn a_table_that_cannot_be_kept_or_is_fought_over_is_told() {
        let now = 10_000_000;
        let verdict = |change: fn(&mut FirewallFigures)| {
            let mut figures = FirewallFigures {
                in_step_unix_ms: Some(now),
                ..FirewallFigures::default()
            };
            change(&mut figures);
            judge(&figures, now - 1_000_000, now).verdict
        };
        assert_eq!(verdict(|_| {}), Verdict::Pass);
        assert_eq!(
            verdict(|f| f.problem = Some("nft refuses".into())),
            Verdict::Fail
        );
        assert_eq!(verdict(|f| f.in_step_unix_ms = None), Verdict::Fail);
        assert_eq!(
            verdict(|f| f.in_step_unix_ms = Some(10_000_000 - 60_001)),
            Verdict::Fail
        );
        let drifts = |count: u64| (0..count).map(|n| 10_000_000 - 1_000 * n).collect();
        assert_eq!(
            verdict(|f| f.drifts_unix_ms = vec![10_000_000 - TOLD_MS]),
            Verdict::Pass
        );
        let figures = |count| FirewallFigures {
            in_step_unix_ms: Some(now),
            drifts_unix_ms: drifts(count),
            ..FirewallFigures::default()
        };
        assert_eq!(judge(&figures(2), now, now).verdict, Verdict::Slow);
        assert_eq!(judge(&figures(3), now, now).verdict, Verdict::Fail);
        let young = FirewallFigures::default();
        assert_eq!(judge(&young, now - 5, now).verdict, Verdict::Skipped);
    }
}
