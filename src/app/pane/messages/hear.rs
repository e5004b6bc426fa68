//! What the feed brings.

use std::time::Instant;

use super::reading::{Hold, Phase};
use super::rows::{FOLLOWING, LOOKING, Limit};
use super::{Messages, Stance};
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::list::ListState;
use crate::app::pane::{Intent, View};
use crate::kafka::query::FeedBatch;

/// Beyond this rows leave even while the user looks: those far from the cursor.
const MOST: Limit = Limit {
    rows: LOOKING.rows + 4_000,
    bytes: LOOKING.bytes + (8 << 20),
};

impl Messages {
    pub(super) fn hear(&mut self, event: Event, view: View<'_>, out: &mut Vec<Intent>) {
        match event {
            Event::RecordsArrived { batch, .. } => self.take(batch, view, out),
            Event::OlderRead { rows, .. } => self.take_older(rows, view, out),
            Event::SearchMoved { batch, .. } => self.take_matches(batch, view, out),
            Event::FeedEnded { error, .. } if self.search.is_some() => self.search_ended(error, view),
            Event::FeedEnded { error, .. } => self.reading.ended(error, view.now),
            _ => {}
        }
    }

    fn take(&mut self, batch: FeedBatch, view: View<'_>, out: &mut Vec<Intent>) {
        if self.reading.hold == Hold::Behind {
            // It was on its way when the feed was closed: it is read again later.
            return;
        }
        if let Phase::Opening { goes_on, .. } = self.reading.phase
            && (batch.at_end || !batch.rows.is_empty())
        {
            if !goes_on {
                self.start_over();
            }
            self.reading.works();
        }
        self.reading.began.extend(batch.began);
        if !matches!(self.reading.phase, Phase::Opening { .. }) {
            // Before that the rows on screen are those of another feed.
            for began in self.reading.began.drain(..) {
                self.rows.began(&began);
            }
        }
        for (at, row) in batch.rows.iter().enumerate() {
            self.rows.push(batch.topics.get(at).copied().unwrap_or(0), row);
        }
        if self.reading.is_at_end {
            self.pace.add(view.now, batch.rows.len() as u64, batch.skipped);
        } else if batch.at_end {
            self.reading.is_at_end = true;
            self.pace.start(view.now);
            if let Stance::Looking { since } = &mut self.stance {
                *since = (*since).max(self.rows.end());
            }
        }
        self.reading.skipped += batch.skipped;
        self.reading.failures = batch.failures;
        self.bound(view, out);
        self.tell_stance(out);
    }

    /// Rows of the feed before this one stayed on screen until now.
    fn start_over(&mut self) {
        self.rows.clear();
        self.list = ListState::default();
        self.peek = None;
        if let Stance::Looking { since } = &mut self.stance {
            *since = 0;
        }
    }

    /// Who follows wants to see what happens now; who looks at something wants all of it.
    pub(super) fn tell_stance(&mut self, out: &mut Vec<Intent>) {
        let may_skip = self.stance == Stance::Following && self.reading.is_at_end && self.reading.is_live();
        if may_skip != self.reading.may_skip {
            self.reading.may_skip = may_skip;
            out.push(Intent::Do(Effect::LetFeedSkip(may_skip)));
        }
    }

    /// Keeps within the limits: following drops the oldest rows, looking holds the feed.
    fn bound(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        match self.stance {
            Stance::Following => {
                let gone = self.rows.trim(FOLLOWING);
                self.shift(gone);
            }
            Stance::Looking { .. } if self.rows.is_over(LOOKING) => {
                self.reading.hold = Hold::Full;
                out.push(Intent::Do(Effect::PauseFeed));
                self.let_go_above(MOST, view);
                if self.rows.is_over(MOST) {
                    self.let_go_below(view, out);
                }
            }
            Stance::Looking { .. } => {}
        }
    }

    /// When a failed feed is opened again by itself: not while that would replace what the user looks at.
    pub fn retry_at(&self) -> Option<Instant> {
        let at = self.reading.retry_at()?;
        (self.stance == Stance::Following || self.rows.kept() == 0).then_some(at)
    }
}
