//! A recording on the screen: where it stands, how fast it goes, and what there is to see at that moment.
//!
//! ```text
//!  keys ─▶ place ─▶ looks up to it ─▶ Store::replay ─▶ panes as ever
//!             └───▶ slider
//! ```
//! The recording's time is the time of what is shown: it stands while nothing plays. What was seen of groups depends on
//! every look before, so a place is reached from a copy of the store that was kept while the recording was read, and
//! the looks since: going back shows the very same as coming there for the first time.

mod marks;
mod moves;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use marks::Mark;
use marks::{brokers, verdicts};

use super::action::Action;
use super::store::Store;
use super::wall::WallClock;
use crate::kafka::lag::GroupDetail;
use crate::kafka::lag::alarm::{Alarms, Limit};
use crate::kafka::model::{BrokerId, GroupId};
use crate::kafka::partial::Failure;
use crate::recording::{Asked, Cursor, Damage, Film, Glance, Moment, Reader};

/// How many times faster than it was.
const SPEEDS: [u32; 7] = [1, 2, 5, 10, 30, 60, 300];
/// The speed at first.
const FIRST_SPEED: usize = 3;
/// So many copies of the store are kept at most.
const MOST_COPIES: usize = 64;
/// So many partitions are in all copies together at most.
const MOST_COPIED: usize = 400_000;

/// The actions of the bottom line.
pub(super) const HINTS: &[Action] = &[
    Action::TogglePlay,
    Action::LookBack,
    Action::LookForward,
    Action::NextMark,
    Action::Faster,
    Action::Open,
    Action::Help,
];
/// The same for one group.
pub(super) const GROUP_HINTS: &[Action] = &[
    Action::TogglePlay,
    Action::LookBack,
    Action::LookForward,
    Action::NextMark,
    Action::NextGroupView,
    Action::Back,
    Action::Help,
];

/// A recording that is being looked at.
#[derive(Debug)]
pub struct Replay {
    film: Film,
    /// The machine's moment of the recording's beginning.
    begin: Instant,
    zone: TimeZone,
    copies: Vec<Copied>,
    marks: Vec<Mark>,
    place: Place,
    /// Where it stands, or stood at `since`.
    at: Duration,
    /// Since when it plays.
    since: Option<Instant>,
    speed: usize,
    trouble: Option<String>,
}

/// What has been shown up to a look.
#[derive(Clone, Debug, Default)]
struct Place {
    cursor: Cursor,
    known: BTreeMap<GroupId, Known>,
    failures: Vec<Failure>,
}

/// A group as it was described last.
#[derive(Clone, Debug)]
struct Known {
    detail: Arc<GroupDetail>,
    at: Duration,
}

/// The store at a look.
#[derive(Debug)]
struct Copied {
    place: Place,
    store: Store,
}

impl Replay {
    /// Reads a whole recording; `news` is told after each look. A damaged one is there up to the damage.
    ///
    /// # Errors
    /// When there is nothing to look at.
    pub fn open(
        mut reader: Reader,
        limits: Vec<Limit>,
        begin: Instant,
        zone: TimeZone,
        mut news: impl FnMut(usize),
    ) -> Result<(Self, Store), Damage> {
        let mut replay = Self {
            film: Film::new(reader.header().clone()),
            begin,
            zone,
            copies: Vec::new(),
            marks: Vec::new(),
            place: Place::default(),
            at: Duration::ZERO,
            since: None,
            speed: FIRST_SPEED,
            trouble: None,
        };
        let mut store = Store::default();
        store.derived.alarms = Alarms::new(limits);
        let mut stride = 1;
        let damage = loop {
            match reader.look() {
                Ok(Some(glance)) => {
                    if replay.film.push(&glance, reader.text()).is_err() {
                        break None;
                    }
                    replay.first_look(&mut store, &mut stride);
                    news(replay.film.moments().len());
                }
                Ok(None) => break None,
                Err(damage) => break Some(damage),
            }
        };
        replay.trouble = match (damage, reader.is_cut()) {
            (Some(damage), _) if replay.copies.is_empty() => return Err(damage),
            (Some(damage), _) => Some(format!("damaged after this many looks: {damage}")),
            (None, true) => Some("the file ends within a line: its recorder was killed".to_owned()),
            (None, false) => None,
        };
        let Some(first) = replay.copies.first() else {
            return Err(Damage {
                line: None,
                what: "it has no look".to_owned(),
                hint: "its recorder was ended before the first one.".to_owned(),
            });
        };
        replay.place = first.place.clone();
        replay.at = replay.start();
        let store = first.store.clone();
        Ok((replay, store))
    }

    fn first_look(&mut self, store: &mut Store, stride: &mut usize) {
        let before = verdicts(store);
        let brokers: Vec<BrokerId> = brokers(store);
        let number = self.place.cursor.next();
        if !self.show_next(store) {
            return;
        }
        store.derived.alarms.take_news();
        let Some(Moment { after, .. }) = self.film.moments().get(number).copied() else {
            return;
        };
        self.mark(after, &before, &brokers, store);
        if number.is_multiple_of(*stride) {
            let copied = Copied {
                place: Place {
                    cursor: self.place.cursor.packed(),
                    ..self.place.clone()
                },
                store: store.clone(),
            };
            self.copies.push(copied);
        }
        let partitions: usize = self
            .place
            .known
            .values()
            .map(|known| known.detail.partitions.len())
            .sum();
        let most = (MOST_COPIED / partitions.max(1)).clamp(4, MOST_COPIES);
        while self.copies.len() > most {
            *stride *= 2;
            let stride = *stride;
            self.copies
                .retain(|copied| (copied.place.cursor.next() - 1).is_multiple_of(stride));
        }
    }

    /// Shows the next look; `false` at the end.
    fn show_next(&mut self, store: &mut Store) -> bool {
        let Some(glance) = self.place.cursor.look(&self.film) else {
            return false;
        };
        let wall = WallClock {
            at: self.begin + glance.after,
            time: Timestamp::from_millisecond(glance.told).unwrap_or_default(),
            zone: self.zone.clone(),
        };
        store.replay(&glance, wall);
        self.place.take(glance);
        true
    }

    /// What went wrong while it was read.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Milliseconds between two looks, as it was recorded.
    pub fn every(&self) -> Duration {
        Duration::from_millis(self.film.header().every)
    }

    /// What the cluster was called.
    pub fn cluster(&self) -> &str {
        &self.film.header().cluster.name
    }

    fn start(&self) -> Duration {
        self.film.moments().first().map_or(Duration::ZERO, |first| first.after)
    }

    fn end(&self) -> Duration {
        self.film.moments().last().map_or(Duration::ZERO, |last| last.after)
    }

    /// How long it is, from the first look to the last.
    pub fn length(&self) -> Duration {
        self.end().saturating_sub(self.start())
    }

    /// Where it stands, after the first look.
    pub fn passed(&self, now: Instant) -> Duration {
        self.at(now).saturating_sub(self.start())
    }

    fn at(&self, now: Instant) -> Duration {
        let Some(since) = self.since else { return self.at };
        let played = now.saturating_duration_since(since).saturating_mul(self.speed());
        self.at.saturating_add(played).min(self.end())
    }

    /// The moment that is shown.
    pub fn time(&self, now: Instant) -> Instant {
        self.begin + self.at(now)
    }

    /// Whether it plays.
    pub fn is_playing(&self) -> bool {
        self.since.is_some()
    }

    /// How many times faster than it was it plays.
    pub fn speed(&self) -> u32 {
        SPEEDS[self.speed]
    }

    /// Moments worth looking at: how long after the first look, in their order.
    pub fn marks(&self) -> impl Iterator<Item = (Duration, &Mark)> {
        let start = self.start();
        self.marks
            .iter()
            .map(move |mark| (mark.after.saturating_sub(start), mark))
    }

    /// What happened at the look that is shown.
    pub fn news(&self) -> impl Iterator<Item = &Mark> {
        let shown = self.shown();
        self.marks.iter().filter(move |mark| mark.after == shown)
    }

    /// When the look that is shown was told.
    fn shown(&self) -> Duration {
        let number = self.place.cursor.next().saturating_sub(1);
        self.film
            .moments()
            .get(number)
            .map_or(Duration::ZERO, |moment| moment.after)
    }

    /// When something changes by itself.
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let since = self.since?;
        let next = self.film.moments().get(self.place.cursor.next());
        let next = next.map(|next| since + next.after.saturating_sub(self.at) / self.speed());
        let tick = now + Duration::from_millis(if self.speed() == 1 { 1_000 } else { 250 });
        Some(next.map_or(tick, |next| next.min(tick)))
    }

    /// Plays on to now.
    pub fn advance(&mut self, store: &mut Store, now: Instant) {
        if self.since.is_none() {
            return;
        }
        let at = self.at(now);
        self.play_to(store, at);
        if at >= self.end() {
            (self.at, self.since) = (at, None);
        }
    }

    fn play_to(&mut self, store: &mut Store, at: Duration) {
        let count = self.film.moments().partition_point(|moment| moment.after <= at).max(1);
        while self.place.cursor.next() < count && self.show_next(store) {}
    }

    /// Goes to a place.
    fn seek(&mut self, store: &mut Store, at: Duration, now: Instant) {
        self.at = at.clamp(self.start(), self.end());
        self.since = self.since.map(|_| now);
        let count = self
            .film
            .moments()
            .partition_point(|moment| moment.after <= self.at)
            .max(1);
        let next = self.place.cursor.next();
        let nearest = self
            .copies
            .iter()
            .rev()
            .find(|copied| copied.place.cursor.next() <= count);
        if let Some(copied) = nearest.filter(|copied| count < next || copied.place.cursor.next() > next) {
            self.place = copied.place.clone();
            *store = copied.store.clone();
        }
        self.play_to(store, self.at);
        // Who jumps somewhere is not rung for what happened on the way.
        store.derived.alarms.take_news();
    }

    /// Lets the store show a group as it was told last.
    pub fn show_group(&self, group: &GroupId, store: &mut Store) {
        if let Some(known) = self.place.known.get(group) {
            store.show_group(&known.detail, self.place.failures.clone(), self.begin + known.at);
        }
    }
}

impl Place {
    fn take(&mut self, glance: Glance) {
        let failures = glance.failures.into_iter().filter(|failed| failed.asked == Asked::Lags);
        self.failures = failures.map(|failed| failed.failure).collect();
        for detail in glance.details {
            let known = Known {
                at: glance.after,
                detail: Arc::new(detail),
            };
            self.known.insert(known.detail.description.group.clone(), known);
        }
    }
}
