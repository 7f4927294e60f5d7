//! Real directories of a test's own: a Samba domain controller and an OpenLDAP server, each in a
//! temporary folder, ended and removed with the value. Never here: a service of the machine.

use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mailward_tls::ca::{Authority, Leaf};

use crate::support::{free_port, run, signal, wait_within};

/// How long a directory may take to answer, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// What changes in a directory is in force here after so long at most.
const PROMISE: Duration = Duration::from_secs(5);
/// Ports of a domain controller that cannot be chosen.
const CONTROLLER_PORTS: [u16; 5] = [53, 88, 135, 389, 636];

/// Does something in the directory and measures how long it takes to be in force here.
#[track_caller]
pub(crate) fn within_the_promise(what: &str, act: impl FnOnce(), holds: impl FnMut() -> bool) {
    act();
    let began = Instant::now();
    wait_within(PROMISE, what, holds);
    eprintln!("{what}: in force after {} ms", began.elapsed().as_millis());
}

/// A folder with an authority and a certificate for these names; the authority's file.
fn certified(folder: &tempfile::TempDir, names: &[&str]) -> PathBuf {
    let authority = Authority::new("directory of the test").unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority.certificate_pem()).unwrap();
    let issued = authority.issue(&Leaf::new(names.iter().copied())).unwrap();
    let key = folder.path().join("server.key");
    std::fs::write(folder.path().join("server.pem"), &issued.certificate_pem).unwrap();
    std::fs::write(&key, &*issued.key_pem).unwrap();
    // Samba refuses a key that others may read.
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    file
}

/// Writes a password file as it must be.
pub(crate) fn write_secret(file: &Path, password: &str) {
    std::fs::write(file, password).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
}

/// A process, ended with the value.
struct Server(Option<Child>);

impl Server {
    fn end(&mut self, with: &str) {
        let Some(mut child) = self.0.take() else {
            return;
        };
        signal(child.id(), with);
        let started = std::time::Instant::now();
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("TERM");
    }
}

fn log(folder: &tempfile::TempDir) -> File {
    let mut options = File::options();
    options.create(true).append(true);
    options.open(folder.path().join("server.log")).unwrap()
}

/// A Samba domain controller of CORP.EXAMPLE.TEST, on an address of loopback of its own: its ports
/// cannot be chosen.
pub(crate) struct Controller {
    folder: tempfile::TempDir,
    pub(crate) address: Ipv4Addr,
    pub(crate) authority: PathBuf,
    server: Server,
}

pub(crate) const ROOT: &str = "DC=corp,DC=example,DC=test";
pub(crate) const ADMINISTRATOR: (&str, &str) =
    ("Administrator@CORP.EXAMPLE.TEST", "Passw0rd.Adm1n");

/// Gives a controller another invocationId.
const NEW_INVOCATION: &str = "
import ldb, sys, uuid
from samba.auth import system_session
from samba.dcerpc import misc
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load(sys.argv[2])
database = SamDB(url=sys.argv[1], session_info=system_session(), lp=settings)
change = ldb.Message(ldb.Dn(database, database.get_dsServiceName()))
value = ndr_pack(misc.GUID(str(uuid.uuid4())))
change['invocationId'] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, 'invocationId')
database.modify(change, ['relax:0'])
";

/// How samba-tool signs in at a controller.
const SIGNED_IN: [&str; 2] = ["-UCORP\\Administrator%Passw0rd.Adm1n", "--use-kerberos=off"];

impl Controller {
    /// Makes a domain and starts its controller.
    pub(crate) fn start() -> Controller {
        let mut controller = Controller::provision();
        controller.run();
        controller
    }

    /// Makes a domain, whose controller can be started.
    pub(crate) fn provision() -> Controller {
        assert!(
            nix::unistd::Uid::effective().is_root(),
            "this scenario runs a Samba domain controller, which needs root and a file system with \
             extended attributes (ext4): run it as root"
        );
        // In the temporary folder of the machine: its path must be short for the sockets in it.
        let folder = tempfile::Builder::new().prefix("dc").tempdir().unwrap();
        let address = free_address();
        let name = address.to_string();
        let authority = certified(&folder, &[&name, "dc1.corp.example.test"]);
        let target = folder.path().join("dc");
        let mut provision = Command::new("samba-tool");
        provision
            .args([
                "domain",
                "provision",
                "--use-rfc2307",
                "--realm=CORP.EXAMPLE.TEST",
            ])
            .args([
                "--domain=CORP",
                "--server-role=dc",
                "--dns-backend=SAMBA_INTERNAL",
            ])
            .args([
                "--adminpass",
                ADMINISTRATOR.1,
                "--host-name=dc1",
                "--host-ip",
                &name,
            ])
            .args([
                "--option=interfaces=lo",
                "--option=bind interfaces only=yes",
            ])
            .args(["--option=vfs objects=dfs_samba4 acl_xattr", "--targetdir"])
            .arg(&target);
        made(&mut provision);
        Controller::of(folder, address, authority)
    }

    /// Makes another controller of the same domain, which has everything that this one has, and starts
    /// it. From then on they learn of each other's changes when they are told to.
    pub(crate) fn join(&self) -> Controller {
        let folder = tempfile::Builder::new().prefix("dc").tempdir().unwrap();
        let address = free_address();
        let authority = certified(&folder, &[&address.to_string(), "dc2.corp.example.test"]);
        let mut join = Command::new("samba-tool");
        join.args(["domain", "join", "corp.example.test", "DC", "--server"])
            .arg(self.address.to_string())
            .args(["--realm=CORP.EXAMPLE.TEST", "--workgroup=CORP"])
            .args(["--dns-backend=NONE", "--option=netbios name=dc2"])
            .arg(format!("--option=interfaces={address}/8"))
            .args(SIGNED_IN)
            .args([
                "--option=bind interfaces only=yes",
                "--option=vfs objects=dfs_samba4 acl_xattr",
                "--targetdir",
            ])
            .arg(folder.path().join("dc"));
        made(&mut join);
        // Both are to be trusted by one file.
        let mut both = std::fs::read_to_string(&self.authority).unwrap();
        both += &std::fs::read_to_string(&authority).unwrap();
        std::fs::write(&authority, both).unwrap();
        let mut controller = Controller::of(folder, address, authority);
        controller.run();
        controller
    }

    fn of(folder: tempfile::TempDir, address: Ipv4Addr, authority: PathBuf) -> Controller {
        std::fs::create_dir(folder.path().join("run")).unwrap();
        Controller {
            folder,
            address,
            authority,
            server: Server(None),
        }
    }

    /// The folder of the domain that its computers read group policies from.
    pub(crate) fn sysvol(&self) -> PathBuf {
        let place = "dc/state/sysvol/corp.example.test";
        self.folder.path().join(place)
    }

    /// Has it learn what another controller has. Returns when it has.
    #[track_caller]
    pub(crate) fn learn_from(&self, other: &Controller) {
        let (own, other) = (self.address.to_string(), other.address.to_string());
        let file = self.folder.path().join("dc/etc/smb.conf");
        let file = format!("--configfile={}", file.display());
        let words = ["drs", "replicate", "--local", &own, &other, ROOT, &file];
        let words = [&words[..], &SIGNED_IN].concat();
        let (done, said) = run("samba-tool", &words, "");
        assert!(done, "samba-tool {words:?}: {said}");
    }

    /// Starts it, again where it was ended.
    pub(crate) fn run(&mut self) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let child = Command::new("samba")
            .args(["-i", "-M", "single", "--debug-stdout"])
            .arg(format!("--configfile={}", path("dc/etc/smb.conf")))
            .arg(format!("--option=interfaces={}/8", self.address))
            .args([
                "--option=server services=rpc, ldap, cldap, kdc, dns, drepl",
                "--option=dns forwarder=",
            ])
            // What it has in common with others of this machine by default.
            .arg(format!("--option=pid directory={}", path("run")))
            .arg(format!("--option=ncalrpc dir={}", path("run/ncalrpc")))
            .arg(format!("--option=tls keyfile={}", path("server.key")))
            .arg(format!("--option=tls certfile={}", path("server.pem")))
            .arg(format!("--option=tls cafile={}", path("authority.pem")))
            .stdin(Stdio::null())
            .stdout(log(&self.folder))
            .stderr(log(&self.folder))
            .spawn()
            .unwrap();
        self.server = Server(Some(child));
        let place = (IpAddr::V4(self.address), 636);
        wait_within(PATIENCE, "the domain controller answers", || {
            let child = self.server.0.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                let said = std::fs::read_to_string(self.folder.path().join("server.log"));
                panic!("the domain controller has ended: {}", said.unwrap());
            }
            TcpStream::connect(place).is_ok()
        });
    }

    /// Ends it.
    pub(crate) fn end(&mut self, with: &str) {
        self.server.end(with);
    }

    /// Keeps its database as it is now. It must have ended.
    pub(crate) fn back_up(&self) {
        self.copy("dc", "backup");
    }

    /// Puts the database back that was kept. The controller has another invocationId from then on, as
    /// `samba-tool domain backup restore` and Windows see to. It must have ended.
    pub(crate) fn restore(&self) {
        std::fs::remove_dir_all(self.folder.path().join("dc")).unwrap();
        self.copy("backup", "dc");
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (database, file) = (path("dc/private/sam.ldb"), path("dc/etc/smb.conf"));
        // The interpreter for which Debian's bindings of Samba are.
        let words = ["-c", NEW_INVOCATION, &database, &file];
        let (done, said) = run("/usr/bin/python3", &words, "");
        assert!(done, "{said}");
    }

    fn copy(&self, from: &str, to: &str) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (done, said) = run("cp", &["-a", &path(from), &path(to)], "");
        assert!(done, "cp: {said}");
    }

    /// Runs samba-tool on the database itself, whether the controller runs or not.
    #[track_caller]
    pub(crate) fn tool(&self, words: &[&str]) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (database, file) = (path("dc/private/sam.ldb"), path("dc/etc/smb.conf"));
        let file = format!("--configfile={file}");
        let words = [words, &["-H", &database, &file]].concat();
        let (done, said) = run("samba-tool", &words, "");
        assert!(done, "samba-tool {words:?}: {said}");
    }

    /// Changes entries over LDAP, as an administrator of the domain does.
    #[track_caller]
    pub(crate) fn change(&self, ldif: &str) {
        // Its tools look names up in ways of their own. What is tested is not them.
        let unchecked = "LDAPTLS_REQCERT=never";
        let url = format!("ldaps://{}", self.address);
        let words = [
            unchecked,
            "ldapmodify",
            "-x",
            "-H",
            &url,
            "-D",
            ADMINISTRATOR.0,
            "-w",
            ADMINISTRATOR.1,
        ];
        let (done, said) = run("env", &words, ldif);
        assert!(done, "ldapmodify: {said}\n{ldif}");
    }
}

/// Runs what makes a controller.
#[track_caller]
fn made(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("samba-tool is needed by this test (scripts/test installs it): {error}")
    });
    assert!(
        output.status.success(),
        "samba-tool cannot make a controller; it needs root, and a temporary folder on a file system \
         with extended attributes and ACLs (ext4): {}",
        crate::support::text(&output)
    );
}

/// An address of loopback on which nothing listens where a controller would: other tests run at the
/// same time.
fn free_address() -> Ipv4Addr {
    let own = std::process::id();
    for step in 0..200 {
        let number = own.wrapping_add(step * 7);
        let octet = |of: u32| u8::try_from(1 + of % 250).unwrap();
        let address = Ipv4Addr::new(127, octet(number / 250 + 40), octet(number), 53);
        let is_free = |port: &u16| TcpListener::bind((address, *port)).is_ok();
        if CONTROLLER_PORTS.iter().all(is_free) {
            return address;
        }
    }
    panic!("no address of loopback is free for a domain controller");
}

/// An OpenLDAP server with the tree dc=example,dc=test.
pub(crate) struct Slapd {
    folder: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) authority: PathBuf,
    server: Server,
}

pub(crate) const MANAGER: (&str, &str) = ("cn=admin,dc=example,dc=test", "secret of the admin");

impl Slapd {
    /// Starts one with these lines of configuration for its database.
    pub(crate) fn start(settings: &str) -> Slapd {
        let folder = tempfile::Builder::new().prefix("slapd").tempdir().unwrap();
        let authority = certified(&folder, &["localhost"]);
        let mut slapd = Slapd {
            folder,
            port: free_port(),
            authority,
            server: Server(None),
        };
        std::fs::create_dir(slapd.path("db")).unwrap();
        slapd.configure(settings);
        slapd.run();
        slapd.change(
            "dn: dc=example,dc=test\nchangetype: add\nobjectClass: dcObject\n\
             objectClass: organization\no: Example\ndc: example\n\n\
             dn: ou=people,dc=example,dc=test\nchangetype: add\nobjectClass: organizationalUnit\n",
        );
        slapd
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it shows of itself.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("server.pem")
    }

    /// Writes its configuration.
    pub(crate) fn configure(&self, settings: &str) {
        let text = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\nmoduleload ppolicy\n\
             TLSCACertificateFile {authority}\nTLSCertificateFile {certificate}\n\
             TLSCertificateKeyFile {key}\n\
             database mdb\nmaxsize 104857600\nsuffix dc=example,dc=test\n\
             rootdn {admin}\nrootpw \"{password}\"\ndirectory {db}\n{settings}\n\
             access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n",
            authority = self.authority.display(),
            certificate = self.path("server.pem").display(),
            key = self.path("server.key").display(),
            admin = MANAGER.0,
            password = MANAGER.1,
            db = self.path("db").display(),
        );
        std::fs::write(self.path("slapd.conf"), text).unwrap();
    }

    /// Starts it, again where it was ended.
    pub(crate) fn run(&mut self) {
        let child = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-f"])
            .arg(self.path("slapd.conf"))
            .args(["-h", &format!("ldap://127.0.0.1:{0}", self.port)])
            .stdin(Stdio::null())
            .stdout(log(&self.folder))
            .stderr(log(&self.folder))
            .spawn()
            .unwrap_or_else(|error| {
                panic!("slapd is needed by this test (scripts/test installs it): {error}")
            });
        self.server = Server(Some(child));
        let place = (Ipv4Addr::LOCALHOST, self.port);
        wait_within(PATIENCE, "slapd answers", || {
            let child = self.server.0.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                let said = std::fs::read_to_string(self.path("server.log"));
                panic!("slapd has ended: {}", said.unwrap());
            }
            TcpStream::connect(place).is_ok()
        });
    }

    /// Ends it.
    pub(crate) fn end(&mut self, with: &str) {
        self.server.end(with);
    }

    /// Changes entries, as the administrator of the directory does.
    #[track_caller]
    pub(crate) fn change(&self, ldif: &str) {
        // Its tools look names up in ways of their own. What is tested is not them.
        let unchecked = "LDAPTLS_REQCERT=never";
        let url = format!("ldap://localhost:{}", self.port);
        let words = [
            unchecked,
            "ldapmodify",
            "-x",
            "-ZZ",
            "-H",
            &url,
            "-D",
            MANAGER.0,
            "-w",
            MANAGER.1,
        ];
        let (done, said) = run("env", &words, ldif);
        assert!(done, "ldapmodify: {said}\n{ldif}");
    }
}
