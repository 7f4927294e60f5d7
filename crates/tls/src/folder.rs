//! Reading the folder: which files there are, whether they changed, and what is in them.
//!
//! Files end in `.pem`, `.crt`, `.cer` or `.key`; others, and names beginning with a dot, are left
//! alone. One level of folders below is read too, so that `live/NAME/fullchain.pem` of an ACME
//! client works as it is. Symbolic links are followed. A file that cannot be read or understood is a
//! problem of that file only. RFC 7468.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{crypto::CryptoProvider, sign::SigningKey};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject, SectionKind},
};

use crate::set::{FileProblem, ProblemKind};

/// Largest file read: a bundle of some hundred certificates. Above it the file is no key pair.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// Files looked at: more is not a folder of certificates.
const FILES_MAX: usize = 4096;
/// Certificates and keys read from one file.
const SECTIONS_MAX: usize = 256;

/// What tells that a file changed, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    mtime: (i64, i64),
    ctime: (i64, i64),
    size: u64,
    inode: u64,
    mode: u32,
}

impl Stamp {
    /// The later of change and modification, Unix milliseconds.
    fn changed_unix_ms(&self) -> i64 {
        let (seconds, nanos) = self.mtime.max(self.ctime);
        seconds
            .saturating_mul(1000)
            .saturating_add(nanos / 1_000_000)
    }
}

/// The files of the folder, by path relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) files: BTreeMap<String, Stamp>,
    /// Why the folder itself could not be read.
    pub(crate) problem: Option<String>,
}

impl Listing {
    /// Looks at every file's metadata.
    pub(crate) fn of(dir: &Path) -> Self {
        let mut listing = Listing::default();
        if let Err(error) = listing.add(dir, "", true) {
            listing.problem = Some(error.to_string());
        }
        listing
    }

    fn add(&mut self, dir: &Path, prefix: &str, descend: bool) -> std::io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') || self.files.len() >= FILES_MAX {
                continue;
            }
            let path = entry.path();
            // A file that vanished between the two calls is a file that is not there.
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            let relative = format!("{prefix}{name}");
            if metadata.is_dir() {
                if descend {
                    // A folder below that cannot be read must not hide the files beside it.
                    let _ = self.add(&path, &format!("{relative}/"), false);
                }
            } else if metadata.is_file() && has_pem_name(&path) {
                let stamp = Stamp {
                    mtime: (metadata.mtime(), metadata.mtime_nsec()),
                    ctime: (metadata.ctime(), metadata.ctime_nsec()),
                    size: metadata.size(),
                    inode: metadata.ino(),
                    mode: metadata.mode(),
                };
                self.files.insert(relative, stamp);
            }
        }
        Ok(())
    }

    /// True where a file of `before` is gone.
    pub(crate) fn lost_any_of(&self, before: &Listing) -> bool {
        before
            .files
            .keys()
            .any(|file| !self.files.contains_key(file))
    }

    /// True where a file changed so lately that it may change again without its stamp showing it:
    /// stamps are as coarse as the kernel's tick.
    pub(crate) fn is_fresh(&self, now_unix_ms: u64) -> bool {
        let limit = i64::try_from(now_unix_ms)
            .unwrap_or(i64::MAX)
            .saturating_sub(2_000);
        self.files
            .values()
            .any(|stamp| stamp.changed_unix_ms() >= limit)
    }
}

fn has_pem_name(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            ["pem", "crt", "cer", "key"]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        })
}

/// A private key of the folder.
pub(crate) struct HeldKey {
    /// The file it came from.
    pub(crate) file: String,
    pub(crate) signing: Arc<dyn SigningKey>,
    /// Its public half: SubjectPublicKeyInfo, DER.
    pub(crate) spki: Vec<u8>,
}

/// What the files of a folder hold.
#[derive(Default)]
pub(crate) struct Contents {
    /// Every file that was there, readable or not.
    pub(crate) files: Vec<String>,
    /// By file, its certificates in their order.
    pub(crate) certificates: Vec<(String, Vec<CertificateDer<'static>>)>,
    pub(crate) keys: Vec<HeldKey>,
    pub(crate) problems: Vec<FileProblem>,
}

impl Contents {
    /// Reads every file of a listing.
    pub(crate) fn read(dir: &Path, listing: &Listing, provider: &CryptoProvider) -> Self {
        let mut contents = Contents::default();
        if let Some(problem) = &listing.problem {
            contents.problems.push(FileProblem {
                file: dir.display().to_string(),
                problem: format!("the folder cannot be read ({problem})"),
                mend: "create it, and let the user that Mailward runs as read it".to_owned(),
                kind: ProblemKind::Unusable,
            });
        }
        for (file, stamp) in &listing.files {
            contents.files.push(file.clone());
            match read_bounded(&dir.join(file), stamp.size) {
                Ok(text) => contents.add(file, stamp, &text, provider),
                Err(problem) => {
                    contents.unusable(file, problem, "let the user that Mailward runs as read it")
                }
            }
        }
        contents
    }

    fn unusable(&mut self, file: &str, problem: impl Into<String>, mend: &str) {
        self.problems.push(FileProblem {
            file: file.to_owned(),
            problem: problem.into(),
            mend: mend.to_owned(),
            kind: ProblemKind::Unusable,
        });
    }

    fn add(&mut self, file: &str, stamp: &Stamp, text: &[u8], provider: &CryptoProvider) {
        let mut rest = text;
        let mut chain = Vec::new();
        let mut keys = 0;
        loop {
            // The parser's own message can quote a line of the file; a line of a key must not get
            // into a log, so the message is our own.
            let Ok(section) = pem::from_buf(&mut rest) else {
                self.unusable(
                    file,
                    "it is not complete PEM: a section has no end or is not base64",
                    "write it again; if it is being written, it is read again when complete",
                );
                // The file is as a whole not to be trusted: half a chain is worse than none.
                return;
            };
            match section {
                None => break,
                Some(_) if chain.len() + keys >= SECTIONS_MAX => {
                    self.unusable(
                        file,
                        format!("it holds more than {SECTIONS_MAX} certificates and keys"),
                        "keep one certificate with its chain in a file",
                    );
                    return;
                }
                Some((SectionKind::Certificate, der)) => chain.push(CertificateDer::from(der)),
                Some((kind, der)) => {
                    if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
                        keys += 1;
                        self.add_key(file, key, provider);
                    }
                }
            }
        }
        if keys > 0 && stamp.mode & 0o004 != 0 {
            self.problems.push(FileProblem {
                file: file.to_owned(),
                problem: format!(
                    "it holds a private key and every user of this host may read it (mode {:04o})",
                    stamp.mode & 0o7777
                ),
                mend: "chmod 600, with the user that Mailward runs as for owner; renew the \
                       certificate if strangers had access"
                    .to_owned(),
                kind: ProblemKind::Exposed {
                    mode: stamp.mode & 0o7777,
                },
            });
        }
        if chain.is_empty() && keys == 0 {
            let (problem, mend) = nothing_found(text);
            self.unusable(file, problem, mend);
        }
        if !chain.is_empty() {
            self.certificates.push((file.to_owned(), chain));
        }
    }

    fn add_key(&mut self, file: &str, key: PrivateKeyDer<'static>, provider: &CryptoProvider) {
        let loaded = provider.key_provider.load_private_key(key);
        let spki = loaded
            .as_ref()
            .ok()
            .and_then(|key| key.public_key())
            .map(|spki| spki.to_vec());
        match (loaded, spki) {
            (Ok(signing), Some(spki)) => self.keys.push(HeldKey {
                file: file.to_owned(),
                signing,
                spki,
            }),
            // The cause is left out: it could describe the key.
            _ => self.unusable(
                file,
                "its private key is of a kind that cannot be used",
                "use ECDSA P-256 or P-384, RSA of 2048 to 8192 bits, or Ed25519",
            ),
        }
    }
}

/// What to say of a file with neither certificate nor key.
fn nothing_found(text: &[u8]) -> (&'static str, &'static str) {
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    if text.is_empty() {
        ("it is empty", "write the certificate into it, or remove it")
    } else if has(b"ENCRYPTED") {
        (
            "its private key is protected by a passphrase",
            "store it without one (openssl pkey -in OLD -out NEW) and with mode 600",
        )
    } else if text.first() == Some(&0x30) {
        (
            "it is in DER, not in PEM",
            "convert it: openssl x509 -inform der -in OLD -out NEW",
        )
    } else {
        (
            "it holds neither a certificate nor a private key",
            "write PEM sections CERTIFICATE and PRIVATE KEY into it, or give it another ending",
        )
    }
}

fn read_bounded(path: &PathBuf, size: u64) -> Result<Vec<u8>, String> {
    let too_large = || format!("it is larger than {} KB", FILE_OCTETS_MAX >> 10);
    if size > FILE_OCTETS_MAX {
        return Err(too_large());
    }
    let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    let file = fs::File::open(path).map_err(|error| format!("it cannot be read ({error})"))?;
    // It may have grown since it was listed: read one octet more than allowed, and see.
    file.take(FILE_OCTETS_MAX + 1)
        .read_to_end(&mut text)
        .map_err(|error| format!("it cannot be read ({error})"))?;
    if text.len() as u64 > FILE_OCTETS_MAX {
        return Err(too_large());
    }
    Ok(text)
}
