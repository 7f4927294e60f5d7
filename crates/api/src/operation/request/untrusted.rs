//! What the commands about untrusted certificates are asked with.

use std::{fs::File, io::Read};

use clap::Args;
use mailward_model::kind::{SerialNumber, Sha256};
use serde::{Deserialize, Serialize};

/// Octets of a file of certificates.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// Days that a replay looks back where nothing else is said: as long as tracking logs are kept.
const DAYS: u32 = 30;
const DAYS_MAX: i64 = 400;

fn days() -> u32 {
    DAYS
}

/// Certificates as a file has them: PEM, the leaf first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CertificateFile(pub String);

impl CertificateFile {
    /// A file of these certificates, DER, leaf first.
    pub fn of_der<C: AsRef<[u8]>>(certificates: &[C]) -> CertificateFile {
        CertificateFile(certificates.iter().map(|der| pem(der.as_ref())).collect())
    }
}

/// Reads a file of certificates, PEM or DER; `-` stands for standard input.
fn read_certificates(name: &str) -> Result<CertificateFile, String> {
    let fail = |error: std::io::Error| format!("cannot read it: {error}");
    let source: Box<dyn Read> = match name {
        "-" => Box::new(std::io::stdin()),
        name => Box::new(File::open(name).map_err(fail)?),
    };
    let mut octets = Vec::new();
    let read = source
        .take(FILE_OCTETS_MAX + 1)
        .read_to_end(&mut octets)
        .map_err(fail)?;
    if read as u64 > FILE_OCTETS_MAX {
        return Err(format!("it has more than {FILE_OCTETS_MAX} octets"));
    }
    match String::from_utf8(octets) {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Ok(CertificateFile(text)),
        Ok(_) => Err("it holds no CERTIFICATE section, and is no DER".to_owned()),
        Err(error) => {
            let der = pem(error.as_bytes());
            Ok(CertificateFile(der))
        }
    }
}

/// DER as PEM (RFC 7468 §3).
fn pem(der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

requests! {
    /// `untrusted add`
    UntrustedAdd {
        /// A file with the certificate, PEM or DER: refuses it by its SHA-256 and by issuer and serial number
        #[serde(default)]
        #[arg(value_name = "FILE", value_parser = read_certificates)]
        pub certificate: Option<CertificateFile>,
        /// Refuse every certificate with this file's public key, whoever issued it
        #[serde(default)]
        #[arg(long, requires = "certificate")]
        pub key: bool,
        /// The issuer, such as "CN=Example CA, O=Example, C=SE"; with --serial
        #[serde(default)]
        #[arg(long, value_name = "NAME", requires = "serial", conflicts_with = "certificate")]
        pub issuer: Option<String>,
        /// The serial number that the issuer gave, hex
        #[serde(default)]
        #[arg(long, value_name = "HEX", requires = "issuer")]
        pub serial: Option<SerialNumber>,
        /// SHA-256 of the certificate, hex
        #[serde(default)]
        #[arg(long, value_name = "HEX", conflicts_with = "certificate")]
        pub sha256: Option<Sha256>,
        /// SHA-256 of the public key (SubjectPublicKeyInfo), hex
        #[serde(default)]
        #[arg(long = "spki", value_name = "HEX", conflicts_with = "certificate")]
        pub spki_sha256: Option<Sha256>,
        /// Why, for whoever asks in a year
        #[arg(long, value_name = "TEXT")]
        pub reason: String,
        /// What the entry is called; made of the subject or the digest where it is not said
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub name: Option<String>,
    }

    /// `untrusted remove`
    UntrustedRemove {
        /// The entry, as `untrusted list` names it
        pub name: String,
    }

    /// `untrusted test`
    UntrustedTest {
        /// A file with certificates, PEM or DER, the leaf first
        #[arg(value_name = "FILE", value_parser = read_certificates)]
        pub certificate: CertificateFile,
    }

    /// `untrusted refresh`
    UntrustedRefresh {
        /// The feed's name; every feed where none is given
        #[serde(default)]
        pub feed: Option<String>,
    }

    /// `untrusted approve`
    UntrustedApprove {
        /// The feed's name
        pub feed: String,
    }

    /// `untrusted replay`
    UntrustedReplay {
        /// How many days to look back
        #[serde(default = "days")]
        #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        pub days: u32,
        /// A file with a certificate that is not on the list: as if it were
        #[serde(default)]
        #[arg(long = "with", value_name = "FILE", value_parser = read_certificates)]
        pub candidate: Option<CertificateFile>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_as_pem_and_as_der() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        let name = path.to_str().unwrap();
        std::fs::write(&path, [0x30, 0x82, 0xff, 0xfe]).unwrap();
        let der = read_certificates(name).unwrap().0;
        assert_eq!(
            der,
            "-----BEGIN CERTIFICATE-----\nMIL//g==\n-----END CERTIFICATE-----\n"
        );
        std::fs::write(&path, &der).unwrap();
        assert_eq!(read_certificates(name).unwrap().0, der);
        std::fs::write(&path, "nothing").unwrap();
        assert!(read_certificates(name).is_err());
        assert!(read_certificates("/nonexistent").is_err());
    }
}
