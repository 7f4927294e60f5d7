//! What is asked of the queue.

use clap::Args;
use mailward_model::{EmailAddress, MessageId, ReversePath};
use serde::{Deserialize, Serialize};

use crate::{operation::input, view::queue::QueueTarget};

requests! {
    /// `queue list`
    QueueList {
        /// Only this delivery queue and the messages for it, such as connector/Internet/example.org
        #[serde(default)]
        #[arg(value_name = "QUEUE")]
        pub next_hop: Option<String>,
        /// Only messages with this envelope sender; <> for bounces
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub from: Option<ReversePath>,
        /// Only messages to this recipient
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub to: Option<EmailAddress>,
        /// Only messages that fit this filter, such as "Size -gt 10MB -and Subject -like '*offer*'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub filter: Option<String>,
        /// Only delivery queues that fit this filter, such as "Status -eq 'Retry' -and MessageCount -gt 100"
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub queue_filter: Option<String>,
        /// Messages to list at most
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
        /// List health probes too
        #[serde(default)]
        #[arg(long)]
        pub probes: bool,
    }

    /// `queue show`
    QueueShow {
        /// The message's id
        pub id: MessageId,
    }

    /// `queue hold`, `queue release`, `queue retry`
    QueueAct {
        /// A message's id, or the name of a delivery queue
        #[serde(default)]
        #[arg(required_unless_present_any = ["filter", "queue_filter"])]
        pub target: Option<QueueTarget>,
        /// Every message that fits this filter, such as "FromAddress -like '*@example.org'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER", conflicts_with_all = ["target", "queue_filter"])]
        pub filter: Option<String>,
        /// Every delivery queue that fits this filter, such as "NextHopDomain -eq 'example.org'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER", conflicts_with = "target")]
        pub queue_filter: Option<String>,
        /// Only say what is meant, and do nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `queue redirect`
    QueueRedirect {
        /// The send connector, by its name or by one of its smart hosts
        #[arg(long, value_name = "CONNECTOR")]
        pub to: String,
        /// A message's id, or the name of a delivery queue; everything where nothing is named
        #[serde(default)]
        pub target: Option<QueueTarget>,
        /// Every message that fits this filter, such as "FromAddress -like '*@example.org'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER", conflicts_with_all = ["target", "queue_filter"])]
        pub filter: Option<String>,
        /// Every delivery queue that fits this filter, such as "NextHopDomain -eq 'example.org'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER", conflicts_with = "target")]
        pub queue_filter: Option<String>,
        /// Only say what is meant, and do nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `queue remove`
    QueueRemove {
        /// The message's id
        #[serde(default)]
        #[arg(required_unless_present = "filter")]
        pub id: Option<MessageId>,
        /// Every message that fits this filter, such as "Subject -eq 'Won!'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER", conflicts_with = "id")]
        pub filter: Option<String>,
        /// Send the sender a failure report
        #[serde(default)]
        #[arg(long)]
        pub notify: bool,
        /// Only say what is meant, and do nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `queue export`
    QueueExport {
        /// The message's id
        pub id: MessageId,
    }
}
