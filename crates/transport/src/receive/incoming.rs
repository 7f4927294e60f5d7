//! A message on its way into the queue.

use mailward_model::MessageId;
use mailward_proto::data::Content;
use mailward_queue::{Body, BodyWriter, SpoolError};

/// A message that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) id: MessageId,
    writer: BodyWriter,
    /// Its header section, as far as it has come; without our Received field.
    header: Vec<u8>,
    header_ended: bool,
    prefix_octets: u64,
}

impl Incoming {
    /// Begins with our own trace field, which belongs before everything (RFC 5321 §4.4).
    pub(super) fn begin(
        id: MessageId,
        mut writer: BodyWriter,
        received: &str,
    ) -> Result<Self, SpoolError> {
        writer.write(received.as_bytes())?;
        Ok(Incoming {
            id,
            writer,
            header: Vec::new(),
            header_ended: false,
            prefix_octets: received.len() as u64,
        })
    }

    /// Keeps the next octets; `content` has counted them.
    pub(super) fn keep(
        &mut self,
        octets: &[u8],
        content: Option<&Content>,
    ) -> Result<(), SpoolError> {
        if !self.header_ended {
            // Kept apart because a large body is in a file when its header is asked for.
            let ended = content.is_none_or(Content::header_ended);
            let header = match content {
                Some(content) if ended => {
                    let length = usize::try_from(content.header_octets()).unwrap_or(usize::MAX);
                    octets
                        .get(..length.saturating_sub(self.header.len()))
                        .unwrap_or(octets)
                }
                _ => octets,
            };
            self.header.extend_from_slice(header);
            self.header_ended = ended;
        }
        self.writer.write(octets)
    }

    /// Octets of our trace field.
    pub(super) fn prefix_octets(&self) -> u64 {
        self.prefix_octets
    }

    /// The header section.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// All octets have come.
    pub(super) fn finish(self) -> Result<Body, SpoolError> {
        self.writer.finish()
    }
}
