//! The program: hands over to `cli` and turns its result into an exit code. Nothing else belongs here.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidegate::cli::run()
}
