//! The entries of a directory as they are kept from one change to the next, and which of them have
//! changed since the picture was put in force last.
//!
//! They may be many, and are read seldom: so each is one piece of memory, with the names of its attributes
//! kept once for all of them. Never here: what an entry means.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use mailward_ldap::Entry;

/// Entries by what the directory never changes about them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    entries: BTreeMap<Arc<str>, Packed>,
    names: Names,
    changed: Changed,
}

/// Which entries are other than they were when the picture was put in force last.
#[derive(Debug, Clone, Default)]
enum Changed {
    /// It never was.
    #[default]
    All,
    These(BTreeSet<Arc<str>>),
}

impl Picture {
    /// One without entries that was never put in force.
    pub(crate) fn new() -> Picture {
        Picture::default()
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes an entry as it is now. True where it was not so before.
    pub(crate) fn insert(&mut self, anchor: &str, entry: &Entry) -> bool {
        let packed = Packed::of(entry, &mut self.names);
        match self.entries.get_mut(anchor) {
            Some(known) if *known == packed => return false,
            Some(known) => {
                *known = packed;
                self.note(anchor);
            }
            None => {
                let anchor: Arc<str> = anchor.into();
                if let Changed::These(changed) = &mut self.changed {
                    changed.insert(Arc::clone(&anchor));
                }
                self.entries.insert(anchor, packed);
            }
        }
        true
    }

    /// Takes an entry away. True where it was there.
    pub(crate) fn remove(&mut self, anchor: &str) -> bool {
        let is_there = self.entries.contains_key(anchor);
        if is_there {
            self.note(anchor);
            self.entries.remove(anchor);
        }
        is_there
    }

    /// Takes away what is not to stay. True where there was any.
    pub(crate) fn retain(&mut self, stays: impl Fn(&str) -> bool) -> bool {
        let anchors = self.entries.keys();
        let gone: Vec<Arc<str>> = anchors.filter(|one| !stays(one)).cloned().collect();
        gone.iter().for_each(|anchor| {
            self.remove(anchor);
        });
        !gone.is_empty()
    }

    /// An entry, with its anchor as it is kept.
    pub(crate) fn get(&self, anchor: &str) -> Option<(&Arc<str>, Entry)> {
        let (anchor, packed) = self.entries.get_key_value(anchor)?;
        Some((anchor, packed.entry(&self.names)))
    }

    /// The anchor of an entry as it is kept.
    pub(crate) fn key(&self, anchor: &str) -> Option<&Arc<str>> {
        let (anchor, _) = self.entries.get_key_value(anchor)?;
        Some(anchor)
    }

    /// The name of an entry.
    pub(crate) fn dn(&self, anchor: &str) -> Option<&str> {
        self.entries.get(anchor)?.dn()
    }

    /// Every entry, in the order of their anchors.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Entry)> {
        self.entries
            .iter()
            .map(|(anchor, packed)| (anchor, packed.entry(&self.names)))
    }

    /// What has changed since it was put in force last; `None` where it never was, and so everything has.
    pub(crate) fn changed(&self) -> Option<&BTreeSet<Arc<str>>> {
        match &self.changed {
            Changed::All => None,
            Changed::These(changed) => Some(changed),
        }
    }

    /// It was put in force, or is held, as it is.
    pub(crate) fn settle(&mut self) {
        self.changed = Changed::These(BTreeSet::new());
    }

    fn note(&mut self, anchor: &str) {
        if let Changed::These(changed) = &mut self.changed
            && let Some((anchor, _)) = self.entries.get_key_value(anchor)
        {
            changed.insert(Arc::clone(anchor));
        }
    }
}

#[cfg(test)]
impl FromIterator<(String, Entry)> for Picture {
    fn from_iter<T: IntoIterator<Item = (String, Entry)>>(entries: T) -> Picture {
        let mut picture = Picture::new();
        for (anchor, entry) in entries {
            picture.insert(&anchor, &entry);
        }
        picture
    }
}

/// Names of attributes, each once.
#[derive(Debug, Clone, Default)]
struct Names {
    by_number: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, usize>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (name, number): (Arc<str>, usize) = (name.into(), self.by_number.len());
        self.by_number.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }
}

/// An entry in one piece: its name; then for each attribute the number of its name, how many values it
/// has, and these. Texts have their length before them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packed(Box<[u8]>);

impl Packed {
    fn of(entry: &Entry, names: &mut Names) -> Packed {
        let mut octets = Vec::new();
        put_text(&mut octets, entry.dn.as_bytes());
        for (name, values) in entry.attributes() {
            put(&mut octets, names.number(name));
            put(&mut octets, values.len());
            for value in values {
                put_text(&mut octets, value);
            }
        }
        Packed(octets.into())
    }

    fn dn(&self) -> Option<&str> {
        let mut rest = &*self.0;
        std::str::from_utf8(take_text(&mut rest)?).ok()
    }

    fn entry(&self, names: &Names) -> Entry {
        let mut rest = &*self.0;
        let dn = take_text(&mut rest).unwrap_or_default();
        let mut entry = Entry::new(&String::from_utf8_lossy(dn), []);
        while let Some((number, count)) = take(&mut rest).zip(take(&mut rest)) {
            let values = (0..count).map_while(|_| take_text(&mut rest).map(<[u8]>::to_vec));
            let values = values.collect();
            if let Some(name) = names.by_number.get(number) {
                entry.add(name, values);
            }
        }
        entry
    }
}

/// Writes a number: seven bits in each octet, the least first; the eighth says that more come.
fn put(octets: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        octets.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    octets.push(number.to_le_bytes()[0]);
}

fn put_text(octets: &mut Vec<u8>, text: &[u8]) {
    put(octets, text.len());
    octets.extend_from_slice(text);
}

fn take(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for at in 0..usize::BITS.div_ceil(7) {
        let (octet, behind) = rest.split_first()?;
        *rest = behind;
        number |= usize::from(octet & 0x7f) << (7 * at);
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take(rest)?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_says_what_has_changed_since_it_was_put_in_force() {
        let entry = |mail: &str| Entry::new("cn=a", [("mail", mail)]);
        let mut picture = Picture::new();
        assert!(picture.insert("1", &entry("a")) && picture.insert("2", &entry("b")));
        assert_eq!(picture.changed(), None, "all of it");
        picture.settle();
        let changed = |picture: &Picture| -> Vec<String> {
            let changed = picture.changed().unwrap().iter();
            changed.map(ToString::to_string).collect()
        };
        assert!(!picture.insert("1", &entry("a")), "as it was");
        assert_eq!(changed(&picture), [""; 0]);
        assert!(picture.insert("1", &entry("c")) && picture.insert("3", &entry("d")));
        assert!(!picture.remove("4") && picture.remove("2"));
        assert_eq!(changed(&picture), ["1", "2", "3"]);
        picture.settle();
        assert!(picture.retain(|anchor| anchor == "1"));
        assert_eq!(changed(&picture), ["3"]);
        assert_eq!(picture.len(), 1);
    }

    proptest! {
        #[test]
        fn an_entry_is_kept_as_it_came(
            dn in ".{0,200}",
            attributes in proptest::collection::vec(
                ("[a-z;-]{1,9}", proptest::collection::vec(
                    proptest::collection::vec(any::<u8>(), 0..300), 0..4)),
                0..6,
            ),
        ) {
            let mut entry = Entry::new(&dn, []);
            for (name, values) in attributes {
                entry.add(&name, values);
            }
            let mut picture = Picture::new();
            picture.insert("1", &entry);
            prop_assert_eq!(picture.dn("1"), Some(&*dn));
            let (_, kept) = picture.get("1").unwrap();
            prop_assert_eq!(kept, entry);
        }
    }
}
