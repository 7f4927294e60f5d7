//! Probes of names, resolvers and clocks, against small servers that are honest, lie, fail or are
//! silent.

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, MX},
    },
};
use mailward_model::{
    kind::{DnsRecord, DnsTarget, NtpTarget},
    unit::Span,
};
use tokio::net::UdpSocket;

use super::{
    elsewhere::{localhost, probed, somewhere},
    *,
};

/// What a resolver of the tests does with each question.
#[derive(Clone, Copy)]
enum Resolver {
    Honest,
    Lying,
    Failing,
    Silent,
}

async fn resolver(kind: Resolver) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut answer = question.clone().into_response();
            let name = question.queries[0].name().clone();
            let kind_asked = question.queries[0].query_type().to_string();
            match (kind, kind_asked.as_str()) {
                (Resolver::Silent, _) => continue,
                (Resolver::Failing, _) => answer.metadata.response_code = ResponseCode::ServFail,
                (Resolver::Lying, "A") => {
                    answer.add_answer(Record::from_rdata(
                        name,
                        60,
                        RData::A(A::new(192, 0, 2, 66)),
                    ));
                }
                (Resolver::Honest, "A") if name.to_ascii() == "mx.example.org." => {
                    answer.add_answer(Record::from_rdata(name, 60, RData::A(A::new(127, 0, 0, 1))));
                }
                (Resolver::Honest, "MX") if name.to_ascii() == "example.org." => {
                    let mx = MX::new(10, Name::from_ascii("mx.example.org.").unwrap());
                    answer.add_answer(Record::from_rdata(name, 60, RData::MX(mx)));
                }
                (Resolver::Honest, "AAAA") if name.to_ascii() == "mx.example.org." => {}
                _ => answer.metadata.response_code = ResponseCode::NXDomain,
            }
            socket
                .send_to(&answer.to_vec().unwrap(), from)
                .await
                .unwrap();
        }
    });
    address
}

#[tokio::test]
async fn names_and_resolvers_are_looked_at() {
    let honest = resolver(Resolver::Honest).await;
    let mut node = somewhere();
    node.context = node
        .context
        .with_network(vec![honest], mailward_tls::Roots::default());
    let look = async |target| run(&definition(target, 6000), &node.context).await;
    assert_found(
        &look(Target::Resolver(honest)).await,
        "pass",
        "answers",
        None,
    );
    for (kind, word) in [
        (Resolver::Lying, "invents answers"),
        (Resolver::Failing, "answered"),
        (Resolver::Silent, "did not answer within"),
    ] {
        let view = look(Target::Resolver(resolver(kind).await)).await;
        assert_found(&view, "fail", word, Some("dns"));
    }
    let name = |name: &str, mx| Target::Name {
        name: name.into(),
        mx,
    };
    assert_found(
        &look(name("mx.example.org", false)).await,
        "pass",
        "1 addresses",
        None,
    );
    assert_found(
        &look(name("example.org", true)).await,
        "pass",
        "1 MX records",
        None,
    );
    assert_found(
        &look(name("gone.example.org", false)).await,
        "fail",
        "does not exist",
        Some("dns"),
    );
    assert_found(
        &look(name("gone.example.org", true)).await,
        "fail",
        "does not exist",
        Some("dns"),
    );
    let dns = |name: &str, record, expect: &str| {
        ProbeTarget::Dns(DnsTarget {
            name: name.into(),
            record,
            server: Some(honest),
            expect: expect.into(),
        })
    };
    let mx = probed(
        &node,
        dns("example.org", DnsRecord::Mx, "mx.example.org"),
        6000,
    )
    .await;
    assert_found(&mx, "pass", "mx.example.org", None);
    let view = probed(
        &node,
        dns("mx.example.org", DnsRecord::A, "192.0.2.1"),
        6000,
    )
    .await;
    assert_found(&view, "fail", "is not in it", Some("dns"));
    let view = probed(&node, dns("mx.example.org", DnsRecord::Aaaa, ""), 6000).await;
    assert_found(&view, "fail", "has no AAAA record", Some("dns"));
}

/// An NTP server whose clock is `ahead_s` seconds ahead (RFC 5905 §7.3).
async fn ntp(ahead_s: u64) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut question = [0; 64];
        loop {
            let (_, from) = socket.recv_from(&mut question).await.unwrap();
            let unix = std::time::UNIX_EPOCH.elapsed().unwrap();
            let seconds = u32::try_from(unix.as_secs() + 2_208_988_800 + ahead_s).unwrap();
            let fraction =
                u32::try_from((u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000).unwrap();
            let now = [seconds.to_be_bytes(), fraction.to_be_bytes()].concat();
            let mut answer = vec![0x24, 2, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1];
            answer.extend(&now);
            answer.extend(&question[40..48]);
            answer.extend(&now);
            answer.extend(&now);
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn clocks_elsewhere_are_compared() {
    let node = somewhere();
    let clock = |port| {
        ProbeTarget::Ntp(NtpTarget {
            host: localhost(),
            port,
            max_offset: Span::from_secs(1),
        })
    };
    assert_found(
        &probed(&node, clock(ntp(0).await), 3000).await,
        "pass",
        "is right",
        None,
    );
    let view = probed(&node, clock(ntp(100).await), 3000).await;
    assert_found(&view, "fail", "ms off", Some("config"));
    assert!(
        (99_000_000..101_000_000).contains(&view.measures[0].value),
        "{view:?}"
    );
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let view = probed(&node, clock(silent.local_addr().unwrap().port()), 300).await;
    assert_found(&view, "timeout", "at the step ask", Some("upstream"));
}
