//! `ktui replay`: a recording on the screen, or as the lines of JSON that `ktui lag --watch` would have printed.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lag::sights::Sights;
use super::lag::teller;
use super::{Args, WarnArgs, complain, headless};
use crate::app::replay::Replay;
use crate::exit::Exit;
use crate::recording::film::moment;
use crate::recording::{Glance, Header, Reader};
use crate::runtime::{self, clock};
use crate::settings::Settings;
use crate::ui::format::Count;

/// Time between two words on how far it is read.
const NEWS: Duration = Duration::from_secs(1);

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
    /// Print lines of JSON, as where the output is no terminal: those of `ktui lag --watch`
    #[arg(long)]
    pub json: bool,
    /// Limits of a lag.
    #[command(flatten)]
    pub warn: WarnArgs,
}

/// Runs the command.
pub fn run(args: &Args, replay: &ReplayArgs) -> Exit {
    let reader = match open(&replay.file) {
        Ok(reader) => reader,
        Err(why) => return headless::say(&why),
    };
    let is_printed = replay.json || replay.from.is_some() || replay.to.is_some();
    if !is_printed && io::stdout().is_terminal() {
        return show(args, replay, reader);
    }
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

/// Opens the screen on a recording.
fn show(args: &Args, replay: &ReplayArgs, reader: Reader) -> Exit {
    let settings = match Settings::replay(args, &reader.header().cluster.name) {
        Ok(settings) => settings,
        Err(error) => return complain(&error.to_string()),
    };
    let mut said = clock::now();
    let news = |looks: usize| {
        if said.elapsed() >= NEWS {
            said = clock::now();
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(
                io::stderr(),
                "ktui: reading the recording: {} looks",
                Count(looks as i64)
            );
        }
    };
    let begin = clock::now();
    let limits = replay.warn.lag_warn.clone();
    let opened = Replay::open(reader, limits, begin, TimeZone::system(), news);
    let (mut recording, mut store) = match opened {
        Ok(opened) => opened,
        Err(damage) => return headless::say(&format!("{}: {damage}", replay.file.display())),
    };
    if let Some(at) = &replay.at
        && let Err(why) = recording.go_to(at, &mut store, begin)
    {
        return complain(&why);
    }
    runtime::replay(settings, (recording, store))
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
        let begun = Timestamp::from_millisecond(header.started).unwrap_or_default();
        let begun = begun.to_zoned(TimeZone::system());
        let moment = |text: &String| moment(text, &begun);
        if let Some(at) = &replay.at {
            return Ok(Self::At(moment(at)?));
        }
        let from = replay.from.as_ref().map(moment).transpose()?;
        let to = replay.to.as_ref().map(moment).transpose()?;
        Ok(Self::Between(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
    }
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
    fn take(&mut self, glance: Glance) -> io::Result<bool> {
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
