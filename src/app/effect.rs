//! What shall be done, in the imperative.

use super::jobs::{JobId, JobSpec};
use super::memory::Memo;
use super::moving::MoveStep;
use super::slot::{SlotId, Ticket};
use crate::kafka::query::{FeedSpec, OlderSpec, Query, SearchSpec};

/// What the shell does for the machine. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the engine; a question under way for the same slot is cancelled first.
    Load {
        /// Whose question.
        slot: SlotId,
        /// Which question; the answer carries it back.
        ticket: Ticket,
        /// The question.
        query: Query,
    },
    /// Stop asking: nobody waits for the answer any more.
    Cancel(SlotId),
    /// Open a stream of records; the open one is closed first.
    OpenFeed {
        /// Which feed; its records carry it back.
        ticket: Ticket,
        /// What to read.
        spec: FeedSpec,
    },
    /// Read records before those of the open stream; what was asked like this before is cancelled.
    ReadOlder {
        /// Which feed.
        ticket: Ticket,
        /// What to read.
        spec: OlderSpec,
    },
    /// Start a search; the open stream, or the search under way, is closed first.
    OpenSearch {
        /// Which search; what it says carries it back. It is held and resumed as a stream is.
        ticket: Ticket,
        /// What to look for, and where.
        spec: Box<SearchSpec>,
    },
    /// Close the stream of records.
    CloseFeed,
    /// Hold the open stream: records stay at the brokers until it is resumed.
    PauseFeed,
    /// Go on with a held stream.
    ResumeFeed,
    /// Let the open stream leave records out when it falls behind new ones, or not any more.
    LetFeedSkip(bool),
    /// Let changes through (somebody typed the cluster's name); refused where the session is read-only.
    Unlock,
    /// Let no change through any more.
    Lock,
    /// Put text into the clipboard.
    CopyToClipboard {
        /// What it is, in a few words, for the message.
        what: String,
        /// The text.
        text: String,
    },
    /// Put the row under the cursor into the clipboard, as it is on screen.
    CopyRow,
    /// Keep this for the next session on this cluster.
    Remember(Memo),
    /// Give the terminal to the user's editor, with this text.
    OpenEditor(String),
    /// Start a job in the background; its events carry its number back.
    StartJob {
        /// Which one.
        job: JobId,
        /// What it is to do.
        spec: JobSpec,
    },
    /// Tell a job to stop; what it says last is how far it came.
    CancelJob(JobId),
    /// Find out for a preview of moved offsets; what was asked before for another one, or the same step, is cancelled.
    Move {
        /// Which preview; what is told carries it back.
        number: u64,
        /// What to find out.
        step: MoveStep,
    },
    /// Change the theme by name.
    UseTheme(String),
    /// Ring the terminal's bell.
    Ring,
    /// Write a line to the log, where there is one.
    Log(String),
    /// Draw every cell anew.
    Repaint,
    /// Give the terminal back and stop until the shell resumes us (Ctrl-Z).
    Suspend,
    /// Leave.
    Quit,
}
