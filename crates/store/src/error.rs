//! The errors of opening, reading and writing the store, for the administrator who reads them.

use std::{error::Error, fmt, path::PathBuf};

use mailward_model::{FieldError, Kind, Revision};
use serde::{Deserialize, Serialize};

/// The engine's own error, kept as a cause so that its type stays in here.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// What is wrong with an object.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error,
)]
#[error("{} {name:?}: {error}", kind.noun())]
pub struct ObjectError {
    /// The object's kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The field, what was found there, and the mend.
    pub error: FieldError,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made or opened.
    #[error("cannot open the object store {path}: check that the folder exists and who owns it", path = path.display())]
    File {
        /// The store's file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The engine cannot use it.
    #[error("cannot use the object store {path}: if it is damaged, put back a copy or apply an exported text to a new one", path = path.display())]
    Engine {
        /// The store's file.
        path: PathBuf,
        /// What the engine said.
        #[source]
        source: Cause,
    },
    /// It is some other program's database.
    #[error("{path} is a database of another program: name another file for the object store", path = path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be used, and there is no copy of its objects here to work by.
    #[error(
        "cannot use the object store in the database {place}, and this node has no copy of it yet: check that the database runs, is reached from here, and lets this user in"
    )]
    Database {
        /// The database.
        place: String,
        /// What it, or the network, said.
        #[source]
        source: Cause,
    },
    /// A newer version has changed its layout.
    #[error(
        "the object store {place} has layout {found}, this version knows {known}: run the version that wrote it, or a later one"
    )]
    Newer {
        /// The store's file or database.
        place: String,
        /// The layout found.
        found: i64,
        /// The layout known.
        known: i64,
    },
}

/// Why objects cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the object store cannot be read")]
pub struct ReadError(#[source] pub(crate) Cause);

/// Why changes were refused. Nothing of them was stored.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The objects would not be sound.
    #[error("{}", Listed(.0))]
    Invalid(Vec<ObjectError>),
    /// The object has changed since it was read.
    #[error(
        "{} {name:?} is at revision {current}, changed by {by}; the change was made from revision {base}: read it again and repeat the change",
        kind.noun()
    )]
    Conflict {
        /// The object's kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The revision the change was made from.
        base: Revision,
        /// The revision it has.
        current: Revision,
        /// Who made the current revision.
        by: String,
    },
    /// The name is taken.
    #[error("there is a {} {name:?} already: choose another name, or change the one there is", kind.noun())]
    Exists {
        /// The kind.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// There is no such object.
    #[error("there is no {} {name:?}: list the {} to see the names", kind.noun(), kind.plural())]
    Missing {
        /// The kind.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// The database of the objects cannot be reached.
    #[error(
        "nothing can be changed now: the database of the objects, {place}, is away; mail flows on by the objects of this node's copy; repeat the change when `mailward event list` says that the database is back (5041)"
    )]
    Away {
        /// The database.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The database did not take the change.
    #[error("the database of the objects, {place}, did not take the change")]
    Database {
        /// The database.
        place: String,
        /// What it said.
        #[source]
        source: Cause,
    },
    /// The engine failed: the disk is full, or the file cannot be written.
    #[error("the object store cannot be written: check the free space and who owns the file")]
    Engine(#[source] Cause),
}

struct Listed<'a>(&'a [ObjectError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
