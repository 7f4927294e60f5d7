//! The ledger cut, damaged, on a full disk, and with a clock that is set.

use std::time::Duration;

use mailward_host::fake::clock::FakeClock;
use proptest::prelude::*;

use super::*;

fn says(text: &str) -> LedgerEntry {
    LedgerEntry {
        entry: 0,
        unix_ms: 0,
        record: "intent".into(),
        case: Some("case-1".into()),
        component: "receive/Internet".into(),
        act: Some(mailward_api::view::RepairAct::Offline),
        text: text.into(),
        reasons: vec!["budget: 0 this hour".into()],
        ..LedgerEntry::default()
    }
}

fn open(path: &Path, clock: &Arc<FakeClock>, boot: &str, up_ms: u64) -> (Ledger, Vec<Damage>) {
    Ledger::open(path, clock.clone(), Boot::named(boot, up_ms)).unwrap()
}

#[test]
fn what_was_written_is_read_and_numbered_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("health/ledger");
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let (mut ledger, _) = open(&path, &clock, "one", 0);
    assert_eq!(ledger.append(says("first"), None).unwrap(), 1);
    assert_eq!(ledger.append(says("second"), Some(1)).unwrap(), 2);
    let (mut again, damages) = open(&path, &clock, "one", 0);
    assert!(damages.is_empty());
    let texts: Vec<_> = again.records().map(|(r, _)| r.says.text.clone()).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(again.append(says("third"), None).unwrap(), 3);
}

#[test]
fn a_clock_that_is_set_changes_no_age() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let (mut ledger, _) = open(&path, &clock, "one", 5_000);
    ledger.append(says("first"), None).unwrap();
    clock.advance(Duration::from_secs(60));
    for jump in [86_400_000, -3 * 86_400_000, 86_400_000] {
        clock.jump(jump);
        assert_eq!(ledger.records().next().unwrap().1, 60_000);
    }
    // The manager restarts within the boot, after the clock was set a day ahead.
    clock.jump(86_400_000);
    let (ledger, _) = open(&path, &clock, "one", 65_000);
    assert_eq!(ledger.records().next().unwrap().1, 60_000);
    // A reboot: only what was seen to run counts, whatever the wall clock says.
    for jump in [-3 * 86_400_000, 9 * 86_400_000] {
        clock.jump(jump);
        let (mut ledger, _) = open(&path, &clock, "two", 1_000);
        assert_eq!(ledger.records().next().unwrap().1, 1_000);
        if jump > 0 {
            clock.advance(Duration::from_secs(4));
            ledger.append(says("second"), None).unwrap();
        }
    }
    let (ledger, _) = open(&path, &clock, "three", 2_000);
    let ages: Vec<u64> = ledger.records().map(|(_, age)| age).collect();
    assert_eq!(ages, [2_000 + 5_000, 2_000]);
}

#[test]
fn a_damaged_line_is_kept_as_an_act_of_unknown_kind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let (mut ledger, _) = open(&path, &clock, "one", 0);
    for text in ["first", "second", "third"] {
        ledger.append(says(text), None).unwrap();
    }
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("second", "secood");
    fs::write(&path, text).unwrap();
    let (ledger, damages) = open(&path, &clock, "one", 0);
    assert_eq!(damages.len(), 1);
    assert_eq!(
        (damages[0].line, damages[0].problem),
        (2, "its checksum does not match")
    );
    let words: Vec<_> = ledger
        .records()
        .map(|(r, _)| r.says.record.clone())
        .collect();
    assert_eq!(words, ["intent", DAMAGED, "intent"]);
}

#[test]
fn a_disk_that_fails_leaves_no_half_record() {
    // /dev/full takes no octet.
    let clock: Arc<FakeClock> = Arc::new(FakeClock::new(0));
    let dir = tempfile::tempdir().unwrap();
    let (mut ledger, _) = open(&dir.path().join("ledger"), &clock, "one", 0);
    ledger.append(says("first"), None).unwrap();
    let sound = std::mem::replace(
        &mut ledger.file,
        OpenOptions::new().write(true).open("/dev/full").unwrap(),
    );
    assert!(ledger.append(says("second"), None).is_err());
    assert_eq!(ledger.records().count(), 1);
    ledger.file = sound;
    assert_eq!(ledger.append(says("third"), None).unwrap(), 2);
    assert_eq!(
        open(&dir.path().join("ledger"), &clock, "one", 0)
            .0
            .records()
            .count(),
        2
    );
}

proptest! {
    // Each case syncs a dozen times.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_cut_at_any_octet_loses_only_what_was_not_acknowledged(cut in 0usize..2_000) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let clock = Arc::new(FakeClock::new(1_800_000_000_000));
        let (mut ledger, _) = open(&path, &clock, "one", 0);
        let mut ends = vec![0];
        for n in 0..4 {
            ledger.append(says(&format!("record {n}")), None).unwrap();
            ends.push(fs::metadata(&path).unwrap().len() as usize);
        }
        let bytes = fs::read(&path).unwrap();
        let cut = cut.min(bytes.len());
        fs::write(&path, &bytes[..cut]).unwrap();
        let (mut again, damages) = open(&path, &clock, "one", 0);
        prop_assert!(damages.is_empty());
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        prop_assert_eq!(again.records().count(), whole);
        again.append(says("next"), None).unwrap();
        let (after, damages) = open(&path, &clock, "one", 0);
        prop_assert!(damages.is_empty());
        prop_assert_eq!(after.records().count(), whole + 1);
    }

    #[test]
    fn any_octets_are_read_without_panic(octets: Vec<u8>) {
        let _ = read(&octets);
    }
}
