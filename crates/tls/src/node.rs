//! TLS between the nodes of an organisation: each shows a certificate of the organisation's own
//! authority, and is known by the one name in it.
//!
//! TLS 1.3 alone, and no session is resumed: every connection shows its certificate anew, so that one
//! that was put on the list of untrusted certificates is refused with the next connection. Only the
//! authority of the nodes is asked; what the system trusts means nothing here.
//!
//! Never here: what a machine may ask.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use parking_lot::Mutex;
use rustls::{
    ClientConfig, CommonState, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};

use crate::{certificate, server::provider, untrusted::Untrusted};

/// Octets of either file.
const FILE_OCTETS_MAX: u64 = 1 << 20;

/// Why a node cannot speak with others.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct NodeTlsError {
    /// The file that is meant.
    pub file: PathBuf,
    /// What is wrong with it, and how to mend it.
    pub problem: String,
}

/// What tells that a file changed, without reading it.
type Stamp = (Option<SystemTime>, u64);

struct Held {
    stamps: [Stamp; 2],
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// A node's certificate and the authority that it trusts. Both files are read anew when they change.
pub struct NodeTls {
    name: String,
    certificate: PathBuf,
    authority: PathBuf,
    untrusted: Untrusted,
    held: Mutex<Option<Held>>,
}

impl std::fmt::Debug for NodeTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeTls")
            .field("name", &self.name)
            .field("certificate", &self.certificate)
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl NodeTls {
    /// For the node of this name. `certificate` holds its key, its certificate and what led to the
    /// authority; `authority` the authority's certificate. Nothing is read yet.
    pub fn new(name: &str, certificate: PathBuf, authority: PathBuf) -> NodeTls {
        NodeTls {
            name: name.to_ascii_lowercase(),
            certificate,
            authority,
            untrusted: Untrusted::of_process(),
            held: Mutex::default(),
        }
    }

    /// The same, asking another list of untrusted certificates than that of the process.
    #[must_use]
    pub fn with_untrusted(mut self, untrusted: Untrusted) -> NodeTls {
        self.untrusted = untrusted;
        self
    }

    /// For taking connections of other nodes. Reads files where they have changed: call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn server(&self) -> Result<Arc<ServerConfig>, NodeTlsError> {
        self.with(|held| held.server.clone())
    }

    /// For connecting to other nodes. As [`NodeTls::server`].
    ///
    /// # Errors
    /// As [`NodeTls::server`].
    pub fn client(&self) -> Result<Arc<ClientConfig>, NodeTlsError> {
        self.with(|held| held.client.clone())
    }

    fn with<T>(&self, take: impl FnOnce(&Held) -> T) -> Result<T, NodeTlsError> {
        let stamps = [self.stamp(&self.certificate)?, self.stamp(&self.authority)?];
        let mut held = self.held.lock();
        match &*held {
            Some(held) if held.stamps == stamps => Ok(take(held)),
            _ => {
                let new = self.load(stamps)?;
                Ok(take(held.insert(new)))
            }
        }
    }

    fn stamp(&self, file: &Path) -> Result<Stamp, NodeTlsError> {
        let metadata = std::fs::metadata(file).map_err(|error| cannot_read(file, &error))?;
        Ok((metadata.modified().ok(), metadata.len()))
    }

    fn load(&self, stamps: [Stamp; 2]) -> Result<Held, NodeTlsError> {
        let own = |problem: String| NodeTlsError {
            file: self.certificate.clone(),
            problem,
        };
        let setup = |error: &dyn std::fmt::Display| own(format!("TLS cannot be set up: {error}"));
        let text = read(&self.certificate)?;
        let chain = certificates(&self.certificate, &text)?;
        let key = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|error| own(format!("it holds no private key ({error})")))?;
        let shown = machine_of_chain(&chain);
        if shown.as_deref() != Some(self.name.as_str()) {
            let shown = shown.unwrap_or_else(|| "no single DNS name".to_owned());
            return Err(own(format!(
                "its certificate is for {shown}, and this node is {}; make one with `mailward \
                 authority issue {}`",
                self.name, self.name
            )));
        }
        let roots = Arc::new(self.roots()?);
        let provider = provider();
        let takes = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|error| setup(&error))?;
        let takes = Arc::new(TakesNodes {
            inner: takes,
            untrusted: self.untrusted.clone(),
        });
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| setup(&error))?
            .with_client_cert_verifier(takes)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(|error| own(format!("certificate and key cannot be used: {error}")))?;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        let asks = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| setup(&error))?;
        let asks = Arc::new(AsksNodes {
            inner: asks,
            untrusted: self.untrusted.clone(),
        });
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| setup(&error))?
            .dangerous()
            .with_custom_certificate_verifier(asks)
            .with_client_auth_cert(chain, key)
            .map_err(|error| own(format!("certificate and key cannot be used: {error}")))?;
        client.resumption = Resumption::disabled();
        Ok(Held {
            stamps,
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }

    fn roots(&self) -> Result<RootCertStore, NodeTlsError> {
        let text = read(&self.authority)?;
        let mut roots = RootCertStore::empty();
        for root in certificates(&self.authority, &text)? {
            roots.add(root).map_err(|error| NodeTlsError {
                file: self.authority.clone(),
                problem: format!("a certificate in it is no authority's: {error}"),
            })?;
        }
        Ok(roots)
    }
}

fn cannot_read(file: &Path, error: &io::Error) -> NodeTlsError {
    NodeTlsError {
        file: file.to_owned(),
        problem: format!("it cannot be read: {error}; make it with `mailward authority issue`"),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, NodeTlsError> {
    use io::Read as _;
    let mut text = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(FILE_OCTETS_MAX).read_to_end(&mut text))
        .map_err(|error| cannot_read(file, &error))?;
    Ok(text)
}

fn certificates(file: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, NodeTlsError> {
    let fail = |problem: String| NodeTlsError {
        file: file.to_owned(),
        problem,
    };
    let all: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| fail(error.to_string()))?;
    match all.is_empty() {
        true => Err(fail("it holds no CERTIFICATE section".to_owned())),
        false => Ok(all),
    }
}

fn machine_of_chain(chain: &[CertificateDer<'_>]) -> Option<String> {
    let facts = certificate::parse(chain.first()?).ok()?.facts;
    match facts.dns_names.as_slice() {
        [name] if !name.contains('*') => Some(name.clone()),
        _ => None,
    }
}

/// The machine at the other end: the one DNS name in the certificate it showed, in lower case. `None`
/// where there is not exactly one, or a wildcard. Whether the certificate is good was checked in the
/// handshake.
pub fn machine_of(connection: &CommonState) -> Option<String> {
    machine_of_chain(connection.peer_certificates()?)
}

fn check(
    untrusted: &Untrusted,
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
) -> Result<(), Error> {
    let path: Vec<&CertificateDer<'_>> = std::iter::once(leaf).chain(rest).collect();
    untrusted
        .check(&path)
        .map_err(|distrusted| distrusted.into_error())
}

/// Takes what shows a certificate of the authority, and none that is untrusted.
#[derive(Debug)]
struct TakesNodes {
    inner: Arc<dyn ClientCertVerifier>,
    untrusted: Untrusted,
}

impl ClientCertVerifier for TakesNodes {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        check(&self.untrusted, end_entity, intermediates)?;
        self.inner
            .verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Asks the node of a name that the authority vouches for, and none that is untrusted.
#[derive(Debug)]
struct AsksNodes {
    inner: Arc<WebPkiServerVerifier>,
    untrusted: Untrusted,
}

impl ServerCertVerifier for AsksNodes {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        check(&self.untrusted, end_entity, intermediates)?;
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConnection, ServerConnection};

    use super::*;
    use crate::ca::{Authority, Leaf};

    struct Place {
        dir: tempfile::TempDir,
        authority: Authority,
    }

    impl Place {
        fn new() -> Place {
            let dir = tempfile::tempdir().unwrap();
            let authority = Authority::open_or_make(dir.path(), "Nodes").unwrap();
            Place { dir, authority }
        }

        fn node(&self, name: &str, leaf: &Leaf) -> NodeTls {
            let issued = self.authority.issue(leaf).unwrap();
            let file = issued.write(self.dir.path(), name).unwrap();
            NodeTls::new(name, file, self.dir.path().join("ca.pem"))
                .with_untrusted(Untrusted::default())
        }
    }

    /// Who the server says connects, or how either side fails.
    fn handshake(client: &NodeTls, server: &NodeTls, name: &str) -> Result<Option<String>, String> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut client = ClientConnection::new(client.client().unwrap(), name).unwrap();
        let mut server = ServerConnection::new(server.server().unwrap()).unwrap();
        for _ in 0..10 {
            let mut octets = Vec::new();
            client.write_tls(&mut octets).unwrap();
            server.read_tls(&mut octets.as_slice()).unwrap();
            let of_server = server.process_new_packets().map(drop);
            let mut octets = Vec::new();
            server.write_tls(&mut octets).unwrap();
            client.read_tls(&mut octets.as_slice()).unwrap();
            client
                .process_new_packets()
                .map_err(|error| format!("client: {error}"))?;
            of_server.map_err(|error| format!("server: {error}"))?;
        }
        assert!(!server.is_handshaking() && !client.is_handshaking());
        Ok(machine_of(&server))
    }

    #[test]
    fn nodes_of_one_authority_know_each_other_by_name() {
        let place = Place::new();
        let one = place.node("mx1.example.org", &Leaf::node("mx1.example.org"));
        let two = place.node("mx2.example.org", &Leaf::node("mx2.example.org"));
        let seen = handshake(&one, &two, "mx2.example.org").unwrap();
        assert_eq!(seen.as_deref(), Some("mx1.example.org"));
        // A node cannot answer for another one.
        let error = handshake(&one, &two, "mx3.example.org").unwrap_err();
        assert!(error.contains("not valid for name"), "{error}");
    }

    #[test]
    fn another_authority_and_an_untrusted_certificate_are_refused() {
        let (place, other) = (Place::new(), Place::new());
        let one = place.node("mx1.example.org", &Leaf::node("mx1.example.org"));
        let two = place.node("mx2.example.org", &Leaf::node("mx2.example.org"));
        let stranger = other.node("mx1.example.org", &Leaf::node("mx1.example.org"));
        assert!(handshake(&stranger, &two, "mx2.example.org").is_err());
        // It trusts the authority of the others, but its certificate is not of it.
        let mixed = NodeTls::new(
            "mx1.example.org",
            stranger.certificate.clone(),
            one.authority.clone(),
        );
        let error = handshake(&mixed, &two, "mx2.example.org").unwrap_err();
        // Both authorities have one name: the signature gives the stranger away.
        assert!(error.contains("fatal alert"), "{error}");
        // A certificate for servers alone is no machine's.
        let server_only = place.node("mx4.example.org", &Leaf::new(["mx4.example.org"]));
        assert!(handshake(&server_only, &two, "mx2.example.org").is_err());
        let listed = mailward_model::kind::UntrustedCertificate {
            sha256: {
                let text = std::fs::read(&one.certificate).unwrap();
                let chain = certificates(&one.certificate, &text).unwrap();
                let facts = certificate::parse(&chain[0]).unwrap().facts;
                Some(facts.fingerprint.parse().unwrap())
            },
            reason: "lost".to_owned(),
            ..mailward_model::kind::UntrustedCertificate::default()
        };
        assert!(handshake(&one, &two, "mx2.example.org").is_ok());
        two.untrusted.replace([("lost", &listed)]);
        assert!(handshake(&one, &two, "mx2.example.org").is_err());
    }

    #[test]
    fn files_are_read_anew_and_what_is_wrong_is_told() {
        let place = Place::new();
        let one = place.node("mx1.example.org", &Leaf::node("mx1.example.org"));
        let first = one.server().unwrap();
        assert!(Arc::ptr_eq(&first, &one.server().unwrap()));
        let wrong = NodeTls::new(
            "mx9.example.org",
            one.certificate.clone(),
            one.authority.clone(),
        );
        let error = wrong.server().unwrap_err();
        assert!(
            error.to_string().contains("is for mx1.example.org"),
            "{error}"
        );
        std::fs::write(&one.certificate, "nothing").unwrap();
        let error = one.server().unwrap_err();
        assert!(error.to_string().contains("no CERTIFICATE"), "{error}");
        std::fs::remove_file(&one.certificate).unwrap();
        assert_eq!(one.client().unwrap_err().file, one.certificate);
    }
}
