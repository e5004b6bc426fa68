//! Looking for text in the section that is open.

use crate::decode::Pattern;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Find {
    /// The line as typed.
    pub line: String,
    /// What it looks for; `None` where it cannot be looked for.
    pub pattern: Option<Pattern>,
    /// The row from which the line is looked for at every key.
    pub(super) origin: usize,
}

impl Find {
    pub(super) fn new(line: &str, origin: usize) -> Option<Self> {
        (!line.is_empty()).then(|| Self {
            line: line.to_owned(),
            pattern: Pattern::new(line),
            origin,
        })
    }
}
