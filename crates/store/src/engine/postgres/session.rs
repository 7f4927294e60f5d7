//! One connection to the database: its layout, the feed behind the copy, and a write.

use std::{future::poll_fn, sync::mpsc::SyncSender, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{
    AsyncMessage, Client, Connection, GenericClient, Row, Transaction, tls::TlsStream,
};

use super::{Answer, Trouble};
use crate::{
    doubt::Shown,
    engine::{
        Head, Line,
        copy::{Copy, Reached},
        folded,
    },
    place::Database,
};

/// The layout this version reads and writes.
pub(super) const LAYOUT: i64 = 1;
/// Lines that are asked for at one time.
const PAGE: i64 = 1000;
/// How long the database may take for the statements of a write, waiting for another writer
/// included.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// How long the writer may take to work out what is to be written, meanwhile nobody else can.
const WORK_MAX: Duration = Duration::from_secs(30);

/// The settings of a session. The database itself ends what a node that has gone leaves open: a
/// lock that is held by nobody would keep every other node from writing.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s';
SET idle_in_transaction_session_timeout = '40s'; SET default_transaction_isolation = 'read committed'";

/// Held while the tables are made: any number will do that is the same on every node.
const MAKING: i64 = 0x4d57_6f62;

const TABLES: &str = "
CREATE SCHEMA IF NOT EXISTS mailward;
CREATE TABLE mailward.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    layout bigint NOT NULL,
    store text NOT NULL,
    revision bigint NOT NULL,
    id bigint NOT NULL
);
CREATE TABLE mailward.object (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    name_folded text NOT NULL,
    revision bigint NOT NULL,
    spec text NOT NULL,
    UNIQUE (kind, name_folded) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE mailward.change (
    revision bigint PRIMARY KEY,
    kind text NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    op text NOT NULL,
    spec_before text,
    spec_after text,
    at_unix_ms bigint NOT NULL,
    by text NOT NULL
);
CREATE INDEX change_of_object ON mailward.change (id, revision);
";

const LINE: &str = "revision, kind, id, name, op, spec_before, spec_after, at_unix_ms, by";

pub(super) struct Session {
    client: Client,
    /// Told of each notification; ends with the connection.
    news: mpsc::Receiver<()>,
    driver: JoinHandle<()>,
    /// The work in which this connection leads.
    leads: Vec<String>,
    /// What the database showed in the handshake.
    shown: Shown,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Connects, makes the tables where there are none, and brings the copy up to date.
    pub(super) async fn open(database: &Database, copy: &mut Copy) -> Result<Session, Trouble> {
        let config = database.config().map_err(Trouble::Place)?;
        let (tls, shown) = database.tls().map_err(Trouble::Place)?;
        let (client, connection) = config.connect(tls).await?;
        let (tell, news) = mpsc::channel(1);
        let driver = tokio::spawn(drive(connection, tell));
        let mut session = Session {
            client,
            news,
            driver,
            leads: Vec::new(),
            shown,
        };
        session.client.batch_execute(SETTINGS).await?;
        let store = session.prepare().await?;
        // Before the first look, so that nothing falls between the two.
        session
            .client
            .batch_execute("LISTEN mailward_change")
            .await?;
        settle(&session.client, copy, &store).await?;
        Ok(session)
    }

    /// Makes the tables where there are none. Returns the mark of this database.
    async fn prepare(&mut self) -> Result<String, Trouble> {
        let encoding: String = self
            .client
            .query_one("SHOW server_encoding", &[])
            .await?
            .try_get(0)?;
        if encoding != "UTF8" {
            return Err(Trouble::Encoding(encoding));
        }
        let is_there = "SELECT to_regclass('mailward.head') IS NOT NULL";
        if !self
            .client
            .query_one(is_there, &[])
            .await?
            .try_get::<_, bool>(0)?
        {
            let transaction = self.client.transaction().await?;
            let alone = "SELECT pg_advisory_xact_lock($1)";
            transaction.query_one(alone, &[&MAKING]).await?;
            // Another node may have been first.
            if !transaction
                .query_one(is_there, &[])
                .await?
                .try_get::<_, bool>(0)?
            {
                transaction.batch_execute(TABLES).await?;
                let head = "INSERT INTO mailward.head (layout, store, revision, id)
                            VALUES ($1, gen_random_uuid()::text, 0, 0)";
                transaction.execute(head, &[&LAYOUT]).await?;
            }
            transaction.commit().await?;
        }
        let head = "SELECT layout, store FROM mailward.head";
        let row = self.client.query_one(head, &[]).await?;
        match row.try_get(0)? {
            newer if newer > LAYOUT => Err(Trouble::Newer(newer)),
            _ => Ok(row.try_get(1)?),
        }
    }

    /// Waits for a notification.
    pub(super) async fn heard(&mut self) -> Result<(), Trouble> {
        let heard = self.news.recv().await;
        heard.ok_or_else(|| Trouble::Away("the connection has ended".to_owned()))
    }

    /// Whether what the database showed is still borne: the list of what is not may be another one than
    /// at the handshake.
    pub(super) fn is_trusted(&self) -> Result<(), Trouble> {
        let looked_at = self.shown.look();
        looked_at.map_err(|(error, path)| Trouble::Distrusted(error, path))
    }

    /// How many octets the whole database takes.
    pub(super) async fn octets(&self) -> Result<u64, Trouble> {
        let ask = "SELECT pg_database_size(current_database())";
        let asked = timeout(WRITE_MAX, self.client.query_one(ask, &[])).await;
        let octets: i64 = asked.map_err(|_| Trouble::Late(WRITE_MAX))??.try_get(0)?;
        Ok(u64::try_from(octets).unwrap_or(0))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Brings the copy up to date; true where there was something.
    pub(super) async fn follow(&self, copy: &mut Copy) -> Result<bool, Trouble> {
        let head = "SELECT revision FROM mailward.head";
        let head: i64 = self.client.query_one(head, &[]).await?.try_get(0)?;
        catch_up(&self.client, copy, head).await
    }

    /// Locks, lets the writer work out what is to be written, and writes it.
    pub(super) async fn write(
        &mut self,
        copy: &mut Copy,
        answer: &SyncSender<Answer>,
        lines: oneshot::Receiver<Vec<Line>>,
    ) -> Result<(), Trouble> {
        let late = |_| Trouble::Late(WRITE_MAX);
        let transaction = timeout(WRITE_MAX, async {
            let transaction = self.client.transaction().await?;
            let lock = "SELECT revision, id FROM mailward.head FOR UPDATE";
            let row = transaction.query_one(lock, &[]).await?;
            let (revision, id) = (row.try_get(0)?, row.try_get(1)?);
            catch_up(&transaction, copy, revision).await?;
            let head = Head { revision, id };
            // Who has gone drops the lines as well.
            let _ = answer.try_send(Answer::Ready(head));
            Ok::<_, Trouble>(transaction)
        });
        let transaction = transaction.await.map_err(late)??;
        let lines = match timeout(WORK_MAX, lines).await {
            Ok(Ok(lines)) if !lines.is_empty() => lines,
            // Nothing is to be written, or the change was refused.
            Ok(_) => return Ok(transaction.rollback().await?),
            Err(_) => {
                transaction.rollback().await?;
                return Err(Trouble::Late(WORK_MAX));
            }
        };
        timeout(WRITE_MAX, append(&transaction, &lines))
            .await
            .map_err(late)??;
        match timeout(WRITE_MAX, transaction.commit()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.as_db_error().is_some() => return Err(error.into()),
            Ok(Err(error)) => return Err(Trouble::Unsure(error)),
            Err(_) => return Err(Trouble::Late(WRITE_MAX)),
        }
        // It is made, whatever becomes of the copy: that is brought up to date again soon.
        let _ = copy.bring(&lines);
        Ok(())
    }

    /// Asks whether this connection leads in some work: PostgreSQL gives an advisory lock to one at a
    /// time, and takes it back when the connection ends, however it ends.
    pub(super) async fn lead(&mut self, work: &str) -> Result<bool, Trouble> {
        if self.leads.iter().any(|known| known == work) {
            return Ok(true);
        }
        let ask = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        let asked = timeout(WRITE_MAX, self.client.query_one(ask, &[&LEAD, &work])).await;
        let row = asked.map_err(|_| Trouble::Late(WRITE_MAX))??;
        let leads: bool = row.try_get(0)?;
        if leads {
            self.leads.push(work.to_owned());
        }
        Ok(leads)
    }

    /// Locks and writes, and takes it back.
    pub(super) async fn test(&mut self) -> Result<(), Trouble> {
        let test = async {
            let transaction = self.client.transaction().await?;
            let write = "UPDATE mailward.head SET revision = revision";
            transaction.execute(write, &[]).await?;
            transaction.rollback().await
        };
        let tested = timeout(WRITE_MAX, test).await;
        Ok(tested.map_err(|_| Trouble::Late(WRITE_MAX))??)
    }
}

/// The first half of the keys of who leads: not to be mistaken for another program's.
const LEAD: i32 = 0x4d57;

/// Drives the connection to its end, and tells of notifications.
async fn drive<S, T>(mut connection: Connection<S, T>, tell: mpsc::Sender<()>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: TlsStream + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            // One that waits to be heard stands for all.
            Some(Ok(AsyncMessage::Notification(_))) => drop(tell.try_send(())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// The lines behind one revision, up to another.
async fn page(client: &impl GenericClient, after: i64, until: i64) -> Result<Vec<Line>, Trouble> {
    let sql = format!(
        "SELECT {LINE} FROM mailward.change WHERE revision > $1 AND revision <= $2
         ORDER BY revision LIMIT $3"
    );
    let rows = client.query(&sql, &[&after, &until, &PAGE]).await?;
    Ok(rows.iter().map(line).collect::<Result<_, _>>()?)
}

fn line(row: &Row) -> Result<Line, tokio_postgres::Error> {
    Ok(Line {
        revision: row.try_get(0)?,
        kind: row.try_get(1)?,
        id: row.try_get(2)?,
        name: row.try_get(3)?,
        op: row.try_get(4)?,
        before: row.try_get(5)?,
        after: row.try_get(6)?,
        at_unix_ms: row.try_get(7)?,
        by: row.try_get(8)?,
    })
}

/// Brings the copy to a revision that is committed; true where there was something.
async fn catch_up(
    client: &impl GenericClient,
    copy: &mut Copy,
    head: i64,
) -> Result<bool, Trouble> {
    let last = copy.last()?;
    if last == head {
        return Ok(false);
    }
    if last > head {
        // Another process of this node may have brought what was committed since `head` was read;
        // else this is another database than it was.
        return match client
            .query_one("SELECT revision FROM mailward.head", &[])
            .await?
            .try_get(0)?
        {
            database if database >= last => Ok(false),
            database => Err(Trouble::Behind {
                copy: last,
                database,
            }),
        };
    }
    if head - last <= PAGE {
        copy.bring(&page(client, last, head).await?)?;
        return Ok(true);
    }
    let held = copy.hold()?;
    stream(client, &held, head).await?;
    held.commit()?;
    Ok(true)
}

async fn stream(
    client: &impl GenericClient,
    held: &crate::engine::copy::Held<'_>,
    head: i64,
) -> Result<(), Trouble> {
    let mut last = held.last()?;
    while last < head {
        let lines = page(client, last, head).await?;
        held.bring(&lines)?;
        match lines.last() {
            Some(line) => last = line.revision,
            None => {
                return Err(Trouble::Behind {
                    copy: last,
                    database: head,
                });
            }
        }
    }
    Ok(())
}

/// Sees to it that the copy is of this database and of its past, and brings it up to date. A
/// database that was restored from a backup has another past from some revision on.
async fn settle(client: &Client, copy: &mut Copy, store: &str) -> Result<(), Trouble> {
    let head = client
        .query_one("SELECT revision FROM mailward.head", &[])
        .await?
        .try_get(0)?;
    if is_of(client, &copy.reached()?, store).await? {
        catch_up(client, copy, head).await?;
        return Ok(());
    }
    let held = copy.hold()?;
    // Another process of this node may have begun it anew meanwhile.
    if !is_of(client, &held.reached()?, store).await? {
        held.begin_anew(store)?;
    }
    stream(client, &held, head).await?;
    held.commit()?;
    Ok(())
}

async fn is_of(client: &Client, reached: &Reached, store: &str) -> Result<bool, Trouble> {
    if reached.store.as_deref() != Some(store) {
        return Ok(false);
    }
    let Some(last) = &reached.line else {
        return Ok(true);
    };
    let found = page(client, last.revision - 1, last.revision).await?;
    Ok(found.first() == Some(last))
}

/// Writes lines and what they do to the objects, moves the head, and tells everybody; all with
/// the transaction.
async fn append(transaction: &Transaction<'_>, lines: &[Line]) -> Result<(), Trouble> {
    let Some(last) = lines.last() else {
        return Ok(());
    };
    fn column<'a, T>(lines: &'a [Line], of: impl Fn(&'a Line) -> T) -> Vec<T> {
        lines.iter().map(of).collect()
    }
    let feed = format!(
        "INSERT INTO mailward.change ({LINE}) SELECT * FROM unnest($1::bigint[], $2::text[],
         $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])"
    );
    transaction
        .execute(
            &feed,
            &[
                &column(lines, |line| line.revision),
                &column(lines, |line| &line.kind),
                &column(lines, |line| line.id),
                &column(lines, |line| &line.name),
                &column(lines, |line| &line.op),
                &column(lines, |line| &line.before),
                &column(lines, |line| &line.after),
                &column(lines, |line| line.at_unix_ms),
                &column(lines, |line| &line.by),
            ],
        )
        .await?;
    // Of an object that was changed several times, the last line alone counts.
    let mut after = std::collections::BTreeMap::new();
    for line in lines {
        after.insert(line.id, line);
    }
    let gone: Vec<i64> = after
        .values()
        .filter(|line| line.after.is_none())
        .map(|line| line.id)
        .collect();
    let remove = "DELETE FROM mailward.object WHERE id = ANY($1)";
    transaction.execute(remove, &[&gone]).await?;
    let kept: Vec<&Line> = after
        .into_values()
        .filter(|line| line.after.is_some())
        .collect();
    let keep = "INSERT INTO mailward.object (id, kind, name, name_folded, revision, spec)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_folded = excluded.name_folded,
          revision = excluded.revision, spec = excluded.spec";
    let folded: Vec<String> = kept.iter().map(|line| folded(&line.name)).collect();
    transaction
        .execute(
            keep,
            &[
                &kept.iter().map(|line| line.id).collect::<Vec<_>>(),
                &kept.iter().map(|line| &line.kind).collect::<Vec<_>>(),
                &kept.iter().map(|line| &line.name).collect::<Vec<_>>(),
                &folded,
                &kept.iter().map(|line| line.revision).collect::<Vec<_>>(),
                &kept.iter().map(|line| &line.after).collect::<Vec<_>>(),
            ],
        )
        .await?;
    let id = lines.iter().map(|line| line.id).max().unwrap_or(0);
    let head = "UPDATE mailward.head SET revision = $1, id = greatest(id, $2)";
    transaction.execute(head, &[&last.revision, &id]).await?;
    let tell = "SELECT pg_notify('mailward_change', $1)";
    let revision = last.revision.to_string();
    transaction.query_one(tell, &[&revision]).await?;
    Ok(())
}
