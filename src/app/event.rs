//! What happened, in the past tense.

use std::sync::Arc;

use super::action::Action;
use super::jobs::{JobEnd, JobId, JobProgress};
use super::moving::{MoveSent, MoveTold};
use super::slot::{SlotId, Ticket};
use crate::kafka::error::Error;
use crate::kafka::model::Lock;
use crate::kafka::partial::Partial;
use crate::kafka::query::{Answer, Cost, FeedBatch, OlderRows, SearchBatch};
use crate::layout::Size;

/// Everything the machine can be told. Plain data: printable, comparable, replayable.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A key that is bound to an action.
    Acted(Action),
    /// A character typed into the open prompt.
    Typed(char),
    /// Text pasted by the terminal.
    Pasted(String),
    /// The terminal has a new size.
    Resized(Size),
    /// The deadline that [`super::App::next_deadline`] named has passed.
    DeadlineReached,
    /// The engine answered a question.
    Loaded {
        /// Whose question.
        slot: SlotId,
        /// Which question.
        ticket: Ticket,
        /// The answer.
        result: Result<Partial<Answer>, Error>,
        /// What it took.
        cost: Cost,
    },
    /// The open feed handed over records.
    RecordsArrived {
        /// Which feed.
        ticket: Ticket,
        /// The records.
        batch: FeedBatch,
    },
    /// Records before those of the open feed were read.
    OlderRead {
        /// Which feed.
        ticket: Ticket,
        /// The records.
        rows: OlderRows,
    },
    /// The search under way found something, or got on.
    SearchMoved {
        /// Which search.
        ticket: Ticket,
        /// What it found, and how far it is.
        batch: SearchBatch,
    },
    /// The open feed, or the search, came to its end.
    FeedEnded {
        /// Which feed.
        ticket: Ticket,
        /// `None` when it read everything, else why it stopped.
        error: Option<Error>,
    },
    /// The state of the connection to the cluster changed.
    ConnectionChanged(Connection),
    /// The engine lets changes through from now on, or does not any more.
    LockChanged(Lock),
    /// What the engine has counted so far, for the debug overlay.
    Counted(Counters),
    /// Something was put into the clipboard, or could not be.
    Copied(Result<String, String>),
    /// The editor was left: the text it was left with, or why there is none.
    Edited(Result<String, String>),
    /// A job went on.
    JobMoved {
        /// Which one.
        job: JobId,
        /// How far it is.
        progress: JobProgress,
    },
    /// A job came to its end.
    JobEnded {
        /// Which one.
        job: JobId,
        /// What came of it.
        end: JobEnd,
    },
    /// Something was found out for a preview of moved offsets.
    MoveTold {
        /// Which preview.
        number: u64,
        /// What.
        told: Box<MoveTold>,
    },
    /// Offsets were moved, or not: before the end of the job that did it.
    MoveSent {
        /// Which job.
        job: JobId,
        /// What came of it.
        sent: Box<MoveSent>,
    },
    /// An effect could not be had: why, in words.
    Refused(String),
    /// The time of day and the zone of the user, at the start and whenever the wall clock was set or stood still.
    TimeTold {
        /// What the wall clock shows.
        time: jiff::Timestamp,
        /// The zone in which times are shown and read.
        zone: jiff::tz::TimeZone,
    },
    /// A key that means nothing here: somebody is there.
    Touched,
    /// The process came back from the background.
    Resumed,
    /// A task panicked; its message.
    Crashed(String),
}

/// State of the connection to the cluster as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Connection {
    /// No broker has answered yet.
    #[default]
    Connecting,
    /// Some broker answered the last time one was asked.
    Connected,
    /// No broker can be reached.
    Lost(Arc<Error>),
}

/// What the engine has counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests sent.
    pub requests: u64,
    /// Requests without an answer so far.
    pub in_flight: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Answers that came after their deadline.
    pub late_answers: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
}
