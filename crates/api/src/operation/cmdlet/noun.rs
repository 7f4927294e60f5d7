//! The nouns that are kinds of objects, with their verbs.

use mailward_model::Kind;

use super::{
    Act, Cmdlet, Filtered, Parameter, Takes, Target,
    parameter::{fields, of_kind},
};

/// A noun of Exchange that is a kind here.
struct Noun {
    /// The kind, as its table is called.
    kind: &'static str,
    /// The noun.
    noun: &'static str,
    /// What a table shows.
    columns: &'static [&'static str],
    /// How it differs from Exchange's; `None` for what Exchange does not have.
    differs: Option<&'static str>,
}

/// What a table of recipients shows.
const RECIPIENT: &[&str] = &[
    "Name",
    "Alias",
    "PrimarySmtpAddress",
    "RecipientTypeDetails",
];

/// The nouns that Exchange has. Every other kind goes by its own name.
const NOUNS: &[Noun] = &[
    Noun {
        kind: "mailbox",
        noun: "Mailbox",
        columns: RECIPIENT,
        differs: Some("no database and no account: a mailbox is where its mail goes"),
    },
    Noun {
        kind: "mail_contact",
        noun: "MailContact",
        columns: &[
            "Name",
            "Alias",
            "PrimarySmtpAddress",
            "ExternalEmailAddress",
        ],
        differs: Some("-PrimarySmtpAddress is the address here"),
    },
    Noun {
        kind: "mail_user",
        noun: "MailUser",
        columns: &[
            "Name",
            "Alias",
            "PrimarySmtpAddress",
            "ExternalEmailAddress",
        ],
        differs: Some("no account"),
    },
    Noun {
        kind: "distribution_group",
        noun: "DistributionGroup",
        columns: RECIPIENT,
        differs: Some("-Members may be set at any time"),
    },
    Noun {
        kind: "dynamic_distribution_group",
        noun: "DynamicDistributionGroup",
        columns: &["Name", "Alias", "PrimarySmtpAddress", "RecipientFilter"],
        differs: Some("a filter that mixes -and and -or without parentheses is refused"),
    },
    Noun {
        kind: "journal_rule",
        noun: "JournalRule",
        columns: &[
            "Name",
            "JournalEmailAddress",
            "Recipient",
            "Scope",
            "Enabled",
        ],
        differs: Some("-Recipient may be a group or a dynamic group too"),
    },
    Noun {
        kind: "accepted_domain",
        noun: "AcceptedDomain",
        columns: &["Name", "DomainName", "DomainType", "MatchSubDomains"],
        differs: Some("subdomains by -MatchSubDomains, not by *."),
    },
    Noun {
        kind: "receive_connector",
        noun: "ReceiveConnector",
        columns: &["Name", "Bindings", "RemoteIPRanges", "Enabled"],
        differs: Some("-Tls and -Relay in place of AuthMechanism and PermissionGroups"),
    },
    Noun {
        kind: "send_connector",
        noun: "SendConnector",
        columns: &["Name", "AddressSpaces", "SmartHosts", "Enabled"],
        differs: Some("-Target lmtp hands over by LMTP"),
    },
    Noun {
        kind: "transport_settings",
        noun: "TransportConfig",
        columns: &[],
        differs: Some("limits of one connector stand on the connector"),
    },
];

/// The noun of a kind that Exchange does not have, as the type is called.
fn own(kind: Kind) -> String {
    super::name::pascal(kind.table())
}

/// Every verb of every kind.
pub(super) fn all() -> Vec<Cmdlet> {
    let mut all = Vec::new();
    let known = |kind: Kind| NOUNS.iter().find(|noun| noun.kind == kind.table());
    let named = NOUNS.iter().filter_map(|noun| {
        let kind = Kind::ALL.iter().find(|kind| kind.table() == noun.kind)?;
        Some((*kind, noun.noun.to_owned(), noun.columns, noun.differs))
    });
    let others = Kind::ALL.iter().filter(|kind| known(**kind).is_none());
    let others = others
        // It goes by Exchange's nouns, in the table of operations: their answers know more.
        .filter(|kind| **kind != Kind::MonitoringOverride)
        .map(|kind| (*kind, own(*kind), &[][..], None));
    for (kind, noun, columns, differs) in named.chain(others) {
        verbs(kind, &noun, columns, differs, &mut all);
    }
    all
}

fn verbs(
    kind: Kind,
    noun: &str,
    columns: &'static [&'static str],
    differs: Option<&'static str>,
    all: &mut Vec<Cmdlet>,
) {
    let cmdlet = |verb: &str, summary: String, act: Act, parameters: Vec<Parameter>| Cmdlet {
        name: format!("{verb}-{noun}"),
        alias: None,
        summary,
        act,
        parameters,
        fixed: Vec::new(),
        columns,
        rows: None,
        asks: matches!(act, Act::Remove(_)),
        differs,
    };
    let (one, several) = (kind.noun().replace('-', " "), kind.plural());
    let with = |first: Vec<Parameter>, more: Vec<Parameter>| {
        first.into_iter().chain(more).collect::<Vec<_>>()
    };
    if kind.is_singleton() {
        let summary = format!("Show the {several}");
        all.push(cmdlet("Get", summary, Act::List(kind), Vec::new()));
        let summary = format!("Change the {several}");
        let parameters = of_kind(kind, false);
        all.push(cmdlet("Set", summary, Act::Change(kind), parameters));
        return;
    }
    let summary = format!("List the {several}, or show one");
    all.push(cmdlet("Get", summary, Act::List(kind), looks(kind)));
    let name = Parameter {
        needed: true,
        positional: true,
        piped: true,
        ..Parameter::new("Name", Target::Identity, Takes::Text, "What it is called")
    };
    let parameters = with(vec![name], of_kind(kind, true));
    let summary = format!("Create one of the {several}");
    all.push(cmdlet("New", summary, Act::Create(kind), parameters));
    let mut parameters = with(vec![Parameter::identity(true)], of_kind(kind, false));
    if kind.may_be_renamed() {
        let help = "Another name for it";
        parameters.push(Parameter::new("Name", Target::Rename, Takes::Text, help));
    }
    let summary = format!("Change one of the {several}");
    all.push(cmdlet("Set", summary, Act::Change(kind), parameters));
    let parameters = vec![Parameter::identity(true)];
    let summary = format!("Remove one of the {several}");
    all.push(cmdlet("Remove", summary, Act::Remove(kind), parameters));
    if fields(kind).iter().any(|field| field.field == "enabled") {
        for (verb, word, value) in [("Enable", "Put", true), ("Disable", "Take", false)] {
            let place = if value { "in force" } else { "out of force" };
            let parameters = vec![Parameter::identity(true)];
            let summary = format!("{word} a {one} {place}");
            let mut cmdlet = cmdlet(verb, summary, Act::Change(kind), parameters);
            cmdlet.fixed = vec![(Target::Spec("enabled".to_owned()), value.into())];
            all.push(cmdlet);
        }
    }
}

/// The parameters of Get.
fn looks(kind: Kind) -> Vec<Parameter> {
    let mut parameters = vec![Parameter::identity(false)];
    let monitoring = || {
        Parameter::new(
            "Monitoring",
            Target::Request("monitoring"),
            Takes::Switch,
            "List the health mailboxes, which are hidden otherwise, and no others",
        )
    };
    if kind == Kind::Mailbox {
        parameters.push(monitoring());
    }
    if is_recipient(kind) {
        parameters.push(Parameter::new(
            "Filter",
            Target::Request("filter"),
            Takes::Filter(Filtered::Recipients),
            "Only those that fit this recipient filter",
        ));
    }
    parameters.push(Parameter::new(
        "ResultSize",
        Target::Request("limit"),
        Takes::Count,
        "How many to list at most",
    ));
    parameters
}

/// Whether objects of the kind are recipients: they have an address here.
pub(super) fn is_recipient(kind: Kind) -> bool {
    kind != Kind::JournalRule && fields(kind).iter().any(|field| field.field == "address")
}
