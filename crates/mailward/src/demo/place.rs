//! Where the demo lives: a temporary folder with an authority, certificates, a configuration and the
//! objects of two organisations' mail.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use mailward_host::listen;
use mailward_tls::{ClientTls, Roots, ca};
use rustls::{ClientConfig, ServerConfig, pki_types::ServerName};

use super::DemoError;
use crate::{config::Config, setup};

/// The organisation whose mail Mailward carries.
pub(super) const HOME: &str = "harbour.example";
/// Its mail host.
pub(super) const HOME_HOST: &str = "mail.harbour.example";
/// The organisation on the other side.
pub(super) const AWAY: &str = "mountain.example";
/// Its mail host.
pub(super) const AWAY_HOST: &str = "mail.mountain.example";

/// Free ports of loopback, found by binding them.
pub(super) struct Ports {
    /// Where mail from outside comes in.
    pub(super) internet: u16,
    /// Where the organisation's own programs hand in mail.
    pub(super) applications: u16,
    /// `/readyz` and `/metrics`.
    pub(super) http: u16,
}

impl Ports {
    pub(super) fn find() -> io::Result<Ports> {
        // All three are held at once, so that they differ.
        let hold = || listen::bind((Ipv4Addr::LOCALHOST, 0).into());
        let (a, b, c) = (hold()?, hold()?, hold()?);
        let port =
            |socket: &std::net::TcpListener| socket.local_addr().map(|address| address.port());
        Ok(Ports {
            internet: port(&a)?,
            applications: port(&b)?,
            http: port(&c)?,
        })
    }
}

/// The prepared folder.
pub(super) struct Place {
    pub(super) config: Config,
    pub(super) config_path: PathBuf,
    pub(super) ports: Ports,
    /// What clients of either side trust.
    pub(super) client_tls: Arc<ClientConfig>,
    /// What the other organisation's server shows.
    pub(super) away_tls: Arc<ServerConfig>,
}

impl Place {
    /// Makes authority, certificates and configuration below `root`.
    pub(super) fn prepare(root: &Path) -> Result<Place, DemoError> {
        let file =
            |action: &'static str| move |source: io::Error| DemoError::File { action, source };
        let ports = Ports::find().map_err(file("finding free ports"))?;
        let (certificates, away) = (root.join("certificates"), root.join("away"));
        for folder in [&certificates, &away] {
            std::fs::create_dir_all(folder).map_err(file("making the folders"))?;
        }
        let authority = ca::Authority::new("Mailward demo authority")?;
        authority
            .issue(&ca::Leaf::new([HOME_HOST]))?
            .write(&certificates, "mail")?;
        authority
            .issue(&ca::Leaf::new([AWAY_HOST]))?
            .write(&away, "mail")?;
        let root_file = root.join("authority.pem");
        std::fs::write(&root_file, authority.certificate_pem())
            .map_err(file("writing the authority"))?;
        let config_path = root.join("mailward.toml");
        let text = format!(
            "# Made by `mailward demo`; removed when it ends.\n\
             hostname = \"{HOME_HOST}\"\n\
             data_dir = {data:?}\n\
             run_dir = {run:?}\n\
             certificate_dir = {certificates:?}\n\
             extra_roots = {root_file:?}\n\
             http = \"127.0.0.1:{http}\"\n\
             # The demo breaks a connector on purpose; no other node should allow that.\n\
             allow_faults = true\n",
            data = root.join("data"),
            run = root.join("run"),
            http = ports.http,
        );
        std::fs::write(&config_path, &text).map_err(file("writing the configuration"))?;
        let config = Config::parse("mailward.toml", &text)
            .map_err(|error| DemoError::Claim(error.to_string()))?;
        let trust = ClientTls::new(Roots {
            system: false,
            files: vec![root_file],
        });
        Ok(Place {
            client_tls: super::tls::checked_client(&trust)?,
            away_tls: super::tls::server(&away, AWAY_HOST)?,
            config,
            config_path,
            ports,
        })
    }

    /// Writes the objects into the store; mail out goes to `away`.
    pub(super) fn write_objects(&self, away: SocketAddr) -> Result<(), DemoError> {
        setup::write_objects(&self.config, &self.objects(away)).map_err(DemoError::Claim)
    }

    /// What an administrator would give to `mailward apply`.
    fn objects(&self, away: SocketAddr) -> String {
        let Ports {
            internet,
            applications,
            ..
        } = self.ports;
        format!(
            r#"
[[accepted_domain]]
name = "{HOME}"
domain = "{HOME}"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{internet}"]
fqdn = "{HOME_HOST}"
max_connections_per_source = 1000

[[receive_connector]]
name = "Applications"
bindings = ["127.0.0.1:{applications}"]
remote_ranges = ["127.0.0.0/8"]
fqdn = "{HOME_HOST}"
relay = "all"
max_connections_per_source = 1000

[[send_connector]]
name = "Partner"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["{away}"]
tls = "required"
tls_auth_level = "domain_validation"
tls_domain = "{AWAY_HOST}"

[[mailbox]]
name = "orders"
address = "orders@{HOME}"

[[mailbox]]
name = "support"
address = "support@{HOME}"
proxy_addresses = ["help@{HOME}"]

[[mailbox]]
name = "journal"
address = "journal@{HOME}"
type = "journal"

[[distribution_group]]
name = "desk"
address = "desk@{HOME}"
members = ["orders@{HOME}", "support@{HOME}"]

[[journal_rule]]
name = "Everything"
journal_address = "journal@{HOME}"

[health_settings]
connector_probe_interval = "1s"
mailflow_probe_interval = "3s"
restart_component_after = "1s"
restart_process_after = "20s"
offline_after = "2m"
probation = "5s"
heartbeat_timeout = "5s"
"#
        )
    }

    /// The name a client checks on our side.
    pub(super) fn home_name(&self) -> Result<ServerName<'static>, DemoError> {
        ServerName::try_from(HOME_HOST).map_err(|error| DemoError::Claim(error.to_string()))
    }

    /// The command's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.config.run_dir.join("admin.sock")
    }
}
