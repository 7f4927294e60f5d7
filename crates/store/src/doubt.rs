//! The question that comes before every other one about a database's certificate: whether it is
//! untrusted by name. Who knows the list says how to ask it; this crate does not know it.
//!
//! One for the process, as the list is. Never here: the list.

use std::sync::{Arc, OnceLock};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Refuses a path that a database showed, leaf first, or has nothing against it.
pub type Doubt = fn(&[&CertificateDer<'_>]) -> Result<(), Error>;

static DOUBT: OnceLock<Doubt> = OnceLock::new();

/// From now on, every certificate that a database shows in a handshake is asked about by this, before
/// its chain and name are. The first one that is set stays.
pub fn doubt_databases(doubt: Doubt) {
    // Setting it again is no mistake: each role sets the same.
    let _ = DOUBT.set(doubt);
}

/// Asks the doubt first, and then as the library does.
#[derive(Debug)]
pub(crate) struct Doubting(pub(crate) Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Doubting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(doubt) = DOUBT.get() {
            let path: Vec<&CertificateDer<'_>> =
                std::iter::once(end_entity).chain(intermediates).collect();
            doubt(&path)?;
        }
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
