//! What every screen is to the machine. One file per pane, of the same name as its drawing in `ui`.

pub mod brokers;
pub mod group;
pub mod groups;
pub mod messages;
pub mod order;
pub mod record;
pub mod topic;
pub mod topics;

use std::time::{Duration, Instant};

use super::action::{Action, Scope};
use super::copy::Subject;
use super::decoders::Picker;
use super::effect::Effect;
use super::event::Event;
use super::filter::ListFilter;
use super::jobs::export::Draft;
use super::memory::{Memo, Memory};
use super::moving;
use super::nav::Location;
use super::prompt::PromptKind;
use super::slot::SlotId;
use super::store::Store;
use super::toast::Level;
use crate::kafka::query::{FeedSpec, OlderSpec, Query, SearchSpec};
use crate::layout::Area;

/// What a pane may look at while it acts.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What is known of the cluster.
    pub store: &'a Store,
    /// What earlier sessions and this one chose to keep.
    pub memory: &'a Memory,
    /// The pane's rectangle.
    pub body: Area,
    /// Now.
    pub now: Instant,
    /// Whether all of it comes from a recording: there is no cluster to ask or to change.
    pub is_recorded: bool,
}

/// What a pane asks of the machine around it.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Show another screen.
    Go(Location),
    /// Open a prompt with this text in it.
    Ask(PromptKind, String),
    /// Say something at the bottom.
    Say(Level, String),
    /// Drop what a slot knows: it is about something that is no longer on screen.
    Forget(SlotId),
    /// Open a stream of records; the machine gives it its ticket.
    Read(FeedSpec),
    /// Start a search in place of the stream.
    Search(Box<SearchSpec>),
    /// Have something read, line by line, under a title.
    Tell(String, Vec<String>),
    /// Read records before those of the stream.
    ReadOlder(OlderSpec),
    /// Let a decoder be chosen.
    PickDecoder(Box<Picker>),
    /// Keep something for this session and the next.
    Remember(Memo),
    /// Have the shell do something.
    Do(Effect),
}

/// Data that a screen shows: kept fresh as long as the screen is visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// Where the answer goes.
    pub slot: SlotId,
    /// The question.
    pub query: Query,
    /// How often it is asked.
    pub period: Duration,
    /// How urgent it is.
    pub urgency: Urgency,
}

/// How urgently a [`Want`] is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// When its period is over.
    Routine,
    /// As soon as the slot is free: rows came into view that it has no answer for.
    Missing,
    /// At once: what is under way in the slot is about something else that nobody looks at any more.
    Replaces,
}

impl Want {
    /// Data that is asked for every `period`.
    pub fn every(seconds: u64, slot: SlotId, query: Query) -> Self {
        Self {
            slot,
            query,
            period: Duration::from_secs(seconds),
            urgency: Urgency::Routine,
        }
    }

    /// The same, asked as soon as the slot is free if `is_missing`.
    pub fn missing(mut self, is_missing: bool) -> Self {
        if is_missing {
            self.urgency = Urgency::Missing;
        }
        self
    }

    /// The same, asked at once if `is_other`: the slot holds or awaits an answer about something else.
    pub fn replacing(mut self, is_other: bool) -> Self {
        if is_other {
            self.urgency = Urgency::Replaces;
        }
        self
    }
}

/// A screen's state and what actions mean on it. All methods are pure: no clock, no I/O.
pub trait Pane {
    /// Its scope in the action table.
    fn scope(&self) -> Scope;

    /// What is on screen, for the path line and for coming back.
    fn location(&self) -> Location;

    /// The five to seven actions that matter most here and now, most useful first.
    fn hints(&self) -> Vec<Action>;

    /// The words for one of them, where this screen has its own.
    fn short(&self, _action: Action) -> Option<&'static str> {
        None
    }

    /// Does what `action` means here; intents for the machine go to `out`. `false` when it means nothing here.
    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool;

    /// Data that must be fresh while this screen is visible.
    fn wants(&self, view: View<'_>) -> Vec<Want>;

    /// Something in the store or the size of the screen changed: derive rows anew, keep the cursor on its row.
    fn refresh(&mut self, view: View<'_>);

    /// The screen came to the top, or a screen that was opened from it: it may open what it reads from.
    fn entered(&mut self, _view: View<'_>, _out: &mut Vec<Intent>) {}

    /// Another pane is on screen: what it opened must wait.
    fn left(&mut self, _out: &mut Vec<Intent>) {}

    /// An event of the open feed.
    fn heard(&mut self, _event: Event, _view: View<'_>, _out: &mut Vec<Intent>) {}

    /// The next moment at which the screen changes, or has something to do, although nothing arrives.
    fn next_deadline(&self, _view: View<'_>) -> Option<Instant> {
        None
    }

    /// Some deadline has passed, perhaps the one that [`Pane::next_deadline`] named.
    fn deadline_reached(&mut self, _view: View<'_>, _out: &mut Vec<Intent>) {}

    /// The filter in force; `None` where there is nothing to filter.
    fn filter(&self) -> Option<&str> {
        None
    }

    /// Applies a filter line.
    fn set_filter(&mut self, _line: &str, _filter: ListFilter, _view: View<'_>) {}

    /// What is searched for, empty where nothing is; `None` where records cannot be searched.
    fn searched(&self) -> Option<&str> {
        None
    }

    /// Tries a search line on the record under the cursor: what it means, or why it cannot be used.
    fn try_search(&self, _line: &str) -> Option<Result<String, String>> {
        None
    }

    /// A search line was accepted; the error says why it cannot be used.
    fn search(&mut self, _line: &str, _view: View<'_>, _out: &mut Vec<Intent>) -> Result<(), String> {
        Err("there is nothing to search here".to_owned())
    }

    /// Takes a step back within the screen; `false` where there is none, and the screen is left.
    fn back(&mut self, _view: View<'_>, _out: &mut Vec<Intent>) -> bool {
        false
    }

    /// The line of a seek prompt was accepted; the error says why it cannot be used.
    fn seek(&mut self, _line: &str, _view: View<'_>, _out: &mut Vec<Intent>) -> Result<(), String> {
        Err("there is nowhere to go to here".to_owned())
    }

    /// What of the screen `e` can export.
    fn export(&self, _view: View<'_>) -> Option<Draft> {
        None
    }

    /// The group on screen or under the cursor, and what of it is under the cursor.
    fn group(&self, _view: View<'_>) -> Option<moving::Draft> {
        None
    }

    /// What under the cursor `y` can copy.
    fn copy(&self, _view: View<'_>) -> Option<Subject> {
        None
    }
}
