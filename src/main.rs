//! The command: hands the arguments over and turns what comes back into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    geophone::cli::main(std::env::args_os())
}
