//! Keys: what a person presses, and what it means on which screen.

pub mod chord;
pub mod keymap;

pub use chord::{Chord, Key};
pub use keymap::Keymap;
