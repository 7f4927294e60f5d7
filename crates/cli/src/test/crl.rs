//! What the node's feeds say of a certificate that a target showed: its CRLs, and lists that were signed.
//! They are the node's alone; it is asked for each target.
//!
//! Never here: a connection to the target, or to whoever publishes a list.

use std::time::Duration;

use mailward_api::{
    operation::{Op, request::CertificateFile},
    view::{UntrustedTest, UntrustedTested},
};
use mailward_tls::audit::{Level, Report, Subject, Verdict};
use serde_json::{Map, Value};

use crate::{Connection, run::ask};

/// How long the node may take for one target.
const NODE_MAX: Duration = Duration::from_secs(5);
/// What is said where nobody could be asked.
const NO_NODE: &str = "no CRL was asked: no node answers here";
/// What is done about a certificate that is refused.
const MEND: &str = "replace the certificate and its key; find out how it came to be used";

/// Has the node say what its feeds know of what the target showed, and puts it into the verdict.
pub(super) async fn consult(report: &mut Report, connection: Option<&Connection>) {
    if report.presented.is_empty() {
        return;
    }
    let said = match connection {
        Some(connection) => asked(&report.presented, connection).await,
        None => Err(NO_NODE.to_owned()),
    };
    for verdict in &mut report.verdicts {
        // What is known to be bad already is not made better.
        if verdict.subject == Subject::Distrust && verdict.level == Level::Well {
            judge(verdict, &said);
        }
    }
}

async fn asked(
    presented: &[Vec<u8>],
    connection: &Connection,
) -> Result<Vec<UntrustedTested>, String> {
    let certificate = Value::String(CertificateFile::of_der(presented).0);
    let input = Map::from_iter([("certificate".to_owned(), certificate)]);
    let asking = ask(Op::UntrustedTest, input, connection);
    match tokio::time::timeout(NODE_MAX, asking).await {
        Ok(Ok(answer)) => serde_json::from_slice::<UntrustedTest>(&answer)
            .map(|test| test.certificates)
            .map_err(|error| {
                format!("no CRL was asked: the node's answer cannot be read: {error}")
            }),
        Ok(Err(fault)) => Err(format!("no CRL was asked: {}", fault.error)),
        Err(_) => Err(NO_NODE.to_owned()),
    }
}

/// The verdict with what the node said.
fn judge(verdict: &mut Verdict, said: &Result<Vec<UntrustedTested>, String>) {
    // The last part of what was found is about CRLs.
    let entries = verdict
        .found
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let certificates = match said {
        Ok(certificates) => certificates,
        Err(problem) => {
            verdict.found = format!("{entries}; {problem}");
            return;
        }
    };
    let refused = certificates
        .iter()
        .find_map(|one| one.entry.as_deref().map(|entry| (one, entry)));
    if let Some((one, entry)) = refused {
        verdict.level = Level::Bad;
        verdict.found = "UNTRUSTED".to_owned();
        verdict.reason = format!(
            "{} (serial {}, issuer {}) is untrusted by {}: {entry}, {}",
            one.subject, one.serial, one.issuer, one.by, one.reason
        );
        verdict.mend = MEND.to_owned();
        return;
    }
    let mut crls: Vec<&str> = certificates
        .iter()
        .flat_map(|one| one.crls.iter().map(String::as_str))
        .collect();
    crls.sort_unstable();
    crls.dedup();
    verdict.found = match crls.len() {
        0 => format!("{entries}; the node has no CRL of these issuers"),
        1 => format!("{entries}; the node's CRL of the issuer was asked"),
        count => format!("{entries}; {count} CRLs that the node has of the issuers were asked"),
    };
    verdict.reason = crls.join("; ");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Verdict {
        Verdict {
            subject: Subject::Distrust,
            level: Level::Well,
            found: "none of 9 entries; no CRL was asked".to_owned(),
            reason: String::new(),
            mend: String::new(),
        }
    }

    fn tested(entry: Option<&str>, crls: &[&str]) -> UntrustedTested {
        UntrustedTested {
            subject: "CN=hop.test".to_owned(),
            issuer: "CN=CA".to_owned(),
            serial: "0b".to_owned(),
            sha256: String::new(),
            spki_sha256: String::new(),
            entry: entry.map(str::to_owned),
            by: "its issuer and serial number".to_owned(),
            reason: "revoked".to_owned(),
            feed: None,
            crls: crls.iter().map(|text| (*text).to_owned()).collect(),
            filters: Vec::new(),
        }
    }

    #[test]
    fn the_verdict_says_whether_crls_were_asked_and_what_they_said() {
        let judged = |said: Result<Vec<UntrustedTested>, String>| {
            let mut verdict = well();
            judge(&mut verdict, &said);
            verdict
        };
        let none = judged(Err(NO_NODE.to_owned()));
        assert_eq!(none.level, Level::Well);
        assert_eq!(
            none.found,
            "none of 9 entries; no CRL was asked: no node answers here"
        );
        let unknown = judged(Ok(vec![tested(None, &[]), tested(None, &[])]));
        assert!(unknown.found.contains("has no CRL"), "{unknown:?}");
        let asked = judged(Ok(vec![tested(None, &["a: not on it"]), tested(None, &[])]));
        assert!(
            asked.found.contains("CRL of the issuer was asked"),
            "{asked:?}"
        );
        assert_eq!(asked.reason, "a: not on it");
        let revoked = judged(Ok(vec![tested(Some("CA/0b"), &["a: revoked"])]));
        assert_eq!(
            (revoked.level, revoked.found.as_str()),
            (Level::Bad, "UNTRUSTED")
        );
        assert!(revoked.reason.contains("CA/0b") && !revoked.mend.is_empty());
    }
}
