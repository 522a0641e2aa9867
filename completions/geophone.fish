# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_geophone_global_optspecs
    string join \n h/help V/version
end

function __fish_geophone_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_geophone_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_geophone_using_subcommand
    set -l cmd (__fish_geophone_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c geophone -n "__fish_geophone_needs_command" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_needs_command" -s V -l version -d 'Print version'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "run" -d 'Watch live interfaces until stopped'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "read" -d 'Look at capture files (pcap, pcapng; plain, gzip or zstd); `read demo` needs none'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "check" -d 'Validate configuration and rules, and name every fault'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "rules" -d 'Show and test the rules in force'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "devices" -d 'List capture interfaces, and whether this user may capture'
complete -c geophone -n "__fish_geophone_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c geophone -n "__fish_geophone_using_subcommand run" -s c -l config -d 'Configuration file; without it the built-in defaults' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand run" -s i -l interface -d 'Interface to capture on, instead of the configured ones; may be repeated' -r
complete -c geophone -n "__fish_geophone_using_subcommand run" -l web.listen-address -d 'Address of metrics, instead of the configured one' -r
complete -c geophone -n "__fish_geophone_using_subcommand run" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand read" -s c -l config -d 'Configuration file; without it the built-in defaults' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand read" -l events -d 'Write events as JSON lines to this file, `-` for standard output' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand read" -l summary -d 'What to print about the whole' -r -f -a "none\t'Nothing'
json\t'One JSON object'
table\t'A table of who mines for whom'"
complete -c geophone -n "__fish_geophone_using_subcommand read" -s f -l filter -d 'BPF expression that frames must match' -r
complete -c geophone -n "__fish_geophone_using_subcommand read" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c geophone -n "__fish_geophone_using_subcommand check" -s c -l config -d 'Configuration file; without it the built-in defaults' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand check" -l dump -d 'Print the configuration in force, defaults included'
complete -c geophone -n "__fish_geophone_using_subcommand check" -s q -l quiet -d 'Print faults and warnings alone'
complete -c geophone -n "__fish_geophone_using_subcommand check" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and not __fish_seen_subcommand_from import list test help" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and not __fish_seen_subcommand_from import list test help" -f -a "import" -d 'Make a host list of feeds: hosts files, filter lists, zones and others'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and not __fish_seen_subcommand_from import list test help" -f -a "list" -d 'List detection rules and known pools'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and not __fish_seen_subcommand_from import list test help" -f -a "test" -d 'Run the samples in rule files through the sensor'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and not __fish_seen_subcommand_from import list test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -s c -l config -d 'Configuration file; the rules in force say which names are allowed' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l format -d 'How the feeds are written, instead of what their content tells' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l name -d 'Word for the feed in the list, instead of the first file\'s name' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l category -d 'What kind of hosts they are' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l group -d 'Whether they are in service (current or legacy), where a feed does not say' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l match -d 'What names cover (exact or suffix), instead of what the format says' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l columns -d 'Columns of a table by number, as domain=1,port=2' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l expires -d 'Last day they are worth something, as 2027-01-31' -r
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -s o -l output -d 'Write the list to this file, replacing it whole; without it to standard output' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l allow -d 'Take the hosts as ones that are not to be reported'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -l force -d 'Replace the file even with an empty list or one of less than half as many names'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Name the first refusals of each reason'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from list" -s c -l config -d 'Configuration file; without it the built-in defaults' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from test" -s c -l config -d 'Configuration file; without it the built-in defaults' -r -F
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "import" -d 'Make a host list of feeds: hosts files, filter lists, zones and others'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "list" -d 'List detection rules and known pools'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "test" -d 'Run the samples in rule files through the sensor'
complete -c geophone -n "__fish_geophone_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c geophone -n "__fish_geophone_using_subcommand devices" -s h -l help -d 'Print help'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "run" -d 'Watch live interfaces until stopped'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "read" -d 'Look at capture files (pcap, pcapng; plain, gzip or zstd); `read demo` needs none'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "check" -d 'Validate configuration and rules, and name every fault'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "rules" -d 'Show and test the rules in force'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "devices" -d 'List capture interfaces, and whether this user may capture'
complete -c geophone -n "__fish_geophone_using_subcommand help; and not __fish_seen_subcommand_from run read check rules devices help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c geophone -n "__fish_geophone_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "import" -d 'Make a host list of feeds: hosts files, filter lists, zones and others'
complete -c geophone -n "__fish_geophone_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "list" -d 'List detection rules and known pools'
complete -c geophone -n "__fish_geophone_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "test" -d 'Run the samples in rule files through the sensor'
