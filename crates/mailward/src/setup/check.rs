//! What setup looks at before a node serves: host name, ports, resolver, disk, rights.
//!
//! Each check says what it found and, where that is a fault, how to mend it. None changes anything,
//! but that folders to be written to are made.

use std::{
    fmt, fs,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    os::unix::{fs::DirBuilderExt, net::UnixStream},
    path::Path,
};

use mailward_host::listen;
use mailward_model::Domain;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// It will work, and someone should look.
    Doubtful,
    /// It will not work.
    Bad,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) what: &'static str,
    pub(crate) verdict: Verdict,
    /// What was found.
    pub(crate) found: String,
    /// What to do; empty where nothing is.
    pub(crate) mend: String,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Finding {
            what,
            verdict: Verdict::Good,
            found: found.into(),
            mend: String::new(),
        }
    }

    fn not_good(
        what: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Finding {
            what,
            verdict,
            found: found.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Doubtful => "look",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{mark}  {:<12} {}", self.what, self.found)?;
        if !self.mend.is_empty() {
            write!(f, "\n                   -> {}", self.mend)?;
        }
        Ok(())
    }
}

/// The host's name, as other servers will see it.
pub(crate) fn host_name(hostname: &Domain) -> Finding {
    let what = "host name";
    if !hostname.as_str().contains('.') {
        return Finding::not_good(
            what,
            Verdict::Doubtful,
            format!("{hostname} is a single label"),
            "other servers distrust it; name the host in full with --hostname mail.example.org",
        );
    }
    let own: Vec<IpAddr> = lookup(hostname.as_str());
    if own.is_empty() {
        return Finding::not_good(
            what,
            Verdict::Doubtful,
            format!("{hostname} has no address in DNS or /etc/hosts"),
            "publish an A or AAAA record for it; many servers refuse mail from a name without one",
        );
    }
    let addresses: Vec<String> = own.iter().map(IpAddr::to_string).collect();
    Finding::good(what, format!("{hostname} is {}", addresses.join(", ")))
}

fn lookup(name: &str) -> Vec<IpAddr> {
    use std::net::ToSocketAddrs;
    (name, 0)
        .to_socket_addrs()
        .map(|found| found.map(|address| address.ip()).collect())
        .unwrap_or_default()
}

/// Whether a node runs already with these folders.
pub(crate) fn is_running(run_dir: &Path) -> bool {
    UnixStream::connect(run_dir.join("manager.sock")).is_ok()
}

/// Whether an address can be listened on. Where this node is `running`, it is the one that does.
pub(crate) fn port(address: SocketAddr, running: bool) -> Finding {
    let what = "port";
    match listen::bind(address) {
        Ok(_) => Finding::good(what, format!("{address} is free")),
        Err(error) if running && error.kind() == ErrorKind::AddrInUse => {
            Finding::good(what, format!("{address} is in use, and this node runs"))
        }
        Err(error) => {
            let mend = match error.kind() {
                ErrorKind::AddrInUse => format!(
                    "another program listens there: `ss -ltnp sport = :{}` tells which; stop it, or choose another port with --port",
                    address.port()
                ),
                ErrorKind::PermissionDenied => {
                    "ports below 1024 need a right: start as root with `user` set, or use the systemd unit in packaging/".to_owned()
                }
                _ => "choose another port with --port".to_owned(),
            };
            Finding::not_good(
                what,
                Verdict::Bad,
                format!("{address} cannot be opened: {error}"),
                mend,
            )
        }
    }
}

/// Whether there is a DNS resolver to ask.
pub(crate) fn resolver(resolv_conf: &Path) -> Finding {
    let what = "resolver";
    let text = fs::read_to_string(resolv_conf).unwrap_or_default();
    let servers: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .map(str::trim)
        .filter(|server| !server.is_empty())
        .collect();
    if servers.is_empty() {
        return Finding::not_good(
            what,
            Verdict::Doubtful,
            format!("{} names no server", resolv_conf.display()),
            "mail by MX record needs DNS: add a nameserver line, or set `resolvers` in mailward.toml; smart hosts by address work without",
        );
    }
    Finding::good(
        what,
        format!("{} names {}", resolv_conf.display(), servers.join(", ")),
    )
}

/// Whether the folder's file system has room and can be written.
pub(crate) fn disk(folder: &Path, wanted: u64) -> Finding {
    let what = "disk";
    let existing = folder
        .ancestors()
        .find(|ancestor| ancestor.is_dir())
        .unwrap_or(Path::new("/"));
    let free = match nix::sys::statvfs::statvfs(existing) {
        Ok(stat) => stat.blocks_available() * stat.fragment_size(),
        Err(error) => {
            let found = format!("{} cannot be examined: {error}", existing.display());
            return Finding::not_good(
                what,
                Verdict::Bad,
                found,
                "choose another folder with --data-dir",
            );
        }
    };
    let shown = format!("{} has {} MB free", folder.display(), free >> 20);
    if free < wanted {
        return Finding::not_good(
            what,
            Verdict::Bad,
            shown,
            format!(
                "mail is refused below {} MB: make room, or choose another folder with --data-dir",
                wanted >> 20
            ),
        );
    }
    Finding::good(what, shown)
}

/// Whether a folder can be made, with these rights where it is new, and written to.
pub(crate) fn writable(folder: &Path, mode: u32) -> Finding {
    let what = "folder";
    let attempt = || -> io::Result<()> {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent)?;
        }
        // Recursive, because it may be there.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(folder)?;
        let probe = folder.join(".setup-probe");
        fs::write(&probe, b"")?;
        fs::remove_file(&probe)
    };
    match attempt() {
        Ok(()) => Finding::good(what, format!("{} can be written", folder.display())),
        Err(error) => Finding::not_good(
            what,
            Verdict::Bad,
            format!("{} cannot be written: {error}", folder.display()),
            "run setup as root, or choose folders of your own with --data-dir, --run-dir and --certificate-dir",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_bad_and_says_how_to_find_who_has_it() {
        let taken = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = taken.local_addr().unwrap();
        let finding = port(address, false);
        assert_eq!(finding.verdict, Verdict::Bad);
        assert!(finding.mend.contains("ss -ltnp"), "{finding}");
        assert_eq!(port(address, true).verdict, Verdict::Good);
    }

    #[test]
    fn folders_of_the_node_are_made_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("lib/mailward");
        assert_eq!(writable(&folder, 0o700).verdict, Verdict::Good);
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(writable(&folder, 0o755).verdict, Verdict::Good);
    }

    #[test]
    fn a_resolver_file_without_servers_is_doubtful() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("resolv.conf");
        fs::write(&file, "search example.org\n").unwrap();
        assert_eq!(resolver(&file).verdict, Verdict::Doubtful);
        fs::write(&file, "nameserver 192.0.2.53\n").unwrap();
        assert_eq!(resolver(&file).verdict, Verdict::Good);
    }

    #[test]
    fn too_little_room_is_bad() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(disk(dir.path(), u64::MAX).verdict, Verdict::Bad);
        assert_eq!(disk(&dir.path().join("not/yet"), 1).verdict, Verdict::Good);
    }

    #[test]
    fn a_single_label_is_no_host_name_for_mail() {
        assert_eq!(
            host_name(&"mailhost".parse().unwrap()).verdict,
            Verdict::Doubtful
        );
    }
}
