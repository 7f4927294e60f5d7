//! A smart host that greets and takes no recipient is passed over for the next one by the responder of
//! its class of causes: delivery by itself goes to another host only where no session comes about.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use crate::{
    outside::Sink,
    repairs::{QUICK, case_of, entries, tell},
    support::{Node, free_port, objects, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

/// A server that greets, and takes no recipient for now.
fn reluctant() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away ends its own session only.
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    port
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let input = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 busy.example ESMTP\r\n")?;
    for line in input.lines() {
        let line = line?.to_ascii_uppercase();
        let reply: &[u8] = match line.get(..4) {
            Some("RCPT") => b"451 4.7.1 Not today\r\n",
            Some("DATA") => b"503 5.5.1 Nobody to send it to\r\n",
            Some("QUIT") => return stream.write_all(b"221 2.0.0 Bye\r\n"),
            _ => b"250 2.0.0 Ok\r\n",
        };
        stream.write_all(reply)?;
    }
    Ok(())
}

#[test]
fn and_mail_flows_again() {
    let (first, second) = (reluctant(), free_port());
    let sink = Sink::listen(second);
    let node = Node::start(|port| {
        let out = format!(
            "\n[[send_connector]]\nname = \"Out\"\naddress_spaces = [\"elsewhere.test\"]\ntarget = \"smart_hosts\"\n\
             smart_hosts = [\"127.0.0.1:{first}\", \"127.0.0.1:{second}\"]\nprobe_recipient = \"reflect@elsewhere.test\"\n"
        );
        let stages = "restart_process_after = \"1h\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
        objects(port) + &out + QUICK + stages
    });
    let tested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_within(LONG, "the responder has helped", || {
            entries(&node, "outcome", "respond").iter().any(|one| {
                one["component"] == "send/Out" && one["act"]["responder"] == "next_smart_host"
            })
        });
        wait_within(LONG, "the second host has it", || {
            !sink.messages().is_empty()
        });
        wait_within(LONG, "the case is solved by it", || {
            let outcomes = entries(&node, "outcome", "respond");
            outcomes.iter().any(|one| {
                let case = node.json(&["explain", &case_of(one)])["case"].clone();
                case["solved_by"]["responder"] == "next_smart_host"
            })
        });
    }));
    if let Err(failed) = tested {
        tell(&node);
        std::panic::resume_unwind(failed);
    }
    for act in [
        "soft_reset",
        "restart_component",
        "restart_process",
        "offline",
    ] {
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
}
