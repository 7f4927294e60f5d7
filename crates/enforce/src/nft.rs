//! The program `nft` (nftables), run: a file of commands is one transaction of the kernel, so that a
//! table is replaced in one step or not at all.

use std::{io, path::PathBuf, process::Stdio, time::Duration};

use mailward_perimeter::export::TABLE;
use tokio::{io::AsyncWriteExt, process::Command};

/// How long the program may take: a table of 20,000 blocks takes a fraction of it.
const RUN_MAX: Duration = Duration::from_secs(20);
/// Octets of what it says that are told.
const SAID_OCTETS_MAX: usize = 300;

/// The program.
#[derive(Debug, Clone)]
pub struct Nft {
    program: PathBuf,
}

impl Default for Nft {
    /// As it is found on the path.
    fn default() -> Self {
        Nft {
            program: "nft".into(),
        }
    }
}

/// Why the firewall is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum NftError {
    /// The program cannot be run.
    #[error("nft cannot be run: {0}; install nftables")]
    Run(#[source] io::Error),
    /// It takes too long.
    #[error("nft did not end within {RUN_MAX:?}")]
    Time,
    /// It refuses.
    #[error("nft refuses: {0}")]
    Refused(String),
}

impl Nft {
    /// Carries commands out, all or none.
    ///
    /// # Errors
    /// [`NftError`]; the firewall is as it was.
    pub async fn carry_out(&self, commands: &str) -> Result<(), NftError> {
        self.run(&["-f", "-"], commands).await.map(drop)
    }

    /// Mailward's table as the kernel has it; `None` where there is none.
    ///
    /// # Errors
    /// [`NftError`].
    pub async fn table(&self) -> Result<Option<String>, NftError> {
        // Asking for a table that is not there is refused in words; the list of tables is not.
        let tables = self.run(&["list", "tables", "inet"], "").await?;
        let wanted = format!("table inet {TABLE}");
        if !tables.lines().any(|line| line.trim() == wanted) {
            return Ok(None);
        }
        self.run(&["list", "table", "inet", TABLE], "")
            .await
            .map(Some)
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Result<String, NftError> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(NftError::Run)?;
        let stdin = child.stdin.take();
        let running = async {
            if let Some(mut stdin) = stdin {
                // What it did not read it says by its exit.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            child.wait_with_output().await.map_err(NftError::Run)
        };
        let output = tokio::time::timeout(RUN_MAX, running).await;
        let output = output.map_err(|_| NftError::Time)??;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let end = said.floor_char_boundary(SAID_OCTETS_MAX);
        Err(NftError::Refused(
            said.get(..end).unwrap_or_default().replace('\n', " "),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_program_and_a_refusal_are_told() {
        let missing = Nft {
            program: "/nonexistent/nft".into(),
        };
        let error = missing.carry_out("").await.unwrap_err().to_string();
        assert!(error.contains("install nftables"), "{error}");
        let refusing = Nft {
            program: "false".into(),
        };
        assert!(matches!(refusing.table().await, Err(NftError::Refused(_))));
    }
}
