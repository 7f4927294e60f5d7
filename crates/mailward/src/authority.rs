//! `mailward authority`: certificates by which the nodes of an organisation know each other.
//!
//! The authority is a folder with its key; it is needed where certificates are made and nowhere else.
//! Never here: certificates for mail.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mailward_model::Domain;
use mailward_tls::ca::{Authority, IssueError, Leaf};

use crate::role;

/// Where the authority is where nothing else is said.
const DEFAULT_DIR: &str = "/etc/mailward/authority";

/// `mailward authority`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Make a certificate for a node, and the authority where there is none yet
    ///
    /// Writes NAME.pem, with key, certificate and chain, and authority.pem, which every node has. Both
    /// stand in [remote] of that node's mailward.toml. The authority's own key stays where it is: keep
    /// that folder away from the nodes.
    Issue(Issue),
}

#[derive(Debug, Clone, Args)]
struct Issue {
    /// The node's `hostname`, as in its mailward.toml
    name: Domain,
    /// The authority's folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// The folder that the certificate is written to
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
}

/// Carries it out; what is said of it.
pub(crate) fn run(arguments: &Arguments) -> Result<String, String> {
    let Command::Issue(issue) = &arguments.command;
    make(issue).map_err(|error| role::chain(&error))
}

fn make(issue: &Issue) -> Result<String, IssueError> {
    let folder = |path: &PathBuf| {
        use std::os::unix::fs::DirBuilderExt;
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(path);
        made.map_err(|cause| IssueError::File {
            path: path.clone(),
            cause,
        })
    };
    folder(&issue.dir)?;
    folder(&issue.to)?;
    // What is told is put into a file that is read from elsewhere.
    let to = std::path::absolute(&issue.to).unwrap_or_else(|_| issue.to.clone());
    let authority = Authority::open_or_make(&issue.dir, "Mailward nodes")?;
    let name = issue.name.as_str();
    let issued = authority.issue(&Leaf::node(name))?;
    let certificate = issued.write(&to, name)?;
    let root = to.join("authority.pem");
    std::fs::write(&root, authority.certificate_pem()).map_err(|cause| IssueError::File {
        path: root.clone(),
        cause,
    })?;
    Ok(format!(
        "Certificate of {name}, valid for 398 days: {}\nAuthority: {}\n\n[remote]\nlisten = \
         \"ADDRESS:8027\"\ncertificate_file = \"{}\"\nauthority_file = \"{}\"",
        certificate.display(),
        root.display(),
        certificate.display(),
        root.display(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_authority_makes_the_certificates_of_all_nodes() {
        let dir = tempfile::tempdir().unwrap();
        let issue = |name: &str| Issue {
            name: name.parse().unwrap(),
            dir: dir.path().join("authority"),
            to: dir.path().join(name),
        };
        let said = make(&issue("mx1.example.org")).unwrap();
        assert!(
            said.contains("[remote]") && !said.contains("PRIVATE"),
            "{said}"
        );
        make(&issue("mx2.example.org")).unwrap();
        let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
        assert_eq!(
            read("mx1.example.org/authority.pem"),
            read("mx2.example.org/authority.pem")
        );
        assert!(read("mx2.example.org/mx2.example.org.pem").contains("PRIVATE KEY"));
    }
}
