//! The events, in the order of their numbers. Blocks: 1000 transport, 2000 queue, 3000 perimeter,
//! 4000 health, 5000 objects, 6000 roles, 7000 certificates; 10009 and 12014 to 12018 are the
//! numbers of Windows and Exchange for the same trouble. A number whose event is gone stays unused.

use std::net::IpAddr;

use mailward_model::MessageId;

use super::{Items, catalogue};

catalogue! {
    1001 Error ConnectorBindFailed { connector: String, binding: String, error: String } per [connector, binding]
        "receive connector {connector} cannot listen on {binding}: {error}"
        means "The address and port of a receive connector could not be opened. Another program has it, the address is not on this host, or the port is below 1024 and the right to it is missing."
        breaks "No mail comes in at that address; other bindings work."
        mend "Find who has the port with `ss -ltnp`, stop it or change the binding, and give CAP_NET_BIND_SERVICE for ports below 1024.";
    1002 Notice ConnectorRestarted { connector: String, sessions: u64 } per [connector]
        "receive connector {connector} was restarted; {sessions} sessions were ended with 421"
        means "The accept loop and the sessions of one connector were ended and begun anew. The listening socket stayed open."
        breaks "Clients in a session got 421 and try again; no accepted mail is touched."
        mend "Nothing, where the health manager did it: `mailward explain` on the case says why.";
    1003 Warning SessionLimitReached { connector: String, client: IpAddr, scope: String, limit: u64 } per [connector, scope]
        "receive connector {connector} refused {client}: the limit of {limit} connections per {scope} is reached"
        means "More connections are open at one time than the connector allows, in all or from one source. The new one was answered 421."
        breaks "That client waits and tries again. Where one source holds all connections, others still get theirs."
        mend "Look who holds them with `mailward status`. Raise max_connections or max_connections_per_source if this is normal traffic, or narrow remote_ranges if it is not.";
    1004 Notice MessageRefused { connector: String, client: IpAddr, sender: String, limit: String, reply: String } per [connector, client, limit]
        "receive connector {connector} refused a message of {sender} from {client} by {limit}: {reply}"
        means "A message was over a limit of the connector: size, header size, recipients, or hops. The client got the reply shown."
        breaks "That message is not here; its sender gets a bounce from the other server."
        mend "Raise the limit on the connector if such mail is wanted.";
    1005 Warning MailLoopStopped { message: String, recipient: String, detail: String } per [recipient]
        "a mail loop was stopped for {recipient} ({message}): {detail}"
        means "A message has passed this host or any host too often, or a next hop is this host itself."
        breaks "The message is returned to its sender instead of going round for ever."
        mend "Look at the Received fields or at `mailward trace`: two systems hold each other responsible for the recipient's domain. Correct the accepted domain, the send connector or the MX record.";
    1006 Warning DoubleBounceDropped { message: MessageId, recipient: String, reply: String } per [recipient]
        "a bounce for {recipient} could not be delivered and was dropped ({message}): {reply}"
        means "A delivery status notification was refused for good. It has the null sender, so there is nobody to tell."
        breaks "The original sender does not learn that the mail failed. The tracking log knows."
        mend "Usually nothing: the sender's address was forged. Where it was one of yours, correct the address.";
    1007 Error JournalReportParked { message: MessageId, target: String, reply: String } per [target]
        "a journal report to {target} was refused and is kept ({message}): {reply}"
        means "The journal mailbox or archive refused a journal report for good. Reports are never thrown away: it stays in the queue and is tried again."
        breaks "The archive misses that report until it is delivered. Ordinary mail is not affected."
        mend "Make the target accept mail from this host and of this size, then `mailward queue retry` with the message's id.";
    1008 Warning DomainUnreachable { domain: String, message: MessageId } per [domain]
        "no send connector takes mail for {domain}; it waits in unreachable/{domain} ({message})"
        means "No send connector has an address space that covers the domain, or each that does has too small a max_message_size."
        breaks "Mail for that domain waits and is returned when message_expiration is over."
        mend "Add the domain or * to a send connector's address spaces; waiting mail is routed again at once.";
    1009 Warning SmartHostDown { connector: String, host: String, error: String } per [connector, host]
        "send connector {connector} cannot reach {host}: {error}"
        means "A connection to a next hop failed or was refused. The next host in the list is tried."
        breaks "Nothing while another host answers; otherwise the connector's queue grows."
        mend "Check the host and the network between with `mailward queue list` and a telnet to the port.";
    1010 Warning OutboundTlsFailed { connector: String, host: String, error: String } per [connector, host]
        "send connector {connector} got no acceptable TLS from {host}: {error}"
        means "STARTTLS was not offered, the handshake failed, or the certificate does not satisfy the connector's tls_auth_level."
        breaks "Where TLS is required the mail waits; it never goes in plain text."
        mend "Have the other side mend its certificate, or lower the connector's level if you accept what that means.";
    1011 Warning ResolverFailing { name: String, error: String } per []
        "DNS does not answer for {name}: {error}"
        means "The resolver gave no answer or a temporary error. Mail is deferred, never returned, because of it."
        breaks "Mail to domains that need a lookup waits."
        mend "Check the resolvers in mailward.toml or /etc/resolv.conf. Restarting Mailward does not help, so the health manager does not do it.";
    1012 Error MaildirFailing { mailbox: String, error: String } per [mailbox]
        "mail cannot be written to the Maildir of {mailbox}: {error}"
        means "The mailbox's folder could not be created or written."
        breaks "Mail for the mailbox waits in the queue."
        mend "Check the folder's owner and rights, and the free space of its file system.";
    1013 Info HandshakeFailed { connector: String, client: IpAddr, error: String } per [connector, client]
        "TLS handshake with {client} on {connector} failed: {error}"
        means "A client began TLS and did not finish it: an old protocol version, a scanner, or a client that does not trust the certificate."
        breaks "That session. Many from one mail server mean that it cannot send here."
        mend "Compare with `mailward cert explain` for the connector; old clients may need TLS 1.2.";
    1014 Notice DrainStarted { reason: String, sessions: u64 } per []
        "transport drains: {reason}; {sessions} sessions end their transaction, new mail gets 421"
        means "Transport was asked to stop or to take no new mail. Running transactions end as usual."
        breaks "Senders wait and try again. The queue goes on delivering while the process runs."
        mend "Nothing; `mailward resume` opens it again where an administrator closed it.";
    1015 Notice DrainFinished { waited_ms: u64 } per []
        "transport drained in {waited_ms} ms"
        means "The last session has ended."
        breaks "Nothing; what is queued is on disk."
        mend "Nothing is to be done.";
    1016 Error TrackingFailing { path: String, error: String, lost: u64 } per []
        "the tracking log cannot be written at {path}: {error}; {lost} lines are lost"
        means "The disk of the tracking log is full or failing. Mail goes on, its record does not."
        breaks "`mailward trace` has a gap."
        mend "Free space or mend the disk; writing resumes by itself.";
    1017 Warning ConnectorWedged { connector: String } per [connector]
        "receive connector {connector} was wedged on purpose: it accepts connections and never answers"
        means "A fault was injected for a drill or the demonstration. Only possible where allow_faults is set."
        breaks "Clients of the connector hang until it is restarted."
        mend "Wait for the health manager to restart it, or restart it yourself.";
    1018 Error AcceptFailing { binding: String, error: String } per [binding]
        "connections at {binding} cannot be accepted: {error}"
        means "The kernel gave no socket for a connection that waits: as a rule the process has as many files open as it may."
        breaks "New connections wait; sessions that are open go on. Accepting is tried again several times a second."
        mend "Raise LimitNOFILE of the service above the sum of the connectors' max_connections, or lower these.";

    1020 Warning JournalArchiveAway { target: String, waiting: u64, oldest_minutes: u64, error: String } per [target]
        "{waiting} journal reports wait for {target}, the oldest for {oldest_minutes} minutes: {error}"
        means "The archive does not take reports just now. They wait in a queue of their own, on the disk, and are tried again and again; nothing of them expires unless journal_expiration is set."
        breaks "The archive is behind by what waits. Ordinary mail is not affected as long as there is room on the disk."
        mend "Bring the archive back: `mailward journal status` shows its last answer. Everything that waits is then sent by itself; `mailward queue retry journal/ADDRESS` does so at once.";
    1021 Notice JournalArchiveBack { target: String, away_minutes: u64 } per [target]
        "no journal report waits for {target} any more, after {away_minutes} minutes"
        means "The archive was away (event 1020) and has taken everything that had waited for it."
        breaks "Nothing: the archive has everything that was made for it."
        mend "Nothing is to be done. `mailward journal verify --against` compares the archive with the ledger where there is doubt.";
    1022 Error JournalReportDiverted { message: MessageId, target: String, alternate: String, reply: String } per [target]
        "a journal report for {target} went to the alternate journal mailbox {alternate} ({message}): {reply}"
        means "The target refused the report for good, or journal_expiration was over, and transport_settings name an alternate journal mailbox (journaling_report_ndr_to). The report is there instead."
        breaks "The archive misses that report. It is not lost."
        mend "Make the target accept reports from this host and of this size, then `mailward journal replay --since WHEN --target ADDRESS`.";
    1023 Critical JournalLedgerFailing { path: String, error: String } per []
        "the journal ledger {path} cannot be written: {error}"
        means "Each report that an archive took is entered in a ledger before the queue forgets it. The disk refuses that."
        breaks "No journal report is delivered until the ledger can be written again; all of them wait in the queue. Ordinary mail goes on."
        mend "Make room or mend the disk. It is tried again every second.";
    1024 Critical JournalLedgerDamaged { file: String, line: u64, problem: String } per [file]
        "the journal ledger is not as it was written, {file} line {line}: {problem}"
        means "An entry of the journal ledger was changed, removed or doubled, or the disk lost it. Each line holds the digest of the one before it, so this cannot happen by itself."
        breaks "What the ledger proves ends at that line. Mail and reports are not affected."
        mend "Keep the file as it is. `mailward journal verify` lists everything that is wrong; compare with a backup and with the archive (`--against`).";
    1025 Info JournalRootSigned { day: String, entries: u64, root: String } per []
        "the journal ledger of {day} is closed: {entries} entries, root {root}"
        means "The day is over. The digest of its last line stands for all lines before it, and was signed with the key of this host."
        breaks "Nothing: this is the course of every day."
        mend "Nothing is to be done. Who wants to prove later that nothing was changed keeps a copy of the root elsewhere.";
    1026 Notice JournalReportKnown { message: MessageId, target: String } per [target]
        "{target} had taken a journal report before the last stop; it is not sent again ({message})"
        means "The process was killed after the archive had taken a report and before the queue had noted it. The ledger knew."
        breaks "Nothing: without the ledger the archive would have got that report twice."
        mend "Nothing is to be done.";
    1027 Warning JournalPaused { target: String, waiting: u64 } per [target]
        "journal reports for {target} are paused; {waiting} wait"
        means "Somebody said `mailward journal pause`, or held the queue of that target. Reports are made and kept as always, and not sent."
        breaks "The archive is behind by what waits."
        mend "`mailward journal resume ADDRESS` when the archive is ready.";
    1030 Warning SourceAddressMissing { connector: String, address: IpAddr, error: String } per [connector, address]
        "send connector {connector} cannot send from {address}: {error}"
        means "The connector names an address of which no connection can be made, because it is not on this host. It is looked at when transport starts, when objects change, and whenever it is its turn."
        breaks "The connector's other addresses are used. Where none is left, its mail waits: nothing leaves from an address that the connector does not name."
        mend "Give the address to an interface of this host (`ip addr`), or take it out of source_addresses. A change is in force at once; waiting mail goes with `mailward queue retry`.";
    1031 Notice BulkSenderFound { sender: String, recipients: u64, allowed: u64, window: String } per [sender]
        "{sender} has sent to {recipients} recipients outside within {window}, which is above {allowed}: what it sends now counts as bulk"
        means "A sender has reached more recipients outside the organisation than bulk_recipients_max allows within bulk_window."
        breaks "What it sends out until it is below the bound again leaves through the high-risk pool, where one is set up. Nothing is refused."
        mend "Look whether the account or the program has been taken over. Where such numbers are normal, raise bulk_recipients_max, or give bulk mail a domain and a connector of its own.";
    2001 Critical QueueDiskFull { free_bytes: u64, min_free_bytes: u64 } per []
        "the queue's file system has {free_bytes} octets free, {min_free_bytes} are kept: new mail is refused with 452"
        means "Free space is below min_free_space. Mail that is queued is still delivered, which frees space."
        breaks "No new mail comes in; senders wait and try again."
        mend "Free space on the file system of the queue or move the queue to a larger one. Mail is accepted again by itself.";
    2002 Critical QueueDiskFailing { operation: String, error: String } per [operation]
        "the queue's disk fails at {operation}: {error}; new mail is refused with 451"
        means "A write or sync of the queue returned an error. The segment is closed and not trusted again; what was acknowledged is read back and kept."
        breaks "No new mail comes in until a write and sync succeed."
        mend "Look at `dmesg` for the device. Replace the disk before it fails for good; no restart will mend it.";
    2003 Notice QueueRecovered { out_ms: u64 } per []
        "the queue takes mail again after {out_ms} ms"
        means "Writing and syncing work again, or there is room again."
        breaks "Nothing any more; senders deliver at their next attempt."
        mend "Find out why the disk was full or failing.";
    2004 Error QueueRecordSetAside { file: String, offset: u64, problem: String } per [file]
        "a queue record at {file}:{offset} is damaged and was set aside: {problem}"
        means "A record does not match its checksum, and not at the torn end of the last segment. It was moved to the folder `corrupt`; everything else was recovered."
        breaks "The message of that record may be lost or delivered twice."
        mend "Check the disk. Keep the file in `corrupt`; the message's text may be readable in it.";
    2005 Info QueueOpened { messages: u64, segments: u64, torn_bytes: u64, took_ms: u64 } per []
        "the queue is open with {messages} messages in {segments} segments ({torn_bytes} octets of torn tail dropped, {took_ms} ms)"
        means "The queue was read back at start. A torn tail is what was being written when the process ended; it was never acknowledged."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    2006 Warning QueueCommitSlow { took_ms: u64 } per []
        "a group commit of the queue took {took_ms} ms"
        means "The disk took long to make records durable. All sessions that wait for their 250 wait that long."
        breaks "Throughput, and patience of clients when it lasts for seconds."
        mend "Look what else writes to that disk with `iostat -x 1`; give the queue a disk of its own.";
    2007 Notice QueueMessageRemoved { message: MessageId, by: String } per [message]
        "message {message} was removed from the queue by {by}"
        means "An administrator took a message out. Its sender gets a bounce only where that was asked for, with --notify."
        breaks "That message is not delivered."
        mend "Nothing, if it was meant.";

    3001 Warning SmugglingAttempted { connector: String, client: IpAddr, helo: String, form: String } per [connector, client]
        "{client} ({helo}) sent {form} on {connector}; the message was refused"
        means "The data held a line end that is not CRLF, or a NUL. Some servers take such a sequence for the end of the message, and that has been used to smuggle a second one past them."
        breaks "That message is refused with 550 5.6.x. Some old programs send bare line feeds without ill will."
        mend "Have the sender send CRLF. There is no switch to accept it.";
    3002 Warning CommandInjectionAttempted { connector: String, client: IpAddr } per [connector, client]
        "{client} sent commands behind STARTTLS on {connector}; the session was closed"
        means "Octets waited behind STARTTLS before the handshake. They would have run inside TLS as if the client had sent them there."
        breaks "That session only."
        mend "Look at the network between if it is a server you know: somebody may be writing into its connections.";
    3003 Info EarlyTalkerRefused { connector: String, client: IpAddr } per [connector, client]
        "{client} spoke before the greeting on {connector} and was refused"
        means "Mail servers wait for the greeting; programs that send spam often do not."
        breaks "That session only."
        mend "Nothing is to be done.";
    3004 Notice RelayDenied { connector: String, client: IpAddr, sender: String, recipient: String } per [connector, client]
        "{client} may not relay from {sender} to {recipient} through {connector}"
        means "The recipient's domain is not an accepted domain and the connector does not let its clients relay."
        breaks "That recipient is refused with 550 5.7.1."
        mend "Where the client is yours, give it a connector of its own with narrow remote_ranges and relay = \"all\".";
    3005 Warning ProxyHeaderRefused { connector: String, client: IpAddr, error: String } per [connector, client]
        "{client} gave no sound PROXY header on {connector}: {error}"
        means "The connector expects the PROXY protocol before the greeting, and this client did not speak it."
        breaks "That connection; all of them, where the load balancer is set up differently."
        mend "Turn the PROXY protocol on at the load balancer or off at the connector, and narrow remote_ranges to the load balancer.";
    3006 Warning ProbeMarkerRefused { connector: String, client: IpAddr, problem: String } per [connector, client]
        "{client} sent mail to a health mailbox on {connector} without a valid marker: {problem}"
        means "Mail to a health mailbox must carry a marker signed by this host. This one was missing, expired or forged."
        breaks "That message is refused with 550 5.7.1."
        mend "Nothing, if it is a stranger. From this host itself: the clock jumped, or the marker was used before.";
    3007 Info ErrorLimitReached { connector: String, client: IpAddr, errors: u64 } per [connector, client]
        "{client} made {errors} protocol errors on {connector} and was closed with 421"
        means "The client sent more wrong commands than max_protocol_errors."
        breaks "That session only."
        mend "Nothing, unless it is a program of yours.";
    3008 Info ConnectionUnmatched { client: IpAddr, local: String } per [client, local]
        "no receive connector takes connections from {client} to {local}; it was closed without a word"
        means "A connection came to a port that is listened on, but no enabled connector bound there has a remote range that holds the client."
        breaks "That client cannot send mail here."
        mend "Where the client is wanted, widen a connector's remote_ranges; `mailward simulate connection` shows who would take it and why not.";
    3010 Notice FeedChanged { feed: String, version: String, added: Items, removed: Items, removed_in: String } per [feed, version]
        "sender feed {feed} is at {version}: added {added}; removed {removed} (let in for {removed_in} more)"
        means "The source of a sender feed published other ranges, and they are in force. What is new is let in at once; what is published no more is let in until removal_delay is over."
        breaks "Nothing now. Who still sends from a removed range is refused when the delay is over."
        mend "`mailward perimeter replay` tells which sessions of the last days the removal would have refused; `except:` and further ranges stand in the connector's remote_ranges.";
    3011 Warning FeedRefused { feed: String, source: String, problem: String, in_force: String } per [feed]
        "sender feed {feed} cannot be taken from {source}: {problem}; in force stays {in_force}"
        means "The source could not be read, or what it said was refused: it was cut off, too long, empty, no list, another cloud's, or wide enough to let everybody in. The last good list stays in force."
        breaks "Nothing, while the list in force is still true. A feed that was never read lets nobody in."
        mend "`mailward perimeter status` shows the last try. Mend the way to the source, then `mailward perimeter refresh FEED`.";
    3012 Error FeedChangeHeld { feed: String, version: String, because: String, added: Items, removed: Items } per [feed, version]
        "a change of sender feed {feed} to {version} waits for a person: {because}; it adds {added} and removes {removed}"
        means "The source published far more or far fewer addresses than before. That is either a large change, or somebody has tampered with the source. The list of before stays in force."
        breaks "Senders at the new addresses are refused until the change is approved."
        mend "Look at `mailward perimeter diff`, compare with what the publisher announces, then `mailward perimeter approve FEED`.";
    3013 Warning FeedOld { feed: String, version: String, days: u64, problem: String } per [feed]
        "sender feed {feed} has not been confirmed for {days} days; version {version} is still in force ({problem})"
        means "For longer than the feed's max_age its source has not answered soundly, so that nobody knows whether the list is still true."
        breaks "Nothing yet. Senders at addresses published since are refused."
        mend "`mailward perimeter status` shows why the last try failed. A node without a way out reads the list from a file or from a copy of the service: source, service.";
    3014 Notice FeedRangesEnded { feed: String, removed: Items } per [feed]
        "sender feed {feed}: {removed} are let in no more"
        means "The removal_delay of ranges that are published no more is over."
        breaks "Who still sends from there is refused, or taken by another connector."
        mend "Nothing; where a sender is missed, add his address to the connector's remote_ranges.";
    3015 Notice FeedRecovered { feed: String, version: String, after: String } per [feed]
        "sender feed {feed} is read again ({version}) after {after}"
        means "The source of a sender feed answers soundly again."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    3016 Warning FeedStateDamaged { feed: String, file: String, error: String } per [feed]
        "what was known of sender feed {feed} cannot be read from {file}: {error}"
        means "The file of the last good list is damaged. The node begins with the list that is built in, where there is one, and reads the source at once."
        breaks "Until the source is read, senders that are in neither list are refused."
        mend "Nothing, where the source can be read. The file is replaced at the next good answer.";
    3017 Notice SessionOutOfRangeCut { connector: String, client: IpAddr } per [connector]
        "the session of {client} on {connector} was ended: the address is no longer among its ranges"
        means "The ranges of a receive connector changed, and it says out_of_range = \"cut\"."
        breaks "That session. What was not acknowledged is sent again, from wherever the sender may."
        mend "Nothing. out_of_range = \"finish\" lets open sessions come to their end.";
    3020 Notice FirewallChanged { table: String, ports: Items, ranges: u64 } per []
        "the firewall table {table} was replaced: ports {ports}, {ranges} ranges"
        means "The ranges in force of receive connectors changed, and the host's firewall follows them."
        breaks "Nothing is broken by this; who is outside the ranges gets no answer at those ports."
        mend "Nothing; `mailward perimeter export --format nftables` shows the table.";
    3021 Warning FirewallDrifted { table: String, found: String } per []
        "the firewall table {table} was changed by somebody else ({found}) and has been put back"
        means "The table that Mailward keeps in the host's firewall was not as it had left it."
        breaks "Between the change and now, hosts may have reached the SMTP ports that should not, or the other way round."
        mend "Find out who did it: the table belongs to Mailward alone, other tables are never touched. What you want otherwise, set on the receive connector.";
    3022 Error FirewallFailing { table: String, error: String } per [error]
        "the firewall table {table} cannot be put in force: {error}"
        means "The enforcer could not read or replace its table: the nft program is missing, or the role lacks the privilege."
        breaks "The firewall stays as it was. Receive connectors keep to their ranges all the same."
        mend "Install nftables, run Mailward's manager as root, or switch the enforcer off.";
    3030 Warning SenderFactorRefused { connector: String, factor: String, client: IpAddr, reason: String, reply: String } per [connector, factor]
        "receive connector {connector} refused mail of {client} by its {factor} factor: {reason} ({reply})"
        means "The connector takes mail of a known sender only, and what the client showed lacks a factor that is required: the range of its address, the name in its certificate, or the tenant that the message comes from."
        breaks "That mail was not taken; the client got the reply shown."
        mend "From a stranger: nothing. From the real sender: `mailward perimeter why ADDRESS` for the range, `mailward event list` and the tracking log for what certificate it showed, and correct sender_ranges, tls_domain_capabilities or tenants. Set the factor to observed while you look.";
    3031 Info SenderFactorMissed { connector: String, factor: String, client: IpAddr, reason: String } per [connector, factor]
        "receive connector {connector} took mail of {client} without its {factor} factor, which is observed: {reason}"
        means "A factor that is observed was not met. Nothing was refused."
        breaks "Nothing. Were the factor required, that mail would have been refused."
        mend "Set the factor to required once this is seen for strangers alone.";
    3032 Warning ClientCertificateMissing { connector: String, certificate: String, candidates: Items } per [connector]
        "send connector {connector} has no certificate to show that is {certificate}; passed over: {candidates}"
        means "The certificate that the connector names is not held, or it is one that is never shown: expired, not yet valid, without its key, or untrusted."
        breaks "A peer that asks for a certificate is shown none. Where it knows its senders by their certificates it refuses the mail, or takes it as a stranger's."
        mend "Put the certificate and its key into the certificate folder, or correct the connector's certificate. `mailward cert explain --send` names each candidate and why it does not fit.";
    3033 Warning ClientCertificateRefused { connector: String, host: String, certificate: String, error: String } per [connector, host]
        "{host} ended a session of send connector {connector} in which it may have been shown {certificate}: {error}"
        means "The host asks for a certificate and does not take the one of this connector, or it closed right behind the handshake, which is how some say so. The mail is handed over in a session without one."
        breaks "A host that knows its senders by their certificates takes the mail as a stranger's, or refuses it."
        mend "Ask the host's postmaster which authority it trusts, and name a certificate of that one in the connector's certificate. See `mailward cert explain --send`.";

    4001 Notice MonitorStateChanged { monitor: String, component: String, from: String, to: String, because: String } per [monitor, to]
        "monitor {monitor} went from {from} to {to}: {because}"
        means "The recent results of a probe say something else than before."
        breaks "Nothing by itself; what follows is told by the case."
        mend "Look at `mailward health show` for the samples.";
    4002 Warning CaseOpened { case: String, component: String, monitor: String, because: String } per [case]
        "case {case} was opened for {component} by {monitor}: {because}"
        means "A failure of a component is confirmed. One case gathers everything about it: samples, decisions, acts, checks."
        breaks "What the component does; for a connector, mail through it."
        mend "Wait for the repair or see `mailward explain` with the case's id.";
    4003 Warning RepairStarted { case: String, component: String, act: String, because: String } per [case, act]
        "case {case} of {component}: {act}, because of this: {because}"
        means "A responder acts. The intent was written to the ledger before the act."
        breaks "What the act interrupts: a restart of a component ends its sessions with 421."
        mend "Nothing; the act is checked afterwards.";
    4004 Notice RepairSucceeded { case: String, component: String, act: String, detect_ms: u64, repair_ms: u64 } per [case, act]
        "case {case} of {component}: this helped: {act} (noticed {detect_ms} ms, well again {repair_ms} ms after the first failure)"
        means "Fresh probes after the act are good. The component is watched for the probation time before the case is closed."
        breaks "Nothing any more."
        mend "If the same component needs it often, look for the cause: the case has the samples.";
    4005 Error RepairFailed { case: String, component: String, act: String, problem: String } per [case, act]
        "case {case} of {component}: this did not help: {act}: {problem}"
        means "The act could not be carried out, or probes after it still fail. The next stage follows."
        breaks "The component is still down."
        mend "See `mailward explain` with the case's id for what comes next and when.";
    4006 Warning RepairRefused { case: String, component: String, act: String, reasons: Items } per [case, act]
        "case {case} of {component}: this was not allowed: {act}: {reasons}"
        means "The guard refused an act: a budget is used up, it would not cure the cause, the evidence is old, or repair is switched off."
        breaks "The component stays down until the guard allows it, a later stage acts, or you do."
        mend "Mend the cause named. Where repair is switched off, the refusal is what would have been done.";
    4007 Critical ComponentOffline { case: String, component: String, because: String } per [component]
        "{component} was taken offline (case {case}): {because}"
        means "Nothing else helped, so the component takes no traffic: new mail is answered 421 4.3.2."
        breaks "No new mail comes in. Senders keep it and try again, or go to another MX host."
        mend "Mend the cause; when probes are good again it is put online by itself. `mailward resume` does it by hand.";
    4008 Notice ComponentOnline { case: String, component: String } per [component]
        "{component} is online again (case {case})"
        means "The component takes traffic again."
        breaks "Nothing any more."
        mend "Nothing is to be done.";
    4009 Notice AlertSent { case: String, channel: String } per [case, channel]
        "alert about case {case} was delivered by {channel}"
        means "A person was told by a channel that does not use the mail queue."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4010 Error AlertFailed { case: String, channel: String, error: String, attempt: u64 } per [channel]
        "alert about case {case} could not be delivered by {channel} (attempt {attempt}): {error}"
        means "A channel did not take the alert. It is tried again with growing pauses, for as long as there is something to tell; other channels are not held up."
        breaks "Somebody may not know."
        mend "Check the channel's target with `mailward alert-channel show`, then `mailward alert test`.";
    4011 Notice CaseClosed { case: String, component: String, solved_by: String, open_ms: u64 } per [case]
        "case {case} for {component} is closed after {open_ms} ms: {solved_by}"
        means "The component stayed well during probation."
        breaks "Nothing any more."
        mend "Nothing is to be done.";
    4012 Critical CaseExhausted { case: String, component: String, because: String } per [case]
        "case {case}: no stage of recovery is left for {component}: {because}"
        means "Every stage was tried, refused or cannot cure this cause. A person is needed."
        breaks "The component is down."
        mend "See `mailward explain` with the case's id: the samples name the cause. The case closes by itself when probes are good.";
    4013 Critical LedgerFailing { path: String, error: String } per []
        "the repair ledger cannot be written at {path}: {error}"
        means "No act is taken that cannot be written down first, so repair stops."
        breaks "The health manager watches and alerts, and repairs nothing."
        mend "Free space or mend the disk of the data folder.";
    4014 Error LedgerRecordSetAside { path: String, line: u64, problem: String } per [path]
        "line {line} of the repair ledger {path} is damaged and is ignored: {problem}"
        means "A record does not match its checksum. A torn last line is what was being written when the process ended."
        breaks "Its time and kind are unknown."
        mend "Check the disk that holds the data folder; a damaged record is counted as an act, to be careful.";
    4015 Warning ProbeImpaired { probe: String, problem: String } per [probe]
        "probe {probe} could not be carried out: {problem}"
        means "The probe itself failed, not what it looks at. This never leads to a repair."
        breaks "That probe sees nothing until it is mended."
        mend "Mend what is named: usually the health mailbox, its folder, or a certificate that cannot be read.";
    4016 Notice HealthMailboxCreated { mailbox: String, address: String } per [mailbox]
        "health mailbox {mailbox} ({address}) was created"
        means "The mail-flow probe needs a mailbox of its own on each host. It is hidden and never journaled."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4017 Warning ObserverOverloaded { lag_ms: u64, skipped: u64 } per []
        "the health worker is overloaded (lag {lag_ms} ms, {skipped} probes skipped): no restart is allowed on what it sees"
        means "The observer itself is too slow to judge others."
        breaks "Repair above the first stage waits."
        mend "Find out what uses the processor or the disk.";
    4100 Notice AlertAcknowledged { case: String, by: String, note: String } per [case]
        "{by} has acknowledged the alert about case {case}: {note}"
        means "Somebody is on it. The alert is not repeated until it becomes worse."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4101 Notice AlertsSilenced { silence: String, pattern: String, by: String, reason: String, until: String } per [silence]
        "{by} has silenced alerts about {pattern} until {until} ({silence}): {reason}"
        means "Alerts that fit are raised and listed, and not told."
        breaks "Nobody hears of what fits until then."
        mend "`mailward alert unsilence` ends it.";
    4102 Notice AlertSilenceEnded { silence: String, pattern: String, by: String } per [silence]
        "{by} has ended {silence}: alerts about {pattern} are told again"
        means "What is open and fits is told now."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4103 Error HeartbeatWithheld { channel: String, because: String } per [channel]
        "no sign of life is given by {channel}: {because}"
        means "The worker runs, but watches nothing. Whoever waits for the sign of life outside will notice."
        breaks "What breaks now is not noticed here."
        mend "See `mailward health show Monitoring` and the host's load; `mailward status` shows whether the roles run.";
    4104 Warning HeartbeatFailed { channel: String, error: String } per [channel]
        "the sign of life by {channel} did not arrive: {error}"
        means "The target of the channel did not take it. It is given again with the next interval at the latest."
        breaks "Whoever waits for it outside may raise an alarm."
        mend "Check the channel's target with `mailward alert-channel show` and whether this host reaches it.";
    4105 Warning AlertPartlyRefused { channel: String, problem: String } per [channel]
        "an alert was taken by the relay of {channel}, but not for everybody: {problem}"
        means "The relay refused some of the recipients."
        breaks "Those people are not told."
        mend "Correct `to` of the channel, or let the relay take mail for them.";
    4106 Error AlertsNotKept { path: String, error: String } per []
        "what was told to whom cannot be kept at {path}: {error}"
        means "Alerts go out all the same. A worker that is started again will tell open ones again, and forgets acknowledgements and silences."
        breaks "Nothing until the worker is started again."
        mend "Free space or mend the disk of the data folder.";
    4120 Warning HealthMailboxMended { mailbox: String, problem: String } per [mailbox]
        "health mailbox {mailbox} was not as it must be and was mended: {problem}"
        means "Someone or something altered, removed or damaged the mailbox that mail-flow probes are sent to. It was put right by itself."
        breaks "Mail-flow probes said nothing until now."
        mend "Nothing is to be done, unless it comes back: then find out who changes the mailbox or its folder.";
    4121 Warning ProbeKeyMended { problem: String } per []
        "the key that signs health probes was lost or damaged and was made anew: {problem}"
        means "The file probe.key in the health folder was missing, damaged, or could be read by others than its owner. Every role reads the new one by itself."
        breaks "Probes that were under way may have been refused."
        mend "Nothing is to be done, unless it comes back: then find out who changes the file.";
    4122 Info ProbeKeyChanged {} per []
        "the key that signs health probes was changed"
        means "It had the age of probe_key_interval. The one before is believed for another half hour."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4130 Warning FaultInjected { fault: String, span_ms: u64 } per [fault]
        "the fault {fault} is in force on purpose, for at most {span_ms} ms"
        means "A drill has begun: something is broken on purpose, to see whether it is noticed and repaired. Only possible where allow_faults is set."
        breaks "What the drill says, as `mailward drill list` shows it. No accepted message is lost."
        mend "Nothing: it ends by itself. `mailward drill end` with the drill's id ends it now.";
    4131 Notice FaultEnded { fault: String } per [fault]
        "the fault {fault} is in force no more"
        means "A fault on purpose was ended: by its drill, by a restart, or by its deadline."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4132 Notice DrillStarted { drill: String, run: String, by: String } per [drill]
        "the drill {drill} was started by {by} ({run})"
        means "A fault is injected on purpose, and what follows is measured."
        breaks "What the drill says, as `mailward drill list` shows it."
        mend "Nothing; `mailward drill show` with its id tells how it stands.";
    4133 Notice DrillMet { drill: String, run: String, detect_ms: u64, repair_ms: u64 } per [drill]
        "the drill {drill} went as it must: noticed after {detect_ms} ms, well again after {repair_ms} ms ({run})"
        means "Everything that must happen happened, and nothing that must not."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4134 Error DrillFailed { drill: String, run: String, because: String } per [drill]
        "the drill {drill} failed: {because} ({run})"
        means "A fault on purpose was not noticed or not repaired as it must be, or led to something that it must not lead to. A real failure of this kind would go the same way."
        breaks "Nothing now: the fault is over."
        mend "`mailward drill show` with its id tells what was expected and what was found, `mailward explain` on its case the rest.";
    4135 Notice DrillSkipped { drill: String, because: String } per [drill]
        "the drill {drill} was not run at its time: {because}"
        means "A drill is not started while something is wrong: it would hide it, or be spoilt by it."
        breaks "Nothing; the drill waits for its next time."
        mend "Mend what is named. Run it by hand with `mailward drill run`, if it should not wait.";
    4136 Warning HealthFileFailing { path: String, error: String } per [path]
        "{path} cannot be written: {error}"
        means "The results of drills, or what probes measured, cannot be kept. Watching and repairing go on."
        breaks "A forecast knows less; `mailward drill list` forgets with the worker's next start."
        mend "Free space or mend the disk of the data folder.";
    4137 Warning SeriesDamaged { path: String, segments: u64 } per [path]
        "{segments} files of measured values in {path} are damaged at their end; what stands before is used"
        means "The worker ended while it wrote, or the disk has changed what it keeps."
        breaks "At most some hours are missing from the forecast's data."
        mend "Check the disk where this comes again without the worker having been killed.";
    4140 Notice OverrideEnded { name: String, item: String, property: String } per [name]
        "override {name} of {property} of {item} has ended and is removed"
        means "The time of an override is over. It has not been in force since that moment; its object is removed by the worker."
        breaks "Nothing: the value is again the one without it."
        mend "Nothing is to be done. Add it again where it is still wanted.";
    4141 Warning OverrideUnmatched { name: String, item: String, property: String, problem: String } per [name]
        "override {name} of {property} of {item} changes nothing: {problem}"
        means "An override names an item or a property that this version does not watch, as may be after an upgrade or when a connector was removed."
        breaks "What was to be overridden is as it is without it."
        mend "See `mailward health override list`, and remove it or name what is watched now.";
    4142 Notice MonitorOverlayChanged { monitor: String, from: String, to: String, because: String } per [monitor]
        "monitor {monitor} went from {from} to {to}: {because}"
        means "A person switched a monitor off, put it into maintenance, said that it is being repaired, or ended that."
        breaks "Under maintenance and repair nothing is repaired for it and nobody is told; where it is disabled, nothing is judged either."
        mend "See `mailward health override list` for who, why and until when.";
    4143 Warning MonitorFlapping { monitor: String, percent: u64 } per [monitor]
        "monitor {monitor} flaps: {percent} % of weighted changes in its last 20 results"
        means "Its results go to and fro. A repair that seems to help may have done nothing."
        breaks "No stage of recovery harder than the one that has worked is tried, and a person is told once."
        mend "See the results with `mailward health show`; look for a cause that comes and goes: a network, a limit, a clock.";
    4144 Notice MonitorSteady { monitor: String, percent: u64 } per [monitor]
        "monitor {monitor} flaps no longer: {percent} % of weighted changes in its last 20 results"
        means "Its results agree again."
        breaks "Nothing any more."
         mend "Nothing is to be done.";
    4190 Critical StormHoldBegan { key: String, sets: Items } per [key]
        "most of this node turned bad within a minute ({key}): {sets}"
        means "More than half of the health sets failed at one time. One cause is behind that, so single components are not restarted as processes, and nothing is taken offline for it."
        breaks "What the health sets named stand for. Holds that managed availability had set for this cause are lifted: a node that limps is better than none."
        mend "Mend the common cause: the network, the disk, a name server, the host. `mailward health` shows what is bad.";
    4191 Notice StormHoldEnded { key: String } per [key]
        "no more health sets have turned bad for five minutes ({key})"
        means "The storm is over; each component is repaired by its own stages again."
        breaks "Nothing by itself."
        mend "See `mailward health` for what is still bad.";
    4192 Notice HoldSet { component: String, requester: String, wanted: String, owner: String, reason: String, until: String } per [component, requester]
        "{owner} holds {component} {wanted} for {requester} until {until}: {reason}"
        means "The component takes no new mail: it answers 421 4.3.2 while running transactions end."
        breaks "New mail by this component. Senders keep it, or go to another MX host."
        mend "`mailward health release COMPONENT` ends it; `mailward health holds` shows all.";
    4193 Notice HoldReleased { component: String, requester: String, by: String, reason: String } per [component, requester]
        "{by} released the hold on {component} for {requester}: {reason}"
        means "One reason less for the component to take no mail."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4194 Warning HoldForced { component: String, requester: String, by: String, reason: String } per [component, requester]
        "{by} released by force what {requester} held of {component}: {reason}"
        means "A hold was ended by another than its requester."
        breaks "What the hold was to protect."
        mend "Tell whoever had set it; the event of the hold names them.";
    4195 Warning HoldExpired { component: String, requester: String, owner: String, reason: String } per [component, requester]
        "the hold on {component} for {requester} has ended by its time (set by {owner}: {reason})"
        means "Nobody released it in time, so the component takes mail again."
        breaks "Work that is still going on there meets mail again."
        mend "Where the work goes on, set it again with a longer --for.";
    4196 Warning HoldExpiring { component: String, requester: String, owner: String, left_ms: u64 } per [component, requester]
        "the hold on {component} for {requester} ends in {left_ms} ms (set by {owner})"
        means "The component will take mail again by itself."
        breaks "Nothing yet."
        mend "Finish the work, or set the hold again with a longer --for.";
    4197 Notice ComponentStateChanged { component: String, from: String, to: String, because: String } per [component, to]
        "{component} went from {from} to {to}: {because}"
        means "Whether the component takes mail has changed: draining and inactive answer 421, warming lets this host's own probes in."
        breaks "While it is draining or inactive, new mail by it."
        mend "`mailward health holds` shows who wants it.";
    4198 Critical ServerRestartAnnounced { case: String, seconds: u64, because: String } per [case]
        "this machine will be restarted in {seconds} s (case {case}): {because}"
        means "Milder stages did not help, and the restart of the server is allowed in the settings."
        breaks "Everything on this machine, while it boots."
        mend "`mailward health cancel` ends the countdown.";
    4199 Warning ServerRestartCancelled { by: String, reason: String } per []
        "{by} cancelled the restart of this machine: {reason}"
        means "The countdown was ended; it is not begun again for this case."
        breaks "The component that was to be repaired is still down."
        mend "See `mailward explain` with the case's id.";
    4200 Critical ServerRestartBegun { case: String, command: String } per [case]
        "this machine is being restarted (case {case}) by {command}"
        means "The countdown is over and nobody cancelled it."
        breaks "Everything on this machine, while it boots."
        mend "Nothing is to be done; after the boot event 4201 tells that it is over.";
    4201 Warning ServerRestarted { case: String, because: String } per [case]
        "this machine was restarted by managed availability (case {case}): {because}"
        means "The boot after a restart that was begun on purpose."
        breaks "Nothing any more."
        mend "Find out why it was needed: `mailward explain` with the case's id.";
    4202 Notice DiskFreed { files: u64, octets: u64, rules: Items } per []
        "{files} files with {octets} octets were removed to free disk space, by the rules {rules}"
        means "The disk was full, and the settings allow these files to be removed, the oldest first."
        breaks "Older records of the kinds named are gone."
        mend "Give the disk more room.";
    4203 Notice SoftResetDone { component: String } per [component]
        "{component} forgot what it remembered"
        means "Connections kept open, answers of DNS, states of hosts, certificates and the snapshot were dropped and made anew; no session was ended."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4204 Notice CaseNoted { case: String, by: String, text: String } per [case]
        "{by} notes on case {case}: {text}"
        means "A person wrote something down about a case; `explain` shows it."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    4205 Critical HoldFileFailing { path: String, error: String } per []
        "the holds in {path} cannot be kept: {error}"
        means "A hold was not set or not released, because it could not be made durable; or the file could not be read at start."
        breaks "Holds. Where the file could not be read, components that were held take mail."
        mend "See to free space and to the rights of the folder, then set the hold again.";
    4220 Warning GroupMemberSilent { member: String, problem: String } per [member]
        "the member {member} of this node's group does not answer: {problem}"
        means "Another node of the group was not heard for 15 seconds, or does not show that it has the group's key."
        breaks "Mail goes on. The member does not count as healthy, so fewer repairs are allowed here: none that takes this node away where it would be the last."
        mend "Look at that node. Check that its `http` address can be reached from here, that `members` names it rightly, that both have the same key file, and that their clocks agree.";
    4221 Notice GroupMemberHeard { member: String } per [member]
        "the member {member} of this node's group answers again"
        means "Another node of the group that had been silent was heard."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";

    5001 Notice ObjectsApplied { revision: u64, by: String, from: String, changes: Items } per [revision]
        "{by} applied revision {revision}: {changes}; from {from}"
        means "Objects were changed: by whom, from where, and what each field said before and says now. Every role has swapped its snapshot or will within a moment."
        breaks "Nothing is broken by this."
        mend "Nothing; `mailward export` shows what is in force.";
    5002 Error ObjectUnreadable { kind: String, object: String, error: String } per [kind, object]
        "{kind} {object} in the store cannot be read and is left out: {error}"
        means "A row of the store was written by a newer version or is damaged. The other objects are in force."
        breaks "What that object did."
        mend "Write the object again with `mailward apply`, or go back to the version that wrote it.";
    5003 Error StoreFailing { operation: String, error: String } per [operation]
        "the store fails at {operation}: {error}"
        means "The database of objects cannot be read or written. Every role goes on with the snapshot it has."
        breaks "Changes; mail flows on."
        mend "Check the file and the free space of the data folder.";
    5004 Info SnapshotSwapped { revision: u64, objects: u64 } per []
        "revision {revision} with {objects} objects is in force"
        means "The role works by the new objects from here on."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    5005 Error SnapshotRefused { revision: u64, problem: String } per []
        "revision {revision} cannot be put in force: {problem}"
        means "The objects of that revision do not fit together for this role. It goes on with the revision before."
        breaks "The last change has no effect in this role."
        mend "Correct the objects named and apply again.";
    5006 Notice AdministratorActed { by: String, from: String, operation: String, subject: String, changes: Items } per [by, operation, subject, changes]
        "{by} asked for {operation} {subject}; changed: {changes}; from {from}"
        means "An administrator acted on this node through the command line or the admin API: mail was held, released, tried again, sent another way or removed, new mail was refused or taken again, probes were run. What was changed by that stands with it, before and after; of what only looked it says none."
        breaks "Nothing is broken by this; what was asked for may be what someone else wonders about."
        mend "Nothing is to be done; ask whoever it was.";
    5010 Info GroupMembersChanged { group: String, added: u64, removed: u64, members: u64 } per [group]
        "dynamic group {group} has {members} members now: {added} added, {removed} removed"
        means "A recipient, or the filter of the group, has changed, and with it who belongs. It counts from the next message on."
        breaks "Nothing is broken by this."
        mend "Where it was not meant: `mailward group members` with `--at` shows who belonged before.";
    5011 Warning GroupWithoutMembers { group: String, removed: u64 } per [group]
        "dynamic group {group} has lost its last member: {removed} removed"
        means "The filter of the group fits nobody any more."
        breaks "Mail to the group is refused with 5.2.4, and a journal rule for it journals nothing."
        mend "`mailward group preview` shows whom a changed filter would fit. Remove the group if nobody is meant.";
    5040 Error StoreDatabaseLost { database: String, error: String } per [database]
        "the database of the objects, {database}, is away: {error}"
        means "The PostgreSQL database that the nodes share cannot be reached from this node. It is tried again every few seconds at the longest. Every role goes on with this node's copy of the objects, and one that starts now has it too."
        breaks "Changes: they are refused until the database is back. Changes made on other nodes meanwhile are not in force here. Mail flows on."
        mend "Look whether the database runs, whether it is reached from this host, and whether it lets the user of `[store]` in; the error says which. Nothing has to be restarted afterwards.";
    5041 Notice StoreDatabaseBack { database: String, away_s: u64, revision: u64 } per [database]
        "the database of the objects, {database}, is back after {away_s} s, at revision {revision}"
        means "The database can be reached again, and this node's copy has everything that was changed meanwhile."
        breaks "Nothing is broken by this."
        mend "Nothing. A change that was refused meanwhile can be made now, or a few seconds later: each role connects anew in its own time, within 5 s.";
    5060 Notice DirectorySynced { source: String, server: String, revision: u64, created: u64, changed: u64, removed: u64, changes: Items } per [revision]
        "directory source {source}: {created} recipients came, {changed} changed, {removed} went, as {server} has them (revision {revision}): {changes}"
        means "Recipients were made what the directory says; where there are many, in several transactions, of which the revision is the last. The first of the changes are named; `mailward group members --at` and the history of the objects have all."
        breaks "Nothing is broken by this."
        mend "Nothing. Where it was not meant, undo it in the directory: what is changed here alone is overwritten.";
    5061 Error DirectoryUnreachable { source: String, server: String, error: String } per [source, server]
        "directory source {source}: {server} cannot be used: {error}"
        means "No connection, no TLS, or an answer that is none. The next server of the source is tried, then all of them again, with growing pauses of up to a minute."
        breaks "Recipients stay as they are. Who was disabled or deleted in the directory since is not known of here."
        mend "Check name, port and firewall; where the error speaks of the certificate: ca_file must lead to the authority that signed it, and the name in it must be the one connected to, or tls_domain. The certificate that Samba makes for itself carries no name and cannot be used.";
    5062 Notice DirectoryFollowed { source: String, server: String, how: String } per [source]
        "directory source {source}: {server} is followed by {how}"
        means "The directory was read and its changes are heard of from now on."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    5063 Error DirectorySyncHeld { source: String, removals: u64, because: String } per [source, removals]
        "directory source {source} is held: {because}"
        means "What the directory says now would remove more recipients at once than remove_share_max allows. That is how a wrong base or filter looks, or an account that has lost its right to read. Nothing at all was changed."
        breaks "Every change of this source waits, those that add or disable somebody too."
        mend "`mailward directory sync run NAME --dry-run` shows who would go. If it is right: `mailward directory sync approve NAME --removals NUMBER`. If not: mend the directory, or base, filter and the rights of the account.";
    5064 Notice DirectorySyncApproved { source: String, removals: u64, by: String, from: String } per [source]
        "{by} let directory source {source} remove {removals} recipients; from {from}"
        means "A person has looked at a held sync and allowed it."
        breaks "Mail for those recipients is refused from now on."
        mend "Nothing is to be done.";
    5065 Warning DirectoryEntryRefused { source: String, entry: String, because: String } per [source, entry]
        "directory source {source}: {entry} is left out: {because}"
        means "An entry that should become a recipient cannot: its address is taken, or is none, or a field cannot hold what the attribute says. All others are synced."
        breaks "Mail for that entry's addresses, where nobody else has them."
        mend "Correct the entry in the directory, or whoever has the address. `mailward directory sync status` lists all that are left out.";
    5066 Error DirectorySignInRefused { source: String, server: String, account: String, error: String } per [source, server]
        "directory source {source}: {server} does not let {account} in: {error}"
        means "The directory refuses the account that this node signs in with: a wrong password, or one that is disabled, locked or expired; the error says which."
        breaks "Recipients stay as they are. Who was disabled or deleted in the directory since is not known of here."
        mend "Put the right password into the file that secret_file names, or mend the account in the directory. It is tried again every minute, so that the account is not locked by it.";
    5067 Warning DirectoryReadIncomplete { source: String, server: String, error: String } per [source, server]
        "directory source {source}: {server} has not told everything: {error}"
        means "A read ended before its end: a size or time limit, a referral, a lost connection. What was read so far is thrown away and nothing is changed: a recipient is removed only where a whole read says that it is gone."
        breaks "Changes of the directory are late."
        mend "Where it is a limit: let the account read more at once, or narrow base and filter. It is tried again by itself.";
    5068 Error DirectorySourceUnusable { source: String, error: String } per [source]
        "directory source {source} cannot be used: {error}"
        means "Something that the source names on this host is missing or cannot be read: the file of its password or of its roots, or a mapping names a field that no recipient has."
        breaks "The directory is not followed."
        mend "Mend what the error names; it is looked at again within a minute, and at once when the source is changed.";
    5069 Error DirectorySourceAway { source: String, servers: u64, errors: Items } per [source]
        "directory source {source} is away: none of its {servers} servers can be used: {errors}"
        means "Every server of the source was tried, one after the other, and none told anything. They are tried again with growing pauses of up to a minute; event 5062 says that one is followed again."
        breaks "Recipients stay as they are, for as long as it lasts. Who was disabled or deleted in the directory since is not known of here."
        mend "Each server's error is told; events 5061, 5066 and 5067 say what to do. Where all fail alike, look at what they have in common: the network of this node, the account, the authority of their certificates.";
    5080 Notice PolicyResultChanged { node: String, revision: u64, policies: Items, changes: Items } per [revision]
        "what policies come to on {node} has changed with revision {revision}: {changes}; applied are {policies}"
        means "A policy was made, changed or removed, or the node came into another site; something holds on this node that did not hold before."
        breaks "Nothing by itself: what changed is told. Settings, ranges and untrusted certificates are in force at once, groups of the host within seconds."
        mend "Nothing, where it was meant. `mailward policy result` says what holds and why; `mailward policy revert NAME` takes a policy's last change back.";
    5081 Warning PolicyClaimRefused { policy: String, item: String, because: String } per [policy, item]
        "policy {policy} says {item}, which does not hold: {because}"
        means "What the policy says would make an object unsound, or is about an object that is not there. It was left out; everything else of the policy holds."
        breaks "That one thing is as it was without the policy."
        mend "Change the policy, or what stands beside it: the reason names it.";
    5082 Warning GroupMemberRemoved { group: String, member: String, policy: String, because: String } per [group, member]
        "{member} was taken out of the group {group}: {because} ({policy})"
        means "A restricted group of a policy says who may be in a group of this host, or in one of Mailward's own, and somebody else was in it."
        breaks "The account has lost what the group gives: of a group of the host for sessions that begin from now on, of Mailward's own for the next command."
        mend "Nothing, where it was meant. Else correct the policy: a membership that is set by hand is taken away again.";
    5083 Notice GroupMemberAdded { group: String, member: String, policy: String, because: String } per [group, member]
        "{member} was put into the group {group}: {because} ({policy})"
        means "A restricted group of a policy says that the account is to be in a group of this host, or in one of Mailward's own, and it was not."
        breaks "Nothing; the account has what the group gives: of a group of the host for sessions that begin from now on, of Mailward's own for the next command."
        mend "Nothing, where it was meant. Else correct the policy.";
    5084 Error GroupMemberUnclear { group: String, member: String, problem: String } per [group, member]
        "{member} of the group {group} cannot be told: {problem}"
        means "A name in a restricted group is no account of this host or of its domains, or, in a role group, no administrator; or it is two, or it cannot be changed by the system's tools."
        breaks "It is neither put in nor taken out. Where the group's exact members are said, nobody is taken out of it until every name is clear."
        mend "Write the name so that it is one: .\\NAME for this host's own account, DOMAIN\\NAME for a domain's; a SID is replaced by a name at the import (--map).";
    5085 Error GroupsFailing { error: String } per [error]
        "the groups of this host cannot be kept as policies say: {error}"
        means "The enforcer, or for Mailward's own groups the access role, could not ask for accounts or change a group: a tool is missing, took too long or refused, or the enforcer is not root."
        breaks "Groups stay as they are. It is tried again within a minute, and with the next change of a policy."
        mend "Install passwd and libc-bin, run Mailward's manager as root, or switch `groups` off.";
    5086 Notice GroupRestored { group: String, members: Items } per [group]
        "no policy speaks of some members of the group {group} any more; they are as they were before: {members}"
        means "A policy was removed, changed or disabled. What it had put in was taken out, and whom it had taken out was put back."
        breaks "Nothing; sessions that begin from now on have what the group gave before."
        mend "Nothing; `mailward policy revert NAME` brings the policy back, and its members with it.";
    5087 Error GroupMemoryUnusable { file: String, error: String } per [file]
        "what stood in groups before policies came cannot be read from {file}: {error}"
        means "The enforcer's record is damaged, or it is not root's own. It was set aside, and what stands in the groups now is taken for what stood there before."
        breaks "When a policy is removed, what it did before this moment stays."
        mend "Look who changed the file. Correct the groups by hand once the policies about them are gone.";
    5088 Notice PolicyReverted { policy: String, by: String, to: String } per [policy]
        "{by} took back the last change of policy {policy}; it is as of revision {to}"
        means "The policy is what it was before its last change; a policy that was removed is there again."
        breaks "Nothing by itself."
        mend "Nothing; the same command once more brings the change back.";

    5120 Warning DelegationRefused { machine: String, user: String, operation: String, because: String, chain: Items } per [machine, user, because]
        "{operation} from {machine} on behalf of {user} was refused: {because}; {chain}"
        means "A command came from another node on somebody's behalf and was not carried out: the machine is not known, or not trusted for delegation, the account is disabled, revoked or not known here, or it has no right to the operation."
        breaks "The command had no effect here. On the node it was given on, event 10009 says the same."
        mend "If it should be allowed: `mailward node set MACHINE trusted_for_delegation=yes`, or `mailward administrator set USER role_groups+=GROUP`. If nobody there is known to you, find out who gave the command: `mailward audit list --machine MACHINE`.";
    5121 Warning ActedAsMachine { machine: String, user: String, operation: String, because: String } per [machine, operation]
        "{operation} was carried out as the machine {machine}, not as {user}: {because}"
        means "A delegation was refused, and ignore_delegation_failure lists the operation, on both nodes: it went on by the rights of the machine itself."
        breaks "What was done is not bound to a person; the name is only what the machine said."
        mend "Trust the machine for delegation, or take the operation out of ignore_delegation_failure.";
    5122 Error RemoteAdministrationUnusable { file: String, error: String } per [file]
        "commands from and for other nodes cannot be taken: {file}: {error}"
        means "The node's certificate or the authority of the nodes, as named in [remote] of mailward.toml, cannot be used."
        breaks "This node cannot ask others and is not answered by them. Mail and the commands on this node are not affected."
        mend "Mend the file, or make another with `mailward authority issue NAME`. It is read anew by itself.";
    5123 Warning RemotePeerRefused { client: IpAddr, error: String } per [client]
        "a connection from {client} for administration was refused: {error}"
        means "Whoever connected to the port of [remote] showed no certificate, one of another authority, one that is over or on the list of untrusted certificates, or did not speak TLS 1.3."
        breaks "Nothing was asked and nothing answered."
        mend "If it is a node of yours, give it a certificate of this organisation's authority. Let only nodes reach that port.";
    5124 Critical AuditLogFailing { path: String, error: String } per []
        "the administrator audit log cannot be written at {path}: {error}"
        means "An administrative act was carried out or refused, and its record could not be put on the disk."
        breaks "`mailward audit list` has a gap; event 5006 or 5001 tells of the act all the same."
        mend "Free space or mend the disk.";

    6001 Info RoleStarted { child: String, pid: u64 } per [child, pid]
        "{child} started as process {pid}"
        means "The manager started a role."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    6002 Info RoleReady { child: String, pid: u64, took_ms: u64 } per [child, pid]
        "{child} (process {pid}) is ready after {took_ms} ms"
        means "The role told the manager that it works."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    6003 Error RoleExited { child: String, pid: u64, status: String, restart_in_ms: u64 } per [child, pid]
        "{child} (process {pid}) ended: {status}; it is started again in {restart_in_ms} ms"
        means "A role ended without being told to. Its listening sockets stayed open in the manager, so connections wait and are not refused."
        breaks "Sessions that were open. Nothing that was acknowledged."
        mend "Look at the lines before it in `mailward event list`; a signal 9 without a RoleKilled event came from outside, often from the kernel when memory ran out.";
    6004 Error RoleKilled { child: String, pid: u64, silent_ms: u64 } per [child, pid]
        "{child} (process {pid}) gave no heartbeat for {silent_ms} ms and was killed"
        means "The role hung. The manager killed it and starts it again."
        breaks "Sessions that were open. Nothing that was acknowledged."
        mend "If it comes back, look at the load and at the disk: a hung disk hangs who uses it.";
    6005 Critical RoleKeepsFailing { child: String, exits: u64, window_s: u64 } per [child]
        "{child} ended {exits} times within {window_s} s"
        means "Starting again does not help, or something outside ends it again and again. A role that never comes to serve is started less often each time."
        breaks "What the role does."
        mend "Look at the RoleExited events and mend the cause they name.";
    6006 Notice ManagerStarted { version: String, config: String } per []
        "Mailward {version} started with {config}"
        means "The health manager runs and starts the roles."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    6007 Notice ManagerStopping { because: String } per []
        "Mailward stops: {because}"
        means "The manager was told to stop; roles drain and end."
        breaks "No mail comes in until it is started again; the queue is on disk."
        mend "Nothing, if it was meant.";
    6008 Error ControlVersionMismatch { peer: String, ours: u64, theirs: u64 } per [peer]
        "{peer} speaks version {theirs} of the control channel, this is version {ours}"
        means "Two versions of Mailward run side by side, usually after an update without a restart."
        breaks "The command that was asked for; mail flows."
        mend "Restart the service.";
    6009 Warning EventsDropped { count: u64 } per []
        "{count} events were dropped because they came faster than they could be written"
        means "Events never hold up mail; when the channel is full they are counted and dropped."
        breaks "The event log has a gap."
        mend "Look at the events around it for the flood, and at the disk.";
    6010 Error EventFileFailing { path: String, error: String } per []
        "the event log cannot be written at {path}: {error}"
        means "The disk of the event log is full or failing."
        breaks "`mailward event list` has a gap; journald still gets events where it runs."
        mend "Free space or mend the disk.";

    6011 Error StateFileFailing { path: String, error: String } per [path]
        "the state file {path} cannot be written: {error}"
        means "A role keeps a decision over its restart in a small file, and the file could not be written or removed."
        breaks "The decision holds now, but not over the next restart of the role."
        mend "Make room on the file system of the run folder and check who owns it.";
    6012 Critical RoleStartFailed { child: String, error: String } per [child]
        "the role {child} cannot start: {error}"
        means "A role found something missing that it cannot do without, and ended before it served."
        breaks "What the role does: transport carries mail, access answers administrators, the worker watches. The manager tries again, with growing waits."
        mend "The error names what is missing. Put it right; the next try needs no command.";

    6020 Warning RoleSuspect { child: String, pid: u64, because: String } per [child, pid]
        "{child} (process {pid}) may hang: {because}; it is asked what it is doing"
        means "Half of heartbeat_timeout has passed without a heartbeat that shows progress. What the threads of the process and its loops are doing is written into a hang report."
        breaks "Nothing yet. If it does not move within the other half it is killed and replaced."
        mend "Nothing, if RoleMovesAgain follows; where that happens often, look at the load and at the disk.";
    6021 Error HangReported { child: String, pid: u64, file: String } per [child, pid]
        "what {child} (process {pid}) was doing while it hung stands in {file}"
        means "The hang report names each thread, its state, where in the kernel it waits, what each loop of the role did last and what was under way. The newest 20 reports are kept."
        breaks "Nothing by itself; the role it is about hangs or hung."
        mend "Read the file: threads that wait for the disk point at the disk, a loop that stands at one count at that loop. Keep it for a report of the fault.";
    6022 Notice RoleMovesAgain { child: String, pid: u64 } per [child, pid]
        "{child} (process {pid}) moves again; nothing was done"
        means "A role that was suspect has shown progress before its time was over."
        breaks "Nothing any more."
        mend "Nothing, unless it happens often: then read the hang reports.";
    6023 Critical SafeModeEntered { child: String, because: String } per [child]
        "{child} runs in safe mode: {because}; nothing is repaired by itself"
        means "The worker ended again and again. It is started with the built-in probes alone, and every repair is denied, because an observer that falls over must not steer repairs. Alert channels were told."
        breaks "Probes that are defined by objects, and all repairs beyond starting a process that died. Mail flows."
        mend "Look at the RoleExited events of the worker and take away what makes it fall, then `mailward health thaw`. It ends by itself after half an hour without an exit.";
    6024 Notice SafeModeLeft { child: String, because: String } per [child]
        "{child} leaves safe mode: {because}"
        means "The worker is started anew with all its probes, and repairs are allowed again."
        breaks "Nothing any more."
        mend "Nothing is to be done.";
    6025 Warning RepairFrozen { by: String, reason: String } per []
        "repair was frozen by {by}: {reason}"
        means "An administrator holds all repair on this node. Probes and alerts go on. The hold outlasts a restart."
        breaks "Nothing is restarted or taken offline by itself, however ill it is; a process that dies is still started again."
        mend "`mailward health thaw` when the work is done.";
    6026 Notice RepairThawed { by: String } per []
        "repair goes on, said {by}"
        means "An administrator ended a freeze or safe mode."
        breaks "Nothing any more."
        mend "Nothing is to be done.";
    6027 Notice RoleAdopted { child: String, pid: u64, sockets: u64 } per [child, pid]
        "{child} (process {pid}) was running already and is taken over with {sockets} listening sockets"
        means "An earlier manager died without ending its roles. They went on serving, and this manager watches them from now on."
        breaks "Nothing: no connection was refused and no session ended."
        mend "Find out why the manager died: `journalctl -u mailward`.";
    6028 Error ManagerMissing { because: String } per []
        "the manager gives no sign of life: {because}"
        means "The worker, or another role, has not heard the manager for ten seconds. Mail flows without it. systemd ends a manager that hangs and starts a new one, which takes the roles over."
        breaks "Whatever dies now is not started again, and nothing is repaired."
        mend "`systemctl status mailward`; where the manager hangs and nothing watches it, kill its process and start the service: the roles are taken over.";
    6029 Notice ManagerBack { pid: u64 } per []
        "the manager is back as process {pid}"
        means "A manager watches this node again."
        breaks "Nothing any more."
        mend "Nothing is to be done.";
    6030 Critical LastGoodConfigurationUsed { path: String, error: String, copy: String } per []
        "{path} cannot be used ({error}); this node runs by its last good copy, {copy}"
        means "The manager was started and its configuration file is missing or wrong. It keeps a copy of the last one it could use."
        breaks "Nothing yet; changes in the file are not in force."
        mend "Mend the file (`mailward config check` says what is wrong) and restart the service.";
    6031 Critical LastGoodObjectsUsed { error: String, age_s: u64 } per []
        "the objects cannot be read ({error}); the manager works by a copy of {age_s} s ago"
        means "The store could not be opened or read. The manager keeps the sockets of the receive connectors open by its own copy, and tries the store again every few seconds."
        breaks "Changes by administrators. A transport that runs goes on with the objects it has; one that starts now cannot, and connections wait for it."
        mend "Check the store's file, its owner and its disk; restore it from a backup where it is damaged. Nothing has to be restarted afterwards.";
    6032 Error RoleEndedAtTakeover { child: String, pid: u64 } per [child, pid]
        "{child} (process {pid}) was left behind by an earlier manager and did not answer; it was killed"
        means "A new manager found a role of an earlier one that hangs or was stopped. It cannot be taken over, and its place is needed."
        breaks "Sessions that were open, and connections that waited at its sockets. Nothing that was acknowledged."
        mend "Nothing; a new process is started at once. Find out why manager and role failed together.";
    6033 Error LedgerUnavailable { path: String, error: String } per []
        "the repair ledger {path} cannot be opened: {error}; no repair is done until it can"
        means "Nothing is repaired that cannot be written down first. The manager runs on and tries again every few seconds."
        breaks "Repairs beyond starting a process that died."
        mend "Check the file's owner and the disk.";

    6040 Warning OtlpExportFailing { endpoint: String, signal: String, error: String } per [signal]
        "{signal} cannot be exported to {endpoint}: {error}"
        means "The collector that mailward.toml names under otlp did not answer, or did not take what was sent."
        breaks "The monitoring system behind it sees nothing of this server. Mail is not touched. Events wait in the store and are sent later; metrics of the time between are lost."
        mend "The error says what is wrong: start the collector, correct the endpoint, or put the right token into the header file and restart access with `systemctl restart mailward`.";
    6041 Notice OtlpExportResumed { endpoint: String, signal: String, seconds: u64 } per [signal]
        "{signal} are exported to {endpoint} again, after {seconds} s"
        means "The collector takes what is sent to it again."
        breaks "Nothing is broken by this."
        mend "Nothing; the events that waited in the store are sent now.";
    6042 Warning OtlpRecordsRefused { endpoint: String, signal: String, count: u64, status: String } per [signal]
        "{endpoint} refused {count} records of {signal}: {status}"
        means "The collector answered that it will never take this request. What was in it is not sent again."
        breaks "The monitoring system misses these records; the event log and `/metrics` of this server have them."
        mend "Look into the collector's log. It must offer OTLP over HTTP with JSON and take requests of a few megabytes.";
    6043 Warning PageTokenUnusable { file: String, error: String } per [file]
        "the token in {file} cannot be used: {error}"
        means "mailward.toml names a file with the token for the reasons on /healthz?verbose, and it cannot be read or holds too short a token."
        breaks "Nobody is told reasons on the port for health pages. States are told, and everything is told on the admin socket."
        mend "Write a long random token into the file, readable by Mailward's user: `openssl rand -hex 32 >FILE`; then restart access.";
    7001 Warning CertificateFileUnreadable { file: String, error: String } per [file]
        "certificate file {file} cannot be used: {error}"
        means "A file in the certificate folder is not a certificate with its key."
        breaks "Nothing, unless a connector needs that certificate."
        mend "Correct the file: PEM, the certificate first, then its chain; the key in the same file or beside it.";
    7002 Notice CertificatesReloaded { added: Items, removed: Items, kept: u64 } per []
        "certificates were read again: added {added}; removed {removed}; {kept} kept"
        means "The certificate folder changed. The next handshake uses the new files; no session is touched."
        breaks "Nothing is broken by this."
        mend "Nothing; `mailward cert list` shows what is held.";
    7003 Warning CertificateKeyExposed { file: String, mode: String } per [file]
        "the private key in {file} can be read by others (mode {mode})"
        means "The file's permissions let other users of this host read the key."
        breaks "Nothing yet; whoever has the key can pretend to be this host."
        mend "Set mode 0600 or 0640 with the service's group; replace the key if others had access.";
    7004 Warning CertificateNotYetValid { connector: String, file: String, subject: String, valid_from: String } per [connector]
        "connector {connector} serves certificate {subject} ({file}), which is valid only from {valid_from}"
        means "The time of the certificate has not come, and no other fits. It is used, because many senders do not check."
        breaks "Senders that verify certificates refuse to deliver or defer."
        mend "Check this host's clock; if it is right, put a certificate that is valid now into the certificate folder.";

    7010 Error UntrustedCertificateRefused { direction: String, connector: String, peer: String, subject: String, issuer: String, serial: String, entry: String, reason: String } per [connector, peer, entry]
        "{peer} showed an untrusted certificate to {connector} ({direction}) and was refused: {subject}, serial {serial}, issuer {issuer}; entry {entry}: {reason}"
        means "A certificate of the path that a peer presented is on the list of untrusted certificates. The handshake was ended before anything else of it was asked; where a session was resumed, it was closed at once."
        breaks "Mail to or from that peer waits: it is not sent in plain text instead, whatever the connector allows. Other peers are not touched."
        mend "Take it for what it says: someone may stand between you and that peer. Ask the peer by another way. Where the entry is a mistake, `mailward untrusted remove` its name; mail goes on within a second.";
    7011 Error UntrustedSessionCut { direction: String, connector: String, peer: String, subject: String, issuer: String, serial: String, entry: String, reason: String } per [connector, peer, entry]
        "a session of {connector} with {peer} ({direction}) was cut: its certificate has become untrusted: {subject}, serial {serial}, issuer {issuer}; entry {entry}: {reason}"
        means "The session was open when an entry was added to the list of untrusted certificates that covers what the peer had shown. It was ended without waiting for its end. Connections to a directory and to the database of the objects are told in the same way."
        breaks "A message that was under way is tried again; nothing that was acknowledged is lost. Of a directory and of the database, what is known stays in force; the database takes no change until its server shows another certificate."
        mend "Look what passed through such sessions before: `mailward untrusted replay` lists them. Give a server of your own another key and certificate.";
    7012 Warning UntrustedEntryUnreadable { entry: String, issuer: String } per [entry]
        "the untrusted certificate {entry} names an issuer that cannot be read: {issuer}"
        means "The issuer's distinguished name has an attribute type that is not known here. The entry refuses by its SHA-256 values alone, where it has some."
        breaks "Certificates that the entry means by issuer and serial number are not refused."
        mend "Write the attribute's type as its number (`1.2.3.4=value`), or use sha256 instead.";

    7020 Notice UntrustedFeedChanged { feed: String, version: String, added: Items, removed: Items, comment: String } per [feed, version]
        "untrusted feed {feed} is at list {version}: refused from now on {added}; trusted again {removed} (signed: {comment})"
        means "The publisher of an untrusted feed signed another list, and it is in force in every role. Sessions that showed a certificate it adds are cut."
        breaks "Peers that show a certificate of the list are refused, and mail to them waits."
        mend "Nothing. `mailward untrusted list` shows what comes from which feed, `mailward untrusted replay` whom it would have refused.";
    7021 Warning UntrustedFeedRefused { feed: String, source: String, problem: String, in_force: String } per [feed]
        "untrusted feed {feed} cannot be taken from {source}: {problem}; in force stays {in_force}"
        means "The source could not be read, or what it said was refused: its signature is wrong or by another key, it is older than the list in force, has expired, was cut off or is no list. The last good list stays in force."
        breaks "Nothing that was refused is trusted again. What the publisher has added since is not refused."
        mend "`mailward untrusted feeds` shows the last try. A wrong signature or an old list may mean that somebody stands between you and the publisher. Mend the way to the source, then `mailward untrusted refresh FEED`.";
    7022 Notice UntrustedFeedRecovered { feed: String, in_force: String, after: String } per [feed]
        "untrusted feed {feed} is read again ({in_force}) after {after}"
        means "The source of an untrusted feed answers soundly again."
        breaks "Nothing is broken by this."
        mend "Nothing is to be done.";
    7023 Error UntrustedFeedChangeHeld { feed: String, version: String, because: String, added: Items, removed: Items } per [feed, version]
        "a change of untrusted feed {feed} to list {version} waits for a person: {because}; it adds {added} and removes {removed}"
        means "The list is signed, but would trust many certificates again, or refuse very many more. The list of before stays in force."
        breaks "What the new list adds is not refused until the change is approved."
        mend "Look at `mailward untrusted diff`, ask the publisher by another way, then `mailward untrusted approve FEED`.";
    7024 Warning UntrustedFeedOld { feed: String, in_force: String, problem: String } per [feed]
        "untrusted feed {feed} is old: {problem}; {in_force} is still in force"
        means "The list's own time is over, or its source has not answered soundly for longer than the feed's max_age, so that nobody knows what has been added since."
        breaks "What was added since is not refused."
        mend "`mailward untrusted feeds` shows why the last try failed; ask the publisher whether he still publishes.";
    7025 Warning UntrustedFeedStateDamaged { feed: String, file: String, error: String } per [feed]
        "what was known of untrusted feed {feed} cannot be read from {file}: {error}"
        means "The file of the last good list is damaged. Roles that run go on with what they had read from it; one that starts refuses nothing by this feed until the source is read, which is done at once."
        breaks "Until the source is read, a role that starts does not know the feed's certificates, nor the number of its last list."
        mend "Nothing, where the source can be read. The file is replaced at the next good answer.";
    7026 Info CrlTaken { feed: String, place: String, issuer: String, number: String, revoked: u64, before: u64 } per [feed, place]
        "the CRL at {place} (untrusted feed {feed}) is a new one of {issuer}, number {number}: it revokes {revoked} certificates ({before} before)"
        means "An authority has published another list of certificates that it revoked. It is in force in every role."
        breaks "Peers that show a certificate it revokes are refused."
        mend "Nothing is to be done; `mailward untrusted test FILE` says what it says of a certificate.";
    7027 Warning CrlStale { feed: String, place: String, issuer: String, meaning: String } per [feed, place]
        "the CRL of {issuer} at {place} (untrusted feed {feed}) is stale: {meaning}"
        means "The moment is over at which the authority should have published another list (nextUpdate), or the list could not be read since."
        breaks "What was revoked since is not refused; where the feed says stale = refuse, no certificate of that authority is taken."
        mend "`mailward untrusted feeds` shows why the last try failed. Where only this node cannot read it, mend the way there.";
    7028 Info RevocationFiltersTaken { feed: String, source: String, made: String, filters: u64, fetched: u64, issuers: u64, logs: u64, covered_until: String } per [feed]
        "untrusted feed {feed} has new revocation filters of {source}, made {made}: {filters} filters ({fetched} fetched) for {issuers} issuers; certificates logged until {covered_until} in {logs} logs are covered"
        means "Who publishes revocation filters has made others, and they are in force in every role. A filter says of a certificate that it is revoked, that it is not, or that it is not covered: too new, or of an issuer that the filter does not know."
        breaks "Peers that show a certificate that is revoked are refused."
        mend "Nothing is to be done; `mailward untrusted test FILE` says what the filters say of a certificate.";
    7029 Warning RevocationFiltersStale { feed: String, source: String, made: String, meaning: String } per [feed]
        "the revocation filters of untrusted feed {feed} ({source}) are stale, made {made}: {meaning}"
        means "Longer ago than the feed's max_age nobody has made filters, or they could not be read since."
        breaks "What was revoked since is not refused; where the feed says stale = refuse, no certificate that the filters speak for is taken."
        mend "`mailward untrusted feeds` shows why the last try failed. Where the publisher himself has stopped, name a mirror that is kept, in the feed's source.upki.base.";
    7030 Warning CertificateKeptBack { connector: String, file: String, subject: String, entry: String, instead: String } per [connector, file, instead]
        "{connector} does not show the certificate {subject} ({file}), which is untrusted here by {entry}; {instead}"
        means "A certificate of this node's own is on the list of untrusted certificates, so it is not shown to peers, who would have every reason to refuse it. It is the one that would be shown otherwise."
        breaks "Nothing where another one fits. Where none does, a receive connector does not offer STARTTLS (12014), and a send connector shows none to peers that ask."
        mend "Where the entry is right, put a new certificate with a new key into the certificate folder. Where it is wrong, `mailward untrusted remove` takes it off, or its feed has to be corrected; `mailward untrusted test FILE` names it. The certificate is shown again at once, without a restart.";

    10009 Error DelegationFailed { node: String, user: String, operation: String, cause: String, chain: Items } per [node, user, cause]
        "{operation} for {user} was not carried out by {node} ({cause}): {chain}"
        means "A command that was given here for another node got no answer, or was refused there. Every step of the way is named, this node's first, with what each found."
        breaks "The command had no effect, unless it broke off after it had been sent: then `mailward audit list` on that node tells."
        mend "Read the chain from its end. `unreachable`: is the node up, is its `[remote]` set, does a firewall lie between? `certificate`: both nodes need certificates of the same authority, each with its own name. `refused`: the other node's event 5120 names the rule.";
    12014 Error CertificateMissing { connector: String, fqdn: String, candidates: Items } per [connector]
        "receive connector {connector} has no certificate for {fqdn}, so STARTTLS is not offered; passed over: {candidates}"
        means "None of the certificates held carries the connector's FQDN, or none that does is usable."
        breaks "Mail comes in without encryption; where the connector requires TLS, no mail comes in at all."
        mend "Put a certificate for that name into the certificate folder, or set the connector's fqdn to a name you hold one for. `mailward cert explain` names each candidate and why it does not fit.";
    12016 Error CertificateExpired { file: String, subject: String, expired_on: String } per [file]
        "certificate {subject} ({file}) expired on {expired_on}"
        means "The certificate's time is over. It is still used where nothing better fits, because many senders do not check."
        breaks "Senders that verify certificates refuse to deliver or defer."
        mend "Renew it and put the new file into the certificate folder; it is used from the next handshake on.";
    12018 Warning CertificateExpiresSoon { file: String, subject: String, days: i64, expires_on: String } per [file, days]
        "certificate {subject} ({file}) expires in {days} days, on {expires_on}"
        means "The certificate has to be renewed."
        breaks "Nothing yet."
        mend "Renew it and put the new file into the certificate folder; it is used from the next handshake on.";
}
