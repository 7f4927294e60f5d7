//! How fields are spelt in Exchange's way: by rule, with exceptions in a table.
//!
//! The rule: `max_message_size` is `MaxMessageSize`. Read back, case and underscores do not count,
//! so `custom_attribute1` and `custom_attribute_1` are both `CustomAttribute1`.

use mailward_model::Kind;

/// Fields whose name in Exchange is another, by kind; an empty kind stands for all of them.
const FIELDS: &[(&str, &str, &str)] = &[
    ("", "address", "PrimarySmtpAddress"),
    ("", "proxy_addresses", "EmailAddresses"),
    ("", "external_address", "ExternalEmailAddress"),
    ("", "hidden", "HiddenFromAddressListsEnabled"),
    ("", "deliver_and_forward", "DeliverToMailboxAndForward"),
    (
        "",
        "accept_messages_only_from",
        "AcceptMessagesOnlyFromSendersOrMembers",
    ),
    (
        "",
        "reject_messages_from",
        "RejectMessagesFromSendersOrMembers",
    ),
    ("", "fqdn", "Fqdn"),
    ("", "smtputf8", "SmtpUtf8Enabled"),
    ("", "dsn", "DeliveryStatusNotificationEnabled"),
    ("", "pipelining", "PipeliningEnabled"),
    ("", "chunking", "ChunkingEnabled"),
    ("", "eight_bit_mime", "EightBitMimeEnabled"),
    ("", "binary_mime", "BinaryMimeEnabled"),
    ("accepted_domain", "domain", "DomainName"),
    ("accepted_domain", "type", "DomainType"),
    ("accepted_domain", "include_subdomains", "MatchSubDomains"),
    ("journal_rule", "journal_address", "JournalEmailAddress"),
    ("receive_connector", "remote_ranges", "RemoteIPRanges"),
    ("receive_connector", "certificate", "TlsCertificateName"),
    (
        "receive_connector",
        "max_recipients",
        "MaxRecipientsPerMessage",
    ),
    ("receive_connector", "max_hops", "MaxHopCount"),
    ("receive_connector", "max_local_hops", "MaxLocalHopCount"),
    (
        "receive_connector",
        "max_connections",
        "MaxInboundConnection",
    ),
    (
        "receive_connector",
        "max_connections_per_source",
        "MaxInboundConnectionPerSource",
    ),
    (
        "receive_connector",
        "inactivity_timeout",
        "ConnectionInactivityTimeout",
    ),
    ("send_connector", "source_ip", "SourceIPAddress"),
    (
        "send_connector",
        "max_connections",
        "MaxOutboundConnections",
    ),
    (
        "send_connector",
        "max_messages_per_connection",
        "SmtpMaxMessagesPerConnection",
    ),
    (
        "send_connector",
        "inactivity_timeout",
        "ConnectionInactivityTimeout",
    ),
    (
        "transport_settings",
        "postmaster",
        "ExternalPostmasterAddress",
    ),
    (
        "transport_settings",
        "message_expiration",
        "MessageExpirationTimeout",
    ),
    (
        "transport_settings",
        "delay_notification",
        "DelayNotificationTimeout",
    ),
    (
        "transport_settings",
        "dsn_max_attachment",
        "ExternalDsnMaxMessageAttachSize",
    ),
    (
        "transport_settings",
        "max_outbound_connections",
        "MaxOutboundConnections",
    ),
];

/// A parameter of Exchange that is a word of a field here.
pub(super) struct Word {
    /// The kind whose field it is.
    kind: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it is a switch.
    pub(super) switch: bool,
    /// The field.
    pub(super) field: &'static str,
    /// What the field says where it is true.
    pub(super) yes: &'static str,
    /// What the field says where it is false.
    pub(super) no: &'static str,
    /// What it is.
    pub(super) help: &'static str,
}

/// Those words.
const WORDS: &[Word] = &[
    Word {
        kind: "mailbox",
        name: "Shared",
        switch: true,
        field: "type",
        yes: "shared",
        no: "user",
        help: "A mailbox of several persons",
    },
    Word {
        kind: "mailbox",
        name: "Room",
        switch: true,
        field: "type",
        yes: "room",
        no: "user",
        help: "A room's mailbox",
    },
    Word {
        kind: "mailbox",
        name: "Equipment",
        switch: true,
        field: "type",
        yes: "equipment",
        no: "user",
        help: "A mailbox of something that can be booked",
    },
    Word {
        kind: "mailbox",
        name: "Arbitration",
        switch: true,
        field: "type",
        yes: "arbitration",
        no: "user",
        help: "A mailbox of the system's own",
    },
    Word {
        kind: "mailbox",
        name: "Discovery",
        switch: true,
        field: "type",
        yes: "discovery",
        no: "user",
        help: "A mailbox that takes what was searched for",
    },
    Word {
        kind: "mailbox",
        name: "PublicFolder",
        switch: true,
        field: "type",
        yes: "public_folder",
        no: "user",
        help: "A mailbox of public folders",
    },
    Word {
        kind: "receive_connector",
        name: "RequireTLS",
        switch: false,
        field: "tls",
        yes: "required",
        no: "offered",
        help: "Take mail only under TLS",
    },
    Word {
        kind: "send_connector",
        name: "RequireTLS",
        switch: false,
        field: "tls",
        yes: "required",
        no: "opportunistic",
        help: "Hand mail on only under TLS",
    },
    Word {
        kind: "send_connector",
        name: "IgnoreSTARTTLS",
        switch: false,
        field: "tls",
        yes: "off",
        no: "opportunistic",
        help: "Never use TLS",
    },
    Word {
        kind: "send_connector",
        name: "DNSRoutingEnabled",
        switch: false,
        field: "target",
        yes: "mx",
        no: "smart_hosts",
        help: "Hand mail to the hosts that DNS names, and not to smart hosts",
    },
];

/// `max_message_size` as `MaxMessageSize`.
pub(super) fn pascal(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    for part in field.split(['_', '-']) {
        let mut letters = part.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The name of a kind's field.
pub(super) fn of_field(kind: Kind, field: &str) -> String {
    let fits = |(of, one, _): &&(&str, &str, &str)| {
        (of.is_empty() || *of == kind.table()) && *one == field
    };
    match FIELDS.iter().rev().find(fits) {
        Some((_, _, name)) => (*name).to_owned(),
        None => pascal(field),
    }
}

/// The parameters that are words of fields, of those that the kind has.
pub(super) fn words(kind: Kind) -> impl Iterator<Item = &'static Word> {
    let fields = super::parameter::fields(kind);
    WORDS.iter().filter(move |word| {
        let of_field = fields.iter().find(|field| field.field == word.field);
        let has = of_field.is_some_and(|field| match &field.takes {
            super::Takes::Word(known) => known.iter().any(|one| one == word.yes),
            _ => false,
        });
        word.kind == kind.table() && has
    })
}

/// Whether a field is a recipient filter, which may stand between braces.
pub(super) fn is_filter(field: &str) -> bool {
    field == "recipient_filter"
}

/// Whether the API makes a field's value where an object is created without it.
pub(super) fn is_made(kind: Kind, field: &str) -> bool {
    let has_alias = || {
        let fields = super::parameter::fields(kind);
        fields.iter().any(|field| field.field == "alias")
    };
    field == "address" && has_alias()
}
