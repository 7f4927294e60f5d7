//! The thread that has the connection: opens it, opens it anew, does one job after the other, and
//! keeps the copy up to date in between. It ends with the store.

use std::{
    error::Error,
    io,
    pin::pin,
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use rustls::{CertificateError, OtherError};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{Answer, Job, Standing, Trouble, session::Session};
use crate::{
    engine::{File, copy::Copy},
    place::Database,
};

/// The pause before the first attempt to connect anew, doubled each time.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// And at most this: how late a database that is back is noticed.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The timer beside the notifications: with it alone, changes are learnt within a second, and so is
/// that the database's certificate has become untrusted.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long connecting may take, the first whole copy included.
const OPEN_MAX: Duration = Duration::from_secs(120);
/// How long bringing the copy up to date may take.
const LOOK_MAX: Duration = Duration::from_secs(30);

pub(super) struct Keeper {
    pub(super) database: Database,
    pub(super) copy: Copy,
    /// What is told of news; the copy, as it is read.
    pub(super) file: Arc<File>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) standing: watch::Sender<Standing>,
    /// Takes how the first attempt ended.
    pub(super) first: Option<SyncSender<Result<(), Trouble>>>,
}

/// The store was closed.
struct Closed;

impl Keeper {
    /// Keeps the connection until the store is closed.
    pub(super) fn run(mut self) {
        // Without a runtime nothing can be done; who waits for the first attempt is told by the end
        // of its channel.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(2)
            .thread_keep_alive(Duration::from_secs(5))
            .build()
        else {
            return;
        };
        let Closed = runtime.block_on(self.keep());
        // A look-up of a name may hang in the system's resolver.
        runtime.shutdown_background();
    }

    async fn keep(&mut self) -> Closed {
        let mut pause = PAUSE_MIN;
        loop {
            let trouble = match self.open().await {
                Err(Closed) => return Closed,
                Ok(Ok(mut session)) => {
                    pause = PAUSE_MIN;
                    self.file.look();
                    self.standing.send_replace(Standing::Here);
                    self.tell_first(Ok(()));
                    match self.serve(&mut session).await {
                        Err(Closed) => return Closed,
                        Ok(trouble) => trouble,
                    }
                }
                Ok(Err(trouble)) => trouble,
            };
            let error = told(&trouble);
            let is_cut = matches!(trouble, Trouble::Distrusted(..));
            let path = match &trouble {
                Trouble::Distrusted(_, path) => Some(path.clone()),
                _ => None,
            };
            self.standing.send_if_modified(|standing| {
                // What is not heard yet of a cut is not lost over the next attempt.
                let (was_here, cut) = match standing {
                    Standing::Here => (true, path),
                    Standing::Away { cut, .. } => (false, path.or(cut.take())),
                };
                *standing = Standing::Away { error, cut };
                was_here || is_cut
            });
            self.tell_first(Err(trouble));
            if let Err(Closed) = self.refuse_until(sleep(pause)).await {
                return Closed;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn tell_first(&mut self, how: Result<(), Trouble>) {
        if let Some(first) = self.first.take() {
            // Who opened may have gone on with the copy.
            let _ = first.send(how);
        }
    }

    async fn open(&mut self) -> Result<Result<Session, Trouble>, Closed> {
        let Keeper {
            database,
            copy,
            jobs,
            standing,
            ..
        } = self;
        let opening = async {
            match timeout(OPEN_MAX, Session::open(database, copy)).await {
                Ok(opened) => opened,
                Err(_) => Err(Trouble::Late(OPEN_MAX)),
            }
        };
        refuse_until(jobs, standing, opening).await
    }

    async fn refuse_until<T>(&mut self, until: impl Future<Output = T>) -> Result<T, Closed> {
        refuse_until(&mut self.jobs, &self.standing, until).await
    }

    /// Serves until the connection is lost: what lost it.
    async fn serve(&mut self, session: &mut Session) -> Result<Trouble, Closed> {
        loop {
            if let Err(trouble) = session.is_trusted() {
                return Ok(trouble);
            }
            let done = tokio::select! {
                job = self.jobs.recv() => match job {
                    None => return Err(Closed),
                    Some(Job::Write { answer, lines }) => {
                        let written = session.write(&mut self.copy, &answer, lines).await;
                        self.file.look();
                        answered(session, &answer, written)
                    }
                    Some(Job::Lead { work, answer }) => {
                        let asked = session.lead(&work).await;
                        if let Ok(leads) = asked {
                            let _ = answer.try_send(Answer::Leads(leads));
                        }
                        answered(session, &answer, asked.map(drop))
                    }
                    Some(Job::Look { answer }) => {
                        let looked = self.look(session).await;
                        answered(session, &answer, looked)
                    }
                    Some(Job::Octets { answer }) => {
                        let asked = session.octets().await;
                        if let Ok(octets) = asked {
                            let _ = answer.try_send(Answer::Octets(octets));
                        }
                        answered(session, &answer, asked.map(drop))
                    }
                    Some(Job::Test { answer }) => {
                        let tested = session.test().await;
                        answered(session, &answer, tested)
                    }
                },
                heard = session.heard() => match heard {
                    Ok(()) => self.look(session).await,
                    Err(trouble) => Err(trouble),
                },
                () = sleep(LOOK_INTERVAL) => self.look(session).await,
            };
            if let Err(trouble) = done {
                return Ok(trouble);
            }
        }
    }

    async fn look(&mut self, session: &Session) -> Result<(), Trouble> {
        let looked = timeout(LOOK_MAX, session.follow(&mut self.copy)).await;
        if looked.map_err(|_| Trouble::Late(LOOK_MAX))?? {
            self.file.look();
        }
        Ok(())
    }
}

/// Answers a job; an error where the connection is of no use any more.
fn answered(
    session: &Session,
    answer: &SyncSender<Answer>,
    done: Result<(), Trouble>,
) -> Result<(), Trouble> {
    let is_lost = session.is_closed() || matches!(done, Err(Trouble::Late(_) | Trouble::Copy(_)));
    let lost = match &done {
        Err(trouble) if is_lost => Err(Trouble::Away(told(trouble))),
        _ => Ok(()),
    };
    // Who asked may have gone.
    let _ = answer.try_send(Answer::Done(done));
    lost
}

/// Refuses every job until something has come to its end.
async fn refuse_until<T>(
    jobs: &mut mpsc::Receiver<Job>,
    standing: &watch::Sender<Standing>,
    until: impl Future<Output = T>,
) -> Result<T, Closed> {
    let mut until = pin!(until);
    loop {
        tokio::select! {
            ended = &mut until => return Ok(ended),
            job = jobs.recv() => {
                let (Job::Write { answer, .. }
                | Job::Test { answer }
                | Job::Look { answer }
                | Job::Octets { answer }
                | Job::Lead { answer, .. }) = job.ok_or(Closed)?;
                let error = match &*standing.borrow() {
                    Standing::Away { error, .. } => error.clone(),
                    Standing::Here => "the connection is being made anew".to_owned(),
                };
                let _ = answer.try_send(Answer::Done(Err(Trouble::Away(error))));
            }
        }
    }
}

/// An error with its causes, on one line.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = said(error);
    let mut cause = error.source();
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&said(one));
        cause = one.source();
    }
    text
}

/// What an error says; of a certificate that is doubted what the doubt says, which the library shows as
/// it is made of.
fn said(error: &(dyn Error + 'static)) -> String {
    let wrapped = error.downcast_ref::<io::Error>();
    let inner = wrapped.and_then(|wrapped| wrapped.get_ref());
    let tls = match inner {
        Some(inner) => inner.downcast_ref::<rustls::Error>(),
        None => error.downcast_ref::<rustls::Error>(),
    };
    match tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(doubt)))) => {
            doubt.to_string()
        }
        _ => error.to_string(),
    }
}
