//! `drill run`: started, watched until it is over, and ended with Ctrl-C.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mailward_api::{
    fault::Fault,
    operation::Op,
    view::{DrillRun, DrillState},
};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    connection::Connection,
    run::{Output, ask},
};

/// How often it is asked how the drill stands.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Questions in a row that may stay without an answer: transport's restart does not touch the
/// admin API, but a busy host may.
const UNANSWERED_MAX: u32 = 40;

fn read(answer: &[u8]) -> Result<DrillRun, Fault> {
    serde_json::from_slice(answer)
        .map_err(|error| Fault::failed(format!("the answer is not understood: {error}")))
}

/// The line that says how a drill stands.
fn line(run: &DrillRun) -> String {
    let last = run.steps.last().map_or("", |step| step.text.as_str());
    let open = run.expectations.iter().filter(|one| one.held.is_none());
    let (all, open) = (run.expectations.len(), open.count());
    format!("{}: {last} ({} of {all} settled)", run.drill, all - open)
}

pub(crate) async fn run(
    fields: Map<String, Value>,
    connection: &Connection,
    output: &Output<'_>,
) -> Result<u8, Fault> {
    // One stream for the whole run: Ctrl-C pressed while an answer is awaited is kept, not lost. A
    // handler that cannot be set leaves Ctrl-C to end this program; the fault then ends at its
    // deadline.
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    let mut interrupted = async || match interrupt.as_mut() {
        Some(stream) => stream.recv().await,
        None => std::future::pending().await,
    };
    let mut answer = ask(Op::DrillRun, fields, connection).await?;
    let mut run = read(&answer)?;
    let of = |id: &str| Map::from_iter([("id".to_owned(), Value::from(id))]);
    let bar = if output.json {
        ProgressBar::hidden()
    } else {
        // On standard error, and only where that is a terminal.
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
        bar.set_style(style);
    }
    let (mut shown, mut unanswered) = (0, 0);
    while run.state == DrillState::Running {
        for step in run.steps.iter().skip(shown) {
            bar.println(format!("       {}", step.text));
        }
        shown = run.steps.len();
        bar.set_message(line(&run));
        bar.tick();
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            Some(()) = interrupted() => {
                answer = ask(Op::DrillEnd, of(&run.id), connection).await?;
                break;
            }
        }
        match ask(Op::DrillShow, of(&run.id), connection).await {
            Ok(newer) => {
                unanswered = 0;
                run = read(&newer)?;
                answer = newer;
            }
            Err(fault) if unanswered >= UNANSWERED_MAX => {
                bar.finish_and_clear();
                return Err(fault);
            }
            Err(_) => unanswered += 1,
        }
    }
    bar.finish_and_clear();
    output.answer(Op::DrillRun, &answer)
}
