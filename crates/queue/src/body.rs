//! Bodies: spooled while they are received, read while they are delivered.
//!
//! A body stays in memory up to the bound of the configuration and goes to a file of the message's
//! name above it. Its checksum is taken as it comes in, so that storing a body is handing its
//! octets to the kernel once, and checked when it is read.

use std::{
    borrow::Cow,
    io::{self, IoSlice},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use mailward_host::disk::DiskFile;
use mailward_model::MessageId;

use crate::{ReadError, SpoolError, entry::StoredBody, shared::Shared};

/// Octets gathered before they are written to a body file, and read from it at a time.
const CHUNK: usize = 64 << 10;

/// A body's file until a message owns it: removed when dropped.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    shared: Arc<Shared>,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    len: u64,
    owned: bool,
}

impl SpoolFile {
    fn create(shared: &Arc<Shared>, id: MessageId) -> io::Result<SpoolFile> {
        let path = shared.dirs.body_file(id);
        let file = shared.disk.create(&path)?;
        Ok(SpoolFile {
            shared: shared.clone(),
            path,
            file,
            len: 0,
            owned: false,
        })
    }

    fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        self.file.write_at(&mut [IoSlice::new(octets)], self.len)?;
        self.len += octets.len() as u64;
        Ok(())
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Makes the file and its name durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()?;
        self.shared.disk.sync_dir(&self.shared.dirs.body)
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        if !self.owned {
            // What cannot be removed now is removed when the queue is opened again.
            let _ = self.shared.disk.remove(&self.path);
        }
    }
}

/// Takes a body's octets while they are received. Dropped unfinished, nothing remains of it.
#[derive(Debug)]
pub struct BodyWriter {
    shared: Arc<Shared>,
    id: MessageId,
    buffer: Vec<u8>,
    file: Option<SpoolFile>,
    crc: crc32fast::Hasher,
}

impl BodyWriter {
    pub(crate) fn new(shared: &Arc<Shared>, id: MessageId) -> BodyWriter {
        BodyWriter {
            shared: shared.clone(),
            id,
            buffer: shared.take_buffer(),
            file: None,
            crc: crc32fast::Hasher::new(),
        }
    }

    fn error(&self, error: io::Error) -> SpoolError {
        if is_full(&error) {
            return SpoolError::Full {
                free: self.shared.look_at_free(),
            };
        }
        SpoolError::Io {
            id: self.id,
            source: Arc::new(error),
        }
    }

    fn flush(&mut self) -> Result<(), SpoolError> {
        if self.file.is_none() {
            if let Some(free) = self.shared.too_little_free() {
                return Err(SpoolError::Full { free });
            }
            let file = SpoolFile::create(&self.shared, self.id).map_err(|e| self.error(e))?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            let result = file.append(&self.buffer);
            result.map_err(|e| self.error(e))?;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Adds octets.
    ///
    /// # Errors
    /// [`SpoolError`]: the disk is full or fails. The body is lost then; answer 452 or 451.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.crc.update(octets);
        self.buffer.extend_from_slice(octets);
        let bound = match self.file {
            Some(_) => CHUNK,
            None => self.shared.inline_body_max,
        };
        if self.buffer.len() > bound {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`BodyWriter::write`].
    pub fn finish(mut self) -> Result<Body, SpoolError> {
        if self.file.is_some() {
            self.flush()?;
        }
        let crc = self.crc.clone().finalize();
        let place = match self.file.take() {
            Some(file) => BodyPlace::File(file),
            None => BodyPlace::Memory(std::mem::take(&mut self.buffer)),
        };
        Ok(Body {
            shared: self.shared.clone(),
            crc,
            place,
        })
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.shared.give_buffer(std::mem::take(&mut self.buffer));
    }
}

/// Where a body is that no message owns.
#[derive(Debug)]
pub(crate) enum BodyPlace {
    Memory(Vec<u8>),
    File(SpoolFile),
}

/// A whole body that no message owns yet. Dropped, nothing remains of it.
#[derive(Debug)]
pub struct Body {
    shared: Arc<Shared>,
    pub(crate) crc: u32,
    pub(crate) place: BodyPlace,
}

impl Body {
    /// Octets.
    pub fn len(&self) -> u64 {
        match &self.place {
            BodyPlace::Memory(octets) => octets.len() as u64,
            BodyPlace::File(file) => file.len,
        }
    }

    /// True for a body without octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets, where they are in memory.
    pub fn memory(&self) -> Option<&[u8]> {
        match &self.place {
            BodyPlace::Memory(octets) => Some(octets),
            BodyPlace::File(_) => None,
        }
    }

    /// The first octets, at most `octets` of them: enough for a header section.
    ///
    /// # Errors
    /// The operating system's, for a body in a file.
    pub fn head(&self, octets: usize) -> io::Result<Cow<'_, [u8]>> {
        match &self.place {
            BodyPlace::Memory(all) => Ok(Cow::Borrowed(all.get(..octets).unwrap_or(all))),
            BodyPlace::File(file) => {
                let len = usize::try_from(file.len).unwrap_or(usize::MAX);
                let mut buffer = vec![0; octets.min(len)];
                let read = file.file.read_at(&mut buffer, 0)?;
                buffer.truncate(read);
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// From now on a message owns it: its file stays.
    pub(crate) fn own(&mut self) {
        if let BodyPlace::File(file) = &mut self.place {
            file.owned = true;
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let BodyPlace::Memory(octets) = &mut self.place {
            self.shared.give_buffer(std::mem::take(octets));
        }
    }
}

/// True where an error says that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Reads a stored body in chunks, in order.
#[derive(Debug)]
pub struct BodyReader {
    id: MessageId,
    source: Source,
    len: u64,
    left: u64,
}

/// Where a reader has the octets from.
#[derive(Debug)]
enum Source {
    /// They were kept.
    Kept(Bytes),
    Disk {
        file: Arc<dyn DiskFile>,
        offset: u64,
        chunk: usize,
        crc: u32,
        seen: crc32fast::Hasher,
    },
}

impl BodyReader {
    /// Reads what was kept, where it is.
    pub(crate) fn open(
        shared: &Shared,
        id: MessageId,
        body: &StoredBody,
        kept: Option<Bytes>,
    ) -> Result<BodyReader, ReadError> {
        if let Some(kept) = kept {
            let len = kept.len() as u64;
            let source = Source::Kept(kept);
            return Ok(BodyReader {
                id,
                source,
                len,
                left: len,
            });
        }
        let (file, offset, len, crc, chunk) = match body {
            StoredBody::Inline {
                segment,
                offset,
                len,
                crc,
            } => {
                let len = u64::from(*len);
                (segment.file.clone(), *offset, len, *crc, len as usize)
            }
            StoredBody::File { len, crc } => {
                let file = shared.disk.open(&shared.dirs.body_file(id));
                let source = |source| ReadError::Io {
                    id,
                    source: Arc::new(source),
                };
                (file.map_err(source)?, 0, *len, *crc, CHUNK)
            }
        };
        let source = Source::Disk {
            file,
            offset,
            chunk,
            crc,
            seen: crc32fast::Hasher::new(),
        };
        Ok(BodyReader {
            id,
            source,
            len,
            left: len,
        })
    }

    /// Octets of the whole body.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True for a body without octets.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The next octets, `None` at the end; a small body comes in one chunk. Reads from memory or the
    /// page cache as a rule; it blocks where the kernel has to read from the disk.
    ///
    /// # Errors
    /// [`ReadError`]: the disk fails, or what it gives is not what was stored. Damage in a body
    /// that comes in several chunks is found with the last of them: do not end the transfer as a
    /// success before this has answered `None`.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        if self.left == 0 {
            return Ok(None);
        }
        let (file, offset, chunk, crc, seen) = match &mut self.source {
            Source::Kept(kept) => {
                self.left = 0;
                return Ok(Some(std::mem::take(kept)));
            }
            Source::Disk {
                file,
                offset,
                chunk,
                crc,
                seen,
            } => (file, *offset, *chunk, *crc, seen),
        };
        let count = usize::try_from(self.left).map_or(chunk, |left| left.min(chunk));
        let mut buffer = vec![0; count];
        let read = file
            .read_at(&mut buffer, offset + (self.len - self.left))
            .map_err(|source| ReadError::Io {
                id: self.id,
                source: Arc::new(source),
            })?;
        seen.update(&buffer);
        self.left -= count as u64;
        if read < count || (self.left == 0 && seen.clone().finalize() != crc) {
            self.left = 0;
            return Err(ReadError::Damaged(self.id));
        }
        Ok(Some(Bytes::from(buffer)))
    }
}
