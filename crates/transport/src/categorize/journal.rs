//! Journaling: which rules ask for a report of a message, and what the report says.
//!
//! A rule fires where some pair of sender and final recipient is within its scope and one of the
//! two is whose mail it is for. There is one report for each target, whatever the number of rules;
//! it names all of them and all recipients, not only those that a rule matched.
//!
//! Never journaled: probes, mail to journal mailboxes and to the alternate one, and reports of other
//! systems on their way to a journal target. The marker of a report alone counts for nothing: anybody can write it.

use std::collections::HashMap;

use mailward_directory::{Place, RecipientNo, Resolution, Resolved};
use mailward_model::{
    Decision, EmailAddress, PassedOver,
    kind::{JournalScope, MailboxType},
    plan::{JournalErrand, JournalFormat, JournalRecipient, JournalReport, JournalRole, NextHop},
};
use mailward_proto::header::AddressHeaders;

use super::plan::Input;
use crate::snapshot::{JournalInForce, JournalTarget, Snapshot};

/// A report to be delivered.
pub(super) struct Report<'s> {
    pub(super) target: &'s EmailAddress,
    pub(super) report: JournalReport,
    /// Octets of the original.
    pub(super) size: u64,
}

/// The reports that follow from a message, one for each target, in the targets' order.
pub(super) fn reports<'s>(
    snapshot: &'s Snapshot,
    input: &Input<'_>,
    resolution: &Resolution,
) -> Vec<Report<'s>> {
    if snapshot.journal_rules.is_empty() || input.origin.probe || resolution.recipients.is_empty() {
        return Vec::new();
    }
    let facts = Facts::new(snapshot, input, resolution);
    let mut fired: Vec<Vec<String>> = vec![Vec::new(); snapshot.journal_targets.len()];
    for rule in &snapshot.journal_rules {
        if facts.judge(rule).is_ok()
            && let Some(names) = fired.get_mut(rule.target)
        {
            names.push(rule.rule.name.clone());
        }
    }
    if fired.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let recipients = recipients(snapshot, input, resolution);
    snapshot
        .journal_targets
        .iter()
        .zip(fired)
        .filter(|(_, rules)| !rules.is_empty())
        .map(|(target, rules)| Report {
            target: &target.address,
            report: JournalReport {
                format: format(snapshot, &rules),
                rules,
                recipients: recipients.clone(),
                target: Some(target.address.clone()),
                errand: JournalErrand::Target,
            },
            size: input.size,
        })
        .collect()
}

/// What the rules that fired for one target say about the text. There is one report: the first rule
/// by name decides the form of addresses, the first with a label gives it, and one that wants the
/// time is enough.
fn format(snapshot: &Snapshot, rules: &[String]) -> JournalFormat {
    let mut fired = snapshot
        .journal_rules
        .iter()
        .map(|rule| &*rule.rule)
        .filter(|rule| rules.contains(&rule.name))
        .map(|rule| &rule.spec);
    JournalFormat {
        addresses: fired
            .clone()
            .next()
            .map(|rule| rule.address_form)
            .unwrap_or_default(),
        label: fired.clone().find_map(|rule| rule.label.clone()),
        sent_utc: fired.any(|rule| rule.sent_utc),
    }
}

/// The delivery queue of reports for a target, where they would otherwise go to `next_hop`: a queue
/// of the target's own, unless it is a mailbox here, which has one anyway.
pub fn report_hop(target: &EmailAddress, next_hop: NextHop) -> NextHop {
    match next_hop {
        NextHop::Mailbox { .. } => next_hop,
        _ => NextHop::Journal {
            target: target.clone(),
        },
    }
}

/// Whether each rule fires, and why, in the rules' order.
pub(super) fn judge_all(
    snapshot: &Snapshot,
    input: &Input<'_>,
    resolution: &Resolution,
) -> Vec<(String, Decision<bool>)> {
    let facts = Facts::new(snapshot, input, resolution);
    let verdict = |rule: &JournalInForce| {
        if input.origin.probe {
            return Decision::plain(false, "a health probe is never journaled");
        }
        if resolution.recipients.is_empty() {
            return Decision::plain(false, "nobody gets the message");
        }
        match facts.judge(rule) {
            Ok(address) => Decision::plain(
                true,
                format!("the pair of sender and {address} is within the rule"),
            ),
            Err(passed_over) => Decision {
                chosen: false,
                because: "no pair of sender and recipient is within the rule".to_owned(),
                passed_over,
            },
        }
    };
    snapshot
        .journal_rules
        .iter()
        .map(|rule| (rule.rule.name.clone(), verdict(rule)))
        .collect()
}

/// A rule's answer to the pair of the sender and one recipient.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExplainedPair {
    /// The recipient.
    pub recipient: EmailAddress,
    /// Why it fires, or why it does not.
    pub fires: Result<String, String>,
}

/// What each rule says to each recipient, in the rules' order and then the recipients'.
pub(super) fn judge_pairs(
    snapshot: &Snapshot,
    input: &Input<'_>,
    resolution: &Resolution,
) -> Vec<Vec<ExplainedPair>> {
    let facts = Facts::new(snapshot, input, resolution);
    let pairs = |rule: &JournalInForce| {
        let sender_in = facts.sender_in(rule);
        let one = |(at, resolved): (u32, &Resolved)| {
            let fires = match input.origin.probe {
                true => Err("a health probe is never journaled"),
                false => facts.pair(rule, sender_in, at, resolved),
            };
            ExplainedPair {
                recipient: resolved.rcpt.address.clone(),
                fires: fires.map(str::to_owned).map_err(str::to_owned),
            }
        };
        (0u32..).zip(&resolution.recipients).map(one).collect()
    };
    snapshot.journal_rules.iter().map(pairs).collect()
}

/// Recipients that `explain` names as passed over; more would hide the answer.
const PASSED_OVER_MAX: usize = 20;

/// What the rules ask about.
struct Facts<'a> {
    snapshot: &'a Snapshot,
    input: &'a Input<'a>,
    resolution: &'a Resolution,
    sender_internal: bool,
}

impl<'a> Facts<'a> {
    fn new(snapshot: &'a Snapshot, input: &'a Input<'a>, resolution: &'a Resolution) -> Self {
        let sender = input.envelope.mail_from.address();
        // Of the other half of the organisation the addresses may be none of the accepted domains'.
        let sender_internal = input.origin.account.is_some()
            || input.origin.is_internal()
            || sender.is_some_and(|a| snapshot.directory.is_internal(a.domain()));
        Facts {
            snapshot,
            input,
            resolution,
            sender_internal,
        }
    }

    /// The recipient for whose sake the rule fires, or why each was passed over.
    fn judge(&self, rule: &JournalInForce) -> Result<&'a EmailAddress, Vec<PassedOver>> {
        let mut passed_over = Vec::new();
        let sender_in = self.sender_in(rule);
        for (at, resolved) in (0u32..).zip(&self.resolution.recipients) {
            match self.pair(rule, sender_in, at, resolved) {
                Ok(_) => return Ok(&resolved.rcpt.address),
                Err(reason) if passed_over.len() < PASSED_OVER_MAX => {
                    passed_over.push(PassedOver {
                        candidate: resolved.rcpt.address.to_string(),
                        reason: reason.to_owned(),
                    });
                }
                Err(_) => {}
            }
        }
        Err(passed_over)
    }

    /// Why the pair of the sender and a recipient makes the rule fire, or why it does not.
    fn pair(
        &self,
        rule: &JournalInForce,
        sender_in: bool,
        at: u32,
        resolved: &Resolved,
    ) -> Result<&'static str, &'static str> {
        if let Some(reason) = self.never(resolved) {
            return Err(reason);
        }
        if let Some(reason) = self.out_of_scope(rule, resolved) {
            return Err(reason);
        }
        if rule.whose.is_everyone() {
            Ok("the rule is for everyone's mail")
        } else if sender_in {
            Ok("the sender is whose mail the rule is for")
        } else if self.recipient_in(rule, at, resolved) {
            Ok("the recipient is whose mail the rule is for")
        } else {
            Err("neither it nor the sender is whose mail the rule is for")
        }
    }

    /// Why mail to this recipient is journaled by no rule.
    fn never(&self, resolved: &Resolved) -> Option<&'static str> {
        if let Place::Mailbox(no) = resolved.place {
            let directory = &self.snapshot.directory;
            match directory.mailbox_of(no).map(|m| m.mailbox_type) {
                Some(MailboxType::Journal) => {
                    return Some("mail to a journal mailbox is not journaled");
                }
                Some(MailboxType::Monitoring) => {
                    return Some("mail to a monitoring mailbox is not journaled");
                }
                _ => {}
            }
        }
        if let Some(alternate) = &self.snapshot.journal_alternate
            && self.is(alternate, resolved)
        {
            return Some("mail to the alternate journal mailbox is not journaled");
        }
        (self.input.is_journal_report && self.is_target(resolved))
            .then_some("a journal report on its way to a journal is not journaled again")
    }

    fn is_target(&self, resolved: &Resolved) -> bool {
        let mut targets = self.snapshot.journal_targets.iter();
        targets.any(|target| self.is(target, resolved))
    }

    /// Whether a recipient is this target, by whatever address and way.
    fn is(&self, target: &JournalTarget, resolved: &Resolved) -> bool {
        match target.recipient {
            Some(found) => self.resolution.way(resolved).any(|no| no == found.no),
            None => target.address.key() == resolved.rcpt.address.key(),
        }
    }

    fn out_of_scope(&self, rule: &JournalInForce, resolved: &Resolved) -> Option<&'static str> {
        let internal = || {
            let directory = &self.snapshot.directory;
            self.sender_internal && directory.is_internal(resolved.rcpt.address.domain())
        };
        match rule.rule.spec.scope {
            JournalScope::Global => None,
            JournalScope::Internal => {
                (!internal()).then_some("it or the sender is outside the organisation")
            }
            JournalScope::External => {
                internal().then_some("it and the sender are within the organisation")
            }
        }
    }

    fn sender_in(&self, rule: &JournalInForce) -> bool {
        let directory = &self.snapshot.directory;
        // Who signed in wrote the message, whatever address stands in MAIL FROM.
        let writers = [
            self.input.envelope.mail_from.address(),
            self.input.origin.account.as_ref(),
        ];
        writers
            .into_iter()
            .flatten()
            .any(|address| rule.whose.has_address(directory, address))
    }

    fn recipient_in(&self, rule: &JournalInForce, at: u32, resolved: &Resolved) -> bool {
        let directory = &self.snapshot.directory;
        let has = |no: RecipientNo| rule.whose.has_recipient(directory, no);
        self.resolution.way(resolved).any(has)
            || (resolved.place == Place::Elsewhere
                && rule.whose.has_address(directory, &resolved.rcpt.address))
            // A way that ended at something reached before: somebody on it forwards, or is
            // reached twice. Where it is not known whom it would have led to, the rule fires
            // rather than miss a message.
            || self.resolution.other_ways().any(|(reached, mut way)| {
                reached.is_none_or(|reached| reached == at) && way.any(has)
            })
    }
}

/// The recipient lines of a report: everybody who gets the message.
pub(super) fn recipients(
    snapshot: &Snapshot,
    input: &Input<'_>,
    resolution: &Resolution,
) -> Vec<JournalRecipient> {
    // Only who signed in as a person is believed about To, Cc and Bcc; everybody else could write
    // any header (technet bb331962). A server of the organisation's other half is no person either.
    let headers = input.headers.filter(|_| input.origin.account.is_some());
    let roles = headers.map(|headers| Roles::new(snapshot, headers));
    let role = |resolved: &Resolved| {
        let source = usize::try_from(resolved.source)
            .ok()
            .and_then(|at| input.envelope.recipients.get(at));
        match (&roles, source) {
            (Some(roles), Some(source)) => roles.of(snapshot, &source.address),
            _ => JournalRole::Recipient,
        }
    };
    resolution
        .recipients
        .iter()
        .map(|resolved| JournalRecipient {
            role: role(resolved),
            address: resolved.rcpt.address.clone(),
            redirection: resolved.redirection.clone(),
        })
        .collect()
}

/// How the header addresses whom.
struct Roles {
    by_recipient: HashMap<RecipientNo, JournalRole>,
    by_key: HashMap<String, JournalRole>,
}

impl Roles {
    fn new(snapshot: &Snapshot, headers: &AddressHeaders) -> Roles {
        let mut roles = Roles {
            by_recipient: HashMap::new(),
            by_key: HashMap::new(),
        };
        // To goes first, so that an address in both is To.
        let to = headers.to.iter().map(|a| (a, JournalRole::To));
        let cc = headers.cc.iter().map(|a| (a, JournalRole::Cc));
        for (address, role) in to.chain(cc) {
            match snapshot.directory.find(address) {
                Some(found) => roles.by_recipient.entry(found.no).or_insert(role),
                None => roles.by_key.entry(address.key()).or_insert(role),
            };
        }
        roles
    }

    fn of(&self, snapshot: &Snapshot, address: &EmailAddress) -> JournalRole {
        let role = match snapshot.directory.find(address) {
            Some(found) => self.by_recipient.get(&found.no),
            None => self.by_key.get(&address.key()),
        };
        role.copied().unwrap_or(JournalRole::Bcc)
    }
}
