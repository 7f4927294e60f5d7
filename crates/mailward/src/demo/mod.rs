//! `mailward demo`: the main job on real mail, in a temporary folder, with nothing to configure.
//!
//! It starts every role of a node, and a second organisation beside it; sends mail both ways over
//! STARTTLS; shows where one message went; breaks transport twice and shows the repair. Everything
//! it claims is checked: `--once` ends with exit code 0 only if all of it was true.

mod act;
mod checks;
mod node;
mod place;
mod sender;
mod sink;
mod tls;

use std::{io, net::Ipv4Addr, path::PathBuf, time::Duration};

use mailward_model::{EmailAddress, EnvelopeRecipient};

use self::{
    act::Say,
    checks::Checks,
    node::Node,
    place::{AWAY, AWAY_HOST, HOME, HOME_HOST, Place},
    sender::{Letter, Sender},
    sink::Sink,
};

/// Messages sent each way.
const MESSAGES: usize = 100;
/// Connections at one time.
const SESSIONS: usize = 8;
/// How long mail may take to its end.
const DELIVERY_MAX: Duration = Duration::from_secs(30);

/// Why the demo could not be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// A file or socket failed.
    #[error("{action} failed: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A certificate could not be made.
    #[error("making certificates failed: {0}")]
    Certificate(#[from] mailward_tls::ca::IssueError),
    /// Something that must hold did not.
    #[error("{0}")]
    Claim(String),
}

/// Shows the demo. True where everything it claimed was true.
///
/// # Errors
/// See [`DemoError`]: it could not be shown to its end.
pub(crate) async fn run(once: bool) -> Result<bool, DemoError> {
    let say = Say::new();
    let mut checks = Checks::default();
    let folder = Folder::make()?;
    say.title("Mailward demo");
    say.text(&format!(
        "One node for {HOME}, one mail server for {AWAY}, all on loopback, in\n{}",
        folder.0.display()
    ));

    let place = Place::prepare(&folder.0)?;
    let away_host = AWAY_HOST
        .parse()
        .map_err(|error| DemoError::Claim(format!("{error}")))?;
    let sink =
        Sink::start(&away_host, place.away_tls.clone()).map_err(|source| DemoError::File {
            action: "opening the other organisation's port",
            source,
        })?;
    place.write_objects(sink.address())?;
    let mut node = Node::start(&place)?;
    let ended = ended_from_outside()?;
    let result = tokio::select! {
        shown = show(&say, &mut checks, &place, &sink, &mut node, once) => shown,
        // Whatever is being shown: the node and the folder must not stay behind.
        () = ended => Ok(()),
    };
    node.stop().await;
    result?;
    checks.report(&say);
    Ok(checks.all_true())
}

/// Ctrl-C, or SIGTERM.
fn ended_from_outside() -> Result<impl Future<Output = ()>, DemoError> {
    use tokio::signal::unix::{SignalKind, signal};
    let open = |kind| {
        signal(kind).map_err(|source| DemoError::File {
            action: "listening for signals",
            source,
        })
    };
    let (mut interrupt, mut terminate) = (
        open(SignalKind::interrupt())?,
        open(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

async fn show(
    say: &Say,
    checks: &mut Checks,
    place: &Place,
    sink: &Sink,
    node: &mut Node,
    once: bool,
) -> Result<(), DemoError> {
    let ready = node.wait_ready().await?;
    checks.claim(
        format!("the node serves {} ms after its start", ready.as_millis()),
        true,
    );

    let inbound = sender(place, place.ports.internet, AWAY_HOST)?;
    let outbound = sender(place, place.ports.applications, "app.harbour.example")?;
    mail_both_ways(say, checks, place, sink, &inbound, &outbound).await?;
    node.show_trace(say, checks).await?;
    act::kill_transport(say, checks, place, node, &inbound).await?;
    act::wedge_connector(say, checks, place, node, &inbound).await?;
    journal_is_complete(say, checks, place, node).await?;

    say.title("Where things are");
    say.text(&format!(
        "SMTP from outside   127.0.0.1:{}\nSMTP for programs   127.0.0.1:{}   (may relay)\n\
         {AWAY}    {}\nHealth and metrics  http://127.0.0.1:{}/readyz  /metrics\nFolder              {}",
        place.ports.internet,
        place.ports.applications,
        sink.address(),
        place.ports.http,
        place.config.data_dir.display(),
    ));
    say.title("Worth trying");
    let program = node.program();
    let socket = place.socket();
    say.text(&format!(
        "swaks --server 127.0.0.1:{} --tls --from anyone@{AWAY} --to desk@{HOME}\n\
         {program} --socket {socket} health report\n\
         {program} --socket {socket} simulate connection --from 192.0.2.7 --to 127.0.0.1:{}",
        place.ports.internet,
        place.ports.internet,
        socket = socket.display(),
    ));
    if !once {
        checks.report(say);
        say.text("It stays up until Ctrl-C.");
        std::future::pending::<()>().await;
    }
    Ok(())
}

fn sender(place: &Place, port: u16, helo: &str) -> Result<Sender, DemoError> {
    Ok(Sender {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        server_name: place.home_name()?,
        tls: place.client_tls.clone(),
        helo: helo.to_owned(),
    })
}

fn address(local: &str, domain: &str) -> Result<EmailAddress, DemoError> {
    format!("{local}@{domain}")
        .parse()
        .map_err(|error| DemoError::Claim(format!("{error}")))
}

/// One message of the demo.
fn letter(from: &EmailAddress, to: &EmailAddress, subject: &str) -> Letter {
    let octets = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{id}@{domain}>\r\n\r\n{body}",
        date = jiff::fmt::rfc2822::to_string(&jiff::Zoned::now()).unwrap_or_default(),
        id = subject.replace(' ', "."),
        domain = from.domain(),
        body = "A line of an ordinary message, as long as such lines are.\r\n".repeat(40),
    );
    Letter {
        mail_from: from.clone().into(),
        recipients: vec![EnvelopeRecipient::new(to.clone())],
        octets: octets.into_bytes(),
    }
}

async fn mail_both_ways(
    say: &Say,
    checks: &mut Checks,
    place: &Place,
    sink: &Sink,
    inbound: &Sender,
    outbound: &Sender,
) -> Result<(), DemoError> {
    say.title("Mail both ways, over STARTTLS");
    // Even numbers go to a mailbox, odd ones to a group of two.
    let (from_away, desk, orders) = (
        address("sales", AWAY)?,
        address("desk", HOME)?,
        address("orders", HOME)?,
    );
    let letters: Vec<Letter> = (0..MESSAGES)
        .map(|n| {
            letter(
                &from_away,
                if n % 2 == 0 { &orders } else { &desk },
                &format!("Inbound {n}"),
            )
        })
        .collect();
    let refused = act::send_all(say, checks, "in ", inbound, letters, SESSIONS).await;
    checks.claim(
        format!("{MESSAGES} messages from {AWAY} were taken over STARTTLS"),
        refused == 0,
    );

    let (from_home, to_away) = (address("orders", HOME)?, address("sales", AWAY)?);
    let letters: Vec<Letter> = (0..MESSAGES)
        .map(|n| letter(&from_home, &to_away, &format!("Outbound {n}")))
        .collect();
    let refused = act::send_all(say, checks, "out", outbound, letters, SESSIONS).await;
    checks.claim(
        format!("{MESSAGES} messages for {AWAY} were taken over STARTTLS"),
        refused == 0,
    );

    let maildir = |name: &str| place.config.mail_dir().join(name).join("new");
    let group = MESSAGES / 2;
    let arrived = act::wait_until(DELIVERY_MAX, || {
        sink.count() >= MESSAGES
            && act::count_files(&maildir("orders")) >= MESSAGES
            && act::count_files(&maildir("support")) >= group
            && act::count_files(&maildir("journal")) >= 2 * MESSAGES
    })
    .await;
    let (orders, support) = (
        act::count_files(&maildir("orders")),
        act::count_files(&maildir("support")),
    );
    let journal = act::count_files(&maildir("journal"));
    checks.claim(
        format!("orders has {orders} and support {support} messages: each of the group's mail went to both"),
        arrived && orders == MESSAGES && support == group,
    );
    let away = sink.arrived();
    let sound = away.iter().all(|message| {
        message.tls
            && message.recipients.len() == 1
            && message
                .octets
                .windows(8)
                .any(|window| window == b"Outbound")
    });
    checks.claim(
        format!(
            "{AWAY} has {} messages, all over TLS with {AWAY_HOST}'s certificate checked",
            away.len()
        ),
        away.len() == MESSAGES && sound,
    );
    checks.claim(
        format!(
            "the journal has {journal} reports for {} messages: one each",
            2 * MESSAGES
        ),
        journal == 2 * MESSAGES,
    );
    say.text(&format!(
        "Certificate shown by us: {HOME_HOST}, chosen for the connector by name."
    ));
    Ok(())
}

/// After all the breaking: one report for each message that was acknowledged, none for probes.
async fn journal_is_complete(
    say: &Say,
    checks: &mut Checks,
    place: &Place,
    node: &Node,
) -> Result<(), DemoError> {
    say.title("The journal, after both accidents");
    let folder = place.config.mail_dir().join("journal").join("new");
    let probes = act::count_files_with(&folder, b"X-Mailward-Probe");
    let acknowledged = checks.acknowledged();
    let enough = || act::count_files(&folder) >= acknowledged;
    let complete = act::wait_until(DELIVERY_MAX, enough).await;
    let reports = act::count_files(&folder);
    let queued = node.queued().await.unwrap_or(u64::MAX);
    // A message whose acknowledgement was lost with its connection was sent again: the sender
    // cannot know better, and both copies are journaled.
    checks.claim(
        format!(
            "{reports} reports for {acknowledged} acknowledged messages, {queued} left in the queue"
        ),
        complete && reports >= acknowledged && reports <= acknowledged + checks.repeated(),
    );
    checks.claim(format!("{probes} health probes among them"), probes == 0);
    Ok(())
}

/// The temporary folder, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Folder, DemoError> {
        let fail = |source| DemoError::File {
            action: "making a temporary folder",
            source,
        };
        let random = mailward_host::entropy::random::<6>().map_err(fail)?;
        let name = mailward_model::hex(&random);
        let path = std::env::temp_dir().join(format!("mailward-demo-{name}"));
        std::fs::create_dir(&path).map_err(fail)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
