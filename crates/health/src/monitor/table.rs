//! The table of transitions: from a state and what the policy found to the next state. Pure.

use mailward_api::view::health::{Evidence, HealthState};
use mailward_model::Decision;

use super::{Input, MonitorState, Rule, policy, policy::Finding};
use crate::Now;

/// What a monitor's state becomes, and why.
pub fn next(
    mut state: MonitorState,
    rule: &Rule,
    input: Input,
    now: Now,
) -> Decision<MonitorState> {
    let before = state.phase;
    if before == HealthState::Disabled {
        return Decision::plain(state, "it is switched off");
    }
    let finding = match input {
        Input::Sample(sample) => {
            if before == HealthState::Unavailable && sample.evidence != Evidence::None {
                state.forget_results();
            }
            policy::sample(&mut state, rule, sample, now)
        }
        Input::Tick => policy::tick(&mut state, rule, now),
        Input::GivenUp => Finding::nothing(),
    };
    let (phase, because) = phase_after(&state, rule, input, &finding, now);
    if phase != before {
        state.enter(phase, now);
    }
    Decision::plain(state, because)
}

fn phase_after(
    state: &MonitorState,
    rule: &Rule,
    input: Input,
    finding: &Finding,
    now: Now,
) -> (HealthState, String) {
    use HealthState::{
        Degraded, Healthy, Recovering, Suspect, Unavailable, Unhealthy, Unknown, Unrecoverable,
    };
    let evidence = finding.evidence;
    let says = |otherwise: &str| match finding.says.as_str() {
        "" => otherwise.to_owned(),
        says => says.to_owned(),
    };
    let silent_ms = now.since(state.last_evidence);
    if evidence == Evidence::None && rule.policy.can_be_blind() && silent_ms > rule.blind_after_ms()
    {
        let because = format!("no result said anything for {} s", silent_ms / 1000);
        return (Unavailable, because);
    }
    let confirmed = evidence == Evidence::Bad && finding.confirmed;
    let well = evidence == Evidence::Good && state.good_run >= rule.good_to_recover;
    let trouble_ms = state.first_bad.map_or(0, |first| now.since(first));
    let lasts = || format!("still bad after {} s", trouble_ms / 1000);
    let persists = state.good_run == 0;
    match (state.phase, evidence) {
        (Unavailable, Evidence::None) => {
            (Unavailable, "still no result that says anything".to_owned())
        }
        (Unavailable, _) => (Unknown, "results say something again".to_owned()),
        (Unknown, Evidence::Good) => (Healthy, says("the first result is good")),
        (Unknown | Healthy | Suspect, _) if confirmed => (Degraded, says("it is bad")),
        (Healthy, _) if finding.doubtful => (Suspect, says("one bad result")),
        (Suspect, Evidence::Good) if finding.cleared => {
            (Healthy, says("the result was good again"))
        }
        (Degraded | Unhealthy | Unrecoverable, _) if well => {
            let run = format!("{} good results in a row", state.good_run);
            (Recovering, says(&run))
        }
        (Degraded, _) if trouble_ms >= rule.unhealthy_after_ms && persists => (Unhealthy, lasts()),
        (Degraded | Unhealthy, _) if input == Input::GivenUp => {
            (Unrecoverable, "no stage of recovery is left".to_owned())
        }
        (Unhealthy, _) if trouble_ms >= rule.unrecoverable_after_ms && persists => {
            (Unrecoverable, lasts())
        }
        (Recovering, Evidence::Bad) => (state.fell_from, says("a bad result on probation")),
        (Recovering, _) if now.since(state.since) >= rule.probation_ms => {
            (Healthy, "it stayed well during probation".to_owned())
        }
        _ => (state.phase, says("nothing that changes it")),
    }
}
