//! The names agree with the operations and the kinds.

use std::collections::BTreeSet;

use super::*;

fn fields_of(op: Op) -> BTreeSet<String> {
    let mut generator = schemars::SchemaGenerator::default();
    let schema = op.request_schema(&mut generator).to_value();
    let fields = schema.get("properties").and_then(Value::as_object);
    fields
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default()
}

/// The operations that an act may ask with the parameters' fields.
fn operations(cmdlet: &Cmdlet) -> Vec<Op> {
    let mut ops = match cmdlet.act {
        Act::List(_) => vec![Op::ObjectList],
        Act::Create(_) | Act::Change(_) => vec![Op::ObjectSet],
        Act::Remove(_) => vec![Op::ObjectRemove],
        Act::Look(op) | Act::Do(op) => vec![op],
    };
    for parameter in &cmdlet.parameters {
        if let Target::Operation(words) = parameter.target {
            ops.extend(words.iter().map(|(_, op, _)| *op));
        }
        if let Target::Other(op) = parameter.target {
            ops.push(op);
        }
    }
    ops
}

#[test]
fn names_are_given_once_and_every_parameter_fills_a_field() {
    let mut names = BTreeSet::new();
    for one in all() {
        for name in std::iter::once(&one.name).chain(&one.alias) {
            assert!(names.insert(name.to_ascii_lowercase()), "{name}");
        }
        assert!(!one.summary.ends_with('.'), "{}", one.name);
        let mut parameters = BTreeSet::new();
        for parameter in &one.parameters {
            let place = format!("{} -{}", one.name, parameter.name);
            assert!(
                parameters.insert(parameter.name.to_ascii_lowercase()),
                "{place} twice"
            );
            assert!(!parameter.help.is_empty(), "{place} has no help");
            if let Target::Instead(field, op) | Target::InsteadOrQueue(field, op, _) =
                parameter.target
            {
                assert!(fields_of(op).contains(field), "{place}: no field {field}");
            }
            if let Target::Request(field) | Target::Behind(field) = parameter.target {
                for op in operations(one) {
                    let known = fields_of(op);
                    // What another word of the same command asks may know fewer.
                    let some = operations(one)
                        .iter()
                        .any(|op| fields_of(*op).contains(field));
                    assert!(known.contains(field) || some, "{place}: no field {field}");
                }
            }
        }
        let positional = one.parameters.iter().filter(|one| one.positional).count();
        assert!(positional <= 1, "{}", one.name);
        assert!(
            one.parameters.iter().skip(1).all(|one| !one.positional),
            "{}: what stands without a name comes first",
            one.name
        );
    }
}

#[test]
fn every_noun_of_the_list_is_there() {
    for name in [
        "New-Mailbox",
        "Get-Mailbox",
        "Set-Mailbox",
        "Remove-Mailbox",
        "New-MailContact",
        "Get-Recipient",
        "New-DistributionGroup",
        "Add-DistributionGroupMember",
        "Get-DistributionGroupMember",
        "Remove-DistributionGroupMember",
        "Update-DistributionGroupMember",
        "New-JournalRule",
        "Enable-JournalRule",
        "Disable-JournalRule",
        "Get-TransportConfig",
        "Set-TransportConfig",
        "New-AcceptedDomain",
        "New-ReceiveConnector",
        "New-SendConnector",
        "Get-ExchangeCertificate",
        "Get-Certificate",
        "Get-MessageTrackingLog",
        "Get-Queue",
        "Suspend-Queue",
        "Resume-Queue",
        "Retry-Queue",
        "Get-Message",
        "Suspend-Message",
        "Resume-Message",
        "Remove-Message",
        "Export-Message",
        "Get-ServerHealth",
        "Get-HealthReport",
        "Get-ServerComponentState",
        "Set-ServerComponentState",
        "Get-EventLog",
        "New-MailUser",
        "New-DynamicDistributionGroup",
        "Set-DynamicDistributionGroup",
        "Get-GlobalMonitoringOverride",
        "Add-ServerMonitoringOverride",
        "Remove-ServerMonitoringOverride",
        "Invoke-MonitoringProbe",
        "Get-MonitoringItemIdentity",
        "Set-ServerMonitor",
        "Test-Mailflow",
        "Redirect-Message",
    ] {
        assert!(find(name).is_some(), "{name}");
    }
    assert!(find("get-mailbox").is_some());
}

#[test]
fn fields_become_parameters_by_rule() {
    let set = find("Set-ReceiveConnector").unwrap();
    let takes = |name: &str| {
        let mut parameters = set.parameters.iter();
        parameters
            .find(|one| one.name == name)
            .map(|one| &one.takes)
    };
    assert_eq!(takes("MaxMessageSize"), Some(&Takes::Text));
    assert_eq!(takes("Bindings"), Some(&Takes::List(Box::new(Takes::Text))));
    assert_eq!(takes("MaxHopCount"), Some(&Takes::Integer));
    assert_eq!(takes("RequireTLS"), Some(&Takes::Boolean));
    assert!(matches!(takes("Tls"), Some(Takes::Word(words)) if words.len() == 4));
    let new = find("New-JournalRule").unwrap();
    let needed: Vec<&str> = new
        .parameters
        .iter()
        .filter(|one| one.needed)
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(needed, ["Name", "JournalEmailAddress"]);
    assert!(new.usage().starts_with("New-JournalRule [-Name] <Text>"));
}

#[test]
fn objects_show_their_fields_in_exchanges_words() {
    let answer = serde_json::json!({
        "kind": "mailbox", "name": "Anna", "id": 7, "revision": 3,
        "spec": {
            "address": "anna@example.org", "type": "shared", "hidden": true,
            "organizational_unit": "example.org/Sales/North",
        },
    });
    let rows = object_rows(answer.to_string().as_bytes()).unwrap();
    let value = |name: &str| {
        let found = rows[0].iter().find(|(one, _)| one == name);
        found
            .map(|(_, value)| value.to_string())
            .unwrap_or_default()
    };
    assert_eq!(value("Identity"), "\"Anna\"");
    assert_eq!(value("PrimarySmtpAddress"), "\"anna@example.org\"");
    assert_eq!(value("HiddenFromAddressListsEnabled"), "true");
    assert_eq!(value("RecipientTypeDetails"), "\"SharedMailbox\"");
    assert_eq!(
        value("DistinguishedName"),
        "\"CN=Anna,OU=North,OU=Sales,DC=example,DC=org\""
    );
}
