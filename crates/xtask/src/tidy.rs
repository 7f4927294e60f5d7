//! The order of the house, as checks: floors, file sizes, module heads, forbidden `unsafe`.
//!
//! A rule that is not a check decays. Each complaint names the place and what to do.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Lines above which a source file is asking to be divided.
const FILE_LINES_MAX: usize = 600;
/// Lists of equal entries, one after the other: there is nothing to be held in the head, and no part
/// to divide them into.
const LISTS: [&str; 2] = [
    "crates/events/src/catalogue/list.rs",
    "crates/api/src/operation/table.rs",
];

/// Crates by floor. A crate may use those below its floor; on floors 2 and 3 no neighbour uses a
/// neighbour.
const FLOORS: &[&[&str]] = &[
    &["model", "proto", "host"],
    &["events", "store", "api", "ldap"],
    &[
        "queue",
        "tls",
        "directory",
        "journal",
        "perimeter",
        "identity",
        "shell",
    ],
    &["transport", "health", "admin", "enforce"],
    &["cli", "mailward"],
];
/// Crates that are never shipped and may use everything.
const WORKSHOP: &[&str] = &["testkit", "xtask"];

/// Every complaint about the tree below `root`.
pub(crate) fn check(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut crates = BTreeMap::new();
    for entry in fs::read_dir(root.join("crates"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        crates.insert(name, entry.path());
    }
    for (name, path) in &crates {
        floors(name, path, &mut problems);
        let mut files = Vec::new();
        rust_files(&path.join("src"), &mut files);
        for file in &files {
            source(root, file, &mut problems);
        }
        unsafe_forbidden(root, path, &mut problems);
    }
    problems
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

fn floors(name: &str, path: &Path, problems: &mut Vec<String>) {
    let manifest = path.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap_or_default();
    let Ok(table) = text.parse::<toml::Table>() else {
        problems.push(format!("{}: not readable as TOML", manifest.display()));
        return;
    };
    if WORKSHOP.contains(&name) {
        return;
    }
    let Some(own) = floor(name) else {
        problems.push(format!(
            "crates/{name}: it stands on no floor; add it to FLOORS in xtask's tidy"
        ));
        return;
    };
    let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
    for dependency in dependencies.into_iter().flat_map(toml::Table::keys) {
        let Some(other) = dependency.strip_prefix("mailward-") else {
            continue;
        };
        match floor(other) {
            None => problems.push(format!(
                "crates/{name}: {other} is of the workshop and never shipped"
            )),
            Some(theirs) if theirs > own => {
                problems.push(format!("crates/{name} (floor {own}) uses {other} (floor {theirs}): dependencies point down"));
            }
            Some(theirs) if theirs == own && (own == 2 || own == 3) => {
                problems.push(format!("crates/{name} uses its neighbour {other}: they meet through the queue, the store, a socket, or in mailward"));
            }
            Some(_) => {}
        }
    }
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn source(root: &Path, file: &Path, problems: &mut Vec<String>) {
    let file_here = file.strip_prefix(root).unwrap_or(file);
    let shown = file_here.display();
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().count();
    let is_list = LISTS.iter().any(|list| file_here == Path::new(list));
    if lines > FILE_LINES_MAX && !is_list {
        problems.push(format!(
            "{shown}: {lines} lines, more than {FILE_LINES_MAX}; divide it"
        ));
    }
    if !text.starts_with("//!") {
        problems.push(format!(
            "{shown}: it does not open with //! (what it does, what it never does)"
        ));
    }
}

fn unsafe_forbidden(root: &Path, path: &Path, problems: &mut Vec<String>) {
    let top = ["src/lib.rs", "src/main.rs"]
        .map(|file| path.join(file))
        .into_iter()
        .find(|file| file.exists());
    let Some(top) = top else { return };
    let text = fs::read_to_string(&top).unwrap_or_default();
    if !text.contains("#![forbid(unsafe_code)]") {
        let shown = top.strip_prefix(root).unwrap_or(&top).display();
        problems.push(format!("{shown}: add #![forbid(unsafe_code)]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_in_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert_eq!(check(&root), Vec::<String>::new());
    }

    #[test]
    fn a_crate_on_no_floor_and_a_dependency_upwards_are_found() {
        let dir = std::env::temp_dir().join(format!("tidy-{}", std::process::id()));
        for (name, dependency) in [
            ("model", "mailward-queue"),
            ("queue", "mailward-tls"),
            ("cellar", "serde"),
        ] {
            fs::create_dir_all(dir.join("crates").join(name)).unwrap();
            let manifest = format!("[dependencies]\n{dependency} = \"1\"\n");
            fs::write(dir.join("crates").join(name).join("Cargo.toml"), manifest).unwrap();
        }
        let problems = check(&dir).join("\n");
        fs::remove_dir_all(&dir).unwrap();
        for part in [
            "dependencies point down",
            "uses its neighbour tls",
            "stands on no floor",
        ] {
            assert!(problems.contains(part), "{problems}");
        }
    }
}
