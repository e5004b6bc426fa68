//! The thread that talks to the display's clipboard, which may take its time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::clipboard::{Display, Way};
use crate::app::event::Event;

/// Copies in the way of this session.
pub struct Copier {
    way: Way,
    display: Arc<Mutex<Display>>,
}

impl Copier {
    /// Copies by `way`.
    pub fn new(way: Way) -> Self {
        Self {
            way,
            display: Arc::default(),
        }
    }

    /// The way.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Copies to the display; what came of it goes to `replies`.
    pub fn to_display(&self, what: &str, text: String, replies: mpsc::Sender<Event>) {
        let display = Arc::clone(&self.display);
        let what = what.to_owned();
        // Dropping the handle does not stop a blocking task, and there is nothing to wait for.
        drop(tokio::task::spawn_blocking(move || {
            let mut display = display.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = match display.copy(text) {
                Ok(()) => Ok(format!("{what} copied")),
                Err(error) => Err(format!("{what} not copied: {error}")),
            };
            let _ = replies.blocking_send(Event::Copied(outcome));
        }));
    }
}
