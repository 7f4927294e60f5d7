//! What a server shows a client of today: its chain, its OCSP staple, what was agreed on; and
//! whether that chain stands.

use std::sync::Arc;

use mailward_model::kind::HostName;
use parking_lot::Mutex;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

use super::{flight::CHAIN_MAX, starttls::Greeting, wire::Dial};
use crate::{client::ClientTls, server::describe};

/// What a server shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// `TLSv1.3`; empty where the chain comes from a hello of our own.
    pub(super) version: String,
    /// The suite; empty as well.
    pub(super) cipher: String,
    /// Its chain, leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The OCSP response it stapled, DER; empty where there is none.
    pub(super) staple: Vec<u8>,
    /// What it said before TLS.
    pub(super) greeting: Greeting,
}

/// Takes every chain, and remembers it. The handshake's signature is checked all the same: the
/// server does hold the key of what it shows.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    staple: Mutex<Vec<u8>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        ocsp_response.clone_into(&mut self.staple.lock());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Makes a whole handshake as a client of today does.
pub(super) async fn handshake(
    dial: &Dial,
    provider: &Arc<CryptoProvider>,
) -> Result<Shown, String> {
    let witness = Arc::new(Witness {
        provider: Arc::clone(provider),
        staple: Mutex::default(),
    });
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    let name = ClientTls::server_name(&dial.target.host)
        .unwrap_or_else(|_| ServerName::from(dial.address.ip()));
    let open = dial.open().await.map_err(|error| error.to_string())?;
    let connect = TlsConnector::from(Arc::new(config)).connect(name, open.stream);
    let stream = timeout_at(open.late, connect)
        .await
        .map_err(|_| "the handshake was not done in time".to_owned())?
        .map_err(|error| error.to_string())?;
    let (_, connection) = stream.get_ref();
    let session = describe(connection);
    let (version, cipher) = session.map_or_else(Default::default, |s| (s.version, s.cipher));
    let chain = connection.peer_certificates().unwrap_or_default();
    Ok(Shown {
        version,
        cipher,
        chain: chain
            .iter()
            .take(CHAIN_MAX)
            .map(|certificate| certificate.clone().into_owned())
            .collect(),
        staple: std::mem::take(&mut witness.staple.lock()),
        greeting: open.greeting,
    })
}

/// Whether a chain leads to a root, at a moment; names are another question.
pub(super) fn chain_stands(
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    provider: &CryptoProvider,
    unix_ms: u64,
) -> Result<(), String> {
    let (leaf, rest) = chain.split_first().ok_or("no certificate was shown")?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(unix_ms));
    let checked = ParsedCertificate::try_from(leaf).and_then(|parsed| {
        let algorithms = provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, rest, now, algorithms)
    });
    checked.map_err(|error| match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) if rest.is_empty() => {
            "no root that is trusted here signed it, and the server sends no intermediate \
             certificate that would lead to one"
                .to_owned()
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "it leads to no root that is trusted here".to_owned()
        }
        error => error.to_string(),
    })
}

/// The name of a host as certificates carry it.
pub(super) fn certificate_name(host: &HostName) -> Option<mailward_model::Domain> {
    match host {
        HostName::Name(name) => Some(name.clone()),
        HostName::Ip(ip) => format!("[{ip}]").parse().ok(),
    }
}
