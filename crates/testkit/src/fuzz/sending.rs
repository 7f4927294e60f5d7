//! Fuzzing what a peer sends back to us, what stands in the header of a message, and what the header
//! firewall lets through of it.

use mailward_model::{BodyType, EnvelopeRecipient, ReversePath, kind::HeaderFamily};
use mailward_proto::{
    client::{Client, DotStuffer, Framing, Options, Step, Transaction},
    firewall::{Conversion, Firewall, Keep},
    header, probe,
};

/// The body the client sends.
const BODY: &[u8] = b"Subject: x\r\n\r\n.\r\nx\r\n";
/// Transactions on one connection; more add nothing.
const TRANSACTIONS_MAX: usize = 4;

/// The client machine against a peer that says anything: the first octet chooses how the client is
/// set up and how the peer's words are cut.
///
/// # Panics
/// Where a recipient counts as delivered before the body was sent whole, where answers are missing,
/// or where more is written than the commands of the transactions.
pub fn fuzz_reply(data: &[u8]) {
    let Some((choice, words)) = data.split_first() else {
        return;
    };
    let size = match choice >> 4 {
        0 => words.len(),
        size => usize::from(size),
    };
    let recipients: Vec<EnvelopeRecipient> = ["anna@example.org", "berta@example.org"]
        .into_iter()
        .filter_map(|address| address.parse().ok().map(EnvelopeRecipient::new))
        .collect();
    let mut peer = Peer {
        client: Client::new(Options {
            helo: "edge.example.org".to_owned(),
            lmtp: choice & 1 != 0,
            chunking: choice & 2 != 0,
        }),
        recipients,
        body_arrives: choice & 4 == 0,
        wants_tls: choice & 8 != 0,
        sent: false,
        transactions: 0,
        is_open: true,
    };
    for piece in words.chunks(size.max(1)) {
        peer.client.feed(piece);
        if !peer.go_on() {
            break;
        }
    }
}

/// The same message each time.
const TRANSACTION: Transaction<'static> = Transaction {
    mail_from: &ReversePath::Null,
    size: BODY.len() as u64,
    body: BodyType::SevenBit,
    smtputf8: false,
    ret: None,
    envid: None,
    xoorg: None,
};

struct Peer {
    client: Client,
    recipients: Vec<EnvelopeRecipient>,
    /// Whether the connection holds until the body is out.
    body_arrives: bool,
    wants_tls: bool,
    /// Whether the body of the transaction under way was sent whole.
    sent: bool,
    transactions: usize,
    is_open: bool,
}

impl Peer {
    /// Drives the machine until it wants to read; false where the connection is over.
    fn go_on(&mut self) -> bool {
        while self.is_open {
            match self.client.step() {
                Ok(Step::Read) => break,
                Ok(Step::Ready) if self.wants_tls => {
                    self.wants_tls = false;
                    if self.client.capabilities().starttls {
                        self.client.start_tls();
                    }
                }
                Ok(Step::Ready | Step::TlsRefused(_)) => self.begin(),
                Ok(Step::Handshake) => self.client.tls_established(),
                Ok(Step::SendBody(framing)) => self.send(framing),
                Ok(Step::Done) => self.done(),
                Ok(Step::Refused(_) | Step::Closed(_)) | Err(_) => self.is_open = false,
            }
            let output = self.client.output();
            assert!(output.len() < 4096, "{} octets at a time", output.len());
            assert!(
                output.is_empty() || output.ends_with(b"\n"),
                "half a command"
            );
            output.clear();
        }
        self.is_open
    }

    fn begin(&mut self) {
        self.transactions += 1;
        self.sent = false;
        let fits = self
            .client
            .begin(&TRANSACTION, self.recipients.iter())
            .is_ok();
        self.is_open = fits && self.transactions <= TRANSACTIONS_MAX;
    }

    fn send(&mut self, framing: Framing) {
        // Every second one goes behind another, where it may.
        if self.transactions % 2 == 1 {
            let may = self.client.may_begin_behind();
            let begun = self
                .client
                .begin_behind(&TRANSACTION, self.recipients.iter());
            assert!(may || !begun, "where it may not");
        }
        match framing {
            Framing::Chunk => self.client.output().extend_from_slice(BODY),
            Framing::Dots => {
                let mut stuffer = DotStuffer::default();
                stuffer.encode(BODY, self.client.output());
                stuffer.finish(self.client.output());
            }
        }
        let group = self.client.behind().to_vec();
        self.client.output().extend_from_slice(&group);
        self.sent = self.body_arrives;
        self.client.body_sent(self.body_arrives);
    }

    fn done(&mut self) {
        let outcome = self.client.outcome();
        assert_eq!(outcome.len(), self.recipients.len(), "an answer each");
        let delivered = outcome.iter().any(mailward_model::Reply::is_positive);
        assert!(self.sent || !delivered, "delivered without its body");
        if self.client.is_under_way() {
            self.transactions += 1;
            self.sent = false;
        } else if self.client.is_idle() {
            self.begin();
        } else {
            self.is_open = false;
        }
    }
}

/// The header reader: what it finds lies in the message, and in one pass or in another it finds the
/// same.
///
/// # Panics
/// Where one of these does not hold.
pub fn fuzz_header(data: &[u8]) {
    let section = header::section(data);
    assert!(data.starts_with(section));
    let summary = header::summary(section);
    let (mut received, mut octets) = (0u32, 0);
    for field in header::fields(section) {
        received += u32::from(field.is("Received"));
        octets += field.raw().len();
        drop((field.unfolded(), field.text()));
    }
    assert_eq!(summary.received, received);
    // Names and colons are left out, and a line end may be added to the last one.
    assert!(octets <= section.len() + 2);
    drop(header::subject(section));
    let addresses = header::address_headers(section);
    for address in addresses
        .to
        .iter()
        .chain(&addresses.cc)
        .chain(&addresses.bcc)
    {
        let again = address.to_string().parse();
        assert_eq!(
            Ok(address),
            again.as_ref(),
            "an address that cannot be read"
        );
    }
}

/// Names of fields by which a message is more than a message.
const MARKERS: [&str; 3] = [
    probe::FIELD,
    "X-MS-Journal-Report",
    "X-MS-Exchange-Organization-Journal-Report",
];

/// The header firewall: the first octet chooses what passes and what is converted, the rest is a message.
/// However it is cut, the same comes out, of the size that was foretold; what must not pass does not, and
/// no marker comes to be.
///
/// # Panics
/// Where one of these does not hold.
pub fn fuzz_firewall(data: &[u8]) {
    let Some((choice, message)) = data.split_first() else {
        return;
    };
    let families = HeaderFamily::ALL.into_iter().enumerate();
    let families: Vec<_> = families
        .filter(|(bit, _)| choice & 1 << bit != 0)
        .map(|(_, family)| family)
        .collect();
    let keep = match choice >> 3 & 3 {
        1 => Keep::of(&families).converting(Conversion::ToOrganization),
        2 => Keep::of(&families).converting(Conversion::ToCrossPremises),
        3 => Keep::MAILBOX,
        _ => Keep::of(&families),
    };
    let keep = keep.with_routing(choice & 32 != 0);
    let passed = through(keep, message, message.len().max(1));
    for size in [1, 7, 29] {
        assert_eq!(through(keep, message, size), passed, "cut into {size}");
    }
    // A second time, nothing is left to be taken out.
    let mut conversions = families;
    conversions.extend(keep.conversion().map(|conversion| match conversion {
        Conversion::ToOrganization => HeaderFamily::Organization,
        Conversion::ToCrossPremises => HeaderFamily::CrossPremises,
    }));
    let left = match choice >> 3 & 3 {
        3 => keep,
        _ => Keep::of(&conversions).with_routing(keep.has_routing()),
    };
    let again = through(left, &passed, 5);
    assert_eq!(again, passed, "something passed that must not");
    let markers = |octets: &[u8]| {
        let lines = octets.split(|octet| matches!(octet, b'\r' | b'\n'));
        let is_marker = |line: &&[u8]| {
            MARKERS.iter().any(|name| {
                let begins = line.get(..name.len());
                begins.is_some_and(|begins| begins.eq_ignore_ascii_case(name.as_bytes()))
            })
        };
        lines.filter(is_marker).count()
    };
    assert!(markers(&passed) <= markers(message), "a marker came to be");
}

fn through(keep: Keep, message: &[u8], size: usize) -> Vec<u8> {
    let mut firewall = Firewall::new(keep);
    let mut out = Vec::new();
    for piece in message.chunks(size) {
        let used = firewall.pass(piece, &mut out);
        out.extend_from_slice(piece.get(used..).unwrap_or_default());
    }
    firewall.finish(&mut out);
    assert_eq!(firewall.resized(message.len() as u64), out.len() as u64);
    out
}
