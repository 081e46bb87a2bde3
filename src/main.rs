//! The `mcppolicy` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcppolicy::cli::main()
}
