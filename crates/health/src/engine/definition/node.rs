//! What is watched of this node itself, whatever the objects say.

use mailward_api::control::Role;
use mailward_model::kind::HealthSettings;

use super::{CONNECTOR_TIMEOUT_MS, OBSERVER, Place, Target, Watched, ms, probe, rule};
use crate::{monitor::Policy, observer::WINDOW_MS};

/// Descriptors, memory, clocks and dates do not change within seconds, in milliseconds.
const CALM_MS: u64 = 60_000;

pub(super) fn all(settings: &HealthSettings, all: &mut Watched) {
    let fast = ms(settings.connector_probe_interval);
    let slow = ms(settings.mailflow_probe_interval);
    let calm = CALM_MS.max(fast);
    let transport = Some("transport");
    let mut add = |name: &str, set: &str, target, failures, interval_ms, needs| {
        let policy = Policy::Consecutive(failures);
        let rule = rule(policy, interval_ms, CONNECTOR_TIMEOUT_MS, settings);
        // What is not given out is delivery's fault, as it is where no mail arrives.
        let component = match target {
            Target::Delivery => "deliver",
            _ => name,
        };
        all.add(probe(name, target, &rule, needs), set, component, rule);
    };
    add("transport", "Transport", Target::Transport, 3, fast, None);
    add("queue", "Queue", Target::Queue, 2, fast, transport);
    add("delivery", "MailFlow", Target::Delivery, 3, fast, transport);
    add(
        "queue/ownership",
        "Queue",
        Target::QueueOwnership,
        2,
        slow,
        transport,
    );
    add("journal", "Journal", Target::Journal, 2, slow, transport);
    add("store", "Store", Target::Store, 2, fast, None);
    for place in Place::ALL {
        add(place.probe(), "Disk", Target::Disk(place), 2, fast, None);
    }
    add(
        "certificates",
        "Certificates",
        Target::Certificates,
        2,
        slow,
        transport,
    );
    let target = Target::NodeCertificates;
    add("node-certificates", "Certificates", target, 2, slow, None);
    for role in Role::ALL {
        // Off on most nodes; the manager itself starts it anew, and it tells its own failures.
        if role == Role::Enforcer {
            continue;
        }
        let name = format!("process/{role}");
        add(&name, "Process", Target::Process(role), 3, calm, None);
    }
    add("admin", "Admin", Target::Admin, 3, calm, None);
    add("clock", "Clock", Target::Clock, 1, calm, None);
    add(OBSERVER, "Monitoring", Target::Observer, 4, WINDOW_MS, None);
}

/// The firewall's table, where there is something to put into it: a connector that names a feed.
pub(super) fn firewall(settings: &HealthSettings, all: &mut Watched) {
    let fast = ms(settings.connector_probe_interval);
    let rule = rule(Policy::Consecutive(2), fast, CONNECTOR_TIMEOUT_MS, settings);
    let definition = probe("firewall", Target::Firewall, &rule, None);
    all.add(definition, "Perimeter", "firewall", rule);
}
