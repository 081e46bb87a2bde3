//! The `mcppolicy` command.

use std::process::ExitCode;
use std::thread;

/// That of musl is slow.
#[cfg(all(feature = "allocator", target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The stack of the command: 1 GiB, of which only what is used takes memory.
/// What nests in a file is walked by functions that call themselves, some of
/// them in libraries, and a file of some megabytes nests deep.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let run = thread::Builder::new().stack_size(STACK);
    match run.spawn(mcppolicy::cli::main) {
        // The code of a program that panics: no exit code of the command.
        Ok(running) => running.join().unwrap_or(ExitCode::from(101)),
        // Where so much cannot be set aside, the usual stack must do.
        Err(_) => mcppolicy::cli::main(),
    }
}
