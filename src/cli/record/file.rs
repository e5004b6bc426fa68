//! The file of a recording: nothing is written over unless asked for, and nothing is left where nothing was recorded.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::export::Packing;
use crate::recording::{Glance, Header, Writer};
use crate::task::apart;

/// Looks after which the disk is told to keep what it has.
const SYNC: u64 = 12;

/// A recording that is being written.
pub struct Recording {
    path: PathBuf,
    file: File,
    /// Whether the file was made for this, and goes if nothing gets into it.
    is_ours: bool,
    writer: Option<Writer<File>>,
    looks: u64,
    bytes: u64,
    sees: bool,
}

impl Recording {
    /// Opens a file that only its owner can read. What is in it stays until there is something to write.
    ///
    /// # Errors
    /// Why not, as a sentence with what to do.
    pub fn open(path: &Path, force: bool) -> Result<Self, String> {
        let shown = path.display();
        if path == Path::new("-") {
            return Err("a recording is a file: name one (ktui lag --watch writes lines to a pipe)".to_owned());
        }
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600);
        let (file, is_ours) = match options.clone().create_new(true).open(path) {
            Ok(file) => (file, true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && force => {
                let file = options
                    .open(path)
                    .map_err(|error| format!("cannot write {shown}: {error}"))?;
                (file, false)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(format!(
                    "{shown} is there already: choose another name, or --force writes over it"
                ));
            }
            Err(error) => return Err(format!("cannot write {shown}: {error}")),
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            is_ours,
            writer: None,
            looks: 0,
            bytes: 0,
            sees: true,
        })
    }

    /// How many looks are in it.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether somebody answered at the newest look.
    pub fn sees(&self) -> bool {
        self.sees
    }

    /// Writes the header. What was in the file is gone then.
    ///
    /// # Errors
    /// The system's.
    pub async fn begin(mut self, header: Header) -> io::Result<Self> {
        apart(move || {
            let meta = self.file.metadata()?;
            if meta.is_file() {
                self.file.set_len(0)?;
                if !self.is_ours {
                    fs::set_permissions(&self.path, Permissions::from_mode(0o600))?;
                }
            }
            let packing = Packing::of(&self.path.to_string_lossy());
            self.writer = Some(Writer::start(self.file.try_clone()?, packing, &header)?);
            Ok(self)
        })
        .await
    }

    /// Writes a look.
    ///
    /// # Errors
    /// The system's. What was written before is there.
    pub async fn look(mut self, glance: Glance) -> io::Result<Self> {
        apart(move || {
            self.sees = glance.blind.is_none();
            if let Some(writer) = &mut self.writer {
                writer.look(&glance)?;
                self.looks += 1;
                self.is_ours = false;
            }
            if self.looks.is_multiple_of(SYNC) {
                self.file.sync_data()?;
            }
            self.bytes = self.file.metadata()?.len();
            Ok(self)
        })
        .await
    }

    /// Ends it; its size.
    ///
    /// # Errors
    /// The system's.
    pub async fn end(mut self) -> io::Result<u64> {
        apart(move || {
            if let Some(writer) = self.writer.take() {
                writer.end()?;
            }
            self.file.sync_data()?;
            Ok(self.file.metadata()?.len())
        })
        .await
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.is_ours {
            let _who_cannot_remove_it_leaves_an_empty_file = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_stays_as_it_is_until_something_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zst");
        fs::write(&path, "dear").unwrap();
        let refused = Recording::open(&path, false).err().unwrap();
        assert!(refused.contains("--force"), "{refused}");
        drop(Recording::open(&path, true).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"dear");
    }

    #[test]
    fn nothing_is_left_of_a_recording_without_looks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zst");
        let recording = Recording::open(&path, false).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(recording);
        assert!(!path.exists());
    }
}
