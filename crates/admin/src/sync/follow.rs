//! One source, followed: connect, read, put in force, hear of changes; the next server where one
//! fails, with growing pauses.
//!
//! A picture is replaced only by a whole read or by changes told in order. A read that ends early is
//! thrown away: nobody is removed because a server broke off. Where every server has failed, one after
//! the other, the source is away: that is told once, until one is followed again.

use std::{sync::Arc, time::Duration};

use mailward_api::view::SyncState;
use mailward_events::Event;
use mailward_host::clock::Clock;
use mailward_ldap::{Answer, Connection, LdapError, Scope, Search, Server};
use mailward_model::kind::{DirectoryType, LdapFilter};
use mailward_tls::Untrusted;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use super::{
    active_directory::ActiveDirectory,
    list::List,
    picture::Picture,
    place::Places,
    read::{self, READ_PATIENCE, Scene},
    server::Access,
    settle::{SettleError, Settling, settle},
    status::Standings,
};

/// The pause after the first failure, and the longest one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Changes so close to each other are put in force together.
const TOGETHER: Duration = Duration::from_millis(100);
/// A server that is silent because nothing happens is asked something after so long.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The shortest interval at which a directory that only can be read is asked for its list; and asking
/// takes no more than one part in so many of the time.
const LIST_INTERVAL_MIN: Duration = Duration::from_secs(2);
const LIST_SHARE: u32 = 20;

/// A source and what follows it.
pub(super) struct Follower {
    pub(super) settling: Arc<Settling>,
    pub(super) access: Access,
    pub(super) scene: Scene,
    pub(super) standings: Arc<Standings>,
    pub(super) clock: Arc<dyn Clock>,
    /// Told when a person has let recipients go, or an operation has read the directory.
    pub(super) nudge: Arc<Notify>,
}

/// What is kept from one connection to the next.
#[derive(Default)]
struct Kept {
    /// Shared with whoever puts it in force, and with nobody else while it changes.
    picture: Arc<Picture>,
    places: Places,
    /// A server was read since it was asked last.
    is_followed: bool,
    /// The last one was taken up where it was left, and not read as a whole.
    is_taken_up: bool,
}

/// How changes are heard of over one connection.
enum Ear {
    ActiveDirectory(ActiveDirectory),
    /// RFC 4533: the server sends them.
    Sent,
    /// By a list of when each was changed, and how long it took to get it.
    List(List, Duration),
}

impl Follower {
    fn name(&self) -> &str {
        &self.settling.name
    }

    /// Follows until it is dropped.
    pub(super) async fn follow(self) {
        let mut kept = Kept::default();
        let mut pause = PAUSE_MIN;
        let mut is_away = false;
        loop {
            let (mut longest, mut any_followed) = (false, false);
            let mut errors = Vec::new();
            for server in &self.access.servers {
                let began = Instant::now();
                let ended = self.with(server, &mut kept).await;
                any_followed |= std::mem::take(&mut kept.is_followed);
                errors.push(format!("{server:?}: {}", mailward_events::chain(&ended)));
                if began.elapsed() > PAUSE_MAX {
                    pause = PAUSE_MIN;
                }
                longest |= ended.is_sign_in();
                self.tell(server, &ended);
            }
            if !any_followed && !is_away {
                self.settling.events.emit(Event::DirectorySourceAway {
                    source: self.name().to_owned(),
                    servers: errors.len() as u64,
                    errors: errors.into(),
                });
            }
            is_away = !any_followed;
            // An account that is refused too often is locked in the end.
            sleep(if longest { PAUSE_MAX } else { pause }).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn tell(&self, server: &Server, error: &LdapError) {
        // A cut was told as what it is.
        if !error.is_distrusted() {
            tell(&self.settling, self.access.account(), server, error);
        }
        let because = mailward_events::chain(error);
        self.standings
            .change(self.name(), self.clock.unix_ms(), |view| {
                // What is held stays held: it waits for a person, not for a server.
                if view.held.is_none() {
                    view.state = SyncState::Failing;
                    view.because = Some(format!("{server:?}: {because}"));
                }
            });
    }

    fn state(&self, state: SyncState) {
        self.standings
            .change(self.name(), self.clock.unix_ms(), |view| {
                if view.held.is_none() {
                    view.state = state;
                }
            });
    }

    fn heard(&self) {
        let now = self.clock.unix_ms();
        self.standings
            .change(self.name(), now, |view| view.heard_unix_ms = Some(now));
    }

    /// Follows over one connection until it ends.
    async fn with(&self, server: &Server, kept: &mut Kept) -> LdapError {
        match self.connection(server, kept).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn connection(
        &self,
        server: &Server,
        kept: &mut Kept,
    ) -> Result<std::convert::Infallible, LdapError> {
        self.state(SyncState::Connecting);
        let untrusted = Untrusted::of_process();
        // From before the handshake on: no list that comes meanwhile is missed.
        let mut changes = untrusted.changed();
        let connection = self.access.connect(server).await?;
        let path = connection.server_path();
        let distrusted = async {
            loop {
                match untrusted.check(&path) {
                    Err(found) => return found,
                    Ok(()) => changes.next().await,
                }
            }
        };
        let found = tokio::select! {
            ended = self.over(connection, server, kept) => return ended,
            found = distrusted => found,
        };
        // What was under way may be half done: everything is read anew, of whichever server.
        *kept = Kept {
            is_followed: kept.is_followed,
            ..Kept::default()
        };
        let told = found.to_string();
        self.settling.events.emit(Event::UntrustedSessionCut {
            direction: "out".to_owned(),
            connector: format!("directory source {}", self.name()),
            peer: format!("{server:?}"),
            subject: found.subject,
            issuer: found.issuer,
            serial: found.serial,
            entry: found.entry,
            reason: found.reason,
        });
        Err(LdapError::Distrusted(told))
    }

    /// Follows over a connection that was made.
    async fn over(
        &self,
        mut connection: Connection,
        server: &Server,
        kept: &mut Kept,
    ) -> Result<std::convert::Infallible, LdapError> {
        self.state(SyncState::Reading);
        let shown = format!("{server:?}");
        let (mut ear, manner) = self.read(&mut connection, kept).await?;
        let now = self.clock.unix_ms();
        let is_whole = !std::mem::take(&mut kept.is_taken_up);
        self.standings.change(self.name(), now, |view| {
            view.server = Some(shown.clone());
            view.follows_by = Some(manner.to_owned());
            if is_whole {
                view.read_unix_ms = Some(now);
            }
            view.heard_unix_ms = Some(now);
        });
        self.settling.events.emit(Event::DirectoryFollowed {
            source: self.name().to_owned(),
            server: shown.clone(),
            how: manner.to_owned(),
        });
        kept.is_followed = true;
        self.settle(kept, &shown).await;
        loop {
            let is_changed = self.wait(&mut connection, &mut ear, kept).await?;
            if let Ear::ActiveDirectory(directory) = &ear {
                self.standings.change(self.name(), now, |view| {
                    view.follows_by = Some(directory.manner().to_owned());
                });
            }
            if is_changed {
                self.settle(kept, &shown).await;
            }
        }
    }

    /// Reads the whole, or takes up where it was left with the same controller.
    async fn read(
        &self,
        connection: &mut Connection,
        kept: &mut Kept,
    ) -> Result<(Ear, &'static str), LdapError> {
        match self.settling.source.directory_type {
            DirectoryType::ActiveDirectory => {
                let base = self.scene.base.as_deref();
                let mut directory = ActiveDirectory::meet(connection, base).await?;
                // Woken by whatever happens from here on, and only then read.
                directory.wake_me(connection).await?;
                if directory.take_up(&kept.places) {
                    // What was told before this fails in the middle is in the picture, and of this
                    // controller: other places are to be vouched for from here on.
                    kept.places.begin(directory.reached.clone());
                    self.catch_up(connection, &mut directory, kept).await?;
                    kept.is_taken_up = true;
                } else {
                    let vector = directory.vector(connection).await?;
                    kept.picture = Arc::new(directory.read(connection, &self.scene).await?);
                    kept.places.begin(directory.reached.clone());
                    kept.places.vouch(&vector);
                }
                let manner = directory.manner();
                Ok((Ear::ActiveDirectory(directory), manner))
            }
            DirectoryType::OpenLdap => match read::persist(connection, &self.scene).await {
                Ok(picture) => {
                    kept.picture = Arc::new(picture);
                    Ok((Ear::Sent, "the server sends each change (RFC 4533)"))
                }
                Err(error) if error.is_unknown_control() => {
                    let manner = "comparing when each entry was changed (the server has no syncprov overlay)";
                    Ok((self.list(connection, kept).await?, manner))
                }
                Err(error) => Err(error),
            },
            DirectoryType::Ldap => {
                let manner = "comparing when each entry was changed";
                Ok((self.list(connection, kept).await?, manner))
            }
        }
    }

    /// Brings the picture up to date with a controller, and takes note of how far it was read, and of
    /// what it has of others.
    async fn catch_up(
        &self,
        connection: &mut Connection,
        directory: &mut ActiveDirectory,
        kept: &mut Kept,
    ) -> Result<bool, LdapError> {
        let vector = match kept.places.wait() {
            // Before it is read: what the vector says, the picture then has.
            true => directory.vector(connection).await?,
            false => Vec::new(),
        };
        let picture = Arc::make_mut(&mut kept.picture);
        let is_changed = directory.catch_up(connection, &self.scene, picture).await?;
        kept.places.advance(directory.reached.clone());
        kept.places.vouch(&vector);
        Ok(is_changed)
    }

    /// Reads a directory that can only be read. The list before the rest: what changes meanwhile
    /// differs from it.
    async fn list(&self, connection: &mut Connection, kept: &mut Kept) -> Result<Ear, LdapError> {
        let began = Instant::now();
        let list = List::read(connection, &self.scene).await?;
        let took = began.elapsed();
        kept.picture = Arc::new(read::read(connection, &self.scene).await?);
        Ok(Ear::List(list, took))
    }

    /// Waits for a change. True where the picture is another one.
    async fn wait(
        &self,
        connection: &mut Connection,
        ear: &mut Ear,
        kept: &mut Kept,
    ) -> Result<bool, LdapError> {
        let poll = self.settling.source.poll_interval.get();
        let interval = match ear {
            Ear::ActiveDirectory(directory) => directory.interval(poll),
            Ear::Sent => poll.max(SILENCE_MAX),
            Ear::List(_, took) => poll.max(LIST_INTERVAL_MIN).max(*took * LIST_SHARE),
        };
        let asked = match ear {
            Ear::List(..) => None,
            _ => Some(&mut *connection),
        };
        let answer = tokio::select! {
            answer = next(asked) => match answer {
                // It does not notify: then it is asked.
                Err(error) if error.is_unknown_control() => None,
                answer => Some(answer?),
            },
            () = sleep(interval) => None,
            // Whatever was let go is put in force now.
            () = self.nudge.notified() => return Ok(true),
        };
        let is_changed = match (ear, answer) {
            (Ear::ActiveDirectory(directory), woken) => {
                if woken.is_some() {
                    // Whoever adds a person changes several entries.
                    drain(connection).await?;
                }
                self.catch_up(connection, directory, kept).await?
            }
            (Ear::Sent, Some(Answer::Changes(changes))) => {
                let picture = Arc::make_mut(&mut kept.picture);
                let mut is_changed = read::take(picture, changes)?;
                while let Ok(more) = timeout(TOGETHER, connection.next()).await {
                    if let Answer::Changes(changes) = more? {
                        is_changed |= read::take(picture, changes)?;
                    }
                }
                is_changed
            }
            (Ear::Sent, _) => {
                alive(connection).await?;
                false
            }
            (Ear::List(list, took), _) => {
                let began = Instant::now();
                let differing = list.renew(connection, &self.scene).await?;
                *took = began.elapsed();
                let picture = Arc::make_mut(&mut kept.picture);
                differing.take(connection, &self.scene, picture).await?
            }
        };
        self.heard();
        Ok(is_changed)
    }

    /// Puts the picture in force; where the store is away, again and again.
    async fn settle(&self, kept: &mut Kept, server: &str) {
        let mut pause = PAUSE_MIN;
        loop {
            let picture = Arc::clone(&kept.picture);
            let entries = picture.len() as u64;
            let allowed = self.standings.allowed(self.name());
            let settling = Arc::clone(&self.settling);
            let done = settle(settling, picture, server.to_owned(), allowed).await;
            let now = self.clock.unix_ms();
            match done {
                Ok(settled) => {
                    note(&self.settling, &self.standings, now, entries, &settled);
                    Arc::make_mut(&mut kept.picture).settle();
                    return;
                }
                Err(error) => {
                    self.standings.change(self.name(), now, |view| {
                        view.state = SyncState::Failing;
                        view.because = Some(error.to_string());
                    });
                    if let SettleError::Refused(because) = &error {
                        self.settling.events.emit(Event::DirectorySourceUnusable {
                            source: self.name().to_owned(),
                            error: because.clone(),
                        });
                        Arc::make_mut(&mut kept.picture).settle();
                        return;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }
}

/// Takes note of what was put in force or held, and raises what is new about it.
pub(super) fn note(
    settling: &Settling,
    standings: &Standings,
    now: u64,
    entries: u64,
    settled: &super::settle::Settled,
) {
    let (troubles, held) = standings.settled(&settling.name, now, entries, settled);
    for one in troubles {
        settling.events.emit(Event::DirectoryEntryRefused {
            source: settling.name.clone(),
            entry: one.dn,
            because: one.because,
        });
    }
    if let Some(held) = held {
        settling.events.emit(Event::DirectorySyncHeld {
            source: settling.name.clone(),
            removals: held.removals,
            because: held.because,
        });
    }
}

/// The event of a server that cannot be used.
pub(super) fn tell(settling: &Settling, account: &str, server: &Server, error: &LdapError) {
    let (source, server) = (settling.name.clone(), format!("{server:?}"));
    let shown = mailward_events::chain(error);
    settling.events.emit(if error.is_sign_in() {
        Event::DirectorySignInRefused {
            source,
            server,
            account: account.to_owned(),
            error: shown,
        }
    } else if error.is_incomplete() {
        Event::DirectoryReadIncomplete {
            source,
            server,
            error: shown,
        }
    } else {
        Event::DirectoryUnreachable {
            source,
            server,
            error: shown,
        }
    });
}

/// The next answer to the open search; never, where there is none.
async fn next(connection: Option<&mut Connection>) -> Result<Answer, LdapError> {
    match connection {
        Some(connection) => connection.next().await,
        None => std::future::pending().await,
    }
}

/// Takes what else wakes within a moment.
async fn drain(connection: &mut Connection) -> Result<(), LdapError> {
    let until = Instant::now() + TOGETHER;
    while let Ok(more) = tokio::time::timeout_at(until, connection.next()).await {
        more?;
    }
    Ok(())
}

/// Asks something, so that a connection that is dead is found to be.
async fn alive(connection: &mut Connection) -> Result<(), LdapError> {
    let any = LdapFilter::Present("objectClass".to_owned());
    let search = Search {
        base: "",
        scope: Scope::Base,
        filter: &any,
        attributes: &["1.1".to_owned()],
        deleted: false,
    };
    connection.search(&search, 1, READ_PATIENCE).await.map(drop)
}

/// Reads the whole once, over a connection of its own, from the first server that tells it.
pub(super) async fn read_once(
    settling: &Settling,
    access: &Access,
    scene: &Scene,
) -> Result<(Picture, String), LdapError> {
    let mut last = LdapError::Closed {
        because: ": the source names no server".to_owned(),
    };
    for server in &access.servers {
        match read_from(settling, access, scene, server).await {
            Ok(picture) => return Ok((picture, format!("{server:?}"))),
            Err(error) => {
                tell(settling, access.account(), server, &error);
                last = error;
            }
        }
    }
    Err(last)
}

async fn read_from(
    settling: &Settling,
    access: &Access,
    scene: &Scene,
    server: &Server,
) -> Result<Picture, LdapError> {
    let mut connection = access.connect(server).await?;
    let picture = match settling.source.directory_type {
        DirectoryType::ActiveDirectory => {
            let base = scene.base.as_deref();
            let mut directory = ActiveDirectory::meet(&mut connection, base).await?;
            directory.read(&mut connection, scene).await?
        }
        DirectoryType::OpenLdap | DirectoryType::Ldap => read::read(&mut connection, scene).await?,
    };
    connection.close().await;
    Ok(picture)
}
