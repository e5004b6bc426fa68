//! `ktui replay`: a recording as the lines of JSON that `ktui lag --watch` would have printed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::{Timestamp, Zoned};

use super::lag::sights::Sights;
use super::lag::teller;
use super::{WarnArgs, complain, headless};
use crate::exit::Exit;
use crate::position::parse_time;
use crate::recording::{Glance, Header, Reader};
use crate::runtime::clock;
use crate::ui::format::Count;

/// The flags of `ktui replay`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// What `ktui record` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Looks from this time on: 10:42, 10:42:15, 2026-11-18T10:42
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Looks up to this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// The one look that was the newest at this time
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    pub at: Option<String>,
    /// Limits of a lag.
    #[command(flatten)]
    pub warn: WarnArgs,
}

/// Runs the command.
pub fn run(replay: &ReplayArgs) -> Exit {
    let reader = match open(&replay.file) {
        Ok(reader) => reader,
        Err(why) => return headless::say(&why),
    };
    let window = match Window::of(replay, reader.header()) {
        Ok(window) => window,
        Err(why) => return complain(&why),
    };
    Printing {
        sights: sights(reader.header(), replay),
        window,
        begin: clock::now(),
        printed: 0,
        newest: None,
    }
    .run(reader, &replay.file)
}

/// Opens a recording.
///
/// # Errors
/// Why it cannot be replayed.
pub fn open(path: &Path) -> Result<Reader, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("cannot open {shown}: {error}"))?;
    Reader::open(file).map_err(|damage| format!("{shown}: {damage}"))
}

fn sights(header: &Header, replay: &ReplayArgs) -> Sights {
    let names: Vec<String> = header.groups.iter().map(ToString::to_string).collect();
    Sights::new(header.cluster.name.clone(), &names, replay.warn.lag_warn.clone())
}

/// Which looks are printed.
#[derive(Debug, PartialEq, Eq)]
enum Window {
    /// From and to, in milliseconds since the epoch.
    Between(i64, i64),
    /// The newest one at that time.
    At(i64),
}

impl Window {
    fn of(replay: &ReplayArgs, header: &Header) -> Result<Self, String> {
        let moment = |text: &String| moment(text, header.started);
        if let Some(at) = &replay.at {
            return Ok(Self::At(moment(at)?));
        }
        let from = replay.from.as_ref().map(moment).transpose()?;
        let to = replay.to.as_ref().map(moment).transpose()?;
        Ok(Self::Between(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
    }
}

/// A time as a person writes it, on the day the recording began, or on the next one where the hour is over by then.
///
/// # Errors
/// When it is none.
fn moment(text: &str, started: i64) -> Result<i64, String> {
    let begun = Timestamp::from_millisecond(started).map_err(|error| error.to_string())?;
    let begun: Zoned = begun.to_zoned(clock::zoned().time_zone().clone());
    let at = parse_time(text, Some(&begun))?;
    let next_day = || begun.checked_add(jiff::Span::new().days(1)).ok();
    let is_hour = text.trim().starts_with(|c: char| c.is_ascii_digit()) && !text.contains('-');
    // A minute is written without its seconds.
    if is_hour && at < started.saturating_sub(60_000) {
        return parse_time(text, next_day().as_ref());
    }
    Ok(at)
}

/// Prints looks.
struct Printing {
    sights: Sights,
    window: Window,
    begin: Instant,
    printed: u64,
    /// The newest look before the time that was asked for.
    newest: Option<String>,
}

impl Printing {
    fn run(mut self, mut reader: Reader, path: &Path) -> Exit {
        let shown = path.display();
        let mut seen: u64 = 0;
        loop {
            match reader.look() {
                Ok(Some(glance)) => {
                    seen += 1;
                    match self.take(glance) {
                        Ok(true) => {}
                        Ok(false) => return self.end(),
                        // The reader of the lines has seen enough.
                        Err(_) => return Exit::Well,
                    }
                }
                Ok(None) => break,
                Err(damage) => {
                    headless::say(&format!("{shown}: {damage}"));
                    return if self.printed == 0 {
                        Exit::Nothing
                    } else {
                        Exit::Partial
                    };
                }
            }
        }
        let exit = self.end();
        if reader.is_cut() {
            let line = Count(reader.line() as i64 + 1);
            headless::say(&format!(
                "{shown} ends within line {line}: its recorder was killed. The {} looks before are whole",
                Count(seen as i64)
            ));
        }
        exit
    }

    /// Takes a look; `false` where no later one is wanted.
    fn take(&mut self, glance: Glance) -> std::io::Result<bool> {
        let (at, told) = (self.begin + glance.after, glance.told);
        match self.window {
            Window::Between(_, to) if told > to => return Ok(false),
            Window::At(wanted) if told > wanted => return Ok(false),
            _ => {}
        }
        let sight = self.sights.see(glance, at);
        match self.window {
            Window::Between(from, _) if told >= from => {
                teller::line(&teller::json(&sight)?)?;
                self.printed += 1;
            }
            Window::Between(..) => {}
            Window::At(_) => self.newest = Some(teller::json(&sight)?),
        }
        Ok(true)
    }

    fn end(&mut self) -> Exit {
        if let Some(newest) = self.newest.take() {
            // A closed pipe is the reader's choice.
            let _ = teller::line(&newest);
            self.printed += 1;
        }
        if self.printed == 0 {
            return headless::say("no look of the recording is of that time");
        }
        Exit::Well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_on_the_day_of_the_recording_or_on_the_next_one() {
        let zone = clock::zoned().time_zone().clone();
        let at = |text: &str| {
            let civil: jiff::civil::DateTime = text.parse().unwrap();
            civil.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond()
        };
        let started = at("2026-11-18T22:30:20");
        for (text, meant) in [
            ("22:31", "2026-11-18T22:31"),
            ("22:30", "2026-11-18T22:30"),
            ("00:10", "2026-11-19T00:10"),
            ("2026-11-18T22:00", "2026-11-18T22:00"),
        ] {
            assert_eq!(moment(text, started), Ok(at(meant)), "{text}");
        }
        assert!(moment("soon", started).is_err());
    }
}
