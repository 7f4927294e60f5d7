//! A PostgreSQL database that several nodes share: an engine.
//!
//! **Numbers.** The one row of `mailward.head` has the last revision and the last id. A writer locks
//! that row first, and holds it to the end of its transaction: so revisions are given out one
//! writer at a time, in the order of the commits, without gaps (a sequence would hand numbers out
//! before the commit, and a reader that has seen 8 would never look for a 7 that is committed
//! later). PostgreSQL gives the lock back after the commit can be seen, so the next writer, whose
//! statements look anew each, sees it.
//!
//! **The copy.** Every process that has the store open brings this node's copy up to date: when
//! the database notifies (`LISTEN`, sent with the commit), and on a timer, should a notification
//! be lost on its way through a pooler. Whatever wakes it, it asks for the lines behind its own
//! last one, so that none is left out and none is needed twice.
//!
//! **Away.** A connection that ends is made anew, with growing pauses. Meanwhile reads go on from
//! the copy, and a write is refused at once: nobody waits for a database that is away.
//!
//! One thread ([`keeper`]) has the connection. A writer hands over to it and waits.

mod keeper;
mod session;

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

use mailward_model::Revision;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Engine, File, Head, Line, Work, copy::Copy};
use crate::{
    doubt::ShownPath,
    error::{ApplyError, Cause, OpenError},
    place::Database,
};

/// Writers that may wait at one time.
const WRITERS_MAX: usize = 64;
/// How long opening waits for the database where there is a copy to go on with.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same where there is none: the whole of it has to come.
const PATIENCE_FIRST: Duration = Duration::from_secs(60);

/// Whether the database of the objects can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can; so can a store in a file.
    Here,
    /// It cannot: reads are from this node's copy, writes are refused.
    Away {
        /// Why, with the causes.
        error: String,
        /// What the database had shown, leaf first, where the connection was cut because it has
        /// become untrusted.
        cut: Option<ShownPath>,
    },
}

/// What the keeper is asked for.
enum Job {
    Write {
        /// Takes [`Answer::Ready`], then [`Answer::Done`].
        answer: SyncSender<Answer>,
        /// Comes after it is ready; dropped, nothing is written.
        lines: oneshot::Receiver<Vec<Line>>,
    },
    Test {
        answer: SyncSender<Answer>,
    },
    /// Brings the copy up to date. Takes [`Answer::Done`].
    Look {
        answer: SyncSender<Answer>,
    },
    /// Takes [`Answer::Octets`], then [`Answer::Done`].
    Octets {
        answer: SyncSender<Answer>,
    },
    /// Takes [`Answer::Leads`], then [`Answer::Done`].
    Lead {
        work: String,
        answer: SyncSender<Answer>,
    },
}

enum Answer {
    /// Nobody else writes now, and the copy is what the database is.
    Ready(Head),
    Leads(bool),
    Octets(u64),
    Done(Result<(), Trouble>),
}

/// Why something could not be done with the database.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the database does not answer")]
    Database(#[from] tokio_postgres::Error),
    #[error("the database has not answered within {} s", .0.as_secs())]
    Late(Duration),
    #[error(
        "the connection ended while the change was committed: look whether it was made before you repeat it"
    )]
    Unsure(#[source] tokio_postgres::Error),
    #[error("it has layout {0}, this version knows {known}", known = session::LAYOUT)]
    Newer(i64),
    #[error("its encoding is {0}, and must be UTF8: create it with ENCODING 'UTF8'")]
    Encoding(String),
    #[error("this node's copy of the objects cannot be written")]
    Copy(#[from] rusqlite::Error),
    #[error("the copy is at revision {copy} and the database at {database}")]
    Behind { copy: i64, database: i64 },
    #[error("{0}")]
    Place(Cause),
    #[error("its certificate has become untrusted")]
    Distrusted(#[source] rustls::Error, ShownPath),
    #[error("it is away: {0}")]
    Away(String),
    #[error("the thread that keeps the connection has ended")]
    Ended,
}

/// The engine.
pub(crate) struct Postgres {
    file: Arc<File>,
    jobs: mpsc::Sender<Job>,
    place: String,
}

impl Postgres {
    /// Connects, and brings the copy in `file`, which is at `path`, up to date. A database that is
    /// away is no error where there is a copy.
    pub(crate) fn open(
        database: &Database,
        path: &Path,
        file: Arc<File>,
    ) -> Result<(Postgres, watch::Receiver<Standing>), OpenError> {
        let place = database.to_string();
        let copy = Copy::open(path)?;
        let (jobs, from_writers) = mpsc::channel(WRITERS_MAX);
        let early = "it was not reached yet".to_owned();
        let (tell, standing) = watch::channel(Standing::Away {
            error: early,
            cut: None,
        });
        let (first, opened) = sync_channel(1);
        let keeper = keeper::Keeper {
            database: database.clone(),
            copy,
            file: Arc::clone(&file),
            jobs: from_writers,
            standing: tell,
            first: Some(first),
        };
        std::thread::Builder::new()
            .name("store-database".to_owned())
            .spawn(move || keeper.run())
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        let has_copy = file.revision() != Revision(0);
        let trouble = match opened.recv_timeout(if has_copy { PATIENCE } else { PATIENCE_FIRST }) {
            Ok(Ok(())) => None,
            Ok(Err(trouble)) => Some(trouble),
            Err(RecvTimeoutError::Timeout) => Some(Trouble::Late(PATIENCE_FIRST)),
            Err(RecvTimeoutError::Disconnected) => Some(Trouble::Ended),
        };
        match trouble {
            Some(Trouble::Newer(found)) if !has_copy => Err(OpenError::Newer {
                place,
                found,
                known: session::LAYOUT,
            }),
            Some(trouble) if !has_copy => Err(OpenError::Database {
                place,
                source: trouble.into(),
            }),
            _ => {
                let engine = Postgres { file, jobs, place };
                Ok((engine, standing))
            }
        }
    }

    fn refused(&self, trouble: Trouble) -> ApplyError {
        let place = self.place.clone();
        match trouble {
            Trouble::Away(error) => ApplyError::Away {
                place,
                source: error.into(),
            },
            trouble => ApplyError::Database {
                place,
                source: trouble.into(),
            },
        }
    }

    fn hand_over(&self, job: Job) -> Result<(), Trouble> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Trouble::Away(format!("{WRITERS_MAX} writers wait for it already"))
            }
            mpsc::error::TrySendError::Closed(_) => Trouble::Ended,
        })
    }
}

/// The next answer. The keeper answers within its own limits.
fn next(answers: &Receiver<Answer>) -> Answer {
    answers.recv().unwrap_or(Answer::Done(Err(Trouble::Ended)))
}

/// How a job ended, where its last answer is expected.
fn done(answer: Answer) -> Result<(), Trouble> {
    match answer {
        Answer::Done(done) => done,
        Answer::Ready(_) | Answer::Leads(_) | Answer::Octets(_) => Err(Trouble::Ended),
    }
}

impl Engine for Postgres {
    fn write(&self, work: Work<'_>) -> Result<i64, ApplyError> {
        let (answer, answers) = sync_channel(2);
        let (give, lines) = oneshot::channel();
        self.hand_over(Job::Write { answer, lines })
            .map_err(|trouble| self.refused(trouble))?;
        let head = match next(&answers) {
            Answer::Ready(head) => head,
            Answer::Done(Err(trouble)) => return Err(self.refused(trouble)),
            Answer::Done(Ok(())) | Answer::Leads(_) | Answer::Octets(_) => {
                return Err(self.refused(Trouble::Ended));
            }
        };
        // From here on the database's lock is held: whatever ends this early drops `give`, and
        // with it the lock.
        let lines = self.file.look_up(|copied, rows| {
            if copied.revision != head.revision {
                return Err(self.refused(Trouble::Behind {
                    copy: copied.revision,
                    database: head.revision,
                }));
            }
            work(head, rows)
        })?;
        let last = lines.last().map_or(head.revision, |line| line.revision);
        if give.send(lines).is_err() {
            return Err(self.refused(Trouble::Ended));
        }
        match next(&answers) {
            Answer::Done(Ok(())) => Ok(last),
            Answer::Done(Err(trouble)) => Err(self.refused(trouble)),
            Answer::Ready(_) | Answer::Leads(_) | Answer::Octets(_) => {
                Err(self.refused(Trouble::Ended))
            }
        }
    }

    fn lead(&self, work: &str) -> Result<bool, Cause> {
        let (answer, answers) = sync_channel(2);
        let work = work.to_owned();
        self.hand_over(Job::Lead { work, answer })?;
        let leads = match next(&answers) {
            Answer::Leads(leads) => leads,
            Answer::Done(Err(trouble)) => return Err(trouble.into()),
            Answer::Done(Ok(())) | Answer::Ready(_) | Answer::Octets(_) => {
                return Err(Trouble::Ended.into());
            }
        };
        done(next(&answers))?;
        Ok(leads)
    }

    fn refresh(&self) -> Result<(), Cause> {
        let (answer, answers) = sync_channel(1);
        self.hand_over(Job::Look { answer })?;
        match done(next(&answers)) {
            Ok(()) | Err(Trouble::Away(_)) => self.file.refresh(),
            Err(trouble) => Err(trouble.into()),
        }
    }

    fn octets(&self) -> Result<u64, Cause> {
        let (answer, answers) = sync_channel(2);
        self.hand_over(Job::Octets { answer })?;
        let octets = match next(&answers) {
            Answer::Octets(octets) => octets,
            other => return Err(done(other).err().unwrap_or(Trouble::Ended).into()),
        };
        done(next(&answers))?;
        Ok(octets)
    }

    fn write_test(&self) -> Result<(), Cause> {
        let (answer, answers) = sync_channel(1);
        self.hand_over(Job::Test { answer })?;
        Ok(done(next(&answers))?)
    }
}
