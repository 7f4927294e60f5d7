//! Archives written by others read a report: what Python's email package, notmuch and public-inbox make
//! of one that came out of a journal mailbox.
//!
//! Python reads the envelope line by line, by the grammar of MS-XJRNL. notmuch and public-inbox know
//! nothing of that format: they archive the report, and open and index the original inside it.

use std::{fs, process::Command};

use crate::support::{Node, run, text, wait_for};

/// The message of these tests, octet for octet.
const ORIGINAL: &str = "From: Alice <a@example.net>\r\nTo: team@example.test\r\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?= of the xylophone\r\nMessage-ID: <c1@example.net>\r\nDate: Thu, 26 Nov 2026 12:00:00 +0000\r\n\r\n.A line with a dot\r\nFrom here on: grüße\r\n  \r\n";

fn objects(port: u16) -> String {
    crate::support::objects(port).replace(
        "journal_address = \"journal@example.test\"",
        "journal_address = \"journal@example.test\"\naddress_form = \"angle\"\nlabel = \"Finance\"\nsent_utc = true",
    ) + r#"
[[mailbox]]
name = "Dave"
address = "dave@example.test"
forwarding_address = "assistant@example.test"
[[mailbox]]
name = "Assistant"
address = "assistant@example.test"
[[distribution_group]]
name = "Team"
address = "team@example.test"
members = ["info@example.test", "assistant@example.test"]
"#
}

/// A node, and the file of a report in its journal mailbox without what the mailbox put on top.
fn report() -> (Node, std::path::PathBuf) {
    let node = Node::start(objects);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net> BODY=8BITMIME");
    talk.say("RCPT TO:<team@example.test>");
    talk.say("RCPT TO:<dave@example.test>");
    talk.say("DATA");
    talk.send(ORIGINAL.replace("\r\n.", "\r\n.."));
    let reply = talk.say(".");
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("the report is there", || node.mailbox("journal").len() == 1);
    let octets = node.mailbox("journal").remove(0);
    let at = String::from_utf8_lossy(&octets).find("Date: ").unwrap();
    let file = node.path("report.eml");
    fs::write(&file, &octets[at..]).unwrap();
    fs::write(node.path("original.eml"), ORIGINAL).unwrap();
    (node, file)
}

/// A program, or `None` where it is not installed.
fn installed(program: &str) -> Option<()> {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .unwrap();
    if !found.status.success() {
        eprintln!("not run: {program} is not installed");
    }
    found.status.success().then_some(())
}

#[test]
fn pythons_email_package() {
    let (_node, file) = report();
    let script = r#"
import email, email.policy, re, sys
octets = open(sys.argv[1], 'rb').read()
report = email.message_from_bytes(octets, policy=email.policy.SMTP)
assert report['X-MS-Journal-Report'] == '', repr(report['X-MS-Journal-Report'])
assert report['Subject'] == 'Größe of the xylophone', report['Subject']
assert report.get_content_type() == 'multipart/mixed' and not report.defects
envelope, attached = report.iter_parts()
assert envelope.get_content_type() == 'text/plain' and attached.get_content_type() == 'message/rfc822'
lines = envelope.get_content().splitlines()
grammar = [
    r'Sender: <([^<>]*)>', r'Subject: .*', r'Message-ID: <\S+>', r'Label: .{1,255}',
    r'SentUtc: \d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M',
]
for line, pattern in zip(lines, grammar):
    assert re.fullmatch(pattern, line), (pattern, line)
kind = r'(To|Cc|Bcc|Recipient): <[^<>]+>(, (Expanded|Forwarded): <[^<>]+>)?'
rest = lines[len(grammar):]
assert all(re.fullmatch(kind, line) for line in rest), rest
assert rest == [
    'Recipient: <info@example.test>, Expanded: <team@example.test>',
    'Recipient: <assistant@example.test>, Expanded: <team@example.test>',
], rest
assert lines[:4] == ['Sender: <a@example.net>', 'Subject: Größe of the xylophone', 'Message-ID: <c1@example.net>', 'Label: Finance'], lines
original = open(sys.argv[2], 'rb').read()
# Octet for octet, under the fields that this server put on top when it came in.
assert original in octets
inner = octets[octets.index(b'\r\n\r\n', octets.index(b'message/rfc822')) + 4:]
assert inner.startswith(b'Received: '), inner[:80]
assert attached.get_content()['Message-ID'] == '<c1@example.net>'
"#;
    let original = file.with_file_name("original.eml");
    let output = Command::new("python3")
        .args(["-c", script])
        .args([&file, &original])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn notmuch_finds_the_original_in_it() {
    let Some(()) = installed("notmuch") else {
        return;
    };
    let (node, file) = report();
    let mail = node.path("archive");
    for name in ["new", "cur", "tmp"] {
        fs::create_dir_all(mail.join(name)).unwrap();
    }
    fs::copy(&file, mail.join("new/1")).unwrap();
    let config = node.path("notmuch.config");
    fs::write(&config, format!("[database]\npath={}\n", mail.display())).unwrap();
    let config = format!("--config={}", config.display());
    let (done, said) = run("notmuch", &[&config, "new"], "");
    assert!(done && said.contains("Added 1 new message"), "{said}");
    // Words of the original's body and subject lead to the report.
    for word in ["grüße", "xylophone", "Finance"] {
        let (done, said) = run(
            "notmuch",
            &[&config, "search", "--output=messages", word],
            "",
        );
        assert!(
            done && said.contains(".journal@mail.example.test"),
            "{word}: {said}"
        );
    }
    let arguments = [&config, "show", "--format=json", "xylophone"];
    let (done, said) = run("notmuch", &arguments, "");
    assert!(done, "{said}");
    let shown: serde_json::Value = serde_json::from_str(&said).unwrap();
    let parts = &shown[0][0][0]["body"][0]["content"];
    assert_eq!(parts[0]["content-type"], "text/plain", "{shown}");
    let envelope = parts[0]["content"].as_str().unwrap();
    assert!(
        envelope.starts_with("Sender: <a@example.net>\n"),
        "{envelope}"
    );
    assert_eq!(parts[1]["content-type"], "message/rfc822", "{shown}");
    let inner = &parts[1]["content"][0]["headers"];
    assert_eq!(inner["Subject"], "Größe of the xylophone", "{shown}");
    assert_eq!(inner["From"], "Alice <a@example.net>", "{shown}");
}

#[test]
fn public_inbox_archives_it() {
    let Some(()) = installed("public-inbox-mda") else {
        return;
    };
    let (node, file) = report();
    let home = node.path("public-inbox");
    fs::create_dir(&home).unwrap();
    let config = home.join("config");
    let inbox = home.join("inbox");
    let program = |name: &str| {
        let mut command = Command::new(name);
        command
            .env("HOME", &home)
            .env("PI_CONFIG", &config)
            .env("PI_EMERGENCY", home.join("emergency"))
            .env("ORIGINAL_RECIPIENT", "journal@example.test");
        command
    };
    let made = program("public-inbox-init")
        .args(["-V2", "journal"])
        .arg(&inbox)
        .args(["http://localhost/journal", "journal@example.test"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let mut settings = fs::read_to_string(&config).unwrap();
    settings.push_str("[publicinboxmda]\n\tspamcheck = none\n");
    fs::write(&config, settings).unwrap();
    let taken = program("public-inbox-mda")
        .arg("--no-precheck")
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert!(taken.status.success(), "{}", text(&taken));
    // What it keeps, walked through by its own parser.
    let git = inbox.join("git/0.git");
    let kept = program("git")
        .arg(format!("--git-dir={}", git.display()))
        .args(["show", "HEAD:m"])
        .output()
        .unwrap();
    assert!(kept.status.success(), "{}", text(&kept));
    let archived = home.join("archived.eml");
    fs::write(&archived, &kept.stdout).unwrap();
    let walk = r#"
binmode STDOUT, ':utf8'; local $/; my $s = <STDIN>;
PublicInbox::Eml->new(\$s)->each_part(sub {
    my ($part, undef, $at) = @{$_[0]};
    print join('|', $at, ($part->content_type // '') =~ s/;.*//sr, $part->header('Subject') // '', eval { $part->body_str } // $part->body), "\0";
}, undef, 1);"#;
    let walked = program("perl")
        .args(["-MPublicInbox::Eml", "-e", walk])
        .stdin(fs::File::open(&archived).unwrap())
        .output()
        .unwrap();
    assert!(walked.status.success(), "{}", text(&walked));
    let said = String::from_utf8(walked.stdout).unwrap();
    let parts: Vec<&str> = said.split('\0').collect();
    assert!(
        parts[0].starts_with("1|text/plain||Sender: <a@example.net>"),
        "{said}"
    );
    assert!(parts[0].contains("Label: Finance"), "{said}");
    assert!(parts[1].starts_with("2|message/rfc822|"), "{said}");
    assert!(parts[2].starts_with("2.1|"), "{said}");
    assert!(
        parts[2].contains("Größe of the xylophone|.A line with a dot"),
        "{said}"
    );
}
