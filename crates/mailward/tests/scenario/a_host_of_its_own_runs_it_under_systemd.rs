//! A host is set up by the commands of the README, as they stand there, and systemd runs the unit file of
//! `packaging`: it starts the service, replaces a manager that dies or hangs, under open sessions, and
//! ends all of it.
//!
//! The host is this one's file system under an overlay, with a systemd of its own as its first process, in
//! namespaces of its own, so that nothing of the machine is touched. Needs root, systemd, overlayfs and
//! util-linux.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{read, run, text, wait_for, wait_within};

const SYSTEMD: &str = "/lib/systemd/systemd";
/// Longer than a debug build takes to be copied, set up and started.
const LONG: Duration = Duration::from_secs(90);

/// `$0` is the folder of the host, `$1` the name of its control groups; what follows is to be seen there
/// wherever it is mounted. Only units that are installed there are known to its systemd: nothing of the
/// machine is started twice.
const BOOT: &str = r#"
set -e
for groups in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ -e $groups/cgroup.procs ] || continue
    mkdir -p $groups/$1
    echo $$ > $groups/$1/cgroup.procs
done
inside=$2
shift 2
exec unshare --pid --fork --kill-child --mount --cgroup --uts --ipc --net bash -ec "$inside" "$0" "$@"
"#;
const BOOT_INSIDE: &str = r#"
mount --make-rprivate /
ip link set lo up
mount -t tmpfs tmpfs "$0"
cd "$0"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
for shown; do
    mkdir -p root"$shown"
    mount --bind "$shown" root"$shown"
done
cd root
hybrid=
if [ -d /sys/fs/cgroup/systemd ]; then hybrid=yes; fi
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs etc/systemd/system
mount -t tmpfs tmpfs var/lib
if [ $hybrid ]; then
    mount -t tmpfs tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd,xattr cgroup sys/fs/cgroup/systemd
else
    mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mkdir -p run/units run/none
printf '[Unit]\nDefaultDependencies=no\n' > run/units/sysinit.target
cp run/units/sysinit.target run/units/basic.target
cp run/units/sysinit.target run/units/multi-user.target
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other \
    SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units SYSTEMD_GENERATOR_PATH=/run/none \
    chroot . /lib/systemd/systemd --system --unit=multi-user.target --log-target=null
"#;

/// A client that greets, waits until it is told to go on, and sends its message in the same session.
const CLIENT: &str = r#"
import smtplib, sys
smtp = smtplib.SMTP("127.0.0.1", 25, timeout=30)
smtp.ehlo("client.example.net")
print("greeted", flush=True)
sys.stdin.readline()
smtp.sendmail("a@example.net", ["postmaster@example.org"], "Subject: over a restart\r\n\r\nhello\r\n")
print("sent", flush=True)
"#;

struct Host {
    _folder: tempfile::TempDir,
    groups: String,
    boot: Child,
    init: u32,
}

impl Host {
    /// Starts one that sees these folders.
    fn boot(shown: [&Path; 2]) -> Host {
        let folder = tempfile::tempdir().unwrap();
        let groups = format!("mailward-h{}", std::process::id());
        let place = folder.path().join("host");
        std::fs::create_dir(&place).unwrap();
        let boot = Command::new("bash")
            .args(["-c", BOOT])
            .arg(&place)
            .args([&groups, BOOT_INSIDE])
            .args(shown)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut host = Host {
            _folder: folder,
            groups,
            init: 0,
            boot,
        };
        wait_for("systemd runs", || {
            host.init = host.first_process().unwrap_or(0);
            host.init != 0 && host.said("systemctl is-system-running").contains("running")
        });
        host
    }

    /// The child of `unshare`, once it is systemd.
    fn first_process(&self) -> Option<u32> {
        let pid = self.boot.id();
        let children = read(Path::new(&format!("/proc/{pid}/task/{pid}/children")));
        let child = children.split_whitespace().next()?.parse().ok()?;
        let name = read(Path::new(&format!("/proc/{child}/comm")));
        (name.trim() == "systemd").then_some(child)
    }

    fn inside(&self, program: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.init))
            .args(["--all", "--root", "--wd", "--"])
            .args(program);
        command
    }

    /// What a command line prints there, whether it succeeds or not.
    fn said(&self, line: &str) -> String {
        text(&self.inside(&["bash", "-c", line]).output().unwrap())
    }

    #[track_caller]
    fn run(&self, line: &str) -> String {
        let output = self.inside(&["bash", "-c", line]).output().unwrap();
        let said = text(&output);
        assert!(output.status.success(), "{line}: {said}");
        said
    }

    /// A property of the service.
    fn property(&self, name: &str) -> String {
        let line = format!("systemctl show --property={name} --value mailward");
        self.run(&line).trim().to_owned()
    }

    /// The process of a role, as seen there; `None` while nobody answers.
    fn pid(&self, role: &str) -> Option<u64> {
        let status = self.said("mailward status --json");
        let status: serde_json::Value = serde_json::from_str(&status).ok()?;
        let roles = status["manager"]["children"].as_array()?;
        let of = |one: &&serde_json::Value| one["role"] == role;
        roles.iter().find(of)?["pid"].as_u64()
    }

    /// Waits until systemd has restarted the service so often and the new manager answers; the process of
    /// transport.
    #[track_caller]
    fn restarted(&self, times: &str) -> u64 {
        let mut transport = None;
        wait_within(LONG, "systemd has started another manager", || {
            transport = self.pid("transport");
            self.property("NRestarts") == times && transport.is_some()
        });
        transport.unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // With the first process all others end, and with them its mounts.
        let _ = self.boot.kill();
        let _ = self.boot.wait();
        let line = format!(
            "find /sys/fs/cgroup/{0} /sys/fs/cgroup/*/{0} -depth -type d -exec rmdir {{}} + 2>/dev/null",
            self.groups
        );
        for _ in 0..20 {
            let _ = run("bash", &["-c", &line], "");
            if !Path::new("/sys/fs/cgroup/systemd")
                .join(&self.groups)
                .exists()
            {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

/// The commands by which the README sets a host up, without `sudo`, and with the program under test.
fn commands_of_the_readme(checkout: &Path) -> Vec<String> {
    let readme = read(&checkout.join("README.md"));
    let (_, section) = readme.split_once("## On a host of your own").unwrap();
    let block = section.split("```").nth(1).unwrap();
    let commands = block.lines().filter_map(|line| line.strip_prefix("sudo "));
    let program = env!("CARGO_BIN_EXE_mailward");
    let commands = commands.map(|line| line.replace("target/release/mailward", program));
    commands.collect()
}

#[test]
fn as_the_readme_says_and_through_the_death_of_its_manager() {
    if !nix::unistd::Uid::effective().is_root() || !Path::new(SYSTEMD).exists() {
        return;
    }
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let checkout = checkout.canonicalize().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_mailward"));
    let host = Host::boot([&checkout, program.parent().unwrap()]);
    let commands = commands_of_the_readme(&checkout);
    assert!(commands.len() >= 7, "{commands:?}");
    for line in commands {
        host.run(&format!("cd {} && {line}", checkout.display()));
    }
    // Type=notify: it is active once mail is served.
    assert_eq!(host.property("ActiveState"), "active");
    assert_eq!(host.property("User"), "mailward");
    let first = host.property("MainPID");
    let transport = host.restarted("0");
    let owner = host.run(&format!("stat --format=%U /proc/{transport}"));
    assert_eq!(owner.trim(), "mailward");

    // What an administrator would set; the next manager is told.
    host.run(
        "mkdir /etc/systemd/system/mailward.service.d && cd /etc/systemd/system/mailward.service.d && \
         printf '[Service]\\nWatchdogSec=4s\\n' > watchdog.conf && systemctl daemon-reload",
    );
    let mut client = host.inside(&["python3", "-c", CLIENT]);
    client.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = client.spawn().unwrap();
    let mut heard = BufReader::new(client.stdout.take().unwrap()).lines();
    assert_eq!(heard.next().unwrap().unwrap(), "greeted");

    host.run(&format!("kill -KILL {first}"));
    assert_eq!(host.restarted("1"), transport, "transport went on");
    let second = host.property("MainPID");
    assert_ne!(second, first);
    writeln!(client.stdin.take().unwrap()).unwrap();
    assert_eq!(heard.next().unwrap().unwrap(), "sent", "in its session");
    assert!(client.wait().unwrap().success());
    wait_for("the message is in the mailbox", || {
        let found = host.said("grep -rl 'over a restart' /var/lib/mailward/mail/*/new");
        found.lines().count() == 1
    });

    // A manager that hangs is ended by the watchdog: by itself it cannot end.
    host.run(&format!("kill -STOP {second}"));
    assert_eq!(host.restarted("2"), transport, "transport went on");
    assert_ne!(host.property("MainPID"), second);

    host.run("systemctl stop mailward");
    assert_eq!(host.property("Result"), "success");
    let left = host.said("pgrep --full 'mailward role'");
    assert_eq!(left, "", "a role was left behind");
    assert!(host.said("ls /run/mailward").contains("No such file"));
    host.run("systemctl start mailward");
    assert_ne!(host.restarted("0"), transport);
}
