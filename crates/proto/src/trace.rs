//! Trace fields: what each system writes on top of a message (RFC 5321 §4.4).
//!
//! Received is written when a message is accepted, Return-Path when it is delivered for good. What
//! a client claimed (its EHLO name) is cleaned before it stands in a field.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter, tz::TimeZone};
use mailward_model::{Domain, EmailAddress, MessageId, ReversePath, TlsSession};

/// Octets of an EHLO name that are kept in a Received field: a domain has no more.
const HELO_OCTETS_MAX: usize = 255;

/// A date and time as mail writes it (RFC 5322 §3.3), in UTC: `Wed, 12 Feb 2025 08:30:05 +0000`.
pub fn date(unix_ms: u64) -> String {
    let timestamp = i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    // Years beyond 9999 have no form in RFC 5322; a clock that far off dates its mail to 1970.
    DateTimePrinter::new()
        .zoned_to_string(&timestamp.to_zoned(TimeZone::UTC))
        .unwrap_or_else(|_| "Thu, 1 Jan 1970 00:00:00 +0000".to_owned())
}

/// A date and time as Exchange writes it in a journal report, in UTC: `2/12/2025 8:30:05 AM`.
/// (MS-XJRNL §2.1.9 leaves the form to who writes it.)
pub fn utc(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC);
    let (half, hour) = match at.hour() {
        0 => ("AM", 12),
        hour @ 1..=11 => ("AM", hour),
        12 => ("PM", 12),
        hour => ("PM", hour - 12),
    };
    format!(
        "{}/{}/{} {hour}:{:02}:{:02} {half}",
        at.month(),
        at.day(),
        at.year(),
        at.minute(),
        at.second()
    )
}

/// What a Received field says.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedFields<'a> {
    /// What the client said in EHLO, HELO or LHLO; empty where it said nothing.
    pub helo: &'a str,
    /// The client's address, where it came over the network.
    pub client: Option<SocketAddr>,
    /// This host, under the name the connector goes by.
    pub by: &'a Domain,
    /// The protocol word (RFC 3848, RFC 6531 §4.3): `ESMTPS`.
    pub protocol: &'a str,
    /// TLS, where it was used.
    pub tls: Option<&'a TlsSession>,
    /// The message's id.
    pub id: MessageId,
    /// The recipient; `None` where there are several, so that none learns of the others
    /// (RFC 5321 §7.2).
    pub recipient: Option<&'a EmailAddress>,
    /// When the message was accepted, Unix milliseconds.
    pub unix_ms: u64,
}

/// Writes a Received field, line end included.
pub fn received(fields: &ReceivedFields<'_>) -> String {
    let mut text = String::with_capacity(320);
    text.push_str("Received: from ");
    let helo = clean_helo(fields.helo);
    match (helo.is_empty(), fields.client) {
        (false, _) => text.push_str(&helo),
        // RFC 5321 §4.4: Extended-Domain may be an address literal alone.
        (true, Some(client)) => push_literal(&mut text, client.ip()),
        (true, None) => text.push_str("localhost"),
    }
    if let (false, Some(client)) = (helo.is_empty(), fields.client) {
        text.push_str(" (");
        push_literal(&mut text, client.ip());
        text.push(')');
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "\r\n\tby {} with {}", fields.by, fields.protocol);
    if let Some(tls) = fields.tls {
        let _ = write!(
            text,
            "\r\n\t({} {})",
            token(&tls.version),
            token(&tls.cipher)
        );
    }
    let _ = write!(text, "\r\n\tid {}", fields.id);
    if let Some(recipient) = fields.recipient {
        let _ = write!(text, "\r\n\tfor <{recipient}>");
    }
    text.push_str(";\r\n\t");
    text.push_str(&date(fields.unix_ms));
    text.push_str("\r\n");
    text
}

/// Writes a Return-Path field, line end included. Only final delivery may (RFC 5321 §4.4).
pub fn return_path(path: &ReversePath) -> String {
    match path.address() {
        Some(address) => format!("Return-Path: <{address}>\r\n"),
        None => "Return-Path: <>\r\n".to_owned(),
    }
}

/// An address as an address literal (RFC 5321 §4.1.3).
fn push_literal(text: &mut String, ip: IpAddr) {
    // Writing to a String cannot fail.
    let _ = match ip.to_canonical() {
        IpAddr::V4(ip) => write!(text, "[{ip}]"),
        IpAddr::V6(ip) => write!(text, "[IPv6:{ip}]"),
    };
}

/// The EHLO name with every character that cannot stand in a domain or literal replaced: a name
/// such as `a) by forged.example` must not read as part of the field.
fn clean_helo(helo: &str) -> String {
    helo.chars()
        .take(HELO_OCTETS_MAX)
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c,
            '.' | '-' | '_' | ':' | '[' | ']' => c,
            _ => '?',
        })
        .collect()
}

/// The letters, digits, dots, hyphens and underscores of a TLS name.
fn token(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<'a>(by: &'a Domain) -> ReceivedFields<'a> {
        ReceivedFields {
            helo: "client.example",
            client: Some("192.0.2.7:40000".parse().unwrap()),
            by,
            protocol: "ESMTP",
            tls: None,
            id: MessageId::from_bits(1),
            recipient: None,
            unix_ms: 1_739_349_005_000,
        }
    }

    #[test]
    fn a_received_field_in_full() {
        let by = "mx.example.org".parse().unwrap();
        let to = "anna@example.org".parse().unwrap();
        let tls = TlsSession {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            peer_name: None,
        };
        let text = received(&ReceivedFields {
            protocol: "ESMTPS",
            tls: Some(&tls),
            recipient: Some(&to),
            ..fields(&by)
        });
        assert_eq!(
            text,
            "Received: from client.example ([192.0.2.7])\r\n\tby mx.example.org with ESMTPS\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tid 00000000000000000000000001\r\n\tfor <anna@example.org>;\r\n\tWed, 12 Feb 2025 08:30:05 +0000\r\n"
        );
    }

    #[test]
    fn a_hostile_name_stays_a_name() {
        let by = "mx.example.org".parse().unwrap();
        let text = received(&ReceivedFields {
            helo: "a)\r\nX: y (",
            ..fields(&by)
        });
        assert!(
            text.starts_with("Received: from a???X:?y?? ([192.0.2.7])\r\n\tby"),
            "{text}"
        );
        assert_eq!(crate::header::fields(text.as_bytes()).count(), 1);
    }

    #[test]
    fn a_nameless_client_is_named_by_its_address() {
        let by = "mx.example.org".parse().unwrap();
        let text = received(&ReceivedFields {
            helo: "",
            client: Some("[2001:db8::1]:1".parse().unwrap()),
            ..fields(&by)
        });
        assert!(
            text.starts_with("Received: from [IPv6:2001:db8::1]\r\n"),
            "{text}"
        );
    }

    #[test]
    fn paths_and_dates() {
        assert_eq!(return_path(&ReversePath::Null), "Return-Path: <>\r\n");
        assert_eq!(
            return_path(&"a@b.example".parse().unwrap()),
            "Return-Path: <a@b.example>\r\n"
        );
        assert_eq!(date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(u64::MAX), "Thu, 1 Jan 1970 00:00:00 +0000");
    }
}
