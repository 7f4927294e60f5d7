//! Lines run against an API that is played: what is asked, what is printed, how it ends.

use mailward_api::view::{
    Changed, Effect, ObjectList, ObjectView, PlanView, QueueActed, QueueFailure,
};
use mailward_model::{Kind, ObjectId, Revision};
use serde_json::json;

use super::*;

mod language;

/// An API with three mailboxes, one of which cannot be changed.
#[derive(Default)]
struct Played {
    asked: Vec<(Op, Map<String, Json>)>,
    out: String,
    err: String,
    answers: Option<Vec<&'static str>>,
    files: BTreeMap<String, String>,
}

fn view(name: &str, hidden: bool) -> ObjectView {
    let spec = json!({
        "address": format!("{name}@example.org"), "type": "user", "hidden": hidden,
    });
    ObjectView {
        kind: Kind::Mailbox,
        name: name.to_owned(),
        id: ObjectId(7),
        revision: Revision(3),
        spec: spec.as_object().cloned().unwrap(),
    }
}

fn json_of(value: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    Ok(serde_json::to_vec(value).unwrap())
}

impl Host for Played {
    fn ask(&mut self, op: Op, fields: Map<String, Json>) -> Result<Vec<u8>, Fault> {
        self.asked.push((op, fields.clone()));
        let name = fields
            .get("name")
            .and_then(Json::as_str)
            .unwrap_or_default();
        match op {
            Op::ObjectList => json_of(&ObjectList {
                kind: Kind::Mailbox,
                objects: vec![
                    view("anna", false),
                    view("berta", true),
                    view("stuck", false),
                ],
                hidden: 0,
            }),
            Op::ObjectShow if name == "nobody" => Err(Fault::not_found("there is none", "look")),
            Op::ObjectShow => json_of(&view(name, false)),
            Op::ObjectSet | Op::ObjectRemove if name == "stuck" => {
                Err(Fault::new(FaultKind::Conflict, "somebody changed it", ""))
            }
            Op::ObjectSet | Op::ObjectRemove => {
                let effect = Effect {
                    kind: Kind::Mailbox,
                    name: name.to_owned(),
                    action: "change".to_owned(),
                    changes: vec!["hidden false → true".to_owned()],
                    takes_effect: "takes effect at once".to_owned(),
                };
                json_of(&PlanView {
                    held: None,
                    effects: if name == "same" {
                        Vec::new()
                    } else {
                        vec![effect]
                    },
                    applied: true,
                    revision: Revision(4),
                })
            }
            Op::QueueHold => json_of(&QueueActed {
                count: 2,
                text: "2 messages: held. 1 failed.".to_owned(),
                matching: 3,
                done: vec!["m1".to_owned(), "m2".to_owned()],
                failed: match fields.get("dry_run") {
                    Some(_) => Vec::new(),
                    None => vec![QueueFailure {
                        target: "m3".to_owned(),
                        error: "it is gone".to_owned(),
                    }],
                },
                dry_run: fields.contains_key("dry_run"),
                ..QueueActed::default()
            }),
            Op::QueueRedirect => json_of(&QueueActed {
                matching: 2,
                text: "1 message: sent by Other. 1 failed.".to_owned(),
                done: vec!["m1".to_owned()],
                failed: vec![QueueFailure {
                    target: "m2".to_owned(),
                    error: "it is being attempted".to_owned(),
                }],
                ..QueueActed::default()
            }),
            Op::HealthRepairing => json_of(&Changed::nothing(1, "Done.")),
            Op::HealthRollup => Err(Fault::not_found("no group", "")),
            _ => Err(Fault::new(FaultKind::Unreachable, "nobody there", "")),
        }
    }

    fn export(&mut self, _: Op, _: Map<String, Json>, _: &str) -> Result<u64, Fault> {
        Ok(5)
    }

    fn print(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn complain(&mut self, text: &str) {
        self.err.push_str(text);
    }

    fn prompt(&mut self, question: &str) -> Option<String> {
        self.err.push_str(question);
        let answers = self.answers.as_mut()?;
        match answers.is_empty() {
            true => None,
            false => Some(answers.remove(0).to_owned()),
        }
    }

    fn asks(&self) -> bool {
        self.answers.is_some()
    }

    fn width(&self) -> usize {
        0
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| "it is not there".to_owned())
    }

    fn write(&mut self, path: &str, text: &str, put: Put) -> Result<(), String> {
        let file = self.files.entry(path.to_owned()).or_default();
        if put != Put::Append {
            file.clear();
        }
        file.push_str(text);
        Ok(())
    }

    fn history(&self) -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }

    fn clear(&mut self) {}
}

fn ran(line: &str) -> (u8, Played) {
    let mut shell = Shell::new(Played::default());
    let ran = shell.run(line, None);
    (ran.code, shell.host)
}

/// What a line prints; it must go well.
#[track_caller]
fn out(line: &str) -> String {
    let (code, host) = ran(line);
    assert_eq!(code, 0, "{line}: {}", host.err);
    host.out
}

/// What is said about a line that must not go well.
#[track_caller]
fn refused(line: &str, code: u8) -> String {
    let (found, host) = ran(line);
    assert_eq!(found, code, "{line}: {}{}", host.out, host.err);
    host.err
}

#[test]
fn objects_are_listed_filtered_and_laid_out() {
    let table = out("Get-Mailbox");
    assert_eq!(
        table.lines().take(3).collect::<Vec<_>>(),
        [
            "Name  Alias PrimarySmtpAddress RecipientTypeDetails",
            "----  ----- ------------------ --------------------",
            "anna  anna  anna@example.org   UserMailbox",
        ]
    );
    for (line, expect) in [
        (
            "Get-Mailbox | Where-Object {$_.HiddenFromAddressListsEnabled -eq $true} | % Name",
            "berta\n",
        ),
        (
            "get-mailbox | ? HiddenFromAddressListsEnabled | select -exp Name",
            "berta\n",
        ),
        (
            "Get-Mailbox | where Name -like a* | fl Name,Primary*",
            "Name               : anna\nPrimarySmtpAddress : anna@example.org\n",
        ),
        (
            "(Get-Mailbox | Where-Object Name -in anna,berta).Count",
            "2\n",
        ),
        ("(Get-Mailbox)[-1].Name", "stuck\n"),
        (
            "Get-Mailbox | sort Name -Desc | select -First 1 -ExpandProperty Name",
            "stuck\n",
        ),
        (
            "Get-Mailbox | measure | select -ExpandProperty Count",
            "3\n",
        ),
        (
            "$n = 'ber'; Get-Mailbox | ? { $_.Name -like \"$n*\" } | ForEach-Object { \"$($_.Name)!\" }",
            "berta!\n",
        ),
        ("'b','a','B' | sort -Unique", "a\nb\n"),
        (
            "1,2,3 | measure -Sum -Average | ft Sum,Average",
            "Sum Average\n--- -------\n  6       2\n",
        ),
        (
            "Get-Mailbox | group HiddenFromAddressListsEnabled -NoElement",
            "Count Name\n----- ----\n    2 False\n    1 True\n",
        ),
        (
            "Get-Mailbox | select @{n='N';e={$_.Name + '!'}} -First 1 | ConvertTo-Json -Compress",
            "{\"N\":\"anna!\"}\n",
        ),
        (
            "$x = @{ A = 1 }; $x.A + 1; $x += @{ B = 2 }; $x.B",
            "2\n2\n",
        ),
        (
            "1; Get-Mailbox anna | ft Name; 2",
            "1\n\nName\n----\nanna\n2\n",
        ),
        (
            "Get-Mailbox | select Name | ConvertTo-Csv | select -First 2",
            "Name\nanna\n",
        ),
    ] {
        assert_eq!(out(line), expect, "{line}");
    }
}

#[test]
fn a_change_names_the_revision_it_was_made_from() {
    let (code, host) = ran(
        "Set-Mailbox anna -Hidden $true -EmailAddresses @{Add='x@example.org'} -ForwardingAddress $null",
    );
    assert_eq!((code, host.err.as_str()), (0, ""));
    let (op, fields) = &host.asked[1];
    assert_eq!(*op, Op::ObjectSet);
    assert_eq!(
        Json::from(fields.clone()),
        json!({
            "kind": "mailbox", "name": "anna", "revision": 3, "dry_run": false,
            "spec": { "hidden": true },
            "set": ["forwarding_address=", "proxy_addresses+=[\"x@example.org\"]"],
        })
    );
}

#[test]
fn many_objects_say_which_were_done() {
    let (code, host) = ran("Get-Mailbox | Set-Mailbox -HiddenFromAddressListsEnabled:$true");
    assert_eq!(code, 1);
    assert!(
        host.err
            .contains("error: Set-Mailbox stuck: somebody changed it"),
        "{}",
        host.err
    );
    assert!(
        host.err
            .contains("Set-Mailbox: 2 of 3 done: anna, berta; 1 failed"),
        "{}",
        host.err
    );
    let (code, host) = ran("Get-Mailbox | Set-Mailbox -Hidden $true -ErrorAction SilentlyContinue");
    assert_eq!(code, 0);
    assert!(!host.err.contains("error"), "{}", host.err);
    let (code, host) = ran("'stuck','anna' | Set-Mailbox -Hidden $true -EA Stop; Get-Mailbox");
    assert_eq!((code, host.out.as_str()), (4, ""));
    assert_eq!(
        refused("Set-Mailbox nobody -Hidden $true", 1)
            .lines()
            .count(),
        2
    );
    let (_, host) = ran("Set-Mailbox same -Hidden $true");
    assert!(host.err.starts_with("warning: "), "{}", host.err);
}

#[test]
fn what_if_changes_nothing() {
    let (code, host) = ran("Get-Mailbox | Remove-Mailbox -WhatIf");
    assert_eq!(code, 1, "one of them would fail");
    assert!(
        host.out.starts_with("What if: mailbox \"anna\" change"),
        "{}",
        host.out
    );
    let all_dry = host.asked.iter().filter(|(op, _)| *op == Op::ObjectRemove);
    assert!(all_dry.clone().count() == 3);
    assert!(
        all_dry
            .clone()
            .all(|(_, fields)| fields["dry_run"] == json!(true))
    );
}

#[test]
fn bad_input_is_refused_whole() {
    for (line, part) in [
        ("Get-Mailbox; Get-Malbox", "did you mean Get-Mailbox?"),
        (
            "Get-Mailbox; Get-Mailbox -Colour",
            "has no parameter -Colour",
        ),
        (
            "Get-Mailbox; Set-Mailbox -Hidden $true",
            "Set-Mailbox needs -Identity",
        ),
        (
            "Get-Mailbox; Set-Mailbox a -Hidden perhaps",
            "neither true nor false",
        ),
        (
            "Get-Mailbox; New-JournalRule x",
            "needs -JournalEmailAddress",
        ),
        (
            "Get-Mailbox; Set-JournalRule x -Scope Globl",
            "did you mean Global?",
        ),
        (
            "Get-Mailbox; Set-Mailbox a -E x",
            "-E of Set-Mailbox may be -",
        ),
        ("Get-Mailbox; Get-Mailbox a b", "b belongs to no parameter"),
        ("Get-Mailbox; Remove-Mailbox anna", "nobody can be asked"),
        (
            "Get-Mailbox; Get-Mailbox | % { Foo }",
            "Foo is not a command",
        ),
        (
            "Get-Mailbox; Get-Mailbox -Identity",
            "-Identity has no value",
        ),
        ("Get-Mailbox; Get-Mailbox -Id a -Id b", "given twice"),
        (
            "Get-Mailbox; Get-Mailbox | Get-TransportConfig",
            "takes nothing from the pipe",
        ),
        ("Get-Mailbox; \"$(Foo)\"", "Foo is not a command"),
    ] {
        let (code, host) = ran(line);
        assert_eq!(code, 2, "{line}");
        assert!(host.err.contains(part), "{line}: {}", host.err);
        assert!(host.err.contains('^'), "{line}: {}", host.err);
        assert!(host.asked.is_empty(), "{line}: something ran");
    }
    assert!(refused("Get-Mailbox $y", 2).contains("there is no variable $y"));
}

#[test]
fn parameters_are_splatted_and_piped() {
    let (_, host) =
        ran("$p = @{ Identity = 'anna'; HiddenFromAddressListsEnabled = $true }; Set-Mailbox @p");
    assert_eq!(host.asked[1].1["spec"], json!({ "hidden": true }));
    let mut shell = Shell::new(Played::default());
    let csv = "Name,PrimarySmtpAddress\nx,x@example.org\n";
    shell.host.files.insert("f.csv".to_owned(), csv.to_owned());
    assert_eq!(shell.run("Import-Csv f.csv | New-Mailbox", None).code, 0);
    assert_eq!(
        shell.host.asked[0].1["spec"],
        json!({ "address": "x@example.org" })
    );
    assert_eq!(shell.host.asked[0].1["revision"], json!(0));
    shell.run(
        "Get-Mailbox | Select-Object Name | Export-Csv -Path o.csv -NoTypeInformation",
        None,
    );
    assert_eq!(shell.host.files["o.csv"], "Name\nanna\nberta\nstuck\n");
}

#[test]
fn who_sits_there_is_asked() {
    let mut shell = Shell::new(Played::default());
    shell.host.answers = Some(vec!["anna", "n", "y"]);
    assert_eq!(
        shell
            .run("Set-Mailbox -HiddenFromAddressListsEnabled $true", None)
            .code,
        0
    );
    assert!(shell.host.err.contains("Identity: "));
    assert_eq!(shell.host.asked[0].1["name"], json!("anna"));
    shell.run("Remove-Mailbox berta", None);
    assert!(
        !shell
            .host
            .asked
            .iter()
            .any(|(op, _)| *op == Op::ObjectRemove)
    );
    shell.run("Remove-Mailbox berta", None);
    assert!(
        shell
            .host
            .asked
            .iter()
            .any(|(op, _)| *op == Op::ObjectRemove)
    );
    assert_eq!(
        shell.run("exit 5", None),
        Ran {
            code: 5,
            exits: true
        }
    );
}

#[test]
fn filters_keep_their_text_and_take_variables() {
    let (_, host) = ran(
        "$d = \"O'Brien\"; Get-Mailbox -Filter {Department -eq $d -and Name -like ‘x{*’ -and Company -eq $null}",
    );
    assert_eq!(
        host.asked[0].1["filter"],
        json!("Department -eq 'O''Brien' -and Name -like ‘x{*’ -and Company -eq $null")
    );
}

#[test]
fn help_tells_what_there_is() {
    assert!(out("Get-Help").contains("Get-Command -Noun Mailbox"));
    let page = out("Set-Mailbox -?");
    assert!(page.contains("-PrimarySmtpAddress <Text>") && page.contains("Unlike in Exchange"));
    assert_eq!(out("get-help set-mailbox"), page);
    assert!(out("Get-Command -Noun JournalRule").contains("Enable-JournalRule"));
    assert!(out("Get-Mailbox | gm").contains("HiddenFromAddressListsEnabled"));
    assert!(out("Get-History -Count 1").contains("2 b"));
    assert!(refused("Get-Help Get-Malbox", 2).contains("did you mean Get-Mailbox?"));
}

#[test]
fn what_exchange_says_of_monitors_and_groups_is_asked_of_the_right_operation() {
    let last = |line: &str| ran(line).1.asked.pop().unwrap();
    let (op, fields) =
        last("@{Name='connector';TargetResource='Internet'} | Set-ServerMonitor -Repairing $true");
    assert_eq!(op, Op::HealthRepairing);
    assert_eq!(
        Json::Object(fields),
        json!({ "item": "connector/Internet" })
    );
    let (_, fields) = last("Set-ServerMonitor -Name disk -Repairing:$false -Server mx1");
    let expect = json!({ "item": "disk", "off": true, "server": "mx1" });
    assert_eq!(Json::Object(fields), expect);
    let (op, fields) = last("Get-HealthReport -RollupGroup -GroupSize 3");
    assert_eq!(
        (op, Json::Object(fields)),
        (Op::HealthRollup, json!({ "group_size": 3 }))
    );
    let (op, _) = last("Get-HealthReport -RollupGroup:$false");
    assert_eq!(op, Op::Health);
    // Everything that is meant by nothing is told like what a filter fits: each failure is named.
    let (code, host) = ran("Redirect-Message -Target Other -Confirm:$false");
    assert_eq!(host.asked[0].0, Op::QueueRedirect);
    assert!(
        host.err.contains("m2: it is being attempted"),
        "{}",
        host.err
    );
    assert_ne!(code, 0);
    assert!(refused("Redirect-Message -Target Other", 2).contains("nobody can be asked"));
}

#[test]
fn who_cannot_be_reached_ends_it() {
    let (code, host) = ran("Get-Queue; Get-Mailbox");
    assert_eq!((code, host.out.as_str()), (3, ""));
}
