//! Text in and out: the round trip, errors with their places, effects.

use mailward_model::{
    EmailAddress, IpRange, ObjectId,
    kind::{
        AcceptedDomain, AlertChannel, AlertEmail, AlertTarget, CommonAttribute, Condition,
        DistributionGroup, DynamicDistributionGroup, HealthSettings, IncludedRecipients,
        JournalRule, MailContact, Mailbox, MailboxType, PersonalAttribute, ReceiveConnector,
        SendConnector, TransportSettings,
    },
    unit::{ByteSize, Span},
};
use proptest::prelude::*;

use super::*;

fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
    Object {
        id: ObjectId(id),
        name: name.to_owned(),
        revision: Revision(id),
        spec: spec.into(),
    }
}

fn address() -> impl Strategy<Value = EmailAddress> {
    ("[a-zA-Z\"\\\\ é+.#']{1,12}", "[a-z]{1,8}\\.example")
        .prop_filter_map("valid", |(local, domain)| {
            EmailAddress::new(&local, domain.parse().ok()?).ok()
        })
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9\"'#=\\[\\]é→][a-zA-Z0-9 \"'#=.\\[\\]é]{0,10}[a-z0-9]"
}

fn spec() -> impl Strategy<Value = Spec> {
    let addresses = || prop::collection::vec(address(), 0..4);
    let receive = (
        prop::collection::vec(any::<u16>(), 0..3),
        any::<(u32, u32)>(),
        any::<u32>(),
        any::<bool>(),
        0..90_000u64,
    )
        .prop_map(|(ports, (a, b), size, flag, seconds)| {
            let range = format!(
                "{}-{}",
                std::net::Ipv4Addr::from_bits(a.min(b)),
                std::net::Ipv4Addr::from_bits(a.max(b))
            );
            Spec::from(ReceiveConnector {
                bindings: ports
                    .iter()
                    .map(|p| format!("[::1]:{p}").parse().unwrap())
                    .collect(),
                remote_ranges: vec![range.parse::<IpRange>().unwrap().into()],
                max_message_size: ByteSize(size.into()),
                lmtp: flag,
                pipelining: !flag,
                connection_timeout: Span::from_secs(seconds),
                ..Default::default()
            })
        });
    let send = (
        prop::option::of("[a-z]{1,5}\\.example"),
        1..=100u8,
        any::<bool>(),
    )
        .prop_map(|(domain, cost, flag)| {
            let space = match &domain {
                Some(domain) => format!("*.{domain};{cost}"),
                None => format!("*;{cost}"),
            };
            Spec::from(SendConnector {
                enabled: flag,
                address_spaces: vec![space.parse().unwrap()],
                fqdn: domain.map(|d| d.parse().unwrap()),
                ..Default::default()
            })
        });
    let mailbox = (
        address(),
        addresses(),
        prop::option::of(address()),
        any::<bool>(),
        prop::option::of(name()),
    )
        .prop_map(|(address, proxies, forward, flag, connector)| {
            let mut mailbox = Mailbox {
                mailbox_type: if flag {
                    MailboxType::Shared
                } else {
                    MailboxType::User
                },
                proxy_addresses: proxies,
                deliver_and_forward: forward.is_some() && flag,
                forwarding_address: forward,
                hidden: flag,
                max_send_size: flag.then_some(ByteSize(5 << 20)),
                accept_messages_only_from: flag.then(|| address.clone()).into_iter().collect(),
                organizational_unit: flag.then(|| "example.org/Sales".parse().unwrap()),
                ..Mailbox::new(address)
            };
            if let Some(connector) = &connector {
                mailbox
                    .personal
                    .set(PersonalAttribute::Department, connector);
                let key = CommonAttribute::ExtensionCustomAttribute1;
                mailbox
                    .attributes
                    .set_list(key, &[connector.clone(), "Ignore".to_owned()]);
            }
            mailbox.send_connector = connector;
            Spec::from(mailbox)
        });
    let group = (
        address(),
        addresses(),
        addresses(),
        prop::option::of(address()),
    )
        .prop_map(|(address, proxy_addresses, members, report_to)| {
            Spec::from(DistributionGroup {
                proxy_addresses,
                report_to_originator_enabled: report_to.is_some(),
                report_to,
                ..DistributionGroup::new(address, members)
            })
        });
    let contact = (address(), address(), addresses()).prop_map(
        |(address, external_address, proxy_addresses)| {
            Spec::from(MailContact {
                proxy_addresses,
                hidden: true,
                ..MailContact::new(address, external_address)
            })
        },
    );
    let dynamic = (address(), any::<bool>(), name()).prop_map(|(address, custom, name)| {
        let filter = "(Department -eq 'Sales') -and (-not(Name -like 'CAS_{*'))";
        let mut group = DynamicDistributionGroup::new(address, filter.parse().unwrap());
        if !custom {
            group.recipient_filter = None;
            group.included_recipients = vec![IncludedRecipients::MailboxUsers];
            group.conditions.set(Condition::ConditionalCompany, &name);
        }
        Spec::from(group)
    });
    let rule = (
        address(),
        prop::option::of(address()),
        prop::option::of(name()),
        any::<bool>(),
    )
        .prop_map(|(journal_address, recipient, label, enabled)| {
            Spec::from(JournalRule {
                recipient,
                label,
                enabled,
                sent_utc: !enabled,
                ..JournalRule::new(journal_address)
            })
        });
    let alert = prop_oneof![
        name().prop_map(AlertTarget::Webhook),
        prop::collection::vec(name(), 0..3).prop_map(AlertTarget::Command),
        name().prop_map(|path| AlertTarget::File(path.into())),
        name().prop_map(AlertTarget::Ping),
        Just(AlertTarget::Syslog("udp://192.0.2.1:514".parse().unwrap())),
        (address(), prop::option::of("[a-z]{1,8}")).prop_map(
            |(address, user): (_, Option<String>)| {
                AlertTarget::Email(AlertEmail {
                    relay: "relay.example.net:587".parse().unwrap(),
                    tls: Default::default(),
                    password_file: user.as_ref().map(|user| user.into()),
                    user,
                    from: address.clone(),
                    to: vec![address],
                })
            }
        ),
    ];
    let alert =
        (alert, any::<bool>(), prop::option::of(name())).prop_map(|(target, enabled, set)| {
            Spec::from(AlertChannel {
                enabled,
                sets: set.into_iter().collect(),
                ..AlertChannel::new(target)
            })
        });
    prop_oneof![receive, send, mailbox, group, dynamic, contact, rule, alert]
}

proptest! {
    #[test]
    fn what_is_exported_reads_back_the_same(
        objects in prop::collection::btree_map("[a-z]{1,6}", (name(), spec()), 0..8),
        postmaster in prop::option::of(address()),
        repair: bool,
    ) {
        let mut objects: Vec<_> = (1u64..)
            .zip(objects)
            .map(|(id, (unique, (name, spec)))| object(id, &format!("{name}-{unique}"), spec))
            .collect();
        objects.push(object(100, "default", TransportSettings { postmaster, ..Default::default() }));
        objects.push(object(101, "default", HealthSettings { repair, ..Default::default() }));
        let text = export(&objects);
        let wanted = read(&text).map_err(|e| TestCaseError::fail(format!("{e:?}\n{text}")))?;
        prop_assert_eq!(wanted.len(), objects.len());
        let plan = plan(&objects, &wanted);
        prop_assert_eq!(plan, TextPlan::default(), "{}", text);
        // And from nothing, the text makes exactly these objects.
        let made = super::plan(&[], &wanted);
        prop_assert_eq!(made.changes.len(), objects.len());
        for change in made.changes {
            let Change::Create { name, spec } = change else {
                return Err(TestCaseError::fail("only creations"));
            };
            prop_assert!(objects.iter().any(|o| o.name == name && o.spec == spec));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_damage_is_read_or_refused(at in 0..400usize, what in "\\PC{0,3}") {
        let text = export(&sample());
        let at = text.floor_char_boundary(at);
        let _ = parse(&format!("{}{what}{}", &text[..at], &text[at..]));
    }
}

fn sample() -> Vec<Object> {
    let domain = AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type: Default::default(),
        include_subdomains: false,
    };
    let internet = ReceiveConnector {
        bindings: vec![":25".parse().unwrap()],
        ..Default::default()
    };
    vec![
        object(1, "example.org", domain),
        object(2, "Internet", internet),
        object(3, "anna", Mailbox::new("anna@example.org".parse().unwrap())),
        object(4, "default", TransportSettings::default()),
        object(5, "default", HealthSettings::default()),
    ]
}

#[test]
fn the_text_shows_what_was_set() {
    let text = export(&sample());
    let body: Vec<_> = text.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(
        body.join("\n").trim(),
        "[[accepted_domain]]\nname = \"example.org\"\ndomain = \"example.org\"\n\n\
         [[receive_connector]]\nname = \"Internet\"\nbindings = [\":25\"]\n\n\
         [[mailbox]]\nname = \"anna\"\naddress = \"anna@example.org\"\n\n\
         [transport_settings]\n\n[health_settings]"
    );
    assert!(text.contains("# How mail comes in."), "{text}");
}

#[track_caller]
fn check_errors(text: &str, expect: &[&str]) {
    let errors = parse(text).expect_err("errors");
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, expect);
}

#[test]
fn errors_name_the_place_and_the_mend() {
    check_errors(
        "[[receive_conector]]\nname = \"x\"\n",
        &[
            "line 1, column 3: receive_conector: it is not a kind of object; did you mean receive_connector?",
        ],
    );
    check_errors(
        "# a comment\n[[receive_connector]]\nname = \"Internet\"\nbindings = [\":25\"]\nmax_mesage_size = \"50MB\"\n",
        &[
            "line 5, column 1: receive_connector \"Internet\": max_mesage_size: receive connectors have no such field; did you mean max_message_size?",
        ],
    );
    check_errors(
        "[[receive_connector]]\nname = \"Internet\"\nbindings = [\":25\", \"25\"]\n",
        &[
            "line 3, column 20: receive_connector \"Internet\": bindings[1]: \"25\" is not a binding: write 192.0.2.1:25, [2001:db8::1]:25, or :25 for all addresses",
        ],
    );
    check_errors(
        "[[mailbox]]\nname = \"a\"\naddress = \"a@example.org\"\ndepartment = 5\n",
        &["line 4, column 14: mailbox \"a\": department: expected a text, such as \"a\""],
    );
    check_errors(
        "[[distribution_group]]\nname = \"a\"\naddress = \"a@example.org\"\ncustom_atribute1 = \"x\"\n",
        &[
            "line 4, column 1: distribution_group \"a\": custom_atribute1: distribution groups have no such field; did you mean custom_attribute1?",
        ],
    );
    check_errors(
        "[[mailbox]]\naddress = \"a@example.org\"\n",
        &["line 1, column 1: mailbox: it has no name; add a line such as name = \"Internet\""],
    );
    check_errors(
        "[mailbox]\nname = \"a\"\n",
        &[
            "line 1, column 2: mailbox: this is not how objects of this kind are written; write [[mailbox]] in double brackets for each of them",
        ],
    );
    check_errors(
        "[[mailbox]]\nname = \"a\"\naddress = \"a@example.org\"\n[[mailbox]]\nname = \"A\"\naddress = \"b@example.org\"\n",
        &[
            "line 5, column 8: mailbox \"A\": name: the name stands on line 2 already; give it another name",
        ],
    );
    check_errors(
        "[[mailbox]]\nname = \"a\"\n",
        &["line 1, column 1: mailbox \"a\": missing field `address`"],
    );
}

#[test]
fn text_that_is_no_toml_says_where() {
    let errors = parse("[[mailbox]]\nname = \"a\naddress = \"b\"\n").unwrap_err();
    assert_eq!(errors.first().map(|e| e.place.line), Some(2), "{errors:?}");
}

#[test]
fn rules_among_objects_are_told_at_their_line() {
    check_errors(
        "[[mailbox]]\nname = \"a\"\naddress = \"a@example.org\"\n\n[[mailbox]]\nname = \"b\"\naddress = \"b@example.org\"\nproxy_addresses = [\"A@example.org\"]\nsend_connector = \"x\"\n",
        &[
            "line 8, column 1: mailbox \"b\": proxy_addresses[0]: A@example.org belongs to mailbox \"a\" already; remove the address from one of the two",
            "line 9, column 1: mailbox \"b\": send_connector: there is no send connector \"x\"; create the send connector in the same change",
        ],
    );
}

#[test]
fn effects_say_what_changes_and_when() {
    let current = sample();
    let text = export(&current)
        .replace(
            "bindings = [\":25\"]",
            "bindings = [\":25\", \":2525\"]\nmax_message_size = \"50MB\"\nfqdn = \"mx.example.org\"",
        )
        .replace("name = \"anna\"\naddress = \"anna@", "name = \"bert\"\naddress = \"bert@")
        .replace("[transport_settings]", "[transport_settings]\nplus_addressing = false");
    let wanted = parse(&text).unwrap();
    let plan = plan(&current, &wanted);
    let effects: Vec<_> = plan.effects.iter().map(ToString::to_string).collect();
    assert_eq!(
        effects,
        [
            "mailbox \"anna\": removed; mail for it is refused at once; what its Maildir holds stays",
            "receive-connector \"Internet\": bindings + [:2525], fqdn unset → mx.example.org, max_message_size 36MB → 50MB; takes effect at once; where an address is new or gone, transport restarts while its other listening sockets stay open",
            "mailbox \"bert\": created; takes effect for new recipients at once",
            "transport-settings \"default\": plus_addressing true → false; takes effect at once; mail that waits is tried by the new schedule",
        ]
    );
}

#[test]
fn settings_not_written_go_back_to_their_defaults() {
    let mut current = sample();
    current[4] = object(
        5,
        "default",
        HealthSettings {
            repair: false,
            ..Default::default()
        },
    );
    let text = export(&current)
        .split("[health_settings]")
        .next()
        .unwrap()
        .to_owned();
    let plan = plan(&current, &parse(&text).unwrap());
    assert_eq!(
        plan.changes,
        [Change::replace(&current[4], HealthSettings::default())]
    );
}
