//! The `ktui` binary: the command line is read, done, and becomes an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    take_small_pages();
    ktui::cli::main().into()
}

/// Takes memory 4 kB at a time. In pages of 2 MB, as some systems hand them out unasked, half of what ktui holds for a
/// large cluster would be air (docs/adr/0004).
fn take_small_pages() {
    // A kernel that cannot do it has small pages only.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
