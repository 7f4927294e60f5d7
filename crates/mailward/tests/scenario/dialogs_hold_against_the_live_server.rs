//! The dialogs that hold against the SMTP machine hold against the live server: same scripts, same
//! replies, over TCP.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, sync::Arc};

use mailward_model::kind::ReceiveConnector;
use mailward_testkit::{
    dialog::{Event, Live, Script, Tls, all},
    world,
};
use mailward_tls::ca;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use crate::support::{Node, free_port, read, signal, wait_for};

/// A dialog with the port of the receive connector that is made for it.
struct Part {
    name: &'static str,
    script: Script,
    port: u16,
}

/// A receive connector of a dialog as an object of the store's text.
fn connector(part: &Part) -> String {
    let connector = ReceiveConnector {
        bindings: vec![format!("127.0.0.1:{}", part.port).parse().unwrap()],
        fqdn: Some(world::HOST.parse().unwrap()),
        // The machine only counts its pauses; here they would be waited for.
        tarpit_interval: mailward_model::unit::Span::from_secs(0),
        ..part.script.connector.clone()
    };
    let fields = toml::to_string(&connector).unwrap();
    format!("\n[[receive_connector]]\nname = {:?}\n{fields}", part.name)
}

/// The organisation of [`world`] and a connector for each dialog.
fn objects(parts: &[Part]) -> String {
    let mut text = format!(
        "[transport_settings]\npostmaster = \"anna@example.org\"\n\n[[accepted_domain]]\nname = \"home\"\ndomain = {:?}\n\
         \n[[accepted_domain]]\nname = \"relay\"\ndomain = {:?}\ntype = \"external_relay\"\n\
         \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{}\"]\n",
        world::DOMAIN,
        world::RELAY_DOMAIN,
        free_port(),
    );
    for mailbox in world::MAILBOXES {
        let address = format!("{mailbox}@{}", world::DOMAIN);
        write!(
            text,
            "\n[[mailbox]]\nname = {mailbox:?}\naddress = {address:?}\n"
        )
        .unwrap();
    }
    text.extend(parts.iter().map(connector));
    text
}

fn tls(authority: &ca::Authority) -> Tls {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Tls {
        config: Arc::new(config),
        name: ServerName::try_from(world::HOST).unwrap(),
    }
}

/// True where octets wait unread on a connection to this port, as the kernel tells (proc(5): local
/// address, remote address, state, `tx_queue:rx_queue`).
fn octets_wait(port: u16) -> bool {
    let table = read("/proc/net/tcp".as_ref());
    let port = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, queues, ..] = words[..] else {
            return false;
        };
        // 0A is the listening socket itself, which counts connections there.
        local.ends_with(&port) && state != "0A" && !queues.ends_with(":00000000")
    })
}

/// True where all threads of a process are stopped.
fn stands_still(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.flatten().all(|thread| {
        let stat = read(&thread.path().join("stat"));
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" T"))
    })
}

/// Plays a dialog. Whose client speaks first is played while transport is stopped, so that its
/// octets are there before the server can greet.
fn play(node: &Node, part: &Part, tls: &Tls) -> Result<(), String> {
    let server = SocketAddr::from(([127, 0, 0, 1], part.port));
    let early = matches!(part.script.events.first(), Some((_, Event::Early(_))));
    let transport = node.role_pid("transport").unwrap();
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let played = Live::play(&part.script, server, Some(tls.clone()));
        runtime
            .block_on(played)
            .map_err(|error| format!("{}, {error}", part.name))
    };
    if !early {
        return run();
    }
    signal(transport, "STOP");
    wait_for("every thread stands still", || stands_still(transport));
    std::thread::scope(|scope| {
        let played = scope.spawn(run);
        wait_for("the client has spoken", || octets_wait(part.port));
        signal(transport, "CONT");
        played.join().unwrap()
    })
}

#[test]
fn each_on_a_connector_of_its_own() {
    let mut ports = BTreeMap::new();
    let parts: Vec<Part> = all()
        .into_iter()
        .map(|(name, text)| {
            let mut port = free_port();
            while ports.insert(port, name).is_some() {
                port = free_port();
            }
            Part {
                name,
                script: Script::parse(text).unwrap(),
                port,
            }
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let authority = ca::Authority::new("Authority of the dialogs").unwrap();
    let certificates = folder.path().join("certificates");
    std::fs::create_dir_all(&certificates).unwrap();
    let leaf = authority.issue(&ca::Leaf::new([world::HOST])).unwrap();
    leaf.write(&certificates, "mail").unwrap();
    let port = parts[0].port;
    let mut node = Node::prepare_as(folder, port, world::HOST, &[], |_| objects(&parts));
    node.serve();
    let tls = tls(&authority);
    let failed: Vec<String> = parts
        .iter()
        .filter_map(|part| play(&node, part, &tls).err())
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
