# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mailward_global_optspecs
    string join \n json config= socket= node= as= color= h/help V/version
end

function __fish_mailward_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mailward_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mailward_using_subcommand
    set -l cmd (__fish_mailward_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mailward -n "__fish_mailward_needs_command" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_needs_command" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_needs_command" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_needs_command" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_needs_command" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_needs_command" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_needs_command" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_needs_command" -s V -l version -d 'Print version'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "queue" -d 'What waits to be delivered'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "trace" -d 'Show where messages came from and what became of them'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "event" -d 'What happened here'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "audit" -d 'What administrators did'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "explain" -d 'Explain an event, a message or a repair'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "cert" -d 'Certificates'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "untrusted" -d 'Certificates that are refused wherever they are shown'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "simulate" -d 'What would happen'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "journal" -d ''
complete -c mailward -n "__fish_mailward_needs_command" -f -a "alert" -d 'What people are told'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "drill" -d 'Faults on purpose, to see them noticed and repaired'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "health" -d 'Tell whether this node is healthy'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "recheck" -d 'Run the probes now'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "status" -d 'Show which roles run, since when, and what they are doing'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "export" -d 'Write all objects as text'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "plan" -d 'Show what applying a file would change'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "apply" -d 'Make the objects what a file says'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "group" -d 'Groups: who belongs, who did, what an edit would change'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "recipient" -d 'Recipients of every kind'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "directory" -d 'Directories that recipients come from'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "perimeter" -d 'Who may come near: sender feeds, and whom connectors take'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "transport-settings" -d 'Transport settings'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "health-settings" -d 'Health settings'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "policy-settings" -d 'Policy settings'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "accepted-domain" -d 'Accepted domains'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "receive-connector" -d 'Receive connectors'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "sender-feed" -d 'Sender feeds'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "send-connector" -d 'Send connectors'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "mailbox" -d 'Mailboxes'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "mail-contact" -d 'Mail contacts'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "mail-user" -d 'Mail users'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "distribution-group" -d 'Distribution groups'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "dynamic-distribution-group" -d 'Dynamic distribution groups'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "directory-source" -d 'Directory sources'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "journal-rule" -d 'Journal rules'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "alert-channel" -d 'Alert channels'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "monitoring-override" -d 'Monitoring overrides'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "probe" -d 'Probes'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "endpoint" -d 'Endpoints'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "untrusted-certificate" -d 'Untrusted certificates'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "untrusted-feed" -d 'Untrusted feeds'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "site" -d 'Sites'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "policy" -d 'Policies: what holds on every node, on those of a site, or on one'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "node" -d 'Nodes'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "administrator" -d 'Administrators'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "drain" -d 'Take no new mail until resume'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "resume" -d 'Take new mail again'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "top" -d 'Watch this node live'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "shell" -d 'Manage this node with Exchange\'s commands'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "test" -d 'Test endpoints from this host'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "serve" -d 'Run this node: the manager, which starts all roles'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "demo" -d 'Show the main job in a temporary folder, accidents and repairs included'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "setup" -d 'Look at this machine, write a configuration, a certificate and the first objects'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "config" -d 'The configuration file'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "authority" -d 'The authority of this organisation\'s nodes: certificates by which they know each other'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "role" -d 'Run one role; the manager does this'
complete -c mailward -n "__fish_mailward_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "list" -d 'Show what waits in the queue'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "show" -d 'Show one message: where from, where to, and the last reply for each recipient'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "hold" -d 'Keep a message, everything for one next hop, or all that fits a filter until it is released'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "release" -d 'End a hold'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "retry" -d 'Try now what waits for another try'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "redirect" -d 'Send what waits by another send connector'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "remove" -d 'Take a message, or all that fit a filter, out of the queue for good'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and not __fish_seen_subcommand_from list show hold release retry redirect remove export" -f -a "export" -d 'Write a message out as it was received'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l from -d 'Only messages with this envelope sender; <> for bounces' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l to -d 'Only messages to this recipient' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l filter -d 'Only messages that fit this filter, such as "Size -gt 10MB -and Subject -like \'*offer*\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l queue-filter -d 'Only delivery queues that fit this filter, such as "Status -eq \'Retry\' -and MessageCount -gt 100"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l limit -d 'Messages to list at most' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l probes -d 'List health probes too'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l filter -d 'Every message that fits this filter, such as "FromAddress -like \'*@example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l queue-filter -d 'Every delivery queue that fits this filter, such as "NextHopDomain -eq \'example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l dry-run -d 'Only say what is meant, and do nothing'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from hold" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l filter -d 'Every message that fits this filter, such as "FromAddress -like \'*@example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l queue-filter -d 'Every delivery queue that fits this filter, such as "NextHopDomain -eq \'example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l dry-run -d 'Only say what is meant, and do nothing'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l filter -d 'Every message that fits this filter, such as "FromAddress -like \'*@example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l queue-filter -d 'Every delivery queue that fits this filter, such as "NextHopDomain -eq \'example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l dry-run -d 'Only say what is meant, and do nothing'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l to -d 'The send connector, by its name or by one of its smart hosts' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l filter -d 'Every message that fits this filter, such as "FromAddress -like \'*@example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l queue-filter -d 'Every delivery queue that fits this filter, such as "NextHopDomain -eq \'example.org\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l dry-run -d 'Only say what is meant, and do nothing'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from redirect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l filter -d 'Every message that fits this filter, such as "Subject -eq \'Won!\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l notify -d 'Send the sender a failure report'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l dry-run -d 'Only say what is meant, and do nothing'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to this file, which must not exist yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand queue; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l from -d 'Only messages from this sender; an address, or a domain' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l to -d 'Only messages to this recipient; an address, or a domain' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l since -d 'Only since then: 2h, 3d, 2026-02-03, 2026-02-03T14:05' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l until -d 'Only until then' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l message-id -d 'Only the message with this Message-ID field' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l event -d 'Only this step: RECEIVE, SEND, DELIVER, DEFER, FAIL, DSN, EXPAND and so on' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l limit -d 'Entries at most' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l probes -d 'Show health probes too'
complete -c mailward -n "__fish_mailward_using_subcommand trace" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List the events that happened here'
complete -c mailward -n "__fish_mailward_using_subcommand event; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Show what an event means, what it breaks, how to mend it, and when it happened'
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l since -d 'Only since then: 2h, 3d, 2026-02-03' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l level -d 'Only events of this level and above: info, notice, warning, error or critical' -r -f -a "info\t''
notice\t''
warning\t''
error\t''
critical\t''"
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l event -d 'Only this event, by its number or name' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l limit -d 'Events at most, the newest ones' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand event; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand audit; and not __fish_seen_subcommand_from list" -f -a "list" -d 'List what administrators did on this node, and what was refused them'
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l since -d 'Only since then: 2h, 3d, 2026-02-03; else of the last 30 days' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l user -d 'Only what this user did' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l machine -d 'Only what came from this node, or was given here for it' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l operation -d 'Only commands that begin with these words, such as "queue"' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l result -d 'Only those with this result' -r -f -a "done\t'It was carried out'
refused\t'It was not allowed'
failed\t'It was tried and went wrong, or could not be'"
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l limit -d 'Records at most, the newest ones' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand audit; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand explain" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -f -a "list" -d 'List the certificates held, and files that hold nothing usable'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and not __fish_seen_subcommand_from list explain" -f -a "explain" -d 'Show which certificate a receive connector uses, and why not the others'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l send -d 'The send connector of that name: what it shows to a peer that asks'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand cert; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "list" -d 'List the certificates that are refused wherever they are shown'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "add" -d 'Refuse a certificate wherever it is shown'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "remove" -d 'Refuse a certificate no longer'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "test" -d 'Say whether certificates are refused, by which entry, from which feed, and what CRLs say'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "replay" -d 'Say whom the list would have refused in the past'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "feeds" -d 'Show the feeds of the untrusted list: what is in force, when it was read, why a try failed'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "diff" -d 'Show changes of untrusted feeds that wait for a person'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "approve" -d 'Put a change of an untrusted feed in force that waits for a person'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and not __fish_seen_subcommand_from list add remove test replay feeds diff approve refresh" -f -a "refresh" -d 'Read an untrusted feed now, or every one'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l issuer -d 'The issuer, such as "CN=Example CA, O=Example, C=SE"; with --serial' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l serial -d 'The serial number that the issuer gave, hex' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l sha256 -d 'SHA-256 of the certificate, hex' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l spki -d 'SHA-256 of the public key (SubjectPublicKeyInfo), hex' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l reason -d 'Why, for whoever asks in a year' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l name -d 'What the entry is called; made of the subject or the digest where it is not said' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l key -d 'Refuse every certificate with this file\'s public key, whoever issued it'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l days -d 'How many days to look back' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l with -d 'A file with a certificate that is not on the list: as if it were' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from feeds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -f -a "connection" -d 'Show which receive connector would take a connection, and why not the others'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and not __fish_seen_subcommand_from connection message" -f -a "message" -d 'Show what would follow from a message, without sending it'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l from -d 'The client\'s address' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l to -d 'The local address, as [IP]:PORT; :25 for any local address' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from connection" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l from -d 'The envelope sender; <> for none' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l to -d 'An envelope recipient; may be given several times' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l client -d 'The client\'s address' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l helo -d 'What the client says in EHLO' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l certificate -d 'The name in the certificate that the client shows, as if it had been verified' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l unauthenticated -d 'As if SPF, DKIM and DMARC had not authenticated the sender'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand simulate; and __fish_seen_subcommand_from message" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "status" -d 'Show the journal targets, what waits for each, and the ledger of reports'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "pause" -d 'Send no reports to a journal target until resume'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "resume" -d 'Send reports to a journal target again'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "replay" -d 'Send again the reports of a time, where they are still known'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "verify" -d 'Check the ledger of reports, and a store of delivered reports against it'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and not __fish_seen_subcommand_from status pause resume replay verify simulate" -f -a "simulate" -d 'Show which journal rules would fire for a message, and for each recipient why or why not'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l since -d 'Reports sent since then: 2h, 3d, 2026-02-03, 2026-02-03T14:05' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l to -d 'Reports sent until then' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l target -d 'Only those for this journal address' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l dry-run -d 'Only show what would be sent'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l against -d 'Compare with delivered reports too: a Maildir, a folder of files, or an mbox file, readable by transport' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l target -d 'Only reports for this journal address are looked for there' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l since -d 'Only reports sent since then are looked for there' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l from -d 'The envelope sender; <> for none' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l to -d 'An envelope recipient; may be given several times' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l account -d 'As if a person had signed in as this; To, Cc and Bcc are believed only then' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal; and __fish_seen_subcommand_from simulate" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "list" -d 'List alerts, silences and how the alert channels do'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "show" -d 'Show one alert: what broke, what was tried, what to do, who was told'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "ack" -d 'Say that you are on it'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "silence" -d 'Keep alerts from being told, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "unsilence" -d 'End a silence'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and not __fish_seen_subcommand_from list show ack silence unsilence test" -f -a "test" -d 'Send a test by the alert channels and show how it went'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l all -d 'List alerts that are over, too'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l note -d 'What others should know' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l for -d 'For how long, at most a year' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l reason -d 'Why, for whoever misses the alerts' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from silence" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from unsilence" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -f -a "list" -d 'List the drills: faults on purpose, and what came of them last'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -f -a "run" -d 'Break something on purpose, and watch it being noticed and repaired'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -f -a "show" -d 'Show a drill that is under way or over'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -f -a "end" -d 'End the drill that is under way, and its fault'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and not __fish_seen_subcommand_from list run show end schedule" -f -a "schedule" -d 'Run a drill by itself, again and again'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l connector -d 'The receive connector it is about; else the first that is well' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -s y -l yes -d 'Run it although clients will notice'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l every -d 'From one run to the next: 7d, 30d' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l at -d 'The time of day at which it begins, in the zone of the server' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l off -d 'Run it by itself no more'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drill; and __fish_seen_subcommand_from schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l set -d 'Only this health set' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "report" -d 'Show every health set with its monitors'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "items" -d 'List the probes, monitors and responders of a health set, or of every one'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "rollup" -d 'Show the health of this node\'s group as one'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "mailflow" -d 'Send a probe message, and say whether it arrived and how long that took'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "show" -d 'Show one health set with the last results of its probes'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "history" -d 'Show what changed lately, and the repairs that followed'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "ledger" -d 'Show the repair ledger and what the budgets still allow'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "group" -d 'Show the other nodes of this one\'s group'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "hold" -d 'Hold a component: it takes no new mail'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "release" -d 'Release a hold on a component'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "holds" -d 'Show the holds and the state of each component'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "cancel" -d 'Cancel the announced restart of this machine'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "simulate" -d 'Show what would be done if a health set failed'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "note" -d 'Write a note on a recovery case'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "mailboxes" -d 'Show the health mailboxes and the probes that arrived in them'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "probe" -d 'Probes: what is looked at, and when'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "report-result" -d 'Report what another program saw'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "override" -d 'Switch off, for a time, what watches something'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "maintenance" -d 'Keep repairs and alerts off something, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "repairing" -d 'Say that you are repairing something'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "explain" -d 'Show every property of an item, its value in force, and where that comes from'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "forecast" -d 'Show what will break, when, and what to do'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "freeze" -d 'Hold all repair on this node until thaw'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "thaw" -d 'Let repair go on: end a freeze, and safe mode'
complete -c mailward -n "__fish_mailward_using_subcommand health; and not __fish_seen_subcommand_from report items rollup mailflow show history ledger group hold release holds cancel simulate note mailboxes probe report-result override maintenance repairing explain forecast freeze thaw help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l set -d 'Only this health set' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from items" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l group-size -d 'Nodes to look at, this one first' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l minimum-online-percent -d 'Nodes that must be well, in percent' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from rollup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailflow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l limit -d 'Entries at most, the newest ones' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l limit -d 'Entries at most, the newest ones' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from ledger" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from group" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l requester -d 'On whose behalf: HealthAPI, Maintenance, Sidelined, Functional, Deployment' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l for -d 'For how long' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l reason -d 'Why, for whoever finds it held' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l inactive -d 'Take it for out of service once its sessions have ended; the default'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l draining -d 'Only let its sessions end'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from hold" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l requester -d 'Whose hold: HealthAPI, Maintenance, Sidelined, Functional, Deployment' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l reason -d 'Why' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l force -d 'End the holds of every requester'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from holds" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l reason -d 'Why' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l cause -d 'The class of the cause, such as dns or disk_full' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l fail -d 'Let every probe of it fail'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from note" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from mailboxes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -f -a "run" -d 'Run one probe now'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from probe" -f -a "list" -d 'List the probes with their newest results'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l text -d 'What was seen, in one sentence' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from report-result" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l for -d 'For how long, at most a year' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l reason -d 'Why, for whoever finds it switched off' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l on -d 'Watch it again'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -a "add" -d 'Change a property of what watches or repairs something, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -a "list" -d 'List the overrides, and why one of them is not in force'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -a "remove" -d 'End an override'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from override" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l for -d 'For how long, at most 365d' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l reason -d 'Why, for whoever finds it' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l off -d 'End it'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l for -d 'For how long, at most 365d' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l reason -d 'Why, for whoever finds it' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l server -d 'The node that is meant; there is only this one to ask' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l off -d 'End it'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from repairing" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l days -d 'How many days to look ahead' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l ical -d 'Write it as a calendar (iCalendar)'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from forecast" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l reason -d 'Why, for whoever wonders that nothing is repaired' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from freeze" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from thaw" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "report" -d 'Show every health set with its monitors'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "items" -d 'List the probes, monitors and responders of a health set, or of every one'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "rollup" -d 'Show the health of this node\'s group as one'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "mailflow" -d 'Send a probe message, and say whether it arrived and how long that took'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one health set with the last results of its probes'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show what changed lately, and the repairs that followed'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "ledger" -d 'Show the repair ledger and what the budgets still allow'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "group" -d 'Show the other nodes of this one\'s group'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "hold" -d 'Hold a component: it takes no new mail'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "release" -d 'Release a hold on a component'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "holds" -d 'Show the holds and the state of each component'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Cancel the announced restart of this machine'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "simulate" -d 'Show what would be done if a health set failed'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "note" -d 'Write a note on a recovery case'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "mailboxes" -d 'Show the health mailboxes and the probes that arrived in them'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "probe" -d 'Probes: what is looked at, and when'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "report-result" -d 'Report what another program saw'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "override" -d 'Switch off, for a time, what watches something'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "maintenance" -d 'Keep repairs and alerts off something, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "repairing" -d 'Say that you are repairing something'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Show every property of an item, its value in force, and where that comes from'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "forecast" -d 'Show what will break, when, and what to do'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "freeze" -d 'Hold all repair on this node until thaw'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "thaw" -d 'Let repair go on: end a freeze, and safe mode'
complete -c mailward -n "__fish_mailward_using_subcommand health; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recheck" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand status" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand status" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand status" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand status" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand status" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand status" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand status" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand plan" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l revision -d 'Do it only if nothing has changed since this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand apply" -s y -l yes -d 'Do not ask'
complete -c mailward -n "__fish_mailward_using_subcommand apply" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -f -a "preview" -d 'Show what an edit of a group would add and remove, by name'
complete -c mailward -n "__fish_mailward_using_subcommand group; and not __fish_seen_subcommand_from preview members" -f -a "members" -d 'Show who belongs to a group, or who did at a moment in the past'
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l filter -d 'The filter it would have, in place of a custom or a precanned one' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l limit -d 'Recipients to name at most, of those added and of those removed' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from preview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l at -d 'As it was then: 2h, 3d, 2026-02-03, 2026-02-03T14:05; now where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l limit -d 'Members to name at most' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand group; and __fish_seen_subcommand_from members" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -f -a "list" -d 'List recipients of every kind that fit a filter'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -f -a "preview" -d 'Show whom a dynamic group with a filter would stand for'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -f -a "import" -d 'Create and change recipients from a table: CSV or LDIF'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and not __fish_seen_subcommand_from list preview import export" -f -a "export" -d 'Print every recipient as a table: CSV or LDIF'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "RecipientType -eq \'UserMailbox\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l organizational-unit -d 'Only recipients in this organisational unit and below it' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l limit -d 'Recipients to list at most' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l filter -d 'The filter, such as "RecipientType -eq \'UserMailbox\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l container -d 'Only recipients within this organisational unit, such as example.org/Sales' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l limit -d 'Recipients to list at most' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from preview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l format -d 'What it is; told by its first line where this is not said' -r -f -a "csv\t'A row for each recipient, for spreadsheets (RFC 4180)'
ldif\t'Entries of a directory, with the attributes of Active Directory (RFC 2849)'"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l remove-share-max -d 'Stop and ask where more recipients in a hundred than this would be removed' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l allow-removals -d 'Remove this many all the same: the number that the plan says' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l revision -d 'Do it only if nothing has changed since this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l remove-missing -d 'Remove the recipients that are not in the file, of the kinds that are in it'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -s y -l yes -d 'Do not ask'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l format -d 'How it is written' -r -f -a "csv\t'A row for each recipient, for spreadsheets (RFC 4180)'
ldif\t'Entries of a directory, with the attributes of Active Directory (RFC 2849)'"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand recipient; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and not __fish_seen_subcommand_from sync" -f -a "sync" -d 'Recipients as a directory has them'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -f -a "status" -d 'Show how each directory source stands'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -f -a "run" -d 'Read a directory source anew, as a whole'
complete -c mailward -n "__fish_mailward_using_subcommand directory; and __fish_seen_subcommand_from sync" -f -a "approve" -d 'Let a held sync remove what it would remove'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "status" -d 'Show the sender feeds, and whom receive connectors take from them'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "diff" -d 'Show what a change of a sender feed adds and removes'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "why" -d 'Tell which feed covers an address, and which receive connector takes it'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "replay" -d 'Tell which sessions of the last days a change would have refused'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "approve" -d 'Put a change of a sender feed in force that waits for a person'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "refresh" -d 'Read a sender feed now'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and not __fish_seen_subcommand_from status diff why replay approve refresh export" -f -a "export" -d 'Write the ranges in force for another firewall'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l days -d 'So many days back' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l connector -d 'Only sessions of this receive connector' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l ranges -d 'As if it had this among its remote_ranges and nothing else: a range, feed:NAME or except:RANGE; may be given several times' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l format -d 'How to write them' -r -f -a "nftables\t'A table for `nft -f`, with sets of intervals'
iptables\t'Commands for iptables-restore and ip6tables-restore'
ipset\t'Commands for `ipset restore`'
cidr\t'One range on each line'
json\t'JSON'
edl\t'An external dynamic list: one range on each line, with a comment where the vendor allows it'"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l feed -d 'The ranges of this feed' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l connector -d 'The ranges of this receive connector' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand perimeter; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -f -a "show" -d 'Show the transport settings'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and not __fish_seen_subcommand_from show set" -f -a "set" -d 'Change the transport settings'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand transport-settings; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -f -a "show" -d 'Show the health settings'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and not __fish_seen_subcommand_from show set" -f -a "set" -d 'Change the health settings'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand health-settings; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -f -a "show" -d 'Show the policy settings'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and not __fish_seen_subcommand_from show set" -f -a "set" -d 'Change the policy settings'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l name -d 'The object\'s name' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy-settings; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the accepted domains, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand accepted-domain; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the receive connectors, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand receive-connector; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the sender feeds, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand sender-feed; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the send connectors, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand send-connector; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the mailboxes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mailbox; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the mail contacts, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-contact; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the mail users, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand mail-user; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the distribution groups, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand distribution-group; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the dynamic distribution groups, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand dynamic-distribution-group; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the directory sources, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand directory-source; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the journal rules, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand journal-rule; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the alert channels, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand alert-channel; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the monitoring overrides, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand monitoring-override; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the probes'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the probes'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the probes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the probes'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand probe; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the endpoints, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand endpoint; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the untrusted certificates, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-certificate; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the untrusted feeds, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand untrusted-feed; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the sites'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the sites'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the sites, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand site; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the sites'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand site; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "result" -d 'Show what policies come to on a node: what holds, from which object, and what lost'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "revert" -d 'Take back the last change of a policy'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "refresh" -d 'Make the groups of this host what policies say, now'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "import" -d 'Make policies of the restricted groups of Windows\' group policies'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "export" -d 'Write a policy\'s restricted groups as a GptTmpl.inf'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "list" -d 'List the policies'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "show" -d 'Show one of the policies'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "set" -d 'Change one of the policies, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and not __fish_seen_subcommand_from result revert refresh import export list show set remove" -f -a "remove" -d 'Remove one of the policies'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from result" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from revert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l toggle -d 'As if this policy were enabled, or, where it is, as if it were not; only shows' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l dry-run -d 'Only show what would be done'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l name -d 'What the policy is called; only for one file' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l map -d 'A name or SID of the files and what it is on hosts, as in S-1-5-32-544=sudo; may be given several times' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l scope -d 'Where a new policy holds: all, site:NAME or node:HOSTNAME' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l disabled -d 'Leave a new policy disabled'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l dry-run -d 'Only show what would change'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l utf8 -d 'Write UTF-8; Windows reads UTF-16, which is the default'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand policy; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the nodes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand node; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand node; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -f -a "list" -d 'List the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -f -a "show" -d 'Show one of the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -f -a "set" -d 'Change one of the administrators, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and not __fish_seen_subcommand_from list show set remove" -f -a "remove" -d 'Remove one of the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l filter -d 'Only recipients that fit this filter, such as "CustomAttribute1 -ne \'Ignore\'"' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l limit -d 'Objects to list at most; all of them where nothing is said' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l monitoring -d 'List the health mailboxes, which are hidden otherwise, and no others'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l rename -d 'Give it another name' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l revision -d 'Do it only if the object is still at this revision; 0: only if there is none yet' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l revision -d 'Do it only if the object is still at this revision' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l dry-run -d 'Show what would change, and change nothing'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand administrator; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l reason -d 'For the log, and for whoever asks with `status`' -r
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand drain" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand resume" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand resume" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand top" -l interval -d 'Ask again after so many seconds, 1 to 60' -r
complete -c mailward -n "__fish_mailward_using_subcommand top" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand top" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand top" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand top" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand top" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand top" -l once -d 'Print one picture as plain text'
complete -c mailward -n "__fish_mailward_using_subcommand top" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand shell" -s c -l command -d 'Run this and end' -r
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand shell" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand shell" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand test; and not __fish_seen_subcommand_from tls" -f -a "tls" -d 'Test the TLS of servers: Heartbleed, versions, ciphers, certificate, DANE, MTA-STS'
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l targets -d 'A file with many targets; - for standard input' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l starttls -d 'What is spoken before TLS; else what is usual at the port' -r -f -a "none\t''
smtp\t''
lmtp\t''
imap\t''
pop3\t''
ldap\t''
xmpp\t''
xmpp-server\t''
sieve\t''
ftp\t''
nntp\t''
postgres\t''"
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l timeout -d 'How long one answer may take' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l ca -d 'A PEM file of roots to trust besides the system\'s' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l domain -d 'The domain whose mail the targets take, for MTA-STS; else found by their names' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l resolver -d 'A DNS server to ask; else the system\'s' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand test; and __fish_seen_subcommand_from tls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand serve" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l once -d 'End when everything was shown; the exit code is 0 only if all that was claimed was true'
complete -c mailward -n "__fish_mailward_using_subcommand demo" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand demo" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l domain -d 'The domain whose mail this node takes' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l hostname -d 'The host\'s name as other servers see it [default: mail.DOMAIN]' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l port -d 'Where mail comes in' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l bind -d 'Listen on this address only [default: all addresses]' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l objects -d 'The first objects, as `mailward export` writes them, instead of the built-in ones' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l http -d 'Where /livez, /readyz and /metrics are served' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l data-dir -d 'Store, queue, mail and logs' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l run-dir -d 'Sockets of the running node' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l certificate-dir -d 'PEM files' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l user -d 'Whom the roles run as when the manager is started by root' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l store-url -d 'The PostgreSQL database that several nodes share [default: a file of this node]' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l store-password-file -d 'The file of the database\'s password' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l allow-faults -d 'Allow faults to be injected, for drills; never on a node that carries real mail'
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l firewall -d 'Keep the host\'s firewall in step with the ranges of receive connectors that name a feed'
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l groups -d 'Keep the groups of the host as the restricted groups of policies say'
complete -c mailward -n "__fish_mailward_using_subcommand setup" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand setup" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Read the configuration and say what is wrong, with line, column and the nearest known key'
complete -c mailward -n "__fish_mailward_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Read the configuration and say what is wrong, with line, column and the nearest known key'
complete -c mailward -n "__fish_mailward_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -f -a "issue" -d 'Make a certificate for a node, and the authority where there is none yet'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and not __fish_seen_subcommand_from issue help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l dir -d 'The authority\'s folder' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l to -d 'The folder that the certificate is written to' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from issue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from help" -f -a "issue" -d 'Make a certificate for a node, and the authority where there is none yet'
complete -c mailward -n "__fish_mailward_using_subcommand authority; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand role" -l parent -d 'The manager\'s process' -r
complete -c mailward -n "__fish_mailward_using_subcommand role" -l config -d 'The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml' -r -F
complete -c mailward -n "__fish_mailward_using_subcommand role" -l socket -d 'The admin socket; else $MAILWARD_SOCKET, else that of the configuration' -r
complete -c mailward -n "__fish_mailward_using_subcommand role" -l node -d 'Have another node carry the command out' -r
complete -c mailward -n "__fish_mailward_using_subcommand role" -l as -d 'With --node, for root: on whose behalf; else whoever signed in' -r
complete -c mailward -n "__fish_mailward_using_subcommand role" -l color -d 'Colours: on a terminal (auto), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mailward -n "__fish_mailward_using_subcommand role" -l minimum -d 'Do the least that is needed: for a role that has ended again and again'
complete -c mailward -n "__fish_mailward_using_subcommand role" -l json -d 'Print the answer as JSON'
complete -c mailward -n "__fish_mailward_using_subcommand role" -s h -l help -d 'Print help'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "queue" -d 'What waits to be delivered'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "trace" -d 'Show where messages came from and what became of them'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "event" -d 'What happened here'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "audit" -d 'What administrators did'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "explain" -d 'Explain an event, a message or a repair'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "cert" -d 'Certificates'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "untrusted" -d 'Certificates that are refused wherever they are shown'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "simulate" -d 'What would happen'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "journal" -d ''
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "alert" -d 'What people are told'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "drill" -d 'Faults on purpose, to see them noticed and repaired'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "health" -d 'Tell whether this node is healthy'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "recheck" -d 'Run the probes now'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "status" -d 'Show which roles run, since when, and what they are doing'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "export" -d 'Write all objects as text'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "plan" -d 'Show what applying a file would change'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "apply" -d 'Make the objects what a file says'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "group" -d 'Groups: who belongs, who did, what an edit would change'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "recipient" -d 'Recipients of every kind'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "directory" -d 'Directories that recipients come from'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "perimeter" -d 'Who may come near: sender feeds, and whom connectors take'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "transport-settings" -d 'Transport settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "health-settings" -d 'Health settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "policy-settings" -d 'Policy settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "accepted-domain" -d 'Accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "receive-connector" -d 'Receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "sender-feed" -d 'Sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "send-connector" -d 'Send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "mailbox" -d 'Mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "mail-contact" -d 'Mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "mail-user" -d 'Mail users'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "distribution-group" -d 'Distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "dynamic-distribution-group" -d 'Dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "directory-source" -d 'Directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "journal-rule" -d 'Journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "alert-channel" -d 'Alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "monitoring-override" -d 'Monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "probe" -d 'Probes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "endpoint" -d 'Endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "untrusted-certificate" -d 'Untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "untrusted-feed" -d 'Untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "site" -d 'Sites'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "policy" -d 'Policies: what holds on every node, on those of a site, or on one'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "node" -d 'Nodes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "administrator" -d 'Administrators'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "drain" -d 'Take no new mail until resume'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "resume" -d 'Take new mail again'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "top" -d 'Watch this node live'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "shell" -d 'Manage this node with Exchange\'s commands'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "test" -d 'Test endpoints from this host'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "serve" -d 'Run this node: the manager, which starts all roles'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "demo" -d 'Show the main job in a temporary folder, accidents and repairs included'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "setup" -d 'Look at this machine, write a configuration, a certificate and the first objects'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "config" -d 'The configuration file'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "authority" -d 'The authority of this organisation\'s nodes: certificates by which they know each other'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "role" -d 'Run one role; the manager does this'
complete -c mailward -n "__fish_mailward_using_subcommand help; and not __fish_seen_subcommand_from queue trace event audit explain cert untrusted simulate journal alert drill health recheck status export plan apply group recipient directory perimeter transport-settings health-settings policy-settings accepted-domain receive-connector sender-feed send-connector mailbox mail-contact mail-user distribution-group dynamic-distribution-group directory-source journal-rule alert-channel monitoring-override probe endpoint untrusted-certificate untrusted-feed site policy node administrator drain resume top shell test serve demo setup config authority role help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "list" -d 'Show what waits in the queue'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "show" -d 'Show one message: where from, where to, and the last reply for each recipient'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "hold" -d 'Keep a message, everything for one next hop, or all that fits a filter until it is released'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "release" -d 'End a hold'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "retry" -d 'Try now what waits for another try'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "redirect" -d 'Send what waits by another send connector'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "remove" -d 'Take a message, or all that fit a filter, out of the queue for good'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "export" -d 'Write a message out as it was received'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from event" -f -a "list" -d 'List the events that happened here'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from event" -f -a "show" -d 'Show what an event means, what it breaks, how to mend it, and when it happened'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "list" -d 'List what administrators did on this node, and what was refused them'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from cert" -f -a "list" -d 'List the certificates held, and files that hold nothing usable'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from cert" -f -a "explain" -d 'Show which certificate a receive connector uses, and why not the others'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "list" -d 'List the certificates that are refused wherever they are shown'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "add" -d 'Refuse a certificate wherever it is shown'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "remove" -d 'Refuse a certificate no longer'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "test" -d 'Say whether certificates are refused, by which entry, from which feed, and what CRLs say'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "replay" -d 'Say whom the list would have refused in the past'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "feeds" -d 'Show the feeds of the untrusted list: what is in force, when it was read, why a try failed'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "diff" -d 'Show changes of untrusted feeds that wait for a person'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "approve" -d 'Put a change of an untrusted feed in force that waits for a person'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted" -f -a "refresh" -d 'Read an untrusted feed now, or every one'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from simulate" -f -a "connection" -d 'Show which receive connector would take a connection, and why not the others'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from simulate" -f -a "message" -d 'Show what would follow from a message, without sending it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "status" -d 'Show the journal targets, what waits for each, and the ledger of reports'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "pause" -d 'Send no reports to a journal target until resume'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "resume" -d 'Send reports to a journal target again'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "replay" -d 'Send again the reports of a time, where they are still known'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "verify" -d 'Check the ledger of reports, and a store of delivered reports against it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal" -f -a "simulate" -d 'Show which journal rules would fire for a message, and for each recipient why or why not'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "list" -d 'List alerts, silences and how the alert channels do'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "show" -d 'Show one alert: what broke, what was tried, what to do, who was told'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "ack" -d 'Say that you are on it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "silence" -d 'Keep alerts from being told, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "unsilence" -d 'End a silence'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "test" -d 'Send a test by the alert channels and show how it went'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "list" -d 'List the drills: faults on purpose, and what came of them last'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "run" -d 'Break something on purpose, and watch it being noticed and repaired'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "show" -d 'Show a drill that is under way or over'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "end" -d 'End the drill that is under way, and its fault'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "schedule" -d 'Run a drill by itself, again and again'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "report" -d 'Show every health set with its monitors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "items" -d 'List the probes, monitors and responders of a health set, or of every one'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "rollup" -d 'Show the health of this node\'s group as one'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "mailflow" -d 'Send a probe message, and say whether it arrived and how long that took'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "show" -d 'Show one health set with the last results of its probes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "history" -d 'Show what changed lately, and the repairs that followed'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "ledger" -d 'Show the repair ledger and what the budgets still allow'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "group" -d 'Show the other nodes of this one\'s group'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "hold" -d 'Hold a component: it takes no new mail'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "release" -d 'Release a hold on a component'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "holds" -d 'Show the holds and the state of each component'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "cancel" -d 'Cancel the announced restart of this machine'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "simulate" -d 'Show what would be done if a health set failed'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "note" -d 'Write a note on a recovery case'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "mailboxes" -d 'Show the health mailboxes and the probes that arrived in them'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "probe" -d 'Probes: what is looked at, and when'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "report-result" -d 'Report what another program saw'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "override" -d 'Switch off, for a time, what watches something'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "maintenance" -d 'Keep repairs and alerts off something, for a time'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "repairing" -d 'Say that you are repairing something'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "explain" -d 'Show every property of an item, its value in force, and where that comes from'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "forecast" -d 'Show what will break, when, and what to do'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "freeze" -d 'Hold all repair on this node until thaw'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health" -f -a "thaw" -d 'Let repair go on: end a freeze, and safe mode'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "preview" -d 'Show what an edit of a group would add and remove, by name'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "members" -d 'Show who belongs to a group, or who did at a moment in the past'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from recipient" -f -a "list" -d 'List recipients of every kind that fit a filter'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from recipient" -f -a "preview" -d 'Show whom a dynamic group with a filter would stand for'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from recipient" -f -a "import" -d 'Create and change recipients from a table: CSV or LDIF'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from recipient" -f -a "export" -d 'Print every recipient as a table: CSV or LDIF'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from directory" -f -a "sync" -d 'Recipients as a directory has them'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "status" -d 'Show the sender feeds, and whom receive connectors take from them'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "diff" -d 'Show what a change of a sender feed adds and removes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "why" -d 'Tell which feed covers an address, and which receive connector takes it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "replay" -d 'Tell which sessions of the last days a change would have refused'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "approve" -d 'Put a change of a sender feed in force that waits for a person'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "refresh" -d 'Read a sender feed now'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from perimeter" -f -a "export" -d 'Write the ranges in force for another firewall'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from transport-settings" -f -a "show" -d 'Show the transport settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from transport-settings" -f -a "set" -d 'Change the transport settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health-settings" -f -a "show" -d 'Show the health settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from health-settings" -f -a "set" -d 'Change the health settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy-settings" -f -a "show" -d 'Show the policy settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy-settings" -f -a "set" -d 'Change the policy settings'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from accepted-domain" -f -a "list" -d 'List the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from accepted-domain" -f -a "show" -d 'Show one of the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from accepted-domain" -f -a "set" -d 'Change one of the accepted domains, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from accepted-domain" -f -a "remove" -d 'Remove one of the accepted domains'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from receive-connector" -f -a "list" -d 'List the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from receive-connector" -f -a "show" -d 'Show one of the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from receive-connector" -f -a "set" -d 'Change one of the receive connectors, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from receive-connector" -f -a "remove" -d 'Remove one of the receive connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from sender-feed" -f -a "list" -d 'List the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from sender-feed" -f -a "show" -d 'Show one of the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from sender-feed" -f -a "set" -d 'Change one of the sender feeds, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from sender-feed" -f -a "remove" -d 'Remove one of the sender feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from send-connector" -f -a "list" -d 'List the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from send-connector" -f -a "show" -d 'Show one of the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from send-connector" -f -a "set" -d 'Change one of the send connectors, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from send-connector" -f -a "remove" -d 'Remove one of the send connectors'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mailbox" -f -a "list" -d 'List the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mailbox" -f -a "show" -d 'Show one of the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mailbox" -f -a "set" -d 'Change one of the mailboxes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mailbox" -f -a "remove" -d 'Remove one of the mailboxes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-contact" -f -a "list" -d 'List the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-contact" -f -a "show" -d 'Show one of the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-contact" -f -a "set" -d 'Change one of the mail contacts, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-contact" -f -a "remove" -d 'Remove one of the mail contacts'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-user" -f -a "list" -d 'List the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-user" -f -a "show" -d 'Show one of the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-user" -f -a "set" -d 'Change one of the mail users, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from mail-user" -f -a "remove" -d 'Remove one of the mail users'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from distribution-group" -f -a "list" -d 'List the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from distribution-group" -f -a "show" -d 'Show one of the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from distribution-group" -f -a "set" -d 'Change one of the distribution groups, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from distribution-group" -f -a "remove" -d 'Remove one of the distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from dynamic-distribution-group" -f -a "list" -d 'List the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from dynamic-distribution-group" -f -a "show" -d 'Show one of the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from dynamic-distribution-group" -f -a "set" -d 'Change one of the dynamic distribution groups, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from dynamic-distribution-group" -f -a "remove" -d 'Remove one of the dynamic distribution groups'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from directory-source" -f -a "list" -d 'List the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from directory-source" -f -a "show" -d 'Show one of the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from directory-source" -f -a "set" -d 'Change one of the directory sources, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from directory-source" -f -a "remove" -d 'Remove one of the directory sources'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal-rule" -f -a "list" -d 'List the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal-rule" -f -a "show" -d 'Show one of the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal-rule" -f -a "set" -d 'Change one of the journal rules, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from journal-rule" -f -a "remove" -d 'Remove one of the journal rules'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert-channel" -f -a "list" -d 'List the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert-channel" -f -a "show" -d 'Show one of the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert-channel" -f -a "set" -d 'Change one of the alert channels, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from alert-channel" -f -a "remove" -d 'Remove one of the alert channels'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from monitoring-override" -f -a "list" -d 'List the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from monitoring-override" -f -a "show" -d 'Show one of the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from monitoring-override" -f -a "set" -d 'Change one of the monitoring overrides, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from monitoring-override" -f -a "remove" -d 'Remove one of the monitoring overrides'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from probe" -f -a "list" -d 'List the probes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from probe" -f -a "show" -d 'Show one of the probes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from probe" -f -a "set" -d 'Change one of the probes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from probe" -f -a "remove" -d 'Remove one of the probes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from endpoint" -f -a "list" -d 'List the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from endpoint" -f -a "show" -d 'Show one of the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from endpoint" -f -a "set" -d 'Change one of the endpoints, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from endpoint" -f -a "remove" -d 'Remove one of the endpoints'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-certificate" -f -a "list" -d 'List the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-certificate" -f -a "show" -d 'Show one of the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-certificate" -f -a "set" -d 'Change one of the untrusted certificates, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-certificate" -f -a "remove" -d 'Remove one of the untrusted certificates'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-feed" -f -a "list" -d 'List the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-feed" -f -a "show" -d 'Show one of the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-feed" -f -a "set" -d 'Change one of the untrusted feeds, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from untrusted-feed" -f -a "remove" -d 'Remove one of the untrusted feeds'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from site" -f -a "list" -d 'List the sites'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from site" -f -a "show" -d 'Show one of the sites'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from site" -f -a "set" -d 'Change one of the sites, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from site" -f -a "remove" -d 'Remove one of the sites'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "result" -d 'Show what policies come to on a node: what holds, from which object, and what lost'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "revert" -d 'Take back the last change of a policy'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "refresh" -d 'Make the groups of this host what policies say, now'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "import" -d 'Make policies of the restricted groups of Windows\' group policies'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "export" -d 'Write a policy\'s restricted groups as a GptTmpl.inf'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "list" -d 'List the policies'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "show" -d 'Show one of the policies'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "set" -d 'Change one of the policies, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "remove" -d 'Remove one of the policies'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "list" -d 'List the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "show" -d 'Show one of the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "set" -d 'Change one of the nodes, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "remove" -d 'Remove one of the nodes'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from administrator" -f -a "list" -d 'List the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from administrator" -f -a "show" -d 'Show one of the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from administrator" -f -a "set" -d 'Change one of the administrators, or create it'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from administrator" -f -a "remove" -d 'Remove one of the administrators'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from test" -f -a "tls" -d 'Test the TLS of servers: Heartbleed, versions, ciphers, certificate, DANE, MTA-STS'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Read the configuration and say what is wrong, with line, column and the nearest known key'
complete -c mailward -n "__fish_mailward_using_subcommand help; and __fish_seen_subcommand_from authority" -f -a "issue" -d 'Make a certificate for a node, and the authority where there is none yet'
