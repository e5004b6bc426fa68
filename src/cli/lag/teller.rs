//! To whom a watch tells what it saw: a person at a terminal, a program, or nobody before the end.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use super::super::headless;
use super::super::report::complaint;
use super::LagArgs;
use super::sights::{Sight, Waits};
use super::table::Screen;
use crate::exit::Exit;
use crate::runtime::clock;
use crate::ui::format::{Count, Span, TimeOfDay};
use crate::ui::text;

/// Tells what was seen.
pub struct Teller {
    way: Way,
    every: Duration,
    target: Option<i64>,
    /// The newest look: a line of JSON, or the title of the table.
    newest: String,
}

enum Way {
    /// A table that is drawn in place.
    Table(Screen),
    /// A line for each look.
    Lines,
    /// One line, at the end; of JSON or in words.
    Quiet { is_json: bool },
}

impl Teller {
    /// Nothing is told yet.
    pub fn new(lag: &LagArgs) -> Self {
        // Sheets are not written again and again: what is no table is JSON.
        let is_json = !lag.output.is_table();
        let way = match lag.watch {
            None => Way::Quiet { is_json },
            Some(_) if is_json || !io::stdout().is_terminal() => Way::Lines,
            Some(_) => Way::Table(Screen::default()),
        };
        Self {
            way,
            every: lag.every(),
            target: lag.until,
            newest: String::new(),
        }
    }

    /// Tells a look.
    ///
    /// # Errors
    /// When nobody takes it any more.
    pub fn seen(&mut self, sight: &Sight) -> io::Result<()> {
        for crossing in &sight.crossings {
            tracing::warn!("{crossing}");
        }
        match &mut self.way {
            Way::Table(screen) => {
                let title = title(sight, self.every, self.target);
                screen.draw(&title, &sight.report)?;
                if sight.crossings.iter().any(|crossing| crossing.rings) {
                    ring()?;
                }
                self.newest = title;
                Ok(())
            }
            Way::Lines => {
                line(&json(sight)?)?;
                for crossing in &sight.crossings {
                    headless::say(&crossing.to_string());
                }
                Ok(())
            }
            Way::Quiet { is_json: true } => {
                self.newest = json(sight)?;
                Ok(())
            }
            Way::Quiet { is_json: false } => Ok(()),
        }
    }

    /// Tells a look at which nobody answered; `sight` is one without groups.
    ///
    /// # Errors
    /// When nobody takes it any more.
    pub fn blind(&mut self, sight: &Sight) -> io::Result<()> {
        let Way::Table(screen) = &mut self.way else {
            return self.seen(sight);
        };
        let why = sight.report.failures.first().map(complaint).unwrap_or_default();
        screen.keep(&format!("{}: the last that was seen. {why}", self.newest))
    }

    /// Tells how it ended.
    pub fn end(&self, exit: Exit, words: &str) {
        // Whoever does not take the last line has the exit code.
        let _ = match &self.way {
            Way::Quiet { is_json: true } if !self.newest.is_empty() => line(&self.newest),
            Way::Quiet { is_json: false } | Way::Table(_) => line(&text::visible(words)),
            _ if exit == Exit::Well => Ok(()),
            _ => {
                headless::say(words);
                Ok(())
            }
        };
    }

    /// Ends before anything came of it.
    pub fn leave(&self) {
        if let Way::Table(screen) = &self.way {
            screen.leave();
        }
    }
}

/// A look as a line of JSON.
///
/// # Errors
/// When it cannot be put into words.
pub fn json(sight: &Sight) -> io::Result<String> {
    let mut line = Vec::new();
    sight.report.write_timed(&mut line, sight.told)?;
    String::from_utf8(line).map_err(io::Error::other)
}

/// On stdout, whole and at once.
/// Writes a line, and has it go out.
///
/// # Errors
/// When nobody takes it.
pub fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end())?;
    stdout.flush()
}

fn ring() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"\x07")?;
    stdout.flush()
}

/// `127.0.0.1:9092  17:04:12  every 5 s, Ctrl-C ends  at or under 100: 2 of 3`.
fn title(sight: &Sight, every: Duration, target: Option<i64>) -> String {
    let zone = clock::zoned().time_zone().clone();
    let time = TimeOfDay(sight.told, &zone).to_string();
    let time = time.split('.').next().unwrap_or_default();
    let mut title = format!(
        "{}  {time}  every {}, Ctrl-C ends",
        sight.report.cluster.name,
        Span(every)
    );
    let over = sight.report.items.iter().filter(|item| item.over == Some(true)).count();
    if over > 0 {
        // Writing to a String cannot fail.
        let _ = write!(title, "  {} over the limit (!)", Count(over as i64));
    }
    if let Some(target) = target {
        let is_small = |waits: &&Waits| waits.1.as_ref().is_ok_and(|waits| *waits <= target);
        let small = sight.waits.iter().filter(is_small).count();
        let all = sight.waits.len();
        let _ = write!(title, "  at or under {}: {small} of {all}", Count(target));
    }
    title
}
