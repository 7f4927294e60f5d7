//! What each operation needs of whoever asks for it.
//!
//! Invariant: an operation that nobody thought of here needs the highest right, unless it is a GET.

use mailward_model::{
    Kind,
    kind::{MACHINE_OPERATIONS, Right},
};

use super::{Call, Method, Op};

impl Op {
    /// Whether it may go on as the machine where a delegation was refused, if it is listed.
    pub fn may_go_on_as_machine(self) -> bool {
        MACHINE_OPERATIONS.contains(&self.command().as_str())
    }

    /// The words of its command.
    pub fn command(self) -> String {
        self.definition().words.join(" ")
    }
}

impl Call {
    /// The right that it needs.
    pub fn right(&self) -> Right {
        match self {
            Call::ObjectSet(request) => of_kind(request.kind),
            Call::ObjectRemove(request) => of_kind(request.kind),
            call => of_operation(call.op()),
        }
    }

    /// The words of its command, with the kind of object where it is about one.
    pub fn command(&self) -> String {
        let kind = match self {
            Call::ObjectList(request) => request.kind,
            Call::ObjectShow(request) => request.kind,
            Call::ObjectSet(request) => request.kind,
            Call::ObjectRemove(request) => request.kind,
            call => return call.op().command(),
        };
        self.op().command().replace("{kind}", kind.noun())
    }
}

/// Who may change objects of a kind. What can name a command to be run, who administers, what is kept
/// as evidence, and where recipients come from is the organisation's.
fn of_kind(kind: Kind) -> Right {
    match kind {
        Kind::Mailbox
        | Kind::MailContact
        | Kind::MailUser
        | Kind::DistributionGroup
        | Kind::DynamicDistributionGroup => Right::Recipients,
        Kind::AcceptedDomain
        | Kind::ReceiveConnector
        | Kind::SenderFeed
        | Kind::SendConnector
        | Kind::TransportSettings
        | Kind::MonitoringOverride
        | Kind::UntrustedCertificate => Right::Transport,
        _ => Right::Organisation,
    }
}

fn of_operation(op: Op) -> Right {
    match op {
        // Mail itself.
        Op::QueueExport => Right::Transport,
        // They say what would be, and change nothing.
        Op::UntrustedTest
        | Op::UntrustedReplay
        | Op::SimulateMessage
        | Op::JournalSimulate
        | Op::HealthSimulate
        | Op::Plan
        | Op::GroupPreview
        | Op::PerimeterReplay => Right::Read,
        Op::RecipientImport | Op::DirectorySyncRun | Op::DirectorySyncApprove => Right::Recipients,
        Op::QueueHold
        | Op::QueueRelease
        | Op::QueueRetry
        | Op::QueueRemove
        | Op::QueueRedirect
        | Op::UntrustedAdd
        | Op::UntrustedRemove
        | Op::HealthHold
        | Op::HealthRelease
        | Op::HealthCancel
        | Op::HealthNote
        | Op::HealthProbeRun
        | Op::HealthMailflow
        | Op::HealthReportResult
        | Op::HealthOverride
        | Op::HealthOverrideAdd
        | Op::HealthOverrideRemove
        | Op::HealthMaintenance
        | Op::HealthRepairing
        | Op::HealthFreeze
        | Op::HealthThaw
        | Op::AlertAck
        | Op::AlertSilence
        | Op::AlertUnsilence
        | Op::AlertTest
        | Op::Recheck
        | Op::PerimeterApprove
        | Op::PerimeterRefresh
        | Op::Drain
        | Op::Resume => Right::Transport,
        op if op.definition().method == Method::Get => Right::Read,
        _ => Right::Organisation,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_something_needs_more_than_reading() {
        for op in Op::ALL {
            let definition = op.definition();
            let is_change = matches!(definition.method, Method::Patch | Method::Delete);
            if is_change && !matches!(op, Op::ObjectSet | Op::ObjectRemove) {
                assert_ne!(of_operation(*op), Right::Read, "{op:?}");
            }
        }
        assert_eq!(of_operation(Op::Apply), Right::Organisation);
        assert_eq!(of_operation(Op::DrillRun), Right::Organisation);
        assert_eq!(of_operation(Op::Trace), Right::Read);
    }

    #[test]
    fn who_administers_is_changed_by_the_organisation_alone() {
        for (kind, right) in [
            ("mailbox", Right::Recipients),
            ("receive_connector", Right::Transport),
            ("administrator", Right::Organisation),
            ("node", Right::Organisation),
            ("health_settings", Right::Organisation),
            ("probe", Right::Organisation),
        ] {
            let fields = json!({ "kind": kind, "name": "x", "set": ["a=b"] });
            let call = Op::ObjectSet.call(fields).unwrap();
            assert_eq!(call.right(), right, "{kind}");
            assert_eq!(call.op(), Op::ObjectSet);
            assert_eq!(call.fields().get("kind"), Some(&json!(kind)));
            assert_eq!(call.command(), format!("{} set", kind.replace('_', "-")));
        }
    }

    #[test]
    fn what_may_go_on_as_the_machine_is_an_operation() {
        for words in MACHINE_OPERATIONS {
            let found = Op::ALL.iter().filter(|op| op.command() == words);
            let found: Vec<&Op> = found.collect();
            assert_eq!(found.len(), 1, "{words}");
            assert!(found.iter().all(|op| op.may_go_on_as_machine()));
        }
        assert!(!Op::QueueExport.may_go_on_as_machine() && !Op::Apply.may_go_on_as_machine());
    }
}
