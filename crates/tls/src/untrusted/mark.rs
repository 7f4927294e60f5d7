//! What the tracking log keeps of the certificates that a peer showed, so that it can be said later
//! who would have been refused.
//!
//! In the field custom-data, as `TlsPeer=sha256,spki,serial,issuer` for the leaf and, behind `|`, the
//! same for each intermediate. An issuer's commas and whatever else has a meaning there are written
//! as percent and two hex digits.

use mailward_model::{hex, kind::Sha256};
use ring::digest;
use rustls_pki_types::CertificateDer;
use x509_parser::{prelude::FromDer, x509::X509Name};

use super::{Known, identity::Identity};
use crate::name::distinguished_name;

/// The key in custom-data.
pub const KEY: &str = "TlsPeer=";
/// Certificates of a path that are kept: the leaf and three above it.
const KEPT_MAX: usize = 4;
/// DER's tag of a name.
const SEQUENCE: u8 = 0x30;

/// The marks of a path, leaf first; empty where there is none.
pub fn of(path: &[CertificateDer<'_>]) -> String {
    let marks: Vec<String> = path
        .iter()
        .take(KEPT_MAX)
        .filter_map(|der| one(der))
        .collect();
    match marks.is_empty() {
        true => String::new(),
        false => format!("{KEY}{}", marks.join("|")),
    }
}

fn one(der: &[u8]) -> Option<String> {
    let identity = Identity::of(der)?;
    let sha256 = |octets: &[u8]| hex(digest::digest(&digest::SHA256, octets).as_ref());
    Some(format!(
        "{},{},{},{}",
        sha256(der),
        sha256(identity.spki),
        identity.serial_number(),
        escape(&issuer(identity.issuer))
    ))
}

/// A name's content as text; empty where it cannot be read.
fn issuer(content: &[u8]) -> String {
    let length = u16::try_from(content.len()).unwrap_or_default();
    let mut der = vec![SEQUENCE, 0x82];
    der.extend(length.to_be_bytes());
    der.extend_from_slice(content);
    X509Name::from_der(&der).map_or_else(|_| String::new(), |(_, name)| distinguished_name(&name))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | ';' | ',' | '|' => {
                escaped.push('%');
                escaped.push_str(&hex(&[c as u8]));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn unescape(text: &str) -> String {
    ["2c", "3b", "7c", "25"]
        .iter()
        .zip([",", ";", "|", "%"])
        .fold(text.to_owned(), |text, (code, c)| {
            text.replace(&format!("%{code}"), c)
        })
}

/// Reads the marks in a custom-data field; none where there are none.
pub fn read(custom_data: &str) -> Vec<Known> {
    let Some(marks) = custom_data
        .split(';')
        .find_map(|part| part.trim().strip_prefix(KEY))
    else {
        return Vec::new();
    };
    marks.split('|').take(KEPT_MAX).filter_map(known).collect()
}

fn known(mark: &str) -> Option<Known> {
    let mut parts = mark.splitn(4, ',');
    let sha256: Sha256 = parts.next()?.parse().ok()?;
    let spki_sha256: Sha256 = parts.next()?.parse().ok()?;
    let serial: mailward_model::kind::SerialNumber = parts.next()?.parse().ok()?;
    Some(Known {
        sha256: Some(sha256),
        spki_sha256: Some(spki_sha256),
        serial: serial.octets().to_vec(),
        issuer: unescape(parts.next()?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::untrusted::{
        UntrustedList,
        tests::{USERTRUST, look_alike},
    };

    #[test]
    fn a_path_is_found_again_by_its_marks() {
        let path = [
            CertificateDer::from(look_alike(&[("O", "A, B; C|D%"), ("CN", "x")], "1")),
            CertificateDer::from(look_alike(USERTRUST, "047ECBE9FCA55F7BD09EAE36E10CAE1E")),
        ];
        let marks = of(&path);
        let known = read(&format!("TlsVersion=TLSv1.3;{marks};Other=1"));
        assert_eq!(known.len(), 2, "{marks}");
        assert_eq!(known[0].issuer, r"CN=x, O=A\, B\; C|D%");
        let list = UntrustedList::new([]);
        assert_eq!(list.find_known(&known).unwrap().depth, 1);
        assert_eq!(list.find_known(&known[..1]), None);
        assert_eq!(of(&[]), "");
        assert_eq!(read("TlsVersion=TLSv1.3"), []);
    }

    proptest! {
        #[test]
        fn texts_of_any_kind_do_no_harm(text: String) {
            read(&format!("{KEY}{text}"));
            prop_assert_eq!(unescape(&escape(&text)), text);
        }
    }
}
