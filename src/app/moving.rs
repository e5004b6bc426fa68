//! Moving a group's offsets on the screen: the form, the preview, the name that is typed, what came of it.
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

pub mod order;

use std::path::PathBuf;
use std::time::Instant;

pub use order::{Draft, MoveOrder, Target};

use super::action::Action;
use super::jobs::JobId;
use super::list::ListState;
use super::overlay::Overlay;
use super::prompt::LineInput;
use crate::kafka::model::{Lock, TopicPartition};
use crate::layout::Area;
use crate::ops::reset::{Change, Effect, Glance, Outcome, Plan, Settled};

/// Rows below the table: the row under the cursor, the total, what is to be said, the prompt.
pub const BELOW: u16 = 7;
/// Rows above the table: how and what, the column titles.
pub const ABOVE: u16 = 2;

/// What is to be found out for a preview. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveStep {
    /// What would happen.
    Plan {
        /// What is to be moved, and where.
        order: Box<MoveOrder>,
        /// Whether to wait first until nobody is in the group.
        waits: bool,
    },
    /// What lies where the only partition of this plan goes.
    Glance(Box<Plan>),
    /// Nothing any more: the preview was left.
    Nothing,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveTold {
    /// The plan, or why there is none.
    Planned(Result<Plan, String>),
    /// Who is still in the group, or why nobody tells.
    Waiting(String),
    /// What lies where a partition goes.
    Glanced(Option<Glance>),
}

/// A confirmed move. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveJob {
    /// Exactly what was shown.
    pub plan: Plan,
    /// What the cluster is called.
    pub cluster: String,
}

/// What came of a move.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveSent {
    /// Nothing was sent.
    Nothing {
        /// Why.
        why: String,
        /// Whether members are in the way.
        is_blocked: bool,
    },
    /// It was sent, and read back.
    Settled(Settlement),
}

/// What is known of a move that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Every partition, in the order of the plan.
    pub settled: Vec<Settled>,
    /// The file that takes it back; `None` when nothing of it happened.
    pub undo: Option<PathBuf>,
    /// What else must be known.
    pub notes: Vec<String>,
}

/// How far a move is.
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

/// Why a plan cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// The session is locked.
    Locked,
    /// The session is read-only.
    ReadOnly,
    /// Members are in the group.
    Members,
    /// Some partitions cannot be moved.
    Refused,
    /// Nothing would change.
    Unchanged,
}

/// A preview of moved offsets, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    /// Which one.
    pub number: u64,
    /// What is to be moved, and where.
    pub order: MoveOrder,
    /// How far it is.
    pub phase: Phase,
    /// The plan, once there is one.
    pub plan: Option<Plan>,
    /// When the plan was made.
    pub made: Instant,
    /// The row under the cursor.
    pub list: ListState,
    /// The group's name, as far as it is typed.
    pub name: LineInput,
    /// Why what is typed does not do.
    pub complaint: Option<String>,
    glances: Vec<Glance>,
    asked: Option<TopicPartition>,
    /// The form it was made from.
    pub form: Box<Overlay>,
}

impl Moving {
    /// A preview that is being made.
    pub fn new(number: u64, order: MoveOrder, form: Overlay, now: Instant) -> Self {
        Self {
            number,
            order,
            phase: Phase::Planning,
            plan: None,
            made: now,
            list: ListState::default(),
            name: LineInput::default(),
            complaint: None,
            glances: Vec::new(),
            asked: None,
            form: Box::new(form),
        }
    }

    /// Why the plan that is shown cannot be applied; `None` where it can.
    pub fn barrier(&self, lock: Lock) -> Option<Barrier> {
        let plan = self.plan.as_ref()?;
        if plan.is_blocked() {
            return Some(Barrier::Members);
        }
        let totals = plan.totals();
        match (totals.refused, totals.changed, lock) {
            (0, 0, _) => Some(Barrier::Unchanged),
            (0, _, Lock::Unlocked) => None,
            (0, _, Lock::Locked) => Some(Barrier::Locked),
            (0, _, Lock::ReadOnly) => Some(Barrier::ReadOnly),
            _ => Some(Barrier::Refused),
        }
    }

    /// Whether the group's name can be typed.
    pub fn is_typed(&self, lock: Lock) -> bool {
        self.phase == Phase::Ready && self.barrier(lock).is_none()
    }

    /// Whether members are what stands in the way.
    pub fn is_blocked(&self) -> bool {
        match &self.phase {
            Phase::Ready => self.plan.as_ref().is_some_and(Plan::is_blocked),
            Phase::NotSent { is_blocked, .. } => *is_blocked,
            _ => false,
        }
    }

    /// Whether the lock is what stands in the way.
    pub fn is_locked(&self, lock: Lock) -> bool {
        self.phase == Phase::Ready && self.barrier(lock) == Some(Barrier::Locked)
    }

    /// Whether a new preview can be made.
    pub fn can_plan(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::NoPlan(_) | Phase::NotSent { .. })
    }

    /// Whether it shows how long ago the group was checked.
    pub fn has_age(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// The actions of the bottom line.
    pub fn hints(&self, lock: Lock) -> Vec<Action> {
        if self.is_typed(lock) {
            return vec![Action::Accept, Action::RowDown, Action::RowUp, Action::Discard];
        }
        let mut hints = Vec::new();
        if self.is_blocked() {
            hints.push(Action::WaitEmpty);
        }
        if self.is_locked(lock) {
            hints.push(Action::UnlockPlan);
        }
        if self.can_plan() {
            hints.push(Action::PlanAgain);
        }
        if self.is_table() {
            hints.push(Action::CursorDown);
        }
        hints.push(Action::Leave);
        hints
    }

    /// Whether the partitions are shown, not only a sentence.
    pub fn is_table(&self) -> bool {
        let is_said = matches!(self.phase, Phase::Planning | Phase::Waiting(_) | Phase::NoPlan(_));
        !is_said && self.plan.is_some()
    }

    /// The partitions.
    pub fn changes(&self) -> &[Change] {
        self.plan.as_ref().map_or(&[], |plan| &plan.changes)
    }

    /// What lies where this partition goes, once that was looked at.
    pub fn glance(&self, partition: &TopicPartition) -> Option<&Glance> {
        self.glances.iter().find(|glance| glance.partition == *partition)
    }

    /// Rows of the table that a body of this size shows.
    pub fn page(body: Area) -> usize {
        usize::from(body.height.saturating_sub(2 + ABOVE + BELOW).max(1))
    }

    /// Types into the group's name.
    pub fn type_text(&mut self, text: &str, lock: Lock) {
        if self.is_typed(lock) {
            self.complaint = None;
            self.name.insert(text);
        }
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
        let count = self.changes().len();
        self.list.act(action, count, Self::page(body))
    }

    /// Begins anew: what was found out before is void.
    pub fn restart(&mut self, number: u64, phase: Phase) {
        self.number = number;
        self.phase = phase;
        self.glances.clear();
        self.asked = None;
        self.name = LineInput::default();
        self.complaint = None;
    }

    /// The plan was made, or not.
    pub fn planned(&mut self, outcome: Result<Plan, String>, now: Instant, body: Area) {
        match outcome {
            Ok(plan) => {
                self.plan = Some(plan);
                self.phase = Phase::Ready;
                self.made = now;
                self.list
                    .move_to(self.list.cursor, self.changes().len(), Self::page(body));
            }
            Err(why) => {
                self.plan = None;
                self.phase = Phase::NoPlan(why);
            }
        }
    }

    /// It was sent, or not: the cursor stands on the first partition that needs looking at.
    pub fn sent(&mut self, sent: MoveSent, body: Area) {
        match sent {
            MoveSent::Nothing { why, is_blocked } => self.phase = Phase::NotSent { why, is_blocked },
            MoveSent::Settled(settlement) => {
                let is_open = |one: &Settled| one.outcome != Outcome::Verified;
                if let Some(at) = settlement.settled.iter().position(is_open) {
                    self.list.move_to(at, settlement.settled.len(), Self::page(body));
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
        let plan = self.plan.as_ref().filter(|_| is_shown)?;
        let change = plan.changes.get(self.list.cursor)?;
        let moves = matches!(change.effect(), Effect::Replays(_) | Effect::Skips(_) | Effect::Begins);
        let is_known = self.glance(&change.partition).is_some() || self.asked.as_ref() == Some(&change.partition);
        if !moves || is_known {
            return None;
        }
        let one = Plan {
            changes: vec![change.clone()],
            ..plan.clone()
        };
        self.asked = Some(change.partition.clone());
        Some(MoveStep::Glance(Box::new(one)))
    }
}
