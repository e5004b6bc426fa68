//! The list of decoders for a key or a value: which one fits, and which one is chosen for the topic.
//!
//! ```text
//!  ┌ Show values of orders.events as ────────────────────────────────┐
//!  │ ▸ auto          integer (looks like a small integer, big-endian)│
//!  │   JSON          not UTF-8 at byte 2                             │
//!  │   integer       1, 2, 4 or 8 bytes, both byte orders            │
//!  └─────────────────────────────────────────────────────────────────┘
//! ```

use bytes::Bytes;

use super::action::Action;
use super::list::ListState;
use super::memory::Memo;
use crate::decode::{DECODERS, Format, Part, Site, choose, decode};
use crate::kafka::model::TopicName;

/// Longer bytes are not given to every decoder in turn.
const MOST_TRIED: usize = 1 << 20;

/// One decoder and what it makes of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The decoder.
    pub format: Format,
    /// What it does, or why it cannot.
    pub says: String,
    /// Whether it can show the bytes, as far as that was tried.
    pub fits: bool,
}

/// The list, with a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picker {
    /// Cursor and window.
    pub list: ListState,
    topic: TopicName,
    part: Part,
    chosen: Format,
    lines: Vec<Line>,
}

impl Picker {
    /// Tries every decoder on the key or value of a record; the cursor stands on the one in force.
    pub fn new(topic: TopicName, (part, bytes): (Part, Option<&Bytes>), key: Option<&[u8]>, chosen: Format) -> Self {
        let site = Site {
            topic: topic.as_str(),
            part,
            key,
        };
        let bytes = bytes.map(AsRef::as_ref).filter(|bytes: &&[u8]| !bytes.is_empty());
        let lines: Vec<Line> = DECODERS.iter().map(|row| tried(row.format, bytes, &site)).collect();
        let cursor = lines.iter().position(|line| line.format == chosen).unwrap_or(0);
        Self {
            list: ListState { cursor, top_row: 0 },
            topic,
            part,
            chosen,
            lines,
        }
    }

    /// The title of its box.
    pub fn title(&self) -> String {
        let part = match self.part {
            Part::Key => "keys",
            Part::Value => "values",
            Part::Header => "headers",
        };
        format!("Show {part} of {} as", self.topic)
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The decoder in force.
    pub fn chosen(&self) -> Format {
        self.chosen
    }

    /// Moves the cursor; `page` lines are visible.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        self.list.act(action, self.lines.len(), page)
    }

    /// What choosing the line under the cursor leaves to remember.
    pub fn choice(&self) -> Option<Memo> {
        let line = self.lines.get(self.list.cursor)?;
        Some(Memo::Decoder(self.topic.clone(), self.part, line.format))
    }
}

fn tried(format: Format, bytes: Option<&[u8]>, site: &Site<'_>) -> Line {
    let outcome = match (format, bytes) {
        (_, None) => Ok(format.row().help.to_owned()),
        (Format::Auto, Some(bytes)) => {
            let choice = choose(bytes, site);
            Ok(format!("{} ({})", choice.format, choice.reason))
        }
        (_, Some(bytes)) if bytes.len() > MOST_TRIED => Ok(format.row().help.to_owned()),
        (_, Some(bytes)) => decode(bytes, format, site).map(|_| format.row().help.to_owned()),
    };
    Line {
        format,
        fits: outcome.is_ok(),
        says: outcome.unwrap_or_else(|why| why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decoder_is_listed_with_what_it_makes_of_the_bytes() {
        let value = Bytes::from_static(b"\0\0\0\x2a");
        let picker = Picker::new("orders".into(), (Part::Value, Some(&value)), None, Format::Hex);
        let line = |format| picker.lines().iter().find(|line| line.format == format).unwrap();
        assert_eq!(
            line(Format::Auto).says,
            "integer (looks like a small integer, big-endian)"
        );
        assert!(line(Format::Float).fits);
        assert!(!line(Format::Uuid).fits);
        assert_eq!(line(Format::Uuid).says, "a UUID has 16 bytes, not 4");
        assert_eq!(
            picker.choice(),
            Some(Memo::Decoder("orders".into(), Part::Value, Format::Hex))
        );
        assert_eq!(picker.title(), "Show values of orders as");
    }

    #[test]
    fn nothing_is_tried_on_a_tombstone() {
        let picker = Picker::new("orders".into(), (Part::Value, None), None, Format::Auto);
        assert!(picker.lines().iter().all(|line| line.fits));
    }
}
