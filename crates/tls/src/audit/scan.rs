//! Which versions and suites a server takes, and how it takes a heartbeat: asked with hellos of our
//! own, one connection for each.

use mailward_host::entropy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout_at,
};

use super::{
    flight::{Flight, alert_name},
    heartbeat::{self, Echo, Heartbeat, PAYLOAD_OCTETS},
    hello::{ClientHello, Version},
    suite::{LEGACY, TLS13},
    wire::{Answer, Dial},
};

/// Octets read at once of a reply to a heartbeat, before they are compared and wiped.
const SCRATCH_OCTETS: usize = 4096;

/// Whether a version is spoken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "support", content = "detail")]
pub enum Support {
    /// It is.
    Offered,
    /// It is not, and this is how that was said.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// What is known of one version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct VersionSeen {
    /// The version.
    pub version: Version,
    /// Whether it is spoken.
    #[serde(flatten)]
    pub support: Support,
    /// The numbers of the suites that are taken, in the server's order.
    pub suites: Vec<u16>,
    /// True where every suite was asked for.
    pub complete: bool,
}

/// What came of one test for Heartbleed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HeartbeatSeen {
    /// The version.
    pub version: Version,
    /// True where the hello named the host.
    pub named: bool,
    /// What came of it.
    #[serde(flatten)]
    pub heartbeat: Heartbeat,
}

/// A version's first answer: kept, as it shows the chain to who speaks nothing newer.
#[derive(Debug)]
pub(super) struct First {
    pub(super) seen: VersionSeen,
    pub(super) flight: Option<Flight>,
}

/// The suites that may be chosen at a version.
fn suites_of(version: Version) -> Vec<u16> {
    let all = if version == Version::TLS13 {
        TLS13
    } else {
        LEGACY
    };
    all.iter().map(|suite| suite.id).collect()
}

/// Asks whether a version is spoken.
pub(super) async fn version(dial: &Dial, version: Version) -> First {
    let suites = suites_of(version);
    let (support, flight) = match ask(dial, version, &suites, dial.server_name()).await {
        Ok(flight) => (Support::Offered, Some(flight)),
        Err(support) => (support, None),
    };
    First {
        seen: VersionSeen {
            version,
            support,
            suites: Vec::new(),
            complete: false,
        },
        flight,
    }
}

/// One hello; the flight where the version was chosen.
async fn ask(
    dial: &Dial,
    version: Version,
    suites: &[u16],
    name: Option<&str>,
) -> Result<Flight, Support> {
    let unknown = |error: &dyn std::fmt::Display| Support::Unknown(error.to_string());
    let random = entropy::random().map_err(|error| unknown(&error))?;
    let mut open = dial.open().await.map_err(|error| unknown(&error))?;
    let answer = open
        .ask(&ClientHello {
            version,
            suites,
            server_name: name,
            heartbeat: false,
            random,
        })
        .await;
    Err(match answer {
        Answer::Flight(flight) => match flight.hello {
            Some(hello) if hello.version == version => return Ok(flight),
            Some(hello) => Support::Refused(format!("answers {}", hello.version.name())),
            None => Support::Unknown("the flight has no ServerHello".to_owned()),
        },
        Answer::Refused(alert) => Support::Refused(alert_name(alert).to_owned()),
        Answer::Closed => Support::Refused("closes the connection".to_owned()),
        Answer::Silent => Support::Unknown("no answer in time".to_owned()),
        Answer::NoTls(error) => Support::Unknown(error),
    })
}

/// Finds every suite of a version that is spoken: offers what is left until nothing is taken.
pub(super) async fn suites(dial: &Dial, first: &mut First) {
    let seen = &mut first.seen;
    if seen.support != Support::Offered {
        return;
    }
    let mut left = suites_of(seen.version);
    let chosen = first.flight.as_ref().and_then(|flight| flight.hello);
    let mut found = chosen.map(|hello| hello.suite);
    while let Some(suite) = found {
        // A server that chooses what was not offered would be asked for ever.
        let Some(at) = left.iter().position(|id| *id == suite) else {
            return;
        };
        left.remove(at);
        seen.suites.push(suite);
        if left.is_empty() {
            break;
        }
        if dial.is_over() {
            return;
        }
        found = match ask(dial, seen.version, &left, dial.server_name()).await {
            Ok(flight) => flight.hello.map(|hello| hello.suite),
            Err(Support::Unknown(_)) => return,
            Err(_) => None,
        };
    }
    seen.complete = true;
}

/// Tests for Heartbleed at one version: without a name first, as old servers choke on one, then
/// with it, as another server may stand behind the name.
pub(super) async fn heartbleed(dial: &Dial, version: Version) -> Vec<HeartbeatSeen> {
    let mut seen = Vec::new();
    for named in [false, true] {
        let name = dial.server_name().filter(|_| named);
        if named && name.is_none() {
            break;
        }
        let heartbeat = beat(dial, version, name).await;
        let decided = heartbeat == Heartbeat::Echoed;
        seen.push(HeartbeatSeen {
            version,
            named,
            heartbeat,
        });
        if decided {
            break;
        }
    }
    seen
}

/// The few suites of the time first; all of them where a server takes none of those.
async fn beat(dial: &Dial, version: Version, name: Option<&str>) -> Heartbeat {
    match beat_with(dial, version, name, &heartbeat::SUITES).await {
        Err(_) => beat_with(dial, version, name, &suites_of(version))
            .await
            .unwrap_or_else(Heartbeat::Untested),
        Ok(heartbeat) => heartbeat,
    }
}

/// `Err` with the reason where the hello was not taken.
async fn beat_with(
    dial: &Dial,
    version: Version,
    name: Option<&str>,
    suites: &[u16],
) -> Result<Heartbeat, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let payload = payload().map_err(|error| text(&error))?;
    let random = entropy::random().map_err(|error| text(&error))?;
    let mut open = dial.open().await.map_err(|error| text(&error))?;
    let answer = open
        .ask(&ClientHello {
            version,
            suites,
            server_name: name,
            heartbeat: true,
            random,
        })
        .await;
    let hello = match answer {
        Answer::Flight(flight) => flight.hello.ok_or("the flight has no ServerHello")?,
        Answer::Refused(alert) => {
            return Err(format!("the hello was refused: {}", alert_name(alert)));
        }
        Answer::Closed => return Err("the hello was answered by closing".to_owned()),
        Answer::Silent => return Err("the hello was not answered in time".to_owned()),
        Answer::NoTls(error) => return Err(error),
    };
    if hello.heartbeat.is_none() {
        return Ok(Heartbeat::NotOffered);
    }
    // Silence counts only where there was time to speak.
    if dial.late() >= dial.until {
        return Err("the time for this target is over".to_owned());
    }
    let heard = hear(&mut open.stream, hello.version, &payload);
    Ok(timeout_at(dial.late(), heard)
        .await
        .unwrap_or(Heartbeat::Silent))
}

/// Sends the request and judges what comes back.
async fn hear(
    stream: &mut TcpStream,
    version: Version,
    payload: &[u8; PAYLOAD_OCTETS],
) -> Heartbeat {
    // Whether the server closes while it is written to or later comes to the same.
    let request = heartbeat::request(version, payload);
    if stream.write_all(&request).await.is_err() {
        return Heartbeat::Closed;
    }
    let mut echo = Echo::new(payload);
    let mut scratch = [0; SCRATCH_OCTETS];
    loop {
        let count = match stream.read(&mut scratch).await {
            Ok(0) | Err(_) => return Heartbeat::Closed,
            Ok(count) => count,
        };
        let decided = echo.take(scratch.get(..count).unwrap_or_default());
        scratch.fill(0);
        if let Some(decided) = decided {
            return decided;
        }
    }
}

/// Octets of our own that nobody else can have sent.
fn payload() -> std::io::Result<Box<[u8; PAYLOAD_OCTETS]>> {
    entropy::random::<PAYLOAD_OCTETS>().map(Box::new)
}
