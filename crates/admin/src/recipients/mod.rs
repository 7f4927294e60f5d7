//! Recipients as tables of other programs, in and out: [`csv`] and [`ldif`]. Both come down to
//! [`Entry`], and what an import would change is worked out from entries alone.
//!
//! A table says what it has a column for, and nothing about the rest: a field that no row has a
//! column for stays as it is, and one that is empty in a row goes back to its default. Pure; never
//! here: applying anything.

pub(crate) mod attribute;
mod csv;
mod ldif;

use std::collections::{HashMap, HashSet};

use mailward_api::{
    assignment::{Editor, fields_of, spec_of},
    operation::request::TableFormat,
};
use mailward_model::{
    FieldError, Kind, Object,
    kind::{Mailbox, MailboxType},
    object::SpecOf,
};
use mailward_store::{Change, text};

/// The kinds that are recipients.
pub(crate) const KINDS: [Kind; 5] = [
    Kind::Mailbox,
    Kind::MailContact,
    Kind::MailUser,
    Kind::DistributionGroup,
    Kind::DynamicDistributionGroup,
];
/// Entries of one import; its text is limited as every text is.
const ENTRIES_MAX: usize = 100_000;
/// Problems that are told of one import: a column that is wrong is wrong in every row.
const PROBLEMS_MAX: usize = 50;

/// One recipient of a table.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// The line it begins in.
    line: u64,
    kind: Kind,
    name: String,
    /// Each field that the table has, with its values; none where it is empty.
    fields: Vec<(String, Vec<String>)>,
}

impl Entry {
    fn at(&self, error: FieldError) -> FieldError {
        let place = format!("line {}, {} {:?}", self.line, self.kind.noun(), self.name);
        let field = match error.field.as_str() {
            "" => place,
            field => format!("{place}: {field}"),
        };
        FieldError::new(field, error.problem, error.mend)
    }
}

/// What an import comes to.
#[derive(Debug, Default)]
pub(crate) struct Import {
    pub(crate) changes: Vec<Change>,
    pub(crate) effects: Vec<text::Effect>,
    /// How many recipients it removes.
    pub(crate) removals: u64,
    /// Of how many that it may remove.
    pub(crate) of: u64,
}

impl Import {
    /// Why it must not be done unasked: it removes more than this share, in percent. A table that was
    /// cut short looks like one from which many were taken out.
    pub(crate) fn held(&self, share_max: u8) -> Option<String> {
        let share = self.removals.saturating_mul(100);
        (share > self.of.saturating_mul(u64::from(share_max))).then(|| {
            format!(
                "{} of {} recipients would be removed, more than {share_max} %",
                self.removals, self.of
            )
        })
    }
}

/// True for what may be in a table: health mailboxes are the health manager's.
fn is_ours(object: &Object) -> bool {
    KINDS.contains(&object.spec.kind())
        && Mailbox::of(&object.spec).is_none_or(|m| m.mailbox_type != MailboxType::Monitoring)
}

/// The recipients among these objects as a table.
pub(crate) fn write(objects: &[Object], format: TableFormat) -> String {
    let mut ours: Vec<&Object> = objects.iter().filter(|object| is_ours(object)).collect();
    ours.sort_by_cached_key(|object| (object.spec.kind(), object.name.to_lowercase()));
    match format {
        TableFormat::Csv => {
            let editors = editors();
            csv::write(&ours, |kind, field| {
                editors
                    .get(&kind)
                    .is_some_and(|editor| editor.is_list(field))
            })
        }
        TableFormat::Ldif => ldif::write(&ours),
    }
}

pub(crate) fn editors() -> HashMap<Kind, Editor> {
    KINDS
        .into_iter()
        .map(|kind| (kind, Editor::of(kind)))
        .collect()
}

/// What importing this text would change. Of the kinds that are in it, what is not in it is removed
/// where `remove_missing` says so.
///
/// # Errors
/// Every line that is wrong, up to a limit, with the mend.
pub(crate) fn plan(
    current: &[Object],
    table: &str,
    format: Option<TableFormat>,
    remove_missing: bool,
) -> Result<Import, Vec<FieldError>> {
    let ours: Vec<&Object> = current.iter().filter(|object| is_ours(object)).collect();
    let table = table.strip_prefix('\u{feff}').unwrap_or(table);
    let format = format.unwrap_or_else(|| format_of(table));
    let editors = editors();
    let is_list = |kind: Kind, field: &str| {
        editors
            .get(&kind)
            .is_some_and(|editor| editor.is_list(field))
    };
    let entries = match format {
        TableFormat::Csv => csv::read(table, is_list),
        TableFormat::Ldif => ldif::read(table, &ours, is_list),
    };
    let entries = entries.map_err(limited)?;
    if entries.len() > ENTRIES_MAX {
        let found = format!(
            "it has {} entries, the limit is {ENTRIES_MAX}",
            entries.len()
        );
        return Err(vec![FieldError::new("", found, "import it in parts")]);
    }
    let key = |kind: Kind, name: &str| (kind, name.to_ascii_lowercase());
    let stored: HashMap<_, &Object> = ours
        .iter()
        .map(|object| (key(object.spec.kind(), &object.name), *object))
        .collect();
    let (mut import, mut problems) = (Import::default(), Vec::new());
    let mut named = HashMap::new();
    let mut wanted = Vec::new();
    for entry in &entries {
        let key = key(entry.kind, &entry.name);
        if let Some(before) = named.insert(key.clone(), entry.line) {
            let found = format!("it is in line {before} already");
            problems.push(entry.at(FieldError::new("name", found, "take one of the two out")));
            continue;
        }
        let Some(editor) = editors.get(&entry.kind) else {
            continue;
        };
        let before = stored.get(&key).copied();
        let mut fields = before
            .map(|object| fields_of(&object.spec))
            .unwrap_or_default();
        for (field, values) in &entry.fields {
            // A table has columns that only some kinds have; a directory has attributes on groups
            // that only persons have here.
            if !editor.has(field) && (values.is_empty() || format == TableFormat::Ldif) {
                continue;
            }
            let set = editor.set(&mut fields, field, values);
            problems.extend(set.err().map(|error| entry.at(error)));
        }
        match spec_of(entry.kind, fields) {
            Ok(spec) => wanted.push((entry, before, spec)),
            Err(error) => problems.push(entry.at(error)),
        }
    }
    if !problems.is_empty() {
        return Err(limited(problems));
    }
    let kinds: HashSet<Kind> = entries.iter().map(|entry| entry.kind).collect();
    for object in ours
        .iter()
        .filter(|object| kinds.contains(&object.spec.kind()))
    {
        import.of += 1;
        let is_named = named.contains_key(&key(object.spec.kind(), &object.name));
        if remove_missing && !is_named {
            import.removals += 1;
            import.changes.push(Change::remove(object));
            let effect = text::effect(&object.name, Some(&object.spec), None);
            import.effects.push(effect);
        }
    }
    for (entry, before, spec) in wanted {
        if before.is_some_and(|object| object.spec == spec) {
            continue;
        }
        let name = before.map_or(&entry.name, |object| &object.name);
        let effect = text::effect(name, before.map(|object| &object.spec), Some(&spec));
        import.effects.push(effect);
        import.changes.push(match before {
            Some(object) => Change::replace(object, spec),
            None => Change::create(name, spec),
        });
    }
    Ok(import)
}

fn limited(mut problems: Vec<FieldError>) -> Vec<FieldError> {
    problems.truncate(PROBLEMS_MAX);
    problems
}

/// What a text looks like.
fn format_of(table: &str) -> TableFormat {
    let first = table
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    match first.map(str::to_ascii_lowercase) {
        Some(line) if line.starts_with("dn:") || line.starts_with("version:") => TableFormat::Ldif,
        _ => TableFormat::Csv,
    }
}

/// The fields of a recipient that are set, each with its values as text, in the order of the kind.
fn values_of(object: &Object) -> Vec<(String, Vec<String>)> {
    use serde_json::Value;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields_of(&object.spec)
        .iter()
        .filter_map(|(field, value)| {
            let values = match value {
                Value::Null => return None,
                Value::Array(items) if items.is_empty() => return None,
                Value::Array(items) => items.iter().map(text).collect(),
                one => vec![text(one)],
            };
            Some((field.clone(), values))
        })
        .collect()
}

#[cfg(test)]
mod tests;
