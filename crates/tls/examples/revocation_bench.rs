//! Measures what asking revocation filters costs a handshake: a whole one and thirty that were added, as
//! publishers have them.
//!
//! ```text
//! cargo run --release -p mailward-tls --example revocation_bench            # the small ones of the tests
//! cargo run --release -p mailward-tls --example revocation_bench -- FOLDER  # those of `bench/filters`
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::{hint::black_box, path::PathBuf, time::Instant};

use mailward_tls::untrusted::{Revocation, Uncovered, filter::Filters};
use rcgen::{CertificateParams, CustomExtension, DnType, Issuer, KeyPair, SerialNumber};

/// Filters that were added to the whole one: a week's, four a day.
const ADDED: usize = 30;
/// Questions of one measurement.
const ROUNDS: u32 = 50_000;
/// Measurements; the median is told.
const MEASUREMENTS: usize = 7;
/// When the filters' log was at work, and a day after they were made.
const COVERED_MS: u64 = 1_772_323_200_000;
const LATER_MS: u64 = 1_790_899_200_000;

/// A leaf that two logs were shown, and its issuer.
fn path(folder: &std::path::Path, serial: u16, logged_ms: Option<u64>) -> Vec<Vec<u8>> {
    let key = std::fs::read_to_string(folder.join("authority.key.pem")).unwrap();
    let key = KeyPair::from_pem(&key).unwrap();
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Filtered CA");
    let issuer = params.self_signed(&key).unwrap().der().to_vec();
    let signer = Issuer::new(params, key);
    let mut leaf = CertificateParams::new(vec!["mail.example.org".to_owned()]).unwrap();
    leaf.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
    if let Some(logged_ms) = logged_ms {
        let mut list = Vec::new();
        for log in [9, 7] {
            let mut sct = vec![0];
            sct.extend([log; 32]);
            sct.extend(logged_ms.to_be_bytes());
            sct.extend([0, 0, 4, 3, 0, 2, 0x30, 0]);
            list.extend([0, u8::try_from(sct.len()).unwrap()]);
            list.extend(sct);
        }
        let length = u8::try_from(list.len()).unwrap();
        let mut value = vec![0x04, length + 2, 0, length];
        value.extend(list);
        let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
        leaf.custom_extensions
            .push(CustomExtension::from_oid_content(&oid, value));
    }
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &signer).unwrap();
    vec![leaf.der().to_vec(), issuer]
}

/// Nanoseconds of one question: the median of the measurements, the least and the most.
fn measure(mut ask: impl FnMut()) -> (u128, u128, u128) {
    let mut each: Vec<u128> = (0..MEASUREMENTS)
        .map(|_| {
            let begun = Instant::now();
            (0..ROUNDS).for_each(|_| ask());
            begun.elapsed().as_nanos() / u128::from(ROUNDS)
        })
        .collect();
    each.sort_unstable();
    (each[MEASUREMENTS / 2], each[0], each[MEASUREMENTS - 1])
}

fn main() {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/untrusted/filter");
    let folder = std::env::args()
        .nth(1)
        .map_or_else(|| tests.clone(), PathBuf::from);
    let whole = std::fs::read(folder.join("whole.filter")).unwrap();
    let added = std::fs::read(folder.join("added.filter")).unwrap();
    let begun = Instant::now();
    let mut filters = Filters::default();
    filters.add(&whole).unwrap();
    (0..ADDED).for_each(|_| filters.add(&added).unwrap());
    println!(
        "a filter of {} octets and {ADDED} of {}, read in {:?}: {:?}",
        whole.len(),
        added.len(),
        begun.elapsed(),
        filters.coverage()
    );
    let uncovered = |why| Revocation::NotCovered(why);
    for (what, serial, logged, expected) in [
        ("revoked", 0x4007, Some(COVERED_MS), Revocation::Revoked),
        (
            "not revoked",
            0x4009,
            Some(COVERED_MS),
            Revocation::NotRevoked,
        ),
        (
            "logged too late",
            0x4009,
            Some(LATER_MS),
            uncovered(Uncovered::OutOfTime),
        ),
        (
            "never logged",
            0x4009,
            None,
            uncovered(Uncovered::NotLogged),
        ),
    ] {
        let path = path(&tests, serial, logged);
        assert_eq!(filters.say(&path, 0), expected);
        let (median, least, most) = measure(|| {
            black_box(filters.say(black_box(&path), 0));
        });
        println!("{what}: {median} ns ({least}-{most})");
    }
    let path = path(&tests, 0x4009, Some(COVERED_MS));
    let (median, least, most) = measure(|| {
        black_box(filters.say(black_box(&path), 0));
        black_box(filters.say(black_box(&path), 1));
    });
    println!("a path of two, not revoked: {median} ns ({least}-{most})");
}
