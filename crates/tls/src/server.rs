//! TLS configurations for receiving: one per certificate, shared by every connection it serves.
//!
//! TLS 1.2 and 1.3 (RFC 8997 forbids older ones for mail), forward secrecy always, sessions resumed
//! by tickets (RFC 5077, RFC 8446 §2.2) whose keys are made here, change every six hours and never
//! leave the process. Nothing is kept per session: the client holds its ticket.

use std::sync::Arc;

use mailward_model::TlsSession;
use rustls::{
    CommonState, Error, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::NoServerSessionStorage,
    sign::{CertifiedKey, SingleCertAndKey},
};

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
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    // A ticket is bound to its certificate: after a renewal every session is a full handshake once,
    // so no peer goes on trusting what the old key signed.
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // Mail servers resume one session at a time; the second ticket of the default is never used.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
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
