//! How far each controller of a domain was followed. A number of a change means something on the
//! controller alone that gave it, until that controller is restored from a backup; so each has a place
//! of its own.
//!
//! The picture is always the one of the controller that is followed. Where another one is followed next,
//! what the former had told last may not have reached it, and an entry may go back to what it was.
//! Coming back to the former, that would not be told again. So a place may be taken up only where
//! everything up to it is known to be in the picture: it was *vouched* for by the controller followed
//! since, whose up-to-dateness vector says up to which change of each other controller it has all. A
//! place that was not is given up, and everything is read. Pure.

/// Places that are kept: a source has no more servers.
const PLACES_MAX: usize = 32;
/// The vector as Active Directory stores it (MS-DRSR §5.166, §5.169): a head, then for each controller its
/// invocationId, the number, and from version 2 on a time.
const HEAD_OCTETS: usize = 16;
const CURSOR_OCTETS: [(u32, usize); 2] = [(1, 24), (2, 32)];

/// A controller, and up to which of its changes it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    /// dsServiceName: which controller.
    pub(super) service: String,
    /// invocationId: which of its lives.
    pub(super) invocation: Vec<u8>,
    /// uSNChanged.
    pub(super) usn: u64,
}

/// A place, and whether everything up to it is in the picture.
#[derive(Debug, Clone)]
struct Place {
    reached: Reached,
    is_vouched: bool,
}

/// The places of all controllers that were followed.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// From where a controller is taken up; `None` where everything must be read.
    pub(super) fn of(&self, met: &Reached) -> Option<u64> {
        let place = self.0.iter().find(|place| {
            let known = &place.reached;
            known.service == met.service && known.invocation == met.invocation
        })?;
        let usn = place.reached.usn;
        (place.is_vouched && usn <= met.usn).then_some(usn)
    }

    /// From now on the picture is the one of this controller: what others had told is to be vouched for.
    pub(super) fn begin(&mut self, reached: Reached) {
        for place in &mut self.0 {
            place.is_vouched = false;
        }
        self.advance(reached);
    }

    /// The controller that is followed was read up to here.
    pub(super) fn advance(&mut self, reached: Reached) {
        self.0
            .retain(|place| place.reached.service != reached.service);
        self.0.insert(
            0,
            Place {
                reached,
                is_vouched: true,
            },
        );
        self.0.truncate(PLACES_MAX);
    }

    /// Whether a place is to be vouched for.
    pub(super) fn wait(&self) -> bool {
        self.0.iter().any(|place| !place.is_vouched)
    }

    /// Vouches for the places that the controller which is followed has all of, by its vector as it was
    /// before the controller was read.
    pub(super) fn vouch(&mut self, vector: &[(Vec<u8>, u64)]) {
        for place in &mut self.0 {
            let has_all = |(invocation, usn): &(Vec<u8>, u64)| {
                *invocation == place.reached.invocation && *usn >= place.reached.usn
            };
            place.is_vouched |= vector.iter().any(has_all);
        }
    }
}

/// The cursors of a stored up-to-dateness vector: invocationIds and numbers. None of one that cannot be
/// read: then nothing is vouched for.
pub(super) fn cursors(vector: &[u8]) -> Vec<(Vec<u8>, u64)> {
    let version = vector
        .first_chunk::<4>()
        .map(|four| u32::from_le_bytes(*four));
    let size = CURSOR_OCTETS
        .iter()
        .find(|(known, _)| Some(*known) == version)
        .map(|(_, size)| *size);
    let (Some(size), Some(body)) = (size, vector.get(HEAD_OCTETS..)) else {
        return Vec::new();
    };
    let cursors = body.chunks_exact(size).filter_map(|cursor| {
        let (invocation, rest) = cursor.split_at_checked(16)?;
        let usn = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        Some((invocation.to_vec(), usn))
    });
    cursors.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(controller: u8, life: u8, usn: u64) -> Reached {
        Reached {
            service: format!("CN=NTDS Settings,CN=DC{controller}"),
            invocation: vec![controller, life],
            usn,
        }
    }

    #[test]
    fn each_controller_has_its_place_once_it_is_vouched_for() {
        let mut places = Places::default();
        assert_eq!(places.of(&at(1, 0, 50)), None);
        places.begin(at(1, 0, 50));
        places.advance(at(1, 0, 60));
        // The connection broke: the same controller goes on.
        assert_eq!(places.of(&at(1, 0, 70)), Some(60));
        assert_eq!(places.of(&at(2, 0, 9)), None, "never read");
        places.begin(at(2, 0, 9));
        assert!(places.wait());
        assert_eq!(places.of(&at(1, 0, 80)), None, "2 may lack what 1 told");
        places.vouch(&[(vec![1, 0], 59)]);
        assert_eq!(places.of(&at(1, 0, 80)), None);
        places.vouch(&[(vec![1, 0], 60)]);
        assert!(!places.wait());
        assert_eq!(places.of(&at(1, 0, 80)), Some(60));
        places.begin(at(1, 0, 80));
        assert_eq!(places.of(&at(2, 0, 12)), None, "and the other way round");
    }

    #[test]
    fn a_controller_that_went_back_in_time_is_read_anew() {
        let mut places = Places::default();
        places.begin(at(1, 0, 60));
        assert_eq!(places.of(&at(1, 0, 59)), None, "without a new invocationId");
        assert_eq!(places.of(&at(1, 1, 90)), None, "restored from a backup");
        places.begin(at(1, 1, 90));
        places.vouch(&[(vec![1, 0], 1_000)]);
        assert_eq!(
            places.of(&at(1, 0, 90)),
            None,
            "its former life is forgotten"
        );
    }

    #[test]
    fn the_vector_of_a_real_controller_is_read() {
        // Samba 4.17, as its LDAP server gives it.
        let mut vector = vec![2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let invocation = [
            0x26, 0xfe, 0x8d, 0x65, 0xd2, 0x15, 0x25, 0x42, 0x9d, 0xe5, 0x5d, 0xa6, 0x63, 0xfc,
            0x49, 0xd0,
        ];
        vector.extend(invocation);
        vector.extend([0xf5, 0x0f, 0, 0, 0, 0, 0, 0]);
        vector.extend([0x80, 0x3d, 0x7b, 0x57, 0xb1, 0xe7, 0x9d, 0x01]);
        assert_eq!(cursors(&vector), [(invocation.to_vec(), 4085)]);
        for torn in [&[][..], &[2, 0, 0, 0], &[9; 48], &vector[..40]] {
            assert_eq!(cursors(torn), []);
        }
    }

    /// A controller of a model: each change of an object has a number of its own here, and a version
    /// that wins by being higher; it knows what it has of the others.
    #[derive(Default, Clone)]
    struct Model {
        objects: BTreeMap<u8, (u64, u64)>,
        usn: u64,
        has: BTreeMap<u8, u64>,
    }

    impl Model {
        fn take(&mut self, object: u8, version: u64) {
            if self
                .objects
                .get(&object)
                .is_none_or(|(own, _)| *own < version)
            {
                self.usn += 1;
                self.objects.insert(object, (version, self.usn));
            }
        }
    }

    proptest! {
        /// Whatever is changed where, replicated when, and followed in which order: the picture has at
        /// least what the controller that is followed has.
        #[test]
        fn nothing_is_missed_by_taking_up(steps in prop::collection::vec((0..3u8, 0..3u8, 0..4u8), 1..60)) {
            let mut models = vec![Model::default(); 3];
            let (mut places, mut picture) = (Places::default(), BTreeMap::new());
            let mut version = 0;
            for (what, one, other) in steps {
                let (from, to) = (usize::from(one), usize::from(other) % 3);
                match what {
                    0 => {
                        version += 1;
                        models[from].take(other, version);
                    }
                    1 => {
                        let source = models[from].clone();
                        for (object, (version, _)) in &source.objects {
                            models[to].take(*object, *version);
                        }
                        if from != to {
                            for (of, usn) in source.has.iter().chain([(&one, &source.usn)]) {
                                let has = models[to].has.entry(*of).or_default();
                                *has = (*has).max(*usn);
                            }
                        }
                    }
                    _ => {
                        let met = at(one, 0, models[from].usn);
                        let since = places.of(&met);
                        if since.is_none() {
                            picture.clear();
                        }
                        let changed = models[from].objects.iter();
                        let changed = changed.filter(|(_, (_, usn))| *usn > since.unwrap_or(0));
                        picture.extend(changed.map(|(object, (version, _))| (*object, *version)));
                        places.begin(met);
                        let has = models[from].has.iter();
                        let vector: Vec<_> = has.map(|(of, usn)| (vec![*of, 0], *usn)).collect();
                        places.vouch(&vector);
                        for (object, (version, _)) in &models[from].objects {
                            prop_assert!(picture[object] >= *version, "{object} is older");
                        }
                    }
                }
            }
        }
    }
}
