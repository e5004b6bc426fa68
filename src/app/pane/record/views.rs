//! Which decoder shows key and value: chosen for all records of the topic.

use super::section::{Section, after};
use super::{Intent, RecordView};
use crate::app::decoders::Picker;
use crate::app::memory::Memo;
use crate::decode::{Format, Part};

impl RecordView {
    /// The next view of the section in focus; after the last one the list of all.
    pub(super) fn next_view(&mut self, out: &mut Vec<Intent>) {
        let Some((part, format)) = self.part() else {
            return self.headers.next_format();
        };
        out.push(match after(format) {
            Some(next) => Intent::Remember(Memo::Decoder(self.topic.clone(), part, next)),
            None => self.picker(part, format),
        });
    }

    /// All views of the section in focus.
    pub(super) fn pick_view(&mut self, out: &mut Vec<Intent>) {
        if let Some((part, format)) = self.part() {
            out.push(self.picker(part, format));
        }
    }

    /// The part of the record that the section in focus shows, and its format; the headers have one of their own.
    fn part(&self) -> Option<(Part, Format)> {
        match self.focus {
            Section::Headers => None,
            Section::Key => Some((Part::Key, self.key.format)),
            Section::Facts | Section::Value => Some((Part::Value, self.value.format)),
        }
    }

    fn picker(&self, part: Part, format: Format) -> Intent {
        let key = self.row.record().and_then(|record| record.key.clone());
        let bytes = match part {
            Part::Key => key.clone(),
            Part::Value | Part::Header => self.value_bytes(),
        };
        let picker = Picker::new(self.topic.clone(), (part, bytes.as_ref()), key.as_deref(), format);
        Intent::PickDecoder(Box::new(picker))
    }
}
