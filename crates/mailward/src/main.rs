//! The mailward executable. Everything is in the library beside it.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    mailward::main()
}
