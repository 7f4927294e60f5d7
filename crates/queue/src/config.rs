//! What a queue is opened with, and the limits that are not for an administrator to set.
//!
//! Never here: anything that changes while the queue runs, except through the setters of
//! [`crate::Queue`] (free space, longest wait), which take the values of the settings object.

use std::{path::PathBuf, time::Duration};

/// Where the queue lives and how it stores.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// The queue's folder; it is made where it is missing (mode 0700). One process at a time.
    pub dir: PathBuf,
    /// Octets after which a segment of the log is sealed and a new one begun.
    pub segment_bytes: u64,
    /// Largest body kept inside the log; a larger one gets a file of its own.
    pub inline_body_max: usize,
    /// Free octets on the file system below which no mail is accepted.
    pub min_free_bytes: u64,
}

impl QueueConfig {
    /// The defaults for a queue in `dir`: segments of 64 MiB, bodies up to 64 KiB inside the log,
    /// 512 MiB of free space kept.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        QueueConfig {
            dir: dir.into(),
            segment_bytes: 64 << 20,
            inline_body_max: 64 << 10,
            min_free_bytes: 512 << 20,
        }
    }
}

/// Longest wait before a retry until [`crate::Queue::set_retry_wait_max`] says otherwise. It bounds
/// what a clock that jumped back can do to mail that was deferred before a restart.
pub(crate) const RETRY_WAIT_MAX: Duration = Duration::from_secs(3600);

/// Metadata of one record may have this many octets: some 400,000 recipients. A length above it in
/// a segment is damage, and is not allocated.
pub(crate) const META_OCTETS_MAX: u32 = 64 << 20;

/// Bodies inside the log may have this many octets, whatever the configuration says.
pub(crate) const INLINE_OCTETS_MAX: usize = 16 << 20;

/// Space set aside on the disk so that outcomes can still be written when it is full.
pub(crate) const RESERVE_BYTES: u64 = 4 << 20;

/// How long an outcome that nobody waits for may lie in memory before it is handed to the
/// operating system. A killed process loses at most this much, and repeats those deliveries.
pub(crate) const LAZY_WRITE: Duration = Duration::from_millis(3);

/// How long such an outcome may then wait for its sync. A power cut loses at most this much.
pub(crate) const LAZY_SYNC: Duration = Duration::from_millis(80);

/// How long the committer waits before it tries a failing disk again.
pub(crate) const FAILING_RETRY: Duration = Duration::from_secs(1);

/// How often free space is looked at while mail comes in.
pub(crate) const FREE_CHECK: Duration = Duration::from_millis(250);
