//! The bottom line while something is typed into it: filters, commands, places to go to.

use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::command::{self, Command, Offers};
use crate::app::effect::Effect;
use crate::app::list::ListState;
use crate::app::memory::Memo;
use crate::app::moving::{At, Draft};
use crate::app::nav::Location;
use crate::app::overlay::Overlay;
use crate::app::pane::messages::seek;
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::toast::Level;
use crate::position::Plan;

/// Names that are offered in place of one that is not known.
const SOME: usize = 8;

/// Lines of the command history that are kept.
const HISTORY: usize = 100;

impl App {
    pub(super) fn open_filter(&mut self) -> Vec<Effect> {
        let pane = self.nav.top().pane();
        if let Some(line) = pane.searched() {
            self.prompt = Some(Prompt::new(PromptKind::Search, line));
            self.try_search_line();
        } else if let Some(line) = pane.filter() {
            self.prompt = Some(Prompt::new(PromptKind::Filter, line));
        }
        Vec::new()
    }

    /// Text typed or pasted; outside prompts and forms it means nothing.
    pub(in crate::app) fn type_text(&mut self, text: &str, now: Instant) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else {
            return self.type_over(text, now);
        };
        prompt.line.insert(text);
        prompt.complaint = None;
        self.apply_filter_line(now);
        self.check_line(now);
        Vec::new()
    }

    /// A name that was not there may be there by now: the complaint about it follows the lists.
    pub(super) fn revise_complaint(&mut self, now: Instant) {
        let is_about_a_name = |prompt: &&Prompt| {
            let is_command = prompt.kind == PromptKind::Command && prompt.complaint.is_some();
            is_command && command::names_a_thing(prompt.line.text())
        };
        let Some(prompt) = self.prompt.as_ref().filter(is_about_a_name) else {
            return;
        };
        let complaint = self.command(prompt.line.text(), now).err();
        if let Some(prompt) = &mut self.prompt {
            prompt.complaint = complaint;
        }
    }

    /// Reads a command line, with the times in it.
    fn command(&self, line: &str, now: Instant) -> Result<Command, String> {
        let mut command = command::parse(line, &self.store)?;
        if let Command::Read { source, line } = &mut command
            && !line.is_empty()
        {
            let wall = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
            source.change(Plan::parse(line, wall.as_ref())?, &self.store)?;
        }
        Ok(command)
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

    /// Says what a line means so far that tells where to go, or what is wrong with it.
    fn check_line(&mut self, now: Instant) {
        self.try_search_line();
        let wall = self.store.derived.wall.as_ref().map(|wall| wall.time(now));
        let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.kind == PromptKind::Seek) else {
            return;
        };
        (prompt.understood, prompt.complaint) = match seek::check(prompt.line.text(), wall.as_ref()) {
            Ok(understood) => (understood, None),
            Err(complaint) => (None, Some(complaint)),
        };
    }

    pub(super) fn act_in_prompt(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else {
            return Vec::new();
        };
        if prompt.line.act(action) {
            prompt.complaint = None;
            self.apply_filter_line(now);
            self.check_line(now);
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
                    let line = prompt.line.text().to_owned();
                    let (line, _) = self.complete(&line);
                    if let Some(prompt) = &mut self.prompt {
                        prompt.line.set(&line);
                    }
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
            PromptKind::Search => self.search(&line, now),
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

    /// Tries a search line on the record under the cursor.
    fn try_search_line(&mut self) {
        if let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.kind == PromptKind::Search)
            && let Some(trial) = self.nav.top().pane().try_search(prompt.line.text())
        {
            (prompt.understood, prompt.complaint) = match trial {
                Ok(understood) => (Some(understood), None),
                Err(complaint) => (None, Some(complaint)),
            };
        }
    }

    fn search(&mut self, line: &str, now: Instant) -> Result<Vec<Effect>, String> {
        let mut result = Ok(());
        let intents = self.with_pane(now, |pane, view, out| result = pane.search(line, view, out));
        result?;
        let mut effects = self.obey(intents, now);
        if !line.is_empty() {
            effects.extend(self.remember(Memo::Searched(line.to_owned())));
        }
        Ok(effects)
    }

    /// What a command line can be completed to, and what could follow.
    pub(in crate::app) fn complete(&self, line: &str) -> (String, Vec<String>) {
        let offers = Offers {
            themes: &self.settings.themes,
            searches: self.settings.memory.searches(),
        };
        command::complete(line, &self.store, &offers)
    }

    fn run_command(&mut self, line: &str, now: Instant) -> Result<Vec<Effect>, String> {
        let command = self.command(line, now)?;
        self.history.retain(|old| old != line);
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(line.to_owned());
        if self.errands.replay.is_some() && !command.fits_recording() {
            return Err("this is a recording: nothing is asked of the cluster, nothing is changed".to_owned());
        }
        Ok(match command {
            Command::At(time) => self.go_to_time(&time, now)?,
            Command::Go(location) => self.go(location, now),
            Command::Read { source, .. } => self.go(Location::Messages(source), now),
            Command::Open(locator) => {
                self.look_for(locator);
                Vec::new()
            }
            Command::UseFilter(name) => {
                let searches = self.settings.memory.searches();
                let Some(line) = searches.named(&name).map(str::to_owned) else {
                    let names: Vec<&str> = searches.names().take(SOME).collect();
                    return Err(format!("no filter {name}: {}", names.join(", ")));
                };
                self.search(&line, now)?
            }
            Command::KeepFilter(name) => {
                let Some(line) = self.nav.top().pane().searched().filter(|line| !line.is_empty()) else {
                    return Err("search first: the search on screen is what is saved".to_owned());
                };
                let line = line.to_owned();
                let effects = self.remember(Memo::KeepFilter {
                    name: name.clone(),
                    line: line.clone(),
                });
                if self.settings.memory.searches().named(&name) != Some(&line) {
                    return Err("so many filters have names that there is no room: :filter forget NAME".to_owned());
                }
                self.toasts.say(Level::Info, format!("saved as {name}"), now);
                effects
            }
            Command::ForgetFilter(name) if self.settings.memory.searches().named(&name).is_none() => {
                return Err(format!("no filter {name}"));
            }
            Command::ForgetFilter(name) => self.remember(Memo::ForgetFilter(name)),
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
            Command::Jobs => self.open_jobs(),
            Command::Reset(group) => {
                let at = At::Group;
                self.overlay = Some(Self::move_form(Draft { group, at }));
                Vec::new()
            }
            Command::DeleteGroup(group) => self.delete_group(group, now),
            Command::Undo => self.open_undos(None),
            Command::Quit => self.quit(),
        })
    }

    fn recall(&mut self, is_earlier: bool) -> Vec<Effect> {
        let Some(prompt) = self.prompt.as_mut() else {
            return Vec::new();
        };
        let history = match prompt.kind {
            PromptKind::Command => &self.history[..],
            PromptKind::Search => self.settings.memory.searches().history(),
            PromptKind::Filter | PromptKind::Seek => return Vec::new(),
        };
        let at = history.iter().position(|line| line == prompt.line.text());
        let next = match (at, is_earlier) {
            (None, true) => history.len().checked_sub(1),
            (Some(at), true) => at.checked_sub(1),
            (Some(at), false) => Some(at + 1),
            (None, false) => None,
        };
        if let Some(line) = next.and_then(|next| history.get(next)) {
            prompt.line.set(line);
        }
        self.try_search_line();
        Vec::new()
    }
}
