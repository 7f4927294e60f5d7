//! Man pages and shell completions of a command tree.

use clap::Command;
use clap_complete::Shell;

/// A man page for the command and one for each command below it: file name and roff text.
///
/// # Errors
/// Never in practice: the pages are written to memory.
pub fn man_pages(command: &Command) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    let mut root = command.clone().disable_help_subcommand(true);
    root.build();
    page(&root, root.get_name(), &mut pages)?;
    Ok(pages)
}

fn page(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let title = name.to_ascii_uppercase();
    let mut roff = Vec::new();
    // Built, a command knows its full name: `mailward queue list`.
    clap_mangen::Man::new(command.clone())
        .title(title)
        .section("8")
        // A date would make every build a new document.
        .date("")
        .manual("Mailward")
        .source(concat!("mailward ", env!("CARGO_PKG_VERSION")))
        .render(&mut roff)?;
    pages.push((format!("{name}.8"), roff));
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        page(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

/// Completions for bash, fish and zsh: file name and script.
pub fn completions(command: &Command) -> Vec<(String, Vec<u8>)> {
    [Shell::Bash, Shell::Fish, Shell::Zsh]
        .into_iter()
        .map(|shell| {
            let mut script = Vec::new();
            let mut command = command.clone();
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, &name, &mut script);
            let file = match shell {
                Shell::Zsh => format!("_{name}"),
                Shell::Fish => format!("{name}.fish"),
                _ => format!("{name}.bash"),
            };
            (file, script)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_a_completion() {
        let command = crate::command();
        let pages = man_pages(&command).unwrap();
        for name in [
            "mailward.8",
            "mailward-queue-list.8",
            "mailward-health-report.8",
        ] {
            assert!(pages.iter().any(|(page, _)| page == name), "{name}");
        }
        assert!(!pages.iter().any(|(page, _)| page.contains("help")));
        let scripts = completions(&command);
        assert_eq!(scripts.len(), 3);
        for (name, script) in scripts {
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("receive-connector"), "{name}");
        }
    }
}
