//! Importing a file so that a killed process loses nothing and doubles nothing.
//!
//! ```text
//!   Import::open ─▶ fresh, or where an earlier process stopped, or done already
//!        │
//!        ├─ survey: what is in it, what the target will do       (nothing is sent)
//!        └─ apply:  what of the last batches arrived? ─▶ the same batches again ─▶ the rest
//! ```

mod error;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::kafka::client::{Client, Isolation, OffsetSpec, ProducerId, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId, TopicName, TopicPartition};
use crate::kafka::send::{Sender, after};
use crate::ops::transfer::checkpoint::Keeper;
use crate::ops::transfer::cut::{Bounds, Mark};
use crate::ops::transfer::source::{chunks, is_pipe, opened, skipped};
use crate::ops::transfer::tail::{Arrived, Lane, arrived};
use crate::ops::transfer::{Checkpoint, Cut, Format, Outcome, Progress, Recipe, Run, Spec, Stopped, Survey};
use crate::task::apart;
pub use error::ImportError;
use error::unusable;

/// A file, or what comes from a pipe, to be imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file; of a pipe, such as `-` for standard input, nothing can be resumed.
    pub path: PathBuf,
    /// Where it is noted how far the import is; beside the file unless said otherwise.
    pub checkpoint: Option<PathBuf>,
    /// How lines become records.
    pub recipe: Recipe,
    /// Lines to read at most.
    pub limit: Option<u64>,
    /// Records a second at most.
    pub rate: Option<u32>,
    /// How long a batch is tried again.
    pub patience: Duration,
}

/// Whether to begin or to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the beginning; refused where an earlier import of the file into the topic is noted.
    Fresh,
    /// Where an earlier process stopped, or at the beginning where there is none.
    Resume,
    /// At the beginning, whatever was sent before.
    Again,
}

/// An import that is ready to go.
#[derive(Debug)]
pub struct Ready {
    import: Import,
    keeper: Option<Keeper>,
    found: Option<Checkpoint>,
}

/// Where an import goes on.
struct Begun {
    checkpoint: Checkpoint,
    /// What of the batches behind it is there.
    arrived: Arrived,
    /// The input from there on.
    cut: Cut<Box<dyn Read + Send>>,
}

impl Import {
    /// Whether the input can be read only once.
    pub fn is_pipe(&self) -> bool {
        is_pipe(&self.path)
    }

    /// Where it is noted how far the import is.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.checkpoint.clone().unwrap_or_else(|| {
            let mut name = self.path.as_os_str().to_owned();
            let target = &self.recipe.target;
            // The same file may go into topics of one name in many clusters.
            let id: Vec<char> = target
                .cluster
                .id
                .iter()
                .flat_map(|id| id.chars())
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let id: String = id[id.len().saturating_sub(8)..].iter().collect();
            name.push(format!(".import-{}", target.topic));
            if !id.is_empty() {
                name.push(format!("-{id}"));
            }
            name.into()
        })
    }

    /// What must be the same for the same batches to come out.
    fn options(&self) -> BTreeMap<String, String> {
        let recipe = &self.recipe;
        let mut options = BTreeMap::new();
        let mut note = |name: &str, value: String| drop(options.insert(name.to_owned(), value));
        match &recipe.format {
            Format::Jsonl => note("--format", "jsonl".to_owned()),
            Format::Lines(format) => {
                note("--format", "lines".to_owned());
                note("--empty-is-null", format.empty_is_null.to_string());
                note("--header", format!("{:?}", format.headers));
                note("--key-delimiter", format!("{:?}", format.delimiter));
            }
        }
        note("--compression", recipe.codec.to_string());
        note(
            "--partition",
            recipe
                .partition
                .map_or_else(String::new, |partition| partition.to_string()),
        );
        note("--keep-partitions", recipe.keep_partitions.to_string());
        note("--origin-headers", recipe.origin_headers.to_string());
        note(
            "--limit",
            self.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
        );
        options
    }

    /// Where chunks end, for an import that begins.
    fn bounds(&self) -> Bounds {
        // So that a slow import is not one of rare large heaps.
        let lines = self.rate.map_or(u64::MAX, |rate| u64::from(rate / 10).max(1));
        Bounds {
            lines,
            limit: self.limit.unwrap_or(u64::MAX),
            ..self.recipe.bounds()
        }
    }

    async fn cut(&self, bounds: Bounds) -> Result<Cut<Box<dyn Read + Send>>, ImportError> {
        let input = opened(&self.path).await.map_err(|error| self.unreadable(error))?;
        Ok(Cut::new(input, bounds).reusing(self.recipe.spare.clone()))
    }

    fn unreadable(&self, error: io::Error) -> ImportError {
        unusable(&self.path, error)
    }

    /// Whether the file is what was imported, and no more.
    async fn is_still(&self, found: &Checkpoint) -> Result<bool, ImportError> {
        let cut = self.cut(found.bounds).await?;
        let rest = skipped(cut, found.done).await.map_err(|error| self.unreadable(error))?;
        let Some(mut rest) = rest else { return Ok(false) };
        let more = apart(move || rest.next_chunk()).await;
        Ok(more.map_err(|error| self.unreadable(error))?.is_none())
    }

    /// Looks through the whole input; nothing is sent.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn survey(&self) -> Result<Survey, ImportError> {
        self.surveyed(self.bounds(), Mark::default()).await
    }

    async fn surveyed(&self, bounds: Bounds, reached: Mark) -> Result<Survey, ImportError> {
        let chunks = chunks(self.cut(bounds).await?, false).map_err(|error| self.unreadable(error))?;
        Ok(Survey::of(self.recipe.clone(), chunks, reached).await)
    }

    /// Takes hold of the checkpoint and says whether the import may begin as asked.
    ///
    /// # Errors
    /// When it may not.
    pub async fn open(mut self, begin: Begin) -> Result<Ready, ImportError> {
        if self.is_pipe() {
            let (keeper, found) = (None, None);
            return Ok(Ready {
                import: self,
                keeper,
                found,
            });
        }
        // What cannot be read is said before a checkpoint lies about.
        drop(self.cut(self.bounds()).await?);
        let path = self.checkpoint_path();
        let hold = Keeper::hold(&path).map_err(|error| unusable(&path, error))?;
        let keeper = hold.ok_or_else(|| ImportError::Held { path: path.clone() })?;
        let found = match begin {
            Begin::Again => None,
            Begin::Fresh | Begin::Resume => keeper.load().map_err(|error| unusable(&path, error))?,
        };
        if let Some(found) = &found {
            if begin == Begin::Fresh {
                return Err(ImportError::Before {
                    file: self.path,
                    is_complete: found.is_complete,
                    records: found.records,
                });
            }
            if let Some(why) = found.differs(&self.recipe.target, &self.options()) {
                return Err(ImportError::Differs { path, why });
            }
            if found.is_complete && !self.is_still(found).await? {
                let why = "the file has changed since all of it was imported: --force sends it".to_owned();
                return Err(ImportError::Differs { path, why });
            }
            // Keys go where they went, also in a topic that has grown.
            self.recipe.target.partitions = found.partitions;
        }
        Ok(Ready {
            import: self,
            keeper: Some(keeper),
            found,
        })
    }
}

impl Ready {
    /// Records that an earlier process has sent for certain; `None` where there was none.
    pub fn resumed(&self) -> Option<u64> {
        self.found.as_ref().map(|found| found.records)
    }

    /// Whether an earlier process came to the end.
    pub fn is_complete(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.is_complete)
    }

    /// Looks through the whole input; nothing is sent. What an earlier process may have sent is not judged again.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn survey(&self) -> Result<Survey, ImportError> {
        match &self.found {
            Some(found) => self.import.surveyed(found.bounds, found.reached()).await,
            None => self.import.survey().await,
        }
    }

    /// Sends what is not there yet.
    ///
    /// # Errors
    /// When nothing could be sent. What came of the rest is in the outcome.
    pub async fn apply(
        mut self,
        client: &Client,
        intent: WriteIntent,
        progress: watch::Sender<Progress>,
        cancel: watch::Receiver<bool>,
    ) -> Result<Outcome, ImportError> {
        let topic = self.import.recipe.target.topic.clone();
        let found = self.found.take();
        let reached = found.as_ref().map(Checkpoint::reached).unwrap_or_default();
        let mut stop = cancel.clone();
        let Begun {
            checkpoint,
            arrived,
            cut,
        } = tokio::select! {
            begun = self.begun(client, &intent, found) => begun?,
            Ok(_) = stop.wait_for(|is_cancelled| *is_cancelled) => {
                let stopped = Some(Stopped::Cancelled);
                return Ok(Outcome { to: reached, stopped, ..Outcome::default() });
            }
        };
        let producer = checkpoint.producer();
        let sender = Sender::new(client.clone(), intent, topic, producer, self.import.patience);
        let spec = Spec {
            recipe: self.import.recipe.clone(),
            first: producer.id.unsigned_abs(),
            rate: self.import.rate,
        };
        let run = Run::new(spec, sender, progress);
        // What cannot be resumed need not be cut where it was.
        let chunks = chunks(cut, self.import.is_pipe()).map_err(|error| self.import.unreadable(error))?;
        Ok(match &mut self.keeper {
            Some(keeper) => run.kept(keeper, checkpoint, arrived).run(chunks, cancel).await,
            None => run.run(chunks, cancel).await,
        })
    }

    /// Where to go on from.
    async fn begun(
        &self,
        client: &Client,
        intent: &WriteIntent,
        found: Option<Checkpoint>,
    ) -> Result<Begun, ImportError> {
        let (import, topic) = (&self.import, &self.import.recipe.target.topic);
        let (checkpoint, arrived) = match found {
            Some(found) => {
                let arrived = self.arrived(client, topic, &found).await?;
                (found, arrived)
            }
            None => (self.fresh(client, topic, intent).await?, Arrived::new()),
        };
        let cut = skipped(import.cut(checkpoint.bounds).await?, checkpoint.done).await;
        let Some(cut) = cut.map_err(|error| import.unreadable(error))? else {
            let why = "the file is not what it was: what was sent of it has changed".to_owned();
            let path = import.checkpoint_path();
            return Err(ImportError::Differs { path, why });
        };
        Ok(Begun {
            checkpoint,
            arrived,
            cut,
        })
    }

    async fn fresh(&self, client: &Client, topic: &TopicName, intent: &WriteIntent) -> Result<Checkpoint, ImportError> {
        let import = &self.import;
        let producer: ProducerId = client.new_producer(intent, import.patience).await?;
        let ends = if self.keeper.is_some() {
            ends(client, topic, import.recipe.target.partitions).await?
        } else {
            BTreeMap::new()
        };
        let target = &import.recipe.target;
        Ok(Checkpoint::new(
            target,
            producer,
            import.options(),
            import.bounds(),
            &ends,
        ))
    }

    async fn arrived(&self, client: &Client, topic: &TopicName, found: &Checkpoint) -> Result<Arrived, ImportError> {
        if found.is_complete {
            return Ok(Arrived::new());
        }
        let batches = |partition: i32| {
            let shares = found.open.iter().flat_map(|open| &open.shares);
            let ours = shares.filter(move |share| share.partition == partition);
            ours.map(|share| (share.sequence, after(share.sequence, share.count - 1)))
                .collect()
        };
        let lanes = found.lanes.iter().map(|(partition, lane)| {
            let (from, batches) = (Offset(lane.offset), batches(*partition));
            (PartitionId(*partition), Lane { from, batches })
        });
        let lanes = lanes.filter(|(_, lane)| !lane.batches.is_empty()).collect();
        Ok(arrived(client, topic, found.producer(), &lanes, self.import.patience).await?)
    }
}

/// The end of every partition: behind it the import's own batches will stand.
async fn ends(client: &Client, topic: &TopicName, partitions: u32) -> Result<BTreeMap<PartitionId, Offset>, Error> {
    let wanted = (0..partitions).map(|id| TopicPartition {
        topic: topic.clone(),
        partition: PartitionId(id as i32),
    });
    let answers = client
        .list_offsets(OffsetSpec::Latest, Isolation::ReadUncommitted, wanted)
        .await;
    let mut ends = BTreeMap::new();
    for (at, answer) in answers {
        let end = answer.map_err(|error| *error)?.unwrap_or(Offset(0));
        ends.insert(at.partition, end);
    }
    Ok(ends)
}
