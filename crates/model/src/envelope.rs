//! The envelope of a message (RFC 5321 MAIL and RCPT, RFC 3461 DSN parameters) and its origin.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, ReversePath};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
}
