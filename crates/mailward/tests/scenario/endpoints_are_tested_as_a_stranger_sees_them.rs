//! `mailward test tls` finds Heartbleed where it is and nowhere else, without a node: on a stand-in
//! for servers of 2014, whose verdicts nmap confirms, and on GnuTLS and OpenSSL of today. (Real
//! vulnerable servers: `bench/heartbleed`.)

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use mailward_testkit::heartbleed::{Before, Mode, start};
use mailward_tls::ca;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::support::{free_port, mailward, text, wait_for};

/// What `test tls` says of a target: the verdict on Heartbleed, and the exit code.
fn verdict(address: SocketAddr, protocol: &str) -> (String, i32) {
    let output = mailward()
        .args(["test", "tls", &address.to_string(), "--timeout", "2"])
        .args(["--starttls", protocol, "--json"])
        .output()
        .unwrap();
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    let verdicts = reports[0]["verdicts"].as_array().unwrap();
    let found = verdicts.iter().find(|one| one["subject"] == "heartbleed");
    let found = found.unwrap_or_else(|| panic!("{reports:#}"));
    let level = found["level"].as_str().unwrap().to_owned();
    (level, output.status.code().unwrap())
}

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let has = found.is_ok();
    if !has {
        eprintln!("{program} is not installed: not asked");
    }
    has
}

/// What nmap says of it.
fn nmap_calls_it_vulnerable(address: SocketAddr) -> bool {
    let output = Command::new("nmap")
        .args(["-Pn", "-n", "--script", "ssl-heartbleed", "-p"])
        .arg(address.port().to_string())
        .arg("127.0.0.1")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("VULNERABLE")
}

#[test]
fn heartbleed_is_found_where_it_is_and_nowhere_else() {
    let issued = ca::self_signed(&ca::Leaf::new(["mail.example.org"])).unwrap();
    let der = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes())
        .unwrap()
        .to_vec();
    let nmap = has("nmap");
    let cases = [
        (Mode::Vulnerable, Before::Nothing, "bad", Some(true)),
        (Mode::Buffered, Before::Nothing, "bad", Some(true)),
        (Mode::Buffered, Before::Smtp, "bad", None),
        (Mode::NotOffered, Before::Nothing, "well", Some(false)),
        (Mode::NotOffered, Before::Smtp, "well", None),
        // nmap waits for long where nothing is said.
        (Mode::Sound, Before::Nothing, "well", None),
        (Mode::Alert, Before::Nothing, "well", Some(false)),
        (Mode::Close, Before::Nothing, "well", None),
        (Mode::Odd, Before::Nothing, "weak", None),
    ];
    // Each waits for answers that do not come; together they take as long as the slowest.
    std::thread::scope(|scope| {
        for (mode, before, expected, judged) in cases {
            let der = der.clone();
            scope.spawn(move || {
                let address = start(mode, before, der).unwrap();
                let protocol = match before {
                    Before::Nothing => "none",
                    Before::Smtp => "smtp",
                };
                let (level, code) = verdict(address, protocol);
                assert_eq!(level, expected, "{mode:?} {before:?}");
                // The stand-in is self-signed and speaks nothing new: there is always something to
                // mend.
                assert_eq!(code, 1, "{mode:?} {before:?}");
                // nmap knows by the port what is spoken before TLS: it is asked where that is
                // nothing.
                if let (true, Some(vulnerable)) = (nmap, judged) {
                    assert_eq!(nmap_calls_it_vulnerable(address), vulnerable, "{mode:?}");
                }
            });
        }
    });
}

/// A program that serves, ended with this.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended, or is ended now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(program: &str, arguments: &[&str], port: u16, files: &Path) -> Serving {
    let child = Command::new(program)
        .args(arguments)
        .current_dir(files)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(program, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    Serving(child)
}

#[test]
fn servers_of_today_are_called_sound_and_stay_up() {
    let dir = tempfile::tempdir().unwrap();
    let issued = ca::self_signed(&ca::Leaf::new(["mail.example.org"])).unwrap();
    std::fs::write(dir.path().join("key.pem"), &issued.key_pem).unwrap();
    std::fs::write(dir.path().join("cert.pem"), &issued.certificate_pem).unwrap();
    let mut servers = Vec::new();
    if has("openssl") {
        let port = free_port();
        let accept = format!("127.0.0.1:{port}");
        let arguments = [
            "s_server", "-quiet", "-accept", &accept, "-key", "key.pem", "-cert", "cert.pem",
        ];
        servers.push((port, serve("openssl", &arguments, port, dir.path())));
    }
    if has("gnutls-serv") {
        let port = free_port();
        let at = port.to_string();
        // It offers the extension, as the vulnerable did, and is sound.
        let arguments = [
            "--heartbeat",
            "--quiet",
            "--x509keyfile",
            "key.pem",
            "--x509certfile",
            "cert.pem",
            "--port",
            &at,
        ];
        servers.push((port, serve("gnutls-serv", &arguments, port, dir.path())));
    }
    for (port, _serving) in &servers {
        let address = SocketAddr::from(([127, 0, 0, 1], *port));
        assert_eq!(verdict(address, "none").0, "well", "{port}");
        assert_eq!(
            verdict(address, "none").0,
            "well",
            "{port}: it still stands"
        );
    }
}

#[test]
fn nothing_found_and_nothing_tested_are_told_apart() {
    let closed = format!("127.0.0.1:{}", free_port());
    let output = mailward().args(["test", "tls", &closed]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("not reached"));
    let output = mailward().args(["test", "tls", "a b"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}
