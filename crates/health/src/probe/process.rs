//! Memory and descriptors of each role, by /proc.

use std::{io, path::Path};

use mailward_api::control::{ControlReply, ControlRequest, Role};

use super::{Context, Found};

/// Descriptors in use, of 100 that may be, from which on it is told, and is a trouble.
const DESCRIPTORS_PERCENT_SLOW: u64 = 75;
const DESCRIPTORS_PERCENT_FAIL: u64 = 90;
/// Memory of the host that must be available, of 100.
const AVAILABLE_PERCENT_MIN: u64 = 3;

/// What /proc says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    resident_octets: u64,
    descriptors: u64,
    descriptors_max: u64,
    /// Of the host.
    available_octets: u64,
    total_octets: u64,
}

pub(super) async fn look(context: &Context, role: Role) -> Found {
    let pid = match context.ask(role, &ControlRequest::Ping).await {
        Ok(ControlReply::Pong(status)) => status.pid,
        Ok(_) => return Found::error(format!("{role} answered something else")),
        // That a role does not answer is told by whoever watches over it.
        Err(error) => return Found::skipped(error),
    };
    let read =
        tokio::task::spawn_blocking(move || usage(&Path::new("/proc").join(pid.to_string())));
    match read.await {
        Ok(Ok(usage)) => judge(&usage),
        Ok(Err(error)) => Found::error(format!("/proc/{pid}: {error}")),
        Err(error) => Found::error(error.to_string()),
    }
}

fn usage(process: &Path) -> io::Result<Usage> {
    let status = std::fs::read_to_string(process.join("status"))?;
    let limits = std::fs::read_to_string(process.join("limits"))?;
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    Ok(Usage {
        resident_octets: kilobytes(&status, "VmRSS:"),
        descriptors: std::fs::read_dir(process.join("fd"))?.count() as u64,
        descriptors_max: open_files(&limits),
        available_octets: kilobytes(&memory, "MemAvailable:"),
        total_octets: kilobytes(&memory, "MemTotal:"),
    })
}

/// A line such as `VmRSS:     1234 kB`, in octets; 0 where there is none.
fn kilobytes(text: &str, field: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// The soft limit of open files (proc_pid_limits(5)).
fn open_files(text: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    soft.unwrap_or(u64::MAX)
}

fn judge(usage: &Usage) -> Found {
    let percent = usage.descriptors.saturating_mul(100) / usage.descriptors_max.max(1);
    let short = usage.total_octets > 0
        && usage.available_octets < usage.total_octets / 100 * AVAILABLE_PERCENT_MIN;
    let found = if percent >= DESCRIPTORS_PERCENT_FAIL {
        Found::fail(format!(
            "{} of {} descriptors are in use",
            usage.descriptors, usage.descriptors_max
        ))
    } else if short {
        Found::fail(format!(
            "only {} MB of the host's memory are available",
            usage.available_octets >> 20
        ))
    } else if percent >= DESCRIPTORS_PERCENT_SLOW {
        Found::slow(format!("{percent} % of its descriptors are in use"))
    } else {
        Found::pass("memory and descriptors suffice")
    };
    found
        .measured("resident_octets", usage.resident_octets)
        .measured("descriptors", usage.descriptors)
        .measured("available_octets", usage.available_octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Verdict;

    #[test]
    fn what_is_short_is_told() {
        let fine = usage(Path::new("/proc/self")).unwrap();
        assert!(
            fine.resident_octets > 1 << 20 && fine.descriptors > 2,
            "{fine:?}"
        );
        assert!(
            fine.descriptors_max < u64::MAX && fine.total_octets > 0,
            "{fine:?}"
        );
        let fine = Usage {
            descriptors: 10,
            descriptors_max: 100,
            available_octets: 50,
            total_octets: 1000,
            ..fine
        };
        for (usage, verdict, word) in [
            (fine, Verdict::Pass, "suffice"),
            (
                Usage {
                    descriptors: 75,
                    ..fine
                },
                Verdict::Slow,
                "75 %",
            ),
            (
                Usage {
                    descriptors: 90,
                    ..fine
                },
                Verdict::Fail,
                "90 of 100",
            ),
            (
                Usage {
                    available_octets: 29,
                    ..fine
                },
                Verdict::Fail,
                "memory",
            ),
        ] {
            let found = judge(&usage);
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert!(found.text.contains(word), "{found:?}");
        }
    }
}
