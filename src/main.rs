//! The `ktui` binary: the command line is read, done, and becomes an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ktui::cli::main().into()
}
