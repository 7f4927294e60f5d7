//! A syslog service: Debian's rsyslog in the foreground, with a configuration of its own, on ports of
//! loopback. What comes by datagrams and what comes by connections is kept in files of their own.

use std::{
    net::{Ipv4Addr, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::support::{free_port, read, wait_for};

const PROGRAM: &str = "/usr/sbin/rsyslogd";

/// How messages come.
pub(crate) const WAYS: [&str; 2] = ["udp", "tcp"];

/// The running service; dropped, it ends.
pub(crate) struct Syslog {
    folder: tempfile::TempDir,
    child: Child,
    ports: [u16; 2],
}

/// A message, as the service has understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// `mail.err`
    pub(crate) priority: String,
    pub(crate) host: String,
    pub(crate) app: String,
    pub(crate) process: String,
    pub(crate) id: String,
    pub(crate) text: String,
}

fn free_datagram_port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

impl Syslog {
    /// Starts it; `None` where the package is missing, which is said.
    pub(crate) fn start() -> Option<Syslog> {
        if !PathBuf::from(PROGRAM).exists() {
            eprintln!("not shown: rsyslog is not installed (Debian's package rsyslog)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let ports = [free_datagram_port(), free_port()];
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [udp, tcp] = ports;
        let mut text = format!(
            "global(workDirectory=\"{}\")\nmodule(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
             template(name=\"told\" type=\"string\" string=\"%syslogfacility-text%.%syslogseverity-text%\\t\
             %hostname%\\t%app-name%\\t%procid%\\t%msgid%\\t%msg%\\n\")\n\
             input(type=\"imudp\" address=\"127.0.0.1\" port=\"{udp}\" ruleset=\"udp\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{tcp}\" ruleset=\"tcp\")\n",
            folder.path().display()
        );
        for way in WAYS {
            let file = path(way);
            text += &format!(
                "ruleset(name=\"{way}\") {{ action(type=\"omfile\" file=\"{file}\" template=\"told\") }}\n"
            );
        }
        std::fs::write(path("rsyslog.conf"), text).unwrap();
        let child = Command::new(PROGRAM)
            .args(["-n", "-f", &path("rsyslog.conf"), "-i", &path("pid")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let syslog = Syslog {
            child: child.unwrap(),
            ports,
            folder,
        };
        // Its inputs begin together.
        wait_for("rsyslog listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, tcp)).is_ok()
        });
        Some(syslog)
    }

    /// Alert channels that lead here, one for each way.
    pub(crate) fn channels(&self) -> String {
        let ways = WAYS.iter().zip(self.ports);
        let channels = ways.map(|(way, port)| {
            format!(
                "\n[[alert_channel]]\nname = \"{way}\"\ngroup_wait = \"0s\"\n\
                 target = {{ syslog = \"{way}://127.0.0.1:{port}\" }}\n"
            )
        });
        channels.collect()
    }

    /// What came by one way so far.
    pub(crate) fn told(&self, way: &str) -> Vec<Told> {
        let lines = read(&self.folder.path().join(way));
        let all = lines.lines().filter_map(|line| {
            let mut parts = line.splitn(6, '\t').map(str::to_owned);
            let mut next = || parts.next();
            Some(Told {
                priority: next()?,
                host: next()?,
                app: next()?,
                process: next()?,
                id: next()?,
                text: next()?,
            })
        });
        all.collect()
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
