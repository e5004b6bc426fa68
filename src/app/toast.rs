//! Short notes at the right end of the bottom line.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How loud a toast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It worked.
    Info,
    /// It did not, or not wholly.
    Warning,
}

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Its words.
    pub text: String,
    /// How loud.
    pub level: Level,
    until: Instant,
}

/// The notes waiting to be read; at most eight, the oldest leaves first.
#[derive(Clone, Debug, Default)]
pub struct Toasts(VecDeque<Toast>);

const MOST: usize = 8;
const SHOWN_FOR: Duration = Duration::from_secs(4);

impl Toasts {
    /// Adds a note. The same words are not queued twice.
    pub fn say(&mut self, level: Level, text: impl Into<String>, now: Instant) {
        let text = text.into();
        self.0.retain(|toast| toast.text != text);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(Toast {
            text,
            level,
            until: now + SHOWN_FOR,
        });
    }

    /// The newest note.
    pub fn shown(&self) -> Option<&Toast> {
        self.0.back()
    }

    /// When the next note leaves.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.0.iter().map(|toast| toast.until).min()
    }

    /// Drops the notes whose time is over; `true` when any was.
    pub fn expire(&mut self, now: Instant) -> bool {
        let before = self.0.len();
        self.0.retain(|toast| toast.until > now);
        self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_leaves_after_its_time_and_the_same_words_are_queued_once() {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let now = Instant::now();
        let mut toasts = Toasts::default();
        toasts.say(Level::Info, "copied", now);
        toasts.say(Level::Info, "copied", now + Duration::from_secs(1));
        assert_eq!(toasts.next_deadline(), Some(now + Duration::from_secs(5)));
        assert!(!toasts.expire(now + Duration::from_secs(4)));
        assert!(toasts.expire(now + Duration::from_secs(5)));
        assert!(toasts.shown().is_none());
    }
}
