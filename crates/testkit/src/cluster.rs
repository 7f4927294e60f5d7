//! A PostgreSQL cluster of a test's own: made in a temporary folder, reached over a Unix socket in
//! it, ended and removed with the value. PostgreSQL refuses to run as root; a test that is root runs
//! it as the user `postgres`.
//!
//! Never here: a cluster of the machine. Nothing listens on an address unless the test says so.

use std::{
    fs, io,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long the cluster may take to answer, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster. Its superuser is `postgres`, who is let in over the socket without a word.
#[derive(Debug)]
pub struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and starts it. `settings` are lines of `postgresql.conf`.
    ///
    /// # Errors
    /// PostgreSQL is not installed (Debian: `postgresql`), or does not start.
    pub fn start(settings: &[&str]) -> io::Result<Cluster> {
        // Short, because the path of a socket is.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp")?;
        let mut cluster = Cluster {
            programs: programs()?,
            owner: owner()?,
            folder,
            port: 5432,
            server: None,
        };
        let own = cluster.folder.path();
        fs::set_permissions(own, fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = cluster.owner {
            chown(own, Some(uid), Some(gid))?;
        }
        let made = cluster
            .program("initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(cluster.data())
            .output()?;
        succeeded("initdb", &made)?;
        let mut text = fs::read_to_string(cluster.data().join("postgresql.conf"))?;
        // Processes are killed here, machines are not: what the system was given is kept.
        text.push_str("\nfsync = off\nlisten_addresses = ''\nmax_connections = 60\n");
        for line in settings {
            text.push_str(line);
            text.push('\n');
        }
        fs::write(cluster.data().join("postgresql.conf"), text)?;
        cluster.run()?;
        Ok(cluster)
    }

    /// Starts it again after [`Cluster::stop`], with another port, which is part of its socket's name.
    ///
    /// # Errors
    /// It does not start.
    pub fn run_on(&mut self, port: u16) -> io::Result<()> {
        self.port = port;
        self.run()
    }

    /// Has it listen on a port of this machine, under TLS alone, with this certificate and key; `how`
    /// says by what users are let in there, as `pg_hba.conf` has it.
    ///
    /// # Errors
    /// It does not start again.
    pub fn serve_tls(
        &mut self,
        port: u16,
        certificate_pem: &str,
        key_pem: &str,
        how: &str,
    ) -> io::Result<()> {
        self.show(certificate_pem, key_pem)?;
        let rules = format!("local all all trust\nhostssl all all 127.0.0.1/32 {how}\n");
        self.put("pg_hba.conf", rules.as_bytes())?;
        for line in [
            "listen_addresses = '127.0.0.1'".to_owned(),
            format!("port = {port}"),
            "ssl = on".to_owned(),
        ] {
            self.sql("postgres", &format!("ALTER SYSTEM SET {line}"))?;
        }
        self.stop()?;
        self.run_on(port)
    }

    /// Puts a certificate and its key where it reads them, at a start or when it is told to read its
    /// configuration again.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn show(&self, certificate_pem: &str, key_pem: &str) -> io::Result<()> {
        self.put("server.crt", certificate_pem.as_bytes())?;
        self.put("server.key", key_pem.as_bytes())
    }

    /// Starts it again after [`Cluster::stop`].
    ///
    /// # Errors
    /// It does not start.
    pub fn run(&mut self) -> io::Result<()> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?;
        let mut command = self.program("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.server = Some(command.spawn()?);
        self.wait_until_ready()
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// It does not within a minute.
    pub fn wait_until_ready(&self) -> io::Result<()> {
        let started = Instant::now();
        while let Err(error) = self.sql("postgres", "SELECT 1") {
            if started.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log"));
                return Err(io::Error::other(format!(
                    "{error}\n{}",
                    log.unwrap_or_default()
                )));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it: sessions are cut off, what was committed is kept.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn stop(&mut self) -> io::Result<()> {
        if let Some(mut server) = self.server.take() {
            signal(server.id(), "INT")?;
            server.wait()?;
        }
        Ok(())
    }

    /// Kills one process that serves Mailward, as a fault of memory would: PostgreSQL then ends all
    /// others and recovers. False where there was none.
    ///
    /// # Errors
    /// PostgreSQL does not say which there are.
    pub fn kill_a_backend(&self) -> io::Result<bool> {
        let which = "SELECT pid FROM pg_stat_activity WHERE application_name = 'mailward'
                     ORDER BY (state <> 'idle') DESC, random() LIMIT 1";
        match self.sql("postgres", which)?.trim().parse() {
            Ok(pid) => signal(pid, "KILL").map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Runs SQL; its rows, one a line.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn sql(&self, database: &str, sql: &str) -> io::Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
            ])
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql])
            .current_dir("/")
            .output()?;
        succeeded("psql", &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Makes a database; its URL.
    ///
    /// # Errors
    /// PostgreSQL refuses it.
    pub fn database(&self, name: &str) -> io::Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        Ok(self.url(name))
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let folder = folder.replace('/', "%2F");
        format!("postgresql://postgres@{folder}:{}/{database}", self.port)
    }

    /// Puts a file into its data folder, for its own user alone.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let path = self.data().join(name);
        fs::write(&path, octets)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        match self.owner {
            Some((uid, gid)) => chown(&path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // At once, without a checkpoint: nobody reads it again.
            let _ = signal(server.id(), "QUIT");
            let _ = server.wait();
        }
    }
}

fn signal(pid: u32, name: &str) -> io::Result<()> {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "process {pid} cannot be sent {name}"
        ))),
    }
}

fn succeeded(name: &str, output: &std::process::Output) -> io::Result<()> {
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// The folder of PostgreSQL's programs: of the newest version there is.
fn programs() -> io::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .max_by_key(|folder| version(folder));
    newest.ok_or_else(|| {
        io::Error::other("PostgreSQL is not installed: on Debian, install the package postgresql")
    })
}

fn version(programs: &Path) -> Option<u32> {
    programs.parent()?.file_name()?.to_str()?.parse().ok()
}

/// Whom the cluster runs as: the user `postgres` where this is root.
fn owner() -> io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == "postgres").then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        Some((uid, fields.next()?.parse().ok()?))
    });
    match found {
        Some(found) => Ok(Some(found)),
        None => Err(io::Error::other(
            "there is no user postgres to run PostgreSQL as",
        )),
    }
}
