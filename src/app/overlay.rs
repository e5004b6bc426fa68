//! What lies over a screen and takes its keys.

use super::list::ListState;

/// An overlay. One at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Keys of this screen and everywhere, scrolled.
    Help(ListState),
    /// Requests, bytes, late answers, slots.
    Debug,
}
