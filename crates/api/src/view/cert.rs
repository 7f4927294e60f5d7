//! Certificates held, and which one a connector shows.

use mailward_model::{Decision, Domain, PassedOver};
use serde::{Deserialize, Serialize};

/// A certificate that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateView {
    /// Its file, relative to the certificate folder.
    pub file: String,
    /// Subject, as OpenSSL prints it.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Names it stands for: subjectAltName, else the common name.
    pub names: Vec<String>,
    /// SHA-256 of its public key in hex: what a connector's `certificate` pins.
    pub spki_sha256: String,
    /// Serial number in hex.
    pub serial: String,
    /// Valid from.
    pub not_before_unix_ms: i64,
    /// Valid until.
    pub not_after_unix_ms: i64,
    /// Whether its issuer is itself.
    pub self_signed: bool,
    /// Key algorithm and size, such as `ECDSA P-256`.
    pub key: String,
    /// Receive connectors that show it now, and as `send/NAME` send connectors that would.
    #[serde(default)]
    pub used_by: Vec<String>,
    /// What is wrong or will soon be, as sentences: `expires in 6 days`.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A file of the certificate folder that holds nothing usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SetAsideFile {
    /// The file.
    pub file: String,
    /// Why it is not used.
    pub reason: String,
    /// What to do about it.
    pub mend: String,
}

/// Everything in the certificate folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateList {
    /// The folder.
    pub folder: String,
    /// Loaded certificates.
    pub certificates: Vec<CertificateView>,
    /// Files set aside.
    pub set_aside: Vec<SetAsideFile>,
}

/// Which certificate a receive connector shows at STARTTLS, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateChoice {
    /// The connector.
    pub connector: String,
    /// True for a send connector, which shows it to a peer that asks.
    #[serde(default)]
    pub send: bool,
    /// The name the certificate must carry.
    pub fqdn: Domain,
    /// The choice: a certificate's file, or none. STARTTLS is then not offered by a receive connector,
    /// and a send connector shows none.
    pub decision: Decision<Option<String>>,
    /// When the chosen one ends.
    #[serde(default)]
    pub not_after_unix_ms: Option<i64>,
    /// The one that would be shown, were it not untrusted here or, by a send connector, were it valid now.
    #[serde(default)]
    pub kept_back: Option<PassedOver>,
}
