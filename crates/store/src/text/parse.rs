//! Reading objects from text, with errors that say where: line, column, key, and the key that was
//! probably meant.

use std::{collections::HashMap, fmt, ops::Range};

use mailward_model::{Kind, Object, ObjectId, Revision, Spec, object::validate_name};
use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::fields;
use crate::{check, engine::folded};

/// A place in a text. Both count from 1; columns count characters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What is wrong in a text.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error,
)]
pub struct TextError {
    /// Where.
    pub place: Place,
    /// The key: `receive_connector "Internet": bindings[0]`. Empty where the text is no TOML.
    pub key: String,
    /// What was found, and what was expected.
    pub problem: String,
    /// What to do about it; empty where the problem says it.
    pub mend: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: ",
            self.place.line, self.place.column
        )?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        if !self.mend.is_empty() {
            write!(f, "; {}", self.mend)?;
        }
        Ok(())
    }
}

/// An object as a text wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What it says.
    pub spec: Spec,
    /// Where its table stands.
    pub place: Place,
    /// Where its fields stand.
    fields: Vec<(String, Place)>,
}

impl Wanted {
    /// Where a field stands; the table's place where it is not written. A path such as
    /// `bindings[0]` stands where its field does.
    pub fn place_of(&self, path: &str) -> Place {
        let field = path.split(['[', '.']).next().unwrap_or_default();
        self.fields
            .iter()
            .find_map(|(name, place)| (name == field).then_some(*place))
            .unwrap_or(self.place)
    }
}

/// Reads a text and checks it: each object by itself, and all of them together.
///
/// # Errors
/// Every [`TextError`] found, in the order of the text.
pub fn parse(text: &str) -> Result<Vec<Wanted>, Vec<TextError>> {
    let wanted = read(text)?;
    let objects: Vec<Object> = (1u64..)
        .zip(&wanted)
        .map(|(id, wanted)| Object {
            id: ObjectId(id),
            name: wanted.name.clone(),
            revision: Revision(0),
            spec: wanted.spec.clone(),
        })
        .collect();
    let mut errors: Vec<TextError> = check::everything(&objects)
        .into_iter()
        .map(|broken| {
            let place = wanted
                .iter()
                .find(|w| w.spec.kind() == broken.kind && w.name == broken.name)
                .map_or(Place { line: 1, column: 1 }, |w| {
                    w.place_of(&broken.error.field)
                });
            TextError {
                place,
                key: key(broken.kind, &broken.name, &broken.error.field),
                problem: broken.error.problem,
                mend: broken.error.mend,
            }
        })
        .collect();
    errors.sort_by_key(|error| error.place);
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(errors)
    }
}

/// Reads a text without checking the objects against their rules.
///
/// # Errors
/// Every [`TextError`] found, in the order of the text.
pub fn read(text: &str) -> Result<Vec<Wanted>, Vec<TextError>> {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors
            .into_iter()
            .map(|error| TextError {
                place: lines.place(error.span()),
                key: String::new(),
                problem: error.message().to_owned(),
                mend: String::new(),
            })
            .collect());
    }
    let mut reader = Reader {
        lines,
        known: HashMap::new(),
        names: HashMap::new(),
        wanted: Vec::new(),
        errors: Vec::new(),
    };
    let mut tables: Vec<_> = root.into_inner().into_iter().collect();
    tables.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in tables {
        reader.table(&key, value);
    }
    let Reader {
        mut wanted,
        mut errors,
        ..
    } = reader;
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.place);
        return Err(errors);
    }
    wanted.sort_by_key(|w| (w.spec.kind(), w.place));
    Ok(wanted)
}

/// The key of an error: the object and the path within it.
fn key(kind: Kind, name: &str, path: &str) -> String {
    let object = if kind.is_singleton() {
        kind.table().to_owned()
    } else {
        format!("{} {name:?}", kind.table())
    };
    if path.is_empty() || path == "." {
        object
    } else {
        format!("{object}: {path}")
    }
}

struct Reader<'t> {
    lines: Lines<'t>,
    /// The fields of each kind met so far.
    known: HashMap<Kind, Vec<String>>,
    /// Names met so far, and where.
    names: HashMap<(Kind, String), Place>,
    wanted: Vec<Wanted>,
    errors: Vec<TextError>,
}

impl<'t> Reader<'t> {
    fn error(&mut self, span: Range<usize>, key: String, problem: String, mend: String) {
        let place = self.lines.place(Some(span));
        self.errors.push(TextError {
            place,
            key,
            problem,
            mend,
        });
    }

    /// One key of the text's top: a kind.
    fn table(&mut self, key: &Spanned<std::borrow::Cow<'t, str>>, value: Spanned<DeValue<'t>>) {
        let written = key.get_ref().as_ref();
        let kind = Kind::ALL.iter().copied().find(|k| k.table() == written);
        let Some(kind) = kind else {
            let tables: Vec<_> = Kind::ALL.iter().map(|kind| kind.table()).collect();
            let mend = nearest(written, &tables);
            self.error(
                key.span(),
                written.to_owned(),
                "it is not a kind of object".to_owned(),
                mend,
            );
            return;
        };
        let span = value.span();
        match (value.into_inner(), kind.is_singleton()) {
            (DeValue::Table(table), true) => self.object(kind, table, span),
            (DeValue::Array(entries), false) => {
                for entry in entries {
                    let span = entry.span();
                    match entry.into_inner() {
                        DeValue::Table(table) => self.object(kind, table, span),
                        _ => self.wrong_shape(kind, span),
                    }
                }
            }
            _ => self.wrong_shape(kind, key.span()),
        }
    }

    fn wrong_shape(&mut self, kind: Kind, span: Range<usize>) {
        let mend = if kind.is_singleton() {
            format!("write [{}] in brackets, once", kind.table())
        } else {
            format!(
                "write [[{}]] in double brackets for each of them",
                kind.table()
            )
        };
        let problem = "this is not how objects of this kind are written".to_owned();
        self.error(span, kind.table().to_owned(), problem, mend);
    }

    fn object(&mut self, kind: Kind, mut table: DeTable<'t>, span: Range<usize>) {
        let place = self.lines.place(Some(span.clone()));
        let name = if kind.is_singleton() {
            "default".to_owned()
        } else {
            match self.name(kind, &mut table, &span) {
                Some(name) => name,
                None => return,
            }
        };
        let known = self
            .known
            .entry(kind)
            .or_insert_with(|| fields::names(kind))
            .clone();
        let mut fields = Vec::with_capacity(table.len());
        let errors_before = self.errors.len();
        for field in table.keys() {
            let written = field.get_ref().as_ref();
            if known.iter().any(|name| name == written) {
                fields.push((written.to_owned(), self.lines.place(Some(field.span()))));
            } else {
                let problem = format!("{} have no such field", kind.plural());
                let mend = nearest(written, &known);
                self.error(field.span(), key(kind, &name, written), problem, mend);
            }
        }
        if self.errors.len() > errors_before {
            return;
        }
        let value = Spanned::new(span.clone(), DeValue::Table(table));
        let original = value.clone();
        let mut track = serde_path_to_error::Track::new();
        let tracked =
            serde_path_to_error::Deserializer::new(ValueDeserializer::from(value), &mut track);
        match Spec::deserialize_kind(kind, tracked) {
            Ok(spec) => self.wanted.push(Wanted {
                name,
                spec,
                place,
                fields,
            }),
            Err(error) => {
                let path = track.path();
                let problem = error.message().to_owned();
                // An error about an attribute names it itself: attributes are read together, and
                // the path is that of the object.
                let attribute = problem.split_once(": ").and_then(|(field, rest)| {
                    let field = known.iter().find(|known| *known == field)?;
                    Some((field.clone(), rest.to_owned()))
                });
                match attribute {
                    Some((field, problem)) => {
                        let value = original.get_ref().get(field.as_str());
                        let at = value.map_or(span, Spanned::span);
                        self.error(at, key(kind, &name, &field), problem, String::new());
                    }
                    None => {
                        let at = span_at(&original, &path);
                        let key = key(kind, &name, &path.to_string());
                        self.error(at, key, problem, String::new());
                    }
                }
            }
        }
    }

    /// Takes the name out of an object's table.
    fn name(&mut self, kind: Kind, table: &mut DeTable<'t>, span: &Range<usize>) -> Option<String> {
        let Some(value) = table.remove("name") else {
            self.error(
                span.clone(),
                kind.table().to_owned(),
                "it has no name".to_owned(),
                "add a line such as name = \"Internet\"".to_owned(),
            );
            return None;
        };
        let at = value.span();
        let Some(name) = value.get_ref().as_str().map(str::to_owned) else {
            let problem = format!("the name is {} and not text", value.get_ref().type_str());
            let mend = "put it between quotes".to_owned();
            self.error(at, format!("{}: name", kind.table()), problem, mend);
            return None;
        };
        if let Err(broken) = validate_name(&name) {
            self.error(at, key(kind, &name, "name"), broken.problem, broken.mend);
            return None;
        }
        let place = self.lines.place(Some(at.clone()));
        if let Some(first) = self.names.insert((kind, folded(&name)), place) {
            let problem = format!("the name stands on line {} already", first.line);
            let mend = "give it another name".to_owned();
            self.error(at, key(kind, &name, "name"), problem, mend);
            return None;
        }
        Some(name)
    }
}

/// Where the value at a path stands: the format's own errors know the list, but not the entry.
fn span_at(value: &Spanned<DeValue<'_>>, path: &serde_path_to_error::Path) -> Range<usize> {
    let mut at = value;
    for segment in path {
        let next = match segment {
            Segment::Seq { index } => at.get_ref().get(*index),
            Segment::Map { key } => at.get_ref().get(key.as_str()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at.span()
}

/// Known words that the mend for an unknown one lists.
const WORDS_MAX: usize = 32;

/// The mend for an unknown word: the nearest known one, or all of them.
fn nearest(written: &str, known: &[impl AsRef<str>]) -> String {
    let distance = |word: &str| edits(&written.to_ascii_lowercase().replace('-', "_"), word);
    let best = known
        .iter()
        .map(|word| (distance(word.as_ref()), word.as_ref()))
        .min();
    match best {
        Some((edits, word)) if edits <= 1 + word.len() / 4 => format!("did you mean {word}?"),
        _ => {
            let shown: Vec<_> = known.iter().map(AsRef::as_ref).take(WORDS_MAX).collect();
            let more = known.len() - shown.len();
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more, which the reference lists"),
            };
            format!("known are {}{more}", shown.join(", "))
        }
    }
}

/// How many letters must be inserted, removed or replaced to make one word of the other. Words
/// beyond a field name's length are as good as different.
fn edits(a: &str, b: &str) -> usize {
    const OCTETS_MAX: usize = 64;
    if a.len() > OCTETS_MAX || b.len() > OCTETS_MAX {
        return OCTETS_MAX;
    }
    strsim::levenshtein(a, b)
}

/// Where each line of a text begins.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let behind = text.match_indices('\n').map(|(at, _)| at + 1);
        Lines {
            text,
            starts: std::iter::once(0).chain(behind).collect(),
        }
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let at = span.map_or(0, |span| span.start).min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..at)
            .map_or(1, |before| before.chars().count() + 1);
        Place { line, column }
    }
}
