//! Links between the documents: every relative link names a file that is there, and every `#anchor`
//! a heading of it. Links to other sites are not followed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Every broken link in the Markdown files of the root, `docs/` and `bench/`.
pub(crate) fn check(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    markdown(root, false, &mut files);
    for folder in ["docs", "bench"] {
        markdown(&root.join(folder), true, &mut files);
    }
    let texts: BTreeMap<PathBuf, String> = files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap_or_default();
            (file, text)
        })
        .collect();
    let mut problems = Vec::new();
    for (file, text) in &texts {
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                Some(file.clone())
            } else {
                file.parent()
                    .and_then(|folder| folder.join(path).canonicalize().ok())
            };
            let shown = file.strip_prefix(root).unwrap_or(file).display();
            match target {
                None => problems.push(format!("{shown}: the link to {link} leads nowhere")),
                Some(target) if !anchor.is_empty() => {
                    let known = texts
                        .get(&target)
                        .is_some_and(|text| has_heading(text, anchor));
                    if !known {
                        problems.push(format!("{shown}: {link} names no heading of that file"));
                    }
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn markdown(folder: &Path, deep: bool, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && deep {
            markdown(&path, deep, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.extend(path.canonicalize());
        }
    }
}

/// The targets of relative links outside of code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')')
                && !target.contains("://")
            {
                links.push(target);
            }
        }
    }
    links
}

/// Whether a heading has this anchor: in lower case, blanks as hyphens, other signs left out.
fn has_heading(text: &str, anchor: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .any(|heading| {
            let slug: String = heading
                .to_lowercase()
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
                    _ => None,
                })
                .collect();
            slug == anchor
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_somewhere() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .unwrap();
        assert_eq!(check(&root), Vec::<String>::new());
    }

    #[test]
    fn links_in_code_and_to_other_sites_are_left_alone() {
        let text = "[a](b.md#c) and [d](https://example.org)\n```\n[e](f)\n```\n[g](#h)";
        assert_eq!(links(text), ["b.md#c", "#h"]);
        assert!(has_heading(
            "## 12014 CertificateMissing",
            "12014-certificatemissing"
        ));
        assert!(has_heading("# Health `x`, now", "health-x-now"));
    }
}
