//! Makes revocation filters as a publisher does, with the builder of `clubcard-crlite`: those of the
//! tests, and large ones to measure with.
//!
//! ```text
//! openssl pkey -in crates/tls/src/untrusted/filter/authority.key.pem -pubout -outform DER | sha256sum
//! cargo run --manifest-path bench/filters/Cargo.toml -- SHA256 crates/tls/src/untrusted/filter
//! cargo run --release --manifest-path bench/filters/Cargo.toml -- SHA256 FOLDER 1000 2000 200
//! ```
//!
//! Behind the folder: how many other issuers there are, how many certificates each of them has, and how
//! many of these are revoked. The authority with the key of that digest always has a thousand, with the
//! serial numbers 0x4000 to 0x43e7, all logged by the log 0x07… between 1 January and 1 October 2026.
//! Those that end in 7 (decimal, counted from 0x4000) are revoked in `whole.filter` and `whole-v3.filter`,
//! those that end in 8 in `added.filter`.

use std::{env, error::Error, fs, path::Path};

use clubcard::builder::{ApproximateRibbon, ClubcardBuilder, ExactRibbon};
use clubcard_crlite::{
    CRLiteClubcard, CRLiteCoverage, CRLiteQuery, Encoding, IssuerSpkiHash,
    builder::CRLiteBuilderItem,
};

/// Certificates of the tests' authority.
const CERTIFICATES: usize = 1000;
/// The serial number of the first.
const FIRST_SERIAL: u16 = 0x4000;
/// 1 January and 1 October 2026.
const LOGGED_MS: (u64, u64) = (1_767_225_600_000, 1_790_812_800_000);

/// The certificates of one issuer: serial number, and whether it is revoked.
struct Issuer {
    key: [u8; 32],
    certificates: Vec<(Vec<u8>, bool)>,
}

impl Issuer {
    fn of_tests(key: [u8; 32], ending: usize) -> Issuer {
        let certificates = (0..CERTIFICATES).map(|no| {
            let serial = FIRST_SERIAL + u16::try_from(no).unwrap();
            (serial.to_be_bytes().to_vec(), no % 10 == ending)
        });
        Issuer {
            key,
            certificates: certificates.collect(),
        }
    }

    fn other(no: usize, certificates: usize, revoked: usize) -> Issuer {
        let mut key = [0xa5; 32];
        key[..8].copy_from_slice(&no.to_be_bytes());
        let certificates = (0..certificates).map(|at| {
            let mut serial = vec![0x10; 16];
            serial[8..].copy_from_slice(&at.to_be_bytes());
            (serial, at < revoked)
        });
        Issuer {
            key,
            certificates: certificates.collect(),
        }
    }

    fn items(&self) -> impl Iterator<Item = (CRLiteBuilderItem, bool)> {
        self.certificates.iter().map(|(serial, revoked)| {
            let (key, serial) = (IssuerSpkiHash(self.key), serial.clone());
            let item = match revoked {
                true => CRLiteBuilderItem::revoked(key, serial),
                false => CRLiteBuilderItem::not_revoked(key, serial),
            };
            (item, *revoked)
        })
    }
}

/// Base64 of the log's number: 32 octets 0x07.
const LOG: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn filter(issuers: &[Issuer]) -> CRLiteClubcard {
    let mut builder = ClubcardBuilder::new();
    let approximate: Vec<_> = issuers
        .iter()
        .map(|issuer| {
            let mut block = builder.new_approx_builder(&issuer.key);
            block.set_universe_size(issuer.certificates.len());
            let revoked = issuer.items().filter(|(_, revoked)| *revoked);
            revoked.for_each(|(item, _)| block.insert(item));
            ApproximateRibbon::from(block)
        })
        .collect();
    builder.collect_approx_ribbons(approximate);
    let exact: Vec<_> = issuers
        .iter()
        .map(|issuer| {
            let mut block = builder.new_exact_builder(&issuer.key);
            issuer.items().for_each(|(item, _)| block.insert(item));
            ExactRibbon::from(block)
        })
        .collect();
    builder.collect_exact_ribbons(exact);
    let logs = format!(
        r#"[{{"LogID":"{LOG}","MinTimestamp":{},"MaxTimestamp":{},"MMD":0,"MinEntry":0}}]"#,
        LOGGED_MS.0, LOGGED_MS.1
    );
    let coverage = CRLiteCoverage::from_mozilla_ct_logs_json(logs.as_bytes());
    CRLiteClubcard::from(builder.build::<CRLiteQuery>(coverage, ()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [key, folder, counts @ ..] = arguments.as_slice() else {
        return Err("say the SHA-256 of the authority's key, and a folder".into());
    };
    let mut spki = [0; 32];
    for (at, octet) in spki.iter_mut().enumerate() {
        *octet = u8::from_str_radix(key.get(2 * at..2 * at + 2).ok_or("64 digits")?, 16)?;
    }
    let counts: Vec<usize> = counts.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [others, certificates, revoked] = *counts else {
        return write(Path::new(folder), spki, 3, 50, 5);
    };
    write(Path::new(folder), spki, others, certificates, revoked)
}

fn write(
    folder: &Path,
    spki: [u8; 32],
    others: usize,
    certificates: usize,
    revoked: usize,
) -> Result<(), Box<dyn Error>> {
    let with = |ending| -> Vec<Issuer> {
        let others = (0..others).map(|no| Issuer::other(no, certificates, revoked));
        others.chain([Issuer::of_tests(spki, ending)]).collect()
    };
    fs::create_dir_all(folder)?;
    let whole = filter(&with(7));
    let added = filter(&[Issuer::of_tests(spki, 8)]);
    for (name, octets) in [
        ("whole.filter", whole.to_bytes(Encoding::V4)?),
        ("whole-v3.filter", whole.to_bytes(Encoding::V3)?),
        ("added.filter", added.to_bytes(Encoding::V4)?),
    ] {
        println!("{name}: {} octets", octets.len());
        fs::write(folder.join(name), octets)?;
    }
    Ok(())
}
