//! The search of the messages screen: the rows are what matches, over the whole range that is read.
//!
//! ```text
//!   /  ─▶ line, checked and tried while it is typed ─▶ Running ─┬▶ Held (cancelled, or enough is kept) ─▶ Running
//!                                                               └▶ Ended (everything passed, or why not)
//! ```
//!
//! Esc cancels a search that runs, and leaves one that does not. A held search stays open: it goes on where it stood.

use std::time::{Duration, Instant};

use super::rows::Limit;
use super::source::Source;
use super::{Messages, Stance};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::list::ListState;
use crate::app::pane::{Intent, View};
use crate::count::Count;
use crate::filter::{Filter, Kind, Subject, Unjudged};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, Row, TopicPartition};
use crate::kafka::partial::Failure;
use crate::kafka::query::{FeedTopic, Progress, SearchBatch, SearchSpec};

/// Matches that are kept; with more the search is held until the user lets it go on.
pub const MOST: Limit = Limit {
    rows: 5_000,
    bytes: 24 << 20,
};

/// Partitions that are named of those that cannot be read.
const FAILURES: usize = 5;

/// The largest record that a pattern or a condition is tried on at every key that is typed.
const TRIED: usize = 256 << 10;

/// A search, under way or not.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is looked for.
    pub filter: Filter,
    /// How far it is.
    pub progress: Progress,
    /// Whether it goes on.
    pub phase: Phase,
    /// Whether new records are searched as they come.
    pub follows: bool,
    /// When everything that was there at the start had been passed.
    pub reached_end: Option<Instant>,
    /// Matches that made room for later ones.
    pub let_go: u64,
    /// Time it has worked before `since`.
    worked: Duration,
    since: Instant,
}

/// Whether a search goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It does.
    Running,
    /// The user stopped it.
    Cancelled,
    /// As many matches are kept as may be.
    Full,
    /// It came to its end.
    Ended(Option<Error>),
}

impl Search {
    fn new(filter: Filter, follows: bool, now: Instant) -> Self {
        Self {
            filter,
            progress: Progress::default(),
            phase: Phase::Running,
            follows,
            reached_end: None,
            let_go: 0,
            worked: Duration::ZERO,
            since: now,
        }
    }

    /// Whether it has something to do until everything that was there at the start is passed.
    pub fn is_busy(&self) -> bool {
        self.phase == Phase::Running && self.reached_end.is_none()
    }

    /// Whether it can be let go on.
    pub fn is_held(&self) -> bool {
        matches!(self.phase, Phase::Cancelled | Phase::Full)
    }

    /// Time it has worked.
    pub fn worked(&self, now: Instant) -> Duration {
        let until = self.reached_end.unwrap_or(now);
        match self.phase {
            Phase::Running => self.worked + until.saturating_duration_since(self.since),
            _ => self.worked,
        }
    }

    /// The actions that matter most while it is on screen.
    pub fn hints(&self) -> Vec<Action> {
        let mut hints = vec![Action::Open, Action::Filter, Action::Back, Action::Copy];
        if self.is_held() {
            hints.insert(0, Action::ResumeSearch);
        }
        if self.has_troubles() {
            hints.push(Action::SearchTroubles);
        }
        hints
    }

    /// Whether anything could not be judged or read.
    pub fn has_troubles(&self) -> bool {
        self.progress.errors > 0 || self.is_incomplete()
    }

    /// Whether anything could not be read: matches may be missing.
    pub fn is_incomplete(&self) -> bool {
        let progress = &self.progress;
        progress.unreadable > 0 || progress.lost > 0 || !progress.failures.is_empty()
    }

    /// Matches that are neither shown nor let go: they come when it goes on.
    pub fn waiting(&self, shown: usize) -> u64 {
        self.progress.matches.saturating_sub(shown as u64 + self.let_go)
    }

    /// What it could not judge or read, and why, in lines; none where nothing stood in the way.
    pub fn troubles(&self) -> Vec<String> {
        let progress = &self.progress;
        let named = |examples: &[(TopicPartition, Offset, String)]| -> Vec<String> {
            let named = examples
                .iter()
                .map(|(partition, offset, why)| format!("{partition}@{offset}: {why}"));
            named.collect()
        };
        let failures: Vec<String> = progress.failures.iter().take(FAILURES).map(Failure::summary).collect();
        let kinds = [
            (
                "Records the condition has no answer for:",
                progress.errors,
                named(&progress.error_examples),
            ),
            (
                "Not readable, from here on:",
                progress.unreadable,
                named(&progress.unreadable_examples),
            ),
            (
                "Offsets deleted by retention before they were read:",
                progress.lost,
                Vec::new(),
            ),
            (
                "Partitions that cannot be read:",
                progress.failures.len() as u64,
                failures,
            ),
        ];
        let mut lines = Vec::new();
        for (heading, count, examples) in kinds.into_iter().filter(|(_, count, _)| *count > 0) {
            let first = match examples.len() as u64 {
                0 => String::new(),
                all if all == count => String::new(),
                some => format!(", the first {some}:"),
            };
            lines.push(format!("{heading} {}{first}", Count::of(count)));
            lines.extend(examples.into_iter().map(|example| format!("  {example}")));
        }
        lines
    }

    fn turn(&mut self, phase: Phase, now: Instant) {
        self.worked = self.worked(now);
        self.since = now;
        self.phase = phase;
    }
}

impl Messages {
    /// The search, if there is one.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// What a line means, tried on the record under the cursor, or what is wrong with it.
    pub(super) fn try_line(&self, line: &str) -> Result<String, String> {
        if line.is_empty() {
            return Ok("text, /regex/, or a condition on record".to_owned());
        }
        let kind = Filter::kind_of(line);
        let filter = Filter::parse(line).map_err(|error| format!("{kind}: {error}"))?;
        let record = self.rows.get(self.list.cursor).and_then(Row::record);
        if kind != Kind::Text && record.is_some_and(|record| record.len() > TRIED) {
            return Ok(format!("{kind} · this record is too large to try while typing"));
        }
        let Some(subject) = record.map(Subject::from) else {
            return Ok(kind.to_string());
        };
        Ok(match filter.matches(&subject) {
            Ok(true) => format!("{kind} · matches this record"),
            Ok(false) => format!("{kind} · not this record"),
            Err(Unjudged) => match filter.why(&subject) {
                Some(why) => format!("{kind} · {why}"),
                None => kind.to_string(),
            },
        })
    }

    /// Begins a search, or with an empty line leaves the one there is.
    pub(super) fn search_for(&mut self, line: &str, view: View<'_>, out: &mut Vec<Intent>) -> Result<(), String> {
        if line.is_empty() {
            self.leave_search(view, out);
            return Ok(());
        }
        let filter = Filter::parse(line).map_err(|error| error.to_string())?;
        self.start_search(filter, view, out);
        Ok(())
    }

    pub(super) fn start_search(&mut self, filter: Filter, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(source) = &self.source else { return };
        let spec = spec(source, filter.clone(), self.rows.which().isolation());
        let search = Search::new(filter, source.follows(), view.now);
        self.set_aside();
        self.search = Some(search);
        self.forget_rows();
        out.push(Intent::Search(Box::new(spec)));
    }

    /// Looks for the same again, from where reading starts now.
    pub(super) fn search_again(&mut self, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        let Some(search) = &self.search else { return false };
        let filter = search.filter.clone();
        self.start_search(filter, view, out);
        true
    }

    fn forget_rows(&mut self) {
        self.rows.clear();
        self.list = ListState::default();
        self.peek = None;
        if let Stance::Looking { since } = &mut self.stance {
            *since = self.rows.end();
        }
    }

    /// Esc: cancels what runs, leaves what does not. `false` without a search.
    pub(super) fn back_in_search(&mut self, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        match &mut self.search {
            Some(search) if search.is_busy() => {
                search.turn(Phase::Cancelled, view.now);
                out.push(Intent::Do(Effect::PauseFeed));
                true
            }
            Some(_) => {
                self.leave_search(view, out);
                true
            }
            None => false,
        }
    }

    fn leave_search(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if self.search.take().is_some() {
            self.come_back(view, out);
        }
    }

    /// Lets a held search go on. Where enough was kept, the next matches take the room.
    pub(super) fn resume_search(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(search) = self.search.as_mut().filter(|search| search.is_held()) else {
            return;
        };
        let was_full = search.phase == Phase::Full;
        search.turn(Phase::Running, view.now);
        if was_full {
            search.let_go += self.rows.kept() as u64;
            self.forget_rows();
        }
        out.push(Intent::Do(Effect::ResumeFeed));
    }

    /// Matches came: they go where their time belongs, and the cursor stays on its record.
    pub(super) fn take_matches(&mut self, batch: SearchBatch, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(search) = &mut self.search else { return };
        search.progress = batch.progress;
        if search.progress.at_end && search.reached_end.is_none() {
            search.worked = search.worked(view.now);
            search.since = view.now;
            search.reached_end = Some(view.now);
        }
        let was_empty = self.rows.is_empty();
        for (topic, row) in batch.rows {
            let at = self.rows.insert(topic, row);
            if !was_empty && at <= self.list.cursor {
                self.list.cursor += 1;
                self.list.top_row += 1;
            }
        }
        if self.rows.is_over(MOST) {
            self.make_room_for_matches(view, out);
        }
    }

    /// New matches push the oldest out; those of the log are held instead.
    fn make_room_for_matches(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(search) = &mut self.search else { return };
        if search.reached_end.is_some() && self.stance == Stance::Following {
            let before = self.rows.kept();
            let gone = self.rows.trim(MOST);
            search.let_go += (before - self.rows.kept()) as u64;
            self.list.cursor = self.list.cursor.saturating_sub(gone);
            self.list.top_row = self.list.top_row.saturating_sub(gone);
        } else if search.phase == Phase::Running {
            search.turn(Phase::Full, view.now);
            out.push(Intent::Do(Effect::PauseFeed));
        }
    }

    pub(super) fn search_ended(&mut self, error: Option<Error>, view: View<'_>) {
        if let Some(search) = &mut self.search {
            search.turn(Phase::Ended(error), view.now);
            search.reached_end.get_or_insert(view.now);
        }
    }

    /// The next moment at which the figures of the search change although nothing arrives.
    pub(super) fn search_deadline(&self, view: View<'_>) -> Option<Instant> {
        let is_busy = self.search.as_ref().is_some_and(Search::is_busy);
        is_busy.then(|| view.now + Duration::from_secs(1))
    }
}

/// What to read.
fn spec(source: &Source, filter: Filter, isolation: Isolation) -> SearchSpec {
    let topics = source.topics.iter().map(|topic| FeedTopic {
        topic: topic.clone(),
        partitions: source.partitions.clone(),
        start: source.searched_from(),
    });
    SearchSpec {
        topics: topics.collect(),
        until: source.until.clone(),
        isolation,
        filter,
    }
}
