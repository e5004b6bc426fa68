//! Messages of a topic: what was written, by time over partitions, and what is being written now, as it arrives.
//!
//! ```text
//!  orders.events   12 partitions   newest 50   following ▶ 412/s                       /heidi
//!    TIME            P   OFFSET  KEY           VALUE
//!  ▸ 11:39:59.999    7  166,666  order-49999   {"orderId":1999999,"customer":"heidi",…
//!  ── record ────────────────────────────────────────────────────────────────────────────────
//!    the record under the cursor, from 30 rows up
//! ```
//!
//! The cursor at the bottom follows; moving it up pauses, and the feed goes on until the room for new rows is full.
//! Then it is held, and the rest waits at the brokers: nothing the user looks at is dropped.

mod act;
mod before;
pub mod edges;
mod hear;
pub mod pace;
pub mod paging;
pub mod peek;
pub mod reading;
pub mod rows;
pub mod search;
pub mod seek;
pub mod source;

pub use self::source::Source;

use std::time::{Duration, Instant};

use self::before::Before;
use self::pace::Pace;
use self::paging::Above;
use self::peek::Peek;
use self::reading::{Hold, Phase, Reading};
use self::rows::{Rows, Seq};
use self::search::Search;
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::Subject;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::jobs::export::Draft;
use crate::app::list::ListState;
use crate::app::nav::Location;
use crate::app::slot::SlotId;
use crate::kafka::query::Query;
use crate::layout::{self, Area, ListRegions};
use crate::position::{Plan, Start, Until};

/// How many of the newest records are shown at first.
pub const NEWEST: usize = crate::position::NEWEST;

/// After this long on another screen, following starts over at the newest records instead of catching up.
const AWAY_TOO_LONG: Duration = Duration::from_secs(30);

/// Rows of the body from which the preview can be switched on by hand.
const PREVIEW_LEAST: u16 = 10;

/// Whether the cursor stays at the newest record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It does.
    Following,
    /// The user looks at something. Rows from this number on are new since.
    Looking {
        /// Number of the first row that came after.
        since: Seq,
    },
}

/// Whether the record under the cursor is shown below the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Preview {
    /// Where there is room.
    #[default]
    Auto,
    /// Wanted.
    On,
    /// Not wanted.
    Off,
}

/// State of the screen.
#[derive(Debug)]
pub struct Messages {
    source: Option<Source>,
    reading: Reading,
    rows: Rows,
    list: ListState,
    stance: Stance,
    pace: Pace,
    preview: Preview,
    peek: Option<Peek>,
    search: Option<Search>,
    before: Option<Box<Before>>,
    above: Above,
    /// When the screen was last on top.
    seen: Option<Instant>,
}

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Title, table and detail line.
    pub list: ListRegions,
    /// The record under the cursor, with the rule above it. Empty when there is no room, or it is switched off.
    pub preview: Area,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            source: None,
            reading: Reading::default(),
            rows: Rows::default(),
            list: ListState::default(),
            stance: Stance::Following,
            pace: Pace::default(),
            preview: Preview::default(),
            peek: None,
            search: None,
            before: None,
            above: Above::default(),
            seen: None,
        }
    }
}

impl Messages {
    /// Opens what `source` says.
    pub fn new(source: Source) -> Self {
        let mut rows = Rows::default();
        rows.show(source.shown);
        Self {
            stance: first_stance(&source.start),
            source: Some(source),
            rows,
            ..Self::default()
        }
    }

    /// What is read; `None` before a topic was chosen.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// The state of the feed.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Cursor and window over the shown rows.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// Whether the cursor stays at the newest record.
    pub fn stance(&self) -> Stance {
        self.stance
    }

    /// How fast records arrive.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// The opened value of the record under the cursor, while it is previewed.
    pub fn peek(&self) -> Option<&Peek> {
        self.peek.as_ref()
    }

    /// Divides the body.
    pub fn parts(&self, body: Area) -> Parts {
        let has_room = match self.preview {
            Preview::Auto => body.height + layout::FRAME_ROWS >= layout::PREVIEW_FROM_HEIGHT,
            Preview::On => body.height >= PREVIEW_LEAST,
            Preview::Off => false,
        };
        let rows = if has_room {
            (body.height * 2 / 5).clamp(5, 22)
        } else {
            0
        };
        let (list, preview) = body.split_bottom(rows);
        Parts {
            list: layout::list(list),
            preview,
        }
    }

    fn page(&self, view: View<'_>) -> usize {
        self.parts(view.body).list.page().into()
    }

    fn read(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(source) = &self.source else { return };
        out.push(Intent::Read(source.feed(self.rows.which().isolation())));
        self.reading.opened(view.now);
        self.pace = Pace::default();
        self.above = Above::default();
    }

    /// Starts over at the newest records and follows.
    fn read_newest(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if let Some(source) = &mut self.source {
            if !matches!(source.start, Start::Newest(_)) {
                source.start = Start::Newest(NEWEST);
            }
            source.until = Until::Follow;
        }
        self.stance = Stance::Following;
        self.read(view, out);
    }
}

fn first_stance(start: &Start) -> Stance {
    match start {
        Start::Newest(_) | Start::End => Stance::Following,
        Start::Begin | Start::Offset(_) | Start::PerPartition(_) | Start::Time(_) => Stance::Looking { since: 0 },
    }
}

impl Pane for Messages {
    fn scope(&self) -> Scope {
        Scope::Messages
    }

    fn location(&self) -> Location {
        match &self.source {
            None => Location::LastMessages,
            Some(source) => Location::Messages(Box::new(source.clone())),
        }
    }

    fn hints(&self) -> Vec<Action> {
        if self.source.is_none() {
            return vec![Action::OpenTopics, Action::Palette, Action::Help];
        }
        if let Some(search) = &self.search {
            return search.hints();
        }
        vec![
            Action::Open,
            Action::Seek,
            Action::ToggleFollow,
            Action::Filter,
            Action::Copy,
            Action::ToggleControl,
            Action::Help,
        ]
    }

    fn short(&self, action: Action) -> Option<&'static str> {
        match (action, &self.search) {
            (Action::Filter, _) => Some("search"),
            (Action::Back, Some(search)) if search.is_busy() => Some("stop search"),
            (Action::Back, Some(_)) => Some("leave search"),
            _ => None,
        }
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        let is_known = self.do_action(action, view, out);
        self.tell_stance(out);
        is_known
    }

    fn wants(&self, _view: View<'_>) -> Vec<Want> {
        // The feed is pushed; partitions and leaders come with the overview that every screen wants.
        match &self.source {
            Some(source) if self.is_counting() => {
                vec![Want::every(2, SlotId::Offsets, Query::Offsets(source.topics.clone()))]
            }
            _ => Vec::new(),
        }
    }

    fn refresh(&mut self, view: View<'_>) {
        if self.reading.hold != Hold::Away {
            self.seen = Some(view.now);
        }
        let (len, page) = (self.rows.len(), self.page(view));
        if self.stance == Stance::Following {
            self.list.cursor = len.saturating_sub(1);
            self.list.top_row = len.saturating_sub(page);
        } else {
            self.list.move_to(self.list.cursor, len, page);
        }
        self.open_peek(self.parts(view.body).preview, view.memory);
    }

    fn entered(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if self.search.is_some() {
            // It went on meanwhile.
            return;
        }
        let is_long_gone = self.seen.is_some_and(|seen| view.now >= seen + AWAY_TOO_LONG);
        match (self.source.is_some(), &self.reading.phase, self.reading.hold) {
            (false, _, _) | (true, Phase::Ended { .. }, _) | (true, _, Hold::Full | Hold::Behind) => {}
            (true, Phase::Closed, _) => self.read(view, out),
            (true, _, Hold::Away) if is_long_gone && self.stance == Stance::Following => self.read_newest(view, out),
            // It went on below a record that was opened from here.
            (true, _, Hold::Flowing) => {}
            (true, _, Hold::Away) => {
                self.reading.hold = Hold::Flowing;
                out.push(Intent::Do(Effect::ResumeFeed));
            }
        }
    }

    fn left(&mut self, out: &mut Vec<Intent>) {
        if self.reading.is_live() && self.reading.hold == Hold::Flowing {
            self.reading.hold = Hold::Away;
            out.push(Intent::Do(Effect::PauseFeed));
        }
    }

    fn heard(&mut self, event: Event, view: View<'_>, out: &mut Vec<Intent>) {
        self.hear(event, view, out);
    }

    fn next_deadline(&self, view: View<'_>) -> Option<Instant> {
        if self.search.is_some() {
            return self.search_deadline(view);
        }
        match &self.reading.phase {
            Phase::Opening { since, .. } => Some(*since + Duration::from_secs(1)).filter(|at| *at > view.now),
            Phase::Open if self.stance == Stance::Following => self.pace.next_change(view.now),
            // The seconds until then are shown.
            Phase::Ended { .. } => self.retry_at().map(|at| at.min(view.now + Duration::from_secs(1))),
            Phase::Closed | Phase::Open => None,
        }
    }

    fn deadline_reached(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if self.retry_at().is_some_and(|at| at <= view.now) {
            if self.stance == Stance::Following && !self.has_end() {
                self.read_newest(view, out);
            } else {
                self.read(view, out);
            }
        }
    }

    fn searched(&self) -> Option<&str> {
        let line = self.search.as_ref().map_or("", |search| search.filter.source());
        self.source.is_some().then_some(line)
    }

    fn try_search(&self, line: &str) -> Option<Result<String, String>> {
        self.source.is_some().then(|| self.try_line(line))
    }

    fn search(&mut self, line: &str, view: View<'_>, out: &mut Vec<Intent>) -> Result<(), String> {
        self.search_for(line, view, out)
    }

    fn back(&mut self, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        self.back_in_search(view, out)
    }

    fn seek(&mut self, line: &str, view: View<'_>, out: &mut Vec<Intent>) -> Result<(), String> {
        let now = view.store.derived.wall.as_ref().map(|wall| wall.time(view.now));
        let plan = Plan::parse(line, now.as_ref())?;
        if plan == Plan::default() {
            return Err("where to? begin, end, newest 50, -15m, 10:00, offset 1234".to_owned());
        }
        let Some(source) = &mut self.source else {
            return Err("choose a topic first".to_owned());
        };
        source.change(plan, view.store)?;
        self.stance = first_stance(&source.start);
        self.rows.show(source.shown);
        self.before = None;
        if !self.search_again(view, out) {
            self.read(view, out);
        }
        Ok(())
    }

    fn export(&self, _view: View<'_>) -> Option<Draft> {
        self.draft()
    }

    fn copy(&self, _view: View<'_>) -> Option<Subject> {
        self.subject()
    }
}
