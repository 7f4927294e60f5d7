//! The mailward executable: roles, supervision, setup and the demo.

fn main() {}
