//! `mailward setup`: looks at the machine, writes a commented `mailward.toml`, a certificate and the
//! first objects. It can be run again: what is there stays as it is.

pub(crate) mod check;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use mailward_host::clock::SystemClock;
use mailward_model::{Binding, Domain, Spec, kind::TransportSettings};
use mailward_store::{Database, DatabaseError, text};
use mailward_tls::{Certificates, ConnectorNeeds, ShownBy, ca};

use self::check::{Finding, Verdict};
use crate::{config::Config, role};

/// The arguments of `mailward setup`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The domain whose mail this node takes
    #[arg(long, value_name = "DOMAIN")]
    domain: Domain,
    /// The host's name as other servers see it [default: mail.DOMAIN]
    #[arg(long, value_name = "NAME")]
    hostname: Option<Domain>,
    /// Where mail comes in
    #[arg(long, value_name = "PORT", default_value_t = 25)]
    port: u16,
    /// Listen on this address only [default: all addresses]
    #[arg(long, value_name = "IP")]
    bind: Option<std::net::IpAddr>,
    /// The first objects, as `mailward export` writes them, instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    objects: Option<PathBuf>,
    /// Allow faults to be injected, for drills; never on a node that carries real mail
    #[arg(long)]
    allow_faults: bool,
    /// Keep the host's firewall in step with the ranges of receive connectors that name a feed
    #[arg(long)]
    firewall: bool,
    /// Keep the groups of the host as the restricted groups of policies say
    #[arg(long)]
    groups: bool,
    /// Where /livez, /readyz and /metrics are served
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8025")]
    http: SocketAddr,
    /// The configuration file: what the option of every command names.
    #[arg(skip)]
    pub(crate) config: PathBuf,
    /// Store, queue, mail and logs
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/mailward")]
    data_dir: PathBuf,
    /// Sockets of the running node
    #[arg(long, value_name = "FOLDER", default_value = "/run/mailward")]
    run_dir: PathBuf,
    /// PEM files
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/etc/mailward/certificates"
    )]
    certificate_dir: PathBuf,
    /// Whom the roles run as when the manager is started by root
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The PostgreSQL database that several nodes share [default: a file of this node]
    #[arg(long, value_name = "postgresql://USER@HOST/DATABASE", value_parser = store_url)]
    store_url: Option<String>,
    /// The file of the database's password
    #[arg(long, value_name = "FILE", requires = "store_url")]
    store_password_file: Option<PathBuf>,
}

/// The URL as it was given, where it is one of a database.
fn store_url(text: &str) -> Result<String, DatabaseError> {
    text.parse::<Database>().map(|_| text.to_owned())
}

/// What setup found and did, line by line; `Err` with the same where something is bad.
pub(crate) fn run(arguments: &Arguments) -> Result<String, String> {
    let mut told = String::new();
    let objects = match &arguments.objects {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?,
        None => first_objects(arguments, &hostname(arguments)),
    };
    let bad = look(arguments, &objects, &mut told)?;
    if bad > 0 {
        let _ = write!(
            told,
            "\n{bad} of these must be mended first; nothing was written. Run setup again afterwards."
        );
        return Err(told);
    }
    match prepare(arguments, &objects, &mut told) {
        Ok(()) => {
            let config = arguments.config.display();
            let _ = write!(
                told,
                "\nReady. Start it with:\n  mailward serve --config {config}"
            );
            Ok(told)
        }
        Err(problem) => Err(format!("{told}\n{problem}")),
    }
}

/// Looks at the machine; how many findings are bad.
fn look(arguments: &Arguments, objects: &str, told: &mut String) -> Result<usize, String> {
    let mut findings: Vec<Finding> = vec![check::host_name(&hostname(arguments))];
    let running = check::is_running(&arguments.run_dir);
    findings.extend(
        addresses(objects)?
            .into_iter()
            .map(|address| check::port(address, running)),
    );
    findings.push(check::resolver(Path::new("/etc/resolv.conf")));
    findings.push(check::disk(
        &arguments.data_dir,
        TransportSettings::default().min_free_space.0,
    ));
    for (folder, mode) in [
        (&arguments.data_dir, 0o700),
        (&arguments.run_dir, 0o700),
        (&arguments.certificate_dir, 0o750),
    ] {
        findings.push(check::writable(folder, mode));
    }
    for finding in &findings {
        let _ = writeln!(told, "{finding}");
    }
    Ok(findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .count())
}

/// The addresses that the receive connectors among the objects listen on.
fn addresses(objects: &str) -> Result<BTreeSet<SocketAddr>, String> {
    let wanted = parse(objects)?;
    let connectors = wanted.iter().filter_map(|object| match &object.spec {
        Spec::ReceiveConnector(connector) if connector.enabled => Some(connector),
        _ => None,
    });
    Ok(connectors
        .flat_map(|connector| &connector.bindings)
        .flat_map(Binding::sockets)
        .collect())
}

fn hostname(arguments: &Arguments) -> Domain {
    let given = arguments.hostname.clone();
    // A label in front of a valid domain is valid, unless the whole is too long; then the domain
    // itself is as good a name as any.
    given.unwrap_or_else(|| {
        format!("mail.{}", arguments.domain)
            .parse()
            .unwrap_or_else(|_| arguments.domain.clone())
    })
}

fn prepare(arguments: &Arguments, objects: &str, told: &mut String) -> Result<(), String> {
    let hostname = hostname(arguments);
    if arguments.config.exists() {
        let _ = writeln!(
            told,
            "kept  {} is there already",
            arguments.config.display()
        );
    } else {
        let text = configuration(arguments, &hostname);
        write_new(&arguments.config, &text)
            .map_err(|error| format!("{}: {error}", arguments.config.display()))?;
        let _ = writeln!(told, "wrote {}", arguments.config.display());
    }
    let config = Config::read(&arguments.config).map_err(|error| role::chain(&error))?;
    role::prepare_folders(&config).map_err(|error| error.to_string())?;
    let certificate = certificate(&config, told)?;
    if has_objects(&config)? {
        let _ = writeln!(told, "kept  the objects; `mailward export` shows them");
    } else {
        write_objects(&config, objects)?;
        let _ = writeln!(
            told,
            "wrote the first objects; `mailward export` shows them"
        );
    }
    hand_over(&config, certificate.as_deref(), told)
}

/// Gives what setup made to the user the roles run as; without `user` everything stays as it is.
///
/// Only what root owns and setup knows by name: the roles' user may write to these folders, so root
/// must not follow what it finds there.
fn hand_over(config: &Config, certificate: Option<&Path>, told: &mut String) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
    let Some((uid, gid)) = role::user(config).map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let mut paths = vec![
        config.data_dir.clone(),
        config.run_dir.clone(),
        config.queue_dir(),
        config.mail_dir(),
        config.events_dir(),
        config.tracking_dir(),
        config.perimeter_dir(),
        config.untrusted_dir(),
        config.journal_dir(),
        config.health_dir(),
    ];
    paths.extend(certificate.map(Path::to_path_buf));
    let mut given = role::give_store_away(config).map_err(|error| error.to_string())?;
    for path in paths {
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.uid() == 0 && uid != 0) {
            lchown(&path, Some(uid), Some(gid)).map_err(|error| {
                format!(
                    "{} cannot be given to the user of `user`: {error}",
                    path.display()
                )
            })?;
            given += 1;
        }
    }
    // Keys stay root's to write. A folder that is closed to others must be open to the group.
    let keys = &config.certificate_dir;
    if std::fs::symlink_metadata(keys)
        .is_ok_and(|meta| meta.gid() == 0 && meta.permissions().mode() & 0o005 == 0)
    {
        lchown(keys, None, Some(gid)).map_err(|error| {
            format!(
                "{} cannot be given to the group of `user`: {error}",
                keys.display()
            )
        })?;
    }
    if given > 0 {
        let user = config.user.as_deref().unwrap_or_default();
        let _ = writeln!(
            told,
            "gave  folders, store and certificate to the user {user}"
        );
    }
    Ok(())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// The configuration file, with a word on each key.
fn configuration(arguments: &Arguments, hostname: &Domain) -> String {
    let user = match &arguments.user {
        Some(user) => format!("user = {user:?}"),
        None => "#user = \"mailward\"".to_owned(),
    };
    let store = match &arguments.store_url {
        Some(url) => {
            let file = arguments.store_password_file.as_ref();
            let file = file.map(|file| format!("password_file = {file:?}\n"));
            format!("[store]\nurl = {url:?}\n{}", file.unwrap_or_default())
        }
        None => "#[store]\n#url = \"postgresql://mailward@db.example.org/mailward\"\n\
                 #password_file = \"/etc/mailward/store-password\"\n"
            .to_owned(),
    };
    format!(
        "# What is true of this machine. Connectors, domains and rules are objects:\n\
         # `mailward export` prints them, `mailward apply FILE` changes them, without a restart.\n\
         \n\
         # The host's name as other servers see it: greeting, EHLO, Received fields.\n\
         hostname = \"{hostname}\"\n\
         \n\
         # The store, the queue, Maildirs, event and tracking logs.\n\
         data_dir = {data:?}\n\
         \n\
         # Sockets of the running node; emptied at every boot.\n\
         run_dir = {run:?}\n\
         \n\
         # PEM files: certificates with their chains, and keys. Watched: a new file serves the next\n\
         # handshake.\n\
         certificate_dir = {certificates:?}\n\
         \n\
         # A PEM file of roots to trust besides the system's.\n\
         #extra_roots = \"/etc/mailward/roots.pem\"\n\
         \n\
         # Where the health pages and /metrics are served, without a sign-in.\n\
         http = \"{http}\"\n\
         \n\
         # Whom /healthz?verbose tells reasons: loopback, token, anyone; the token stands in a file.\n\
         #http_details = \"loopback\"\n\
         #http_token_file = \"/etc/mailward/page-token\"\n\
         \n\
         # Where load balancers ask the agent (HAProxy's agent-check).\n\
         #agent = \"192.0.2.1:8026\"\n\
         \n\
         # DNS servers; those of /etc/resolv.conf where unset.\n\
         #resolvers = [\"192.0.2.53:53\"]\n\
         \n\
         # Whom the roles run as, where the manager is started by root to open port 25.\n\
         {user}\n\
         \n\
         # Whether a connector may be broken on purpose, for drills.\n\
         {faults}\n\
         \n\
         # Whether the host's firewall (nftables) is kept in step with the ranges of receive connectors.\n\
         {firewall}\n\
         \n\
         # Whether the host's groups are kept as the restricted groups of policies say; a list names the only ones.\n\
         {groups}\n\
         \n\
         # Metrics and events to a collector of OpenTelemetry, every interval.\n\
         #[otlp]\n\
         #endpoint = \"http://127.0.0.1:4318\"\n\
         #headers_file = \"/etc/mailward/otlp-headers\"\n\
         #interval = \"15s\"\n\
         \n\
         # Commands from and for other nodes; `mailward authority issue` makes both files.\n\
         #[remote]\n\
         #listen = \"192.0.2.1:8027\"\n\
         #certificate_file = \"/etc/mailward/node/mail.example.org.pem\"\n\
         #authority_file = \"/etc/mailward/node/authority.pem\"\n\
         \n\
         # The objects in a PostgreSQL database that several nodes share, instead of in a file here.\n\
         {store}",
        http = arguments.http,
        faults = if arguments.allow_faults {
            "allow_faults = true"
        } else {
            "#allow_faults = false"
        },
        groups = if arguments.groups {
            "groups = true"
        } else {
            "#groups = [\"adm\"]"
        },
        firewall = if arguments.firewall {
            "firewall = true"
        } else {
            "#firewall = false"
        },
        data = arguments.data_dir,
        run = arguments.run_dir,
        certificates = arguments.certificate_dir,
    )
}

/// The first objects, as text an administrator could have written.
fn first_objects(arguments: &Arguments, hostname: &Domain) -> String {
    let binding = match arguments.bind {
        Some(ip) => SocketAddr::new(ip, arguments.port).to_string(),
        None => format!(":{}", arguments.port),
    };
    let domain = &arguments.domain;
    format!(
        r#"
[[accepted_domain]]
name = "{domain}"
domain = "{domain}"

[[receive_connector]]
name = "Internet"
bindings = ["{binding}"]
fqdn = "{hostname}"

[[send_connector]]
name = "Internet"
address_spaces = ["*"]

[[mailbox]]
name = "postmaster"
address = "postmaster@{domain}"

[transport_settings]
postmaster = "postmaster@{domain}"
"#
    )
}

/// A self-signed certificate where none in the folder fits the host name; its file where it was made.
fn certificate(config: &Config, told: &mut String) -> Result<Option<PathBuf>, String> {
    let folder = &config.certificate_dir;
    let held = Certificates::open(folder, Arc::new(SystemClock::default()), |_| {});
    let needs = ConnectorNeeds {
        by: ShownBy::Receive,
        connector: "Internet",
        fqdn: &config.hostname,
        pin: None,
    };
    if held.server_config(&needs).is_some() {
        let _ = writeln!(told, "kept  the certificate for {}", config.hostname);
        return Ok(None);
    }
    let leaf = ca::Leaf::new([config.hostname.as_str()]);
    let written =
        ca::self_signed(&leaf).and_then(|issued| issued.write(folder, config.hostname.as_str()));
    let file = written.map_err(|error| role::chain(&error))?;
    let _ = writeln!(
        told,
        "wrote {}, self-signed: senders encrypt with it; put one of a public authority beside it when you have it",
        file.display()
    );
    Ok(Some(file))
}

/// True where somebody has set something: settings alone are there from the start.
fn has_objects(config: &Config) -> Result<bool, String> {
    let store = role::store(config).map_err(|error| error.to_string())?;
    let objects = store.all().map_err(|error| role::chain(&error))?;
    Ok(objects
        .iter()
        .any(|object| !object.spec.kind().is_singleton()))
}

/// Puts objects given as text into the store.
pub(crate) fn write_objects(config: &Config, objects: &str) -> Result<(), String> {
    role::prepare_folders(config).map_err(|error| error.to_string())?;
    let store = role::store(config).map_err(|error| error.to_string())?;
    let current = store.all().map_err(|error| role::chain(&error))?;
    let plan = text::plan(&current, &parse(objects)?);
    store
        .apply(plan.changes, "setup")
        .map_err(|error| role::chain(&error))?;
    Ok(())
}

/// Reads objects from text; the error has a line for each problem.
fn parse(objects: &str) -> Result<Vec<text::Wanted>, String> {
    text::parse(objects).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}
