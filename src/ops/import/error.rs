//! Why there was no import.

use std::io;
use std::path::{Path, PathBuf};

use crate::kafka::error::Error;

/// Why there was no import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be used.
    #[error("cannot use {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Another process imports the same.
    #[error("another process holds {}", path.display())]
    Held {
        /// The checkpoint.
        path: PathBuf,
    },
    /// It was imported before, in part or whole.
    #[error(
        "{} was imported into this topic before, {} of it ({records} records): --resume goes on from there, --force \
         sends everything again", file.display(), if *is_complete { "all" } else { "a part" }
    )]
    Before {
        /// The file.
        file: PathBuf,
        /// Whether all of it.
        is_complete: bool,
        /// Records that are stored.
        records: u64,
    },
    /// What was begun is not what is asked for now.
    #[error("cannot resume from {}: {why}", path.display())]
    Differs {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// The cluster cannot be used.
    #[error(transparent)]
    Kafka(#[from] Error),
}

/// That a file cannot be used.
pub(super) fn unusable(path: &Path, error: io::Error) -> ImportError {
    let path = path.to_owned();
    ImportError::File { path, error }
}
