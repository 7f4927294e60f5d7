//! Whether mail is risky to send: what others may hold against the address that it leaves from.
//!
//! Risky is a bounce, mail of a sender that is not authenticated, and what a sender sends above a
//! bound. Risky mail that leaves the organisation goes through the high-risk pool, where one takes
//! its domain: never through a partner's server or one of the organisation. Mail that stays within
//! goes as all other, as does mail while no high-risk connector is in force.
//!
//! Pure: from the facts that are stored with the message, so that routing anew judges alike.

use std::fmt;

use mailward_directory::Directory;
use mailward_model::{
    AuthenticationResult, Bulk, Domain, Origin, ReversePath, SenderAuthentication,
    kind::OutboundPool, plan::DeliveryContent,
};

/// Why mail is risky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// It has the null sender: the address it goes to may have been forged.
    Bounce,
    /// Nothing shows that the sender is who it claims to be.
    Unauthenticated(SenderAuthentication),
    /// The sender has sent more than it may before it counts as bulk.
    Bulk(Bulk),
}

impl Risk {
    /// One word for the tracking log.
    pub fn word(&self) -> &'static str {
        match self {
            Risk::Bounce => "bounce",
            Risk::Unauthenticated(_) => "unauthenticated",
            Risk::Bulk(_) => "bulk",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Risk::Bounce => f.write_str("it is a bounce: its sender is null"),
            Risk::Unauthenticated(found) => {
                write!(f, "its sender is not authenticated ({})", found.words())
            }
            Risk::Bulk(bulk) => write!(
                f,
                "its sender has sent to {} recipients outside within {} s, where {} are allowed",
                bulk.recipients, bulk.window_secs, bulk.allowed
            ),
        }
    }
}

/// Why a delivery is risky; empty where it is not. Health probes and journal reports never are.
pub fn risks(mail_from: &ReversePath, origin: &Origin, content: &DeliveryContent) -> Vec<Risk> {
    if origin.probe {
        return Vec::new();
    }
    match content {
        DeliveryContent::JournalReport(_) => return Vec::new(),
        // What we say about a message does not depend on who sent that.
        DeliveryContent::Dsn { .. } => return vec![Risk::Bounce],
        DeliveryContent::Message => {}
    }
    let mut risks = Vec::new();
    if mail_from.is_null() {
        risks.push(Risk::Bounce);
    }
    let Some(arrival) = origin.arrival.as_deref() else {
        return risks;
    };
    if let Some(found) = &arrival.authentication
        && is_unauthenticated(found)
    {
        risks.push(Risk::Unauthenticated(found.clone()));
    }
    risks.extend(arrival.bulk.map(Risk::Bulk));
    risks
}

/// Whether nothing speaks for the sender, or DMARC against it. What could not be found out for now
/// speaks neither way: a name server that is away must not move all mail to another address.
fn is_unauthenticated(found: &SenderAuthentication) -> bool {
    use AuthenticationResult::{Fail, Pass, TempError};
    let ways = [found.spf, found.dkim];
    match found.dmarc {
        Fail => true,
        Pass => false,
        _ => !ways.contains(&Pass) && !ways.contains(&TempError),
    }
}

/// The pool that a delivery asks for, were it to leave the organisation.
pub fn wanted_pool(
    mail_from: &ReversePath,
    origin: &Origin,
    content: &DeliveryContent,
) -> OutboundPool {
    match risks(mail_from, origin, content).is_empty() {
        true => OutboundPool::Normal,
        false => OutboundPool::HighRisk,
    }
}

/// Whether mail to a domain leaves the organisation.
pub fn is_outside(directory: &Directory, domain: &Domain) -> bool {
    directory.accepts(domain).is_none()
}

#[cfg(test)]
mod tests {
    use mailward_model::{Arrival, plan::JournalReport};
    use proptest::prelude::*;

    use super::*;
    use crate::categorize::tests::origin;

    fn found(words: [AuthenticationResult; 3]) -> SenderAuthentication {
        let [spf, dkim, dmarc] = words;
        SenderAuthentication {
            spf,
            dkim,
            dmarc,
            from: None,
        }
    }

    fn words(arrival: Arrival, mail_from: &str) -> Vec<&'static str> {
        let origin = Origin {
            arrival: Some(Box::new(arrival)),
            ..origin()
        };
        let risks = risks(
            &mail_from.parse().unwrap(),
            &origin,
            &DeliveryContent::Message,
        );
        risks.iter().map(Risk::word).collect()
    }

    #[test]
    fn what_is_risky() {
        use AuthenticationResult::{Fail, None as Nothing, Pass, SoftFail, TempError};
        let of = |results| Arrival {
            authentication: Some(found(results)),
            ..Arrival::default()
        };
        let sender = "a@example.net";
        for (results, risky) in [
            ([Pass, Nothing, Nothing], false),
            ([Fail, Pass, Nothing], false),
            ([Fail, Pass, Pass], false),
            ([Nothing, Nothing, Nothing], true),
            ([SoftFail, Nothing, Nothing], true),
            ([Pass, Pass, Fail], true),
            ([TempError, Nothing, Nothing], false),
            ([Fail, TempError, TempError], false),
        ] {
            let expect: &[&str] = if risky { &["unauthenticated"] } else { &[] };
            assert_eq!(words(of(results), sender), expect, "{results:?}");
        }
        assert_eq!(words(Arrival::default(), "<>"), ["bounce"]);
        assert_eq!(words(Arrival::default(), sender), [""; 0]);
        let bulk = Arrival {
            bulk: Some(Bulk {
                recipients: 11,
                allowed: 10,
                window_secs: 60,
            }),
            ..of([Fail, Fail, Fail])
        };
        assert_eq!(words(bulk, "<>"), ["bounce", "unauthenticated", "bulk"]);
    }

    #[test]
    fn reports_and_probes_are_not_judged_by_their_sender() {
        let null = ReversePath::Null;
        let report = DeliveryContent::JournalReport(JournalReport::default());
        assert_eq!(risks(&null, &origin(), &report), []);
        let probe = Origin {
            probe: true,
            ..origin()
        };
        assert_eq!(risks(&null, &probe, &DeliveryContent::Message), []);
        let dsn = DeliveryContent::Dsn {
            recipients: Vec::new(),
        };
        let sender = "a@example.net".parse().unwrap();
        assert_eq!(risks(&sender, &origin(), &dsn), [Risk::Bounce]);
    }

    fn result() -> impl Strategy<Value = AuthenticationResult> {
        use AuthenticationResult::{Fail, Neutral, None, Pass, PermError, SoftFail, TempError};
        prop::sample::select(vec![
            None, Pass, Fail, SoftFail, Neutral, TempError, PermError,
        ])
    }

    proptest! {
        #[test]
        fn one_more_pass_never_makes_mail_risky(
            results in [result(), result(), result()], which in 0usize..3,
        ) {
            let before = is_unauthenticated(&found(results));
            let mut better = results;
            better[which] = AuthenticationResult::Pass;
            let after = is_unauthenticated(&found(better));
            prop_assert!(before || !after);
            // And DMARC has the last word.
            prop_assert_eq!(
                is_unauthenticated(&found([results[0], results[1], AuthenticationResult::Fail])),
                true
            );
        }
    }
}
