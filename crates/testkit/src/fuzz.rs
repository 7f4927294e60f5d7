//! Entry points for fuzzing: each takes octets of any kind and must neither panic nor keep more
//! than its limits allow.

mod sending;
mod text;

use mailward_model::{Domain, kind::ReceiveConnector, unit::ByteSize};
use mailward_proto::{
    bdat::{Chunk, announcement},
    command,
    data::{Content, Decoded, Decoder, Rules},
    proxy::{Progress, parse},
};

use crate::{machine::Machine, world};

pub use mailward_journal::fuzz::fuzz_journal;
pub use mailward_model::policy::gpt_tmpl::fuzz as fuzz_gpt_tmpl;
pub use mailward_perimeter::fuzz::fuzz_feed;
pub use mailward_queue::fuzz::fuzz_recovery as fuzz_queue_recovery;
pub use mailward_tls::audit::fuzz::fuzz_server as fuzz_tls_server;
pub use mailward_tls::untrusted::filter::fuzz as fuzz_revocation_filter;
pub use sending::{fuzz_firewall, fuzz_header, fuzz_reply};
pub use text::{fuzz_objects_text, fuzz_shell_script};

/// A target: takes octets of any kind.
pub type Target = fn(&[u8]);

/// Every target by the name of its folder below `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 16] = [
    ("command", fuzz_command),
    ("data", fuzz_data),
    ("bdat", fuzz_bdat),
    ("proxy", fuzz_proxy),
    ("session", fuzz_session),
    ("reply", fuzz_reply),
    ("header", fuzz_header),
    ("firewall", fuzz_firewall),
    ("objects_text", fuzz_objects_text),
    ("queue_recovery", fuzz_queue_recovery),
    ("shell_script", fuzz_shell_script),
    ("journal_ledger", fuzz_journal),
    ("feed", fuzz_feed),
    ("gpt_tmpl", fuzz_gpt_tmpl),
    ("tls_server", fuzz_tls_server),
    ("revocation_filter", fuzz_revocation_filter),
];

fn rules() -> Rules {
    Rules {
        max_octets: 4096,
        max_header_octets: 1024,
        max_hops: 5,
        max_local_hops: 2,
        host: world::HOST.into(),
    }
}

/// The command parser: lines, paths, parameters.
pub fn fuzz_command(data: &[u8]) {
    for line in data.split(|octet| *octet == b'\n') {
        let Ok((_, argument)) = command::split(line) else {
            continue;
        };
        for keyword in ["FROM:", "TO:"] {
            if let Ok(argument) = command::path::argument(argument, keyword) {
                command::parameter::read(argument.parameters).for_each(drop);
            }
        }
        // Dropped: only that it neither panics nor accepts an empty address is of interest here.
        drop(command::xtext::decode(argument));
        drop(command::xtext::decode_utf8(argument));
    }
}

/// The DATA codec: what comes out is never longer than what went in, and where it ends does not
/// depend on how the input was cut.
pub fn fuzz_data(data: &[u8]) {
    let whole = decode(data, usize::MAX);
    for size in [1, 2, 7] {
        assert_eq!(decode(data, size), whole, "cut into pieces of {size}");
    }
    assert!(whole.0.len() <= data.len());
}

fn decode(data: &[u8], size: usize) -> (Vec<u8>, bool, Content2) {
    let (mut decoder, mut content, rules) = (Decoder::default(), Content::default(), rules());
    let mut out = Vec::new();
    for piece in data.chunks(size.min(data.len()).max(1)) {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input, &mut content, &rules) {
                Decoded::Content(piece) => out.extend_from_slice(piece),
                Decoded::More => break,
                Decoded::End => return (out, true, facts(&content)),
            }
        }
    }
    (out, false, facts(&content))
}

type Content2 = (u64, u32, u32, u64, bool);

fn facts(content: &Content) -> Content2 {
    (
        content.header_octets(),
        content.hops(),
        content.local_hops(),
        content.longest_line(),
        content.is_eight_bit(),
    )
}

/// BDAT: the announcement, and that a chunk takes exactly what was announced.
pub fn fuzz_bdat(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for argument in text.split("\r\n") {
        let Ok(announced) = announcement(argument) else {
            continue;
        };
        let mut chunk = Chunk::new(announced);
        let mut input = data;
        let taken = chunk.take(&mut input);
        assert_eq!(taken.len() + input.len(), data.len());
        assert_eq!(taken.len() as u64 + chunk.left(), announced.octets);
    }
    let mut machine = machine();
    machine
        .feed(b"EHLO fuzz\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<anna@example.org>\r\nBDAT ");
    machine.feed(data);
    assert!(machine.held() <= 4096);
}

/// The PROXY header: a complete one lies within the input.
pub fn fuzz_proxy(data: &[u8]) {
    match parse(data) {
        Ok(Progress::Complete { octets, .. }) => assert!(octets <= data.len()),
        Ok(Progress::Needs(more)) => assert!(more > 0),
        Err(_) => {}
    }
}

/// A whole session, the input cut in two ways: replies and messages must be the same.
pub fn fuzz_session(data: &[u8]) {
    let whole = session(data, data.len().max(1));
    for size in [1, 5] {
        assert_eq!(session(data, size), whole, "cut into pieces of {size}");
    }
}

fn machine() -> Machine {
    let host: Result<Domain, _> = world::HOST.parse();
    let connector = ReceiveConnector {
        max_message_size: ByteSize(4096),
        max_header_size: ByteSize(1024),
        max_recipients: 3,
        // Whether octets wait behind STARTTLS depends on the cut, as it does on a network.
        tls: mailward_model::kind::StartTls::Off,
        ..ReceiveConnector::default()
    };
    match host {
        Ok(host) => Machine::new(&connector, &host),
        Err(error) => unreachable!("{} is a domain: {error}", world::HOST),
    }
}

type Transcript = (String, Vec<(String, Vec<u8>)>, bool);

fn session(data: &[u8], size: usize) -> Transcript {
    let mut machine = machine();
    machine.greet();
    for piece in data.chunks(size) {
        machine.feed(piece);
        assert!(machine.held() <= 4096, "more is held than the limit allows");
        if machine.closed {
            break;
        }
    }
    let messages = machine
        .taken
        .iter()
        .map(|taken| (format!("{:?}", taken.envelope), taken.content.clone()))
        .collect();
    (
        String::from_utf8_lossy(&machine.output).into_owned(),
        messages,
        machine.closed,
    )
}
