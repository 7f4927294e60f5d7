//! Drills: faults on purpose on the running server, and what must follow from them. Pure, but for
//! [`record`].
//!
//! A [`Drill`] is made into a [`plan::Plan`] for the settings in force; [`safe`] says what speaks
//! against starting it; [`run`] is the state machine from the fault to the judgement, which the
//! worker carries out; [`record`] keeps what came of it; [`schedule`] says when one is due.
//!
//! Invariant: a drill's fault ends by itself at its deadline, in the role that has it: nothing here
//! has to live for that.

pub mod plan;
pub mod record;
pub mod run;
pub mod safe;
pub mod schedule;

/// The drills there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drill {
    /// Transport's process is killed.
    KillTransport,
    /// A receive connector accepts connections and never answers.
    WedgeConnector,
    /// The queue's file system is full.
    FullDisk,
    /// A certificate has expired.
    ExpiredCertificate,
    /// The resolver answers SERVFAIL.
    LyingResolver,
    /// Syncs of the queue are slow.
    SlowSync,
    /// The store cannot be read.
    LostStore,
    /// Nothing is delivered.
    StuckDelivery,
}

impl Drill {
    /// Every drill.
    pub const ALL: [Drill; 8] = [
        Drill::KillTransport,
        Drill::WedgeConnector,
        Drill::FullDisk,
        Drill::ExpiredCertificate,
        Drill::LyingResolver,
        Drill::SlowSync,
        Drill::LostStore,
        Drill::StuckDelivery,
    ];

    /// Its name, as in `mailward drill run NAME`.
    pub fn name(self) -> &'static str {
        match self {
            Drill::KillTransport => "kill-transport",
            Drill::WedgeConnector => "wedge-connector",
            Drill::FullDisk => "full-disk",
            Drill::ExpiredCertificate => "expired-certificate",
            Drill::LyingResolver => "lying-resolver",
            Drill::SlowSync => "slow-sync",
            Drill::LostStore => "lost-store",
            Drill::StuckDelivery => "stuck-delivery",
        }
    }

    /// The drill of this name.
    pub fn read(name: &str) -> Option<Drill> {
        Drill::ALL.into_iter().find(|drill| drill.name() == name)
    }

    /// The fault, in one sentence.
    pub fn fault(self) -> &'static str {
        match self {
            Drill::KillTransport => "The transport process is killed with SIGKILL.",
            Drill::WedgeConnector => "One receive connector accepts connections and never answers.",
            Drill::FullDisk => "The queue's file system says that nothing is free.",
            Drill::ExpiredCertificate => {
                "A receive connector that no client can reach shows a certificate that expired yesterday."
            }
            Drill::LyingResolver => "The resolver answers SERVFAIL to everything delivery asks.",
            Drill::SlowSync => "Each sync of the queue's log takes longer by some seconds.",
            Drill::LostStore => {
                "Transport and the worker cannot read the store, as if its file were gone."
            }
            Drill::StuckDelivery => "The dispatcher hangs: nothing is delivered.",
        }
    }

    /// What clients and users notice.
    pub fn notice(self) -> &'static str {
        match self {
            Drill::KillTransport => {
                "Open sessions break off and are tried again by their clients; new connections wait for about a second, and none is refused."
            }
            Drill::WedgeConnector => {
                "Clients of that connector get no greeting until it is repaired; most of them wait longer than that. Others notice nothing."
            }
            Drill::FullDisk => {
                "New mail is answered 452 4.3.1 and tried again by its senders; what is queued is delivered."
            }
            Drill::ExpiredCertificate => "Nothing: the connector has no socket.",
            Drill::LyingResolver => {
                "Mail to next hops by name is tried again later; mailboxes here and next hops by address notice nothing."
            }
            Drill::SlowSync => "Each message is accepted some seconds later.",
            Drill::LostStore => "Mail: nothing. Changes of objects take effect a little later.",
            Drill::StuckDelivery => "Mail is accepted and delivered later, after the repair.",
        }
    }

    /// True where clients may notice it: then it wants a confirmation.
    pub fn touches_mail(self) -> bool {
        !matches!(self, Drill::ExpiredCertificate | Drill::LostStore)
    }
}
