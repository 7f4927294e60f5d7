//! Load balancers in front: a real HAProxy asks the agent and the health page, takes a drained node
//! out, and puts it back after resume.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::net::UnixStream,
    process::{Child, Command, Stdio},
};

use crate::support::{Node, free_port, objects, wait_for};

struct HaProxy {
    child: Child,
    socket: std::path::PathBuf,
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl HaProxy {
    fn start(node: &Node, agent: u16, front: u16) -> HaProxy {
        let socket = node.path("haproxy.sock");
        let config = node.path("haproxy.cfg");
        let text = format!(
            "global\n  stats socket {socket} mode 600 level admin\n\
             defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
             listen agent\n  bind 127.0.0.1:{front}\n  \
             server mx 127.0.0.1:{smtp} check inter 200 agent-check agent-port {agent} agent-inter 1s\n\
             backend component\n  \
             server mx 127.0.0.1:{smtp} check inter 200 agent-check agent-port {agent} agent-inter 1s agent-send \"receive/Internet\\n\"\n\
             backend page\n  option httpchk\n  http-check send meth GET uri /smtp/healthcheck.htm\n  http-check expect status 200\n  \
             server mx 127.0.0.1:{smtp} check port {http} inter 200 fall 2 rise 2\n",
            socket = socket.display(),
            smtp = node.port,
            http = node.http,
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("haproxy")
            .args(["-db".as_ref(), "-f".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(node.path("haproxy.log")).unwrap())
            .spawn()
            .unwrap();
        let haproxy = HaProxy { child, socket };
        wait_for("HAProxy answers", || {
            haproxy.socket.exists() && !haproxy.stat().is_empty()
        });
        haproxy
    }

    fn stat(&self) -> String {
        let Ok(mut stream) = UnixStream::connect(&self.socket) else {
            return String::new();
        };
        stream.write_all(b"show stat\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// What HAProxy takes the node for, by one way of asking: `UP`, `DRAIN (agent)`, `DOWN`.
    fn state(&self, backend: &str) -> String {
        let stat = self.stat();
        let of_mx = format!("{backend},mx,");
        let line = stat.lines().find(|line| line.starts_with(&of_mx));
        let line = line.unwrap_or_else(|| panic!("{backend}: {stat}"));
        line.split(',').nth(17).unwrap().to_owned()
    }
}

#[test]
fn a_real_haproxy_follows_drain_and_resume() {
    if Command::new("haproxy").arg("-v").output().is_err() {
        eprintln!("passed over: haproxy is not installed (scripts/test installs it)");
        return;
    }
    let mut node = Node::prepare(objects);
    let (agent, front) = (free_port(), free_port());
    let config = std::fs::read_to_string(node.config()).unwrap();
    std::fs::write(
        node.config(),
        format!("{config}\nagent = \"127.0.0.1:{agent}\"\n"),
    )
    .unwrap();
    node.serve();
    wait_for("it is ready", || node.page("/readyz").0 == 200);
    let haproxy = HaProxy::start(&node, agent, front);
    let is = |backend: &str, state: &str| haproxy.state(backend).starts_with(state);
    let all_up = || {
        ["agent", "component", "page"]
            .iter()
            .all(|backend| is(backend, "UP"))
    };
    wait_for("HAProxy takes the node for up", all_up);
    let greeted = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, front)).unwrap();
        let mut code = [0; 3];
        stream.read_exact(&mut code).is_ok() && &code == b"220"
    };
    assert!(greeted(), "mail goes through HAProxy");

    // A session is open: it is let to its end, and nothing new is sent here.
    let mut open = node.talk();
    open.say("EHLO client.example.net");
    node.ask(&["drain"]);
    wait_for("HAProxy drains by the agent", || {
        is("agent", "DRAIN") && is("component", "DRAIN")
    });
    wait_for("HAProxy takes it out by the page", || is("page", "DOWN"));
    assert!(!greeted(), "no new connection goes to a drained node");
    drop(open);
    wait_for("without sessions it is down", || is("agent", "DOWN"));

    node.ask(&["resume"]);
    wait_for("HAProxy puts it back", all_up);
    assert!(greeted(), "mail goes through HAProxy again");
}
