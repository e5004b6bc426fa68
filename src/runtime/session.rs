//! The loop: waits for what happens, tells the machine, does what it answers, draws when something changed.

mod copy;
mod lend;

use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use super::backend::{Erase, Screen};
use super::clipboard::Way;
use super::clock::{self, TimeOfDay};
use super::copier::Copier;
use super::effects::{self, Effects, Records};
use super::frame::Pace;
use super::input::{Input, Reader};
use super::jobs::Jobs;
use super::memory;
use super::signals::{Endings, Notice, Notices};
use super::terminal::Tty;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::memory::Memo;
use crate::app::overlay::Overlay;
use crate::app::replay::Replay;
use crate::app::store::Store;
use crate::app::{App, AppSettings};
use crate::input::{Chord, Keymap};
use crate::kafka::client::{Client, ConnectionState};
use crate::kafka::model::Lock;
use crate::ui::table::Memory;
use crate::ui::theme::Theme;
use crate::ui::{self, Paint};

/// Least time between two deadlines: a machine that names one in the past costs a little, not a whole core.
const RESPITE: Duration = Duration::from_millis(5);

/// Everything of a session on the screen.
pub struct Session {
    app: App,
    effects: Effects,
    records: Records,
    screen: Screen<Tty>,
    tty: Tty,
    pace: Pace,
    look: Look,
    copier: Copier,
    time_of_day: TimeOfDay,
    /// Where what is remembered goes; `None` where nothing is.
    memory_file: Option<PathBuf>,
    reached: Option<Instant>,
    jobs: Jobs,
    /// A text that waits for the editor.
    to_edit: Option<String>,
}

/// What the screen is drawn with.
struct Look {
    theme: Theme,
    theme_dir: Option<PathBuf>,
    keymap: Keymap,
    zone: TimeZone,
    widths: RefCell<Memory>,
}

impl Look {
    fn paint(&self) -> Paint<'_> {
        Paint {
            theme: &self.theme,
            keymap: &self.keymap,
            zone: &self.zone,
            widths: &self.widths,
        }
    }
}

/// Where things that happen come from.
struct Sources {
    endings: Endings,
    notices: Notices,
    inputs: mpsc::Receiver<Input>,
    replies: mpsc::Receiver<Event>,
    connection: watch::Receiver<ConnectionState>,
    panics: mpsc::Receiver<String>,
    reader: Option<Reader>,
}

/// One thing that happened.
enum Happened {
    Ended,
    Noticed(Notice),
    Came(Input),
    Told(Event),
    /// A deadline, or the time of a frame.
    Awoke,
}

/// What a session is made of.
pub struct Start {
    /// The cluster.
    pub client: Client,
    /// What the machine is told.
    pub settings: AppSettings,
    /// The colours.
    pub theme: Theme,
    /// Where the user's own themes are.
    pub theme_dir: Option<PathBuf>,
    /// Where what is remembered of the cluster is kept.
    pub memory_file: Option<PathBuf>,
    /// What there is to see in place of a cluster.
    pub recorded: Option<Box<(Replay, Store)>>,
    /// What panics of tasks say.
    pub panics: mpsc::Receiver<String>,
}

/// Runs a session on a terminal that was taken over, until the user or the system ends it.
///
/// # Errors
/// When the terminal cannot be used any more.
pub async fn run(start: Start, tty: Tty) -> io::Result<()> {
    let endings = Endings::listen()?;
    let notices = Notices::listen()?;
    let (reader, inputs) = Reader::start()?;
    let (effects, replies) = Effects::new(start.client.clone());
    let jobs = Jobs::new(start.client, effects.replies());
    let connection = effects.connection();
    let size = tty.size();
    let var = |name: &str| std::env::var(name).ok();
    let erase = Erase::of_environment(var("TERM").as_deref(), var("TMUX").as_deref());
    let (app, first) = match start.recorded {
        Some(recorded) => (App::replay(start.settings, size, clock::now(), *recorded), Vec::new()),
        None => App::start(start.settings, size, clock::now()),
    };
    let mut session = Session {
        app,
        copier: Copier::new(Way::of_environment(|name| var(name).filter(|value| !value.is_empty()))),
        effects,
        records: Records::default(),
        screen: Screen::new(tty.clone(), size, start.theme.depth(), erase),
        tty,
        pace: Pace::default(),
        look: Look {
            theme: start.theme,
            theme_dir: start.theme_dir,
            keymap: Keymap::defaults(),
            zone: TimeZone::system(),
            widths: RefCell::default(),
        },
        time_of_day: TimeOfDay::default(),
        memory_file: start.memory_file,
        reached: None,
        jobs,
        to_edit: None,
    };
    let mut sources = Sources {
        endings,
        notices,
        inputs,
        replies,
        connection,
        panics: start.panics,
        reader: Some(reader),
    };
    session.run(first, &mut sources).await
}

impl Session {
    async fn run(&mut self, first: Vec<Effect>, sources: &mut Sources) -> io::Result<()> {
        self.perform(first)?;
        self.tell_time()?;
        loop {
            self.draw()?;
            let wake = self.wake();
            let happened = sources.next(wake, &mut self.records).await;
            if !self.take(happened)? {
                return Ok(());
            }
            if let Some(text) = self.to_edit.take()
                && !self.lend(&text, sources)?
            {
                return Ok(());
            }
            // What has arrived meanwhile belongs into the same frame.
            while let Ok(reply) = sources.replies.try_recv() {
                if !self.tell(reply)? {
                    return Ok(());
                }
            }
        }
    }

    /// When to wake up although nothing happens.
    fn wake(&self) -> Option<Instant> {
        let now = clock::now();
        let deadline = self.app.next_deadline(now);
        let deadline = match self.reached {
            Some(reached) => deadline.map(|deadline| deadline.max(reached + RESPITE)),
            None => deadline,
        };
        deadline.into_iter().chain(self.pace.due(now)).min()
    }

    /// Takes what happened; `false` at the end of the session.
    fn take(&mut self, happened: Happened) -> io::Result<bool> {
        match happened {
            Happened::Ended | Happened::Came(Input::Ended) => Ok(false),
            Happened::Came(Input::Pressed(chord)) => self.press(chord),
            Happened::Came(Input::Pasted(text)) => self.tell(Event::Pasted(text)),
            Happened::Told(event @ (Event::RecordsArrived { .. } | Event::SearchMoved { .. })) => {
                // What was dirty before is asked for before it is mixed with what records change.
                self.note_change();
                let goes_on = self.tell(event)?;
                if self.app.take_dirty() {
                    self.pace.ask_for_records();
                }
                Ok(goes_on)
            }
            Happened::Told(event) => self.tell(event),
            Happened::Noticed(Notice::Resized) => {
                let size = self.tty.size();
                self.screen.resize(size);
                self.tell(Event::Resized(size))
            }
            Happened::Noticed(Notice::Continued) => {
                self.tty.enter()?;
                self.screen.resize(self.tty.size());
                self.tell(Event::Resized(self.tty.size()))?;
                self.tell(Event::Resumed)
            }
            Happened::Awoke => {
                let now = clock::now();
                if self.app.next_deadline(now).is_some_and(|deadline| deadline <= now) {
                    self.reached = Some(now);
                    return self.tell(Event::DeadlineReached);
                }
                Ok(true)
            }
        }
    }

    fn tell_time(&mut self) -> io::Result<bool> {
        match self.time_of_day.news(&self.look.zone) {
            Some(event) => self.tell(event),
            None => Ok(true),
        }
    }

    /// A key means an action, or types into the open prompt.
    fn press(&mut self, chord: Chord) -> io::Result<bool> {
        // Whoever comes back to a laptop that slept presses a key first.
        self.tell_time()?;
        let scope = self.app.scope();
        match (self.look.keymap.resolve(scope, chord), chord.typed()) {
            (Some(action), _) => self.tell(Event::Acted(action)),
            (None, Some(c)) if scope.takes_text() => self.tell(Event::Typed(c)),
            (None, _) => self.tell(Event::Touched),
        }
    }

    /// Tells the machine and does what it answers; `false` when it wants to leave.
    fn tell(&mut self, event: Event) -> io::Result<bool> {
        let effects = self.app.handle(event, clock::now());
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<bool> {
        for effect in effects {
            match effect {
                Effect::Load { slot, ticket, query } => self.effects.load(slot, ticket, query),
                Effect::Cancel(slot) => self.effects.cancel(slot),
                Effect::OpenSearch { ticket, spec } => self.records.open(ticket, self.effects.search(*spec)),
                Effect::OpenFeed { ticket, spec } => self.records.open(ticket, self.effects.feed(spec)),
                Effect::ReadOlder { ticket, spec } => self.effects.read_older(ticket, spec),
                Effect::CloseFeed => self.records.close(),
                Effect::PauseFeed => self.records.hold(true),
                Effect::ResumeFeed => self.records.hold(false),
                Effect::LetFeedSkip(is_allowed) => self.records.may_skip(is_allowed),
                Effect::Unlock => self.turn_lock(Lock::Unlocked)?,
                Effect::Lock => self.turn_lock(Lock::Locked)?,
                Effect::CopyToClipboard { what, text } => self.copy(&what, text)?,
                Effect::CopyRow => self.copy_row()?,
                Effect::Remember(memo) => self.remember(memo)?,
                Effect::OpenEditor(text) => self.to_edit = Some(text),
                Effect::StartJob { job, spec } => self.jobs.start(job, spec),
                Effect::Move { number, step } => self.effects.preview(number, step),
                Effect::CancelJob(job) => self.jobs.cancel(job),
                Effect::UseTheme(name) => self.use_theme(&name)?,
                Effect::Ring => self.screen.write_aside(b"\x07")?,
                Effect::Log(line) => tracing::warn!("{line}"),
                Effect::Repaint => self.screen.forget(),
                Effect::Suspend => {
                    self.tty.suspend()?;
                    self.screen.resize(self.tty.size());
                    self.tell(Event::Resized(self.tty.size()))?;
                }
                Effect::Quit => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Tells the engine, and the machine what came of it.
    fn turn_lock(&mut self, to: Lock) -> io::Result<()> {
        for event in self.effects.turn_lock(to) {
            self.tell(event)?;
        }
        Ok(())
    }

    fn remember(&mut self, memo: Memo) -> io::Result<()> {
        if let Some(path) = &self.memory_file
            && let Err(error) = memory::remember(path, memo)
        {
            self.tell(Event::Refused(format!(
                "cannot remember that for the next session: {error}"
            )))?;
        }
        Ok(())
    }

    fn use_theme(&mut self, name: &str) -> io::Result<()> {
        let depth = self.look.theme.depth();
        match Theme::find(name, self.look.theme_dir.as_deref(), depth) {
            Ok(theme) => self.look.theme = theme,
            Err(error) => {
                self.tell(Event::Refused(error.to_string()))?;
            }
        }
        Ok(())
    }

    fn note_change(&mut self) {
        if self.app.take_dirty() {
            self.pace.ask();
        }
    }

    /// Draws when something may have changed and the last frame is long enough ago.
    fn draw(&mut self) -> io::Result<()> {
        self.note_change();
        let now = clock::now();
        if !self.pace.is_due(now) {
            return Ok(());
        }
        if matches!(self.app.overlay(), Some(Overlay::Debug)) {
            self.tell(Event::Counted(self.effects.counters()))?;
            self.app.take_dirty();
        }
        let (app, paint) = (&self.app, self.look.paint());
        let bytes = self.screen.draw(|frame| ui::draw(frame, app, &paint, now))?;
        tracing::trace!(bytes, "frame");
        self.pace.drawn(now);
        Ok(())
    }
}

impl Sources {
    /// The next thing that happens; of several the most urgent. `wake` is when to wake up although nothing does.
    async fn next(&mut self, wake: Option<Instant>, records: &mut Records) -> Happened {
        let asleep = async {
            match wake {
                Some(wake) => sleep_until(wake.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.endings.came() => Happened::Ended,
            notice = self.notices.next() => Happened::Noticed(notice),
            // The reading thread says so before it ends.
            input = self.inputs.recv() => Happened::Came(input.unwrap_or(Input::Ended)),
            Some(reply) = self.replies.recv() => Happened::Told(reply),
            Ok(()) = self.connection.changed() => {
                let state = effects::connection(&self.connection.borrow_and_update());
                Happened::Told(Event::ConnectionChanged(state))
            }
            Some(panic) = self.panics.recv() => Happened::Told(Event::Crashed(panic)),
            event = records.next() => Happened::Told(event),
            () = asleep => Happened::Awoke,
        }
    }
}
