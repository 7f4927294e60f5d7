//! Endpoints: the test of `mailward test tls`, as a probe.
//!
//! A test makes some hundred connections, so one that was made a short while ago counts again: however
//! often a probe is run, after a restart or by hand, a server is tested once in [`GAP_MIN`]. What was
//! found is kept in a file, and judged anew by what the object says then.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use mailward_host::replace::{Lasting, replace};
use mailward_model::{
    ObjectId,
    kind::{AlertFrom, Endpoint, EndpointSubject},
};
use mailward_tls::{
    Untrusted,
    audit::{Auditor, Level, Options, Report, Target, Verdict},
};
use serde::{Deserialize, Serialize};

use super::{Context, Found, Steps};
use crate::Cause;

/// The shortest time between two tests of one endpoint.
const GAP_MIN: Duration = Duration::from_secs(600);
/// How long after a server was not reached it is tried once more.
const AGAIN_AFTER: Duration = Duration::from_secs(20);
/// Octets of a kept test.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// A verdict, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    subject: EndpointSubject,
    level: KeptLevel,
    found: String,
    reason: String,
    mend: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptLevel {
    Well,
    Note,
    Untested,
    Weak,
    Bad,
}

/// A test, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Test {
    /// What was tested, in words: another one is another test.
    target: String,
    /// The generation of the list of untrusted certificates does not outlast a process: its length
    /// tells that it is another one.
    untrusted: usize,
    unix_ms: u64,
    verdicts: Vec<Kept>,
}

impl From<&Verdict> for Kept {
    fn from(verdict: &Verdict) -> Kept {
        Kept {
            subject: verdict.subject,
            level: match verdict.level {
                Level::Well => KeptLevel::Well,
                Level::Note => KeptLevel::Note,
                Level::Untested => KeptLevel::Untested,
                Level::Weak => KeptLevel::Weak,
                Level::Bad => KeptLevel::Bad,
            },
            found: verdict.found.clone(),
            reason: verdict.reason.clone(),
            mend: verdict.mend.clone(),
        }
    }
}

/// Tests an endpoint, or tells what the last test found where that was a short while ago.
pub(super) async fn look(
    context: &Context,
    id: ObjectId,
    endpoint: &Endpoint,
    steps: &mut Steps,
) -> Found {
    let file = context
        .data_dir
        .join("health")
        .join(format!("endpoint-{id}.json"));
    let untrusted = Untrusted::of_process();
    let target = words(endpoint);
    let now = context.clock.unix_ms();
    steps.next("last test");
    let last = load(file.clone()).await.filter(|test| {
        let gap = u64::try_from(GAP_MIN.as_millis()).unwrap_or(u64::MAX);
        test.target == target
            && test.untrusted == untrusted.list().len()
            && now.checked_sub(test.unix_ms).is_some_and(|age| age < gap)
    });
    if let Some(test) = last {
        return judge(&test, endpoint, now);
    }
    steps.next("test");
    let auditor = match auditor(context, endpoint, untrusted.clone()).await {
        Ok(auditor) => auditor,
        Err(found) => return found,
    };
    let mut report = auditor.one(Target::of(endpoint)).await;
    if !is_reached(&report) {
        steps.next("second try");
        tokio::time::sleep(AGAIN_AFTER).await;
        report = auditor.one(Target::of(endpoint)).await;
    }
    let test = Test {
        target,
        untrusted: untrusted.list().len(),
        unix_ms: context.clock.unix_ms(),
        verdicts: report.verdicts.iter().map(Kept::from).collect(),
    };
    // One that cannot be kept is made again sooner; what was found is told all the same.
    if let Some(problem) = keep(file, &test).await {
        steps.note(format!("the test cannot be kept: {problem}"));
    }
    judge(&test, endpoint, test.unix_ms)
}

/// What is tested, in words.
fn words(endpoint: &Endpoint) -> String {
    let domain = endpoint.mail_domain.as_ref();
    let domain = domain.map_or("", |domain| domain.as_str());
    format!("{endpoint} {domain}")
}

fn is_reached(report: &Report) -> bool {
    report.verdict(EndpointSubject::Reached).is_none()
}

async fn auditor(
    context: &Context,
    endpoint: &Endpoint,
    untrusted: Untrusted,
) -> Result<Arc<Auditor>, Found> {
    let options = Options {
        answer_max: endpoint.answer_timeout.get(),
        roots: context.trusted.clone(),
        untrusted,
        resolvers: context.resolvers.clone(),
        mail_domain: endpoint.mail_domain.as_ref().map(ToString::to_string),
        ..Options::new(Arc::clone(&context.clock))
    };
    // Reading the system's roots takes some tenths of a second.
    let made = tokio::task::spawn_blocking(move || Arc::new(Auditor::new(options))).await;
    made.map_err(|error| Found::error(error.to_string()))
}

async fn load(file: PathBuf) -> Option<Test> {
    let read = move || -> Option<Test> {
        let length = std::fs::metadata(&file).ok()?.len();
        let octets = (length <= FILE_OCTETS_MAX).then(|| std::fs::read(&file))?;
        serde_json::from_slice(&octets.ok()?).ok()
    };
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

async fn keep(file: PathBuf, test: &Test) -> Option<String> {
    let octets = serde_json::to_vec(test).map_err(io::Error::from);
    let write = move || octets.and_then(|octets| replace(&file, &octets, Lasting::PowerCut));
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn judge(test: &Test, endpoint: &Endpoint, now: u64) -> Found {
    let from = match endpoint.alert_from {
        AlertFrom::Weak => KeptLevel::Weak,
        AlertFrom::Bad => KeptLevel::Bad,
    };
    let borne = |one: &&Kept| !endpoint.accept.contains(&one.subject);
    // A server that is not reached is told, whatever could not be tested besides.
    let is_bad = |one: &Kept| one.level >= from || one.subject == EndpointSubject::Reached;
    let mut told: Vec<&Kept> = test
        .verdicts
        .iter()
        .filter(borne)
        .filter(|one| one.level >= KeptLevel::Untested)
        .collect();
    told.sort_by_key(|one| std::cmp::Reverse(one.level));
    let age = match now.saturating_sub(test.unix_ms) {
        0..60_000 => String::new(),
        age if age < HOUR_MS => format!(" (tested {} minutes ago)", age / 60_000),
        age => format!(" (tested {} hours ago)", age / HOUR_MS),
    };
    let text: Vec<String> = told.iter().map(|one| sentence(one)).collect();
    let text = match text.is_empty() {
        true => format!("{endpoint}: all is well{age}"),
        false => format!("{endpoint}: {}{age}", text.join(". ")),
    };
    let found = match (told.iter().any(|one| is_bad(one)), told.is_empty()) {
        (true, _) => Found::fail(text).of(Cause::Upstream),
        (false, false) => Found::slow(text),
        (false, true) => Found::pass(text),
    };
    found.measured("findings", told.len() as u64)
}

/// What was found, why, and what to do, as one sentence.
fn sentence(one: &Kept) -> String {
    let word = match one.level {
        KeptLevel::Well => "well",
        KeptLevel::Note => "note",
        KeptLevel::Untested => "untested",
        KeptLevel::Weak => "weak",
        KeptLevel::Bad => "BAD",
    };
    let mut text = format!("{} is {word}: {}", one.subject.title(), one.found);
    for part in [&one.reason, &one.mend] {
        if !part.is_empty() {
            text.push_str("; ");
            text.push_str(part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe;

    fn test(levels: &[(EndpointSubject, KeptLevel)]) -> Test {
        let verdicts = levels.iter().map(|(subject, level)| Kept {
            subject: *subject,
            level: *level,
            found: "TLS 1.0".to_owned(),
            reason: "it is old".to_owned(),
            mend: "offer TLS 1.3".to_owned(),
        });
        Test {
            target: String::new(),
            untrusted: 9,
            unix_ms: 0,
            verdicts: verdicts.collect(),
        }
    }

    #[test]
    fn a_finding_is_a_failure_with_its_mend_unless_it_is_borne() {
        use EndpointSubject::{Chain, Heartbleed, Ocsp, Versions};
        let mut endpoint = Endpoint::new("mx.example.org".parse().unwrap());
        let well = test(&[(Heartbleed, KeptLevel::Well), (Ocsp, KeptLevel::Note)]);
        assert_eq!(judge(&well, &endpoint, 0).verdict, probe::Verdict::Pass);
        let weak = test(&[(Versions, KeptLevel::Weak), (Chain, KeptLevel::Untested)]);
        let found = judge(&weak, &endpoint, 7 * 60_000);
        assert_eq!(found.verdict, probe::Verdict::Fail);
        assert_eq!(
            found.text,
            "mx.example.org:443: versions is weak: TLS 1.0; it is old; offer TLS 1.3. chain is \
             untested: TLS 1.0; it is old; offer TLS 1.3 (tested 7 minutes ago)"
        );
        endpoint.accept = vec![Versions];
        assert_eq!(judge(&weak, &endpoint, 0).verdict, probe::Verdict::Slow);
        endpoint.accept = vec![Versions, Chain];
        assert_eq!(judge(&weak, &endpoint, 0).verdict, probe::Verdict::Pass);
        endpoint.accept = Vec::new();
        endpoint.alert_from = AlertFrom::Bad;
        assert_eq!(judge(&weak, &endpoint, 0).verdict, probe::Verdict::Slow);
        let bad = test(&[(Heartbleed, KeptLevel::Bad)]);
        assert_eq!(judge(&bad, &endpoint, 0).verdict, probe::Verdict::Fail);
        let gone = test(&[(EndpointSubject::Reached, KeptLevel::Untested)]);
        assert_eq!(judge(&gone, &endpoint, 0).verdict, probe::Verdict::Fail);
    }
}
