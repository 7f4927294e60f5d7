//! TLS configurations for delivery: how far the peer is checked, and against which roots.
//!
//! Three levels, as send connectors name them. Whatever the level, the list of untrusted certificates
//! is asked first, and the handshake's signature is checked, so the peer does hold the key of the
//! certificate it shows. Roots are read when the first
//! checked connection is made, not before: a server that only sends opportunistically never holds
//! them.
//!
//! Sessions are resumed only within one configuration, and there is one per level, name and certificate
//! of our own: a session that was never checked cannot be resumed where checking is demanded, and one in
//! which another certificate was shown is not resumed at all. When the list of untrusted certificates
//! changes all are made anew, and no older session is resumed.

use std::{path::PathBuf, sync::Arc};

use mailward_model::{
    Domain,
    kind::{HostName, OutboundTls, TlsAuthLevel},
};
use parking_lot::{Mutex, MutexGuard};
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    server::{ParsedCertificate, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use crate::{certificate::CertificateRef, server::provider, untrusted::Untrusted};

/// Sessions kept for resumption, per configuration.
const SESSIONS_MAX: usize = 256;
/// Configurations kept: levels times the names that connectors pin, times our certificates. Above it the
/// cache starts anew.
const CONFIGS_MAX: usize = 256;

/// Which roots peers' chains must lead to.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The system's store (`/etc/ssl/certs`, or where SSL_CERT_FILE and SSL_CERT_DIR say).
    pub system: bool,
    /// PEM files with further roots.
    pub files: Vec<PathBuf>,
}

impl Roots {
    /// The system's store.
    pub fn system() -> Self {
        Roots {
            system: true,
            files: Vec::new(),
        }
    }

    /// The system's store and the roots in `file`.
    pub fn system_and(file: impl Into<PathBuf>) -> Self {
        Roots {
            system: true,
            files: vec![file.into()],
        }
    }

    /// Reads the roots. Those on the list are left out: a peer does not send its root, so that no
    /// path would show it.
    pub(crate) fn load(&self, untrusted: &Untrusted) -> Result<RootCertStore, ClientTlsError> {
        let list = untrusted.list();
        self.load_where(|root| list.find(&[root]).is_none())
    }

    fn load_where(
        &self,
        trusted: impl Fn(&CertificateDer<'_>) -> bool,
    ) -> Result<RootCertStore, ClientTlsError> {
        let mut store = RootCertStore::empty();
        if self.system {
            // Single entries that cannot be read are of no interest: every store has some.
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs.into_iter().filter(&trusted));
        }
        for file in &self.files {
            let fail = |problem: String| ClientTlsError::RootFile {
                file: file.clone(),
                problem,
            };
            let text = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
            let roots: Vec<_> = CertificateDer::pem_slice_iter(&text)
                .collect::<Result<_, _>>()
                .map_err(|error| fail(error.to_string()))?;
            if roots.is_empty() {
                return Err(fail("it holds no CERTIFICATE section".to_owned()));
            }
            for root in roots.into_iter().filter(&trusted) {
                store.add(root).map_err(|error| fail(error.to_string()))?;
            }
        }
        if store.is_empty() {
            return Err(ClientTlsError::NoRoots);
        }
        Ok(store)
    }
}

/// Why a peer cannot be checked: no connection that demands it may be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientTlsError {
    /// Nothing to check against.
    #[error(
        "no trusted root certificate was found, so no peer can be checked; install the system's \
         (Debian: ca-certificates) or name a file of roots"
    )]
    NoRoots,
    /// A file of roots is not usable.
    #[error("the file of root certificates {file} cannot be used: {problem}; mend or remove it", file = file.display())]
    RootFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The library refused the settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// What a configuration is for; the key of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Purpose {
    level: TlsAuthLevel,
    name: Option<Domain>,
    shown: Shown,
}

/// What is shown to a peer that asks. A certificate that is read again from its file unchanged is the
/// very same value.
#[derive(Debug, Clone, Default)]
struct Shown(Option<Arc<CertifiedKey>>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Shown {}

/// Gives delivery its TLS configurations. Share one.
#[derive(Debug)]
pub struct ClientTls {
    roots: Roots,
    untrusted: Untrusted,
    provider: Arc<CryptoProvider>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    store: Option<Arc<RootCertStore>>,
    /// The generation of the list of untrusted certificates that the configurations are of.
    generation: u64,
    configs: Vec<(Purpose, Arc<ClientConfig>)>,
}

impl ClientTls {
    /// A source of configurations. The roots are read when first needed. The list of untrusted
    /// certificates is that of the process.
    pub fn new(roots: Roots) -> Self {
        ClientTls {
            roots,
            untrusted: Untrusted::of_process(),
            provider: provider(),
            state: Mutex::default(),
        }
    }

    /// The same, asking another list of untrusted certificates than that of the process.
    #[must_use]
    pub fn with_untrusted(mut self, untrusted: Untrusted) -> Self {
        self.untrusted = untrusted;
        self
    }

    /// The configuration for a send connector: `None` where it uses no TLS.
    ///
    /// `tls_domain` is the name the certificate must carry at [`TlsAuthLevel::DomainValidation`];
    /// without it, the name given to the handshake ([`ClientTls::server_name`]) is checked.
    ///
    /// # Errors
    /// [`ClientTlsError`] where a check is demanded and there is nothing to check against. The
    /// delivery must then be deferred, never made unchecked.
    pub fn config(
        &self,
        tls: OutboundTls,
        level: TlsAuthLevel,
        tls_domain: Option<&Domain>,
    ) -> Result<Option<Arc<ClientConfig>>, ClientTlsError> {
        self.config_showing(tls, level, tls_domain, None)
    }

    /// The same, showing a certificate to a peer that asks for one
    /// ([`Certificates::client_certificate`](crate::Certificates::client_certificate)).
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn config_showing(
        &self,
        tls: OutboundTls,
        level: TlsAuthLevel,
        tls_domain: Option<&Domain>,
        certificate: Option<&CertificateRef>,
    ) -> Result<Option<Arc<ClientConfig>>, ClientTlsError> {
        let (level, name) = match (tls, level) {
            (OutboundTls::Off, _) => return Ok(None),
            // RFC 7435: where plain text would do, any certificate is better.
            (OutboundTls::Opportunistic, _) => (TlsAuthLevel::EncryptionOnly, None),
            (OutboundTls::Required, TlsAuthLevel::DomainValidation) => (level, tls_domain.cloned()),
            (OutboundTls::Required, level) => (level, None),
        };
        let purpose = Purpose {
            level,
            name,
            shown: Shown(certificate.and_then(|one| one.certified.clone())),
        };
        let mut state = self.current();
        if let Some((_, config)) = state.configs.iter().find(|(known, _)| *known == purpose) {
            return Ok(Some(config.clone()));
        }
        let check = self.check(&purpose, &mut state)?;
        let config = self.build(check, &purpose.shown)?;
        if state.configs.len() >= CONFIGS_MAX {
            state.configs.clear();
        }
        state.configs.push((purpose, config.clone()));
        Ok(Some(config))
    }

    /// Checks a chain that a peer has shown already: that it leads to a root, and carries the name.
    /// For whoever wants to see a certificate that would be refused.
    ///
    /// # Errors
    /// Why it would be refused, or that there is nothing to check against.
    pub fn check_chain(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        unix_ms: u64,
    ) -> Result<(), String> {
        let purpose = Purpose {
            level: TlsAuthLevel::DomainValidation,
            name: None,
            shown: Shown::default(),
        };
        let check = self
            .check(&purpose, &mut self.state.lock())
            .map_err(|error| error.to_string())?;
        let verifier = PeerVerifier {
            check,
            algorithms: self.provider.signature_verification_algorithms,
            untrusted: self.untrusted.clone(),
        };
        let (leaf, rest) = chain.split_first().ok_or("no certificate was shown")?;
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(unix_ms));
        verifier
            .verify_server_cert(leaf, rest, name, &[], now)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// The state, made anew where the list of untrusted certificates has changed.
    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let generation = self.untrusted.generation();
        if state.generation != generation {
            // Sessions that were begun under an older list must not be resumed.
            *state = State {
                generation,
                ..State::default()
            };
        }
        state
    }

    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// The roots that chains must lead to.
    ///
    /// # Errors
    /// [`ClientTlsError`] where there are none.
    pub fn roots(&self) -> Result<Arc<RootCertStore>, ClientTlsError> {
        self.store(&mut self.current())
    }

    /// Every root there is, those on the list of untrusted certificates too: who may have signed a CRL.
    /// An authority whose last CRL is stale may be on that list until it has signed another one, and
    /// what one revokes that nobody trusts harms nobody. Reads files.
    ///
    /// # Errors
    /// [`ClientTlsError`] where there are none.
    pub fn roots_of_issuers(&self) -> Result<RootCertStore, ClientTlsError> {
        self.roots.load_where(|_| true)
    }

    /// Whether a path that a peer showed leads to a root, whatever name it is for: as a server's or as
    /// a client's.
    pub fn leads_to_root(&self, path: &[CertificateDer<'_>], unix_ms: u64) -> bool {
        let (Some((leaf, rest)), Ok(roots)) = (path.split_first(), self.roots()) else {
            return false;
        };
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(unix_ms));
        let algorithms = self.provider.signature_verification_algorithms.all;
        let as_server = ParsedCertificate::try_from(leaf).and_then(|parsed| {
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, rest, now, algorithms)
        });
        if as_server.is_ok() {
            return true;
        }
        let provider = Arc::clone(&self.provider);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        verifier.is_ok_and(|it| it.verify_client_cert(leaf, rest, now).is_ok())
    }

    /// The list of untrusted certificates that is asked.
    pub fn untrusted(&self) -> &Untrusted {
        &self.untrusted
    }

    /// Forgets configurations and roots: the next connection reads the roots again.
    pub fn reload(&self) {
        *self.state.lock() = State::default();
    }

    /// The name for the handshake with a host: sent as SNI where it is a DNS name.
    ///
    /// # Errors
    /// [`ClientTlsError::Setup`] where a name is no host name (an underscore, an address literal).
    pub fn server_name(host: &HostName) -> Result<ServerName<'static>, ClientTlsError> {
        match host {
            HostName::Ip(ip) => Ok(ServerName::from(*ip)),
            HostName::Name(name) => name_of(name),
        }
    }

    fn check(&self, purpose: &Purpose, state: &mut State) -> Result<Check, ClientTlsError> {
        if purpose.level == TlsAuthLevel::EncryptionOnly {
            return Ok(Check::Nothing);
        }
        let roots = self.store(state)?;
        Ok(match purpose.level {
            TlsAuthLevel::DomainValidation => Check::ChainAndName {
                roots,
                name: purpose.name.as_ref().map(name_of).transpose()?,
            },
            _ => Check::Chain { roots },
        })
    }

    fn store(&self, state: &mut State) -> Result<Arc<RootCertStore>, ClientTlsError> {
        if let Some(store) = &state.store {
            return Ok(store.clone());
        }
        let store = Arc::new(self.roots.load(&self.untrusted)?);
        state.store = Some(store.clone());
        Ok(store)
    }

    fn build(&self, check: Check, shown: &Shown) -> Result<Arc<ClientConfig>, ClientTlsError> {
        let verifier = PeerVerifier {
            check,
            algorithms: self.provider.signature_verification_algorithms,
            untrusted: self.untrusted.clone(),
        };
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientTlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &shown.0 {
            // Shown whichever authorities the peer names: it has then something to tell its
            // administrator of.
            Some(certified) => {
                let one = SingleCertAndKey::from(CertifiedKey::clone(certified));
                builder.with_client_cert_resolver(Arc::new(one))
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        Ok(Arc::new(config))
    }
}

/// Whether a handshake, or what was read or written behind it, failed because the peer does not take the
/// certificate that it was shown (RFC 8446 §6.2).
pub fn refuses_certificate(error: &std::io::Error) -> bool {
    use AlertDescription as Alert;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(Error::AlertReceived(alert)) = inner else {
        return false;
    };
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

fn name_of(name: &Domain) -> Result<ServerName<'static>, ClientTlsError> {
    if let Some(ip) = name.literal() {
        return Ok(ServerName::from(ip));
    }
    ServerName::try_from(name.as_str().to_owned()).map_err(|_| {
        ClientTlsError::Setup(format!(
            "{name} is not a host name that a certificate can carry"
        ))
    })
}

/// What is checked of a peer's certificate.
#[derive(Debug)]
enum Check {
    Nothing,
    Chain {
        roots: Arc<RootCertStore>,
    },
    ChainAndName {
        roots: Arc<RootCertStore>,
        /// The handshake's own name where `None`.
        name: Option<ServerName<'static>>,
    },
}

#[derive(Debug)]
struct PeerVerifier {
    check: Check,
    algorithms: WebPkiSupportedAlgorithms,
    untrusted: Untrusted,
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let path: Vec<&CertificateDer<'_>> =
            std::iter::once(end_entity).chain(intermediates).collect();
        self.untrusted
            .check(&path)
            .map_err(|distrusted| distrusted.into_error())?;
        let (roots, name) = match &self.check {
            Check::Nothing => return Ok(ServerCertVerified::assertion()),
            Check::Chain { roots } => (roots, None),
            Check::ChainAndName { roots, name } => {
                (roots, Some(name.as_ref().unwrap_or(server_name)))
            }
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        if let Some(name) = name {
            verify_server_name(&parsed, name)?;
        }
        Ok(ServerCertVerified::assertion())
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
