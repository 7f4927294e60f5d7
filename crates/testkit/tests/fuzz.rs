//! The fuzz entry points, fed with seeds from the dialogs and with mutations of them.

use std::path::Path;

use mailward_testkit::{
    dialog::{Event, Script, all},
    fuzz::TARGETS,
};
use proptest::{prelude::*, test_runner::Config};

/// What the clients of the dialogs send, each dialog as one text, the long ones left out.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    SEEDS.get_or_init(read_seeds)
}

fn read_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = all()
        .into_iter()
        .filter_map(|(_, text)| Script::parse(text).ok())
        .map(|script| {
            script
                .events
                .into_iter()
                .filter_map(|(_, event)| match event {
                    Event::Send(octets) => Some(octets),
                    _ => None,
                })
                .collect::<Vec<_>>()
                .concat()
        })
        .filter(|seed| (1..8192).contains(&seed.len()))
        .collect();
    seeds.push(b"PROXY TCP4 192.0.2.7 198.51.100.1 5000 25\r\n".to_vec());
    seeds.push(
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x13\x88\0\x19".to_vec(),
    );
    seeds.push(
        b"\x08X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\tx\r\nX-Mailward-Probe: v1\r\n\
        X-MS-Exchange-Organization-SCL: -1\nX-MS-Exchange-CrossPremises-SCL: 1\r\n\r\n"
            .to_vec(),
    );
    seeds.push(b"86 LAST\r\n0\r\n999999999999999999".to_vec());
    seeds
}

/// What fuzzing found worth keeping, each for its own target.
#[test]
fn the_corpus_does_no_harm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in std::fs::read_dir(corpus.join(name)).unwrap() {
            target(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no corpus");
    }
}

#[test]
fn seeds_do_no_harm() {
    for seed in seeds() {
        for (_, target) in TARGETS {
            target(seed);
        }
    }
}

/// A change of a seed: where, what, how.
type Mutation = (prop::sample::Index, u8, u8);

fn mutate(mut octets: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    const TELLING: &[u8] = b"\r\n.\0 <>:\"\\@+=0Z\xff";
    for (at, what, how) in mutations {
        let at = at.index(octets.len() + 1);
        let telling = TELLING[usize::from(*what) % TELLING.len()];
        match how % 5 {
            0 => octets.insert(at, telling),
            1 => octets.insert(at, *what),
            2 => {
                octets.remove(at.min(octets.len().saturating_sub(1)));
            }
            3 => octets.truncate(at),
            _ => {
                let tail = octets[at..].to_vec();
                octets.extend(tail.into_iter().take(200));
            }
        }
        if octets.is_empty() {
            octets.push(*what);
        }
    }
    octets
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn mutated_seeds_do_no_harm(
        seed: prop::sample::Index,
        mutations in prop::collection::vec(any::<Mutation>(), 1..8),
    ) {
        let seeds = seeds();
        let octets = mutate(seeds[seed.index(seeds.len())].clone(), &mutations);
        for (_, target) in TARGETS {
            target(&octets);
        }
    }

    #[test]
    fn octets_of_any_kind_do_no_harm(octets: Vec<u8>) {
        for (_, target) in TARGETS {
            target(&octets);
        }
    }

    #[test]
    fn octets_that_mean_something_do_no_harm(text in "(EHLO x|MAIL FROM:<>|RCPT TO:<anna@example.org>|DATA|BDAT [0-9]{1,3}( LAST)?|RSET|QUIT|\\.|\r|\n|\r\n|a){0,40}") {
        for (_, target) in TARGETS {
            target(text.as_bytes());
        }
    }
}
