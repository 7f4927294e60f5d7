//! Maildirs: a message is written under `tmp`, synced, and renamed into `new`.
//!
//! The name follows from the message's id and the delivery's number, so that a delivery repeated
//! after a crash replaces the file instead of adding a second one. A batch is written together: the
//! file system then commits it once, and `new` is synced once.
//!
//! Blocks on the disk: for a blocking thread. Never here: which mailbox, and what a failure means.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use mailward_host::kill::{self, Step};
use mailward_model::{Domain, EmailAddress, MessageId, ReversePath};
use mailward_proto::trace;
use mailward_queue::ReadError;

use super::content::Content;

/// Octets gathered before they are written.
const WRITE_OCTETS: usize = 64 << 10;

/// Why a message was not put into a Maildir.
#[derive(Debug, thiserror::Error)]
pub(super) enum MaildirError {
    /// The file system refuses.
    #[error("cannot {action} {path}: {source}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The message cannot be read from the queue.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// It is a journal report, and the ledger of reports cannot be written.
    #[error("the ledger of journal reports cannot be written")]
    Ledger,
}

/// A message for the mailbox.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: MessageId,
    pub(super) delivery: u32,
    pub(super) accepted_unix_ms: u64,
    pub(super) return_path: ReversePath,
    pub(super) recipient: EmailAddress,
    pub(super) content: Content,
}

impl Letter {
    /// What final delivery writes on top (RFC 5321 §4.4).
    fn top(&self) -> String {
        let mut top = trace::return_path(&self.return_path);
        top.push_str("Delivered-To: ");
        top.push_str(&self.recipient.to_string());
        top.push_str("\r\n");
        top
    }

    /// The file's name: the moment of acceptance, what makes it unique, the host, the size.
    fn name(&self, host: &Domain, size: u64) -> String {
        format!(
            "{}.M{}D{}.{host},S={size}",
            self.accepted_unix_ms / 1000,
            self.id,
            self.delivery
        )
    }
}

/// Puts letters into the mailbox folder `dir`, which is made where it is missing. One result each,
/// in order; a letter whose result is `Ok` survives a power cut.
pub(super) fn put(
    dir: &Path,
    host: &Domain,
    letters: &mut [Letter],
) -> Vec<Result<(), MaildirError>> {
    let new = dir.join("new");
    let folder = match make_folders(dir).and_then(|()| open_dir(&new)) {
        Ok(folder) => folder,
        Err(error) => {
            // The same error for all: it cannot be cloned, so the folder is asked again.
            let mut first = Some(error);
            return letters
                .iter()
                .map(|_| {
                    let error = first.take();
                    Err(error.unwrap_or_else(|| {
                        failed(
                            "use",
                            dir,
                            io::Error::other("see the first message's error"),
                        )
                    }))
                })
                .collect();
        }
    };
    let mut written: Vec<Result<(File, PathBuf, String), MaildirError>> = letters
        .iter_mut()
        .map(|letter| write(dir, host, letter))
        .collect();
    kill::at(Step::LetterWritten);
    // All are written before the first is synced, so that one commit takes them.
    for entry in &mut written {
        if let Ok((file, path, _)) = entry
            && let Err(error) = file.sync_data()
        {
            let error = failed("sync", path, error);
            *entry = Err(error);
        }
    }
    kill::at(Step::LetterSynced);
    let mut results: Vec<Result<(), MaildirError>> = written
        .into_iter()
        .map(|entry| {
            let (file, path, name) = entry?;
            drop(file);
            let target = new.join(&name);
            fs::rename(&path, &target).map_err(|error| failed("rename", &path, error))
        })
        .collect();
    kill::at(Step::LetterMoved);
    if let Err(error) = folder.sync_all() {
        // Not known to be there after a power cut: to be delivered again, under the same names.
        let kind = error.kind();
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            *result = Err(failed("sync", &new, kind.into()));
        }
    }
    kill::at(Step::LetterDurable);
    results
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> MaildirError {
    MaildirError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn open_dir(path: &Path) -> Result<File, MaildirError> {
    File::open(path).map_err(|error| failed("open", path, error))
}

/// Makes `dir` with its three folders, durably.
fn make_folders(dir: &Path) -> Result<(), MaildirError> {
    if dir.join("new").is_dir() && dir.join("tmp").is_dir() {
        return Ok(());
    }
    for name in ["tmp", "cur", "new"] {
        let path = dir.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|error| failed("create", &path, error))?;
    }
    for path in [Some(dir), dir.parent()].into_iter().flatten() {
        open_dir(path)?
            .sync_all()
            .map_err(|error| failed("sync", path, error))?;
    }
    Ok(())
}

/// Writes a letter under `tmp`.
fn write(
    dir: &Path,
    host: &Domain,
    letter: &mut Letter,
) -> Result<(File, PathBuf, String), MaildirError> {
    let top = letter.top();
    let size = letter.content.size() + top.len() as u64;
    let name = letter.name(host, size);
    let path = dir.join("tmp").join(&name);
    let io = |action, error| failed(action, &path, error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| io("create", error))?;
    let filled = fill(&mut file, top.into_bytes(), &mut letter.content, &path);
    if let Err(error) = filled {
        // Half a letter is of no use; what cannot be removed is cleared away by mail programs.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok((file, path, name))
}

fn fill(
    file: &mut File,
    mut out: Vec<u8>,
    content: &mut Content,
    path: &Path,
) -> Result<(), MaildirError> {
    while let Some(chunk) = content.chunk()? {
        out.extend_from_slice(&chunk);
        if out.len() >= WRITE_OCTETS {
            file.write_all(&out)
                .map_err(|error| failed("write", path, error))?;
            out.clear();
        }
    }
    file.write_all(&out)
        .map_err(|error| failed("write", path, error))
}
