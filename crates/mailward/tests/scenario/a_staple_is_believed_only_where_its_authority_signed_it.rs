//! `mailward test tls` believes an OCSP response that a server staples only where the certificate's
//! authority signed it, or a responder whom the authority appointed. OpenSSL makes the responses and
//! staples them.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use mailward_tls::ca::{Authority, Leaf};

use crate::support::{free_port, mailward, run, text, wait_for};

/// The host that the certificate is for.
const NAME: &str = "localhost";

#[track_caller]
fn openssl(folder: &Path, words: &str) {
    let command = format!("cd '{}' && openssl {words}", folder.display());
    let (done, said) = run("sh", &["-c", &command], "");
    assert!(done, "openssl {words}: {said}");
}

/// OpenSSL, that staples what stands in a file; ended with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, or is ended now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn staples(folder: &Path, response: &str) -> (Server, u16) {
    let port = free_port();
    let accept = format!("127.0.0.1:{port}");
    let child = Command::new("openssl")
        .args([
            "s_server", "-quiet", "-accept", &accept, "-cert", "leaf.pem",
        ])
        .args([
            "-key",
            "leaf.pem",
            "-cert_chain",
            "ca.pem",
            "-status_file",
            response,
        ])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Server(child.expect("openssl"));
    wait_for("OpenSSL listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (server, port)
}

/// What is thought of the staple: the level, and what was found.
fn verdict(folder: &Path, response: &str) -> (String, String) {
    let (_server, port) = staples(folder, response);
    let output = mailward()
        .args([
            "test",
            "tls",
            &format!("{NAME}:{port}"),
            "--starttls",
            "none",
            "--timeout",
            "8",
        ])
        .arg("--ca")
        .arg(folder.join("ca.pem"))
        .arg("--json")
        .output()
        .unwrap();
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    let verdicts = reports[0]["verdicts"].as_array().unwrap();
    let found = verdicts.iter().find(|one| one["subject"] == "ocsp");
    let found = found.unwrap_or_else(|| panic!("{reports:#}"));
    let word = |field: &str| found[field].as_str().unwrap().to_owned();
    (word("level"), word("found"))
}

/// The serial number of a certificate, as OpenSSL's index has it.
fn serial(folder: &Path, certificate: &str) -> String {
    let file = folder.join(certificate);
    let words = ["x509", "-noout", "-serial", "-in", file.to_str().unwrap()];
    let (done, said) = run("openssl", &words, "");
    assert!(done, "{said}");
    said.trim().strip_prefix("serial=").unwrap().to_owned()
}

#[test]
fn who_else_signs_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let impostor = folder.join("impostor");
    std::fs::create_dir(&impostor).unwrap();
    let authority = Authority::open_or_make(folder, "Example Root").unwrap();
    Authority::open_or_make(&impostor, "Example Root").unwrap();
    let leaf = authority.issue(&Leaf::new([NAME])).unwrap();
    leaf.write(folder, "leaf").unwrap();
    let other = authority.issue(&Leaf::new(["other.example"])).unwrap();
    other.write(folder, "other").unwrap();
    // A responder that the authority appointed, and a server certificate that it did not.
    std::fs::write(folder.join("appoints"), "extendedKeyUsage=OCSPSigning\n").unwrap();
    openssl(
        folder,
        "req -newkey rsa:2048 -nodes -keyout responder.key -out responder.csr -subj '/CN=Responder'",
    );
    openssl(
        folder,
        "x509 -req -in responder.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 9 \
         -extfile appoints -out responder.pem",
    );
    let entry = |state: &str, certificate: &str| {
        let revoked = if state == "R" { "250101000000Z" } else { "" };
        let serial = serial(folder, certificate);
        format!("{state}\t491231235959Z\t{revoked}\t{serial}\tunknown\t/CN={certificate}\n")
    };
    let index = entry("V", "leaf.pem") + &entry("V", "other.pem");
    std::fs::write(folder.join("index"), index).unwrap();
    let revoked = entry("R", "leaf.pem");
    std::fs::write(folder.join("revoked"), revoked).unwrap();
    let respond = |out: &str, index: &str, of: &str, signer: &str, more: &str| {
        openssl(
            folder,
            &format!(
                "ocsp -index {index} -CA ca.pem -issuer ca.pem -cert {of} -rsigner {signer} \
                 -ndays 5 -noverify -respout {out} {more}"
            ),
        );
    };
    respond("good", "index", "leaf.pem", "ca.pem", "-rkey ca.key");
    respond(
        "appointed",
        "index",
        "leaf.pem",
        "responder.pem",
        "-rkey responder.key",
    );
    respond("gone", "revoked", "leaf.pem", "ca.pem", "-rkey ca.key");
    respond(
        "forged",
        "index",
        "leaf.pem",
        "impostor/ca.pem",
        "-rkey impostor/ca.key",
    );
    respond(
        "unappointed",
        "index",
        "leaf.pem",
        "other.pem",
        "-rkey other.pem",
    );
    respond("others", "index", "other.pem", "ca.pem", "-rkey ca.key");
    // What accuses is no more believed than what praises.
    respond(
        "slander",
        "revoked",
        "leaf.pem",
        "impostor/ca.pem",
        "-rkey impostor/ca.key",
    );
    for (response, level, found) in [
        ("good", "well", "good"),
        ("appointed", "well", "good"),
        ("gone", "bad", "REVOKED"),
        ("forged", "bad", "FORGED"),
        ("unappointed", "bad", "FORGED"),
        ("slander", "bad", "FORGED"),
        ("others", "bad", "for another certificate"),
    ] {
        let (was, said) = verdict(folder, response);
        assert_eq!((was.as_str(), said.as_str()), (level, found), "{response}");
    }
}
