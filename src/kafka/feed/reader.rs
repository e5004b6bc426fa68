//! The task of a feed: keeps one request per leader under way, and hands over what comes.

mod jobs;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep_until};

use self::jobs::{Answers, Done, Jobs, Key, Wait};
use super::cursor::{Cursor, Heard, Next};
use super::merge::{Merge, Page};
use super::outbox::{Outbox, Skipping, Stop};
use super::places::Places;
use super::spec::{TopicSpec, Verdict};
use crate::kafka::client::{Client, Isolation, Leader, Metadata, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId, TopicName};
use crate::kafka::newest::stuck;
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::Began;
use crate::kafka::records::{Inflater, Walk};

/// Leaders are not looked up more often.
const REFRESH: Duration = Duration::from_millis(500);
/// A topic is looked at again after this time: it may have been deleted, recreated or given partitions.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// When to give up: a partition where the feed does not follow, a topic that does not exist any more.
const GIVE_UP: Duration = Duration::from_secs(10);
const OFFSET_OUT_OF_RANGE: i16 = 1;

/// Reads until everything is read, nobody listens any more, or nothing can be read.
pub(super) async fn read(client: Client, spec: TopicSpec, outbox: Outbox, skipping: Skipping) -> Result<(), Stop> {
    let mut all = known(&client, &spec.topic);
    let is_fresh = all.is_empty();
    if is_fresh {
        look_up(&client, &spec.topic).await.map_err(Stop::Failed)?;
        all = known(&client, &spec.topic);
    }
    let cursors: Vec<Cursor> = spec.chosen(all).into_iter().map(Cursor::new).collect();
    let named = spec.partitions.first().copied();
    let named = named.or_else(|| spec.start.partitions()?.first().copied());
    if let (true, Some(partition)) = (cursors.is_empty(), named) {
        let topic = spec.topic;
        return Err(Stop::Failed(Error::UnknownPartition { topic, partition }));
    }
    let now = Instant::now();
    let mut reader = Reader {
        jobs: Jobs::new(client.clone(), spec.clone()),
        topic_id: client.topic_id(&spec.topic).filter(|_| is_fresh),
        cursors,
        client,
        spec,
        outbox,
        skipping,
        refresh_at: Some(now + LOOK_AGAIN),
        refreshed_at: now,
        inflater: Inflater::default(),
    };
    reader.run().await
}

/// The topic's partitions as far as the client has seen them, which costs no request: who opens a feed has mostly
/// looked at the topic before.
fn known(client: &Client, topic: &TopicName) -> Vec<PartitionId> {
    let is_known = |partition: &PartitionId| {
        let leader = client.leader_of(topic, *partition);
        !matches!(leader, Leader::NoPartition | Leader::NoTopic)
    };
    (0..=i32::MAX).map(PartitionId).take_while(is_known).collect()
}

async fn look_up(client: &Client, topic: &TopicName) -> Result<(), Error> {
    let found = client.metadata(MetadataScope::Named(vec![topic.clone()])).await?;
    if found.value.topics.is_empty() {
        let unknown = Error::UnknownTopic { topic: topic.clone() };
        let failure = found.failures.into_iter().next();
        return Err(failure.map_or(unknown, |failure| failure.error));
    }
    Ok(())
}

struct Reader {
    client: Client,
    spec: TopicSpec,
    /// Whose log is read; `None` as long as that is not sure, or where the cluster has no ids.
    topic_id: Option<[u8; 16]>,
    outbox: Outbox,
    skipping: Skipping,
    cursors: Vec<Cursor>,
    jobs: Jobs,
    /// When the topic is looked at again; `None` while that is under way.
    refresh_at: Option<Instant>,
    refreshed_at: Instant,
    inflater: Inflater,
}

impl Reader {
    async fn run(&mut self) -> Result<(), Stop> {
        loop {
            let now = Instant::now();
            self.start_jobs(now);
            self.tell(now);
            self.outbox.flush().await?;
            if self.is_finished(now)? {
                return Ok(());
            }
            let wake_at = self.wake_at(now);
            let done = tokio::select! {
                Some(done) = self.jobs.under_way.next() => done,
                () = sleep_until(wake_at) => continue,
            };
            match done {
                Done::Fetched(key, answers) => self.take(key, answers).await?,
                Done::Placed(places) => self.place(places).await?,
                Done::Refreshed(outcome) => self.refreshed(*outcome),
            }
        }
    }

    /// Whether nothing is left to read.
    fn is_finished(&self, now: Instant) -> Result<bool, Stop> {
        let has_failed = |cursor: &Cursor| cursor.failing_for(now).is_some_and(|time| time >= GIVE_UP);
        let is_deleted =
            |cursor: &Cursor| has_failed(cursor) && matches!(cursor.error(), Some(Error::UnknownTopic { .. }));
        if !self.cursors.is_empty() && self.cursors.iter().all(is_deleted) {
            let topic = self.spec.topic.clone();
            return Err(Stop::Failed(Error::UnknownTopic { topic }));
        }
        let is_over = |cursor: &Cursor| has_failed(cursor) || cursor.next(false) == Next::Nothing;
        Ok(!self.spec.follows() && self.cursors.iter().all(is_over))
    }

    /// Says what is known besides rows.
    fn tell(&mut self, now: Instant) {
        let topic = &self.spec.topic;
        let failures = self.cursors.iter().filter_map(|cursor| {
            let error = cursor.news()?.clone();
            let failure = Failure::new(format!("{topic}-{}", cursor.partition), error);
            let node = self.client.leader(topic, cursor.partition).ok();
            Some(Failure { node, ..failure })
        });
        let failures = failures.collect();
        let at_end = self.cursors.iter().all(|cursor| cursor.is_settled(now));
        self.outbox.say(at_end, failures);
    }

    /// The next moment at which something is due without an answer.
    fn wake_at(&self, now: Instant) -> Instant {
        let idle = self.cursors.iter().filter(|cursor| !cursor.is_busy);
        let retries = idle.filter_map(Cursor::retry_at).filter(|at| *at > now);
        let refresh = self.refresh_at.unwrap_or(now + LOOK_AGAIN);
        retries.fold(refresh, Instant::min)
    }

    fn start_jobs(&mut self, now: Instant) {
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            self.jobs.refresh();
        }
        self.start_placing(now);
        let mut wanted: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for index in 0..self.cursors.len() {
            let cursor = &self.cursors[index];
            let is_due = cursor.retry_at().is_none_or(|at| at <= now);
            let (true, Next::Records(isolation)) = (is_due, cursor.next(self.spec.follows())) else {
                continue;
            };
            match self.client.leader(&self.spec.topic, cursor.partition) {
                Ok(leader) => {
                    let key = (leader, isolation == Isolation::ReadCommitted);
                    wanted.entry(key).or_default().push(index);
                }
                Err(error) => self.failed(index, error, now),
            }
        }
        let keys: Vec<Key> = wanted.keys().copied().collect();
        for (key, mut indexes) in wanted {
            if self.jobs.is_fetching(key) {
                continue;
            }
            indexes.sort_by_key(|index| std::cmp::Reverse(self.cursors[*index].hunger()));
            let positions = indexes.iter().map(|index| self.cursors[*index].position()).collect();
            let is_behind = indexes.iter().any(|index| !self.cursors[*index].is_settled(now));
            for index in indexes {
                self.cursors[index].is_busy = true;
            }
            let other = (key.0, !key.1);
            let wait = if is_behind {
                Wait::Hardly
            } else if keys.contains(&other) || self.jobs.is_fetching(other) {
                Wait::Shared
            } else {
                Wait::Long
            };
            self.jobs.fetch(key, positions, wait);
        }
    }

    fn start_placing(&mut self, now: Instant) {
        let (mut new, mut lost) = (Vec::new(), Vec::new());
        for cursor in &mut self.cursors {
            let is_due = cursor.retry_at().is_none_or(|at| at <= now);
            if is_due && cursor.next(self.spec.follows()) == Next::Place {
                cursor.is_busy = true;
                match cursor.place() {
                    None => new.push(cursor.partition),
                    Some(place) => lost.push((cursor.partition, place)),
                }
            }
        }
        self.jobs.place(new, lost);
    }

    async fn take(&mut self, key: Key, answers: Answers) -> Result<(), Stop> {
        self.jobs.fetched(key);
        let now = Instant::now();
        let (mut pages, mut heard) = (Vec::new(), BTreeMap::new());
        let mut stood_first = true;
        for (partition, outcome) in answers {
            let Some(index) = self.index(partition) else { continue };
            match outcome {
                Ok(_) if self.cursors[index].is_lost() => self.cursors[index].is_busy = false,
                Ok(fetched) => {
                    let figures = Heard {
                        high_watermark: fetched.high_watermark,
                        last_stable: fetched.last_stable,
                        stood_first,
                    };
                    heard.insert(partition, figures);
                    pages.push(Page::new(partition, Walk::new(fetched.range)));
                }
                Err(error) => self.failed(index, error, now),
            }
            stood_first = false;
        }
        let mut merge = Merge::new(pages);
        let mut over = Vec::new();
        while let Some(row) = merge.next(&mut self.inflater) {
            match self.spec.verdict(&row) {
                Verdict::Read => self.outbox.push(row).await?,
                Verdict::LeftOut => {}
                Verdict::Over => over.push(row.partition()),
            }
        }
        self.inflater.trim();
        for page in merge.into_pages() {
            let (Some(index), Some(figures)) = (self.index(page.partition), heard.remove(&page.partition)) else {
                continue;
            };
            let next = page.walk.next_offset();
            if !self.cursors[index].read(Offset(next), page.walk.needed_bytes(), figures) {
                let error = stuck(&self.spec.topic, page.partition);
                self.failed(index, error, now);
            } else if over.contains(&page.partition) {
                self.cursors[index].finish();
            }
            let cursor = &mut self.cursors[index];
            cursor.keep_up(figures.high_watermark, now);
            if self.skipping.is_allowed() && self.spec.follows() {
                self.outbox.skipped(cursor.skip(figures.high_watermark, now));
            }
        }
        Ok(())
    }

    async fn place(&mut self, places: Places) -> Result<(), Stop> {
        let now = Instant::now();
        let mut began = Vec::new();
        for (partition, place) in places.places {
            let Some(index) = self.index(partition) else { continue };
            match place {
                Ok(place) => {
                    began.push(Began {
                        topic: 0,
                        partition,
                        offset: place.at,
                    });
                    self.cursors[index].found(place);
                }
                Err(error) => self.failed(index, error, now),
            }
        }
        self.outbox.began(began);
        for row in places.rows {
            if self.spec.verdict(&row) == Verdict::Read {
                self.outbox.push(row).await?;
            }
        }
        Ok(())
    }

    fn refreshed(&mut self, outcome: Result<Partial<Metadata>, Error>) {
        let now = Instant::now();
        self.refreshed_at = now;
        self.refresh_at = Some(now + LOOK_AGAIN);
        let Ok(found) = outcome else { return };
        let Some(topic) = found.value.topics.first() else {
            return;
        };
        let topic_id = self.client.topic_id(&self.spec.topic);
        if self.topic_id.is_some() && topic_id != self.topic_id {
            self.cursors.iter_mut().for_each(Cursor::restart);
        }
        self.topic_id = topic_id;
        let all = topic.partitions.iter().map(|partition| partition.id).collect();
        for partition in self.spec.chosen(all) {
            if self.cursors.iter().all(|cursor| cursor.partition != partition) {
                let mut cursor = Cursor::new(partition);
                cursor.restart();
                self.cursors.push(cursor);
            }
        }
    }

    fn index(&self, partition: PartitionId) -> Option<usize> {
        self.cursors.iter().position(|cursor| cursor.partition == partition)
    }

    fn failed(&mut self, index: usize, error: Error, now: Instant) {
        tracing::debug!(topic = %self.spec.topic, partition = %self.cursors[index].partition, %error, "not read");
        let cursor = &mut self.cursors[index];
        match error.code() {
            // Retention, truncation, or another topic under the same name.
            Some(OFFSET_OUT_OF_RANGE) => cursor.out_of_range(error, now),
            _ => cursor.failed(error, now),
        }
        let soon = now.max(self.refreshed_at + REFRESH);
        self.refresh_at = self.refresh_at.map(|at| at.min(soon));
    }
}
