//! The file of a record that a group is moved past: written whole and synced before anything is sent, never over another.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::export::Packing;
use crate::export::format::object;
use crate::kafka::model::record::Row;
use crate::kafka::model::{GroupId, Offset, TopicPartition};

/// Of a longer name of a group or a topic so much stands in a file's name, in bytes; two and the rest fit into 255.
const LONGEST: usize = 90;

/// Where a record is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// In this folder, which is made where it is missing, under a name that tells which record it is.
    Under(PathBuf),
    /// In this file, whose folder must be there.
    To(PathBuf),
}

impl Save {
    /// In ktui's folder for what it keeps: whatever folder it was started in, a record may hold what is nobody's business.
    pub fn in_state(dir: &Path) -> Self {
        Self::Under(dir.join("skipped"))
    }
}

/// What lies between a commit and the record that is skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Offsets before the log start: retention has removed them.
    pub lost: u64,
    /// Transaction markers.
    pub markers: u64,
    /// Records of aborted transactions.
    pub aborted: u64,
    /// Offsets at which there is nothing: compaction has removed what was there.
    pub holes: u64,
}

/// A record that is saved before the commit goes past it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// The file.
    pub path: PathBuf,
    /// Whether its folder is made where it is missing.
    pub makes_folder: bool,
    /// Where the record lies.
    pub partition: TopicPartition,
    /// The record, or the stretch that cannot be read and may hold one.
    pub row: Row,
    /// What else the commit goes past.
    pub passed: Passed,
}

/// A record that is in its file.
#[derive(Debug)]
pub(super) struct Saved<'a> {
    path: &'a Path,
    /// Whether it was not there before.
    is_new: bool,
}

impl Saving {
    /// Of a record to be skipped: finds the name of its file. Nothing is written.
    ///
    /// # Errors
    /// When the file that was asked for is another one's.
    pub fn new(
        group: &GroupId,
        partition: TopicPartition,
        row: Row,
        passed: Passed,
        save: &Save,
    ) -> Result<Self, String> {
        let mut saving = Self {
            path: PathBuf::new(),
            makes_folder: matches!(save, Save::Under(_)),
            partition,
            row: detached(row),
            passed,
        };
        let contents = saving.contents();
        let is_free = |path: &Path| fs::symlink_metadata(path).is_err() || holds(path, &contents);
        saving.path = match save {
            Save::To(path) if Packing::of(&path.to_string_lossy()) != Packing::None => {
                return Err(format!(
                    "{} ends as a packed file, and one record is not packed",
                    path.display()
                ));
            }
            Save::To(path) if is_free(path) => path.clone(),
            Save::To(path) => {
                return Err(format!(
                    "{} is there already: nothing is written over it",
                    path.display()
                ));
            }
            Save::Under(dir) => free(dir, &saving.name(group), saving.ending(), is_free),
        };
        Ok(saving)
    }

    /// The offset at which reading goes on.
    pub fn next(&self) -> Offset {
        let last = match &self.row {
            Row::Record(record) => record.offset,
            Row::Unreadable(stretch) => stretch.last,
        };
        Offset(last.0.saturating_add(1))
    }

    /// Records that are skipped; of a stretch that cannot be read its offsets.
    pub fn records(&self) -> u64 {
        self.next().0.abs_diff(self.row.offset().0)
    }

    /// What the file holds: the record as a line of an export, else the bytes as they came.
    fn contents(&self) -> Vec<u8> {
        match &self.row {
            Row::Record(record) => {
                let mut line = object(&self.partition.topic, record).into_bytes();
                line.push(b'\n');
                line
            }
            Row::Unreadable(stretch) => stretch.bytes.to_vec(),
        }
    }

    /// `billing-orders-7@166120`.
    fn name(&self, group: &GroupId) -> String {
        let (topic, id) = (&self.partition.topic, self.partition.partition);
        format!(
            "{}-{}-{id}@{}",
            plain(group.as_str()),
            plain(topic.as_str()),
            self.row.offset()
        )
    }

    fn ending(&self) -> &'static str {
        match &self.row {
            Row::Record(_) => "jsonl",
            Row::Unreadable(_) => "bin",
        }
    }

    /// Writes the file; it has reached the disk when this returns. One that holds the same already is left as it is.
    pub(super) fn write(&self) -> io::Result<Saved<'_>> {
        let (path, contents) = (self.path.as_path(), self.contents());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|_| self.makes_folder) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut options = OpenOptions::new();
        let (file, is_new) = match options.write(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && holds(path, &contents) => {
                (File::open(path)?, false)
            }
            opened => (opened?, true),
        };
        let saved = Saved { path, is_new };
        let filled = || -> io::Result<()> {
            if is_new {
                (&file).write_all(&contents)?;
            }
            file.sync_all()?;
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        match filled() {
            Ok(()) => Ok(saved),
            Err(error) => {
                saved.discard();
                Err(error)
            }
        }
    }
}

impl Saved<'_> {
    /// The file.
    pub(super) fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    /// Removes a file that was written for nothing: the record was not skipped.
    pub(super) fn discard(&self) {
        if !self.is_new {
            return;
        }
        if let Err(error) = fs::remove_file(self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the file of a record was not removed");
        }
    }
}

fn detached(row: Row) -> Row {
    match row {
        Row::Record(record) => Row::Record(record.detached()),
        stretch @ Row::Unreadable(_) => stretch,
    }
}

/// The first name in `dir` that is free.
fn free(dir: &Path, name: &str, ending: &str, is_free: impl Fn(&Path) -> bool) -> PathBuf {
    let mut path = dir.join(format!("{name}.{ending}"));
    let mut count = 1;
    while !is_free(&path) {
        count += 1;
        path = dir.join(format!("{name}-{count}.{ending}"));
    }
    path
}

/// Whether a file holds exactly this.
fn holds(path: &Path, contents: &[u8]) -> bool {
    let is_as_long =
        fs::symlink_metadata(path).is_ok_and(|known| known.is_file() && known.len() == contents.len() as u64);
    is_as_long && fs::read(path).is_ok_and(|found| found == contents)
}

/// A part of a file's name, which leads into no folder and steers no terminal or shell: what is not plain is `%2F`.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    for byte in name.bytes() {
        let is_plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && !plain.is_empty());
        let part = if is_plain {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        };
        if plain.len() + part.len() > LONGEST {
            break;
        }
        plain.push_str(&part);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_is_not_too_long() {
        assert_eq!(plain("orders.events-v2_x"), "orders.events-v2_x");
        assert_eq!(plain("../a b"), "%2E.%2Fa%20b");
        assert_eq!(plain("~\n\u{1b}*"), "%7E%0A%1B%2A");
        let long = plain(&"\u{fc}".repeat(300));
        assert!(
            long.len() <= LONGEST && long.ends_with("%BC"),
            "an escape is whole: {long}"
        );
    }

    #[test]
    fn a_name_that_is_taken_is_followed_by_the_next() {
        let dir = Path::new("/state");
        let taken = [dir.join("a@1.jsonl"), dir.join("a@1-2.jsonl")];
        let found = free(dir, "a@1", "jsonl", |path| !taken.iter().any(|one| one == path));
        assert_eq!(found, dir.join("a@1-3.jsonl"));
    }
}
