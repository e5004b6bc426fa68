//! Moving a group's offsets, and what belongs to it: planned, shown, applied exactly, read back, and taken back.
//!
//! ```text
//!   scope + strategy ──read──▶ Plan ──▶ shown, confirmed ──▶ apply: check again, undo file, one OffsetCommit, read back, audit
//! ```
//!
//! Names and rules are those of Kafka's ConsumerGroupCommand (docs/reset.md).

pub mod apply;
pub mod file;
pub mod glance;
pub mod hand;
pub mod journal;
mod logs;
pub mod members;
pub mod outcome;
pub mod plan;
pub mod read;
pub mod saving;
pub mod scope;
mod send;
pub mod skip;
pub mod strategy;
pub mod undo;
mod verify;
pub mod wait;
pub mod when;
pub mod words;

pub use apply::{Applied, Applying, NotApplied, apply};
pub use glance::{Glance, glances};
pub use journal::Journal;
pub use outcome::{Outcome, Settled};
pub use plan::{Change, Deed, Effect, Plan, Standing, Totals};
pub use read::{NoPlan, plan, plan_forget, plan_undo, standing};
pub use saving::{Passed, Save, Saving};
pub use scope::{Scope, TopicScope};
pub use skip::{Skip, plan_skip};
pub use strategy::{Adjusted, Refusal, Strategy};
pub use undo::{ClusterMark, Undo};
