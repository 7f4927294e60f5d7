//! What responders do about delivery: a message that nobody owns is put back, the next smart host is
//! tried first, and what was learnt is forgotten.

use super::{peer::Script, *};
use crate::{control::repair::reown, deliver::dns::Turned};

const TEXT: &[u8] = b"Subject: x\r\n\r\nx\r\n";

#[tokio::test]
async fn a_message_without_a_plan_is_planned_and_delivered() {
    let mut peer = peer::Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    let origin = origin(world.shared.clock.unix_ms());
    let id = world
        .accept(envelope(&["bob@example.net"]), origin, TEXT, None)
        .await;
    assert_eq!(world.shared.queue.unplanned(), [id], "nobody owns it");
    let count = reown(&world.shared, &world.dispatcher).await.unwrap();
    assert_eq!(count, 1);
    assert_eq!(peer.mail().await.to, ["bob@example.net"]);
    world.empty().await;
    let again = reown(&world.shared, &world.dispatcher).await.unwrap();
    assert_eq!(again, 0, "nothing is left to be put back");
}

#[tokio::test]
async fn a_message_that_is_delivered_meanwhile_is_not_delivered_twice() {
    let mut peer = peer::Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    let origin = || origin(world.shared.clock.unix_ms());
    let envelope = || envelope(&["bob@example.net"]);
    world.send(&["bob@example.net"], TEXT).await;
    world.accept(envelope(), origin(), TEXT, None).await;
    for _ in 0..3 {
        reown(&world.shared, &world.dispatcher).await.unwrap();
    }
    peer.mail().await;
    peer.mail().await;
    world.empty().await;
    assert_eq!(peer.heard("DATA"), 2);
}

#[tokio::test]
async fn the_next_smart_host_is_tried_first() {
    let reluctant = peer::Peer::start(Script::answering(|line| {
        line.starts_with("RCPT")
            .then(|| "451 4.7.1 not today".into())
    }))
    .await;
    let mut peer = peer::Peer::start(Script::default()).await;
    let world = World::new(out(&[reluctant.address, peer.address]));
    world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    assert_eq!(world.dispatcher.next_smart_host(), 1);
    world.retry();
    assert_eq!(peer.mail().await.to, ["bob@example.net"]);
    world.empty().await;
}

#[tokio::test]
async fn where_there_is_but_one_there_is_no_next() {
    let peer = peer::Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    assert_eq!(world.dispatcher.next_smart_host(), 0);
    assert_eq!(world.dispatcher.next_resolver().await, Turned::Only);
}
