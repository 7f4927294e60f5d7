//! Restricted groups: who is to be in a group of a host, as policies say it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    FieldError,
    address::text_form,
    object::Validate,
    policy::{OwnGroup, is_below_own, own},
};

/// Characters of a name (MS-GPSB 2.2.10: 256).
const NAME_CHARS_MAX: usize = 256;
/// Names in one list.
pub(super) const LIST_MAX: usize = 1_000;
/// What no name of an account has in Windows, in `/etc/group` or on a command line.
const REFUSED: &str = "\"/[]:;|=,+*?<>!$`'(){}&#~";

/// The name of an account or a group on a host: `anna`, `.\anna` (this host's own), `CORP\anna`,
/// `anna@corp.example`, or a SID, `*S-1-5-32-544`.
///
/// It can be put on a command line: it does not begin with a hyphen and has no character that a
/// program or a file of accounts reads as its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(Box<str>);

/// A text that is no name of an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no name of an account or group: {problem}")]
pub struct AccountNameError {
    found: String,
    problem: String,
}

impl AccountName {
    /// The account of the superuser.
    pub fn root() -> Self {
        AccountName("root".into())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SID, without its asterisk, where the name is one.
    pub fn sid(&self) -> Option<&str> {
        self.0.strip_prefix('*')
    }

    /// The bare name, where it is said to be one of the host itself: `.\anna`.
    pub fn local(&self) -> Option<&str> {
        self.0.strip_prefix(".\\")
    }

    /// True where it says neither a domain nor the host, and is no SID.
    pub fn is_bare(&self) -> bool {
        !self.0.contains(['\\', '@', '*'])
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let name = text.trim();
        let fail = |problem: String| {
            Err(AccountNameError {
                found: text.chars().take(NAME_CHARS_MAX).collect(),
                problem,
            })
        };
        let chars = name.chars().count();
        if chars == 0 || chars > NAME_CHARS_MAX {
            return fail(format!(
                "it has {chars} characters; 1 to {NAME_CHARS_MAX} are allowed"
            ));
        }
        if let Some(sid) = name.strip_prefix('*') {
            return match is_sid(sid) {
                true => Ok(AccountName(format!("*{}", sid.to_ascii_uppercase()).into())),
                false => fail("after * a SID is expected, such as *S-1-5-32-544".to_owned()),
            };
        }
        if name.starts_with('-') {
            return fail("it begins with a hyphen, which programs take for an option".to_owned());
        }
        // A machine's account ends with a dollar sign; nowhere else has it one.
        let body = name.strip_suffix('$').unwrap_or(name);
        let strange = |c: char| c.is_control() || c.is_whitespace() && c != ' ';
        let found = body.chars().find(|c| strange(*c) || REFUSED.contains(*c));
        if let Some(c) = found.or_else(|| invisible(body)) {
            return fail(format!("it has the character {c:?}"));
        }
        let (domain, account) = body.split_once('\\').unwrap_or(("x", body));
        if domain.is_empty() || account.is_empty() || account.contains('\\') {
            return fail("write DOMAIN\\NAME with one backslash".to_owned());
        }
        if account.starts_with(['-', ' ']) || account == "." || account == ".." {
            return fail("the name behind the backslash is none".to_owned());
        }
        Ok(AccountName(name.into()))
    }
}

/// A character that is not seen, or turns what is seen round.
fn invisible(name: &str) -> Option<char> {
    name.chars().find(|c| {
        matches!(*c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}

/// S-1-, an authority, and 1 to 15 numbers (MS-DTYP 2.4.2.1).
fn is_sid(text: &str) -> bool {
    let mut parts = text.split('-');
    let begins =
        parts.next().is_some_and(|s| s.eq_ignore_ascii_case("s")) && parts.next() == Some("1");
    let numbers: Vec<&str> = parts.collect();
    let is_number = |part: &&str| {
        !part.is_empty() && part.len() <= 15 && part.bytes().all(|b| b.is_ascii_digit())
    };
    begins && (2..=16).contains(&numbers.len()) && numbers.iter().all(is_number)
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(AccountName, "account-name");

/// Who is to be in a group of a host.
///
/// `members` is absolute: everybody else is taken out, and an empty list empties the group. `add`,
/// `remove` and `member_of` touch whom they name and nobody else; left out or empty, they say
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictedGroup {
    /// The group; with `member_of` it may be an account. `mailward\administrators` are those who
    /// may administer Mailward besides root and its own user, `mailward\server_management` and the
    /// like the role groups of administrators.
    pub group: AccountName,
    /// Its members, and no others. Empty: it must have none. Unset: they are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<AccountName>>,
    /// Who must be in it, whoever else is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<AccountName>,
    /// Who must not be in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<AccountName>,
    /// Groups that it must be in. Nothing is taken out by this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_of: Vec<AccountName>,
}

impl RestrictedGroup {
    /// A group of which nothing is said yet.
    pub fn new(group: AccountName) -> Self {
        RestrictedGroup {
            group,
            members: None,
            add: Vec::new(),
            remove: Vec::new(),
            member_of: Vec::new(),
        }
    }
}

impl Validate for RestrictedGroup {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field: &str, problem: String, mend: &str| {
            errors.push(FieldError::new(field, problem, mend));
        };
        let says_changes = !self.add.is_empty() || !self.remove.is_empty();
        if self.members.is_some() && says_changes {
            error(
                "members",
                "the exact members are said, and changes of them as well".to_owned(),
                "say either members, or add and remove",
            );
        }
        if self.members.is_none() && !says_changes && self.member_of.is_empty() {
            error(
                "group",
                format!("nothing is said about {}", self.group),
                "set members, add, remove or member_of",
            );
        }
        if let Some(both) = self.add.iter().find(|name| self.remove.contains(name)) {
            error(
                "remove",
                format!("{both} is to be added as well"),
                "decide on one",
            );
        }
        if self.member_of.contains(&self.group) {
            error(
                "member_of",
                "it would be in itself".to_owned(),
                "take it out",
            );
        }
        let strange = |group: &&AccountName| is_below_own(group) && own(group).is_none();
        let groups = std::iter::once(&self.group).chain(&self.member_of);
        for group in groups.filter(strange) {
            let known: Vec<String> = OwnGroup::all().map(OwnGroup::name).collect();
            error(
                "group",
                format!("{group} is no group of Mailward's own"),
                &format!("choose among {}", known.join(", ")),
            );
        }
        for (field, list) in [
            ("members", self.members.as_deref().unwrap_or_default()),
            ("add", &self.add),
            ("remove", &self.remove),
            ("member_of", &self.member_of),
        ] {
            if list.len() > LIST_MAX {
                error(
                    field,
                    format!("{} names, the limit is {LIST_MAX}", list.len()),
                    "use a group of the domain instead",
                );
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_command_line_would_misread_are_none() {
        for name in [
            "anna",
            "Wks Admins",
            r"CORP\Wks Admins",
            r".\anna",
            "anna@corp.example",
            "_apt",
            "PC17$",
            "åsa",
        ] {
            assert_eq!(name.parse::<AccountName>().unwrap().as_str(), name);
        }
        let sid: AccountName = "*s-1-5-32-544".parse().unwrap();
        assert_eq!(sid.sid(), Some("S-1-5-32-544"));
        for hostile in [
            "",
            " ",
            "-d",
            "--root=/x",
            r"CORP\-a",
            "a,b",
            "a:b",
            "a\nb",
            "a\0b",
            "$(id)",
            "`id`",
            "a;b",
            "a|b",
            "a'b",
            "a\"b",
            "*",
            "*S-1",
            "*S-1-5-x",
            "a\\b\\c",
            "\\a",
            "a\\",
            "!a",
            "a\u{200b}b",
            "a\u{202e}b",
            "+a",
            "a/../b",
            "a\tb",
            &"a".repeat(257),
        ] {
            assert!(hostile.parse::<AccountName>().is_err(), "{hostile:?}");
        }
    }

    #[test]
    fn an_empty_list_and_no_list_are_two_things() {
        let read = |text: &str| serde_json::from_str::<RestrictedGroup>(text).unwrap();
        let empty = read(r#"{"group":"adm","members":[]}"#);
        assert_eq!(
            (empty.members.as_deref(), empty.validate()),
            (Some(&[][..]), vec![])
        );
        assert_eq!(
            serde_json::to_string(&empty).unwrap(),
            r#"{"group":"adm","members":[]}"#
        );
        let silent = read(r#"{"group":"adm","member_of":[]}"#);
        assert_eq!(silent.validate()[0].field, "group");
        let both = read(r#"{"group":"adm","members":["a"],"add":["b"]}"#);
        assert_eq!(both.validate()[0].field, "members");
        let twice = read(r#"{"group":"adm","add":["b"],"remove":["b"]}"#);
        assert_eq!(twice.validate()[0].field, "remove");
    }
}
