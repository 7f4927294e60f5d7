//! What an alert says to people: what a failure means for those who use mail, what was tried, what
//! to do. Pure.

use mailward_api::view::CaseStep;

use super::{AlertKind, Tried};

/// Acts told in one alert. A case tries a handful.
const TRIED_MAX: usize = 16;

/// What it means that a component does not work, for those who use mail.
pub(super) fn effect(set: &str, component: &str) -> String {
    let name = component
        .split_once('/')
        .map_or(component, |(_, name)| name);
    match set {
        "Receive" => format!("Nobody can hand in mail by the receive connector {name}."),
        "MailFlow" => "Mail that is accepted does not arrive in mailboxes.".to_owned(),
        "Certificates" => format!(
            "The receive connector {name} shows no fitting certificate: peers that check it hand in no mail."
        ),
        "Transport" => "Mail may not be taken or delivered: transport does not answer.".to_owned(),
        "Queue" => "New mail is not taken, or waits: the queue does not work.".to_owned(),
        "Store" => "Changes of the objects do not take effect.".to_owned(),
        "Disk" => "New mail is or will be refused for want of space.".to_owned(),
        "Monitoring" => "What breaks now may be noticed late, or not at all.".to_owned(),
        "Alerting" => format!("Alerts do not reach whoever relies on the alert channel {name}."),
        _ => format!("{component} does not do what it should."),
    }
}

/// What was done in a case, and what came of each act.
pub(super) fn tried(steps: &[CaseStep]) -> Vec<Tried> {
    let mut all: Vec<Tried> = Vec::new();
    for step in steps {
        let Some(act) = step.act.as_ref().map(ToString::to_string) else {
            continue;
        };
        let last = all.iter_mut().rev().find(|tried| tried.act == act);
        match (step.step.as_str(), last) {
            ("granted", _) => all.push(Tried {
                unix_ms: step.unix_ms,
                act,
                outcome: "no result yet".to_owned(),
            }),
            ("checked", Some(tried)) => tried.outcome.clone_from(&step.text),
            // The same refusal every few seconds is one.
            ("denied", Some(tried)) if tried.outcome.starts_with("not done") => {
                tried.outcome = refused(step);
            }
            ("denied", _) => all.push(Tried {
                unix_ms: step.unix_ms,
                act,
                outcome: refused(step),
            }),
            _ => {}
        }
    }
    all.drain(..all.len().saturating_sub(TRIED_MAX));
    all
}

fn refused(step: &CaseStep) -> String {
    if step.reasons.is_empty() {
        return format!("not done: {}", step.text);
    }
    format!("not done: {}", step.reasons.join("; "))
}

/// What a person can do: by the class of the cause, by what is sick, and by the event's page.
pub(super) fn todo(kind: AlertKind, cause: Option<&str>, component: &str) -> Vec<String> {
    let by_cause = match cause {
        Some("dns") => {
            "See whether the name servers answer: `dig example.org @SERVER` from this host."
        }
        Some("certificate") => {
            "Look at `mailward cert list`; put a certificate that bears the name into the certificate folder."
        }
        Some("credential") => "Renew the password or key that is refused.",
        Some("config") => {
            "Look at what was changed last: `mailward event list --event ObjectsApplied`."
        }
        Some("disk_full") => {
            "Free space or inodes on the disk of the data folder: `df -h`, `df -i`."
        }
        Some("disk") => "Look at the disk: `dmesg`, `journalctl -k`, `smartctl -a`.",
        Some("upstream") => {
            "See whether the system it depends on works, and whether this host reaches it."
        }
        Some("hold") => {
            "Somebody has stopped it on purpose: `mailward health holds` says who and why, `mailward health release` ends it."
        }
        Some("orphaned") => {
            "Look at `mailward queue list`: messages wait there that nothing would be done about."
        }
        Some("network") => {
            "Look at this host's own firewall and addresses: `nft list ruleset`, `ip address`. Clients elsewhere may be served all the same."
        }
        _ => "",
    };
    let by_component = match component.split_once('/') {
        Some(("alerting", _)) => {
            "Look at `mailward alert list`, mend the channel with `mailward alert-channel set`, then `mailward alert test`."
        }
        _ => "",
    };
    let number = match kind {
        AlertKind::Offline => "4007",
        AlertKind::NeedsPerson => "4012",
        AlertKind::Solved => return Vec::new(),
    };
    let page = mailward_events::catalogue::find(number).map_or("", |page| page.mend);
    [by_cause, by_component, page]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use mailward_api::{control::Role, view::RepairAct};

    use super::*;

    fn step(unix_ms: u64, step: &str, text: &str, act: Option<RepairAct>) -> CaseStep {
        CaseStep {
            unix_ms,
            step: step.into(),
            text: text.into(),
            reasons: Vec::new(),
            act,
        }
    }

    #[test]
    fn each_act_is_told_once_with_what_came_of_it() {
        let restart = RepairAct::RestartProcess {
            role: Role::Transport,
        };
        let steps = [
            step(1, "sample", "no greeting", None),
            step(2, "proposed", "", Some(restart.clone())),
            step(3, "granted", "ledger entry 3", Some(restart.clone())),
            step(4, "checked", "it did not help: still bad", Some(restart)),
            step(5, "denied", "asked again in 5 s", Some(RepairAct::Offline)),
            step(6, "denied", "not for this case", Some(RepairAct::Offline)),
            step(7, "granted", "ledger entry 4", Some(RepairAct::Offline)),
        ];
        let told: Vec<_> = tried(&steps)
            .into_iter()
            .map(|tried| format!("{} {}: {}", tried.unix_ms, tried.act, tried.outcome))
            .collect();
        assert_eq!(
            told,
            [
                "3 restart the role transport: it did not help: still bad",
                "5 take it offline: not done: not for this case",
                "7 take it offline: no result yet",
            ]
        );
    }

    #[test]
    fn every_class_of_causes_has_its_advice() {
        for cause in crate::Cause::ALL {
            let todo = todo(AlertKind::NeedsPerson, Some(cause.as_str()), "store");
            assert_eq!(todo.len(), 2, "{cause:?}: {todo:?}");
        }
        assert_eq!(
            todo(AlertKind::NeedsPerson, None, "alerting/oncall").len(),
            2
        );
        assert!(effect("Receive", "receive/Internet").contains("connector Internet"));
    }
}
