//! The system's own tools for accounts and groups, run: `getent` asks, `gpasswd` changes. Each run is
//! bounded in time and in what it may say, and what it says is read strictly.
//!
//! Invariant: no name stands on a command line that [`AccountName`] would refuse.

use std::{io, path::Path, process::Stdio, time::Duration};

use mailward_model::{kind::AccountName, policy::MemberChange};
use tokio::{io::AsyncReadExt, process::Command};

use super::account::{Account, Group};

/// How long one tool may take; a domain's server that is away makes `getent` slow.
const RUN_MAX: Duration = Duration::from_secs(20);
/// Octets of what a tool may say: a group of 10,000 names of a domain.
const SAID_OCTETS_MAX: u64 = 1 << 20;
/// Octets of a complaint that are told.
const COMPLAINT_OCTETS_MAX: usize = 300;
/// Where tools are looked for, whatever the role was started with.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What `getent` ends with where there is no such entry.
const NOT_FOUND: i32 = 2;
/// Which sources of accounts there are.
const NSSWITCH: &str = "/etc/nsswitch.conf";
/// Octets of that file that are read.
const NSSWITCH_OCTETS_MAX: u64 = 64 << 10;
/// Sources besides the host's own files.
const SOURCES_MAX: usize = 8;

/// Why accounts and groups cannot be asked for or changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolError {
    /// The program cannot be run.
    #[error("{program} cannot be run: {source}; install the package that has it")]
    Run {
        /// Which.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It takes too long.
    #[error("{0} did not end within {RUN_MAX:?}")]
    Time(&'static str),
    /// It says too much.
    #[error("{0} says more than {SAID_OCTETS_MAX} octets")]
    Long(&'static str),
    /// It refuses.
    #[error("{program} refuses: {said}")]
    Refused {
        /// Which.
        program: &'static str,
        /// Its words.
        said: String,
    },
    /// It says what cannot be understood.
    #[error("{program} says {said:?}, which is no entry")]
    Unreadable {
        /// Which.
        program: &'static str,
        /// Its words.
        said: String,
    },
}

/// What a run ended with.
struct Ended {
    code: Option<i32>,
    said: String,
    complaint: String,
}

async fn run(program: &'static str, arguments: &[&str]) -> Result<Ended, ToolError> {
    let fail = |source| ToolError::Run { program, source };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(fail)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let running = async {
        let said = async {
            let mut octets = Vec::new();
            if let Some(stdout) = stdout {
                let mut stdout = stdout.take(SAID_OCTETS_MAX + 1);
                stdout.read_to_end(&mut octets).await?;
            }
            Ok::<_, io::Error>(octets)
        };
        let complaint = async {
            let mut octets = Vec::new();
            if let Some(stderr) = stderr {
                let mut stderr = stderr.take(SAID_OCTETS_MAX);
                stderr.read_to_end(&mut octets).await?;
            }
            Ok::<_, io::Error>(octets)
        };
        let (said, complaint) = tokio::try_join!(said, complaint)?;
        // Who says more than is read waits for a reader: it is ended instead.
        if said.len() as u64 > SAID_OCTETS_MAX {
            let _ = child.start_kill();
        }
        Ok::<_, io::Error>((said, complaint, child.wait().await?))
    };
    let ended = tokio::time::timeout(RUN_MAX, running).await;
    let (said, complaint, status) = ended.map_err(|_| ToolError::Time(program))?.map_err(fail)?;
    if said.len() as u64 > SAID_OCTETS_MAX {
        return Err(ToolError::Long(program));
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.trim().replace(|c: char| c.is_control(), " ");
    let end = complaint.floor_char_boundary(COMPLAINT_OCTETS_MAX);
    Ok(Ended {
        code: status.code(),
        said: String::from_utf8_lossy(&said).into_owned(),
        complaint: complaint.get(..end).unwrap_or_default().to_owned(),
    })
}

/// One line that `getent` says of a name; `None` where it knows none.
async fn entry(source: &str, database: &str, name: &str) -> Result<Option<String>, ToolError> {
    let program = "getent";
    let ended = run(program, &["-s", source, database, name]).await?;
    match ended.code {
        Some(0) => {
            let mut lines = ended.said.lines();
            match (lines.next(), lines.next()) {
                (Some(line), None) => Ok(Some(line.to_owned())),
                _ => Err(unreadable(program, &ended.said)),
            }
        }
        Some(NOT_FOUND) => Ok(None),
        _ => Err(ToolError::Refused {
            program,
            said: ended.complaint,
        }),
    }
}

fn unreadable(program: &'static str, said: &str) -> ToolError {
    let end = said.floor_char_boundary(COMPLAINT_OCTETS_MAX);
    ToolError::Unreadable {
        program,
        said: said.get(..end).unwrap_or_default().to_owned(),
    }
}

/// The account of this name in a source.
pub(super) async fn account(source: &str, name: &str) -> Result<Option<Account>, ToolError> {
    let Some(line) = entry(source, "passwd", name).await? else {
        return Ok(None);
    };
    let account = Account::parse(&line).ok_or_else(|| unreadable("getent", &line))?;
    Ok(account.answers(name).then_some(account))
}

/// The group of this name in a source.
pub(super) async fn group(source: &str, name: &str) -> Result<Option<Group>, ToolError> {
    let Some(line) = entry(source, "group", name).await? else {
        return Ok(None);
    };
    let group = Group::parse(&line).ok_or_else(|| unreadable("getent", &line))?;
    Ok(group.answers(name).then_some(group))
}

/// The host's own accounts.
pub(super) async fn own_accounts() -> Result<Vec<Account>, ToolError> {
    let program = "getent";
    let ended = run(program, &["-s", "files", "passwd"]).await?;
    if ended.code != Some(0) {
        return Err(ToolError::Refused {
            program,
            said: ended.complaint,
        });
    }
    // A line of the file that is none keeps nobody else from being known.
    Ok(ended.said.lines().filter_map(Account::parse).collect())
}

/// Puts somebody into a group of the host, or takes him out.
pub(super) async fn change(
    group: &AccountName,
    member: &AccountName,
    change: MemberChange,
) -> Result<(), ToolError> {
    let program = "gpasswd";
    let option = match change {
        MemberChange::Add => "--add",
        MemberChange::Remove => "--delete",
    };
    let ended = run(program, &[option, member.as_str(), group.as_str()]).await?;
    match ended.code {
        Some(0) => Ok(()),
        _ => Err(ToolError::Refused {
            program,
            said: ended.complaint,
        }),
    }
}

/// The sources of accounts besides the host's own files, in their order.
pub(super) fn domains() -> Vec<String> {
    let text = read_bounded(Path::new(NSSWITCH)).unwrap_or_default();
    domains_of(&text)
}

fn read_bounded(path: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(NSSWITCH_OCTETS_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn domains_of(text: &str) -> Vec<String> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("passwd:"));
    let line = line
        .and_then(|line| line.split('#').next())
        .unwrap_or_default();
    // What stands in brackets is what to do after an answer, not a source.
    let outside = line
        .split('[')
        .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
    let outside: Vec<&str> = outside.flat_map(str::split_whitespace).collect();
    let is_own = |name: &str| matches!(name, "files" | "compat" | "db" | "systemd");
    let is_word = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let others = outside
        .into_iter()
        .filter(|name| !is_own(name) && is_word(name));
    others.take(SOURCES_MAX).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_those_of_the_switch() {
        for (text, expect) in [
            ("", &[][..]),
            ("group: files sss\n", &[]),
            ("passwd:         files systemd\n", &[]),
            (
                "# x\npasswd: files [NOTFOUND=return] sss winbind # ldap\n",
                &["sss", "winbind"],
            ),
            (
                "passwd: compat -s ../x extrausers\n",
                &["s", "extrausers"][1..],
            ),
        ] {
            assert_eq!(domains_of(text), expect, "{text:?}");
        }
    }

    #[tokio::test]
    async fn this_host_knows_root_and_no_number_stands_for_a_name() {
        let root = account("files", "root").await.unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.uid), ("root", 0));
        assert_eq!(account("files", "0").await.unwrap(), None);
        assert_eq!(account("files", "nobody-of-this-name").await.unwrap(), None);
        assert_eq!(group("files", "root").await.unwrap().unwrap().gid, 0);
        assert!(own_accounts().await.unwrap().contains(&root));
    }
}
