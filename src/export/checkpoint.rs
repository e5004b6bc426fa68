//! What is known of a file: how it is made, how far it is. Written beside it, so that an export can go on after any
//! interruption, and kept with the finished file as the record of what is in it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable::{self, Access, Survives};

/// The form of the file; another number is not read.
const VERSION: u32 = 1;

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its topic.
    pub topic: String,
    /// Its index.
    pub partition: i32,
    /// First offset wanted.
    pub from: i64,
    /// The offset after the last one wanted; `None` goes on with what is written.
    pub to: Option<i64>,
    /// Everything below is in the file.
    pub next: i64,
}

/// A stretch that retention took before it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The first offset that is gone.
    pub from: i64,
    /// The offset after the last.
    pub to: i64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.to - 1;
        write!(f, "{}-{}: offsets {} to {last}", self.topic, self.partition, self.from)
    }
}

/// The state of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    /// Whether the file is complete.
    pub complete: bool,
    /// The cluster's id, where it has one.
    pub cluster: Option<String>,
    /// The topics and their ids, in hex, where they have one.
    pub topics: BTreeMap<String, Option<String>>,
    /// How the file is made, by the options of the command line; places and times as they are, not as they were typed.
    pub options: BTreeMap<String, String>,
    /// Start and end as they were typed.
    #[serde(default)]
    pub typed: String,
    /// The first timestamp wanted, in ms: what a relative time meant when the export began.
    pub time_from: Option<i64>,
    /// The first not wanted any more.
    pub time_to: Option<i64>,
    /// How far each partition is.
    pub parts: Vec<Part>,
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// Stretches that could not be read.
    pub unreadable: u64,
    /// Records that the filter could not judge.
    #[serde(default)]
    pub unjudged: u64,
    /// Records in the file.
    pub records: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Where a file and what belongs to it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The finished file.
    pub file: PathBuf,
    /// The file while it is written.
    pub partial: PathBuf,
    /// The checkpoint.
    pub checkpoint: PathBuf,
}

impl Paths {
    /// The paths of an output file.
    pub fn of(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            partial: durable::beside(file, ".partial"),
            checkpoint: durable::beside(file, ".checkpoint"),
        }
    }

    /// The finished file takes its name.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(&self) -> io::Result<()> {
        durable::rename(&self.partial, &self.file)
    }
}

impl Checkpoint {
    /// The state of a file that has yet to be written.
    pub fn new(cluster: Option<String>, options: BTreeMap<String, String>) -> Self {
        Self {
            version: VERSION,
            cluster,
            options,
            ..Self::default()
        }
    }

    /// Reads a checkpoint; `None` when there is none.
    ///
    /// # Errors
    /// When there is something else.
    pub fn load(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let found: Self = serde_json::from_slice(&bytes)?;
        if found.version == VERSION {
            Ok(Some(found))
        } else {
            Err(io::Error::other("it was written by another version of ktui"))
        }
    }

    /// Writes it in the place of the one before, all or nothing.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        durable::replace(path, &serde_json::to_vec(self)?, Access::Usual, Survives::PowerLoss)
    }

    /// The first thing in which another way to make the file differs, in words. A time that was typed in the same words
    /// is the same: `-15m` counts from when the export began.
    pub fn difference(&self, options: &BTreeMap<String, String>, typed: &str) -> Option<String> {
        let is_typed_again = !typed.is_empty() && self.typed == typed;
        let is_compared = |name: &&String| !is_typed_again || !matches!(name.as_str(), "--from" | "--to");
        let names = self.options.keys().chain(options.keys()).filter(is_compared);
        let other = names
            .into_iter()
            .find(|name| self.options.get(*name) != options.get(*name))?;
        let word =
            |of: &BTreeMap<String, String>| of.get(other).map_or("not given".to_owned(), |text| format!("{text:?}"));
        Some(format!(
            "{other} was {}, now it is {}",
            word(&self.options),
            word(options)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_checkpoint_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.checkpoint");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        let mut one = Checkpoint::new(Some("id".into()), options(&[("format", "jsonl")]));
        one.parts.push(Part {
            topic: "orders".into(),
            partition: 3,
            from: 1,
            to: None,
            next: 5,
        });
        one.save(&path).unwrap();
        one.bytes = 7;
        one.save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(one));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn something_else_is_not_taken_for_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.checkpoint");
        fs::write(&path, "{}").unwrap();
        assert!(Checkpoint::load(&path).is_err());
        let other = serde_json::to_string(&Checkpoint::default()).unwrap();
        fs::write(&path, other).unwrap();
        assert!(
            Checkpoint::load(&path)
                .unwrap_err()
                .to_string()
                .contains("another version")
        );
    }

    #[test]
    fn what_differs_is_named() {
        let one = Checkpoint::new(None, options(&[("filter", "a"), ("format", "csv")]));
        assert_eq!(
            one.difference(&options(&[("filter", "a"), ("format", "csv")]), ""),
            None
        );
        let said = one.difference(&options(&[("format", "csv")]), "").unwrap();
        assert_eq!(said, "filter was \"a\", now it is not given");
    }

    #[test]
    fn the_same_words_mean_the_time_that_they_meant_at_first() {
        let mut one = Checkpoint::new(None, options(&[("--from", "@1000")]));
        one.typed = "-15m".to_owned();
        let later = options(&[("--from", "@2000")]);
        assert_eq!(one.difference(&later, "-15m"), None);
        assert_eq!(one.difference(&options(&[("--from", "@1000")]), "@1000"), None);
        let said = "--from was \"@1000\", now it is \"@2000\"";
        assert_eq!(one.difference(&later, "-14m").as_deref(), Some(said));
        let more = options(&[("--from", "@2000"), ("--limit", "1")]);
        assert!(one.difference(&more, "-15m").unwrap().starts_with("--limit"));
        one.typed.clear();
        assert_eq!(one.difference(&later, "").as_deref(), Some(said), "nothing was typed");
    }

    #[test]
    fn everything_lies_beside_the_file() {
        let paths = Paths::of(Path::new("x/a.jsonl.gz"));
        assert_eq!(paths.partial, Path::new("x/a.jsonl.gz.partial"));
        assert_eq!(paths.checkpoint, Path::new("x/a.jsonl.gz.checkpoint"));
    }
}
