//! A command line in Exchange's spelling, `mailward Get-Mailbox -Monitoring`, handed to the shell.
//!
//! Never here: which names there are. They stand in the table of operations.

use std::ffi::OsString;

use mailward_api::operation::cmdlet;

/// Options of every command that are followed by a value.
const WITH_VALUE: [&str; 5] = ["--config", "--socket", "--node", "--as", "--color"];

/// Verbs that a command of Exchange may begin with. Only these make a word an Exchange name that is
/// not known: our own nouns have hyphens too.
const VERBS: [&str; 18] = [
    "add", "clear", "disable", "enable", "export", "get", "import", "invoke", "new", "redirect",
    "remove", "restart", "resume", "retry", "search", "set", "suspend", "test",
];

/// Whether a word is a command's name in Exchange's spelling, known or not.
fn is_name(word: &str) -> bool {
    let Some((verb, noun)) = word.split_once('-') else {
        return false;
    };
    let is_noun = !noun.is_empty() && noun.bytes().all(|octet| octet.is_ascii_alphanumeric());
    cmdlet::find(word).is_some() || (is_noun && VERBS.contains(&verb.to_ascii_lowercase().as_str()))
}

/// The command line to be read in place of this one. What is not in Exchange's spelling stays as it
/// is.
pub fn respell(line: Vec<OsString>) -> Vec<OsString> {
    let mut words: Vec<String> = Vec::with_capacity(line.len());
    for word in &line {
        match word.to_str() {
            Some(word) => words.push(word.to_owned()),
            // No name and no parameter of ours has such octets.
            None => return line,
        }
    }
    // The program's own name comes first.
    let mut at = 1;
    while let Some(word) = words.get(at).filter(|word| word.starts_with("--")) {
        at += if WITH_VALUE.contains(&word.as_str()) {
            2
        } else {
            1
        };
    }
    let (Some(before), Some(command), Some(rest)) =
        (words.get(..at), words.get(at), words.get(at + 1..))
    else {
        return line;
    };
    if !is_name(command) {
        return line;
    }
    // The options of every command are spelt our way, wherever they stand.
    let mut ours: Vec<String> = before.to_vec();
    let mut text = command.clone();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        if word.starts_with("--") {
            ours.push(word.clone());
            if WITH_VALUE.contains(&word.as_str()) {
                ours.extend(rest.next().cloned());
            }
            continue;
        }
        text.push(' ');
        text.push_str(&match word.as_str() {
            "-h" => "-?".to_owned(),
            word => as_typed(word),
        });
    }
    ours.push("shell".to_owned());
    ours.push(format!("--command={text}"));
    ours.into_iter().map(OsString::from).collect()
}

/// A word as it is typed within the shell: what the outer shell has taken the quotes from gets them
/// again.
fn as_typed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.:/@$,*+=?".contains(c);
    if let Some(name) = word.strip_prefix('-')
        && let Some((name, value)) = name.split_once(':')
        && !value.is_empty()
    {
        return format!("-{name}:{}", as_typed(value));
    }
    // A filter in braces is one already.
    let is_block = word.starts_with('{') && word.ends_with('}');
    if is_block || (!word.is_empty() && word.chars().all(plain)) {
        return word.to_owned();
    }
    format!(
        "'{}'",
        word.replace('\'', "''")
            .replace('‘', "‘‘")
            .replace('’', "’’")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelt(words: &[&str]) -> Vec<String> {
        let words = words.iter().map(OsString::from).collect();
        let words = respell(words);
        words
            .iter()
            .filter_map(|word| word.to_str().map(str::to_owned))
            .collect()
    }

    #[test]
    fn only_exchanges_spelling_is_changed() {
        for same in [
            "mailward",
            "mailward --json",
            "mailward queue list --limit 7",
            "mailward receive-connector show Internet",
            "mailward --socket Get-ServerHealth health",
            "mailward health-settings show",
        ] {
            let words: Vec<&str> = same.split(' ').collect();
            assert_eq!(respelt(&words), words);
        }
        assert_eq!(
            respelt(&[
                "mailward",
                "--socket",
                "/run/x",
                "get-serverhealth",
                "-Health",
                "Queue",
                "--color",
                "never",
                "--json"
            ]),
            [
                "mailward",
                "--socket",
                "/run/x",
                "--color",
                "never",
                "--json",
                "shell",
                "--command=get-serverhealth -Health Queue"
            ]
        );
        assert_eq!(
            respelt(&["mailward", "Get-Nonsense"]),
            ["mailward", "shell", "--command=Get-Nonsense"]
        );
    }

    #[test]
    fn quotes_that_the_outer_shell_took_are_given_back() {
        for (word, expect) in [
            ("anna@example.org", "anna@example.org"),
            ("$true", "$true"),
            ("a,b", "a,b"),
            ("Anna Berg", "'Anna Berg'"),
            ("O'Brien", "'O''Brien'"),
            ("", "''"),
            ("-Monitoring:$false", "-Monitoring:$false"),
            ("-Name:Anna Berg", "-Name:'Anna Berg'"),
            ("{Name -like 'a'}", "{Name -like 'a'}"),
            ("x;y", "'x;y'"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(as_typed(word), expect);
        }
    }
}
