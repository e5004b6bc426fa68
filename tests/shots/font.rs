//! Glyphs as pixels.

use fontdue::{Font, FontSettings, Metrics};

/// Pixels of a cell. The width decides the size of the font: a glyph's advance is exactly one cell.
pub const CELL: (usize, usize) = (10, 21);
/// From the top of a cell to the line that letters stand on.
pub const BASELINE: usize = 16;

/// Font files in the order they are asked: the first that has a character draws it.
pub struct Fonts {
    regular: Font,
    bold: Font,
    fallbacks: Vec<Font>,
    /// Pixels per em.
    size: f32,
}

impl Fonts {
    /// `REGULAR,BOLD,FALLBACK...`.
    pub fn load(files: &str) -> Self {
        let mut fonts = files.split(',').map(|file| {
            let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
            Font::from_bytes(bytes, FontSettings::default()).unwrap_or_else(|error| panic!("{file}: {error}"))
        });
        let regular = fonts.next().expect("a regular font");
        let bold = fonts.next().expect("a bold font");
        let size = CELL.0 as f32 / regular.metrics('M', 1.0).advance_width;
        Self {
            fallbacks: fonts.collect(),
            regular,
            bold,
            size,
        }
    }

    /// A character's pixels, how far each is covered (0 to 255), for a place of `cells` cells; `None` when no font has
    /// it.
    pub fn glyph(&self, c: char, is_bold: bool, cells: usize) -> Option<(Metrics, Vec<u8>)> {
        let first = if is_bold { &self.bold } else { &self.regular };
        if first.has_glyph(c) {
            return Some(first.rasterize(c, self.size));
        }
        let font = self.fallbacks.iter().find(|font| font.has_glyph(c))?;
        // Other fonts have other widths: never wider than the place, and in its middle.
        let room = (CELL.0 * cells) as f32;
        let width = font.metrics(c, self.size).width as f32;
        let size = if width > room {
            self.size * room / width
        } else {
            self.size
        };
        let (mut metrics, pixels) = font.rasterize(c, size);
        metrics.xmin = (CELL.0 * cells).saturating_sub(metrics.width) as i32 / 2;
        Some((metrics, pixels))
    }
}
