//! The generated documents: the OpenAPI document, man pages, shell completions, the reference pages
//! of the handbook.
//!
//! Everything in them comes from the command tree, the table of operations, the objects, the
//! catalogue of events and the monitors. They are checked in, so that packagers and readers need no
//! build; a test compares them with what would be written.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{health, reference, shell};

/// Folders whose files are all generated: what is in them beyond that is left over.
const FOLDERS: [&str; 2] = ["docs/man", "docs/completions"];

/// The page written by hand that holds one generated table, and the marks around it.
const CONNECTORS: &str = "docs/handbook/02-connectors.md";
const TABLE_BEGINS: &str = "<!-- limits: written by `cargo xtask docs` -->\n";
const TABLE_ENDS: &str = "<!-- limits end -->\n";

/// The page on connectors with the limits as the code has them.
fn connectors(root: &Path) -> Result<String, String> {
    let page = fs::read_to_string(root.join(CONNECTORS))
        .map_err(|error| format!("{CONNECTORS}: {error}"))?;
    let parts = page.split_once(TABLE_BEGINS).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(TABLE_ENDS)?;
        Some((before, after))
    });
    let (before, after) =
        parts.ok_or_else(|| format!("{CONNECTORS}: the marks of the table of limits are gone"))?;
    let table = reference::limits();
    Ok(format!("{before}{TABLE_BEGINS}{table}{TABLE_ENDS}{after}"))
}

/// Every generated document by its path below the root.
fn documents(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut documents = BTreeMap::new();
    let mut openapi = serde_json::to_vec_pretty(&mailward_api::operation::document())
        .map_err(|error| format!("the OpenAPI document: {error}"))?;
    openapi.push(b'\n');
    documents.insert("docs/openapi.json".into(), openapi);
    let command = mailward::command();
    let pages =
        mailward_cli::man_pages(&command).map_err(|error| format!("the man pages: {error}"))?;
    for (name, text) in pages {
        documents.insert(Path::new("docs/man").join(name), text);
    }
    for (name, text) in mailward_cli::completions(&command) {
        documents.insert(Path::new("docs/completions").join(name), text);
    }
    for (name, text) in [
        ("docs/handbook/reference-objects.md", reference::objects()),
        ("docs/handbook/reference-events.md", reference::events()),
        ("docs/handbook/reference-health.md", health::page()),
        ("docs/handbook/reference-shell.md", shell::page()),
        (CONNECTORS, connectors(root)?),
    ] {
        documents.insert(name.into(), text.into_bytes());
    }
    Ok(documents)
}

/// Generated files that are there and should not be.
fn left_over(root: &Path, documents: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).into_iter().flatten())
        .flatten()
        .filter_map(|entry| Some(entry.path().strip_prefix(root).ok()?.to_owned()))
        .filter(|path| !documents.contains_key(path))
        .collect()
}

/// Writes them below `root`; what could not be written comes back.
pub(crate) fn write(root: &Path) -> Vec<String> {
    let documents = match documents(root) {
        Ok(documents) => documents,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    for path in left_over(root, &documents) {
        if let Err(error) = fs::remove_file(root.join(&path)) {
            problems.push(format!("{}: {error}", path.display()));
        }
    }
    for (path, text) in documents {
        let file = root.join(&path);
        let done = file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&file, text));
        if let Err(error) = done {
            problems.push(format!("{}: {error}", path.display()));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_in_is_what_would_be_written() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .unwrap();
        let documents = documents(&root).unwrap();
        let stale: Vec<&PathBuf> = documents
            .iter()
            .filter(|(path, text)| fs::read(root.join(path)).ok().as_ref() != Some(text))
            .map(|(path, _)| path)
            .collect();
        assert!(stale.is_empty(), "run `cargo xtask docs`: {stale:?}");
        let left = left_over(&root, &documents);
        assert!(left.is_empty(), "run `cargo xtask docs`: {left:?}");
    }
}
