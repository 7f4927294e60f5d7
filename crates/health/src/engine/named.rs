//! What people name: a monitor, a component, a health set, a probe or a role, and what is meant by it.

use super::{
    Engine, Probed,
    definition::{PREFIX, Target},
};

impl Engine {
    /// Names of the probes of a monitor, a component, a set or a role; of all where `None`.
    pub fn probes_of(&self, what: Option<&str>) -> Vec<String> {
        let of_transport = |target: &Target| {
            matches!(
                target,
                Target::Connector(..)
                    | Target::MailFlow(..)
                    | Target::Certificate(..)
                    | Target::ClientCertificate(..)
                    | Target::Certificates
                    | Target::Transport
                    | Target::Queue
                    | Target::Delivery
                    | Target::QueueOwnership
                    | Target::Journal
            )
        };
        let fits = |probed: &Probed| {
            let Some(what) = what else { return true };
            let named = |name: &str| name.eq_ignore_ascii_case(what);
            named(&probed.definition.name)
                || probed
                    .definition
                    .name
                    .strip_prefix(PREFIX)
                    .is_some_and(&named)
                || (what == "transport" && of_transport(&probed.definition.target))
                || self.judges(&probed.definition.name).any(|watch| {
                    let definition = &watch.definition;
                    named(&definition.name)
                        || named(&definition.component)
                        || named(&definition.set)
                })
        };
        self.probed
            .values()
            .filter(|probed| probed.definition.target != Target::Observer && fits(probed))
            .map(|probed| probed.definition.name.clone())
            .collect()
    }
}
