//! What lies over a screen and takes its keys.

use super::copy::Menu;
use super::decoders::Picker;
use super::form::Form;
use super::list::ListState;

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
    /// Fields to fill in, and what happens when they are accepted.
    Form(Purpose, Box<Form>),
}

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Typing the cluster's name, so that changes can be sent.
    Unlock,
}
