//! The `mcppolicy` command.

fn main() {}
