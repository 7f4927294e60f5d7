//! A receiving server for tests: SMTP or LMTP, as obliging or as difficult as its script says.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

/// A message as it arrived, dots unstuffed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) text: Vec<u8>,
    pub(super) tls: bool,
}

impl Mail {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.text.clone()).unwrap()
    }
}

type Answer = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What the peer is like.
pub(super) struct Script {
    pub(super) greeting: &'static str,
    /// Name and extensions, one per line.
    pub(super) ehlo: &'static str,
    pub(super) lmtp: bool,
    /// An answer to a command or, for the text `.`, to the end of a message; `None` for the usual.
    /// The answer `hang up` closes the connection.
    pub(super) answer: Box<Answer>,
    pub(super) tls: Option<TlsAcceptor>,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            greeting: "220 mx.example ESMTP",
            ehlo: "mx.example\nPIPELINING\n8BITMIME\nSIZE 100000000",
            lmtp: false,
            answer: Box::new(|_| None),
            tls: None,
        }
    }
}

impl Script {
    pub(super) fn answering(
        answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Script {
            answer: Box::new(answer),
            ..Script::default()
        }
    }
}

/// A running peer.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    /// Everything said to it, in order.
    pub(super) heard: Arc<Mutex<Vec<String>>>,
    /// Messages behind whose end more was said before they were answered.
    pub(super) grouped: Arc<AtomicUsize>,
    mail: mpsc::UnboundedReceiver<Mail>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(super) async fn start(script: Script) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mail) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let count = Arc::clone(&connections);
        let grouped = Arc::new(AtomicUsize::new(0));
        let session = Arc::new(Session {
            script,
            heard: Arc::clone(&heard),
            grouped: Arc::clone(&grouped),
            sender,
        });
        let task = tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let session = Arc::clone(&session);
                sessions.spawn(async move { session.serve(stream).await });
            }
        });
        Peer {
            address,
            connections,
            heard,
            grouped,
            mail,
            task,
        }
    }

    /// The next message that arrives.
    pub(super) async fn mail(&mut self) -> Mail {
        super::in_time(self.mail.recv())
            .await
            .flatten()
            .expect("no mail arrived")
    }

    pub(super) fn heard(&self, what: &str) -> usize {
        self.heard
            .lock()
            .iter()
            .filter(|line| line.starts_with(what))
            .count()
    }
}

struct Session {
    script: Script,
    heard: Arc<Mutex<Vec<String>>>,
    grouped: Arc<AtomicUsize>,
    sender: mpsc::UnboundedSender<Mail>,
}

enum End {
    Tls,
    Closed,
}

impl Session {
    async fn serve(&self, stream: tokio::net::TcpStream) {
        let mut plain = BufReader::new(stream);
        let greeting = format!("{}\r\n", self.script.greeting);
        if plain.write_all(greeting.as_bytes()).await.is_err() {
            return;
        }
        if let Ok(End::Tls) = self.talk(&mut plain, false).await
            && let Some(acceptor) = &self.script.tls
            && let Ok(stream) = acceptor.accept(plain.into_inner()).await
        {
            let mut tls = BufReader::new(stream);
            let _ = self.talk(&mut tls, true).await;
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        tls: bool,
    ) -> std::io::Result<End> {
        let mut mail = empty(tls);
        let mut sender_taken = false;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(End::Closed);
            }
            let line = line.trim_end().to_owned();
            self.heard.lock().push(line.clone());
            let verb = line
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let scripted = (self.script.answer)(&line);
            if scripted.as_deref() == Some("hang up") {
                return Ok(End::Closed);
            }
            let path = line
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'))
                .map(|(path, _)| path.to_owned())
                .unwrap_or_default();
            let reply = match verb.as_str() {
                "EHLO" | "LHLO" => scripted.unwrap_or_else(|| self.extensions()),
                "MAIL" => {
                    mail = empty(tls);
                    mail.from = path;
                    let reply = scripted.unwrap_or_else(|| "250 2.1.0 ok".into());
                    sender_taken = reply.starts_with('2');
                    reply
                }
                "RCPT" if !sender_taken => "503 5.5.1 MAIL first".into(),
                "RCPT" => {
                    let reply = scripted.unwrap_or_else(|| "250 2.1.5 ok".into());
                    if reply.starts_with('2') {
                        mail.to.push(path);
                    }
                    reply
                }
                "DATA" if mail.to.is_empty() => "503 5.5.1 nobody".into(),
                "DATA" => {
                    let reply = scripted.unwrap_or_else(|| "354 go".into());
                    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
                    if reply.starts_with("354") {
                        mail.text = read_dots(stream).await?;
                        self.note_group(stream);
                        if self.end(stream, &mail).await? {
                            return Ok(End::Closed);
                        }
                    }
                    continue;
                }
                "BDAT" => {
                    let size: usize = line.split(' ').nth(1).unwrap().parse().unwrap();
                    mail.text = vec![0; size];
                    stream.read_exact(&mut mail.text).await?;
                    self.note_group(stream);
                    if let Some(reply) = scripted {
                        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
                    } else if self.end(stream, &mail).await? {
                        return Ok(End::Closed);
                    }
                    continue;
                }
                "STARTTLS" => {
                    let reply = scripted.unwrap_or_else(|| "220 go".into());
                    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
                    if reply.starts_with("220") {
                        return Ok(End::Tls);
                    }
                    continue;
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(End::Closed);
                }
                _ => scripted.unwrap_or_else(|| "250 ok".into()),
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
    }

    fn note_group<S: AsyncRead>(&self, stream: &BufReader<S>) {
        if !stream.buffer().is_empty() {
            self.grouped.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn extensions(&self) -> String {
        let lines: Vec<_> = self.script.ehlo.lines().collect();
        let last = lines.len() - 1;
        let line = |(i, text): (usize, &&str)| {
            let sign = if i == last { ' ' } else { '-' };
            format!("250{sign}{text}")
        };
        lines
            .iter()
            .enumerate()
            .map(line)
            .collect::<Vec<_>>()
            .join("\r\n")
    }

    /// Answers the end of a message; true where the connection is to be closed instead.
    async fn end<S: AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        mail: &Mail,
    ) -> std::io::Result<bool> {
        let times = if self.script.lmtp { mail.to.len() } else { 1 };
        for to in mail.to.iter().take(times) {
            let said = (self.script.answer)(&format!(". {to}"));
            if said.as_deref() == Some("hang up") {
                return Ok(true);
            }
            let reply = said.unwrap_or_else(|| "250 2.0.0 taken".into());
            // Noted before it is answered: who hears the answer may ask at once.
            if reply.starts_with('2') {
                let mut mail = mail.clone();
                if self.script.lmtp {
                    mail.to = vec![to.clone()];
                }
                let _ = self.sender.send(mail);
            }
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
        Ok(false)
    }
}

fn empty(tls: bool) -> Mail {
    Mail {
        from: String::new(),
        to: Vec::new(),
        text: Vec::new(),
        tls,
    }
}

async fn read_dots<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(text);
        }
        text.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
