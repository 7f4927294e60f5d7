//! What is written with KEY=VALUE, and what it becomes.

use mailward_model::kind::{AlertChannel, AlertTarget, Mailbox, ReceiveConnector, Relay};
use mailward_model::object::SpecOf;
use proptest::prelude::*;

use super::*;

fn edited(kind: Kind, start: Map<String, Value>, words: &[&str]) -> Result<Spec, String> {
    let assignments: Vec<Assignment> = words.iter().map(|w| w.parse().unwrap()).collect();
    let fields = edit(kind, start, &assignments).map_err(|errors| {
        errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" | ")
    })?;
    spec_of(kind, fields).map_err(|error| error.to_string())
}

#[test]
fn every_shape_of_field_can_be_set() {
    let spec = edited(
        Kind::ReceiveConnector,
        Map::new(),
        &[
            "bindings=127.0.0.1:25,[::1]:25",
            "bindings+=:587",
            "bindings-=[::1]:25",
            "max-recipients=5_000",
            "max_message_size=50MB",
            "proxy_protocol=yes",
            "fqdn=mail.example.org",
            "relay=all",
        ],
    )
    .unwrap();
    let connector = ReceiveConnector::of(&spec).unwrap();
    let bindings: Vec<String> = connector.bindings.iter().map(ToString::to_string).collect();
    assert_eq!(bindings, ["127.0.0.1:25", ":587"]);
    assert_eq!(connector.max_recipients, 5_000);
    assert_eq!(connector.max_message_size.0, 50 << 20);
    assert!(connector.proxy_protocol);
    assert_eq!(connector.relay, Relay::All);

    let spec = edited(
        Kind::AlertChannel,
        Map::new(),
        &["target.file=/var/log/a.jsonl"],
    )
    .unwrap();
    let channel = AlertChannel::of(&spec).unwrap();
    assert_eq!(channel.target, AlertTarget::File("/var/log/a.jsonl".into()));
    let spec = edited(
        Kind::AlertChannel,
        Map::new(),
        &[r#"target.command=["/bin/page","now"]"#],
    )
    .unwrap();
    assert!(matches!(
        &AlertChannel::of(&spec).unwrap().target,
        AlertTarget::Command(words) if words.len() == 2
    ));
}

#[test]
fn attributes_are_set_like_any_field() {
    let words = [
        "address=anna@example.org",
        "department=Sales",
        "extension_custom_attribute1+=Ignore",
        "organizational_unit=example.org/Sales",
    ];
    let spec = edited(Kind::Mailbox, Map::new(), &words).unwrap();
    let fields = fields_of(&spec);
    assert_eq!(fields.get("department"), Some(&Value::from("Sales")));
    let list = fields.get("extension_custom_attribute1").unwrap();
    assert_eq!(list, &Value::from(vec!["Ignore"]));
    let taken = ["extension_custom_attribute1-=Ignore", "department="];
    let spec = edited(Kind::Mailbox, fields, &taken).unwrap();
    assert!(!fields_of(&spec).contains_key("extension_custom_attribute1"));
    let wrong = edited(
        Kind::DynamicDistributionGroup,
        Map::new(),
        &[
            "address=x@example.org",
            "recipient_filter=Departmant -eq 'Sales'",
        ],
    )
    .unwrap_err();
    assert!(
        wrong.starts_with("recipient_filter: ") && wrong.contains("did you mean Department?"),
        "{wrong}"
    );
    let mut fields = Map::new();
    fields.insert("address".to_owned(), Value::from("x@example.org"));
    fields.insert("title".to_owned(), Value::from(5));
    let wrong = spec_of(Kind::Mailbox, fields).unwrap_err();
    assert_eq!(
        (wrong.field.as_str(), &*wrong.problem),
        ("title", "expected a text, such as \"a\"")
    );
}

#[test]
fn an_empty_value_restores_the_default() {
    let start = fields_of(&Spec::from(ReceiveConnector {
        max_hops: 99,
        fqdn: Some("mail.example.org".parse().unwrap()),
        ..ReceiveConnector::default()
    }));
    let spec = edited(Kind::ReceiveConnector, start, &["max_hops=", "fqdn="]).unwrap();
    assert_eq!(spec, ReceiveConnector::default().into());
}

#[test]
fn what_cannot_be_says_where_and_what_to_do() {
    for (kind, word, expected) in [
        (
            Kind::ReceiveConnector,
            "max_recipient=5",
            "did you mean max_recipients?",
        ),
        (
            Kind::ReceiveConnector,
            "max_recipients=many",
            "is not a whole number",
        ),
        (
            Kind::ReceiveConnector,
            "lmtp=perhaps",
            "neither true nor false",
        ),
        (Kind::ReceiveConnector, "relay=some", "relay: "),
        (Kind::ReceiveConnector, "max_hops+=5", "is not a list"),
        (
            Kind::ReceiveConnector,
            "bindings-=:99",
            "is not in bindings",
        ),
        (
            Kind::ReceiveConnector,
            "bindings=:25,nonsense",
            "bindings[1]: ",
        ),
        (Kind::ReceiveConnector, "fqdn.x=5", "has no parts"),
        (Kind::Mailbox, "hidden=yes", "missing field `address`"),
        (Kind::AcceptedDomain, "xyzzy=1", "the keys are domain"),
    ] {
        let error = edited(kind, Map::new(), &[word]).unwrap_err();
        assert!(error.contains(expected), "{word}: {error}");
    }
    for bad in ["", "x", "=5", "a b=c", "+=x"] {
        assert!(bad.parse::<Assignment>().is_err(), "{bad}");
    }
}

#[test]
fn every_kind_has_known_fields() {
    for kind in Kind::ALL {
        assert!(!shapes(*kind).is_empty(), "{kind}");
    }
    let mailbox = Spec::from(Mailbox::new("a@example.org".parse().unwrap()));
    for key in fields_of(&mailbox).keys() {
        assert!(
            shapes(Kind::Mailbox).iter().any(|(name, _)| name == key),
            "{key}"
        );
    }
}

proptest! {
    #[test]
    fn any_assignment_is_read_back_as_written(key in "[a-z_.]{1,12}", value: String, verb in "\\+?=|-=") {
        let text = format!("{key}{verb}{value}");
        if let Ok(assignment) = text.parse::<Assignment>() {
            prop_assert_eq!(assignment.to_string().parse::<Assignment>().unwrap(), assignment);
        }
    }

    #[test]
    fn no_value_upsets_an_edit(value: String) {
        for (key, _) in shapes(Kind::ReceiveConnector) {
            for verb in ["=", "+=", "-="] {
                if let Ok(assignment) = format!("{key}{verb}{value}").parse::<Assignment>() {
                    let _ = edit(Kind::ReceiveConnector, Map::new(), &[assignment]);
                }
            }
        }
    }
}
