//! The table of operations.

use serde_json::Value;

use super::{
    Definition, Media, Method, Operation,
    define::{operations, split_doc},
    page, read_query, read_request, request,
};
use crate::{fault::Fault, page::Page, view};

operations! {
    /// Show what waits in the queue
    ///
    /// Prints the delivery queues, one for each next hop, and the messages in them, oldest first.
    /// A message that goes to several next hops stands in several delivery queues. Filters have the
    /// language of recipient filters, with properties of their own.
    QueueList ["queue" "list"] Get "/v1/queue" Json
    (request::QueueList) -> view::QueueListing, page page::queue::listing;

    /// Show one message: where from, where to, and the last reply for each recipient
    QueueShow ["queue" "show"] Get "/v1/queue/messages/{id}" Json
    (request::QueueShow) -> view::MessageView, page page::queue::message;

    /// Keep a message, everything for one next hop, or all that fits a filter until it is released
    ///
    /// What is being delivered at this moment is not interrupted.
    QueueHold ["queue" "hold"] Post "/v1/queue/hold" Json
    (request::QueueAct) -> view::QueueActed, page page::queue::acted, exit page::queue::acted_exit;

    /// End a hold
    QueueRelease ["queue" "release"] Post "/v1/queue/release" Json
    (request::QueueAct) -> view::QueueActed, page page::queue::acted, exit page::queue::acted_exit;

    /// Try now what waits for another try
    QueueRetry ["queue" "retry"] Post "/v1/queue/retry" Json
    (request::QueueAct) -> view::QueueActed, page page::queue::acted, exit page::queue::acted_exit;

    /// Send what waits by another send connector
    ///
    /// A message, a delivery queue, all that fits a filter, or everything: what has not been taken
    /// yet goes to the queue of that connector. Journal reports, mail for mailboxes of this host and
    /// what is held stay where they are; what is being delivered at this moment is named as not done.
    QueueRedirect ["queue" "redirect"] Post "/v1/queue/redirect" Json
    (request::QueueRedirect) -> view::QueueActed, page page::queue::acted, exit page::queue::acted_exit;

    /// Take a message, or all that fit a filter, out of the queue for good
    ///
    /// It is not delivered any more, and cannot be brought back: export it first where in doubt, and
    /// look at what a filter fits with --dry-run. With --notify the sender gets a failure report.
    QueueRemove ["queue" "remove"] Post "/v1/queue/remove" Json
    (request::QueueRemove) -> view::QueueActed, page page::queue::acted, exit page::queue::acted_exit;

    /// Write a message out as it was received
    ///
    /// The message stays in the queue. Without --output it goes to standard output.
    QueueExport ["queue" "export"] Get "/v1/queue/messages/{id}/content" Message
    (request::QueueExport) -> String, page page::verbatim;

    /// Show where messages came from and what became of them
    ///
    /// Searches the tracking log. With a message's id all its steps are shown; with --from, --to,
    /// --message-id and a time every step that fits, oldest first. A domain stands for all its
    /// addresses. Without --since the last 24 hours are searched.
    Trace ["trace"] Get "/v1/trace" Json
    (request::Trace) -> view::Trace, page page::trace::trace;

    /// List the events that happened here
    EventList ["event" "list"] Get "/v1/events" Json
    (request::EventList) -> view::EventList, page page::event::list;

    /// Show what an event means, what it breaks, how to mend it, and when it happened
    EventShow ["event" "show"] Get "/v1/events/{event}" Json
    (request::EventShow) -> view::EventPage, page page::event::page;

    /// List what administrators did on this node, and what was refused them
    ///
    /// Every command that changes something, with its parameters; of commands from other nodes, and
    /// for them, also those that were refused or carried out as the machine. Records are kept for 90
    /// days.
    AuditList ["audit" "list"] Get "/v1/audit" Json
    (request::AuditList) -> view::AuditList, page page::audit::list;

    /// Explain an event, a message or a repair
    ///
    /// An event, by its number or name: what it means, what it breaks, how to mend it, and what
    /// happened here lately. A message, by its id: where it is and its way so far. A recovery case,
    /// by its id: what was noticed, which rule confirmed it, what was done and why it was allowed,
    /// and what was found afterwards.
    Explain ["explain"] Get "/v1/explain/{what}" Json
    (request::Explain) -> view::Explanation, page page::event::explanation;

    /// List the certificates held, and files that hold nothing usable
    CertList ["cert" "list"] Get "/v1/certificates" Json
    (request::Nothing) -> view::CertificateList, page page::cert::list;

    /// Show which certificate a receive connector uses, and why not the others
    CertExplain ["cert" "explain"] Get "/v1/certificates/choice/{connector}" Json
    (request::CertExplain) -> view::CertificateChoice, page page::cert::choice;

    /// List the certificates that are refused wherever they are shown
    ///
    /// Those that are built into the program stand last.
    UntrustedList ["untrusted" "list"] Get "/v1/untrusted" Json
    (request::Nothing) -> view::UntrustedList, page page::untrusted::list;

    /// Refuse a certificate wherever it is shown
    ///
    /// A certificate is named by a file, by its issuer and serial number together, by its SHA-256, or
    /// by the SHA-256 of its key. Every role refuses it within a second, in both directions and before
    /// anything else is asked; sessions that showed it are cut. Mail to a peer that shows it waits: it
    /// is not sent in plain text instead.
    UntrustedAdd ["untrusted" "add"] Post "/v1/untrusted" Json
    (request::UntrustedAdd) -> view::Changed, page page::changed;

    /// Refuse a certificate no longer
    UntrustedRemove ["untrusted" "remove"] Delete "/v1/untrusted/{name}" Json
    (request::UntrustedRemove) -> view::Changed, page page::changed;

    /// Say whether certificates are refused, by which entry, from which feed, and what CRLs say
    ///
    /// Ends with exit code 1 where one of them is.
    UntrustedTest ["untrusted" "test"] Post "/v1/untrusted/test" Json
    (request::UntrustedTest) -> view::UntrustedTest, page page::untrusted::test,
    exit page::untrusted::test_exit;

    /// Say whom the list would have refused in the past
    ///
    /// Looks through the tracking log, which keeps what each peer showed. With --with FILE a
    /// certificate is looked for that is not on the list yet.
    UntrustedReplay ["untrusted" "replay"] Post "/v1/untrusted/replay" Json
    (request::UntrustedReplay) -> view::UntrustedReplay, page page::untrusted::replay;

    /// Show the feeds of the untrusted list: what is in force, when it was read, why a try failed
    ///
    /// Ends with exit code 1 where one of them is old, empty or waits for a person.
    UntrustedFeeds ["untrusted" "feeds"] Get "/v1/untrusted-feeds" Json
    (request::Nothing) -> view::UntrustedFeeds, page page::untrusted::feeds,
    exit page::untrusted::feeds_exit;

    /// Show changes of untrusted feeds that wait for a person
    ///
    /// A list that would trust many certificates again is held, although it is signed.
    UntrustedDiff ["untrusted" "diff"] Get "/v1/untrusted-feeds/diff" Json
    (request::Nothing) -> view::UntrustedDiff, page page::untrusted::diff;

    /// Put a change of an untrusted feed in force that waits for a person
    UntrustedApprove ["untrusted" "approve"] Post "/v1/untrusted-feeds/approve" Json
    (request::UntrustedApprove) -> view::Changed, page page::changed;

    /// Read an untrusted feed now, or every one
    ///
    /// Whatever goes wrong, the last good list stays in force, and it is said why.
    UntrustedRefresh ["untrusted" "refresh"] Post "/v1/untrusted-feeds/refresh" Json
    (request::UntrustedRefresh) -> view::Changed, page page::changed;

    /// Show which receive connector would take a connection, and why not the others
    SimulateConnection ["simulate" "connection"] Get "/v1/simulate/connection" Json
    (request::SimulateConnection) -> view::ConnectionChoice, page page::simulate::connection;

    /// Show what would follow from a message, without sending it
    ///
    /// The answers to each recipient, the deliveries, the journal reports, and the reasons.
    SimulateMessage ["simulate" "message"] Post "/v1/simulate/message" Json
    (request::SimulateMessage) -> view::MessagePlan, page page::simulate::message;

    /// Show the journal targets, what waits for each, and the ledger of reports
    JournalStatus ["journal" "status"] Get "/v1/journal" Json
    (request::Nothing) -> view::JournalStatus, page page::journal::status;

    /// Send no reports to a journal target until resume
    ///
    /// Reports go on being made and kept; nothing of them expires.
    JournalPause ["journal" "pause"] Post "/v1/journal/pause" Json
    (request::JournalTarget) -> view::Changed, page page::changed;

    /// Send reports to a journal target again
    JournalResume ["journal" "resume"] Post "/v1/journal/resume" Json
    (request::JournalTarget) -> view::Changed, page page::changed;

    /// Send again the reports of a time, where they are still known
    ///
    /// A report is known as long as its message is in the queue, or where a mailbox of this host
    /// keeps it: a journal mailbox or the alternate one. What cannot be sent again is named. The
    /// report is the same octet for octet, with the same Message-ID, so that an archive sees it for
    /// what it is.
    JournalReplay ["journal" "replay"] Post "/v1/journal/replay" Json
    (request::JournalReplay) -> view::JournalReplay, page page::journal::replay,
    exit page::journal::replay_exit;

    /// Check the ledger of reports, and a store of delivered reports against it
    ///
    /// Every line of the ledger holds the digest of the one before it, and every day is signed. What
    /// was changed, is missing or is there twice is named, in the ledger and in the store. Ends with
    /// exit code 1 where anything is.
    JournalVerify ["journal" "verify"] Get "/v1/journal/verify" Json
    (request::JournalVerify) -> view::JournalVerification, page page::journal::verification,
    exit page::journal::exit;

    /// Show which journal rules would fire for a message, and for each recipient why or why not
    JournalSimulate ["journal" "simulate"] Post "/v1/journal/simulate" Json
    (request::JournalSimulate) -> view::JournalSimulation, page page::journal::simulation;

    /// Tell whether this node is healthy
    ///
    /// One line for each health set. Ends with exit code 1 where one of them is not well.
    Health ["health"] Get "/v1/health" Json
    (request::HealthReport) -> view::HealthReport, page page::health::brief,
    exit page::health::exit;

    /// Show every health set with its monitors
    HealthReport ["health" "report"] Get "/v1/health/report" Json
    (request::HealthReport) -> view::HealthReport, page page::health::report,
    exit page::health::exit;

    /// List the probes, monitors and responders of a health set, or of every one
    HealthItems ["health" "items"] Get "/v1/health/items" Json
    (request::HealthItems) -> view::HealthItems, page page::watch::items;

    /// Show the health of this node's group as one
    ///
    /// A health set that is bad on some nodes is degraded for as long as enough others are well, and
    /// unhealthy from then on. A node that is not heard counts as bad. Ends with exit code 1 where
    /// one of them is not well.
    HealthRollup ["health" "rollup"] Get "/v1/health/rollup" Json
    (request::HealthRollup) -> view::HealthRollup, page page::watch::rollup,
    exit page::watch::rollup_exit;

    /// Send a probe message, and say whether it arrived and how long that took
    ///
    /// Through one receive connector or each of them, by the way of the mail flow probe: it goes in
    /// as mail does, into the health mailbox of this node, and is never journaled. The result counts
    /// like any other. Ends with exit code 1 where one did not arrive.
    HealthMailflow ["health" "mailflow"] Post "/v1/health/mailflow" Json
    (request::HealthMailflow) -> view::MailflowTest, page page::watch::mailflow,
    exit page::watch::mailflow_exit;

    /// Show one health set with the last results of its probes
    HealthShow ["health" "show"] Get "/v1/health/sets/{set}" Json
    (request::HealthShow) -> view::HealthSetView, page page::health::set;

    /// Show what changed lately, and the repairs that followed
    HealthHistory ["health" "history"] Get "/v1/health/history" Json
    (request::HealthHistory) -> view::HealthHistory, page page::health::history;

    /// Show the repair ledger and what the budgets still allow
    HealthLedger ["health" "ledger"] Get "/v1/health/ledger" Json
    (request::HealthHistory) -> view::Ledger, page page::health::ledger;

    /// Show the other nodes of this one's group
    ///
    /// The nodes named in `[group]` of mailward.toml, and what they last said of themselves: none of
    /// them takes itself away while too few others serve.
    HealthGroup ["health" "group"] Get "/v1/health/group" Json
    (request::Nothing) -> view::GroupView, page page::health::group;

    /// Hold a component: it takes no new mail
    ///
    /// Running transactions end, what is new is answered 421, so that senders try another server or
    /// come back. Each requester has a hold of its own on a component; only its own ends it. Holds
    /// for Maintenance and Deployment end by themselves after four hours where no time is given.
    HealthHold ["health" "hold"] Post "/v1/health/holds" Json
    (request::HealthHold) -> view::Changed, page page::changed;

    /// Release a hold on a component
    ///
    /// When no hold is left the component is tested by this host and then takes mail again. With
    /// --force the holds of every requester end; that needs a reason and is audited.
    HealthRelease ["health" "release"] Post "/v1/health/release" Json
    (request::HealthRelease) -> view::Changed, page page::changed;

    /// Show the holds and the state of each component
    HealthHolds ["health" "holds"] Get "/v1/health/holds" Json
    (request::Nothing) -> view::HoldList, page page::repair::holds;

    /// Cancel the announced restart of this machine
    HealthCancel ["health" "cancel"] Post "/v1/health/cancel" Json
    (request::HealthCancel) -> view::Changed, page page::changed;

    /// Show what would be done if a health set failed
    ///
    /// Plays the same decisions on time that is only counted: when each stage would come, what the
    /// guard would say, and why. Nothing is done, probed or recorded.
    HealthSimulate ["health" "simulate"] Post "/v1/health/simulate" Json
    (request::HealthSimulate) -> view::Rehearsal, page page::repair::rehearsal;

    /// Write a note on a recovery case
    HealthNote ["health" "note"] Post "/v1/health/note" Json
    (request::HealthNote) -> view::Changed, page page::changed;

    /// Show the health mailboxes and the probes that arrived in them
    ///
    /// Whether each is as it must be and what was mended, when the newest probe of each path of mail
    /// arrived, and how old the key is that signs probes.
    HealthMailboxes ["health" "mailboxes"] Get "/v1/health/mailboxes" Json
    (request::Nothing) -> view::HealthMailboxes, page page::health::mailboxes;

    /// Run one probe now
    ///
    /// Shows what it saw, step by step, and how long each step took. Ends with exit code 1 where the
    /// result speaks against what was probed. The result counts like any other.
    /// With --trace each step says what was seen in it: names resolved, addresses, TLS and the
    /// certificate, what was said on either side. Secrets are never shown.
    HealthProbeRun ["health" "probe" "run"] Post "/v1/health/probes/run" Json
    (request::HealthProbeRun) -> view::ProbeView, page page::probe::result,
    exit page::probe::exit;

    /// List the probes with their newest results
    HealthProbeList ["health" "probe" "list"] Get "/v1/health/probes" Json
    (request::HealthProbeList) -> view::health::ProbeList, page page::probe::list;

    /// Report what another program saw
    ///
    /// For probes with the target `report`: a directory sync, a backup, a feed. The result counts
    /// until it expires or the next one comes.
    HealthReportResult ["health" "report-result"] Post "/v1/health/results" Json
    (request::HealthReportResult) -> view::ProbeView, page page::probe::result;

    /// Switch off, for a time, what watches something
    ///
    /// Short for `health override add ITEM enabled=false` on this node: nothing that belongs to the
    /// item is judged or repaired until the time is over or --on ends it. Where it should go on being
    /// judged and shown, use `health maintenance`.
    HealthOverride ["health" "override"] Post "/v1/health/override" Json
    (request::HealthOverride) -> view::Changed, page page::changed;

    /// Change a property of what watches or repairs something, for a time
    ///
    /// Any property of a probe, a monitor or a component, as `health explain` shows them. It is in
    /// force within a second, and an object: exported, in the history, gone when its time is over.
    HealthOverrideAdd ["health" "override" "add"] Post "/v1/health/overrides" Json
    (request::HealthOverrideAdd) -> view::Changed, page page::changed;

    /// List the overrides, and why one of them is not in force
    HealthOverrideList ["health" "override" "list"] Get "/v1/health/overrides" Json
    (request::HealthOverrideList) -> view::OverrideList, page page::health::overrides;

    /// End an override
    HealthOverrideRemove ["health" "override" "remove"] Delete "/v1/health/overrides/{name}" Json
    (request::HealthOverrideRemove) -> view::Changed, page page::changed;

    /// Keep repairs and alerts off something, for a time
    ///
    /// It goes on being judged and shown; nothing is repaired for it and nobody is told.
    HealthMaintenance ["health" "maintenance"] Post "/v1/health/maintenance" Json
    (request::HealthOverlay) -> view::Changed, page page::changed;

    /// Say that you are repairing something
    ///
    /// As maintenance: nothing is repaired beside you, and nobody else is told.
    HealthRepairing ["health" "repairing"] Post "/v1/health/repairing" Json
    (request::HealthOverlay) -> view::Changed, page page::changed;

    /// Show every property of an item, its value in force, and where that comes from
    ///
    /// Of each probe, monitor and component that goes by the name: the rule in words, the state and
    /// why, what would happen next.
    HealthExplain ["health" "explain"] Get "/v1/health/explain" Json
    (request::HealthExplain) -> view::HealthExplanation, page page::health::item;

    /// List alerts, silences and how the alert channels do
    AlertList ["alert" "list"] Get "/v1/alerts" Json
    (request::AlertList) -> view::AlertList, page page::alert::list;

    /// Show one alert: what broke, what was tried, what to do, who was told
    AlertShow ["alert" "show"] Get "/v1/alerts/cases/{id}" Json
    (request::AlertShow) -> view::AlertView, page page::alert::show;

    /// Say that you are on it
    ///
    /// The alert is not told again until it becomes worse, or is over.
    AlertAck ["alert" "ack"] Post "/v1/alerts/ack" Json
    (request::AlertAck) -> view::Changed, page page::changed;

    /// Keep alerts from being told, for a time
    ///
    /// They are still raised, listed and repaired. What is still open when the time is over is told
    /// then, and so is that something told before is over.
    AlertSilence ["alert" "silence"] Post "/v1/alerts/silence" Json
    (request::AlertSilence) -> view::Changed, page page::changed;

    /// End a silence
    AlertUnsilence ["alert" "unsilence"] Post "/v1/alerts/unsilence" Json
    (request::AlertUnsilence) -> view::Changed, page page::changed;

    /// Send a test by the alert channels and show how it went
    ///
    /// The notice says that it is a test. Ends with exit code 1 where a channel did not take it.
    AlertTest ["alert" "test"] Post "/v1/alerts/test" Json
    (request::AlertTest) -> view::AlertTest, page page::alert::test,
    exit page::alert::test_exit;
    /// Show what will break, when, and what to do
    ///
    /// Looks at dates that are written down (certificates), at ages (keys) and at the trends of what
    /// probes measured (free space, the queue, files). What nothing can be said of yet is listed too.
    /// With --ical it is a calendar, for any program that reads iCalendar; over HTTP that is also
    /// GET /v1/health/forecast.ics.
    HealthForecast ["health" "forecast"] Get "/v1/health/forecast" Json
    (request::HealthForecast) -> view::ForecastReport, page page::forecast::forecast;

    /// List the drills: faults on purpose, and what came of them last
    DrillList ["drill" "list"] Get "/v1/drills" Json
    (request::Nothing) -> view::DrillList, page page::drill::list;

    /// Break something on purpose, and watch it being noticed and repaired
    ///
    /// The fault ends by itself after some minutes at the latest, whatever happens. A drill is not
    /// started while something is wrong. One that clients notice wants --yes. The command shows what
    /// happens and ends with exit code 1 where the drill failed; Ctrl-C ends drill and fault. Over
    /// HTTP the drill goes on after the answer: ask GET /v1/drills/{id}.
    DrillRun ["drill" "run"] Post "/v1/drills/run" Json
    (request::DrillRun) -> view::DrillRun, page page::drill::run,
    exit page::drill::exit;

    /// Show a drill that is under way or over
    DrillShow ["drill" "show"] Get "/v1/drills/{id}" Json
    (request::DrillId) -> view::DrillRun, page page::drill::run,
    exit page::drill::exit;

    /// End the drill that is under way, and its fault
    DrillEnd ["drill" "end"] Post "/v1/drills/{id}/end" Json
    (request::DrillId) -> view::DrillRun, page page::drill::run;

    /// Run a drill by itself, again and again
    ///
    /// It is kept in the health settings. A drill whose time has come while something is wrong is
    /// skipped, and an event says why. A schedule is the confirmation of what clients notice.
    DrillSchedule ["drill" "schedule"] Post "/v1/drills/schedule" Json
    (request::DrillSchedule) -> view::Changed, page page::changed;

    /// Hold all repair on this node until thaw
    ///
    /// Probes go on, cases are opened and people are told; nothing is restarted or taken offline by
    /// itself. It holds over a restart of the node. A process that dies is started again all the
    /// same.
    HealthFreeze ["health" "freeze"] Post "/v1/health/freeze" Json
    (request::HealthFreeze) -> view::Changed, page page::changed;

    /// Let repair go on: end a freeze, and safe mode
    HealthThaw ["health" "thaw"] Post "/v1/health/thaw" Json
    (request::Nothing) -> view::Changed, page page::changed;

    /// Run the probes now
    ///
    /// Of one component, or all of them.
    Recheck ["recheck"] Post "/v1/health/recheck" Json
    (request::Recheck) -> view::HealthReport, page page::health::report,
    exit page::health::exit;

    /// Show which roles run, since when, and what they are doing
    Status ["status"] Get "/v1/status" Json
    (request::Nothing) -> view::NodeStatus, page page::status::status;

    /// Write all objects as text
    ///
    /// The text is what plan and apply take. Only what differs from the defaults is written.
    Export ["export"] Get "/v1/export" Json
    (request::Nothing) -> view::ExportText, page page::object::export;

    /// Show what applying a file would change
    ///
    /// The file holds all objects, as export writes them: an object that is not in it would be
    /// removed. Health mailboxes are left alone. Nothing is changed.
    Plan ["plan"] Post "/v1/plan" Json
    (request::Plan) -> view::PlanView, page page::object::plan;

    /// Make the objects what a file says
    ///
    /// The file holds all objects, as export writes them: an object that is not in it is removed.
    /// Health mailboxes are left alone. Either everything takes effect or nothing. What will change
    /// is shown first and must be confirmed; --yes does without.
    Apply ["apply"] Post "/v1/apply" Json
    (request::Apply) -> view::PlanView, page page::object::plan;

    /// List recipients of every kind that fit a filter
    ///
    /// The filter is in Exchange's recipient filter language: comparisons such as
    /// Name -like 'Anna*', joined by -and, -or and -not. It is shown as it would be stored, fully
    /// parenthesised, with how many fit.
    RecipientList ["recipient" "list"] Get "/v1/recipients" Json
    (request::RecipientList) -> view::RecipientList, page page::object::recipients;

    /// Show whom a dynamic group with a filter would stand for
    ///
    /// As `recipient list`, but system recipients are left out, as they are from every dynamic
    /// group, and warnings tell what the filter cannot mean.
    RecipientPreview ["recipient" "preview"] Get "/v1/recipients/preview" Json
    (request::RecipientPreview) -> view::RecipientList, page page::object::recipients;

    /// Show what an edit of a group would add and remove, by name
    ///
    /// The edit is written as for `set`, or as a filter. Warnings tell of conditions that can never
    /// be true, of attributes that groups do not have, and of recipients with a value that the
    /// filter looks for, but in an attribute that it does not read. Nothing is changed.
    GroupPreview ["group" "preview"] Post "/v1/groups/{name}/preview" Json
    (request::GroupPreview) -> view::GroupPreview, page page::membership::preview;

    /// Show who belongs to a group, or who did at a moment in the past
    ///
    /// Members at all depths; those of a dynamic group as its filter fits them. The past is worked
    /// out from the history of all objects, which keeps every version of each.
    GroupMembers ["group" "members"] Get "/v1/groups/{name}/members" Json
    (request::GroupMembers) -> view::GroupMembers, page page::membership::of_group;
    /// Create and change recipients from a table: CSV or LDIF
    ///
    /// What the table has a column for is set, and an empty cell restores the default; everything
    /// else stays as it is. Columns are named as export names them. Nothing is removed without
    /// --remove-missing, and no large share of what there is without a question: a table that was cut
    /// short looks like one from which many were taken out. The whole is applied or nothing.
    RecipientImport ["recipient" "import"] Post "/v1/recipients/import" Json
    (request::RecipientImport) -> view::PlanView, page page::object::plan;

    /// Print every recipient as a table: CSV or LDIF
    ///
    /// Import takes it back. Health mailboxes are left out.
    RecipientExport ["recipient" "export"] Get "/v1/recipients/export" Json
    (request::RecipientExport) -> view::ExportText, page page::object::export;

    /// Show how each directory source stands
    ///
    /// What it reads, from which server, how changes are heard of, and which entries became no
    /// recipient and why. Ends with exit code 1 where a source is held or cannot be reached.
    DirectorySyncStatus ["directory" "sync" "status"] Get "/v1/directory/sync" Json
    (request::DirectorySyncStatus) -> view::DirectorySyncStatus, page page::directory::status,
    exit page::directory::exit;

    /// Read a directory source anew, as a whole
    ///
    /// Recipients are made what the directory says, all of them or none. With --dry-run what would
    /// come, change and go is shown, and nothing is changed. What would remove too much is shown and
    /// not done, and ends with exit code 1.
    DirectorySyncRun ["directory" "sync" "run"] Post "/v1/directory/sync/{source}/run" Json
    (request::DirectorySyncRun) -> view::DirectorySyncRun, page page::directory::run,
    exit page::directory::run_exit;

    /// Let a held sync remove what it would remove
    ///
    /// The number must be that of the status. What is allowed are those recipients and no others: if
    /// more have gone from the directory since, it asks again.
    DirectorySyncApprove ["directory" "sync" "approve"] Post "/v1/directory/sync/{source}/approve" Json
    (request::DirectorySyncApprove) -> view::DirectorySyncRun, page page::directory::run,
    exit page::directory::run_exit;

    /// Show the sender feeds, and whom receive connectors take from them
    ///
    /// For each feed the version in force, its age, what is still let in though it is published no
    /// more, a change that waits for a person, and why the last try failed. Exit code 1 where a
    /// change waits, a list is old, or a feed has none.
    PerimeterStatus ["perimeter" "status"] Get "/v1/perimeter" Json
    (request::Nothing) -> view::PerimeterStatus, page page::perimeter::status,
    exit page::perimeter::status_exit;

    /// Show what a change of a sender feed adds and removes
    ///
    /// A change that waits for a person, or else the last one that took effect.
    PerimeterDiff ["perimeter" "diff"] Get "/v1/perimeter/diff" Json
    (request::PerimeterDiff) -> view::PerimeterDiff, page page::perimeter::diff;

    /// Tell which feed covers an address, and which receive connector takes it
    ///
    /// With the range and the version of the feed, and why other connectors pass it over. Where no
    /// feed covers it, the nearest range is shown. Exit code 1 where no feed covers it.
    PerimeterWhy ["perimeter" "why"] Get "/v1/perimeter/why" Json
    (request::PerimeterWhy) -> view::PerimeterWhy, page page::perimeter::why,
    exit page::perimeter::why_exit;

    /// Tell which sessions of the last days a change would have refused
    ///
    /// Read from the message tracking log: each client of a receive connector is asked whether the
    /// connector would still take it, once changes that wait are approved and removals are over.
    /// With --connector and --ranges: whether it would with these remote_ranges. Nothing is changed.
    /// Exit code 1 where somebody would be refused.
    PerimeterReplay ["perimeter" "replay"] Post "/v1/perimeter/replay" Json
    (request::PerimeterReplay) -> view::PerimeterReplay, page page::perimeter::replay,
    exit page::perimeter::replay_exit;

    /// Put a change of a sender feed in force that waits for a person
    PerimeterApprove ["perimeter" "approve"] Post "/v1/perimeter/approve" Json
    (request::PerimeterApprove) -> view::Changed, page page::changed;

    /// Read a sender feed now
    ///
    /// Its source is asked at once, whatever was waited for, and the answer is told.
    PerimeterRefresh ["perimeter" "refresh"] Post "/v1/perimeter/refresh" Json
    (request::PerimeterRefresh) -> view::Changed, page page::changed;

    /// Write the ranges in force for another firewall
    ///
    /// Of one feed, of one receive connector, or of every feed that a connector takes. The HTTP page
    /// server hands out the same for a feed that is public: GET /perimeter/NAME.txt, or .json.
    PerimeterExport ["perimeter" "export"] Get "/v1/perimeter/export" Json
    (request::PerimeterExport) -> view::ExportText, page page::object::export;

    /// Show what policies come to on a node: what holds, from which object, and what lost
    ///
    /// Settings, groups of the host, untrusted certificates and ranges of receive connectors, each
    /// with the policy that says so, and what others said with the reason why it does not hold. Any
    /// node can be asked about.
    PolicyResult ["policy" "result"] Get "/v1/policy/result" Json
    (request::PolicyResult) -> view::PolicyReport, page page::policy::result;

    /// Take back the last change of a policy
    ///
    /// The policy is again what it was before; one that was removed is there again. The same command
    /// once more brings the change back.
    PolicyRevert ["policy" "revert"] Post "/v1/policy/revert" Json
    (request::PolicyRevert) -> view::PlanView, page page::object::plan;

    /// Make the groups of this host what policies say, now
    ///
    /// Asks the enforcer, which does so by itself at every change of a policy and every 90 minutes.
    /// With --dry-run it is only shown, with --toggle as if one more policy were enabled, or one
    /// fewer. Exit code 1 where a name cannot be told or a group not be changed.
    PolicyRefresh ["policy" "refresh"] Post "/v1/policy/refresh" Json
    (request::PolicyRefresh) -> view::PolicyRefreshed, page page::policy::refreshed,
    exit page::policy::refreshed_exit;

    /// Make policies of the restricted groups of Windows' group policies
    ///
    /// Reads [Group Membership] of a GptTmpl.inf, or of every one below a folder, such as a SYSVOL:
    /// each becomes a policy called by its GUID, or the restricted groups of the one that is there.
    /// Names and SIDs that are others on the hosts are told with --map.
    PolicyImport ["policy" "import"] Post "/v1/policy/import" Json
    (request::PolicyImport) -> view::PlanView, page page::object::plan;

    /// Write a policy's restricted groups as a GptTmpl.inf
    ///
    /// What the format has no word for stands in it as a remark.
    PolicyExport ["policy" "export"] Get "/v1/policy/export" Json
    (request::PolicyExport) -> view::PolicyFile, page page::policy::file;

    /// List the {plural}
    ObjectList ["{kind}" "list"] Get "/v1/objects/{kind}" Json
    (request::ObjectList) -> view::ObjectList, page page::object::list;

    /// Show one of the {plural}
    ObjectShow ["{kind}" "show"] Get "/v1/objects/{kind}/{name}" Json
    (request::ObjectShow) -> view::ObjectView, page page::object::show;

    /// Change one of the {plural}, or create it
    ///
    /// Fields that are not named stay as they are. `key=` restores the default; `key+=value` and
    /// `key-=value` add to a list and take out of it.
    ObjectSet ["{kind}" "set"] Patch "/v1/objects/{kind}/{name}" Json
    (request::ObjectSet) -> view::PlanView, page page::object::plan;

    /// Remove one of the {plural}
    ObjectRemove ["{kind}" "remove"] Delete "/v1/objects/{kind}/{name}" Json
    (request::ObjectRemove) -> view::PlanView, page page::object::plan;

    /// Take no new mail until resume
    ///
    /// New mail is answered 421, so that senders try another server or come back; what is in the
    /// queue goes on being delivered.
    Drain ["drain"] Post "/v1/drain" Json
    (request::Drain) -> view::Changed, page page::changed;

    /// Take new mail again
    Resume ["resume"] Post "/v1/resume" Json
    (request::Nothing) -> view::Changed, page page::changed;
}
