//! What the language can do beyond a single pipeline, and commands for all that a filter fits.

use super::*;

#[test]
fn statements_branch_and_go_round() {
    for (line, expect) in [
        (
            "if ((Get-Mailbox).Count -gt 2) { 'many' } else { 'few' }",
            "many\n",
        ),
        (
            "$n = 2; if ($n -eq 1) { 'a' } elseif ($n -eq 2) { 'b' } else { 'c' } 'd'",
            "b\nd\n",
        ),
        (
            "foreach ($m in Get-Mailbox) { if ($m.Name -eq 'berta') { continue }; $m.Name }",
            "anna\nstuck\n",
        ),
        (
            "$x = foreach ($n in 1,2,3,4) { if ($n -gt 2) { break }; $n * 10 }; $x -join '-'",
            "10-20\n",
        ),
        (
            "$sum = 0; foreach ($n in 1,2,3) { foreach ($k in 1,2) { $sum += $n * $k } }; $sum",
            "18\n",
        ),
        (
            "1,2 | % { if ($_ -eq 1) { 'one' } else { 'more' } }",
            "one\nmore\n",
        ),
        ("if ($null) { 'x' }; \"$(if (1) { 'y' })\"", "y\n"),
        ("foreach ($x in @()) { 'never' }", ""),
    ] {
        assert_eq!(out(line), expect, "{line}");
    }
    for (line, part) in [
        (
            "Get-Mailbox; if (1) { Get-Malbox }",
            "did you mean Get-Mailbox?",
        ),
        (
            "Get-Mailbox; foreach ($x in Get-Malbox) { 1 }",
            "did you mean",
        ),
        ("Get-Mailbox; break", "no loop here"),
        (
            "Get-Mailbox; foreach ($x in 1) { 1 | % { continue } }",
            "no loop here",
        ),
        ("Get-Mailbox; 'a' -match '('", "no regular expression"),
        ("Get-Mailbox; try { 1 }", "-ErrorAction"),
        ("Get-Mailbox; Get-Date", "-Start 2h"),
        ("Get-Mailbox; Import-Module x", "leave it out"),
        ("Get-Mailbox | Out-File a 2>&1", "not redirected"),
    ] {
        let (code, host) = ran(line);
        assert_eq!(code, 2, "{line}: {}", host.err);
        assert!(host.err.contains(part), "{line}: {}", host.err);
        assert!(host.asked.is_empty(), "{line}: something ran");
    }
}

#[test]
fn texts_are_matched_replaced_divided_and_put_together() {
    for (line, expect) in [
        (
            "'anna@example.org' -match '^(?<who>.+)@'; $Matches.who; $Matches[0]",
            "True\nanna\nanna@\n",
        ),
        ("'a','ba','c' -match 'a'", "a\nba\n"),
        ("'x' -notmatch 'y'", "True\n"),
        (
            "Get-Mailbox | ? Name -match '^[ab]' | % Name",
            "anna\nberta\n",
        ),
        ("Get-Mailbox | ? Name -NotMatch '^[ab]' | % Name", "stuck\n"),
        (
            "Get-Mailbox | ? { $_.Name -match 'ert' } | % Name",
            "berta\n",
        ),
        (
            "'a@x.org','b@x.org' -replace '@.*$','@y.org'",
            "a@y.org\nb@y.org\n",
        ),
        ("'a;b; c' -split ';\\s*'", "a\nb\nc\n"),
        ("'{0}: {1:N1} MB' -f 'x', (3670016 / 1MB)", "x: 3.5 MB\n"),
        (
            "Get-Mailbox | select Name,@{n='Mail';e={'<{0}>' -f $_.PrimarySmtpAddress}} -First 1 | fl",
            "Name : anna\nMail : <anna@example.org>\n",
        ),
    ] {
        assert_eq!(out(line), expect, "{line}");
    }
}

#[test]
fn what_pipelines_of_powershell_do_is_done() {
    for (line, expect) in [
        (
            "Get-Mailbox | sort @{e='HiddenFromAddressListsEnabled';Descending=$true},Name | % Name",
            "berta\nanna\nstuck\n",
        ),
        (
            "Get-Mailbox | sort HiddenFromAddressListsEnabled,@{e={$_.Name};Descending=$true} | % Name",
            "stuck\nanna\nberta\n",
        ),
        (
            "Get-Mailbox | group RecipientType,HiddenFromAddressListsEnabled -NoElement | ft -AutoSize",
            "Count Name\n----- ----\n    2 UserMailbox, False\n    1 UserMailbox, True\n",
        ),
        (
            "Get-Mailbox | group { $_.PrimarySmtpAddress -replace '^.*@','' } -NoElement | % Name",
            "example.org\n",
        ),
        (
            "Get-Mailbox | sort HiddenFromAddressListsEnabled | ft Name -GroupBy HiddenFromAddressListsEnabled",
            "HiddenFromAddressListsEnabled: False\n\nName\n----\nanna\nstuck\n\nHiddenFromAddressListsEnabled: True\n\nName\n----\nberta\n",
        ),
        ("1,2,3 | select -SkipLast 1", "1\n2\n"),
        (
            "Get-Mailbox | ConvertTo-Json | ConvertFrom-Json | % Name",
            "anna\nberta\nstuck\n",
        ),
        ("'A,B','1,2' | ConvertFrom-Csv | % B", "2\n"),
        (
            "Write-Host 'a' ; Write-Host 1,2 -ForegroundColor Red",
            "a\n1 2\n",
        ),
        (
            "(Get-Mailbox | select Name | Out-String).Length -gt 10",
            "True\n",
        ),
        (
            "'{\"a\": 3, \"b\": {\"c\": [1,2]}}' | ConvertFrom-Json | % { $_.b.c[1] + $_.a }",
            "5\n",
        ),
        ("Get-Mailbox | measure Revision,Id -Sum | % Sum", "9\n21\n"),
    ] {
        assert_eq!(out(line), expect, "{line}");
    }
    let mut shell = Shell::new(Played::default());
    let lines = "anna\nberta\n\n";
    shell
        .host
        .files
        .insert("f.txt".to_owned(), lines.to_owned());
    let ran = shell.run(
        "Get-Content f.txt -TotalCount 2 | Get-Mailbox | % Name",
        None,
    );
    assert_eq!((ran.code, shell.host.out.as_str()), (0, "anna\nberta\n"));
}

#[test]
fn a_file_that_is_not_there_is_told_as_the_script_wishes() {
    let (code, host) = ran("Import-Csv no.csv | Set-Mailbox -Hidden $true; 'after'");
    assert_eq!((code, host.out.as_str()), (1, ""), "{}", host.err);
    let (code, host) = ran("Import-Csv no.csv -ErrorAction SilentlyContinue; 'after'");
    assert_eq!(
        (code, host.out.as_str(), host.err.as_str()),
        (0, "after\n", "")
    );
    let (code, host) = ran("Get-Content no.txt -EA Continue; 'after'");
    assert_eq!((code, host.out.as_str()), (1, "after\n"));
    assert!(host.err.contains("no.txt: it is not there"), "{}", host.err);
}

#[test]
fn a_filter_acts_on_all_that_fit_and_says_how_many() {
    let line = "Suspend-Message -Filter {FromAddress -like '*@x.org'}";
    let (code, host) = ran(line);
    assert_eq!(code, 1);
    assert!(
        host.err
            .contains("Suspend-Message: 2 messages: held. 1 failed.")
            && host.err.contains("error: Suspend-Message m3: it is gone"),
        "{}",
        host.err
    );
    let fields = Json::from(host.asked[0].1.clone());
    assert_eq!(fields, json!({ "filter": "FromAddress -like '*@x.org'" }));
    let (code, host) = ran(&format!("{line} -WhatIf"));
    assert_eq!((code, host.asked.len()), (0, 1));
    assert_eq!(host.asked[0].1["dry_run"], json!(true));
    assert!(
        host.out.contains("What if: Suspend-Message m2"),
        "{}",
        host.out
    );
    let (code, host) = ran(&format!("{line} -ErrorAction SilentlyContinue"));
    assert_eq!(code, 0, "{}", host.err);
    // Whoever sits there is asked once.
    let mut shell = Shell::new(Played::default());
    shell.host.answers = Some(vec!["n", "y"]);
    shell.run(&format!("{line} -Confirm"), None);
    assert!(
        shell.host.err.contains("fits 3: are you sure?"),
        "{}",
        shell.host.err
    );
    assert_eq!(shell.host.asked.len(), 1, "it was only looked at");
    shell.run(&format!("{line} -Confirm"), None);
    assert_eq!(shell.host.asked.len(), 3);
    // Nothing is meant where nothing is said.
    assert!(refused("Suspend-Message", 2).contains("needs -Identity"));
    assert!(refused("Remove-Message -Filter {Size -gt 1MB}", 2).contains("nobody can be asked"));
}

#[test]
fn an_object_gets_another_name() {
    let (code, host) = ran("Set-MailContact anna -Name Anne -DisplayName 'Anne B'");
    assert_eq!((code, host.err.as_str()), (0, ""));
    let fields = &host.asked[1].1;
    assert_eq!(fields["rename"], json!("Anne"));
    assert_eq!(fields["spec"], json!({ "display_name": "Anne B" }));
    assert!(refused("Set-Mailbox anna -Name Anne", 2).contains("has no parameter -Name"));
}
