//! What is asked for a preview, what is told, and what a confirmed one sends: plain data between machine and shell.

use std::fmt;
use std::path::PathBuf;

use super::order::MoveOrder;
use crate::kafka::model::{GroupId, Member, TopicPartition};
use crate::ops::reset::members::Removal;
use crate::ops::reset::{Change, Glance, Outcome, Plan, Standing, Strategy};

/// What is to be found out. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveStep {
    /// What would happen.
    Plan {
        /// What is to be done.
        order: Box<MoveOrder>,
        /// Whether to wait first until nobody is in the group.
        waits: bool,
    },
    /// What would happen to one partition, whose place was chosen by hand.
    Row {
        /// The group.
        group: GroupId,
        /// The partition.
        partition: TopicPartition,
        /// Where its offset goes.
        strategy: Strategy,
    },
    /// What lies where the only partition of this plan goes.
    Glance(Box<Plan>),
    /// What can be taken back on this cluster.
    Undos {
        /// What the cluster is called.
        cluster: String,
    },
    /// Nothing any more: the preview was left.
    Nothing,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveTold {
    /// The plan, or why there is none.
    Planned(Result<Planned, String>),
    /// What would happen to one partition whose place was chosen by hand.
    Row {
        /// The partition.
        partition: TopicPartition,
        /// Where its offset goes.
        strategy: Strategy,
        /// Its plan, or why there is none.
        outcome: Result<Plan, String>,
    },
    /// Who is still in the group, or why nobody tells.
    Waiting(String),
    /// What lies where a partition goes.
    Glanced(Option<Glance>),
    /// What can be taken back, the newest first, or why nobody tells.
    Undos(Result<Vec<Undoable>, String>),
}

/// A change that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoable {
    /// Its undo file.
    pub file: PathBuf,
    /// The group.
    pub group: GroupId,
    /// What was done, in words.
    pub what: String,
    /// When it was planned, in ms since the epoch, as far as the file tells.
    pub made_ms: Option<i64>,
    /// Who did it.
    pub who: String,
}

/// What would happen: to offsets, or to members.
#[derive(Clone, Debug, PartialEq)]
pub enum Planned {
    /// Offsets are set or forgotten, perhaps with the whole group.
    Offsets(Plan),
    /// Static members are taken out.
    Members(Removal),
}

/// One row of what would happen.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A partition, and the plan it is of.
    Offset(&'a Plan, &'a Change),
    /// A static member, by its `group.instance.id`.
    Member(&'a str, &'a Member),
}

impl From<Plan> for Planned {
    fn from(plan: Plan) -> Self {
        Self::Offsets(plan)
    }
}

impl Planned {
    /// The group.
    pub fn group(&self) -> &GroupId {
        match self {
            Self::Offsets(plan) => &plan.group,
            Self::Members(removal) => &removal.group,
        }
    }

    /// The group as it was then.
    pub fn standing(&self) -> &Standing {
        match self {
            Self::Offsets(plan) => &plan.standing,
            Self::Members(removal) => &removal.standing,
        }
    }

    /// Whether members stand in the way.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Offsets(plan) if plan.is_blocked())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Offsets(plan) => plan.changes.len(),
            Self::Members(removal) => removal.members.len(),
        }
    }

    /// Whether there is no row: a group without commits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row.
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        match self {
            Self::Offsets(plan) => plan.changes.get(at).map(|change| Row::Offset(plan, change)),
            Self::Members(removal) => removal
                .members
                .get(at)
                .map(|(instance, one)| Row::Member(instance, one)),
        }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|at| self.row(at))
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offsets(plan) => plan.fmt(f),
            Self::Members(removal) => removal.fmt(f),
        }
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(_, change) => change.partition.fmt(f),
            Self::Member(instance, _) => write!(f, "member {instance}"),
        }
    }
}

/// A confirmed change. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveJob {
    /// Exactly what was shown.
    pub plan: Planned,
    /// What the cluster is called.
    pub cluster: String,
    /// The undo file that is taken back.
    pub undoes: Option<PathBuf>,
}

/// What came of a change.
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

/// What is known of a change that was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settlement {
    /// What came of every row, in the order of the plan.
    pub outcomes: Vec<Outcome>,
    /// Why the group that was to be deleted is not, or may not be.
    pub kept: Option<String>,
    /// The file that takes it back; `None` when nothing of it happened, or nothing can take it back.
    pub undo: Option<PathBuf>,
    /// Whether nothing of it was done, without doubt.
    pub is_surely_undone: bool,
    /// What else must be known.
    pub notes: Vec<String>,
}

impl Settlement {
    /// Rows that were read back as planned.
    pub fn verified(&self) -> usize {
        self.outcomes.iter().filter(|one| **one == Outcome::Verified).count()
    }

    /// Whether all of it is known to have happened.
    pub fn is_whole(&self) -> bool {
        self.kept.is_none() && self.verified() == self.outcomes.len()
    }
}
