//! What a certificate is known by: its issuer's name, its serial number, its key; found by walking
//! its DER (RFC 5280 §4.1) without copying or parsing the rest.

use mailward_model::kind::SerialNumber;

use crate::octets::Octets;

/// DER tags that are met on the way.
mod tag {
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const OID: u8 = 0x06;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    pub(super) const VERSION: u8 = 0xa0;
    pub(super) const ISSUER_UNIQUE_ID: u8 = 0x81;
    pub(super) const SUBJECT_UNIQUE_ID: u8 = 0x82;
    pub(super) const EXTENSIONS: u8 = 0xa3;
    pub(super) const BMP_STRING: u8 = 0x1e;
    pub(super) const T61_STRING: u8 = 0x14;
    /// UTF8String, PrintableString, IA5String.
    pub(super) const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];
}

/// Attributes of one name that are looked at.
const ATTRIBUTES_MAX: usize = 64;

/// The SCTs of a certificate (RFC 6962 §3.3), as DER has the extension's number.
const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
/// SCTs of one certificate that are looked at: authorities put in two to five.
const SCTS_MAX: usize = 16;

/// When a log of Certificate Transparency was shown a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Logged {
    /// The log's number.
    pub(crate) log: [u8; 32],
    /// When, as the log promised it.
    pub(crate) unix_ms: u64,
}

/// The parts of a certificate by which it can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    /// The serial number, as it stands in it.
    pub(crate) serial: &'a [u8],
    /// The content of the issuer's name.
    pub(crate) issuer: &'a [u8],
    /// The content of its own name.
    pub(crate) subject: &'a [u8],
    /// SubjectPublicKeyInfo, DER.
    pub(crate) spki: &'a [u8],
    /// What follows the key: the extensions, as a rule.
    rest: &'a [u8],
}

impl<'a> Identity<'a> {
    /// Reads them; `None` where the octets are no certificate.
    pub(crate) fn of(certificate: &'a [u8]) -> Option<Identity<'a>> {
        let mut tbs =
            Octets(Octets(Octets(certificate).der_of(tag::SEQUENCE)?).der_of(tag::SEQUENCE)?);
        tbs.der_of(tag::VERSION);
        let serial = tbs.der_of(tag::INTEGER)?;
        // signature
        tbs.der_of(tag::SEQUENCE)?;
        let issuer = tbs.der_of(tag::SEQUENCE)?;
        // validity
        tbs.der_of(tag::SEQUENCE)?;
        let subject = tbs.der_of(tag::SEQUENCE)?;
        let before = tbs.0;
        tbs.der_of(tag::SEQUENCE)?;
        let spki = before.get(..before.len() - tbs.0.len())?;
        Some(Identity {
            serial,
            issuer,
            subject,
            spki,
            rest: tbs.0,
        })
    }

    /// When it was logged, by the SCTs that it carries. Their signatures are not checked: the authority
    /// signed them with the rest.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        let mut logged = Vec::new();
        self.read_scts(&mut logged);
        logged
    }

    fn read_scts(&self, to: &mut Vec<Logged>) -> Option<()> {
        let mut rest = Octets(self.rest);
        rest.der_of(tag::ISSUER_UNIQUE_ID);
        rest.der_of(tag::SUBJECT_UNIQUE_ID);
        let extensions = rest.der_of(tag::EXTENSIONS)?;
        let mut extensions = Octets(Octets(extensions).der_of(tag::SEQUENCE)?);
        while !extensions.is_empty() {
            let mut extension = Octets(extensions.der_of(tag::SEQUENCE)?);
            if extension.der_of(tag::OID)? != SCT_LIST {
                continue;
            }
            extension.der_of(tag::BOOLEAN);
            let value = extension.der_of(tag::OCTET_STRING)?;
            let list = Octets(value).der_of(tag::OCTET_STRING)?;
            let mut list = Octets(Octets(list).behind_u16()?);
            while !list.is_empty() && to.len() < SCTS_MAX {
                let mut sct = Octets(list.behind_u16()?);
                // RFC 6962 §3.2: of version 1 (0) alone it is known what stands in it.
                if sct.u8()? != 0 {
                    continue;
                }
                to.push(Logged {
                    log: sct.take(32)?.try_into().ok()?,
                    unix_ms: u64::from_be_bytes(sct.take(8)?.try_into().ok()?),
                });
            }
        }
        Some(())
    }

    /// The serial number without zero octets before it.
    pub(crate) fn bare_serial(&self) -> &'a [u8] {
        let zeros = self.serial.iter().take_while(|octet| **octet == 0).count();
        self.serial.get(zeros..).unwrap_or_default()
    }

    /// The serial number as objects have it.
    pub(crate) fn serial_number(&self) -> SerialNumber {
        SerialNumber::new(self.serial)
    }
}

/// Writes a name in the one form in which names are compared: for each attribute its type, and its
/// value in lower case with blanks run together (RFC 5280 §7.1), whatever string type it has. False
/// where the octets are no name.
pub(crate) fn canonical(name: &[u8], to: &mut Vec<u8>) -> bool {
    write(name, to).is_some()
}

fn write(name: &[u8], to: &mut Vec<u8>) -> Option<()> {
    let mut sets = Octets(name);
    let mut left = ATTRIBUTES_MAX;
    while !sets.is_empty() {
        write_set(Octets(sets.der_of(tag::SET)?), &mut left, to)?;
    }
    Some(())
}

/// The attributes of one level, the last first: as a name that was written bottom up has them when
/// it is turned round.
fn write_set(mut set: Octets<'_>, left: &mut usize, to: &mut Vec<u8>) -> Option<()> {
    *left = left.checked_sub(1)?;
    let mut attribute = Octets(set.der_of(tag::SEQUENCE)?);
    let oid = attribute.der_of(tag::OID)?;
    let (kind, value) = attribute.der()?;
    if !set.is_empty() {
        write_set(set, left, to)?;
    }
    push_type(oid, to);
    push_value(kind, value, to);
    to.push(0);
    Some(())
}

fn push_type(oid: &[u8], to: &mut Vec<u8>) {
    to.push(u8::try_from(oid.len()).unwrap_or(u8::MAX));
    to.extend_from_slice(oid);
}

fn push_value(kind: u8, value: &[u8], to: &mut Vec<u8>) {
    match kind {
        kind if tag::TEXTS.contains(&kind) => match std::str::from_utf8(value) {
            Ok(text) => fold(text.chars(), to),
            Err(_) => fold(value.iter().map(|octet| char::from(*octet)), to),
        },
        // What stands in such strings is Latin-1, whatever T.61 says.
        tag::T61_STRING => fold(value.iter().map(|octet| char::from(*octet)), to),
        tag::BMP_STRING => {
            let units = value.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
            fold(text, to);
        }
        kind => {
            // Nothing that people write: as it is, behind what no text begins with.
            to.extend([1, kind]);
            to.extend_from_slice(value);
        }
    }
}

/// Lower case; blanks at the ends dropped, those between run together.
fn fold(text: impl Iterator<Item = char>, to: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    let (mut any, mut blank) = (false, false);
    for c in text {
        if c.is_ascii() {
            if c == ' ' {
                blank = any;
                continue;
            }
            if std::mem::take(&mut blank) {
                to.push(b' ');
            }
            to.push((c as u8).to_ascii_lowercase());
        } else {
            if std::mem::take(&mut blank) {
                to.push(b' ');
            }
            for lower in c.to_lowercase() {
                to.extend_from_slice(lower.encode_utf8(&mut buffer).as_bytes());
            }
        }
        any = true;
    }
}

/// The same form of a name that a person wrote, most specific attribute first as RFC 4514 says;
/// `None` where an attribute's type is not known.
pub(crate) fn canonical_text(name: &str) -> Option<Vec<u8>> {
    let mut attributes = crate::name::split_distinguished_name(name);
    // DER goes from the top down, RFC 4514 from the bottom up.
    attributes.reverse();
    let mut canonical = Vec::new();
    for (kind, value) in attributes {
        push_type(&oid(&kind)?, &mut canonical);
        fold(value.chars(), &mut canonical);
        canonical.push(0);
    }
    (!canonical.is_empty()).then_some(canonical)
}

/// The content of an OBJECT IDENTIFIER: of a short name (RFC 4514 §3, and those in use), or of
/// numbers with dots.
fn oid(kind: &str) -> Option<Vec<u8>> {
    let short: &[u8] = match kind.to_ascii_uppercase().as_str() {
        "CN" => &[0x55, 4, 3],
        "SN" | "SURNAME" => &[0x55, 4, 4],
        "SERIALNUMBER" => &[0x55, 4, 5],
        "C" => &[0x55, 4, 6],
        "L" => &[0x55, 4, 7],
        "ST" | "S" => &[0x55, 4, 8],
        "STREET" => &[0x55, 4, 9],
        "O" => &[0x55, 4, 10],
        "OU" => &[0x55, 4, 11],
        "T" | "TITLE" => &[0x55, 4, 12],
        "ORGANIZATIONIDENTIFIER" => &[0x55, 4, 97],
        "DC" => &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
        "UID" => &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
        "E" | "EMAIL" | "EMAILADDRESS" => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        numbers => return oid_of_numbers(numbers.strip_prefix("OID.").unwrap_or(numbers)),
    };
    Some(short.to_owned())
}

fn oid_of_numbers(text: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = text
        .split('.')
        .map(|arc| arc.parse().ok())
        .collect::<Option<_>>()?;
    let [first @ 0..=2, second, rest @ ..] = arcs.as_slice() else {
        return None;
    };
    let mut octets = Vec::new();
    let joined = first.checked_mul(40)?.checked_add(*second)?;
    for arc in std::iter::once(&joined).chain(rest) {
        let mut groups: Vec<u8> = Vec::new();
        let mut left = *arc;
        loop {
            groups.push((left & 0x7f) as u8 | if groups.is_empty() { 0 } else { 0x80 });
            left >>= 7;
            if left == 0 {
                break;
            }
        }
        groups.reverse();
        octets.extend(groups);
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls_pki_types::{CertificateDer, pem::PemObject};

    use super::*;
    use crate::{ca, certificate::CertificateFacts};

    fn certificate() -> CertificateDer<'static> {
        let issued = ca::Authority::new("Example Ünïversal CA")
            .unwrap()
            .issue(&ca::Leaf::new(["a.example"]))
            .unwrap();
        CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_is_walked_to_what_names_it() {
        let der = certificate();
        let facts = CertificateFacts::of_der(&der).unwrap();
        let identity = Identity::of(&der).unwrap();
        assert_eq!(mailward_model::hex(identity.serial), facts.serial);
        let spki = ring::digest::digest(&ring::digest::SHA256, identity.spki);
        assert_eq!(mailward_model::hex(spki.as_ref()), facts.spki_sha256);
        let mut walked = Vec::new();
        assert!(canonical(identity.issuer, &mut walked));
        assert_eq!(canonical_text(&facts.issuer), Some(walked));
        for cut in 0..der.len() {
            Identity::of(&der[..cut]);
        }
    }

    #[test]
    fn names_are_one_however_they_are_written() {
        let one = canonical_text("CN=Example CA, O=Example,  C=SE").unwrap();
        for other in [
            "cn=example ca,o=EXAMPLE,c=se",
            "2.5.4.3=Example  CA, O=Example, C=SE",
            "CN=\"Example CA\", O = Example, C=SE",
        ] {
            assert_eq!(canonical_text(other), Some(one.clone()), "{other}");
        }
        for other in ["CN=Example CA, C=SE", "C=SE, O=Example, CN=Example CB"] {
            assert_ne!(canonical_text(other), Some(one.clone()), "{other}");
        }
        assert_eq!(canonical_text("XY=Example"), None);
        assert_eq!(canonical_text(""), None);
    }

    #[test]
    fn string_types_do_not_matter() {
        let name = |kind: u8, value: &[u8]| {
            let mut attribute = vec![
                0x06,
                3,
                0x55,
                4,
                3,
                kind,
                u8::try_from(value.len()).unwrap(),
            ];
            attribute.extend_from_slice(value);
            let length = u8::try_from(attribute.len()).unwrap();
            let mut set = vec![0x31, length + 2, 0x30, length];
            set.extend(attribute);
            let mut to = Vec::new();
            assert!(canonical(&set, &mut to));
            to
        };
        let utf8 = name(0x0c, "Å b".as_bytes());
        assert_eq!(name(0x1e, &[0, 0xc5, 0, b' ', 0, b'B']), utf8);
        assert_eq!(name(0x14, &[0xe5, b' ', b'b']), utf8);
        assert_ne!(name(0x04, b"x"), name(0x0c, b"x"));
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_do_no_harm(octets: Vec<u8>, at in 0usize..800, octet: u8) {
            Identity::of(&octets);
            canonical(&octets, &mut Vec::new());
            let mut changed = certificate().to_vec();
            let at = at % changed.len();
            changed[at] = octet;
            if let Some(identity) = Identity::of(&changed) {
                identity.logged();
                canonical(identity.issuer, &mut Vec::new());
            }
        }

        #[test]
        fn texts_of_any_kind_do_no_harm(text: String) {
            canonical_text(&text);
        }
    }
}
