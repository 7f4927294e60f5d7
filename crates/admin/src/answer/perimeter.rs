//! The perimeter: how feeds stand is read from their files, so that it is told while transport is
//! away; who takes whom is asked of transport, which decides it.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::Response};
use mailward_api::{
    control::{
        ControlRequest, PerimeterRequest, Role,
        perimeter::{REPLAY_CLIENTS_MAX, ReplayClient},
    },
    fault::Fault,
    operation::request::{self, ExportFormat},
    view::{
        Changed, ExportText, PerimeterDiff, PerimeterReplay, PerimeterStatus, PerimeterWhy,
        perimeter::ConnectorPerimeter,
    },
};
use mailward_events::tracking::{self, EventId, Query};
use mailward_host::clock::Clock;
use mailward_model::{
    Kind, Object, Spec,
    kind::{ReceiveConnector, RemoteRange, SenderFeed},
};
use mailward_perimeter::{FeedState, Feeds, RangeSet, Ranges, Shelf, export, why};
use mailward_store::Store;

use super::{Access, Nothing, blocking, expect_reply, failed, unknown};
use crate::{http::reply, peer::Peer};

/// How long reading a feed may take: three documents, and whoever is read before it.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the judgement of a replay may take.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(60);
const DAY_MS: u64 = 86_400_000;
/// Where mail comes in when no connector says otherwise.
const PORT: u16 = 25;

/// What is known of feeds on this node.
#[derive(Clone)]
pub(crate) struct Perimeter {
    store: Store,
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

/// A feed, and what is known of it.
struct Known {
    name: String,
    spec: SenderFeed,
    state: FeedState,
}

/// Everything about the perimeter at one moment.
struct Scene {
    now: u64,
    feeds: Vec<Known>,
    connectors: Vec<(String, ReceiveConnector)>,
}

impl Perimeter {
    pub(crate) fn new(store: Store, dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Perimeter { store, dir, clock }
    }

    async fn scene(&self) -> Result<Scene, Fault> {
        let (store, dir, now) = (self.store.clone(), self.dir.clone(), self.clock.unix_ms());
        blocking(move || Scene::read(&store, &dir, now)).await
    }

    /// The page of a list that firewalls poll: `NAME.txt` or `NAME.json`, of a feed that is public.
    pub(crate) async fn list(&self, file: &str) -> Response<Body> {
        let nothing = || {
            Fault::not_found(
                "no public sender feed is at this path",
                "write /perimeter/NAME.txt or .json; the feed says public = true",
            )
        };
        let Some((name, format)) = file.rsplit_once('.') else {
            return reply::fault(&nothing());
        };
        let scene = match self.scene().await {
            Ok(scene) => scene,
            Err(fault) => return reply::fault(&fault),
        };
        let mut feeds = scene.feeds.iter();
        let known = feeds.find(|one| one.name.eq_ignore_ascii_case(name));
        let Some(known) = known.filter(|known| known.spec.public) else {
            return reply::fault(&nothing());
        };
        let set = known.set(scene.now);
        if set.is_empty() {
            // An empty list would have the firewall refuse everybody, or let everybody in.
            return reply::fault(&Fault::failed("the feed has no list yet"));
        }
        let (title, ports) = (known.title(), scene.ports_of(&known.name));
        let sheet = export::Sheet {
            title: &title,
            set: &set,
            ports: &ports,
        };
        match format {
            "txt" => reply::text(axum::http::StatusCode::OK, export::cidr(&sheet)),
            "json" => reply::json(export::json(&sheet).into_bytes()),
            _ => reply::fault(&nothing()),
        }
    }
}

impl Known {
    fn set(&self, now: u64) -> RangeSet {
        self.state.ranges(now).map(|(range, _)| range).collect()
    }

    fn title(&self) -> String {
        format!("sender feed {}, {}", self.name, self.state.told())
    }
}

impl Scene {
    fn read(store: &Store, dir: &Path, now: u64) -> Result<Scene, Fault> {
        let shelf = Shelf::new(dir);
        let list = |kind: Kind| store.in_force(kind).map_err(|error| failed(&error));
        let mut feeds = Vec::new();
        for Object { id, name, spec, .. } in list(Kind::SenderFeed)? {
            let Spec::SenderFeed(spec) = spec else {
                continue;
            };
            // One that is damaged has been told about, and transport begins anew, too. What transport
            // has not taken up yet is not in force.
            let kept = shelf.load(id).ok().flatten();
            let state = kept.unwrap_or_else(|| {
                let mut state = FeedState::default();
                // What is built in or typed in is in force as soon as it is taken up.
                let _ = state.adopt(&spec, now);
                state
            });
            feeds.push(Known { name, spec, state });
        }
        let connectors = list(Kind::ReceiveConnector)?;
        let connectors = connectors
            .into_iter()
            .filter_map(|object| match object.spec {
                Spec::ReceiveConnector(spec) => Some((object.name, spec)),
                _ => None,
            });
        Ok(Scene {
            now,
            feeds,
            connectors: connectors.collect(),
        })
    }

    fn in_force(&self) -> Feeds {
        let mut feeds = Feeds::default();
        for known in &self.feeds {
            feeds.insert_state(&known.name, &known.state, self.now);
        }
        feeds
    }

    fn feed(&self, name: &str) -> Result<&Known, Fault> {
        let mut feeds = self.feeds.iter();
        let found = feeds.find(|known| known.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.feeds.iter().map(|known| known.name.as_str()).collect();
            unknown(
                "sender feed",
                name,
                &names,
                "`mailward sender-feed list` shows them",
            )
        })
    }

    /// The ports of the connectors that take a feed; the port of mail where none does.
    fn ports_of(&self, feed: &str) -> Vec<u16> {
        let takes = |spec: &ReceiveConnector| {
            let mut names = spec.remote_ranges.iter().filter_map(RemoteRange::feed);
            names.any(|name| name.eq_ignore_ascii_case(feed))
        };
        let taking = self.connectors.iter().filter(|(_, spec)| takes(spec));
        ports(taking.map(|(_, spec)| spec))
    }
}

fn ports<'a>(connectors: impl Iterator<Item = &'a ReceiveConnector>) -> Vec<u16> {
    let bindings = connectors.flat_map(|spec| &spec.bindings);
    let mut ports: Vec<u16> = bindings.map(|binding| binding.port).collect();
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() {
        ports.push(PORT);
    }
    ports
}

/// Whether a connector's port is open to a feed's ranges.
fn names_a_feed(spec: &ReceiveConnector) -> bool {
    spec.remote_ranges
        .iter()
        .any(|entry| entry.feed().is_some())
}

/// Whether a feed decides over a connector's mail: by its port, or by the factor of the client's range.
fn follows_a_feed(spec: &ReceiveConnector) -> bool {
    let mut factor = spec.sender_ranges.iter();
    names_a_feed(spec) || factor.any(|entry| entry.feed().is_some())
}

impl Access {
    pub(super) async fn perimeter_status(&self) -> Result<PerimeterStatus, Fault> {
        let scene = self.perimeter.scene().await?;
        let feeds = scene.in_force();
        let connectors = scene
            .connectors
            .iter()
            .filter(|(_, spec)| names_a_feed(spec));
        let connectors = connectors.map(|(name, spec)| {
            let ranges = Ranges::of(&spec.remote_ranges, &feeds);
            ConnectorPerimeter {
                connector: name.clone(),
                enabled: spec.enabled,
                remote_ranges: spec.remote_ranges.clone(),
                ranges: ranges.taken.len() as u64,
                v4_addresses: ranges.set().v4_addresses(),
            }
        });
        Ok(PerimeterStatus {
            connectors: connectors.collect(),
            feeds: scene
                .feeds
                .iter()
                .map(|known| why::view(&known.name, &known.spec, &known.state, scene.now))
                .collect(),
        })
    }

    pub(super) async fn perimeter_diff(
        &self,
        feed: Option<String>,
    ) -> Result<PerimeterDiff, Fault> {
        let scene = self.perimeter.scene().await?;
        let wanted: Vec<&Known> = match &feed {
            Some(name) => vec![scene.feed(name)?],
            None => scene.feeds.iter().collect(),
        };
        let diffs = wanted.into_iter();
        Ok(PerimeterDiff {
            feeds: diffs
                .filter_map(|known| why::diff(&known.name, &known.state))
                .collect(),
        })
    }

    pub(super) async fn perimeter_why(&self, address: IpAddr) -> Result<PerimeterWhy, Fault> {
        let request = ControlRequest::Perimeter(PerimeterRequest::Why { address });
        let reply = self.ask(Role::Transport, request).await;
        expect_reply!(reply, PerimeterWhy)
    }

    pub(super) async fn perimeter_approve(
        &self,
        feed: String,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let request = PerimeterRequest::Approve { feed: feed.clone() };
        let request = ControlRequest::Perimeter(request);
        self.act(peer, "perimeter approve", feed, request).await
    }

    pub(super) async fn perimeter_refresh(
        &self,
        feed: Option<String>,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let subject = feed.clone().unwrap_or_else(|| "every feed".to_owned());
        self.audit(&peer, "perimeter refresh", subject, &Nothing)
            .await;
        let request = ControlRequest::Perimeter(PerimeterRequest::Refresh { feed });
        let reply = self
            .ask_within(Role::Transport, request, REFRESH_TIMEOUT)
            .await;
        expect_reply!(reply, Changed)
    }

    pub(super) async fn perimeter_replay(
        &self,
        r: request::PerimeterReplay,
    ) -> Result<PerimeterReplay, Fault> {
        let scene = self.perimeter.scene().await?;
        // Where nothing is given, only connectors that name a feed can change by one.
        let wanted: Vec<String> = match &r.connector {
            Some(name) => vec![name.clone()],
            None => {
                let all = scene.connectors.iter();
                all.filter(|(_, spec)| follows_a_feed(spec))
                    .map(|(name, _)| name.clone())
                    .collect()
            }
        };
        if !r.ranges.is_empty() && r.connector.is_none() {
            let mend = "name the connector whose sessions are looked at";
            return Err(Fault::invalid("ranges are given, and no connector", mend).at("connector"));
        }
        for name in r.ranges.iter().filter_map(RemoteRange::feed) {
            scene.feed(name)?;
        }
        let since = self
            .now()
            .saturating_sub(u64::from(r.days).saturating_mul(DAY_MS));
        let dir = self.tracking_dir.clone();
        let (clients, cut_off) = blocking(move || gather(&dir, since, &wanted)).await?;
        let connector = r.connector.filter(|_| !r.ranges.is_empty());
        let request = ControlRequest::Perimeter(PerimeterRequest::Replay {
            clients,
            ranges: connector.map(|name| (name, r.ranges)),
        });
        let reply = self
            .ask_within(Role::Transport, request, REPLAY_TIMEOUT)
            .await;
        let mut view = expect_reply!(reply, PerimeterReplay)?;
        view.days = r.days;
        view.cut_off |= cut_off;
        Ok(view)
    }

    pub(super) async fn perimeter_export(
        &self,
        r: request::PerimeterExport,
    ) -> Result<ExportText, Fault> {
        let scene = self.perimeter.scene().await?;
        let (title, set, ports) = match (&r.feed, &r.connector) {
            (Some(_), Some(_)) => {
                let mend = "name a feed or a connector";
                return Err(Fault::invalid(
                    "both a feed and a connector are named",
                    mend,
                ));
            }
            (Some(name), None) => {
                let known = scene.feed(name)?;
                (
                    known.title(),
                    known.set(scene.now),
                    scene.ports_of(&known.name),
                )
            }
            (None, Some(name)) => of_connector(&scene, name)?,
            (None, None) => of_all(&scene)?,
        };
        let sheet = export::Sheet {
            title: &title,
            set: &set,
            ports: &ports,
        };
        Ok(ExportText {
            text: match r.format {
                ExportFormat::Nftables => export::nftables(&sheet),
                ExportFormat::Iptables => export::iptables(&sheet),
                ExportFormat::Ipset => export::ipset(&sheet),
                ExportFormat::Cidr => export::cidr(&sheet),
                ExportFormat::Json => export::json(&sheet),
                ExportFormat::Edl => export::edl(&sheet),
            },
            revision: self.store.revision(),
        })
    }
}

/// What is written of a sheet.
type Export = (String, RangeSet, Vec<u16>);

fn of_connector(scene: &Scene, name: &str) -> Result<Export, Fault> {
    let mut all = scene.connectors.iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    let Some((name, spec)) = found else {
        let names: Vec<&str> = scene
            .connectors
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let list = "`mailward receive-connector list` shows them";
        return Err(unknown("receive connector", name, &names, list));
    };
    let ranges = Ranges::of(&spec.remote_ranges, &scene.in_force());
    let title = format!("receive connector {name}");
    Ok((title, ranges.set(), ports(std::iter::once(spec))))
}

/// Every enabled connector that names a feed.
fn of_all(scene: &Scene) -> Result<Export, Fault> {
    let feeds = scene.in_force();
    let taking = || {
        let all = scene.connectors.iter();
        all.filter(|(_, spec)| spec.enabled && names_a_feed(spec))
    };
    if taking().next().is_none() {
        return Err(Fault::not_found(
            "no enabled receive connector names a feed",
            "name one with --connector, or a feed with --feed",
        ));
    }
    let none = RangeSet::default();
    let set = taking().fold(none, |set, (_, spec)| {
        set.union(&Ranges::of(&spec.remote_ranges, &feeds).set())
    });
    let names: Vec<&str> = taking().map(|(name, _)| name.as_str()).collect();
    let title = format!("receive connectors {}", names.join(", "));
    Ok((title, set, ports(taking().map(|(_, spec)| spec))))
}

/// Who came to these connectors since then, with mail or without, and whether there were more than are looked at.
fn gather(
    dir: &Path,
    since_unix_ms: u64,
    connectors: &[String],
) -> Result<(Vec<ReplayClient>, bool), Fault> {
    let mut clients: BTreeMap<(String, IpAddr, IpAddr), ReplayClient> = BTreeMap::new();
    let mut cut_off = false;
    let query = Query {
        since_unix_ms: Some(since_unix_ms),
        ..Query::default()
    };
    let came = [EventId::Receive, EventId::Session];
    let visited = tracking::visit(dir, &query, &came, |entry| {
        let wanted = |name: &String| name.eq_ignore_ascii_case(&entry.connector_id);
        let Some(address) = entry.client_ip.filter(|_| connectors.iter().any(wanted)) else {
            return;
        };
        let peer = entry.peer_ip().unwrap_or(address);
        let key = (entry.connector_id.to_string(), peer, address);
        if clients.len() >= REPLAY_CLIENTS_MAX && !clients.contains_key(&key) {
            cut_off = true;
            return;
        }
        let client = clients.entry(key).or_insert_with(|| ReplayClient {
            connector: entry.connector_id.to_string(),
            address,
            peer,
            helo: String::new(),
            messages: 0,
            silent_sessions: 0,
            last_unix_ms: 0,
        });
        match entry.event_id {
            EventId::Session => client.silent_sessions += 1,
            _ => client.messages += 1,
        }
        if entry.unix_ms >= client.last_unix_ms {
            client.last_unix_ms = entry.unix_ms;
            client.helo = entry.client_hostname.to_string();
        }
    });
    visited.map_err(|error| failed(&error))?;
    Ok((clients.into_values().collect(), cut_off))
}
