//! What policies come to on this node, told by the manager alone: once for the node, though every role
//! works by it.

use std::{io, os::unix::fs::PermissionsExt, path::Path};

use mailward_events::{Event, Items};
use mailward_model::{
    Revision,
    policy::{Holding, PolicyResult},
};

use super::Manager;

/// Changes that one event tells.
const CHANGES_MAX: usize = 50;

impl Manager {
    /// Says what has changed in what policies come to. The first look after a start tells nothing:
    /// nothing has changed by it.
    pub(super) fn tell_policies(&mut self) {
        let Some(store) = &self.store else {
            return;
        };
        // What cannot be read is told by who needs it.
        let Ok((result, revision)) = store.policy_result(&self.config.hostname) else {
            return;
        };
        let before = self.policies.replace(result.clone());
        self.open_to_administrators();
        if let Some(before) = before
            && before != result
        {
            self.events.emit(changed(&before, &result, revision));
            for (item, lost) in refused(&result) {
                if !refused(&before).contains(&(item, lost)) {
                    self.events.emit(Event::PolicyClaimRefused {
                        policy: lost.from.clone(),
                        item: item.to_owned(),
                        because: lost.reason.clone(),
                    });
                }
            }
        }
    }

    /// Lets others than root and the roles' user reach the admin socket where a policy admits any: the
    /// access role then asks who each is. The folder's other sockets stay their user's alone.
    pub(super) fn open_to_administrators(&self) {
        let admits = self.policies.as_ref().map(PolicyResult::administrators);
        let admits = admits.is_some_and(|names| !names.is_empty());
        let dir = &self.config.run_dir;
        let mut wanted = vec![(dir.join("admin.sock"), if admits { 0o666 } else { 0o600 })];
        if admits {
            wanted.push((dir.clone(), 0o711));
        }
        for (path, mode) in wanted {
            if let Err(error) = set_mode(&path, mode) {
                let what = format!("set the mode of {}", path.display());
                self.failing(&what, &error);
            }
        }
    }
}

/// Sets what is missing or too much of a mode. The folder belongs to the roles' user: a link in it is
/// not followed.
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
    let found = match std::fs::symlink_metadata(path) {
        // Not opened yet; it is looked at again when it is.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let now = found.permissions().mode() & 0o777;
    let wanted = if found.is_dir() { now | mode } else { mode };
    if found.is_symlink() || now == wanted {
        return Ok(());
    }
    fchmodat(
        nix::fcntl::AT_FDCWD,
        path,
        Mode::from_bits_truncate(wanted),
        FchmodatFlags::NoFollowSymlink,
    )
    .map_err(io::Error::from)
}

fn holdings(result: &PolicyResult) -> impl Iterator<Item = &Holding> {
    result
        .settings
        .iter()
        .chain(&result.ranges)
        .chain(&result.untrusted)
}

/// What was said and would not be sound.
fn refused(result: &PolicyResult) -> Vec<(&str, &mailward_model::policy::Lost)> {
    let all =
        holdings(result).flat_map(|one| one.lost.iter().map(|lost| (one.item.as_str(), lost)));
    all.filter(|(_, lost)| lost.loss.is_refusal()).collect()
}

fn changed(before: &PolicyResult, now: &PolicyResult, revision: Revision) -> Event {
    let mut changes = Vec::new();
    let told = |one: &Holding| format!("{} {} by {}", one.item, one.value, one.from);
    for one in holdings(now) {
        let was = holdings(before).find(|other| other.item == one.item);
        if was.is_none_or(|was| was.value != one.value || was.from != one.from) {
            changes.push(told(one));
        }
    }
    for one in holdings(before) {
        if !holdings(now).any(|other| other.item == one.item) {
            changes.push(format!("{} as without a policy", one.item));
        }
    }
    for one in now.groups.iter().filter(|one| !before.groups.contains(one)) {
        changes.push(format!("group {}", one.group));
    }
    for one in &before.groups {
        if !now.groups.iter().any(|other| other.group == one.group) {
            changes.push(format!("group {} as without a policy", one.group));
        }
    }
    changes.truncate(CHANGES_MAX);
    let applied = now.policies.iter().filter(|one| one.applied);
    Event::PolicyResultChanged {
        node: now.node.to_string(),
        revision: revision.0,
        policies: applied.map(|one| one.policy.as_str()).collect::<Items>(),
        changes: changes.into(),
    }
}
