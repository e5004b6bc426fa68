//! The task of a scan: keeps one request per leader under way, and hands what comes to the workers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::jobs::{Ask, Done, Jobs};
use super::pieces::pieces;
use super::pool::{Gone, Pool};
use super::queue::Queue;
use super::size::{self, PAGE, Size};
use super::track::{Heard, Need, OFFSET_OUT_OF_RANGE, Track, out_of_range};
use super::turns::{Turn, Turns, turns};
use super::{Lost, Range, ScanSpec, Step};
use crate::kafka::client::{Client, Fetched, Isolation, Metadata, OffsetAnswers, OffsetSpec, Outcomes};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Offset, PartitionId, TopicName, TopicPartition};
use crate::kafka::partial::{Failure, Partial};

/// Leaders are not looked up more often.
const REFRESH: Duration = Duration::from_millis(500);
/// A topic is looked at again after this time: it may have been deleted, recreated or given partitions.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Bytes that are asked for where only the offset of the next batch is wanted: it comes whole all the same.
const LOOK: usize = 1 << 10;

/// The state of the task.
pub(super) struct Reader<T> {
    client: Client,
    queue: Queue<T>,
    jobs: Jobs,
    tracks: Vec<Track>,
    isolation: Isolation,
    patience: Duration,
    /// Topics whose added partitions are followed too, with those that are known: one that was given up does not begin
    /// anew.
    grows: HashMap<TopicName, HashSet<PartitionId>>,
    /// Whose logs are read, where the cluster has ids.
    ids: HashMap<TopicName, [u8; 16]>,
    /// When the topics are looked at again; `None` while that is under way.
    refresh_at: Option<Instant>,
    refreshed_at: Option<Instant>,
    size: Size,
    turns: Turns,
}

impl<T: Default + Send + 'static> Reader<T> {
    pub(super) fn new(client: Client, spec: ScanSpec, pool: Pool<T>) -> Self {
        let now = Instant::now();
        let known = |range: &Range| client.leader(&range.partition.topic, range.partition.partition).ok();
        let leaders: BTreeSet<BrokerId> = spec.ranges.iter().filter_map(known).collect();
        let size = Size::new(&spec, leaders.len());
        let late = spec.late.into_iter().map(Track::late);
        let tracks: Vec<_> = spec.ranges.into_iter().map(Track::new).chain(late).collect();
        let mut grows: HashMap<_, HashSet<_>> = spec.grows.into_iter().map(|topic| (topic, HashSet::new())).collect();
        for name in tracks.iter().map(|track| &track.name) {
            if let Some(known) = grows.get_mut(&name.topic) {
                known.insert(name.partition);
            }
        }
        let topics = tracks.iter().map(|track| &track.name.topic);
        let ids = topics.filter_map(|topic| Some((topic.clone(), client.topic_id(topic)?)));
        Self {
            jobs: Jobs::new(client.clone()),
            ids: ids.collect(),
            size,
            tracks,
            isolation: spec.isolation,
            patience: spec.patience,
            grows,
            refresh_at: Some(now + LOOK_AGAIN),
            refreshed_at: None,
            turns: Turns::default(),
            client,
            queue: Queue::new(pool),
        }
    }

    /// Reads until everything is read or nobody listens any more.
    pub(super) async fn run(mut self) {
        // Who has gone needs no answer.
        let _: Result<(), Gone> = self.read().await;
    }

    async fn read(&mut self) -> Result<(), Gone> {
        loop {
            let now = Instant::now();
            self.tell(now);
            self.tracks.retain(|track| track.need() != Need::Nothing);
            if self.tracks.is_empty() && self.queue.is_empty() {
                return self.queue.pool.end().await;
            }
            self.start(now);
            self.hand_on(self.wake_at(now)).await?;
        }
    }

    /// Hands on what is ready until something happens for which the tracks are to be looked at: that takes time with
    /// thousands of them.
    async fn hand_on(&mut self, wake_at: Instant) -> Result<(), Gone> {
        loop {
            let gone = self.queue.pool.gone();
            tokio::select! {
                Some(done) = self.jobs.under_way.next() => {
                    self.take(done);
                    return Ok(());
                }
                handed = self.queue.hand_on(), if !self.queue.is_empty() => {
                    handed?;
                    if self.queue.is_empty() {
                        return Ok(());
                    }
                }
                () = self.size.freed(), if self.size.is_short() => return Ok(()),
                () = gone => return Err(Gone),
                () = sleep_until(wake_at) => return Ok(()),
            }
        }
    }

    /// Says what stands in the way, and gives up what has failed for too long.
    fn tell(&mut self, now: Instant) {
        let (client, patience) = (&self.client, self.patience);
        let queue = &mut self.queue;
        self.tracks.retain_mut(|track| {
            if let Some(error) = track.verdict(patience, now) {
                queue.say(Step::Failed {
                    partition: track.name.clone(),
                    at: Offset(track.at()),
                    error: error.clone(),
                });
                return false;
            }
            if track.take_mended() {
                queue.say(Step::Resumed(track.name.clone()));
            }
            if let Some(error) = track.news() {
                let failure = Failure::new(track.name.to_string(), error);
                let node = client.leader(&track.name.topic, track.name.partition).ok();
                queue.say(Step::Delayed(Failure { node, ..failure }));
            }
            true
        });
    }

    /// The next moment at which something is due without an answer.
    fn wake_at(&self, now: Instant) -> Instant {
        let idle = self.tracks.iter().filter(|track| !track.is_busy);
        let retries = idle.filter_map(Track::retry_at).filter(|at| *at > now);
        let refresh = self.refresh_at.unwrap_or(now + LOOK_AGAIN);
        retries.fold(refresh, Instant::min)
    }

    fn start(&mut self, now: Instant) {
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            let topics: BTreeSet<TopicName> = self.tracks.iter().map(|track| track.name.topic.clone()).collect();
            let topics = topics.into_iter().chain(self.grows.keys().cloned());
            self.jobs.refresh(topics.collect::<BTreeSet<_>>().into_iter().collect());
        }
        let mut lost: Vec<(OffsetSpec, Vec<TopicPartition>)> = Vec::new();
        let mut wanted: BTreeMap<BrokerId, Vec<usize>> = BTreeMap::new();
        for index in 0..self.tracks.len() {
            let track = &mut self.tracks[index];
            match track.need() {
                _ if !track.is_due(now) => {}
                Need::Nothing | Need::Answer => {}
                Need::Place => {
                    track.is_busy = true;
                    let (question, name) = (track.question(), track.name.clone());
                    match lost.iter_mut().find(|(asked, _)| *asked == question) {
                        Some((_, names)) => names.push(name),
                        None => lost.push((question, vec![name])),
                    }
                }
                need => match self.client.leader(&track.name.topic, track.name.partition) {
                    Ok(leader) if need == Need::Look => {
                        track.is_busy = true;
                        self.jobs.look(leader, track.name.topic.clone(), track.position(LOOK));
                    }
                    Ok(leader) if self.jobs.is_fetching(leader) => {}
                    Ok(leader) => wanted.entry(leader).or_default().push(index),
                    Err(error) => self.failed(index, error, now),
                },
            }
        }
        for (question, names) in lost {
            self.jobs.place(question, names);
        }
        for turn in turns(&self.tracks, wanted) {
            let bytes = self.size.answer(turn.is_caught_up);
            // Whoever has no room now has it before all others later.
            let Some(room) = self.size.take(bytes) else { break };
            self.fetch(turn, bytes, room);
        }
    }

    fn fetch(&mut self, turn: Turn, bytes: usize, room: OwnedSemaphorePermit) {
        let wanted = turn.indexes.iter().map(|index| {
            let track = &self.tracks[*index];
            (track.name.topic.clone(), track.position(PAGE.min(bytes)))
        });
        self.jobs.fetch(Ask {
            leader: turn.leader,
            wanted: wanted.collect(),
            isolation: self.isolation,
            bytes,
            is_caught_up: turn.is_caught_up,
            room,
        });
        let number = self.turns.next();
        for index in turn.indexes {
            let track = &mut self.tracks[index];
            (track.is_busy, track.asked) = (true, number);
        }
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Fetched { leader, outcomes, room } => self.fetched(leader, outcomes, room),
            Done::Looked(name, outcome) => self.looked(&name, outcome),
            Done::Placed(names, starts, ends) => self.placed(names, &starts, &ends),
            Done::Refreshed(outcome) => self.refreshed(*outcome),
        }
    }

    fn fetched(
        &mut self,
        leader: BrokerId,
        outcomes: Outcomes<TopicPartition, Fetched>,
        mut room: OwnedSemaphorePermit,
    ) {
        self.jobs.fetched(leader);
        let now = Instant::now();
        let bytes = |(_, outcome): &(_, Result<Fetched, Error>)| outcome.as_ref().map_or(0, |f| f.range.bytes.len());
        // What the answer does not need serves the next.
        size::keep(&mut room, outcomes.iter().map(bytes).sum());
        let room = Arc::new(room);
        if outcomes.iter().any(|(_, outcome)| outcome.is_ok()) {
            self.size.grow();
        } else if outcomes
            .iter()
            .all(|(_, outcome)| matches!(outcome, Err(Error::Timeout { .. })))
        {
            self.size.shrink();
        }
        let outcomes = outcomes.into_iter().enumerate();
        let mut by_name: HashMap<_, _> = outcomes
            .map(|(number, (name, outcome))| (name, (number == 0, outcome)))
            .collect();
        for index in 0..self.tracks.len() {
            match by_name.remove(&self.tracks[index].name) {
                Some((stood_first, Ok(fetched))) => self.cut(index, fetched, stood_first, &room, now),
                Some((_, Err(error))) => self.failed(index, error, now),
                None => {}
            }
        }
    }

    /// Cuts one partition's answer into pieces for the workers.
    fn cut(
        &mut self,
        index: usize,
        fetched: Fetched,
        stood_first: bool,
        room: &Arc<OwnedSemaphorePermit>,
        now: Instant,
    ) {
        let track = &mut self.tracks[index];
        let end = match self.isolation {
            Isolation::ReadCommitted => fetched.last_stable.min(fetched.high_watermark),
            Isolation::ReadUncommitted => fetched.high_watermark,
        };
        let cut = pieces(&track.name, fetched.range, track.to(), room);
        self.queue.work(cut.pieces);
        let heard = Heard {
            end: end.0,
            stood_first,
            needed: cut.needed,
        };
        track.read(cut.next, heard, now);
    }

    fn looked(&mut self, name: &TopicPartition, outcome: Result<Option<i64>, Error>) {
        let now = Instant::now();
        let Some(index) = self.tracks.iter().position(|track| track.name == *name) else {
            return;
        };
        match outcome {
            Ok(next) => self.tracks[index].looked(next, now),
            Err(error) => self.failed(index, error, now),
        }
    }

    fn placed(&mut self, names: Vec<TopicPartition>, starts: &OffsetAnswers, ends: &OffsetAnswers) {
        let now = Instant::now();
        for name in names {
            let Some(index) = self.tracks.iter().position(|track| track.name == name) else {
                continue;
            };
            let of = |answers: &OffsetAnswers| match answers.get(&name) {
                Some(Ok(offset)) => Ok(offset.map(|offset| offset.0)),
                Some(Err(error)) => Err((**error).clone()),
                None => Err(out_of_range(&name)),
            };
            let end = of(ends).and_then(|end| end.ok_or_else(|| out_of_range(&name)));
            let start = match (of(starts), &end) {
                (Ok(Some(start)), _) => Ok(start),
                // Nothing is that new.
                (Ok(None), Ok(end)) if self.tracks[index].question() != OffsetSpec::Earliest => Ok(*end),
                (Ok(None), _) => Err(out_of_range(&name)),
                (Err(error), _) => Err(error),
            };
            let (start, end) = match (start, end) {
                (Ok(start), Ok(end)) => (start, end),
                (Err(error), _) | (_, Err(error)) => {
                    self.failed(index, error, now);
                    continue;
                }
            };
            if let Some((from, to)) = self.tracks[index].found(start, end, out_of_range(&name), now) {
                self.queue.say(Step::Lost(Lost {
                    partition: name,
                    from: Offset(from),
                    to: Offset(to),
                }));
            }
        }
    }

    fn refreshed(&mut self, outcome: Result<Partial<Metadata>, Error>) {
        let now = Instant::now();
        self.refreshed_at = Some(now);
        self.refresh_at = Some(now + LOOK_AGAIN);
        let Ok(found) = outcome else { return };
        for topic in &found.value.topics {
            let id = self.client.topic_id(&topic.name);
            let known = id.map(|id| *self.ids.entry(topic.name.clone()).or_insert(id));
            if known != id {
                self.remade(&topic.name);
            } else if self.grows.contains_key(&topic.name) {
                self.add(&topic.name, topic.partitions.iter().map(|partition| partition.id));
            }
        }
    }

    /// The topic is another one: its offsets mean something else.
    fn remade(&mut self, topic: &TopicName) {
        self.grows.remove(topic);
        let (gone, kept) = mem::take(&mut self.tracks)
            .into_iter()
            .partition(|track| track.name.topic == *topic);
        self.tracks = kept;
        for track in Vec::from_iter::<Vec<Track>>(gone) {
            self.queue.say(Step::Failed {
                partition: track.name.clone(),
                at: Offset(track.at()),
                error: Error::Remade { topic: topic.clone() },
            });
        }
    }

    /// Partitions that were added are followed from their start.
    fn add(&mut self, topic: &TopicName, partitions: impl Iterator<Item = PartitionId>) {
        let Some(known) = self.grows.get_mut(topic) else { return };
        for partition in partitions.filter(|partition| known.insert(*partition)) {
            self.tracks.push(Track::new(Range {
                partition: TopicPartition {
                    topic: topic.clone(),
                    partition,
                },
                from: Offset(0),
                to: None,
            }));
        }
    }

    fn failed(&mut self, index: usize, error: Error, now: Instant) {
        let track = &mut self.tracks[index];
        tracing::debug!(partition = %track.name, %error, "not read");
        match error.code() {
            Some(OFFSET_OUT_OF_RANGE) => track.out_of_range(),
            _ => track.failed(error, now),
        }
        let soon = self.refreshed_at.map_or(now, |at| now.max(at + REFRESH));
        self.refresh_at = self.refresh_at.map(|at| at.min(soon));
    }
}
