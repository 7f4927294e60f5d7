//! Overrides: written as objects, after the worker has said that they would change something.

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::Fault,
    operation::request,
    page::stamp,
    view::{Changed, OverrideList},
};
use mailward_model::{
    Kind, Object,
    kind::{
        MonitoringOverride, OVERRIDE_DAYS, OVERRIDE_DAYS_MAX, OverrideScope, Until, VersionRange,
    },
    object::{NAME_OCTETS_MAX, SpecOf, Validate},
    unit::Span,
};
use mailward_store::{Change, Store, text};

use super::{Access, blocking, expect_reply, failed, unexpected, unknown};
use crate::peer::Peer;

const DAY_SECS: u64 = 86_400;

/// What an override is made from.
struct Wanted {
    item: String,
    set: Vec<(String, String)>,
    span: Option<Span>,
    until: Option<Until>,
    version: Option<VersionRange>,
    scope: OverrideScope,
    reason: String,
}

/// Reads `PROPERTY=VALUE`, each.
pub(super) fn assignments(words: Vec<String>) -> Result<Vec<(String, String)>, Fault> {
    let read = |word: String| match word.split_once('=') {
        Some((property, value)) => Ok((property.to_owned(), value.to_owned())),
        None => {
            let mend = "write PROPERTY=VALUE, such as interval=1m";
            Err(Fault::invalid(format!("{word:?} sets nothing"), mend).at("set"))
        }
    };
    words.into_iter().map(read).collect()
}

/// The name of an override's object among `known`: the same for the same item, property and scope, so
/// that adding it again replaces it. That of a node has no name of a node in it, unless an override of
/// another node, which shares these objects, is called so.
fn name_of(known: &[Object], item: &str, property: &str, scope: &OverrideScope) -> String {
    let long = bounded(format!("{item} {property} {scope}"));
    let OverrideScope::Node(node) = scope else {
        return long;
    };
    let short = bounded(format!("{item} {property}"));
    let named = |name: &str| {
        let is_named = |object: &&Object| object.name.eq_ignore_ascii_case(name);
        known.iter().find(is_named)
    };
    let is_ours = |object: &Object| {
        let spec = MonitoringOverride::of(&object.spec);
        spec.is_some_and(|spec| {
            matches!(&spec.scope, OverrideScope::Node(other) if other.eq_ignore_ascii_case(node))
        })
    };
    match named(&short) {
        _ if named(&long).is_some() => long,
        Some(taken) if !is_ours(taken) => long,
        _ => short,
    }
}

/// A text as the name of an object.
fn bounded(text: String) -> String {
    let name = text.to_ascii_lowercase().replace(['/', '\\'], ".");
    if name.len() <= NAME_OCTETS_MAX {
        return name;
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let cut = name.floor_char_boundary(NAME_OCTETS_MAX - 20);
    format!(
        "{} {hash:x}",
        name.get(..cut).unwrap_or_default().trim_end()
    )
}

/// Every override of every node that shares these objects. Blocks.
fn overrides(store: &Store) -> Result<Vec<Object>, Fault> {
    let all = store.list(Kind::MonitoringOverride);
    all.map_err(|error| failed(&error))
}

impl Access {
    async fn all_overrides(&self) -> Result<OverrideList, Fault> {
        let reply = self.ask(Role::Worker, ControlRequest::OverrideList).await;
        expect_reply!(reply, Overrides)
    }

    pub(super) async fn override_list(
        &self,
        r: request::HealthOverrideList,
    ) -> Result<OverrideList, Fault> {
        let mut list = self.all_overrides().await?;
        if let Some(scope) = r.scope {
            let scope = self.scope(&scope).await?.to_string();
            list.overrides
                .retain(|one| one.scope.eq_ignore_ascii_case(&scope));
        }
        Ok(list)
    }

    /// `node` stands for this one, whose name the worker knows.
    async fn scope(&self, text: &str) -> Result<OverrideScope, Fault> {
        if text.trim().eq_ignore_ascii_case("node") {
            return Ok(OverrideScope::Node(self.all_overrides().await?.node));
        }
        text.parse()
            .map_err(|error: mailward_model::kind::OverrideScopeError| {
                Fault::invalid(
                    error.to_string(),
                    "write node, global, role:NAME or node:NAME",
                )
                .at("scope")
            })
    }

    pub(super) async fn override_add(
        &self,
        r: request::HealthOverrideAdd,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let mut set = assignments(r.set)?;
        match (r.property, r.value) {
            (Some(property), Some(value)) => set.push((property, value)),
            (None, None) => {}
            _ => {
                let mend = "give both, or PROPERTY=VALUE";
                return Err(Fault::invalid("a property without a value", mend).at("value"));
            }
        }
        if set.is_empty() {
            let mend = "write PROPERTY=VALUE, such as interval=1m";
            return Err(Fault::invalid("nothing is to be overridden", mend).at("set"));
        }
        let wanted = Wanted {
            scope: self.scope(&r.scope).await?,
            item: r.item,
            set,
            span: r.span,
            until: r.until,
            version: r.version,
            reason: r.reason,
        };
        self.add(wanted, peer).await
    }

    pub(super) async fn health_override(
        &self,
        r: request::HealthOverride,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let overlay = request::HealthOverlay {
            item: r.item,
            span: r.span,
            reason: r.reason,
            off: r.on,
            server: None,
        };
        self.lay("enabled", overlay, peer).await
    }

    /// Sets or ends one of the flags beside a monitor's state.
    pub(super) async fn lay(
        &self,
        property: &str,
        r: request::HealthOverlay,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        self.is_this_node(r.server.as_deref())?;
        let scope = self.scope("node").await?;
        if r.off {
            let (access, item, property) =
                (self.for_blocking(), r.item.clone(), property.to_owned());
            let named = blocking(move || {
                let known = overrides(&access.store)?;
                Ok(name_of(&known, &item, &property, &scope))
            });
            return self.override_remove(named.await?, peer).await;
        }
        let value = if property == "enabled" {
            "false"
        } else {
            "true"
        };
        let reason = match (r.reason, property) {
            (Some(reason), _) => reason,
            (None, "repairing") => "it is being repaired".to_owned(),
            (None, _) => String::new(),
        };
        let wanted = Wanted {
            item: r.item,
            set: vec![(property.to_owned(), value.to_owned())],
            span: Some(r.span),
            until: None,
            version: None,
            scope,
            reason,
        };
        self.add(wanted, peer).await
    }

    async fn add(&self, wanted: Wanted, peer: Peer) -> Result<Changed, Fault> {
        let now = self.now();
        let ahead = |span: Span| {
            let ms = u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX);
            Until::from_unix_ms(now.saturating_add(ms).saturating_add(999))
        };
        let most = ahead(Span::from_secs(OVERRIDE_DAYS_MAX * DAY_SECS));
        let until = match (wanted.until, wanted.span, wanted.version) {
            (Some(until), _, _) => Some(until),
            (None, Some(span), _) => Some(ahead(span)),
            (None, None, Some(_)) => None,
            (None, None, None) => Some(ahead(Span::from_secs(OVERRIDE_DAYS * DAY_SECS))),
        };
        if until.is_some_and(|until| until > most || until.unix_ms() <= now) {
            return Err(Fault::invalid(
                format!("an override ends in the future, and within {OVERRIDE_DAYS_MAX} days"),
                "give another moment; what is to be so for ever is a setting",
            )
            .at("until"));
        }
        let owner = self.by(&peer).await?;
        let mut specs = Vec::new();
        for (property, value) in &wanted.set {
            let spec = MonitoringOverride {
                item: wanted.item.clone(),
                property: property.trim().to_ascii_lowercase(),
                value: value.trim().to_owned(),
                scope: wanted.scope.clone(),
                owner: owner.clone(),
                reason: wanted.reason.clone(),
                until,
                version: wanted.version,
            };
            let errors = spec.validate();
            if !errors.is_empty() {
                let what = format!("{property} of {} cannot be overridden so", wanted.item);
                return Err(Fault::broken_rules(&what, errors));
            }
            let request = ControlRequest::OverrideCheck(spec.clone());
            match self.ask(Role::Worker, request).await? {
                ControlReply::Done => specs.push(spec),
                other => return Err(unexpected(&other)),
            }
        }
        let access = self.for_blocking();
        let count = specs.len() as u64;
        blocking(move || {
            let (mut changes, mut effects) = (Vec::new(), Vec::new());
            let known = overrides(&access.store)?;
            for spec in specs {
                let name = name_of(&known, &spec.item, &spec.property, &spec.scope);
                let found = known
                    .iter()
                    .find(|one| one.name.eq_ignore_ascii_case(&name));
                let spec = mailward_model::Spec::from(spec);
                let before = found.map(|object| &object.spec);
                effects.push(text::effect(&name, before, Some(&spec)));
                changes.push(match found {
                    Some(object) => Change::replace(object, spec),
                    None => Change::create(name, spec),
                });
            }
            access.carry_out(changes, &effects, peer)
        })
        .await?;
        let words: Vec<String> = wanted.set.iter().map(|(p, v)| format!("{p}={v}")).collect();
        let ends = match (until, wanted.version) {
            (Some(until), _) => format!("until {}", stamp(until.unix_ms())),
            (None, Some(range)) => format!("for versions {range}"),
            (None, None) => String::new(),
        };
        let text = format!("{}: {} {ends}.", wanted.item, words.join(", "));
        Ok(Changed::nothing(count, text))
    }

    pub(super) async fn override_remove(&self, name: String, peer: Peer) -> Result<Changed, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let all = overrides(&access.store)?;
            let named = |object: &&Object| object.name.eq_ignore_ascii_case(&name);
            let Some(object) = all.iter().find(named) else {
                let known: Vec<&str> = all.iter().map(|object| object.name.as_str()).collect();
                let list = "`mailward health override list` shows them";
                return Err(unknown("override", &name, &known, list));
            };
            let effect = text::effect(&object.name, Some(&object.spec), None);
            let item = MonitoringOverride::of(&object.spec).map(|spec| spec.item.clone());
            access.carry_out(vec![Change::remove(object)], &[effect], peer)?;
            let item = item.unwrap_or_default();
            let text = format!("{item}: the override {:?} has ended.", object.name);
            Ok(Changed::nothing(1, text))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use mailward_model::{ObjectId, Revision};

    use super::*;

    fn object(name: &str, scope: &str) -> Object {
        let spec = MonitoringOverride {
            item: "connector/Internet".to_owned(),
            property: "interval".to_owned(),
            value: "7s".to_owned(),
            scope: scope.parse().unwrap(),
            owner: String::new(),
            reason: "x".to_owned(),
            until: Some(Until::from_unix_ms(0)),
            version: None,
        };
        Object {
            id: ObjectId(1),
            name: name.to_owned(),
            revision: Revision(1),
            spec: spec.into(),
        }
    }

    #[test]
    fn nodes_that_share_objects_do_not_take_each_others_overrides() {
        let name = |known: &[Object], scope: &str| {
            let scope = scope.parse().unwrap();
            name_of(known, "connector/Internet", "interval", &scope)
        };
        let short = "connector.internet interval";
        assert_eq!(name(&[], "node:mx1"), short);
        assert_eq!(name(&[], "global"), format!("{short} global"));
        let first = object(short, "node:mx1");
        assert_eq!(name(from_ref(&first), "node:MX1"), short, "again");
        let long = format!("{short} node:mx2");
        assert_eq!(name(from_ref(&first), "node:mx2"), long);
        let second = object(&long, "node:mx2");
        assert_eq!(name(&[first, second.clone()], "node:mx2"), long);
        assert_eq!(name(from_ref(&second), "node:mx2"), long, "when alone too");
        assert_eq!(name(&[second], "node:mx1"), short);
    }
}
