//! The objects in force, in the form in which transport asks them.
//!
//! A [`Snapshot`] is built whole from the store's objects and swapped whole when they change; it
//! never changes itself. Disabled connectors and rules are left out: what is here is in force.
//!
//! Never here: anything that changes while mail flows (counts, caches, connections).

use std::sync::Arc;

use mailward_directory::{
    Directory, DynamicGroups, Found, Membership, RcptDecision, RecipientNo, filter::Times,
};
use mailward_model::{
    Domain, EmailAddress, Object, ObjectId, Origin, Revision, Spec,
    kind::{
        JournalRule, LOCAL_STORE, MailboxType, ReceiveConnector, RemoteRange, SendConnector,
        TransportSettings,
    },
};
use mailward_perimeter::{Feeds, Ranges};
use mailward_tls::{ConnectorNeeds, ShownBy};

use crate::receive::table::Table;

/// An object's spec with its name and identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// The object's name.
    pub name: String,
    /// Its id, stable over renames.
    pub id: ObjectId,
    /// The revision it was read at.
    pub revision: Revision,
    /// What it says.
    pub spec: T,
}

impl<T: Clone> Named<T> {
    fn new(object: &Object, spec: &T) -> Arc<Self> {
        Arc::new(Named {
            name: object.name.clone(),
            id: object.id,
            revision: object.revision,
            spec: spec.clone(),
        })
    }
}

impl Named<ReceiveConnector> {
    /// What the connector's certificate must fulfil on the host of this name.
    pub fn certificate_needs<'a>(&'a self, hostname: &'a Domain) -> ConnectorNeeds<'a> {
        ConnectorNeeds {
            by: ShownBy::Receive,
            connector: &self.name,
            fqdn: self.spec.fqdn.as_ref().unwrap_or(hostname),
            pin: self.spec.certificate.as_deref(),
        }
    }
}

impl Named<SendConnector> {
    /// What a certificate must fulfil that the connector shows to peers, on the host of this name.
    pub fn certificate_needs<'a>(&'a self, hostname: &'a Domain) -> ConnectorNeeds<'a> {
        ConnectorNeeds {
            by: ShownBy::Send,
            connector: &self.name,
            fqdn: self.spec.fqdn.as_ref().unwrap_or(hostname),
            pin: self.spec.certificate.as_deref(),
        }
    }
}

/// A journal rule in force, with what it names looked up.
#[derive(Debug, Clone)]
pub struct JournalInForce {
    /// The rule.
    pub rule: Arc<Named<JournalRule>>,
    /// Whose mail.
    pub whose: Whose,
    /// Index into [`Snapshot::journal_targets`].
    pub target: usize,
}

/// Whose mail a journal rule is for.
#[derive(Debug, Clone)]
pub enum Whose {
    /// Everyone's.
    Everyone,
    /// A recipient's, or that of the members of a group of whichever kind: the directory says who
    /// they are, and this set is asked for each message.
    Members(Membership),
    /// That of the mailboxes in the Maildirs of this host.
    Local,
    /// That of the mailboxes handed to this send connector.
    Store(String),
}

impl Whose {
    /// True where the rule is for everyone's mail.
    pub fn is_everyone(&self) -> bool {
        matches!(self, Whose::Everyone)
    }

    /// True where it is for this recipient's mail.
    pub fn has_recipient(&self, directory: &Directory, no: RecipientNo) -> bool {
        let store = || {
            directory
                .mailbox_of(no)
                .map(|m| m.send_connector.as_deref())
        };
        match self {
            Whose::Everyone => true,
            Whose::Members(members) => members.has_recipient(no),
            Whose::Local => store() == Some(None),
            Whose::Store(name) => {
                matches!(store(), Some(Some(store)) if store.eq_ignore_ascii_case(name))
            }
        }
    }

    /// True where it is for the mail of this address, in the directory or not.
    pub fn has_address(&self, directory: &Directory, address: &EmailAddress) -> bool {
        match self {
            Whose::Everyone => true,
            Whose::Members(members) => members.has_address(directory, address),
            Whose::Local | Whose::Store(_) => directory
                .find(address)
                .is_some_and(|found| self.has_recipient(directory, found.no)),
        }
    }
}

/// Where journal reports go. Two rules whose addresses lead to one recipient share a target, so
/// that it gets one report for a message and not two.
#[derive(Debug, Clone)]
pub struct JournalTarget {
    /// The address, as the first rule names it.
    pub address: EmailAddress,
    /// The recipient of the directory, where it is one.
    pub recipient: Option<Found>,
}

/// Everything transport knows about the organisation.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Recipients, groups, accepted domains.
    pub directory: Arc<Directory>,
    /// Enabled receive connectors, by name.
    pub receive_connectors: Vec<Arc<Named<ReceiveConnector>>>,
    /// What each of them takes, in the same order.
    pub receive_ranges: Vec<Ranges>,
    /// The ranges of the first factor of each of them, in the same order.
    pub sender_ranges: Vec<Ranges>,
    /// Which of them takes which connection.
    pub table: Table,
    /// Enabled send connectors, by name.
    pub send_connectors: Vec<Arc<Named<SendConnector>>>,
    /// Enabled journal rules, by name.
    pub journal_rules: Vec<JournalInForce>,
    /// The targets of the rules, each once.
    pub journal_targets: Vec<JournalTarget>,
    /// The alternate journal mailbox, where one is set.
    pub journal_alternate: Option<JournalTarget>,
    /// Names of the health mailboxes.
    pub health_mailboxes: Vec<String>,
    /// Probes that were sent out through a send connector are sent back from elsewhere.
    pub probes_return: bool,
    /// Settings of transport as a whole.
    pub settings: TransportSettings,
    /// The highest revision among the objects.
    pub revision: Revision,
    /// The name of this host.
    pub hostname: Domain,
}

impl Snapshot {
    /// Builds the snapshot of these objects on the host of this name.
    pub fn build(objects: &[Object], hostname: &Domain) -> Snapshot {
        let mut groups = DynamicGroups::default();
        let at = objects.iter().map(|object| object.revision).max();
        groups.update(objects, at.unwrap_or_default(), Times::default());
        Snapshot::build_with(objects, &groups, &Feeds::default(), hostname)
    }

    /// Builds the snapshot with the members of dynamic groups as they are kept in `groups`, which
    /// has been brought to these objects, and with what sender feeds have in force.
    pub fn build_with(
        objects: &[Object],
        groups: &DynamicGroups,
        feeds: &Feeds,
        hostname: &Domain,
    ) -> Snapshot {
        let mut snapshot = Snapshot {
            directory: Arc::new(Directory::build_with(objects, groups).with_host(hostname)),
            receive_connectors: Vec::new(),
            receive_ranges: Vec::new(),
            sender_ranges: Vec::new(),
            table: Table::default(),
            send_connectors: Vec::new(),
            journal_rules: Vec::new(),
            journal_targets: Vec::new(),
            journal_alternate: None,
            health_mailboxes: Vec::new(),
            probes_return: false,
            settings: TransportSettings::default(),
            revision: Revision(objects.iter().map(|o| o.revision.0).max().unwrap_or(0)),
            hostname: hostname.clone(),
        };
        let mut rules = Vec::new();
        for object in objects {
            match &object.spec {
                Spec::ReceiveConnector(spec) if spec.enabled => {
                    snapshot.receive_connectors.push(Named::new(object, spec))
                }
                Spec::SendConnector(spec) if spec.enabled => {
                    snapshot.send_connectors.push(Named::new(object, spec));
                }
                Spec::Mailbox(spec) if spec.mailbox_type == MailboxType::Monitoring => {
                    snapshot.health_mailboxes.push(object.name.clone());
                }
                Spec::JournalRule(spec) if spec.enabled => rules.push(Named::new(object, spec)),
                Spec::TransportSettings(spec) => snapshot.settings = spec.clone(),
                _ => {}
            }
        }
        let mut out = snapshot.send_connectors.iter();
        snapshot.probes_return = out.any(|connector| connector.spec.probes_return());
        snapshot
            .receive_connectors
            .sort_by(|a, b| a.name.cmp(&b.name));
        snapshot.send_connectors.sort_by(|a, b| a.name.cmp(&b.name));
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        for rule in rules {
            snapshot.add_rule(rule);
        }
        let alternate = snapshot.settings.journaling_report_ndr_to.clone();
        snapshot.journal_alternate = alternate.map(|address| JournalTarget {
            recipient: snapshot.directory.find(&address),
            address,
        });
        snapshot.take_ranges(feeds);
        snapshot
    }

    /// The same objects with what sender feeds have in force now.
    #[must_use]
    pub fn with_feeds(&self, feeds: &Feeds) -> Snapshot {
        let mut snapshot = self.clone();
        snapshot.take_ranges(feeds);
        snapshot
    }

    /// The same objects, with other `remote_ranges` at one connector; `None` where it is not in force.
    pub fn with_remote_ranges(
        &self,
        connector: &str,
        entries: Vec<RemoteRange>,
        feeds: &Feeds,
    ) -> Option<Snapshot> {
        let mut snapshot = self.clone();
        let mut all = snapshot.receive_connectors.iter_mut();
        let one = all.find(|one| one.name.eq_ignore_ascii_case(connector))?;
        let mut changed = Named::clone(one);
        changed.spec.remote_ranges = entries;
        *one = Arc::new(changed);
        snapshot.take_ranges(feeds);
        Some(snapshot)
    }

    fn take_ranges(&mut self, feeds: &Feeds) {
        let connectors = self.receive_connectors.iter();
        self.receive_ranges = connectors
            .map(|connector| Ranges::of(&connector.spec.remote_ranges, feeds))
            .collect();
        let connectors = self.receive_connectors.iter();
        self.sender_ranges = connectors
            .map(|connector| Ranges::of(&connector.spec.sender_ranges, feeds))
            .collect();
        self.table = Table::build(&self.receive_connectors, &self.receive_ranges);
    }

    /// Whether a receive connector takes this client still; true where the connector is gone, which
    /// is told otherwise.
    pub fn still_takes(&self, connector: &str, client: std::net::IpAddr) -> bool {
        let at = self
            .receive_connectors
            .iter()
            .position(|one| one.name == connector);
        let ranges = at.and_then(|at| self.receive_ranges.get(at));
        ranges.is_none_or(|ranges| ranges.narrowest(client).is_some())
    }

    /// The ranges of the first factor of a receive connector; `None` where it is gone.
    pub fn sender_ranges_of(&self, connector: &str) -> Option<&Ranges> {
        let at = self
            .receive_connectors
            .iter()
            .position(|one| one.name == connector)?;
        self.sender_ranges.get(at)
    }

    fn add_rule(&mut self, rule: Arc<Named<JournalRule>>) {
        let address = &rule.spec.journal_address;
        let recipient = self.directory.find(address);
        let known =
            self.journal_targets
                .iter()
                .position(|target| match (target.recipient, recipient) {
                    (Some(a), Some(b)) => a.no == b.no,
                    (None, None) => target.address.key() == address.key(),
                    _ => false,
                });
        let target = known.unwrap_or_else(|| {
            self.journal_targets.push(JournalTarget {
                address: address.clone(),
                recipient,
            });
            self.journal_targets.len() - 1
        });
        let whose = match (&rule.spec.recipient, rule.spec.mailbox_store.as_deref()) {
            (Some(address), _) => Whose::Members(self.directory.members(address)),
            (None, Some(LOCAL_STORE)) => Whose::Local,
            (None, Some(store)) => Whose::Store(store.to_owned()),
            (None, None) => Whose::Everyone,
        };
        self.journal_rules.push(JournalInForce {
            whose,
            target,
            rule,
        });
    }

    /// What a RCPT is answered on a connection to the local address of `origin`.
    pub fn check_recipient(&self, address: &EmailAddress, origin: &Origin) -> RcptDecision {
        self.directory
            .check_recipient_at(address, origin.server.map(|local| local.ip()))
    }

    /// Whether categorizing a message of this origin needs the addresses of its To and Cc fields.
    /// Where it does not, the header need not be read for them.
    pub fn wants_address_headers(&self, origin: &Origin) -> bool {
        !self.journal_rules.is_empty() && origin.account.is_some() && !origin.probe
    }

    /// Whether health probes sent through this send connector come back.
    pub fn expects_returned_probes(&self, connector: &str) -> bool {
        let connector = self.send_connector(connector);
        connector.is_some_and(|connector| connector.spec.probes_return())
    }

    /// A send connector in force, by name (compared without regard to ASCII case).
    pub fn send_connector(&self, name: &str) -> Option<&Arc<Named<SendConnector>>> {
        self.send_connectors
            .iter()
            .find(|connector| connector.name.eq_ignore_ascii_case(name))
    }

    /// A receive connector in force, by name (compared without regard to ASCII case).
    pub fn receive_connector(&self, name: &str) -> Option<&Arc<Named<ReceiveConnector>>> {
        self.receive_connectors
            .iter()
            .find(|connector| connector.name.eq_ignore_ascii_case(name))
    }
}
