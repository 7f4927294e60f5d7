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
        let output = Command::new("samba-tool")
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
            .arg(&target)
            .output()
            .unwrap_or_else(|error| {
                panic!("samba-tool is needed by this test (scripts/test installs it): {error}")
            });
        assert!(
            output.status.success(),
            "samba-tool cannot make a domain; it needs root, and a temporary folder on a file system \
             with extended attributes and ACLs (ext4): {}",
            crate::support::text(&output)
        );
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

    /// Starts it, again where it was ended.
    pub(crate) fn run(&mut self) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let child = Command::new("samba")
            .args(["-i", "-M", "single", "--debug-stdout"])
            .arg(format!("--configfile={}", path("dc/etc/smb.conf")))
            .arg(format!("--option=interfaces={}/8", self.address))
            .args([
                "--option=server services=rpc, ldap, cldap, kdc, dns",
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
