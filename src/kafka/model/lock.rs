//! Whether a session may change the cluster.

use std::fmt;

/// Whether a session may change the cluster. The engine keeps it and refuses every request that changes something
/// while it is not [`Lock::Unlocked`]; screens only show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// Nothing that changes the cluster is sent until somebody unlocks the session.
    #[default]
    Locked,
    /// Changes are sent once they were confirmed.
    Unlocked,
    /// Nothing that changes the cluster is sent, and nobody can unlock the session.
    ReadOnly,
}

impl fmt::Display for Lock {
    /// The word of the health line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Locked => "LOCKED",
            Self::Unlocked => "UNLOCKED",
            Self::ReadOnly => "READ-ONLY",
        })
    }
}
