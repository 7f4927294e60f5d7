//! Repository chores: `cargo xtask tidy` checks the order of the house and the links between the
//! documents, `cargo xtask docs` writes the generated ones. Never shipped.
#![forbid(unsafe_code)]

use std::{path::Path, process::ExitCode};

mod docs;
mod health;
mod links;
mod reference;
mod shell;
mod states;
mod tidy;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap_or(root);
    let word = std::env::args().nth(1);
    let problems = match word.as_deref() {
        Some("tidy") => {
            let mut problems = tidy::check(&root);
            problems.extend(links::check(&root));
            problems
        }
        Some("docs") => docs::write(&root),
        _ => vec!["usage: cargo xtask tidy | docs".to_owned()],
    };
    for problem in &problems {
        report(problem);
    }
    if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a chore speaks to the person at the terminal"
)]
fn report(problem: &str) {
    eprintln!("{problem}");
}
