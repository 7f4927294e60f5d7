//! What the tests of this folder share.

use super::{Alert, AlertKind};

/// An alert about a receive connector.
pub(super) fn alert(case: &str) -> Alert {
    Alert {
        drill: None,
        kind: AlertKind::NeedsPerson,
        node: "mx.example.org".into(),
        case: case.into(),
        component: "receive/Internet".into(),
        set: "Receive".into(),
        monitors: vec!["connector/Internet".into()],
        unix_ms: 2,
        since_unix_ms: 1,
        effect: String::new(),
        text: "there is no further stage".into(),
        cause: None,
        seen: "no greeting".into(),
        tried: Vec::new(),
        todo: Vec::new(),
        explain: format!("mailward explain {case}"),
    }
    .told_for_people(&[])
}
