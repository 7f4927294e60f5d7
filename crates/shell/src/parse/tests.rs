//! What is read, and what is refused with its place.

use proptest::prelude::*;

use super::*;
use crate::syntax::{Argument, Operator};

/// The stages of a statement that is a pipeline.
#[track_caller]
fn stages(script: &Script, at: usize) -> &[Stage] {
    match &script.statements[at].action {
        Action::Pipeline(pipeline) => &pipeline.stages,
        other => panic!("{other:?}"),
    }
}

/// The only command of a script.
#[track_caller]
fn command(text: &str) -> crate::syntax::Command {
    let script = parse(text).unwrap_or_else(|error| panic!("{}", error.shown(text, None)));
    match &stages(&script, 0)[0] {
        Stage::Command(command) => command.clone(),
        other => panic!("{other:?}"),
    }
}

/// The texts of a command's values, and its parameters with a hyphen.
fn words(text: &str) -> Vec<String> {
    let word = |expression: &Expression| match &expression.node {
        Node::Literal(value) => value.text(),
        Node::Block(span) => text[span.start..span.end].to_owned(),
        other => format!("{other:?}"),
    };
    command(text)
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Named { name, value, .. } => match value {
                Some(value) => format!("-{name}:{}", word(value)),
                None => format!("-{name}"),
            },
            Argument::Value(value) => word(value),
            Argument::Splat { name, .. } => format!("@{name}"),
        })
        .collect()
}

#[test]
fn the_lines_administrators_type_are_read() {
    assert_eq!(words("Get-Mailbox -Monitor"), ["-Monitor"]);
    assert_eq!(
        words("Set-Mailbox anna -ExtensionCustomAttribute1 ‘Ignore’"),
        ["anna", "-ExtensionCustomAttribute1", "Ignore"]
    );
    let filter = "((((CustomAttribute1 -ne ‘Ignore’) -and (RecipientType -eq ‘UserMailbox’))) -and (-not(Name -like ‘SystemMailbox{*’)) -and (-not(Name -like ‘CAS_{*’)))";
    let line = format!(
        "New-DynamicDistributionGroup -Name ‘Journaled Users’ -Alias JournaledUsers -RecipientFilter {{{filter}}}"
    );
    assert_eq!(
        words(&line),
        [
            "-Name",
            "Journaled Users",
            "-Alias",
            "JournaledUsers",
            "-RecipientFilter",
            filter
        ]
    );
    assert_eq!(
        words("Set-DynamicDistributionGroup –HiddenFromAddressListsEnabled $true"),
        ["-HiddenFromAddressListsEnabled", "True"]
    );
    assert_eq!(
        words("X -Y:$false -Z: 'a''b' @p"),
        ["-Y:False", "-Z:a'b", "@p"]
    );
    assert_eq!(words("X anna@example.org"), ["anna@example.org"]);
    assert_eq!(words("X \"a`tb\" # and so on"), ["a\tb"]);
    assert_eq!(words("X `\n  a <# not\nthis #> b"), ["a", "b"]);
    assert_eq!(words("X @'\nit's\n“so”\n'@ y"), ["it's\n“so”", "y"]);
}

#[test]
fn pipelines_statements_and_values_are_told_apart() {
    let script =
        parse("$a = Get-X | Where-Object { $_.Y -eq 'z' } |\n ft a,b\n$a.Count; 5").unwrap();
    assert_eq!(script.statements.len(), 3);
    assert_eq!(script.statements[0].variable.as_deref(), Some("a"));
    assert_eq!(stages(&script, 0).len(), 3);
    let script = parse("Get-X\n| Get-Y\n\n$x += @{ A = 1\n B = 'x','y'; }").unwrap();
    assert_eq!(stages(&script, 0).len(), 2);
    assert!(script.statements[1].adds);
    assert_eq!(parse(" \n;; # nothing\n").unwrap().statements, []);
}

#[test]
fn branches_and_loops_are_read() {
    let script = parse(
        "if ($x -eq 1) { 'a'; 'b' }\nelseif ($y) {\n 'c'\n}\n else{ 'd' }\n$z = foreach ($n in 1,2) { if ($n -gt 1) { break } else { continue } } 'e'\nIF ((Get-X).Count -gt 2) { }",
    )
    .unwrap();
    assert_eq!(script.statements.len(), 4);
    let Action::If {
        branches,
        otherwise: Some(otherwise),
    } = &script.statements[0].action
    else {
        panic!("{script:?}");
    };
    assert_eq!((branches.len(), otherwise.statements.len()), (2, 1));
    assert_eq!(branches[0].1.statements.len(), 2);
    let Action::ForEach { variable, body, .. } = &script.statements[1].action else {
        panic!("{script:?}");
    };
    assert_eq!(script.statements[1].variable.as_deref(), Some("z"));
    assert_eq!((variable.as_str(), body.statements.len()), ("n", 1));
    // Behind a bar it is the short name of a command, and a command's name may begin so.
    assert_eq!(stages(&parse("1 | foreach { $_ }").unwrap(), 0).len(), 2);
    assert!(matches!(
        parse("Breakfast -X 1").unwrap().statements[0].action,
        Action::Pipeline(_)
    ));
}

#[test]
fn operators_have_powershells_order() {
    let script = parse("1 + 2 * 3 -eq 7 -and -not $x -or 'a' -in 'a','b'").unwrap();
    let Stage::Expression(expression) = &stages(&script, 0)[0] else {
        panic!("no expression");
    };
    let Node::Binary(Operator::Or, left, right) = &expression.node else {
        panic!("{expression:?}");
    };
    assert!(matches!(right.node, Node::Binary(Operator::In, _, _)));
    let Node::Binary(Operator::And, equal, not) = &left.node else {
        panic!("{left:?}");
    };
    assert!(matches!(not.node, Node::Not(_)));
    assert!(matches!(equal.node, Node::Binary(Operator::Equal, _, _)));
    assert!(matches!(
        stages(&parse("-5").unwrap(), 0)[0],
        Stage::Expression(Expression {
            node: Node::Minus(_),
            ..
        })
    ));
    assert_eq!(
        stages(&parse("10MB").unwrap(), 0)[0],
        Stage::Expression(Expression {
            node: Node::Literal(Value::Integer(10 << 20)),
            span: Span::new(0, 4)
        })
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, place, part) in [
        ("Get-X 'abc", 6, "does not end"),
        ("Get-X {abc", 6, "the block is not closed"),
        ("Get-X (Get-Y", 6, "')' is missing"),
        ("Get-X )", 6, "closes nothing"),
        ("Get-X |", 6, "nothing follows"),
        ("Get-X | 'a'", 8, "can only begin"),
        ("Get-X > file", 6, "not redirected"),
        ("Get-X && Get-Y", 6, "&&"),
        ("while (1) { 2 }", 0, "cannot stand here"),
        ("if (1)", 0, "the statements are missing"),
        ("foreach ($x Get-X) { 2 }", 12, "in is missing"),
        (
            "foreach (x in 1) { 2 }",
            9,
            "the variable of foreach is missing",
        ),
        ("if (1) { 2 } else 3", 18, "the statements are missing"),
        ("$x.StartsWith('a')", 2, "no methods"),
        ("$x -equals 5", 3, "-equals is not an operator"),
        ("$x = == 5", 5, "a value or a command"),
        ("$x.Foo()", 2, "no methods"),
        ("[int]5", 0, "types are not named"),
        ("12x4", 0, "is not a number"),
        ("@{ A = 1; a = 2 }", 10, "stands there already"),
        ("@{ A }", 5, "has no value"),
        ("Get-X a, , b", 9, "before the comma"),
        ("$env:PATH", 0, "no scope or drive"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.problem.contains(part), "{text}: {error:?}");
        assert_eq!(error.span.start, place, "{text}: {error:?}");
        assert!(error.span.end <= text.len() + 1, "{text}: {error:?}");
    }
}

#[test]
fn what_merely_ends_too_early_is_told_apart() {
    for text in [
        "Get-X {",
        "Get-X (",
        "Get-X '",
        "Get-X |",
        "$x = ",
        "@{ a = ",
        "Get-X a,",
        "'a' +",
        "<#",
        "Get-X `",
        "@{",
        "\"$(Get-X",
    ] {
        assert!(parse(text).unwrap_err().incomplete, "{text}");
    }
    for text in ["Get-X )", "1 2", "$x -foo"] {
        assert!(!parse(text).unwrap_err().incomplete, "{text}");
    }
}

#[test]
fn depth_is_limited() {
    for (open, close) in [
        ("(", ")"),
        ("@(", ")"),
        ("-not ", ""),
        ("$x[", "]"),
        ("\"$(", ")\""),
    ] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        assert!(parse(&text).is_err(), "{open}");
    }
    assert!(parse(&format!("1{}", " + 1".repeat(10_000))).is_err());
    assert!(
        parse(&format!(
            "Get-X {}{}",
            "{".repeat(10_000),
            "}".repeat(10_000)
        ))
        .is_ok()
    );
}

#[test]
fn reading_takes_time_in_proportion() {
    // Twenty times the text may take twenty times the time, and some more for chance.
    let pieces = [
        "Get-X -A 'b' | Where-Object { $_.C -eq \"d$e\" }\n",
        "\n\n",
        "$a = @{ B = 1 };",
        "Get-X a,b,c ",
        "# {\n",
        "X $(Y) \"$(Z)\"\n",
    ];
    for piece in pieces {
        let time = |count: usize| {
            let text = piece.repeat(count);
            let since = std::time::Instant::now();
            let _ = parse(&text);
            since.elapsed()
        };
        let (short, long) = (time(500), time(10_000));
        let allowed = short * 200 + std::time::Duration::from_millis(200);
        assert!(long < allowed, "{piece:?}: {short:?}, {long:?}");
    }
}

proptest! {
    #[test]
    fn no_text_upsets_it(text: String) {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.problem.is_empty());
            error.shown(&text, Some("x"));
        }
    }

    #[test]
    fn no_telling_text_upsets_it(text in "(\\$x|\\$_\\.Y|Get-X|-Y| |\\||\\{|\\}|\\(|\\)|@|'|‘|\"|“|`|,|;|\n|#|<#|#>|=|5|MB|-eq|–not|\\[|\\]|\\$\\(|@\\{){0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.problem.is_empty());
            error.shown(&text, None);
        }
    }

    #[test]
    fn a_text_in_single_quotes_stands_for_itself(text in "[^'‘’‚‛]{0,40}") {
        let line = format!("X '{text}'");
        let read = command(&line);
        prop_assert_eq!(&read.arguments, &vec![Argument::Value(Expression {
            node: Node::Literal(Value::Text(text)),
            span: Span::new(2, line.len()),
        })]);
    }
}
