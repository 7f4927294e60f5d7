//! A batch of changes, worked out in memory before a row is touched.
//!
//! The objects it names are brought to what they would be, judged with whoever they concern, and only
//! then written: so a change that needs another one of the same batch is no error, whatever their
//! order. Nobody else is read: what a change costs follows from its size, not from the directory's.

use std::collections::HashMap;

use mailward_model::{
    FieldError, Kind, Object, ObjectId, Revision, Spec,
    object::{Validate, validate_name},
};

use crate::{
    change::{Change, ChangeOp},
    check::near::{self, Changed, Stock},
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

/// The objects that a batch names, while it is worked out.
struct Draft<'a> {
    stock: &'a dyn Stock,
    objects: Vec<Changed>,
    /// Where the object of a name is in `objects`; `None` where nobody has it any more.
    by_name: HashMap<(Kind, String), Option<usize>>,
    steps: Vec<Step>,
    errors: Vec<ObjectError>,
}

/// Works out what is to be written. A conflict does not say yet who made the revision that is in the
/// way.
pub(crate) fn work_out(stock: &dyn Stock, changes: Vec<Change>) -> Result<Vec<Step>, ApplyError> {
    let mut draft = Draft {
        stock,
        objects: Vec::new(),
        by_name: HashMap::new(),
        steps: Vec::new(),
        errors: Vec::new(),
    };
    for change in changes {
        draft.change(change)?;
    }
    if draft.errors.is_empty() && !draft.steps.is_empty() {
        draft.errors = near::broken(stock, &draft.objects).map_err(ApplyError::Engine)?;
    }
    if draft.errors.is_empty() {
        Ok(draft.steps)
    } else {
        Err(ApplyError::Invalid(draft.errors))
    }
}

impl Draft<'_> {
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
                let place = Some(self.objects.len());
                self.by_name.insert((kind, folded(&name)), place);
                self.objects.push(Changed {
                    before: None,
                    after: Some(object),
                });
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
                let at = self.by_name.insert((kind, folded(&name)), None).flatten();
                self.by_name.insert((kind, folded(&to)), at);
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
                let at = self.by_name.insert((kind, folded(&name)), None).flatten();
                if let Some(gone) = at.and_then(|at| self.objects.get_mut(at)) {
                    gone.after = None;
                }
            }
        }
        Ok(())
    }

    /// The place of the object of a name, read where it was not named before.
    fn place(&mut self, kind: Kind, name: &str) -> Result<Option<usize>, ApplyError> {
        let key = (kind, folded(name));
        if let Some(known) = self.by_name.get(&key) {
            return Ok(*known);
        }
        let found = self.stock.named(kind, name).map_err(ApplyError::Engine)?;
        let place = found.map(|object| {
            self.objects.push(Changed {
                before: Some(object.clone()),
                after: Some(object),
            });
            self.objects.len() - 1
        });
        self.by_name.insert(key, place);
        Ok(place)
    }

    fn free(&mut self, kind: Kind, name: &str) -> Result<(), ApplyError> {
        if self.place(kind, name)?.is_some() {
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
        let at = self.place(kind, name)?.ok_or_else(missing)?;
        let changed = self.objects.get_mut(at).ok_or_else(missing)?;
        // A second change of one batch names the revision that the batch began from.
        let read = changed.before.as_ref().map(|object| object.revision);
        let current = read.unwrap_or(PENDING);
        if current != base {
            return Err(ApplyError::Conflict {
                kind,
                name: name.to_owned(),
                base,
                current,
                by: String::new(),
            });
        }
        changed.after.as_mut().ok_or_else(missing)
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
