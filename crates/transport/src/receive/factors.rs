//! By what a receive connector knows the sender it is for: the range of its address, the name in its
//! certificate, the tenant that a message comes from. What each comes to, why, and what is answered
//! where one is required and not met.
//!
//! Pure. Looking at certificates and headers is done before; `simulate` and `perimeter why` ask the
//! same functions.
//!
//! Invariant: nothing is refused by a factor that is not required, and nothing passes one that is
//! required and not met.

use std::net::IpAddr;

use mailward_model::{
    Domain, EnhancedCode, Reply,
    kind::{Factor, HeaderFamily, ReceiveConnector, StartTls, Tenant, TlsCapability},
};
use mailward_perimeter::Ranges;
use mailward_proto::{
    firewall::{Conversion, Keep},
    header,
};
use mailward_tls::{CertificateFacts, carries_name};

/// Fields of one name that are looked at: an honest message has one.
const FIELDS_MAX: usize = 8;

/// One of the factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The range of the client's address.
    Range,
    /// The name in the client's certificate.
    Certificate,
    /// The tenant that the message comes from.
    Tenant,
}

impl Which {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Which::Range => "range",
            Which::Certificate => "certificate",
            Which::Tenant => "tenant",
        }
    }
}

/// What one factor comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) which: Which,
    pub(crate) counts: Factor,
    pub(crate) met: bool,
    /// Why, with what was found: for the log, not for the client.
    pub(crate) reason: String,
    /// The reply where it is required and not met.
    pub(crate) refusal: Option<Reply>,
}

impl Finding {
    fn new(which: Which, counts: Factor, judged: Result<String, (String, Reply)>) -> Finding {
        let (met, reason, reply) = match judged {
            Ok(reason) => (true, reason, None),
            Err((reason, reply)) => (false, reason, Some(reply)),
        };
        Finding {
            which,
            counts,
            met,
            reason,
            refusal: reply.filter(|_| counts == Factor::Required),
        }
    }
}

/// The certificate that a client has shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Presented {
    /// The session is in plain text.
    #[default]
    PlainText,
    /// None.
    Nothing,
    /// One that is not believed, and why.
    Unverified(String),
    /// One that leads to a trusted root.
    Verified(Box<CertificateFacts>),
}

/// What a message says of the organisation that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    /// XOORG of MAIL.
    pub(crate) xoorg: Option<Domain>,
    /// X-MS-Exchange-CrossTenant-Id, each in lower case.
    pub(crate) ids: Vec<String>,
    /// X-OriginatorOrg, each in lower case.
    pub(crate) organizations: Vec<String>,
}

impl Claims {
    /// Reads a header section.
    pub(crate) fn of(section: &[u8], xoorg: Option<Domain>) -> Claims {
        let mut claims = Claims {
            xoorg,
            ..Claims::default()
        };
        for field in header::fields(section) {
            let list = if field.is("X-MS-Exchange-CrossTenant-Id") {
                &mut claims.ids
            } else if field.is("X-OriginatorOrg") {
                &mut claims.organizations
            } else {
                continue;
            };
            if list.len() < FIELDS_MAX {
                list.push(field.unfolded().to_ascii_lowercase());
            }
        }
        claims
    }
}

/// The first factor; none where it is not looked at.
pub(crate) fn range(spec: &ReceiveConnector, ranges: &Ranges, client: IpAddr) -> Option<Finding> {
    let judged = match ranges.narrowest(client.to_canonical()) {
        Some(taken) => Ok(match &taken.feed {
            Some(feed) => format!("{client} is in {} of sender feed {feed}", taken.range),
            None => format!("{client} is in {}", taken.range),
        }),
        None => {
            let reply = refused("Mail from your address is not taken here");
            Err((format!("{client} is in none of sender_ranges"), reply))
        }
    };
    counts(Which::Range, spec.range_factor, judged)
}

/// The second factor; none where it is not looked at.
pub(crate) fn certificate(spec: &ReceiveConnector, presented: &Presented) -> Option<Finding> {
    let judged = match presented {
        Presented::PlainText => {
            // RFC 3207 §4.
            let text = "Must issue a STARTTLS command first";
            let reply = Reply::new(530, EnhancedCode(5, 7, 0), text);
            Err(("the session is in plain text".to_owned(), reply))
        }
        Presented::Nothing => {
            let reply = refused("Mail is taken here from clients with a certificate only");
            Err(("the client showed no certificate".to_owned(), reply))
        }
        Presented::Unverified(why) => {
            // It may be renewed, or our roots be mended, before the client gives up.
            let text = "Your certificate cannot be verified; see that it leads to a public root";
            let reply = Reply::new(451, EnhancedCode(4, 7, 5), text);
            Err((format!("its certificate is not verified: {why}"), reply))
        }
        Presented::Verified(facts) => {
            let mut entries = spec.tls_domain_capabilities.iter();
            match entries.find(|one| carries_name(facts, &one.domain, one.subdomains)) {
                Some(entry) => Ok(format!("its certificate carries {}", entry.name())),
                None => {
                    let reply = refused("Your certificate is none that mail is taken from here");
                    Err((
                        format!(
                            "its certificate, of {}, carries no name of tls_domain_capabilities",
                            names(facts)
                        ),
                        reply,
                    ))
                }
            }
        }
    };
    counts(Which::Certificate, spec.certificate_factor, judged)
}

/// The third factor; none where it is not looked at.
///
/// Whatever a message shows of the kind that tenants are named by must be named: two fields of one
/// name, one of them right, are not right.
pub(crate) fn tenant(spec: &ReceiveConnector, claims: &Claims) -> Option<Finding> {
    let is_named = |tenant: Tenant| spec.tenants.contains(&tenant);
    let id = |id: &String| is_named(Tenant::Id(id.clone()));
    let domain = |text: &String| {
        let domain = text.parse::<Domain>();
        domain.is_ok_and(|domain| is_named(Tenant::Domain(domain)))
    };
    let xoorg = claims.xoorg.as_ref().map(ToString::to_string);
    let domains: Vec<&String> = claims.organizations.iter().chain(&xoorg).collect();
    let judged = if !claims.ids.is_empty() && claims.ids.iter().all(id) {
        let shown = claims.ids.first().map_or("", String::as_str);
        Ok(format!("X-MS-Exchange-CrossTenant-Id is {shown}"))
    } else if !domains.is_empty() && domains.iter().all(|one| domain(one)) {
        let shown = domains.first().map_or("", |one| one.as_str());
        Ok(format!("its organisation is {shown}"))
    } else {
        let reason = match (claims.ids.as_slice(), domains.as_slice()) {
            ([], []) => "the message names no tenant".to_owned(),
            (ids, domains) => {
                let shown: Vec<&str> = ids
                    .iter()
                    .chain(domains.iter().copied())
                    .map(String::as_str)
                    .collect();
                format!("the message names {}, not all of tenants", shown.join(", "))
            }
        };
        let reply = refused("The message is of no organisation that mail is taken from here");
        Err((reason, reply))
    };
    counts(Which::Tenant, spec.tenant_factor, judged)
}

fn counts(
    which: Which,
    counts: Factor,
    judged: Result<String, (String, Reply)>,
) -> Option<Finding> {
    (counts != Factor::Off).then(|| Finding::new(which, counts, judged))
}

fn refused(text: &'static str) -> Reply {
    Reply::new(550, EnhancedCode(5, 7, 1), text)
}

fn names(facts: &CertificateFacts) -> String {
    match facts.dns_names.as_slice() {
        [] => facts.common_name.clone().unwrap_or_default(),
        names => names.join(", "),
    }
}

/// The name by which a certificate is known in logs: the first one it carries.
pub(crate) fn peer_name(presented: &Presented) -> Option<String> {
    match presented {
        Presented::Verified(facts) => facts
            .dns_names
            .first()
            .or(facts.common_name.as_ref())
            .cloned(),
        _ => None,
    }
}

/// Whether the client may do something, by its certificate. Nothing is granted in plain text, to a
/// certificate that is not verified, or on a connector that does not name it.
pub(crate) fn grants(
    spec: &ReceiveConnector,
    presented: &Presented,
    capability: TlsCapability,
) -> bool {
    let Presented::Verified(facts) = presented else {
        return false;
    };
    spec.tls != StartTls::Off
        && spec.tls_domain_capabilities.iter().any(|entry| {
            entry.grants(capability) && carries_name(facts, &entry.domain, entry.subdomains)
        })
}

/// Whether the client may say XOORG.
pub(crate) fn may_say_xoorg(spec: &ReceiveConnector, presented: &Presented) -> bool {
    grants(spec, presented, TlsCapability::AcceptCloudServicesMail)
        || grants(spec, presented, TlsCapability::AcceptOorgProtocol)
}

/// The header fields that are kept of what the client sends, and whether its
/// cross-premises ones are promoted: where the connector says so, and no factor that it looks at was
/// missed. `findings` are those known before the message.
pub(crate) fn kept(spec: &ReceiveConnector, presented: &Presented, findings: &[Finding]) -> Keep {
    let keep = Keep::of(&spec.accept_headers).with_routing(spec.accept_routing_headers);
    if !grants(spec, presented, TlsCapability::AcceptCloudServicesMail) {
        return keep;
    }
    match spec.promote_headers {
        false => keep.and(HeaderFamily::CrossPremises),
        true if findings.iter().all(|finding| finding.met) => {
            keep.converting(Conversion::ToOrganization)
        }
        true => keep,
    }
}

/// Whether somebody within the organisation wrote a message, as its other half says. Only what was
/// promoted says so: `header` is what passed the firewall, which kept what `kept` says.
pub(crate) fn is_internal(kept: Keep, header: &[u8]) -> bool {
    if kept.conversion() != Some(Conversion::ToOrganization) {
        return false;
    }
    let fields = header::fields(header);
    let mut said = fields
        .filter(|field| field.is("X-MS-Exchange-Organization-AuthAs"))
        .map(|field| field.unfolded().trim().eq_ignore_ascii_case("Internal"))
        .peekable();
    said.peek().is_some() && said.all(|internal| internal)
}

/// For the tracking log: `range:met,certificate:missing`.
pub(crate) fn words(findings: &[Finding]) -> String {
    let words = findings.iter().map(|finding| {
        let met = if finding.met { "met" } else { "missing" };
        format!("{}:{met}", finding.which.word())
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::TlsDomainCapabilities;
    use mailward_perimeter::Feeds;
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const OTHER: &str = "00000000-1111-2222-3333-444444444444";

    fn connector(factor: Factor) -> ReceiveConnector {
        ReceiveConnector {
            bindings: vec![":25".parse().unwrap()],
            range_factor: factor,
            sender_ranges: vec!["40.92.0.0/15".parse().unwrap()],
            certificate_factor: factor,
            tls_domain_capabilities: vec![
                "mail.protection.example:AcceptCloudServicesMail"
                    .parse()
                    .unwrap(),
                "*.partner.example:AcceptOorgProtocol".parse().unwrap(),
                "plain.example".parse().unwrap(),
            ],
            tenant_factor: factor,
            tenants: vec![ID.parse().unwrap(), "contoso.example".parse().unwrap()],
            ..Default::default()
        }
    }

    fn verified(name: &str) -> Presented {
        Presented::Verified(Box::new(CertificateFacts {
            dns_names: vec![name.to_owned()],
            ..CertificateFacts::default()
        }))
    }

    fn code(finding: Option<Finding>) -> String {
        let reply = finding.and_then(|finding| finding.refusal);
        let text = reply.map(|reply| reply.to_string()).unwrap_or_default();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_failure_has_its_reply() {
        let spec = connector(Factor::Required);
        let ranges = Ranges::of(&spec.sender_ranges, &Feeds::default());
        let of = |ip: &str| code(range(&spec, &ranges, ip.parse().unwrap()));
        assert_eq!(of("40.93.1.1"), "");
        assert_eq!(of("::ffff:40.93.1.1"), "");
        assert_eq!(of("40.94.1.1"), "550 5.7.1");
        let of = |presented: &Presented| code(certificate(&spec, presented));
        assert_eq!(of(&Presented::PlainText), "530 5.7.0");
        assert_eq!(of(&Presented::Nothing), "550 5.7.1");
        assert_eq!(of(&Presented::Unverified("expired".into())), "451 4.7.5");
        assert_eq!(of(&verified("mail.protection.example")), "");
        assert_eq!(of(&verified("plain.example")), "");
        assert_eq!(
            of(&verified("mail.protection.example.evil.example")),
            "550 5.7.1"
        );
        let of = |header: &str, xoorg: Option<&str>| {
            let claims = Claims::of(header.as_bytes(), xoorg.map(|x| x.parse().unwrap()));
            code(tenant(&spec, &claims))
        };
        let id = format!("X-MS-Exchange-CrossTenant-id: {}\r\n", ID.to_uppercase());
        let other = format!("X-MS-Exchange-CrossTenant-Id: {OTHER}\r\n");
        assert_eq!(of(&id, None), "");
        assert_eq!(of(&other, None), "550 5.7.1");
        assert_eq!(of(&format!("{id}{other}"), None), "550 5.7.1");
        assert_eq!(of("X-OriginatorOrg: Contoso.example\r\n", None), "");
        assert_eq!(of("", Some("contoso.example")), "");
        assert_eq!(
            of("X-OriginatorOrg: contoso.example\r\n", Some("evil.example")),
            "550 5.7.1"
        );
        assert_eq!(of("Subject: x\r\n", None), "550 5.7.1");
    }

    #[test]
    fn capabilities_are_granted_to_verified_names_alone() {
        let spec = connector(Factor::Off);
        for (presented, xoorg, cross) in [
            (verified("mail.protection.example"), true, true),
            (verified("a.b.partner.example"), true, false),
            (verified("plain.example"), false, false),
            (verified("other.example"), false, false),
            (Presented::Unverified("x".into()), false, false),
            (Presented::Nothing, false, false),
            (Presented::PlainText, false, false),
        ] {
            assert_eq!(may_say_xoorg(&spec, &presented), xoorg, "{presented:?}");
            let keep = kept(&spec, &presented, &[]);
            assert_eq!(
                keep.has(HeaderFamily::CrossPremises),
                cross,
                "{presented:?}"
            );
            assert!(!keep.has(HeaderFamily::Organization) && keep.conversion().is_none());
            // Who may have its fields kept has them promoted, where no factor was missed.
            let promotes = ReceiveConnector {
                promote_headers: true,
                ..spec.clone()
            };
            let promoted = kept(&promotes, &presented, &[]).conversion();
            assert_eq!(
                promoted,
                cross.then_some(Conversion::ToOrganization),
                "{presented:?}"
            );
            let observed = connector(Factor::Observed);
            let missed = certificate(&observed, &Presented::Nothing).unwrap();
            let keep = kept(&promotes, &presented, &[missed]);
            assert!(keep.conversion().is_none() && !keep.has(HeaderFamily::CrossPremises));
        }
        let says_so = ReceiveConnector {
            accept_headers: vec![HeaderFamily::Organization, HeaderFamily::CrossPremises],
            tls_domain_capabilities: Vec::<TlsDomainCapabilities>::new(),
            ..spec
        };
        let keep = kept(&says_so, &Presented::PlainText, &[]);
        assert!(keep.has(HeaderFamily::CrossPremises) && keep.has(HeaderFamily::Organization));
        assert!(!keep.has(HeaderFamily::Forest) && keep.has_routing());
        let hides = ReceiveConnector {
            accept_routing_headers: false,
            ..says_so
        };
        let keep = kept(&hides, &Presented::PlainText, &[]);
        assert!(keep.has(HeaderFamily::Organization) && !keep.has_routing());
    }

    #[test]
    fn a_message_is_internal_by_what_was_promoted_alone() {
        let promotes = Keep::NOTHING.converting(Conversion::ToOrganization);
        const SAYS: &str = "X-MS-Exchange-Organization-AuthAs: Internal\r\n";
        for (keep, header, internal) in [
            (promotes, SAYS.to_owned(), true),
            (promotes, SAYS.replace(" I", "\r\n i"), true),
            (promotes, format!("Subject: x\r\n{SAYS}{SAYS}"), true),
            (
                promotes,
                format!("{SAYS}{}", SAYS.replace("In", "Ex")),
                false,
            ),
            (promotes, SAYS.replace("Internal", "Anonymous"), false),
            (promotes, "Subject: x\r\n".to_owned(), false),
            (Keep::ALL, SAYS.to_owned(), false),
            (Keep::NOTHING, SAYS.to_owned(), false),
            (
                Keep::NOTHING.converting(Conversion::ToCrossPremises),
                SAYS.to_owned(),
                false,
            ),
        ] {
            assert_eq!(is_internal(keep, header.as_bytes()), internal, "{header}");
        }
    }

    fn presented() -> impl Strategy<Value = Presented> {
        prop_oneof![
            Just(Presented::PlainText),
            Just(Presented::Nothing),
            Just(Presented::Unverified("expired".to_owned())),
            "(mail\\.protection|x\\.partner|plain|other|\\*\\.protection)\\.example"
                .prop_map(|name| verified(&name)),
        ]
    }

    fn claims() -> impl Strategy<Value = Claims> {
        let id = prop::sample::select(vec![ID.to_owned(), OTHER.to_owned()]);
        let domain = || prop::sample::select(vec!["contoso.example", "evil.example"]);
        (
            prop::option::of(domain()),
            prop::collection::vec(id, 0..3),
            prop::collection::vec(domain().prop_map(str::to_owned), 0..3),
        )
            .prop_map(|(xoorg, ids, organizations)| Claims {
                xoorg: xoorg.map(|x| x.parse().unwrap()),
                ids,
                organizations,
            })
    }

    proptest! {
        #[test]
        fn what_is_required_and_not_met_is_refused_and_nothing_else(
            factor in prop::sample::select(vec![Factor::Off, Factor::Observed, Factor::Required]),
            presented in presented(), claims in claims(), client: std::net::Ipv4Addr,
        ) {
            let spec = connector(factor);
            let ranges = Ranges::of(&spec.sender_ranges, &Feeds::default());
            let strict = connector(Factor::Required);
            for (finding, strict) in [
                (range(&spec, &ranges, client.into()), range(&strict, &ranges, client.into())),
                (certificate(&spec, &presented), certificate(&strict, &presented)),
                (tenant(&spec, &claims), tenant(&strict, &claims)),
            ] {
                let strict = strict.unwrap();
                prop_assert_eq!(strict.refusal.is_some(), !strict.met);
                prop_assert!(strict.refusal.is_none_or(|reply| !reply.is_positive()));
                match finding {
                    None => prop_assert_eq!(factor, Factor::Off),
                    Some(finding) => {
                        prop_assert_eq!(finding.met, strict.met);
                        prop_assert!(factor == Factor::Required || finding.refusal.is_none());
                        prop_assert!(!finding.reason.is_empty());
                    }
                }
            }
        }

        #[test]
        fn a_foreign_claim_never_helps(claims in claims()) {
            let spec = connector(Factor::Required);
            let before = tenant(&spec, &claims).unwrap().met;
            let mut worse = claims.clone();
            worse.ids.push(OTHER.to_owned());
            worse.organizations.push("evil.example".to_owned());
            let after = tenant(&spec, &worse).unwrap();
            prop_assert!(!after.met, "{}", after.reason);
            // And who is met has shown nothing but what is named, of one kind at least.
            if before {
                let ids = !claims.ids.is_empty() && !claims.ids.contains(&OTHER.to_owned());
                let evil = "evil.example".to_owned();
                let domains: Vec<String> = claims.organizations.iter().cloned()
                    .chain(claims.xoorg.as_ref().map(ToString::to_string)).collect();
                prop_assert!(ids || !domains.is_empty() && !domains.contains(&evil));
            }
        }
    }
}
