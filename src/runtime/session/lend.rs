//! The terminal lent to the user's editor, and taken back.

use std::io;
use std::mem::replace;

use tokio::sync::mpsc;

use super::{Session, Sources};
use crate::app::event::Event;
use crate::runtime::editor;
use crate::runtime::input::Reader;

impl Session {
    /// Gives the terminal to the editor until it ends; everything else waits. `false` when the machine wants to leave.
    pub(super) fn lend(&mut self, text: &str, sources: &mut Sources) -> io::Result<bool> {
        // Nobody but the editor may read keys.
        let inputs = replace(&mut sources.inputs, mpsc::channel(1).1);
        if let Some(reader) = sources.reader.take() {
            reader.stop(inputs);
        }
        self.tty.leave()?;
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let outcome = editor::edit(&editor::command(named), text);
        self.tty.enter()?;
        let (reader, inputs) = Reader::start()?;
        sources.reader = Some(reader);
        sources.inputs = inputs;
        sources.endings.forget_interrupts()?;
        self.screen.resize(self.tty.size());
        self.tell(Event::Resized(self.tty.size()))?;
        self.tell(Event::Edited(outcome))
    }
}
