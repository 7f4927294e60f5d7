//! A batch of changes, worked out in memory before a row is touched.
//!
//! The whole list of objects is brought to what it would be, judged, and only then written: so a
//! change that needs another one of the same batch is no error, whatever their order.

use std::collections::HashMap;

use mailward_model::{
    FieldError, Kind, Object, ObjectId, Revision, Spec,
    object::{Validate, validate_name},
};

use crate::{
    change::{Change, ChangeOp},
    check,
    engine::folded,
    error::{ApplyError, ObjectError},
};

/// Stands for the revision of an object that this batch has made or changed.
const PENDING: Revision = Revision(u64::MAX);

/// One thing to be written.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) op: ChangeOp,
    pub(crate) kind: Kind,
    /// `None` for an object that this batch creates.
    pub(crate) id: Option<ObjectId>,
    /// The name before; the key of an object without an id.
    pub(crate) name: String,
    pub(crate) name_after: String,
    pub(crate) before: Option<Spec>,
    pub(crate) after: Option<Spec>,
}

/// The objects while a batch is worked out.
struct Draft {
    objects: Vec<Option<Object>>,
    by_name: HashMap<(Kind, String), usize>,
    /// Revisions as read, by place in `objects`; `None` for new ones.
    read: Vec<Option<Revision>>,
    steps: Vec<Step>,
    errors: Vec<ObjectError>,
}

/// Works out what is to be written. `stored` gives the objects once more, where it must be known what
/// was wrong with them before. A conflict does not say yet who made the revision that is in the way.
pub(crate) fn work_out(
    objects: Vec<Object>,
    changes: Vec<Change>,
    stored: impl FnOnce() -> Vec<Object>,
) -> Result<Vec<Step>, ApplyError> {
    let mut draft = Draft {
        by_name: objects
            .iter()
            .enumerate()
            .map(|(at, object)| ((object.spec.kind(), folded(&object.name)), at))
            .collect(),
        read: objects.iter().map(|object| Some(object.revision)).collect(),
        objects: objects.into_iter().map(Some).collect(),
        steps: Vec::new(),
        errors: Vec::new(),
    };
    for change in changes {
        draft.change(change)?;
    }
    if draft.errors.is_empty() && !draft.steps.is_empty() {
        let after: Vec<Object> = draft.objects.into_iter().flatten().collect();
        draft.errors = check::all(&after);
        if !draft.errors.is_empty() {
            // What was wrong before, by whatever way it got there, must not stop another change.
            let errors_before = check::all(&stored());
            draft.errors.retain(|error| !errors_before.contains(error));
        }
    }
    if draft.errors.is_empty() {
        Ok(draft.steps)
    } else {
        Err(ApplyError::Invalid(draft.errors))
    }
}

impl Draft {
    fn change(&mut self, change: Change) -> Result<(), ApplyError> {
        let kind = change.kind();
        match change {
            Change::Create { name, spec } => {
                self.free(kind, &name)?;
                self.check_name(kind, &name);
                self.check_spec(&name, &spec);
                let object = Object {
                    id: ObjectId(0),
                    name: name.clone(),
                    revision: PENDING,
                    spec: spec.clone(),
                };
                self.by_name
                    .insert((kind, folded(&name)), self.objects.len());
                self.objects.push(Some(object));
                self.read.push(None);
                self.steps.push(Step {
                    op: ChangeOp::Create,
                    kind,
                    id: None,
                    name_after: name.clone(),
                    name,
                    before: None,
                    after: Some(spec),
                });
            }
            Change::Replace { name, base, spec } => {
                self.check_spec(&name, &spec);
                let object = self.object(kind, &name, base)?;
                if object.spec == spec {
                    return Ok(());
                }
                let before = std::mem::replace(&mut object.spec, spec.clone());
                let step = Step {
                    op: ChangeOp::Replace,
                    kind,
                    id: id_of(object),
                    name: object.name.clone(),
                    name_after: object.name.clone(),
                    before: Some(before),
                    after: Some(spec),
                };
                self.steps.push(step);
            }
            Change::Rename { name, base, to, .. } => {
                self.check_name(kind, &to);
                if folded(&name) != folded(&to) {
                    self.free(kind, &to)?;
                }
                let object = self.object(kind, &name, base)?;
                let name_before = std::mem::replace(&mut object.name, to.clone());
                let step = Step {
                    op: ChangeOp::Rename,
                    kind,
                    id: id_of(object),
                    name: name_before,
                    name_after: to.clone(),
                    before: Some(object.spec.clone()),
                    after: Some(object.spec.clone()),
                };
                self.steps.push(step);
                if let Some(at) = self.by_name.remove(&(kind, folded(&name))) {
                    self.by_name.insert((kind, folded(&to)), at);
                }
            }
            Change::Remove { name, base, .. } => {
                let object = self.object(kind, &name, base)?;
                let step = Step {
                    op: ChangeOp::Remove,
                    kind,
                    id: id_of(object),
                    name: object.name.clone(),
                    name_after: object.name.clone(),
                    before: Some(object.spec.clone()),
                    after: None,
                };
                self.steps.push(step);
                if kind.is_singleton() {
                    self.error(
                        kind,
                        &name,
                        FieldError::new(
                            "",
                            "there is always one object of this kind",
                            "set its fields back to their defaults instead",
                        ),
                    );
                }
                if let Some(at) = self.by_name.remove(&(kind, folded(&name)))
                    && let Some(place) = self.objects.get_mut(at)
                {
                    *place = None;
                }
            }
        }
        Ok(())
    }

    fn free(&self, kind: Kind, name: &str) -> Result<(), ApplyError> {
        if self.by_name.contains_key(&(kind, folded(name))) {
            let name = name.to_owned();
            return Err(ApplyError::Exists { kind, name });
        }
        Ok(())
    }

    /// The object of a name, where it still is at the revision `base`.
    fn object(
        &mut self,
        kind: Kind,
        name: &str,
        base: Revision,
    ) -> Result<&mut Object, ApplyError> {
        let missing = || ApplyError::Missing {
            kind,
            name: name.to_owned(),
        };
        let at = *self
            .by_name
            .get(&(kind, folded(name)))
            .ok_or_else(missing)?;
        // A second change of one batch names the revision that the batch began from.
        let current = self.read.get(at).copied().flatten().unwrap_or(PENDING);
        if current != base {
            return Err(ApplyError::Conflict {
                kind,
                name: name.to_owned(),
                base,
                current,
                by: String::new(),
            });
        }
        self.objects
            .get_mut(at)
            .and_then(Option::as_mut)
            .ok_or_else(missing)
    }

    fn check_name(&mut self, kind: Kind, name: &str) {
        if let Err(error) = validate_name(name) {
            self.error(kind, name, error);
        } else if kind.is_singleton() && !name.eq_ignore_ascii_case("default") {
            let error = FieldError::new(
                "name",
                format!("there is one object of this kind, and {name:?} is not its name"),
                "name it \"default\"",
            );
            self.error(kind, name, error);
        }
    }

    fn check_spec(&mut self, name: &str, spec: &Spec) {
        for error in spec.validate() {
            self.error(spec.kind(), name, error);
        }
    }

    fn error(&mut self, kind: Kind, name: &str, error: FieldError) {
        self.errors.push(ObjectError {
            kind,
            name: name.to_owned(),
            error,
        });
    }
}

fn id_of(object: &Object) -> Option<ObjectId> {
    (object.id != ObjectId(0)).then_some(object.id)
}
