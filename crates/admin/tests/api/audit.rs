//! What an administrator does leaves an event and a record, each with what was changed, before and after.

use super::*;

#[tokio::test]
async fn what_administrators_do_leaves_an_event_with_their_name() {
    let node = node();
    let _transport = transport(&node, QueueHealth::Ok);
    let hold = json!({ "target": "connector/Internet/example.net" });
    let (code, done) = node.ask("POST", "/v1/queue/hold", &hold).await;
    assert_eq!((code, &done["count"]), (200, &json!(1)), "{done}");
    let events = node.collector.take();
    let told = events.iter().find_map(|event| match event {
        Event::AdministratorActed {
            operation,
            subject,
            changes,
            ..
        } if operation == "queue hold" && subject == "connector/Internet/example.net" => {
            Some(changes.0.clone())
        }
        _ => None,
    });
    // Whoever did it says what it was before and what it is now.
    assert_eq!(told.unwrap(), ["queue x: held false → true", "and 2 more"]);
    // The same stands in the audit log, and of an object field by field.
    let object = "/v1/objects/accepted_domain/example.org";
    for set in ["domain=example.org", "type=internal_relay"] {
        let (code, done) = node.ask("PATCH", object, &json!({ "set": [set] })).await;
        assert_eq!(code, 200, "{done}");
    }
    let (code, done) = node.ask("DELETE", object, &Value::Null).await;
    assert_eq!(code, 200, "{done}");
    let (code, list) = node.get("/v1/audit").await;
    assert_eq!(code, 200, "{list}");
    let changes = |at: usize| &list["records"][at]["changes"];
    assert_eq!(
        changes(0),
        &json!([{ "subject": "queue x", "field": "held", "before": false, "after": true }])
    );
    assert_eq!(list["records"][0]["changes_left_out"], 2);
    let created = &changes(1)[0];
    assert_eq!(created["before"], Value::Null, "{list}");
    assert!(created["after"].as_str().unwrap().contains("example.org"));
    let subject = "accepted-domain \"example.org\"";
    assert_eq!(
        changes(2),
        &json!([{
            "subject": subject, "field": "type",
            "before": "authoritative", "after": "internal_relay",
        }])
    );
    let removed = &changes(3)[0];
    assert_eq!(
        (&removed["field"], &removed["after"]),
        (&json!("object"), &Value::Null)
    );
    assert!(
        removed["before"]
            .as_str()
            .unwrap()
            .contains("internal_relay")
    );
    assert_eq!(list["records"].as_array().unwrap().len(), 4);
}
