//! TLS configurations for receiving: one per certificate, shared by every connection it serves.
//!
//! TLS 1.2 and 1.3 (RFC 8997 forbids older ones for mail), forward secrecy always, sessions resumed
//! by tickets (RFC 5077, RFC 8446 §2.2) whose keys are made here, change every six hours and never
//! leave the process. Nothing is kept per session: the client holds its ticket.

use std::sync::Arc;

use mailward_model::TlsSession;
use rustls::{
    CommonState, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature,
        verify_tls13_signature,
    },
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::untrusted::Untrusted;

/// The provider of cryptography, chosen here and not taken from the process-wide default, so that
/// no other library of the process can change it.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The configuration that serves one certificate.
///
/// # Errors
/// The kernel gave no entropy for the ticket keys, or the provider has no usable cipher suite.
pub fn server_config(
    certified: CertifiedKey,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    finish(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

/// The same for connectors that ask clients for a certificate: none is demanded, and one that is on
/// the list of untrusted certificates ends the handshake.
///
/// # Errors
/// As [`server_config`].
pub(crate) fn asking_config(
    certified: CertifiedKey,
    provider: &Arc<CryptoProvider>,
    untrusted: Untrusted,
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(ClientVerifier {
            untrusted,
            algorithms: provider.signature_verification_algorithms,
        }));
    finish(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

fn finish(mut config: ServerConfig) -> Result<Arc<ServerConfig>, Error> {
    // A ticket is bound to its certificate: after a renewal every session is a full handshake once,
    // so no peer goes on trusting what the old key signed.
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // Mail servers resume one session at a time; the second ticket of the default is never used.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

/// Takes every client certificate whose key the client holds, and that is not untrusted. Whose it is
/// is for others to ask.
#[derive(Debug)]
struct ClientVerifier {
    untrusted: Untrusted,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hints: a client that has a certificate of any authority may show it.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let path: Vec<&CertificateDer<'_>> =
            std::iter::once(end_entity).chain(intermediates).collect();
        self.untrusted
            .check(&path)
            .map_err(|distrusted| distrusted.into_error())?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Version and cipher of a session, as Received fields and tracking name them; `None` before the
/// handshake is done. Works on either side's connection.
pub fn describe(connection: &CommonState) -> Option<TlsSession> {
    use rustls::ProtocolVersion;
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => "TLS",
    };
    let suite = connection.negotiated_cipher_suite()?.suite();
    let cipher = suite.as_str().unwrap_or("unknown");
    Some(TlsSession {
        version: version.to_owned(),
        // IANA's name of a TLS 1.3 suite has no key exchange in it, and so no TLS13_ prefix.
        cipher: cipher.replacen("TLS13_", "TLS_", 1),
        peer_name: None,
    })
}
