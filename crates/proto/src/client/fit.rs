//! Whether a peer can take a message at all, judged by what it offers.
//!
//! Content is not converted: a message that needs 8BITMIME, BINARYMIME or SMTPUTF8 where the peer
//! lacks it is returned, which the RFCs allow and which changes nothing that was signed.

use mailward_model::{BodyType, EnhancedCode, Reply};

use super::{Capabilities, Transaction};

/// The reply that every recipient gets without the peer being asked, `None` where it can take the
/// message.
pub(super) fn refusal(tx: &Transaction<'_>, peer: &Capabilities) -> Option<Reply> {
    let refuse = |code, enhanced, text| Some(Reply::new(code, enhanced, text));
    match tx.body {
        BodyType::BinaryMime if !(peer.binary_mime && peer.chunking) => {
            // RFC 3030 §3: a message that cannot be converted is returned.
            return refuse(
                554,
                EnhancedCode(5, 6, 3),
                "the message is BINARYMIME, which the next host does not take",
            );
        }
        BodyType::EightBitMime if !peer.eight_bit_mime => {
            // RFC 6152 §3: convert or return.
            return refuse(
                554,
                EnhancedCode(5, 6, 3),
                "the message is 8BITMIME, which the next host does not take",
            );
        }
        _ => {}
    }
    if tx.smtputf8 && !peer.smtputf8 {
        // RFC 6531 §3.2 item 8.
        return refuse(
            553,
            EnhancedCode(5, 6, 7),
            "the message needs SMTPUTF8, which the next host does not know",
        );
    }
    match peer.size {
        Some(max) if max > 0 && tx.size > max => Some(Reply::new(
            552,
            EnhancedCode(5, 3, 4),
            format!(
                "the message has {} octets, the next host takes {max}",
                tx.size
            ),
        )),
        _ => None,
    }
}
