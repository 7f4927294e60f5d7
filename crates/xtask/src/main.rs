//! Repository chores: tidy checks and generated documents; never shipped.

fn main() {}
