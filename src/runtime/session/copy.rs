//! Putting text into the clipboard, in the way of this session.

use std::io;

use super::Session;
use crate::app::event::Event;
use crate::runtime::clipboard::{self, Way};
use crate::runtime::clock;
use crate::ui;

impl Session {
    pub(super) fn copy(&mut self, what: &str, text: String) -> io::Result<()> {
        match self.copier.way() {
            Way::Display => self.copier.to_display(what, text, self.effects.replies()),
            Way::Terminal { in_tmux } => {
                let outcome = match clipboard::osc52(what, &text, in_tmux) {
                    Ok((sequence, said)) => {
                        self.screen.write_aside(&sequence)?;
                        Ok(said)
                    }
                    Err(said) => Err(said),
                };
                self.tell(Event::Copied(outcome))?;
            }
        }
        Ok(())
    }

    pub(super) fn copy_row(&mut self) -> io::Result<()> {
        match ui::row::under_cursor(&self.app, &self.look.paint(), clock::now()) {
            Some(text) => self.copy("row", text),
            None => Ok(()),
        }
    }
}
