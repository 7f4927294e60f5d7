//! A command line in Exchange's spelling, turned into ours before it is read.
//!
//! Never here: which names there are. They stand in the table of operations.

use std::ffi::OsString;

use mailward_api::operation::exchange::{ExchangeError, Translated, translate};

/// Options of every command that are followed by a value.
const WITH_VALUE: [&str; 3] = ["--config", "--socket", "--color"];

/// The command line to be read in place of this one. What is not in Exchange's spelling stays as it
/// is.
///
/// # Errors
/// A name of Exchange's kind, or one of its parameters, is not known.
pub fn respell(line: Vec<OsString>) -> Result<Vec<OsString>, ExchangeError> {
    let mut words: Vec<String> = Vec::with_capacity(line.len());
    for word in &line {
        match word.to_str() {
            Some(word) => words.push(word.to_owned()),
            // No name and no parameter of ours has such octets.
            None => return Ok(line),
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
        return Ok(line);
    };
    let Some(translated) = translate(command, rest, &WITH_VALUE) else {
        return Ok(line);
    };
    let Translated { name, line } = translated?;
    let before = before.iter().map(OsString::from);
    let name = OsString::from(format!("--exchange={name}"));
    Ok(before
        .chain([name])
        .chain(line.into_iter().map(OsString::from))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelt(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let words = respell(words).unwrap();
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        words.join(" ")
    }

    #[test]
    fn only_exchanges_spelling_is_changed() {
        for same in [
            "mailward",
            "mailward --json",
            "mailward queue list --limit 7",
            "mailward receive-connector show Internet",
            "mailward --socket Get-ServerHealth health",
        ] {
            assert_eq!(respelt(same), same);
        }
        assert_eq!(
            respelt("mailward --socket /run/x get-serverhealth -Health Queue --color never --json"),
            "mailward --socket /run/x --exchange=Get-ServerHealth health report --set=Queue --color never --json"
        );
        let unknown = ["mailward", "Get-Nonsense"].map(OsString::from).to_vec();
        assert!(respell(unknown).is_err());
    }
}
