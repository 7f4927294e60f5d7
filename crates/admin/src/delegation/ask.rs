//! A command that is given here for another node: handed on over mutual TLS, with the person whom the
//! kernel names, and its answer handed back.
//!
//! Whatever keeps it from an answer is event 10009 with every step of the way: where it was looked for,
//! what the network, TLS or the other node said.

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, Response, header},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Call, remote},
    view::ActedAs,
};
use mailward_events::Event;
use mailward_host::entropy;
use mailward_model::kind::{HostName, Node, Right, SmartHost};
use mailward_store::ReadError;
use mailward_tls::NodeTlsError;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{self, pki_types::ServerName},
};

use super::{Remote, admit::spec};
use crate::{
    answer::{
        Access,
        audit::{Act, result_of},
        blocking, failed,
    },
    peer::Local,
};

/// How long a connection to another node may take, handshake included.
const CONNECT_MAX: Duration = Duration::from_secs(8);
/// How long its answer may take to begin: a little less than the program waits that asks.
const ANSWER_MAX: Duration = Duration::from_secs(110);
/// Octets of a fault.
const FAULT_OCTETS_MAX: usize = 1 << 20;
/// Octets of one link of a chain in an event.
const LINK_OCTETS_MAX: usize = 600;

/// A request as it came on the admin socket.
pub(crate) struct Command {
    pub(crate) node: String,
    pub(crate) call: Call,
    pub(crate) method: axum::http::Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Bytes,
    /// On whose behalf, where that is said.
    pub(crate) on_behalf_of: Option<String>,
}

/// Why there is no answer.
struct NoAnswer {
    /// `unreachable` or `certificate`.
    cause: &'static str,
    /// Each step of the way.
    chain: Vec<String>,
    fault: Fault,
}

impl NoAnswer {
    fn new(
        cause: &'static str,
        place: &str,
        error: &(dyn Error + 'static),
        mend: &str,
    ) -> NoAnswer {
        let mut chain = Vec::new();
        let mut next = Some(error);
        let mut cause = cause;
        while let Some(error) = next {
            if is_of_tls(error) {
                cause = "certificate";
            }
            let text = error.to_string();
            // Wrappers often say no more than what they wrap.
            if chain.last() != Some(&text) {
                chain.push(text);
            }
            next = error.source();
        }
        let kind = FaultKind::Unreachable;
        let fault = Fault::new(kind, format!("{place}: {}", chain.join(": ")), mend);
        chain.insert(0, place.to_owned());
        NoAnswer {
            cause,
            chain,
            fault,
        }
    }
}

/// Whether an error, or what an I/O error was made from, is of TLS.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    if error.is::<rustls::Error>() || error.is::<NodeTlsError>() {
        return true;
    }
    let io = error.downcast_ref::<std::io::Error>();
    io.and_then(std::io::Error::get_ref)
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

const REACH: &str = "`mailward status` on that node tells whether it runs; its [remote] names the port, \
                     and both nodes need certificates of one authority";

impl Access {
    /// Hands a command on and its answer back.
    pub(crate) async fn forward(
        &self,
        command: Command,
        local: Local,
    ) -> Result<Response<Body>, Fault> {
        let Some(remote) = self.remote.clone() else {
            return Err(Fault::invalid(
                "this node speaks with no other: mailward.toml has no [remote]",
                "make a certificate with `mailward authority issue`, and name it there",
            ));
        };
        let (user, place) = person(local, command.on_behalf_of.clone()).await?;
        let mut act = Act::of(&command.call);
        act.node = command.node.clone();
        act.on_behalf_of = user.clone();
        act.from = place.clone();
        // A name that is not known is a slip of whoever typed it, and no event.
        let target = self.target(&command).await?;
        let answered = self
            .hand_on(&remote, &command, (&user, &place), target)
            .await;
        let (cause, chain, fault) = match answered {
            Ok(response) if response.status().is_success() => {
                let acted = response.headers().get(remote::ACTED_AS);
                let is_machine = acted.is_some_and(|as_whom| as_whom == ActedAs::Machine.as_str());
                act.acted_as = Some(match is_machine {
                    true => ActedAs::Machine,
                    false => ActedAs::User,
                });
                if is_machine || act.right != Right::Read {
                    self.record(act).await;
                }
                return Ok(response);
            }
            Ok(response) => match fault_of(response).await {
                fault if fault.kind == FaultKind::DelegationRefused => {
                    let details = fault.details.iter();
                    let links = details.map(|one| format!("{}: {}", one.field, one.problem));
                    let mut chain = vec![fault.error.clone()];
                    chain.extend(links);
                    ("refused", chain, fault)
                }
                fault => {
                    // It arrived and was believed; what came of it is the operation's affair.
                    if act.right != Right::Read {
                        act.failed(&fault);
                        self.record(act).await;
                    }
                    return Err(fault);
                }
            },
            Err(no) => (no.cause, no.chain, no.fault),
        };
        let mut links = vec![format!(
            "{}: {} for {}, on behalf of {user}",
            self.node, act.operation, command.node
        )];
        links.extend(chain);
        let links = links
            .into_iter()
            .map(|link| remote::header_text(&link, LINK_OCTETS_MAX));
        self.events.emit(Event::DelegationFailed {
            node: command.node.clone(),
            user: user.clone(),
            operation: act.operation.clone(),
            cause: cause.to_owned(),
            chain: links.collect(),
        });
        act.failed(&fault);
        self.record(act).await;
        Err(fault)
    }

    async fn hand_on(
        &self,
        remote: &Arc<Remote>,
        command: &Command,
        (user, place): (&str, &str),
        (endpoint, would_go_on): (SmartHost, bool),
    ) -> Result<Response<Body>, NoAnswer> {
        let at = format!("{} at {endpoint}", command.node);
        let broke = |error: &(dyn Error + 'static)| NoAnswer::new("unreachable", &at, error, REACH);
        let connect = connect(remote, &command.node, &endpoint);
        let stream = match tokio::time::timeout(CONNECT_MAX, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                if let Some(error) = error.downcast_ref::<NodeTlsError>() {
                    self.events.emit(Event::RemoteAdministrationUnusable {
                        file: error.file.display().to_string(),
                        error: error.problem.clone(),
                    });
                }
                return Err(broke(error.as_ref()));
            }
            Err(_) => {
                return Err(broke(&late(format!(
                    "no connection within {CONNECT_MAX:?}"
                ))));
            }
        };
        let asked = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // It ends with the answer; its error is the answer's error too.
            tokio::spawn(async move {
                let _ = connection.await;
            });
            sender
                .send_request(self.request(command, user, place, would_go_on)?)
                .await
                .map_err(Into::into)
        };
        let asked = async {
            asked
                .await
                .map_err(|error: Box<dyn Error + Send + Sync>| error)
        };
        match tokio::time::timeout(ANSWER_MAX, asked).await {
            Ok(Ok(response)) => Ok(handed_back(response)),
            Ok(Err(error)) => Err(broke(error.as_ref())),
            Err(_) => Err(broke(&late(format!(
                "no answer within {ANSWER_MAX:?}; it may have been carried out all the same, which \
                 `mailward audit list` there tells"
            )))),
        }
    }

    /// Where the node is asked, and whether this node would have the command go on as the machine.
    async fn target(&self, command: &Command) -> Result<(SmartHost, bool), Fault> {
        let (store, name) = (self.store.clone(), command.node.clone());
        let (node, listed) = blocking(move || {
            let read = || {
                Ok((
                    spec::<Node>(&store, &name)?,
                    super::ignored_failures(&store)?,
                ))
            };
            read().map_err(|error: ReadError| failed(&error))
        })
        .await?;
        let name = &command.node;
        let Some(node) = node else {
            return Err(Fault::not_found(
                format!("no node {name} is known here"),
                format!(
                    "`mailward node list` shows those that are; `mailward node set {name} endpoint=HOST:PORT`"
                ),
            ));
        };
        let Some(endpoint) = node.endpoint else {
            return Err(Fault::not_found(
                format!("it is not known where the node {name} is asked"),
                format!("`mailward node set {name} endpoint=HOST:PORT`"),
            ));
        };
        Ok((endpoint, listed.contains(&command.call.command())))
    }

    fn request(
        &self,
        command: &Command,
        user: &str,
        place: &str,
        would_go_on: bool,
    ) -> Result<Request<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
        let number = u128::from_be_bytes(entropy::random()?);
        let mut request = Request::builder()
            .method(command.method.clone())
            .uri(&command.target)
            .header(header::HOST, &command.node)
            .header(header::CONTENT_TYPE, "application/json")
            .header(remote::ON_BEHALF_OF, user)
            .header(remote::REQUEST, format!("{number:032x}"))
            .header(remote::TIME, self.clock.unix_ms().to_string())
            .header(
                remote::PLACE,
                remote::header_text(place, remote::PLACE_OCTETS_MAX),
            );
        if would_go_on {
            request = request.header(remote::ON_FAILURE, ActedAs::Machine.as_str());
        }
        Ok(request.body(Full::new(command.body.clone()))?)
    }
}

fn late(text: String) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, text)
}

/// On whose behalf a local peer asks, and where it sits.
async fn person(local: Local, said: Option<String>) -> Result<(String, String), Fault> {
    let (person, place) = blocking(move || Ok((local.person(), local.place()))).await?;
    Ok((speaks_for(person, local.is_root(), said)?, place))
}

/// On whose behalf somebody asks who said a name, or none.
fn speaks_for(person: String, is_root: bool, said: Option<String>) -> Result<String, Fault> {
    let user = match said {
        Some(other) if other != person && !is_root => {
            return Err(Fault::new(
                FaultKind::Refused,
                format!("{person} may not ask on behalf of {other}"),
                "only root, who can be anybody on this host, names somebody else",
            ));
        }
        Some(other) => other,
        None => person,
    };
    match remote::is_user_name(&user) {
        true => Ok(user),
        false => Err(Fault::invalid(
            format!("{user:?} cannot be the name of an administrator"),
            "a name has printable ASCII characters, 128 at most",
        )),
    }
}

type NodeStream = tokio_rustls::client::TlsStream<TcpStream>;

async fn connect(
    remote: &Arc<Remote>,
    name: &str,
    endpoint: &SmartHost,
) -> Result<NodeStream, Box<dyn Error + Send + Sync>> {
    let own = Arc::clone(remote);
    let config = tokio::task::spawn_blocking(move || own.tls.client()).await??;
    let name = ServerName::try_from(name.to_owned())?;
    let stream = match &endpoint.host {
        HostName::Ip(ip) => TcpStream::connect((*ip, endpoint.port)).await?,
        HostName::Name(host) => TcpStream::connect((host.as_str(), endpoint.port)).await?,
    };
    Ok(TlsConnector::from(config).connect(name, stream).await?)
}

/// The other node's answer, with no header field that is not known here.
fn handed_back(response: hyper::Response<Incoming>) -> Response<Body> {
    let (head, body) = response.into_parts();
    let mut answer = Response::new(Body::new(body));
    *answer.status_mut() = head.status;
    for name in [
        header::CONTENT_TYPE.as_str(),
        header::CONTENT_LENGTH.as_str(),
        header::CACHE_CONTROL.as_str(),
        remote::ACTED_AS,
        remote::ACTED_BECAUSE,
    ] {
        copy(&head.headers, answer.headers_mut(), name);
    }
    answer
}

fn copy(from: &HeaderMap, to: &mut HeaderMap, name: &str) {
    if let (Some(value), Ok(name)) = (from.get(name), header::HeaderName::try_from(name)) {
        to.insert(name, HeaderValue::clone(value));
    }
}

async fn fault_of(response: Response<Body>) -> Fault {
    let status = response.status();
    let body = Limited::new(response.into_body(), FAULT_OCTETS_MAX);
    let octets = body.collect().await.map(|body| body.to_bytes());
    let fault = octets
        .ok()
        .and_then(|octets| serde_json::from_slice(&octets).ok());
    fault.unwrap_or_else(|| {
        Fault::failed(format!(
            "the other node answers {status} and does not say why"
        ))
    })
}

impl Act {
    /// It was not done, and why.
    fn failed(&mut self, fault: &Fault) {
        self.result = result_of(fault);
        self.because = fault.error.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_names_somebody_else() {
        let speaks = |root, said: Option<&str>| {
            speaks_for("anna".to_owned(), root, said.map(str::to_owned)).map_err(|fault| fault.kind)
        };
        for (root, said, expect) in [
            (false, None, Ok("anna")),
            (false, Some("anna"), Ok("anna")),
            (false, Some("vera"), Err(FaultKind::Refused)),
            (true, Some("vera"), Ok("vera")),
            (true, Some("a\nb"), Err(FaultKind::Invalid)),
            (true, Some(""), Err(FaultKind::Invalid)),
        ] {
            assert_eq!(
                speaks(root, said),
                expect.map(str::to_owned),
                "{root} {said:?}"
            );
        }
    }

    #[test]
    fn an_error_is_told_whole_and_by_its_cause() {
        let tls = rustls::Error::General("no".to_owned());
        let wrapped = std::io::Error::other(tls);
        let no = NoAnswer::new("unreachable", "mx2 at 192.0.2.1:1", &wrapped, "mend");
        assert_eq!(no.cause, "certificate");
        assert_eq!(
            no.chain.first().map(String::as_str),
            Some("mx2 at 192.0.2.1:1")
        );
        let no = NoAnswer::new("unreachable", "mx2", &late("no answer".to_owned()), "mend");
        assert_eq!((no.cause, no.chain.len()), ("unreachable", 2));
        assert_eq!(no.fault.kind, FaultKind::Unreachable);
    }
}
