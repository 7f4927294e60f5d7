//! Probes: clients at the front door. Each looks at one thing, within a time limit, and says what
//! it saw as a [`ProbeView`].
//!
//! A verdict is one of: pass, slow (works, but something is to be said), fail and timeout (bad),
//! probe_error and skipped (says nothing about the target). Never here: what follows from it.

mod certificate;
mod clock;
mod command;
mod connector;
mod context;
mod dns;
mod endpoint;
mod firewall;
mod found;
mod http;
mod letter;
mod mailflow;
mod node;
mod outside;
mod page;
pub(crate) mod peers;
mod process;
mod reach;
mod received;
mod report;
mod route;
mod smtp;
mod source;
mod wire;

use std::time::Duration;

use mailward_api::view::{ProbeView, health::ProbeStep};
use mailward_model::kind::{Probe, ProbeLane, ProbeTarget};
use tokio::time::Instant;

use crate::{
    Cause,
    engine::definition::{ProbeDefinition, Target},
};

pub use context::Context;
pub(crate) use context::Door;
pub(crate) use dns::system_resolvers;
pub use found::Verdict;
pub(crate) use found::{Found, Steps};
use reach::Attempt;

/// The cause given with a probe that was skipped because it does not apply: its monitor is then
/// off, and not blind.
pub(crate) const NOT_APPLICABLE: &str = "not_applicable";
/// The cause given with a probe that was skipped because no lane was free.
pub(crate) const OVERLOAD: &str = "overload";

/// The word for a lane.
pub(crate) fn lane_word(lane: ProbeLane) -> &'static str {
    match lane {
        ProbeLane::Local => "local",
        ProbeLane::Net => "net",
        ProbeLane::Mailflow => "mailflow",
        ProbeLane::Exec => "exec",
        ProbeLane::Hybrid => "hybrid",
    }
}

/// Runs a probe, within its time limit; once more where it timed out and there is time.
pub async fn run(definition: &ProbeDefinition, context: &Context) -> ProbeView {
    run_within(definition, definition.timeout_ms, context).await
}

/// As [`run`], within a limit of the caller's, in milliseconds.
pub(crate) async fn run_within(
    definition: &ProbeDefinition,
    limit_ms: u64,
    context: &Context,
) -> ProbeView {
    let unix_ms = context.clock.unix_ms();
    let began = Instant::now();
    let limit = Duration::from_millis(limit_ms);
    let mut steps = Steps::new();
    let mut looked =
        tokio::time::timeout(limit, look(definition, limit, context, &mut steps)).await;
    // Both tries must end within half the interval, so that the next slot is free.
    if looked.is_err() && definition.again && limit_ms <= definition.interval_ms / 4 {
        steps.note(format!(
            "no answer within {} ms: once more",
            limit.as_millis()
        ));
        // On the heap: few probes come here, and all of them would carry its room.
        let again = Box::pin(look(definition, limit, context, &mut steps));
        looked = tokio::time::timeout(limit, again).await;
    }
    let mut found = match looked {
        Ok(found) => found,
        Err(_) => match steps.reaching.filter(|_| knocks(&definition.target)) {
            Some(address) if steps.now == "connect" => {
                let text = format!("{address}: no connection within {} ms", limit.as_millis());
                reach::unmet(address, Attempt::Silent, text).await
            }
            _ => late(&definition.target, limit, steps.now),
        },
    };
    steps.next("end");
    let took = began.elapsed();
    if let Some(slow_ms) = definition.slow_after_ms
        && found.verdict == Verdict::Pass
        && took > Duration::from_millis(slow_ms)
    {
        found.verdict = Verdict::Slow;
        found.text.push_str(&format!("; slower than {slow_ms} ms"));
    }
    if is_elsewhere(&definition.target)
        && found.cause.is_none()
        && matches!(found.verdict, Verdict::Fail | Verdict::Timeout)
    {
        found = found.of(Cause::Upstream);
    }
    view(&definition.name, found, unix_ms, took, steps.done)
}

async fn look(
    definition: &ProbeDefinition,
    limit: Duration,
    context: &Context,
    steps: &mut Steps,
) -> Found {
    match &definition.target {
        Target::Connector(name, spec) => connector::look(context, name, spec, steps).await,
        Target::MailFlow(name, spec) => mailflow::look(context, name, spec, steps).await,
        Target::Received(name, interval) => received::look(context, name, *interval).await,
        Target::Route(name, spec) => route::look(context, name, spec, limit, steps).await,
        Target::Certificate(name, spec) => {
            certificate::of_receive_connector(context, name, spec).await
        }
        Target::ClientCertificate(name, spec) => {
            certificate::of_send_connector(context, name, spec).await
        }
        Target::Certificates => certificate::all(context).await,
        Target::NodeCertificates => peers::look(context).await,
        Target::Transport => node::transport(context).await,
        Target::Queue => node::queue(context).await,
        Target::Delivery => node::delivery(context).await,
        Target::QueueOwnership => node::ownership(context).await,
        Target::Journal => node::journal(context).await,
        Target::DeliveryResolver => node::resolver(context).await,
        Target::Feed(id, feed) => source::feed(context, *id, feed).await,
        Target::UntrustedFeed(id, feed) => source::untrusted_feed(context, *id, feed).await,
        Target::Endpoint(id, spec) => endpoint::look(context, *id, spec, steps).await,
        Target::Directory(name, poll) => source::directory(context, name, *poll, steps).await,
        Target::Store => node::store(context).await,
        Target::Disk(place) => node::disk(context, *place).await,
        Target::Firewall => firewall::look(context).await,
        Target::Process(role) => process::look(context, *role).await,
        Target::Alerting(name) => node::alerting(context, name).await,
        Target::Admin => http::admin(context, steps).await,
        Target::Clock => clock::steady(context),
        Target::Resolver(server) => dns::resolver(*server, steps).await,
        Target::Name { name, mx } => dns::name(context, name, *mx, steps).await,
        Target::SmartHost(upstream) => outside::smart_host(context, upstream, steps).await,
        Target::Object(probe) => object(definition, probe, context, steps).await,
        Target::Observer => Found::skipped("the worker judges itself by its work"),
    }
}

async fn object(
    definition: &ProbeDefinition,
    probe: &Probe,
    context: &Context,
    steps: &mut Steps,
) -> Found {
    match &probe.target {
        ProbeTarget::Tcp(target) => outside::tcp(context, target, steps).await,
        ProbeTarget::Tls(target) => outside::tls(context, target, steps).await,
        ProbeTarget::Http(target) => http::look(context, target, steps).await,
        ProbeTarget::Dns(target) => dns::look(context, target, steps).await,
        ProbeTarget::Ntp(target) => clock::offset(context, target, steps).await,
        ProbeTarget::Command(target) => command::look(target, steps).await,
        ProbeTarget::Report(target) => {
            let now = crate::Now::of(&*context.clock);
            if probe.hears_reports_alone() {
                return context.reports.last(&definition.name, now);
            }
            context
                .reports
                .say(&definition.name, target, context.began, now)
        }
        mail => outside::mail(context, mail, steps).await,
    }
}

/// Whether what it looks at is not Mailward's, so that no restart of Mailward could cure it. A
/// probe object that names a component of Mailward's says that one could.
fn is_elsewhere(target: &Target) -> bool {
    match target {
        Target::SmartHost(_) | Target::Endpoint(..) => true,
        Target::Object(probe) => probe.component.is_none(),
        _ => false,
    }
}

/// Whether what keeps a connection from coming about is told from what the component itself does. Of
/// the way of a message the connector's own probe tells it.
fn knocks(target: &Target) -> bool {
    matches!(target, Target::Connector(..))
}

/// The finding of a probe whose time is over, by what it was waiting for: the silence of another
/// part is that part's, and says nothing about this one.
fn late(target: &Target, limit: Duration, step: &str) -> Found {
    let limit = limit.as_millis();
    let silent = |text: String| Found::new(Verdict::Timeout, text);
    match target {
        Target::Queue
        | Target::Delivery
        | Target::QueueOwnership
        | Target::Journal
        | Target::Certificates
        | Target::DeliveryResolver
        | Target::Certificate(..)
        | Target::ClientCertificate(..) => {
            Found::skipped(format!("transport did not answer within {limit} ms"))
        }
        Target::MailFlow(..) if !mailflow::is_own_step(step) => Found::skipped(format!(
            "the connector did not answer within {limit} ms at the step {step}"
        )),
        Target::Store | Target::Disk(_) | Target::NodeCertificates => {
            silent(format!("the disk did not answer within {limit} ms")).of(Cause::Disk)
        }
        Target::Resolver(_) | Target::Name { .. } => {
            silent(format!("no resolver answered within {limit} ms")).of(Cause::Dns)
        }
        Target::Object(probe) if matches!(probe.target, ProbeTarget::Dns(_)) => {
            silent(format!("no resolver answered within {limit} ms")).of(Cause::Dns)
        }
        _ if step == "resolve" => {
            silent(format!("no resolver answered within {limit} ms")).of(Cause::Dns)
        }
        _ => silent(format!("no answer within {limit} ms at the step {step}")),
    }
}

/// A probe that broke off by a fault of its own.
pub(crate) fn broke_off(probe: &str, why: &str, unix_ms: u64) -> ProbeView {
    let found = Found::error(format!("the probe broke off: {why}"));
    view(probe, found, unix_ms, Duration::ZERO, Vec::new())
}

/// A probe that was not run.
pub(crate) fn not_run(probe: &str, why: &str, cause: Option<&str>, unix_ms: u64) -> ProbeView {
    let found = Found {
        cause: cause.map(str::to_owned),
        ..Found::skipped(why)
    };
    view(probe, found, unix_ms, Duration::ZERO, Vec::new())
}

fn view(
    probe: &str,
    found: Found,
    unix_ms: u64,
    took: Duration,
    steps: Vec<ProbeStep>,
) -> ProbeView {
    ProbeView {
        probe: probe.to_owned(),
        unix_ms,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        verdict: found.verdict.as_str().to_owned(),
        evidence: found.verdict.evidence(),
        // What a peer said reaches terminals and logs.
        text: mailward_events::escape(&found.text).into_owned(),
        cause: found.cause,
        steps,
        measures: found.measures,
    }
}

#[cfg(test)]
pub(crate) mod tests;
