//! Commands of PowerShell itself that are not here, each with what does the same.

/// Commands of PowerShell itself that people are used to, and what does the same here.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "Get-Date",
        "times before now are written as 30m, 2h or 3d, others as 2026-02-03: -Start 2h",
    ),
    (
        "New-TimeSpan",
        "times before now are written as 30m, 2h or 3d: -Start 2h",
    ),
    (
        "New-Object",
        "write Select-Object @{n='Name';e={ … }},… or @{ Name = 'value' }",
    ),
    ("Add-Member", "write Select-Object *,@{n='Name';e={ … }}"),
    (
        "Import-Module",
        "leave it out: every command is there from the start",
    ),
    (
        "Add-PSSnapin",
        "leave it out: every command is there from the start",
    ),
    (
        "New-PSSession",
        "leave it out: the shell asks this node; `mailward --help` tells how another is asked",
    ),
    (
        "Import-PSSession",
        "leave it out: every command is there from the start",
    ),
    (
        "Connect-ExchangeOnline",
        "leave it out: the shell asks this node",
    ),
    (
        "Connect-ExchangeServer",
        "leave it out: the shell asks this node",
    ),
    (
        "Set-ADServerSettings",
        "leave it out: every recipient is seen",
    ),
    (
        "Start-Transcript",
        "every change is on record, before and after: Search-AdminAuditLog",
    ),
    ("Stop-Transcript", "leave it out"),
    ("Get-ADUser", "Get-Recipient"),
    ("Get-ADGroup", "Get-DistributionGroup"),
    ("Get-ADGroupMember", "Get-DistributionGroupMember"),
    ("Get-User", "Get-Recipient"),
    ("Get-Group", "Get-DistributionGroup"),
    ("Get-WinEvent", "Get-EventLog"),
    (
        "Get-Service",
        "`mailward status`, or Get-ServerComponentState",
    ),
    (
        "Restart-Service",
        "Set-ServerComponentState; what hangs is restarted by itself",
    ),
    ("Get-Process", "`mailward status`"),
    (
        "Start-Sleep",
        "let a program wait that calls `mailward shell -c`",
    ),
    (
        "Send-MailMessage",
        "Test-Mailflow sends a probe message and says whether it arrived",
    ),
    ("Out-GridView", "Format-Table -AutoSize"),
    ("Format-Wide", "Format-Table"),
    ("Out-Host", "leave it out: what nobody takes is printed"),
    ("Select-String", "Where-Object { $_ -match 'pattern' }"),
    (
        "Compare-Object",
        "Where-Object { $_.Name -notin $others.Name }",
    ),
    ("Get-Unique", "Select-Object -Unique"),
    ("Tee-Object", "-OutVariable name, or $name = …"),
    ("Set-Variable", "$name = value"),
    ("Get-Variable", "$name"),
    ("Set-Content", "Out-File"),
    ("Add-Content", "Out-File -Append"),
    ("Export-Clixml", "ConvertTo-Json | Out-File"),
    ("Import-Clixml", "Get-Content | ConvertFrom-Json"),
    ("ConvertTo-Html", "ConvertTo-Csv or ConvertTo-Json"),
    (
        "Read-Host",
        "leave the parameter out: what is needed is asked for",
    ),
    ("Write-Error", "Write-Warning"),
    ("Write-Verbose", "-Verbose behind a command, or Write-Host"),
    ("Write-Progress", "Write-Host"),
    (
        "Invoke-Command",
        "write the command itself; ForEach-Object { … } for several objects",
    ),
    ("Invoke-Expression", "write the command itself"),
];

/// What does the same here as a command of PowerShell's own.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    let mut all = ELSEWHERE.iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, instead)| *instead)
}
