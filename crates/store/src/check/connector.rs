//! Connectors: for every connection and every domain there is one answer which connector takes it.

use mailward_model::{
    FieldError, Object,
    kind::{ReceiveConnector, SendConnector},
};

use super::{error, of, title};
use crate::ObjectError;

/// Enabled receive connectors on one binding must have ranges that are disjoint or nested.
pub(super) fn receive(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    let enabled: Vec<_> = of::<ReceiveConnector>(objects)
        .filter(|(_, spec)| spec.enabled)
        .collect();
    for (at, (object, spec)) in enabled.iter().enumerate() {
        own_bindings(object, spec, errors);
        for (other_object, other) in enabled.iter().take(at) {
            let Some(tie) = spec.tie_with(other) else {
                continue;
            };
            let (problem, mend) = tie.explain(&title(other_object));
            let field = format!("remote_ranges[{}]", tie.at);
            errors.push(error(object, FieldError::new(field, problem, mend)));
        }
    }
}

/// A connector may not name one socket twice.
fn own_bindings(object: &Object, spec: &ReceiveConnector, errors: &mut Vec<ObjectError>) {
    for (i, binding) in spec.bindings.iter().enumerate() {
        if let Some(first) = spec
            .bindings
            .iter()
            .take(i)
            .find(|one| one.takes_same(binding))
        {
            errors.push(error(
                object,
                FieldError::new(
                    format!("bindings[{i}]"),
                    format!("{binding} is covered by {first} already"),
                    "remove one of the two",
                ),
            ));
        }
    }
}

/// Enabled send connectors of one pool may not have one address space at one cost: which one takes
/// the mail would hang on their names.
pub(super) fn send(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    let enabled: Vec<_> = of::<SendConnector>(objects)
        .filter(|(_, spec)| spec.enabled)
        .collect();
    for (at, (object, spec)) in enabled.iter().enumerate() {
        for (i, space) in spec.address_spaces.iter().enumerate() {
            let field = || format!("address_spaces[{i}]");
            if spec
                .address_spaces
                .iter()
                .take(i)
                .any(|s| s.domain == space.domain && s.subdomains == space.subdomains)
            {
                errors.push(error(
                    object,
                    FieldError::new(
                        field(),
                        format!("{space} is listed twice"),
                        "remove one of the two",
                    ),
                ));
            }
            let tie = enabled
                .iter()
                .take(at)
                .find(|(_, other)| other.pool == spec.pool && other.address_spaces.contains(space));
            if let Some((other, _)) = tie {
                errors.push(error(
                    object,
                    FieldError::new(
                        field(),
                        format!("{space} has the same cost at {}", title(other)),
                        format!(
                            "give the less preferred one a higher cost, such as \"{};{}\"",
                            without_cost(space),
                            space.cost.saturating_add(1).min(100)
                        ),
                    ),
                ));
            }
        }
    }
}

fn without_cost(space: &mailward_model::kind::AddressSpace) -> String {
    let mut bare = space.clone();
    bare.cost = 1;
    bare.to_string()
}

#[cfg(test)]
mod tests {
    use mailward_model::{ObjectId, Revision, Spec};

    use super::*;

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(0),
            name: name.to_owned(),
            revision: Revision(0),
            spec: spec.into(),
        }
    }

    fn receiving(name: &str, bindings: &[&str], ranges: &[&str]) -> Object {
        object(
            name,
            ReceiveConnector {
                bindings: bindings.iter().map(|b| b.parse().unwrap()).collect(),
                remote_ranges: ranges.iter().map(|r| r.parse().unwrap()).collect(),
                ..Default::default()
            },
        )
    }

    fn sending(name: &str, spaces: &[&str]) -> Object {
        object(
            name,
            SendConnector {
                address_spaces: spaces.iter().map(|s| s.parse().unwrap()).collect(),
                ..Default::default()
            },
        )
    }

    #[track_caller]
    fn check(objects: &[Object], expect: &[&str]) {
        let objects: Vec<&Object> = objects.iter().collect();
        let mut errors = Vec::new();
        receive(&objects, &mut errors);
        send(&objects, &mut errors);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), expect.len(), "{errors:?}");
        for (error, expect) in errors.iter().zip(expect) {
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn ranges_on_one_binding_are_disjoint_or_nested() {
        check(
            &[
                receiving("internet", &[":25"], &["0.0.0.0/0", "::/0"]),
                receiving("office", &["0.0.0.0:25"], &["192.168.1.0/24"]),
                receiving("printer", &[":25"], &["192.168.1.75"]),
                receiving("other port", &[":587"], &["0.0.0.0/0"]),
                receiving("one address", &["192.0.2.1:25"], &["0.0.0.0/0"]),
            ],
            &[],
        );
        check(
            &[
                receiving("a", &[":25"], &["10.0.0.0-10.0.0.20"]),
                receiving("b", &["0.0.0.0:25"], &["10.0.0.10-10.0.0.30"]),
                receiving("c", &["[::]:25"], &["10.0.0.0-10.0.0.20"]),
            ],
            &[
                "receive-connector \"b\": remote_ranges[0]: 10.0.0.10-10.0.0.30 on 0.0.0.0:25 overlaps 10.0.0.0-10.0.0.20 of receive-connector \"a\"",
                "receive-connector \"c\": remote_ranges[0]: 10.0.0.0-10.0.0.20 on [::]:25 is a range of receive-connector \"a\" too",
            ],
        );
    }

    #[test]
    fn one_feed_is_for_one_connector_of_a_binding() {
        check(
            &[
                receiving("a", &[":25"], &["feed:M365"]),
                receiving("b", &[":26"], &["feed:m365"]),
                receiving("c", &[":25"], &["0.0.0.0/0", "except:10.0.0.1"]),
            ],
            &[],
        );
        check(
            &[
                receiving("a", &[":25"], &["feed:M365"]),
                receiving("b", &[":25"], &["10.0.0.1", "feed:m365"]),
            ],
            &["remote_ranges[1]: feed:m365 on :25 is a range of receive-connector \"a\" too"],
        );
    }

    #[test]
    fn a_socket_is_named_once() {
        check(
            &[receiving("a", &[":25", "0.0.0.0:25"], &["10.0.0.1"])],
            &["bindings[1]: 0.0.0.0:25 is covered by :25 already"],
        );
        check(&[receiving("a", &[":0", ":0"], &["10.0.0.1"])], &[]);
    }

    #[test]
    fn address_spaces_have_one_best_connector() {
        check(
            &[
                sending("a", &["*", "example.net"]),
                sending("b", &["*;5", "*.example.net"]),
            ],
            &[],
        );
        check(
            &[sending("a", &["*"]), sending("b", &["example.net", "*"])],
            &[
                "send-connector \"b\": address_spaces[1]: * has the same cost at send-connector \"a\"; give the less preferred one a higher cost, such as \"*;2\"",
            ],
        );
        let mut risky = sending("b", &["*"]);
        if let Spec::SendConnector(spec) = &mut risky.spec {
            spec.pool = mailward_model::kind::OutboundPool::HighRisk;
        }
        check(&[sending("a", &["*"]), risky], &[]);
        check(
            &[sending("a", &["*", "*;5"])],
            &["address_spaces[1]: *;5 is listed twice"],
        );
    }
}
