//! What a panic leaves behind: a whole terminal, a report in a file, and one line that says where it is.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::logging;
use super::terminal::Tty;

/// Panics of tasks that wait to be shown at most; what they say is in the report anyway.
const WAITING: usize = 4;

/// Reports every panic from now on. One of the main thread ends ktui: it gives the terminal back and says where the
/// report is. What one of another thread says goes to the receiver, for the screen.
pub fn install(tty: Option<Tty>, log: Option<PathBuf>) -> mpsc::Receiver<String> {
    let (panics_tx, panics_rx) = mpsc::channel(WAITING);
    let place = log.or_else(logging::crash_file);
    std::panic::set_hook(Box::new(move |panic| {
        let written = place.as_deref().map(|place| write(place, &report(panic)));
        if std::thread::current().name() != Some("main") {
            // A full queue has enough to say.
            let _ = panics_tx.try_send(message(panic));
            return;
        }
        // There is nobody left to tell that the terminal refused.
        let _ = tty.as_ref().map(Tty::leave);
        let said = farewell(&message(panic), place.as_deref(), written);
        let _ = writeln!(io::stderr(), "{said}");
    }));
    panics_rx
}

fn farewell(message: &str, place: Option<&Path>, written: Option<io::Result<()>>) -> String {
    let report = match (place, written) {
        (Some(place), Some(Ok(()))) => format!("The report is in {}", place.display()),
        (Some(place), Some(Err(error))) => format!("No report: {} cannot be written: {error}", place.display()),
        _ => "No report: there is no folder for it".to_owned(),
    };
    format!("ktui failed: {message}\n{report}")
}

fn write(place: &Path, report: &str) -> io::Result<()> {
    if let Some(dir) = place.parent() {
        std::fs::create_dir_all(dir)?;
    }
    logging::append(place)?.write_all(report.as_bytes())
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let mut text = format!("\n--- ktui {} panicked", env!("CARGO_PKG_VERSION"));
    let now = jiff::Timestamp::now();
    let thread = std::thread::current();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        " at {now} in thread {}\n{}\n{}",
        thread.name().unwrap_or("without a name"),
        message(panic),
        Backtrace::force_capture()
    );
    text
}

fn message(panic: &PanicHookInfo<'_>) -> String {
    let words = panic.payload_as_str().unwrap_or("without a message");
    match panic.location() {
        Some(place) => format!("{words} ({}:{})", place.file(), place.line()),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farewell_says_where_the_report_is_or_why_there_is_none() {
        let place = Path::new("/x/crash.log");
        assert_eq!(
            farewell("boom", Some(place), Some(Ok(()))),
            "ktui failed: boom\nThe report is in /x/crash.log"
        );
        let error = io::Error::other("disk full");
        assert!(farewell("boom", Some(place), Some(Err(error))).ends_with("cannot be written: disk full"));
        assert!(farewell("boom", None, None).contains("no folder"));
    }

    #[test]
    fn a_report_makes_its_folder_and_is_appended() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("state/ktui/crash.log");
        write(&place, "one\n").unwrap();
        write(&place, "two\n").unwrap();
        assert_eq!(std::fs::read_to_string(place).unwrap(), "one\ntwo\n");
    }
}
