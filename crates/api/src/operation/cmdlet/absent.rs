//! Exchange's commands about the nouns here that have no meaning here, and what to do instead.

/// The names, and what to do instead.
pub const ABSENT: &[(&str, &str)] = &[
    (
        "Enable-Mailbox",
        "there are no accounts without a mailbox: New-Mailbox makes one",
    ),
    (
        "Disable-Mailbox",
        "Remove-Mailbox; what its Maildir holds stays",
    ),
    (
        "Connect-Mailbox",
        "New-Mailbox with the same name takes up the Maildir that is there",
    ),
    ("Enable-MailContact", "New-MailContact"),
    ("Disable-MailContact", "Remove-MailContact"),
    ("Enable-MailUser", "New-MailUser"),
    ("Disable-MailUser", "Remove-MailUser"),
    ("Enable-DistributionGroup", "New-DistributionGroup"),
    ("Disable-DistributionGroup", "Remove-DistributionGroup"),
    (
        "Get-MailboxDatabase",
        "mail is kept in Maildirs, or handed to the connector a mailbox names",
    ),
    (
        "Get-MailboxStatistics",
        "mail is kept in Maildirs; ask the server that reads them",
    ),
    (
        "Get-EventLogLevel",
        "every event is logged: Get-EventLog, or `mailward event show NUMBER`",
    ),
    (
        "Set-EventLogLevel",
        "every event is logged; -EntryType of Get-EventLog narrows what is shown",
    ),
    (
        "New-ExchangeCertificate",
        "put a certificate and its key into the certificate folder",
    ),
    (
        "Import-ExchangeCertificate",
        "put a certificate and its key into the certificate folder",
    ),
    (
        "Export-ExchangeCertificate",
        "the certificate is a file in the certificate folder",
    ),
    (
        "Enable-ExchangeCertificate",
        "Set-ReceiveConnector -Fqdn or -TlsCertificateName; Get-Help says which is chosen",
    ),
    (
        "Remove-ExchangeCertificate",
        "take the file out of the certificate folder",
    ),
    (
        "Get-RoleGroup",
        "there are four role groups: Get-Administrator shows who belongs to which",
    ),
    (
        "Add-RoleGroupMember",
        "Set-Administrator -RoleGroups @{Add='recipient_management'}",
    ),
    (
        "Remove-RoleGroupMember",
        "Set-Administrator -RoleGroups @{Remove='recipient_management'}",
    ),
    ("Get-ManagementRoleAssignment", "Get-Administrator"),
    ("Get-ExchangeServer", "Get-Node"),
    ("Get-QueueDigest", "Get-Queue, on each node"),
    ("Get-TransportService", "Get-TransportConfig"),
    ("Set-TransportService", "Set-TransportConfig"),
    ("Get-TransportServer", "Get-TransportConfig"),
    ("Set-TransportServer", "Set-TransportConfig"),
    (
        "Get-EmailAddressPolicy",
        "an address is given, or made of alias and the first authoritative domain",
    ),
    ("Update-Recipient", "addresses are as they are set"),
    (
        "Test-ServiceHealth",
        "Get-HealthReport, or `mailward status`",
    ),
    (
        "Get-MonitoringItemHelp",
        "`mailward health explain NAME`, for names of Get-MonitoringItemIdentity",
    ),
    ("Get-AddressList", "there are no address lists"),
    ("Get-TransportRule", "there are no transport rules"),
    (
        "Get-PSSession",
        "the shell is Mailward's own; there is nothing to connect to",
    ),
];

/// What to do instead of a command that is not here.
pub fn instead(name: &str) -> Option<&'static str> {
    let found = ABSENT
        .iter()
        .find(|(one, _)| one.eq_ignore_ascii_case(name));
    found.map(|(_, instead)| *instead)
}
