//! Reading on in both directions from what is loaded: older records above the first row, newer ones below the last.

use super::reading::Hold;
use super::rows::{FOLLOWING, LOOKING, Limit};
use super::{Messages, Stance};
use crate::app::effect::Effect;
use crate::app::pane::{Intent, View};
use crate::kafka::partial::Failure;
use crate::kafka::query::OlderRows;
use crate::position::{Start, Until};

/// Records that are read at once above the first, and about how many bytes of them.
const PAGE: Limit = Limit {
    rows: 200,
    bytes: 8 << 20,
};
/// With no more than this above the cursor older records are read.
const ABOVE: Limit = Limit {
    rows: 19,
    bytes: 4 << 20,
};
/// With no more than this below the cursor a held feed goes on.
const AHEAD: Limit = Limit {
    rows: 199,
    bytes: 8 << 20,
};
/// What stays above and below the cursor besides the page, whatever leaves: large records fill no page.
const AROUND: usize = 4 << 20;

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
        if !is_idle || !self.rows.is_near_first(self.list.cursor, ABOVE) || self.rows.edges().is_empty() {
            return;
        }
        if source.start == Start::Begin && self.rows.dropped() == 0 {
            self.above = Above::First;
            return;
        }
        let isolation = self.rows.which().isolation();
        // No more than will be kept, by the size of the records that are known.
        let each = self.rows.bytes() / self.rows.kept().max(1);
        let count = (PAGE.bytes / each.max(1)).clamp(1, PAGE.rows);
        out.push(Intent::ReadOlder(source.older(self.rows.edges(), count, isolation)));
        self.above = Above::Reading;
    }

    /// Older records came: they go above the first row, and the cursor stays on its record.
    pub(super) fn take_older(&mut self, older: OlderRows, view: View<'_>, out: &mut Vec<Intent>) {
        self.above = match (older.is_first, older.failures.is_empty()) {
            (true, _) => Above::First,
            (false, true) => Above::Unknown,
            (false, false) => Above::Failed(older.failures),
        };
        let rows = older.rows.into_iter().rev();
        let shown = rows
            .map(|(topic, row)| usize::from(self.rows.prepend(topic, row)))
            .sum::<usize>();
        self.list.cursor += shown;
        self.list.top_row += shown;
        self.look(self.rows.end());
        self.let_go_below(view, out);
        self.let_go_above(LOOKING, view);
        self.list.move_to(self.list.cursor, self.rows.len(), self.page(view));
    }

    /// Lets rows far below the cursor go: they are read again when the user comes back down.
    pub(super) fn let_go_below(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let last = self.rows.near_after(self.list.cursor, self.around(view));
        if self.rows.trim_after(LOOKING, last) {
            self.reading.hold = Hold::Behind;
            out.push(Intent::Do(Effect::CloseFeed));
        }
    }

    /// Lets rows far above the cursor go.
    pub(super) fn let_go_above(&mut self, limit: Limit, view: View<'_>) {
        let first = self.rows.near_before(self.list.cursor, self.around(view));
        let gone = self.rows.trim_before(limit, first);
        self.shift(gone);
    }

    /// What stays on either side of the cursor.
    fn around(&self, view: View<'_>) -> Limit {
        Limit {
            rows: self.page(view),
            bytes: AROUND,
        }
    }

    /// The user moved down: a held feed goes on when little is left of what is loaded; rows far above leave.
    pub(super) fn make_room(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let is_held = match self.reading.hold {
            Hold::Full => self.reading.is_live(),
            Hold::Behind => true,
            Hold::Flowing | Hold::Away => false,
        };
        if !is_held || !self.rows.is_near_end(self.list.cursor, AHEAD) {
            return;
        }
        let half = Limit {
            rows: FOLLOWING.rows / 2,
            bytes: FOLLOWING.bytes / 2,
        };
        self.let_go_above(half, view);
        let is_last = self.list.cursor + 1 >= self.rows.len();
        if self.rows.is_over(LOOKING) && !is_last {
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
        if self.above == Above::Reading {
            // Its answer belongs to the feed before.
            self.above = Above::Unknown;
        }
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
            waiting += (end.0 - edge.read.0).max(0);
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
