//! Health mailboxes: one for each node, hidden, made and kept right by the worker itself.
//!
//! The address lies in a domain that nobody can own, so that nothing can ever reach it from
//! elsewhere. What is mended are the object and the Maildir; what is in the Maildir is the inbox's.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use mailward_model::{
    Domain, EmailAddress, Kind, Object, Spec,
    address::AddressError,
    kind::{Mailbox, MailboxType},
};
use mailward_store::{ApplyError, Change, ReadError, Store};

/// The domain of health mailboxes (RFC 6761 §6.4: names under `invalid` never exist).
pub const DOMAIN: &str = "mailward-health.invalid";

/// A node's health mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthMailbox {
    /// The object's name, and the Maildir's.
    pub name: String,
    /// Its address.
    pub address: EmailAddress,
}

/// Why a health mailbox cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The node's name makes no address.
    #[error("the node's name makes no address of a health mailbox")]
    Address(#[from] AddressError),
    /// The objects cannot be read.
    #[error("the objects cannot be read")]
    Read(#[from] ReadError),
    /// The mailbox cannot be written.
    #[error("the health mailbox cannot be written")]
    Apply(#[from] ApplyError),
    /// The Maildir cannot be mended.
    #[error("the Maildir of the health mailbox, {0}, cannot be mended")]
    Maildir(PathBuf, #[source] io::Error),
}

/// What [`HealthMailbox::reconcile`] had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// It did not exist and was made.
    pub made: bool,
    /// What was found otherwise than it must be, and was mended.
    pub mended: Vec<String>,
}

/// The folders of a Maildir.
const FOLDERS: [&str; 3] = ["tmp", "cur", "new"];
/// What the owner may do in each of them: everything.
const OWNER: u32 = 0o700;

impl HealthMailbox {
    /// The mailbox of a node.
    ///
    /// # Errors
    /// [`ReconcileError::Address`].
    pub fn of(node: &Domain) -> Result<HealthMailbox, ReconcileError> {
        let name = format!("health-{node}").replace(['[', ']', ':'], "-");
        let address = EmailAddress::new(&name, DOMAIN.parse()?)?;
        Ok(HealthMailbox { name, address })
    }

    fn is_right(&self, object: &Object) -> bool {
        matches!(&object.spec, Spec::Mailbox(spec) if *spec == self.spec(Some(object)))
    }

    /// What the mailbox must be. Its attributes are the administrator's: filters are told by them to
    /// leave it out.
    fn spec(&self, before: Option<&Object>) -> Mailbox {
        let spec = Mailbox {
            mailbox_type: MailboxType::Monitoring,
            hidden: true,
            ..Mailbox::new(self.address.clone())
        };
        match before.map(|object| &object.spec) {
            Some(Spec::Mailbox(before)) => Mailbox {
                attributes: before.attributes.clone(),
                personal: before.personal.clone(),
                ..spec
            },
            _ => spec,
        }
    }

    /// The Maildir, among all others.
    pub fn maildir(&self, mail_dir: &Path) -> PathBuf {
        mail_dir.join(&self.name)
    }

    /// Sees to it that the mailbox and its Maildir are as they must be. Blocks for as long as the
    /// store and the disk take.
    ///
    /// # Errors
    /// The store cannot be read, or refuses the mailbox; the Maildir cannot be mended.
    pub fn reconcile(&self, store: &Store, mail_dir: &Path) -> Result<Reconciled, ReconcileError> {
        let mut done = Reconciled::default();
        let change = match store.get(Kind::Mailbox, &self.name)? {
            Some(object) if self.is_right(&object) => None,
            Some(object) => {
                done.mended.push("the mailbox was altered".to_owned());
                Some(Change::replace(&object, self.spec(Some(&object))))
            }
            None => {
                done.made = true;
                Some(Change::create(&self.name, self.spec(None)))
            }
        };
        if let Some(change) = change {
            store.apply(vec![change], "health")?;
        }
        let maildir = self.maildir(mail_dir);
        let problem = self.problem(mail_dir);
        mend(&maildir).map_err(|error| ReconcileError::Maildir(maildir, error))?;
        // With a mailbox that is new, so is its Maildir.
        done.mended.extend(problem.filter(|_| !done.made));
        Ok(done)
    }

    /// What is wrong with the Maildir, where something is. Blocks for a moment.
    pub fn problem(&self, mail_dir: &Path) -> Option<String> {
        let maildir = self.maildir(mail_dir);
        let folders = FOLDERS.iter().map(|folder| maildir.join(folder));
        std::iter::once(maildir.clone())
            .chain(folders)
            .find_map(|folder| {
                let what = amiss(&folder)?;
                Some(format!("{} {what}", folder.display()))
            })
    }
}

/// What is wrong with a folder.
fn amiss(folder: &Path) -> Option<String> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("is missing".to_owned()),
        Err(error) => Some(format!("cannot be looked at: {error}")),
        Ok(meta) if !meta.is_dir() => Some("is no folder".to_owned()),
        Ok(meta) if meta.mode() & OWNER != OWNER => Some("may not be written".to_owned()),
        Ok(_) => None,
    }
}

/// Makes what is missing of a Maildir. What stands in the way is removed: nobody but probes keeps
/// anything in it.
fn mend(maildir: &Path) -> io::Result<()> {
    let folders = FOLDERS.iter().map(|folder| maildir.join(folder));
    for folder in std::iter::once(maildir.to_owned()).chain(folders) {
        match fs::symlink_metadata(&folder) {
            Ok(meta) if meta.is_dir() => {
                if meta.mode() & OWNER != OWNER {
                    fs::set_permissions(&folder, fs::Permissions::from_mode(OWNER))?;
                }
                continue;
            }
            Ok(_) => fs::remove_file(&folder)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(OWNER)
            .create(&folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_mended_and_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store.db")).unwrap();
        let mailbox = HealthMailbox::of(&"mx.example.org".parse().unwrap()).unwrap();
        assert_eq!(
            mailbox.address.to_string(),
            "health-mx.example.org@mailward-health.invalid"
        );
        let mail = dir.path().join("mail");
        let reconcile = || mailbox.reconcile(&store, &mail).unwrap();
        let made = Reconciled {
            made: true,
            mended: Vec::new(),
        };
        assert_eq!(reconcile(), made);
        assert_eq!(reconcile(), Reconciled::default());
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        let mut spec = mailbox.spec(None);
        spec.hidden = false;
        store
            .apply(vec![Change::replace(&object, spec)], "anna")
            .unwrap();
        assert_eq!(reconcile().mended, ["the mailbox was altered"]);
        // Its attributes are for filters, and no business of ours.
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        let mut spec = mailbox.spec(None);
        let attribute = mailward_model::kind::CommonAttribute::CustomAttribute1;
        spec.attributes.set(attribute, "Ignore");
        let change = Change::replace(&object, spec.clone());
        store.apply(vec![change], "anna").unwrap();
        assert_eq!(reconcile(), Reconciled::default());
        spec.hidden = false;
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        let change = Change::replace(&object, spec);
        store.apply(vec![change], "anna").unwrap();
        assert_eq!(reconcile().mended.len(), 1);
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        let kept = object
            .spec
            .recipient()
            .map(|one| one.attributes().text(attribute));
        assert_eq!(kept, Some(Some("Ignore")));
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        store.apply(vec![Change::remove(&object)], "anna").unwrap();
        assert_eq!(reconcile(), made);
        let literal = HealthMailbox::of(&"[192.0.2.1]".parse().unwrap()).unwrap();
        assert!(literal.reconcile(&store, &mail).unwrap().made);
    }

    #[test]
    fn a_maildir_that_is_damaged_is_mended() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store.db")).unwrap();
        let mailbox = HealthMailbox::of(&"mx.example.org".parse().unwrap()).unwrap();
        let mail = dir.path().join("mail");
        mailbox.reconcile(&store, &mail).unwrap();
        let maildir = mailbox.maildir(&mail);
        let new = maildir.join("new");
        let elsewhere = dir.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let damages: [(&str, &dyn Fn()); 5] = [
            ("is missing", &|| fs::remove_dir_all(&maildir).unwrap()),
            ("new is missing", &|| fs::remove_dir(&new).unwrap()),
            ("new is no folder", &|| {
                fs::remove_dir(&new).unwrap();
                fs::write(&new, "x").unwrap();
            }),
            ("is no folder", &|| {
                fs::remove_dir_all(&maildir).unwrap();
                std::os::unix::fs::symlink(&elsewhere, &maildir).unwrap();
            }),
            ("new may not be written", &|| {
                fs::set_permissions(&new, fs::Permissions::from_mode(0o500)).unwrap();
            }),
        ];
        for (expect, damage) in damages {
            assert_eq!(mailbox.problem(&mail), None, "before {expect}");
            damage();
            let problem = mailbox.problem(&mail).unwrap();
            assert!(problem.ends_with(expect), "{problem}");
            let done = mailbox.reconcile(&store, &mail).unwrap();
            assert_eq!(done.mended, [problem]);
        }
        assert_eq!(mailbox.problem(&mail), None);
        assert!(elsewhere.is_dir(), "what a link points to is left alone");
    }
}
