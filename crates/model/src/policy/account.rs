//! Accounts and groups as the host tells them, and what a name of a policy means among them. Pure.

use std::collections::BTreeSet;

use crate::kind::AccountName;

/// Fields of a line of accounts (passwd(5)).
const ACCOUNT_FIELDS: usize = 7;
/// Fields of a line of groups (group(5)).
const GROUP_FIELDS: usize = 4;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name, as the host writes it.
    pub name: AccountName,
    /// Its number.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name, as the host writes it.
    pub name: AccountName,
    /// Its number; a group of Mailward's own has none.
    pub gid: Option<u32>,
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
    pub fn parse(line: &str) -> Option<Account> {
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
    pub fn answers(&self, asked: &str) -> bool {
        answers(&self.name, asked)
    }
}

impl Group {
    /// A group of Mailward's own.
    pub fn own(name: AccountName, members: BTreeSet<AccountName>) -> Group {
        Group {
            name,
            gid: None,
            members,
            strange: Vec::new(),
        }
    }

    /// A group of a line of group(5).
    pub fn parse(line: &str) -> Option<Group> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields.as_slice() else {
            return None;
        };
        let mut group = Group {
            name: exact(name)?,
            gid: Some(gid.parse().ok()?),
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
    pub fn answers(&self, asked: &str) -> bool {
        answers(&self.name, asked)
    }
}

/// A name that is written as it is read, and is no SID.
fn exact(text: &str) -> Option<AccountName> {
    let name: AccountName = text.parse().ok()?;
    (name.as_str() == text && name.sid().is_none() && name.local().is_none()).then_some(name)
}

/// Somebody whom a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whether it is the host's own, or Mailward's, and no domain's.
    pub is_own: bool,
    /// Two candidates with one mark are one.
    mark: String,
    /// What people are told it is.
    described: String,
    /// Whom it means: the account, or else the group's members.
    pub accounts: BTreeSet<AccountName>,
    /// The number of the account, where it is one of the host.
    pub uid: Option<u32>,
}

impl Candidate {
    /// What one source of accounts says of a name: the account, or else the group. The source of the
    /// host's own is `files`.
    pub fn on_host(source: &str, account: Option<Account>, group: Option<Group>) -> Option<Self> {
        let is_own = source == OWN_SOURCE;
        let place = match is_own {
            true => "of this host".to_owned(),
            false => format!("of {source}"),
        };
        let (mark, accounts, uid) = match (account, group) {
            (Some(Account { name, uid, .. }), _) => {
                let mark = format!("account {name}, uid {uid}");
                (mark, BTreeSet::from([name]), Some(uid))
            }
            (None, Some(group)) => {
                let gid = group
                    .gid
                    .map_or_else(String::new, |gid| format!(", gid {gid}"));
                (format!("group {}{gid}", group.name), group.members, None)
            }
            (None, None) => return None,
        };
        let described = match mark.split_once(", ") {
            Some((what, number)) => format!("{what} {place} ({number})"),
            None => mark.clone(),
        };
        Some(Candidate {
            is_own,
            mark,
            described,
            accounts,
            uid,
        })
    }

    /// The same of lines of passwd(5) and group(5) that `source` gave for the name that was asked
    /// for; who does not answer it is nobody.
    ///
    /// # Errors
    /// The line that is none.
    pub fn read(
        asked: &str,
        source: &str,
        account: Option<&str>,
        group: Option<&str>,
    ) -> Result<Option<Self>, String> {
        let account = account.map(|line| Account::parse(line).ok_or_else(|| line.to_owned()));
        let group = group.map(|line| Group::parse(line).ok_or_else(|| line.to_owned()));
        let account = account.transpose()?.filter(|one| one.answers(asked));
        let group = group.transpose()?.filter(|one| one.answers(asked));
        Ok(Candidate::on_host(source, account, group))
    }

    /// An object that administers, by its name: `administrator anna`, `node mx1.example.org`. One of
    /// a domain has a domain in its name.
    pub fn object(what: &str, name: AccountName) -> Self {
        let mark = format!("{what} {name}");
        Candidate {
            is_own: !name.as_str().contains('@'),
            described: mark.clone(),
            mark,
            accounts: BTreeSet::from([name]),
            uid: None,
        }
    }

    /// A group of Mailward's own, with its members; `mailward` is written like a domain.
    pub fn own_group(name: &str, members: BTreeSet<AccountName>) -> Self {
        Candidate {
            is_own: false,
            mark: format!("group {name}"),
            described: format!("group {name}"),
            accounts: members,
            uid: None,
        }
    }
}

/// The source of the host's own accounts.
pub const OWN_SOURCE: &str = "files";

/// Why it cannot be told whom a name means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Nobody has it.
    #[error("no account and no group has this name; make it, or take it out")]
    Nobody,
    /// No administrator has it.
    #[error(
        "no administrator has this name, and no node where it ends with $; make one, or take it out"
    )]
    NoAdministrator,
    /// Two groups are members of each other.
    #[error("the groups are members of each other; take one out of the other")]
    Circle,
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

/// Which of those whom a name may mean it means, the host's own given first: a bare name is looked for
/// here, then in the domains, and means nobody where it is two.
///
/// # Errors
/// [`Unclear`]: it means nobody, or several.
pub fn resolve<'a>(
    name: &AccountName,
    candidates: &'a [Candidate],
) -> Result<&'a Candidate, Unclear> {
    if name.sid().is_some() {
        return Err(Unclear::Sid);
    }
    let may = |one: &&Candidate| match (name.local(), name.is_bare()) {
        (Some(_), _) => one.is_own,
        (None, true) => true,
        // A name with a domain is never one of the host itself.
        (None, false) => !one.is_own,
    };
    let found: Vec<&Candidate> = candidates.iter().filter(may).collect();
    let Some(first) = found.first() else {
        return Err(Unclear::Nobody);
    };
    if found.iter().all(|other| first.mark == other.mark) {
        return Ok(first);
    }
    let both: Vec<&str> = found.iter().map(|one| one.described.as_str()).collect();
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

    fn candidate(source: &str, account: Option<&str>, group: Option<&str>) -> Option<Candidate> {
        Candidate::on_host(
            source,
            account.map(|line| Account::parse(line).unwrap()),
            group.map(|line| Group::parse(line).unwrap()),
        )
    }

    const ANNA: &str = "anna:x:1001:1001:Anna:/home/anna:/bin/sh";
    const OTHER: &str = "anna:x:70001:70000:Anna of the domain:/home/anna:/bin/sh";

    fn meant(text: &str, candidates: &[Option<Candidate>]) -> Result<String, String> {
        let candidates: Vec<Candidate> = candidates.iter().flatten().cloned().collect();
        let found = resolve(&name(text), &candidates).map_err(|error| error.to_string())?;
        let names: Vec<&str> = found.accounts.iter().map(AccountName::as_str).collect();
        Ok(names.join(","))
    }

    #[test]
    fn a_bare_name_is_local_first_then_of_the_domain_and_never_two() {
        let local = candidate("files", Some(ANNA), Some("anna:x:1001:"));
        let domain = candidate("sss", Some(OTHER), None);
        assert_eq!(meant("anna", &[local.clone(), None]), Ok("anna".into()));
        assert_eq!(meant("anna", &[None, domain.clone()]), Ok("anna".into()));
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
        let pair = [local.clone(), domain];
        assert_eq!(meant(r".\anna", &pair), Ok("anna".into()));
        assert_eq!(meant(r"CORP\anna", &pair), Ok("anna".into()));
        // The same account from two sources is one.
        let again = candidate("sss", Some(ANNA), None);
        assert_eq!(meant("anna", &[local.clone(), again]), Ok("anna".into()));
        // A group of the domain with the name of an account here.
        let group = candidate("sss", None, Some("anna:*:70009:bo,cy"));
        let both = meant("anna", &[local, group.clone()]).unwrap_err();
        assert!(both.contains("gid 70009"), "{both}");
        assert_eq!(meant("anna", &[None, group]), Ok("bo,cy".into()));
        assert!(meant("anna", &[None]).unwrap_err().contains("no account"));
        assert!(meant("*S-1-5-32-544", &[]).unwrap_err().contains("--map"));
        // Of those who administer: by name here, or by name and domain.
        let here = Some(Candidate::object("administrator", name("anna")));
        let there = Some(Candidate::object(
            "administrator",
            name("anna@corp.example"),
        ));
        let both = meant("anna", &[here.clone(), there.clone()]).unwrap_err();
        assert!(both.contains("administrator anna, and administrator anna@corp"));
        assert_eq!(meant(r".\anna", &[here, there]), Ok("anna".into()));
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
