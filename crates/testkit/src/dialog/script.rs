//! Reads a dialog.

use mailward_model::kind::ReceiveConnector;

/// One step of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The client sends these octets.
    Send(Vec<u8>),
    /// The client sends these octets before the greeting.
    Early(Vec<u8>),
    /// The server sends a line that fits the pattern.
    Line(String),
    /// The server sends a whole reply of this code.
    Reply(String),
    /// A message was accepted that fits: sender, recipients, pattern of its octets.
    Message {
        /// MAIL FROM as text.
        from: String,
        /// Recipients, separated by `, `.
        to: String,
        /// Its octets, escapes resolved; `*` stands for anything.
        content: Vec<u8>,
    },
    /// The handshake.
    Tls,
    /// The server ends the connection.
    Closed,
}

/// A dialog.
#[derive(Debug, Clone)]
pub struct Script {
    /// The receive connector it is played on.
    pub connector: ReceiveConnector,
    /// The steps, each with its line in the text.
    pub events: Vec<(usize, Event)>,
}

/// A text that is no dialog.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScriptError {
    line: usize,
    problem: String,
}

impl Script {
    /// Reads a dialog.
    ///
    /// # Errors
    /// [`ScriptError`] names the line.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let mut settings = String::new();
        let mut events = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let fail = |problem: String| ScriptError {
                line: at + 1,
                problem,
            };
            let mut push = |event| events.push((at + 1, event));
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            if let Some(setting) = text.strip_prefix("= ") {
                settings.push_str(setting);
                settings.push('\n');
                continue;
            }
            match text.trim_end() {
                "TLS" => {
                    push(Event::Tls);
                    continue;
                }
                "CLOSED" => {
                    push(Event::Closed);
                    continue;
                }
                _ => {}
            }
            let (mark, rest) = text
                .split_once(':')
                .ok_or_else(|| fail("there is no mark and colon".to_owned()))?;
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            let (mark, count) = match mark.split_once('*') {
                Some((mark, count)) => (
                    mark,
                    count.parse::<usize>().map_err(|e| fail(e.to_string()))?,
                ),
                None => (mark, 1),
            };
            for number in 0..count {
                let rest = rest.replace("{#}", &number.to_string());
                let octets =
                    || unescape(&rest).ok_or_else(|| fail("an escape is not valid".to_owned()));
                push(match mark {
                    "C" => Event::Send([octets()?.as_slice(), b"\r\n"].concat()),
                    "R" => Event::Send(octets()?),
                    "EARLY" => Event::Early([octets()?.as_slice(), b"\r\n"].concat()),
                    "S" => Event::Line(rest),
                    "S+" => Event::Reply(rest),
                    "M" => message(&rest)
                        .ok_or_else(|| fail("not `from -> to : content`".to_owned()))?,
                    other => return Err(fail(format!("{other:?} is no mark"))),
                });
            }
        }
        let connector = toml::from_str(&settings).map_err(|error| ScriptError {
            line: 1,
            problem: error.to_string(),
        })?;
        Ok(Script { connector, events })
    }
}

fn message(text: &str) -> Option<Event> {
    let (from, rest) = text.split_once(" -> ")?;
    let (to, content) = rest.split_once(" : ")?;
    Some(Event::Message {
        from: from.to_owned(),
        to: to.to_owned(),
        content: unescape(content)?,
    })
}

/// Resolves escapes and repetitions.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '{'
            && let Some((inner, tail)) = braced(rest)
            && let Some((repeated, count)) = inner.rsplit_once('*')
            && let Ok(count) = count.parse::<usize>()
        {
            octets.extend_from_slice(&unescape(repeated)?.repeat(count));
            rest = tail;
            continue;
        }
        rest = rest.get(c.len_utf8()..)?;
        if c != '\\' {
            octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.chars().next()?;
        rest = rest.get(escape.len_utf8()..)?;
        octets.push(match escape {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let octet = u8::from_str_radix(rest.get(..2)?, 16).ok()?;
                rest = rest.get(2..)?;
                octet
            }
            _ => return None,
        });
    }
    Some(octets)
}

/// What stands in the braces at the start of `text`, and what behind them.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some((text.get(1..at)?, text.get(at + 1..)?)),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// True where `text` fits `pattern`, in which `*` stands for any octets.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|octet| *octet == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) =
            (0..=rest.len()).find(|at| rest.get(*at..).is_some_and(|r| r.starts_with(part)))
        else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}
