//! Lanes: how many probes run at one time, by what they cost. A probe that waits for its lane too
//! long is skipped, which says that the observer is overloaded and nothing about the target.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use mailward_api::view::ProbeView;
use mailward_model::kind::ProbeLane;
use tokio::sync::Semaphore;

use crate::{
    engine::definition::ProbeDefinition,
    probe::{self, Context, OVERLOAD},
};

/// The longest wait for a lane; no longer than a tenth of the interval either.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// While a node starts it has other things to do: for so long each lane is half as wide.
const HALF_FOR: Duration = Duration::from_secs(60);

/// Probes of a lane at one time.
fn width(lane: ProbeLane) -> usize {
    match lane {
        ProbeLane::Local => 256,
        ProbeLane::Net => 64,
        ProbeLane::Mailflow => 8,
        ProbeLane::Exec => 4,
        ProbeLane::Hybrid => 2,
    }
}

/// The lanes of a worker.
#[derive(Debug, Clone)]
pub(super) struct Lanes([(ProbeLane, Arc<Semaphore>); 5]);

impl Lanes {
    /// Lanes that are half as wide in the first minute. Must be called inside a runtime.
    pub(super) fn open() -> Lanes {
        let lanes = Lanes(
            [
                ProbeLane::Local,
                ProbeLane::Net,
                ProbeLane::Mailflow,
                ProbeLane::Exec,
                ProbeLane::Hybrid,
            ]
            .map(|lane| (lane, Arc::new(Semaphore::new(width(lane) / 2)))),
        );
        let widened = lanes.clone();
        // Ends by itself within a minute.
        tokio::spawn(async move {
            tokio::time::sleep(HALF_FOR).await;
            for (lane, permits) in &widened.0 {
                permits.add_permits(width(*lane) - width(*lane) / 2);
            }
        });
        lanes
    }

    /// The room of a lane.
    pub(super) fn of(&self, lane: ProbeLane) -> Option<Arc<Semaphore>> {
        let known = self.0.iter().find(|(known, _)| *known == lane);
        known.map(|(_, permits)| permits.clone())
    }

    /// Runs a probe when its lane has room, for at most `limit_ms`. Whatever happens in it, there is
    /// a result.
    pub(super) async fn run(
        lane: Option<Arc<Semaphore>>,
        definition: &ProbeDefinition,
        limit_ms: u64,
        context: &Context,
    ) -> ProbeView {
        let now = || context.clock.unix_ms();
        let Some(lane) = lane else {
            return probe::broke_off(&definition.name, "it has no lane", now());
        };
        let _permit = match lane.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let wait = Duration::from_millis(definition.interval_ms / 10).min(WAIT_MAX);
                let Ok(Ok(permit)) = tokio::time::timeout(wait, lane.acquire_owned()).await else {
                    let why = format!("no room in the lane {}", probe::lane_word(definition.lane));
                    return probe::not_run(&definition.name, &why, Some(OVERLOAD), now());
                };
                permit
            }
        };
        // A probe that panics is a probe that could not be carried out. Nothing it may have left
        // half done is looked at again: it works on what it made itself.
        let run = AssertUnwindSafe(probe::run_within(definition, limit_ms, context)).catch_unwind();
        match run.await {
            Ok(view) => view,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                let why = text.unwrap_or("it panicked");
                probe::broke_off(&definition.name, why, now())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lanes_are_half_as_wide_in_the_first_minute() {
        let lanes = Lanes::open();
        let free = |lane| lanes.of(lane).unwrap().available_permits();
        assert_eq!((free(ProbeLane::Local), free(ProbeLane::Hybrid)), (128, 1));
        tokio::time::sleep(HALF_FOR + Duration::from_millis(1)).await;
        assert_eq!((free(ProbeLane::Local), free(ProbeLane::Net)), (256, 64));
        assert_eq!((free(ProbeLane::Exec), free(ProbeLane::Hybrid)), (4, 2));
    }
}
