//! Restricted groups as Windows writes them: the section `[Group Membership]` of a `GptTmpl.inf`, the
//! file of a group policy object's security settings (MS-GPSB 2.2.10). Read from UTF-16LE with its
//! mark, as Windows writes it, or from UTF-8; written as both.
//!
//! `GROUP__Members` is absolute, and an empty one empties the group; `GROUP__Memberof` adds only, and
//! an empty one says nothing. Other sections are passed over. An error names its line.

use crate::kind::{AccountName, RestrictedGroup};

/// Octets of a file: 1,000 groups of 100 names.
pub const FILE_OCTETS_MAX: usize = 1 << 20;
/// Groups of a file.
const GROUPS_MAX: usize = 1_000;
/// Errors that are told of one file.
const ERRORS_MAX: usize = 50;
/// The section.
const SECTION: &str = "Group Membership";
/// The mark that UTF-16 and UTF-8 files may begin with.
const MARK: char = '\u{feff}';

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16, the low octet first, with its mark: what Windows reads.
    Utf16Le,
    /// UTF-8 without a mark.
    Utf8,
}

/// Octets that are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// Too many.
    #[error("the file has more than {FILE_OCTETS_MAX} octets")]
    Long,
    /// UTF-16 with the high octet first.
    #[error("the file is UTF-16 with the high octet first; Windows writes the low one first")]
    BigEndian,
    /// No UTF-16 behind its mark.
    #[error("the file begins as UTF-16 and is none")]
    Utf16,
    /// No UTF-8.
    #[error("the file is neither UTF-16 with its mark nor UTF-8")]
    Utf8,
}

/// The text of a file.
///
/// # Errors
/// [`EncodingError`].
pub fn decode(octets: &[u8]) -> Result<String, EncodingError> {
    if octets.len() > FILE_OCTETS_MAX {
        return Err(EncodingError::Long);
    }
    match octets {
        [0xff, 0xfe, rest @ ..] => {
            let (pairs, odd) = rest.as_chunks::<2>();
            if !odd.is_empty() {
                return Err(EncodingError::Utf16);
            }
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            String::from_utf16(&units).map_err(|_| EncodingError::Utf16)
        }
        [0xfe, 0xff, ..] => Err(EncodingError::BigEndian),
        _ => {
            let text = std::str::from_utf8(octets).map_err(|_| EncodingError::Utf8)?;
            Ok(text.strip_prefix(MARK).unwrap_or(text).to_owned())
        }
    }
}

/// The octets of a text.
pub fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Le => {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// What was found, and what was expected.
    pub problem: String,
}

/// Which of the two lists a line has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Members,
    MemberOf,
}

/// The groups of a text, in its order.
///
/// # Errors
/// What is wrong, by line.
pub fn read(text: &str) -> Result<Vec<RestrictedGroup>, Vec<LineError>> {
    let mut groups: Vec<RestrictedGroup> = Vec::new();
    let mut seen: Vec<(AccountName, List)> = Vec::new();
    let mut errors = Vec::new();
    let mut is_inside = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            is_inside = name.trim().eq_ignore_ascii_case(SECTION);
            continue;
        }
        if !is_inside || line.is_empty() || line.starts_with(';') {
            continue;
        }
        let mut take = || {
            let (group, list, names) = entry(line)?;
            if seen.contains(&(group.clone(), list)) {
                return Err(format!("{group} has such a line already"));
            }
            if seen.len() >= 2 * GROUPS_MAX {
                return Err(format!("more than {GROUPS_MAX} groups"));
            }
            seen.push((group.clone(), list));
            if !groups.iter().any(|known| known.group == group) {
                groups.push(RestrictedGroup::new(group.clone()));
            }
            let known = groups.iter_mut().find(|known| known.group == group);
            match (known, list) {
                (Some(known), List::Members) => known.members = Some(names),
                (Some(known), List::MemberOf) => known.member_of = names,
                (None, _) => {}
            }
            Ok(())
        };
        if let Err(problem) = take() {
            errors.push(LineError {
                line: at + 1,
                problem,
            });
            if errors.len() >= ERRORS_MAX {
                break;
            }
        }
    }
    // Only a "don't care" was said of it.
    groups.retain(|group| group.members.is_some() || !group.member_of.is_empty());
    match errors.is_empty() {
        true => Ok(groups),
        false => Err(errors),
    }
}

fn entry(line: &str) -> Result<(AccountName, List, Vec<AccountName>), String> {
    let (key, value) = line
        .split_once('=')
        .ok_or_else(|| "it has no =; GROUP__Members = NAME,NAME is expected".to_owned())?;
    let key = key.trim();
    let folded = key.to_ascii_lowercase();
    let (length, list) = match (
        folded.strip_suffix("__members"),
        folded.strip_suffix("__memberof"),
    ) {
        (Some(name), _) => (name.len(), List::Members),
        (_, Some(name)) => (name.len(), List::MemberOf),
        (None, None) => {
            return Err(format!(
                "{key:?} ends neither with __Members nor with __Memberof"
            ));
        }
    };
    let group = name(key.get(..length).unwrap_or_default())?;
    let mut names = Vec::new();
    for one in value
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
    {
        let one = name(one)?;
        // Windows takes a name that stands there twice for once.
        if !names.contains(&one) {
            names.push(one);
        }
    }
    if list == List::MemberOf && names.contains(&group) {
        return Err(format!("{group} would be in itself"));
    }
    Ok((group, list, names))
}

fn name(text: &str) -> Result<AccountName, String> {
    let text = text.trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    bare.unwrap_or(text)
        .parse::<AccountName>()
        .map_err(|error| error.to_string())
}

/// The groups as a whole file. What the format has no word for stands in it as a remark.
pub fn write(groups: &[RestrictedGroup]) -> String {
    let mut lines = vec![
        "[Unicode]".to_owned(),
        "Unicode=yes".to_owned(),
        "[Version]".to_owned(),
        "signature=\"$CHICAGO$\"".to_owned(),
        "Revision=1".to_owned(),
        format!("[{SECTION}]"),
    ];
    let mut member_of: Vec<(&AccountName, Vec<&AccountName>)> = Vec::new();
    let mut put = |name, group| match member_of.iter_mut().find(|(known, _)| *known == name) {
        Some((_, groups)) if groups.contains(&group) => {}
        Some((_, groups)) => groups.push(group),
        None => member_of.push((name, vec![group])),
    };
    for group in groups {
        // What is added to a group is, for whom is added, a group to be in.
        group.add.iter().for_each(|name| put(name, &group.group));
        group.member_of.iter().for_each(|of| put(&group.group, of));
    }
    let mut named: Vec<&AccountName> = groups.iter().map(|group| &group.group).collect();
    named.extend(member_of.iter().map(|(name, _)| *name));
    let mut done = Vec::new();
    for name in named {
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let group = groups.iter().find(|group| group.group == *name);
        if let Some(members) = group.and_then(|group| group.members.as_ref()) {
            lines.push(format!("{name}__Members = {}", joined(members.iter())));
        }
        if let Some((_, of)) = member_of.iter().find(|(known, _)| *known == name) {
            lines.push(format!("{name}__Memberof = {}", joined(of.iter().copied())));
        }
        if let Some(group) = group.filter(|group| !group.remove.is_empty()) {
            let names = joined(group.remove.iter());
            lines.push(format!(
                "; not to be said here: remove from {name}: {names}"
            ));
        }
    }
    lines.push(String::new());
    lines.join("\r\n")
}

fn joined<'a>(names: impl Iterator<Item = &'a AccountName>) -> String {
    let names: Vec<&str> = names.map(AccountName::as_str).collect();
    names.join(",")
}

/// What a fuzzer does with octets: what can be read can be written, and reads back as the same.
///
/// # Panics
/// Where it does not.
pub fn fuzz(octets: &[u8]) {
    let Ok(text) = decode(octets) else {
        return;
    };
    if let Ok(groups) = read(&text) {
        let written = write(&groups);
        for encoding in [Encoding::Utf16Le, Encoding::Utf8] {
            let again = decode(&encode(&written, encoding)).map(|text| read(&text));
            assert!(
                matches!(again, Err(EncodingError::Long)) || again == Ok(Ok(groups.clone())),
                "{written}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOWS: &str = "[Unicode]\r\nUnicode=yes\r\n[Version]\r\nsignature=\"$CHICAGO$\"\r\n\
        Revision=1\r\n[Group Membership]\r\n\
        *S-1-5-32-544__Memberof =\r\n\
        *S-1-5-32-544__Members = *S-1-5-21-1-2-3-512,CORP\\Wks Admins\r\n\
        CORP\\Wks Admins__Memberof = *S-1-5-32-544\r\n\
        Power Users__Members =\r\n\
        Silent__Memberof =\r\n\
        [Privilege Rights]\r\nSeBackupPrivilege = *S-1-5-32-551\r\n";

    fn names(list: &[AccountName]) -> Vec<&str> {
        list.iter().map(AccountName::as_str).collect()
    }

    #[test]
    fn a_file_of_windows_is_read_in_either_encoding() {
        for encoding in [Encoding::Utf16Le, Encoding::Utf8] {
            let text = decode(&encode(WINDOWS, encoding)).unwrap();
            let text = text.strip_prefix(MARK).unwrap_or(&text);
            let groups = read(text).unwrap();
            assert_eq!(groups.len(), 3);
            assert_eq!(groups[0].group.as_str(), "*S-1-5-32-544");
            let members = groups[0].members.as_deref().unwrap();
            assert_eq!(names(members), ["*S-1-5-21-1-2-3-512", r"CORP\Wks Admins"]);
            assert_eq!(names(&groups[1].member_of), ["*S-1-5-32-544"]);
            assert_eq!(groups[1].members, None);
            // Empty Members must be empty; empty Memberof says nothing, and Silent is gone.
            assert_eq!(groups[2].members, Some(vec![]));
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let text = "[Group Membership]\n\nadm = anna\nadm__Members anna\n-x__Members = a\n\
            adm__Members = a,b;c\nadm__Members = a\nadm__Members = b\nadm__Memberof = adm\n";
        let errors = read(text).unwrap_err();
        let told: Vec<(usize, &str)> = errors
            .iter()
            .map(|error| (error.line, error.problem.as_str()))
            .collect();
        assert_eq!(
            told.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [3, 4, 5, 6, 8, 9]
        );
        for (at, part) in [
            "ends neither",
            "has no =",
            "hyphen",
            "';'",
            "already",
            "in itself",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(told[at].1.contains(part), "{:?}", told[at]);
        }
        assert_eq!(errors[0].to_string().split(':').next(), Some("line 3"));
    }

    #[test]
    fn octets_that_are_no_text_are_told() {
        assert_eq!(decode(&[0xff, 0xfe, 0x41]), Err(EncodingError::Utf16));
        assert_eq!(decode(&[0xff, 0xfe, 0x00, 0xd8]), Err(EncodingError::Utf16));
        assert_eq!(
            decode(&[0xfe, 0xff, 0, 0x41]),
            Err(EncodingError::BigEndian)
        );
        assert_eq!(decode(&[0x80]), Err(EncodingError::Utf8));
        assert_eq!(
            decode(&vec![b'a'; FILE_OCTETS_MAX + 1]),
            Err(EncodingError::Long)
        );
        assert_eq!(decode(b"\xef\xbb\xbfa"), Ok("a".to_owned()));
    }

    #[test]
    fn what_the_format_has_no_word_for_is_a_remark() {
        let group: RestrictedGroup =
            serde_json::from_str(r#"{"group":"adm","add":["anna","bo"],"remove":["cy"]}"#).unwrap();
        let text = write(&[group]);
        assert!(
            text.contains("\r\nanna__Memberof = adm\r\nbo__Memberof = adm\r\n"),
            "{text}"
        );
        assert!(
            text.contains("; not to be said here: remove from adm: cy"),
            "{text}"
        );
        assert_eq!(read(&text).unwrap().len(), 2);
    }

    fn some_name() -> impl Strategy<Value = AccountName> {
        let text = prop_oneof![
            "[a-zA-Z_åß][a-zA-Z0-9_. -]{0,10}[a-z0-9]",
            "[A-Z]{1,8}\\\\[a-zA-Z][a-z ]{0,8}[a-z]",
            "\\*S-1-5-21(-[0-9]{1,10}){1,4}",
            "[a-z]{1,8}@[a-z]{1,8}\\.example",
        ];
        text.prop_filter_map("no name", |text| text.parse().ok())
    }

    fn some_groups() -> impl Strategy<Value = Vec<RestrictedGroup>> {
        let list = || prop::collection::vec(some_name(), 0..4);
        let group = (some_name(), prop::option::of(list()), list());
        prop::collection::vec(group, 0..6).prop_map(|all| {
            let mut groups: Vec<RestrictedGroup> = Vec::new();
            for (name, members, member_of) in all {
                let mut group = RestrictedGroup::new(name);
                let distinct = |list: Vec<AccountName>| {
                    let mut out: Vec<AccountName> = Vec::new();
                    for one in list {
                        if !out.contains(&one) {
                            out.push(one);
                        }
                    }
                    out
                };
                group.members = members.map(distinct);
                group.member_of = distinct(member_of);
                group.member_of.retain(|of| *of != group.group);
                let says = group.members.is_some() || !group.member_of.is_empty();
                if says && !groups.iter().any(|known| known.group == group.group) {
                    groups.push(group);
                }
            }
            groups
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(groups in some_groups()) {
            for encoding in [Encoding::Utf16Le, Encoding::Utf8] {
                let text = decode(&encode(&write(&groups), encoding)).unwrap();
                prop_assert_eq!(read(&text), Ok(groups.clone()));
            }
        }

        #[test]
        fn no_octets_upset_the_reader(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz(&octets);
        }

        #[test]
        fn no_lines_upset_the_reader(lines in "(\\[Group Membership\\]\n)?([ -~åß\u{202e}]{0,40}\n){0,8}") {
            fuzz(lines.as_bytes());
        }
    }
}
