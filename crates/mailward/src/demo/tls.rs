//! TLS of the demo's two sides, through the same crate that serves real mail.

use std::{path::Path, sync::Arc};

use mailward_host::clock::SystemClock;
use mailward_model::{
    Domain,
    kind::{OutboundTls, TlsAuthLevel},
};
use mailward_tls::{Certificates, ClientTls, ConnectorNeeds, ShownBy};
use rustls::{ClientConfig, ServerConfig};

use super::DemoError;

/// A client that checks chain and name against the demo's authority alone.
pub(super) fn checked_client(trust: &ClientTls) -> Result<Arc<ClientConfig>, DemoError> {
    trust
        .config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None)
        .map_err(|error| DemoError::Claim(error.to_string()))?
        .ok_or_else(|| DemoError::Claim("no TLS configuration for a checked client".to_owned()))
}

/// A server that shows the certificate for `host` from a folder.
pub(super) fn server(folder: &Path, host: &str) -> Result<Arc<ServerConfig>, DemoError> {
    let claim = |text: String| DemoError::Claim(text);
    let fqdn: Domain = host.parse().map_err(|error| claim(format!("{error}")))?;
    let held = Certificates::open(folder, Arc::new(SystemClock::default()), |_| {});
    let needs = ConnectorNeeds {
        by: ShownBy::Receive,
        connector: "away",
        fqdn: &fqdn,
        pin: None,
    };
    held.server_config(&needs)
        .ok_or_else(|| claim(format!("no certificate for {host}")))
}
