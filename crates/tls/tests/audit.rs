//! Endpoint tests against servers that mean harm, and against names that are published.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, MX, TLSA, TXT},
    },
};
use mailward_host::clock::SystemClock;
use mailward_tls::{
    Roots,
    audit::{Auditor, Level, Options, Protocol, Report, Subject, Target},
    ca,
};
use ring::digest;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// How long one answer may take in these tests.
const ANSWER: Duration = Duration::from_millis(400);

/// A server that does this to everyone who comes.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn options() -> Options {
    let mut options = Options::new(Arc::new(SystemClock::default()));
    options.answer_max = ANSWER;
    options.roots = Roots::default();
    options
}

fn test(options: Options, target: Target) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(Auditor::new(options).one(target))
}

fn at(address: SocketAddr, protocol: Protocol) -> Target {
    Target::read(&address.to_string(), Some(protocol)).unwrap()
}

fn read_some(stream: &mut TcpStream) {
    let mut scratch = [0; 1024];
    let _ = stream.read(&mut scratch);
}

#[test]
fn hostile_servers_are_left_in_time_and_never_called_sound() {
    let cases: Vec<(&str, Protocol, SocketAddr)> = vec![
        (
            "garbage",
            Protocol::Tls,
            server(|mut stream| {
                read_some(&mut stream);
                let _ = stream.write_all(&[0xa5; 4096]);
            }),
        ),
        (
            "a page",
            Protocol::Tls,
            server(|mut stream| {
                read_some(&mut stream);
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }),
        ),
        (
            "records without end",
            Protocol::Tls,
            server(|mut stream| {
                read_some(&mut stream);
                // Parts of one message that never is whole.
                let mut record = vec![22, 3, 3, 0x10, 0, 11, 1, 0, 0];
                record.resize(5 + 0x1000, 0);
                while stream.write_all(&record).is_ok() {
                    record[5..9].fill(0);
                }
            }),
        ),
        (
            "an octet at a time",
            Protocol::Tls,
            server(|mut stream| {
                for octet in [22u8, 3, 3, 0x40, 0].into_iter().chain([0; 1000]) {
                    if stream.write_all(&[octet]).is_err() {
                        return;
                    }
                    thread::park_timeout(Duration::from_millis(50));
                }
            }),
        ),
        (
            "silence",
            Protocol::Tls,
            server(|stream| {
                thread::park_timeout(Duration::from_secs(30));
                drop(stream);
            }),
        ),
        ("closing at once", Protocol::Tls, server(drop)),
        (
            "a greeting without end",
            Protocol::Smtp,
            server(|mut stream| while stream.write_all(b"220-more\r\n").is_ok() {}),
        ),
        (
            "a line without end",
            Protocol::Imap,
            server(|mut stream| while stream.write_all(b"* OK ").is_ok() {}),
        ),
        (
            "no STARTTLS",
            Protocol::Smtp,
            server(|mut stream| {
                let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
                read_some(&mut stream);
                let _ = stream.write_all(b"250 mx.example.org\r\n");
            }),
        ),
        (
            "an octet behind the consent",
            Protocol::Smtp,
            server(|mut stream| {
                let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
                read_some(&mut stream);
                let _ = stream.write_all(b"250-mx.example.org\r\n250 STARTTLS\r\n");
                read_some(&mut stream);
                let _ = stream.write_all(b"220 go\r\n250 injected\r\n");
            }),
        ),
    ];
    for (name, protocol, address) in cases {
        let begun = Instant::now();
        let report = test(options(), at(address, protocol));
        // What all answers of a target may take, and one more.
        assert!(begun.elapsed() < ANSWER * 16, "{name}");
        assert!(report.level() >= Level::Untested, "{name}: {report:?}");
        let heartbleed = report.verdict(Subject::Heartbleed);
        assert!(
            heartbleed.is_none_or(|verdict| verdict.level == Level::Untested),
            "{name}: {heartbleed:?}"
        );
    }
}

#[test]
fn two_hundred_targets_take_as_long_as_the_slowest() {
    let slow = server(|mut stream| {
        read_some(&mut stream);
        thread::park_timeout(Duration::from_millis(200));
        let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 40]);
    });
    let one = Instant::now();
    test(options(), at(slow, Protocol::Tls));
    let one = one.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let targets = vec![at(slow, Protocol::Tls); 200];
    let mut count = 0;
    let all = Instant::now();
    runtime.block_on(Arc::new(Auditor::new(options())).all(targets, |_, _| count += 1));
    assert_eq!(count, 200);
    // One after the other they would take two hundred times as long.
    let all = all.elapsed();
    assert!(all < one * 20, "one {one:?}, all {all:?}");
}

/// A certificate with its key, and a server that shows it behind STARTTLS.
struct Mx {
    address: SocketAddr,
    chain: Vec<CertificateDer<'static>>,
}

fn tls_config(issued: &ca::Issued) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    Arc::new(config)
}

fn mx(authority: &ca::Authority) -> Mx {
    let issued = authority.issue(&ca::Leaf::new(["mx.example.org"])).unwrap();
    let config = tls_config(&issued);
    let address = server(move |mut stream| {
        let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
        read_some(&mut stream);
        let _ = stream.write_all(b"250-mx.example.org\r\n250 STARTTLS\r\n");
        read_some(&mut stream);
        let _ = stream.write_all(b"220 go\r\n");
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = StreamOwned::new(connection, stream).read(&mut [0; 64]);
    });
    let chain = CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    Mx { address, chain }
}

/// The page of the policy.
fn policy(authority: &ca::Authority, text: &'static str) -> u16 {
    let issued = authority
        .issue(&ca::Leaf::new(["mta-sts.example.org"]))
        .unwrap();
    let config = tls_config(&issued);
    server(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let _ = stream.read(&mut [0; 1024]);
        let length = text.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let _ = stream.write_all(format!("{head}{text}").as_bytes());
        let _ = stream.flush();
    })
    .port()
}

/// A resolver with these records, which vouches for them or does not.
fn resolver(records: Vec<(String, RData)>, authentic: bool) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut scratch = [0; 2048];
        while let Ok((length, client)) = socket.recv_from(&mut scratch) {
            let question = Message::from_vec(&scratch[..length]).unwrap();
            let query = question.queries[0].clone();
            let (asked, kind) = (query.name().to_utf8(), query.query_type());
            let mut answer = question.clone();
            answer.metadata.message_type = MessageType::Response;
            answer.metadata.response_code = ResponseCode::NoError;
            answer.metadata.authentic_data = authentic;
            for (name, data) in &records {
                if asked.eq_ignore_ascii_case(&format!("{name}.")) && data.record_type() == kind {
                    let name = Name::from_utf8(&asked).unwrap();
                    answer.add_answer(Record::from_rdata(name, 60, data.clone()));
                }
            }
            let _ = socket.send_to(&answer.to_vec().unwrap(), client);
        }
    });
    address
}

fn tlsa(port: u16, data: Vec<u8>) -> (String, RData) {
    let record = TLSA::new(3.into(), 0.into(), 1.into(), data);
    (format!("_{port}._tcp.mx.example.org"), RData::TLSA(record))
}

#[test]
fn what_is_published_about_an_mx_is_compared_with_what_it_shows() {
    let authority = ca::Authority::new("Test Authority").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let roots = dir.path().join("roots.pem");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let mx = mx(&authority);
    let port = mx.address.port();
    let names = |more: Vec<(String, RData)>| {
        let loopback = RData::A(A(Ipv4Addr::LOCALHOST));
        let host = Name::from_utf8("mx.example.org.").unwrap();
        let sts = TXT::new(vec!["v=STSv1; id=1".to_owned()]);
        let mut records = vec![
            ("mx.example.org".to_owned(), loopback.clone()),
            ("mta-sts.example.org".to_owned(), loopback),
            ("example.org".to_owned(), RData::MX(MX::new(10, host))),
            ("_mta-sts.example.org".to_owned(), RData::TXT(sts)),
        ];
        records.extend(more);
        records
    };
    let look = |resolver: SocketAddr, https_port: u16| {
        let mut options = options();
        options.roots = Roots {
            system: false,
            files: vec![roots.clone()],
        };
        options.resolvers = vec![resolver];
        options.https_port = https_port;
        options.answer_max = Duration::from_secs(5);
        let target = Target::read(&format!("mx.example.org:{port}"), Some(Protocol::Smtp));
        test(options, target.unwrap())
    };
    const NAMES_IT: &str = "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n";
    const NAMES_OTHER: &str =
        "version: STSv1\nmode: enforce\nmx: mx2.example.org\nmax_age: 86400\n";
    let sha256 = digest::digest(&digest::SHA256, &mx.chain[0])
        .as_ref()
        .to_vec();
    let right = || names(vec![tlsa(port, sha256.clone())]);
    let sound = look(resolver(right(), true), policy(&authority, NAMES_IT));
    let levels: Vec<(Subject, Level)> = sound
        .verdicts
        .iter()
        .map(|verdict| (verdict.subject, verdict.level))
        .collect();
    let well = |subject| levels.contains(&(subject, Level::Well));
    for subject in [
        Subject::Heartbleed,
        Subject::Versions,
        Subject::Ciphers,
        Subject::Distrust,
        Subject::Chain,
        Subject::Name,
        Subject::Dates,
        Subject::Banner,
        Subject::Dane,
        Subject::MtaSts,
    ] {
        assert!(well(subject), "{subject:?}: {:#?}", sound.verdicts);
    }
    assert_eq!(sound.level(), Level::Note, "{:#?}", sound.verdicts);
    // Another certificate is promised, and the policy names another host.
    let wrong = names(vec![tlsa(port, vec![7; 32])]);
    let wrong = look(resolver(wrong, true), policy(&authority, NAMES_OTHER));
    let level = |report: &Report, subject| report.verdict(subject).map(|v| v.level);
    assert_eq!(level(&wrong, Subject::Dane), Some(Level::Bad));
    assert_eq!(level(&wrong, Subject::MtaSts), Some(Level::Bad));
    // Nobody vouches for the records; nobody serves the policy.
    let unsigned = look(resolver(right(), false), 1);
    assert_eq!(level(&unsigned, Subject::Dane), Some(Level::Note));
    assert_eq!(level(&unsigned, Subject::MtaSts), Some(Level::Weak));
}
