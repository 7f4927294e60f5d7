//! Classes of causes: what a probe found out about why something fails.
//!
//! The class decides which act could cure it. A certificate does not become valid, a disk
//! does not become larger and a name server does not answer because a process was restarted.

use mailward_api::view::{RepairAct, Responder};

/// A class of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Names cannot be resolved.
    Dns,
    /// A certificate is missing, expired, or for another name.
    Certificate,
    /// A sign-in or a key is refused.
    Credential,
    /// The objects or the node's configuration say so.
    Config,
    /// No room, or no right to write.
    DiskFull,
    /// The disk returns errors.
    Disk,
    /// What this system depends on, elsewhere.
    Upstream,
    /// It is taken offline on purpose.
    Hold,
    /// An accepted message without an owner or a next action.
    Orphaned,
    /// The host's own network: a firewall, a route, an address that is gone.
    Network,
}

impl Cause {
    /// Every class.
    pub const ALL: [Cause; 10] = [
        Cause::Dns,
        Cause::Certificate,
        Cause::Credential,
        Cause::Config,
        Cause::DiskFull,
        Cause::Disk,
        Cause::Upstream,
        Cause::Hold,
        Cause::Orphaned,
        Cause::Network,
    ];

    /// The word for it in views and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Dns => "dns",
            Cause::Certificate => "certificate",
            Cause::Credential => "credential",
            Cause::Config => "config",
            Cause::DiskFull => "disk_full",
            Cause::Disk => "disk",
            Cause::Upstream => "upstream",
            Cause::Hold => "hold",
            Cause::Orphaned => "orphaned",
            Cause::Network => "network",
        }
    }

    /// Reads the word; `None` for one that is not known.
    pub fn read(word: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// Whether an act could cure a failure of this class. A cause that is not known may be cured by
/// anything general; a responder cures its own class; telling a person and undoing an offline stage
/// are always right.
pub fn may_cure(act: &RepairAct, cause: Option<&str>) -> bool {
    let known = cause.and_then(Cause::read);
    match act {
        RepairAct::Alert | RepairAct::Online => true,
        // The store's file is opened again: what the disk says about an old handle may end with it.
        RepairAct::SoftReset { component } if component == "store" => {
            matches!(known, None | Some(Cause::Disk))
        }
        RepairAct::Respond { responder, .. } => match responder {
            Responder::ReloadCertificate => known == Some(Cause::Certificate),
            Responder::NextResolver => known == Some(Cause::Dns),
            Responder::NextSmartHost => known == Some(Cause::Upstream),
            Responder::FreeDisk => known == Some(Cause::DiskFull),
            // It harms nothing, and what a message waits for is not always known.
            Responder::ReownMessages => matches!(known, None | Some(Cause::Orphaned)),
            Responder::RebuildSnapshot => known == Some(Cause::Config),
            // Whoever set it knows what it is for.
            Responder::Command => known != Some(Cause::Hold),
        },
        RepairAct::SoftReset { .. }
        | RepairAct::RestartComponent { .. }
        | RepairAct::RestartProcess { .. }
        | RepairAct::RestartServer
        | RepairAct::Offline => known.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_cures_no_known_class() {
        let restart = RepairAct::RestartComponent {
            component: "receive/Internet".into(),
        };
        for cause in Cause::ALL {
            assert_eq!(Cause::read(cause.as_str()), Some(cause));
            for act in [&restart, &RepairAct::Offline, &RepairAct::RestartServer] {
                assert!(!may_cure(act, Some(cause.as_str())));
            }
            assert!(may_cure(&RepairAct::Alert, Some(cause.as_str())));
        }
        assert!(may_cure(&restart, None) && may_cure(&restart, Some("a new word")));
    }

    #[test]
    fn a_responder_cures_its_own_class() {
        for (responder, cause) in [
            (Responder::ReloadCertificate, Cause::Certificate),
            (Responder::NextResolver, Cause::Dns),
            (Responder::NextSmartHost, Cause::Upstream),
            (Responder::FreeDisk, Cause::DiskFull),
            (Responder::ReownMessages, Cause::Orphaned),
            (Responder::RebuildSnapshot, Cause::Config),
        ] {
            let act = RepairAct::Respond {
                responder,
                component: "x".into(),
            };
            for other in Cause::ALL {
                let cures = may_cure(&act, Some(other.as_str()));
                assert_eq!(cures, other == cause, "{responder:?} {other:?}");
            }
        }
    }
}
