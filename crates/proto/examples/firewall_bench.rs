//! What the header firewall costs a message: one whose fields all pass, as nearly every message is,
//! and one of an Exchange server.
//!
//! `cargo run --release -p mailward-proto --example firewall_bench`
#![allow(clippy::print_stdout, reason = "a measurement prints what it measured")]

use std::{hint::black_box, time::Instant};

use mailward_proto::firewall::{Firewall, Keep};

const ROUNDS: u32 = 200_000;

fn main() {
    let plain =
        "Received: from a.example (a.example [192.0.2.1]) by b.example with ESMTPS id 1;\r\n\
        \tThu, 1 Jan 2026 00:00:00 +0000\r\n"
            .repeat(6)
            + "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=a; h=From:To:Subject;\r\n\
            \tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=abc\r\n"
            + "X-Mailer: example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\
            From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\n\r\n";
    let exchange = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
        X-MS-Exchange-CrossTenant-Id: 72f988bf-86f1-41af-91ab-2d7cd011db47\r\n"
        .repeat(15)
        + &plain;
    for (name, message) in [("plain", plain), ("exchange", exchange)] {
        let began = Instant::now();
        let mut out = Vec::with_capacity(message.len());
        for _ in 0..ROUNDS {
            out.clear();
            let mut firewall = Firewall::new(Keep::NOTHING);
            black_box(firewall.pass(black_box(message.as_bytes()), &mut out));
        }
        let each = began.elapsed() / ROUNDS;
        println!(
            "{name}: {} octets of header, {each:?} a message",
            message.len()
        );
    }
}
