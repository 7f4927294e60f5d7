//! A message on its way into the queue.

use mailward_model::MessageId;
use mailward_proto::{
    data::Content,
    firewall::{Firewall, Keep, Stripped},
};
use mailward_queue::{Body, BodyWriter, SpoolError};

use super::authenticate::VERIFIED_OCTETS_MAX;

/// A message that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) id: MessageId,
    writer: BodyWriter,
    firewall: Firewall,
    /// Its header section, as far as it has come and passed the firewall; without our Received
    /// field.
    header: Vec<u8>,
    /// Octets of it that have come.
    header_octets: u64,
    header_ended: bool,
    /// The message as it came, for who verifies its signatures; none once it is too large.
    whole: Option<Vec<u8>>,
    prefix_octets: u64,
}

impl Incoming {
    /// Begins with our own trace field, which belongs before everything (RFC 5321 §4.4).
    pub(super) fn begin(
        id: MessageId,
        mut writer: BodyWriter,
        received: &str,
        kept: Keep,
        keeps_whole: bool,
    ) -> Result<Self, SpoolError> {
        writer.write(received.as_bytes())?;
        Ok(Incoming {
            id,
            writer,
            firewall: Firewall::new(kept),
            header: Vec::new(),
            header_octets: 0,
            header_ended: false,
            whole: keeps_whole.then(Vec::new),
            prefix_octets: received.len() as u64,
        })
    }

    /// Keeps the next octets; `content` has counted them.
    pub(super) fn keep(
        &mut self,
        octets: &[u8],
        content: Option<&Content>,
    ) -> Result<(), SpoolError> {
        if let Some(whole) = &mut self.whole {
            whole.extend_from_slice(octets);
            if whole.len() > VERIFIED_OCTETS_MAX {
                self.whole = None;
            }
        }
        let mut rest = octets;
        if !self.header_ended {
            // Kept apart because a large body is in a file when its header is asked for.
            let ended = content.is_none_or(Content::header_ended);
            let length = match content {
                Some(content) if ended => {
                    let left = content.header_octets().saturating_sub(self.header_octets);
                    usize::try_from(left).unwrap_or(usize::MAX)
                }
                _ => octets.len(),
            };
            let (header, behind) = octets.split_at_checked(length).unwrap_or((octets, &[]));
            let before = self.header.len();
            let used = self.firewall.pass(header, &mut self.header);
            let body = header.get(used..).unwrap_or_default();
            self.header.extend_from_slice(body);
            self.header_octets += header.len() as u64;
            self.header_ended = ended;
            self.writer
                .write(self.header.get(before..).unwrap_or_default())?;
            rest = behind;
        }
        if !self.firewall.ended() && !rest.is_empty() {
            // Behind a line that is no field, where others may read on.
            let mut passed = Vec::with_capacity(rest.len());
            let used = self.firewall.pass(rest, &mut passed);
            self.writer.write(&passed)?;
            rest = rest.get(used..).unwrap_or_default();
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.writer.write(rest)
    }

    /// The message as it came, where it is kept.
    pub(super) fn take_whole(&mut self) -> Option<Vec<u8>> {
        self.whole.take()
    }

    /// What the firewall took out.
    pub(super) fn stripped(&self) -> Stripped {
        self.firewall.stripped()
    }

    /// How many fields it converted.
    pub(super) fn converted(&self) -> u64 {
        self.firewall.converted()
    }

    /// What passes it.
    pub(super) fn kept(&self) -> Keep {
        self.firewall.keep()
    }

    /// Octets of a message of so many behind the firewall, with our trace field.
    pub(super) fn octets(&self, came: u64) -> u64 {
        self.firewall.resized(came) + self.prefix_octets
    }

    /// The header section.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// All octets have come.
    pub(super) fn finish(mut self) -> Result<Body, SpoolError> {
        let mut held = Vec::new();
        self.firewall.finish(&mut held);
        if !held.is_empty() {
            self.writer.write(&held)?;
        }
        self.writer.finish()
    }
}
