//! Lines, blocks and dots that have to join from cell to cell: drawn, because the glyphs of a font do not at all sizes.

use super::font::CELL;

/// A rectangle in a cell and how far it is covered: left, top, right, bottom, 0 to 255.
pub type Part = (usize, usize, usize, usize, u8);

/// The parts of a character, when it is one that is drawn.
pub fn parts(c: char) -> Option<Vec<Part>> {
    match c {
        '\u{2500}'..='\u{257f}' => lines(c),
        '\u{2580}'..='\u{259f}' => blocks(c),
        '\u{2800}'..='\u{28ff}' => Some(braille(c)),
        _ => None,
    }
}

/// Which arms reach from the middle to the edges: left, up, right, down; 0, or how thick.
fn lines(c: char) -> Option<Vec<Part>> {
    let [left, up, right, down] = match c {
        '─' => [1, 0, 1, 0],
        '━' => [2, 0, 2, 0],
        '│' => [0, 1, 0, 1],
        '┃' => [0, 2, 0, 2],
        '┌' | '╭' => [0, 0, 1, 1],
        '┐' | '╮' => [1, 0, 0, 1],
        '└' | '╰' => [0, 1, 1, 0],
        '┘' | '╯' => [1, 1, 0, 0],
        '├' => [0, 1, 1, 1],
        '┤' => [1, 1, 0, 1],
        '┬' => [1, 0, 1, 1],
        '┴' => [1, 1, 1, 0],
        '┼' => [1, 1, 1, 1],
        _ => return None,
    };
    let (width, height) = CELL;
    let (x, y) = (width / 2, height / 2);
    let mut parts = Vec::new();
    let mut add = |thick: usize, part: Part| {
        if thick > 0 {
            parts.push(part);
        }
    };
    add(left, (0, y, x + 1, y + left, 255));
    add(right, (x, y, width, y + right, 255));
    add(up, (x, 0, x + up, y + 1, 255));
    add(down, (x, y, x + down, height, 255));
    Some(parts)
}

fn blocks(c: char) -> Option<Vec<Part>> {
    let (width, height) = CELL;
    let eighths = |whole: usize, count: u32| (whole * count as usize + 4) / 8;
    let code = c as u32;
    let parts = match c {
        '▀' => vec![(0, 0, width, eighths(height, 4), 255)],
        '▁'..='█' => vec![(0, height - eighths(height, code - 0x2580), width, height, 255)],
        '▉'..='▏' => vec![(0, 0, eighths(width, 0x2590 - code), height, 255)],
        '▐' => vec![(width / 2, 0, width, height, 255)],
        '░' | '▒' | '▓' => vec![(0, 0, width, height, (64 * (code - 0x2590)) as u8)],
        '▔' => vec![(0, 0, width, eighths(height, 1), 255)],
        '▕' => vec![(width - eighths(width, 1), 0, width, height, 255)],
        _ => return quadrants(code),
    };
    Some(parts)
}

/// Quarters by bits: upper left, upper right, lower left, lower right.
fn quadrants(code: u32) -> Option<Vec<Part>> {
    let (width, height) = CELL;
    let (x, y) = (width / 2, height / 2);
    let quarters = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)];
    let bits: [u8; 10] = [
        0b0010, 0b0001, 0b1000, 0b1011, 0b1001, 0b1110, 0b1101, 0b0100, 0b0110, 0b0111,
    ];
    let bits = bits.get(code.checked_sub(0x2596)? as usize)?;
    let is_set = |at: &usize| bits >> (3 - at) & 1 == 1;
    let parts = (0..4).filter(is_set).map(|at| {
        let (left, top, right, bottom) = quarters[at];
        (left, top, right, bottom, 255)
    });
    Some(parts.collect())
}

/// Two columns of four dots.
fn braille(c: char) -> Vec<Part> {
    let (width, height) = CELL;
    let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let dots = places.iter().enumerate().filter(|(bit, _)| (c as u32) >> bit & 1 == 1);
    dots.map(|(_, (column, row))| {
        let x = width * (2 * column + 1) / 4;
        let y = height * (2 * row + 1) / 8;
        (x - 1, y - 1, x + 1, y + 1, 255)
    })
    .collect()
}
