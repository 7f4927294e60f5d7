//! Measures what asking the list of untrusted certificates costs a handshake, with few entries and
//! with 100,000.
//!
//! ```text
//! cargo run --release -p mailward-tls --example distrust_bench
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::{hint::black_box, time::Instant};

use mailward_model::kind::{SerialNumber, Sha256, UntrustedCertificate};
use mailward_tls::{
    UntrustedList,
    ca::{Authority, Leaf},
    pem_certificates,
    untrusted::{Known, mark},
};

/// Entries of the long list.
const ENTRIES: usize = 100_000;
/// Questions of one measurement.
const ROUNDS: u32 = 200_000;
/// Measurements; the median is told.
const MEASUREMENTS: usize = 7;

fn digest(no: usize) -> Sha256 {
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&no.to_be_bytes());
    Sha256(digest)
}

/// A third of each kind of entry, over a hundred issuers.
fn entries(count: usize) -> Vec<(String, UntrustedCertificate)> {
    (0..count)
        .map(|no| {
            let mut entry = UntrustedCertificate {
                reason: "measured".to_owned(),
                ..UntrustedCertificate::default()
            };
            match no % 3 {
                0 => {
                    entry.issuer = Some(format!("CN=Authority {}, O=Example, C=SE", no % 100));
                    entry.serial = Some(SerialNumber::new(&no.to_be_bytes()));
                }
                1 => entry.sha256 = Some(digest(no)),
                _ => entry.spki_sha256 = Some(digest(no)),
            }
            (format!("entry {no}"), entry)
        })
        .collect()
}

/// Nanoseconds of one question: the median of the measurements, the least and the most.
fn measure(mut ask: impl FnMut() -> bool) -> (u128, u128, u128) {
    let mut each: Vec<u128> = (0..MEASUREMENTS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..ROUNDS {
                assert!(!black_box(ask()));
            }
            begun.elapsed().as_nanos() / u128::from(ROUNDS)
        })
        .collect();
    each.sort_unstable();
    (each[MEASUREMENTS / 2], each[0], each[MEASUREMENTS - 1])
}

fn main() {
    let issued = Authority::new("Example Authority")
        .unwrap()
        .issue(&Leaf::new(["mail.example.org"]))
        .unwrap();
    let path = pem_certificates(&issued.certificate_pem).unwrap();
    let octets: usize = path.iter().map(|der| der.len()).sum();
    println!(
        "a path of {} certificates, {octets} octets in all",
        path.len()
    );
    let known: Vec<Known> = mark::read(&mark::of(&path));
    for count in [0, ENTRIES] {
        let entries = entries(count);
        let begun = Instant::now();
        let list = UntrustedList::new(entries.iter().map(|(name, entry)| (name.as_str(), entry)));
        let built = begun.elapsed();
        let (median, least, most) = measure(|| list.find(&path).is_some());
        println!(
            "{} entries, made in {built:?}: a path {median} ns ({least}-{most})",
            list.len()
        );
        let (median, least, most) = measure(|| list.find(&path[..1]).is_some());
        println!("  its leaf alone {median} ns ({least}-{most})");
        let (median, least, most) = measure(|| list.find_known(&known).is_some());
        println!("  digests and names known beforehand {median} ns ({least}-{most})");
    }
}
