//! Neighbours are watched: Debian's Dovecot and Postfix, OpenSSL with a certificate that has expired,
//! Python's web server, Nagios plugins, and programs that report by themselves. Each is found well,
//! and found wrong for the right reason.
//!
//! Dovecot and Postfix run with configurations of their own; that needs root, and without it these
//! tests say so and end.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use mailward_tls::ca;
use serde_json::{Value, json};

use crate::support::{Node, free_port, read, run, text, wait_for};

/// A program of the test host that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[&str]) -> Program {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Program(child.unwrap_or_else(|error| panic!("{program} is needed by this test: {error}")))
}

/// Makes a probe object.
#[track_caller]
fn watch(node: &Node, name: &str, target: &Value) {
    let (kind, fields) = target.as_object().unwrap().iter().next().unwrap();
    node.ask(&["probe", "set", name, &format!("target.{kind}={fields}")]);
}

/// Runs a probe until it was taken over by the worker; its result.
fn probed(node: &Node, name: &str) -> Value {
    let mut result = Value::Null;
    wait_for(&format!("the probe {name} is known"), || {
        let output = node.command(&["health", "probe", "run", name, "--trace", "--json"]);
        result = serde_json::from_slice(&output.stdout).unwrap_or_default();
        result.get("verdict").is_some()
    });
    result
}

#[track_caller]
fn found(result: &Value, verdict: &str, word: &str, cause: Option<&str>) {
    assert_eq!(result["verdict"], verdict, "{result:#}");
    assert!(
        result["text"].as_str().unwrap().contains(word),
        "{result:#}"
    );
    assert_eq!(result["cause"].as_str(), cause, "{result:#}");
}

/// A self-signed certificate of localhost with its key, in one file, that ends in so many days.
fn certificate(node: &Node, days: i64) -> String {
    let now = SystemTime::now();
    let day = Duration::from_secs(86_400);
    let end = match u32::try_from(days) {
        Ok(days) => now + day * days,
        Err(_) => now - day,
    };
    let leaf = ca::Leaf::new(["localhost"]).valid(now - 9 * day, end);
    let issued = ca::self_signed(&leaf).unwrap();
    let path = issued
        .write(&node.path(""), &format!("ends{days}"))
        .unwrap();
    path.to_str().unwrap().to_owned()
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn pages_certificates_plugins_and_reports() {
    let node = Node::start(crate::support::objects);

    // Python's web server: right, and a page that is not there.
    let folder = node.path("www");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "all is well").unwrap();
    let web = free_port();
    let directory = folder.to_str().unwrap().to_owned();
    let _web = start(
        "python3",
        &[
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            "--directory",
            &directory,
            &web.to_string(),
        ],
    );
    wait_for("the web server listens", || listens(web));
    let url = |path: &str| json!({ "http": { "url": format!("http://127.0.0.1:{web}/{path}"), "contains": "is well" } });
    watch(&node, "page", &url(""));
    watch(&node, "no-page", &url("gone"));
    found(&probed(&node, "page"), "pass", "the answer is 200", None);
    found(
        &probed(&node, "no-page"),
        "fail",
        "the answer is 404",
        Some("upstream"),
    );

    // OpenSSL with a certificate that has expired.
    let expired = certificate(&node, -1);
    let fine = certificate(&node, 30);
    let ports = [free_port(), free_port()];
    let serve = |port: u16, file: &str| {
        let address = format!("127.0.0.1:{port}");
        start(
            "openssl",
            &[
                "s_server", "-www", "-accept", &address, "-cert", file, "-key", file,
            ],
        )
    };
    let _servers = [serve(ports[0], &expired), serve(ports[1], &fine)];
    wait_for("both listen", || ports.iter().all(|port| listens(*port)));
    let tls = |port: u16, verify: bool| json!({ "tls": { "host": "localhost", "port": port, "verify": verify } });
    watch(&node, "expired", &tls(ports[0], false));
    watch(&node, "self-signed", &tls(ports[1], true));
    watch(&node, "unverified", &tls(ports[1], false));
    found(
        &probed(&node, "expired"),
        "fail",
        "has expired",
        Some("certificate"),
    );
    found(
        &probed(&node, "self-signed"),
        "fail",
        "would be refused for localhost",
        Some("certificate"),
    );
    let result = probed(&node, "unverified");
    found(&result, "pass", "29 days left", None);
    let trace = result["steps"].to_string();
    for seen in [
        "connected to 127.0.0.1:",
        "TLSv1.3 TLS_",
        "certificate CN=localhost",
        "names localhost",
    ] {
        assert!(trace.contains(seen), "{seen}: {trace}");
    }

    // Nagios plugins of Debian.
    let plugin = |words: &[&str]| json!({ "command": { "command": words } });
    let dummy = "/usr/lib/nagios/plugins/check_dummy";
    for (name, code, verdict, cause) in [
        ("dummy-0", "0", "pass", None),
        ("dummy-1", "1", "slow", None),
        ("dummy-2", "2", "fail", Some("upstream")),
        ("dummy-3", "3", "probe_error", None),
    ] {
        watch(&node, name, &plugin(&[dummy, code, "said the dummy"]));
        found(&probed(&node, name), verdict, "said the dummy", cause);
    }
    watch(
        &node,
        "load",
        &plugin(&[
            "/usr/lib/nagios/plugins/check_load",
            "-w",
            "900,900,900",
            "-c",
            "999,999,999",
        ]),
    );
    let load = probed(&node, "load");
    found(&load, "pass", "load average", None);
    assert!(load["measures"].to_string().contains("load15"), "{load:#}");

    // What reports by itself: red, green, and silence.
    node.ask(&[
        "probe",
        "set",
        "sync",
        "target.report={\"expires\":\"3s\"}",
        "interval=500ms",
        "timeout=400ms",
        "failures=1",
        "health-set=Directory",
    ]);
    let passed = || {
        let words = [
            "health",
            "report-result",
            "sync",
            "pass",
            "--text",
            "412 entries",
        ];
        node.command(&words).status.success()
    };
    wait_for("the report is taken", passed);
    let state = |set: &str| {
        let output = node.command(&["health", "show", set, "--json"]);
        let set: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        set["state"].as_str().unwrap_or_default().to_owned()
    };
    // No stage of recovery could cure it: it is a person's at once.
    let bad = || ["degraded", "unhealthy", "unrecoverable"].contains(&state("Directory").as_str());
    // It reports on and on, as such programs do: one report alone is soon silence.
    wait_for("it is well", || passed() && state("Directory") == "healthy");
    node.ask(&[
        "health",
        "report-result",
        "sync",
        "fail",
        "--text",
        "no route to the directory",
    ]);
    wait_for("it is bad", bad);
    wait_for("it recovers", || {
        passed() && ["recovering", "healthy"].contains(&state("Directory").as_str())
    });
    wait_for("silence is a failure", bad);
    let show = text(&node.command(&["health", "show", "Directory"]));
    assert!(show.contains("nothing was reported for 3s"), "{show}");
    let (_, said) = node.refused(&["health", "report-result", "disk", "pass"]);
    assert!(said.contains("waits for reports"), "{said}");

    // All of them are listed, and one that is removed is not.
    let list = node.ask(&["health", "probe", "list", "dummy"]);
    assert_eq!(list.matches("probe/dummy-").count(), 4, "{list}");
    node.ask(&["probe", "remove", "dummy-2"]);
    wait_for("it is gone", || {
        !node
            .ask(&["health", "probe", "list", "dummy"])
            .contains("probe/dummy-2")
    });

    // Mailward's own are seen through, too.
    for (name, word) in [
        ("queue/ownership", "has an owner"),
        ("journal", "journal reports"),
        ("store", "read and written"),
        ("certificates", "certificate"),
        ("process/transport", "suffice"),
        ("process/manager", "suffice"),
        ("process/access", "suffice"),
        ("process/worker", "suffice"),
        ("admin", "status is answered"),
        ("clock", "the wall clock"),
    ] {
        let result = probed(&node, name);
        assert!(
            ["pass", "slow"].contains(&result["verdict"].as_str().unwrap()),
            "{result:#}"
        );
        assert!(
            result["text"].as_str().unwrap().contains(word),
            "{result:#}"
        );
    }
    let trace = node.ask(&["health", "probe", "run", "connector/Internet", "--trace"]);
    for seen in ["> EHLO mail.example.test", "< 250", "< 220 "] {
        assert!(trace.contains(seen), "{seen}: {trace}");
    }
    let brief = node.ask(&["health", "probe", "run", "connector/Internet"]);
    assert!(!brief.contains("EHLO"), "{brief}");
}

#[test]
fn postfix_is_greeted_under_tls_and_its_port_is_missed() {
    let Some(postfix) =
        crate::postfix_hands_mail_in_and_takes_mail_out::Postfix::start(free_port())
    else {
        return;
    };
    let node = Node::start(crate::support::objects);
    let smtp = |verify: bool, port: u16| json!({ "smtp": { "host": "127.0.0.1", "port": port, "tls": "starttls", "verify": verify, "min_days": 0 } });
    wait_for("Postfix listens", || listens(postfix.port));
    watch(&node, "postfix", &smtp(false, postfix.port));
    watch(&node, "postfix-checked", &smtp(true, postfix.port));
    let result = probed(&node, "postfix");
    found(&result, "pass", "ESMTP Postfix", None);
    assert!(
        result["steps"].to_string().contains("> STARTTLS"),
        "{result:#}"
    );
    found(
        &probed(&node, "postfix-checked"),
        "fail",
        "would be refused",
        Some("certificate"),
    );
    watch(&node, "nobody", &smtp(false, free_port()));
    found(
        &probed(&node, "nobody"),
        "fail",
        "refused",
        Some("upstream"),
    );
}

/// A private Dovecot that knows anna, whose password is "open sesame".
struct Dovecot {
    folder: tempfile::TempDir,
    imap: u16,
    pop3: u16,
    lmtp: u16,
    /// Where it answers Postfix who may sign in.
    sasl: u16,
    _program: Program,
}

impl Dovecot {
    /// Starts it. `None` without root.
    fn start() -> Option<Dovecot> {
        if !nix::unistd::Uid::effective().is_root() {
            eprintln!("skipped: a private Dovecot needs root");
            return None;
        }
        let folder = tempfile::Builder::new()
            .prefix("dovecot")
            .tempdir_in("/var/tmp")
            .unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(run("chmod", &["755", folder.path().to_str().unwrap()], "").0);
        for name in ["run", "mail", "state"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        std::fs::write(path("users"), "anna:{PLAIN}open sesame:::::\n").unwrap();
        let [imap, pop3, lmtp, sasl] = [(); 4].map(|()| free_port());
        let listener = |service: &str, listener: &str, port: u16| {
            format!(
                "service {service} {{\n  chroot =\n  inet_listener {listener} {{\n    address = 127.0.0.1\n    port = {port}\n  }}\n}}\n"
            )
        };
        let services = [
            listener("imap-login", "imap", imap),
            listener("pop3-login", "pop3", pop3),
            listener("lmtp", "lmtp", lmtp),
            listener("auth", "", sasl),
        ];
        let configuration = format!(
            "base_dir = {}\nstate_dir = {}\nlog_path = {}\nprotocols = imap pop3 lmtp\nssl = no\n\
             disable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             mail_location = maildir:{}/%u\nfirst_valid_uid = 1\n\
             passdb {{\n  driver = passwd-file\n  args = {users}\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={}/%u\n}}\n\
             service anvil {{\n  chroot =\n}}\n{}",
            path("run").display(),
            path("state").display(),
            path("log").display(),
            path("mail").display(),
            path("mail").display(),
            services.concat(),
            users = path("users").display(),
        );
        std::fs::write(path("dovecot.conf"), configuration).unwrap();
        let file = path("dovecot.conf");
        let program = start("dovecot", &["-F", "-c", file.to_str().unwrap()]);
        wait_for("Dovecot listens", || {
            [imap, pop3, lmtp, sasl].iter().all(|port| listens(*port))
        });
        Some(Dovecot {
            folder,
            imap,
            pop3,
            lmtp,
            sasl,
            _program: program,
        })
    }

    fn log(&self) -> String {
        read(&self.folder.path().join("log"))
    }
}

/// A right and a wrong password, each in a file of the node.
fn secrets(node: &Node) {
    for (name, secret) in [("right", "open sesame\n"), ("wrong", "open rye\n")] {
        std::fs::write(node.path(name), secret).unwrap();
    }
}

#[test]
fn postfix_signs_in_whom_dovecot_knows() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    let sasl = format!(
        "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{}\n",
        dovecot.sasl
    );
    let login = format!("{sasl}smtpd_sasl_mechanism_filter = login\n");
    let servers = [sasl, login].map(|settings| {
        crate::postfix_hands_mail_in_and_takes_mail_out::Postfix::start_with(free_port(), &settings)
            .unwrap()
    });
    let node = Node::start(crate::support::objects);
    secrets(&node);
    wait_for("both listen", || {
        servers.iter().all(|server| listens(server.port))
    });
    for (mechanism, server) in ["PLAIN", "LOGIN"].iter().zip(&servers) {
        let target = |secret: &str| {
            json!({ "smtp": {
                "host": "127.0.0.1", "port": server.port, "tls": "starttls", "verify": false,
                "user": "anna", "secret_file": node.path(secret).to_str().unwrap(),
            } })
        };
        watch(&node, mechanism, &target("right"));
        let result = probed(&node, mechanism);
        if result["verdict"] != "pass" {
            eprintln!("what Dovecot logged:\n{}", dovecot.log());
        }
        found(&result, "pass", "anna signs in", None);
        let steps = result["steps"].to_string();
        assert!(steps.contains(&format!("> AUTH {mechanism}")), "{steps}");
        assert!(!steps.contains("sesame"), "{steps}");
        let wrong = format!("{mechanism}-wrong");
        watch(&node, &wrong, &target("wrong"));
        found(
            &probed(&node, &wrong),
            "fail",
            "sign-in",
            Some("credential"),
        );
    }
}

#[test]
fn dovecot_signs_in_whom_it_knows() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    let Dovecot {
        imap, pop3, lmtp, ..
    } = dovecot;
    let node = Node::start(crate::support::objects);
    secrets(&node);
    let server = |kind: &str, port: u16, secret: &str| {
        json!({ kind: {
            "host": "127.0.0.1", "port": port, "expect": "Dovecot", "user": "anna",
            "secret_file": node.path(secret).to_str().unwrap(),
        } })
    };
    for (kind, port) in [("imap", imap), ("pop3", pop3)] {
        watch(&node, kind, &server(kind, port, "right"));
        let result = probed(&node, kind);
        if result["verdict"] != "pass" {
            eprintln!("what Dovecot logged:\n{}", dovecot.log());
        }
        found(&result, "pass", "anna signs in", None);
        assert!(!result.to_string().contains("sesame"), "{result:#}");
        let wrong = format!("{kind}-wrong");
        watch(&node, &wrong, &server(kind, port, "wrong"));
        found(
            &probed(&node, &wrong),
            "fail",
            "sign-in",
            Some("credential"),
        );
    }
    watch(
        &node,
        "lmtp",
        &json!({ "lmtp": { "host": "127.0.0.1", "port": lmtp, "expect": "Dovecot" } }),
    );
    found(&probed(&node, "lmtp"), "pass", "Dovecot", None);
    // What is no IMAP server is not taken for one.
    watch(
        &node,
        "imap-on-lmtp",
        &json!({ "imap": { "host": "127.0.0.1", "port": lmtp } }),
    );
    found(
        &probed(&node, "imap-on-lmtp"),
        "fail",
        "it greets with 220",
        Some("upstream"),
    );
}
