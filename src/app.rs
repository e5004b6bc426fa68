//! The machine: `handle(event, now) -> effects`. No runtime, no terminal, no clock, no I/O in here.
//!
//! ```text
//!  keys, answers, records ──▶ App::handle ──▶ effects (load, open feed, copy, quit)
//!                                 │
//!                                 ▼
//!                  ui::draw reads what changed
//! ```

pub mod action;
pub mod acts;
pub mod command;
pub mod coordinator;
pub mod copy;
pub mod cost;
pub mod decoders;
pub mod effect;
pub mod event;
pub mod filter;
pub mod form;
pub mod health;
pub mod help;
pub mod jobs;
pub mod list;
mod locate;
pub mod memory;
pub mod moving;
pub mod nav;
pub mod overlay;
pub mod pane;
pub mod presence;
pub mod produce;
pub mod prompt;
pub mod replay;
pub mod schedule;
pub mod searches;
pub mod slot;
pub mod store;
pub mod toast;
pub mod wall;

mod drive;
mod hints;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use action::Scope;
use effect::Effect;
use event::Event;
use jobs::Jobs;
use memory::Memory;
use nav::{Nav, PaneId};
use overlay::Overlay;
use pane::{View, Want};
use presence::Presence;
use prompt::Prompt;
use replay::Replay;
use schedule::Freshness;
use slot::Ticket;
use store::Store;
use toast::{Level, Toasts};
use wall::WallClock;

use crate::kafka::lag::alarm::{Alarms, Limit};
use crate::kafka::model::Lock;
use crate::layout::{self, Size};
use crate::position::Locator;

/// What the machine is told once, at the start.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// What the cluster is called: the profile's name, or the first bootstrap address as given.
    pub cluster_name: String,
    /// The bootstrap list as given.
    pub bootstrap: Vec<String>,
    /// The pane to open on.
    pub pane: PaneId,
    /// Names of the themes there are.
    pub themes: Vec<String>,
    /// A line that every screen shows, such as that this is the demo cluster.
    pub banner: Option<String>,
    /// Whether the session starts locked, unlocked or read-only.
    pub lock: Lock,
    /// The record to open on.
    pub open: Option<Locator>,
    /// Where names of files begin that do not begin with `/`.
    pub folder: PathBuf,
    /// What earlier sessions on this cluster left.
    pub memory: Memory,
    /// How much lag is too much.
    pub lag_limits: Vec<Limit>,
}

/// The whole state of the program.
#[derive(Debug)]
pub struct App {
    settings: AppSettings,
    size: Size,
    store: Store,
    nav: Nav,
    overlay: Option<Overlay>,
    prompt: Option<Prompt>,
    history: Vec<String>,
    toasts: Toasts,
    /// Whether the engine lets changes through, as it said last.
    lock: Lock,
    /// The open feed; records of any other are dropped.
    feed: Ticket,
    /// What the screen needs, as of the last event.
    wants: Vec<Want>,
    presence: Presence,
    errands: Errands,
    is_dirty: bool,
}

/// What goes on while screens come and go.
#[derive(Debug, Default)]
struct Errands {
    /// The recording that is looked at, in place of a cluster.
    replay: Option<Box<Replay>>,
    /// The record that is being looked for.
    sought: Option<locate::Sought>,
    jobs: Jobs,
    /// The number of the newest preview of moved offsets.
    previews: u64,
    /// The preview that lies under the form that unlocks.
    parked: Option<Box<Overlay>>,
}

impl App {
    /// The machine before its first event, and what it asks for first.
    pub fn start(settings: AppSettings, size: Size, now: Instant) -> (Self, Vec<Effect>) {
        let mut app = Self {
            nav: Nav::new(settings.pane),
            lock: settings.lock,
            settings,
            size,
            store: Store::default(),
            overlay: None,
            prompt: None,
            history: Vec::new(),
            toasts: Toasts::default(),
            feed: Ticket::default(),
            wants: Vec::new(),
            presence: Presence::new(now),
            errands: Errands::default(),
            is_dirty: true,
        };
        app.store.derived.alarms = Alarms::new(std::mem::take(&mut app.settings.lag_limits));
        if let Some(locator) = app.settings.open.take() {
            app.look_for(locator);
        }
        let mut effects = app.enter(now);
        effects.extend(app.settle(now));
        (app, effects)
    }

    /// Takes one event. Every event is legal in every state.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        self.is_dirty = true;
        if let Some(replay) = &mut self.errands.replay {
            replay.advance(&mut self.store, now);
        }
        let mut effects = if self.wakes(&event, now) {
            Vec::new()
        } else {
            self.take(event, now)
        };
        effects.extend(self.warn(now));
        effects.extend(self.settle(now));
        effects
    }

    fn take(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        match event {
            Event::Acted(action) => self.act(action, now),
            Event::Typed(c) => self.type_text(c.encode_utf8(&mut [0; 4]), now),
            Event::Pasted(text) => self.type_text(&text, now),
            Event::Resized(size) => {
                self.size = size;
                Vec::new()
            }
            Event::DeadlineReached => {
                self.toasts.expire(now);
                self.pane_deadline(now)
            }
            Event::Loaded {
                slot,
                ticket,
                result,
                cost,
            } => {
                if self.store.finish(slot, ticket, now, result) {
                    self.store.spent(slot, cost, now);
                }
                Vec::new()
            }
            Event::RecordsArrived { ticket, .. }
            | Event::SearchMoved { ticket, .. }
            | Event::OlderRead { ticket, .. }
            | Event::FeedEnded { ticket, .. } => self.hear(ticket, event, now),
            // A recording has its own time, and nobody to be connected to.
            Event::TimeTold { .. } | Event::ConnectionChanged(_) if self.errands.replay.is_some() => Vec::new(),
            Event::ConnectionChanged(connection) => {
                self.store.derived.connection = connection;
                Vec::new()
            }
            Event::Counted(counters) => {
                self.store.derived.counters = counters;
                Vec::new()
            }
            Event::LockChanged(lock) => self.lock_changed(lock, now),
            Event::Edited(outcome) => self.edited(outcome),
            Event::JobMoved { job, progress } => {
                self.errands.jobs.moved(job, progress);
                Vec::new()
            }
            Event::JobEnded { job, end } => self.job_ended(job, end, now),
            Event::MoveTold { number, told } => self.move_told(number, *told, now),
            Event::MoveSent { job, sent } => self.move_sent(job, *sent),
            Event::Copied(outcome) => self.say_copied(outcome, now),
            Event::Refused(why) => {
                self.toasts.say(Level::Warning, why, now);
                Vec::new()
            }
            Event::TimeTold { time, zone } => {
                self.store.derived.wall = Some(WallClock { at: now, time, zone });
                Vec::new()
            }
            Event::Touched => Vec::new(),
            Event::Resumed => vec![Effect::Repaint],
            Event::Crashed(what) => {
                self.toasts
                    .say(Level::Warning, format!("a background task failed: {what}"), now);
                Vec::new()
            }
        }
    }

    /// The next moment at which something happens without an event; `None` while there is nothing to wait for.
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if let Some(replay) = &self.errands.replay {
            return replay
                .next_deadline(now)
                .into_iter()
                .chain(self.toasts.next_deadline())
                .min();
        }
        let pane = self.nav.top().pane().next_deadline(self.view(now));
        let asks = schedule::next_deadline(&self.wants, &self.store, now);
        let ages = schedule::next_change(&self.wants, self.view(now)).filter(|_| self.paused().is_none());
        // Some overlays show ages and counts that change by themselves.
        let counts = match &self.overlay {
            Some(Overlay::Debug) => true,
            Some(Overlay::Move(moving)) => moving.has_age(),
            _ => false,
        };
        let counts = counts.then(|| now + Duration::from_secs(1));
        let pause = self.presence.deadline().filter(|_| self.may_pause());
        [pane, asks, ages, counts, pause, self.toasts.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether no answer is being waited for.
    pub fn is_idle(&self) -> bool {
        self.wants.iter().all(|want| self.store.asked(want.slot).is_none())
    }

    /// Whether something may have changed on screen since this was asked last.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.is_dirty)
    }

    /// The scope whose keys are active: the prompt's, else the overlay's, else the pane's.
    pub fn scope(&self) -> Scope {
        match (&self.prompt, &self.overlay) {
            (Some(_), _) => Scope::Prompt,
            (None, Some(Overlay::Form(..))) => Scope::Form,
            (None, Some(Overlay::Copy(_) | Overlay::Decoders(_) | Overlay::Acts(_))) => Scope::Menu,
            (None, Some(Overlay::Jobs(_))) => Scope::Jobs,
            (None, Some(Overlay::Confirm(_))) => Scope::Confirm,
            (None, Some(Overlay::Move(moving))) => moving.scope(self.lock),
            (None, Some(Overlay::Notice { .. })) => Scope::Box,
            (None, Some(Overlay::Help(_) | Overlay::Debug)) => Scope::List,
            (None, None) => self.screen_scope(),
        }
    }

    /// What panes and their drawings may look at.
    pub fn view(&self, now: Instant) -> View<'_> {
        View {
            store: &self.store,
            memory: &self.settings.memory,
            body: layout::regions(self.size).body,
            now: self.time(now),
            is_recorded: self.errands.replay.is_some(),
        }
    }

    /// How fresh the figures on screen are.
    pub fn freshness(&self, now: Instant) -> Freshness {
        if self.paused().is_some() {
            return Freshness::Paused;
        }
        schedule::freshness(&self.wants, self.view(now))
    }

    /// Since when nothing is asked, because nobody is there.
    pub fn paused(&self) -> Option<Instant> {
        self.presence.paused()
    }

    /// What it was told at the start.
    pub fn settings(&self) -> &AppSettings {
        &self.settings
    }

    /// Whether the engine lets changes through.
    pub fn lock(&self) -> Lock {
        self.lock
    }

    /// Size of the terminal.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What is known of the cluster.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The screens.
    pub fn nav(&self) -> &Nav {
        &self.nav
    }

    /// What lies over the screen.
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The line being typed.
    pub fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// The jobs.
    pub fn jobs(&self) -> &Jobs {
        &self.errands.jobs
    }

    /// The notes.
    pub fn toasts(&self) -> &Toasts {
        &self.toasts
    }

    /// What the line being typed could become.
    pub fn completions(&self) -> Vec<String> {
        let Some(prompt) = &self.prompt else { return Vec::new() };
        match prompt.kind {
            prompt::PromptKind::Command => self.complete(prompt.line.text()).1,
            prompt::PromptKind::Seek => pane::messages::seek::examples(prompt.line.text()),
            prompt::PromptKind::Filter | prompt::PromptKind::Search => Vec::new(),
        }
    }
}
