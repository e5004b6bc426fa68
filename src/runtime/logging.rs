//! The log of `--log`: requests, bytes, late answers. Nothing is ever logged to the terminal.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::settings::state_dir;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be written.
    #[error("cannot write the log {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Somebody logs already.
    #[error("the log is open already")]
    Twice,
}

/// Logs to `path` from now on, behind what is there; nowhere when there is none.
///
/// # Errors
/// When the file cannot be written.
pub fn start(path: Option<&Path>) -> Result<(), LogError> {
    let Some(path) = path else { return Ok(()) };
    let file = append(path).map_err(|source| LogError::File {
        path: path.to_owned(),
        source,
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("ktui=debug"))
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|_| LogError::Twice)
}

/// Opens a file that only its owner can read, to write at its end.
pub(super) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Opens a file that only its owner can read, empty.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Where a panic is written to when there is no log.
pub(super) fn crash_file() -> Option<PathBuf> {
    Some(state_dir()?.join("crash.log"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_is_appended_to_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ktui.log");
        append(&path).unwrap().write_all(b"one\n").unwrap();
        append(&path).unwrap().write_all(b"two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = start(Some(dir.path())).unwrap_err().to_string();
        assert!(error.starts_with("cannot write the log /"), "{error}");
    }
}
