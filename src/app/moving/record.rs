//! The record that is skipped, opened to be shown.

use super::{Moving, Planned};
use crate::app::memory::Memory;
use crate::app::pane::messages::peek::open_value;
use crate::decode::{Format, Part, View};
use crate::ops::reset::Saving;

/// Its value, opened.
#[derive(Clone, Debug)]
pub struct Opened {
    columns: u16,
    format: Format,
    /// The value.
    pub value: View,
    /// Whether only its head was opened.
    pub is_head: bool,
}

impl PartialEq for Opened {
    /// What is shown follows from the plan and from these.
    fn eq(&self, other: &Self) -> bool {
        (self.columns, self.format) == (other.columns, other.format)
    }
}

impl Moving {
    /// What is saved before the change is sent.
    pub fn saving(&self) -> Option<&Saving> {
        match &self.plan {
            Some(Planned::Offsets(plan)) => plan.saves.as_deref(),
            Some(Planned::Members(_)) | None => None,
        }
    }

    /// The record that is skipped, once it was opened.
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// Opens the record that is skipped for a box of so many columns, unless it is open already.
    pub fn open_record(&mut self, columns: u16, memory: &Memory) {
        let Some(saving) = self.saving() else {
            self.opened = None;
            return;
        };
        let topic = saving.partition.topic.as_str();
        let format = memory.decoder(topic, Part::Value);
        let is_open = |opened: &Opened| (opened.columns, opened.format) == (columns, format);
        if self.opened.as_ref().is_some_and(is_open) {
            return;
        }
        let (value, is_head) = open_value(&saving.row, topic, format, columns);
        self.opened = Some(Opened {
            columns,
            format,
            value,
            is_head,
        });
    }
}
