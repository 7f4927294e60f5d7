//! Making certificates: an authority, leaves it issues, and self-signed ones.
//!
//! For `setup` (a self-signed certificate, so that STARTTLS works from the first minute), for nodes that
//! ask each other, for the demo (an authority of its own) and for tests. Keys are ECDSA P-256: every mail server in use
//! verifies them, and a handshake costs a tenth of RSA 2048. Files are written whole or not at all,
//! with mode 0600.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};

/// How long before now a certificate begins: peers' clocks may be behind.
const BACKDATE: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Why a certificate could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The certificate could not be made: a name is not usable, or no entropy.
    #[error("the certificate cannot be made")]
    Make(#[source] rcgen::Error),
    /// No names were given.
    #[error("a certificate needs at least one name; give the host name")]
    NoName,
    /// A file could not be written or read.
    #[error("{path} cannot be written or read", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: std::io::Error,
    },
}

/// What a certificate shall say.
#[derive(Debug, Clone)]
pub struct Leaf {
    names: Vec<String>,
    alternative_names: bool,
    /// Whether a client may show it too.
    for_clients: bool,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Leaf {
    /// A server certificate for these host names (wildcards and IP addresses among them), valid for
    /// 398 days, which is the most that browsers' rules allow and mail peers expect.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let now = SystemTime::now();
        Leaf {
            names: names.into_iter().map(Into::into).collect(),
            alternative_names: true,
            for_clients: false,
            not_before: now - BACKDATE,
            not_after: now + DAY * 398,
        }
    }

    /// A certificate by which a node is known to other nodes, whether it asks or is asked.
    pub fn node(name: &str) -> Self {
        Leaf {
            for_clients: true,
            ..Leaf::new([name.to_ascii_lowercase()])
        }
    }

    /// Valid from and until these moments.
    #[must_use]
    pub fn valid(mut self, not_before: SystemTime, not_after: SystemTime) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }

    /// With the first name as common name only, as authorities issued them long ago.
    #[must_use]
    pub fn common_name_only(mut self) -> Self {
        self.alternative_names = false;
        self
    }

    fn params(&self) -> Result<CertificateParams, IssueError> {
        let first = self.names.first().ok_or(IssueError::NoName)?;
        let alternative = match self.alternative_names {
            true => self.names.clone(),
            false => Vec::new(),
        };
        let mut params = CertificateParams::new(alternative).map_err(IssueError::Make)?;
        params.distinguished_name = common_name(first);
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + since_epoch(self.not_before);
        params.not_after = epoch + since_epoch(self.not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if self.for_clients {
            let usages = &mut params.extended_key_usages;
            usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

fn common_name(name: &str) -> DistinguishedName {
    // RFC 5280 appendix A: a common name has at most 64 characters; the alternative names hold all.
    let short: String = name.chars().take(64).collect();
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, short);
    distinguished
}

/// What lies before 1970 is 1970: no certificate is that old.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn new_key() -> Result<KeyPair, IssueError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssueError::Make)
}

/// A certificate with its key, as PEM.
pub struct Issued {
    /// The certificate, and behind it the authority's where one issued it.
    pub certificate_pem: String,
    /// Its private key, PKCS #8. Never print it.
    pub key_pem: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

impl Issued {
    /// Writes `<stem>.pem` into a folder: key, certificate and chain in one file, so that a reader
    /// never sees one without the other. Replaces what was there.
    ///
    /// # Errors
    /// [`IssueError::File`] where the folder cannot be written to.
    pub fn write(&self, dir: &Path, stem: &str) -> Result<PathBuf, IssueError> {
        let path = dir.join(format!("{stem}.pem"));
        let text = format!("{}{}", self.key_pem, self.certificate_pem);
        write_private(&path, &text)?;
        Ok(path)
    }
}

/// Makes a self-signed certificate: encryption without anybody's word for who it is.
///
/// # Errors
/// [`IssueError`] where there is no name, or one is not usable in a certificate.
pub fn self_signed(leaf: &Leaf) -> Result<Issued, IssueError> {
    let key = new_key()?;
    let certificate = leaf.params()?.self_signed(&key).map_err(IssueError::Make)?;
    Ok(Issued {
        certificate_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}

/// An authority of one's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes an authority with this common name, valid for ten years, that signs leaves only.
    ///
    /// # Errors
    /// [`IssueError::Make`] without entropy, or where the name is not usable.
    pub fn new(name: &str) -> Result<Self, IssueError> {
        let key = new_key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let (epoch, now) = (rcgen::date_time_ymd(1970, 1, 1), SystemTime::now());
        params.not_before = epoch + since_epoch(now - BACKDATE);
        params.not_after = epoch + since_epoch(now + DAY * 3_652);
        let certificate = params.self_signed(&key).map_err(IssueError::Make)?;
        Ok(Authority {
            issuer: Issuer::new(params, key),
            certificate_pem: certificate.pem(),
        })
    }

    /// The authority kept in a folder as `ca.pem` and `ca.key`; made there where it is not yet.
    ///
    /// Keep that folder apart from the one that is served.
    ///
    /// # Errors
    /// [`IssueError`] where the folder cannot be read or written, or what it holds is no authority.
    pub fn open_or_make(dir: &Path, name: &str) -> Result<Self, IssueError> {
        let (certificate, key) = (dir.join("ca.pem"), dir.join("ca.key"));
        if certificate.exists() && key.exists() {
            let certificate_pem = read(&certificate)?;
            let key = KeyPair::from_pem(&read(&key)?).map_err(IssueError::Make)?;
            let issuer =
                Issuer::from_ca_cert_pem(&certificate_pem, key).map_err(IssueError::Make)?;
            return Ok(Authority {
                issuer,
                certificate_pem,
            });
        }
        let authority = Authority::new(name)?;
        // The key first: a certificate without its key would be taken for an authority in use.
        write_private(&key, &authority.issuer.key().serialize_pem())?;
        write_private(&certificate, &authority.certificate_pem)?;
        Ok(authority)
    }

    /// The authority's certificate: what its clients must trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a leaf.
    ///
    /// # Errors
    /// [`IssueError`] where there is no name, or one is not usable in a certificate.
    pub fn issue(&self, leaf: &Leaf) -> Result<Issued, IssueError> {
        let key = new_key()?;
        let certificate = leaf
            .params()?
            .signed_by(&key, &self.issuer)
            .map_err(IssueError::Make)?;
        Ok(Issued {
            certificate_pem: format!("{}{}", certificate.pem(), self.certificate_pem),
            key_pem: key.serialize_pem(),
        })
    }
}

fn read(path: &Path) -> Result<String, IssueError> {
    fs::read_to_string(path).map_err(|cause| IssueError::File {
        path: path.to_owned(),
        cause,
    })
}

/// Writes a file with mode 0600, whole or not at all: beside its place, then moved there.
fn write_private(path: &Path, text: &str) -> Result<(), IssueError> {
    let fail = |cause| IssueError::File {
        path: path.to_owned(),
        cause,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A name beginning with a dot: whoever reads the folder passes it over.
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|cause| {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_file(&beside);
        fail(cause)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_authority_is_the_same_when_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open_or_make(dir.path(), "Test Authority").unwrap();
        let again = Authority::open_or_make(dir.path(), "Other Name").unwrap();
        assert_eq!(first.certificate_pem(), again.certificate_pem());
        let leaf = Leaf::new(["mail.example.org"]);
        assert!(
            again
                .issue(&leaf)
                .unwrap()
                .certificate_pem
                .ends_with(first.certificate_pem())
        );
        for file in ["ca.pem", "ca.key"] {
            let mode = fs::metadata(dir.path().join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_leaf_needs_a_name() {
        let none: [&str; 0] = [];
        assert!(matches!(
            self_signed(&Leaf::new(none)),
            Err(IssueError::NoName)
        ));
        assert!(
            !format!("{:?}", self_signed(&Leaf::new(["a.example"])).unwrap()).contains("BEGIN")
        );
    }
}
