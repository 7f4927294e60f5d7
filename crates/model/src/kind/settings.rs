//! Settings of which there is one object: transport, health.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    EmailAddress, FieldError,
    kind::DrillSchedule,
    object::Validate,
    unit::{ByteSize, Span},
};

/// Settings of transport as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransportSettings {
    /// Who signs bounces and gets mail to `postmaster` at every accepted domain. Without it,
    /// bounces are signed postmaster@ the host name.
    pub postmaster: Option<EmailAddress>,
    /// Waits between attempts; the last one repeats until `message_expiration`. Exchange: four
    /// glitch retries of one minute, then six of five, then ten minutes each.
    pub retry_schedule: Vec<Span>,
    /// How long mail is tried before it is returned.
    pub message_expiration: Span,
    /// Journal reports are tried this long; unset means for ever, so that none is lost.
    pub journal_expiration: Option<Span>,
    /// The alternate journal mailbox: gets the journal reports that their target refuses for good, or
    /// that `journal_expiration` ends. Mail to it is not journaled. Exchange: JournalingReportNdrTo.
    pub journaling_report_ndr_to: Option<EmailAddress>,
    /// When a sender is told that mail is late. 0s turns it off.
    pub delay_notification: Span,
    /// Largest original attached to a bounce; above it only the header is.
    pub dsn_max_attachment: ByteSize,
    /// Connections out at one time, over all destinations.
    pub max_outbound_connections: u32,
    /// Whether `name+detail@` reaches `name@`.
    pub plus_addressing: bool,
    /// Members a group chain may expand to; above it the message is refused for that group.
    pub max_expanded_recipients: u32,
    /// Free space on the queue's file system below which mail is refused with 452 4.3.1.
    pub min_free_space: ByteSize,
    /// Recipients outside that one sender may reach within `bulk_window` before what it sends
    /// counts as bulk, which is risky. 0 turns it off.
    pub bulk_recipients_max: u32,
    /// The time for `bulk_recipients_max`.
    pub bulk_window: Span,
}

impl Default for TransportSettings {
    fn default() -> Self {
        let minutes =
            |count: usize, each: u64| std::iter::repeat_n(Span::from_secs(each * 60), count);
        TransportSettings {
            postmaster: None,
            retry_schedule: minutes(4, 1)
                .chain(minutes(6, 5))
                .chain(minutes(1, 10))
                .collect(),
            message_expiration: Span::from_secs(2 * 86_400),
            journal_expiration: None,
            journaling_report_ndr_to: None,
            delay_notification: Span::from_secs(4 * 3_600),
            dsn_max_attachment: ByteSize(10 << 20),
            max_outbound_connections: 1000,
            plus_addressing: true,
            max_expanded_recipients: 100_000,
            min_free_space: ByteSize(512 << 20),
            bulk_recipients_max: 0,
            bulk_window: Span::from_secs(3_600),
        }
    }
}

impl Validate for TransportSettings {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.retry_schedule.is_empty() {
            errors.push(FieldError::new(
                "retry_schedule",
                "it is empty",
                "give at least one wait, such as [\"5m\"]",
            ));
        }
        for (i, wait) in self.retry_schedule.iter().enumerate() {
            if wait.get().is_zero() {
                let field = format!("retry_schedule[{i}]");
                errors.push(FieldError::new(
                    field,
                    "a wait of 0s would try without pause",
                    "use 1s or more",
                ));
            }
        }
        crate::kind::in_range(
            &mut errors,
            "bulk_window",
            self.bulk_window.get().as_secs(),
            60..=86_400,
        );
        if self.message_expiration.get().as_secs() < 5 {
            errors.push(FieldError::new(
                "message_expiration",
                format!("{} is too short for any retry", self.message_expiration),
                "use 5s to 90d",
            ));
        }
        errors
    }
}

/// What may be removed to free disk space. The queue is never among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expendable {
    /// Files of the event log.
    EventLogs,
    /// Files of the message tracking log.
    TrackingLogs,
    /// Reports about processes that hung.
    HangReports,
    /// Copies of the store and other backups.
    ExpiredCopies,
}

/// A command that repairs a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairCommand {
    /// The component, such as `receive/Internet`.
    pub component: String,
    /// Program and arguments; no shell is involved.
    pub command: Vec<String>,
}

/// A drill that is run more often than this would be under way all the time.
const DRILL_EVERY_MIN: Duration = Duration::from_secs(10);

/// Settings of managed availability. Intervals of probes, and the waits before each stage of
/// recovery, counted from the first failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthSettings {
    /// Whether responders act. False is shadow mode: what would have been done is recorded.
    pub repair: bool,
    /// How often each connector is probed.
    pub connector_probe_interval: Span,
    /// How often mail is sent through each connector to a health mailbox.
    pub mailflow_probe_interval: Span,
    /// Health sets in shadow mode: for them what would have been done is recorded, and not done.
    pub shadow_sets: Vec<String>,
    /// Wait before what a component remembers is dropped and made anew.
    pub soft_reset_after: Span,
    /// Wait before a component is restarted. Three looks at a connector that fell silent take 16
    /// seconds at the default interval: it is restarted as soon as it is known to be wedged.
    pub restart_component_after: Span,
    /// Wait before the process is restarted.
    pub restart_process_after: Span,
    /// Wait before the server is restarted, where a command for it is set.
    pub restart_server_after: Span,
    /// The command that starts the machine anew; it is never started anew where this is empty.
    pub restart_server_command: Vec<String>,
    /// How long the restart of the server is announced before; it can be cancelled meanwhile.
    pub restart_server_countdown: Span,
    /// Wait before a component is taken offline (it answers 421).
    pub offline_after: Span,
    /// What is removed, the oldest first, where the disk is full.
    pub free_disk: Vec<Expendable>,
    /// Nothing younger is removed.
    pub free_disk_keep: Span,
    /// Commands tried before a component is restarted.
    pub repair_commands: Vec<RepairCommand>,
    /// How long after a repair the component is watched before its case is closed.
    pub probation: Span,
    /// Process restarts by responders within an hour.
    pub max_process_restarts_per_hour: u32,
    /// Silence of a role, or a standstill of one of its loops, after which the manager kills it; at
    /// half of it the role is asked what it is doing.
    pub heartbeat_timeout: Span,
    /// Messages in the queue above which a person is told, where that lasts five minutes. 0 turns it
    /// off. Exchange calls a queue of that depth medium pressure.
    pub queue_messages_max: u32,
    /// Age of the oldest message in the queue above which a person is told, where that lasts five
    /// minutes: as its sender is by then. 0s turns it off.
    pub queue_age_max: Span,
    /// Messages a minute by which the queue grows above which a person is told, where that lasts ten
    /// minutes. 0 turns it off.
    pub queue_growth_max: u32,
    /// How often the key that signs health probes is changed.
    pub probe_key_interval: Span,
    /// Drills that are run by themselves, such as `wedge-connector every 7d at 03:00`.
    pub drills: Vec<DrillSchedule>,
}

impl Default for HealthSettings {
    fn default() -> Self {
        HealthSettings {
            repair: true,
            connector_probe_interval: Span::from_secs(20),
            mailflow_probe_interval: Span::from_secs(300),
            shadow_sets: Vec::new(),
            soft_reset_after: Span::from_secs(0),
            restart_component_after: Span::from_secs(15),
            restart_process_after: Span::from_secs(120),
            restart_server_after: Span::from_secs(600),
            restart_server_command: Vec::new(),
            restart_server_countdown: Span::from_secs(60),
            offline_after: Span::from_secs(720),
            free_disk: Vec::new(),
            free_disk_keep: Span::from_secs(86_400),
            repair_commands: Vec::new(),
            probation: Span::from_secs(600),
            max_process_restarts_per_hour: 2,
            // A process that hangs is asked at 5 s, aborted at 10, killed at 11, and the new one
            // serves well within 15 s of the first silence.
            heartbeat_timeout: Span::from_secs(10),
            queue_messages_max: 10_000,
            queue_age_max: Span::from_secs(4 * 3_600),
            queue_growth_max: 200,
            probe_key_interval: Span::from_secs(86_400),
            drills: Vec::new(),
        }
    }
}

impl Validate for HealthSettings {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (i, schedule) in self.drills.iter().enumerate() {
            let field = format!("drills[{i}]");
            if schedule.every.get() < DRILL_EVERY_MIN {
                errors.push(FieldError::new(
                    field,
                    format!("{} is too often", schedule.every),
                    "use 10s or more; a day or more where real mail flows",
                ));
            } else if self
                .drills
                .iter()
                .take(i)
                .any(|other| other.drill == schedule.drill)
            {
                errors.push(FieldError::new(
                    field,
                    format!("{} stands there already", schedule.drill),
                    "give each drill one schedule",
                ));
            }
        }
        let ladder = [
            ("soft_reset_after", self.soft_reset_after),
            ("restart_component_after", self.restart_component_after),
            ("restart_process_after", self.restart_process_after),
            ("offline_after", self.offline_after),
        ];
        for pair in ladder.windows(2) {
            if let [(early, a), (late, b)] = pair
                && a > b
            {
                errors.push(FieldError::new(
                    *late,
                    format!("{b} is before {early}, {a}: a later stage would act first"),
                    format!("make {late} the longer one"),
                ));
            }
        }
        if !self.restart_server_command.is_empty()
            && self.restart_server_after < self.restart_process_after
        {
            errors.push(FieldError::new(
                "restart_server_after",
                format!(
                    "{} is before restart_process_after, {}: a later stage would act first",
                    self.restart_server_after, self.restart_process_after
                ),
                "make restart_server_after the longer one",
            ));
        }
        let commands = self.repair_commands.iter().enumerate();
        for (i, _) in commands.filter(|(_, one)| one.command.is_empty()) {
            errors.push(FieldError::new(
                format!("repair_commands[{i}]"),
                "it has no program",
                "name the program's file and its arguments, each a text of its own",
            ));
        }
        for (field, span) in [
            ("connector_probe_interval", self.connector_probe_interval),
            ("mailflow_probe_interval", self.mailflow_probe_interval),
            ("probe_key_interval", self.probe_key_interval),
        ] {
            if span.get().as_millis() < 500 {
                errors.push(FieldError::new(
                    field,
                    format!("{span} is too short"),
                    "use 500ms or more",
                ));
            }
        }
        if self.heartbeat_timeout.get().as_secs() < 4 {
            errors.push(FieldError::new(
                "heartbeat_timeout",
                format!(
                    "{} is too short: loops come round once a second, and half of it must not be \
                     reached by a busy machine",
                    self.heartbeat_timeout
                ),
                "use 4s or more",
            ));
        }
        errors
    }
}
