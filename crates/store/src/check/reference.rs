//! References: what an object names must be there, where this system would have to know it.

use std::collections::HashMap;

use mailward_model::{
    Domain, EmailAddress, FieldError, Object, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, DistributionGroup, DynamicDistributionGroup,
        LOCAL_STORE, OutboundPool, RemoteRange, SendConnector, SenderFeed,
    },
};

use super::{error, is_monitoring, of, recipient::owners};
use crate::ObjectError;

/// Every reference to a recipient or a connector.
pub(super) fn all(objects: &[Object], errors: &mut Vec<ObjectError>) {
    let known = Known {
        owners: owners(objects),
        domains: of::<AcceptedDomain>(objects)
            .map(|(_, spec)| (spec.domain.as_str(), spec))
            .collect(),
        connectors: of::<SendConnector>(objects)
            .map(|(object, _)| object.name.clone())
            .collect(),
        high_risk: of::<SendConnector>(objects)
            .filter(|(_, spec)| spec.pool == OutboundPool::HighRisk)
            .map(|(object, _)| object.name.clone())
            .collect(),
        feeds: of::<SenderFeed>(objects)
            .map(|(object, _)| object.name.clone())
            .collect(),
        groups: groups(objects),
    };
    for object in objects {
        let mut tell = |broken: Option<FieldError>| {
            errors.extend(broken.map(|broken| error(object, broken)));
        };
        match &object.spec {
            Spec::JournalRule(rule) => {
                tell(known.recipient("journal_address", &rule.journal_address));
                if let Some(address) = &rule.recipient {
                    tell(known.recipient("recipient", address));
                }
                if let Some(store) = &rule.mailbox_store
                    && store != LOCAL_STORE
                {
                    tell(known.connector("mailbox_store", store));
                }
            }
            Spec::ReceiveConnector(connector) => {
                for (field, entries) in [
                    ("remote_ranges", &connector.remote_ranges),
                    ("sender_ranges", &connector.sender_ranges),
                ] {
                    for (at, entry) in entries.iter().enumerate() {
                        if let Some(name) = entry.feed() {
                            tell(known.feed(|| format!("{field}[{at}]"), name));
                        }
                    }
                }
            }
            Spec::Policy(policy) => {
                for (at, entry) in policy.ranges.iter().enumerate() {
                    let (exact, added) = (entry.remote_ranges.as_deref(), &entry.add);
                    let feeds = exact.into_iter().flatten().chain(added);
                    for name in feeds.filter_map(RemoteRange::feed) {
                        tell(known.feed(|| format!("ranges[{at}]"), name));
                    }
                }
            }
            Spec::Mailbox(mailbox) => {
                if let Some(address) = &mailbox.forwarding_address {
                    tell(known.recipient("forwarding_address", address));
                }
                if let Some(name) = &mailbox.send_connector {
                    tell(known.connector("send_connector", name));
                    tell(known.no_high_risk("send_connector", name));
                }
            }
            Spec::MailContact(contact) => {
                tell(known.recipient("external_address", &contact.external_address));
            }
            Spec::MailUser(user) => {
                tell(known.recipient("external_address", &user.external_address));
            }
            Spec::DistributionGroup(group) => {
                for (at, member) in group.members.iter().enumerate() {
                    tell(known.no_probe(|| format!("members[{at}]"), member));
                }
                if let Some(address) = &group.report_to {
                    tell(known.recipient("report_to", address));
                }
                for (at, address) in group.managed_by.iter().enumerate() {
                    tell(known.recipient(&format!("managed_by[{at}]"), address));
                }
            }
            Spec::DynamicDistributionGroup(group) => {
                if let Some(address) = &group.report_to {
                    tell(known.recipient("report_to", address));
                }
                if let Some(address) = &group.managed_by {
                    tell(known.recipient("managed_by", address));
                }
                let filter = group.recipient_filter.as_ref();
                for name in filter.iter().flat_map(|one| one.filter().named_groups()) {
                    tell(known.group(name));
                }
            }
            Spec::TransportSettings(settings) => {
                if let Some(address) = &settings.postmaster {
                    tell(known.recipient("postmaster", address));
                }
                if let Some(address) = &settings.journaling_report_ndr_to {
                    tell(known.recipient("journaling_report_ndr_to", address));
                }
            }
            _ => {}
        }
        if let Some(recipient) = object.spec.recipient() {
            for (field, list) in [
                (
                    "accept_messages_only_from",
                    recipient.accept_messages_only_from(),
                ),
                ("reject_messages_from", recipient.reject_messages_from()),
            ] {
                for (at, address) in list.iter().enumerate() {
                    tell(known.recipient(&format!("{field}[{at}]"), address));
                }
            }
        }
    }
}

/// What groups go by, as filters name them: names and addresses in lower case. True for a group of
/// listed members.
fn groups(objects: &[Object]) -> HashMap<String, bool> {
    let listed =
        of::<DistributionGroup>(objects).map(|(object, group)| (object, &group.address, true));
    let dynamic = of::<DynamicDistributionGroup>(objects)
        .map(|(object, group)| (object, &group.address, false));
    // Where a dynamic group has the name of another, the other is meant.
    let both = dynamic.chain(listed);
    both.flat_map(|(object, address, is_listed)| {
        let name = object.name.to_lowercase();
        [
            (name, is_listed),
            (address.to_string().to_lowercase(), is_listed),
        ]
    })
    .collect()
}

/// What there is to refer to.
struct Known<'a> {
    owners: HashMap<String, &'a Object>,
    domains: HashMap<&'a str, &'a AcceptedDomain>,
    connectors: Vec<String>,
    /// Of these, those of the high-risk pool.
    high_risk: Vec<String>,
    feeds: Vec<String>,
    groups: HashMap<String, bool>,
}

impl<'a> Known<'a> {
    /// An address must be a recipient where this system is the authority for its domain, and must
    /// not be a probe's mailbox.
    fn recipient(&self, field: &str, address: &EmailAddress) -> Option<FieldError> {
        if let Some(error) = self.no_probe(|| field.to_owned(), address) {
            return Some(error);
        }
        if self.owner(address).is_some() || !self.is_authoritative(address.domain()) {
            return None;
        }
        Some(FieldError::new(
            field,
            format!(
                "{address} is nobody's address, and {} is an authoritative domain",
                address.domain()
            ),
            "name a mailbox, contact or group that exists, or add it in the same change",
        ))
    }

    fn no_probe(&self, field: impl Fn() -> String, address: &EmailAddress) -> Option<FieldError> {
        self.owner(address).is_some_and(is_monitoring).then(|| {
            FieldError::new(
                field(),
                format!(
                    "{address} is a monitoring mailbox, which takes mail of health probes only"
                ),
                "name another recipient",
            )
        })
    }

    fn owner(&self, address: &EmailAddress) -> Option<&'a Object> {
        let by_key = |address: &EmailAddress| self.owners.get(&address.key()).copied();
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

    fn connector(&self, field: &str, name: &str) -> Option<FieldError> {
        let is_it = |known: &String| known.eq_ignore_ascii_case(name);
        if self.connectors.iter().any(is_it) {
            return None;
        }
        let mend = match self.connectors.as_slice() {
            [] => "create the send connector in the same change".to_owned(),
            names => format!("name one of: {}", names.join(", ")),
        };
        Some(FieldError::new(
            field,
            format!("there is no send connector {name:?}"),
            mend,
        ))
    }

    /// Mailboxes are not outside.
    fn no_high_risk(&self, field: &str, name: &str) -> Option<FieldError> {
        let mut names = self.high_risk.iter();
        names.any(|known| known.eq_ignore_ascii_case(name)).then(|| {
            FieldError::new(
                field,
                format!("{name:?} is of the high-risk pool, which is for mail out of the organisation"),
                "name a send connector of the normal pool",
            )
        })
    }

    /// MemberOfGroup is what groups list: who a filter finds is not known before it is asked.
    fn group(&self, name: &str) -> Option<FieldError> {
        let field = "recipient_filter";
        let found = self.groups.get(name);
        if found == Some(&true) {
            return None;
        }
        let (problem, mend) = match found {
            Some(_) => (
                format!("MemberOfGroup names {name:?}, which is a dynamic group and lists nobody"),
                "name a distribution group, or write its conditions into this filter".to_owned(),
            ),
            None => {
                let listed = self.groups.iter().filter(|(_, is_listed)| **is_listed);
                let near = listed
                    .map(|(known, _)| (strsim::damerau_levenshtein(known, name), known))
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
        Some(FieldError::new(field, problem, mend))
    }

    fn feed(&self, field: impl Fn() -> String, name: &str) -> Option<FieldError> {
        let is_it = |known: &String| known.eq_ignore_ascii_case(name);
        if self.feeds.iter().any(is_it) {
            return None;
        }
        let mend = match self.feeds.as_slice() {
            [] => "create the sender feed in the same change".to_owned(),
            names => format!("name one of: {}", names.join(", ")),
        };
        let problem = format!("there is no sender feed {name:?}");
        Some(FieldError::new(field(), problem, mend))
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        ObjectId, Revision,
        kind::{DistributionGroup, JournalRule, Mailbox, MailboxType, TransportSettings},
    };

    use super::*;

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

    #[track_caller]
    fn check(more: Object, expect: &[&str]) {
        let mut errors = Vec::new();
        all(&world(vec![more]), &mut errors);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
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
            let mut errors = Vec::new();
            all(&world(more), &mut errors);
            let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
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
                "members[1]: probe@example.org is a monitoring",
                "report_to: nobody@",
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
