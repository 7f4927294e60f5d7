//! The rules among objects: what no object can say wrong by itself, but two of them can.
//!
//! Pure functions over a list of objects. Each error names the object to be mended, the field, what
//! was found and the mend; an error about two objects is told of the later one. [`all`] looks at every
//! object; [`near`] at those that a change can have made wrong, and comes to the same.

pub(crate) mod circle;
mod connector;
pub(crate) mod entry;
pub(crate) mod group;
pub(crate) mod near;
mod recipient;
mod reference;
mod site;

use mailward_model::{
    FieldError, Object, Spec,
    object::{SpecOf, Validate},
};

use crate::ObjectError;

/// Every broken rule among these objects; the rules of single specs are not looked at.
pub fn all(objects: &[Object]) -> Vec<ObjectError> {
    let listed: Vec<&Object> = objects.iter().collect();
    let owners = recipient::owners(&listed);
    let groups = group::by_name(objects);
    let mut errors = Vec::new();
    among(&listed, &mut errors);
    recipient::circles_of(&listed, &owners, &mut errors);
    reference::Known::of(&listed, &owners, &groups).all(&listed, &mut errors);
    errors
}

/// The rules that two objects keep or break whatever else there is.
fn among(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    recipient::accepted_domains(objects, errors);
    recipient::addresses(objects, errors);
    connector::receive(objects, errors);
    connector::send(objects, errors);
    site::nodes(objects, errors);
}

/// Every broken rule, those of single specs and those among objects: for texts and for reports on
/// what is stored.
pub fn everything(objects: &[Object]) -> Vec<ObjectError> {
    let mut errors = Vec::new();
    for object in objects {
        for broken in object.spec.validate() {
            errors.push(error(object, broken));
        }
    }
    errors.extend(all(objects));
    errors
}

fn error(object: &Object, error: FieldError) -> ObjectError {
    ObjectError {
        kind: object.spec.kind(),
        name: object.name.clone(),
        error,
    }
}

/// The objects of one kind with their specs.
fn of<'a, T: SpecOf + 'a>(objects: &[&'a Object]) -> impl Iterator<Item = (&'a Object, &'a T)> {
    objects
        .iter()
        .copied()
        .filter_map(|object| T::of(&object.spec).map(|spec| (object, spec)))
}

/// How an object is named in another object's error.
fn title(object: &Object) -> String {
    format!("{} {:?}", object.spec.kind().noun(), object.name)
}

/// True for recipients that only health probes may reach.
fn is_monitoring(spec: &Spec) -> bool {
    matches!(
        spec,
        Spec::Mailbox(mailbox)
            if mailbox.mailbox_type == mailward_model::kind::MailboxType::Monitoring
    )
}
