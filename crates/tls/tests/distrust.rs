//! Untrusted certificates in real handshakes, in both directions: refused before any other verdict,
//! whatever else is checked, and when a session is resumed too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use mailward_events::Events;
use mailward_host::clock::SystemClock;
use mailward_model::{
    Domain,
    kind::{OutboundTls, SerialNumber, Sha256, TlsAuthLevel, UntrustedCertificate},
};
use mailward_tls::{
    Certificates, ClientTls, ConnectorNeeds, Distrusted, Roots, ShownBy, Untrusted,
    ca::{self, Authority, Leaf},
};
use ring::digest;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ServerConfig, ServerConnection, StreamOwned,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};

const HOST: &str = "mail.example.org";

fn entry_for(der: &[u8]) -> UntrustedCertificate {
    let sha256 = digest::digest(&digest::SHA256, der);
    UntrustedCertificate {
        sha256: Some(Sha256(sha256.as_ref().try_into().unwrap())),
        reason: "a test".to_owned(),
        ..UntrustedCertificate::default()
    }
}

fn held(dir: &Path, untrusted: &Untrusted) -> Certificates {
    let clock = Arc::new(SystemClock::default());
    Certificates::with_events(dir, clock, Events::discard(), untrusted.clone())
}

fn needs(fqdn: &Domain) -> ConnectorNeeds<'_> {
    ConnectorNeeds {
        by: ShownBy::Receive,
        connector: "Internet",
        fqdn,
        pin: None,
    }
}

/// What the server's side of each handshake came to: how it was done, or why not, and what the list
/// says of the client afterwards.
type Seen = Result<(HandshakeKind, Result<usize, Box<Distrusted>>), String>;

/// A server with this configuration that greets everyone.
fn serve(config: Arc<ServerConfig>, untrusted: Untrusted) -> (SocketAddr, mpsc::Receiver<Seen>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let shaken = (|| -> std::io::Result<()> {
                while connection.is_handshaking() {
                    connection.complete_io(&mut stream)?;
                }
                Ok(())
            })();
            let seen = shaken.map_err(|error| error.to_string()).map(|()| {
                let checked = untrusted.check_peer(&connection);
                (
                    connection.handshake_kind().unwrap(),
                    checked.map(|path| path.certificates().len()),
                )
            });
            let _ = tell.send(seen);
            let mut stream = StreamOwned::new(connection, stream);
            let _ = stream.write_all(b"220 hello\r\n");
            let _ = stream.flush();
            stream.conn.send_close_notify();
            let _ = stream.flush();
            let _ = stream.read(&mut [0; 16]);
        }
    });
    (address, told)
}

/// Connects and reads the greeting; how the handshake was done.
fn greet(config: Arc<ClientConfig>, address: SocketAddr) -> std::io::Result<HandshakeKind> {
    let name = ServerName::try_from(HOST).unwrap();
    let connection = ClientConnection::new(config, name).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.read_exact(&mut [0; 11])?;
    // The ticket of TLS 1.3 has come with the greeting, or comes before the end.
    let _ = stream.read_to_end(&mut Vec::new());
    stream
        .conn
        .handshake_kind()
        .ok_or_else(|| std::io::Error::other("no handshake"))
}

#[test]
fn a_listed_server_is_refused_whatever_else_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority").unwrap();
    let issued = authority.issue(&Leaf::new([HOST])).unwrap();
    issued.write(dir.path(), "mail").unwrap();
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
    let roots = dir.path().join("roots.txt");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let fqdn = HOST.parse().unwrap();
    let config = held(dir.path(), &Untrusted::default())
        .server_config(&needs(&fqdn))
        .unwrap();
    let (address, _told) = serve(config, Untrusted::default());
    let untrusted = Untrusted::default();
    let client = ClientTls::new(Roots {
        system: false,
        files: vec![roots],
    })
    .with_untrusted(untrusted.clone());
    let levels = [
        TlsAuthLevel::EncryptionOnly,
        TlsAuthLevel::CertificateValidation,
        TlsAuthLevel::DomainValidation,
    ];
    let config = |level| client.config(OutboundTls::Required, level, None);
    for level in levels {
        greet(config(level).unwrap().unwrap(), address).unwrap();
        // It is resumed, as long as the list stays.
        let again = greet(config(level).unwrap().unwrap(), address).unwrap();
        assert_eq!(again, HandshakeKind::Resumed, "{level:?}");
    }
    // The leaf, then the authority that is sent above it.
    for (place, der) in chain.iter().enumerate() {
        untrusted.replace([("mine", &entry_for(der))]);
        for level in levels {
            let refused = match config(level) {
                Ok(config) => greet(config.unwrap(), address).unwrap_err(),
                // Its only root is gone: nothing can be checked, and nothing is let through.
                Err(error) => {
                    assert_eq!(place, 1, "{error}");
                    continue;
                }
            };
            let distrusted = Distrusted::of_error(&refused).unwrap_or_else(|| panic!("{refused}"));
            assert_eq!(distrusted.entry, "mine", "{level:?}");
            assert_eq!(distrusted.place == "certificate", place == 0);
        }
    }
    untrusted.replace([]);
    let full = greet(config(levels[0]).unwrap().unwrap(), address).unwrap();
    assert_eq!(full, HandshakeKind::Full, "no older session is resumed");
}

/// A client that shows a certificate of its own.
fn showing(issued: &ca::Issued, roots: &str) -> Arc<ClientConfig> {
    let mut store = rustls::RootCertStore::empty();
    store
        .add(CertificateDer::from_pem_slice(roots.as_bytes()).unwrap())
        .unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Arc::new(
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(store)
            .with_client_auth_cert(chain, key)
            .unwrap(),
    )
}

#[test]
fn a_listed_client_is_refused_and_found_when_it_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority").unwrap();
    let server = authority.issue(&Leaf::new([HOST])).unwrap();
    server.write(dir.path(), "mail").unwrap();
    let issued = ca::self_signed(&Leaf::new(["client.example.net"])).unwrap();
    let der = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
    let untrusted = Untrusted::default();
    let fqdn = HOST.parse().unwrap();
    let held = held(dir.path(), &untrusted);
    let config = held.asking_config(&needs(&fqdn)).unwrap();
    let (address, told) = serve(config, untrusted.clone());
    let client = showing(&issued, authority.certificate_pem());
    greet(Arc::clone(&client), address).unwrap();
    let (kind, path) = told.recv().unwrap().unwrap();
    assert_eq!((kind, path), (HandshakeKind::Full, Ok(1)));
    greet(Arc::clone(&client), address).unwrap();
    let (kind, path) = told.recv().unwrap().unwrap();
    assert_eq!((kind, path), (HandshakeKind::Resumed, Ok(1)));
    untrusted.replace([("mine", &entry_for(&der))]);
    // Nobody verifies a session that is resumed: it is asked about once it stands.
    let _ = greet(Arc::clone(&client), address);
    let (kind, path) = told.recv().unwrap().unwrap();
    assert_eq!(kind, HandshakeKind::Resumed);
    assert_eq!(path.unwrap_err().entry, "mine");
    // A new one does not come to stand.
    let fresh = showing(&issued, authority.certificate_pem());
    assert!(greet(fresh, address).is_err());
    let refused = told.recv().unwrap().unwrap_err();
    assert!(refused.contains("mine"), "{refused}");
    // A client that shows nothing is served as ever.
    let silent = ClientTls::new(Roots::default());
    let plain = silent.config(
        OutboundTls::Opportunistic,
        TlsAuthLevel::EncryptionOnly,
        None,
    );
    greet(plain.unwrap().unwrap(), address).unwrap();
    assert_eq!(told.recv().unwrap().unwrap().1, Ok(0));
}

/// A certificate for [`HOST`] with this serial number, by an authority of our own with this name,
/// and its key.
fn look_alike(issuer: &[(rcgen::DnType, &str)], serial: &str) -> (CertificateDer<'static>, String) {
    let mut name = rcgen::DistinguishedName::new();
    for (kind, value) in issuer {
        name.push(kind.clone(), *value);
    }
    let mut root = rcgen::CertificateParams::default();
    root.distinguished_name = name;
    let issuer = rcgen::Issuer::new(root, rcgen::KeyPair::generate().unwrap());
    let serial: SerialNumber = serial.parse().unwrap();
    let mut leaf = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    leaf.serial_number = Some(rcgen::SerialNumber::from_slice(serial.octets()));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    (certificate.der().clone(), key.serialize_pem())
}

#[test]
fn a_listed_serial_number_counts_under_the_listed_issuer_alone() {
    use rcgen::DnType::{
        CommonName, CountryName, LocalityName, OrganizationName, OrganizationalUnitName,
        StateOrProvinceName,
    };
    let usertrust = |common| {
        [
            (CountryName, "US"),
            (StateOrProvinceName, "UT"),
            (LocalityName, "Salt Lake City"),
            (OrganizationName, "The USERTRUST Network"),
            (OrganizationalUnitName, "http://www.usertrust.com"),
            (CommonName, common),
        ]
    };
    // login.skype.com of the nine, whose DER has a zero octet before it.
    const SERIAL: &str = "E9028B9578E415DC1A710A2B88154447";
    for (common, refused) in [
        ("UTN-USERFirst-Hardware", true),
        ("UTN-USERFirst-Software", false),
    ] {
        let (certificate, key) = look_alike(&usertrust(common), SERIAL);
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .unwrap();
        let (address, _told) = serve(Arc::new(config), Untrusted::default());
        let client = ClientTls::new(Roots::default()).with_untrusted(Untrusted::default());
        let config = client.config(
            OutboundTls::Opportunistic,
            TlsAuthLevel::EncryptionOnly,
            None,
        );
        let greeted = greet(config.unwrap().unwrap(), address);
        assert_eq!(greeted.is_err(), refused, "{common}: {greeted:?}");
        if let Err(error) = greeted {
            let distrusted = Distrusted::of_error(&error).unwrap();
            assert_eq!(distrusted.entry, "comodo-2011-login.skype.com");
        }
    }
}

#[test]
fn what_a_send_connector_shows_follows_the_folder_and_the_list() {
    let (of_server, of_client) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::new("Test Authority").unwrap();
    let server = authority.issue(&Leaf::new([HOST])).unwrap();
    server.write(of_server.path(), "mail").unwrap();
    let fqdn = HOST.parse().unwrap();
    let asking = held(of_server.path(), &Untrusted::default()).asking_config(&needs(&fqdn));
    let (address, told) = serve(asking.unwrap(), Untrusted::default());

    let untrusted = Untrusted::default();
    let own = held(of_client.path(), &untrusted);
    let client = ClientTls::new(Roots::default()).with_untrusted(untrusted.clone());
    let own_name = "out.example.net".parse().unwrap();
    // What is shown, how the handshake was done, and how many certificates the server saw.
    let session = || {
        let shown = own.client_certificate(&ConnectorNeeds {
            by: ShownBy::Send,
            connector: "Cloud",
            fqdn: &own_name,
            pin: None,
        });
        let level = TlsAuthLevel::EncryptionOnly;
        let config = client.config_showing(OutboundTls::Opportunistic, level, None, shown.as_ref());
        greet(config.unwrap().unwrap(), address).unwrap();
        let (kind, seen) = told.recv().unwrap().unwrap();
        (shown.map(|one| one.facts.file.clone()), kind, seen.unwrap())
    };
    assert_eq!(session(), (None, HandshakeKind::Full, 0));
    let leaf = || Leaf::new(["out.example.net"]);
    ca::self_signed(&leaf())
        .unwrap()
        .write(of_client.path(), "self")
        .unwrap();
    own.poll();
    let shown = |name: &str| Some(format!("{name}.pem"));
    assert_eq!(session(), (shown("self"), HandshakeKind::Full, 1));
    assert_eq!(session(), (shown("self"), HandshakeKind::Resumed, 1));
    // The folder is read again and nothing has changed.
    own.reload();
    assert_eq!(session(), (shown("self"), HandshakeKind::Resumed, 1));

    // One of an authority: no session goes on in which the other one was shown.
    let issued = authority.issue(&leaf()).unwrap();
    issued.write(of_client.path(), "issued").unwrap();
    own.poll();
    assert_eq!(session(), (shown("issued"), HandshakeKind::Full, 2));
    let der = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
    untrusted.replace([("stolen", &entry_for(&der))]);
    assert_eq!(session(), (shown("self"), HandshakeKind::Full, 1));
    std::fs::remove_file(of_client.path().join("self.pem")).unwrap();
    // What is gone must be gone for two looks.
    own.poll();
    own.poll();
    assert_eq!(session(), (None, HandshakeKind::Full, 0));
}
