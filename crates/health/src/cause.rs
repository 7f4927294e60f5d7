//! Classes of causes: what a probe found out about why something fails.
//!
//! The class decides whether a restart could cure it. A certificate does not become valid, a disk
//! does not become larger and a name server does not answer because a process was restarted.

use mailward_api::view::RepairAct;

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
}

impl Cause {
    /// Every class.
    pub const ALL: [Cause; 8] = [
        Cause::Dns,
        Cause::Certificate,
        Cause::Credential,
        Cause::Config,
        Cause::DiskFull,
        Cause::Disk,
        Cause::Upstream,
        Cause::Hold,
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
        }
    }

    /// Reads the word; `None` for one that is not known.
    pub fn read(word: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// Whether an act could cure a failure of this class. A cause that is not known may be cured by
/// anything; telling a person and undoing an offline stage are always right.
pub fn may_cure(act: &RepairAct, cause: Option<&str>) -> bool {
    match act {
        RepairAct::Alert | RepairAct::Online => true,
        RepairAct::RestartComponent { .. }
        | RepairAct::RestartProcess { .. }
        | RepairAct::Offline => cause.and_then(Cause::read).is_none(),
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
            assert!(!may_cure(&restart, Some(cause.as_str())));
            assert!(!may_cure(&RepairAct::Offline, Some(cause.as_str())));
            assert!(may_cure(&RepairAct::Alert, Some(cause.as_str())));
        }
        assert!(may_cure(&restart, None) && may_cure(&restart, Some("a new word")));
    }
}
