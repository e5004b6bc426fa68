//! Drawing: what is on the screen as a function of the state.

pub mod chart;
pub mod format;
pub mod line;
pub mod table;
pub mod text;
pub mod theme;
