//! The filter language by example and by property. Never here: recipients as objects have them.

use proptest::prelude::*;

use super::*;

fn recipient(values: &[(&str, &str)]) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, text) in values {
        let property = Property::find(name).unwrap();
        match text.parse::<i64>() {
            Ok(number) => attributes.set_number(property, number),
            Err(_) => attributes.set(property, text),
        }
    }
    attributes
}

fn anna() -> Attributes {
    recipient(&[
        ("Name", "Anna Ärmel"),
        ("Department", "Sales"),
        ("RecipientType", "UserMailbox"),
        ("RecipientTypeDetails", "UserMailbox"),
        ("EmailAddresses", "anna@example.org"),
        ("EmailAddresses", "sales@example.org"),
        ("CustomAttribute1", "VIP"),
        ("ResourceCapacity", "12"),
        ("WhenCreated", "1800000000"),
    ])
}

#[test]
fn comparisons_follow_their_types() {
    let anna = anna();
    for (text, expect) in [
        ("Department -eq 'sales'", true),
        ("Department -eq Sales", true),
        ("Department -ne 'Sales'", false),
        ("Department -like 'sal*'", true),
        ("Department -like '*ALE*'", true),
        ("Department -like 'ale'", false),
        ("Department -notlike '*es'", false),
        ("name -like '*ä*'", true),
        ("Name -eq 'ANNA ÄRMEL'", true),
        ("Department -gt 'Purchase'", true),
        ("Department -le 'sales'", true),
        ("EmailAddresses -eq 'SALES@example.org'", true),
        ("EmailAddresses -ne 'sales@example.org'", false),
        ("EmailAddresses -like '*@example.net'", false),
        ("EmailAddresses -notlike '*@example.net'", true),
        ("Company -eq 'x'", false),
        ("Company -ne 'x'", true),
        ("Company -like '*'", false),
        ("Company -notlike 'x*'", true),
        ("Company -lt 'x'", false),
        ("Company -eq $null", true),
        ("Department -eq $null", false),
        ("Department -ne $NULL", true),
        ("Department -like '*'", true),
        ("RecipientType -eq 'usermailbox'", true),
        ("RecipientTypeDetails -eq 1", true),
        ("RecipientTypeDetailsValue -ne 'MailboxPlan'", true),
        ("HiddenFromAddressListsEnabled -eq $true", false),
        ("HiddenFromAddressListsEnabled -ne $true", true),
        ("HiddenFromAddressListsEnabled -eq $false", true),
        ("ResourceCapacity -ge 12", true),
        ("ResourceCapacity -gt '12'", false),
        ("ResourceCapacity -lt 1KB", true),
        ("WhenCreated -gt '2026-01-01'", true),
        ("WhenCreated -gt '2030-01-01T00:00:00Z'", false),
        ("-not Department -eq 'Sales'", false),
        ("!(Department -eq 'x')", true),
        ("-not(-not(Department -eq 'Sales'))", true),
        ("Department -eq 'x' -or CustomAttribute1 -eq 'vip'", true),
        (
            "(Department -eq 'Sales') -and (CustomAttribute1 -eq 'x')",
            false,
        ),
        ("{ Department -eq 'Sales' }", true),
        ("Department –eq ‘Sales’", true),
        ("Department -eq “Sales”", true),
    ] {
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(filter.matches(&anna), expect, "{text}");
        let again: Filter = filter.to_string().parse().unwrap();
        assert_eq!(filter, again, "{text} is stored as {filter}");
        assert_eq!(again.matches(&anna), expect, "{filter}");
    }
}

#[test]
fn a_quote_is_written_twice() {
    let filter: Filter = "Name -eq 'O''Neill'".parse().unwrap();
    assert_eq!(filter.to_string(), "(Name -eq 'O''Neill')");
    assert!(filter.matches(&recipient(&[("Name", "o'neill")])));
}

#[test]
fn the_filter_of_journaled_users_reads_as_typed() {
    let text = "{((((CustomAttribute1 -ne ‘Ignore’) -and (RecipientType -eq ‘UserMailbox’))) -and \
        (-not(Name -like ‘SystemMailbox{*’)) -and (-not(Name -like ‘CAS_{*’)) -and \
        (-not(RecipientTypeDetailsValue -eq ‘MailboxPlan’)) -and \
        (-not(RecipientTypeDetailsValue -eq ‘DiscoveryMailbox’)) -and \
        (-not(RecipientTypeDetailsValue -eq ‘PublicFolderMailbox’)) -and \
        (-not(RecipientTypeDetailsValue -eq ‘ArbitrationMailbox’)))}";
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let anna = anna();
    assert!(filter.matches(&anna));
    let mut ignored = anna.clone();
    ignored.set(Property::CustomAttribute1, "IGNORE");
    assert!(!filter.matches(&ignored));
    let mut system = anna;
    system.set(Property::Name, "SystemMailbox{1f05a927}");
    assert!(!filter.matches(&system));
}

#[test]
fn errors_point_at_the_place_and_say_how_to_mend_it() {
    for (text, column, problem, mend) in [
        ("", 1, "empty", "Department -eq 'Sales'"),
        (
            "Departmnt -eq 'x'",
            1,
            "no property Departmnt",
            "Department",
        ),
        ("Department 'x'", 12, "an operator is expected", "-eq, -ne"),
        ("Department -eqq 'x'", 12, "-eqq", "did you mean -eq?"),
        ("Department -match 'x'", 12, "-match", "-like 'beginning*'"),
        ("Department -eq", 15, "missing", "single quotes"),
        ("Department -eq 'x", 16, "not closed", "add '"),
        (
            "Department -like 'a*b'",
            18,
            "beginning and its end",
            "two comparisons",
        ),
        (
            "Department -eq $treu",
            16,
            "$treu",
            "$true, $false and $null",
        ),
        (
            "Department -gt $null",
            16,
            "-gt does not compare",
            "-eq $null",
        ),
        (
            "HiddenFromAddressListsEnabled -eq 'true'",
            35,
            "'true' is not",
            "$true",
        ),
        (
            "HiddenFromAddressListsEnabled -like '*'",
            31,
            "-like",
            "-eq, -ne",
        ),
        (
            "RecipientType -eq 'UserMailbx'",
            19,
            "not one of them",
            "'UserMailbox'",
        ),
        ("ResourceCapacity -gt 'many'", 22, "a number", "digits"),
        ("WhenCreated -gt 'yesterday'", 17, "a date", "2026-11-26"),
        ("(Department -eq 'x'", 1, "not closed", "add )"),
        ("Department -eq 'x')", 19, "closes nothing", "take it out"),
        (
            "Department -eq 'x' Name -eq 'y'",
            20,
            "-and, -or or the end",
            "between",
        ),
        (
            "Name -eq 'é' -and",
            18,
            "ends where a property",
            "write a comparison",
        ),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert_eq!(error.column(), column, "{error}");
        assert!(error.problem.contains(problem), "{error}");
        assert!(error.mend.contains(mend), "{error}");
        let caret = error.to_string();
        let caret = caret.lines().last().unwrap();
        assert_eq!(caret.find('^'), Some(column + 1), "{error}");
    }
}

#[test]
fn a_mixed_chain_is_refused_with_its_two_readings() {
    let text = "Name -eq 'a' -and Name -eq 'b' -or Name -eq 'c'";
    let error = text.parse::<Filter>().unwrap_err();
    assert!(
        error
            .mend
            .contains("(Name -eq 'a' -and Name -eq 'b') -or Name -eq 'c'")
            && error
                .mend
                .contains("Name -eq 'a' -and (Name -eq 'b' -or Name -eq 'c')"),
        "{error}"
    );
    for reading in error
        .mend
        .trim_start_matches("write the one you mean: ")
        .split(", or ")
    {
        assert!(reading.parse::<Filter>().is_ok(), "{reading}");
    }
}

#[test]
fn limits_hold() {
    let deep = format!(
        "{}Name -eq 'a'{}",
        "(".repeat(DEPTH_MAX),
        ")".repeat(DEPTH_MAX)
    );
    assert!(deep.parse::<Filter>().unwrap_err().problem.contains("deep"));
    let nots = format!("{}Name -eq 'a'", "!".repeat(5_000));
    assert!(nots.parse::<Filter>().is_err());
    let many = ["Name -eq 'a'"; COMPARISONS_MAX + 1].join(" -or ");
    assert!(
        many.parse::<Filter>()
            .unwrap_err()
            .problem
            .contains("comparisons")
    );
    let long = format!("Name -eq '{}'", "a".repeat(TEXT_OCTETS_MAX));
    assert!(
        long.parse::<Filter>()
            .unwrap_err()
            .problem
            .contains("octets")
    );
}

#[test]
fn the_exclusions_of_system_recipients_are_taken_off_however_they_are_nested() {
    let check = |text: &str, left: &str| {
        let filter: Filter = text.parse().unwrap();
        assert_eq!(filter.without_system_exclusions().to_string(), left);
    };
    let stored = "((((CustomAttribute1 -ne 'Ignore') -and (RecipientType -eq 'UserMailbox'))) \
        -and (-not(Name -like 'SystemMailbox{*')) -and (-not(Name -like 'CAS_{*')) \
        -and (-not(RecipientTypeDetailsValue -eq 'MailboxPlan')) \
        -and (-not(RecipientTypeDetailsValue -eq 'DiscoveryMailbox')) \
        -and (-not(RecipientTypeDetailsValue -eq 'PublicFolderMailbox')) \
        -and (-not(RecipientTypeDetailsValue -eq 'ArbitrationMailbox')))";
    let own = "((CustomAttribute1 -ne 'Ignore') -and (RecipientType -eq 'UserMailbox'))";
    check(stored, own);
    // Stored a second time, with the exclusions written behind it again.
    check(
        &format!("({stored} -and (-not(Name -like 'CAS_{{*')))"),
        own,
    );
    check(
        "Title -eq 'x' -and RecipientTypeDetails -ne 'AuditLogMailbox' -and Name -notlike 'cas_{*'",
        "(Title -eq 'x')",
    );
    for kept in [
        "(-not(Name -like 'CAS*'))",
        "((-not(Name -like 'CAS_{*')) -or (Title -eq 'x'))",
        "(RecipientTypeDetails -ne 'SharedMailbox')",
        // Nothing else is there: it stays.
        "(-not(Name -like 'CAS_{*'))",
    ] {
        check(kept, kept);
    }
    for exclusion in system_exclusions() {
        check(
            &format!("(Title -eq 'x') -and {exclusion}"),
            "(Title -eq 'x')",
        );
        assert!(!exclusion.parse::<Filter>().unwrap().matches(&{
            let mut system = Attributes::default();
            system.set(Property::Name, "CAS_{9f");
            system.set(Property::RecipientTypeDetailsValue, "MonitoringMailbox");
            if exclusion.contains("SystemMailbox{") {
                system.set(Property::Name, "SystemMailbox{1");
            }
            if let Some(kind) = exclusion.split('\'').nth(1) {
                system.set(Property::RecipientTypeDetailsValue, kind);
            }
            system
        }));
    }
}

#[test]
fn precanned_filters_are_what_is_documented() {
    use crate::kind::{Condition, Conditions, IncludedRecipients as Included};
    let check = |included: &[Included], conditions: &[(Condition, &[&str])], expect: &str| {
        let mut set = Conditions::default();
        for (condition, values) in conditions {
            let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
            set.set_list(*condition, &values);
        }
        let filter = precanned(included, &set).map_or(String::new(), |f| f.to_string());
        assert_eq!(filter, expect);
        if !expect.is_empty() {
            assert_eq!(expect.parse::<Filter>().unwrap().to_string(), expect);
        }
    };
    check(&[], &[], "");
    check(&[Included::AllRecipients], &[], "(Alias -ne $null)");
    check(
        &[Included::MailboxUsers, Included::Resources],
        &[],
        "((RecipientType -eq 'UserMailbox') -or (RecipientTypeDetails -eq 'RoomMailbox') -or (RecipientTypeDetails -eq 'EquipmentMailbox'))",
    );
    check(
        &[Included::MailContacts],
        &[
            (Condition::ConditionalCompany, &["O'Neill", "Contoso"]),
            (Condition::ConditionalCustomAttribute11, &["x"]),
            (Condition::ConditionalCustomAttribute1, &["y"]),
        ],
        "((RecipientType -eq 'MailContact') -and ((Company -eq 'O''Neill') -or (Company -eq 'Contoso')) -and (CustomAttribute1 -eq 'y') -and (CustomAttribute11 -eq 'x'))",
    );
}

fn filter_text() -> impl Strategy<Value = String> {
    let comparison = prop_oneof![
        (
            "(Name|Department|EmailAddresses)",
            "(-eq|-ne|-like|-notlike)",
            "\\*?[a-zé' ]{1,6}\\*?"
        )
            .prop_map(|(property, operator, value)| {
                format!("{property} {operator} '{}'", value.replace('\'', "''"))
            }),
        "HiddenFromAddressListsEnabled -(eq|ne) \\$(true|false)",
        "ResourceCapacity -(gt|ge|lt|le) [0-9]{1,4}",
        "Company -(eq|ne) \\$null",
    ];
    comparison.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 2..4), "(-and|-or)").prop_map(|(parts, word)| {
                let parts: Vec<String> =
                    parts.into_iter().map(|part| format!("({part})")).collect();
                parts.join(&format!(" {word} "))
            }),
            inner.prop_map(|part| format!("-not({part})")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_stored_reads_back_as_itself(text in filter_text()) {
        let filter: Filter = text.parse().map_err(|error: FilterError| TestCaseError::fail(error.to_string()))?;
        let stored = filter.to_string();
        let again: Filter = stored.parse().map_err(|error: FilterError| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&filter, &again);
        prop_assert_eq!(stored, again.to_string());
        prop_assert_eq!(filter.matches(&anna()), again.matches(&anna()));
    }

    #[test]
    fn not_turns_every_answer(text in filter_text()) {
        let filter: Filter = text.parse().unwrap();
        let turned: Filter = format!("-not({text})").parse().unwrap();
        prop_assert_ne!(filter.matches(&anna()), turned.matches(&anna()));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[-()!'\"$* A-Za-z0-9{}‘’–é]{0,120}") {
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(!error.problem.is_empty() && !error.mend.is_empty());
            let _ = error.to_string();
        }
    }
}
