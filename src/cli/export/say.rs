//! What an export says on stderr: what stands out, and how far it is.

use std::io::{self, Write as _};

use tokio::time::Instant;

use super::super::sending::say;
use crate::count::Count;
use crate::export::{Checkpoint, Ending, Export, Note, Outcome, Output, Progress, note_lines};
use crate::kafka::partial::Failure;
use crate::ui::format::Bytes;
use crate::ui::text;

/// Lines of one kind; the rest is counted.
const MOST: usize = 10;

fn say_some<T>(all: &[T], what: &str, words: impl Fn(&T) -> String) {
    all.iter().take(MOST).for_each(|one| say(&words(one)));
    if all.len() > MOST {
        say(&format!("and {} more {what}", all.len() - MOST));
    }
}

/// What could not be read, and what to try.
pub(super) fn failures(failures: &[Failure]) {
    say_some(failures, "failures", |failure| {
        format!("{}. Hint: {}", failure.summary(), failure.error.hint())
    });
}

/// Partitions that were given up since the first `told` of them; returns how many that makes.
pub(super) fn given_up(all: &[Failure], told: usize, bar: &mut Bar) -> usize {
    if all.len() > told {
        bar.clear();
        failures(&all[told..]);
    }
    all.len()
}

/// What is worth knowing before it begins.
pub(super) fn plan(export: &Export) {
    notes(&export.notes());
    if !export.plan().held_back.is_empty() {
        say("--isolation read_uncommitted includes what open transactions hold back");
    }
}

fn notes(notes: &[Note]) {
    for line in note_lines(notes, MOST) {
        say(&line);
    }
}

/// What came of it.
pub(super) fn outcome(outcome: &Outcome, output: &Output) {
    let state = &outcome.state;
    notes(&outcome.notes());
    let Output::File { path, .. } = output else { return };
    let path = path.display();
    let records = Count::of(state.records);
    match outcome.ending {
        Ending::Complete if io::IsTerminal::is_terminal(&io::stderr()) => {
            say(&format!("{records} records in {path}, {}", Bytes(state.bytes)));
        }
        Ending::Incomplete | Ending::Stopped if output.is_resumable() => {
            say(&format!(
                "{records} records so far, in {path}.partial: the same command with --resume goes on"
            ));
        }
        // A device or a pipe has what it took.
        Ending::Complete | Ending::Closed | Ending::Incomplete | Ending::Stopped => {}
    }
}

/// There is nothing left to do.
pub(super) fn complete_already(state: &Checkpoint, output: &Output) {
    if let (Output::File { path, .. }, true) = (output, io::IsTerminal::is_terminal(&io::stderr())) {
        say(&format!(
            "{} is complete: {} records",
            path.display(),
            Count::of(state.records)
        ));
    }
}

/// A line on stderr that tells how far it is.
pub(super) struct Bar {
    is_shown: bool,
    is_drawn: bool,
    begun: Option<(Instant, Progress)>,
}

impl Bar {
    pub(super) fn new(is_shown: bool) -> Self {
        Self {
            is_shown,
            is_drawn: false,
            begun: None,
        }
    }

    /// Draws it anew.
    pub(super) fn draw(&mut self, progress: &Progress) {
        if !self.is_shown {
            return;
        }
        let now = Instant::now();
        let (begun, before) = self.begun.get_or_insert_with(|| (now, progress.clone()));
        let seconds = (now - *begun).as_secs_f64();
        let line = line(progress, before, seconds);
        self.is_drawn = true;
        let _ = write!(io::stderr(), "\r{}\x1b[K", text::visible(&line));
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// `43 %  1,234,567 records  860,000/s  ETA 12 s`, since `before`, which is so many seconds ago.
fn line(progress: &Progress, before: &Progress, seconds: f64) -> String {
    let (done, total) = progress.offsets;
    let mut parts = Vec::new();
    if let Some(total) = total {
        parts.push(format!("{:3.0} %", 100.0 * done as f64 / total.max(1) as f64));
    }
    parts.push(format!("{} records", Count::of(progress.records)));
    if progress.tally.records > progress.tally.matches {
        parts.push(format!("of {} scanned", Count::of(progress.tally.records)));
    }
    if seconds > 0.0 {
        let rate = (progress.tally.records - before.tally.records.min(progress.tally.records)) as f64 / seconds;
        parts.push(format!("{}/s", Count::of(rate as u64)));
        let speed = (done - before.offsets.0) as f64 / seconds;
        if let (Some(total), true) = (total, speed > 0.0) {
            parts.push(format!("ETA {:.0} s", (total - done) as f64 / speed));
        }
    }
    if let Some((first, more)) = progress.delayed.split_first() {
        parts.push(first.summary());
        if !more.is_empty() {
            parts.push(format!("and {} more wait", more.len()));
        }
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::scan::Tally;

    fn progress(done: i64, total: Option<i64>, records: u64, matches: u64) -> Progress {
        Progress {
            offsets: (done, total),
            records: matches,
            tally: Tally {
                records,
                matches,
                ..Tally::default()
            },
            ..Progress::default()
        }
    }

    #[test]
    fn the_line_tells_share_records_rate_and_time_left() {
        let before = progress(0, Some(2000), 0, 0);
        assert_eq!(
            line(&progress(500, Some(2000), 500, 500), &before, 0.5),
            " 25 %  500 records  1,000/s  ETA 2 s"
        );
        assert_eq!(
            line(&progress(500, None, 500, 3), &before, 0.5),
            "3 records  of 500 scanned  1,000/s",
            "who follows has no end"
        );
        assert_eq!(line(&before, &before, 0.0), "  0 %  0 records");
    }
}
