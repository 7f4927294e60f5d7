//! `mailward test tls`: endpoints tested from this host, as a stranger sees them.
//!
//! The tests are `mailward_tls::audit`'s; here are their arguments, the bar that shows how far they
//! are, and the exit code. They need no node. Where one answers, its untrusted certificates are
//! looked for as well as those built in.

mod crl;
mod page;

use std::{
    io::{self, Read},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mailward_api::{
    fault::Fault,
    operation::Op,
    view::{UntrustedList, UntrustedView},
};
use mailward_host::clock::{Clock, SystemClock};
use mailward_model::kind::UntrustedCertificate;
use mailward_tls::{
    Roots, Untrusted,
    audit::{Auditor, Level, Options, Protocol, Report, Target},
};

use serde_json::Map;

use crate::{
    Connection,
    run::{Output, ask},
};

/// Octets of a file of targets.
const FILE_OCTETS_MAX: u64 = 4 << 20;
/// How long a node may take to say which certificates it refuses.
const NODE_MAX: Duration = Duration::from_secs(3);
/// Targets of one run: more belong into several.
const TARGETS_MAX: usize = 10_000;

/// What the command's help ends with.
const EXIT: &str = "\
Exit codes:
  0  all is well
  1  something should be mended
  2  wrong usage
  3  nothing was found, but something could not be tested

A file of targets has one on each line, HOST or HOST:PORT, and behind it the protocol where it is \
not the one that is usual at the port; # begins a remark.";

/// The command.
pub(crate) fn command() -> Command {
    let words = Protocol::ALL.map(|(_, word, _)| word);
    let tls = Command::new("tls")
        .about("Test the TLS of servers: Heartbleed, versions, ciphers, certificate, DANE, MTA-STS")
        .long_about(
            "Test the TLS of servers: Heartbleed, versions, ciphers, certificate, DANE, MTA-STS\n\n\
             Connects to each target as a stranger would and prints a verdict for each thing that \
             was looked at, with its reason and what to do. The test for Heartbleed is harmless: it \
             sends octets of its own without padding, which a vulnerable server sends back, and asks \
             for nobody's memory. No node is needed; where one answers, its untrusted certificates \
             are looked for too, and the CRLs of its feeds are asked. Test servers of your own, or those whose owner agrees.",
        )
        .after_help(EXIT)
        .arg(
            Arg::new("target")
                .value_name("HOST[:PORT]")
                .action(ArgAction::Append)
                .required_unless_present("targets")
                .help("What to test; port 443 where none is said"),
        )
        .arg(
            Arg::new("targets")
                .long("targets")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("A file with many targets; - for standard input"),
        )
        .arg(
            Arg::new("starttls")
                .long("starttls")
                .value_name("PROTOCOL")
                .value_parser(words)
                .help("What is spoken before TLS; else what is usual at the port"),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=120))
                .default_value("8")
                .help("How long one answer may take"),
        )
        .arg(
            Arg::new("ca")
                .long("ca")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("A PEM file of roots to trust besides the system's"),
        )
        .arg(
            Arg::new("domain")
                .long("domain")
                .value_name("DOMAIN")
                .help("The domain whose mail the targets take, for MTA-STS; else found by their names"),
        )
        .arg(
            Arg::new("resolver")
                .long("resolver")
                .value_name("ADDRESS:PORT")
                .action(ArgAction::Append)
                .value_parser(value_parser!(SocketAddr))
                .help("A DNS server to ask; else the system's"),
        );
    Command::new("test")
        .about("Test endpoints from this host")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(tls)
}

/// True for `mailward test`.
pub fn is_test(matches: &ArgMatches) -> bool {
    matches.subcommand_name() == Some("test")
}

/// Runs the tests. `connection` leads to the node, where there may be one.
pub fn test(matches: &ArgMatches, connection: Option<&Connection>) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let output = Output::new(matches, &mut out, &mut err);
    let Some(("tls", own)) = matches.subcommand().and_then(|(_, own)| own.subcommand()) else {
        return ExitCode::from(2);
    };
    let done = targets(own).and_then(|targets| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::failed(format!("no runtime: {error}")))?;
        runtime.block_on(run(own, targets, connection, &output))
    });
    ExitCode::from(done.unwrap_or_else(|fault| {
        output.fault(&fault);
        fault.kind.exit_code()
    }))
}

/// The targets of the command line and of the file.
fn targets(own: &ArgMatches) -> Result<Vec<Target>, Fault> {
    let protocol = own
        .get_one::<String>("starttls")
        .map(|word| word.parse::<Protocol>())
        .transpose()
        .map_err(|error| invalid("", &error))?;
    let mut targets = Vec::new();
    for text in own.get_many::<String>("target").into_iter().flatten() {
        targets.push(Target::read(text, protocol).map_err(|error| invalid("", &error))?);
    }
    if let Some(file) = own.get_one::<PathBuf>("targets") {
        let text = read(file).map_err(|error| invalid(&file.display().to_string(), &error))?;
        for (at, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", file.display(), at + 1);
            targets.extend(of_line(line, protocol).map_err(|error| invalid(&place(), &error))?);
        }
    }
    match targets.len() {
        0 => Err(Fault::invalid(
            "there is nothing to test",
            "name a target, or a file that holds some",
        )),
        count if count > TARGETS_MAX => Err(Fault::invalid(
            format!("{count} targets are too many"),
            format!("test at most {TARGETS_MAX} in one run"),
        )),
        _ => Ok(targets),
    }
}

/// The target of a line of a file; none on an empty one.
fn of_line(
    line: &str,
    protocol: Option<Protocol>,
) -> Result<Option<Target>, mailward_tls::audit::TargetError> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let Some(host) = words.next() else {
        return Ok(None);
    };
    let protocol = match words.next() {
        Some(word) => Some(word.parse()?),
        None => protocol,
    };
    Target::read(host, protocol).map(Some)
}

fn invalid(place: &str, error: &dyn std::fmt::Display) -> Fault {
    let text = match place {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    };
    Fault::invalid(text, "`mailward test tls --help` shows the forms")
}

fn read(file: &PathBuf) -> io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(std::fs::File::open(file)?),
    };
    source.take(FILE_OCTETS_MAX).read_to_string(&mut text)?;
    Ok(text)
}

async fn run(
    own: &ArgMatches,
    targets: Vec<Target>,
    connection: Option<&Connection>,
    output: &Output<'_>,
) -> Result<u8, Fault> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut options = Options::new(Arc::clone(&clock));
    if let Some(connection) = connection {
        options.untrusted = untrusted(connection).await;
    }
    if let Some(seconds) = own.get_one::<u64>("timeout") {
        options.answer_max = Duration::from_secs(*seconds);
    }
    if let Some(file) = own.get_one::<PathBuf>("ca") {
        options.roots = Roots::system_and(file);
    }
    options.mail_domain = own.get_one::<String>("domain").cloned();
    options.resolvers = own
        .get_many::<SocketAddr>("resolver")
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let count = targets.len();
    let bar = bar(count, output.json);
    let mut reports: Vec<Option<Report>> = vec![None; count];
    let auditor = Arc::new(Auditor::new(options));
    auditor
        .all(targets, |at, report| {
            bar.set_message(report.target.clone());
            bar.inc(1);
            if let Some(slot) = reports.get_mut(at) {
                *slot = Some(report);
            }
        })
        .await;
    bar.finish_and_clear();
    let mut reports: Vec<Report> = reports.into_iter().flatten().collect();
    for report in &mut reports {
        crl::consult(report, connection).await;
    }
    if output.json {
        let text = serde_json::to_string_pretty(&reports)
            .map_err(|error| Fault::failed(format!("the reports cannot be written: {error}")))?;
        output.print(&format!("{text}\n"));
    } else {
        output.page(&page::reports(&reports));
    }
    // A test that fell over has no report, and was not made.
    Ok(exit_code(&reports, count))
}

/// The node's untrusted certificates; those built in where no node answers.
async fn untrusted(connection: &Connection) -> Untrusted {
    let known = Untrusted::default();
    let asked = ask(Op::UntrustedList, Map::new(), connection);
    let Ok(Ok(answer)) = tokio::time::timeout(NODE_MAX, asked).await else {
        return known;
    };
    let Ok(list) = serde_json::from_slice::<UntrustedList>(&answer) else {
        return known;
    };
    let own = list.entries.iter().filter(|entry| !entry.built_in);
    let entries: Vec<(&str, UntrustedCertificate)> = own
        .map(|entry| (entry.name.as_str(), of_view(entry)))
        .collect();
    known.replace(entries.iter().map(|(name, entry)| (*name, entry)));
    known
}

fn of_view(view: &UntrustedView) -> UntrustedCertificate {
    UntrustedCertificate {
        issuer: Some(view.issuer.clone()).filter(|issuer| !issuer.is_empty()),
        serial: view.serial.parse().ok(),
        sha256: view.sha256.parse().ok(),
        spki_sha256: view.spki_sha256.parse().ok(),
        subject: view.subject.clone(),
        reason: view.reason.clone(),
    }
}

/// On standard error, and only where that is a terminal and there is something to wait for.
fn bar(count: usize, json: bool) -> ProgressBar {
    if json {
        return ProgressBar::hidden();
    }
    let length = u64::try_from(count).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {pos}/{len} {wide_msg}")
    {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn exit_code(reports: &[Report], asked: usize) -> u8 {
    let levels: Vec<Level> = reports
        .iter()
        .flat_map(|report| &report.verdicts)
        .map(|verdict| verdict.level)
        .collect();
    if levels.iter().any(|level| level.is_finding()) {
        1
    } else if reports.len() < asked || levels.contains(&Level::Untested) {
        3
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Vec<String>, String> {
        let matches = crate::command()
            .try_get_matches_from(line.split(' '))
            .map_err(|error| error.to_string())?;
        let own = matches.subcommand().unwrap().1.subcommand().unwrap().1;
        let targets = targets(own).map_err(|fault| fault.error)?;
        Ok(targets.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn targets_come_from_the_line_and_from_a_file() {
        assert_eq!(
            of("mailward test tls a.example:25 b.example --starttls imap").unwrap(),
            ["a.example:25 (imap)", "b.example:143 (imap)"]
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "# all of ours\na.example:25\n\nb.example:1143 imap # old\n",
        )
        .unwrap();
        let path = file.path().display();
        assert_eq!(
            of(&format!("mailward test tls c.example --targets {path}")).unwrap(),
            [
                "c.example:443",
                "a.example:25 (smtp)",
                "b.example:1143 (imap)"
            ]
        );
        std::fs::write(file.path(), "a.example:25\nb.example:x\n").unwrap();
        let error = of(&format!("mailward test tls --targets {path}")).unwrap_err();
        assert!(error.contains(":2: "), "{error}");
        std::fs::write(file.path(), "# nothing\n").unwrap();
        assert!(of(&format!("mailward test tls --targets {path}")).is_err());
        assert!(of("mailward test tls").is_err());
        assert!(of("mailward test tls a.example --starttls gopher").is_err());
    }
}
