//! An endpoint is tested as `mailward test tls` would, by itself: what must be mended is told to a
//! person with the reason and the mend, and no server is tested more often than it should be.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mailward_tls::ca::{self, Leaf};

use crate::{
    repairs::QUICK,
    support::{Node, objects, wait_for},
    tls_peers::hop,
};

/// Counts connections on their way to a server.
fn counted(to: std::net::SocketAddr) -> (u16, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counting.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let other = std::net::TcpStream::connect(to).unwrap();
                let (mut from, mut back) =
                    (stream.try_clone().unwrap(), other.try_clone().unwrap());
                let (mut stream, mut other) = (stream, other);
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut back, &mut stream);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                });
                let _ = std::io::copy(&mut from, &mut other);
                let _ = other.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    (port, count)
}

#[test]
fn with_the_reason_and_the_mend() {
    // Nobody's authority issued it, and it ends in three days.
    let now = std::time::SystemTime::now();
    let day = std::time::Duration::from_secs(86_400);
    let leaf = Leaf::new(["127.0.0.1"]).valid(now - day, now + 3 * day);
    let issued = ca::self_signed(&leaf).unwrap();
    let (port, count) = counted(hop(&issued).address);
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("alerts");
    let alerts = told.display();
    let mut node = Node::prepare_in(folder, |first| {
        objects(first)
            + &format!(
                r#"
[[endpoint]]
name = "mx1"
host = "127.0.0.1"
port = {port}
starttls = "smtp"

[[alert_channel]]
name = "file"
target = {{ file = "{alerts}" }}
group_wait = "0s"
"#
            )
            + QUICK
            + "restart_process_after = \"2s\"\noffline_after = \"4s\"\n"
    });
    node.serve();
    let monitor = || {
        let shown = node.command(&["health", "show", "Endpoints", "--json"]);
        String::from_utf8_lossy(&shown.stdout).into_owned()
    };
    wait_for("the test has failed", || {
        let text = monitor();
        text.contains("endpoint/mx1") && text.contains("dates is weak")
    });
    let text = monitor();
    assert!(text.contains("chain is"), "{text}");
    wait_for("a person is told", || {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        text.contains("endpoint/mx1") && text.contains("dates is weak")
    });
    // The same finding is told again without another test: it was made a moment ago.
    let before = count.load(Ordering::SeqCst);
    assert!(before > 5, "{before}");
    node.command(&["health", "probe", "run", "endpoint/mx1"]);
    assert_eq!(count.load(Ordering::SeqCst), before);
    // What is known and borne is told no more.
    node.ask(&[
        "endpoint",
        "set",
        "mx1",
        r#"accept=["dates","chain","ciphers","versions","name","key","ocsp","banner"]"#,
    ]);
    wait_for("it is well", || {
        node.command(&["health", "probe", "run", "endpoint/mx1"]);
        let text = monitor();
        text.contains("all is well")
    });
    assert_eq!(
        count.load(Ordering::SeqCst),
        before,
        "judged anew, not tested"
    );
}
