//! Accounts and groups as the system's own tools tell them. Each run is bounded in time and in what it
//! may say.
//!
//! Never here: what a line means. Invariant: whoever calls gives no name that begins with a hyphen.

use std::{
    io::{self, Read},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{io::AsyncReadExt, process::Command};

/// The program that is asked.
const GETENT: &str = "getent";
/// The source of the host's own accounts.
const OWN_SOURCE: &str = "files";
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
pub enum ToolError {
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
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it said.
    pub said: String,
    /// What it complained of, on one line.
    pub complaint: String,
}

/// Runs a tool.
///
/// # Errors
/// It cannot be run, takes too long or says too much.
pub async fn run(program: &'static str, arguments: &[&str]) -> Result<Ended, ToolError> {
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
    let program = GETENT;
    let ended = run(program, &["-s", source, database, name]).await?;
    match ended.code {
        Some(0) => {
            let mut lines = ended.said.lines();
            match (lines.next(), lines.next()) {
                (Some(line), None) => Ok(Some(line.to_owned())),
                _ => Err(ToolError::unreadable(&ended.said)),
            }
        }
        Some(NOT_FOUND) => Ok(None),
        _ => Err(ToolError::Refused {
            program,
            said: ended.complaint,
        }),
    }
}

impl ToolError {
    /// The error of a line of `getent` that is no entry.
    pub fn unreadable(said: &str) -> ToolError {
        let end = said.floor_char_boundary(COMPLAINT_OCTETS_MAX);
        ToolError::Unreadable {
            program: GETENT,
            said: said.get(..end).unwrap_or_default().to_owned(),
        }
    }
}

/// What one source of accounts says of a name: a line of passwd(5), or else one of group(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The source: `files` for the host's own.
    pub source: String,
    /// The line of the account.
    pub account: Option<String>,
    /// The line of the group, asked for where there is no account.
    pub group: Option<String>,
}

/// What the host's own files and these domains say of a name, the host's own first. `answers` says
/// whether a line is of an account of that name: of a number `getent` gives whoever has it.
///
/// # Errors
/// [`ToolError`]: a source cannot be asked.
pub async fn find(
    name: &str,
    domains: &[String],
    answers: impl Fn(&str) -> bool,
) -> Result<Vec<Found>, ToolError> {
    let mut all = Vec::new();
    for source in std::iter::once(OWN_SOURCE).chain(domains.iter().map(String::as_str)) {
        let account = entry(source, "passwd", name).await?;
        let account = account.filter(|line| answers(line));
        let group = match account {
            Some(_) => None,
            None => entry(source, "group", name).await?,
        };
        all.push(Found {
            source: source.to_owned(),
            account,
            group,
        });
    }
    Ok(all)
}

/// The line of a group of the host's own.
///
/// # Errors
/// [`ToolError`]: it cannot be asked for.
pub async fn own_group(name: &str) -> Result<Option<String>, ToolError> {
    entry(OWN_SOURCE, "group", name).await
}

/// The lines of the host's own accounts.
///
/// # Errors
/// [`ToolError`]: they cannot be asked for.
pub async fn own_accounts() -> Result<Vec<String>, ToolError> {
    let program = GETENT;
    let ended = run(program, &["-s", OWN_SOURCE, "passwd"]).await?;
    match ended.code {
        Some(0) => Ok(ended.said.lines().map(str::to_owned).collect()),
        _ => Err(ToolError::Refused {
            program,
            said: ended.complaint,
        }),
    }
}

/// The sources of accounts besides the host's own files, in their order.
pub fn domains() -> Vec<String> {
    let text = read_bounded(Path::new(NSSWITCH)).unwrap_or_default();
    domains_of(&text)
}

fn read_bounded(path: &Path) -> io::Result<String> {
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
    async fn this_host_knows_root_and_nobody_of_no_name() {
        let is_root = |line: &str| line.starts_with("root:");
        let found = find("root", &[], is_root).await.unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].account.as_deref().unwrap().starts_with("root:"));
        // Of a number it gives the account that has it.
        let number = find("0", &[], |line| line.starts_with("0:")).await.unwrap();
        assert_eq!(number[0].account, None);
        let nobody = find("nobody-of-this-name", &[], |_| true).await.unwrap();
        assert_eq!((&nobody[0].account, &nobody[0].group), (&None, &None));
        assert!(
            own_group("root")
                .await
                .unwrap()
                .unwrap()
                .starts_with("root:")
        );
        assert!(
            own_accounts()
                .await
                .unwrap()
                .iter()
                .any(|line| is_root(line))
        );
        // A domain that knows nobody is asked after this host.
        let nobody = ["no_such_source".to_owned()];
        let both = find("root", &nobody, is_root).await.unwrap();
        assert_eq!((both.len(), &both[1].account), (2, &None));
    }
}
