//! Holds: what takes no new mail, on whose behalf, why and until when. A list that the manager
//! keeps in a synced file.
//!
//! The most restrictive hold on a component counts. Each is ended by its own requester, by its
//! time, or by a person who gives a reason.
//!
//! Never here: carrying anything out; transport does, from [`Holds::orders`].

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mailward_api::view::{
    Hold, Requester,
    hold::{ComponentOrder, SERVER_WIDE, Wanted},
};
use mailward_host::replace::{Lasting, replace};

use crate::storm::WHOLE_NODE;

/// How long a hold for work or an update lasts where no time is given, in milliseconds: a failed
/// update must not leave a dead node.
pub const WORK_MS: u64 = 4 * 3_600_000;
/// How long before its end a hold is told to end soon, in milliseconds.
pub const WARN_MS: u64 = 1_800_000;
/// Holds kept at most; people set a handful.
const HOLDS_MAX: usize = 1_000;

/// Why a hold was not set or not released.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The file could not be written: nothing has changed.
    #[error("the holds in {path} cannot be written; check free space and the disk")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are too many.
    #[error("there are {HOLDS_MAX} holds already; release some with `mailward health release`")]
    TooMany,
    /// Nothing of that requester holds the component.
    #[error("{component} is not held for {requester}; `mailward health holds` shows what is")]
    None {
        /// The component.
        component: String,
        /// The requester.
        requester: Requester,
    },
}

/// What became of the holds as time passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// These have ended.
    pub expired: Vec<Hold>,
    /// These will within [`WARN_MS`], and it was not said yet.
    pub soon: Vec<Hold>,
}

/// The holds in force.
#[derive(Debug)]
pub struct Holds {
    path: PathBuf,
    list: Vec<Hold>,
    /// Those whose end was announced: component, requester, end.
    warned: Vec<(String, Requester, u64)>,
}

impl Holds {
    /// Reads the holds. A file that cannot be read is as good as none: what is held is then served,
    /// which is the safe side; the error is returned beside.
    pub fn open(path: &Path) -> (Holds, Option<io::Error>) {
        let read = fs::read(path)
            .and_then(|json| serde_json::from_slice::<Vec<Hold>>(&json).map_err(io::Error::other));
        let (list, error) = match read {
            Ok(list) => (list, None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let holds = Holds {
            path: path.to_owned(),
            list,
            warned: Vec::new(),
        };
        (holds, error)
    }

    /// Every hold.
    pub fn all(&self) -> &[Hold] {
        &self.list
    }

    /// Sets a hold, in place of an earlier one of the same requester on the same component.
    ///
    /// # Errors
    /// See [`HoldError`]; nothing has changed then.
    pub fn set(&mut self, mut hold: Hold) -> Result<Hold, HoldError> {
        if hold.expires_unix_ms.is_none()
            && matches!(
                hold.requester,
                Requester::Maintenance | Requester::Deployment
            )
        {
            hold.expires_unix_ms = Some(hold.since_unix_ms.saturating_add(WORK_MS));
        }
        let mut list = self.list.clone();
        list.retain(|one| one.component != hold.component || one.requester != hold.requester);
        if list.len() >= HOLDS_MAX {
            return Err(HoldError::TooMany);
        }
        list.push(hold.clone());
        self.keep(list)?;
        Ok(hold)
    }

    /// Ends the holds of a requester on a component; with `force` those of every requester.
    ///
    /// # Errors
    /// See [`HoldError`]; nothing has changed then.
    pub fn release(
        &mut self,
        component: &str,
        requester: Requester,
        force: bool,
    ) -> Result<Vec<Hold>, HoldError> {
        let is_meant = |hold: &Hold| {
            hold.component.eq_ignore_ascii_case(component) && (force || hold.requester == requester)
        };
        let (released, list): (Vec<Hold>, Vec<Hold>) =
            self.list.iter().cloned().partition(is_meant);
        if released.is_empty() {
            return Err(HoldError::None {
                component: component.to_owned(),
                requester,
            });
        }
        self.keep(list)?;
        Ok(released)
    }

    /// Ends what managed availability holds for a common cause: when much fails at once, taking
    /// servers out makes it worse.
    ///
    /// # Errors
    /// See [`HoldError`]; nothing has changed then.
    pub fn lift(&mut self, key: &str) -> Result<Vec<Hold>, HoldError> {
        let (lifted, list): (Vec<Hold>, Vec<Hold>) = self.list.iter().cloned().partition(|hold| {
            hold.requester == Requester::HealthApi
                && (key == WHOLE_NODE || hold.cause.as_deref() == Some(key))
        });
        if !lifted.is_empty() {
            self.keep(list)?;
        }
        Ok(lifted)
    }

    /// Lets time pass: ends what is over.
    ///
    /// # Errors
    /// See [`HoldError`]; what is over is then still there, and ends with the next call.
    pub fn pass(&mut self, now_unix_ms: u64) -> Result<Passed, HoldError> {
        let is_over = |hold: &Hold| hold.expires_unix_ms.is_some_and(|end| end <= now_unix_ms);
        let (expired, list): (Vec<Hold>, Vec<Hold>) = self.list.iter().cloned().partition(is_over);
        if !expired.is_empty() {
            self.keep(list)?;
        }
        let mut soon = Vec::new();
        for hold in &self.list {
            let Some(end) = hold.expires_unix_ms else {
                continue;
            };
            // A hold that is shorter than the warning needs none.
            let is_short = end.saturating_sub(hold.since_unix_ms) <= WARN_MS;
            let mark = (hold.component.clone(), hold.requester, end);
            if end.saturating_sub(now_unix_ms) <= WARN_MS
                && !is_short
                && !self.warned.contains(&mark)
            {
                self.warned.push(mark);
                soon.push(hold.clone());
            }
        }
        let list = &self.list;
        self.warned.retain(|(component, requester, end)| {
            list.iter().any(|hold| {
                hold.component == *component
                    && hold.requester == *requester
                    && hold.expires_unix_ms == Some(*end)
            })
        });
        Ok(Passed { expired, soon })
    }

    /// What the holds together want of each component, the most restrictive of each.
    pub fn orders(&self) -> Vec<ComponentOrder> {
        let mut orders: Vec<ComponentOrder> = Vec::new();
        for hold in &self.list {
            let reason = format!("{} ({})", hold.reason, hold.requester);
            match orders
                .iter_mut()
                .find(|one| one.component == hold.component)
            {
                Some(order) if order.wanted >= hold.wanted => {}
                Some(order) => (order.wanted, order.reason) = (hold.wanted, reason),
                None => orders.push(ComponentOrder {
                    component: hold.component.clone(),
                    wanted: hold.wanted,
                    reason,
                }),
            }
        }
        orders
    }

    /// What counts for one component: the most restrictive of its own holds and those of the whole.
    pub fn effective(&self, component: &str) -> Option<Wanted> {
        self.list
            .iter()
            .filter(|hold| hold.component == component || hold.component == SERVER_WIDE)
            .map(|hold| hold.wanted)
            .max()
    }

    fn keep(&mut self, list: Vec<Hold>) -> Result<(), HoldError> {
        let written = serde_json::to_vec(&list)
            .map_err(io::Error::from)
            .and_then(|json| replace(&self.path, &json, Lasting::PowerCut));
        written.map_err(|source| HoldError::Write {
            path: self.path.clone(),
            source,
        })?;
        self.list = list;
        Ok(())
    }
}

/// True for a hold that managed availability set for a case, and that only the case ends.
pub fn is_of_a_case(hold: &Hold) -> bool {
    hold.requester == Requester::HealthApi && hold.case.is_some() && hold.expires_unix_ms.is_none()
}

/// The holds of managed availability whose case is not among those open: nobody would end them.
pub fn orphans<'a>(holds: &'a [Hold], open: &[String]) -> Vec<&'a Hold> {
    let is_open = |hold: &Hold| hold.case.as_ref().is_some_and(|case| open.contains(case));
    holds
        .iter()
        .filter(|hold| is_of_a_case(hold) && !is_open(hold))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(component: &str, requester: Requester, wanted: Wanted) -> Hold {
        Hold {
            component: component.into(),
            requester,
            wanted,
            owner: "ops".into(),
            reason: "work".into(),
            since_unix_ms: 1_000,
            expires_unix_ms: None,
            case: None,
            cause: None,
        }
    }

    #[test]
    fn the_most_restrictive_counts_and_only_its_requester_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("holds.json");
        let (mut holds, _) = Holds::open(&path);
        let internet = "receive/Internet";
        holds
            .set(hold(internet, Requester::Sidelined, Wanted::Draining))
            .unwrap();
        holds
            .set(hold(internet, Requester::HealthApi, Wanted::Inactive))
            .unwrap();
        assert_eq!(holds.effective(internet), Some(Wanted::Inactive));
        assert_eq!(holds.orders().len(), 1);
        assert!(
            holds
                .release(internet, Requester::Maintenance, false)
                .is_err()
        );
        holds
            .release(internet, Requester::HealthApi, false)
            .unwrap();
        assert_eq!(holds.effective(internet), Some(Wanted::Draining));
        assert_eq!(holds.effective("receive/Relay"), None);
        holds
            .set(hold(SERVER_WIDE, Requester::Functional, Wanted::Inactive))
            .unwrap();
        assert_eq!(holds.effective("receive/Relay"), Some(Wanted::Inactive));
        // It outlives the manager.
        let (mut again, error) = Holds::open(&path);
        assert!(error.is_none());
        assert_eq!(again.all(), holds.all());
        // By force: of whichever requester.
        let released = again
            .release(internet, Requester::Maintenance, true)
            .unwrap();
        assert_eq!(released.len(), 1);
    }

    #[test]
    fn holds_for_work_end_by_themselves_after_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let (mut holds, _) = Holds::open(&dir.path().join("holds.json"));
        for requester in [Requester::Maintenance, Requester::Deployment] {
            let set = holds
                .set(hold(SERVER_WIDE, requester, Wanted::Draining))
                .unwrap();
            assert_eq!(set.expires_unix_ms, Some(1_000 + WORK_MS));
        }
        let set = holds
            .set(hold(SERVER_WIDE, Requester::Functional, Wanted::Draining))
            .unwrap();
        assert_eq!(set.expires_unix_ms, None);
        assert_eq!(
            holds.pass(1_000 + WORK_MS - WARN_MS - 1).unwrap(),
            Passed::default()
        );
        assert_eq!(holds.pass(1_000 + WORK_MS - WARN_MS).unwrap().soon.len(), 2);
        assert_eq!(
            holds.pass(1_000 + WORK_MS - 1).unwrap(),
            Passed::default(),
            "warned once"
        );
        assert_eq!(holds.pass(1_000 + WORK_MS).unwrap().expired.len(), 2);
        assert_eq!(holds.all().len(), 1);
    }

    #[test]
    fn a_storm_lifts_what_managed_availability_holds_for_its_cause() {
        let dir = tempfile::tempdir().unwrap();
        let (mut holds, _) = Holds::open(&dir.path().join("holds.json"));
        let of = |component: &str, cause: Option<&str>| Hold {
            cause: cause.map(str::to_owned),
            ..hold(component, Requester::HealthApi, Wanted::Inactive)
        };
        holds.set(of("receive/A", Some("dns"))).unwrap();
        holds.set(of("receive/B", None)).unwrap();
        holds
            .set(hold("receive/C", Requester::Maintenance, Wanted::Inactive))
            .unwrap();
        assert_eq!(holds.lift("dns").unwrap().len(), 1);
        assert_eq!(holds.lift(WHOLE_NODE).unwrap().len(), 1);
        assert_eq!(holds.all().len(), 1, "a person's hold stays");
    }

    #[test]
    fn a_hold_whose_case_is_not_open_is_nobody_s() {
        let of = |component: &str, case: &str| Hold {
            case: Some(case.to_owned()),
            ..hold(component, Requester::HealthApi, Wanted::Inactive)
        };
        let for_a_while = Hold {
            expires_unix_ms: Some(9),
            ..of("receive/D", "case-3")
        };
        let holds = [
            of("receive/A", "case-1"),
            of("receive/B", "case-2"),
            // Set by the test of a component that came back, and by a person.
            hold("receive/C", Requester::HealthApi, Wanted::Inactive),
            hold("receive/B", Requester::Maintenance, Wanted::Inactive),
            for_a_while,
        ];
        let orphans = orphans(&holds, &["case-1".to_owned()]);
        assert_eq!(orphans, [&holds[1]]);
    }

    #[test]
    fn a_hold_that_cannot_be_written_is_not_set() {
        let dir = tempfile::tempdir().unwrap();
        let (mut holds, _) = Holds::open(&dir.path().join("gone/holds.json"));
        assert!(
            holds
                .set(hold("receive/A", Requester::HealthApi, Wanted::Inactive))
                .is_err()
        );
        assert!(holds.all().is_empty());
        let damaged = dir.path().join("holds.json");
        std::fs::write(&damaged, "{").unwrap();
        let (holds, error) = Holds::open(&damaged);
        assert!(holds.all().is_empty() && error.is_some());
    }
}
