//! The ledger against a store of delivered reports: what was changed there, what is missing, what is
//! there twice, and what the ledger does not know.

use std::{collections::HashMap, io, path::Path};

use mailward_model::{Domain, EmailAddress, MessageId};
use mailward_proto::journal::report_no;

use crate::{
    Digest, How, Line, What,
    archive::{self, Found},
    check::{Problem, Problems, Wrong},
};

/// Reports that are compared at one time: some 150 MB.
pub const EXPECTED_MAX: usize = 2_000_000;

/// A report that should be there.
#[derive(Debug, Clone)]
struct Expected {
    report: Digest,
    target: String,
    /// Found as it was handed over.
    found: u32,
    /// Found, but changed.
    changed: u32,
}

/// What should be in a store: filled from the lines of a ledger.
#[derive(Debug)]
pub struct Expectation {
    target: Option<String>,
    since_unix_ms: u64,
    reports: HashMap<(MessageId, u32), Expected>,
    /// Reports beyond [`EXPECTED_MAX`].
    beyond: u64,
}

impl Expectation {
    /// Expects the reports for a target (or all) since a moment.
    pub fn new(target: Option<&EmailAddress>, since_unix_ms: u64) -> Expectation {
        Expectation {
            target: target.map(EmailAddress::key),
            since_unix_ms,
            reports: HashMap::new(),
            beyond: 0,
        }
    }

    /// Takes a line of the ledger into account.
    pub fn expect(&mut self, line: &Line) {
        let What::Report(report) = &line.what else {
            return;
        };
        if report.how != How::Delivered || line.at < self.since_unix_ms {
            return;
        }
        let Ok(target) = report.target.parse::<EmailAddress>() else {
            return;
        };
        if self.target.as_ref().is_some_and(|key| *key != target.key()) {
            return;
        }
        if self.reports.len() >= EXPECTED_MAX {
            self.beyond += 1;
            return;
        }
        self.reports.insert(
            (report.message, report_no(&target)),
            Expected {
                report: report.report,
                target: report.target.clone(),
                found: 0,
                changed: 0,
            },
        );
    }
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Messages in the store.
    pub messages: u64,
    /// Of these, reports of this host.
    pub reports: u64,
    /// Reports that should be there.
    pub expected: u64,
    /// Reports that are there, once and unchanged.
    pub right: u64,
    /// What is wrong.
    pub problems: Problems,
}

/// Compares a store with what is expected in it.
///
/// # Errors
/// The store cannot be read.
pub fn compare(path: &Path, host: &Domain, expectation: Expectation) -> io::Result<Compared> {
    let Expectation {
        mut reports,
        since_unix_ms,
        beyond,
        ..
    } = expectation;
    let mut compared = Compared {
        expected: reports.len() as u64,
        ..Compared::default()
    };
    archive::read(path, host, &mut |place, found| {
        compared.messages += 1;
        one(place, found, since_unix_ms, &mut reports, &mut compared);
    })?;
    let mut missing: Vec<_> = reports
        .iter()
        .filter(|(_, one)| one.found + one.changed == 0)
        .collect();
    missing.sort_by_key(|(key, _)| **key);
    for ((message, _), one) in missing {
        compared.problems.add(Problem {
            wrong: Wrong::Missing,
            place: path.display().to_string(),
            message: Some(*message),
            what: format!("{} took this report, and it is not here", one.target),
        });
    }
    compared.right = reports
        .values()
        .filter(|one| (one.found, one.changed) == (1, 0))
        .count() as u64;
    if beyond > 0 {
        compared.problems.add(Problem {
            wrong: Wrong::Unreadable,
            place: path.display().to_string(),
            message: None,
            what: format!(
                "{beyond} reports of the ledger were not looked for: too many at one time; give a later --since"
            ),
        });
    }
    Ok(compared)
}

fn one(
    place: &Path,
    found: Found,
    since_unix_ms: u64,
    reports: &mut HashMap<(MessageId, u32), Expected>,
    compared: &mut Compared,
) {
    let (message, no, digests) = match found {
        Found::Other => return,
        Found::Unreadable(what) => {
            return compared.problems.add(Problem {
                wrong: Wrong::Unreadable,
                place: place.display().to_string(),
                message: None,
                what,
            });
        }
        Found::Report {
            message,
            no,
            digests,
        } => (message, no, digests),
    };
    compared.reports += 1;
    let mut problem = |wrong, what: String| {
        compared.problems.add(Problem {
            wrong,
            place: place.display().to_string(),
            message: Some(message),
            what,
        });
    };
    let Some(expected) = reports.get_mut(&(message, no)) else {
        // Of the time before the one that was asked about, nothing is known.
        if message.unix_ms() >= since_unix_ms {
            let what = "the ledger does not know this report for the target that is looked at";
            problem(Wrong::Unknown, what.to_owned());
        }
        return;
    };
    match digests.contains(&expected.report) {
        true => expected.found += 1,
        false => {
            expected.changed += 1;
            let what = format!("its octets are not those that {} took", expected.target);
            problem(Wrong::Changed, what);
        }
    }
    let times = expected.found + expected.changed;
    if times > 1 {
        problem(Wrong::Doubled, format!("it is here {times} times"));
    }
}
