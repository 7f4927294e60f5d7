//! What a filter costs: parsing it once, and asking it of many recipients, on one core.
//!
//! `cargo run --release -p mailward-directory --example filter_bench [RECIPIENTS]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program of measurements"
)]

use std::{hint::black_box, time::Instant};

use mailward_directory::filter::{Attributes, Filter, Property};

/// The filter of a group of everyone who is journaled, with the exclusions of system mailboxes.
const JOURNALED: &str = "(CustomAttribute1 -ne 'Ignore') -and (RecipientType -eq 'UserMailbox') \
    -and (-not(Name -like 'SystemMailbox{*')) -and (-not(Name -like 'CAS_{*')) \
    -and (-not(RecipientTypeDetailsValue -eq 'MailboxPlan')) \
    -and (-not(RecipientTypeDetailsValue -eq 'DiscoveryMailbox')) \
    -and (-not(RecipientTypeDetailsValue -eq 'PublicFolderMailbox')) \
    -and (-not(RecipientTypeDetailsValue -eq 'ArbitrationMailbox'))";

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000u32);
    let recipients: Vec<Attributes> = (0..count)
        .map(|n| {
            let mut one = Attributes::default();
            one.set(Property::Name, &format!("Employee {n}"));
            one.set(Property::DisplayName, &format!("Employee Number {n}"));
            one.set(Property::Alias, &format!("employee{n}"));
            one.set(
                Property::Department,
                ["Sales", "Support", "Board"][n as usize % 3],
            );
            one.set(Property::RecipientType, "UserMailbox");
            one.set(Property::RecipientTypeDetailsValue, "UserMailbox");
            one.set(
                Property::EmailAddresses,
                &format!("employee{n}@example.org"),
            );
            one.set(Property::EmailAddresses, &format!("e.{n}@example.com"));
            if n % 10 == 0 {
                one.set(Property::CustomAttribute1, "Ignore");
            }
            one
        })
        .collect();
    println!("{count} recipients, one core, best of 5\n");
    println!("| filter | parse µs | all ms | ns each | fit |");
    println!("|---|---|---|---|---|");
    for (name, text) in [
        ("one comparison", "Department -eq 'Sales'"),
        (
            "within the addresses",
            "EmailAddresses -like '*99@example*'",
        ),
        ("journaled users, 8 comparisons", JOURNALED),
    ] {
        let began = Instant::now();
        let filter: Filter = text.parse().unwrap();
        let parse = began.elapsed();
        let (best, fit) = (0..5)
            .map(|_| {
                let began = Instant::now();
                let fit = recipients
                    .iter()
                    .filter(|one| black_box(&filter).matches(one))
                    .count();
                (began.elapsed(), fit)
            })
            .min()
            .unwrap_or_default();
        println!(
            "| {name} | {:.1} | {:.2} | {:.0} | {fit} |",
            parse.as_secs_f64() * 1e6,
            best.as_secs_f64() * 1e3,
            best.as_secs_f64() * 1e9 / f64::from(count)
        );
    }
}
