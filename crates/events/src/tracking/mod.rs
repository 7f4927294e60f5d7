//! The message tracking log: one line for each step of each message, in Exchange's fields.
//!
//! [`TrackingLog::write`] formats the line into a buffer and returns; a thread writes the buffer
//! every 100 ms. [`search`] reads the files back, newest first, and skips those outside the window
//! asked for: message ids carry their time, so an id alone is a window.
//!
//! Sessions that brought no mail have a line of their own, for questions about who came at all.
//!
//! Never written here: a message's content. Lines of health probes carry the traffic type `Health`
//! and are left out of searches unless asked for.

mod line;
mod search;
mod writer;

use std::{borrow::Cow, net::IpAddr};

use mailward_model::MessageId;
use serde::{Deserialize, Serialize};

pub use search::{LIMIT_DEFAULT, Query, search, visit};
pub use writer::TrackingLog;

/// Defines an enum of words that stand in the log as they are written there.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$word_doc])* #[serde(rename = $text)] $word,)* }

        impl $name {
            /// Every word.
            pub const ALL: &'static [$name] = &[$($name::$word,)*];

            /// The word as it stands in the log.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$word => $text,)* }
            }

            fn read(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$word),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What happened to the message: the field `event-id`.
    EventId {
        /// Accepted from a client.
        #[default] Receive = "RECEIVE",
        /// Handed to the next hop by SMTP or LMTP.
        Send = "SEND",
        /// Put into a mailbox here.
        Deliver = "DELIVER",
        /// An attempt failed for now.
        Defer = "DEFER",
        /// Failed for good.
        Fail = "FAIL",
        /// A delivery status notification was made.
        Dsn = "DSN",
        /// Dropped without a notification.
        Drop = "DROP",
        /// A group was replaced by its members.
        Expand = "EXPAND",
        /// A recipient forwards.
        Redirect = "REDIRECT",
        /// A proxy address was replaced by the primary one.
        Resolve = "RESOLVE",
        /// A part of the message goes its own way: a journal report, a bifurcation.
        Transfer = "TRANSFER",
        /// A recipient reached twice through a group.
        DuplicateExpand = "DUPLICATEEXPAND",
        /// A recipient reached twice through forwarding.
        DuplicateRedirect = "DUPLICATEREDIRECT",
        /// A recipient that had this message already.
        DuplicateDeliver = "DUPLICATEDELIVER",
        /// Set aside because it crashed the process.
        PoisonMessage = "POISONMESSAGE",
        /// Routed again.
        Resubmit = "RESUBMIT",
        /// Read back from the queue after a start.
        Load = "LOAD",
        /// Not acted on, as asked.
        Suppressed = "SUPPRESSED",
        /// Slowed down.
        Throttle = "THROTTLE",
        /// A client came and brought no mail. Not a step of a message: searches pass it over unless they
        /// ask for it.
        Session = "SESSION",
    }
}

words! {
    /// Which part of the system did it: the field `source`.
    Source {
        /// SMTP or LMTP, in or out.
        #[default] Smtp = "SMTP",
        /// An administrator.
        Admin = "ADMIN",
        /// A name could not be resolved.
        Dns = "DNS",
        /// Notifications.
        Dsn = "DSN",
        /// The queue.
        Queue = "QUEUE",
        /// The categorizer, resolving recipients.
        Resolver = "RESOLVER",
        /// The categorizer, choosing next hops.
        Routing = "ROUTING",
        /// Mailboxes here.
        StoreDriver = "STOREDRIVER",
        /// Journaling.
        Agent = "AGENT",
        /// The start.
        BootLoader = "BOOTLOADER",
        /// Messages set aside.
        PoisonMessage = "POISONMESSAGE",
    }
}

words! {
    /// From where the message goes where: the field `directionality`.
    Directionality {
        /// Not known.
        #[default] Undefined = "Undefined",
        /// From outside.
        Incoming = "Incoming",
        /// From inside.
        Originating = "Originating",
    }
}

words! {
    /// What kind of mail it is: the field `transport-traffic-type`.
    Traffic {
        /// People's and programs' mail.
        #[default] Email = "Email",
        /// A journal report.
        Journal = "Journal",
        /// A health probe.
        Health = "Health",
    }
}

/// One line of the log. Texts are borrowed while writing and owned after a search.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entry<'a> {
    /// date-time, Unix milliseconds.
    pub unix_ms: u64,
    /// client-ip: who connected, or whom the proxy before it spoke for; for SEND this host.
    pub client_ip: Option<IpAddr>,
    /// client-hostname: what the client called itself; for SEND this host's name.
    pub client_hostname: Cow<'a, str>,
    /// server-ip: to whom.
    pub server_ip: Option<IpAddr>,
    /// server-hostname: the name of the one who took it.
    pub server_hostname: Cow<'a, str>,
    /// source-context: the session, the reply, the reason.
    pub source_context: Cow<'a, str>,
    /// connector-id: name of the connector.
    pub connector_id: Cow<'a, str>,
    /// source.
    pub source: Source,
    /// event-id.
    pub event_id: EventId,
    /// internal-message-id: the delivery's number within the message.
    pub internal_message_id: Option<u32>,
    /// message-id: the Message-ID field of the header, with its brackets.
    pub message_id: Cow<'a, str>,
    /// network-message-id: Mailward's id, which survives forks.
    pub network_message_id: Option<MessageId>,
    /// recipient-address.
    pub recipients: Vec<Cow<'a, str>>,
    /// recipient-status: replies, in the order of the recipients; may be empty.
    pub recipient_status: Vec<Cow<'a, str>>,
    /// total-bytes.
    pub total_bytes: u64,
    /// related-recipient-address: what the sender wrote, for EXPAND, REDIRECT and RESOLVE.
    pub related_recipient: Cow<'a, str>,
    /// reference: see the event.
    pub reference: Cow<'a, str>,
    /// message-subject; may be left empty.
    pub subject: Cow<'a, str>,
    /// sender-address.
    pub sender: Cow<'a, str>,
    /// return-path: MAIL FROM, `<>` for the null sender.
    pub return_path: Cow<'a, str>,
    /// message-info: times and counts of the step.
    pub message_info: Cow<'a, str>,
    /// directionality.
    pub directionality: Directionality,
    /// original-client-ip.
    pub original_client_ip: Option<IpAddr>,
    /// custom-data: `TlsVersion=TLSv1.3;…`; `Proxy=ADDRESS` where a proxy spoke for the client.
    pub custom_data: Cow<'a, str>,
    /// transport-traffic-type.
    pub traffic: Traffic,
}

/// What stands in custom-data before the address of a proxy.
const PROXY: &str = "Proxy=";

/// What custom-data says of the proxy that spoke for a client (the PROXY protocol).
pub fn proxy_mark(proxy: IpAddr) -> String {
    format!("{PROXY}{}", proxy.to_canonical())
}

impl Entry<'_> {
    /// Who stood at the socket of a line about a client: the proxy that spoke for it, or itself. It is
    /// whom a connector's `remote_ranges` are about.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        let mut marks = self.custom_data.split(';');
        let proxy = marks.find_map(|mark| mark.strip_prefix(PROXY)?.parse().ok());
        proxy.or(self.client_ip)
    }
}
