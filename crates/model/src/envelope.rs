//! The envelope of a message (RFC 5321 MAIL and RCPT, RFC 3461 DSN parameters) and its origin.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{Arrival, EmailAddress, ReversePath};

/// What the sender declared about the content: the BODY parameter (RFC 6152, RFC 3030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum BodyType {
    /// Lines of 7-bit characters.
    #[default]
    SevenBit,
    /// Lines with octets above 127: needs 8BITMIME at the next hop.
    EightBitMime,
    /// Any octets, sent with BDAT: needs BINARYMIME at the next hop.
    BinaryMime,
}

/// RET of RFC 3461 §4.3: how much of the message a failure report returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header only.
    Headers,
}

/// NOTIFY of RFC 3461 §4.1: which reports the sender asks for about one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// A report on successful delivery.
    pub success: bool,
    /// A report on failure.
    pub failure: bool,
    /// A report on delay.
    pub delay: bool,
    /// False where the sender gave no NOTIFY: the defaults then hold and none is passed on.
    pub given: bool,
}

impl Notify {
    /// NOTIFY=NEVER.
    pub const NEVER: Notify = Notify {
        success: false,
        failure: false,
        delay: false,
        given: true,
    };
}

impl Default for Notify {
    /// What holds where the sender says nothing: reports on failure and on delay.
    fn default() -> Self {
        Notify {
            success: false,
            failure: true,
            delay: true,
            given: false,
        }
    }
}

/// One RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeRecipient {
    /// To whom.
    pub address: EmailAddress,
    /// Which reports are wanted.
    pub notify: Notify,
    /// ORCPT as received, `type;address` in xtext-decoded form (RFC 3461 §4.2).
    pub orcpt: Option<String>,
}

impl EnvelopeRecipient {
    /// A recipient without DSN parameters.
    pub fn new(address: EmailAddress) -> Self {
        EnvelopeRecipient {
            address,
            notify: Notify::default(),
            orcpt: None,
        }
    }
}

/// The envelope as the client gave it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// MAIL FROM.
    pub mail_from: ReversePath,
    /// RCPT TO, in the order given.
    pub recipients: Vec<EnvelopeRecipient>,
    /// BODY.
    pub body: BodyType,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// RET, where given.
    pub ret: Option<Ret>,
    /// ENVID in xtext-decoded form, where given (RFC 3461 §4.4).
    pub envid: Option<String>,
}

/// The TLS session a message came in through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSession {
    /// `TLSv1.3`.
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// Name of a verified client certificate, where one was shown.
    pub peer_name: Option<String>,
}

/// Where a message came from: the facts of the session, for trace, tracking and journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the receive connector; a system origin (`system`) for what Mailward makes itself.
    pub connector: String,
    /// The client, after PROXY protocol where the connector uses it.
    pub client: Option<SocketAddr>,
    /// The local address it connected to.
    pub server: Option<SocketAddr>,
    /// What it said in EHLO, HELO or LHLO; empty where it said nothing.
    pub helo: String,
    /// The protocol word of RFC 3848: `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPSA`, `LMTP`, `UTF8SMTPS` …
    pub protocol: String,
    /// TLS, where it was used.
    pub tls: Option<TlsSession>,
    /// The account that signed in, where one did.
    pub account: Option<EmailAddress>,
    /// True for a health probe whose marker was verified. Set by the receiver alone, never read
    /// from a header: see [`crate::plan`].
    pub probe: bool,
    /// What was found out about the sender; `None` where nothing was.
    pub arrival: Option<Box<Arrival>>,
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
}

impl Origin {
    /// Whether the other half of the organisation vouches for it that somebody within wrote the message.
    pub fn is_internal(&self) -> bool {
        let arrival = self.arrival.as_ref();
        arrival.is_some_and(|arrival| arrival.internal)
    }
}

/// [`Origin::probe`] and [`Origin::arrival`] as they are stored. What stands in a queue is read by
/// later programs too: the first two are the octets of the boolean that stood here alone.
#[derive(Serialize, Deserialize)]
enum StoredKind<A> {
    Mail,
    Probe,
    MailArrived(A),
    ProbeArrived(A),
    /// Mail whose [`Arrival::internal`] holds.
    InternalMailArrived(A),
}

/// [`Origin`] as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Origin")]
struct StoredOrigin<T, A> {
    connector: T,
    client: Option<SocketAddr>,
    server: Option<SocketAddr>,
    helo: T,
    protocol: T,
    tls: Option<TlsSession>,
    account: Option<EmailAddress>,
    probe: StoredKind<A>,
    accepted_unix_ms: u64,
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let probe = match (self.probe, self.arrival.as_deref()) {
            (false, None) => StoredKind::Mail,
            (true, None) => StoredKind::Probe,
            (false, Some(arrival)) if arrival.internal => StoredKind::InternalMailArrived(arrival),
            (false, Some(arrival)) => StoredKind::MailArrived(arrival),
            (true, Some(arrival)) => StoredKind::ProbeArrived(arrival),
        };
        StoredOrigin {
            connector: self.connector.as_str(),
            client: self.client,
            server: self.server,
            helo: self.helo.as_str(),
            protocol: self.protocol.as_str(),
            tls: self.tls.clone(),
            account: self.account.clone(),
            probe,
            accepted_unix_ms: self.accepted_unix_ms,
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stored = StoredOrigin::<String, Box<Arrival>>::deserialize(from)?;
        let (probe, arrival) = match stored.probe {
            StoredKind::Mail => (false, None),
            StoredKind::Probe => (true, None),
            StoredKind::MailArrived(arrival) => (false, Some(arrival)),
            StoredKind::ProbeArrived(arrival) => (true, Some(arrival)),
            StoredKind::InternalMailArrived(mut arrival) => {
                arrival.internal = true;
                (false, Some(arrival))
            }
        };
        Ok(Origin {
            connector: stored.connector,
            client: stored.client,
            server: stored.server,
            helo: stored.helo,
            protocol: stored.protocol,
            tls: stored.tls,
            account: stored.account,
            probe,
            arrival,
            accepted_unix_ms: stored.accepted_unix_ms,
        })
    }
}
