//! Programs that follow the convention of Nagios plugins: the exit code is the verdict, the first
//! line says what was seen, and what stands behind `|` was measured.
//!
//! No shell, no input, an environment of its own. When its time is over, or the probe ends for any
//! other reason, the program is killed with everything it has started.

use std::{io, process::Stdio, time::Duration};

use mailward_model::kind::CommandTarget;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use super::{Found, Steps};

/// Octets of output that are looked at; the rest is read and dropped.
const OUTPUT_OCTETS_MAX: usize = 4096;
/// How long output is waited for when the program itself has ended: what it left behind may hold
/// its output open.
const OUTPUT_MAX: Duration = Duration::from_millis(200);
/// Measures taken from one line.
const MEASURES_MAX: usize = 32;
/// Where programs are looked for that a plugin starts.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Where nothing of it lives any more there is nothing to kill.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

pub(super) async fn look(target: &CommandTarget, steps: &mut Steps) -> Found {
    steps.next("start");
    steps.note(format!("> {}", target.command.join(" ")));
    let (mut child, group) = match start(&target.command) {
        Ok(started) => started,
        Err(error) => {
            let program = target.command.first().map_or("", String::as_str);
            return Found::error(format!("{program} cannot be started: {error}"));
        }
    };
    steps.next("run");
    let mut output = Vec::new();
    let ended = match child.stdout.take() {
        Some(stdout) => gather(&mut child, stdout, &mut output).await,
        None => child.wait().await,
    };
    drop(group);
    let code = match ended {
        Ok(status) => match status.code() {
            Some(code) => code,
            None => return Found::error(format!("the program was ended: {status}")),
        },
        Err(error) => return Found::error(format!("the program cannot be waited for: {error}")),
    };
    steps.note(format!("exit code {code}"));
    let text = String::from_utf8_lossy(&output);
    steps.note(format!("< {}", text.trim_end()));
    judge(code, &text)
}

fn start(words: &[String]) -> io::Result<(Child, Group)> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw);
    Ok((child, Group(group)))
}

/// Reads output until the program ends.
async fn gather(
    child: &mut Child,
    mut stdout: impl AsyncRead + Unpin,
    output: &mut Vec<u8>,
) -> io::Result<std::process::ExitStatus> {
    let mut read = std::pin::pin!(async {
        let mut chunk = [0; 1024];
        while let Ok(length @ 1..) = stdout.read(&mut chunk).await {
            let room = OUTPUT_OCTETS_MAX.saturating_sub(output.len());
            output.extend_from_slice(chunk.get(..length.min(room)).unwrap_or_default());
        }
    });
    tokio::select! {
        () = &mut read => child.wait().await,
        status = child.wait() => {
            // Output that someone else holds open has no end.
            let _ = tokio::time::timeout(OUTPUT_MAX, read).await;
            status
        }
    }
}

/// The verdict of an exit code, with the first line of the output.
fn judge(code: i32, output: &str) -> Found {
    let line = output.lines().next().unwrap_or_default();
    let (text, measured) = line.split_once('|').unwrap_or((line, ""));
    let text = match text.trim() {
        "" => format!("exit code {code} and no output"),
        text => text.to_owned(),
    };
    let found = match code {
        0 => Found::pass(text),
        1 => Found::slow(text),
        2 => Found::fail(text),
        3 => Found::error(text),
        other => Found::error(format!(
            "exit code {other} is none of the convention: {text}"
        )),
    };
    measures(measured)
        .into_iter()
        .take(MEASURES_MAX)
        .fold(found, |found, (name, value)| found.measured(&name, value))
}

/// Performance data: `'label'=value[unit];warn;crit;min;max`, separated by blanks. Values become
/// whole numbers of a unit that stands at the end of the name.
fn measures(text: &str) -> Vec<(String, i64)> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (label, behind) = match rest.strip_prefix('\'') {
            Some(quoted) => match quoted.split_once("'=") {
                Some(parts) => parts,
                None => break,
            },
            None => match rest.split_once('=') {
                Some(parts) => parts,
                None => break,
            },
        };
        let (value, next) = behind.split_once(' ').unwrap_or((behind, ""));
        rest = next.trim_start();
        let value = value.split(';').next().unwrap_or_default();
        found.extend(measure(label.trim(), value));
    }
    found
}

fn measure(label: &str, text: &str) -> Option<(String, i64)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'));
    let (written, unit) = text.split_at(end.unwrap_or(text.len()));
    let number: f64 = written.parse().ok()?;
    let (factor, unit) = match unit {
        "s" => (1e6, "_us"),
        "ms" => (1e3, "_us"),
        "us" => (1.0, "_us"),
        "%" => (1.0, "_percent"),
        "B" => (1.0, "_octets"),
        "KB" => (1024.0, "_octets"),
        "MB" => (1024.0 * 1024.0, "_octets"),
        "GB" => (1024.0 * 1024.0 * 1024.0, "_octets"),
        "TB" => (1024.0 * 1024.0 * 1024.0 * 1024.0, "_octets"),
        "c" => (1.0, "_count"),
        // A load of 0.25 is not nothing; and one of 1.00 goes by the same name, for whoever judges it.
        "" if written.contains('.') => (1000.0, "_thousandths"),
        "" => (1.0, ""),
        _ => return None,
    };
    let name: String = label
        .chars()
        .take(64)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a conversion to i64 saturates"
    )]
    let value = (number * factor).round() as i64;
    Some((format!("{name}{unit}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn performance_data_is_read() {
        let text = "load1=0.250;15;30;0; load5=1.00 'disk /var'=2.5GB;;;0 time=0.004s;;;0 x=12% users=3 odd=7furlongs bare";
        let expect = [
            ("load1_thousandths", 250),
            ("load5_thousandths", 1_000),
            ("disk__var_octets", 2_684_354_560),
            ("time_us", 4_000),
            ("x_percent", 12),
            ("users", 3),
        ];
        let found = measures(text);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        assert_eq!(found, expect);
        for odd in ["", "=", "'x", "x='1", "=====", "' '= ", "x=1 'y"] {
            let _ = measures(odd);
        }
    }
}
