//! The firewall, by table and by property: what passes, in whatever pieces it comes.

use proptest::prelude::*;

use super::*;
use crate::probe;

/// What passes of a message that comes in pieces of these sizes, and what was taken out.
fn through(keep: Keep, message: &[u8], sizes: &[usize]) -> (Vec<u8>, Stripped) {
    let mut firewall = Firewall::new(keep);
    let (mut out, mut rest) = (Vec::new(), message);
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap_or(&1)).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(size);
        let used = firewall.pass(piece, &mut out);
        assert!(used == piece.len() || firewall.ended());
        out.extend_from_slice(&piece[used..]);
        rest = behind;
    }
    firewall.finish(&mut out);
    assert_eq!(firewall.resized(message.len() as u64), out.len() as u64);
    assert!(firewall.has_changed() || out == message);
    (out, firewall.stripped())
}

#[test]
fn fields_of_the_families_are_taken_out_and_nothing_else() {
    let message = b"Received: from x\r\n\tby y; z\r\nX-MS-Exchange-Organization-SCL: -1\r\n\
        x-ms-exchange-organization-AuthAs: Internal\r\n\tfolded\r\n folded again\r\n\
        X-MS-Exchange-CrossTenant-Id: 1\r\nDKIM-Signature: v=1;\r\n b=abc\r\n\
        X-MS-Exchange-Forest-RulesExecuted : x\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
        X-MS-Exchange-Organizationally: kept\r\n\r\nX-MS-Exchange-Organization-SCL: body\r\n";
    let expect = b"Received: from x\r\n\tby y; z\r\nX-MS-Exchange-CrossTenant-Id: 1\r\n\
        DKIM-Signature: v=1;\r\n b=abc\r\nX-MS-Exchange-Organizationally: kept\r\n\r\n\
        X-MS-Exchange-Organization-SCL: body\r\n";
    for size in [1, 2, 7, 29, 4096] {
        let (passed, stripped) = through(WAY, message, &[size]);
        assert_eq!(
            passed.escape_ascii().to_string(),
            expect.escape_ascii().to_string()
        );
        let counts = Stripped {
            organization: 2,
            forest: 1,
            cross_premises: 1,
            routing: 0,
        };
        assert_eq!((stripped, stripped.total()), (counts, 4));
    }
    let all = Keep::ALL;
    let (passed, stripped) = through(all, message, &[5]);
    assert_eq!((passed.as_slice(), stripped.total()), (&message[..], 0));
    let one = WAY.and(HeaderFamily::CrossPremises);
    let (passed, stripped) = through(one, message, &[5]);
    assert_eq!(stripped.cross_premises, 0);
    assert!(passed.windows(13).any(|w| w == b"CrossPremises"));
}

#[test]
fn a_field_hides_behind_nothing() {
    for (message, passes) in [
        // The first line, and a message that is all header and ends in its middle.
        (&b"X-MS-Exchange-Organization-A: 1"[..], &b""[..]),
        (b"X-MS-Exchange-Organi", b"X-MS-Exchange-Organi"),
        // Behind a line that is no field.
        (
            b"no field\r\nX-MS-Exchange-Forest-A: 1\r\nB: 2\r\n\r\n",
            b"no field\r\nB: 2\r\n\r\n",
        ),
        // Behind stray line ends, which some servers take for one.
        (b"A: 1\nX-MS-Exchange-Forest-A: 1\r\n\r\n", b"A: 1\n\r\n"),
        (b"A: 1\rX-MS-Exchange-Forest-A: 1\r\n\r\n", b"A: 1\r\r\n"),
        // An empty line that is none for everybody ends nothing.
        (
            b"A: 1\n\r\nX-MS-Exchange-Forest-A: 1\r\n\r\nx",
            b"A: 1\n\r\n\r\nx",
        ),
        // What ends the section as it came does not end it as it passes.
        (
            b"A: 1\nX-MS-Exchange-Forest-A: 1\r\n\r\nX-MS-Exchange-Forest-B: 1\r\n\r\n",
            b"A: 1\n\r\n\r\n",
        ),
        // Behind a field that is taken out.
        (
            b"X-MS-Exchange-Forest-A: 1\r\nX-MS-Exchange-Forest-B: 1\r\n\r\nx",
            b"\r\nx",
        ),
        (
            b"\r\nX-MS-Exchange-Forest-A: 1",
            b"\r\nX-MS-Exchange-Forest-A: 1",
        ),
    ] {
        for size in [1, 3, 100] {
            let (passed, _) = through(Keep::NOTHING, message, &[size]);
            assert_eq!(
                passed.escape_ascii().to_string(),
                passes.escape_ascii().to_string(),
                "{}",
                message.escape_ascii()
            );
        }
    }
}

/// No family, and which way the message came.
const WAY: Keep = Keep {
    routing: true,
    ..Keep::NOTHING
};
const PROMOTES: Keep = Keep {
    conversion: Some(Conversion::ToOrganization),
    ..WAY
};
const CONVERTS: Keep = Keep {
    conversion: Some(Conversion::ToCrossPremises),
    ..WAY
};

#[test]
fn which_way_a_message_came_is_taken_out_where_that_is_said() {
    let message = b"Received: from x\r\n\tby y; z\r\nreceived:\r\nReceived-SPF: pass\r\n\
        Resent-From: a\r\nRESENT-Message-ID: <x>\r\n folded\r\nResent-Bcc : b\r\n\
        Resent-Reply-To: c\r\nResent-: d\r\nReceive: e\r\nRec\r\nReceived f\r\nTo: a\r\n\r\n\
        Received: body\r\n";
    let expect = b"Received-SPF: pass\r\nResent-Reply-To: c\r\nResent-: d\r\nReceive: e\r\n\
        Rec\r\nTo: a\r\n\r\nReceived: body\r\n";
    for size in [1, 2, 7, 9, 4096] {
        let (passed, stripped) = through(Keep::NOTHING, message, &[size]);
        assert_eq!(
            passed.escape_ascii().to_string(),
            expect.escape_ascii().to_string()
        );
        assert_eq!((stripped.routing, stripped.total()), (6, 6));
        assert_eq!(through(WAY, message, &[size]).0, message);
    }
    for cut in [&b"Rece"[..], b"A: 1\r\nResent-To", b"Received"] {
        assert_eq!(through(Keep::NOTHING, cut, &[1]).0, cut);
    }
}

#[test]
fn a_mailbox_is_given_seven_organization_fields() {
    let message = b"Received: from x\r\nResent-To: a\r\nX-MS-Exchange-Organization-SCL: 5\r\n\
        x-ms-exchange-organization-authas:\r\n\tInternal\r\n\
        X-MS-Exchange-Organization-OriginalSize: 7\r\n\
        X-MS-Exchange-Organization-BCC: eve@example.org\r\n\
        X-MS-Exchange-Organization-AVStamp-Service: 1.0\r\n\
        X-MS-Exchange-Organization-AuthAsWhat: x\r\nX-MS-Exchange-Organization-SCL : 1\r\n\
        X-MS-Exchange-Forest-RulesExecuted: x\r\nX-MS-Exchange-CrossPremises-SCL: 1\r\n\
        X-MS-Exchange-Organization-AuthDomain\r\n\r\nX-MS-Exchange-Organization-BCC: body\r\n";
    let expect = b"Received: from x\r\nResent-To: a\r\nX-MS-Exchange-Organization-SCL: 5\r\n\
        x-ms-exchange-organization-authas:\r\n\tInternal\r\n\
        X-MS-Exchange-Organization-OriginalSize: 7\r\n\r\n\
        X-MS-Exchange-Organization-BCC: body\r\n";
    for size in [1, 2, 7, 29, 4096] {
        let (passed, stripped) = through(Keep::MAILBOX, message, &[size]);
        assert_eq!(
            passed.escape_ascii().to_string(),
            expect.escape_ascii().to_string()
        );
        let counts = Stripped {
            organization: 5,
            forest: 1,
            cross_premises: 1,
            routing: 0,
        };
        assert_eq!(stripped, counts);
    }
}

#[test]
fn fields_pass_from_one_half_of_an_organisation_to_the_other() {
    let here = b"Received: x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\
        x-ms-exchange-organization-scl:\r\n\t-1\r\nX-MS-Exchange-CrossPremises-AuthAs: Old\r\n\
        X-MS-Exchange-Organization-Journal-Report: yes\r\n\
        X-MS-Exchange-Organization-Processed-By-Journaling: Journal Agent\r\n\
        X-MS-Exchange-Organization-BCC: eve@example.org\r\n\
        X-MS-Exchange-Organization-AuthAs : blank\r\n\
        X-MS-Exchange-Organization-AuthAsWhat: x\r\nX-MS-Exchange-Organization-: x\r\n\
        X-MS-Exchange-Organization-SCL\r\nX-MS-Exchange-Forest-RulesExecuted: x\r\nTo: a\r\n\r\n\
        X-MS-Exchange-Organization-AuthAs: body\r\n";
    let between = b"Received: x\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
        X-MS-Exchange-CrossPremises-scl:\r\n\t-1\r\nTo: a\r\n\r\n\
        X-MS-Exchange-Organization-AuthAs: body\r\n";
    let there = b"Received: x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\
        X-MS-Exchange-Organization-scl:\r\n\t-1\r\nTo: a\r\n\r\n\
        X-MS-Exchange-Organization-AuthAs: body\r\n";
    for size in [1, 2, 7, 28, 29, 65, 4096] {
        let (passed, stripped) = through(CONVERTS, here, &[size]);
        assert_eq!(
            passed.escape_ascii().to_string(),
            between.escape_ascii().to_string()
        );
        let counts = Stripped {
            organization: 7,
            forest: 1,
            cross_premises: 1,
            routing: 0,
        };
        assert_eq!(stripped, counts);
        let (passed, stripped) = through(PROMOTES, between, &[size]);
        assert_eq!(
            passed.escape_ascii().to_string(),
            there.escape_ascii().to_string()
        );
        assert_eq!(stripped.total(), 0);
    }
    // What a client says of itself is replaced, whatever else is kept.
    let message = b"X-MS-Exchange-Organization-AuthAs: Internal\r\n\
        X-MS-Exchange-CrossPremises-AuthAs: Anonymous\r\n\r\n";
    let keep = Keep::ALL.converting(Conversion::ToOrganization);
    assert!(keep.has(HeaderFamily::Forest) && !keep.has(HeaderFamily::Organization));
    let (passed, stripped) = through(keep, message, &[11]);
    assert_eq!(
        passed,
        b"X-MS-Exchange-Organization-AuthAs: Anonymous\r\n\r\n"
    );
    assert_eq!((stripped.organization, stripped.total()), (1, 1));
}

#[test]
fn a_name_that_does_not_end_is_not_converted() {
    let long = format!(
        "X-MS-Exchange-CrossPremises-AuthAs{}: 1\r\n\r\n",
        "x".repeat(200)
    );
    for (message, passes) in [
        (long.as_str(), "\r\n"),
        ("X-MS-Exchange-CrossPremises-AuthAs", ""),
        ("A: 1\r\nX-MS-Exchange-CrossPremises-", "A: 1\r\n"),
        (
            "X-MS-Exchange-CrossPremises-SCL\r: 1\r\n\r\n",
            ": 1\r\n\r\n",
        ),
    ] {
        for size in [1, 3, 64, 1000] {
            let (passed, stripped) = through(PROMOTES, message.as_bytes(), &[size]);
            assert_eq!(String::from_utf8(passed).unwrap(), passes, "{message:?}");
            assert_eq!(stripped.cross_premises, 1);
        }
    }
}

#[test]
fn the_marker_of_health_probes_is_of_no_family() {
    let message = format!("{}: v1; x\r\n\r\n", probe::FIELD).into_bytes();
    let (passed, stripped) = through(Keep::NOTHING, &message, &[9]);
    assert_eq!((passed, stripped.total()), (message, 0));
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z-]{1,20}: [ -~]{0,30}",
        "[ \t][ -~]{0,20}",
        "[xX]-[mM]S-Exchange-[A-Za-z]{0,16}-?[a-z]{0,5}: [ -~]{0,10}",
        "X-MS-Exchange-(Organization|FOREST|crosspremises)-[A-Za-z]{0,9}: [ -~]{0,10}",
        "X-MS-Exchange-(organization|CrossPremises)-(AuthAs|scl|Journal-Report|BCC)[ -;]?[ -~]{0,9}",
        "X-(Mailward-Probe|MS-Journal-Report): [ -~]{0,9}",
        "X-MS-Exchange-Organization-(SCL|authdomain|OriginalSize|AuthAsX)[ -;]?[ -~]{0,9}",
        "([rR]eceived|Resent-(To|DATE|Message-Id|Reply-To|))[ -;]?[ -~]{0,9}",
        "[ -~]{1,20}",
    ]
}

fn conversion() -> impl Strategy<Value = Option<Conversion>> {
    prop::option::of(prop::sample::select(vec![
        Conversion::ToOrganization,
        Conversion::ToCrossPremises,
    ]))
}

fn some_keep() -> impl Strategy<Value = Keep> {
    let families = prop::sample::subsequence(HeaderFamily::ALL.to_vec(), 0..=3);
    let keep = (families, conversion(), any::<bool>(), any::<bool>());
    keep.prop_map(|(families, conversion, routing, mailbox)| Keep {
        conversion,
        routing,
        mailbox,
        ..Keep::of(&families)
    })
}

/// The same by whole lines, written without regard to speed.
fn by_lines(lines: &[String], body: &str, keep: Keep) -> String {
    let (mut passes, mut out) = (true, String::new());
    for line in lines {
        let mut line = line.clone();
        if !line.starts_with([' ', '\t']) {
            let lower = line.to_ascii_lowercase();
            let family = HeaderFamily::ALL
                .into_iter()
                .find(|f| lower.starts_with(&f.prefix().to_ascii_lowercase()));
            let name = line.split([':', ' ', '\t']).next().unwrap_or_default();
            let is_routing = ROUTING
                .iter()
                .any(|one| one.eq_ignore_ascii_case(name.as_bytes()));
            passes = match family {
                None => keep.routing || !is_routing,
                Some(HeaderFamily::Organization)
                    if keep.mailbox
                        && keep.conversion.is_none()
                        && !keep.has(HeaderFamily::Organization) =>
                {
                    let own = &name[HeaderFamily::Organization.prefix().len()..];
                    let colon = line[name.len()..].starts_with(':');
                    colon && OF_MAILBOXES.iter().any(|one| one.eq_ignore_ascii_case(own))
                }
                Some(family) => keep.has(family),
            };
            if let (Some(family), Some(conversion)) = (family, keep.conversion)
                && family == conversion.from()
            {
                let own = line.split_off(family.prefix().len());
                let name = own.split_once(':').map(|(name, _)| name);
                passes =
                    name.is_some_and(|name| CONVERTED.iter().any(|c| c.eq_ignore_ascii_case(name)));
                line = conversion.to().prefix().to_owned() + &own;
            }
        }
        if passes {
            out.push_str(&line);
            out.push_str("\r\n");
        }
    }
    out + "\r\n" + body
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        lines in prop::collection::vec(line(), 0..12),
        body in "[ -~]{0,20}",
        keep in some_keep(),
        sizes in prop::collection::vec(1usize..40, 1..5),
    ) {
        let mut message = lines.join("\r\n");
        if !lines.is_empty() {
            message.push_str("\r\n");
        }
        message.push_str("\r\n");
        message.push_str(&body);
        let (passed, stripped) = through(keep, message.as_bytes(), &sizes);
        let passed = String::from_utf8(passed).unwrap();
        prop_assert_eq!(&passed, &by_lines(&lines, &body, keep));
        prop_assert!(stripped.total() <= lines.len() as u64);
        // Neither marker comes to be by it.
        let markers = |text: &str| {
            let lower = text.to_ascii_lowercase();
            [probe::FIELD, "X-MS-Journal-Report", "X-MS-Exchange-Organization-Journal-Report"]
                .map(|name| lower.matches(&name.to_ascii_lowercase()).count())
        };
        for (before, after) in markers(&message).into_iter().zip(markers(&passed)) {
            prop_assert!(after <= before);
        }
    }

    #[test]
    fn what_went_out_and_came_back_is_what_it_was(
        lines in prop::collection::vec(line(), 0..12), body in "[ -~]{0,20}",
    ) {
        let message = by_lines(&lines, &body, Keep::ALL);
        let (out, _) = through(CONVERTS, message.as_bytes(), &[7]);
        let (back, stripped) = through(PROMOTES, &out, &[5]);
        prop_assert_eq!(stripped.total(), 0);
        let (again, _) = through(CONVERTS, &back, &[3]);
        prop_assert_eq!(again, out);
    }

    #[test]
    fn nothing_is_left_to_be_taken_out_and_no_marker_comes_to_be(
        message in "(X-MS-Exchange-(CrossPremises|Organization|Forest)-(AuthAs|Journal-Report|)|\
            X-Mailward-Probe|Received|Resent-To|:|\r|\n|\r\n| |\t|a){0,30}",
        keep in some_keep(),
    ) {
        let message = message.as_bytes();
        let (passed, _) = through(keep, message, &[message.len().max(1)]);
        prop_assert_eq!(&through(keep, message, &[1]).0, &passed);
        let to = keep.conversion.map(Conversion::to);
        let left = HeaderFamily::ALL.into_iter().filter(|one| keep.has(*one) || to == Some(*one));
        let left: Vec<_> = left.collect();
        let left = Keep {
            routing: keep.routing,
            mailbox: keep.mailbox,
            ..Keep::of(&left)
        };
        let (again, stripped) = through(left, &passed, &[3]);
        prop_assert_eq!(stripped.total(), 0);
        prop_assert_eq!(&again, &passed);
        let markers = |octets: &[u8]| {
            let lines = octets.split(|octet| matches!(octet, b'\r' | b'\n'));
            let lines = lines.filter(|line| {
                line.starts_with(probe::FIELD.as_bytes())
                    || line.starts_with(b"X-MS-Exchange-Organization-Journal-Report")
            });
            lines.count()
        };
        prop_assert!(markers(&passed) <= markers(message));
    }

    #[test]
    fn octets_of_any_kind_pass_alike_in_any_pieces(
        octets in prop::collection::vec(prop::sample::select(
            b"\r\n \tX-MS-Exchange-Forest-x:Receivd".to_vec()), 0..80),
        sizes in prop::collection::vec(1usize..9, 1..4), keep in some_keep(),
    ) {
        let whole = through(keep, &octets, &[octets.len().max(1)]);
        prop_assert_eq!(through(keep, &octets, &sizes), whole);
        let (all, _) = through(Keep::ALL, &octets, &sizes);
        prop_assert_eq!(all, octets);
    }
}
