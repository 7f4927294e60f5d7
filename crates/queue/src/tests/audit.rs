//! The audit finds each way in which a message can be forgotten, and names it.

use std::time::Duration;

use super::rig::{Rig, hop, id, octets, plan};
use crate::{audit::PLAN_MS_MAX, schedule::Place};

#[test]
fn a_sound_queue_has_no_orphans_and_a_broken_one_names_them() {
    let mut rig = Rig::new();
    for n in 1..=600 {
        rig.accept(id(n), &octets(n, 10), Some(plan(&[1]))).unwrap();
    }
    rig.accept(id(601), &octets(601, 10), None).unwrap();
    let lease = rig.queue.take(&hop(0));
    let sound = rig.queue.audit();
    assert_eq!(sound.messages, 601);
    assert!(sound.orphans.is_empty(), "{sound:?}");
    drop(lease);
    // A plan that is not made in time, a delivery that no queue knows, a wait without an end.
    rig.clock.advance(Duration::from_millis(PLAN_MS_MAX + 1));
    {
        let mut state = rig.queue.shared.state();
        let index = &mut state.index;
        for (n, place) in [(3, Place::Waiting(u64::MAX)), (5, Place::Settled)] {
            let delivery = &mut index.messages.get_mut(&id(n)).unwrap().deliveries[0];
            let key = (id(n), delivery.no);
            index.schedule.leave(delivery.hop, key, delivery.place);
            index.schedule.enter(delivery.hop, key, place);
            delivery.place = place;
        }
        for fate in &mut index.messages.get_mut(&id(7)).unwrap().deliveries[0].fates {
            *fate = crate::RecipientState::Delivered;
        }
    }
    let broken = rig.queue.audit();
    assert_eq!(
        (
            broken.unplanned,
            broken.endless,
            broken.unannounced,
            broken.unowned
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(broken.orphans, [id(3), id(5), id(7), id(601)]);
}
