//! Resolution by examples: each case of the order, with who gets the message and what is noted.

use std::net::IpAddr;

use mailward_model::{
    EnvelopeRecipient, Object, ObjectId, Revision, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, DistributionGroup, DynamicDistributionGroup,
        MailContact, MailUser, Mailbox, MailboxType, PersonalAttribute, TransportSettings,
    },
    unit::ByteSize,
};

use super::*;
use crate::{Place, RcptDecision};

mod restrictions;

fn address(text: &str) -> EmailAddress {
    match text.contains('@') {
        true => text.parse().unwrap(),
        false => format!("{text}@example.org").parse().unwrap(),
    }
}

#[derive(Default)]
struct World(Vec<Object>);

impl World {
    fn new() -> World {
        World::default()
            .domain("example.org", AcceptedDomainType::Authoritative)
            .domain("relay.example", AcceptedDomainType::InternalRelay)
            .domain("outer.example", AcceptedDomainType::ExternalRelay)
    }

    fn add(mut self, name: &str, spec: impl Into<Spec>) -> World {
        let number = self.0.len() as u64 + 1;
        self.0.push(Object {
            id: ObjectId(number),
            name: name.to_owned(),
            revision: Revision(number),
            spec: spec.into(),
        });
        self
    }

    fn domain(self, domain: &str, domain_type: AcceptedDomainType) -> World {
        let domain = domain.parse().unwrap();
        self.add(
            "domain",
            AcceptedDomain {
                domain,
                domain_type,
                include_subdomains: false,
            },
        )
    }

    fn mailbox(self, name: &str) -> World {
        self.add(name, Mailbox::new(address(name)))
    }

    fn mailbox_with(self, name: &str, change: impl FnOnce(&mut Mailbox)) -> World {
        let mut mailbox = Mailbox::new(address(name));
        change(&mut mailbox);
        self.add(name, mailbox)
    }

    fn forward(self, name: &str, to: &str) -> World {
        self.mailbox_with(name, |m| m.forwarding_address = Some(address(to)))
    }

    fn keep_and_forward(self, name: &str, to: &str) -> World {
        self.mailbox_with(name, |m| {
            m.forwarding_address = Some(address(to));
            m.deliver_and_forward = true;
        })
    }

    fn contact(self, name: &str, to: &str) -> World {
        self.add(name, MailContact::new(address(name), address(to)))
    }

    fn group(self, name: &str, members: &[&str]) -> World {
        self.group_with(name, members, None)
    }

    fn group_with(self, name: &str, members: &[&str], report_to: Option<&str>) -> World {
        let members = members.iter().map(|m| address(m)).collect();
        let mut group = DistributionGroup::new(address(name), members);
        group.report_to = report_to.map(address);
        self.add(name, group)
    }

    fn settings(self, settings: TransportSettings) -> World {
        self.add("default", settings)
    }

    fn resolve(&self, to: &[&str]) -> Resolution {
        let to: Vec<_> = to
            .iter()
            .map(|to| EnvelopeRecipient::new(address(to)))
            .collect();
        Directory::build(&self.0).resolve(&to, None)
    }

    /// Resolves and compares: final recipients as `who`, `who<group` (expanded) or `who<<box`
    /// (forwarded), then failures as `who!5.1.1`.
    #[track_caller]
    fn check(&self, to: &[&str], expect: &[&str]) -> Resolution {
        let resolution = self.resolve(to);
        let short = |a: &EmailAddress| a.to_string().replace("@example.org", "");
        let mut got: Vec<_> = resolution
            .recipients
            .iter()
            .map(|r| match &r.redirection {
                None => short(&r.rcpt.address),
                Some(Redirection::Expanded(by)) => {
                    format!("{}<{}", short(&r.rcpt.address), short(by))
                }
                Some(Redirection::Forwarded(by)) => {
                    format!("{}<<{}", short(&r.rcpt.address), short(by))
                }
            })
            .collect();
        got.extend(resolution.failures.iter().map(|f| {
            let code = f.reply.enhanced.map(|e| e.to_string()).unwrap_or_default();
            format!("{}!{code}", short(&f.rcpt.address))
        }));
        assert_eq!(got, expect);
        resolution
    }
}

#[test]
fn a_mailbox_and_strangers() {
    let world = World::new().mailbox("anna");
    let resolution = world.check(
        &[
            "Anna",
            "x@example.net",
            "y@relay.example",
            "z@outer.example",
            "nobody",
        ],
        &[
            "Anna",
            "x@example.net",
            "y@relay.example",
            "z@outer.example",
            "nobody!5.1.1",
        ],
    );
    assert!(matches!(
        resolution.recipients.first().map(|r| r.place),
        Some(Place::Mailbox(_))
    ));
    assert!(resolution.notes.is_empty());
}

#[test]
fn proxies_become_primary_and_keep_what_was_sent() {
    let world = World::new().mailbox_with("anna", |m| {
        m.proxy_addresses = vec![address("info"), address("anna@relay.example")];
    });
    let resolution = world.check(&["INFO"], &["anna"]);
    assert_eq!(
        resolution.recipients[0].rcpt.orcpt.as_deref(),
        Some("rfc822;INFO@example.org")
    );
    assert_eq!(resolution.notes[0].step, ResolutionStep::Resolve);

    let mut given = EnvelopeRecipient::new(address("anna@relay.example"));
    given.orcpt = Some("rfc822;first@example.net".to_owned());
    let resolution = Directory::build(&world.0).resolve(&[given], None);
    assert_eq!(
        resolution.recipients[0].rcpt.orcpt.as_deref(),
        Some("rfc822;first@example.net")
    );
}

#[test]
fn details_reach_the_mailbox_and_stay() {
    let world = World::new().mailbox_with("anna", |m| m.proxy_addresses = vec![address("info")]);
    world.check(&["anna+news"], &["anna+news"]);
    world.check(&["info+news"], &["anna+news"]);
    world.check(&["anna+a", "anna+b", "anna"], &["anna+a"]);
    let off = World::new().mailbox("anna").settings(TransportSettings {
        plus_addressing: false,
        ..Default::default()
    });
    off.check(&["anna+news"], &["anna+news!5.1.1"]);
}

#[test]
fn forwards_and_contacts() {
    let world = World::new()
        .mailbox("anna")
        .forward("bert", "anna")
        .keep_and_forward("carl", "x@example.net")
        .contact("dora", "dora@example.net")
        .forward("emil", "dora");
    world.check(&["bert"], &["anna<<bert"]);
    world.check(&["carl"], &["carl", "x@example.net<<carl"]);
    world.check(&["dora"], &["dora@example.net<<dora"]);
    // The outermost address, the one the sender used, is named.
    world.check(&["emil"], &["dora@example.net<<emil"]);
}

#[test]
fn groups_expand_at_all_depths_and_nobody_gets_two() {
    let world = World::new()
        .mailbox("anna")
        .mailbox("bert")
        .forward("carl", "anna")
        .group("inner", &["bert", "x@example.net", "carl"])
        .group("outer", &["anna", "inner", "X@example.net", "bert"]);
    let resolution = world.check(
        &["outer"],
        &["anna<outer", "bert<outer", "x@example.net<outer"],
    );
    let duplicates = resolution
        .notes
        .iter()
        .filter(|n| n.step == ResolutionStep::Duplicate)
        .count();
    assert_eq!(duplicates, 3);
    // Whom the sender wrote to directly counts as such, whatever came first.
    world.check(
        &["outer", "bert"],
        &["anna<outer", "bert", "x@example.net<outer"],
    );
}

#[test]
fn harmless_loops_deliver_once() {
    let world = World::new()
        .mailbox("anna")
        .mailbox("bert")
        .group("a", &["b", "anna"])
        .group("b", &["a", "bert"])
        .keep_and_forward("carl", "dora")
        .forward("dora", "carl")
        .forward("emil", "team")
        .group("team", &["emil", "anna"]);
    world.check(&["a"], &["bert<a", "anna<a"]);
    world.check(&["carl"], &["carl"]);
    world.check(&["dora"], &["carl<<dora"]);
    world.check(&["team"], &["anna<team"]);
    world.check(&["emil"], &["anna<<emil"]);
}

#[test]
fn circles_that_reach_nobody_fail_at_their_head() {
    let world = World::new()
        .mailbox("anna")
        .forward("a", "b")
        .forward("b", "c")
        .forward("c", "a")
        .forward("d", "b")
        .forward("self", "lonely")
        .group("lonely", &["self"])
        .group("mixed", &["a", "anna"]);
    world.check(&["a"], &["a!5.4.6"]);
    world.check(&["d"], &["b!5.4.6"]);
    // Each recipient that the sender wrote to is told of.
    world.check(&["a", "b", "c"], &["a!5.4.6", "b!5.4.6", "c!5.4.6"]);
    world.check(&["lonely"], &["lonely!5.4.6"]);
    world.check(&["self"], &["self!5.4.6"]);
    // A circle within a group is not hidden by the members that get the message.
    world.check(&["mixed"], &["anna<mixed", "a!5.4.6"]);
}

#[test]
fn empty_groups_and_dead_members_fail() {
    let world = World::new()
        .mailbox("anna")
        .group("empty", &[])
        .group("team", &["anna", "gone", "gone"])
        .group("all", &["empty", "team"]);
    world.check(&["empty"], &["empty!5.2.4"]);
    world.check(&["team"], &["anna<team", "gone!5.1.1"]);
    world.check(&["all"], &["anna<all", "empty!5.2.4", "gone!5.1.1"]);
}

#[test]
fn a_group_over_the_limit_fails_whole_and_alone() {
    let members: Vec<_> = (0..10).map(|i| format!("m{i}@example.net")).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    let world = World::new()
        .mailbox("anna")
        .group("big", &members)
        .group("small", &["anna", "m1@example.net"])
        .settings(TransportSettings {
            max_expanded_recipients: 5,
            ..Default::default()
        });
    world.check(
        &["x@example.net", "big", "small"],
        &[
            "x@example.net",
            "anna<small",
            "m1@example.net<small",
            "big!5.2.4",
        ],
    );
}

#[test]
fn a_chain_beyond_all_reason_fails_without_exhausting_the_stack() {
    let mut world = World::new().mailbox("end");
    for i in 0..10_000 {
        let next = match i {
            9_999 => "end".to_owned(),
            _ => format!("g{}", i + 1),
        };
        world = world.group(&format!("g{i}"), &[&next]);
    }
    world.check(&["g0"], &[&format!("g{DEPTH_MAX}!5.4.6")]);
    world.check(&["g9990"], &["end<g9990"]);
}

#[test]
fn success_reports_end_at_groups() {
    let world = World::new()
        .mailbox("anna")
        .group("plain", &["anna"])
        .group_with("list", &["x@example.net"], Some("owner@example.net"));
    let mut to = [
        EnvelopeRecipient::new(address("plain")),
        EnvelopeRecipient::new(address("list")),
    ];
    for rcpt in &mut to {
        rcpt.notify = Notify {
            success: true,
            failure: true,
            delay: false,
            given: true,
        };
    }
    let resolution = Directory::build(&world.0).resolve(&to, None);
    assert_eq!(resolution.expanded, [0, 1]);
    let plain = &resolution.recipients[0];
    assert!(!plain.rcpt.notify.success && plain.rcpt.notify.failure && plain.rcpt.notify.given);
    assert_eq!(
        plain.rcpt.orcpt.as_deref(),
        Some("rfc822;plain@example.org")
    );
    // A group with a return address of its own ends the sender's part.
    let list = &resolution.recipients[1];
    assert_eq!(list.report_to, Some(address("owner@example.net")));
    assert_eq!(
        (list.rcpt.notify, &list.rcpt.orcpt),
        (Notify::default(), &None)
    );
}

#[test]
fn the_postmaster_is_always_there() {
    let host = "mx.example.org".parse().unwrap();
    let world = World::new().mailbox("anna").settings(TransportSettings {
        postmaster: Some(address("anna")),
        ..Default::default()
    });
    let directory = Directory::build(&world.0).with_host(&host);
    let local: IpAddr = "192.0.2.1".parse().unwrap();
    for (to, expect) in [
        ("PostMaster@example.org", RcptDecision::Known),
        ("postmaster@relay.example", RcptDecision::Known),
        ("postmaster@mx.example.org", RcptDecision::Known),
        ("postmaster@[192.0.2.1]", RcptDecision::Known),
        ("postmaster@[192.0.2.2]", RcptDecision::NotLocal),
        ("postmaster@example.net", RcptDecision::NotLocal),
        ("anna@mx.example.org", RcptDecision::NotLocal),
        ("bert@relay.example", RcptDecision::Relay),
        ("bert@example.org", RcptDecision::Unknown),
    ] {
        let decision = directory.check_recipient_at(&address(to), Some(local));
        assert_eq!(decision, expect, "{to}");
        if expect == RcptDecision::Known {
            let resolution = directory.resolve(&[EnvelopeRecipient::new(address(to))], Some(local));
            assert_eq!(
                resolution.recipients[0].rcpt.address,
                address("anna"),
                "{to}"
            );
        }
    }
    let without = World::new().mailbox("anna");
    without.check(&["postmaster"], &["postmaster!5.1.1"]);
    // A postmaster who is himself nobody is found out, not searched for ever.
    let lost = World::new().settings(TransportSettings {
        postmaster: Some(address("postmaster@relay.example")),
        ..Default::default()
    });
    lost.check(&["postmaster"], &["postmaster@relay.example"]);
}

#[test]
fn probes_mailboxes_are_reached_directly_or_not_at_all() {
    let world = World::new()
        .mailbox_with("probe", |m| m.mailbox_type = MailboxType::Monitoring)
        .forward("anna", "probe")
        .mailbox("bert")
        .group("all", &["bert", "probe"]);
    let directory = Directory::build(&world.0);
    assert_eq!(
        directory.check_recipient(&address("probe")),
        RcptDecision::Monitoring
    );
    world.check(&["probe"], &["probe"]);
    world.check(&["anna"], &["probe!5.7.1"]);
    world.check(&["all"], &["bert<all", "probe!5.7.1"]);
}

#[test]
fn members_are_those_whom_a_group_stands_for() {
    let world = World::new()
        .mailbox("anna")
        .forward("bert", "x@example.net")
        .contact("carl", "carl@example.net")
        .group("inner", &["bert", "outer", "y@example.net", "anna+x"])
        .group("outer", &["inner", "carl"]);
    let directory = Directory::build(&world.0);
    let members = directory.members(&address("outer"));
    assert_eq!(members.len(), 4);
    for (who, belongs) in [
        ("anna", true),
        ("bert", true),
        ("carl", true),
        ("Y@example.net", true),
        ("outer", false),
        ("x@example.net", false),
        ("carl@example.net", false),
    ] {
        assert_eq!(
            members.has_address(&directory, &address(who)),
            belongs,
            "{who}"
        );
    }
    assert!(
        directory
            .members(&address("stranger@example.net"))
            .has_address(&directory, &address("stranger@example.net"))
    );
}

#[test]
fn ways_lead_back_over_everybody_passed() {
    let world = World::new()
        .mailbox("anna")
        .forward("bert", "anna")
        .group("team", &["bert", "anna"]);
    let resolution = world.check(&["team"], &["anna<team"]);
    let directory = Directory::build(&world.0);
    let name = |no| directory.recipient_of(no).unwrap().name.to_string();
    let way: Vec<_> = resolution
        .way(&resolution.recipients[0])
        .map(name)
        .collect();
    assert_eq!(way, ["anna", "bert", "team"]);
    let other: Vec<_> = resolution
        .other_ways()
        .map(|(reached, way)| (reached, way.map(name).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        other,
        [(Some(0), vec!["anna".to_owned(), "team".to_owned()])]
    );
}
