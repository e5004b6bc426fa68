//! Reading on in both directions from what is loaded: older records above the first row, newer ones below the last.

use super::reading::Hold;
use super::rows::{FOLLOWING, LOOKING, Limit};
use super::{Messages, Stance};
use crate::app::effect::Effect;
use crate::app::pane::{Intent, View};
use crate::kafka::partial::Failure;
use crate::kafka::query::OlderRows;
use crate::position::{Start, Until};

/// Records that are read at once above the first.
const PAGE: usize = 200;
/// With fewer rows than this above the cursor older ones are read.
const ABOVE: usize = 20;
/// With fewer rows than this below the cursor a held feed goes on.
const AHEAD: usize = 200;

/// What lies above the first row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Above {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Older records are on their way.
    Reading,
    /// Nothing: it is the first record of what is read.
    First,
    /// Older records could not be read.
    Failed(Vec<Failure>),
}

impl Messages {
    /// The user moved up: reads older records when few are left above.
    pub(super) fn look_above(&mut self, out: &mut Vec<Intent>) {
        let Some(source) = &self.source else { return };
        let is_idle = matches!(self.above, Above::Unknown | Above::Failed(_));
        if !is_idle || self.list.cursor >= ABOVE || self.rows.edges().is_empty() {
            return;
        }
        if source.start == Start::Begin && self.rows.dropped() == 0 {
            self.above = Above::First;
            return;
        }
        let isolation = self.rows.which().isolation();
        out.push(Intent::ReadOlder(source.older(self.rows.edges(), PAGE, isolation)));
        self.above = Above::Reading;
    }

    /// Older records came: they go above the first row, and the cursor stays on its record.
    pub(super) fn take_older(&mut self, older: &OlderRows, view: View<'_>, out: &mut Vec<Intent>) {
        self.above = match (older.is_first, older.failures.is_empty()) {
            (true, _) => Above::First,
            (false, true) => Above::Unknown,
            (false, false) => Above::Failed(older.failures.clone()),
        };
        let rows = older.rows.iter().rev();
        let shown = rows.filter(|(topic, row)| self.rows.prepend(*topic, row)).count();
        self.list.cursor += shown;
        self.list.top_row += shown;
        self.look(self.rows.end());
        if self.rows.trim_back(LOOKING) {
            // What left below is read again when the user comes back down.
            self.reading.hold = Hold::Behind;
            out.push(Intent::Do(Effect::CloseFeed));
        }
        self.list.move_to(self.list.cursor, self.rows.len(), self.page(view));
    }

    /// Lets a held feed go on when the user comes near the end of what is loaded; rows far behind leave.
    pub(super) fn make_room(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let ahead = self.rows.len().saturating_sub(self.list.cursor);
        let is_held = match self.reading.hold {
            Hold::Full => self.reading.is_live(),
            Hold::Behind => true,
            Hold::Flowing | Hold::Away => false,
        };
        if !is_held || ahead > AHEAD {
            return;
        }
        let gone = self.rows.trim(Limit {
            rows: FOLLOWING.rows / 2,
            bytes: FOLLOWING.bytes / 2,
        });
        self.shift(gone);
        if self.rows.is_over(LOOKING) {
            return;
        }
        if self.reading.hold == Hold::Behind {
            self.read_on(view, out);
        } else {
            self.reading.hold = Hold::Flowing;
            out.push(Intent::Do(Effect::ResumeFeed));
        }
    }

    /// Opens a feed where what is kept ends.
    pub(super) fn read_on(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(source) = &self.source else { return };
        let spec = source.feed_on(self.rows.edges(), self.rows.which().isolation());
        out.push(Intent::Read(spec));
        self.reading.goes_on(view.now);
    }

    /// Rows left at the front: there are older ones again.
    pub(super) fn shift(&mut self, gone: usize) {
        self.list.cursor = self.list.cursor.saturating_sub(gone);
        self.list.top_row = self.list.top_row.saturating_sub(gone);
        if self.above == Above::First && self.rows.dropped() > 0 {
            self.above = Above::Unknown;
        }
    }

    /// Whether new records wait at the brokers and are counted there: the feed is held, or another one goes on later.
    pub(super) fn is_counting(&self) -> bool {
        let is_held = matches!(self.reading.hold, Hold::Full | Hold::Behind);
        is_held && self.reading.is_at_end && !self.has_end()
    }

    /// How many offsets the logs have that were not read; `None` while that is not known.
    pub fn waiting(&self, view: View<'_>) -> Option<i64> {
        let source = self.source.as_ref().filter(|_| self.is_counting())?;
        let facts = view.store.offsets.value()?;
        let mut waiting = 0;
        for ((topic, partition), edge) in self.rows.edges().iter() {
            let known = &facts.get(source.topic(topic)?)?.value.partitions;
            let end = known.iter().find(|offsets| offsets.partition == partition)?.end?;
            waiting += (end.0 - edge.high.0).max(0);
        }
        Some(waiting)
    }

    /// Whether following means to stay at the last row: what is read has an end of its own.
    pub(super) fn has_end(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.until != Until::Follow)
    }

    /// What lies above the first row.
    pub fn above(&self) -> &Above {
        &self.above
    }

    /// Stops following, if it did.
    pub(super) fn look(&mut self, since: super::rows::Seq) {
        if self.stance == Stance::Following {
            self.stance = Stance::Looking { since };
        }
    }
}
