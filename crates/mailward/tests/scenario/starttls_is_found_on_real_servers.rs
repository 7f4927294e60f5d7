//! `mailward test tls` comes to TLS on real servers of each protocol that it speaks before TLS, and sees
//! their certificates: Dovecot (IMAP, POP3, ManageSieve, LMTP), INN (NNTP), OpenLDAP, PostgreSQL,
//! Prosody (XMPP for clients and between servers), vsftpd.
//!
//! They run with configurations of their own on ports of this test; some need root, and without it the
//! test says so and ends.

use std::{
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use mailward_testkit::cluster::Cluster;
use mailward_tls::ca::{self, Issued};

use crate::{
    directories::Slapd,
    support::{free_port, mailward, run, text, wait_for},
};

/// The name that every server shows.
const NAME: &str = "localhost";

/// Tests a server: it is reached under TLS, sound, and shows its certificate.
#[track_caller]
fn is_seen(port: u16, protocol: &str) {
    let output = mailward()
        .args([
            "test",
            "tls",
            &format!("127.0.0.1:{port}"),
            "--timeout",
            "4",
        ])
        .args(["--starttls", protocol, "--json"])
        .output()
        .unwrap();
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    let report = &reports[0];
    let verdicts = report["verdicts"].as_array().unwrap();
    let level = |subject: &str| {
        let found = verdicts.iter().find(|one| one["subject"] == subject);
        found.map(|one| one["level"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(level("reached"), None, "{protocol}: {report:#}");
    assert_eq!(level("heartbleed").as_deref(), Some("well"), "{report:#}");
    assert!(
        report["agreed"].as_str().unwrap().starts_with("TLSv1."),
        "{protocol}: {report:#}"
    );
    let leaf = &report["chain"][0];
    assert!(leaf.to_string().contains(NAME), "{protocol}: {report:#}");
}

/// A folder that other users may read, with a certificate in it.
fn folder(prefix: &str) -> (tempfile::TempDir, Issued) {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in("/var/tmp")
        .unwrap();
    let issued = ca::self_signed(&ca::Leaf::new([NAME])).unwrap();
    std::fs::write(folder.path().join("cert.pem"), &issued.certificate_pem).unwrap();
    std::fs::write(folder.path().join("key.pem"), &issued.key_pem).unwrap();
    let (done, said) = run("chmod", &["755", folder.path().to_str().unwrap()], "");
    assert!(done, "{said}");
    (folder, issued)
}

fn is_root(what: &str) -> bool {
    let root = nix::unistd::Uid::effective().is_root();
    if !root {
        eprintln!("skipped: {what} needs root");
    }
    root
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

fn serve(program: &str, arguments: &[&str], port: u16, log: &Path) -> Serving {
    let log = std::fs::File::create(log).unwrap();
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    let serving = Serving(child.expect(program));
    wait_for(program, || TcpStream::connect(("127.0.0.1", port)).is_ok());
    serving
}

#[test]
fn of_dovecot() {
    if !is_root("a private Dovecot") {
        return;
    }
    let (folder, _) = folder("dovecot");
    let [imap, pop3, sieve, lmtp] = [(); 4].map(|()| free_port());
    let own = folder.path().display();
    for name in ["run", "state"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let listen = |name: &str, port: u16| {
        format!("inet_listener {name} {{\n address = 127.0.0.1\n port = {port}\n }}")
    };
    let off = |name: &str| format!("inet_listener {name} {{\n port = 0\n }}");
    let configuration = format!(
        "base_dir = {own}/run\nstate_dir = {own}/state\nlog_path = {own}/log\n\
         protocols = imap pop3 sieve lmtp\npostmaster_address = postmaster@example.test\nssl = yes\nssl_cert = <{own}/cert.pem\nssl_key = <{own}/key.pem\n\
         mail_location = maildir:{own}/mail/%u\n\
         service imap-login {{\n {}\n {}\n }}\n\
         service pop3-login {{\n {}\n {}\n }}\n\
         service managesieve-login {{\n {}\n }}\n\
         service lmtp {{\n {}\n }}\n\
         service anvil {{\n chroot =\n }}\n\
         passdb {{\n driver = passwd-file\n args = {own}/users\n }}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={own}/mail/%u\n }}\n",
        listen("imap", imap),
        off("imaps"),
        listen("pop3", pop3),
        off("pop3s"),
        listen("sieve", sieve),
        listen("lmtp", lmtp),
    );
    // Nobody can sign in; without this Dovecot speaks to nobody.
    std::fs::write(folder.path().join("users"), "").unwrap();
    let file = folder.path().join("dovecot.conf");
    std::fs::write(&file, configuration).unwrap();
    let arguments = ["-F", "-c", file.to_str().unwrap()];
    // Ended by a signal that it can hear, so that none of its children stays.
    let mut serving = serve("dovecot", &arguments, imap, &folder.path().join("said"));
    for (port, protocol) in [
        (imap, "imap"),
        (pop3, "pop3"),
        (sieve, "sieve"),
        (lmtp, "lmtp"),
    ] {
        is_seen(port, protocol);
    }
    crate::support::signal(serving.0.id(), "TERM");
    let _ = serving.0.wait();
}

/// INN's server for readers of news, which Debian keeps here.
const NNRPD: &str = "/usr/lib/news/bin/nnrpd";

#[test]
fn of_inn() {
    if !is_root("a private news server") {
        return;
    }
    if !Path::new(NNRPD).exists() {
        eprintln!("skipped: inn2 is not installed (its package needs a host with a domain)");
        return;
    }
    let (folder, _) = folder("inn");
    let port = free_port();
    let own = folder.path().display();
    for name in ["db", "etc", "run", "log", "spool", "spool/overview", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("inn.conf");
    let configuration = format!(
        "domain: example.test\nfqdn: news.example.test\npathhost: news.example.test\n\
         organization: Test\nmta: \"/bin/true %s\"\novmethod: tradindexed\nhismethod: hisv6\n\
         pathnews: /usr/lib/news\nrunasuser: news\nrunasgroup: news\n\
         pathdb: {own}/db\npathetc: {own}/etc\npathrun: {own}/run\npathlog: {own}/log\n\
         pathspool: {own}/spool\npathtmp: {own}/tmp\n\
         tlscertfile: {own}/cert.pem\ntlskeyfile: {own}/key.pem\n"
    );
    std::fs::write(&file, configuration).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put(
        "etc/readers.conf",
        "auth \"all\" {\n hosts: \"*\"\n default: \"<anybody>\"\n}\n\
         access \"all\" {\n users: \"*\"\n newsgroups: \"*\"\n access: R\n}\n",
    );
    put(
        "etc/storage.conf",
        "method tradspool {\n newsgroups: *\n class: 0\n}\n",
    );
    for empty in [
        "etc/nnrpd.track",
        "etc/expire.ctl",
        "db/active",
        "db/newsgroups",
        "db/history",
    ] {
        put(empty, "");
    }
    let shell = |command: &str| {
        let (done, said) = run("sh", &["-ec", command], "");
        assert!(done, "{command}: {said}");
    };
    shell(&format!(
        "chown -R news:news {own} && chmod 640 {own}/key.pem"
    ));
    // A history and an overview of no articles: without them it serves nobody. There are no articles
    // either, which the second program complains of when its work is done.
    let environment = format!("INNCONF={}", file.display());
    let programs = "/usr/lib/news/bin";
    shell(&format!(
        "cd {own}/db && as='runuser -u news -- env {environment}' && \
         $as {programs}/makedbz -i -o -f {own}/db/history && \
         {{ $as {programs}/makehistory -x -O -f {own}/db/history || true; }} && \
         test -e {own}/spool/overview/group.index"
    ));
    let port_word = port.to_string();
    let readers = format!("{own}/etc/readers.conf");
    let arguments = [
        environment.as_str(),
        NNRPD,
        "-D",
        "-f",
        "-p",
        &port_word,
        "-c",
        &readers,
    ];
    let _serving = serve("env", &arguments, port, &folder.path().join("said"));
    is_seen(port, "nntp");
}

#[test]
fn of_openldap() {
    let slapd = Slapd::start("");
    is_seen(slapd.port, "ldap");
}

#[test]
fn of_postgresql() {
    let issued = ca::self_signed(&ca::Leaf::new([NAME])).unwrap();
    let port = free_port();
    let mut cluster = Cluster::start(&[]).unwrap();
    for (name, pem) in [
        ("server.crt", &issued.certificate_pem),
        ("server.key", &issued.key_pem),
    ] {
        cluster.put(name, pem.as_bytes()).unwrap();
    }
    for line in [
        "listen_addresses = '127.0.0.1'".to_owned(),
        format!("port = {port}"),
        "ssl = on".to_owned(),
    ] {
        let set = cluster.sql("postgres", &format!("ALTER SYSTEM SET {line}"));
        set.unwrap();
    }
    cluster.stop().unwrap();
    cluster.run_on(port).unwrap();
    is_seen(port, "postgres");
}

#[test]
fn of_prosody() {
    if !is_root("a private Prosody") {
        return;
    }
    let (folder, _) = folder("prosody");
    let (clients, servers) = (free_port(), free_port());
    let own = folder.path().display();
    let configuration = format!(
        "run_as_root = true\ndaemonize = false\npidfile = \"{own}/pid\"\ndata_path = \"{own}\"\n\
         interfaces = {{ \"127.0.0.1\" }}\nc2s_ports = {{ {clients} }}\ns2s_ports = {{ {servers} }}\n\
         modules_enabled = {{ \"tls\"; \"saslauth\"; \"s2s\"; \"c2s\" }}\n\
         ssl = {{ certificate = \"{own}/cert.pem\"; key = \"{own}/key.pem\" }}\n\
         log = {{ info = \"*console\" }}\nVirtualHost \"localhost\"\n"
    );
    let file = folder.path().join("prosody.cfg.lua");
    std::fs::write(&file, configuration).unwrap();
    let arguments = ["-F", "--config", file.to_str().unwrap()];
    let _serving = serve("prosody", &arguments, clients, &folder.path().join("said"));
    wait_for("the port for servers", || {
        TcpStream::connect(("127.0.0.1", servers)).is_ok()
    });
    is_seen(clients, "xmpp");
    is_seen(servers, "xmpp-server");
}

#[test]
fn of_vsftpd() {
    if !is_root("a private vsftpd") {
        return;
    }
    let (folder, _) = folder("vsftpd");
    let port = free_port();
    let own = folder.path().display();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let configuration = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
         anonymous_enable=YES\nlocal_enable=NO\nssl_enable=YES\nallow_anon_ssl=YES\n\
         rsa_cert_file={own}/cert.pem\nrsa_private_key_file={own}/key.pem\n\
         ssl_ciphers=HIGH\nsecure_chroot_dir={}\nxferlog_enable=NO\nseccomp_sandbox=NO\n",
        empty.display()
    );
    let file = folder.path().join("vsftpd.conf");
    std::fs::write(&file, configuration).unwrap();
    let arguments = [file.to_str().unwrap()];
    let _serving = serve("vsftpd", &arguments, port, &folder.path().join("said"));
    is_seen(port, "ftp");
}
