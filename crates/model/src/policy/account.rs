//! Accounts and groups as the host tells them, and what a name of a policy means among them. Pure.

use std::collections::BTreeSet;

use mailward_model::kind::AccountName;

/// Fields of a line of accounts (passwd(5)).
const ACCOUNT_FIELDS: usize = 7;
/// Fields of a line of groups (group(5)).
const GROUP_FIELDS: usize = 4;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// Its name, as the host writes it.
    pub name: AccountName,
    /// Its number.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Its name, as the host writes it.
    pub name: AccountName,
    /// Its number.
    pub gid: u32,
    /// Its members that can be put on a command line.
    pub members: BTreeSet<AccountName>,
    /// Members that cannot: they are told, and left alone.
    pub strange: Vec<String>,
}

/// Whether the entry `found` is the one that was asked for: of a number a tool gives the entry with
/// this number, and of a domain's name one that is written otherwise.
fn answers(found: &AccountName, asked: &str) -> bool {
    let found = found.as_str();
    if found == asked {
        return true;
    }
    let bare = asked.rsplit_once('\\').map(|(_, name)| name);
    let bare = bare.or_else(|| asked.split_once('@').map(|(name, _)| name));
    let same = |name: &str| found.eq_ignore_ascii_case(name);
    same(asked) && bare.is_some() || bare.is_some_and(same)
}

impl Account {
    /// An account of a line of passwd(5).
    pub(super) fn parse(line: &str) -> Option<Account> {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            [name, _, uid, gid, _, _, _] if fields.len() == ACCOUNT_FIELDS => Some(Account {
                name: exact(name)?,
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            }),
            _ => None,
        }
    }

    /// True where it is what this name asks for.
    pub(super) fn answers(&self, asked: &str) -> bool {
        answers(&self.name, asked)
    }
}

impl Group {
    /// A group of a line of group(5).
    pub(super) fn parse(line: &str) -> Option<Group> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields.as_slice() else {
            return None;
        };
        let mut group = Group {
            name: exact(name)?,
            gid: gid.parse().ok()?,
            members: BTreeSet::new(),
            strange: Vec::new(),
        };
        debug_assert_eq!(fields.len(), GROUP_FIELDS);
        for member in members.split(',').filter(|member| !member.is_empty()) {
            match exact(member) {
                Some(name) => drop(group.members.insert(name)),
                None => group.strange.push(member.chars().take(64).collect()),
            }
        }
        Some(group)
    }

    /// True where it is what this name asks for.
    pub(super) fn answers(&self, asked: &str) -> bool {
        answers(&self.name, asked)
    }
}

/// A name that is written as it is read, and is no SID.
fn exact(text: &str) -> Option<AccountName> {
    let name: AccountName = text.parse().ok()?;
    (name.as_str() == text && name.sid().is_none() && name.local().is_none()).then_some(name)
}

/// What one source of accounts says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The source: `files` for the host's own.
    pub source: String,
    /// The account of this name.
    pub account: Option<Account>,
    /// The group of this name.
    pub group: Option<Group>,
}

impl Candidate {
    fn described(&self) -> String {
        let place = match self.source.as_str() {
            "files" => "of this host".to_owned(),
            source => format!("of {source}"),
        };
        match (&self.account, &self.group) {
            (Some(account), _) => format!("account {} {place} (uid {})", account.name, account.uid),
            (None, Some(group)) => format!("group {} {place} (gid {})", group.name, group.gid),
            (None, None) => format!("nothing {place}"),
        }
    }

    fn same(&self, other: &Candidate) -> bool {
        match (&self.account, &other.account) {
            (Some(one), Some(other)) => one.uid == other.uid && one.name == other.name,
            (None, None) => match (&self.group, &other.group) {
                (Some(one), Some(other)) => one.gid == other.gid && one.name == other.name,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whom it means: the account, or else the group's members.
    fn accounts(&self) -> BTreeSet<AccountName> {
        match (&self.account, &self.group) {
            (Some(account), _) => BTreeSet::from([account.name.clone()]),
            (None, Some(group)) => group.members.clone(),
            (None, None) => BTreeSet::new(),
        }
    }
}

/// Why it cannot be told whom a name means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// Nobody has it.
    #[error("no account and no group has this name; make it, or take it out")]
    Nobody,
    /// It is a SID.
    #[error("a SID names no account of this host; import it with --map SID=NAME")]
    Sid,
    /// Several have it.
    #[error("it is ambiguous: {both}; write .\\{name} for this host's own, or DOMAIN\\{name}")]
    Ambiguous {
        /// The name.
        name: AccountName,
        /// Each of those who have it.
        both: String,
    },
}

/// Whom a name means, by what each source says of it, the host's own first.
///
/// # Errors
/// [`Unclear`]: it means nobody, or the sources disagree.
pub(super) fn resolve(
    name: &AccountName,
    candidates: &[Candidate],
) -> Result<BTreeSet<AccountName>, Unclear> {
    if name.sid().is_some() {
        return Err(Unclear::Sid);
    }
    let speaks = |one: &&Candidate| one.account.is_some() || one.group.is_some();
    let may = |one: &&Candidate| match (name.local(), name.is_bare()) {
        (Some(_), _) => one.source == "files",
        (None, true) => true,
        // A name with a domain is never one of the host itself.
        (None, false) => one.source != "files",
    };
    let found: Vec<&Candidate> = candidates.iter().filter(speaks).filter(may).collect();
    let Some(first) = found.first() else {
        return Err(Unclear::Nobody);
    };
    if found.iter().all(|other| first.same(other)) {
        return Ok(first.accounts());
    }
    let both: Vec<String> = found.iter().map(|one| one.described()).collect();
    Err(Unclear::Ambiguous {
        name: name.clone(),
        both: both.join(", and "),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> AccountName {
        text.parse().unwrap()
    }

    fn candidate(source: &str, account: Option<&str>, group: Option<&str>) -> Candidate {
        Candidate {
            source: source.to_owned(),
            account: account.map(|line| Account::parse(line).unwrap()),
            group: group.map(|line| Group::parse(line).unwrap()),
        }
    }

    const ANNA: &str = "anna:x:1001:1001:Anna:/home/anna:/bin/sh";
    const OTHER: &str = "anna:x:70001:70000:Anna of the domain:/home/anna:/bin/sh";

    fn meant(text: &str, candidates: &[Candidate]) -> Result<String, String> {
        let found = resolve(&name(text), candidates).map_err(|error| error.to_string())?;
        let names: Vec<&str> = found.iter().map(AccountName::as_str).collect();
        Ok(names.join(","))
    }

    #[test]
    fn a_bare_name_is_local_first_then_of_the_domain_and_never_two() {
        let local = candidate("files", Some(ANNA), Some("anna:x:1001:"));
        let domain = candidate("sss", Some(OTHER), None);
        let nobody = candidate("files", None, None);
        assert_eq!(
            meant("anna", &[local.clone(), candidate("sss", None, None)]),
            Ok("anna".into())
        );
        assert_eq!(
            meant("anna", &[nobody.clone(), domain.clone()]),
            Ok("anna".into())
        );
        let both = meant("anna", &[local.clone(), domain.clone()]).unwrap_err();
        for part in [
            "ambiguous",
            "uid 1001",
            "uid 70001",
            "of this host",
            "of sss",
        ] {
            assert!(both.contains(part), "{both}");
        }
        assert_eq!(
            meant(r".\anna", &[local.clone(), domain.clone()]),
            Ok("anna".into())
        );
        assert_eq!(
            meant(r"CORP\anna", &[local.clone(), domain]),
            Ok("anna".into())
        );
        // The same account from two sources is one.
        assert_eq!(
            meant(
                "anna",
                &[
                    local.clone(),
                    Candidate {
                        source: "sss".into(),
                        ..local.clone()
                    }
                ]
            ),
            Ok("anna".into())
        );
        // A group of the domain with the name of an account here.
        let group = candidate("sss", None, Some("anna:*:70009:bo,cy"));
        assert!(
            meant("anna", &[local, group.clone()])
                .unwrap_err()
                .contains("gid 70009")
        );
        assert_eq!(meant("anna", &[nobody.clone(), group]), Ok("bo,cy".into()));
        assert!(meant("anna", &[nobody]).unwrap_err().contains("no account"));
        assert!(meant("*S-1-5-32-544", &[]).unwrap_err().contains("--map"));
    }

    #[test]
    fn what_a_tool_says_is_read_strictly() {
        assert_eq!(Account::parse(ANNA).unwrap().uid, 1001);
        for line in [
            "",
            "anna",
            "anna:x:1001:1001:a:b",
            "anna:x:-1:1:a:b:c",
            "-a:x:1:1:::",
            "a b\t:x:1:1:::",
            "a:x:1:1::::",
        ] {
            assert_eq!(Account::parse(line), None, "{line:?}");
        }
        let group = Group::parse("adm:x:4:anna,-R,$(id),bo").unwrap();
        assert_eq!(group.members.len(), 2);
        assert_eq!(group.strange, ["-R", "$(id)"]);
        for line in ["", "adm:x:4", "adm:x:4:a:b", "adm:x:x:a", "--root:x:4:"] {
            assert_eq!(Group::parse(line), None, "{line:?}");
        }
        // A number is answered with the entry that has it.
        let root = Account::parse("root:x:0:0::/root:/bin/sh").unwrap();
        assert!(!root.answers("0") && root.answers("root") && !root.answers("ROOT"));
        assert!(root.answers(r"CORP\root") && root.answers("root@corp.example"));
    }

    proptest! {
        #[test]
        fn no_line_upsets_the_reader(line in "[ -~åß\u{202e}:,]{0,60}") {
            let _ = Account::parse(&line);
            if let Some(group) = Group::parse(&line) {
                for member in group.members {
                    prop_assert!(!member.as_str().starts_with('-'));
                    prop_assert!(!member.as_str().contains([',', ':', '\n', '\0']));
                }
            }
        }
    }
}
