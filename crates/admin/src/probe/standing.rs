//! Whether a component takes what a load balancer would send it, from what was last heard. Pure:
//! time is an input.
//!
//! Fails open. A manager or a transport that falls silent takes no server out by its silence alone:
//! the last answer stands for [`KEPT`] and longer silence is filled by this process's own look at
//! the front door. Such an answer is marked `unsupervised`.

use std::time::Duration;

use mailward_api::{
    control::Role,
    view::{ConnectorStatus, QueueHealth, ServingState, TransportStatus},
};

use super::seen::Seen;

/// What was heard so long ago is not fresh any more: nobody supervises.
pub(crate) const FRESH: Duration = Duration::from_secs(30);
/// How long the last answer stands after it has ceased to be fresh.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// What a page or an agent is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component<'a> {
    /// Mail in by any connector.
    Smtp,
    /// Mail from the organisation's own programs and people.
    Submission,
    /// Mail over LMTP.
    Lmtp,
    /// The admin API.
    Admin,
    /// One receive connector.
    Receive(&'a str),
}

impl<'a> Component<'a> {
    /// The component of this name: `smtp`, `submission`, `lmtp`, `admin`, `receive/NAME`.
    pub(crate) fn named(name: &'a str) -> Option<Self> {
        Some(match name {
            "smtp" => Component::Smtp,
            "submission" => Component::Submission,
            "lmtp" => Component::Lmtp,
            "admin" => Component::Admin,
            _ => Component::Receive(name.strip_prefix("receive/")?),
        })
    }

    /// True for a connector that plays this component's part.
    fn is_played_by(self, connector: &ConnectorStatus) -> bool {
        match self {
            Component::Smtp => !connector.lmtp,
            Component::Submission => !connector.lmtp && is_submission(connector),
            Component::Lmtp => connector.lmtp,
            Component::Admin => false,
            Component::Receive(name) => connector.connector.eq_ignore_ascii_case(name),
        }
    }
}

/// By its ports (RFC 6409 §3.1, RFC 8314 §3.3), or by its name where it listens on others.
fn is_submission(connector: &ConnectorStatus) -> bool {
    let ports = connector.listening.iter().map(|address| address.port());
    ports.into_iter().any(|port| port == 587 || port == 465)
        || connector
            .connector
            .to_ascii_lowercase()
            .contains("submission")
}

/// The one word of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It takes what is sent to it.
    Ok,
    /// It takes nothing new; what is under way is finished.
    Draining,
    /// It takes nothing.
    Inactive,
    /// It takes nothing yet.
    Starting,
}

impl Word {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Word::Ok => "ok",
            Word::Draining => "draining",
            Word::Inactive => "inactive",
            Word::Starting => "starting",
        }
    }
}

/// How a component stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) word: Word,
    /// False where nobody was heard for [`FRESH`] who could have said otherwise.
    pub(crate) supervised: bool,
}

/// How a component stands at this moment; `None` where this server has no such component.
pub(crate) fn standing(seen: &Seen, component: Component<'_>, now: Duration) -> Option<Standing> {
    if component == Component::Admin {
        // Whoever reads this was answered by it.
        return Some(Standing {
            word: Word::Ok,
            supervised: true,
        });
    }
    let silent = seen.transport.age(seen.began, now);
    let supervised = silent <= FRESH && seen.manager.age(seen.began, now) <= FRESH;
    let stands = |word| Some(Standing { word, supervised });
    let Some(transport) = seen.transport.said() else {
        return stands(match seen.greets {
            Some(true) => Word::Ok,
            _ => Word::Starting,
        });
    };
    let mut played = transport
        .connectors
        .iter()
        .filter(|connector| component.is_played_by(connector))
        .peekable();
    if played.peek().is_none() && component != Component::Smtp {
        return None;
    }
    if is_known_absent(seen) {
        return stands(Word::Starting);
    }
    if silent > FRESH + KEPT {
        return stands(match seen.greets {
            Some(false) => Word::Inactive,
            // Not tried yet, or tried and greeted.
            _ => Word::Ok,
        });
    }
    stands(by_its_word(transport, played))
}

/// True where the manager knows that transport does not run, and transport has not answered since.
fn is_known_absent(seen: &Seen) -> bool {
    let Some((said_at, manager)) = &seen.manager.last else {
        return false;
    };
    let answered_since = seen.transport.answers
        && seen
            .transport
            .last
            .as_ref()
            .is_some_and(|(at, _)| at >= said_at);
    let child = manager
        .children
        .iter()
        .find(|child| child.role == Role::Transport);
    // One that may hang is there, and has been heard to serve until it is replaced.
    let is_there = |state: &str| matches!(state, "running" | "suspect");
    seen.manager.answers && !answered_since && child.is_some_and(|child| !is_there(&child.state))
}

fn by_its_word<'a>(
    transport: &TransportStatus,
    played: impl Iterator<Item = &'a ConnectorStatus>,
) -> Word {
    let (mut takes, mut held, mut warming, mut sessions) = (false, false, false, 0);
    for connector in played {
        let listens = connector.enabled && !connector.listening.is_empty();
        takes |= listens && connector.state == ServingState::Active;
        held |= listens && connector.state != ServingState::Active;
        warming |= listens && connector.state == ServingState::Warming;
        sessions += connector.sessions;
    }
    // One that takes mail is enough: the others may rest.
    if transport.gate.closed || (held && !takes) {
        return if warming || transport.gate.state == ServingState::Warming {
            Word::Starting
        } else if sessions > 0 {
            Word::Draining
        } else {
            Word::Inactive
        };
    }
    match transport.queue.health {
        QueueHealth::Ok if takes => Word::Ok,
        QueueHealth::Ok | QueueHealth::Full | QueueHealth::Failing => Word::Inactive,
    }
}

#[cfg(test)]
mod tests {
    use mailward_api::view::{
        ChildStatus, GateView, ManagerStatus, QueueStats, RoleStatus, transport::Counters,
    };
    use mailward_model::Revision;

    use super::*;
    use crate::probe::seen::Heard;

    fn role(role: Role) -> RoleStatus {
        RoleStatus {
            role,
            pid: 1,
            version: String::new(),
            started_unix_ms: 0,
            revision: Revision::default(),
        }
    }

    fn connector(name: &str, port: u16, lmtp: bool) -> ConnectorStatus {
        ConnectorStatus {
            connector: name.to_owned(),
            enabled: true,
            listening: vec![([127, 0, 0, 1], port).into()],
            sessions: 0,
            sessions_total: 0,
            state: ServingState::Active,
            wedged: false,
            lmtp,
            certificate: None,
        }
    }

    fn transport() -> TransportStatus {
        TransportStatus {
            role: role(Role::Transport),
            gate: GateView::default(),
            connectors: vec![connector("Internet", 25, false)],
            sessions: 0,
            queue: QueueStats::default(),
            counters: Counters::default(),
        }
    }

    fn manager(state: &str) -> ManagerStatus {
        ManagerStatus {
            role: role(Role::Manager),
            children: vec![ChildStatus {
                role: Role::Transport,
                state: state.to_owned(),
                pid: Some(1),
                since_unix_ms: 0,
                restarts: 0,
                heartbeat_age_ms: None,
                last_exit: None,
                progress: String::new(),
            }],
            listening: Vec::new(),
            repairs: 0,
            holds: Vec::new(),
        }
    }

    fn heard<T>(at: u64, said: T, answers: bool) -> Heard<T> {
        Heard {
            last: Some((Duration::from_secs(at), said)),
            answers,
        }
    }

    fn seen(transport: TransportStatus) -> Seen {
        Seen {
            transport: heard(10, transport, true),
            manager: heard(10, manager("running"), true),
            ..Seen::default()
        }
    }

    #[track_caller]
    fn check(seen: &Seen, component: &str, at: u64, expect: &str) {
        let component = Component::named(component).unwrap();
        let found = standing(seen, component, Duration::from_secs(at));
        let text = found.map_or("none".to_owned(), |found| {
            let mark = if found.supervised {
                ""
            } else {
                " unsupervised"
            };
            format!("{}{mark}", found.word.as_str())
        });
        assert_eq!(text, expect);
    }

    #[test]
    fn the_gate_the_queue_and_the_sockets_decide() {
        check(&seen(transport()), "smtp", 11, "ok");
        let mut closed = transport();
        closed.gate.closed = true;
        check(&seen(closed.clone()), "smtp", 11, "inactive");
        closed.connectors[0].sessions = 2;
        check(&seen(closed), "receive/internet", 11, "draining");
        for health in [QueueHealth::Full, QueueHealth::Failing] {
            let mut sick = transport();
            sick.queue.health = health;
            check(&seen(sick), "smtp", 11, "inactive");
        }
        let mut off = transport();
        off.connectors[0].enabled = false;
        check(&seen(off), "receive/Internet", 11, "inactive");
        let mut none = transport();
        none.connectors.clear();
        check(&seen(none), "smtp", 11, "inactive");
    }

    #[test]
    fn a_held_connector_rests_while_another_serves() {
        let mut status = transport();
        status.connectors.push(connector("People", 587, false));
        status.connectors[1].sessions = 1;
        for (state, expect) in [
            (ServingState::Draining, "draining"),
            (ServingState::Warming, "starting"),
        ] {
            status.connectors[1].state = state;
            check(&seen(status.clone()), "receive/People", 11, expect);
            check(&seen(status.clone()), "submission", 11, expect);
            check(&seen(status.clone()), "smtp", 11, "ok");
        }
        status.connectors[1].sessions = 0;
        for connector in &mut status.connectors {
            connector.state = ServingState::Inactive;
        }
        check(&seen(status), "smtp", 11, "inactive");
        let mut warming = transport();
        warming.gate.closed = true;
        warming.gate.state = ServingState::Warming;
        check(&seen(warming), "smtp", 11, "starting");
    }

    #[test]
    fn a_connector_plays_a_part_by_port_protocol_or_name() {
        let mut status = transport();
        check(&seen(status.clone()), "submission", 11, "none");
        check(&seen(status.clone()), "lmtp", 11, "none");
        check(&seen(status.clone()), "receive/Nobody", 11, "none");
        check(&seen(status.clone()), "admin", 11, "ok");
        status.connectors.push(connector("People", 587, false));
        status.connectors.push(connector("Inside", 24, true));
        check(&seen(status.clone()), "submission", 11, "ok");
        check(&seen(status), "lmtp", 11, "ok");
        let mut named = transport();
        named.connectors.push(connector("Submission", 2587, false));
        check(&seen(named), "submission", 11, "ok");
        assert_eq!(Component::named("imap"), None);
    }

    #[test]
    fn silence_alone_takes_no_server_out() {
        let mut silent = seen(transport());
        silent.transport.answers = false;
        silent.manager.answers = false;
        check(&silent, "smtp", 40, "ok");
        check(&silent, "smtp", 41, "ok unsupervised");
        check(&silent, "smtp", 340, "ok unsupervised");
        silent.greets = Some(false);
        check(&silent, "smtp", 340, "ok unsupervised");
        check(&silent, "smtp", 341, "inactive unsupervised");
        silent.greets = Some(true);
        check(&silent, "smtp", 99_999, "ok unsupervised");
        // What was drained stays drained while the answer stands.
        let mut drained = transport();
        drained.gate.closed = true;
        let mut silent = seen(drained);
        silent.transport.answers = false;
        check(&silent, "smtp", 340, "inactive unsupervised");
    }

    #[test]
    fn a_manager_alone_that_is_silent_marks_the_page() {
        let mut alone = seen(transport());
        alone.manager.answers = false;
        alone.transport = heard(100, transport(), true);
        check(&alone, "smtp", 101, "ok unsupervised");
    }

    #[test]
    fn what_the_manager_knows_to_be_down_is_starting() {
        let mut down = seen(transport());
        down.transport.answers = false;
        for state in ["backoff", "starting", "stopping", "off"] {
            down.manager = heard(11, manager(state), true);
            check(&down, "smtp", 12, "starting");
        }
        // It may hang, and it may not: what it said last counts until it is replaced.
        down.manager = heard(11, manager("suspect"), true);
        check(&down, "smtp", 12, "ok");
        down.manager = heard(11, manager("backoff"), true);
        // It has answered since: the newer word counts.
        down.transport = heard(12, transport(), true);
        check(&down, "smtp", 12, "ok");
    }

    #[test]
    fn a_server_that_was_never_heard_is_starting() {
        let mut fresh = Seen::default();
        check(&fresh, "smtp", 5, "starting");
        check(&fresh, "receive/Anything", 5, "starting");
        check(&fresh, "admin", 5, "ok");
        check(&fresh, "smtp", 31, "starting unsupervised");
        fresh.greets = Some(true);
        check(&fresh, "smtp", 31, "ok unsupervised");
    }
}
