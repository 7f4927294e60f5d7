//! What the commands about policies are asked with, and the files of Windows' group policies.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use mailward_model::{
    Domain,
    kind::PolicyScope,
    policy::gpt_tmpl::{FILE_OCTETS_MAX, decode},
};
use serde::{Deserialize, Serialize};

/// Files of one import.
const FILES_MAX: usize = 1_000;
/// Folders of a SYSVOL that are looked through.
const FOLDERS_MAX: usize = 20_000;
/// Folders one in another: DOMAIN/Policies/{GUID}/MACHINE/Microsoft/Windows NT/SecEdit, with room.
const DEPTH_MAX: usize = 10;
/// The file's name; Windows does not care for its case.
const NAME: &str = "gpttmpl.inf";

/// A file of a group policy object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupPolicyFile {
    /// What its policy is called: the GUID of the group policy object, or the file's name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Files of group policy objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct GroupPolicyFiles(pub Vec<GroupPolicyFile>);

/// Reads a GptTmpl.inf, or each one of a SYSVOL's tree; `-` stands for standard input.
fn read_files(place: &str) -> Result<GroupPolicyFiles, String> {
    let path = Path::new(place);
    if place != "-" && path.is_dir() {
        let mut found = Vec::new();
        let mut folders = 0;
        walk(path, 0, &mut folders, &mut found)?;
        if found.is_empty() {
            return Err("no GptTmpl.inf is in this folder or below it".to_owned());
        }
        found.sort();
        let files: Result<_, String> = found.iter().map(|path| read(path)).collect();
        return files.map(GroupPolicyFiles);
    }
    let file = match place {
        "-" => text_of(std::io::stdin()).map(|text| GroupPolicyFile {
            name: "GptTmpl".to_owned(),
            text,
        }),
        _ => read(path),
    };
    file.map(|file| GroupPolicyFiles(vec![file]))
}

fn walk(
    folder: &Path,
    depth: usize,
    folders: &mut usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    *folders += 1;
    if depth > DEPTH_MAX || *folders > FOLDERS_MAX {
        return Err(format!(
            "{}: the tree is deeper or larger than a SYSVOL; name the folder of one domain",
            folder.display()
        ));
    }
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        // Junctions of a SYSVOL are links when it is copied; what they lead to is there as well.
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() {
            walk(&entry.path(), depth + 1, folders, found)?;
        } else if kind.is_file() && entry.file_name().eq_ignore_ascii_case(NAME) {
            if found.len() >= FILES_MAX {
                return Err(format!("more than {FILES_MAX} files are there"));
            }
            found.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<GroupPolicyFile, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(|error| fail(&error))?;
    let text = text_of(file).map_err(|error| fail(&error))?;
    Ok(GroupPolicyFile {
        name: name_of(path),
        text,
    })
}

/// The GUID of the group policy object whose file it is, or the file's name.
fn name_of(path: &Path) -> String {
    let mut parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    let guid = parts.rfind(|part| part.starts_with('{') && part.ends_with('}'));
    let stem = || {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    guid.map(|guid| guid.into_owned())
        .or_else(stem)
        .unwrap_or_default()
}

fn text_of(source: impl Read) -> Result<String, String> {
    let mut octets = Vec::new();
    let mut source = source.take(FILE_OCTETS_MAX as u64 + 1);
    source
        .read_to_end(&mut octets)
        .map_err(|error| format!("cannot read it: {error}"))?;
    decode(&octets).map_err(|error| error.to_string())
}

requests! {
    /// `policy result`
    PolicyResult {
        /// The node, by its host name; this one where it is not said
        #[serde(default)]
        pub node: Option<Domain>,
    }

    /// `policy revert`
    PolicyRevert {
        /// The policy
        pub policy: String,
    }

    /// `policy refresh`
    PolicyRefresh {
        /// Only show what would be done
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
        /// As if this policy were enabled, or, where it is, as if it were not; only shows
        #[serde(default)]
        #[arg(long, value_name = "POLICY")]
        pub toggle: Option<String>,
    }

    /// `policy import`
    PolicyImport {
        /// A GptTmpl.inf, or a folder with some below it, such as a SYSVOL
        #[arg(value_name = "PLACE", value_parser = read_files)]
        pub files: GroupPolicyFiles,
        /// What the policy is called; only for one file
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub name: Option<String>,
        /// A name or SID of the files and what it is on hosts, as in S-1-5-32-544=sudo; may be given several times
        #[serde(default)]
        #[arg(long, value_name = "FROM=TO")]
        pub map: Vec<String>,
        /// Where a new policy holds: all, site:NAME or node:HOSTNAME
        #[serde(default)]
        #[arg(long, value_name = "SCOPE", default_value = "all")]
        pub scope: PolicyScope,
        /// Leave a new policy disabled
        #[serde(default)]
        #[arg(long)]
        pub disabled: bool,
        /// Only show what would change
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `policy export`
    PolicyExport {
        /// The policy
        pub policy: String,
        /// Write UTF-8; Windows reads UTF-16, which is the default
        #[serde(default)]
        #[arg(long)]
        pub utf8: bool,
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::policy::gpt_tmpl::{Encoding, encode};

    use super::*;

    #[test]
    fn a_sysvol_is_looked_through_and_its_policies_named_by_guid() {
        let dir = tempfile::tempdir().unwrap();
        let guid = "{31B2F340-016D-11D2-945F-00C04FB984F9}";
        let folder = dir
            .path()
            .join("corp.example/Policies")
            .join(guid)
            .join("MACHINE/Microsoft/Windows NT/SecEdit");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("GptTmpl.inf"),
            encode("[x]\r\n", Encoding::Utf16Le),
        )
        .unwrap();
        fs::write(folder.join("other.inf"), "no").unwrap();
        let found = read_files(dir.path().to_str().unwrap()).unwrap().0;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name.as_str(), found[0].text.as_str()),
            (guid, "[x]\r\n")
        );
        let other = read_files(folder.join("other.inf").to_str().unwrap())
            .unwrap()
            .0;
        assert_eq!(other[0].name, guid);
        let empty = tempfile::tempdir().unwrap();
        assert!(
            read_files(empty.path().to_str().unwrap())
                .unwrap_err()
                .contains("no GptTmpl")
        );
    }
}
