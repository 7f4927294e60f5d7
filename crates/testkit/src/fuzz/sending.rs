//! Fuzzing what a peer sends back to us, and what stands in the header of a message.

use mailward_model::{BodyType, EnvelopeRecipient, ReversePath};
use mailward_proto::{
    client::{Client, DotStuffer, Framing, Options, Step, Transaction},
    header,
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
        let null = ReversePath::Null;
        let transaction = Transaction {
            mail_from: &null,
            size: BODY.len() as u64,
            body: BodyType::SevenBit,
            smtputf8: false,
            ret: None,
            envid: None,
            xoorg: None,
        };
        let fits = self
            .client
            .begin(&transaction, self.recipients.iter())
            .is_ok();
        self.is_open = fits && self.transactions <= TRANSACTIONS_MAX;
    }

    fn send(&mut self, framing: Framing) {
        match framing {
            Framing::Chunk => self.client.output().extend_from_slice(BODY),
            Framing::Dots => {
                let mut stuffer = DotStuffer::default();
                stuffer.encode(BODY, self.client.output());
                stuffer.finish(self.client.output());
            }
        }
        self.sent = self.body_arrives;
        self.client.body_sent(self.body_arrives);
    }

    fn done(&mut self) {
        let outcome = self.client.outcome();
        assert_eq!(outcome.len(), self.recipients.len(), "an answer each");
        let delivered = outcome.iter().any(mailward_model::Reply::is_positive);
        assert!(self.sent || !delivered, "delivered without its body");
        if self.client.is_idle() {
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
