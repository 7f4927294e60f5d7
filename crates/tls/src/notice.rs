//! What a certificate folder has to tell: the facts for which events are raised.
//!
//! Each notice is given once per change of state, never once per connection. [`Notice::to_event`]
//! gives the event of the catalogue; a notice that concerns nobody at night has none.

use mailward_events::{Event, Items};
use mailward_model::PassedOver;

use crate::{
    certificate::day,
    choose::ShownBy,
    expiry::{ExpiryNotice, ExpiryStage},
    set::{Changes, FileProblem, ProblemKind},
};

/// Something an administrator should hear of.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// No certificate fits a connector: STARTTLS is not offered on it. Exchange: 12014.
    CertificateMissing {
        /// The connector.
        connector: String,
        /// The name that was looked for.
        fqdn: String,
        /// The pin, where the connector has one.
        pin: Option<String>,
        /// Each certificate of the folder and why it does not fit.
        candidates: Vec<PassedOver>,
    },
    /// A send connector has no certificate to show to a peer that asks.
    ClientCertificateMissing {
        /// The connector.
        connector: String,
        /// The pin, where the connector has one; without one nobody need know.
        pin: Option<String>,
        /// Each certificate of the folder and why it is not shown.
        candidates: Vec<PassedOver>,
    },
    /// The certificate that would be shown is untrusted here.
    CertificateKeptBack {
        /// The kind of the connector.
        by: ShownBy,
        /// The connector.
        connector: String,
        /// The certificate's file.
        file: String,
        /// Its subject.
        subject: String,
        /// The entry by which it is untrusted.
        entry: String,
        /// The file of the one that is shown instead.
        shown: Option<String>,
    },
    /// The chosen certificate is expired or not yet valid, and still offered. Exchange: 12016.
    CertificateNotValid {
        /// The connector.
        connector: String,
        /// The name that was looked for.
        fqdn: String,
        /// The certificate's file.
        file: String,
        /// Its subject.
        subject: String,
        /// Valid from, Unix milliseconds.
        not_before_unix_ms: u64,
        /// Valid until, Unix milliseconds.
        not_after_unix_ms: u64,
        /// True where its time is over, false where it has not come.
        expired: bool,
        /// Each other certificate and why it does not fit better.
        candidates: Vec<PassedOver>,
    },
    /// A connector is served by another certificate than before, or for the first time.
    CertificateChosen {
        /// The connector.
        connector: String,
        /// The name that was looked for.
        fqdn: String,
        /// The certificate's file.
        file: String,
        /// Its subject.
        subject: String,
        /// SHA-256 of the certificate, hex.
        fingerprint: String,
        /// Why it was chosen.
        because: String,
    },
    /// A certificate expires soon, or has expired. Exchange: 12018.
    Expiry(ExpiryNotice),
    /// The folder was read again and something changed.
    Changed(Changes),
    /// A file cannot be used, or should not be as it is.
    File(FileProblem),
}

impl Notice {
    /// The event to raise; `None` where there is nothing that an administrator must know.
    pub fn to_event(&self) -> Option<Event> {
        Some(match self {
            Notice::CertificateMissing {
                connector,
                fqdn,
                pin,
                candidates,
            } => Event::CertificateMissing {
                connector: connector.clone(),
                fqdn: match pin {
                    Some(pin) => format!("{fqdn} (pinned: {pin})"),
                    None => fqdn.clone(),
                },
                candidates: items(candidates),
            },
            Notice::ClientCertificateMissing {
                connector,
                pin,
                candidates,
            } => Event::ClientCertificateMissing {
                connector: connector.clone(),
                certificate: pin.clone()?,
                candidates: items(candidates),
            },
            Notice::CertificateKeptBack {
                by,
                connector,
                file,
                subject,
                entry,
                shown,
            } => Event::CertificateKeptBack {
                connector: match by {
                    ShownBy::Receive => format!("receive connector {connector}"),
                    ShownBy::Send => format!("send connector {connector}"),
                },
                file: file.clone(),
                subject: subject.clone(),
                entry: entry.clone(),
                instead: match (shown, by) {
                    (Some(file), _) => format!("{file} is shown"),
                    (None, ShownBy::Receive) => "STARTTLS is not offered".to_owned(),
                    (None, ShownBy::Send) => "none is shown".to_owned(),
                },
            },
            Notice::CertificateNotValid {
                file,
                subject,
                not_after_unix_ms,
                expired: true,
                ..
            } => Event::CertificateExpired {
                file: file.clone(),
                subject: subject.clone(),
                expired_on: day(*not_after_unix_ms),
            },
            Notice::CertificateNotValid {
                connector,
                file,
                subject,
                not_before_unix_ms,
                ..
            } => Event::CertificateNotYetValid {
                connector: connector.clone(),
                file: file.clone(),
                subject: subject.clone(),
                valid_from: day(*not_before_unix_ms),
            },
            Notice::CertificateChosen { .. } => return None,
            Notice::Expiry(notice) if notice.stage == ExpiryStage::Expired => {
                Event::CertificateExpired {
                    file: notice.file.clone(),
                    subject: notice.subject.clone(),
                    expired_on: day(notice.not_after_unix_ms),
                }
            }
            Notice::Expiry(notice) => Event::CertificateExpiresSoon {
                file: notice.file.clone(),
                subject: notice.subject.clone(),
                days: i64::try_from(notice.days_left).unwrap_or(i64::MAX),
                expires_on: day(notice.not_after_unix_ms),
            },
            // New problems have notices of their own.
            Notice::Changed(changes) if changes.added.is_empty() && changes.removed.is_empty() => {
                return None;
            }
            Notice::Changed(changes) => Event::CertificatesReloaded {
                added: Items(changes.added.clone()),
                removed: Items(changes.removed.clone()),
                kept: changes.unchanged,
            },
            Notice::File(FileProblem {
                file,
                kind: ProblemKind::Exposed { mode },
                ..
            }) => Event::CertificateKeyExposed {
                file: file.clone(),
                mode: format!("{mode:04o}"),
            },
            Notice::File(problem) => Event::CertificateFileUnreadable {
                file: problem.file.clone(),
                error: format!("{}; {}", problem.problem, problem.mend),
            },
        })
    }
}

fn items(candidates: &[PassedOver]) -> Items {
    let each = candidates.iter();
    each.map(|one| format!("{}: {}", one.candidate, one.reason))
        .collect()
}
