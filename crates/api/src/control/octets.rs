//! Octets of a message on the control channel: in base 64, a piece at a time.

use serde::{Deserialize, Serialize};

/// A piece of a message's octets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Octets {
    /// Octets of the whole message.
    pub total: u64,
    /// The piece, in base 64 on the wire.
    #[serde(with = "base64_text")]
    pub octets: Vec<u8>,
}

mod base64_text {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(octets: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(octets))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}
