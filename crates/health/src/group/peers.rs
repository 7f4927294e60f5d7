//! Asking the other members: how they are, and for the lease.
//!
//! Over plain HTTP, each question and each answer signed with the group's key. Nothing secret is
//! said, and what is not signed is not heard.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::join_all;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Uri, body::Bytes, http::uri::Authority};
use hyper_util::rt::TokioIo;
use mailward_api::{
    control::{self, ControlReply, ControlRequest},
    signed,
    view::{GroupFacts, GroupMember, GroupStatus, Lease, LeaseAsk, LeaseReply},
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::votes::{COUNTED_MS, MEMBERS_MAX};
use crate::Now;

/// How often the members are asked how they are.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long a member may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Octets of an answer.
const ANSWER_OCTETS_MAX: usize = 64 << 10;
/// A member that was not heard for so long is told of, in milliseconds.
const SILENT_MS: u64 = 15_000;
/// A lease is asked for again where less than this is left of it, in milliseconds.
const RENEW_MS: u64 = 15_000;

/// The group a node belongs to.
#[derive(Clone)]
pub struct GroupConfig {
    /// Where the other members answer: `http://HOST:PORT`, the address `http` of each.
    pub members: Vec<Uri>,
    /// The key all members have.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for GroupConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GroupConfig({:?})", self.members)
    }
}

/// Why a member could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("no answer within {} s", ANSWER_MAX.as_secs())]
    Timeout,
    #[error("{0:?} is not a URL of the form http://host:port")]
    Url(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("the question cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answered {0}")]
    Status(hyper::StatusCode),
    #[error("its answer has more than {ANSWER_OCTETS_MAX} octets or was broken off")]
    Body,
    #[error("its answer is not signed with the key of this group")]
    Signature,
    #[error("its answer cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

struct Member {
    url: Uri,
    heard: Option<(GroupStatus, Now)>,
    told_silent: bool,
}

/// The other members, and the lease this node holds.
pub struct Group {
    node: String,
    key: Vec<u8>,
    manager: PathBuf,
    members: Mutex<Vec<Member>>,
    /// Until when the lease counts here (monotonic milliseconds), and for which case.
    held: Mutex<Option<(u64, String)>>,
    /// The wall clock of the last question: each must be later than the one before.
    asked_unix_ms: Mutex<u64>,
    events: Events,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Group({} and {} others)",
            self.node,
            self.members.lock().len()
        )
    }
}

impl Group {
    /// The group of `node`, whose manager answers at the socket `manager`.
    pub fn new(
        node: &str,
        config: GroupConfig,
        manager: PathBuf,
        events: Events,
        clock: Arc<dyn Clock>,
    ) -> Arc<Group> {
        let members = config.members.into_iter().take(MEMBERS_MAX - 1);
        let members = members.map(|url| Member {
            url,
            heard: None,
            told_silent: false,
        });
        Arc::new(Group {
            node: node.to_owned(),
            key: config.key,
            manager,
            members: Mutex::new(members.collect()),
            held: Mutex::new(None),
            asked_unix_ms: Mutex::new(0),
            events,
            clock,
        })
    }

    /// Asks every member how it is, again and again.
    pub async fn follow(self: Arc<Self>) {
        loop {
            let urls: Vec<Uri> = self.members.lock().iter().map(|m| m.url.clone()).collect();
            let mut asking = tokio::task::JoinSet::new();
            for (at, url) in urls.into_iter().enumerate() {
                let group = Arc::clone(&self);
                asking.spawn(async move {
                    (
                        at,
                        group
                            .ask::<GroupStatus>(&url, Method::GET, "/v1/group", &[])
                            .await,
                    )
                });
            }
            while let Some(done) = asking.join_next().await {
                if let Ok((at, answer)) = done {
                    self.heard(at, answer);
                }
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    fn heard(&self, at: usize, answer: Result<GroupStatus, AskError>) {
        let now = Now::of(&*self.clock);
        let mut members = self.members.lock();
        let Some(member) = members.get_mut(at) else {
            return;
        };
        let event = match answer {
            Ok(status) if status.node == self.node => {
                // Its own address among the members would make a majority of one.
                let problem = "it is this node itself: take it out of `members`".to_owned();
                (!std::mem::replace(&mut member.told_silent, true)).then(|| {
                    Event::GroupMemberSilent {
                        member: member.url.to_string(),
                        problem,
                    }
                })
            }
            Ok(status) => {
                let back = std::mem::replace(&mut member.told_silent, false);
                let event = back.then(|| Event::GroupMemberHeard {
                    member: status.node.clone(),
                });
                member.heard = Some((status, now));
                event
            }
            Err(error) => {
                let silent = member
                    .heard
                    .as_ref()
                    .is_none_or(|(_, at)| now.since(*at) > SILENT_MS);
                (silent && !std::mem::replace(&mut member.told_silent, true)).then(|| {
                    let name = member.heard.as_ref().map(|(status, _)| status.node.clone());
                    Event::GroupMemberSilent {
                        member: name.unwrap_or_else(|| member.url.to_string()),
                        problem: error.to_string(),
                    }
                })
            }
        };
        drop(members);
        if let Some(event) = event {
            self.events.emit(event);
        }
    }

    /// The other members as this node knows them.
    pub fn members(&self) -> Vec<GroupMember> {
        let now = Now::of(&*self.clock);
        let members = self.members.lock();
        members
            .iter()
            .map(|member| match &member.heard {
                Some((status, at)) => GroupMember {
                    name: status.node.clone(),
                    heard_age_ms: Some(now.since(*at)),
                    healthy: status.healthy,
                    acting: status.acting.clone(),
                    bad_causes: status.bad_causes.clone(),
                    sets: status.sets.clone(),
                },
                None => GroupMember {
                    name: member.url.to_string(),
                    heard_age_ms: None,
                    healthy: false,
                    acting: None,
                    bad_causes: Vec::new(),
                    sets: Vec::new(),
                },
            })
            .collect()
    }

    /// What the group says about an act of `stage`; for one that takes something away, the lease is
    /// asked for first.
    pub async fn facts(&self, case: &str, stage: u8) -> GroupFacts {
        let lease = match stage {
            2..=4 => Some(self.ask_lease(case, stage).await),
            _ => None,
        };
        let mut members = self.members();
        // A guard looks at the nodes as wholes, and what it looked at goes into the ledger.
        members.iter_mut().for_each(|member| member.sets.clear());
        GroupFacts { members, lease }
    }

    /// Renews the lease while the act of `acting` goes on, gives it back when no act does.
    pub async fn keep_lease(&self, acting: Option<(&str, u8)>) {
        let held = self.held.lock().clone();
        let Some((until_ms, case)) = held else { return };
        match acting {
            Some((acting, stage)) if acting == case => {
                let left = until_ms.saturating_sub(Now::of(&*self.clock).mono_ms);
                if left < RENEW_MS {
                    self.ask_lease(acting, stage).await;
                }
            }
            _ => {
                *self.held.lock() = None;
                self.put(&case, 2, true).await;
            }
        }
    }

    async fn ask_lease(&self, case: &str, stage: u8) -> Lease {
        let began = Now::of(&*self.clock).mono_ms;
        let lease = self.put(case, stage, false).await;
        *self.held.lock() = lease
            .is_held()
            .then(|| (began.saturating_add(COUNTED_MS), case.to_owned()));
        lease
    }

    /// Puts the question to all members, this node's own manager among them.
    async fn put(&self, case: &str, stage: u8, release: bool) -> Lease {
        let unix_ms = {
            let mut asked = self.asked_unix_ms.lock();
            *asked = self.clock.unix_ms().max(*asked + 1);
            *asked
        };
        let ask = LeaseAsk {
            holder: self.node.clone(),
            case: case.to_owned(),
            stage,
            release,
            unix_ms,
        };
        let members: Vec<(String, Uri)> = {
            let names = self.members().into_iter().map(|member| member.name);
            let urls = self
                .members
                .lock()
                .iter()
                .map(|m| m.url.clone())
                .collect::<Vec<_>>();
            names.zip(urls).collect()
        };
        let body = serde_json::to_vec(&ask).unwrap_or_default();
        let question = ControlRequest::Lease(ask);
        let own = control::call(&self.manager, &question, ANSWER_MAX);
        let others = members.iter().map(|(name, url)| {
            let body = &body;
            async move {
                let answer = self
                    .ask::<LeaseReply>(url, Method::POST, "/v1/group/lease", body)
                    .await;
                (
                    name.clone(),
                    answer.unwrap_or_else(|error| LeaseReply {
                        granted: false,
                        because: error.to_string(),
                    }),
                )
            }
        });
        let (own, others) = tokio::join!(own, join_all(others));
        let own = match own {
            Ok(ControlReply::Lease(reply)) => reply,
            Ok(_) => LeaseReply {
                granted: false,
                because: "it answered something else".to_owned(),
            },
            Err(error) => LeaseReply {
                granted: false,
                because: error.to_string(),
            },
        };
        let mut lease = Lease {
            granted: 0,
            members: u32::try_from(members.len() + 1).unwrap_or(u32::MAX),
            refusals: Vec::new(),
        };
        for (name, reply) in others.into_iter().chain([(self.node.clone(), own)]) {
            if reply.granted {
                lease.granted += 1;
            } else {
                lease.refusals.push(format!("{name}: {}", reply.because));
            }
        }
        lease
    }

    /// Asks one member and checks who answered.
    async fn ask<T: DeserializeOwned>(
        &self,
        url: &Uri,
        method: Method,
        path: &str,
        body: &[u8],
    ) -> Result<T, AskError> {
        let time = self.clock.unix_ms().to_string();
        let parts = [
            method.as_str().as_bytes(),
            path.as_bytes(),
            time.as_bytes(),
            body,
        ];
        let signature = signed::sign(&self.key, &parts);
        let authority = url
            .authority()
            .filter(|_| url.scheme_str() == Some("http"))
            .ok_or_else(|| AskError::Url(url.to_string()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", authority.as_str())
            .header("Connection", "close")
            .header("Content-Type", "application/json")
            .header(signed::TIME_FIELD, time)
            .header(signed::SIGNATURE_FIELD, &signature)
            .body(Full::<Bytes>::from(body.to_vec()))?;
        let answer = tokio::time::timeout(ANSWER_MAX, exchange(authority, request)).await;
        let (octets, of_answer) = answer.unwrap_or(Err(AskError::Timeout))?;
        if !signed::verify(&self.key, &[signature.as_bytes(), &octets], &of_answer) {
            return Err(AskError::Signature);
        }
        Ok(serde_json::from_slice(&octets)?)
    }
}

/// Sends a request; returns the body of the answer and its signature.
async fn exchange(
    authority: &Authority,
    request: Request<Full<Bytes>>,
) -> Result<(Vec<u8>, String), AskError> {
    let port = authority.port_u16().unwrap_or(80);
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(AskError::Status(response.status()));
        }
        let of_answer = response
            .headers()
            .get(signed::SIGNATURE_FIELD)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = Limited::new(response.into_body(), ANSWER_OCTETS_MAX)
            .collect()
            .await;
        let octets = body.map_err(|_| AskError::Body)?.to_bytes().to_vec();
        Ok((octets, of_answer))
    };
    let drive = async {
        // Its end is the end of the exchange; an error is seen there.
        let _ = connection.await;
        std::future::pending::<()>().await
    };
    tokio::select! {
        done = exchange => done,
        () = drive => Err(AskError::Body),
    }
}
