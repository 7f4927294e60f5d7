//! What the choice of a receive connector costs, on one core: 1,000 connectors with 10,000 ranges on
//! one port, nested as feeds and networks are; and how often it allocates.
//!
//! `cargo run --release -p mailward-transport --example connector_bench [CONNECTORS RANGES]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program of measurements"
)]

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Instant,
};

use mailward_model::{IpRange, Object, ObjectId, Revision, kind::ReceiveConnector};
use mailward_transport::{
    receive::choose::{choose, pick},
    snapshot::Snapshot,
};

/// A small generator: the same addresses at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0 >> 16
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().unwrap());
    let connectors = arguments.next().unwrap_or(1_000);
    let ranges = arguments.next().unwrap_or(10_000);
    let mut random = Random(7);
    let objects: Vec<Object> = (0..connectors)
        .map(|no| {
            let mut remote = Vec::new();
            if no == 0 {
                remote.extend([IpRange::ALL_V4.into(), IpRange::ALL_V6.into()]);
            }
            for _ in 0..ranges.div_ceil(connectors) {
                let bits = random.next() as u32;
                let range: IpRange = match bits % 5 {
                    0 => {
                        let ip = Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(bits) << 64);
                        format!("{ip}/{}", 40 + bits % 25).parse().unwrap()
                    }
                    _ => format!("{}/{}", Ipv4Addr::from_bits(bits), 12 + bits % 21)
                        .parse()
                        .unwrap(),
                };
                remote.push(range.into());
            }
            Object {
                id: ObjectId(no + 1),
                name: format!("connector {no:04}"),
                revision: Revision(1),
                spec: ReceiveConnector {
                    bindings: vec![":25".parse().unwrap()],
                    remote_ranges: remote,
                    ..ReceiveConnector::default()
                }
                .into(),
            }
        })
        .collect();
    let began = Instant::now();
    let snapshot = Snapshot::build(&objects, &"mx.example.org".parse().unwrap());
    println!(
        "{connectors} connectors, {ranges} ranges: the snapshot takes {:.1} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    let local: SocketAddr = "192.0.2.1:25".parse().unwrap();
    let clients: Vec<IpAddr> = (0..100_000)
        .map(|_| {
            let bits = random.next() as u32;
            match bits % 5 {
                0 => Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(bits) << 64 | 1).into(),
                _ => Ipv4Addr::from_bits(bits).into(),
            }
        })
        .collect();
    for client in clients.iter().step_by(1_000) {
        let chosen = choose(&snapshot, local, *client).chosen;
        let picked = pick(&snapshot, local, *client);
        assert_eq!(
            picked.map(|one| &one.name),
            chosen.as_ref().map(|one| &one.name)
        );
    }
    let allocated = allocation_counter::measure(|| {
        for client in &clients {
            black_box(pick(black_box(&snapshot), black_box(local), *client));
        }
    });
    println!(
        "{} choices allocate {} times",
        clients.len(),
        allocated.count_total
    );
    assert_eq!(allocated.count_total, 0, "a choice must not allocate");
    let best = (0..9)
        .map(|_| {
            let began = Instant::now();
            for client in &clients {
                black_box(pick(
                    black_box(&snapshot),
                    black_box(local),
                    black_box(*client),
                ));
            }
            began.elapsed().as_secs_f64() * 1e9 / clients.len() as f64
        })
        .fold(f64::INFINITY, f64::min);
    println!(
        "one choice takes {best:.0} ns (best of 9 rounds of {})",
        clients.len()
    );
}
