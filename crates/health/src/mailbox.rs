//! Health mailboxes: one for each node, hidden, made and kept right by the worker itself.
//!
//! The address lies in a domain that nobody can own, so that nothing can ever reach it from
//! elsewhere.

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
}

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
        matches!(&object.spec, Spec::Mailbox(spec) if *spec == self.spec())
    }

    fn spec(&self) -> Mailbox {
        Mailbox {
            mailbox_type: MailboxType::Monitoring,
            hidden: true,
            ..Mailbox::new(self.address.clone())
        }
    }

    /// Sees to it that the mailbox exists as it must be; true where it had to be made or mended.
    /// Blocks for as long as the store takes.
    ///
    /// # Errors
    /// The store cannot be read, or refuses the mailbox.
    pub fn reconcile(&self, store: &Store) -> Result<bool, ReconcileError> {
        let change = match store.get(Kind::Mailbox, &self.name)? {
            Some(object) if self.is_right(&object) => return Ok(false),
            Some(object) => Change::replace(&object, self.spec()),
            None => Change::create(&self.name, self.spec()),
        };
        store.apply(vec![change], "health")?;
        Ok(true)
    }
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
        assert!(mailbox.reconcile(&store).unwrap());
        assert!(!mailbox.reconcile(&store).unwrap());
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        let mut spec = mailbox.spec();
        spec.hidden = false;
        store
            .apply(vec![Change::replace(&object, spec)], "anna")
            .unwrap();
        assert!(mailbox.reconcile(&store).unwrap());
        let object = store.get(Kind::Mailbox, &mailbox.name).unwrap().unwrap();
        store.apply(vec![Change::remove(&object)], "anna").unwrap();
        assert!(mailbox.reconcile(&store).unwrap());
        let literal = HealthMailbox::of(&"[192.0.2.1]".parse().unwrap()).unwrap();
        assert!(literal.reconcile(&store).unwrap());
    }
}
