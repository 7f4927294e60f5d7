//! To whom mail to the members of a group goes: members are named by their places in the directory. Pure,
//! and a part of [`plan`](super::plan).

use std::sync::Arc;

use mailward_model::EmailAddress;

use super::{
    index::best,
    mapping::member_key,
    plan::{Chosen, Draft},
};
use crate::recipients::attribute::dn_key;

impl<'a> Draft<'a> {
    /// The entries that are compared by the key of their place, sorted; what mail to each goes to is in
    /// its node from then on.
    pub(super) fn places(&mut self, chosen: &[Chosen<'a>]) -> Vec<(u64, Arc<str>)> {
        for one in chosen {
            let node = self.node(one.entry);
            node.goes_to = Some(one.address.to_string().into());
            node.is_recipient = true;
        }
        let placed = self.nodes.iter();
        let placed = placed.filter_map(|(entry, node)| Some((node.place?, Arc::clone(entry))));
        let mut places: Vec<(u64, Arc<str>)> = placed.collect();
        places.sort_unstable();
        places
    }

    /// What mail to an entry goes to, by the entry's name as it is compared. One that is no recipient here
    /// may have an address outside.
    fn goes_to(&self, place: &str, places: &[(u64, Arc<str>)]) -> Option<String> {
        let (known, picture) = (self.compared.known, self.compared.picture);
        let key = known.keys().place(place);
        let from = places.partition_point(|(known, _)| *known < key);
        let there = places.get(from..).unwrap_or_default().iter();
        let there = there.take_while(|(known, _)| *known == key);
        let nodes = there.filter_map(|(_, entry)| {
            let is_it = picture.dn(entry).is_some_and(|dn| dn_key(dn) == place);
            Some((entry, self.nodes.get(entry).filter(|_| is_it)?))
        });
        let found = best(nodes).map(|(_, _, address)| address);
        let elsewhere = || known.goes_to(place, picture, self.compared.within?);
        found.or_else(elsewhere).map(str::to_owned)
    }

    /// To whom mail to the members of a group goes, where it is one.
    pub(super) fn members_of(
        &mut self,
        one: &Chosen<'a>,
        members: Option<Vec<String>>,
        places: &[(u64, Arc<str>)],
    ) -> Option<Vec<String>> {
        let own = one.address.to_string();
        let (mut found, mut keys) = (Vec::new(), Vec::new());
        for member in members? {
            let address = match member_key(&member) {
                Some(place) => {
                    keys.push(self.compared.known.keys().place(&place));
                    self.goes_to(&place, places)
                }
                None => member.parse::<EmailAddress>().ok().map(|a| a.to_string()),
            };
            found.extend(address.filter(|address| !address.eq_ignore_ascii_case(&own)));
        }
        self.node(one.entry).members = keys;
        // A directory keeps no order.
        found.sort();
        found.dedup();
        Some(found)
    }
}
