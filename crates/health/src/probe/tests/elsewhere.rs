//! Probes of what is not Mailward's, against small servers that answer rightly, wrongly or not at
//! all: each probe fails for the right reason, and says the right class of causes.

use std::path::PathBuf;

use super::*;
use crate::engine::definition::Upstream;
use mailward_model::kind::{
    CommandTarget, HostName, HttpTarget, MailTarget, OutboundTls, ProbeTls, TcpTarget, TlsTarget,
};

pub(super) fn localhost() -> HostName {
    "127.0.0.1".parse().unwrap()
}

pub(super) async fn probed(node: &Node, target: ProbeTarget, timeout_ms: u64) -> ProbeView {
    let target = Target::Object(Arc::new(Probe::new(target)));
    run(&definition(target, timeout_ms), &node.context).await
}

pub(super) fn somewhere() -> Node {
    node("127.0.0.1:1".parse().unwrap(), "Internet")
}

/// A server that takes every connection and converses by these rules.
async fn server(rules: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(stream, rules));
        }
    });
    port
}

/// A port that refuses connections.
async fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A TLS server with a certificate for these names.
async fn tls_server(
    names: &'static [&'static str],
    rules: &'static [(&'static str, &'static str)],
) -> (u16, PathBuf, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    ca::self_signed(&ca::Leaf::new(names.iter().copied()))
        .unwrap()
        .write(dir.path(), "mx")
        .unwrap();
    let held = Certificates::open(dir.path(), Arc::new(SystemClock::default()), |_| {});
    let fqdn = names[0].parse().unwrap();
    let needs = ConnectorNeeds {
        by: ShownBy::Receive,
        connector: "Internet",
        fqdn: &fqdn,
        pin: None,
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(held.server_config(&needs).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    converse(stream, rules).await;
                }
            });
        }
    });
    let file = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| {
        std::fs::read_to_string(path)
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    });
    (port, file.unwrap(), dir)
}

#[tokio::test]
async fn tcp_ports_are_looked_at() {
    let node = somewhere();
    let port = server(&[("", "+PONG here\r\n")]).await;
    let tcp = |port, expect: &str| {
        ProbeTarget::Tcp(TcpTarget {
            host: localhost(),
            port,
            send: String::new(),
            expect: expect.into(),
        })
    };
    assert_found(
        &probed(&node, tcp(port, ""), 2000).await,
        "pass",
        "takes connections",
        None,
    );
    assert_found(
        &probed(&node, tcp(port, "PONG"), 2000).await,
        "pass",
        "+PONG here",
        None,
    );
    assert_found(
        &probed(&node, tcp(port, "PING"), 2000).await,
        "fail",
        "\"PING\" is not in it",
        Some("upstream"),
    );
    assert_found(
        &probed(&node, tcp(nobody().await, ""), 2000).await,
        "fail",
        "refused",
        Some("upstream"),
    );
    let silent = server(&[("", "")]).await;
    let view = probed(&node, tcp(silent, "x"), 100).await;
    assert_found(&view, "timeout", "at the step answer", Some("upstream"));
    // A component of Mailward's may be what is to be repaired.
    let ours = Probe {
        component: Some("receive/Internet".into()),
        ..Probe::new(tcp(nobody().await, ""))
    };
    let view = run(
        &definition(Target::Object(Arc::new(ours)), 2000),
        &node.context,
    )
    .await;
    assert_found(&view, "fail", "refused", None);
}

#[tokio::test]
async fn a_timeout_is_tried_once_more_where_there_is_time_and_slowness_is_told() {
    let node = somewhere();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let first = listener.accept().await.unwrap();
        converse(
            listener.accept().await.unwrap().0,
            &[("", "220 at last\r\n")],
        )
        .await;
        drop(first);
    });
    let target = ProbeTarget::Tcp(TcpTarget {
        host: localhost(),
        port,
        send: String::new(),
        expect: "220".into(),
    });
    let mut definition = definition(Target::Object(Arc::new(Probe::new(target))), 200);
    (
        definition.again,
        definition.interval_ms,
        definition.slow_after_ms,
    ) = (true, 800, Some(100));
    let view = run(&definition, &node.context).await;
    assert_found(&view, "slow", "at last; slower than 100 ms", None);
    assert!(view.took_ms >= 200);
}

const SMTP: &[(&str, &str)] = &[
    ("", "220 mx ESMTP\r\n"),
    ("EHLO", "250-mx\r\n250 AUTH PLAIN LOGIN\r\n"),
    (
        "AUTH PLAIN AHBvc3RtYW4Ab3BlbiBzZXNhbWU=",
        "235 2.7.0 welcome\r\n",
    ),
    ("AUTH", "535 5.7.8 no\r\n"),
    ("QUIT", "221 bye\r\n"),
];

#[tokio::test]
async fn mail_servers_are_greeted_and_signed_in_to() {
    let node = somewhere();
    let secret = node.dir.path().join("secret");
    std::fs::write(&secret, "open sesame\n").unwrap();
    let mail = |port, user: Option<&str>| MailTarget {
        port: Some(port),
        user: user.map(str::to_owned),
        secret_file: user.map(|_| secret.clone()),
        ..MailTarget::new(localhost())
    };
    let port = server(SMTP).await;
    let view = probed(&node, ProbeTarget::Smtp(mail(port, Some("postman"))), 2000).await;
    assert_found(&view, "pass", "postman signs in", None);
    let told = format!("{view:?}");
    assert!(
        told.contains("AUTH PLAIN ***") && !told.contains("AHBvc3"),
        "{told}"
    );
    let view = probed(&node, ProbeTarget::Smtp(mail(port, Some("other"))), 2000).await;
    assert_found(&view, "fail", "535", Some("credential"));
    std::fs::remove_file(&secret).unwrap();
    let view = probed(&node, ProbeTarget::Smtp(mail(port, Some("postman"))), 2000).await;
    assert_found(&view, "probe_error", "secret file", None);
    std::fs::write(&secret, "open sesame\n").unwrap();
    let far = MailTarget {
        host: "localhost.example".parse().unwrap(),
        ..mail(port, Some("postman"))
    };
    let starttls = MailTarget {
        tls: ProbeTls::Starttls,
        ..mail(port, None)
    };
    let view = probed(&node, ProbeTarget::Smtp(starttls), 2000).await;
    assert_found(&view, "fail", "STARTTLS is not offered", Some("config"));
    assert_found(
        &probed(&node, ProbeTarget::Smtp(far), 5000).await,
        "fail",
        "no resolver",
        Some("dns"),
    );

    let port = server(&[("", "554 5.7.1 go away\r\n")]).await;
    assert_found(
        &probed(&node, ProbeTarget::Smtp(mail(port, None)), 2000).await,
        "fail",
        "554",
        Some("upstream"),
    );
    let port = server(&[
        ("", "220 mx LMTP\r\n"),
        ("LHLO", "250 mx\r\n"),
        ("QUIT", "221\r\n"),
    ])
    .await;
    assert_found(
        &probed(&node, ProbeTarget::Lmtp(mail(port, None)), 2000).await,
        "pass",
        "LMTP",
        None,
    );
    assert_found(
        &probed(&node, ProbeTarget::Smtp(mail(port, None)), 300).await,
        "timeout",
        "at the step hello",
        Some("upstream"),
    );

    let imap: &'static [_] = &[
        ("", "* OK imap ready\r\n"),
        (
            "a2 LOGIN \"postman\" \"open sesame\"",
            "* CAPABILITY IMAP4rev1\r\na2 OK in\r\n",
        ),
        ("a2 LOGIN", "a2 NO [AUTHENTICATIONFAILED] no\r\n"),
    ];
    let port = server(imap).await;
    let view = probed(&node, ProbeTarget::Imap(mail(port, Some("postman"))), 2000).await;
    assert_found(&view, "pass", "postman signs in", None);
    assert!(!format!("{view:?}").contains("open sesame"));
    let view = probed(&node, ProbeTarget::Imap(mail(port, Some("other"))), 2000).await;
    assert_found(&view, "fail", "AUTHENTICATIONFAILED", Some("credential"));
    let port = server(&[("", "* BYE shutting down\r\n")]).await;
    assert_found(
        &probed(&node, ProbeTarget::Imap(mail(port, None)), 2000).await,
        "fail",
        "BYE",
        Some("upstream"),
    );

    let pop: &'static [_] = &[
        ("", "+OK pop ready\r\n"),
        ("USER", "+OK\r\n"),
        ("PASS open sesame", "+OK in\r\n"),
        ("PASS", "-ERR no\r\n"),
    ];
    let port = server(pop).await;
    assert_found(
        &probed(&node, ProbeTarget::Pop3(mail(port, Some("postman"))), 2000).await,
        "pass",
        "signs in",
        None,
    );
    std::fs::write(&secret, "wrong\n").unwrap();
    let view = probed(&node, ProbeTarget::Pop3(mail(port, Some("postman"))), 2000).await;
    assert_found(&view, "fail", "-ERR", Some("credential"));
    let expect = MailTarget {
        expect: "Dovecot".into(),
        ..mail(port, None)
    };
    let view = probed(&node, ProbeTarget::Pop3(expect), 2000).await;
    assert_found(&view, "fail", "\"Dovecot\" is not in it", Some("upstream"));
}

#[tokio::test]
async fn certificates_elsewhere_are_judged() {
    let (port, file, _dir) = tls_server(
        &["localhost"],
        &[("", "+OK\r\n"), ("GET", "HTTP/1.0 200 OK\r\n\r\nhi")],
    )
    .await;
    let mut node = somewhere();
    node.context = node.context.with_network(
        Vec::new(),
        mailward_tls::Roots {
            system: false,
            files: vec![file],
        },
    );
    let tls = |host: &str, min_days| TlsTarget {
        host: host.parse().unwrap(),
        port,
        tls_name: None,
        verify: true,
        min_days,
        require_tls13: true,
    };
    let view = probed(&node, ProbeTarget::Tls(tls("localhost", 7)), 3000).await;
    assert_found(&view, "pass", "TLSv1.3, certificate CN=localhost", None);
    assert!(view.measures[0].value > 7, "{view:?}");
    let view = probed(&node, ProbeTarget::Tls(tls("127.0.0.1", 7)), 3000).await;
    assert_found(
        &view,
        "fail",
        "would be refused for 127.0.0.1",
        Some("certificate"),
    );
    let view = probed(&node, ProbeTarget::Tls(tls("localhost", 100_000)), 3000).await;
    assert_found(&view, "fail", "ends soon", Some("certificate"));
    // Whoever trusts nobody refuses it.
    let stranger = somewhere();
    let view = probed(&stranger, ProbeTarget::Tls(tls("localhost", 7)), 3000).await;
    assert_found(
        &view,
        "fail",
        "would be refused for localhost",
        Some("certificate"),
    );
    let plain = server(&[("", "220 no TLS here\r\n")]).await;
    let view = probed(
        &node,
        ProbeTarget::Tls(TlsTarget {
            port: plain,
            ..tls("localhost", 7)
        }),
        3000,
    )
    .await;
    assert_found(&view, "fail", "TLS handshake", Some("upstream"));
}

#[tokio::test]
async fn pages_are_judged_by_status_header_and_text() {
    let node = somewhere();
    let port = server(&[
        (
            "GET /well",
            "HTTP/1.1 200 OK\r\nX-Kind: page\r\nContent-Length: 11\r\n\r\nall is well",
        ),
        ("GET", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    ])
    .await;
    let page = |path: &str| HttpTarget {
        url: format!("http://127.0.0.1:{port}{path}"),
        status: Vec::new(),
        contains: String::new(),
        header: String::new(),
        verify: true,
        min_days: 7,
    };
    let well = HttpTarget {
        contains: "is well".into(),
        header: "X-Kind: page".into(),
        ..page("/well")
    };
    let view = probed(&node, ProbeTarget::Http(well.clone()), 3000).await;
    assert_found(&view, "pass", "the answer is 200", None);
    for (target, word) in [
        (page("/"), "the answer is 503"),
        (
            HttpTarget {
                contains: "unwell".into(),
                ..well.clone()
            },
            "\"unwell\" is not in",
        ),
        (
            HttpTarget {
                header: "X-Kind: other".into(),
                ..well.clone()
            },
            "without the header field",
        ),
        (
            HttpTarget {
                status: vec![204],
                ..well.clone()
            },
            "the answer is 200",
        ),
    ] {
        assert_found(
            &probed(&node, ProbeTarget::Http(target), 3000).await,
            "fail",
            word,
            Some("upstream"),
        );
    }
    let busy = HttpTarget {
        status: vec![503],
        ..page("/")
    };
    assert_found(
        &probed(&node, ProbeTarget::Http(busy), 3000).await,
        "pass",
        "503",
        None,
    );
    let smtp = server(&[("", "220 mx\r\n")]).await;
    let wrong = HttpTarget {
        url: format!("http://127.0.0.1:{smtp}/"),
        ..page("/")
    };
    assert_found(
        &probed(&node, ProbeTarget::Http(wrong), 3000).await,
        "fail",
        "no answer",
        Some("upstream"),
    );
    let secure = HttpTarget {
        url: format!("https://127.0.0.1:{port}/"),
        ..page("/")
    };
    assert_found(
        &probed(&node, ProbeTarget::Http(secure), 3000).await,
        "fail",
        "TLS handshake",
        Some("upstream"),
    );
}

#[tokio::test]
async fn smart_hosts_are_greeted_and_get_no_mail() {
    let node = somewhere();
    let look = async |port: u16, tls| {
        let upstream = Upstream {
            host: format!("127.0.0.1:{port}").parse().unwrap(),
            lmtp: false,
            tls,
            fqdn: Some("edge.example.org".parse().unwrap()),
        };
        run(
            &definition(Target::SmartHost(Box::new(upstream)), 2000),
            &node.context,
        )
        .await
    };
    let well = server(&[
        ("", "220 relay\r\n"),
        ("EHLO edge.example.org", "250 relay\r\n"),
        ("QUIT", "221\r\n"),
    ])
    .await;
    assert_found(
        &look(well, OutboundTls::Opportunistic).await,
        "pass",
        "220 relay",
        None,
    );
    assert_found(
        &look(well, OutboundTls::Required).await,
        "fail",
        "offers no STARTTLS",
        Some("config"),
    );
    assert_found(
        &look(nobody().await, OutboundTls::Off).await,
        "fail",
        "refused",
        Some("upstream"),
    );
    let full = server(&[("", "421 4.3.2 full\r\n")]).await;
    assert_found(
        &look(full, OutboundTls::Off).await,
        "fail",
        "421",
        Some("upstream"),
    );
}

#[tokio::test]
async fn programs_are_judged_by_the_convention_of_nagios() {
    let node = somewhere();
    let sh = |script: &str| {
        ProbeTarget::Command(CommandTarget {
            command: vec!["/bin/sh".into(), "-c".into(), script.into()],
        })
    };
    let view = probed(
        &node,
        sh("echo 'OK: fine | time=0.002s;1;2'; echo more"),
        5000,
    )
    .await;
    assert_found(&view, "pass", "OK: fine", None);
    assert_eq!(
        (view.text.as_str(), view.measures[0].value),
        ("OK: fine", 2000)
    );
    for (script, verdict, word, cause) in [
        ("echo WARNING: full; exit 1", "slow", "WARNING: full", None),
        (
            "echo CRITICAL: down; exit 2",
            "fail",
            "CRITICAL: down",
            Some("upstream"),
        ),
        ("echo UNKNOWN: what; exit 3", "probe_error", "UNKNOWN", None),
        ("exit 9", "probe_error", "exit code 9", None),
        ("kill -9 $$", "probe_error", "signal", None),
    ] {
        assert_found(&probed(&node, sh(script), 5000).await, verdict, word, cause);
    }
    let view = probed(&node, sh("head -c 1000000 /dev/zero | tr '\\0' x"), 5000).await;
    assert_eq!((view.verdict.as_str(), view.text.len()), ("pass", 4096));
    let missing = ProbeTarget::Command(CommandTarget {
        command: vec!["/no/such/plugin".into()],
    });
    assert_found(
        &probed(&node, missing, 5000).await,
        "probe_error",
        "cannot be started",
        None,
    );
    // What a program has started ends with it, however it hides.
    let mark = node.dir.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; sleep 300", mark.display());
    let view = probed(&node, sh(&script), 500).await;
    assert_found(&view, "timeout", "at the step run", Some("upstream"));
    let pid = std::fs::read_to_string(&mark).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    for _ in 0..200 {
        let left = std::fs::read_to_string(&stat).unwrap_or_default();
        if left.is_empty() || left.contains(") Z ") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("process {pid} outlived its probe");
}
