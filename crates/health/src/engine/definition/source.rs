//! What is watched of what comes from elsewhere and is kept current: lists of senders, directories.

use mailward_model::{
    ObjectId,
    kind::{DirectorySource, HealthSettings, SenderFeed},
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
