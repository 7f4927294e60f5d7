//! Pages as people read them: found by number or name, printed with what happened lately.

use std::fmt::Write as _;

use super::{CATALOGUE, Page};
use crate::log::Record;

/// Finds a page by number (`12014`) or by name (`CertificateMissing`, `certificate-missing`).
pub fn find(what: &str) -> Option<&'static Page> {
    let what = what.trim();
    if let Ok(number) = what.parse::<u16>() {
        return CATALOGUE.iter().find(|page| page.number == number);
    }
    let squeezed = what.replace(['-', '_', ' ', '.'], "");
    CATALOGUE
        .iter()
        .find(|page| page.name.eq_ignore_ascii_case(&squeezed))
}

/// The page as text, with the records of that event given in `recent` (oldest first) below it.
pub fn explain(page: &Page, recent: &[Record]) -> String {
    let mut text = format!(
        "{} {} ({})\n{}\n\nWhat it means\n  {}\n\nWhat it breaks\n  {}\n\nHow to mend it\n  {}\n",
        page.number,
        page.name,
        page.level,
        page.message.replace(['{', '}'], ""),
        page.meaning,
        page.breaks,
        page.mend
    );
    let mine = recent.iter().filter(|record| record.number == page.number);
    let mut heading = "\nWhat happened lately\n";
    for record in mine {
        // Writing to a String does not fail.
        let _ = write!(text, "{heading}  {} {}", record.time, record.message);
        let _ = match record.repeated {
            Some(times) => writeln!(text, " (repeated {times} times)"),
            None => writeln!(text),
        };
        heading = "";
    }
    if !heading.is_empty() {
        text.push_str("\nIt has not happened here lately.\n");
    }
    text
}
