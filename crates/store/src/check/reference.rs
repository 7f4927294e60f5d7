//! References: what an object names must be there, where this system would have to know it.

use std::collections::HashMap;

use mailward_model::{
    Domain, EmailAddress, FieldError, Object, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, LOCAL_STORE, OutboundPool, RemoteRange, SendConnector,
        SenderFeed,
    },
};

use super::{
    error,
    group::Groups,
    of,
    recipient::{Owner, Owners},
};
use crate::ObjectError;

/// What something is named by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field(&'static str, Option<usize>);

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Field(name, None) => f.write_str(name),
            Field(name, Some(at)) => write!(f, "{name}[{at}]"),
        }
    }
}

/// What is named.
#[derive(Debug, Clone, Copy)]
pub(super) enum To<'a> {
    /// Who must be a recipient where this system is the authority, and no probe's mailbox.
    Recipient(&'a EmailAddress),
    /// Who must be no probe's mailbox.
    Member(&'a EmailAddress),
    /// A send connector.
    Connector(&'a str),
    /// A send connector that is not of the high-risk pool.
    MailboxConnector(&'a str),
    /// A sender feed.
    Feed(&'a str),
    /// A group that lists its members, by its name or address in lower case.
    Group(&'a str),
}

/// Everything that an object names.
pub(super) fn references(spec: &Spec) -> Vec<(Field, To<'_>)> {
    let mut found: Vec<(Field, To<'_>)> = Vec::new();
    let mut one = |field, to| found.push((Field(field, None), to));
    match spec {
        Spec::JournalRule(rule) => {
            one("journal_address", To::Recipient(&rule.journal_address));
            if let Some(address) = &rule.recipient {
                one("recipient", To::Recipient(address));
            }
            for store in rule
                .mailbox_store
                .iter()
                .filter(|store| *store != LOCAL_STORE)
            {
                one("mailbox_store", To::Connector(store));
            }
        }
        Spec::ReceiveConnector(connector) => {
            for (field, entries) in [
                ("remote_ranges", &connector.remote_ranges),
                ("sender_ranges", &connector.sender_ranges),
            ] {
                let feeds = entries.iter().enumerate();
                let feeds = feeds.filter_map(|(at, entry)| Some((at, entry.feed()?)));
                found.extend(feeds.map(|(at, name)| (Field(field, Some(at)), To::Feed(name))));
            }
        }
        Spec::Policy(policy) => {
            for (at, entry) in policy.ranges.iter().enumerate() {
                let exact = entry.remote_ranges.as_deref().into_iter().flatten();
                let feeds = exact.chain(&entry.add).filter_map(RemoteRange::feed);
                found.extend(feeds.map(|name| (Field("ranges", Some(at)), To::Feed(name))));
            }
        }
        Spec::Mailbox(mailbox) => {
            if let Some(address) = &mailbox.forwarding_address {
                one("forwarding_address", To::Recipient(address));
            }
            if let Some(name) = &mailbox.send_connector {
                one("send_connector", To::MailboxConnector(name));
            }
        }
        Spec::MailContact(contact) => {
            one("external_address", To::Recipient(&contact.external_address));
        }
        Spec::MailUser(user) => one("external_address", To::Recipient(&user.external_address)),
        Spec::DistributionGroup(group) => {
            if let Some(address) = &group.report_to {
                one("report_to", To::Recipient(address));
            }
            found.extend(listed("members", &group.members, To::Member));
            found.extend(listed("managed_by", &group.managed_by, To::Recipient));
        }
        Spec::DynamicDistributionGroup(group) => {
            if let Some(address) = &group.report_to {
                one("report_to", To::Recipient(address));
            }
            if let Some(address) = &group.managed_by {
                one("managed_by", To::Recipient(address));
            }
            let filter = group.recipient_filter.as_ref();
            for name in filter.iter().flat_map(|one| one.filter().named_groups()) {
                one("recipient_filter", To::Group(name));
            }
        }
        Spec::TransportSettings(settings) => {
            if let Some(address) = &settings.postmaster {
                one("postmaster", To::Recipient(address));
            }
            if let Some(address) = &settings.journaling_report_ndr_to {
                one("journaling_report_ndr_to", To::Recipient(address));
            }
        }
        _ => {}
    }
    if let Some(recipient) = spec.recipient() {
        let (accepted, refused) = (
            recipient.accept_messages_only_from(),
            recipient.reject_messages_from(),
        );
        found.extend(listed("accept_messages_only_from", accepted, To::Recipient));
        found.extend(listed("reject_messages_from", refused, To::Recipient));
    }
    found
}

fn listed<'a>(
    field: &'static str,
    addresses: &'a [EmailAddress],
    to: fn(&'a EmailAddress) -> To<'a>,
) -> impl Iterator<Item = (Field, To<'a>)> {
    let all = addresses.iter().enumerate();
    all.map(move |(at, address)| (Field(field, Some(at)), to(address)))
}

/// What there is to refer to.
pub(super) struct Known<'a> {
    owners: &'a dyn Owners,
    domains: HashMap<&'a str, &'a AcceptedDomain>,
    connectors: Vec<String>,
    /// Of these, those of the high-risk pool.
    high_risk: Vec<String>,
    feeds: Vec<String>,
    groups: &'a dyn Groups,
}

impl<'a> Known<'a> {
    /// By these domains, connectors and feeds, by who has which address, and by these groups.
    pub(super) fn of(
        objects: &[&'a Object],
        owners: &'a dyn Owners,
        groups: &'a dyn Groups,
    ) -> Known<'a> {
        let high_risk = of::<SendConnector>(objects)
            .filter(|(_, spec)| spec.pool == OutboundPool::HighRisk)
            .map(|(object, _)| object.name.clone());
        Known {
            owners,
            domains: of::<AcceptedDomain>(objects)
                .map(|(_, spec)| (spec.domain.as_str(), spec))
                .collect(),
            connectors: of::<SendConnector>(objects)
                .map(|(object, _)| object.name.clone())
                .collect(),
            high_risk: high_risk.collect(),
            feeds: of::<SenderFeed>(objects)
                .map(|(object, _)| object.name.clone())
                .collect(),
            groups,
        }
    }

    /// Every broken reference of these objects.
    pub(super) fn all(&self, objects: &[&Object], errors: &mut Vec<ObjectError>) {
        for object in objects {
            for (field, to) in references(&object.spec) {
                self.one(object, field, to, errors);
            }
        }
    }

    /// What is wrong with one reference of an object.
    pub(super) fn one(
        &self,
        object: &Object,
        field: Field,
        to: To<'_>,
        errors: &mut Vec<ObjectError>,
    ) {
        let mut tell = |broken: Option<FieldError>| {
            errors.extend(broken.map(|broken| error(object, broken)));
        };
        match to {
            To::Recipient(address) => tell(self.recipient(field, address)),
            To::Member(address) => tell(self.no_probe(field, address)),
            To::Connector(name) => tell(self.connector(field, name)),
            To::MailboxConnector(name) => {
                tell(self.connector(field, name));
                tell(self.no_high_risk(field, name));
            }
            To::Feed(name) => tell(self.feed(field, name)),
            To::Group(name) => tell(self.group(field, name)),
        }
    }

    /// An address must be a recipient where this system is the authority for its domain, and must
    /// not be a probe's mailbox.
    fn recipient(&self, field: Field, address: &EmailAddress) -> Option<FieldError> {
        if let Some(error) = self.no_probe(field, address) {
            return Some(error);
        }
        if self.owner(address).is_some() || !self.is_authoritative(address.domain()) {
            return None;
        }
        Some(FieldError::new(
            field.to_string(),
            format!(
                "{address} is nobody's address, and {} is an authoritative domain",
                address.domain()
            ),
            "name a mailbox, contact or group that exists, or add it in the same change",
        ))
    }

    fn no_probe(&self, field: Field, address: &EmailAddress) -> Option<FieldError> {
        let is_monitoring = |owner: Owner| owner.is_monitoring;
        self.owner(address).is_some_and(is_monitoring).then(|| {
            FieldError::new(
                field.to_string(),
                format!(
                    "{address} is a monitoring mailbox, which takes mail of health probes only"
                ),
                "name another recipient",
            )
        })
    }

    fn owner(&self, address: &EmailAddress) -> Option<Owner> {
        let by_key = |address: &EmailAddress| self.owners.owner(&address.key());
        by_key(address).or_else(|| by_key(&address.without_detail()?))
    }

    fn is_authoritative(&self, domain: &Domain) -> bool {
        let mut name = domain.as_str();
        let mut is_parent = false;
        loop {
            if let Some(accepted) = self.domains.get(name)
                && (!is_parent || accepted.include_subdomains)
            {
                return accepted.domain_type == AcceptedDomainType::Authoritative;
            }
            match name.split_once('.') {
                Some((_, parent)) => (name, is_parent) = (parent, true),
                None => return false,
            }
        }
    }

    fn connector(&self, field: Field, name: &str) -> Option<FieldError> {
        let is_it = |known: &String| known.eq_ignore_ascii_case(name);
        if self.connectors.iter().any(is_it) {
            return None;
        }
        let mend = match self.connectors.as_slice() {
            [] => "create the send connector in the same change".to_owned(),
            names => format!("name one of: {}", names.join(", ")),
        };
        Some(FieldError::new(
            field.to_string(),
            format!("there is no send connector {name:?}"),
            mend,
        ))
    }

    /// Mailboxes are not outside.
    fn no_high_risk(&self, field: Field, name: &str) -> Option<FieldError> {
        let mut names = self.high_risk.iter();
        names.any(|known| known.eq_ignore_ascii_case(name)).then(|| {
            FieldError::new(
                field.to_string(),
                format!("{name:?} is of the high-risk pool, which is for mail out of the organisation"),
                "name a send connector of the normal pool",
            )
        })
    }

    /// MemberOfGroup is what groups list: who a filter finds is not known before it is asked.
    fn group(&self, field: Field, name: &str) -> Option<FieldError> {
        let found = self.groups.is_listed(name);
        if found == Some(true) {
            return None;
        }
        let (problem, mend) = match found {
            Some(_) => (
                format!("MemberOfGroup names {name:?}, which is a dynamic group and lists nobody"),
                "name a distribution group, or write its conditions into this filter".to_owned(),
            ),
            None => {
                let listed = self.groups.listed().into_iter();
                let near = listed
                    .map(|known| (strsim::damerau_levenshtein(&known, name), known))
                    .filter(|(distance, known)| distance * 3 <= known.len().max(3))
                    .min();
                let mend = match near {
                    Some((_, near)) => format!("did you mean {near:?}?"),
                    None => "name a distribution group by its name or address, or create it in \
                             the same change"
                        .to_owned(),
                };
                (
                    format!(
                        "MemberOfGroup names {name:?}, and there is no distribution group of that name"
                    ),
                    mend,
                )
            }
        };
        Some(FieldError::new(field.to_string(), problem, mend))
    }

    fn feed(&self, field: Field, name: &str) -> Option<FieldError> {
        let is_it = |known: &String| known.eq_ignore_ascii_case(name);
        if self.feeds.iter().any(is_it) {
            return None;
        }
        let mend = match self.feeds.as_slice() {
            [] => "create the sender feed in the same change".to_owned(),
            names => format!("name one of: {}", names.join(", ")),
        };
        let problem = format!("there is no sender feed {name:?}");
        Some(FieldError::new(field.to_string(), problem, mend))
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        ObjectId, Revision,
        kind::{
            DistributionGroup, DynamicDistributionGroup, JournalRule, Mailbox, MailboxType,
            TransportSettings,
        },
    };

    use super::{
        super::{group::by_name, recipient::owners},
        *,
    };

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(0),
            name: name.to_owned(),
            revision: Revision(0),
            spec: spec.into(),
        }
    }

    fn address(text: &str) -> EmailAddress {
        text.parse().unwrap()
    }

    fn world(more: Vec<Object>) -> Vec<Object> {
        let mut probe = Mailbox::new(address("probe@example.org"));
        probe.mailbox_type = MailboxType::Monitoring;
        let domain = AcceptedDomain {
            domain: "example.org".parse().unwrap(),
            domain_type: AcceptedDomainType::Authoritative,
            include_subdomains: true,
        };
        let relay = AcceptedDomain {
            domain: "relay.example.org".parse().unwrap(),
            domain_type: AcceptedDomainType::InternalRelay,
            include_subdomains: false,
        };
        let mut objects = vec![
            object("example.org", domain),
            object("relay", relay),
            object("anna", Mailbox::new(address("anna@example.org"))),
            object("probe", probe),
            object("Dovecot", SendConnector::default()),
        ];
        objects.extend(more);
        objects
    }

    /// What is wrong with the references of the world with more objects.
    fn told(more: Vec<Object>) -> Vec<String> {
        let world = world(more);
        let world: Vec<&Object> = world.iter().collect();
        let owners = owners(&world);
        let groups = by_name(world.iter().copied());
        let mut errors = Vec::new();
        Known::of(&world, &owners, &groups).all(&world, &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn check(more: Object, expect: &[&str]) {
        let errors = told(vec![more]);
        assert_eq!(errors.len(), expect.len(), "{errors:?}");
        for (error, expect) in errors.iter().zip(expect) {
            assert!(error.contains(expect), "{error}");
        }
    }

    fn rule(target: &str, recipient: Option<&str>) -> Object {
        object(
            "all",
            JournalRule {
                recipient: recipient.map(address),
                ..JournalRule::new(address(target))
            },
        )
    }

    #[test]
    fn journal_rules_name_who_exists() {
        check(rule("anna@example.org", Some("anna+x@example.org")), &[]);
        check(
            rule("archive@example.net", Some("boss@relay.example.org")),
            &[],
        );
        check(
            rule("archive@example.org", Some("boss@sub.example.org")),
            &[
                "journal-rule \"all\": journal_address: archive@example.org is nobody's address",
                "recipient: boss@sub.example.org is nobody's address",
            ],
        );
        check(rule("probe@example.org", None), &["monitoring mailbox"]);
        for (store, expect) in [
            ("local", &[][..]),
            ("dovecot", &[]),
            (
                "exchange",
                &["mailbox_store: there is no send connector \"exchange\""],
            ),
        ] {
            let rule = JournalRule {
                mailbox_store: Some(store.to_owned()),
                ..JournalRule::new(address("anna@example.org"))
            };
            check(object("all", rule), expect);
        }
    }

    #[test]
    fn filters_name_groups_that_list_their_members() {
        let dynamic = |name: &str, filter: &str| {
            let filter = filter.parse().unwrap();
            object(
                name,
                DynamicDistributionGroup::new(address(&format!("{name}@example.org")), filter),
            )
        };
        let staff = object(
            "All Staff",
            DistributionGroup::new(address("staff@example.org"), Vec::new()),
        );
        for (filter, expect) in [
            ("MemberOfGroup -eq 'all staff'", None),
            ("MemberOfGroup -ne 'STAFF@example.org'", None),
            (
                "MemberOfGroup -eq 'CN=All Staff,OU=X,DC=example,DC=org'",
                None,
            ),
            ("MemberOfGroup -eq $null", None),
            (
                "Name -eq 'x' -or (-not(MemberOfGroup -eq 'All Staf'))",
                Some("did you mean \"all staff\"?"),
            ),
            (
                "MemberOfGroup -eq 'zzz'",
                Some("there is no distribution group"),
            ),
            ("MemberOfGroup -eq 'x'", Some("is a dynamic group")),
        ] {
            let more = vec![staff.clone(), dynamic("x", filter)];
            let told = told(more);
            match expect {
                None => assert!(told.is_empty(), "{filter}: {told:?}"),
                Some(part) => assert!(
                    told.len() == 1
                        && told[0].contains(part)
                        && told[0].contains("recipient_filter"),
                    "{filter}: {told:?}"
                ),
            }
        }
    }

    #[test]
    fn mailboxes_name_connectors_that_exist() {
        let mut mailbox = Mailbox::new(address("bert@example.org"));
        mailbox.send_connector = Some("dovecot".to_owned());
        mailbox.forwarding_address = Some(address("anna@example.org"));
        check(object("bert", mailbox.clone()), &[]);
        mailbox.send_connector = Some("exchange".to_owned());
        mailbox.forwarding_address = Some(address("nobody@example.org"));
        check(
            object("bert", mailbox),
            &[
                "forwarding_address: nobody@example.org is nobody's",
                "send_connector: there is no send connector \"exchange\"; name one of: Dovecot",
            ],
        );
    }

    #[test]
    fn probes_are_reached_by_no_way() {
        let mut group = DistributionGroup::new(
            address("all@example.org"),
            vec![address("anna@example.org"), address("probe@example.org")],
        );
        group.report_to = Some(address("nobody@example.org"));
        check(
            object("all", group),
            &[
                "report_to: nobody@",
                "members[1]: probe@example.org is a monitoring",
            ],
        );
        let settings = TransportSettings {
            postmaster: Some(address("probe@example.org")),
            ..Default::default()
        };
        check(
            object("default", settings),
            &["postmaster: probe@example.org"],
        );
    }
}
