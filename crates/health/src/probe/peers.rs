//! The certificates that nodes know each other by, as `[remote]` of the node's file names them: the
//! node's own with its chain, and that of the nodes' authority. Without them no command for another
//! node is taken, and nobody sees that before one is given.
//!
//! Never here: a private key. It is passed over where it stands in the same file.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use mailward_tls::CertificateFacts;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{Context, Found, NOT_APPLICABLE, certificate::SOON_MS, wire::DAY_MS};
use crate::Cause;

/// Octets of a file that are read.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// Certificates of one file that are looked at.
const CERTIFICATES_MAX: usize = 16;

/// The certificate of a file that ends first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FirstEnd {
    /// The file.
    pub(crate) file: String,
    /// Whose certificate it is.
    pub(crate) subject: String,
    /// Its end.
    pub(crate) not_after_unix_ms: i64,
}

/// The first end of a file's certificates. Blocks on the disk.
///
/// # Errors
/// The file cannot be read, or holds no certificate that can be.
pub(crate) fn first_end(path: &Path) -> io::Result<FirstEnd> {
    let mut octets = Vec::new();
    File::open(path)?
        .take(FILE_OCTETS_MAX)
        .read_to_end(&mut octets)?;
    let mut first: Option<FirstEnd> = None;
    for certificate in CertificateDer::pem_slice_iter(&octets).take(CERTIFICATES_MAX) {
        let certificate = certificate.map_err(io::Error::other)?;
        let facts = CertificateFacts::of_der(&certificate).map_err(io::Error::other)?;
        let end = i64::try_from(facts.not_after_unix_ms).unwrap_or(i64::MAX);
        if first.as_ref().is_none_or(|one| end < one.not_after_unix_ms) {
            first = Some(FirstEnd {
                file: path.display().to_string(),
                subject: facts.subject,
                not_after_unix_ms: end,
            });
        }
    }
    first.ok_or_else(|| io::Error::other("no certificate stands in it"))
}

/// Whether other nodes would know this one, and it them.
pub(super) async fn look(context: &Context) -> Found {
    let files = context.node_certificates.clone();
    if files.is_empty() {
        let mut found = Found::skipped("this node neither asks other nodes nor is asked by them");
        found.cause = Some(NOT_APPLICABLE.to_owned());
        return found;
    }
    let looked = tokio::task::spawn_blocking(move || {
        let each = files.into_iter().map(|file| (first_end(&file), file));
        each.collect::<Vec<_>>()
    });
    match looked.await {
        Ok(ends) => judge(ends, context.clock.unix_ms()),
        Err(error) => Found::error(error.to_string()),
    }
}

/// One that ends soon fails, as one that has ended does: whoever renews it needs the days left.
fn judge(ends: Vec<(io::Result<FirstEnd>, PathBuf)>, now_unix_ms: u64) -> Found {
    let now = i64::try_from(now_unix_ms).unwrap_or(i64::MAX);
    let (mut troubles, mut least) = (Vec::new(), i64::MAX);
    for (end, file) in ends {
        let end = match end {
            Ok(end) => end,
            Err(error) => {
                troubles.push(format!("{}: {error}", file.display()));
                continue;
            }
        };
        let left_ms = end.not_after_unix_ms.saturating_sub(now);
        let days = left_ms.div_euclid(DAY_MS);
        least = least.min(days);
        if left_ms <= 0 {
            troubles.push(format!("{} of {} has expired", end.subject, end.file));
        } else if left_ms < SOON_MS {
            troubles.push(format!(
                "{} of {} ends in {days} days",
                end.subject, end.file
            ));
        }
    }
    if troubles.is_empty() {
        return Found::pass(format!("the first of them ends in {least} days"))
            .measured("days_left", least);
    }
    let found = Found::fail(troubles.join("; ")).of(Cause::Certificate);
    if least == i64::MAX {
        return found;
    }
    found.measured("days_left", least)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use mailward_tls::ca;

    use super::*;
    use crate::probe::Verdict;

    #[test]
    fn a_certificate_that_ends_soon_or_cannot_be_read_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let day = Duration::from_secs(86_400);
        let leaf = ca::Leaf::new(["mx1.example.org"]).valid(now - day, now + 30 * day);
        let issued = ca::self_signed(&leaf).unwrap();
        // The key stands in the same file.
        let file = issued.write(dir.path(), "node").unwrap();
        let unix_ms = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let unix_ms = u64::try_from(unix_ms).unwrap();
        let after = |days: u64| {
            let ends = vec![(first_end(&file), file.clone())];
            judge(ends, unix_ms + days * 86_400_000)
        };
        let well = after(0);
        assert_eq!(well.verdict, Verdict::Pass, "{well:?}");
        assert_eq!(well.measures[0].value, 29);
        let soon = after(24);
        assert_eq!(soon.verdict, Verdict::Fail, "{soon:?}");
        assert!(soon.text.contains("CN=mx1.example.org"), "{soon:?}");
        assert!(soon.text.contains("ends in 5 days"), "{soon:?}");
        assert_eq!(soon.cause.as_deref(), Some("certificate"));
        assert!(after(31).text.contains("has expired"));

        let none = dir.path().join("authority.pem");
        let gone = judge(vec![(first_end(&none), none.clone())], unix_ms);
        assert!(
            gone.text.contains("authority.pem: No such file"),
            "{gone:?}"
        );
        std::fs::write(&none, "no certificate").unwrap();
        let empty = judge(vec![(first_end(&none), none)], unix_ms);
        assert!(
            empty.text.contains("no certificate stands in it"),
            "{empty:?}"
        );
        assert_eq!(empty.verdict, Verdict::Fail);
    }
}
