//! Another organisation's archive: takes reports over SMTP with PIPELINING, refuses them, or is told to
//! do something at each step of the dialogue.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A connection was made; nothing was said.
    Connected,
    /// MAIL came; it was not answered.
    Mail,
    /// RCPT came.
    Rcpt,
    /// DATA came.
    Data,
    /// Some of the message came.
    Middle,
    /// All of the message came.
    Dot,
    /// It was answered 250.
    Taken,
}

impl Step {
    pub(crate) const ALL: [Step; 7] = [
        Step::Connected,
        Step::Mail,
        Step::Rcpt,
        Step::Data,
        Step::Middle,
        Step::Dot,
        Step::Taken,
    ];
}

type Hook = Box<dyn FnMut(Step) + Send>;

struct Shared {
    taken: Mutex<Vec<Vec<u8>>>,
    refusal: Mutex<Option<&'static str>>,
    hook: Mutex<Option<Hook>>,
}

/// The archive.
pub(crate) struct Archive {
    shared: Arc<Shared>,
}

impl Archive {
    /// Listens on `port` of loopback, for as long as the test runs.
    pub(crate) fn listen(port: u16) -> Archive {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let shared = Arc::new(Shared {
            taken: Mutex::default(),
            refusal: Mutex::default(),
            hook: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = Arc::clone(&serving);
                // A peer that goes away in the middle ends its own thread only.
                std::thread::spawn(move || serving.serve(stream.unwrap()));
            }
        });
        Archive { shared }
    }

    /// Answers RCPT so from now on; `None` takes everything.
    pub(crate) fn refuse(&self, reply: Option<&'static str>) {
        *self.shared.refusal.lock().unwrap() = reply;
    }

    /// What is done at the next step of this kind, once.
    pub(crate) fn once_at(&self, step: Step, act: impl FnOnce() + Send + 'static) {
        let mut act = Some(act);
        *self.shared.hook.lock().unwrap() = Some(Box::new(move |now| {
            if now == step
                && let Some(act) = act.take()
            {
                act();
            }
        }));
    }

    /// Reports taken, as they came.
    pub(crate) fn reports(&self) -> Vec<Vec<u8>> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// How often each report was taken, by its own Message-ID.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for report in self.reports() {
            *counts.entry(message_id(&report)).or_default() += 1;
        }
        counts
    }
}

/// The first Message-ID of a message: its own.
pub(crate) fn message_id(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: "));
    id.unwrap_or_else(|| panic!("a message without its id: {text}"))
        .to_owned()
}

impl Shared {
    fn at(&self, step: Step) {
        if let Some(hook) = self.hook.lock().unwrap().as_mut() {
            hook(step);
        }
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut input = BufReader::new(stream.try_clone()?);
        let mut output = stream;
        self.at(Step::Connected);
        output.write_all(b"220 archive.example ESMTP\r\n")?;
        let mut line = Vec::new();
        let mut has_recipient = false;
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let command = String::from_utf8_lossy(&line)
                .trim_end()
                .to_ascii_uppercase();
            let reply = match command.get(..4) {
                Some("EHLO") => "250-archive.example\r\n250-PIPELINING\r\n250 8BITMIME",
                Some("QUIT") => return output.write_all(b"221 2.0.0 Bye\r\n"),
                Some("MAIL") => {
                    self.at(Step::Mail);
                    has_recipient = false;
                    "250 2.0.0 Ok"
                }
                Some("RCPT") => {
                    self.at(Step::Rcpt);
                    let refusal = *self.refusal.lock().unwrap();
                    has_recipient |= refusal.is_none();
                    refusal.unwrap_or("250 2.0.0 Ok")
                }
                Some("DATA") if !has_recipient => "503 5.5.1 For nobody",
                Some("DATA") => {
                    self.at(Step::Data);
                    output.write_all(b"354 Go on\r\n")?;
                    let Some(report) = self.message(&mut input)? else {
                        return Ok(());
                    };
                    self.at(Step::Dot);
                    // What was answered was taken: an archive that says 250 has it.
                    let mut taken = self.taken.lock().unwrap();
                    output.write_all(b"250 2.0.0 Taken\r\n")?;
                    taken.push(report);
                    drop(taken);
                    self.at(Step::Taken);
                    continue;
                }
                _ => "250 2.0.0 Ok",
            };
            output.write_all(format!("{reply}\r\n").as_bytes())?;
        }
    }

    /// The octets up to the final dot; `None` where the peer went away.
    fn message(&self, input: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
        let (mut line, mut message) = (Vec::new(), Vec::new());
        for at in 0.. {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            if at == 5 {
                self.at(Step::Middle);
            }
            if line == b".\r\n" {
                break;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        Ok(Some(message))
    }
}
