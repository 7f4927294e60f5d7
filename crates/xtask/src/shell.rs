//! The generated page of the handbook on the management shell: Exchange's commands, ours, the
//! differences, and which parameter fills which field.

use std::fmt::Write as _;

use mailward_api::operation::{
    Op,
    cmdlet::{self, ABSENT, Act, Cmdlet, Target},
};
use mailward_model::Kind;

use crate::reference::NOTE;

/// The page.
pub(crate) fn page() -> String {
    let mut page = format!(
        "{NOTE}# Reference: the management shell\n\n\
         Every command with the one of ours that does the same, and how it differs from Exchange's.\n\
         [21-shell.md](21-shell.md) says how the shell is used.\n\n\
         | Exchange | here | differences |\n|---|---|---|\n"
    );
    let exchange = |one: &&Cmdlet| one.differs.is_some();
    let mut before = "";
    for one in cmdlet::all().iter().filter(exchange) {
        let alias = one.alias.as_ref();
        let alias = alias.map_or_else(String::new, |alias| format!(", `{alias}`"));
        // Said once for a noun.
        let differs = one.differs.unwrap_or_default();
        let said = if differs == before {
            "as above"
        } else {
            differs
        };
        before = differs;
        let _ = writeln!(
            page,
            "| `{}`{alias} | {} | {} |",
            one.name,
            ours(one),
            said.replace('|', "\\|")
        );
    }
    page.push_str("\n## Not here\n\n| Exchange | instead |\n|---|---|\n");
    for (name, instead) in ABSENT {
        let _ = writeln!(page, "| `{name}` | {instead} |");
    }
    page.push_str("\n## Of Mailward alone\n\n| command | the same as |\n|---|---|\n");
    for one in cmdlet::all().iter().filter(|one| one.differs.is_none()) {
        let _ = writeln!(page, "| `{}` | {} |", one.name, ours(one));
    }
    page.push_str(
        "\n## Parameters and fields\n\n\
         A parameter fills the field of the object behind it; [reference-objects.md](reference-objects.md) says what\n\
         each field means. What is spelt the same is left out: `-MaxReceiveSize` is `max_receive_size`.\n\n\
         | commands | parameter: field |\n|---|---|\n",
    );
    for kind in Kind::ALL {
        let find = |act: fn(Kind) -> Act| {
            let mut all = cmdlet::all().iter();
            all.find(|one| one.act == act(*kind) && one.fixed.is_empty())
        };
        let Some(one) = find(Act::Create).or_else(|| find(Act::Change)) else {
            continue;
        };
        let fields: Vec<String> = one.parameters.iter().filter_map(filled).collect();
        if !fields.is_empty() {
            let _ = writeln!(
                page,
                "| `New-`, `Set-{}` | {} |",
                one.noun(),
                fields.join(", ")
            );
        }
    }
    page
}

/// The commands of ours that do the same.
fn ours(cmdlet: &Cmdlet) -> String {
    let of_kind = |kind: Kind, ops: &[Op]| {
        let words = ops.iter().filter_map(|op| op.definition().words.last());
        let words: Vec<String> = words
            .map(|verb| format!("`{} {verb}`", kind.noun()))
            .collect();
        words.join(", ")
    };
    match cmdlet.act {
        Act::List(kind) if kind.is_singleton() => of_kind(kind, &[Op::ObjectShow]),
        Act::List(kind) => of_kind(kind, &[Op::ObjectList, Op::ObjectShow]),
        Act::Create(kind) | Act::Change(kind) => of_kind(kind, &[Op::ObjectSet]),
        Act::Remove(kind) => of_kind(kind, &[Op::ObjectRemove]),
        Act::Look(op) | Act::Do(op) => {
            let mut ops = vec![op];
            for parameter in &cmdlet.parameters {
                match parameter.target {
                    Target::Operation(words) => ops.extend(words.iter().map(|(_, op, _)| *op)),
                    Target::Instead(_, op) | Target::Other(op) => ops.push(op),
                    _ => {}
                }
            }
            let mut names: Vec<String> = Vec::new();
            for op in ops {
                let name = format!("`{}`", op.definition().words.join(" "));
                let name = name.replace("{kind}", "distribution-group");
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.join(", ")
        }
    }
}

/// A parameter and its field, where they are not spelt the same.
fn filled(parameter: &cmdlet::Parameter) -> Option<String> {
    match &parameter.target {
        Target::Spec(field) => {
            let squeezed = field.replace('_', "");
            let same = parameter.name.eq_ignore_ascii_case(&squeezed);
            (!same).then(|| format!("`-{}`: `{field}`", parameter.name))
        }
        Target::Word(field, yes, _) => {
            Some(format!("`-{}`: `{field} = \"{yes}\"`", parameter.name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_exchange_has_its_line() {
        let page = page();
        for part in [
            "| `Get-Mailbox` | `mailbox list`, `mailbox show` |",
            "| `Get-ExchangeCertificate`, `Get-Certificate` | `cert list` |",
            "`health hold`, `health release`",
            "`-JournalEmailAddress`: `journal_address`",
            "| `Get-EventLogLevel` |",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        for one in cmdlet::all() {
            assert!(page.contains(&format!("| `{}`", one.name)), "{}", one.name);
        }
        for (name, _) in ABSENT {
            assert!(cmdlet::find(name).is_none(), "{name} is here after all");
        }
    }
}
