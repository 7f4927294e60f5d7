//! Administrators find Exchange's shell: the commands they know run as typed, what is missing is
//! asked for, bad input is refused whole, and what was changed is told with who, from where, before
//! and after.

use crate::{
    support::{Node, objects, wait_for},
    terminal::{self, Tmux},
};

/// As they were typed, typographic quotes included.
const GROUP: &str = "New-DynamicDistributionGroup -Name ‘Journaled Users’ -Alias JournaledUsers \
    -RecipientFilter {((((CustomAttribute1 -ne ‘Ignore’) -and (RecipientType -eq ‘UserMailbox’))) \
    -and (-not(Name -like ‘SystemMailbox{*’)) -and (-not(Name -like ‘CAS_{*’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘MailboxPlan’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘DiscoveryMailbox’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘PublicFolderMailbox’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘ArbitrationMailbox’)))}";
const RULE: &str = "New-JournalRule -Name ‘Journal All’ -JournalEmailAddress ‘journal@example.test’ \
    -Scope ‘Global’ -Enabled $true -Recipient ‘JournaledUsers@example.test’";

impl Node {
    /// What a line gives in the shell; it must go well.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) -> String {
        self.ask(&["shell", "-c", line])
    }

    /// The exit code of a line that must fail, and what was said.
    #[track_caller]
    pub(crate) fn shell_refuses(&self, line: &str) -> (i32, String) {
        self.refused(&["shell", "-c", line])
    }
}

#[test]
fn the_commands_they_know_run_as_typed() {
    let node = Node::start(objects);
    wait_for("the health mailbox is there", || {
        node.shell("Get-Mailbox -Monitor").contains("health-")
    });
    assert!(
        node.shell("Get-Mailbox -Monitor")
            .contains("MonitoringMailbox")
    );
    let ignore = "Get-Mailbox -Monitoring | Set-Mailbox -ExtensionCustomAttribute1 ‘Ignore’";
    node.shell(ignore);
    let told = "Get-Mailbox -Monitoring | ? ExtensionCustomAttribute1 -eq 'Ignore' | % Name";
    assert!(node.shell(told).starts_with("health-"));
    // Once more: it is so already, and stays so when the worker looks after its mailbox.
    let again = node.command(&["shell", "-c", ignore]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(
        again.status.success() && said.contains("it is so already"),
        "{said}"
    );
    let people = node.shell("Get-Mailbox | ? ExtensionCustomAttribute1 -eq 'Ignore'");
    assert_eq!(people, "");

    let made = node.shell(GROUP);
    assert!(made.contains("JournaledUsers@example.test"), "{made}");
    let group =
        node.shell("Get-DynamicDistributionGroup 'Journaled Users' | fl Alias,RecipientFilter");
    assert!(group.contains("CustomAttribute1 -ne 'Ignore'"), "{group}");

    let members = "Get-DynamicDistributionGroupMember JournaledUsers | sort Name | % Name";
    assert_eq!(node.shell(members), "info\njournal\n");

    let line = "Set-DynamicDistributionGroup -HiddenFromAddressListsEnabled $true";
    let (code, said) = node.shell_refuses(line);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("needs -Identity"), "{said}");
    node.shell("Set-DynamicDistributionGroup JournaledUsers -HiddenFromAddressListsEnabled $true");
    let hidden = "(Get-DynamicDistributionGroup JournaledUsers).HiddenFromAddressListsEnabled";
    assert_eq!(node.shell(hidden), "True\n");

    let made = node.shell(RULE);
    assert!(
        made.contains("Journal All") && made.contains("Global"),
        "{made}"
    );
    node.shell("Disable-JournalRule Everything; Enable-JournalRule Everything");
}

#[test]
fn what_is_changed_is_told_with_who_from_where_before_and_after() {
    let node = Node::start(objects);
    node.shell(
        "Set-Mailbox info -CustomAttribute1 ‘Ignore’ -EmailAddresses @{Add='i@example.test'}",
    );
    node.shell("Set-Mailbox i@example.test -CustomAttribute1 x");
    node.shell("New-MailContact C -ExternalEmailAddress c@example.net; Remove-MailContact C -Confirm:$false");
    let events = node.json(&["event", "list", "--event", "ObjectsApplied"]);
    let texts: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    let found = |part: &str| texts.iter().find(|text| text.contains(part));
    let changed = found("custom_attribute1 Ignore → x").unwrap_or_else(|| panic!("{texts:?}"));
    assert!(changed.contains("from process "), "{changed}");
    assert!(
        found("created").is_some_and(|text| text.contains("c@example.net")),
        "{texts:?}"
    );
    assert!(
        found("removed").is_some_and(|text| text.contains("c@example.net")),
        "{texts:?}"
    );
}

#[test]
fn bad_input_is_refused_whole_and_many_objects_say_which_were_done() {
    let node = Node::start(objects);
    for (line, part) in [
        (
            "New-MailContact A -ExternalEmailAddress a@example.net; Get-Malbox",
            "did you mean Get-Mailbox?",
        ),
        (
            "New-MailContact A -ExternalEmailAddress a@example.net; Get-Mailbox -Colour red",
            "has no parameter -Colour",
        ),
        (
            "New-MailContact A -ExternalEmailAddress a@example.net; Remove-Mailbox info",
            "-Confirm:$false",
        ),
        (
            "New-MailContact A -ExternalEmailAddress a@example.net; Get-Mailbox 'x",
            "does not end",
        ),
    ] {
        let (code, said) = node.shell_refuses(line);
        assert_eq!(code, 2, "{line}: {said}");
        assert!(said.contains(part) && said.contains('^'), "{line}: {said}");
    }
    assert_eq!(node.shell("Get-MailContact"), "");

    // One of three is not there.
    let (code, said) =
        node.shell_refuses("'info','nobody','journal' | Set-Mailbox -CustomAttribute2 y");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("2 of 3 done: info, journal; 1 failed"),
        "{said}"
    );
    assert!(said.contains("Set-Mailbox nobody: "), "{said}");

    // A file, standard input, CSV out and in, and a trial.
    let path = |name: &str| node.path(name).display().to_string();
    let (script, csv) = (path("s.ps1"), path("out.csv"));
    let text = format!(
        "# Who is there\nGet-Mailbox |\n  Sort-Object Name |\n  Select-Object Name,PrimarySmtpAddress |\n  Export-Csv -Path {csv} -NoTypeInformation\n\
         Import-Csv {csv} | Measure-Object | Select-Object -ExpandProperty Count\n"
    );
    std::fs::write(&script, text).unwrap();
    assert_eq!(node.ask(&["shell", &script]), "2\n");
    let written = std::fs::read_to_string(&csv).unwrap();
    assert!(
        written.starts_with("Name,PrimarySmtpAddress\ninfo,info@example.test\n"),
        "{written}"
    );
    let trial = node.shell("Get-Mailbox | Set-Mailbox -MaxReceiveSize 5MB -WhatIf");
    assert!(trial.contains("What if: mailbox \"info\""), "{trial}");
    assert_eq!(node.shell("(Get-Mailbox info).MaxReceiveSize"), "");
    let json = node.shell("Get-AcceptedDomain | ConvertTo-Json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["DomainName"], "example.test");
    let nobody = crate::support::mailward()
        .args([
            "--socket",
            "/nonexistent/admin.sock",
            "shell",
            "-c",
            "Get-Mailbox; Get-Queue",
        ])
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(3));
}

#[test]
fn the_nouns_of_mail_answer() {
    let node = Node::start(objects);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: x\r\n\r\nx\r\n",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("it was delivered", || {
        node.shell("Get-MessageTrackingLog -Recipients info@example.test | % EventId")
            .contains("DELIVER")
    });
    for line in [
        "Get-Queue",
        "Get-Message",
        "Get-ServerHealth",
        "Get-HealthReport",
        "Get-ServerComponentState",
        "Get-ExchangeCertificate",
        "Get-Certificate",
        "Get-EventLog -Newest 5",
        "Get-TransportConfig",
        "Get-ReceiveConnector",
        "Get-SendConnector",
        "Get-MailUser",
        "Get-DistributionGroup",
        "Get-Recipient -ResultSize Unlimited",
        "Get-Help New-JournalRule",
        "Get-Recipient -RecipientPreviewFilter {Name -eq 'info'} -OrganizationalUnit example.test/x",
    ] {
        node.shell(line);
    }
    assert_eq!(
        node.shell(
            "(Get-Recipient -Filter {RecipientType -eq ‘UserMailbox’ -and Name -like ‘in*’}).Name"
        ),
        "info\n"
    );
    node.shell(
        "New-DistributionGroup Team -Members info@example.test; \
        Add-DistributionGroupMember Team -Member journal@example.test; \
        Remove-DistributionGroupMember Team -Member info@example.test -Confirm:$false",
    );
    assert_eq!(
        node.shell("Get-DistributionGroupMember Team | % Name"),
        "journal@example.test\n"
    );
    node.shell("Set-TransportConfig -MaxOutboundConnections 7");
    assert_eq!(
        node.shell("(Get-TransportConfig).MaxOutboundConnections"),
        "7\n"
    );
    node.shell("Set-ServerComponentState -Component receive/Internet -State Draining -Requester Maintenance -Reason x");
    node.shell("Get-ServerComponentState | ? Component -eq receive/Internet | Set-ServerComponentState -State Active -Requester Maintenance -Reason x");
    // A line outside of the shell is the same.
    assert_eq!(
        node.ask(&["Get-Mailbox", "-Filter", "{Name -eq 'info'}"]),
        node.shell("Get-Mailbox info")
    );
}

#[test]
fn somebody_at_a_terminal_is_helped() {
    if !terminal::is_there() {
        return;
    }
    let node = Node::start(objects);
    node.shell(GROUP);
    let program = env!("CARGO_BIN_EXE_mailward");
    let socket = node.path("run/admin.sock");
    let command = format!(
        "env XDG_STATE_HOME={} {program} --socket {} shell",
        node.path("state").display(),
        socket.display()
    );
    let tmux = Tmux::start(&node, &command);
    let keys = |keys: &[&str]| tmux.tmux(&[&["send-keys"], keys].concat());
    tmux.shows("mailward>");
    // Tab completes a command, a parameter and the name of an object.
    keys(&["Get-AcceptedDom", "Tab", " ex", "Tab"]);
    tmux.shows("Get-AcceptedDomain example.test");
    keys(&["Enter"]);
    tmux.shows("Authoritative");
    // What is missing is asked for.
    keys(&[
        "Set-DynamicDistributionGroup -Hidden",
        "Tab",
        " $true",
        "Enter",
    ]);
    tmux.shows("Identity:");
    keys(&["Journaled Users", "Enter"]);
    let hidden = "(Get-DynamicDistributionGroup JournaledUsers).HiddenFromAddressListsEnabled";
    wait_for("it is hidden", || node.shell(hidden) == "True\n");
    // Before something is removed there is a question, and its answer counts.
    tmux.shows("mailward>");
    keys(&["Remove-Mailbox info", "Enter"]);
    tmux.shows("[Y] Yes");
    keys(&["n", "Enter"]);
    assert!(node.shell("Get-Mailbox").contains("info"));
    // A line that is not at its end goes on.
    keys(&["Get-Mailbox |", "Enter", "measure", "Enter"]);
    tmux.shows("Count");
    keys(&["Get-Malbox", "Enter"]);
    tmux.shows("did you mean Get-Mailbox?");
    keys(&["exit", "Enter"]);
    tmux.shows("ended with 0");
    drop(tmux);
    // What was typed is there the next time.
    let tmux = Tmux::start(&node, &command);
    tmux.shows("mailward>");
    tmux.tmux(&["send-keys", "Up", "Up"]);
    tmux.shows("mailward> Get-Malbox");
}
