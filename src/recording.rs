//! Samples of an incident in a file: what was seen of the groups of a cluster, one look after the other.
//!
//! ```text
//!  engine ─▶ Glance ─▶ Scene::changes ─▶ Line ─▶ Writer ─▶ file          ktui record
//!                                                           │
//!  lag's JSON, store ◀─ Glance ◀─ Scene::apply ◀─ Line ◀─ Reader         ktui replay
//! ```
//!
//! JSON Lines: a [`Header`], then a line for each look with what changed since the line before, and now and then one
//! with everything. What follows from facts, as the lag does from commit and end, is not in the file. Pure but for the
//! reader and the writer that it is given.

mod check;
mod figure;
pub mod film;
pub mod glance;
mod line;
pub mod reader;
mod scene;
pub mod writer;

use serde::{Deserialize, Serialize};

use crate::kafka::model::GroupId;

pub use film::{Cursor, Film, Moment};
pub use glance::{Asked, Failed, Glance};
pub use reader::{Damage, Reader};
pub use scene::Scene;
pub use writer::Writer;

/// What the first line calls the format.
pub const FORMAT: &str = "ktui-recording";
/// The newest version of the format: a file of a later one is refused.
pub const VERSION: u32 = 1;
/// The longest line that is written and read.
pub const LONGEST: usize = 64 << 20;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`] of who wrote it.
    pub version: u32,
    /// The version of ktui that wrote it.
    pub ktui: String,
    /// The cluster.
    pub cluster: Origin,
    /// The groups that were asked for; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// When it was begun, in milliseconds since the epoch.
    pub started: i64,
    /// Milliseconds between two looks.
    pub every: u64,
}

/// The cluster of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `cluster.id`, where the brokers send one.
    pub id: Option<String>,
    /// As the user calls it.
    pub name: String,
}
