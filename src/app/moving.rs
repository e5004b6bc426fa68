//! Changing a group on the screen, most of all moving its offsets: the form, the preview, the name that is typed, what came
//! of it.
//!
//! ```text
//!  ┌ Move offsets of billing  (Empty, checked 1 s ago) ───────────────────────────────┐
//!  │ to time 2026-11-18T10:00:00Z                         3 partitions of 1 topic      │
//!  │   TOPIC   P   BEFORE    AFTER   CHANGE                                            │
//!  │ ▸ orders  0  166,120  151,002  -15,118  replays 15,118 records                    │
//!  │   orders  1  166,101  166,666     +565  SKIPS 565 records                         │
//!  │ first record at orders-0@151002: …                                                │
//!  │ total: replays 15,118, skips 565. An undo file is written before anything is sent.│
//!  │ Type the group's name to apply: bil▏                                              │
//!  └───────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! What is applied is the plan that was shown. Nothing is computed again between.

mod barrier;
mod hand;
pub mod order;
mod record;
mod told;

use std::time::Instant;

pub use barrier::Barrier;
pub use hand::Hand;
pub use order::{At, Draft, GroupChange, MoveOrder, Target};
pub use record::Opened;
pub use told::{MoveJob, MoveSent, MoveStep, MoveTold, Planned, Row, Settlement, Undoable};

use super::action::Action;
use super::jobs::JobId;
use super::list::ListState;
use super::overlay::Overlay;
use super::prompt::LineInput;
use crate::kafka::model::{Lock, TopicPartition};
use crate::layout::Area;
use crate::ops::reset::{Change, Glance, Outcome, Plan, Totals};

/// Rows below the table: the row under the cursor, the total, what is to be said, the prompt.
pub const BELOW: u16 = 7;
/// Columns of the box where the screen has them.
pub const WIDTH: u16 = 118;
/// Rows above the table: how and what, the column titles.
pub const ABOVE: u16 = 2;

/// How far a change is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It is planned.
    Planning,
    /// Somebody is still in the group.
    Waiting(String),
    /// There is no plan.
    NoPlan(String),
    /// The plan is shown.
    Ready,
    /// It was confirmed.
    Applying(JobId),
    /// Nothing was sent.
    NotSent {
        /// Why.
        why: String,
        /// Whether members are in the way.
        is_blocked: bool,
    },
    /// It was sent, and read back.
    Settled(Settlement),
}

/// A preview of what would happen to a group, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    /// Which one.
    pub number: u64,
    /// What is to be done.
    pub order: MoveOrder,
    /// How far it is.
    pub phase: Phase,
    /// The plan, once there is one.
    pub plan: Option<Planned>,
    /// When the plan was made.
    pub made: Instant,
    /// The row under the cursor.
    pub list: ListState,
    /// The group's name, as far as it is typed.
    pub name: LineInput,
    /// Why what is typed does not do.
    pub complaint: Option<String>,
    /// What is changed by hand in the rows.
    pub hand: Hand,
    opened: Option<Opened>,
    glances: Vec<Glance>,
    asked: Option<TopicPartition>,
    /// What it was made from, and goes back to.
    pub from: Option<Box<Overlay>>,
}

impl Moving {
    /// A preview that is being made.
    pub fn new(number: u64, order: MoveOrder, from: Option<Overlay>, now: Instant) -> Self {
        Self {
            number,
            order,
            phase: Phase::Planning,
            plan: None,
            made: now,
            list: ListState::default(),
            name: LineInput::default(),
            complaint: None,
            hand: Hand::default(),
            opened: None,
            glances: Vec::new(),
            asked: None,
            from: from.map(Box::new),
        }
    }

    /// What takes back what was done.
    pub fn undoing(&self, cluster: String) -> Option<MoveOrder> {
        let Phase::Settled(settlement) = &self.phase else {
            return None;
        };
        let file = settlement.undo.clone()?;
        Some(MoveOrder {
            group: self.order.group.clone(),
            change: GroupChange::Undo { file, cluster },
        })
    }

    /// Whether it shows how long ago the group was checked.
    pub fn has_age(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether rows are shown, not only a sentence.
    pub fn is_table(&self) -> bool {
        let is_said = matches!(self.phase, Phase::Planning | Phase::Waiting(_) | Phase::NoPlan(_));
        !is_said && self.plan.is_some()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.plan.as_ref().map_or(0, Planned::len)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The changes of offsets, also those that are left out.
    pub fn changes(&self) -> &[Change] {
        match &self.plan {
            Some(Planned::Offsets(plan)) => &plan.changes,
            Some(Planned::Members(_)) | None => &[],
        }
    }

    /// The row under the cursor, where it is a partition.
    pub fn change(&self) -> Option<&Change> {
        self.changes().get(self.list.cursor)
    }

    /// The changes of offsets that would be sent.
    pub fn kept_rows(&self) -> impl Iterator<Item = &Change> {
        let is_kept = |change: &&Change| !self.hand.is_left_out(&change.partition);
        self.changes().iter().filter(is_kept)
    }

    /// What they come to.
    pub fn totals(&self) -> Totals {
        match &self.plan {
            Some(Planned::Offsets(plan)) => plan.totals_of(self.kept_rows()),
            Some(Planned::Members(_)) | None => Totals::default(),
        }
    }

    /// What lies where this partition goes, once that was looked at.
    pub fn glance(&self, partition: &TopicPartition) -> Option<&Glance> {
        self.glances.iter().find(|glance| glance.partition == *partition)
    }

    /// Rows of the table that a body of this size shows.
    pub fn page(body: Area) -> usize {
        usize::from(body.height.saturating_sub(2 + ABOVE + BELOW).max(1))
    }

    /// Types into the group's name, or where the row goes.
    pub fn type_text(&mut self, text: &str, lock: Lock) {
        if let Some(line) = &mut self.hand.line {
            line.insert(text);
        } else if self.is_typed(lock) {
            self.name.insert(text);
        } else {
            return;
        }
        self.complaint = None;
    }

    /// Moves the cursor; `false` when the action does not.
    pub fn scroll(&mut self, action: Action, body: Area) -> bool {
        let action = match action {
            Action::RowDown => Action::CursorDown,
            Action::RowUp => Action::CursorUp,
            Action::RowsDown => Action::PageDown,
            Action::RowsUp => Action::PageUp,
            other => other,
        };
        self.list.act(action, self.len(), Self::page(body))
    }

    /// Begins anew: what was found out before is void.
    pub fn restart(&mut self, number: u64, phase: Phase) {
        self.number = number;
        self.phase = phase;
        self.opened = None;
        self.glances.clear();
        self.asked = None;
        self.name = LineInput::default();
        self.discard_line();
    }

    /// The plan was made, or not.
    pub fn planned(&mut self, outcome: Result<Planned, String>, now: Instant, body: Area) {
        match outcome {
            Ok(plan) => {
                self.plan = Some(plan);
                self.phase = Phase::Ready;
                self.made = now;
                if self.order.is_by_hand() {
                    self.leave_out_unchosen();
                }
                self.list.move_to(self.list.cursor, self.len(), Self::page(body));
            }
            Err(why) => {
                self.plan = None;
                self.phase = Phase::NoPlan(why);
            }
        }
    }

    /// It is sent: from now on only what is sent is shown.
    pub fn begin(&mut self, job: JobId, plan: Planned) {
        self.list = ListState::default();
        self.plan = Some(plan);
        self.phase = Phase::Applying(job);
    }

    /// It was sent, or not: the cursor stands on the first row that needs looking at.
    pub fn sent(&mut self, sent: MoveSent, body: Area) {
        match sent {
            MoveSent::Nothing { why, is_blocked } => self.phase = Phase::NotSent { why, is_blocked },
            MoveSent::Settled(settlement) => {
                let is_open = |one: &Outcome| *one != Outcome::Verified;
                if let Some(at) = settlement.outcomes.iter().position(is_open) {
                    self.list.move_to(at, settlement.outcomes.len(), Self::page(body));
                }
                self.phase = Phase::Settled(settlement);
            }
        }
    }

    /// What lies where a partition goes was looked at.
    pub fn glanced(&mut self, glance: Option<Glance>) {
        self.asked = None;
        self.glances.extend(glance);
    }

    /// What is to be looked at for the row under the cursor.
    pub fn look(&mut self) -> Option<MoveStep> {
        let is_shown = matches!(self.phase, Phase::Ready);
        let Some(Planned::Offsets(plan)) = self.plan.as_ref().filter(|_| is_shown) else {
            return None;
        };
        let change = plan.changes.get(self.list.cursor)?;
        let is_known = self.glance(&change.partition).is_some() || self.asked.as_ref() == Some(&change.partition);
        // Of a record that is skipped it is that one which is shown.
        if is_known || plan.saves.is_some() || change.destination().is_none() {
            return None;
        }
        let one = Plan {
            group: plan.group.clone(),
            deed: plan.deed,
            how: plan.how.clone(),
            made_ms: plan.made_ms,
            standing: plan.standing.clone(),
            changes: vec![change.clone()],
            topic_ids: plan.topic_ids.clone(),
            saves: plan.saves.clone(),
        };
        self.asked = Some(change.partition.clone());
        Some(MoveStep::Glance(Box::new(one)))
    }
}
