//! Field notes of Exchange administrators run as they were typed: pipelines over queues, tracking,
//! groups, health and settings; what is not there is refused by a plain message that names the nearest.

use crate::{
    queues_and_messages_are_found_by_a_filter::{node, send},
    support::{Node, read, wait_for},
};

/// A node with two messages that wait and one that was delivered.
fn busy() -> Node {
    let node = node();
    send(
        &node,
        "info@example.test",
        "x@relay.test",
        "An offer for you",
        4_000,
    );
    send(&node, "info@example.test", "y@relay.test", "plain", 100);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: hello\r\nMessage-ID: <h@example.net>\r\n\r\nx\r\n",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("it was delivered, and is in the log", || {
        node.shell(
            "Get-MessageTrackingLog -Recipients info@example.test -EventId DELIVER | % EventId",
        )
        .contains("DELIVER")
    });
    node
}

#[test]
fn about_queues_and_messages() {
    let node = busy();
    let table = node.shell(
        "Get-Queue -Filter {Status -eq \"Retry\" -and MessageCount -ge 2} | Format-Table Identity,DeliveryType,Status,MessageCount,NextHopDomain -AutoSize",
    );
    let row: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(
        row,
        [
            "connector/Away",
            "SmartHostConnectorDelivery",
            "Retry",
            "2",
            "Away"
        ]
    );
    // What goes to the journal here may still be under way.
    let top = node.shell(
        "Get-Queue|?{$_.MessageCount -gt 1}|Sort-Object MessageCount -Descending|Select-Object -First 10|ft Identity,MessageCount",
    );
    assert!(top.contains("connector/Away"), "{top}");
    let offers = node.shell(
        "Get-Message -Filter {FromAddress -like \"*@example.test\" -and Subject -like \"*offer*\"} -ResultSize Unlimited | Select-Object Subject,FromAddress,@{Name=\"Size (KB)\";Expression={\"{0:N1}\" -f ($_.Size/1KB)}} | ConvertTo-Json -Compress",
    );
    let offers: serde_json::Value = serde_json::from_str(&offers).unwrap();
    assert_eq!(offers["Subject"], "An offer for you");
    let kilobytes: f64 = offers["Size (KB)"].as_str().unwrap().parse().unwrap();
    assert!((3.9..6.0).contains(&kilobytes), "{offers}");
    let subjects = node.shell("Get-Queue -Filter {NextHopDomain -eq 'Away'} | Get-Message | Sort-Object Subject | Select-Object -ExpandProperty Subject");
    assert_eq!(subjects, "An offer for you\nplain\n");
    let by_domain = node.shell("Get-Message -ResultSize Unlimited | Group-Object {$_.FromAddress -replace '^.*@',''} | Sort-Object Count -Descending | Format-Table Count,Name -AutoSize");
    assert!(by_domain.contains("2 example.test"), "{by_domain}");
    node.shell("Get-Message -Filter {Subject -eq \"plain\"} | Suspend-Message -Confirm:$false");
    let status = "Get-Message | ? Subject -eq plain | % Status";
    assert_eq!(node.shell(status), "Suspended\n");
    node.shell("Resume-Message -Filter {Status -eq \"Suspended\"}");
    assert_eq!(node.shell(status), "Retry\n");
    node.shell("Retry-Queue -Filter {Status -eq \"Retry\"}");
    let rates = node.shell("Get-Queue | ?{$_.Velocity -lt 0} | Sort-Object Velocity | Select-Object Identity,IncomingRate,OutgoingRate,Velocity | ConvertTo-Json -Compress");
    let rates: serde_json::Value = serde_json::from_str(&rates).unwrap();
    let queue = rates.get(0).unwrap_or(&rates);
    assert_eq!(queue["Identity"], "connector/Away", "{rates}");
    assert_eq!(queue["OutgoingRate"], 0.0, "{rates}");
    assert!(
        node.shell("Get-Queue -Filter {Velocity -lt 0} | ft Identity,Velocity")
            .contains("connector/Away")
    );
    let (code, said) = node.shell_refuses(
        "Redirect-Message -Server mail.example.test -Target Nowhere -Confirm:$false",
    );
    assert!(
        code != 0 && said.contains("no enabled send connector \"Nowhere\""),
        "{said}"
    );
    let would = node.shell("Redirect-Message -Server mail.example.test -Target Away -WhatIf");
    assert!(
        would.contains("Nothing waits that could go another way"),
        "{would}"
    );
    let file = node.path("queues.txt").display().to_string();
    node.shell(&format!(
        "Get-Queue | Sort-Object MessageCount -Descending | Out-File -FilePath {file} -Encoding UTF8"
    ));
    assert!(read(file.as_ref()).contains("connector/Away"));
    let line = "foreach ($m in Get-Message -Filter {Subject -like 'An offer*'}) { if ($m.Size -gt 1MB) { Suspend-Message $m.Identity } else { Write-Host \"$($m.Subject): $($m.Status)\" } }";
    let said = node.shell(line);
    assert!(said.starts_with("An offer for you: "), "{said}");
}

#[test]
fn about_what_became_of_mail() {
    let node = busy();
    let steps = node.shell(
        "Get-MessageTrackingLog -Start 2h -ResultSize Unlimited | Group-Object EventId -NoElement | Sort-Object Count -Descending | Format-Table -AutoSize",
    );
    assert!(
        steps.contains("RECEIVE") && steps.contains("DEFER"),
        "{steps}"
    );
    let file = node.path("delivered.csv").display().to_string();
    node.shell(&format!(
        "Get-MessageTrackingLog -EventId DELIVER -Recipients info@example.test | Select-Object Timestamp,Sender,@{{Name='Recipients';Expression={{$_.Recipients -join ';'}}}},MessageId | Export-Csv -Path {file} -NoTypeInformation -Encoding UTF8"
    ));
    let written = read(file.as_ref());
    assert!(
        written.starts_with("Timestamp,Sender,Recipients,MessageId\n"),
        "{written}"
    );
    assert!(
        written.contains("a@example.net,info@example.test,<h@example.net>"),
        "{written}"
    );
    let sum = node.shell(
        "Get-MessageTrackingLog -Sender info@example.test -EventId RECEIVE | Measure-Object -Property TotalBytes -Sum -Average -Maximum | Format-List Count,Sum",
    );
    assert!(sum.contains("Count : 2"), "{sum}");
    let senders = node.shell(
        "Get-MessageTrackingLog -Start (\"1d\") -EventId \"RECEIVE\" | Where-Object {$_.Sender -match \"@example\\.(test|net)$\"} | Select-Object -ExpandProperty Sender | Sort-Object -Unique",
    );
    assert_eq!(senders, "a@example.net\ninfo@example.test\n");
    for (line, part) in [
        (
            "Get-MessageTrackingLog -Start (Get-Date).AddHours(-2)",
            "2h",
        ),
        (
            "Get-MessageTrackingLog -EventId DELIVERED",
            "did you mean DELIVER?",
        ),
        (
            "Get-TransportService | Get-MessageTrackingLog",
            "Get-TransportConfig",
        ),
        (
            "Get-MessageTrackingLog -MessageSubject 'x'",
            "has no parameter -MessageSubject",
        ),
        ("Get-Queue > queues.txt", "not redirected"),
        ("Get-Queue 2>&1", "not redirected"),
    ] {
        let (code, said) = node.shell_refuses(line);
        assert!(code != 0 && said.contains(part), "{line}: {said}");
    }
}

#[test]
fn about_recipients_and_groups() {
    let node = busy();
    let csv = node.path("users.csv").display().to_string();
    std::fs::write(
        &csv,
        "Identity,Office,Tag\ninfo,North,VIP\njournal,South,\n",
    )
    .unwrap();
    node.shell(&format!(
        "Import-Csv {csv} | ForEach-Object {{ Set-Mailbox -Identity $_.Identity -Office $_.Office -CustomAttribute1 $_.Tag }}"
    ));
    assert_eq!(
        node.shell(
            "Get-Mailbox -Filter {Office -eq 'North'} | %{$_.Name + \":\" + $_.CustomAttribute1}"
        ),
        "info:VIP\n"
    );
    node.shell(&format!(
        "Import-Csv -Path {csv} | Set-Mailbox -CustomAttribute2 'done'"
    ));
    assert_eq!(
        node.shell("(Get-Mailbox | ?{$_.CustomAttribute2 -eq 'done'}).Count"),
        "2\n"
    );

    node.shell("New-DynamicDistributionGroup -Name \"VIPs\" -RecipientFilter {CustomAttribute1 -eq 'VIP'} | Out-Null");
    let members = node.shell("$dg = Get-DynamicDistributionGroup \"VIPs\"; Get-Recipient -RecipientPreviewFilter $dg.RecipientFilter -OrganizationalUnit $dg.RecipientContainer | Select-Object Name,PrimarySmtpAddress | ConvertTo-Csv -NoTypeInformation");
    assert_eq!(members, "Name,PrimarySmtpAddress\ninfo,info@example.test\n");
    node.shell("New-DistributionGroup Staff -Members info@example.test,journal@example.test | Out-Null; New-DistributionGroup Empty | Out-Null");
    let all = node.shell("Get-DistributionGroup | Sort-Object Name | ForEach-Object { $g = $_.Name; Get-DistributionGroupMember $g | Select-Object @{n='Group';e={$g}},Name } | ConvertTo-Csv");
    assert_eq!(
        all,
        "Group,Name\nStaff,info@example.test\nStaff,journal@example.test\n"
    );
    let empty = node.shell("Get-DistributionGroup | Where-Object {-not (Get-DistributionGroupMember $_.Name)} | Select-Object -ExpandProperty Name");
    assert_eq!(empty, "Empty\n");
    // A distinguished name, as scripts hand it on.
    let listed = node.shell("$dn = (Get-DistributionGroup Staff).DistinguishedName; Get-Recipient -Filter \"MemberOfGroup -eq '$dn'\" | Sort-Object Name | %{$_.Name}");
    assert_eq!(listed, "info\njournal\n");
    // A group is renamed while nothing names it; then its filter says who is in the way.
    node.shell("Set-DistributionGroup Staff -Name \"All Staff\"");
    node.shell("New-DynamicDistributionGroup Followers -RecipientFilter {MemberOfGroup -eq 'All Staff'} | Out-Null");
    assert_eq!(
        node.shell("Get-DynamicDistributionGroupMember Followers | measure | % Count"),
        "2\n"
    );
    let (code, said) = node.shell_refuses("Set-DistributionGroup 'All Staff' -Name Staff");
    assert!(code != 0 && said.contains("\"Followers\""), "{said}");
    let (code, said) = node.shell_refuses("Remove-DistributionGroup 'All Staff' -Confirm:$false");
    assert!(code != 0 && said.contains("\"Followers\""), "{said}");
    let (code, said) = node.refused(&["mailbox", "set", "info", "--rename", "information"]);
    assert!(code != 0 && said.contains("keep their names"), "{said}");
}

#[test]
fn about_health_settings_and_events() {
    let node = busy();
    wait_for("health is reported", || {
        !node.shell("Get-ServerHealth").is_empty()
    });
    node.shell("Get-ServerHealth | Where-Object {$_.AlertValue -ne \"Healthy\"} | Select-Object -First 5 Name,HealthSetName,AlertValue");
    node.shell("Get-HealthReport -Identity mail.example.test | where {$_.alertvalue -ne \"Healthy\"} | ft Server,State,HealthSet,AlertValue -AutoSize");
    let sets = node.shell("Get-ServerHealth mail.example.test | Group-Object HealthSetName | Sort-Object Name | Select-Object -ExpandProperty Name");
    assert!(sets.contains("Receive"), "{sets}");
    let settings =
        node.shell("Get-TransportConfig | Format-List *Expiration*,MaxOutboundConnections");
    assert!(
        settings.contains("MessageExpirationTimeout") && !settings.contains("Postmaster"),
        "{settings}"
    );
    assert!(
        node.shell("Get-TransportConfig | fl")
            .contains("MessageExpirationTimeout")
    );
    node.shell("Get-EventLog -Newest 50 | Group-Object EventId | Sort-Object Count -Descending | Select-Object -First 5 Count,Name | Format-Table -AutoSize");
    node.shell("Get-EventLog -Newest 100 -EntryType Warning | Sort-Object TimeGenerated -Descending | Select-Object -First 3 | Format-List TimeGenerated,EventId,Message");
    let states = node.shell("Get-ServerComponentState | Where-Object {$_.State -ne 'Active'} | Measure-Object | Select-Object -ExpandProperty Count");
    assert!(states.trim().parse::<u32>().is_ok(), "{states}");
    // What Exchange's own runbooks do with managed availability.
    let items = node.shell("Get-MonitoringItemIdentity -Identity Receive -Server mail.example.test | ? ItemType -eq 'Probe' | % Name");
    assert!(
        items.lines().any(|name| name == "connector/Internet"),
        "{items}"
    );
    let kinds = node.shell(
        "Get-MonitoringItemIdentity Receive | Group-Object ItemType | Sort-Object Name | % Name",
    );
    assert_eq!(kinds, "Monitor\nProbe\nResponder\n");
    let run = node.shell("Get-MonitoringItemIdentity Receive | ? Name -eq 'connector/Internet' | select -First 1 | Invoke-MonitoringProbe | % ResultType");
    assert_eq!(run, "Succeeded\n");
    let slow = node.shell("Invoke-MonitoringProbe connector/Internet -Server mail.example.test -PropertyOverride 'timeout=30s' | fl MonitorIdentity,ResultType");
    assert!(slow.contains("connector/Internet"), "{slow}");
    let group = node.shell("Get-HealthReport -RollupGroup -MinimumOnlinePercent 50 | ? HealthSet -eq 'Receive' | ConvertTo-Json -Compress");
    let group: serde_json::Value = serde_json::from_str(&group).unwrap();
    assert_eq!(
        (&group["ServerCount"], &group["OnlineServerCount"]),
        (&1.into(), &1.into()),
        "{group}"
    );
    let overlays = || {
        let report = node.json(&["health", "report", "--set", "Receive"]);
        let monitors = report["sets"][0]["monitors"].as_array().unwrap();
        let overlays = monitors.iter().map(|one| one["overlays"].to_string());
        overlays.collect::<String>()
    };
    node.shell("Set-ServerMonitor -Server mail.example.test -Name connector -TargetResource Internet -Repairing $true -Reason 'new cable'");
    wait_for("it is being repaired", || overlays().contains("new cable"));
    node.shell("Get-ServerHealth -HealthSet Receive | ? {$_.Name -eq 'connector' -and $_.TargetResource -eq 'Internet'} | Set-ServerMonitor -Repairing $false");
    wait_for("and is no more", || !overlays().contains("new cable"));
    for (line, part) in [
        ("Set-ServerMonitor connector/Internet", "-Repairing"),
        ("Get-HealthReport -RollupGroup -GroupSize 0", "out of range"),
        (
            "Get-MonitoringItemIdentity Recieve",
            "did you mean Receive?",
        ),
        ("Test-Mailflow elsewhere", "ask that node itself"),
    ] {
        let (code, said) = node.shell_refuses(line);
        assert!(code != 0 && said.contains(part), "{line}: {said}");
    }
    for (line, part) in [
        (
            "Get-EventLog -LogName Application -Newest 20",
            "has no parameter -LogName",
        ),
        ("Get-EventLog Application", "belongs to no parameter"),
        (
            "Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn",
            "leave it out",
        ),
        ("Get-Service MSExchangeTransport", "mailward status"),
        ("Get-ServerHealth | Out-GridView", "Format-Table"),
        ("try { Get-Queue } catch { 1 }", "-ErrorAction"),
    ] {
        let (code, said) = node.shell_refuses(line);
        assert_eq!(code, 2, "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
    }
}
