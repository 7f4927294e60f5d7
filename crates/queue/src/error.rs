//! What can go wrong, one type per operation.
//!
//! Messages name the place, what was found, and what mends it. None of these is a panic: a queue
//! that cannot write goes on holding what it has.

use std::{io, path::PathBuf, sync::Arc};

use mailward_model::MessageId;

/// Why a queue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the queue in {dir} is in use by another process; stop that one first")]
    InUse {
        /// The queue's folder.
        dir: PathBuf,
    },
    /// A file or folder of it cannot be used.
    #[error("cannot {action} {path}; check that it belongs to the user Mailward runs as")]
    Io {
        /// What was tried: `create`, `read`, `list` …
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The configuration makes no sense.
    #[error("{field} is {found}; use {expected}")]
    Config {
        /// The field of [`crate::QueueConfig`].
        field: &'static str,
        /// Its value.
        found: u64,
        /// What it may be.
        expected: &'static str,
    },
}

/// Why a message was not accepted. Nothing of it is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AcceptError {
    /// There is too little room on the disk: 452 4.3.1.
    #[error("the queue's disk has {free} octets free, fewer than are kept in reserve; make room")]
    Full {
        /// Free octets when last looked.
        free: u64,
    },
    /// The disk refuses to store: 451 4.3.0. The queue goes on trying by itself.
    #[error("the queue's disk is failing")]
    Failing(#[source] Arc<io::Error>),
    /// The envelope and plan are too large to be stored as one record: 552 5.3.4.
    #[error("the envelope and what follows from it need {octets} octets, more than a record holds")]
    TooLarge {
        /// Octets it would need.
        octets: usize,
    },
    /// The queue is shutting down: 421.
    #[error("the queue is shutting down")]
    Closed,
}

/// Why a body could not be spooled. What was written of it is removed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// There is too little room on the disk: 452 4.3.1.
    #[error("the queue's disk has {free} octets free, fewer than are kept in reserve; make room")]
    Full {
        /// Free octets when last looked.
        free: u64,
    },
    /// The body's file cannot be written: 451 4.3.0.
    #[error("cannot write the body of message {id}")]
    Io {
        /// The message it was for.
        id: MessageId,
        /// The operating system's error.
        #[source]
        source: Arc<io::Error>,
    },
}

/// Why the fate of a message could not be changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueueError {
    /// It is not in the queue: settled, removed, or never there.
    #[error("message {0} is not in the queue")]
    NoMessage(MessageId),
    /// The message has no such delivery, or that one is settled.
    #[error("message {0} has no open delivery {1}")]
    NoDelivery(MessageId, u32),
    /// A delivery of it is being attempted; ask again when that has ended.
    #[error("a delivery of message {0} is being attempted just now; try again when it has ended")]
    InFlight(MessageId),
    /// The change holds in memory and will be stored when the disk works again.
    #[error("the queue's disk is failing; the change is kept in memory until it works again")]
    Failing(#[source] Arc<io::Error>),
    /// The queue is shutting down.
    #[error("the queue is shutting down")]
    Closed,
}

/// Why a body could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The message is not in the queue.
    #[error("message {0} is not in the queue")]
    NoMessage(MessageId),
    /// Its octets on the disk are not those that were stored.
    #[error("the stored body of message {0} is damaged: its checksum does not match")]
    Damaged(MessageId),
    /// It cannot be read.
    #[error("cannot read the body of message {id}")]
    Io {
        /// Whose body.
        id: MessageId,
        /// The operating system's error.
        #[source]
        source: Arc<io::Error>,
    },
}
