//! What the fuzzer calls: the readers of what others may have written.

use mailward_model::Domain;

use crate::{Line, archive, check};

/// Any octets as a file of a ledger: the check ends, and a line is read as it was written.
///
/// # Panics
/// Where a line that was read is not written back as the same line.
pub fn fuzz_ledger(octets: &[u8]) {
    check::check_octets(octets);
    for text in octets.split(|octet| *octet == b'\n') {
        if let Ok(line) = Line::read(text) {
            let written = line.write().unwrap_or_default();
            let again = Line::read(written.strip_suffix(b"\n").unwrap_or(&written));
            assert_eq!(again, Ok(line), "a line is read as it was written");
        }
    }
}

/// Any octets as a delivered message, and as a ledger.
pub fn fuzz_journal(octets: &[u8]) {
    fuzz_ledger(octets);
    if let Ok(host) = "edge.example.org".parse::<Domain>() {
        archive::message(octets, &host);
        archive::report(octets);
    }
}
