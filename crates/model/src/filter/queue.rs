//! The properties of delivery queues and of queued messages that filters may read.
//!
//! Never here: a queue. What a queue or a message says of itself is found out where it is.

use super::property::{
    PropertyType::{Choice, Date, Number, Text, Texts, Truth},
    catalogue,
};

/// The values of DeliveryType, in Exchange's words where it has one.
const DELIVERY_TYPES: &[(&str, i64)] = &[
    ("DnsConnectorDelivery", 1),
    ("SmartHostConnectorDelivery", 2),
    ("SmtpDeliveryToMailbox", 3),
    ("Unreachable", 4),
    ("Journal", 5),
];

/// The values of Status, of a queue and of a message.
const STATUS: &[(&str, i64)] = &[("Active", 1), ("Ready", 2), ("Retry", 3), ("Suspended", 4)];

const QUEUES_ABSENT: &[(&str, &str)] = &[
    ("NextHopCategory", "use DeliveryType"),
    ("TlsDomain", "use NextHopDomain, or NextHopConnector"),
    ("RetryCount", "use DeferredMessageCount"),
    ("LastRetryTime", "use NextRetryTime"),
    ("FirstRetryTime", "use OldestMessageTime"),
    (
        "LockedMessageCount",
        "no message is locked here; use MessageCount",
    ),
];

const MESSAGES_ABSENT: &[(&str, &str)] = &[
    (
        "SCL",
        "no message is rated here; use FromAddress, Subject or SourceIP",
    ),
    (
        "Priority",
        "every message has the same; use Size or DateReceived",
    ),
    ("OriginalFromAddress", "use FromAddress"),
    (
        "Directionality",
        "use MessageSourceName, which is the receive connector",
    ),
    ("DeferReason", "use LastError"),
    ("MessageLatency", "use DateReceived"),
    ("AccountForest", "leave it out"),
];

catalogue! {
    /// A property of a delivery queue.
    QueueProperty "Status -eq 'Retry'", QUEUES_ABSENT;
    /// Deliveries that wait for another try.
    DeferredMessageCount Number,
    /// How mail leaves it.
    DeliveryType Choice(DELIVERY_TYPES),
    /// Its name.
    Identity Text,
    /// Deliveries that came in the last minute, as a number for each second.
    IncomingRate Number,
    /// The last reply or failure.
    LastError Text,
    /// Deliveries in it.
    MessageCount Number,
    /// The send connector.
    NextHopConnector Text,
    /// The domain, the send connector or the mailbox it leads to.
    NextHopDomain Text,
    /// When the next try is due.
    NextRetryTime Date,
    /// When the oldest message in it was accepted.
    OldestMessageTime Date,
    /// Deliveries that left in the last minute, as a number for each second.
    OutgoingRate Number,
    /// What it is doing.
    Status Choice(STATUS),
    /// How fast it becomes shorter: what left less what came.
    Velocity Number,
}

catalogue! {
    /// A property of a queued message.
    MessageProperty "FromAddress -like '*@example.org'", MESSAGES_ABSENT;
    /// When it was accepted.
    DateReceived Date,
    /// When it is given up.
    ExpirationTime Date,
    /// The envelope sender.
    FromAddress Text,
    /// Its id.
    Identity Text,
    /// Its Message-ID field, with and without brackets.
    InternetMessageId Texts,
    /// A health probe.
    IsProbeMessage Truth,
    /// The last reply or failure.
    LastError Text,
    /// The receive connector.
    MessageSourceName Text,
    /// When the next try is due.
    NextRetryTime Date,
    /// Its delivery queues.
    Queue Texts,
    /// Recipients that are not settled.
    RecipientCount Number,
    /// Recipients, as given and as resolved.
    Recipients Texts,
    /// Attempts so far.
    RetryCount Number,
    /// Octets.
    Size Number,
    /// The client's address.
    SourceIP Text,
    /// What it is doing.
    Status Choice(STATUS),
    /// Its Subject field.
    Subject Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Attributes, Filter};

    #[test]
    fn queues_and_messages_have_properties_of_their_own() {
        let mut queue = Attributes::default();
        queue.set(QueueProperty::Status, "Retry");
        queue.set(QueueProperty::NextHopDomain, "example.org");
        queue.set_number(QueueProperty::MessageCount, 12);
        queue.set_number(QueueProperty::Velocity, -1);
        queue.set_number(QueueProperty::IncomingRate, 1);
        for (text, expect) in [
            ("Status -eq \"Retry\" -and MessageCount -gt 10", true),
            ("Status -ne 'Retry'", false),
            ("NextHopDomain -like '*.org'", true),
            ("LastError -like '*refused*'", false),
            ("Velocity -lt 0 -and IncomingRate -ge 1", true),
        ] {
            let filter: Filter<QueueProperty> = text.parse().unwrap();
            assert_eq!(filter.matches(&queue), expect, "{text}");
        }
        let mut message = Attributes::default();
        message.set(MessageProperty::Queue, "connector/Out/example.org");
        message.set(MessageProperty::Queue, "mailbox/anna");
        message.set_number(MessageProperty::Size, 3 << 20);
        for (text, expect) in [
            ("{Size -ge 2MB}", true),
            ("Queue -eq 'mailbox/anna'", true),
            ("Queue -like 'connector/*' -and Size -lt 1MB", false),
        ] {
            let filter: Filter<MessageProperty> = text.parse().unwrap();
            assert_eq!(filter.matches(&message), expect, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_names_the_nearest() {
        let queues = |text: &str| text.parse::<Filter<QueueProperty>>().unwrap_err();
        let messages = |text: &str| text.parse::<Filter<MessageProperty>>().unwrap_err();
        for (error, column, problem, mend) in [
            (
                queues("Staus -eq 'Retry'"),
                1,
                "Staus",
                "did you mean Status?",
            ),
            (
                queues("TlsDomain -eq 'x'"),
                1,
                "not kept here",
                "NextHopDomain",
            ),
            (queues("Department -eq 'x'"), 1, "Department", "there are "),
            (
                queues("Status -eq 'Retr'"),
                12,
                "not one of them",
                "'Retry'",
            ),
            (messages("SCL -gt 5"), 1, "not kept here", "FromAddress"),
            (
                messages("Size -gt 1 -and FromAdress -eq 'x'"),
                17,
                "FromAdress",
                "did you mean FromAddress?",
            ),
            (messages(""), 1, "empty", "FromAddress -like"),
        ] {
            assert_eq!(error.column(), column, "{error}");
            assert!(error.problem.contains(problem), "{error}");
            assert!(error.mend.contains(mend), "{error}");
        }
    }
}
