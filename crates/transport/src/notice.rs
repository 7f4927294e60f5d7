//! From what the certificate folder tells to events.

use mailward_events::{Event, Events, Items};
use mailward_tls::{ExpiryStage, Notice, ProblemKind};

/// Raises the event of a notice. What needs nobody's attention raises none.
pub(crate) fn raise(events: &Events, notice: Notice) {
    let reasons = |passed: Vec<mailward_model::PassedOver>| -> Items {
        passed
            .into_iter()
            .map(|p| format!("{}: {}", p.candidate, p.reason))
            .collect()
    };
    let date = |unix_ms: u64| {
        let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(ms)
            .map_or_else(|_| unix_ms.to_string(), |at| at.to_string())
    };
    match notice {
        Notice::CertificateMissing {
            connector,
            fqdn,
            candidates,
            ..
        } => {
            events.emit(Event::CertificateMissing {
                connector,
                fqdn,
                candidates: reasons(candidates),
            });
        }
        Notice::CertificateNotValid {
            file,
            subject,
            not_after_unix_ms,
            ..
        } => {
            events.emit(Event::CertificateExpired {
                file,
                subject,
                expired_on: date(not_after_unix_ms),
            });
        }
        Notice::Expiry(notice) => match notice.stage {
            ExpiryStage::Expired => events.emit(Event::CertificateExpired {
                file: notice.file,
                subject: notice.subject,
                expired_on: date(notice.not_after_unix_ms),
            }),
            _ => events.emit(Event::CertificateExpiresSoon {
                file: notice.file,
                subject: notice.subject,
                days: i64::try_from(notice.days_left).unwrap_or(i64::MAX),
                expires_on: date(notice.not_after_unix_ms),
            }),
        },
        Notice::Changed(changes) => events.emit(Event::CertificatesReloaded {
            added: changes.added.into(),
            removed: changes.removed.into(),
            kept: changes.kept.len() as u64,
        }),
        Notice::File(problem) => match problem.kind {
            ProblemKind::Exposed { mode } => events.emit(Event::CertificateKeyExposed {
                file: problem.file,
                mode: format!("{mode:04o}"),
            }),
            ProblemKind::Unusable | ProblemKind::Incomplete => {
                events.emit(Event::CertificateFileUnreadable {
                    file: problem.file,
                    error: format!("{}; {}", problem.problem, problem.mend),
                })
            }
        },
        // Normal at every start; `cert explain` tells it to who asks.
        Notice::CertificateChosen { .. } => {}
    }
}
