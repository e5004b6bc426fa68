//! What stands between a preview and what it would do, and the keys that are left.

use super::told::Planned;
use super::{Moving, Phase};
use crate::app::action::{Action, Scope};
use crate::kafka::model::Lock;
use crate::ops::reset::{Deed, Refusal};

/// Why a plan cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// The session is locked.
    Locked,
    /// The session is read-only.
    ReadOnly,
    /// Members are in the group.
    Members,
    /// Members read topics whose offsets are to be deleted.
    Readers,
    /// Some partitions cannot be changed.
    Refused,
    /// Nothing would change.
    Unchanged,
}

impl Moving {
    /// Why the plan that is shown cannot be applied; `None` where it can.
    pub fn barrier(&self, lock: Lock) -> Option<Barrier> {
        let plan = self.plan.as_ref()?;
        if plan.is_blocked() {
            return Some(Barrier::Members);
        }
        let totals = self.totals();
        let refusals = || self.kept_rows().filter_map(|change| change.after.as_ref().err());
        if refusals().any(|refusal| *refusal == Refusal::Subscribed) {
            return Some(Barrier::Readers);
        }
        if totals.refused > 0 {
            return Some(Barrier::Refused);
        }
        let is_idle = match plan {
            Planned::Offsets(plan) => plan.deed != Deed::Delete && totals.changed == 0,
            Planned::Members(_) => plan.is_empty(),
        };
        match lock {
            _ if is_idle => Some(Barrier::Unchanged),
            Lock::Unlocked => None,
            Lock::Locked => Some(Barrier::Locked),
            Lock::ReadOnly => Some(Barrier::ReadOnly),
        }
    }

    /// Whether nothing but the group's name is missing.
    pub fn can_apply(&self, lock: Lock) -> bool {
        self.phase == Phase::Ready && self.barrier(lock).is_none()
    }

    /// Whether the group's name is typed.
    pub fn is_typed(&self, lock: Lock) -> bool {
        !self.hand.is_at_table && self.hand.line.is_none() && self.can_apply(lock)
    }

    /// The scope whose keys are active.
    pub fn scope(&self, lock: Lock) -> Scope {
        match self.hand.line {
            Some(_) => Scope::Edit,
            None if self.is_typed(lock) => Scope::Apply,
            None => Scope::Plan,
        }
    }

    /// Whether members are what stands in the way.
    pub fn is_blocked(&self, lock: Lock) -> bool {
        match &self.phase {
            Phase::Ready => matches!(self.barrier(lock), Some(Barrier::Members | Barrier::Readers)),
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

    /// Whether what was done can be taken back from here.
    pub fn can_undo(&self) -> bool {
        matches!(&self.phase, Phase::Settled(settlement) if settlement.undo.is_some())
    }

    /// The actions of the bottom line.
    pub fn hints(&self, lock: Lock) -> Vec<Action> {
        if self.hand.line.is_some() {
            return vec![Action::Accept, Action::Discard];
        }
        if self.is_typed(lock) {
            let mut hints = vec![Action::Accept, Action::RowDown, Action::RowUp];
            if self.can_edit() || self.can_leave_out() {
                hints.push(Action::ToTable);
            }
            hints.push(Action::Discard);
            return hints;
        }
        let offers = [
            (Action::ToName, self.can_apply(lock)),
            (Action::WaitEmpty, self.is_blocked(lock)),
            (Action::UnlockPlan, self.is_locked(lock)),
            (Action::EditOffset, self.can_edit()),
            (Action::LeaveOut, self.can_leave_out()),
            (Action::PlanAgain, self.can_plan()),
            (Action::TakeBack, self.can_undo()),
            (Action::CursorDown, self.is_table()),
            (Action::Leave, true),
        ];
        let offered = offers.into_iter().filter(|(_, is_offered)| *is_offered);
        offered.map(|(action, _)| action).collect()
    }
}
