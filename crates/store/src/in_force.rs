//! The objects as they hold on the node that sees the store: those that are stored, with what policies
//! say laid over them. What is stored is never changed by it.
//!
//! Whoever works by objects reads them here; whoever shows or changes what is stored reads
//! [`Store::list`] and the like.

use mailward_model::{
    Domain, Kind, Object, Revision,
    kind::PolicySettings,
    object::SpecOf,
    policy::{self, InForce, PolicyResult},
};

use crate::{check::near::Stock, error::ReadError, kept, store::Store};

impl Store {
    /// The objects of a kind as they hold on this node.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn in_force(&self, kind: Kind) -> Result<Vec<Object>, ReadError> {
        self.in_force_of(&[kind])
    }

    /// The objects of some kinds as they hold on this node.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn in_force_of(&self, kinds: &[Kind]) -> Result<Vec<Object>, ReadError> {
        let mut objects = Vec::new();
        for kind in kinds.iter().chain(&policy::deciding(kinds)) {
            objects.extend(self.list(*kind)?);
        }
        let mut objects = self.laid_over(objects);
        objects.retain(|object| kinds.contains(&object.spec.kind()));
        Ok(objects)
    }

    /// The object of a kind with this name as it holds on this node, compared without regard to ASCII
    /// case.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn get_in_force(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        let mut objects = self.in_force(kind)?.into_iter();
        Ok(objects.find(|object| object.name.eq_ignore_ascii_case(name)))
    }

    /// Every object but the recipients, which may be many, as it holds on this node, with the revision
    /// they stand for.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn settings_in_force(&self) -> Result<(Vec<Object>, Revision), ReadError> {
        let (objects, revision) = self.settings()?;
        Ok((self.laid_over(objects), revision))
    }

    /// Every object that is no recipient, as stored, and the revision they stand for.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn settings(&self) -> Result<(Vec<Object>, Revision), ReadError> {
        self.read_rows(|rows| {
            let last = rows.last_revision()?;
            Ok((rows.of_kinds(&kept::others())?, last))
        })
    }

    /// The settings of policies as they hold on this node.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn policy_settings(&self) -> Result<PolicySettings, ReadError> {
        let objects = self.in_force(Kind::PolicySettings)?;
        let found = objects
            .iter()
            .find_map(|object| PolicySettings::of(&object.spec));
        Ok(found.cloned().unwrap_or_default())
    }

    /// What policies come to on any node, and the revision for which that is true.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn policy_result(&self, node: &Domain) -> Result<(PolicyResult, Revision), ReadError> {
        let (objects, revision) = self.settings()?;
        Ok((policy::in_force(objects, node).result, revision))
    }

    pub(crate) fn laid_over(&self, objects: Vec<Object>) -> Vec<Object> {
        let has_policy = |object: &Object| object.spec.kind() == Kind::Policy;
        match self.node() {
            Some(node) if objects.iter().any(has_policy) => {
                let InForce { objects, .. } = policy::in_force(objects, node);
                objects
            }
            _ => objects,
        }
    }
}
