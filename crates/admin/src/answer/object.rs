//! Objects: listed, shown, changed, exported, planned, applied. All through the store's own checks.

use mailward_api::{
    assignment::{edit, fields_of, spec_of},
    fault::{Fault, FaultKind},
    operation::request,
    view::{
        Effect, ExportText, ObjectList, ObjectView, PlanView, StateChange, change::CHANGES_MAX,
    },
};
use mailward_directory::filter::{self, Property};
use mailward_events::Event;
use mailward_model::{
    FieldError, Kind, Object, ObjectId, Revision, Spec,
    kind::{AcceptedDomain, AcceptedDomainType, Mailbox, MailboxType},
    object::SpecOf,
};
use mailward_store::{
    ApplyError, Change, ChangeOp, Store,
    text::{self, TextError, Wanted},
};
use serde_json::{Map, Value};

use super::{
    Access,
    around::{around, read},
    blocking, failed,
    recipient::goes_by,
    rename,
};
use crate::peer::Peer;

fn view(object: &Object) -> ObjectView {
    ObjectView {
        kind: object.spec.kind(),
        name: object.name.clone(),
        id: object.id,
        revision: object.revision,
        spec: fields_of(&object.spec),
    }
}

/// Health mailboxes are the health manager's: text and lists leave them alone.
pub(super) fn is_monitoring(object: &Object) -> bool {
    Mailbox::of(&object.spec).is_some_and(|m| m.mailbox_type == MailboxType::Monitoring)
}

pub(crate) fn effect(effect: &text::Effect) -> Effect {
    let action = match effect.op {
        ChangeOp::Create => "create",
        ChangeOp::Replace => "change",
        ChangeOp::Rename => "rename",
        ChangeOp::Remove => "remove",
    };
    Effect {
        kind: effect.kind,
        name: effect.name.clone(),
        action: action.to_owned(),
        changes: effect.fields.iter().map(ToString::to_string).collect(),
        takes_effect: effect.takes_effect.clone(),
    }
}

pub(super) fn refused(error: &ApplyError) -> Fault {
    match error {
        ApplyError::Invalid(errors) => {
            let details = errors
                .iter()
                .map(|one| {
                    let object = format!("{} {:?}", one.kind.noun(), one.name);
                    let field = match one.error.field.as_str() {
                        "" => object,
                        field => format!("{object}: {field}"),
                    };
                    FieldError::new(field, one.error.problem.as_str(), one.error.mend.as_str())
                })
                .collect();
            Fault::broken_rules("the objects would not be sound", details)
        }
        ApplyError::Conflict { .. } | ApplyError::Exists { .. } => {
            Fault::new(FaultKind::Conflict, error.to_string(), "")
        }
        ApplyError::Missing { .. } => Fault::not_found(error.to_string(), ""),
        ApplyError::Away { .. } => Fault::new(
            FaultKind::Unreachable,
            mailward_events::chain(error),
            "look why the database does not answer; nothing has to be restarted when it does",
        ),
        ApplyError::Database { .. } | ApplyError::Engine(_) => failed(error),
    }
}

fn unreadable(errors: Vec<TextError>) -> Fault {
    let details = errors
        .into_iter()
        .map(|error| {
            let place = format!("line {}, column {}", error.place.line, error.place.column);
            let field = match error.key.as_str() {
                "" => place,
                key => format!("{place}: {key}"),
            };
            FieldError::new(field, error.problem, error.mend)
        })
        .collect();
    Fault::broken_rules("the text cannot be applied", details)
}

fn missing(store: &Store, kind: Kind, name: &str) -> Fault {
    let names: Vec<String> = store
        .list(kind)
        .map(|objects| objects.into_iter().map(|object| object.name).collect())
        .unwrap_or_default();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let list = format!(
        "`mailward {} list` shows the {}",
        kind.noun(),
        kind.plural()
    );
    super::unknown(kind.noun(), name, &known, &list)
}

fn conflict(kind: Kind, name: &str, wanted: u64, found: Option<Revision>) -> Fault {
    let error = match found {
        Some(revision) => {
            format!(
                "{} {name:?} is at revision {revision}, not {wanted}",
                kind.noun()
            )
        }
        None => format!("there is no {} {name:?} at revision {wanted}", kind.noun()),
    };
    let mend = "look at it again with `show`, and repeat the change from there";
    Fault::new(FaultKind::Conflict, error, mend)
}

/// Whether objects of the kind have an address of their own here.
fn is_recipient(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Mailbox
            | Kind::MailContact
            | Kind::MailUser
            | Kind::DistributionGroup
            | Kind::DynamicDistributionGroup
    )
}

/// The address of a new recipient for which none is given: its alias, or its name without what an
/// address cannot have, at the first domain that was accepted as authoritative.
fn address_of(store: &Store, name: &str, alias: Option<&str>) -> Result<String, Fault> {
    let local: String = match alias {
        Some(alias) => alias.to_owned(),
        None => name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .collect(),
    };
    let domains = store
        .list(Kind::AcceptedDomain)
        .map_err(|error| failed(&error))?;
    let authoritative = domains.iter().filter_map(|object| {
        let domain = AcceptedDomain::of(&object.spec)?;
        (domain.domain_type == AcceptedDomainType::Authoritative).then_some((object.id, domain))
    });
    let first = authoritative.min_by_key(|(id, _)| *id);
    let Some((_, domain)) = first.filter(|_| !local.is_empty()) else {
        return Err(Fault::invalid(
            "no address is given, and none can be made of alias or name and an authoritative domain",
            "give its address",
        )
        .at("address"));
    };
    Ok(format!("{local}@{}", domain.domain))
}

/// The object of this name; of recipients else the one that has this address or alias.
fn find(store: &Store, kind: Kind, name: &str) -> Result<Option<Object>, Fault> {
    let found = store.get(kind, name).map_err(|error| failed(&error))?;
    if found.is_some() {
        return Ok(found);
    }
    let objects = store.list(kind).map_err(|error| failed(&error))?;
    let mut objects = objects.into_iter();
    Ok(objects.find(|object| goes_by(object, name)))
}

/// Refuses a change that was made from another revision than the object's own.
fn expect_revision(
    kind: Kind,
    name: &str,
    wanted: Option<u64>,
    found: Option<&Object>,
) -> Result<(), Fault> {
    let found = found.map(|object| object.revision);
    match wanted {
        Some(wanted) if wanted != found.map_or(0, |revision| revision.0) => {
            Err(conflict(kind, name, wanted, found))
        }
        _ => Ok(()),
    }
}

/// What a text would change; objects that text leaves alone are not compared.
fn compare(store: &Store, text: &str) -> Result<(text::TextPlan, Revision), Fault> {
    let wanted: Vec<Wanted> = text::read(text).map_err(unreadable)?;
    let (mut current, revision) = store.all_at().map_err(|error| failed(&error))?;
    let named = |object: &Object| {
        wanted.iter().any(|one| {
            one.spec.kind() == object.spec.kind() && one.name.eq_ignore_ascii_case(&object.name)
        })
    };
    current.retain(|object| !is_monitoring(object) || named(object));
    let plan = text::plan(&current, &wanted);
    Ok((plan, revision))
}

impl Access {
    pub(super) async fn object_list(&self, r: request::ObjectList) -> Result<ObjectList, Fault> {
        if r.monitoring && r.kind != Kind::Mailbox {
            return Err(Fault::invalid(
                format!(
                    "there are no health mailboxes among the {}",
                    r.kind.plural()
                ),
                "leave it out",
            )
            .at("monitoring"));
        }
        let filter = r.filter.as_deref().map(read::<Property>).transpose()?;
        let store = self.store.clone();
        blocking(move || {
            let mut objects = store.list(r.kind).map_err(|error| failed(&error))?;
            let all = objects.len();
            // As in Exchange: either these or the others.
            objects.retain(|object| is_monitoring(object) == r.monitoring);
            let hidden = match r.monitoring {
                true => 0,
                false => (all - objects.len()) as u64,
            };
            if let Some(filter) = &filter {
                let around = around(&store, filter.needs(), None)?;
                objects.retain(|object| {
                    let of = filter::attributes_among(object, &around);
                    of.is_some_and(|of| filter.matches(&of))
                });
            }
            if let Some(limit) = r.limit {
                objects.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            }
            Ok(ObjectList {
                kind: r.kind,
                hidden,
                objects: objects.iter().map(view).collect(),
            })
        })
        .await
    }

    pub(super) async fn object_show(&self, r: request::ObjectShow) -> Result<ObjectView, Fault> {
        let store = self.store.clone();
        blocking(move || {
            match find(&store, r.kind, &r.name)? {
                Some(object) => Ok(view(&object)),
                // Settings that were never stored are in force with their defaults.
                None if r.kind.is_singleton() && r.name == "default" => Ok(ObjectView {
                    kind: r.kind,
                    name: r.name,
                    id: ObjectId(0),
                    revision: Revision(0),
                    spec: spec_of(r.kind, Map::new())
                        .map(|spec| fields_of(&spec))
                        .unwrap_or_default(),
                }),
                None => Err(missing(&store, r.kind, &r.name)),
            }
        })
        .await
    }

    pub(super) async fn object_set(
        &self,
        r: request::ObjectSet,
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let found = access
                .store
                .get(r.kind, &r.name)
                .map_err(|error| failed(&error))?;
            expect_revision(r.kind, &r.name, r.revision, found.as_ref())?;
            let what = format!("{} {:?}", r.kind.noun(), r.name);
            let mut fields = found
                .as_ref()
                .map(|object| fields_of(&object.spec))
                .unwrap_or_default();
            fields.extend(r.spec);
            let mut fields = edit(r.kind, fields, &r.set)
                .map_err(|errors| Fault::broken_rules(&what, errors))?;
            // Only where it is said that it is new: a name that was mistyped makes no recipient.
            let is_new = found.is_none() && r.revision == Some(0);
            if is_new && is_recipient(r.kind) && !fields.contains_key("address") {
                let alias = fields.get("alias").and_then(serde_json::Value::as_str);
                let address = address_of(&access.store, &r.name, alias)?;
                fields.insert("address".to_owned(), address.into());
            }
            let spec =
                spec_of(r.kind, fields).map_err(|error| Fault::broken_rules(&what, vec![error]))?;
            let rename = match (&found, r.rename) {
                (Some(object), Some(to)) if to != object.name => {
                    let objects = access.store.all().map_err(|error| failed(&error))?;
                    rename::check(&objects, object)?;
                    Some((object, to))
                }
                (None, Some(_)) => return Err(missing(&access.store, r.kind, &r.name)),
                _ => None,
            };
            let before = found.as_ref().map(|object| &object.spec);
            let (mut changes, mut effects, mut told) = (Vec::new(), Vec::new(), Vec::new());
            if before != Some(&spec) {
                let effect = text::effect(&r.name, before, Some(&spec));
                told.push(match &found {
                    Some(_) => effect.to_string(),
                    None => format!("{effect}; it says {}", text::told(&spec)),
                });
                effects.push(effect);
                changes.push(match &found {
                    Some(object) => Change::replace(object, spec),
                    None => Change::create(r.name, spec),
                });
            }
            if let Some((object, to)) = rename {
                let effect = text::Effect::renamed(object, &to);
                told.push(effect.to_string());
                effects.push(effect);
                changes.push(Change::rename(object, to));
            }
            if changes.is_empty() {
                return Ok(PlanView {
                    effects: Vec::new(),
                    applied: !r.dry_run,
                    revision: access.store.revision(),
                    held: None,
                });
            }
            access.carry_out_telling(changes, &effects, told, r.dry_run, peer)
        })
        .await
    }

    pub(super) async fn object_remove(
        &self,
        r: request::ObjectRemove,
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let found = access
                .store
                .get(r.kind, &r.name)
                .map_err(|error| failed(&error))?;
            expect_revision(r.kind, &r.name, r.revision, found.as_ref())?;
            let Some(object) = found else {
                return Err(missing(&access.store, r.kind, &r.name));
            };
            let effect = text::effect(&object.name, Some(&object.spec), None);
            let told = vec![format!("{effect}; it said {}", text::told(&object.spec))];
            access.carry_out_telling(
                vec![Change::remove(&object)],
                &[effect],
                told,
                r.dry_run,
                peer,
            )
        })
        .await
    }

    pub(super) async fn export(&self) -> Result<ExportText, Fault> {
        let store = self.store.clone();
        blocking(move || {
            let (mut objects, revision) = store.all_at().map_err(|error| failed(&error))?;
            objects.retain(|object| !is_monitoring(object));
            Ok(ExportText {
                text: text::export(&objects),
                revision,
            })
        })
        .await
    }

    pub(super) async fn plan(&self, text: String) -> Result<PlanView, Fault> {
        let store = self.store.clone();
        blocking(move || {
            let (plan, revision) = compare(&store, &text)?;
            store.check(plan.changes).map_err(|error| refused(&error))?;
            Ok(PlanView {
                effects: plan.effects.iter().map(effect).collect(),
                applied: false,
                revision,
                held: None,
            })
        })
        .await
    }

    pub(super) async fn apply(&self, r: request::Apply, peer: Peer) -> Result<PlanView, Fault> {
        if r.dry_run {
            return self.plan(r.text).await;
        }
        let access = self.for_blocking();
        blocking(move || {
            let (plan, revision) = compare(&access.store, &r.text)?;
            if let Some(wanted) = r.revision.filter(|wanted| *wanted != revision.0) {
                return Err(Fault::new(
                    FaultKind::Conflict,
                    format!("the objects are at revision {revision}, not {wanted}: someone has changed them"),
                    "look at the plan again, and apply it from there",
                ));
            }
            if plan.changes.is_empty() {
                return Ok(PlanView {
                    effects: Vec::new(),
                    applied: true,
                    revision,
                    held: None,
                });
            }
            access.carry_out(plan.changes, &plan.effects, peer)
        })
        .await
    }

    pub(super) fn for_blocking(&self) -> Writer {
        Writer {
            store: self.store.clone(),
            events: self.events.clone(),
        }
    }
}

/// What an object says, for an audit record.
fn said(spec: Option<&Spec>) -> Value {
    spec.map_or(Value::Null, |spec| text::told(spec).into())
}

/// What a change needs on a thread that may block.
pub(super) struct Writer {
    pub(super) store: Store,
    events: mailward_events::Events,
}

impl Writer {
    /// Applies changes and leaves the event that names who made them.
    pub(super) fn carry_out(
        &self,
        changes: Vec<Change>,
        effects: &[text::Effect],
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        let told = effects.iter().map(ToString::to_string).collect();
        self.carry_out_telling(changes, effects, told, false, peer)
    }

    /// What changes of objects come to, field by field; of one that is new or gone all that it says.
    /// The second number counts those that a record has no room for.
    fn noted(&self, changes: &[Change], effects: &[text::Effect]) -> (Vec<StateChange>, u64) {
        let mut noted = Vec::new();
        let mut left_out = 0;
        for effect in effects {
            if noted.len() >= CHANGES_MAX {
                left_out += effect.fields.len().max(1) as u64;
                continue;
            }
            let subject = format!("{} {:?}", effect.kind.noun(), effect.name);
            let is_it = |change: &&Change| {
                change.kind() == effect.kind && change.name().eq_ignore_ascii_case(&effect.name)
            };
            match effect.op {
                ChangeOp::Create => {
                    let spec = changes.iter().find(is_it).and_then(|change| match change {
                        Change::Create { spec, .. } => Some(spec),
                        _ => None,
                    });
                    noted.push(StateChange::new(subject, "object", Value::Null, said(spec)));
                }
                ChangeOp::Remove => {
                    let found = self.store.get(effect.kind, &effect.name).ok().flatten();
                    let before = said(found.as_ref().map(|object| &object.spec));
                    noted.push(StateChange::new(subject, "object", before, Value::Null));
                }
                ChangeOp::Replace | ChangeOp::Rename => {
                    noted.extend(effect.fields.iter().map(|one| {
                        let (before, after) = (one.from.clone(), one.to.clone());
                        StateChange::new(subject.clone(), &one.field, before, after)
                    }));
                }
            }
        }
        (noted, left_out)
    }

    /// The same, with what is told of each change in the event; with `dry_run` they are only
    /// checked.
    fn carry_out_telling(
        &self,
        changes: Vec<Change>,
        effects: &[text::Effect],
        told: Vec<String>,
        dry_run: bool,
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        if dry_run {
            self.store.check(changes).map_err(|error| refused(&error))?;
            return Ok(PlanView {
                effects: effects.iter().map(effect).collect(),
                applied: false,
                revision: self.store.revision(),
                held: None,
            });
        }
        let (noted, left_out) = self.noted(&changes, effects);
        let by = peer.name();
        let revision = self
            .store
            .apply(changes, &by)
            .map_err(|error| refused(&error))?;
        peer.note(&noted, left_out);
        self.events.emit(Event::ObjectsApplied {
            revision: revision.0,
            by,
            from: peer.place(),
            changes: told.into_iter().collect(),
        });
        Ok(PlanView {
            effects: effects.iter().map(effect).collect(),
            applied: true,
            revision,
            held: None,
        })
    }
}
