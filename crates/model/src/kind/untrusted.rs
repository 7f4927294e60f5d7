//! Certificates that are refused wherever they are shown.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{FieldError, address::text_form, object::Validate};

/// Octets of a serial number (RFC 5280 §4.1.2.2 allows 20; some authorities had more).
const SERIAL_OCTETS_MAX: usize = 64;
/// Octets of an issuer's name.
const ISSUER_OCTETS_MAX: usize = 2_048;
/// Octets of a reason.
const REASON_OCTETS_MAX: usize = 1_000;

/// A certificate, or all certificates with one key, that is refused before anything else is asked.
///
/// It is known by its issuer and serial number together, by the SHA-256 of the certificate, or by
/// the SHA-256 of its public key; where several are given, each refuses by itself. A serial number
/// alone is no name: two authorities may give the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntrustedCertificate {
    /// The issuer's name, as RFC 4514 writes it: `CN=Example CA, O=Example, C=SE`. Compared without
    /// regard to case and blanks.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The serial number that this issuer gave, hex.
    #[serde(default)]
    pub serial: Option<SerialNumber>,
    /// SHA-256 of the certificate (DER), hex.
    #[serde(default)]
    pub sha256: Option<Sha256>,
    /// SHA-256 of the public key (SubjectPublicKeyInfo, DER), hex: refuses every certificate with
    /// this key, whoever issued it.
    #[serde(default)]
    pub spki_sha256: Option<Sha256>,
    /// Whose certificate it claims to be; for people.
    #[serde(default)]
    pub subject: String,
    /// Why it is refused.
    pub reason: String,
}

impl Validate for UntrustedCertificate {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field: &str, problem: &str, mend: &str| {
            errors.push(FieldError::new(field, problem, mend));
        };
        match (&self.issuer, &self.serial) {
            (None, Some(_)) => error(
                "issuer",
                "a serial number names a certificate of one issuer only",
                "say the issuer as well, or use sha256",
            ),
            (Some(_), None) => error(
                "serial",
                "an issuer alone would refuse all its certificates",
                "say the serial number as well, or refuse the issuer's own key with spki_sha256",
            ),
            (Some(issuer), Some(_)) if !issuer.contains('=') => error(
                "issuer",
                "it is no distinguished name",
                "write it as in CN=Example CA, O=Example, C=SE; `openssl x509 -noout -issuer` shows it",
            ),
            (Some(issuer), Some(_)) if issuer.len() > ISSUER_OCTETS_MAX => {
                error("issuer", "it is too long", "use sha256 instead")
            }
            (None, None) if self.sha256.is_none() && self.spki_sha256.is_none() => error(
                "",
                "it does not say which certificate",
                "set issuer and serial, sha256, or spki_sha256",
            ),
            _ => {}
        }
        if self.reason.trim().is_empty() {
            error(
                "reason",
                "it is empty",
                "say why, for whoever asks in a year",
            );
        } else if self.reason.len() > REASON_OCTETS_MAX {
            error("reason", "it is too long", "say it in a few sentences");
        }
        errors
    }
}

/// The SHA-256 of something, written as hex; colons and blanks between octets are no matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256(pub [u8; 32]);

/// A text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256: write its 64 hex digits")]
pub struct Sha256Error(String);

impl FromStr for Sha256 {
    type Err = Sha256Error;

    fn from_str(text: &str) -> Result<Self, Sha256Error> {
        let octets = octets(text).and_then(|octets| octets.try_into().ok());
        octets
            .map(Sha256)
            .ok_or_else(|| Sha256Error(text.to_owned()))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

/// A certificate's serial number, without the zero octets that DER may put before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(Box<[u8]>);

impl SerialNumber {
    /// The number of these octets, the most significant first.
    pub fn new(octets: &[u8]) -> Self {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        SerialNumber(octets.get(zeros..).unwrap_or_default().into())
    }

    /// Its octets; none for zero.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// A text that is no serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no serial number: write its hex digits, as in 047ECBE9FCA55F7B or 04:7e:cb")]
pub struct SerialNumberError(String);

impl FromStr for SerialNumber {
    type Err = SerialNumberError;

    fn from_str(text: &str) -> Result<Self, SerialNumberError> {
        octets(text)
            .filter(|octets| !octets.is_empty() && octets.len() <= SERIAL_OCTETS_MAX)
            .map(|octets| SerialNumber::new(&octets))
            .ok_or_else(|| SerialNumberError(text.to_owned()))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            [] => f.write_str("00"),
            octets => hex(octets, f),
        }
    }
}

/// The octets of hex digits, with `0x` before them or not; colons and blanks are passed over.
fn octets(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != ':' && *c != ' ')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    // An odd number of digits: the first stands for an octet by itself, as in OpenSSL's serials.
    let (first, pairs) = digits.split_at(digits.len() % 2);
    let pairs = pairs.chunks(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    });
    Some(first.iter().copied().chain(pairs).collect())
}

fn hex(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&crate::hex(octets))
}

text_form!(Sha256, "sha256");
text_form!(SerialNumber, "serial-number");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_one_however_they_are_written() {
        let number = |text: &str| text.parse::<SerialNumber>().unwrap();
        for text in [
            "00F5C86AF36162F13A64F54F6DC9587C06",
            "f5:c8:6a:f3:61:62:f1:3a:64:f5:4f:6d:c9:58:7c:06",
            "0xF5C86AF36162F13A64F54F6DC9587C06",
        ] {
            assert_eq!(
                number(text).to_string(),
                "f5c86af36162f13a64f54f6dc9587c06",
                "{text}"
            );
        }
        assert_eq!(number("47E"), number("047E"));
        assert_eq!(number("0").to_string(), "00");
        for wrong in ["", "0x", "xyz", &"ab".repeat(65)] {
            assert!(wrong.parse::<SerialNumber>().is_err(), "{wrong}");
        }
        assert!("ab".repeat(32).parse::<Sha256>().is_ok());
        assert!("ab".repeat(31).parse::<Sha256>().is_err());
    }

    #[test]
    fn an_entry_names_a_certificate_and_says_why() {
        let sound = UntrustedCertificate {
            sha256: Some(Sha256([1; 32])),
            reason: "stolen".to_owned(),
            ..UntrustedCertificate::default()
        };
        assert_eq!(sound.validate(), []);
        let field = |change: fn(&mut UntrustedCertificate)| {
            let mut entry = sound.clone();
            change(&mut entry);
            let errors = entry.validate();
            assert_eq!(errors.len(), 1, "{errors:?}");
            errors[0].field.clone()
        };
        assert_eq!(field(|e| e.serial = "1".parse().ok()), "issuer");
        assert_eq!(field(|e| e.issuer = Some("CN=x".to_owned())), "serial");
        assert_eq!(field(|e| e.sha256 = None), "");
        assert_eq!(field(|e| e.reason.clear()), "reason");
        assert_eq!(
            field(|e| {
                e.serial = "1".parse().ok();
                e.issuer = Some("Example CA".to_owned());
            }),
            "issuer"
        );
    }
}
