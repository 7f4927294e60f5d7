//! The certificate that a client presents: whether it can be believed, and whose it is.
//!
//! The handshake takes any certificate whose key the client holds. A receive connector that knows its
//! senders by their certificates asks here afterwards, so that what is wrong can be said in a reply
//! and not by an alert.

use std::sync::Arc;

use mailward_model::Domain;
use rustls::{
    CertificateError, Error,
    client::verify_server_cert_signed_by_trust_anchor,
    server::{ParsedCertificate, WebPkiClientVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::{certificate::CertificateFacts, client::ClientTls, name::name_match};

impl ClientTls {
    /// Checks the chain that a client has shown: nothing of it is untrusted, and it leads to a
    /// trusted root. A certificate for servers counts as well as one for clients: mail servers show
    /// the one they have, and public authorities no longer issue the other.
    ///
    /// # Errors
    /// Why it is not believed, or that there is nothing to check against.
    pub fn check_client(
        &self,
        chain: &[CertificateDer<'_>],
        unix_ms: u64,
    ) -> Result<CertificateFacts, String> {
        let (leaf, rest) = chain.split_first().ok_or("no certificate was shown")?;
        self.untrusted()
            .check(chain)
            .map_err(|distrusted| format!("it is untrusted here: {}", distrusted.entry))?;
        let roots = self.roots().map_err(|error| error.to_string())?;
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(unix_ms));
        let provider = self.provider();
        let algorithms = provider.signature_verification_algorithms.all;
        let as_server = ParsedCertificate::try_from(leaf).and_then(|parsed| {
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, rest, now, algorithms)
        });
        if let Err(error) = as_server {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
                .build()
                .map_err(|error| error.to_string())?;
            let as_client = verifier.verify_client_cert(leaf, rest, now);
            as_client.map_err(|other| match is_about_purpose(&other) {
                true => error.to_string(),
                false => other.to_string(),
            })?;
        }
        CertificateFacts::of_der(leaf)
    }
}

fn is_about_purpose(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }
        )
    )
}

/// Whether a certificate carries a name that a receive connector looks for: `domain` as a peer's
/// name would be checked, or with `subdomains` any name that is the domain or lies below it.
pub fn carries_name(facts: &CertificateFacts, domain: &Domain, subdomains: bool) -> bool {
    if !subdomains {
        return name_match(facts, domain).is_some();
    }
    let below = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("*.").unwrap_or(&name);
        name == domain.as_str()
            || name
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.ends_with('.'))
    };
    match facts.dns_names.as_slice() {
        [] => facts.common_name.as_deref().is_some_and(below),
        names => names.iter().any(|name| below(name)),
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject;

    use super::*;
    use crate::{Roots, Untrusted, ca};

    fn der(issued: &ca::Issued) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap()
    }

    #[test]
    fn a_client_is_believed_by_its_chain() {
        let authority = ca::Authority::new("Example Root").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, authority.certificate_pem()).unwrap();
        let roots = Roots {
            system: false,
            files: vec![file],
        };
        let untrusted = Untrusted::default();
        let tls = ClientTls::new(roots).with_untrusted(untrusted.clone());
        let now = u64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap();
        let good = der(&authority
            .issue(&ca::Leaf::new(["mail.protection.example"]))
            .unwrap());
        let facts = tls.check_client(&good, now).unwrap();
        assert_eq!(facts.dns_names, ["mail.protection.example"]);
        let late = now + 40 * 365 * 86_400_000;
        assert!(
            tls.check_client(&good, late)
                .unwrap_err()
                .contains("expired")
        );
        let stranger = ca::Authority::new("Example Root").unwrap();
        let forged = der(&stranger
            .issue(&ca::Leaf::new(["mail.protection.example"]))
            .unwrap());
        assert!(tls.check_client(&forged, now).is_err());
        let own = der(&ca::self_signed(&ca::Leaf::new(["mail.protection.example"])).unwrap());
        assert!(tls.check_client(&own, now).is_err());
        assert!(tls.check_client(&[], now).is_err());
        let digest = ring::digest::digest(&ring::digest::SHA256, &good[0]);
        let entry = mailward_model::kind::UntrustedCertificate {
            sha256: Some(mailward_model::kind::Sha256(
                digest.as_ref().try_into().unwrap(),
            )),
            reason: "a test".to_owned(),
            ..Default::default()
        };
        untrusted.replace([("stolen", &entry)]);
        let error = tls.check_client(&good, now).unwrap_err();
        assert!(error.contains("untrusted"), "{error}");
    }

    #[test]
    fn names_of_a_domain_and_below() {
        let facts = |names: &[&str]| CertificateFacts {
            dns_names: names.iter().map(|n| (*n).to_owned()).collect(),
            ..CertificateFacts::default()
        };
        let check = |names: &[&str], domain: &str, subdomains: bool, expect: bool| {
            let domain = domain.parse().unwrap();
            assert_eq!(
                carries_name(&facts(names), &domain, subdomains),
                expect,
                "{names:?} {domain} {subdomains}"
            );
        };
        check(
            &["mail.protection.example"],
            "mail.protection.example",
            false,
            true,
        );
        check(
            &["*.protection.example"],
            "mail.protection.example",
            false,
            true,
        );
        check(
            &["a.mail.protection.example"],
            "mail.protection.example",
            false,
            false,
        );
        check(
            &["a.mail.protection.example"],
            "protection.example",
            true,
            true,
        );
        check(&["*.protection.example"], "protection.example", true, true);
        check(&["protection.example"], "protection.example", true, true);
        check(
            &["evilprotection.example"],
            "protection.example",
            true,
            false,
        );
        check(&[], "protection.example", true, false);
    }
}
