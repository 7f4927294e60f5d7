//! What is watched of what comes from elsewhere and is kept current: lists of senders, directories.

use mailward_model::{
    ObjectId,
    kind::{DirectorySource, Endpoint, HealthSettings, ProbeLane, SenderFeed, UntrustedFeed},
};

use super::{CONNECTOR_TIMEOUT_MS, Target, Watched, ms, probe, rule};
use crate::monitor::Policy;

/// A list is looked at twice before it is called old: it may be fetched at that very moment.
const BAD: u32 = 2;

/// Whether the list of a sender feed is current, and whether a change of it waits for a person.
pub(super) fn of_feed(
    id: ObjectId,
    name: &str,
    feed: &SenderFeed,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let target = Target::Feed(id, Box::new(feed.clone()));
    add(&format!("feed/{name}"), "Perimeter", target, settings, all);
}

/// The same of a feed of the untrusted list.
pub(super) fn of_untrusted_feed(
    id: ObjectId,
    name: &str,
    feed: &UntrustedFeed,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let target = Target::UntrustedFeed(id, Box::new(feed.clone()));
    let name = format!("untrusted-feed/{name}");
    add(&name, "Trust", target, settings, all);
}

/// How many answers' time a test may take, with a second try of a server that is not reached.
const ANSWERS: u64 = 40;

/// An endpoint whose TLS is tested. One test is enough to tell a person: the next one may be days away,
/// and what it finds does not come and go.
pub(super) fn of_endpoint(
    id: ObjectId,
    name: &str,
    endpoint: &Endpoint,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let interval = ms(endpoint.interval);
    let timeout = ms(endpoint.answer_timeout)
        .saturating_mul(ANSWERS)
        .max(60_000);
    let mut rule = rule(
        Policy::Consecutive(1),
        interval,
        timeout..=timeout,
        settings,
    );
    rule.good_to_recover = 1;
    let target = Target::Endpoint(id, Box::new(endpoint.clone()));
    let name = format!("endpoint/{name}");
    let mut definition = probe(&name, target, &rule, None);
    definition.lane = ProbeLane::Net;
    all.add(definition, "Endpoints", &name, rule);
}

/// Whether a directory is followed.
pub(super) fn of_directory(
    name: &str,
    source: &DirectorySource,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let target = Target::Directory(name.to_owned(), source.poll_interval.get());
    let name = format!("directory/{name}");
    add(&name, "Directory", target, settings, all);
}

fn add(name: &str, set: &str, target: Target, settings: &HealthSettings, all: &mut Watched) {
    let interval = ms(settings.mailflow_probe_interval);
    let policy = Policy::Consecutive(BAD);
    let rule = rule(policy, interval, CONNECTOR_TIMEOUT_MS, settings);
    all.add(probe(name, target, &rule, None), set, name, rule);
}
