//! Pages for load balancers, orchestrators and people: is it alive, does it take mail, is it well.
//!
//! Answers come from memory ([`seen`]): however often they are asked for, each role is asked once a
//! second, and none is waited for. Whoever reaches the port learns states. Reasons, which may name
//! addresses and hosts, are told only where [`Details`] allows it.
//!
//! Never here: a judgement of health. Whether mail is taken is decided in [`standing`].

pub(crate) mod agent;
mod seen;
mod standing;

use std::{path::PathBuf, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header},
};
use mailward_api::page::stamp;
use mailward_host::clock::Clock;

pub(crate) use self::seen::Seen;
use self::{
    seen::Watch,
    standing::{Component, Standing, Word, standing},
};
use crate::{config::Details, http::reply, peer::Caller};

/// Octets of a page for a load balancer, its line break included: some look no further.
const PAGE_OCTETS_MAX: usize = 63;
/// Fields by which a proxy says that it asks for someone else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// The pages' source.
pub(crate) struct Probes {
    node: String,
    clock: Arc<dyn Clock>,
    details: Details,
    watch: Watch,
}

impl Probes {
    /// Begins to ask the roles. Must be called inside a tokio runtime.
    pub(crate) fn start(
        node: String,
        run_dir: PathBuf,
        clock: Arc<dyn Clock>,
        details: Details,
    ) -> Self {
        Probes {
            node,
            watch: Watch::start(run_dir, Arc::clone(&clock)),
            clock,
            details,
        }
    }

    /// What the roles last said.
    pub(crate) fn seen(&self) -> Arc<Seen> {
        self.watch.seen()
    }

    fn standing(&self, component: Component<'_>) -> Option<Standing> {
        standing(&self.seen(), component, self.clock.monotonic())
    }

    /// Whether the page of a component answers 200; `None` where there is no such component.
    pub(crate) fn is_active(&self, name: &str) -> Option<bool> {
        let standing = Component::named(name).and_then(|component| self.standing(component));
        standing.map(|standing| standing.word == Word::Ok)
    }

    /// `/readyz`: 200 where new mail is taken.
    pub(crate) fn ready(&self) -> Response<Body> {
        self.component("smtp")
    }

    /// `/health/COMPONENT`: 200 where it takes what is sent to it.
    pub(crate) fn component(&self, name: &str) -> Response<Body> {
        let standing = Component::named(name).and_then(|component| self.standing(component));
        let Some(standing) = standing else {
            return reply::text(StatusCode::NOT_FOUND, "unknown\n".to_owned());
        };
        let status = match standing.word {
            Word::Ok => StatusCode::OK,
            Word::Draining | Word::Inactive | Word::Starting => StatusCode::SERVICE_UNAVAILABLE,
        };
        reply::text(status, line(standing, &self.node))
    }

    /// `/healthz`: 200 where nothing needs attention; with `?verbose` a line for each part, with
    /// reasons for those who may know them.
    pub(crate) fn health(
        &self,
        verbose: bool,
        caller: Caller,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let seen = self.seen();
        let parts = parts(
            &seen,
            standing(&seen, Component::Smtp, self.clock.monotonic()),
        );
        let well = parts.iter().all(|part| part.well);
        let (status, word) = if well {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
        };
        let mut text = String::new();
        if verbose {
            let told = self.may_know(caller, headers);
            for part in &parts {
                let sign = if part.well { '+' } else { '-' };
                text.push_str(&format!("[{sign}] {}: {}", part.name, part.word));
                if told && !part.details.is_empty() {
                    text.push_str(&format!(" {}", one_line(&part.details)));
                }
                text.push('\n');
            }
        }
        text.push_str(&format!("{word} {}\n", self.node));
        reply::text(status, text)
    }

    /// Whether reasons are told to this caller.
    fn may_know(&self, caller: Caller, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
        self.details.allow(caller, given, forwarded)
    }
}

/// The page of a component: a word, the node, and the mark where nobody supervises. A node's name
/// that is too long is cut.
fn line(standing: Standing, node: &str) -> String {
    let mark = if standing.supervised {
        ""
    } else {
        " unsupervised"
    };
    let word = standing.word.as_str();
    let room = PAGE_OCTETS_MAX.saturating_sub(word.len() + mark.len() + 2);
    let node = node
        .get(..node.floor_char_boundary(room))
        .unwrap_or_default();
    format!("{word} {node}{mark}\n")
}

/// A line of `/healthz?verbose`.
struct Part {
    name: String,
    well: bool,
    word: &'static str,
    details: String,
}

fn parts(seen: &Seen, takes_mail: Option<Standing>) -> Vec<Part> {
    let role = |name: &str, answers: bool| Part {
        name: name.to_owned(),
        well: answers,
        word: if answers { "ok" } else { "unreachable" },
        details: String::new(),
    };
    let word = takes_mail.map_or(Word::Starting, |standing| standing.word);
    let mut parts = vec![Part {
        name: "transport".to_owned(),
        well: word == Word::Ok && seen.transport.answers,
        word: match word {
            Word::Ok if !seen.transport.answers => "unreachable",
            other => other.as_str(),
        },
        details: seen.transport.said().map_or_else(String::new, |said| {
            let since = said.gate.since_unix_ms.map(stamp).unwrap_or_default();
            match said.gate.closed {
                true => format!("since {since}: {}", said.gate.reason),
                false => String::new(),
            }
        }),
    }];
    parts.push(role("manager", seen.manager.answers));
    parts.push(role("worker", seen.worker.answers));
    if seen.worker.answers
        && let Some(worker) = seen.worker.said()
    {
        parts.extend(worker.sets.iter().map(|set| Part {
            name: format!("set {}", set.set),
            well: !set.state.is_bad(),
            word: set.state.word(),
            details: format!("since {}: {}", stamp(set.since_unix_ms), set.because),
        }));
    }
    parts
}

/// Reasons come in part from peers: nothing in them ends a line or moves a cursor.
fn one_line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_less_than_64_octets_whatever_the_node_is_called() {
        for supervised in [true, false] {
            for node in [
                "mx1.example.org".to_owned(),
                "ü".repeat(200),
                "x".repeat(253),
            ] {
                let standing = Standing {
                    word: Word::Draining,
                    supervised,
                };
                let page = line(standing, &node);
                assert!(page.len() < 64, "{page}");
                assert!(
                    page.starts_with("draining ") && page.ends_with('\n'),
                    "{page}"
                );
                assert_eq!(page.contains("unsupervised"), !supervised);
            }
        }
    }

    #[test]
    fn a_reason_stays_on_its_line() {
        assert_eq!(
            one_line("550 no\r\n[+] all: ok\u{1b}[2J"),
            "550 no  [+] all: ok [2J"
        );
    }
}
