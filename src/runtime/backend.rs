//! What stands between ratatui and the terminal: a frame becomes the fewest bytes that show it, in one write.
//!
//! ratatui draws a whole frame into a buffer; the [`painter`] compares it with what the terminal shows. ratatui's own
//! diff is not used: it knows changed cells only, but the cheapest way to a row may be to erase its rest and to write
//! less. Nothing here asks the terminal anything.

mod glyph;
mod motion;
mod painter;
mod pen;

use std::convert::Infallible;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size as Cells};
use ratatui::{Frame, Terminal};

pub use self::painter::{Erase, Painter};
use crate::layout::Size;
use crate::ui::theme::ColorDepth;

/// The screen: draws frames and writes what changed.
#[derive(Debug)]
pub struct Screen<W> {
    frames: Terminal<Recorder>,
    painter: Painter,
    writer: W,
}

impl<W: Write> Screen<W> {
    /// A screen of this size on a terminal that was just cleared or entered; the first frame paints it whole.
    pub fn new(writer: W, size: Size, depth: ColorDepth, erase: Erase) -> Self {
        let recorder = Recorder {
            size: Cells::new(size.width, size.height),
            cursor: None,
        };
        let Ok(frames) = Terminal::new(recorder);
        Self {
            frames,
            painter: Painter::new(depth, erase),
            writer,
        }
    }

    /// Draws a frame and writes what changed, in one write; nothing when nothing did. Gives the bytes written.
    ///
    /// # Errors
    /// When the terminal cannot be written to; the next frame then paints everything.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<usize> {
        self.frames.backend_mut().cursor = None;
        let Ok(frame) = self.frames.draw(draw);
        self.painter.paint(frame.buffer);
        let bytes = self.painter.finish(self.frames.backend().cursor);
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.writer.write_all(bytes).and_then(|()| self.writer.flush()) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.painter.forget();
                Err(error)
            }
        }
    }

    /// The terminal has another size now; the next frame paints everything.
    pub fn resize(&mut self, size: Size) {
        self.frames.backend_mut().size = Cells::new(size.width, size.height);
        self.painter.forget();
    }

    /// What the terminal shows is not known any more (Ctrl-L, back from suspension): the next frame paints everything.
    pub fn forget(&mut self) {
        self.painter.forget();
    }

    /// Writes a sequence that is no part of a frame and moves nothing on the screen, such as OSC 52.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn write_aside(&mut self, sequence: &[u8]) -> io::Result<()> {
        self.writer.write_all(sequence)?;
        self.writer.flush()
    }

    /// What the frames are written to.
    pub fn writer_mut(&mut self) -> &mut W {
        &mut self.writer
    }
}

/// The backend that ratatui sees. It keeps what ratatui decides and writes nothing.
#[derive(Debug)]
struct Recorder {
    size: Cells,
    cursor: Option<Position>,
}

impl Backend for Recorder {
    type Error = Infallible;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, _changed: I) -> Result<(), Infallible> {
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.cursor = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.cursor = Some(position.into());
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn clear_region(&mut self, _region: ClearType) -> Result<(), Infallible> {
        Ok(())
    }

    fn size(&self) -> Result<Cells, Infallible> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Cells::default(),
        })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use ratatui::layout::Rect;

    use super::*;
    use crate::ui::format::{Bytes, Count, Rate};
    use crate::ui::table::{CellText, Column, Order, RowSource, Table, Widths};
    use crate::ui::theme::Theme;

    const SIZE: Size = Size { width: 120, height: 40 };

    /// Every write to the terminal, one by one.
    #[derive(Clone, Default)]
    struct Writes(Rc<RefCell<Vec<Vec<u8>>>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn screen(writes: &Writes) -> Screen<Writes> {
        Screen::new(writes.clone(), SIZE, ColorDepth::True, Erase::Colored)
    }

    struct Topics;

    const COLUMNS: &[Column] = &[
        Column::name("NAME", 24),
        Column::right("PART"),
        Column::right("RF"),
        Column::right("URP"),
        Column::right("OFFSET RANGE").least(13),
        Column::right("SIZE").least(8),
        Column::right("IN").least(7),
        Column::left("RETENTION"),
        Column::left("CLEANUP"),
    ];

    impl RowSource for Topics {
        fn row_count(&self) -> usize {
            10_000
        }

        fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
            let n = row as u64;
            match column {
                0 => cell.show(format_args!("orders.events-{row:05}")),
                1 => cell.show(Count(12)),
                2 => cell.show(Count(3)),
                3 => cell.show(Count(0)),
                4 => cell.show(Count((n * 7_919 % 2_000_000) as i64)),
                5 => cell.show(Bytes(n * 7_919_771 % (113 << 20))),
                6 => cell.show(Rate((n * 13 % 412) as f64)),
                7 => cell.show("7 d"),
                _ => cell.show("delete"),
            };
        }
    }

    /// The list as the app scrolls it: by half a page when the cursor leaves the window.
    struct List {
        theme: Theme,
        widths: Widths,
        top_row: usize,
        cursor: usize,
    }

    impl List {
        fn new(theme: &str, depth: ColorDepth) -> Self {
            let theme = Theme::find(theme, None, depth).unwrap();
            Self {
                theme,
                widths: Widths::default(),
                top_row: 0,
                cursor: 0,
            }
        }

        fn step(&mut self) {
            let page = usize::from(SIZE.height) - 5;
            self.cursor += 1;
            if self.cursor >= self.top_row + page {
                self.top_row += page / 2;
            }
        }

        fn draw(&mut self, frame: &mut Frame<'_>) {
            let area = Rect {
                y: 3,
                height: SIZE.height - 4,
                ..frame.area()
            };
            let sort = Some((0, Order::Ascending));
            let table = Table {
                columns: COLUMNS,
                top_row: self.top_row,
                cursor: Some(self.cursor),
                sort,
            };
            table.draw(frame.buffer_mut(), area, &Topics, &mut self.widths, &self.theme);
        }
    }

    /// The bytes of each of 40 steps down the list, some of which scroll.
    fn steps(theme: &str, depth: ColorDepth) -> Vec<usize> {
        let mut screen = Screen::new(Writes::default(), SIZE, depth, Erase::Colored);
        let mut list = List::new(theme, depth);
        screen.draw(|frame| list.draw(frame)).unwrap();
        let mut step = || {
            list.step();
            screen.draw(|frame| list.draw(frame)).unwrap()
        };
        (0..40).map(|_| step()).collect()
    }

    #[test]
    fn a_frame_is_one_write_and_an_unchanged_one_none() {
        let writes = Writes::default();
        let mut screen = screen(&writes);
        let mut list = List::new("dark", ColorDepth::True);
        let first = screen.draw(|frame| list.draw(frame)).unwrap();
        assert_eq!(writes.0.borrow().iter().map(Vec::len).collect::<Vec<_>>(), [first]);
        assert_eq!(screen.draw(|frame| list.draw(frame)).unwrap(), 0);
        list.step();
        screen.draw(|frame| list.draw(frame)).unwrap();
        assert_eq!(writes.0.borrow().len(), 2);
    }

    #[test]
    fn nothing_asks_the_terminal() {
        let writes = Writes::default();
        let mut screen = screen(&writes);
        let mut list = List::new("dark", ColorDepth::True);
        screen.draw(|frame| list.draw(frame)).unwrap();
        screen.resize(Size { width: 80, height: 24 });
        screen.draw(|frame| frame.set_cursor_position((3, 3))).unwrap();
        screen.forget();
        screen.draw(|_| {}).unwrap();
        let all = writes.0.borrow().concat();
        // DSR, DA and the window reports: what a terminal answers.
        for control in [b'n', b'c', b't'] {
            let asks = all
                .windows(2)
                .enumerate()
                .filter(|(_, at)| *at == b"\x1b[")
                .any(|(at, _)| all[at + 2..].iter().find(|byte| (0x40..0x7f).contains(*byte)) == Some(&control));
            assert!(!asks, "CSI {}", char::from(control));
        }
    }

    #[test]
    fn the_text_cursor_of_a_frame_is_shown_and_hidden_again() {
        let writes = Writes::default();
        let mut screen = screen(&writes);
        let mut parser = vt100::Parser::new(40.try_into().unwrap(), 120.try_into().unwrap(), 0);
        screen.draw(|frame| frame.set_cursor_position((7, 39))).unwrap();
        parser.process(&writes.0.borrow().concat());
        assert_eq!(
            (parser.screen().hide_cursor(), parser.screen().cursor_position()),
            (false, (39, 7))
        );
        assert_eq!(screen.draw(|frame| frame.set_cursor_position((7, 39))).unwrap(), 0);
        screen.draw(|_| {}).unwrap();
        parser.process(writes.0.borrow().last().unwrap());
        assert!(parser.screen().hide_cursor());
    }

    #[test]
    fn after_a_failed_write_the_next_frame_paints_everything() {
        struct Once(bool, Vec<u8>);
        impl Write for Once {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if std::mem::take(&mut self.0) {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                self.1.extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut screen = Screen::new(Once(true, Vec::new()), SIZE, ColorDepth::True, Erase::Colored);
        let mut list = List::new("dark", ColorDepth::True);
        screen.draw(|frame| list.draw(frame)).unwrap_err();
        screen.draw(|frame| list.draw(frame)).unwrap();
        let text = String::from_utf8(screen.writer_mut().1.clone()).unwrap();
        assert!(text.contains("\x1b[2J") && text.contains("orders.events-00000"));
    }

    #[test]
    fn a_resize_paints_everything_in_the_new_size() {
        let writes = Writes::default();
        let mut screen = screen(&writes);
        let mut list = List::new("dark", ColorDepth::True);
        screen.draw(|frame| list.draw(frame)).unwrap();
        screen.resize(Size { width: 90, height: 20 });
        screen
            .draw(|frame| assert_eq!(frame.area(), Rect::new(0, 0, 90, 20)))
            .unwrap();
        let writes = writes.0.borrow();
        assert!(String::from_utf8_lossy(&writes[1]).contains("\x1b[2J"));
    }

    #[test]
    fn a_cursor_step_takes_at_most_200_bytes() {
        for (theme, depth, budget) in [
            ("dark", ColorDepth::True, 200),
            ("dark", ColorDepth::Ansi256, 200),
            ("dark", ColorDepth::Ansi16, 200),
            ("light", ColorDepth::True, 200),
            ("high-contrast", ColorDepth::True, 200),
            // Without colours the row is reversed, which is seen on blanks, and no erase function fills those.
            ("mono", ColorDepth::None, 240),
        ] {
            let mut bytes = steps(theme, depth);
            bytes.sort_unstable();
            let (median, most) = (bytes[20], bytes[39]);
            println!("{theme} {depth:?}: median {median}, most {most}");
            assert!(median <= budget, "{theme} {depth:?}: median {median}, all {bytes:?}");
            assert!(most <= 2_000, "{theme} {depth:?}: scrolling takes {most}");
        }
    }
}
