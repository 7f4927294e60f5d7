//! Syslog: the service of this host by its socket, datagrams (RFC 5426), or a connection with octet
//! counting (RFC 6587 §3.4.1). One message for each alert.
//!
//! Over the network messages have the form of RFC 5424. `/dev/log` gets the short local form, which
//! every syslog service reads; journald would show the other's header as text.

use std::{io, time::Duration};

use mailward_model::kind::SyslogAddress;
use tokio::{
    io::AsyncWriteExt,
    net::{UdpSocket, UnixDatagram},
};

use super::courier::{Courier, SendError};

/// The socket of the service of this host.
const LOCAL: &str = "/dev/log";
/// The facility: mail (RFC 5424 §6.2.1).
const FACILITY: u8 = 2;
/// Octets of one message (RFC 5424 §6.1: every receiver should take so many).
const MESSAGE_OCTETS_MAX: usize = 2048;
/// How long an "unreachable" is waited for behind a datagram.
const REFUSAL_WAIT: Duration = Duration::from_millis(100);

/// The message of RFC 5424 §6.
fn message(node: &str, severity: u8, text: &str, unix_ms: u64) -> Vec<u8> {
    let time = i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || "-".to_owned(),
            |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        );
    let host: String = node
        .chars()
        .filter(char::is_ascii_graphic)
        .take(255)
        .collect();
    let priority = FACILITY * 8 + severity;
    let process = std::process::id();
    let head = format!("<{priority}>1 {time} {host} mailward {process} alert - ");
    // RFC 5424 §6.4: text in UTF-8 begins with a byte order mark.
    let mark = if text.is_ascii() { "" } else { "\u{feff}" };
    cut(format!("{head}{mark}{}", one_line(text)))
}

/// The form that the socket of this host takes: no time and no host, which its service knows.
fn local_message(severity: u8, text: &str) -> Vec<u8> {
    let priority = FACILITY * 8 + severity;
    let process = std::process::id();
    cut(format!(
        "<{priority}>mailward[{process}]: {}",
        one_line(text)
    ))
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn cut(mut message: String) -> Vec<u8> {
    message.truncate(message.floor_char_boundary(MESSAGE_OCTETS_MAX));
    message.into_bytes()
}

/// Sends a message for each line.
pub(super) async fn send(
    courier: &Courier,
    to: &SyslogAddress,
    lines: &[(u8, String)],
) -> Result<(), SendError> {
    let unix_ms = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    match to {
        SyslogAddress::Local => {
            let socket = local().await?;
            for (severity, line) in lines {
                socket.send(&local_message(*severity, line)).await?;
            }
        }
        SyslogAddress::Udp(host) => {
            let socket = udp(courier, host).await?;
            for (severity, line) in lines {
                socket
                    .send(&message(&courier.node, *severity, line, unix_ms))
                    .await?;
            }
            refusal(&socket).await?;
        }
        SyslogAddress::Tcp(host) => {
            let mut stream = courier.connect(host).await?;
            let mut octets = Vec::new();
            for (severity, line) in lines {
                let message = message(&courier.node, *severity, line, unix_ms);
                octets.extend_from_slice(format!("{} ", message.len()).as_bytes());
                octets.extend_from_slice(&message);
            }
            stream.write_all(&octets).await?;
            stream.shutdown().await?;
        }
    }
    Ok(())
}

/// Whether somebody would take a message.
pub(super) async fn check(courier: &Courier, to: &SyslogAddress) -> Result<String, SendError> {
    match to {
        SyslogAddress::Local => local().await.map(|_| ())?,
        // Nothing but a message would tell more.
        SyslogAddress::Udp(host) => udp(courier, host).await.map(|_| ())?,
        SyslogAddress::Tcp(host) => courier.connect(host).await.map(|_| ())?,
    }
    Ok(format!("{to} can be reached"))
}

async fn local() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(LOCAL)?;
    Ok(socket)
}

async fn udp(
    courier: &Courier,
    host: &mailward_model::kind::SmartHost,
) -> Result<UdpSocket, SendError> {
    let addresses = courier.addresses(host).await?;
    let first = addresses
        .first()
        .copied()
        .ok_or_else(|| SendError::Lookup(host.to_string(), "it has no address".to_owned()))?;
    let any = if first.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(first).await?;
    Ok(socket)
}

/// A host that has nobody at the port says so, if it says anything.
async fn refusal(socket: &UdpSocket) -> io::Result<()> {
    let mut octet = [0; 1];
    match tokio::time::timeout(REFUSAL_WAIT, socket.recv(&mut octet)).await {
        Ok(Err(error)) => Err(error),
        // Silence is what a receiver of datagrams answers.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_form_of_the_standard() {
        let octets = message("mx.example.org", 2, "offline\nx", 1_790_000_000_123);
        let text = String::from_utf8(octets).unwrap();
        let process = std::process::id();
        let expect = format!(
            "<18>1 2026-09-21T14:13:20.123Z mx.example.org mailward {process} alert - offline x"
        );
        assert_eq!(text, expect);
        let octets = message("mx", 5, &"ü".repeat(4000), 0);
        assert!(
            octets.len() <= MESSAGE_OCTETS_MAX
                && String::from_utf8(octets).unwrap().contains('\u{feff}')
        );
        assert_eq!(
            local_message(3, "x"),
            format!("<19>mailward[{process}]: x").into_bytes()
        );
    }
}
