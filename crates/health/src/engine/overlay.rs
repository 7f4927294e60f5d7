//! Overrides in the engine: what is watched is defined anew when they change or end, the flags
//! beside each monitor's state, and the explanation of every property.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mailward_api::view::{
    HealthEdge,
    health::{HealthExplanation, OverrideView, PropertyView},
};
use mailward_events::Event;
use mailward_model::{
    Object, Spec,
    kind::{HealthSettings, MonitoringOverride, Property, Subject, TransportSettings, properties},
    object::SpecOf,
};

use super::{
    Engine, Order, Probed, definition,
    definition::{MonitorDefinition, Watched},
    due::{self, Due},
    ladder,
    watch::Watch,
};
use crate::{
    Now,
    case::Ladder,
    guard,
    monitor::Hours,
    overrides::{self, Here, Names, Overrides, matches, monitor_value, nearest, probe_value, show},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const HOUR_MS: u64 = 3_600_000;

/// True for what may have a probe: not the recipients, which are many.
fn can_be_watched(object: &Object) -> bool {
    !matches!(
        object.spec,
        Spec::Mailbox(_)
            | Spec::MailUser(_)
            | Spec::MailContact(_)
            | Spec::DistributionGroup(_)
            | Spec::DynamicDistributionGroup(_)
    )
}

impl Engine {
    fn here(&self, now: Now) -> Here<'_> {
        Here {
            node: &self.node,
            version: VERSION,
            now_unix_ms: now.unix_ms,
        }
    }

    /// Keeps of the objects what is watched can hang on: not the recipients, which are many.
    pub(super) fn keep_objects(&mut self, objects: &[Object]) {
        let wanted = objects.iter().filter(|object| can_be_watched(object));
        self.objects = wanted.cloned().collect();
    }

    /// Knows of these objects and watches nothing for them, as in safe mode. An override may be
    /// about them all the same: it is in force once they are watched.
    pub(crate) fn set_aside(&mut self, mut objects: Vec<Object>) {
        objects.retain(can_be_watched);
        self.aside = objects;
    }

    /// Whether an override is about anything: what is watched, or what was set aside.
    fn fits_something(&self, spec: &MonitoringOverride) -> Result<(), (String, String)> {
        let ladder = |component: &str| self.built_ladder(component);
        let found = matches(spec, &self.built, ladder);
        if found.is_ok() || self.aside.is_empty() {
            return found;
        }
        // Only now: one of them may be what made the worker fall.
        let all: Vec<Object> = self.objects.iter().chain(&self.aside).cloned().collect();
        let whole = definition::watched(&all, &self.settings, &self.resolvers);
        matches(spec, &whole, ladder)
    }

    /// Watches what the objects and the overrides in force ask for.
    pub(super) fn redefine(&mut self, now: Now) -> Vec<Order> {
        let mut built = definition::watched(&self.objects, &self.settings, &self.resolvers);
        built.probes.extend(self.also.probes.iter().cloned());
        built.monitors.extend(self.also.monitors.iter().cloned());
        let overrides = Overrides::of(&self.objects, self.here(now));
        let mut wanted = built.clone();
        overrides.apply(&mut wanted);
        let mut earlier = std::mem::take(&mut self.probed);
        for definition in wanted.probes {
            let kept = earlier.swap_remove(&definition.name);
            let probed = Probed::new(definition, kept.map(|kept| kept.results));
            self.probed.insert(probed.definition.name.clone(), probed);
        }
        let mut earlier = std::mem::take(&mut self.watches);
        let mut flags = Vec::new();
        // By the names a monitor goes by without overrides: one of them may be its set.
        let built_by_name: HashMap<&str, &MonitorDefinition> = built
            .monitors
            .iter()
            .filter(|_| !overrides.is_empty())
            .map(|one| (one.name.as_str(), one))
            .collect();
        self.due = Due::default();
        self.set_stale();
        let strain = self.observer.strain;
        for definition in wanted.monitors {
            let Some(probed) = self.probed.get_mut(&definition.probe) else {
                continue;
            };
            let name = definition.name.clone();
            let names = built_by_name.get(name.as_str()).copied();
            let names = names.map(Names::of_monitor);
            probed.monitors.push(name.clone());
            let mut watch = match earlier.swap_remove(&name) {
                Some(kept) => Watch { definition, ..kept },
                None => Watch::new(definition, now),
            };
            watch.alert_off = names.as_ref().and_then(|names| overrides.alert_off(names));
            let overlay = names.as_ref().and_then(|names| overrides.overlay(names));
            if watch.overlay != overlay {
                flags.push((name.clone(), overlay));
            }
            due::look_again(&mut self.due, &watch, strain, now);
            self.watches.insert(name, watch);
        }
        self.probed.sort_unstable_keys();
        self.watches.sort_unstable_keys();
        self.overrides = overrides;
        self.built = built;
        let mut orders = Vec::new();
        for (name, overlay) in flags {
            orders.extend(self.lay(&name, overlay, now));
        }
        let components: Vec<String> = self.cases.keys().cloned().collect();
        for component in components {
            let ladder = self.ladder(&component);
            if let Some(record) = self.cases.get_mut(&component) {
                record.ladder = ladder;
            }
        }
        orders.extend(self.look_after_overrides(now));
        orders
    }

    /// Lays a flag beside a monitor's state, or takes it away.
    fn lay(&mut self, name: &str, overlay: Option<overrides::Overlay>, now: Now) -> Vec<Order> {
        let Some(watch) = self.watches.get_mut(name) else {
            return Vec::new();
        };
        let word = |overlay: &Option<overrides::Overlay>| {
            overlay.as_ref().map_or("watched", |overlay| overlay.word)
        };
        if watch.overlay == overlay {
            return Vec::new();
        }
        let before = std::mem::replace(&mut watch.overlay, overlay.clone());
        let because = overlay
            .as_ref()
            .map_or("the override has ended".to_owned(), |overlay| {
                overlay.origin.clone()
            });
        let (was_off, is_off) = (word(&before) == "disabled", word(&overlay) == "disabled");
        if was_off || is_off {
            watch.switch(is_off, &because, now);
        }
        due::look_again(&mut self.due, watch, self.observer.strain, now);
        self.sets_stale = true;
        self.figured = None;
        let component = watch.definition.component.clone();
        let rejoins = watch.overlay.is_none() && watch.state.is_confirmed_bad();
        let edge = HealthEdge {
            unix_ms: now.unix_ms,
            subject: name.to_owned(),
            from: word(&before).to_owned(),
            to: word(&overlay).to_owned(),
            because: because.clone(),
            case: None,
        };
        self.keep(edge.clone());
        let mut orders = vec![Order::Edge(edge)];
        if word(&before) != word(&overlay) {
            orders.push(Order::Emit(Event::MonitorOverlayChanged {
                monitor: name.to_owned(),
                from: word(&before).to_owned(),
                to: word(&overlay).to_owned(),
                because: because.clone(),
            }));
        }
        if rejoins {
            orders.extend(self.join(name, &component, &because, now));
        }
        orders
    }

    /// Overrides that have ended are removed; those that match nothing are told of, once.
    fn look_after_overrides(&mut self, now: Now) -> Vec<Order> {
        let mut orders = Vec::new();
        let mut unmatched = BTreeSet::new();
        for object in &self.objects {
            let Some(spec) = MonitoringOverride::of(&object.spec) else {
                continue;
            };
            if spec
                .until
                .is_some_and(|until| until.unix_ms() <= now.unix_ms)
            {
                if self.ended.insert((object.id, object.revision)) {
                    orders.push(Order::EndOverride(Box::new(object.clone())));
                    orders.push(Order::Emit(Event::OverrideEnded {
                        name: object.name.clone(),
                        item: spec.item.clone(),
                        property: spec.property.clone(),
                    }));
                }
                continue;
            }
            let standing = overrides::standing(spec, self.here(now));
            let problem = match standing {
                Ok(()) => self.fits_something(spec).err().map(|(problem, _)| problem),
                Err(why)
                    if spec.reading().is_none()
                        || spec.until.is_some() && why.contains("more than") =>
                {
                    Some(why)
                }
                Err(_) => None,
            };
            let Some(problem) = problem else { continue };
            unmatched.insert(object.name.clone());
            if !self.unmatched.contains(&object.name) {
                orders.push(Order::Emit(Event::OverrideUnmatched {
                    name: object.name.clone(),
                    item: spec.item.clone(),
                    property: spec.property.clone(),
                    problem,
                }));
            }
        }
        let known: BTreeSet<_> = self
            .objects
            .iter()
            .map(|object| (object.id, object.revision))
            .collect();
        self.ended.retain(|ended| known.contains(ended));
        self.unmatched = unmatched;
        orders
    }

    fn built_ladder(&self, component: &str) -> Ladder {
        ladder::ladder(component, &self.settings)
    }

    /// The stages of recovery of a component, as they are in force.
    pub(super) fn ladder(&self, component: &str) -> Ladder {
        let mut ladder = self.built_ladder(component);
        let names = Names::of_component(component, &self.built);
        self.overrides.apply_ladder(&names, &mut ladder);
        ladder
    }

    /// Whether an override would change anything.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check_override(&self, spec: &MonitoringOverride) -> Result<(), (String, String)> {
        self.fits_something(spec)
    }

    /// Every override there is, and whether it is in force.
    pub fn overrides(&self, now: Now) -> Vec<OverrideView> {
        let of = |object: &Object| {
            let spec = MonitoringOverride::of(&object.spec)?;
            let standing = overrides::standing(spec, self.here(now))
                .and_then(|()| self.check_override(spec).map_err(|(problem, _)| problem));
            Some(OverrideView {
                name: object.name.clone(),
                item: spec.item.clone(),
                property: spec.property.clone(),
                value: spec.value.clone(),
                scope: spec.scope.to_string(),
                owner: spec.owner.clone(),
                reason: spec.reason.clone(),
                until_unix_ms: spec.until.map(|until| until.unix_ms()),
                version: spec.version.map(|range| range.to_string()),
                in_force: standing.is_ok(),
                note: standing.err().unwrap_or_default(),
            })
        };
        self.objects.iter().filter_map(of).collect()
    }

    /// The trends' histories, for a worker that is started after this one.
    pub(crate) fn hours(&self) -> BTreeMap<String, Hours> {
        self.watches
            .iter()
            .filter(|(_, watch)| watch.state.hours != Hours::default())
            .map(|(name, watch)| (name.clone(), watch.state.hours.clone()))
            .collect()
    }

    /// Takes up the histories of an earlier worker.
    pub(crate) fn resume_hours(&mut self, hours: BTreeMap<String, Hours>) {
        for (name, hours) in hours {
            if let Some(watch) = self.watches.get_mut(&name) {
                watch.state.hours = hours;
            }
        }
    }

    /// True where an hour has begun since the trends were last to be saved.
    pub(super) fn hour_began(&mut self, now: Now) -> bool {
        let hour = now.unix_ms / HOUR_MS;
        std::mem::replace(&mut self.saved_hour, hour) != hour
    }

    /// Every property of what goes by a name: its value, and where that comes from.
    ///
    /// # Errors
    /// Nothing of that name is watched; the text says what is.
    pub fn explain_item(&self, item: &str, now: Now) -> Result<HealthExplanation, String> {
        let defaults = HealthSettings::default();
        let without: Vec<Object> = self
            .objects
            .iter()
            .filter(|object| TransportSettings::of(&object.spec).is_none())
            .cloned()
            .collect();
        let bare = definition::watched(&without, &defaults, &self.resolvers);
        let mut properties = Vec::new();
        let fits = |names: &Names| names.fit(item).is_some();
        for probed in self.probed.values() {
            let names = Names::of_probe(&probed.definition, &self.built);
            if fits(&names) {
                let name = &probed.definition.name;
                let find = |all: &Watched, property: &str| {
                    let probe = all.probes.iter().find(|probe| probe.name == *name)?;
                    probe_value(probe, property).map(|value| show(&value))
                };
                let subject = format!("probe {name}");
                self.rows(
                    &subject,
                    Subject::Probe,
                    &names,
                    &bare,
                    find,
                    &mut properties,
                );
            }
        }
        let mut monitors = Vec::new();
        let mut components = BTreeSet::new();
        for one in &self.built.monitors {
            let component = Names::of_component(&one.component, &self.built);
            if fits(&component) {
                components.insert(one.component.clone());
            }
            let names = Names::of_monitor(one);
            if !fits(&names) {
                continue;
            }
            let find = |all: &Watched, property: &str| {
                let found = all.monitors.iter().find(|found| found.name == one.name)?;
                monitor_value(found, property).map(|value| show(&value))
            };
            let subject = format!("monitor {}", one.name);
            self.rows(
                &subject,
                Subject::Monitor,
                &names,
                &bare,
                find,
                &mut properties,
            );
            if let Some((watch, results)) = self.watched([&one.name]).next() {
                let case = self.cases.get(&one.component);
                let next = case.and_then(|case| case.view(now).next);
                monitors.push(watch.explain(results, next));
                components.insert(one.component.clone());
            }
        }
        for component in components {
            let names = Names::of_component(&component, &self.built);
            self.stage_rows(&component, &names, &defaults, &mut properties);
        }
        if properties.is_empty() {
            let mend = nearest(item, &self.built);
            return Err(format!("nothing named {item:?} is watched; {mend}"));
        }
        Ok(HealthExplanation {
            item: item.to_owned(),
            monitors,
            properties,
        })
    }

    fn rows(
        &self,
        subject: &str,
        of: Subject,
        names: &Names,
        bare: &Watched,
        find: impl Fn(&Watched, &str) -> Option<String>,
        rows: &mut Vec<PropertyView>,
    ) {
        for property in properties().filter(|p| p.subject == of || p.subject == Subject::Any) {
            let flag = |standard: bool| Some(standard.to_string());
            let (built_in, set) = match property.name {
                "enabled" | "alert" => (flag(true), flag(true)),
                "maintenance" | "repairing" => (flag(false), flag(false)),
                name => (find(bare, name), find(&self.built, name)),
            };
            // The probe has the flags too, and says nothing of its own with them.
            if property.subject == Subject::Any && of == Subject::Probe {
                continue;
            }
            let winner = self.overrides.winner(names, property.name);
            let Some(set) = set.or_else(|| winner.map(|_| "–".to_owned())) else {
                continue;
            };
            rows.push(self.row(subject, property, names, built_in, set));
        }
    }

    fn row(
        &self,
        subject: &str,
        property: &Property,
        names: &Names,
        built_in: Option<String>,
        set: String,
    ) -> PropertyView {
        let built_in = built_in.unwrap_or_else(|| set.clone());
        let (value, origin) = match self.overrides.winner(names, property.name) {
            Some(one) => (one.spec.value.clone(), one.origin()),
            None if set == built_in => (set, "built in".to_owned()),
            None => (set, "settings".to_owned()),
        };
        PropertyView {
            subject: subject.to_owned(),
            property: property.name.to_owned(),
            value,
            built_in,
            origin,
        }
    }

    fn stage_rows(
        &self,
        component: &str,
        names: &Names,
        defaults: &HealthSettings,
        rows: &mut Vec<PropertyView>,
    ) {
        let subject = format!("component {component}");
        let ladders = (
            ladder::ladder(component, defaults),
            self.built_ladder(component),
        );
        for property in properties().filter(|p| p.subject == Subject::Responder) {
            let Some((stage, what)) = property.name.split_once('.') else {
                let standard = match property.name {
                    "shadow" => (false, self.is_shadowed(names)),
                    _ => (true, true),
                };
                let (built_in, set) = (standard.0.to_string(), standard.1.to_string());
                rows.push(self.row(&subject, property, names, Some(built_in), set));
                continue;
            };
            let of = |ladder: &Ladder, settings: &HealthSettings| {
                let rung = ladder
                    .iter()
                    .find(|rung| overrides::stage(&rung.act) == Some(stage))?;
                let limits = guard::limits(&rung.act, settings);
                let ms = |ms: u64| show(&mailward_model::kind::Value::Ms(ms));
                match what {
                    "after" => Some(ms(rung.after_ms)),
                    "settle" => Some(ms(rung.settle_ms)),
                    "gap" => limits.map(|limits| ms(limits.gap_ms)),
                    "per_hour" => limits.map(|limits| limits.per_hour.to_string()),
                    "per_day" => limits.map(|limits| limits.per_day.to_string()),
                    _ => None,
                }
            };
            if let Some(set) = of(&ladders.1, &self.settings) {
                rows.push(self.row(&subject, property, names, of(&ladders.0, defaults), set));
            }
        }
    }

    /// Whether the settings have what is done for this recorded only.
    fn is_shadowed(&self, names: &Names) -> bool {
        let shadows = &self.settings.shadow_sets;
        !self.settings.repair || shadows.iter().any(|set| names.has_set(set))
    }
}
