//! Who may send to whom, and what: restrictions of delivery and limits of size.

use super::*;

/// Resolves for a sender; failures alone, as `who!5.7.1`.
#[track_caller]
fn check_from(world: &World, sender: &Sender<'_>, to: &[&str], expect: &[&str]) {
    let to: Vec<_> = to
        .iter()
        .map(|to| EnvelopeRecipient::new(address(to)))
        .collect();
    let resolution = Directory::build(&world.0).resolve_from(sender, &to, None);
    let mut got: Vec<_> = resolution
        .recipients
        .iter()
        .map(|r| r.rcpt.address.local().to_owned())
        .collect();
    got.extend(resolution.failures.iter().map(|failure| {
        let code = failure.reply.enhanced.map(|code| code.to_string());
        let who = failure.rcpt.address.local();
        format!("{who}!{}", code.unwrap_or_default())
    }));
    got.sort();
    assert_eq!(got, expect);
}

#[test]
fn restrictions_are_asked_of_whom_the_sender_can_be_believed_to_be() {
    let world = World::new()
        .mailbox("anna")
        .mailbox("bert")
        .group("bosses", &["anna"])
        .mailbox_with("open", |m| m.proxy_addresses = vec![address("o")])
        .mailbox_with("closed", |m| {
            m.accept_messages_only_from = vec![address("bosses"), address("x@example.net")];
        })
        .mailbox_with("quiet", |m| {
            m.reject_messages_from = vec![address("bosses"), address("y@example.net")];
        })
        .mailbox_with("inner", |m| m.require_sender_authentication_enabled = true)
        .mailbox_with("small", |m| m.max_receive_size = Some(ByteSize(1_000)))
        .group("all", &["open", "closed", "quiet", "inner", "small"]);
    let all = ["open", "closed", "quiet", "inner", "small"];
    let (anna, bert) = (address("anna"), address("bert"));
    let (x, y) = (address("x@example.net"), address("y@example.net"));
    let from = |address, account, trusted| Sender {
        address: Some(address),
        account,
        trusted,
        size: 900,
    };
    let open = ["closed", "inner", "open", "quiet!5.7.1", "small"];
    check_from(&world, &from(&anna, Some(&anna), false), &all, &open);
    check_from(&world, &from(&anna, None, true), &all, &open);
    check_from(&world, &from(&anna, Some(&anna), false), &["all"], &open);
    // Anybody can write Anna's address into MAIL FROM.
    check_from(
        &world,
        &from(&anna, None, false),
        &["all"],
        &[
            "closed!5.7.1",
            "inner!5.7.1",
            "open",
            "quiet!5.7.1",
            "small",
        ],
    );
    check_from(
        &world,
        &from(&bert, Some(&bert), false),
        &["all"],
        &["closed!5.7.1", "inner", "open", "quiet", "small"],
    );
    check_from(
        &world,
        &from(&x, None, false),
        &["all"],
        &["closed", "inner!5.7.1", "open", "quiet", "small"],
    );
    let large = Sender {
        size: 1_001,
        ..from(&y, None, false)
    };
    check_from(
        &world,
        &large,
        &["all"],
        &[
            "closed!5.7.1",
            "inner!5.7.1",
            "open",
            "quiet!5.7.1",
            "small!5.2.3",
        ],
    );
    // The null sender is nobody's.
    check_from(&world, &Sender::default(), &["closed"], &["closed!5.7.1"]);
    // The system's own mail is free.
    world.check(&all, &["open", "closed", "quiet", "inner", "small"]);
}

#[test]
fn what_a_sender_may_send_is_asked_once_before_groups_are_expanded() {
    let world = World::new()
        .mailbox_with("anna", |m| {
            m.max_send_size = Some(ByteSize(1_000));
            m.recipient_limits = Some(2);
        })
        .mailbox("bert")
        .mailbox("carl")
        .mailbox("dora")
        .group("team", &["bert", "carl", "dora"]);
    let anna = address("anna");
    let sender = |size| Sender {
        address: Some(&anna),
        account: Some(&anna),
        trusted: false,
        size,
    };
    check_from(&world, &sender(1_000), &["team"], &["bert", "carl", "dora"]);
    check_from(&world, &sender(1_001), &["team"], &["team!5.2.3"]);
    check_from(
        &world,
        &sender(10),
        &["bert", "carl", "dora"],
        &["bert!5.5.3", "carl!5.5.3", "dora!5.5.3"],
    );
}

#[test]
fn an_account_that_is_disabled_sends_nothing_and_still_gets_mail() {
    let world = World::new()
        .mailbox_with("anna", |m| m.account_disabled = true)
        .mailbox("bert");
    let (anna, bert) = (address("anna"), address("bert"));
    let sender = |account, trusted| Sender {
        address: Some(&anna),
        account,
        trusted,
        size: 10,
    };
    check_from(
        &world,
        &sender(Some(&anna), false),
        &["bert"],
        &["bert!5.7.1"],
    );
    check_from(&world, &sender(None, true), &["bert"], &["bert!5.7.1"]);
    // Anybody can write any address into MAIL FROM.
    check_from(&world, &sender(None, false), &["bert"], &["bert"]);
    let from_bert = Sender {
        address: Some(&bert),
        ..Sender::default()
    };
    check_from(&world, &from_bert, &["anna"], &["anna"]);
}

#[test]
fn nobody_hears_of_members_where_the_group_says_so() {
    let mut group = DistributionGroup::new(address("team"), vec![address("anna"), address("gone")]);
    group.report_to_originator_enabled = false;
    let world = World::new().mailbox("anna").add("team", group);
    let resolution = world.check(&["team"], &["anna<team", "gone!5.1.1"]);
    assert_eq!(
        resolution.recipients[0].rcpt.notify,
        mailward_model::Notify::NEVER
    );
    assert!(!resolution.failures[0].rcpt.notify.failure);
}

#[test]
fn a_mail_user_is_reached_elsewhere_and_a_dynamic_group_stands_for_whom_it_fits() {
    let user = MailUser {
        address: address("mia"),
        external_address: address("mia@example.net"),
        max_send_size: None,
        recipient_limits: None,
        proxy_addresses: vec![address("m")],
        hidden: false,
        organizational_unit: None,
        accept_messages_only_from: Vec::new(),
        reject_messages_from: Vec::new(),
        require_sender_authentication_enabled: false,
        max_receive_size: None,
        source_anchor: None,
        account_disabled: false,
        attributes: Default::default(),
        personal: Default::default(),
    };
    let sales = "Department -eq 'Sales' -or RecipientType -eq 'MailUser'";
    let sales = DynamicDistributionGroup::new(address("sales"), sales.parse().unwrap());
    let nobody = "Department -eq 'Nothing'";
    let nobody = DynamicDistributionGroup::new(address("nobody"), nobody.parse().unwrap());
    let world = World::new()
        .add("mia", user)
        .mailbox_with("anna", |m| {
            m.personal.set(PersonalAttribute::Department, "sales")
        })
        .mailbox_with("probe", |m| {
            m.personal.set(PersonalAttribute::Department, "Sales");
            m.mailbox_type = MailboxType::Monitoring;
        })
        .mailbox("bert")
        .add("sales", sales)
        .add("nobody", nobody)
        .group("both", &["sales", "bert"]);
    world.check(&["m"], &["mia@example.net<<m"]);
    world.check(&["sales"], &["mia@example.net<sales", "anna<sales"]);
    world.check(
        &["both"],
        &["mia@example.net<both", "anna<both", "bert<both"],
    );
    world.check(&["nobody"], &["nobody!5.2.4"]);
    let directory = Directory::build(&world.0);
    let members = directory.members(&address("sales"));
    assert_eq!(members.len(), 2);
    assert!(members.has_address(&directory, &address("m")));
}
