//! `cert list` and `cert explain`.

use mailward_api::{
    fault::Fault,
    view::{CertificateChoice, CertificateList, CertificateView, SetAsideFile},
};
use mailward_model::{
    Domain, PassedOver,
    kind::{OutboundTls, ReceiveConnector},
};
use mailward_tls::{Certificates, Choice, ConnectorNeeds, ExpiryStage, ShownBy, Validity};

use super::unknown_connector;
use crate::{Shared, faults, service::Running, snapshot::Named};

/// Which certificate a receive connector shows, and why.
pub(super) fn choice(shared: &Shared, connector: &Named<ReceiveConnector>) -> CertificateChoice {
    decide(shared, &connector.certificate_needs(&shared.node.hostname))
}

fn decide(shared: &Shared, needs: &ConnectorNeeds<'_>) -> CertificateChoice {
    let choice = shared.certificates.explain(needs);
    view(choice, needs.connector, needs.by, needs.fqdn.clone())
}

fn view(choice: Choice, connector: &str, by: ShownBy, fqdn: Domain) -> CertificateChoice {
    let kept_back = choice.kept_back.map(|one| PassedOver {
        candidate: one.certificate.facts.label(),
        reason: one.reason,
    });
    let chosen = choice.decision.chosen.as_ref();
    CertificateChoice {
        connector: connector.to_owned(),
        send: by == ShownBy::Send,
        fqdn,
        not_after_unix_ms: chosen.map(|one| one.facts.not_after_unix_ms.cast_signed()),
        decision: choice
            .decision
            .map(|chosen| chosen.map(|one| one.facts.file.clone())),
        kept_back,
    }
}

/// Which certificate a send connector shows to a peer that asks, and why.
pub(super) fn explain_send(shared: &Shared, name: &str) -> Result<CertificateChoice, Fault> {
    let snapshot = shared.snapshot.load();
    let connector = snapshot.send_connector(name).ok_or_else(|| {
        Fault::not_found(
            format!("no send connector {name:?} is in force"),
            "`mailward send-connector list` shows them",
        )
    })?;
    let needs = connector.certificate_needs(&shared.node.hostname);
    Ok(decide(shared, &needs))
}

pub(super) fn explain(running: &Running, name: &str) -> Result<CertificateChoice, Fault> {
    let shared = &running.shared;
    if faults::is_drill(name)
        && let (Some(held), Some(fqdn)) = (running.faults.certificates(), faults::drill_host())
    {
        let needs = ConnectorNeeds {
            by: ShownBy::Receive,
            connector: name,
            fqdn: &fqdn,
            pin: None,
        };
        let choice = held.explain(&needs);
        return Ok(view(choice, name, ShownBy::Receive, fqdn.clone()));
    }
    let snapshot = shared.snapshot.load();
    let connector = snapshot
        .receive_connector(name)
        .ok_or_else(|| unknown_connector(name))?;
    Ok(choice(shared, connector))
}

/// Every certificate held; that of a drill is among them while there is one.
pub(super) fn list(running: &Running) -> CertificateList {
    let shared = &running.shared;
    let snapshot = shared.snapshot.load();
    let receive = snapshot.receive_connectors.iter().map(|connector| {
        let chosen = choice(shared, connector).decision.chosen;
        (connector.name.clone(), chosen)
    });
    let send = snapshot.send_connectors.iter();
    let send = send.filter(|connector| connector.spec.tls != OutboundTls::Off);
    let send = send.map(|connector| {
        let needs = connector.certificate_needs(&shared.node.hostname);
        let chosen = decide(shared, &needs).decision.chosen;
        (format!("send/{}", connector.name), chosen)
    });
    let choices: Vec<(String, Option<String>)> = receive.chain(send).collect();
    let now = shared.clock.unix_ms();
    let mut list = CertificateList {
        folder: shared.certificates.dir().display().to_string(),
        certificates: Vec::new(),
        set_aside: Vec::new(),
    };
    let of_drill = running.faults.certificates();
    let rows = of_drill.iter().flat_map(Certificates::list);
    for row in shared.certificates.list().into_iter().chain(rows) {
        let Some(facts) = row.certificate else {
            list.set_aside
                .extend(row.problems.into_iter().map(|problem| SetAsideFile {
                    file: problem.file,
                    reason: problem.problem,
                    mend: problem.mend,
                }));
            continue;
        };
        let mut warnings: Vec<String> = row
            .problems
            .into_iter()
            .map(|problem| problem.problem)
            .collect();
        if let Some(entry) = row.untrusted {
            warnings.push(format!("untrusted here: {entry}; it is not shown"));
        }
        let days = facts.not_after_unix_ms.saturating_sub(now) / 86_400_000;
        match (row.validity, ExpiryStage::at(facts.not_after_unix_ms, now)) {
            (Some(Validity::Expired), _) => warnings.push("expired".to_owned()),
            (Some(Validity::NotYetValid), _) => warnings.push("not valid yet".to_owned()),
            (_, Some(_)) => warnings.push(format!("expires in {days} days")),
            _ => {}
        }
        let names = if facts.dns_names.is_empty() {
            facts.common_name.iter().cloned().collect()
        } else {
            facts.dns_names
        };
        list.certificates.push(CertificateView {
            used_by: choices
                .iter()
                .filter(|(_, chosen)| chosen.as_deref() == Some(&facts.file))
                .map(|(name, _)| name.clone())
                .collect(),
            file: facts.file,
            subject: facts.subject,
            issuer: facts.issuer,
            names,
            spki_sha256: facts.spki_sha256,
            serial: facts.serial,
            not_before_unix_ms: facts.not_before_unix_ms.cast_signed(),
            not_after_unix_ms: facts.not_after_unix_ms.cast_signed(),
            self_signed: facts.self_signed,
            key: facts.key_algorithm,
            warnings,
        });
    }
    list
}
