//! Writing objects as text: by kind, then by name, so that two exports can be compared.

use std::fmt::Write;

use mailward_model::{Kind, Object};
use serde_json::Value;

use super::fields::Defaults;
use crate::engine::folded;

const HEAD: &str = "\
# The objects of Mailward. `mailward plan FILE` says what applying this text would change,
# `mailward apply FILE` changes it. A field that is not written has its default; an object that is
# not written is removed.
";

/// Columns up to which a list stays on one line.
const LINE_COLUMNS_MAX: usize = 100;

/// What is said above the objects of a kind.
fn remark(kind: Kind) -> &'static str {
    match kind {
        Kind::AcceptedDomain => {
            "Domains that mail is accepted for. type: authoritative (every recipient is known here),\n\
             # internal_relay (others are on another server of ours), external_relay (all are outside)."
        }
        Kind::ReceiveConnector => {
            "How mail comes in. On one binding the most specific remote range takes the connection.\n\
             # remote_ranges: ranges, feed:NAME for those of a sender feed, except:RANGE for what is taken out."
        }
        Kind::SenderFeed => {
            "Addresses that somebody publishes as those he sends mail from: { microsoft365 = {} },\n\
             # { spf = \"example.org\" }, { list = \"https://…\" }, { list = \"/…\" } or { ranges = [\"…\"] }."
        }
        Kind::SendConnector => {
            "How mail goes out. The most specific address space takes the mail, then the lowest cost\n\
             # (\"example.org;5\"). target: mx, smart_hosts or lmtp."
        }
        Kind::Mailbox => {
            "Recipients whose mail is kept here, or handed to the send connector they name."
        }
        Kind::MailContact => "Recipients elsewhere that have an address here.",
        Kind::MailUser => "Persons of the organisation whose mailbox is elsewhere.",
        Kind::DistributionGroup => "Recipients that stand for others.",
        Kind::DynamicDistributionGroup => {
            "Recipients that stand for all that a filter fits: recipient_filter, or included_recipients with\n\
             # conditions. System recipients never belong to them."
        }
        Kind::DirectorySource => {
            "Directories whose entries become recipients. `mailward directory sync run NAME --dry-run` shows\n\
             # what would come. mapping: \"custom_attribute7 = employeeType\"."
        }
        Kind::JournalRule => {
            "What is journaled, and to where. scope: global, internal or external."
        }
        Kind::TransportSettings => "Settings of transport as a whole.",
        Kind::HealthSettings => "Settings of managed availability.",
        Kind::MonitoringOverride => {
            "Properties of probes, monitors and responders that are changed for a time. `mailward health\n\
             # override list` says which are in force; one that has ended is removed."
        }
        Kind::AlertChannel => {
            "Ways by which alerts reach people: { webhook = \"https://…\" }, { email = { … } },\n\
             # { command = [\"/…\"] }, { syslog = \"local\" }, { file = \"/…\" } or { ping = \"https://…\" }."
        }
        Kind::Probe => {
            "What else is watched: { tcp = { host = \"…\", port = 143 } }, and the like with smtp, lmtp,\n\
             # imap, pop3, http, tls, dns, ntp, command or report."
        }
        Kind::UntrustedFeed => {
            "Lists of such certificates that somebody publishes: { signed_list = { place = \"https://…\", keys = [\"RW…\"] } }\n\
             # or { crl = { places = [\"http://…\"] } }."
        }
        Kind::Endpoint => {
            "Servers whose TLS is tested from outside: `mailward test tls`, on a schedule. accept: subjects whose\n\
             # verdicts are known and borne."
        }
        Kind::UntrustedCertificate => {
            "Certificates that are refused wherever they are shown: by issuer and serial, sha256, or spki_sha256."
        }
        Kind::PolicySettings => "Settings of policies themselves.",
        Kind::Site => "Nodes that stand in one place, by their host names.",
        Kind::Policy => {
            "What holds on every node (scope all), on those of a site (site:NAME), or on one (node:HOSTNAME).\n\
             # `mailward policy result NODE` says what comes of them."
        }
        Kind::Node => {
            "Nodes, by the name in their certificates. trusted_for_delegation: whether one is believed on\n\
             # whose behalf it asks."
        }
        Kind::Administrator => {
            "Persons who may ask a node from another one, by the name they sign in with. role_groups:\n\
             # organization_management, recipient_management, server_management or\n\
             # view_only_organization_management."
        }
    }
}

/// Writes these objects. What [`read`](super::read) makes of the text is the same objects.
pub fn export(objects: &[Object]) -> String {
    let mut text = HEAD.to_owned();
    let mut defaults = Defaults::default();
    for kind in Kind::ALL.iter().copied() {
        let mut of_kind: Vec<_> = objects.iter().filter(|o| o.spec.kind() == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        of_kind.sort_by_key(|object| folded(&object.name));
        // Writing to a String cannot fail.
        let _ = write!(text, "\n# {}\n", remark(kind));
        for (at, object) in of_kind.into_iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            if kind.is_singleton() {
                let _ = writeln!(text, "[{}]", kind.table());
            } else {
                let name = toml::Value::from(object.name.as_str());
                let _ = writeln!(text, "[[{}]]\nname = {name}", kind.table());
            }
            for (field, value) in defaults.differing(&object.spec) {
                let _ = writeln!(text, "{field} = {}", written(&field, &value));
            }
        }
    }
    text
}

/// A value as TOML; a long list with a line for each entry.
fn written(field: &str, value: &Value) -> String {
    let line = inline(value);
    match value {
        Value::Array(entries) if field.len() + 3 + line.len() > LINE_COLUMNS_MAX => {
            let mut lines = String::from("[\n");
            for entry in entries {
                let _ = writeln!(lines, "    {},", inline(entry));
            }
            lines.push(']');
            lines
        }
        _ => line,
    }
}

fn inline(value: &Value) -> String {
    match value {
        // TOML has no null; fields that are unset are left out before they come here.
        Value::Null => "\"\"".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => toml::Value::from(text.as_str()).to_string(),
        Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().map(inline).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Object(map) => {
            let set = map.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<_> = set
                .map(|(key, value)| format!("{key} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
