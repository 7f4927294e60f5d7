//! The manager's last good copies: of its configuration file, and of the objects it works by. With
//! them it runs on, and starts, where the originals are gone or wrong.
//!
//! Never here: deciding that an original is wrong because a copy differs. The original is used
//! whenever it can be read.

use std::{
    io,
    path::{Path, PathBuf},
};

use mailward_events::{Event, Events};
use mailward_host::replace::{Lasting, replace};
use mailward_model::{Object, Spec};
use serde::{Deserialize, Serialize};

use crate::{
    config::{self, Config, ConfigError},
    role::chain,
};

/// The configuration that the manager is to run by.
#[derive(Debug)]
pub(crate) struct FoundConfig {
    /// What it says.
    pub(super) config: Config,
    /// Its text.
    pub(super) text: String,
    /// Where it is a copy: the copy's file, and what is wrong with the original.
    pub(super) copy_because: Option<(PathBuf, String)>,
}

/// The objects the manager works by.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct KeptObjects {
    /// When they were read from the store.
    pub(super) unix_ms: u64,
    /// Receive connectors, health settings, alert channels, monitoring overrides.
    pub(super) objects: Vec<Object>,
}

const CONFIG_COPY: &str = "mailward.toml";
const OBJECTS_COPY: &str = "objects.json";
/// The first line of a configuration's copy, before its original's path.
const COPY_OF: &str = "# The last good copy of ";

/// Reads the configuration at `path`, or its last good copy. The copy is looked for where systemd
/// says that this service keeps its state (`STATE_DIRECTORY`), and in the usual data folder.
///
/// # Errors
/// The original's, where there is no copy of it either.
pub(crate) fn find_config(path: &Path) -> Result<FoundConfig, ConfigError> {
    let error = match read(path) {
        Ok((config, text)) => {
            return Ok(FoundConfig {
                config,
                text,
                copy_because: None,
            });
        }
        Err(error) => error,
    };
    let state = std::env::var_os("STATE_DIRECTORY").unwrap_or_default();
    let usual = config::default_data_dir();
    for dir in std::env::split_paths(&state).chain([usual]) {
        let copy = dir.join("last-good").join(CONFIG_COPY);
        let first = format!("{COPY_OF}{}", path.display());
        if let Ok((config, text)) = read(&copy)
            && text.lines().next() == Some(first.as_str())
        {
            let because = chain(&error);
            return Ok(FoundConfig {
                config,
                text,
                copy_because: Some((copy, because)),
            });
        }
    }
    Err(error)
}

fn read(path: &Path) -> Result<(Config, String), ConfigError> {
    let config = Config::read(path)?;
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    Ok((config, text))
}

/// The folder of the copies.
#[derive(Debug)]
pub(super) struct Kept {
    dir: PathBuf,
    owner: Option<(u32, u32)>,
    events: Events,
    written: Option<Vec<Object>>,
}

impl Kept {
    /// Of a node. The copies are readable by the roles' user.
    pub(super) fn new(config: &Config, owner: Option<(u32, u32)>, events: &Events) -> Kept {
        Kept {
            dir: config.last_good_dir(),
            owner,
            events: events.clone(),
            written: None,
        }
    }

    /// Keeps the configuration. Returns the path the roles are to read: the copy, so that a file
    /// which is being edited, or gone, ends none of them; the original where there is no copy.
    pub(super) fn keep_config(&self, original: &Path, found: &FoundConfig) -> PathBuf {
        let path = self.dir.join(CONFIG_COPY);
        if let Some((copy, _)) = &found.copy_because {
            return copy.clone();
        }
        let text = format!("{COPY_OF}{}\n{}", original.display(), found.text);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return path;
        }
        match self.write(&path, text.as_bytes()) {
            Ok(()) => path,
            Err(error) => {
                self.failing(&path, &error);
                original.to_owned()
            }
        }
    }

    /// Keeps the objects, where they differ from those kept last.
    pub(super) fn keep_objects(&mut self, objects: &KeptObjects) {
        if self.written.as_ref() == Some(&objects.objects) {
            return;
        }
        let path = self.dir.join(OBJECTS_COPY);
        let written = serde_json::to_vec_pretty(objects)
            .map_err(io::Error::from)
            .and_then(|json| self.write(&path, &json));
        match written {
            Ok(()) => self.written = Some(objects.objects.clone()),
            Err(error) => self.failing(&path, &error),
        }
    }

    /// The objects kept last.
    pub(super) fn objects(&self) -> Option<KeptObjects> {
        let json = std::fs::read(self.dir.join(OBJECTS_COPY)).ok()?;
        serde_json::from_slice(&json).ok()
    }

    fn failing(&self, path: &Path, error: &io::Error) {
        self.events.emit(Event::StateFileFailing {
            path: path.display().to_string(),
            error: error.to_string(),
        });
    }

    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        write_whole(path, octets)?;
        if let Some((uid, gid)) = self.owner {
            for path in [&self.dir, path] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
            }
        }
        Ok(())
    }
}

/// Writes a file so that it is there whole or not at all, for this user alone, and its folder.
pub(super) fn write_whole(path: &Path, octets: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    replace(path, octets, Lasting::PowerCut)
}

/// True for the objects that the manager works by.
pub(super) fn is_wanted(object: &Object) -> bool {
    matches!(
        object.spec,
        Spec::ReceiveConnector(_)
            | Spec::HealthSettings(_)
            | Spec::AlertChannel(_)
            | Spec::MonitoringOverride(_)
    )
}

#[cfg(test)]
mod tests {
    use mailward_model::{ObjectId, Revision, kind::ReceiveConnector};

    use super::*;

    #[test]
    fn a_copy_stands_in_for_its_own_original_alone() {
        let dir = tempfile::tempdir().unwrap();
        let original = dir.path().join("mailward.toml");
        let text = format!(
            "hostname = \"a.example\"\ndata_dir = {:?}\n",
            dir.path().join("data")
        );
        std::fs::write(&original, text).unwrap();
        let found = find_config(&original).unwrap();
        let (events, collector) = Events::collect();
        let kept = Kept::new(&found.config, None, &events);
        let copy = kept.keep_config(&original, &found);
        assert_eq!(Config::read(&copy).unwrap(), found.config);
        assert!(collector.take().is_empty());
        let text = std::fs::read_to_string(&copy).unwrap();
        let first = text.lines().next().unwrap();
        assert_eq!(first, format!("{COPY_OF}{}", original.display()));
    }

    #[test]
    fn objects_come_back_as_they_were_kept() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::parse(
            "m",
            &format!("hostname = \"a.example\"\ndata_dir = {:?}", dir.path()),
        )
        .unwrap();
        let (events, collector) = Events::collect();
        let mut kept = Kept::new(&config, None, &events);
        assert_eq!(kept.objects(), None);
        let spec = ReceiveConnector {
            bindings: vec![":25".parse().unwrap()],
            ..Default::default()
        };
        let objects = KeptObjects {
            unix_ms: 7,
            objects: vec![Object {
                id: ObjectId(1),
                name: "Internet".into(),
                revision: Revision(3),
                spec: spec.into(),
            }],
        };
        kept.keep_objects(&objects);
        assert_eq!(kept.objects(), Some(objects));
        std::fs::write(config.last_good_dir().join(OBJECTS_COPY), "torn").unwrap();
        assert_eq!(kept.objects(), None);
        assert!(collector.take().is_empty());
    }
}
