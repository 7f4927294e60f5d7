//! Messages that other roles ask transport about: a health probe through a send connector and what
//! became of it, and a message that is not there.

use std::net::IpAddr;

use mailward_model::{Domain, EmailAddress, ReversePath};
use serde::{Deserialize, Serialize};

/// A health probe to be sent through a send connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeLetter {
    /// Name of the send connector.
    pub connector: String,
    /// RCPT TO.
    pub recipient: EmailAddress,
    /// The message.
    pub content: String,
    /// How long to wait for the next hop, in milliseconds.
    pub wait_ms: u64,
}

/// What became of a health probe that was to go through a send connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteProbed {
    /// It was not sent: ordinary routing would take it another way.
    Elsewhere {
        /// What ordinary routing does with it, as the rest of a sentence about it.
        way: String,
    },
    /// The queue did not take it.
    Refused {
        /// The reply a client would have got.
        reply: String,
    },
    /// The next hop, or transport in its place, has answered.
    Answered {
        /// It took the message.
        delivered: bool,
        /// The reply.
        reply: String,
        /// The host that gave it, where a connection stood.
        remote: Option<String>,
        /// Until the message was durable.
        accepted_ms: u64,
        /// From then until the answer.
        answered_ms: u64,
    },
    /// No answer came within the wait.
    Silent {
        /// Until the message was durable.
        accepted_ms: u64,
    },
}

/// A message that is not there, for [`SimulateMessage`](super::ControlRequest::SimulateMessage).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedMessage {
    /// MAIL FROM.
    pub mail_from: ReversePath,
    /// RCPT TO.
    pub recipients: Vec<EmailAddress>,
    /// The header section, as it stands in the file.
    pub header: String,
    /// Octets of the whole message.
    pub size: u64,
    /// The client it would come from; loopback where unset.
    pub remote: Option<IpAddr>,
    /// What the client says in EHLO.
    pub helo: Option<Domain>,
    /// The account that would have signed in.
    #[serde(default)]
    pub account: Option<EmailAddress>,
    /// The name in the certificate that the client shows, as if it had been verified.
    #[serde(default)]
    pub certificate: Option<Domain>,
    /// The sender is not authenticated.
    #[serde(default)]
    pub unauthenticated: bool,
}
