//! A page: asked for by HTTP/1.1 on an open stream, and read as far as it is looked at.
//!
//! One request, and the connection ends with it: no pool, no redirects, no cookies, and none of the
//! library that this house answers HTTP with, so that a fault there does not hide itself. The head
//! and the sizes of chunks are read by `httparse`. Never here: whether the page is as it should be.

use httparse::{EMPTY_HEADER, Response, Status, parse_chunk_size};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use super::{
    Found, Steps,
    wire::{Stream, broken},
};

/// Octets of the head of an answer, and its fields.
const HEAD_OCTETS_MAX: usize = 32 * 1024;
const FIELDS_MAX: usize = 100;
/// Answers that only say that one is to come (RFC 9110 §15.2).
const INTERIM_MAX: usize = 8;
/// Octets of the body that are looked at.
const BODY_OCTETS_MAX: u64 = 64 * 1024;
/// Octets of the line with the size of a chunk.
const CHUNK_LINE_OCTETS_MAX: u64 = 1024;
/// Octets asked for in one read: most answers of a healthy service are shorter.
const READ_OCTETS: usize = 2048;

/// An answer, as far as it is looked at.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Page {
    /// The values of the fields of this name.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        values(&self.fields, name)
    }
}

/// Asks for a page. The stream is closed with the last octet that is looked at: a probe has nobody
/// to say good-bye to.
pub(super) async fn get(
    mut stream: Box<dyn Stream>,
    host: &str,
    path: &str,
    steps: &mut Steps,
) -> Result<Page, Found> {
    steps.next("request");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mailward-probe/{}\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let sent = stream.write_all(request.as_bytes()).await;
    sent.map_err(|error| broken("no answer", &error))?;
    let flushed = stream.flush().await;
    flushed.map_err(|error| broken("no answer", &error))?;
    steps.note(format!("> GET {path} HTTP/1.1, Host: {host}"));
    let mut came = Vec::new();
    let head = final_head(&mut stream, &mut came).await?;
    steps.note(format!("< {}", head.status));
    let names: Vec<&str> = head.fields.iter().map(|(name, _)| name.as_str()).collect();
    steps.note(format!("< fields: {}", names.join(", ")));
    steps.next("body");
    let body = body(came.as_slice().chain(stream), head.framing()?).await?;
    Ok(Page {
        status: head.status,
        fields: head.fields,
        body,
    })
}

/// Where a body ends (RFC 9112 §6.3).
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    /// There is none.
    Nothing,
    /// After so many octets.
    Octets(u64),
    /// With the last chunk.
    Chunks,
    /// With the connection.
    Close,
}

/// The head of an answer.
struct Head {
    status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads a head, and how long it is; `None` where it has not come whole.
    fn read(octets: &[u8]) -> Result<Option<(Head, usize)>, httparse::Error> {
        let mut fields = [EMPTY_HEADER; FIELDS_MAX];
        let mut answer = Response::new(&mut fields);
        let Status::Complete(length) = answer.parse(octets)? else {
            return Ok(None);
        };
        let fields = answer.headers.iter().map(|field| {
            let value = String::from_utf8_lossy(field.value);
            (field.name.to_owned(), value.into_owned())
        });
        let head = Head {
            status: answer.code.unwrap_or_default(),
            fields: fields.collect(),
        };
        Ok(Some((head, length)))
    }

    fn framing(&self) -> Result<Framing, Found> {
        if matches!(self.status, 204 | 304) {
            return Ok(Framing::Nothing);
        }
        if let Some(codings) = values(&self.fields, "Transfer-Encoding").last() {
            let last = codings.rsplit(',').next().unwrap_or_default();
            return Ok(match last.trim().eq_ignore_ascii_case("chunked") {
                true => Framing::Chunks,
                false => Framing::Close,
            });
        }
        let mut lengths = values(&self.fields, "Content-Length");
        let Some(length) = lengths.next() else {
            return Ok(Framing::Close);
        };
        let digits = length.bytes().all(|octet| octet.is_ascii_digit());
        match length.parse() {
            Ok(octets) if digits && lengths.all(|other| other == length) => {
                Ok(Framing::Octets(octets))
            }
            _ => Err(Found::fail(format!(
                "no answer: its Content-Length is no number: {length}"
            ))),
        }
    }
}

fn values<'a>(fields: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    let named = fields
        .iter()
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str())
}

/// Reads up to the end of the head that counts; what came behind it stays in `came`.
async fn final_head(stream: &mut Box<dyn Stream>, came: &mut Vec<u8>) -> Result<Head, Found> {
    for _ in 0..=INTERIM_MAX {
        let head = next_head(stream, came).await?;
        // Nothing was asked for that 101 could switch to: it is an answer like others.
        if head.status == 101 || !(100..200).contains(&head.status) {
            return Ok(head);
        }
    }
    Err(Found::fail(format!(
        "no answer: more than {INTERIM_MAX} times it was said that one is to come"
    )))
}

async fn next_head(stream: &mut Box<dyn Stream>, came: &mut Vec<u8>) -> Result<Head, Found> {
    let mut looked_at = 0;
    loop {
        // Nothing but a whole line can end a head: one that trickles in is not read for each octet.
        let fresh = came.get(looked_at..).unwrap_or_default();
        if fresh.contains(&b'\n') {
            let read = Head::read(came);
            let read = read.map_err(|error| Found::fail(format!("no answer: {error}")))?;
            if let Some((head, octets)) = read {
                came.drain(..octets);
                return Ok(head);
            }
        }
        looked_at = came.len();
        if looked_at >= HEAD_OCTETS_MAX {
            return Err(Found::fail(format!(
                "no answer: its head is longer than {HEAD_OCTETS_MAX} octets"
            )));
        }
        came.reserve(READ_OCTETS);
        let read = stream.read_buf(came).await;
        if read.map_err(|error| broken("no answer", &error))? == 0 {
            return Err(Found::fail(format!(
                "no answer: the connection was closed after {looked_at} octets"
            )));
        }
    }
}

/// Reads a body, up to what is looked at of it.
async fn body(mut rest: impl AsyncRead + Unpin, framing: Framing) -> Result<Vec<u8>, Found> {
    let mut body = Vec::new();
    match framing {
        Framing::Nothing => {}
        Framing::Octets(octets) => piece(&mut rest, octets, &mut body).await?,
        Framing::Close => {
            let read = rest.take(BODY_OCTETS_MAX).read_to_end(&mut body).await;
            read.map_err(|error| broken("the page breaks off", &error))?;
        }
        Framing::Chunks => {
            let mut rest = BufReader::with_capacity(READ_OCTETS, rest);
            while room(&body) > 0 {
                let octets = chunk_octets(&mut rest).await?;
                if octets == 0 {
                    break;
                }
                piece(&mut rest, octets, &mut body).await?;
                // The end of the line behind a chunk; where the room is used up, nothing follows.
                if room(&body) > 0 && line(&mut rest).await? != b"\r\n" {
                    return Err(Found::fail("no answer: a chunk is longer than it says"));
                }
            }
        }
    }
    Ok(body)
}

/// Octets that are still looked at of a body.
fn room(body: &[u8]) -> u64 {
    BODY_OCTETS_MAX.saturating_sub(body.len() as u64)
}

/// Reads so many octets of the body, up to what is looked at.
async fn piece(
    rest: &mut (impl AsyncRead + Unpin),
    octets: u64,
    body: &mut Vec<u8>,
) -> Result<(), Found> {
    let wanted = octets.min(room(body));
    let read = rest.take(wanted).read_to_end(body).await;
    let read = read.map_err(|error| broken("the page breaks off", &error))? as u64;
    if read < wanted {
        let missing = octets - read;
        return Err(Found::fail(format!(
            "the page breaks off: the connection was closed {missing} octets too early"
        )));
    }
    Ok(())
}

/// Reads the size of the next chunk.
async fn chunk_octets(rest: &mut (impl AsyncBufRead + Unpin)) -> Result<u64, Found> {
    match parse_chunk_size(&line(rest).await?) {
        Ok(Status::Complete((_, octets))) => Ok(octets),
        _ => Err(Found::fail(
            "no answer: a chunk does not say how long it is",
        )),
    }
}

async fn line(rest: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>, Found> {
    let mut line = Vec::new();
    let mut limited = rest.take(CHUNK_LINE_OCTETS_MAX);
    let read = limited.read_until(b'\n', &mut line).await;
    read.map_err(|error| broken("the page breaks off", &error))?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use proptest::prelude::*;
    use tokio::io::{AsyncWrite, ReadBuf};

    use super::{super::Verdict, *};

    /// A server that takes any request and answers in these pieces, then closes.
    struct Answering(VecDeque<Vec<u8>>);

    impl AsyncRead for Answering {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if let Some(mut piece) = self.0.pop_front() {
                let rest = piece.split_off(piece.len().min(into.remaining()));
                into.put_slice(&piece);
                if !rest.is_empty() {
                    self.0.push_front(rest);
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Answering {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(octets.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// What is read of an answer that comes in these pieces, or why it is none.
    fn read(pieces: &[&[u8]]) -> Result<(u16, Vec<u8>), String> {
        let pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let stream = Box::new(Answering(pieces.map(|piece| piece.to_vec()).collect()));
        let mut steps = Steps::new();
        // Nothing in it waits, so that no runtime is needed.
        let asked = futures_util::FutureExt::now_or_never(get(stream, "mx", "/", &mut steps));
        match asked.unwrap() {
            Ok(page) => Ok((page.status, page.body)),
            Err(found) => {
                assert_eq!(found.verdict, Verdict::Fail);
                Err(found.text)
            }
        }
    }

    fn check(answer: &str, expect: Result<(u16, &str), &str>) {
        match (read(&[answer.as_bytes()]), expect) {
            (Ok((status, body)), Ok(expect)) => {
                assert_eq!((status, &*String::from_utf8_lossy(&body)), expect);
            }
            (Err(text), Err(word)) => assert!(text.contains(word), "{answer:?}: {text}"),
            (found, expect) => panic!("{answer:?}: {found:?}, and not {expect:?}"),
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let ok = "HTTP/1.1 200 OK\r\n";
        let all = [
            (
                "Content-Length: 2\r\n\r\nhi, and what is not asked for",
                "hi",
            ),
            ("Content-Length: 2\r\ncontent-length: 2\r\n\r\nhi", "hi"),
            ("\r\nto the end", "to the end"),
            ("Transfer-Encoding: gzip\r\n\r\n1\r\n", "1\r\n"),
            (
                "Transfer-Encoding: gzip, Chunked\r\nContent-Length: 7\r\n\r\n\
                 2;a=b\r\nhi\r\n00a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
                "hi0123456789",
            ),
        ];
        for (rest, body) in all {
            check(&format!("{ok}{rest}"), Ok((200, body)));
        }
        check("HTTP/1.0 404 No\r\n\r\nhi", Ok((404, "hi")));
        check("HTTP/1.1 204 \r\n\r\nhi", Ok((204, "")));
        let late = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
        check(&format!("{late}{late}{ok}\r\nhi"), Ok((200, "hi")));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let ok = "HTTP/1.1 200 OK\r\n";
        let chunks = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
        let long = "x".repeat(HEAD_OCTETS_MAX);
        let many = "a: b\r\n".repeat(FIELDS_MAX + 1);
        let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(INTERIM_MAX + 1);
        for (answer, word) in [
            (String::new(), "closed after 0 octets"),
            ("220 mx ESMTP\r\n".to_owned(), "no answer"),
            ("HTTP/2.0 200 OK\r\n\r\n".to_owned(), "no answer"),
            (format!("{ok}Content-Le"), "closed after 27 octets"),
            (format!("{ok}a: {long}"), "longer than"),
            (format!("{ok}{many}\r\n"), "too many headers"),
            (interim, "one is to come"),
            (format!("{ok}Content-Length: +2\r\n\r\nhi"), "no number: +2"),
            (
                format!("{ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi"),
                "no number",
            ),
            (
                format!("{ok}Content-Length: 5\r\n\r\nhi"),
                "closed 3 octets too early",
            ),
            (format!("{chunks}hi\r\n"), "how long it is"),
            (format!("{chunks}2\r\nhi"), "longer than it says"),
            (format!("{chunks}1\r\nhi\r\n0\r\n"), "longer than it says"),
            (format!("{chunks}5\r\nhi"), "closed 3 octets too early"),
            (chunks, "how long it is"),
        ] {
            check(&answer, Err(word));
        }
    }

    #[test]
    fn of_a_long_body_the_beginning_is_read() {
        let most = usize::try_from(BODY_OCTETS_MAX).unwrap();
        let long = "x".repeat(most + 10);
        for head in [
            format!("Content-Length: {}\r\n\r\n", u64::MAX),
            "\r\n".to_owned(),
            format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", most + 10),
            format!("Transfer-Encoding: chunked\r\n\r\n1\r\ny\r\n{most:x}\r\n"),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\n{head}{long}");
            let (_, body) = read(&[answer.as_bytes()]).unwrap();
            assert_eq!(body.len(), most, "{head}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_an_answer_is_cut(at in 0usize..90, then in 0usize..90) {
            let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\
                Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\nall\r\n0\r\n\r\n";
            let (first, rest) = answer.split_at(at.min(answer.len()));
            let (second, third) = rest.split_at(then.min(rest.len()));
            prop_assert_eq!(read(&[first, second, third]), Ok((200, b"hiall".to_vec())));
        }

        #[test]
        fn no_answer_breaks_the_probe(
            head in "(HTTP/1.1 [0-9]{3} |Transfer-Encoding: chunked|Content-Length: [0-9]|\r\n|.){0,12}",
            rest in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = read(&[b"HTTP/1.1 200 OK\r\n", head.as_bytes(), &rest]);
        }
    }
}
