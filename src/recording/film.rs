//! A whole recording in memory, packed, of which any look can be had again.

use std::io;
use std::time::Duration;

use jiff::{Span, Zoned};

use super::Header;
use super::glance::Glance;
use super::line::Line;
use super::scene::Scene;
use crate::position::parse_time;

/// Lines that are packed together.
const CHUNK: usize = 16;
/// Packed once and unpacked often: the quickest level.
const LEVEL: i32 = 1;

/// Every line of a recording.
#[derive(Debug)]
pub struct Film {
    header: Header,
    moments: Vec<Moment>,
    /// Packed lines, and how long they are unpacked.
    chunks: Vec<(Box<[u8]>, usize)>,
    /// Lines that are not packed yet.
    open: Vec<u8>,
}

/// When a look was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// After the beginning of the recording.
    pub after: Duration,
    /// On the wall, in milliseconds since the epoch.
    pub told: i64,
}

/// A place in a film: what the lines before it amount to.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    scene: Scene,
    next: usize,
    /// The lines that were unpacked last, and the number of their chunk.
    chunk: Option<(usize, Vec<u8>)>,
}

impl Film {
    /// Without looks.
    pub fn new(header: Header) -> Self {
        Self {
            header,
            moments: Vec::new(),
            chunks: Vec::new(),
            open: Vec::new(),
        }
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// When each look was told.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Adds a look with its line.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn push(&mut self, glance: &Glance, line: &[u8]) -> io::Result<()> {
        self.moments.push(Moment {
            after: glance.after,
            told: glance.told,
        });
        self.open.extend_from_slice(line);
        self.open.push(b'\n');
        if self.moments.len().is_multiple_of(CHUNK) {
            let packed = zstd::bulk::compress(&self.open, LEVEL)?;
            self.chunks.push((packed.into(), self.open.len()));
            self.open.clear();
        }
        Ok(())
    }
}

impl Cursor {
    /// The number of looks before it.
    pub fn next(&self) -> usize {
        self.next
    }

    /// The next look; `None` at the end.
    pub fn look(&mut self, film: &Film) -> Option<Glance> {
        if self.next >= film.moments.len() {
            return None;
        }
        let number = self.next / CHUNK;
        let lines = match film.chunks.get(number) {
            // More lines may be added to these.
            None => &film.open,
            Some((packed, length)) => {
                if self.chunk.as_ref().is_none_or(|(unpacked, _)| *unpacked != number) {
                    self.chunk = Some((number, zstd::bulk::decompress(packed, *length).ok()?));
                }
                &self.chunk.as_ref()?.1
            }
        };
        let line = lines.split(|byte| *byte == b'\n').nth(self.next % CHUNK)?;
        let line: Line = serde_json::from_slice(line).ok()?;
        self.next += 1;
        self.scene.see(line).ok()
    }

    /// The same place, without what can be had again.
    pub fn packed(&self) -> Self {
        Self {
            scene: self.scene.clone(),
            next: self.next,
            chunk: None,
        }
    }
}

/// A time as a person writes it, in milliseconds since the epoch: on the day the recording began, or on the next one
/// where it was begun later than that.
///
/// # Errors
/// When it is none.
pub fn moment(text: &str, begun: &Zoned) -> Result<i64, String> {
    let at = parse_time(text, Some(begun))?;
    let is_hour = text.trim().starts_with(|c: char| c.is_ascii_digit()) && !text.contains('-');
    // A minute is written without its seconds.
    if is_hour && at < begun.timestamp().as_millisecond().saturating_sub(60_000) {
        return parse_time(text, begun.checked_add(Span::new().days(1)).ok().as_ref());
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(number: u64) -> Glance {
        Glance {
            after: Duration::from_millis(number * 5_000),
            told: 1_795_000_000_000 + number as i64 * 5_000,
            ..Glance::default()
        }
    }

    #[test]
    fn every_look_can_be_had_again_also_while_more_are_added() {
        let header: Header = serde_json::from_str(
            r#"{"format":"ktui-recording","version":1,"ktui":"","cluster":{"id":null,"name":"c"},"started":0,"every":5000}"#,
        )
        .unwrap();
        let (mut film, mut scene, mut cursor) = (Film::new(header), Scene::default(), Cursor::default());
        let mut kept = Vec::new();
        for number in 0..50 {
            let line = scene.changes(&glance(number), number == 0);
            let text = serde_json::to_vec(&line).unwrap();
            scene.apply(line).unwrap();
            film.push(&glance(number), &text).unwrap();
            kept.push(cursor.packed());
            assert_eq!(cursor.look(&film), Some(glance(number)));
            assert_eq!(cursor.look(&film), None);
        }
        for (number, mut cursor) in (0..).zip(kept) {
            assert_eq!(cursor.look(&film), Some(glance(number)));
        }
    }

    #[test]
    fn an_hour_is_on_the_day_of_the_recording_or_on_the_next_one() {
        let at = |text: &str| {
            let zoned: Zoned = text.parse().unwrap();
            zoned
        };
        let begun = at("2026-11-18T22:30:20[UTC]");
        for (text, meant) in [
            ("22:31", "2026-11-18T22:31[UTC]"),
            ("22:30", "2026-11-18T22:30[UTC]"),
            ("00:10", "2026-11-19T00:10[UTC]"),
            ("2026-11-18T22:00", "2026-11-18T22:00[UTC]"),
        ] {
            assert_eq!(
                moment(text, &begun),
                Ok(at(meant).timestamp().as_millisecond()),
                "{text}"
            );
        }
        assert!(moment("soon", &begun).is_err());
    }
}
