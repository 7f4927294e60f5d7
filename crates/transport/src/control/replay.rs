//! Journal reports sent again: from messages that are still in the queue, and from reports that a
//! mailbox of this host keeps. What is known nowhere is named.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    sync::Arc,
};

use mailward_api::{
    fault::Fault,
    view::{
        JournalReplay, StateChange,
        journal::{JournalReplayAsk, LINES_MAX, ReplayedReport},
    },
};
use mailward_host::kill::{self, Step};
use mailward_journal::{Digest, How, Report, What, archive, check};
use mailward_model::{
    BodyType, EmailAddress, Envelope, EnvelopeRecipient, MessageId, Origin, ReversePath,
    kind::OutboundPool,
    plan::{Delivery, DeliveryContent, JournalErrand, JournalReport, Plan, Settlement},
};
use mailward_proto::journal::report_no;
use mailward_queue::{DeliveryStatus, NewMessage, Stored};

use crate::{
    Shared, categorize,
    journal::{hop_of, replayed},
    snapshot::{JournalTarget, Snapshot},
};

/// Reports in one replay at most: each is one sync of the disk.
const REPORTS_MAX: usize = 10_000;
/// Octets of a kept report that is sent again.
const OCTETS_MAX: u64 = 256 << 20;

/// What the ledger says of the report of a message for a target.
struct Entered {
    message: MessageId,
    target: EmailAddress,
    /// The line, where the report was handed over; else it was given up.
    report: Option<Report>,
}

/// What becomes of one.
enum Fate {
    Sent(String),
    Needless(String),
    Lost(String),
}

/// Sends again what the ledger has of a time.
pub(super) async fn replay(
    shared: &Arc<Shared>,
    ask: JournalReplayAsk,
) -> Result<JournalReplay, Fault> {
    let reading = Arc::clone(shared);
    let wanted = ask.clone();
    // The ledger and the mailboxes are read from the disk.
    let read = tokio::task::spawn_blocking(move || {
        let entered = entered(&reading, &wanted)?;
        let kept = Kept::find(&reading, &entered);
        Ok::<_, Fault>((entered, kept))
    });
    let (entered, kept) = read
        .await
        .map_err(|error| Fault::failed(error.to_string()))??;
    kill::at(Step::ReplayRead);
    let mut done = JournalReplay {
        dry_run: ask.dry_run,
        found: entered.len() as u64,
        ..JournalReplay::default()
    };
    for one in entered {
        let fate = again(shared, &one, &kept, ask.dry_run).await;
        let (count, sent, because) = match fate {
            Fate::Sent(because) => (&mut done.sent, true, because),
            Fate::Needless(because) => (&mut done.needless, false, because),
            Fate::Lost(because) => (&mut done.lost, false, because),
        };
        *count += 1;
        if sent && !ask.dry_run && done.changes.len() < LINES_MAX {
            let subject = format!("report of {} for {}", one.message, one.target);
            let before = match &one.report {
                Some(report) => how_word(report.how),
                None => "given up",
            };
            done.changes
                .push(StateChange::new(subject, "state", before, "queued"));
        }
        if done.reports.len() < LINES_MAX {
            done.reports.push(ReplayedReport {
                message: one.message,
                target: one.target.to_string(),
                sent,
                because,
            });
        }
    }
    Ok(done)
}

fn how_word(how: How) -> &'static str {
    match how {
        How::Delivered => "delivered",
        How::Diverted => "diverted",
        How::Replayed => "sent again",
    }
}

/// The reports of the ledger in that time, each once.
fn entered(shared: &Shared, ask: &JournalReplayAsk) -> Result<Vec<Entered>, Fault> {
    let wanted = ask.target.as_ref().map(EmailAddress::key);
    let mut found: BTreeMap<(MessageId, String), Entered> = BTreeMap::new();
    let mut beyond = false;
    let dir = shared.journal.dir();
    let read = check::check(&dir, |line| {
        if line.at < ask.since_unix_ms || line.at > ask.until_unix_ms {
            return;
        }
        let (message, target, report) = match &line.what {
            What::Report(report) if report.how != How::Replayed => {
                (report.message, &report.target, Some(report.clone()))
            }
            What::GivenUp {
                message, target, ..
            } => (*message, target, None),
            _ => return,
        };
        let Ok(target) = target.parse::<EmailAddress>() else {
            return;
        };
        let key = target.key();
        if wanted.as_ref().is_some_and(|wanted| *wanted != key) {
            return;
        }
        if found.len() >= REPORTS_MAX {
            beyond = true;
            return;
        }
        found.insert(
            (message, key),
            Entered {
                message,
                target,
                report,
            },
        );
    });
    read.map_err(|error| Fault::failed(format!("the ledger cannot be read: {error}")))?;
    if beyond {
        return Err(Fault::invalid(
            format!("the ledger has more than {REPORTS_MAX} reports of that time"),
            "take a shorter time with --since and --to, or one journal address with --target",
        ));
    }
    Ok(found.into_values().collect())
}

/// Reports that mailboxes of this host keep.
#[derive(Default)]
struct Kept {
    files: HashMap<MessageId, Vec<(String, PathBuf)>>,
}

impl Kept {
    /// Looks through the mailboxes here that are journal targets or the alternate mailbox, by the
    /// names of their files.
    fn find(shared: &Shared, entered: &[Entered]) -> Kept {
        let snapshot = shared.snapshot.load();
        let wanted: std::collections::HashSet<MessageId> =
            entered.iter().map(|one| one.message).collect();
        let mut kept = Kept::default();
        let targets = snapshot.journal_targets.iter();
        for target in targets.chain(&snapshot.journal_alternate) {
            let Some(name) = mailbox_here(&snapshot, target) else {
                continue;
            };
            for folder in ["new", "cur"] {
                let dir = shared.node.mail_dir.join(&name).join(folder);
                // No folder: no mail was delivered yet.
                for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                    if let Some(id) = message_of(&entry.file_name().to_string_lossy())
                        && wanted.contains(&id)
                    {
                        let found = kept.files.entry(id).or_default();
                        if !found.iter().any(|(_, path)| *path == entry.path()) {
                            found.push((name.clone(), entry.path()));
                        }
                    }
                }
            }
        }
        kept
    }

    /// The report of a message for a target, or one of the same message for another.
    fn report(&self, shared: &Shared, one: &Entered) -> Option<(&str, bool, Vec<u8>, Digest)> {
        let no = report_no(&one.target);
        let mut other = None;
        for (mailbox, path) in self.files.get(&one.message)? {
            let small = fs::metadata(path).is_ok_and(|meta| meta.len() <= OCTETS_MAX);
            let Some(octets) = small.then(|| fs::read(path).ok()).flatten() else {
                continue;
            };
            let host = &shared.node.hostname;
            let archive::Found::Report { no: its, .. } = archive::message(&octets, host) else {
                continue;
            };
            let Some(octets) = archive::report(&octets) else {
                continue;
            };
            let digest = Digest::of(&octets);
            if its == no {
                return Some((mailbox, true, octets, digest));
            }
            other = Some((mailbox.as_str(), false, octets, digest));
        }
        other
    }
}

/// The name of a target's mailbox, where it is kept here.
fn mailbox_here(snapshot: &Snapshot, target: &JournalTarget) -> Option<String> {
    match hop_of(snapshot, target) {
        mailward_model::plan::NextHop::Mailbox { mailbox } => Some(mailbox),
        _ => None,
    }
}

/// The message a Maildir file is of: its name has `.M<id>D<delivery>.` in it.
fn message_of(name: &str) -> Option<MessageId> {
    let (_, rest) = name.split_once(".M")?;
    let (id, _) = rest.split_once('D')?;
    id.parse().ok()
}

/// Sends one report again, where it is known.
async fn again(shared: &Shared, one: &Entered, kept: &Kept, dry_run: bool) -> Fate {
    let snapshot = shared.snapshot.load_full();
    if let Some(stored) = shared.queue.message(one.message)
        && let Some(fate) = from_queue(shared, &snapshot, one, &stored, dry_run)
    {
        return fate;
    }
    let target = JournalTarget {
        recipient: snapshot.directory.find(&one.target),
        address: one.target.clone(),
    };
    let here = mailbox_here(&snapshot, &target);
    let Some((mailbox, own, octets, digest)) = kept.report(shared, one) else {
        return Fate::Lost(
            "the message has left the queue, and no journal mailbox here keeps the report"
                .to_owned(),
        );
    };
    if own && here.as_deref() == Some(mailbox) {
        return Fate::Needless(format!("it is in the mailbox {mailbox} here"));
    }
    let entered = one.report.as_ref().map(|report| report.report);
    if own && entered.is_some_and(|entered| entered != digest) {
        return Fate::Lost(format!(
            "the report in the mailbox {mailbox} here is not the one that was entered in the ledger"
        ));
    }
    let from = match own {
        true => format!("from the mailbox {mailbox} here"),
        false => format!("from the mailbox {mailbox} here, as the report made for that address"),
    };
    if dry_run {
        return Fate::Sent(from);
    }
    match from_mailbox(shared, &snapshot, &target, &octets).await {
        Err(problem) => Fate::Lost(problem),
        Ok(()) => {
            kill::at(Step::ReplayStored);
            enter(shared, one, digest, octets.len() as u64);
            Fate::Sent(from)
        }
    }
}

/// Enters that a report was sent again.
fn enter(shared: &Shared, one: &Entered, digest: Digest, octets: u64) {
    let line = match &one.report {
        Some(report) => replayed(report),
        None => Report {
            how: How::Replayed,
            message: one.message,
            delivery: 0,
            target: one.target.to_string(),
            to: one.target.to_string(),
            report: digest,
            octets,
        },
    };
    let now = shared.clock.unix_ms();
    shared.journal.append(now, [What::Report(line)], None);
}

/// A report of a message that is in the queue: it waits anyway, or is made once more.
fn from_queue(
    shared: &Shared,
    snapshot: &Snapshot,
    one: &Entered,
    stored: &Stored,
    dry_run: bool,
) -> Option<Fate> {
    let mut made: Option<&JournalReport> = None;
    for delivery in &stored.deliveries {
        let DeliveryContent::JournalReport(report) = &delivery.delivery.content else {
            continue;
        };
        let is_it = report.target.as_ref().map(EmailAddress::key) == Some(one.target.key());
        if is_it && delivery.status != DeliveryStatus::Settled {
            let what = "it waits in the queue and is sent anyway";
            return Some(Fate::Needless(what.to_owned()));
        }
        if is_it {
            made = Some(report);
        }
    }
    let report = made?;
    // A delivery that is not being attempted takes the new one with it into the log.
    let carrier = stored.deliveries.iter().find(|delivery| {
        !matches!(
            delivery.status,
            DeliveryStatus::Settled | DeliveryStatus::InFlight
        )
    })?;
    let from = "from the message, which is still in the queue".to_owned();
    if dry_run {
        return Some(Fate::Sent(from));
    }
    let content = DeliveryContent::JournalReport(JournalReport {
        errand: JournalErrand::Again,
        ..report.clone()
    });
    let follow_ups = deliveries(snapshot, &one.target, &content);
    let settled = shared.queue.settle_later(Settlement {
        message: stored.id,
        delivery: carrier.delivery.no,
        outcomes: Vec::new(),
        retry_unix_ms: carrier.retry_unix_ms,
        remote: None,
        follow_ups,
    });
    // It left the queue at this moment: then a mailbox may still have it. It is entered in the ledger
    // when it is taken.
    settled.ok()?;
    Some(Fate::Sent(from))
}

/// The deliveries to a target.
fn deliveries(
    snapshot: &Snapshot,
    target: &EmailAddress,
    content: &DeliveryContent,
) -> Vec<Delivery> {
    let mail_from = match &snapshot.settings.journaling_report_ndr_to {
        Some(alternate) => ReversePath::Mailbox(alternate.clone()),
        None => ReversePath::Null,
    };
    categorize::route_to(snapshot, target, 0, OutboundPool::Normal)
        .into_iter()
        .map(|route| Delivery {
            no: 0,
            next_hop: categorize::report_hop(target, route.next_hop),
            mail_from: mail_from.clone(),
            recipients: route.recipients,
            content: content.clone(),
        })
        .collect()
}

/// A report that a mailbox keeps, as a message of its own.
async fn from_mailbox(
    shared: &Shared,
    snapshot: &Snapshot,
    target: &JournalTarget,
    octets: &[u8],
) -> Result<(), String> {
    let deliveries = deliveries(snapshot, &target.address, &DeliveryContent::Message);
    if deliveries.is_empty() {
        return Err(format!("{} leads nowhere now", target.address));
    }
    let id = shared.queue.new_id();
    let mut writer = shared.queue.spool(id);
    let body = writer.write(octets).and_then(|()| writer.finish());
    let body = body.map_err(|error| error.to_string())?;
    let message = NewMessage {
        id,
        envelope: Envelope {
            mail_from: ReversePath::Null,
            recipients: vec![EnvelopeRecipient::new(target.address.clone())],
            body: match octets.is_ascii() {
                true => BodyType::SevenBit,
                false => BodyType::EightBitMime,
            },
            ..Envelope::default()
        },
        origin: Origin {
            connector: "system".to_owned(),
            client: None,
            server: None,
            helo: shared.node.hostname.to_string(),
            protocol: String::new(),
            tls: None,
            account: None,
            probe: false,
            arrival: None,
            accepted_unix_ms: shared.clock.unix_ms(),
        },
        body,
        plan: Some(Plan {
            deliveries,
            notes: Vec::new(),
        }),
    };
    let accepted = shared.queue.accept(message).await;
    accepted.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maildir_file_names_its_message() {
        let id = MessageId::from_bits(0x0199_abcd << 64 | 77);
        let name = format!("1764160000.M{id}D3.mx.example.org,S=42:2,S");
        assert_eq!(message_of(&name), Some(id));
        for strange in ["", "1764160000.V802I1.host", "x.MnonsenseD1.y"] {
            assert_eq!(message_of(strange), None, "{strange}");
        }
    }
}
