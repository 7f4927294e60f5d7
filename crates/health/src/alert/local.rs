//! Targets on this host: a command and a file.

use std::{io, path::Path, process::Stdio};

use nix::unistd::{AccessFlags, access};
use tokio::io::AsyncWriteExt;

use super::courier::SendError;

/// Runs a program with the document as its standard input. No shell.
pub(super) async fn run(words: &[String], json: &[u8]) -> Result<(), SendError> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is judged by how it ends.
        let _ = stdin.write_all(json).await;
        let _ = stdin.write_all(b"\n").await;
    }
    let status = child.wait().await?;
    if status.success() {
        Ok(())
    } else {
        Err(SendError::Exit(status))
    }
}

/// Whether there is such a program.
pub(super) fn check_program(words: &[String]) -> Result<String, SendError> {
    let program = words.first().map(String::as_str).unwrap_or_default();
    match access(program, AccessFlags::X_OK) {
        Ok(()) if Path::new(program).is_file() => Ok(format!("{program} is there")),
        _ => Err(SendError::Program(program.to_owned())),
    }
}

/// Appends the document as one line.
pub(super) async fn append(path: &Path, json: &[u8]) -> Result<(), SendError> {
    let mut line = json.to_vec();
    line.push(b'\n');
    let mut file = open(path).await?;
    file.write_all(&line).await?;
    file.sync_data().await?;
    Ok(())
}

async fn open(path: &Path) -> io::Result<tokio::fs::File> {
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true).open(path).await
}

/// Whether the file can be appended to. It is made where it is not there.
pub(super) async fn check_file(path: &Path) -> Result<String, SendError> {
    open(path).await?;
    Ok(format!("{} can be written", path.display()))
}
