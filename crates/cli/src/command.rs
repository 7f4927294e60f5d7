//! The command tree, made from the table of operations.

use clap::{Arg, ArgAction, ArgMatches, Command};
use mailward_api::operation::{Media, Op, cmdlet};
use mailward_model::Kind;
use serde_json::{Map, Value};

/// Where help lists the options that every command has.
const GLOBAL: &str = "Options of every command";

/// What every command's help ends with.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or the answer is bad news (health)
  2  wrong usage
  3  Mailward cannot be reached
  4  refused, or in conflict with someone else's change";

/// The operator's commands: `mailward queue list` and so on. Further commands may be added to it.
pub fn command() -> Command {
    let mut root = Command::new("mailward")
        .about("A mail edge for organisations")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(EXIT_CODES)
        .arg(
            Arg::new("json")
                .long("json")
                .global(true)
                .help_heading(GLOBAL)
                .action(ArgAction::SetTrue)
                .help("Print the answer as JSON"),
        )
        .arg(
            Arg::new("config")
                .long("config")
                .global(true)
                .help_heading(GLOBAL)
                .value_name("FILE")
                .value_parser(clap::value_parser!(std::path::PathBuf))
                .help("The configuration; else $MAILWARD_CONFIG, else /etc/mailward/mailward.toml"),
        )
        .arg(
            Arg::new("socket")
                .long("socket")
                .global(true)
                .help_heading(GLOBAL)
                .value_name("PATH")
                .help("The admin socket; else $MAILWARD_SOCKET, else that of the configuration"),
        )
        .arg(
            Arg::new("on_node")
                .long("node")
                .global(true)
                .help_heading(GLOBAL)
                .value_name("NAME")
                .help("Have another node carry the command out"),
        )
        .arg(
            Arg::new("as_user")
                .long("as")
                .global(true)
                .requires("on_node")
                .help_heading(GLOBAL)
                .value_name("USER")
                .help("With --node, for root: on whose behalf; else whoever signed in"),
        )
        .arg(
            Arg::new("color")
                .long("color")
                .global(true)
                .help_heading(GLOBAL)
                .value_name("WHEN")
                .value_parser(["auto", "always", "never"])
                .default_value("auto")
                .help("Colours: on a terminal (auto), always or never"),
        );
    for op in Op::ALL {
        root = match op.definition().words {
            [word] => {
                let leaf = leaf(*op, word, None);
                // A noun that is a command itself and has further ones: `health`, `health report`.
                root.subcommand(
                    leaf.subcommand_required(false)
                        .args_conflicts_with_subcommands(true),
                )
            }
            ["{kind}", verb] => {
                Kind::ALL
                    .iter()
                    .filter(|kind| offered(*op, **kind))
                    .fold(root, |root, kind| {
                        add(
                            root,
                            kind.noun(),
                            &about_kind(*kind),
                            leaf(*op, verb, Some(*kind)),
                        )
                    })
            }
            [noun, verb] => add(root, noun, about_noun(noun), leaf(*op, verb, None)),
            [noun, part, verb] => {
                let root = match root.find_subcommand(noun) {
                    Some(_) => root,
                    None => root.subcommand(noun_of(noun, about_noun(noun))),
                };
                root.mut_subcommand(noun, |command| {
                    add(command, part, about_noun(part), leaf(*op, verb, None))
                })
            }
            _ => root,
        };
    }
    root.subcommand(crate::top::command())
        .subcommand(crate::shell::command())
        .subcommand(crate::test::command())
}

/// Settings of which there is one object are neither listed nor removed.
fn offered(op: Op, kind: Kind) -> bool {
    !kind.is_singleton() || matches!(op, Op::ObjectShow | Op::ObjectSet)
}

/// Adds a leaf under a noun, which is made where it does not exist.
fn add(root: Command, noun: &'static str, about: &str, leaf: Command) -> Command {
    if root.find_subcommand(noun).is_some() {
        // What the noun needs where it is a command itself, those below it do not.
        return root.mut_subcommand(noun, |command| {
            command.subcommand_negates_reqs(true).subcommand(leaf)
        });
    }
    root.subcommand(noun_of(noun, about).subcommand(leaf))
}

/// A noun by itself says which commands it has.
fn noun_of(noun: &'static str, about: &str) -> Command {
    Command::new(noun)
        .about(about.to_owned())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
}

fn about_noun(noun: &str) -> &'static str {
    match noun {
        "queue" => "What waits to be delivered",
        "event" => "What happened here",
        "audit" => "What administrators did",
        "cert" => "Certificates",
        "directory" => "Directories that recipients come from",
        "sync" => "Recipients as a directory has them",
        "untrusted" => "Certificates that are refused wherever they are shown",
        "drill" => "Faults on purpose, to see them noticed and repaired",
        "group" => "Groups: who belongs, who did, what an edit would change",
        "recipient" => "Recipients of every kind",
        "policy" => "Policies: what holds on every node, on those of a site, or on one",
        "perimeter" => "Who may come near: sender feeds, and whom connectors take",
        "simulate" => "What would happen",
        "probe" => "Probes: what is looked at, and when",
        "alert" => "What people are told",
        _ => "",
    }
}

fn about_kind(kind: Kind) -> String {
    let plural = kind.plural();
    let mut letters = plural.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn leaf(op: Op, word: &'static str, kind: Option<Kind>) -> Command {
    let definition = op.definition();
    let prose = |text: &str| match kind {
        // There is one object of the kind: it is shown and changed, not created.
        Some(kind) if kind.is_singleton() => text
            .replace("one of the {plural}", &format!("the {}", kind.plural()))
            .replace(", or create it", ""),
        Some(kind) => text.replace("{plural}", kind.plural()),
        None => text.to_owned(),
    };
    let mut command = op
        .augment(Command::new(word))
        .about(prose(definition.summary));
    // clap takes a struct's own doc comment for the long help; ours stands in the table.
    let help = definition.help();
    command = if help.is_empty() {
        command.long_about(None)
    } else {
        command.long_about(prose(&format!("{}\n\n{help}", definition.summary)))
    };
    let usage = cmdlet::usages(op, kind);
    if !usage.is_empty() {
        command = command.after_help(format!("Exchange's name: {}", usage.join(", ")));
    }
    if let Some(kind) = kind {
        command = for_kind(op, command, kind);
    }
    if definition.media == Media::Message {
        command = command.arg(
            Arg::new("output")
                .long("output")
                .short('o')
                .value_name("FILE")
                .help("Write to this file, which must not exist yet"),
        );
    }
    if matches!(op, Op::Apply | Op::RecipientImport) {
        command = command.arg(
            Arg::new("yes")
                .long("yes")
                .short('y')
                .action(ArgAction::SetTrue)
                .help("Do not ask"),
        );
    }
    command
}

/// What an object command of one kind does not need is not offered.
fn for_kind(op: Op, command: Command, kind: Kind) -> Command {
    let command = if kind.is_singleton() {
        // There is one object, and its name is known.
        command.mut_arg("name", |name| {
            name.long("name")
                .required(false)
                .default_value("default")
                .hide(true)
        })
    } else {
        command
    };
    if op == Op::ObjectList && kind != Kind::Mailbox {
        return command.mut_arg("monitoring", |monitoring| monitoring.hide(true));
    }
    command
}

/// A command as it was given: the operation, its fields, and the matches of its own arguments.
pub(crate) struct Given<'a> {
    pub(crate) op: Op,
    pub(crate) fields: Map<String, Value>,
    pub(crate) matches: &'a ArgMatches,
}

/// The operation that was asked for; `None` where the command is not one of the operations.
pub(crate) fn given(matches: &ArgMatches) -> Option<Result<Given<'_>, clap::Error>> {
    let (op, kind, matches) = find(matches)?;
    let fields = op.fields(matches).map(|fields| {
        let mut fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if let Some(kind) = kind {
            fields.insert("kind".to_owned(), kind.table().into());
        }
        Given {
            op,
            fields,
            matches,
        }
    });
    Some(fields)
}

fn find(matches: &ArgMatches) -> Option<(Op, Option<Kind>, &ArgMatches)> {
    let (first, inner) = matches.subcommand()?;
    let second = inner.subcommand();
    let kind = Kind::ALL.iter().copied().find(|kind| kind.noun() == first);
    Op::ALL
        .iter()
        .copied()
        .find_map(|op| match (op.definition().words, second) {
            ([noun, verb, word], Some((second, inner))) if *noun == first && *verb == second => {
                let (third, leaf) = inner.subcommand()?;
                (third == *word).then_some((op, None, leaf))
            }
            ([noun, verb], Some((second, leaf)))
                if *noun == first && *verb == second && leaf.subcommand().is_some() =>
            {
                None
            }
            ([word], None) if *word == first => Some((op, None, inner)),
            (["{kind}", verb], Some((second, leaf))) if *verb == second => {
                kind.map(|kind| (op, Some(kind), leaf))
            }
            ([noun, verb], Some((second, leaf))) if *noun == first && *verb == second => {
                Some((op, None, leaf))
            }
            ([noun, part, verb], Some((second, inner))) if *noun == first && *part == second => {
                let (third, leaf) = inner.subcommand()?;
                (*verb == third).then_some((op, None, leaf))
            }
            _ => None,
        })
}

/// True where the command is one of the operations, and [`crate::run`] will carry it out.
pub fn is_operation(matches: &ArgMatches) -> bool {
    find(matches).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound_and_has_every_operation() {
        command().debug_assert();
        for op in Op::ALL {
            let kinds: Vec<Option<Kind>> = match op.definition().words {
                ["{kind}", _] => Kind::ALL
                    .iter()
                    .filter(|kind| offered(*op, **kind))
                    .copied()
                    .map(Some)
                    .collect(),
                _ => vec![None],
            };
            for kind in kinds {
                let mut here = command();
                for word in op.definition().words {
                    let word = match (*word, kind) {
                        ("{kind}", Some(kind)) => kind.noun(),
                        (word, _) => word,
                    };
                    here = here.find_subcommand(word).unwrap().clone();
                }
                assert!(
                    !here.get_about().unwrap().to_string().contains('{'),
                    "{op:?}"
                );
            }
        }
    }

    fn asked(line: &str) -> (Op, Map<String, Value>) {
        let matches = command().try_get_matches_from(line.split(' ')).unwrap();
        let given = given(&matches).unwrap().unwrap();
        (given.op, given.fields)
    }

    #[test]
    fn lines_become_operations() {
        for (line, op, field, value) in [
            (
                "mailward queue list --limit 7",
                Op::QueueList,
                "limit",
                Value::from(7),
            ),
            ("mailward health", Op::Health, "", Value::Null),
            (
                "mailward health report --json",
                Op::HealthReport,
                "",
                Value::Null,
            ),
            (
                "mailward health probe run mailflow/Internet --trace",
                Op::HealthProbeRun,
                "name",
                "mailflow/Internet".into(),
            ),
            (
                "mailward health probe list imap",
                Op::HealthProbeList,
                "filter",
                "imap".into(),
            ),
            (
                "mailward health report-result sync fail --text late",
                Op::HealthReportResult,
                "result",
                "fail".into(),
            ),
            (
                "mailward health override disk --for 2h --reason x",
                Op::HealthOverride,
                "span",
                "2h".into(),
            ),
            (
                "mailward health override add disk interval=1m --for 7d --reason x",
                Op::HealthOverrideAdd,
                "span",
                "7d".into(),
            ),
            (
                "mailward health override remove disk.interval",
                Op::HealthOverrideRemove,
                "name",
                "disk.interval".into(),
            ),
            (
                "mailward alert silence receive/* --for 30m --reason x",
                Op::AlertSilence,
                "span",
                "30m".into(),
            ),
            (
                "mailward alert list --all",
                Op::AlertList,
                "all",
                true.into(),
            ),
            (
                "mailward alert ack case-1 --note x",
                Op::AlertAck,
                "note",
                "x".into(),
            ),
            ("mailward alert test", Op::AlertTest, "", Value::Null),
            (
                "mailward health override disk --on",
                Op::HealthOverride,
                "on",
                true.into(),
            ),
            (
                "mailward mailbox list --monitoring",
                Op::ObjectList,
                "monitoring",
                true.into(),
            ),
            (
                "mailward mailbox list",
                Op::ObjectList,
                "kind",
                "mailbox".into(),
            ),
            (
                "mailward receive-connector show Internet",
                Op::ObjectShow,
                "kind",
                "receive_connector".into(),
            ),
            (
                "mailward transport-settings show",
                Op::ObjectShow,
                "name",
                "default".into(),
            ),
            (
                "mailward transport-settings set delay_notification=2h",
                Op::ObjectSet,
                "name",
                "default".into(),
            ),
            (
                "mailward simulate connection --from 192.0.2.7 --to :25",
                Op::SimulateConnection,
                "from",
                "192.0.2.7".into(),
            ),
            (
                "mailward explain 12014",
                Op::Explain,
                "what",
                "12014".into(),
            ),
            (
                "mailward trace --from example.org --since 2h",
                Op::Trace,
                "since",
                "2h".into(),
            ),
            (
                "mailward drain",
                Op::Drain,
                "reason",
                "drained by an administrator".into(),
            ),
        ] {
            let (found, fields) = asked(line);
            assert_eq!(found, op, "{line}");
            if !field.is_empty() {
                assert_eq!(fields.get(field), Some(&value), "{line}");
            }
        }
    }

    #[test]
    fn wrong_usage_is_found_before_anything_is_asked() {
        for line in [
            "mailward",
            "mailward queue",
            "mailward queue show nonsense",
            "mailward queue hold nonsense",
            "mailward trace --since yesterday",
            "mailward trace --limit 0",
            "mailward simulate connection --from nowhere --to :25",
            "mailward mailbox set Anna",
            "mailward mailbox set Anna hidden",
            "mailward apply /nonexistent/file",
            "mailward event list --level loud",
            "mailward health override disk",
            "mailward health override disk --for ever --reason x",
        ] {
            let error = command().try_get_matches_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn further_commands_can_be_added() {
        let all = command().subcommand(Command::new("serve"));
        all.clone().debug_assert();
        let matches = all.try_get_matches_from(["mailward", "serve"]).unwrap();
        assert!(!is_operation(&matches));
    }
}
