//! Pixels, and the PNG file they become.

use std::collections::HashMap;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// A pixel: paper, ink, and how much of the ink covers it, 0 to 255.
type Pixel = (Rgb, Rgb, u8);

/// A picture.
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
}

impl Image {
    pub fn new(width: usize, height: usize, paper: Rgb) -> Self {
        Self {
            width,
            height,
            pixels: vec![(paper, paper, 0); width * height],
        }
    }

    /// Paints a rectangle: left, top, right, bottom.
    pub fn fill(&mut self, left: usize, top: usize, right: usize, bottom: usize, color: Rgb) {
        for y in top..bottom {
            self.pixels[y * self.width + left..y * self.width + right].fill((color, color, 0));
        }
    }

    /// Puts ink on a pixel.
    pub fn cover(&mut self, x: usize, y: usize, ink: Rgb, covered: u8) {
        if x < self.width && y < self.height && covered > 0 {
            let pixel = &mut self.pixels[y * self.width + x];
            if covered > pixel.2 {
                *pixel = (pixel.0, ink, covered);
            }
        }
    }

    /// A PNG file with a palette: less than half as large as one without.
    pub fn png(&self) -> Vec<u8> {
        // As many shades between ink and paper as a palette has room for.
        let (palette, indices) = [16, 12, 8, 6, 4]
            .into_iter()
            .find_map(|shades| self.indexed(shades))
            .expect("fewer than 50 pairs of colours");
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&indices).unwrap();
        writer.finish().unwrap();
        file
    }

    /// The palette and each pixel's place in it; `None` when there are too many colours.
    fn indexed(&self, shades: u32) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut places: HashMap<Rgb, u8> = HashMap::new();
        let mut palette = Vec::new();
        let mut indices = Vec::with_capacity(self.pixels.len());
        for (paper, ink, covered) in &self.pixels {
            let color = mix(*paper, *ink, *covered, shades);
            let place = if let Some(place) = places.get(&color) {
                *place
            } else {
                let place = u8::try_from(places.len()).ok()?;
                places.insert(color, place);
                palette.extend(color);
                place
            };
            indices.push(place);
        }
        Some((palette, indices))
    }
}

/// Ink on paper, in `shades` steps.
fn mix(paper: Rgb, ink: Rgb, covered: u8, shades: u32) -> Rgb {
    let step = (u32::from(covered) * shades + 127) / 255;
    std::array::from_fn(|at| {
        let (paper, ink) = (u32::from(paper[at]), u32::from(ink[at]));
        ((paper * (shades - step) + ink * step) / shades) as u8
    })
}
