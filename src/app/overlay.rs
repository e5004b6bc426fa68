//! What lies over a screen and takes its keys.

use super::acts::Acts;
use super::copy::Menu;
use super::decoders::Picker;
use super::form::Form;
use super::jobs::JobSpec;
use super::jobs::export::Draft;
use super::list::ListState;
use super::moving::{self, Moving};
use super::produce;

/// An overlay. One at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// Keys of this screen and everywhere, scrolled.
    Help(ListState),
    /// Requests, bytes, late answers, slots.
    Debug,
    /// What can be copied of the row under the cursor.
    Copy(Box<Menu>),
    /// The decoders to choose from.
    Decoders(Box<Picker>),
    /// Something that must be read, line by line.
    Notice {
        /// The title of its box.
        title: String,
        /// Its sentences.
        lines: Vec<String>,
    },
    /// What runs, and what came of what ran.
    Jobs(ListState),
    /// A question before something is done.
    Confirm(Box<Confirmation>),
    /// Fields to fill in, and what happens when they are accepted.
    Form(Purpose, Box<Form>),
    /// Changes to choose from.
    Acts(Box<Acts>),
    /// A group that is to be changed: what would happen, and what did.
    Move(Box<Moving>),
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// Typing the cluster's name, so that changes can be sent.
    Unlock,
    /// Writing records to a file.
    Export(Box<Draft>),
    /// Sending a record.
    Produce(Box<produce::Draft>),
    /// Moving a group's offsets.
    Move(Box<moving::Draft>),
}

impl Purpose {
    /// Fields that depend on others follow them.
    pub fn follow(&self, before: &Form, form: &mut Form) {
        match self {
            Self::Export(draft) => draft.follow(before, form),
            Self::Produce(_) => produce::Draft::follow(before, form),
            Self::Move(draft) => draft.follow(before, form),
            Self::Unlock => {}
        }
    }
}

/// A question that nothing but its own key answers with yes.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    /// The title of its box.
    pub title: String,
    /// What would happen, sentence by sentence.
    pub lines: Vec<String>,
    /// What yes does: `leaves ktui`.
    pub yes: &'static str,
    /// What is done then.
    pub then: Confirmed,
    /// What the question was asked over: whoever says no goes on there.
    pub under: Option<Box<Overlay>>,
}

/// What is done when a question was answered with yes.
#[derive(Clone, Debug, PartialEq)]
pub enum Confirmed {
    /// ktui is left, whatever runs.
    Quit,
    /// A record is sent.
    Send(Box<JobSpec>),
}
