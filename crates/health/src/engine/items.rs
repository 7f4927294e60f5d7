//! What health sets are made of, by name: probes, monitors, responders.

use std::collections::{BTreeMap, BTreeSet};

use mailward_api::view::{HealthItem, HealthItems, ItemType};

use super::{Engine, watch::Watch};

impl Engine {
    /// The parts of every health set, set by set. A probe whose results several sets judge stands in
    /// each of them.
    pub fn items(&self) -> HealthItems {
        let mut sets: BTreeMap<&str, Vec<&Watch>> = BTreeMap::new();
        for watch in self.watches.values() {
            sets.entry(&watch.definition.set).or_default().push(watch);
        }
        HealthItems {
            node: self.node.clone(),
            items: sets
                .into_iter()
                .flat_map(|(set, watches)| self.of_set(set, &watches))
                .collect(),
        }
    }

    fn of_set(&self, set: &str, watches: &[&Watch]) -> Vec<HealthItem> {
        let item = |item_type, name: &str, component: &str, of: Vec<String>| HealthItem {
            set: set.to_owned(),
            item_type,
            name: name.to_owned(),
            component: component.to_owned(),
            of,
        };
        let mut probes = BTreeSet::new();
        let mut components: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut items = Vec::new();
        for watch in watches {
            let definition = &watch.definition;
            if probes.insert(definition.probe.as_str()) {
                let (name, component) = (&definition.probe, &definition.component);
                items.push(item(ItemType::Probe, name, component, Vec::new()));
            }
            let monitors = components.entry(&definition.component).or_default();
            monitors.push(definition.name.clone());
        }
        items.extend(watches.iter().map(|watch| {
            let definition = &watch.definition;
            let of = vec![definition.probe.clone()];
            item(
                ItemType::Monitor,
                &definition.name,
                &definition.component,
                of,
            )
        }));
        for (component, monitors) in components {
            for rung in self.ladder(component) {
                let name = format!("{}. {}", rung.act.stage(), rung.act);
                items.push(item(
                    ItemType::Responder,
                    &name,
                    component,
                    monitors.clone(),
                ));
            }
        }
        items
    }
}
