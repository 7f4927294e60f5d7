//! `mailward test tls` tests two hundred endpoints in about the time that one takes, and shows on a
//! terminal how far it is; what DNS and a policy page say of a mail server (DANE, MTA-STS) is compared
//! with what the server shows.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mailward_tls::ca::{Authority, Leaf};

use crate::{
    outside::NameServer,
    support::{Node, mailward, objects, run, text, wait_for},
    terminal::{self, Tmux},
    tls_peers,
};

const TARGETS: usize = 200;
/// How long a slow server thinks before it refuses.
const THINKS: Duration = Duration::from_secs(1);

/// A server that takes a hello and refuses it after a while; its port.
fn slow_server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                thread::park_timeout(THINKS);
                // A fatal alert: handshake_failure.
                let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 40]);
            });
        }
    });
    port
}

#[test]
fn two_hundred_take_as_long_as_the_slowest_and_a_bar_shows_how_far_they_are() {
    if !terminal::is_there() {
        return;
    }
    let target = format!("127.0.0.1:{}", slow_server());
    let alone = Instant::now();
    let output = mailward().args(["test", "tls", &target]).output().unwrap();
    let alone = alone.elapsed();
    // It agrees on nothing: nothing is found, and nothing could be tested.
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(alone >= THINKS);

    // Never served: its folder has the terminal's socket.
    let node = Node::prepare(objects);
    let file = node.path("targets");
    std::fs::write(&file, format!("{target}\n").repeat(TARGETS)).unwrap();
    let program = env!("CARGO_BIN_EXE_mailward");
    let began = Instant::now();
    let terminal = Tmux::start(
        &node,
        &format!("{program} test tls --targets {}", file.display()),
    );
    terminal.shows(&format!("/{TARGETS}"));
    let mut ended = false;
    // One after the other they would take two hundred times as long as one.
    let limit = alone * 20 + Duration::from_secs(30);
    assert!(
        limit < alone * 100,
        "the comparison means something: {alone:?}"
    );
    while !ended {
        assert!(
            began.elapsed() < limit,
            "{alone:?} alone, and not all in {limit:?}"
        );
        thread::park_timeout(Duration::from_millis(50));
        ended = terminal.screen(false).contains("ended with 3");
    }
    eprintln!("{alone:?} alone, {TARGETS} in {:?}", began.elapsed());
    assert!(
        !terminal
            .screen(false)
            .contains(&format!("{TARGETS}/{TARGETS}")),
        "the bar is taken away: {}",
        terminal.screen(false)
    );
}

/// OpenSSL, that serves the files of a folder; ended with this.
struct Pages(Child);

impl Drop for Pages {
    fn drop(&mut self) {
        // It has ended, or is ended now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address of loopback at whose port 443 nobody listens: MTA-STS is fetched there and nowhere else.
fn free_address() -> Ipv4Addr {
    let own = std::process::id();
    let octet = |of: u32| u8::try_from(1 + of % 250).unwrap();
    let mut all = (0..200).map(|step| Ipv4Addr::new(127, 77, octet(own / 250), octet(own + step)));
    let free = all.find(|address| TcpListener::bind((*address, 443)).is_ok());
    free.expect("an address of loopback with a free port 443")
}

fn policy(folder: &Path, mx: &str) {
    let text = format!("version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n");
    let place = folder.join(".well-known");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("mta-sts.txt"), text).unwrap();
}

#[test]
fn what_dns_and_a_policy_say_of_a_mail_server_is_compared_with_what_it_shows() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: only root can serve a policy at port 443");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = Authority::open_or_make(folder, "Example Root").unwrap();
    let issued = authority.issue(&Leaf::new(["mx.example.test"])).unwrap();
    issued.write(folder, "mx").unwrap();
    let hop = tls_peers::hop(&issued);
    let port = hop.address.port();
    let page = authority
        .issue(&Leaf::new(["mta-sts.example.test"]))
        .unwrap();
    page.write(folder, "page").unwrap();
    let address = free_address();
    let accept = format!("{address}:443");
    let child = Command::new("openssl")
        .args(["s_server", "-quiet", "-WWW", "-accept", &accept])
        .args(["-cert", "page.pem", "-key", "page.pem"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _pages = Pages(child.expect("openssl"));
    wait_for("OpenSSL listens", || {
        std::net::TcpStream::connect((address, 443)).is_ok()
    });

    let names = NameServer::of(Ipv4Addr::LOCALHOST);
    names.has_address("mta-sts.example.test", address);
    names.has_text("_mta-sts.example.test", "v=STSv1; id=1");
    let place = format!("_{port}._tcp.mx.example.test");
    let shell = format!(
        "openssl x509 -in '{}' -outform DER | openssl dgst -sha256 -r",
        folder.join("mx.pem").display()
    );
    let (done, said) = run("sh", &["-c", &shell], "");
    assert!(done, "{said}");
    let digest: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&said[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    // RFC 7671 §5.1: the certificate itself, by its SHA-256.
    let tlsa = |digest: &[u8]| [&[3, 0, 1], digest].concat();
    let look = || {
        let output = mailward()
            .args([
                "test",
                "tls",
                &format!("mx.example.test:{port}"),
                "--starttls",
                "smtp",
            ])
            .args([
                "--resolver",
                &names.address.to_string(),
                "--domain",
                "example.test",
            ])
            .arg("--ca")
            .arg(folder.join("ca.pem"))
            .arg("--json")
            .output()
            .unwrap();
        let reports: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
        let verdicts = reports[0]["verdicts"].as_array().unwrap().clone();
        ["dane", "mta_sts"].map(|subject| {
            let found = verdicts.iter().find(|one| one["subject"] == subject);
            let found = found.unwrap_or_else(|| panic!("{subject}: {reports:#}"));
            found["level"].as_str().unwrap().to_owned()
        })
    };
    policy(folder, "mx.example.test");
    assert_eq!(look(), ["note", "well"], "no record is published");
    names.has_tlsa(&place, tlsa(&digest));
    assert_eq!(look(), ["well", "well"]);
    names.has_tlsa(&place, tlsa(&[7; 32]));
    policy(folder, "other.example.test");
    assert_eq!(look(), ["bad", "bad"]);
}
