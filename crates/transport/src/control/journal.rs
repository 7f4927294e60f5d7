//! The journal for operators: targets and what waits, paused and resumed, the ledger checked, rules
//! simulated.

use std::path::Path;

use mailward_api::{
    control::SimulatedMessage,
    fault::Fault,
    view::{
        Changed, JournalSimulation, JournalStatus, JournalVerification, StateChange,
        journal::{
            ArchiveComparison, JournalProblem, JournalTargetView, JournalVerifyAsk, LINES_MAX,
            LedgerView, SimulatedPair, SimulatedRecipient, SimulatedReport, SimulatedRule,
        },
    },
};
use mailward_journal::{
    check::{self, Problems},
    compare::{self, Expectation},
};
use mailward_model::{
    EmailAddress, Origin,
    plan::{DeliveryContent, JournalRecipient, JournalRole, NextHop, Redirection},
};
use mailward_queue::{QueueSummary, Selection};

use crate::{
    Shared,
    categorize::{Explained, ExplainedPair},
    control::simulate::explained,
    journal::hop_of,
    snapshot::Snapshot,
};

pub(super) fn status(shared: &Shared) -> JournalStatus {
    let snapshot = shared.snapshot.load();
    let queues = shared.queue.queues();
    let mut targets: Vec<JournalTargetView> = Vec::new();
    let mut shown: Vec<NextHop> = Vec::new();
    for (at, target) in snapshot.journal_targets.iter().enumerate() {
        let hop = hop_of(&snapshot, target);
        let rules = snapshot.journal_rules.iter();
        let rules = rules.filter(|rule| rule.target == at);
        let rules = rules.map(|rule| rule.rule.name.clone()).collect();
        let queue = queues.iter().find(|queue| queue.next_hop == hop);
        targets.push(target_view(&target.address, rules, &hop, queue));
        shown.push(hop);
    }
    // What still waits for a target that no rule names any more.
    for queue in &queues {
        if let NextHop::Journal { target } = &queue.next_hop
            && !shown.contains(&queue.next_hop)
        {
            let (rules, hop) = (Vec::new(), &queue.next_hop);
            targets.push(target_view(target, rules, hop, Some(queue)));
        }
    }
    let ledger = shared.journal.status();
    JournalStatus {
        targets,
        alternate: snapshot.settings.journaling_report_ndr_to.clone(),
        ledger: LedgerView {
            entries: ledger.lines,
            reports: ledger.reports,
            head: ledger.head.to_string(),
            last_root: ledger.last_root.map(|(day, root)| (day, root.to_string())),
            public_key: shared.journal.public_key().to_string(),
            failing: ledger.failing,
            damage: ledger
                .damage
                .map(|(file, line, what)| format!("{file} line {line}: {what}")),
        },
    }
}

fn target_view(
    target: &EmailAddress,
    rules: Vec<String>,
    hop: &NextHop,
    queue: Option<&QueueSummary>,
) -> JournalTargetView {
    JournalTargetView {
        target: target.to_string(),
        rules,
        queue: hop.to_string(),
        waiting: queue.map_or(0, |queue| queue.count as u64),
        oldest_unix_ms: queue.and_then(|queue| queue.oldest_unix_ms),
        paused: queue.is_some_and(|queue| queue.on_hold),
        next_retry_unix_ms: queue.and_then(|queue| queue.next_retry_unix_ms),
        last_error: queue.and_then(|queue| queue.last_error.clone()),
    }
}

/// The queue of a target, by the address its rules name.
fn queue_of(shared: &Shared, address: &EmailAddress) -> Result<NextHop, Fault> {
    let snapshot = shared.snapshot.load();
    let key = address.key();
    let mut targets = snapshot.journal_targets.iter();
    if let Some(target) = targets.find(|target| target.address.key() == key) {
        return Ok(hop_of(&snapshot, target));
    }
    let mut queues = shared.queue.queues().into_iter();
    queues
        .find_map(|queue| match &queue.next_hop {
            NextHop::Journal { target } if target.key() == key => Some(queue.next_hop),
            _ => None,
        })
        .ok_or_else(|| {
            Fault::not_found(
                format!("no journal rule in force has the journal address {address}"),
                "`mailward journal status` shows them",
            )
        })
}

pub(super) async fn pause(
    shared: &Shared,
    target: &EmailAddress,
    pause: bool,
) -> Result<Changed, Fault> {
    let what = Selection::NextHop(queue_of(shared, target)?);
    let (held, text) = match pause {
        true => (
            shared.queue.hold(what).await,
            format!("no report is sent to {target} until `mailward journal resume {target}`"),
        ),
        false => (
            shared.queue.release(what).await,
            format!("reports are sent to {target} again"),
        ),
    };
    let held = held.map_err(|error| Fault::failed(error.to_string()))?;
    let count = held.deliveries as u64;
    let subject = format!("journal {target}");
    let change = StateChange::new(subject, "paused", held.was_held, pause);
    Ok(Changed::by(
        count,
        format!("{text}; {count} wait"),
        vec![change],
    ))
}

/// Checks the ledger, and a store of delivered reports against it. Blocks on the disk.
pub(super) fn verify(
    shared: &Shared,
    ask: &JournalVerifyAsk,
) -> Result<JournalVerification, Fault> {
    let dir = shared.journal.dir();
    let mut expectation = Expectation::new(ask.target.as_ref(), ask.since_unix_ms.unwrap_or(0));
    let wants_store = ask.against.is_some();
    let checked = check::check(&dir, |line| {
        if wants_store {
            expectation.expect(line);
        }
    });
    let checked = checked.map_err(|error| unreadable(&dir, &error))?;
    let mut found = JournalVerification {
        days: checked.days,
        entries: checked.lines,
        reports: checked.reports,
        roots: checked.roots,
        keys: checked.keys,
        waiting: shared.queue.audit().journal_open as u64,
        head: checked.head.to_string(),
        archive: None,
        problems_total: 0,
        problems: Vec::new(),
    };
    add(&mut found, checked.problems);
    if let Some(path) = &ask.against {
        let path = Path::new(path);
        if !path.is_absolute() {
            return Err(Fault::invalid(
                format!("{} is not an absolute path", path.display()),
                "transport reads it, in a folder of its own: begin the path with /",
            ));
        }
        let compared = compare::compare(path, &shared.node.hostname, expectation)
            .map_err(|error| unreadable(path, &error))?;
        found.archive = Some(ArchiveComparison {
            path: path.display().to_string(),
            messages: compared.messages,
            reports: compared.reports,
            expected: compared.expected,
            right: compared.right,
        });
        add(&mut found, compared.problems);
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::failed(format!("{} cannot be read: {error}", path.display()))
}

fn add(found: &mut JournalVerification, problems: Problems) {
    found.problems_total += problems.total;
    let room = LINES_MAX.saturating_sub(found.problems.len());
    let problems = problems.first.into_iter().take(room);
    found
        .problems
        .extend(problems.map(|problem| JournalProblem {
            kind: problem.wrong.word().to_owned(),
            place: problem.place,
            message: problem.message,
            what: problem.what,
        }));
}

/// Which rules would fire, by the function that decides it for real mail.
pub(super) fn simulate(shared: &Shared, asked: SimulatedMessage) -> JournalSimulation {
    let snapshot = shared.snapshot.load();
    let origin = Origin {
        connector: String::new(),
        client: None,
        server: None,
        helo: String::new(),
        protocol: "ESMTP".to_owned(),
        tls: None,
        account: asked.account.clone(),
        probe: false,
        arrival: None,
        accepted_unix_ms: shared.clock.unix_ms(),
    };
    let recipients = asked.recipients.clone();
    view(explained(&snapshot, &asked, &origin, recipients), &snapshot)
}

fn view(explained: Explained, _: &Snapshot) -> JournalSimulation {
    let reports = explained.plan.deliveries.iter().filter_map(|delivery| {
        let DeliveryContent::JournalReport(report) = &delivery.content else {
            return None;
        };
        let to = delivery.recipients.first().map(|r| &r.rcpt.address);
        Some(SimulatedReport {
            target: report.target.as_ref().or(to)?.to_string(),
            rules: report.rules.clone(),
            queue: delivery.next_hop.to_string(),
        })
    });
    JournalSimulation {
        reports: reports.collect(),
        recipients: explained
            .journal_recipients
            .iter()
            .map(|recipient| SimulatedRecipient {
                line: line(recipient),
            })
            .collect(),
        rules: explained
            .journal
            .into_iter()
            .map(|rule| SimulatedRule {
                rule: rule.rule,
                target: rule.target,
                fires: rule.fires,
                recipients: rule.pairs.into_iter().map(pair).collect(),
            })
            .collect(),
    }
}

fn pair(pair: ExplainedPair) -> SimulatedPair {
    let (fires, because) = match pair.fires {
        Ok(because) => (true, because),
        Err(because) => (false, because),
    };
    SimulatedPair {
        recipient: pair.recipient,
        fires,
        because,
    }
}

/// A recipient as a report names it.
fn line(recipient: &JournalRecipient) -> String {
    let kind = match recipient.role {
        JournalRole::To => "To",
        JournalRole::Cc => "Cc",
        JournalRole::Bcc => "Bcc",
        JournalRole::Recipient => "Recipient",
    };
    let address = &recipient.address;
    match &recipient.redirection {
        Some(Redirection::Expanded(group)) => format!("{kind}: {address}, Expanded: {group}"),
        Some(Redirection::Forwarded(from)) => format!("{kind}: {address}, Forwarded: {from}"),
        None => format!("{kind}: {address}"),
    }
}
