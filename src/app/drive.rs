//! What actions do to the machine as a whole; panes do the rest.

mod acts;
mod jobs;
mod moving;
mod overlay;
mod produce;
mod prompt;
mod replay;

use std::time::Instant;

use super::App;
use super::action::Action;
use super::command;
use super::effect::Effect;
use super::event::Event;
use super::filter::ListFilter;
use super::list::ListState;
use super::memory::Memo;
use super::nav::{Location, PaneId, Screen};
use super::overlay::Overlay;
use super::pane::messages::Source;
use super::pane::{Intent, Pane, Want};
use super::prompt::{Prompt, PromptKind};
use super::schedule;
use super::slot::{SlotId, Ticket};
use super::toast::Level;
use crate::kafka::query::Query;
use crate::layout;

impl App {
    /// Does what a key means: prompt first, then overlay, then everywhere, then the pane.
    pub(super) fn act(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        match action {
            Action::QuitNow => return self.quit(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Repaint => return vec![Effect::Repaint],
            _ => {}
        }
        if self.prompt.is_some() {
            return self.act_in_prompt(action, now);
        }
        if self.overlay.is_some() {
            return self.act_in_overlay(action, now);
        }
        if let Some(effects) = self.act_in_replay(action, now) {
            return effects;
        }
        match action {
            Action::Quit => self.quit(),
            Action::Produce => self.open_produce(now),
            Action::Resend => self.open_resend(now),
            Action::Export => self.open_export(now),
            Action::MoveOffsets => self.open_move(now),
            Action::SkipRecord => self.open_skip(now),
            Action::ChangeGroup => self.open_acts(now),
            Action::OpenJobs => self.open_jobs(),
            Action::OpenBrokers => self.go(Location::Brokers, now),
            Action::OpenTopics => self.go(Location::Topics, now),
            Action::OpenMessages => self.go(Location::LastMessages, now),
            Action::OpenGroups => self.go(Location::Groups, now),
            Action::Back => self.back(now),
            Action::PreviousScreen => self.change_screen(now, super::Nav::previous),
            Action::Filter => self.open_filter(),
            Action::Palette => {
                self.prompt = Some(Prompt::new(PromptKind::Command, ""));
                Vec::new()
            }
            Action::Help => {
                self.overlay = Some(Overlay::Help(ListState::default()));
                Vec::new()
            }
            Action::Debug => {
                self.overlay = Some(Overlay::Debug);
                Vec::new()
            }
            Action::ToggleLock => self.toggle_lock(now),
            Action::Refresh => {
                let mut effects = self.ask_now(now);
                effects.extend(self.act_in_pane(action, now));
                effects
            }
            Action::Copy => self.open_copy_menu(now),
            Action::NextRecord => self.step(true, now),
            Action::PreviousRecord => self.step(false, now),
            Action::NextPlace | Action::PreviousPlace if !self.is_looking() => {
                self.step(action == Action::NextPlace, now)
            }
            _ => self.act_in_pane(action, now),
        }
    }

    /// Notes that somebody is there. A key that ends a pause does nothing else, but for the one that leaves: whoever reads
    /// that any key goes on presses any.
    pub(super) fn wakes(&mut self, event: &Event, now: Instant) -> bool {
        let is_key = matches!(
            event,
            Event::Acted(_) | Event::Typed(_) | Event::Pasted(_) | Event::Touched
        );
        let is_sign = is_key || matches!(event, Event::Resized(_) | Event::Resumed | Event::Edited(_));
        let leaves = matches!(event, Event::Acted(Action::Quit | Action::QuitNow | Action::Suspend));
        is_sign && self.presence.touch(now) && is_key && !leaves
    }

    /// Whether what is on screen can wait for somebody: not before anything is known, nor while offsets are about to be
    /// moved, nor while new records are followed.
    pub(super) fn may_pause(&self) -> bool {
        let follows = match self.nav.top() {
            Screen::Messages(messages) => messages.source().is_some_and(Source::follows),
            _ => false,
        };
        let moves = matches!(self.overlay, Some(Overlay::Move(_)));
        self.store.overview.loaded().is_some() && !follows && !moves
    }

    /// After every event: the pane derives its rows anew, and what is due is asked for.
    pub(super) fn settle(&mut self, now: Instant) -> Vec<Effect> {
        if self.errands.replay.is_some() {
            self.settle_replay(now);
            return Vec::new();
        }
        self.with_pane(now, |pane, view, _| pane.refresh(view));
        let mut effects = self.locate(now);
        if self.may_pause() {
            self.presence.settle(now);
        }
        if self.paused().is_some() {
            // Nobody looks; who waits for a bell is told all the same.
            self.wants = schedule::groups::limited(&self.store, &[], now);
            effects.extend(schedule::ask(&self.wants, &mut self.store, now));
            return effects;
        }
        self.wants = schedule::always(&self.store);
        let wants = self.nav.top().pane().wants(self.view(now));
        self.wants.extend(wants);
        let command = self.prompt.as_ref().filter(|prompt| prompt.kind == PromptKind::Command);
        let is_listed = self.wants.iter().any(|want| want.slot == SlotId::Groups);
        if !is_listed && command.is_some_and(|prompt| command::needs_groups(prompt.line.text())) {
            self.wants.push(Want::every(15, SlotId::Groups, Query::Groups));
        }
        self.wants
            .extend(schedule::groups::limited(&self.store, &self.wants, now));
        if self.store.overview.loaded().is_none() {
            // Nothing can be routed before the first Metadata, and the first paint is that one request.
            self.wants.truncate(1);
        }
        self.open_skipped();
        self.revise_complaint(now);
        effects.extend(schedule::ask(&self.wants, &mut self.store, now));
        effects
    }

    /// Says which groups went over their limit of lag: one bell, however many they are.
    pub(super) fn warn(&mut self, now: Instant) -> Vec<Effect> {
        let news = self.store.derived.alarms.take_news();
        let mut effects = Vec::new();
        for crossing in &news {
            effects.push(Effect::Log(crossing.to_string()));
            let level = if crossing.is_over { Level::Warning } else { Level::Info };
            self.toasts.say(level, crossing.to_string(), now);
        }
        if news.iter().any(|crossing| crossing.rings) {
            effects.push(Effect::Ring);
        }
        effects
    }

    pub(super) fn enter(&mut self, now: Instant) -> Vec<Effect> {
        let intents = self.with_pane(now, |pane, view, out| {
            pane.refresh(view);
            pane.entered(view, out);
        });
        let mut effects = self.obey(intents, now);
        if matches!(self.nav.top(), Screen::Record(_)) {
            // What the messages below it read goes on with it.
            let below = self.with_messages(now, |pane, view, out| pane.entered(view, out));
            effects.extend(below);
        }
        effects
    }

    /// Lets the messages do something, on screen or not.
    fn with_messages(
        &mut self,
        now: Instant,
        run: impl FnOnce(&mut dyn Pane, super::View<'_>, &mut Vec<Intent>),
    ) -> Vec<Effect> {
        let mut intents = Vec::new();
        let view = super::View {
            store: &self.store,
            memory: &self.settings.memory,
            body: layout::regions(self.size).body,
            now: replay::time(self.errands.replay.as_deref(), now),
            is_recorded: self.errands.replay.is_some(),
        };
        run(self.nav.messages_mut().pane_mut(), view, &mut intents);
        self.obey(intents, now)
    }

    pub(super) fn hear(&mut self, ticket: Ticket, event: Event, now: Instant) -> Vec<Effect> {
        if ticket != self.feed {
            self.store.derived.superseded += 1;
            return Vec::new();
        }
        self.with_messages(now, |pane, view, out| pane.heard(event, view, out))
    }

    pub(super) fn say_copied(&mut self, outcome: Result<String, String>, now: Instant) -> Vec<Effect> {
        match outcome {
            Ok(text) => self.toasts.say(Level::Info, text, now),
            Err(text) => self.toasts.say(Level::Warning, text, now),
        }
        Vec::new()
    }

    fn with_pane(
        &mut self,
        now: Instant,
        run: impl FnOnce(&mut dyn Pane, super::View<'_>, &mut Vec<Intent>),
    ) -> Vec<Intent> {
        let mut intents = Vec::new();
        let view = super::View {
            store: &self.store,
            memory: &self.settings.memory,
            body: layout::regions(self.size).body,
            now: replay::time(self.errands.replay.as_deref(), now),
            is_recorded: self.errands.replay.is_some(),
        };
        run(self.nav.top_mut().pane_mut(), view, &mut intents);
        intents
    }

    /// A moment that the pane on top named has come.
    pub(super) fn pane_deadline(&mut self, now: Instant) -> Vec<Effect> {
        let intents = self.with_pane(now, |pane, view, out| pane.deadline_reached(view, out));
        self.obey(intents, now)
    }

    pub(super) fn act_in_pane(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let intents = self.with_pane(now, |pane, view, out| {
            pane.act(action, view, out);
        });
        self.obey(intents, now)
    }

    fn obey(&mut self, intents: Vec<Intent>, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        for intent in intents {
            match intent {
                Intent::Go(location) => effects.extend(self.go(location, now)),
                Intent::Ask(kind, text) => self.prompt = Some(Prompt::new(kind, &text)),
                Intent::Say(level, text) => self.toasts.say(level, text, now),
                Intent::Read(spec) => {
                    self.feed = Ticket(self.feed.0 + 1);
                    effects.push(Effect::OpenFeed {
                        ticket: self.feed,
                        spec,
                    });
                }
                Intent::Search(spec) => {
                    self.feed = Ticket(self.feed.0 + 1);
                    effects.push(Effect::OpenSearch {
                        ticket: self.feed,
                        spec,
                    });
                }
                Intent::Tell(title, lines) => self.overlay = Some(Overlay::Notice { title, lines }),
                Intent::ReadOlder(spec) => effects.push(Effect::ReadOlder {
                    ticket: self.feed,
                    spec,
                }),
                Intent::Forget(slot) => {
                    self.store.forget(slot);
                    effects.push(Effect::Cancel(slot));
                }
                Intent::PickDecoder(picker) => self.overlay = Some(Overlay::Decoders(picker)),
                Intent::Remember(memo) => effects.extend(self.remember(memo)),
                Intent::Do(effect) => effects.push(effect),
            }
        }
        effects
    }

    /// Remembers something for the sessions to come.
    fn remember(&mut self, memo: Memo) -> Vec<Effect> {
        let is_new = self.settings.memory.take(memo.clone());
        let effect = is_new.then(|| Effect::Remember(memo));
        effect.into_iter().collect()
    }

    pub(super) fn go(&mut self, location: Location, now: Instant) -> Vec<Effect> {
        if self.refuses(&location, now) {
            return Vec::new();
        }
        self.change_screen(now, |nav| {
            nav.go(location);
            true
        })
    }

    /// Changes the screen on top: it opens what it reads. What the messages read waits while another pane is on screen.
    fn change_screen(&mut self, now: Instant, change: impl FnOnce(&mut super::Nav) -> bool) -> Vec<Effect> {
        let before = self.nav.pane();
        change(&mut self.nav);
        let mut effects = Vec::new();
        if before == PaneId::Messages && self.nav.pane() != before {
            effects.extend(self.with_messages(now, |pane, _, out| pane.left(out)));
        }
        effects.extend(self.enter(now));
        effects
    }

    fn back(&mut self, now: Instant) -> Vec<Effect> {
        let mut is_taken = false;
        let intents = self.with_pane(now, |pane, view, out| is_taken = pane.back(view, out));
        if is_taken {
            return self.obey(intents, now);
        }
        if self.nav.top().pane().filter().is_some_and(|line| !line.is_empty()) {
            self.set_filter("", now);
            return Vec::new();
        }
        self.change_screen(now, super::Nav::back)
    }

    fn set_filter(&mut self, line: &str, now: Instant) {
        self.with_pane(now, |pane, view, _| {
            pane.set_filter(line, ListFilter::parse(line), view);
        });
    }

    /// Asks again for everything on screen, superseding what is under way.
    fn ask_now(&mut self, now: Instant) -> Vec<Effect> {
        self.store.derived.asked_by_key = self.wants.iter().map(|want| want.slot).collect();
        self.wants
            .clone()
            .into_iter()
            .map(|want| schedule::start(want, &mut self.store, now))
            .collect()
    }

    /// Whether the screen on top looks for something.
    fn is_looking(&self) -> bool {
        self.nav.top().pane().filter().is_some_and(|line| !line.is_empty())
    }

    /// Steps to the next or previous record while one is open.
    fn step(&mut self, is_forward: bool, now: Instant) -> Vec<Effect> {
        let view = super::View {
            store: &self.store,
            memory: &self.settings.memory,
            body: layout::regions(self.size).body,
            now: replay::time(self.errands.replay.as_deref(), now),
            is_recorded: self.errands.replay.is_some(),
        };
        let mut intents = Vec::new();
        if let Some((Screen::Messages(messages), Screen::Record(record))) = self.nav.top_two_mut()
            && let Some(row) = messages.step(is_forward, view, &mut intents)
        {
            record.show(row);
        }
        self.obey(intents, now)
    }
}
