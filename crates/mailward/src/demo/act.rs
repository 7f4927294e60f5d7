//! What the demo does and how it tells of it: sending with a progress bar, breaking, waiting.

use std::{
    net::Ipv4Addr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    view::repair::LedgerEntry,
};
use parking_lot::Mutex;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    DemoError, address,
    checks::Checks,
    letter,
    node::Node,
    place::{AWAY, HOME, Place},
    sender::{Letter, SendError, Sender},
};

/// Messages sent while transport is killed.
const KILL_LOAD: usize = 60;
/// How long a repair may take to be noticed, done and checked.
const REPAIR_MAX: Duration = Duration::from_secs(60);
/// Attempts at one message before it counts as lost to the sender.
const ATTEMPTS_MAX: usize = 30;

/// The id of the last message that was acknowledged, for `trace`.
static LAST_ID: Mutex<Option<String>> = Mutex::new(None);

/// The last acknowledged message.
pub(super) fn last_id() -> Option<String> {
    LAST_ID.lock().clone()
}

/// The demo's voice. It speaks on standard output: that is what the command is for.
pub(super) struct Say {
    colour: bool,
}

#[expect(
    clippy::print_stdout,
    reason = "the demo speaks to the person at the terminal"
)]
impl Say {
    pub(super) fn new() -> Self {
        use std::io::IsTerminal;
        Say {
            colour: std::io::stdout().is_terminal(),
        }
    }

    /// A heading.
    pub(super) fn title(&self, text: &str) {
        if self.colour {
            println!("\n\x1b[1m{text}\x1b[0m")
        } else {
            println!("\n{text}")
        }
    }

    /// Lines of text.
    pub(super) fn text(&self, text: &str) {
        for line in text.lines() {
            println!("  {line}");
        }
    }

    /// A command and what it printed.
    pub(super) fn command(&self, command: &str, output: &str) {
        if self.colour {
            println!("  \x1b[36m$ {command}\x1b[0m")
        } else {
            println!("  $ {command}")
        }
        for line in output.lines() {
            println!("    {line}");
        }
    }

    fn bar(&self, what: &str, length: usize) -> ProgressBar {
        let bar = ProgressBar::new(length as u64);
        // The template is a constant; were it ever wrong, the plain bar serves too.
        if let Ok(style) = ProgressStyle::with_template("  {prefix} {bar:40} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        bar
    }
}

/// How a batch of mail went.
#[derive(Debug, Default)]
struct Batch {
    acknowledged: usize,
    /// Attempts that broke before an answer came, and were repeated.
    unanswered: usize,
    /// Connections that were refused: a restart must cause none.
    refused_connections: usize,
    /// Messages given up.
    lost: usize,
}

/// Sends letters over several connections at a time; how many were not taken.
pub(super) async fn send_all(
    say: &Say,
    checks: &mut Checks,
    what: &str,
    sender: &Sender,
    letters: Vec<Letter>,
    sessions: usize,
) -> usize {
    let started = Instant::now();
    let bar = say.bar(what, letters.len());
    let count = letters.len();
    let batch = send_batch(sender, letters, sessions, &bar, &AtomicUsize::new(0)).await;
    bar.finish_and_clear();
    checks.sent(batch.acknowledged, batch.unanswered);
    let per_second = batch.acknowledged as f64 / started.elapsed().as_secs_f64();
    say.text(&format!(
        "{what}  {} of {count} acknowledged, {per_second:.0} a second, a connection and a handshake each",
        batch.acknowledged
    ));
    batch.lost
}

async fn send_batch(
    sender: &Sender,
    letters: Vec<Letter>,
    sessions: usize,
    bar: &ProgressBar,
    done: &AtomicUsize,
) -> Batch {
    let places = Arc::new(Semaphore::new(sessions));
    let (results, mut outcomes) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for letter in letters {
        let (sender, places, results) = (sender.clone(), Arc::clone(&places), results.clone());
        tasks.spawn(async move {
            let Ok(_place) = places.acquire().await else {
                return;
            };
            // The receiver outlives the tasks.
            let _ = results.send(send_persistently(&sender, &letter).await);
        });
    }
    drop(results);
    let mut batch = Batch::default();
    while let Some(one) = outcomes.recv().await {
        batch.acknowledged += one.acknowledged;
        batch.unanswered += one.unanswered;
        batch.refused_connections += one.refused_connections;
        batch.lost += one.lost;
        done.fetch_add(1, Ordering::Relaxed);
        bar.inc(1);
    }
    batch
}

/// Sends one message as a real mail server does: again, where the connection broke or the answer
/// was temporary.
async fn send_persistently(sender: &Sender, letter: &Letter) -> Batch {
    let mut batch = Batch::default();
    for attempt in 0..ATTEMPTS_MAX {
        match sender.send(letter).await {
            Ok(reply) => {
                let id = reply.text.split_whitespace().last().map(str::to_owned);
                *LAST_ID.lock() = id;
                batch.acknowledged = 1;
                return batch;
            }
            Err(SendError::Connect(_)) => batch.refused_connections += 1,
            Err(SendError::Broken(_)) => batch.unanswered += 1,
            Err(SendError::Refused(reply)) if reply.is_transient() => {}
            Err(SendError::Refused(_)) => break,
        }
        tokio::time::sleep(Duration::from_millis(100 * (attempt as u64 + 1).min(5))).await;
    }
    batch.lost = 1;
    batch
}

/// True where a greeting comes at once.
pub(super) async fn greets(port: u16) -> bool {
    let greeting = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
        let mut code = [0; 3];
        stream.read_exact(&mut code).await.ok()?;
        (&code == b"220").then_some(())
    };
    matches!(
        tokio::time::timeout(Duration::from_secs(2), greeting).await,
        Ok(Some(()))
    )
}

/// Waits until something holds; false where it never did.
pub(super) async fn wait_until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if started.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Files in a folder; none where it does not exist yet.
pub(super) fn count_files(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .map(Iterator::count)
        .unwrap_or_default()
}

/// Files in a folder with `words` in them.
pub(super) fn count_files_with(folder: &Path, words: &[u8]) -> usize {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| std::fs::read(file.path()).ok())
        .filter(|octets| octets.windows(words.len()).any(|window| window == words))
        .count()
}

/// First accident: the process is killed in the middle of work.
pub(super) async fn kill_transport(
    say: &Say,
    checks: &mut Checks,
    place: &Place,
    node: &Node,
    inbound: &Sender,
) -> Result<(), DemoError> {
    say.title("First accident: transport is killed while mail comes in");
    let transport = |status: &mailward_api::view::ManagerStatus| {
        status
            .children
            .iter()
            .find(|child| child.role == Role::Transport)
            .cloned()
    };
    let before = node.manager().await.map(|status| transport(&status))?;
    let Some((pid, restarts)) = before.and_then(|child| Some((child.pid?, child.restarts))) else {
        return Err(DemoError::Claim("transport has no process".to_owned()));
    };
    let (from, to) = (address("sales", AWAY)?, address("orders", HOME)?);
    let letters = (0..KILL_LOAD)
        .map(|n| letter(&from, &to, &format!("Under fire {n}")))
        .collect();
    let done = AtomicUsize::new(0);
    let bar = say.bar("in ", KILL_LOAD);
    let killing = async {
        while done.load(Ordering::Relaxed) < KILL_LOAD / 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let target = nix::unistd::Pid::from_raw(pid.cast_signed());
        let killed = nix::sys::signal::kill(target, nix::sys::signal::Signal::SIGKILL);
        let at = Instant::now();
        while killed.is_ok() && !greets(place.ports.internet).await && at.elapsed() < REPAIR_MAX {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        at.elapsed()
    };
    let (batch, back) = tokio::join!(send_batch(inbound, letters, 4, &bar, &done), killing);
    bar.finish_and_clear();
    checks.sent(batch.acknowledged, batch.unanswered);
    say.text(&format!(
        "kill -9 {pid}; a greeting again after {} ms; {} attempts broke off and were repeated",
        back.as_millis(),
        batch.unanswered
    ));
    checks.claim(
        format!(
            "transport killed in the middle of work greeted again within {} ms",
            back.as_millis()
        ),
        back < Duration::from_secs(5),
    );
    checks.claim(
        format!("not one of {KILL_LOAD} senders saw a refused connection, none lost mail"),
        batch.refused_connections == 0 && batch.lost == 0,
    );
    let after = node.manager().await.map(|status| transport(&status))?;
    checks.claim(
        "the manager counted one restart",
        after.is_some_and(|child| child.restarts == restarts + 1),
    );
    let found = wait_for_repair(node, |entry| {
        entry.record == "exit" && entry.component.contains("transport")
    })
    .await?;
    explain(say, checks, node, &found, "the killed process").await
}

/// Second accident: a connector accepts and never answers.
pub(super) async fn wedge_connector(
    say: &Say,
    checks: &mut Checks,
    place: &Place,
    node: &Node,
    inbound: &Sender,
) -> Result<(), DemoError> {
    say.title("Second accident: a connector accepts connections and never answers");
    node.ask(
        Role::Transport,
        &ControlRequest::Wedge {
            connector: "Internet".to_owned(),
        },
    )
    .await?;
    let wedged = Instant::now();
    let silent = !greets(place.ports.internet).await;
    let others = greets(place.ports.applications).await;
    checks.claim(
        "the wedged connector is silent, the other one answers",
        silent && others,
    );
    let bar = say.bar("waiting for the health manager", 1);
    bar.enable_steady_tick(Duration::from_millis(200));
    while !greets(place.ports.internet).await && wedged.elapsed() < REPAIR_MAX {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let back = wedged.elapsed();
    bar.finish_and_clear();
    say.text(&format!(
        "a greeting again after {:.1} s, by the health manager alone",
        back.as_secs_f64()
    ));
    checks.claim(
        format!(
            "the connector was repaired within {:.1} s",
            back.as_secs_f64()
        ),
        back < REPAIR_MAX,
    );
    let solved = wait_for_repair(node, |entry| {
        entry.record == "outcome" && entry.component.contains("Internet")
    })
    .await?;
    let (from, to) = (address("sales", AWAY)?, address("orders", HOME)?);
    let taken = send_persistently(inbound, &letter(&from, &to, "After the repair")).await;
    checks.sent(taken.acknowledged, taken.unanswered);
    checks.claim(
        "mail comes in again through the repaired connector",
        taken.acknowledged == 1,
    );
    explain(say, checks, node, &solved, "the wedged connector").await
}

/// Waits for an entry of the repair ledger.
async fn wait_for_repair(
    node: &Node,
    wanted: impl Fn(&LedgerEntry) -> bool,
) -> Result<LedgerEntry, DemoError> {
    let started = Instant::now();
    loop {
        if let ControlReply::Ledger(ledger) = node
            .ask(Role::Manager, &ControlRequest::Ledger { limit: 50 })
            .await?
            && let Some(entry) = ledger.entries.into_iter().find(|entry| wanted(entry))
        {
            return Ok(entry);
        }
        if started.elapsed() > REPAIR_MAX {
            return Err(DemoError::Claim(
                "the repair ledger has no entry of this repair".to_owned(),
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn explain(
    say: &Say,
    checks: &mut Checks,
    node: &Node,
    entry: &LedgerEntry,
    what: &str,
) -> Result<(), DemoError> {
    let id = entry
        .case
        .clone()
        .unwrap_or_else(|| entry.entry.to_string());
    let text = node.show(say, &["explain", &id]).await?;
    checks.claim(
        format!("`mailward explain {id}` tells the repair of {what}"),
        text.lines().count() > 3,
    );
    Ok(())
}
