//! One look at the node: everything the view shows, asked at once.

use std::{cell::Cell, time::Duration};

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::Op,
    view::{EventList, HealthReport, Ledger, NodeStatus, QueueListing},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    Connection,
    run::{ask, now_unix_ms},
};

/// How long an answer may take before the view goes on without it.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// Ledger entries and events asked for: more than a tall terminal shows.
const ENTRIES: u32 = 40;

/// What was seen; what could not be had is missing.
#[derive(Debug, Default)]
pub(super) struct Shot {
    pub(super) unix_ms: u64,
    pub(super) status: Option<NodeStatus>,
    pub(super) health: Option<HealthReport>,
    pub(super) queues: Option<QueueListing>,
    pub(super) ledger: Option<Ledger>,
    pub(super) events: Option<EventList>,
    /// Why something is missing.
    pub(super) fault: Option<Fault>,
}

impl Shot {
    /// Looks. Each question has a connection of its own: access may have been started anew.
    pub(super) async fn take(connection: &Connection) -> Shot {
        let limit = |limit: u32| json!({ "limit": limit });
        let machine = Cell::new(false);
        let (status, health, queues, ledger, events) = tokio::join!(
            get::<NodeStatus>(Op::Status, Value::Null, connection, &machine),
            get::<HealthReport>(Op::HealthReport, Value::Null, connection, &machine),
            get::<QueueListing>(Op::QueueList, limit(1), connection, &machine),
            get::<Ledger>(Op::HealthLedger, limit(ENTRIES), connection, &machine),
            get::<EventList>(Op::EventList, limit(ENTRIES), connection, &machine),
        );
        let mut shot = Shot {
            unix_ms: now_unix_ms(),
            fault: machine.get().then(as_machine),
            ..Shot::default()
        };
        // The first that failed says why.
        shot.status = keep(status, &mut shot.fault);
        shot.health = keep(health, &mut shot.fault);
        shot.queues = keep(queues, &mut shot.fault);
        shot.ledger = keep(ledger, &mut shot.fault);
        shot.events = keep(events, &mut shot.fault);
        shot
    }
}

fn keep<T>(answer: Result<T, Fault>, fault: &mut Option<Fault>) -> Option<T> {
    match answer {
        Ok(view) => Some(view),
        Err(error) => {
            fault.get_or_insert(error);
            None
        }
    }
}

/// How the JSON of an answer begins that another node made by a machine's rights.
const AS_MACHINE: &[u8] = br#"{"acted_as":"machine""#;

/// What is said of such answers: it must not be overlooked.
fn as_machine() -> Fault {
    Fault::new(
        FaultKind::Refused,
        "acted_as: machine: the other node answers by the rights of this machine, not by yours",
        "`mailward status` with the same --node says why",
    )
}

async fn get<T: DeserializeOwned>(
    op: Op,
    fields: Value,
    connection: &Connection,
    machine: &Cell<bool>,
) -> Result<T, Fault> {
    let fields = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let answer = tokio::time::timeout(ANSWER_MAX, ask(op, fields, connection)).await;
    let octets = answer.map_err(|_| {
        Fault::new(
            FaultKind::Unreachable,
            format!("no answer within {} s", ANSWER_MAX.as_secs()),
            "`mailward status` tells which roles run",
        )
    })??;
    if octets.starts_with(AS_MACHINE) {
        machine.set(true);
    }
    serde_json::from_slice(&octets).map_err(|error| {
        Fault::new(
            FaultKind::Failed,
            format!("the answer is not understood: {error}"),
            "the program that answers is of another version; use the same one here",
        )
    })
}
