//! The question that comes before every other one about a database's certificate: whether it is
//! untrusted by name. Who knows the list says how to ask it; this crate does not know it.
//!
//! One for the process, as the list is. Never here: the list.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
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

/// What a database showed in a handshake, leaf first.
pub type ShownPath = Arc<[CertificateDer<'static>]>;

/// Where it is noted what a database showed, so that it can be asked about again while the connection
/// stands. A connection is made with a verifier of its own, and so is never a resumed one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Option<ShownPath>>>);

impl Shown {
    /// Asks about it again; what was shown is told where it is doubted. Nothing was shown without TLS.
    pub(crate) fn look(&self) -> Result<(), (Error, ShownPath)> {
        let path = self.0.lock().clone();
        match (DOUBT.get(), path) {
            (Some(doubt), Some(path)) => {
                doubt(&path.iter().collect::<Vec<_>>()).map_err(|error| (error, path))
            }
            _ => Ok(()),
        }
    }
}

/// Asks the doubt first, and then as the library does.
#[derive(Debug)]
pub(crate) struct Doubting {
    usual: Arc<WebPkiServerVerifier>,
    shown: Shown,
}

impl Doubting {
    pub(crate) fn new(usual: Arc<WebPkiServerVerifier>, shown: &Shown) -> Doubting {
        Doubting {
            usual,
            shown: shown.clone(),
        }
    }
}

impl ServerCertVerifier for Doubting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let path: Vec<&CertificateDer<'_>> =
            std::iter::once(end_entity).chain(intermediates).collect();
        if let Some(doubt) = DOUBT.get() {
            doubt(&path)?;
        }
        let kept = path.into_iter().map(|one| one.clone().into_owned());
        *self.shown.0.lock() = Some(kept.collect());
        self.usual
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
