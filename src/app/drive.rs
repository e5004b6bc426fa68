//! What actions do to the machine as a whole; panes do the rest.

use std::time::Instant;

use super::App;
use super::action::Action;
use super::command::{self, Command};
use super::effect::Effect;
use super::event::Event;
use super::filter::ListFilter;
use super::list::ListState;
use super::nav::{Location, Screen};
use super::overlay::Overlay;
use super::pane::{Intent, Pane, Want};
use super::prompt::{Prompt, PromptKind};
use super::schedule;
use super::slot::{SlotId, Ticket};
use super::toast::Level;
use crate::kafka::query::Query;
use crate::layout;

/// Lines of the command history that are kept.
const HISTORY: usize = 100;

impl App {
    /// Does what a key means: prompt first, then overlay, then everywhere, then the pane.
    pub(super) fn act(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        if matches!(action, Action::QuitNow | Action::Interrupt) {
            return vec![Effect::Quit];
        }
        if self.prompt.is_some() {
            return self.act_in_prompt(action, now);
        }
        if self.overlay.is_some() {
            return self.act_in_overlay(action);
        }
        match action {
            Action::Quit => vec![Effect::Quit],
            Action::Suspend => vec![Effect::Suspend],
            Action::Repaint => vec![Effect::Repaint],
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
            Action::Refresh => {
                let mut effects = self.ask_now(now);
                effects.extend(self.act_in_pane(action, now));
                effects
            }
            Action::Copy => self.copy(now),
            Action::NextRecord => self.step(true, now),
            Action::PreviousRecord => self.step(false, now),
            _ => self.act_in_pane(action, now),
        }
    }

    /// After every event: the pane derives its rows anew, and what is due is asked for.
    pub(super) fn settle(&mut self, now: Instant) -> Vec<Effect> {
        self.with_pane(now, |pane, view, _| pane.refresh(view));
        self.wants = schedule::always(&self.store);
        let wants = self.nav.top().pane().wants(self.view(now));
        self.wants.extend(wants);
        let command = self.prompt.as_ref().filter(|prompt| prompt.kind == PromptKind::Command);
        let is_listed = self.wants.iter().any(|want| want.slot == SlotId::Groups);
        if !is_listed && command.is_some_and(|prompt| command::needs_groups(prompt.line.text())) {
            self.wants.push(Want::every(15, SlotId::Groups, Query::Groups));
        }
        if self.store.overview.loaded().is_none() {
            // Nothing can be routed before the first Metadata, and the first paint is that one request.
            self.wants.truncate(1);
        }
        self.revise_complaint();
        schedule::ask(&self.wants, &mut self.store, now)
    }

    /// A name that was not there may be there by now: the complaint about it follows the lists.
    fn revise_complaint(&mut self) {
        if let Some(prompt) = &mut self.prompt
            && prompt.kind == PromptKind::Command
            && prompt.complaint.is_some()
            && command::names_a_thing(prompt.line.text())
        {
            prompt.complaint = command::parse(prompt.line.text(), &self.store).err();
        }
    }

    pub(super) fn enter(&mut self, now: Instant) -> Vec<Effect> {
        let intents = self.with_pane(now, |pane, view, out| {
            pane.refresh(view);
            pane.entered(view, out);
        });
        self.obey(intents, now)
    }

    pub(super) fn hear(&mut self, ticket: Ticket, event: Event, now: Instant) -> Vec<Effect> {
        if ticket != self.feed {
            self.store.derived.superseded += 1;
            return Vec::new();
        }
        let mut intents = Vec::new();
        let view = super::View {
            store: &self.store,
            body: layout::regions(self.size).body,
            now,
        };
        self.nav.messages_mut().pane_mut().heard(event, view, &mut intents);
        self.obey(intents, now)
    }

    pub(super) fn say_copied(&mut self, outcome: Result<String, String>, now: Instant) -> Vec<Effect> {
        match outcome {
            Ok(text) => self.toasts.say(Level::Info, text, now),
            Err(text) => self.toasts.say(Level::Warning, text, now),
        }
        Vec::new()
    }

    /// Text typed or pasted; outside a prompt it means nothing.
    pub(super) fn type_text(&mut self, text: &str, now: Instant) -> Vec<Effect> {
        if let Some(prompt) = &mut self.prompt {
            prompt.line.insert(text);
            prompt.complaint = None;
            self.apply_filter_line(now);
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
            body: layout::regions(self.size).body,
            now,
        };
        run(self.nav.top_mut().pane_mut(), view, &mut intents);
        intents
    }

    /// A moment that the pane on top named has come.
    pub(super) fn pane_deadline(&mut self, now: Instant) -> Vec<Effect> {
        let intents = self.with_pane(now, |pane, view, out| pane.deadline_reached(view, out));
        self.obey(intents, now)
    }

    fn act_in_pane(&mut self, action: Action, now: Instant) -> Vec<Effect> {
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
                Intent::Back => effects.extend(self.back(now)),
                Intent::Ask(kind, text) => self.prompt = Some(Prompt::new(kind, &text)),
                Intent::Say(level, text) => self.toasts.say(level, text, now),
                Intent::Read(spec) => {
                    self.feed = Ticket(self.feed.0 + 1);
                    effects.push(Effect::OpenFeed {
                        ticket: self.feed,
                        spec,
                    });
                }
                Intent::Forget(slot) => {
                    self.store.forget(slot);
                    effects.push(Effect::Cancel(slot));
                }
                Intent::Do(effect) => effects.push(effect),
            }
        }
        effects
    }

    fn go(&mut self, location: Location, now: Instant) -> Vec<Effect> {
        self.change_screen(now, |nav| {
            nav.go(location);
            true
        })
    }

    /// Changes the screen on top: the one that leaves closes what it opened, the one that comes opens what it reads.
    fn change_screen(&mut self, now: Instant, change: impl FnOnce(&mut super::Nav) -> bool) -> Vec<Effect> {
        let left = self.with_pane(now, |pane, _, out| pane.left(out));
        let mut effects = self.obey(left, now);
        change(&mut self.nav);
        effects.extend(self.enter(now));
        effects
    }

    fn back(&mut self, now: Instant) -> Vec<Effect> {
        if self.nav.top().pane().filter().is_some_and(|line| !line.is_empty()) {
            self.set_filter("", now);
            return Vec::new();
        }
        self.change_screen(now, super::Nav::back)
    }

    fn open_filter(&mut self) -> Vec<Effect> {
        if let Some(line) = self.nav.top().pane().filter() {
            self.prompt = Some(Prompt::new(PromptKind::Filter, line));
        }
        Vec::new()
    }

    fn set_filter(&mut self, line: &str, now: Instant) {
        self.with_pane(now, |pane, view, _| {
            pane.set_filter(line, ListFilter::parse(line), view);
        });
    }

    fn apply_filter_line(&mut self, now: Instant) {
        if let Some(Prompt {
            kind: PromptKind::Filter,
            line,
            ..
        }) = &self.prompt
        {
            let line = line.text().to_owned();
            self.set_filter(&line, now);
        }
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

    fn copy(&mut self, now: Instant) -> Vec<Effect> {
        match self.nav.top().pane().copy(self.view(now)) {
            Some((what, text)) => vec![Effect::CopyToClipboard { what, text }],
            None => Vec::new(),
        }
    }

    /// Steps to the next or previous record while one is open.
    fn step(&mut self, is_forward: bool, now: Instant) -> Vec<Effect> {
        let view = super::View {
            store: &self.store,
            body: layout::regions(self.size).body,
            now,
        };
        let mut intents = Vec::new();
        if let Some((Screen::Messages(messages), Screen::Record(record))) = self.nav.top_two_mut()
            && let Some(row) = messages.step(is_forward, view, &mut intents)
        {
            record.show(row);
        }
        self.obey(intents, now)
    }

    fn act_in_overlay(&mut self, action: Action) -> Vec<Effect> {
        match (action, &mut self.overlay) {
            (Action::Back | Action::Quit | Action::Help | Action::Debug, _) => self.overlay = None,
            (Action::Repaint, _) => return vec![Effect::Repaint],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (_, Some(Overlay::Help(list))) => {
                let rows = super::help::lines(self.nav.top().pane().scope()).len();
                let page = usize::from(layout::regions(self.size).body.height.saturating_sub(2));
                list.scroll(action, rows, page);
            }
            (_, Some(Overlay::Debug) | None) => {}
        }
        Vec::new()
    }

    fn act_in_prompt(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else {
            return Vec::new();
        };
        if prompt.line.act(action) {
            prompt.complaint = None;
            self.apply_filter_line(now);
            return Vec::new();
        }
        match action {
            Action::Accept => self.accept(now),
            Action::Discard => {
                if let Some(Prompt {
                    kind: PromptKind::Filter,
                    before,
                    ..
                }) = self.prompt.take()
                {
                    self.set_filter(&before, now);
                }
                Vec::new()
            }
            Action::Complete => {
                if prompt.kind == PromptKind::Command {
                    let (line, _) = command::complete(prompt.line.text(), &self.store, &self.settings.themes);
                    prompt.line.set(&line);
                }
                Vec::new()
            }
            Action::Earlier => self.recall(true),
            Action::Later => self.recall(false),
            _ => Vec::new(),
        }
    }

    fn accept(&mut self, now: Instant) -> Vec<Effect> {
        let Some(prompt) = &self.prompt else { return Vec::new() };
        let line = prompt.line.text().to_owned();
        let outcome = match prompt.kind {
            PromptKind::Filter => Ok(Vec::new()),
            PromptKind::Command if line.trim().is_empty() => Ok(Vec::new()),
            PromptKind::Command => self.run_command(&line, now),
            PromptKind::Seek => {
                let mut result = Ok(());
                let intents = self.with_pane(now, |pane, view, out| result = pane.seek(&line, view, out));
                result.map(|()| self.obey(intents, now))
            }
        };
        match outcome {
            Ok(effects) => {
                self.prompt = None;
                effects
            }
            Err(complaint) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.complaint = Some(complaint);
                }
                Vec::new()
            }
        }
    }

    fn run_command(&mut self, line: &str, now: Instant) -> Result<Vec<Effect>, String> {
        let command = command::parse(line, &self.store)?;
        self.history.retain(|old| old != line);
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(line.to_owned());
        Ok(match command {
            Command::Go(location) => self.go(location, now),
            Command::Theme(name) if self.settings.themes.contains(&name) => vec![Effect::UseTheme(name)],
            Command::Theme(name) => {
                return Err(format!("no theme {name}: {}", self.settings.themes.join(", ")));
            }
            Command::Help => {
                self.overlay = Some(Overlay::Help(ListState::default()));
                Vec::new()
            }
            Command::Debug => {
                self.overlay = Some(Overlay::Debug);
                Vec::new()
            }
            Command::Quit => vec![Effect::Quit],
        })
    }

    fn recall(&mut self, is_earlier: bool) -> Vec<Effect> {
        let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.kind == PromptKind::Command) else {
            return Vec::new();
        };
        let at = self.history.iter().position(|line| line == prompt.line.text());
        let next = match (at, is_earlier) {
            (None, true) => self.history.len().checked_sub(1),
            (Some(at), true) => at.checked_sub(1),
            (Some(at), false) => Some(at + 1),
            (None, false) => None,
        };
        if let Some(line) = next.and_then(|next| self.history.get(next)) {
            prompt.line.set(line);
        }
        Vec::new()
    }
}
