//! What a killed import leaves behind: enough to send exactly the same batches again.
//!
//! Written before each chunk is sent. It names the producer, how far everything is stored, and of each chunk that may be
//! on its way where it ends and which numbers its batches have.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cut::{Bounds, Mark};
use super::target::Target;
use crate::durable::{self, Access, Survives};
use crate::kafka::client::ProducerId;
use crate::kafka::model::{Offset, PartitionId};

/// Of the file's format.
const VERSION: u32 = 1;
/// So many writes share one that reaches the disk: a killed process needs none, a lost machine one now and then.
const SYNC_EVERY: u32 = 64;
/// Ending of the file that a process holds while it writes the checkpoint.
const LOCK: &str = ".lock";

/// A partition as far as everything in it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMark {
    /// The number of its next record.
    pub sequence: i32,
    /// Where to look for batches that came after: the offset behind the last known one.
    pub offset: i64,
}

/// A batch that may be on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareMark {
    /// Its partition.
    pub partition: i32,
    /// The number of its first record.
    pub sequence: i32,
    /// Its records.
    pub count: i32,
}

/// A chunk that may be on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMark {
    /// Where it ends.
    pub to: Mark,
    /// Its batches.
    pub shares: Vec<ShareMark>,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    version: u32,
    cluster_id: Option<String>,
    topic: String,
    topic_id: Option<String>,
    /// How lines become records: what must be the same for the same batches to come out.
    pub options: BTreeMap<String, String>,
    /// Where chunks end.
    pub bounds: Bounds,
    /// Partitions of the topic when the import began.
    pub partitions: u32,
    /// Id of the producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Up to here everything is stored.
    pub done: Mark,
    /// Records up to there.
    pub records: u64,
    /// Partitions as of there.
    pub lanes: BTreeMap<i32, LaneMark>,
    /// What may be on its way behind it.
    pub open: Vec<OpenMark>,
    /// Whether the import came to its end.
    pub is_complete: bool,
}

impl Checkpoint {
    /// The checkpoint of an import that has sent nothing yet.
    ///
    /// `ends` are the offsets behind which its batches will come.
    pub fn new(
        target: &Target,
        producer: ProducerId,
        options: BTreeMap<String, String>,
        bounds: Bounds,
        ends: &BTreeMap<PartitionId, Offset>,
    ) -> Self {
        let lane = |(partition, end): (&PartitionId, &Offset)| {
            let (sequence, offset) = (0, end.0);
            (partition.0, LaneMark { sequence, offset })
        };
        Self {
            version: VERSION,
            cluster_id: target.cluster.id.clone(),
            topic: target.topic.as_str().to_owned(),
            topic_id: target.topic_id.map(hex),
            options,
            bounds,
            partitions: target.partitions,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            done: Mark::default(),
            records: 0,
            lanes: ends.iter().map(lane).collect(),
            open: Vec::new(),
            is_complete: false,
        }
    }

    /// The producer whose batches it tells of.
    pub fn producer(&self) -> ProducerId {
        ProducerId {
            id: self.producer_id,
            epoch: self.producer_epoch,
        }
    }

    /// Behind this nothing was ever sent.
    pub fn reached(&self) -> Mark {
        let open = self.open.iter().map(|open| open.to);
        open.chain([self.done])
            .max_by_key(|mark| mark.chunk)
            .unwrap_or_default()
    }

    /// Why an import with these options into this target cannot go on from here.
    pub fn differs(&self, target: &Target, options: &BTreeMap<String, String>) -> Option<String> {
        if self.version != VERSION {
            return Some(format!(
                "it was written by another version of ktui (format {})",
                self.version
            ));
        }
        if self.cluster_id != target.cluster.id {
            return Some("it belongs to another cluster".to_owned());
        }
        if self.topic != target.topic.as_str() || self.topic_id != target.topic_id.map(hex) {
            return Some("the topic is another one: it was deleted and made again".to_owned());
        }
        if target.partitions < self.partitions {
            return Some("the topic has fewer partitions".to_owned());
        }
        let names = self.options.keys().chain(options.keys());
        let changed = names
            .into_iter()
            .find(|name| self.options.get(*name) != options.get(*name));
        changed.map(|name| {
            let said =
                |options: &BTreeMap<String, String>| options.get(name).map_or("not given", String::as_str).to_owned();
            format!("{name} is {}, it was {}", said(options), said(&self.options))
        })
    }
}

fn hex(id: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(id))
}

/// The file of a checkpoint, held by one process.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    lock: File,
    writes: u32,
}

impl Keeper {
    /// Takes hold of the checkpoint at `path`; `None` while another process has it.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub fn hold(path: &Path) -> io::Result<Option<Self>> {
        let lock = durable::hold(&durable::beside(path, LOCK))?;
        Ok(lock.map(|lock| Self {
            path: path.to_owned(),
            lock,
            writes: 0,
        }))
    }

    /// What an earlier process left, if there is something.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of ours.
    pub fn load(&self) -> io::Result<Option<Checkpoint>> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it anew; a reader sees the old or the new one, never half of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        let survives = if self.writes.is_multiple_of(SYNC_EVERY) || checkpoint.is_complete {
            Survives::PowerLoss
        } else {
            Survives::Kill
        };
        self.writes += 1;
        durable::replace(&self.path, &serde_json::to_vec(checkpoint)?, Access::Usual, survives)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Removed while it is still held: whoever comes next makes a new one.
        let _ = fs::remove_file(durable::beside(&self.path, LOCK));
        durable::release(&self.lock);
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::Rules;
    use super::*;
    use crate::kafka::model::Cluster;

    fn target() -> Target {
        Target {
            cluster: Cluster {
                id: Some("c".to_owned()),
                ..Cluster::default()
            },
            topic: "orders".into(),
            topic_id: Some([7; 16]),
            partitions: 3,
            rules: Rules::default(),
            unknown_rules: None,
        }
    }

    fn options(codec: &str) -> BTreeMap<String, String> {
        [("--codec".to_owned(), codec.to_owned())].into()
    }

    fn checkpoint() -> Checkpoint {
        let bounds = Bounds {
            bytes: 1,
            overhead: 2,
            lines: 3,
            limit: 4,
            longest: 5,
        };
        let producer = ProducerId { id: 5, epoch: 0 };
        let ends = [(PartitionId(2), Offset(10))].into();
        Checkpoint::new(&target(), producer, options("lz4"), bounds, &ends)
    }

    #[test]
    fn a_checkpoint_comes_back_and_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("import.json");
        let mut keeper = Keeper::hold(&path).unwrap().unwrap();
        assert_eq!(keeper.load().unwrap(), None);
        keeper.write(&checkpoint()).unwrap();
        assert!(Keeper::hold(&path).unwrap().is_none(), "another process has it");
        drop(keeper);
        let keeper = Keeper::hold(&path).unwrap().unwrap();
        assert_eq!(keeper.load().unwrap(), Some(checkpoint()));
        fs::write(&path, "{").unwrap();
        assert!(keeper.load().is_err());
    }

    #[test]
    fn what_changed_is_named() {
        let saved = checkpoint();
        assert_eq!(saved.differs(&target(), &options("lz4")), None);
        let said = saved.differs(&target(), &options("zstd")).unwrap();
        assert_eq!(said, "--codec is zstd, it was lz4");
        let (mut cluster, mut topic, mut fewer) = (target(), target(), target());
        (cluster.cluster.id, topic.topic_id, fewer.partitions) = (None, Some([8; 16]), 2);
        for (target, said) in [
            (cluster, "another cluster"),
            (topic, "deleted and made again"),
            (fewer, "fewer partitions"),
        ] {
            let differs = saved.differs(&target, &options("lz4")).unwrap();
            assert!(differs.contains(said), "{differs}");
        }
    }
}
