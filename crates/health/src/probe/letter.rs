//! The message of a mail-flow probe: composed and signed, addressed to whom it is told.

use mailward_model::EmailAddress;
use mailward_proto::{
    probe::{FIELD, LIFETIME_SECS, Marker},
    trace,
};

use super::{Context, Found};

/// A message that is ready to be sent.
pub(super) struct Letter {
    /// Which run it belongs to: the moment it was signed.
    pub(super) slot: u64,
    /// Its text, without the dot that ends DATA.
    pub(super) text: String,
}

/// Composes the message of the next run of `path`, from the health mailbox to `recipient`.
///
/// # Errors
/// There is no key to sign with; it is being made.
pub(super) async fn compose(
    context: &Context,
    path: &str,
    from: &EmailAddress,
    recipient: &EmailAddress,
) -> Result<Letter, Found> {
    let keys = context.keys.clone();
    // A small file, but the disk may hang.
    let key = tokio::task::spawn_blocking(move || keys.signing()).await;
    let Ok(Some(key)) = key else {
        context.inbox.amiss.notify_one();
        return Err(Found::error("there is no key to sign probes with"));
    };
    let slot = context.next_slot();
    let unix_ms = context.clock.unix_ms();
    let node = &context.node;
    let marker = Marker {
        path: path.to_owned(),
        node: node.to_string(),
        slot,
        expires_unix: unix_ms / 1000 + LIFETIME_SECS,
    };
    let text = format!(
        "{FIELD}: {}\r\n\
         Date: {}\r\n\
         From: <{from}>\r\n\
         To: <{recipient}>\r\n\
         Subject: Mailward health probe {} {node} {slot}\r\n\
         Message-ID: <probe.{slot}.{}@{node}>\r\n\
         Auto-Submitted: auto-generated\r\n\
         \r\n\
         This message was sent by the health manager of {node} to see whether mail flows.\r\n\
         It is of no other use and needs no answer.\r\n",
        marker.sign(&key),
        trace::date(unix_ms),
        subject_word(path),
        std::process::id(),
    );
    Ok(Letter { slot, text })
}

/// A path as a word of a Subject: names may hold anything but control characters.
fn subject_word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic();
    path.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}
