//! What the operations on the journal are asked with.

use clap::Args;
use mailward_model::{EmailAddress, ReversePath};
use serde::{Deserialize, Serialize};

use super::input::{self, MessageFile};
use crate::when::When;

requests! {
    /// `journal simulate`
    JournalSimulate {
        /// The message's file; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_message)]
        pub message: MessageFile,
        /// The envelope sender; <> for none
        #[arg(long, value_name = "ADDRESS", default_value = "<>")]
        #[serde(default)]
        pub from: ReversePath,
        /// An envelope recipient; may be given several times
        #[arg(long, value_name = "ADDRESS", required = true)]
        pub to: Vec<EmailAddress>,
        /// As if a person had signed in as this; To, Cc and Bcc are believed only then
        #[arg(long, value_name = "ADDRESS")]
        #[serde(default)]
        pub account: Option<EmailAddress>,
    }

    /// `journal pause`, `journal resume`
    JournalTarget {
        /// The journal address of a rule
        pub target: EmailAddress,
    }

    /// `journal replay`
    JournalReplay {
        /// Reports sent since then: 2h, 3d, 2026-02-03, 2026-02-03T14:05
        #[arg(long, value_name = "WHEN")]
        pub since: When,
        /// Reports sent until then
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub to: Option<When>,
        /// Only those for this journal address
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub target: Option<EmailAddress>,
        /// Only show what would be sent
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `journal verify`
    JournalVerify {
        /// Compare with delivered reports too: a Maildir, a folder of files, or an mbox file, readable by transport
        #[serde(default)]
        #[arg(long, value_name = "PATH")]
        pub against: Option<String>,
        /// Only reports for this journal address are looked for there
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub target: Option<EmailAddress>,
        /// Only reports sent since then are looked for there
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub since: Option<When>,
    }
}
