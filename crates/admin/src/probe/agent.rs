//! The agent for balancers that look at nothing above TCP: HAProxy's agent check and its like.
//!
//! A balancer connects, may send one line with the name of a component (`receive/Internet`, else the
//! whole server is meant), gets one line, and is disconnected. Only words of HAProxy's agent check
//! are said, and each answer says everything anew, so that none has to remember what another said:
//!
//! | the component | the line |
//! |---|---|
//! | takes mail | `up ready 100%` |
//! | is draining | `up drain` |
//! | takes nothing | `down #inactive`, `down #starting` |
//! | does not exist | `down #unknown` |

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    Probes,
    standing::{Component, Standing, Word},
};
use crate::accept;

/// Connections at one time: some balancers, each asking for a few components.
const CONNECTIONS_MAX: usize = 64;
/// How long a line is waited for. HAProxy sends it with the packet that ends the handshake, so that it
/// is there when the connection is accepted, or sends none; and then that packet comes 200 ms late.
const LINE_WAIT: Duration = Duration::from_millis(50);
/// Octets of that line.
const LINE_OCTETS_MAX: usize = 256;
/// How long writing the answer may take.
const WRITE_MAX: Duration = Duration::from_secs(2);

/// Serves the agent to whoever reaches the port.
pub(crate) async fn serve(listener: TcpListener, probes: Arc<Probes>) {
    accept::each(CONNECTIONS_MAX, listener, |(stream, _)| {
        let probes = Arc::clone(&probes);
        async move {
            // A balancer that breaks off asks again.
            let _ = tokio::time::timeout(WRITE_MAX + LINE_WAIT, answer(stream, &probes)).await;
        }
    })
    .await;
}

async fn answer(mut stream: TcpStream, probes: &Probes) -> std::io::Result<()> {
    let mut line = Vec::new();
    let mut room = (&mut stream).take(LINE_OCTETS_MAX as u64);
    let read = async {
        while !line.contains(&b'\n') && room.read_buf(&mut line).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // Without a line the whole server is meant.
    let _ = tokio::time::timeout(LINE_WAIT, read).await;
    let asked = String::from_utf8_lossy(&line);
    let component = match asked.trim() {
        "" => Some(Component::Smtp),
        name => Component::named(name),
    };
    let standing = component.and_then(|component| probes.standing(component));
    stream.write_all(said(standing).as_bytes()).await?;
    stream.shutdown().await
}

/// The line for a component that stands so.
fn said(standing: Option<Standing>) -> &'static str {
    match standing.map(|standing| standing.word) {
        Some(Word::Ok) => "up ready 100%\n",
        Some(Word::Draining) => "up drain\n",
        Some(Word::Inactive) => "down #inactive\n",
        Some(Word::Starting) => "down #starting\n",
        None => "down #unknown\n",
    }
}
